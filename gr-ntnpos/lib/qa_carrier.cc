/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/carrier.h>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>

using namespace gr::ntnpos::kernel;

namespace {

carrier make(int scs_khz, int n_fft, bool extended_cp = false)
{
    carrier c;
    c.scs_khz = scs_khz;
    c.n_rb = 10;
    c.extended_cp = extended_cp;
    c.sample_rate_hz = 1e3 * scs_khz * n_fft;
    return c;
}

// Cyclic prefix in T_c by 5.3.1, as written: kappa = 64, l counted over the subframe.
int cp_tc(int mu, bool extended_cp, int l)
{
    constexpr int kappa = 64;
    if (extended_cp)
        return 512 * kappa >> mu;
    if (l == 0 || l == 7 << mu)
        return (144 * kappa >> mu) + 16 * kappa;
    return 144 * kappa >> mu;
}

struct numerology_case {
    int scs_khz, mu;
    bool extended_cp;
};
const numerology_case numerologies[] = { { 15, 0, false },
                                         { 30, 1, false },
                                         { 60, 2, false },
                                         { 60, 2, true },
                                         { 120, 3, false } };

} // namespace

BOOST_AUTO_TEST_CASE(timing_is_that_of_the_standard)
{
    constexpr double tc_s = 1.0 / (480e3 * 4096);
    for (const auto& n : numerologies) {
        for (const int n_fft : { 128, 384, 512, 640, 2048, 4096 }) {
            const carrier c = make(n.scs_khz, n_fft, n.extended_cp);
            BOOST_REQUIRE(!validate(c));
            BOOST_CHECK_EQUAL(numerology(c), n.mu);
            BOOST_CHECK_EQUAL(fft_size(c), n_fft);
            BOOST_CHECK_EQUAL(symbols_per_slot(c), n.extended_cp ? 12 : 14);
            BOOST_CHECK_EQUAL(slots_per_subframe(c), 1 << n.mu);
            BOOST_CHECK_EQUAL(slots_per_frame(c), 10 << n.mu);

            int64_t sample = 0;
            for (int l = 0; l < symbols_per_slot(c) << n.mu; ++l) {
                const int slot = l / symbols_per_slot(c),
                          symbol = l % symbols_per_slot(c);
                const double cp = cp_tc(n.mu, n.extended_cp, l) * tc_s * c.sample_rate_hz;
                BOOST_CHECK_SMALL(cp_samples(c, slot, symbol) - cp, 1e-9);
                BOOST_CHECK_EQUAL(slot_start_samples(c, slot) +
                                      symbol_offset_samples(c, slot, symbol),
                                  sample);
                sample += cp_samples(c, slot, symbol) + n_fft;
            }
            BOOST_CHECK_EQUAL(sample, std::llround(c.sample_rate_hz * 1e-3));
        }
    }
}

