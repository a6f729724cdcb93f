/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/ofdm.h>
#include <gnuradio/ntnpos/kernel/prs_modulator.h>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

using namespace gr::ntnpos::kernel;
using samples = std::vector<std::complex<float>>;

namespace {

carrier make_carrier(int scs_khz, int n_rb, int n_fft, bool phase_compensation = false)
{
    carrier c;
    c.scs_khz = scs_khz;
    c.n_rb = n_rb;
    c.sample_rate_hz = 1e3 * scs_khz * n_fft;
    c.phase_compensation = phase_compensation;
    return c;
}

samples random_grid(const carrier& c, unsigned seed)
{
    std::mt19937 rng(seed);
    samples grid(12 * c.n_rb);
    for (auto& a : grid)
        a = { (rng() & 1) ? 0.70710678f : -0.70710678f,
              (rng() & 1) ? 0.70710678f : -0.70710678f };
    return grid;
}

// 5.3.1 and 5.4 as sums in double precision, cyclic prefix by negative time.
samples literal_symbol(const carrier& c, const samples& grid, int64_t slot, int symbol)
{
    const int n_fft = fft_size(c), cp = cp_samples(c, slot, symbol);
    const double turn = 2.0 * M_PI * phase_compensation_cycles(c, slot, symbol);
    samples out;
    for (int n = -cp; n < n_fft; ++n) {
        std::complex<double> sum = 0.0;
        for (int k = 0; k < 12 * c.n_rb; ++k) {
            const double turns = std::fmod(1.0 * (k - 6 * c.n_rb) * n / n_fft, 1.0);
            sum += std::complex<double>(grid[k]) *
                   std::polar(1.0, 2.0 * M_PI * turns - turn);
        }
        out.emplace_back(sum / std::sqrt(12.0 * c.n_rb));
    }
    return out;
}

double largest_difference(const samples& a, const samples& b)
{
    BOOST_REQUIRE_EQUAL(a.size(), b.size());
    double largest = 0.0;
    for (size_t i = 0; i < a.size(); ++i)
        largest = std::max<double>(largest, std::abs(a[i] - b[i]));
    return largest;
}

} // namespace

BOOST_AUTO_TEST_CASE(symbols_are_the_literal_sum_and_come_back)
{
    struct {
        int scs_khz, n_rb, n_fft;
        int64_t slot;
        int symbol;
        bool phase;
    } const cases[] = {
        { 15, 24, 512, 0, 0, false }, { 15, 24, 384, -3, 6, true },
        { 30, 24, 640, 1, 7, true },  { 30, 1, 128, 5, 13, false },
        { 60, 11, 384, 2, 0, true },  { 120, 10, 128, -1, 1, true },
        { 15, 32, 384, 9, 7, true }, // every bin is used
    };
    for (const auto& test : cases) {
        const carrier c = make_carrier(test.scs_khz, test.n_rb, test.n_fft, test.phase);
        const samples grid = random_grid(c, 3);
        ofdm_modulator modulator(c);
        samples out(test.n_fft + cp_samples(c, test.slot, test.symbol));
        BOOST_CHECK_EQUAL(
            modulator.modulate(grid.data(), test.slot, test.symbol, out.data()),
            static_cast<int>(out.size()));
        BOOST_CHECK_SMALL(
            largest_difference(out, literal_symbol(c, grid, test.slot, test.symbol)),
            2e-6);

        ofdm_demodulator demodulator(c);
        samples back(grid.size());
        demodulator.demodulate(
            out.data() + out.size() - test.n_fft, test.slot, test.symbol, back.data());
        BOOST_CHECK_SMALL(largest_difference(back, grid), 2e-6);
    }
}

BOOST_AUTO_TEST_CASE(a_full_grid_has_unit_power)
{
    const carrier c = make_carrier(15, 24, 512);
    const samples grid = random_grid(c, 4);
    ofdm_modulator modulator(c);
    samples out(1024);
    const int n = modulator.modulate(grid.data(), 0, 1, out.data());
    double power = 0.0;
    for (int i = n - 512; i < n; ++i)
        power += std::norm(out[i]) / 512.0;
    BOOST_CHECK_CLOSE(power, 1.0, 1e-4);
}

BOOST_AUTO_TEST_CASE(resources_of_a_slot_are_added)
{
    const carrier c = make_carrier(30, 52, 1024, true);
    prs_resource a, b;
    a.periodicity_slots = b.periodicity_slots = 20;
    a.num_rb = 52;
    b.sequence_id = 7;
    b.start_symbol = 4; // shares symbols 4 and 5 with a
    b.start_prb = 20;
    b.power_offset_db = 6.0;
    b.muting_option1_bits = { 1, 0 };
    prs_modulator both(c, { a, b }), only_a(c, { a }), only_b(c, { b });
    for (const int64_t slot : { 0, 1, 20, -20 }) {
        samples x(both.slot_samples(slot)), y(x.size()), z(x.size());
        both.modulate(slot, x.data());
        only_a.modulate(slot, y.data());
        only_b.modulate(slot, z.data());
        double power_a = 0.0, power_b = 0.0;
        for (size_t i = 0; i < x.size(); ++i) {
            power_a += std::norm(y[i]);
            power_b += std::norm(z[i]);
            y[i] += z[i];
        }
        BOOST_CHECK_SMALL(largest_difference(x, y), 1e-5);
        BOOST_CHECK_EQUAL(power_a > 0.0, slot % 20 == 0);
        BOOST_CHECK_EQUAL(power_b > 0.0, slot == 0); // -20 and 20 are odd instances
        BOOST_CHECK_EQUAL(both.transmits(slot), slot % 20 == 0);
        BOOST_CHECK_EQUAL(only_b.transmits(slot), slot == 0);
        if (slot == 0) // half the blocks by 24/52, 6 dB more
            BOOST_CHECK_CLOSE(power_b / power_a, 24.0 / 52.0 * std::pow(10.0, 0.6), 2.0);
    }
}

BOOST_AUTO_TEST_CASE(wrong_configurations_are_refused)
{
    const auto message = [](const carrier& c,
                            const std::vector<prs_resource>& resources) {
        try {
            prs_modulator modulator(c, resources);
        } catch (const std::invalid_argument& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    carrier bad;
    bad.n_rb = 0;
    prs_resource wrong;
    wrong.comb_size = 5;
    BOOST_CHECK_EQUAL(message({}, { {} }), "");
    BOOST_CHECK_EQUAL(message(bad, { {} }), "n_rb = 0: must be 1..275 (TS 38.211 4.4.2)");
    BOOST_CHECK_EQUAL(message({}, {}), "resources = []: must be at least one (TS 38.214 5.1.6.5)");
    BOOST_CHECK_EQUAL(
        message({}, { {}, wrong }),
        "resources[1].comb_size = 5: must be 2, 4, 6 or 12 (TS 38.211 7.4.1.7.3)");
    BOOST_CHECK_THROW(ofdm_modulator{ bad }, std::invalid_argument);
    BOOST_CHECK_THROW(ofdm_demodulator{ bad }, std::invalid_argument);
}
