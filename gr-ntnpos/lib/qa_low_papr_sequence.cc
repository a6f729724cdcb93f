/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/low_papr_sequence.h>
#include <boost/test/unit_test.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using namespace gr::ntnpos::kernel;

namespace {

using cvector = std::vector<std::complex<float>>;

cvector make(int length, int group, int number = 0, double shift_cycles = 0.0)
{
    const low_papr_sequence s{ length, group, number, shift_cycles };
    const auto error = validate(s);
    BOOST_REQUIRE_MESSAGE(!error, (error ? error->message() : ""));
    cvector out(length);
    low_papr_values(s, out.data());
    return out;
}

// 5.2.2.1 as written, in extended precision.
std::complex<double> zadoff_chu(int length, int u, int v, int n)
{
    int n_zc = length - 1;
    const auto composite = [](int x) {
        for (int d = 2; d < x; ++d)
            if (x % d == 0)
                return true;
        return false;
    };
    while (composite(n_zc))
        --n_zc;
    const long double q_bar = static_cast<long double>(n_zc) * (u + 1) / 31;
    const long double q =
        std::floor(q_bar + 0.5L) + v * std::pow(-1.0L, std::floor(2 * q_bar));
    const long double m = n % n_zc;
    const long double pi = 3.14159265358979323846264338327950288L;
    const long double phase = -pi * std::fmod(q * m * (m + 1) / n_zc, 2.0L);
    return { static_cast<double>(std::cos(phase)), static_cast<double>(std::sin(phase)) };
}

double error_of(const cvector& values, int n, std::complex<double> expected)
{
    return std::abs(std::complex<double>(values[n]) - expected);
}

} // namespace

