/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/symbol_set.h"
#include "qa_slow_signal.h"
#include <boost/test/unit_test.hpp>

using namespace gr::ntnpos::kernel;

namespace {

// The channel at a model, averaged over all symbols.
std::vector<std::complex<float>> averaged(const symbol_set& symbols)
{
    std::vector<std::complex<float>> out;
    std::vector<std::complex<double>> turns;
    symbols.join(out, turns);
    return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(symbols_turned_by_a_small_move_are_those_of_the_moved_model)
{
    carrier c;
    c.n_rb = 24;
    prs_resource r;
    r.num_symbols = 12;
    r.start_symbol = 1;
    r.start_prb = 0;
    r.num_rb = 12;
    const auto toa = [](double t) { return 2.2e-4 + 17e-6 * t; };
    slow::samples samples(9500, 0.0f);
    slow::receive(c, r, 0, 0.0, toa, { 0.6, -0.8 }, 0.0, samples);
    const sample_view view{
        samples.data(), 0, static_cast<int64_t>(samples.size()), {}, c.sample_rate_hz
    };
    const auto predicted = std::make_shared<trajectory>();
    constexpr double doppler_hz = 10.0, delay_s = 9.2e-9; // what the model is off by
    predicted->segments.push_back(
        { {}, { 2.2e-4 - delay_s, 17e-6 + doppler_hz / c.frequency_hz } });
    occasion where;
    where.slots = { 0 };
    where.sent = { {} };
    prs_replica replica(c, r);
    comb_correlator correlator(c);
    symbol_set turned(c), again(c);
    delay_model model{ predicted, {}, 0.0, 0.0 };
    BOOST_REQUIRE(turned.measure(correlator, view, replica, where, model));
    const auto before = averaged(turned);
    turned.turn(delay_s, doppler_hz);
    model.rebase(turned.middle());
    model.offset_s += delay_s;
    model.rate -= doppler_hz / c.frequency_hz;
    BOOST_REQUIRE(again.measure(correlator, view, replica, where, model));
    const auto a = averaged(turned), b = averaged(again);
    double worst = 0.0, moved = 0.0;
    for (size_t k = 0; k < a.size(); ++k) {
        worst = std::max<double>(worst, std::abs(a[k] - b[k]));
        moved = std::max<double>(moved, std::abs(before[k] - b[k]));
    }
    // What 10 Hz of 15 kHz leak, and what that lasts: pi / 1500 of an element.
    BOOST_CHECK_LT(worst, 4e-3);
    BOOST_CHECK_GT(moved, 1.0); // 18.4 cycles of the carrier
    BOOST_CHECK_SMALL(turned.doppler_of_slots(0.0, 0.0, 100.0), 0.05);
}
