/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/correlator_bank.h>
#include <gnuradio/ntnpos/kernel/noise.h>
#include <gnuradio/ntnpos/kernel/noise_peaks.h>
#include <boost/test/unit_test.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>

using namespace gr::ntnpos::kernel;

namespace {

struct scene {
    int n_rb, comb, symbols, slots;
    double half_width_s, doppler_hz, probability, combined_s;
    double share; // of all occasions
};

/* Of all kinds of search: in the samples and on the comb alone, narrow and wide, with and
 * without Doppler, one slot, several, several occasions by power. */
constexpr scene scenes[] = {
    { 12, 4, 4, 1, 40e-6, 9e3, 0.1, 0.0, 0.10 },
    { 12, 2, 2, 1, 100e-6, 2e3, 0.1, 0.0, 0.10 },
    { 12, 12, 12, 1, 20e-6, 1e3, 0.1, 0.0, 0.10 },
    { 24, 4, 4, 1, 10e-6, 0.0, 0.1, 0.0, 0.10 },
    { 24, 4, 12, 1, 40e-6, 2e3, 0.1, 0.0, 0.05 },
    { 24, 2, 2, 2, 40e-6, 5e3, 0.1, 0.0, 0.05 },
    { 24, 4, 4, 4, 20e-6, 3e3, 0.1, 0.0, 0.05 },
    { 24, 4, 4, 1, 300e-6, 20e3, 0.1, 0.0, 0.02 },
    { 12, 4, 4, 1, 40e-6, 9e3, 0.01, 0.0, 0.28 },
    { 12, 6, 6, 1, 2e-6, 0.0, 0.1, 0.0, 0.05 },
    { 24, 4, 4, 1, 1e-6, 300.0, 0.1, 0.0, 0.05 },
    { 12, 4, 4, 1, 20e-6, 2e3, 0.1, 0.041, 0.05 },
};

struct counts {
    int searched = 0, found = 0;
};

// Occasions of nothing but noise; those that follow a false alarm are tracked, and do not
// count.
counts listen(const scene& s, int occasions)
{
    carrier c;
    c.n_rb = s.n_rb;
    c.sample_rate_hz = 320e3 * s.n_rb;
    prs_resource r;
    r.num_rb = s.n_rb;
    r.comb_size = s.comb;
    r.num_symbols = s.symbols;
    r.start_symbol = 1;
    r.repetition_factor = s.slots;
    r.periodicity_slots = s.combined_s > 0.0 ? 10 : s.slots > 2 ? 8 : 4;
    const double period_s =
        s.combined_s > 0.0 ? 0.04 : 1e-3 * static_cast<double>(r.periodicity_slots);
    correlator_bank_config config;
    config.false_alarm_probability = s.probability;
    config.max_combined_s = s.combined_s;
    correlator_bank bank(c, { { "a", r, { 0, 0.0 } } }, config);
    trajectory toa;
    toa.segments.push_back({ { 0, 0.0 }, { s.half_width_s + 5e-5, 15e-6 } });
    bank.set_window(0, { toa, s.half_width_s, s.doppler_hz });
    bank.begin_segment({ 0, 0.0 });
    const auto total = static_cast<int64_t>(occasions * period_s * c.sample_rate_hz);
    std::vector<std::complex<float>> samples(1 << 16);
    counts out;
    bool after_alarm = false;
    for (int64_t at = 0; at < total; at += samples.size()) {
        std::fill(samples.begin(), samples.end(), std::complex<float>(0.0f));
        add_noise({ 7, 2.0 }, at, samples.size(), samples.data());
        bank.push(samples.data(), samples.size());
        for (const auto& profile : bank.take()) {
            const bool found = profile.status == occasion_status::found;
            if (profile.status == occasion_status::incomplete)
                continue;
            if (!after_alarm) {
                ++out.searched;
                out.found += found;
            }
            after_alarm = found;
        }
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(empty_occasions_are_found_at_the_stated_rate)
{
    // 100 000 in a long run, and a form that is short enough for every day.
    const char* const asked = std::getenv("NTNPOS_OCCASIONS");
    const int occasions = asked ? std::atoi(asked) : 8000;
    BOOST_REQUIRE_GE(occasions, 1000);
    double stated = 0.0, found = 0.0;
    int searched = 0;
    for (const auto& s : scenes) {
        const counts n = listen(s, static_cast<int>(s.share * occasions));
        const double expected = s.probability * n.searched;
        BOOST_TEST_MESSAGE(s.n_rb << " RB, comb " << s.comb << ", " << s.slots
                                  << " slots, +-" << 1e6 * s.half_width_s << " us, +-"
                                  << s.doppler_hz << " Hz: searched " << n.searched
                                  << ", found " << n.found << ", stated " << expected);
        // A factor of 1.5, and three Poisson deviations.
        BOOST_CHECK_LT(n.found, 1.5 * expected + 3.0 * std::sqrt(1.5 * expected));
        BOOST_CHECK_GT(n.found, expected / 1.5 - 3.0 * std::sqrt(expected / 1.5));
        stated += expected;
        found += n.found;
        searched += n.searched;
    }
    BOOST_TEST_MESSAGE("all: searched " << searched << ", found " << found << ", stated "
                                        << stated);
    const double deviation = std::sqrt(stated);
    BOOST_CHECK_LT(found, 1.5 * stated + 3.0 * deviation);
    BOOST_CHECK_GT(found, stated / 1.5 - 3.0 * deviation);
}

BOOST_AUTO_TEST_CASE(the_formula_of_peaks_is_that_of_known_cases)
{
    // One cell of one part: an exponential. Of n parts: a Poisson sum.
    for (const double u : { 2.0, 8.0, 20.0 }) {
        BOOST_CHECK_CLOSE(
            noise_peak_probability(u, 1, 0.0, 0.0), -std::expm1(-std::exp(-u)), 1e-9);
        double tail = 0.0, term = std::exp(-u);
        for (int i = 0; i < 5; ++i, term *= u / i)
            tail += term;
        BOOST_CHECK_CLOSE(
            noise_peak_probability(u, 5, 0.0, 0.0), -std::expm1(-tail), 1e-6);
        // One dimension of one part: Rice's upcrossings of a flat band.
        const double rice = 1e3 * std::sqrt(M_PI * u / 3.0) * std::exp(-u);
        const double one = std::exp(-u) + rice;
        BOOST_CHECK_CLOSE(
            noise_peak_probability(u, 1, 1e3, 0.0), -std::expm1(-one), 1e-9);
    }
    for (const double p : { 0.5, 1e-2, 1e-9 })
        for (const int parts : { 1, 4, 32 }) {
            const double level = noise_peak_level(p, parts, 2500.0, 40.0);
            BOOST_CHECK_CLOSE(
                noise_peak_probability(level, parts, 2500.0, 40.0), p, 1e-6);
        }
}