BOOST_AUTO_TEST_CASE(long_sequences_are_the_standards_formula)
{
    // Every length that an SRS can have, and the longest a carrier holds.
    for (const int length :
         { 36,   42,   48,   54,   60,   66,   72,   78,   84,  90,   96,   102,
           108,  114,  120,  126,  132,  138,  144,  156,  162, 168,  180,  192,
           198,  204,  216,  228,  240,  252,  264,  276,  288, 312,  324,  336,
           360,  384,  396,  408,  432,  456,  480,  504,  528, 552,  576,  624,
           648,  672,  720,  768,  792,  816,  864,  912,  960, 1008, 1056, 1104,
           1152, 1248, 1296, 1344, 1440, 1536, 1584, 1632, 3300 }) {
        for (int u = 0; u < LOW_PAPR_GROUPS; ++u) {
            for (int v = 0; v <= (length >= 72 ? 1 : 0); ++v) {
                const auto values = make(length, u, v);
                double worst = 0.0;
                for (int n = 0; n < length; n += 1 + length / 40)
                    worst =
                        std::max(worst, error_of(values, n, zadoff_chu(length, u, v, n)));
                worst = std::max(
                    worst,
                    error_of(values, length - 1, zadoff_chu(length, u, v, length - 1)));
                BOOST_CHECK_MESSAGE(worst < 1e-7, length << " " << u << " " << v);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(length_30_is_the_closed_form)
{
    for (int u = 0; u < LOW_PAPR_GROUPS; ++u) {
        const auto values = make(30, u);
        for (int n = 0; n < 30; ++n) {
            const double phase =
                -M_PI * std::fmod((u + 1.0) * (n + 1) * (n + 2), 62) / 31;
            BOOST_CHECK_SMALL(error_of(values, n, std::polar(1.0, phase)), 1e-7);
        }
    }
}

BOOST_AUTO_TEST_CASE(short_sequences_are_the_tables)
{
    // First and last rows of tables 5.2.2.2-1..4; all rows: qa_srs_grid.py.
    struct {
        int group;
        std::vector<int> phi;
    } const rows[] = {
        { 0, { -3, -1, 3, 3, -1, -3 } },
        { 29, { 1, 1, -3, 1, -1, -1 } },
        { 0, { -3, 1, -3, -3, -3, 3, -3, -1, 1, 1, 1, -3 } },
        { 29, { -3, 3, -3, 3, -3, -3, 3, -1, -1, 1, 3, -3 } },
        { 0, { -1, 3, -1, -3, 3, 1, -3, -1, 3, -3, -1, -1, 1, 1, 1, -1, -1, -1 } },
        { 29, { -3, 3, 1, -1, -1, -1, -1, 1, -1, 3, 3, -3, -1, 1, 3, -1, 3, -1 } },
        { 0, { -1, -3, 3, -1, 3,  1,  3, -1, 1, -3, -1, -3,
               -1, 1,  3, -3, -1, -3, 3, 3,  3, -3, -3, -3 } },
        { 18, { -3, 1,  -3, 1,  -3, -3, 1, -3, 1, -3, -3, -3,
                -3, -3, 1,  -3, -3, 1,  1, -3, 1, 1,  -3, -3 } },
        { 29, { 3,  -3, -1, 1,  3, -1, -1, -3, -1, 3,  -1, -3,
                -1, -3, 3,  -1, 3, 1,  1,  -3, 3,  -3, -3, -3 } },
    };
    for (const auto& row : rows) {
        const int length = static_cast<int>(row.phi.size());
        const auto values = make(length, row.group);
        for (int n = 0; n < length; ++n)
            BOOST_CHECK_SMALL(error_of(values, n, std::polar(1.0, row.phi[n] * M_PI / 4)),
                              1e-7);
    }
}

BOOST_AUTO_TEST_CASE(a_cyclic_shift_delays_in_time_and_keeps_shifts_apart)
{
    for (const int length : { 6, 12, 24, 30, 36, 288, 1632 }) {
        const auto base = make(length, 7);
        for (const int shifts : { 6, 8, 12 }) {
            if (length % shifts != 0)
                continue;
            for (int shift = 1; shift < shifts; ++shift) {
                const auto shifted = make(length, 7, 0, 1.0 * shift / shifts);
                std::complex<double> product = 0.0;
                double worst = 0.0;
                for (int n = 0; n < length; ++n) {
                    const std::complex<double> a(base[n]), b(shifted[n]);
                    product += std::conj(a) * b;
                    const double turn = 2 * M_PI * ((shift * n) % shifts) / shifts;
                    worst = std::max(worst, std::abs(b - a * std::polar(1.0, turn)));
                }
                BOOST_CHECK_SMALL(worst, 3e-7);
                BOOST_CHECK_SMALL(std::abs(product) / length, 1e-6);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(groups_correlate_as_zadoff_chu_roots_do)
{
    // Over one prime length N two different roots have |correlation| = sqrt(N), and a
    // root has none with its own shifts.
    const int length = 144, n_zc = 139;
    const auto correlate = [&](const cvector& a, const cvector& b, int shift) {
        std::complex<double> sum = 0.0;
        for (int n = 0; n < n_zc; ++n)
            sum += std::complex<double>(a[n]) *
                   std::conj(std::complex<double>(b[(n + shift) % n_zc]));
        return std::abs(sum);
    };
    for (int u = 0; u < LOW_PAPR_GROUPS; u += 7) {
        for (int v = 0; v < 2; ++v) {
            const auto a = make(length, u, v);
            BOOST_CHECK_SMALL(correlate(a, a, 17), 1e-4);
            const auto b = make(length, (u + 11) % LOW_PAPR_GROUPS, v);
            BOOST_CHECK_CLOSE(correlate(a, b, 5), std::sqrt(139.0), 1e-3);
            BOOST_CHECK_CLOSE(
                correlate(a, make(length, u, 1 - v), 0), std::sqrt(139.0), 1e-3);
        }
    }
}

BOOST_AUTO_TEST_CASE(validator_names_the_first_wrong_field)
{
    const std::string lengths =
        ": must be 6, 12, 18, 24, 30 or 36..3300 (TS 38.211 5.2.2)";
    struct {
        low_papr_sequence sequence;
        std::string message;
    } const cases[] = {
        { { 36, 0, 0, 0.0 }, "" },
        { { 6, 29, 0, -0.25 }, "" },
        { { 72, 0, 1, 0.0 }, "" },
        { { 3300, 0, 1, 0.0 }, "" },
        { { 0, 0, 0, 0.0 }, "length = 0" + lengths },
        { { -6, 0, 0, 0.0 }, "length = -6" + lengths },
        { { 32, 0, 0, 0.0 }, "length = 32" + lengths },
        { { 3301, 0, 0, 0.0 }, "length = 3301" + lengths },
        { { 36, 30, 0, 0.0 }, "group = 30: must be 0..29 (TS 38.211 5.2.2)" },
        { { 36, -1, 0, 0.0 }, "group = -1: must be 0..29 (TS 38.211 5.2.2)" },
        { { 71, 0, 1, 0.0 },
          "number = 1: must be 0, or 1 from length 72 on (TS 38.211 5.2.2)" },
        { { 72, 0, 2, 0.0 },
          "number = 2: must be 0, or 1 from length 72 on (TS 38.211 5.2.2)" },
        { { 72, 0, 1, std::numeric_limits<double>::infinity() },
          "shift_cycles = inf: must be finite" },
    };
    for (const auto& test : cases) {
        const auto error = validate(test.sequence);
        BOOST_CHECK_EQUAL(error ? error->message() : "", test.message);
    }
}