BOOST_AUTO_TEST_CASE(slots_follow_each_other_on_both_sides_of_zero)
{
    for (const auto& n : numerologies) {
        const carrier c = make(n.scs_khz, 256, n.extended_cp);
        for (int64_t slot = -21; slot < 21; ++slot) {
            BOOST_CHECK_EQUAL(slot_start_samples(c, slot) +
                                  symbol_offset_samples(c, slot, symbols_per_slot(c)),
                              slot_start_samples(c, slot + 1));
        }
        // 10^9 subframes are 10^6 s.
        const int64_t far = int64_t{ 1'000'000'000 } << n.mu;
        BOOST_CHECK_EQUAL(slot_start_samples(c, far),
                          std::llround(c.sample_rate_hz) * 1'000'000);
        BOOST_CHECK_EQUAL(slot_start_samples(c, -far), -slot_start_samples(c, far));
    }
}

BOOST_AUTO_TEST_CASE(phase_term_is_the_carrier_at_the_end_of_the_prefix)
{
    for (const auto& n : numerologies) {
        for (const double f_hz : { 2.0e9, 2.1850125e9, 100.5 }) {
            carrier c = make(n.scs_khz, 512, n.extended_cp);
            c.frequency_hz = f_hz;
            BOOST_CHECK_EQUAL(phase_compensation_cycles(c, 1, 3), 0.0);
            c.phase_compensation = true;
            // t_start + N_CP T_c in T_c from the start of the subframe, which is exact.
            int64_t t_tc = 0;
            for (int l = 0; l < symbols_per_slot(c) << n.mu; ++l) {
                t_tc += cp_tc(n.mu, n.extended_cp, l);
                const long double cycles =
                    static_cast<long double>(f_hz) * t_tc / (480e3L * 4096);
                const int slot = l / symbols_per_slot(c),
                          symbol = l % symbols_per_slot(c);
                for (const int subframe : { 0, 3, -1 }) {
                    const int64_t count = slot + int64_t{ subframe } * (1 << n.mu);
                    const double value = phase_compensation_cycles(c, count, symbol);
                    BOOST_CHECK(value >= 0.0 && value < 1.0);
                    const double difference =
                        value - static_cast<double>(cycles - std::floor(cycles));
                    BOOST_CHECK_SMALL(difference - std::round(difference), 1e-9);
                }
                t_tc += 2048 * 64 >> n.mu;
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(validator_names_the_first_wrong_field)
{
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    const std::string rate =
        ": must be a multiple of 128 subcarrier spacings, from 12 * n_rb to "
        "65536 of them (whole samples in every cyclic prefix, TS 38.211 5.3.1)";
    struct {
        std::function<void(carrier&)> change;
        std::string message;
    } const cases[] = {
        { [](carrier&) {}, "" },
        { [](carrier& c) { c.frequency_hz = 0.0; },
          "frequency_hz = 0: must be finite and above 0 (f_0 of TS 38.211 5.4)" },
        { [](carrier& c) { c.frequency_hz = -2e9; },
          "frequency_hz = -2000000000: must be finite and above 0 (f_0 of TS 38.211 5.4)" },
        { [=](carrier& c) { c.frequency_hz = nan; },
          "frequency_hz = nan: must be finite and above 0 (f_0 of TS 38.211 5.4)" },
        { [=](carrier& c) { c.frequency_hz = inf; },
          "frequency_hz = inf: must be finite and above 0 (f_0 of TS 38.211 5.4)" },
        { [](carrier& c) { c.scs_khz = 45; },
          "scs_khz = 45: must be 15, 30, 60 or 120 (TS 38.211 table 4.2-1)" },
        { [](carrier& c) { c.n_rb = 0; }, "n_rb = 0: must be 1..275 (TS 38.211 4.4.2)" },
        { [](carrier& c) { c.n_rb = 276; },
          "n_rb = 276: must be 1..275 (TS 38.211 4.4.2)" },
        { [](carrier& c) { c.n_rb = 275, c.sample_rate_hz = 61.44e6; }, "" },
        { [](carrier& c) { c.extended_cp = true; },
          "extended_cp = true: must be false unless scs_khz is 60 (TS 38.211 table "
          "4.2-1)" },
        { [](carrier& c) {
             c.scs_khz = 60, c.sample_rate_hz = 30.72e6, c.extended_cp = true;
         },
          "" },
        { [](carrier& c) { c.sample_rate_hz = 0.0; }, "sample_rate_hz = 0" + rate },
        { [=](carrier& c) { c.sample_rate_hz = nan; }, "sample_rate_hz = nan" + rate },
        { [=](carrier& c) { c.sample_rate_hz = inf; }, "sample_rate_hz = inf" + rate },
        { [](carrier& c) { c.sample_rate_hz = -7.68e6; },
          "sample_rate_hz = -7680000" + rate },
        { [](carrier& c) { c.sample_rate_hz = 5.76e6; }, "" },
        { [](carrier& c) { c.sample_rate_hz = 3.84e6; },
          "sample_rate_hz = 3840000" + rate },
        { [](carrier& c) { c.sample_rate_hz = 7.5e6; },
          "sample_rate_hz = 7500000" + rate },
        { [](carrier& c) { c.sample_rate_hz = 7.68e6 + 1.0; },
          "sample_rate_hz = 7680001" + rate },
        { [](carrier& c) { c.sample_rate_hz = 65536 * 15e3; }, "" },
        { [](carrier& c) { c.sample_rate_hz = 65664 * 15e3; },
          "sample_rate_hz = 984960000" + rate },
    };
    for (const auto& test : cases) {
        carrier c;
        test.change(c);
        const auto error = validate(c);
        BOOST_CHECK_EQUAL(error ? error->message() : "", test.message);
        BOOST_CHECK(!error || error->allowed.find("TS 38.") != std::string::npos);
    }
}
