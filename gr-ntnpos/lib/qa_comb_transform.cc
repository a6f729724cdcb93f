/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/comb_transform.h>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

using namespace gr::ntnpos::kernel;
using samples = std::vector<std::complex<float>>;

namespace {

samples random_values(size_t count, unsigned seed)
{
    std::mt19937 rng(seed);
    samples values(count);
    for (auto& a : values)
        a = { (rng() & 1) ? 1.0f : -1.0f, (rng() & 1) ? 1.0f : -1.0f };
    return values;
}

// The inverse DFT sum in double precision.
samples literal(const std::vector<comb_values>& combs,
                int origin,
                std::complex<double> factor,
                int n_fft)
{
    samples out;
    for (int n = 0; n < n_fft; ++n) {
        std::complex<double> sum = 0.0;
        for (const auto& comb : combs)
            for (int m = 0; m < comb.count; ++m) {
                const int k = comb.first + m * comb.spacing - origin;
                const double turns = std::fmod(1.0 * k * n / n_fft, 1.0);
                sum += std::complex<double>(comb.values[m]) *
                       std::polar(1.0, 2.0 * M_PI * turns);
            }
        out.emplace_back(factor * sum);
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

BOOST_AUTO_TEST_CASE(every_step_and_residue_is_the_literal_sum)
{
    const std::complex<float> factor(0.03f, -0.02f);
    for (const int n_fft : { 128, 384 }) {
        for (const int step : { 1, 2, 3, 4, 6, 8, 12 }) {
            if (n_fft % step != 0)
                continue;
            comb_transform transform(n_fft, step);
            // One transform for all: what an earlier call filled must not be left behind.
            for (int first = 0; first < 2 * step; ++first) {
                for (const int spacing : { step, 3 * step }) {
                    const int count = first % 3 == 0 ? 1 : (n_fft - first) / spacing - 1;
                    const samples values = random_values(count, 7 * first + spacing);
                    const std::vector<comb_values> combs{
                        { values.data(), count, first, spacing }
                    };
                    const int origin = n_fft / 2 - 1; // below 0 Hz and above
                    samples out(n_fft);
                    transform.execute(combs, origin, factor, out.data());
                    BOOST_CHECK_SMALL(
                        largest_difference(out, literal(combs, origin, factor, n_fft)),
                        4e-6);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(combs_that_meet_are_added)
{
    const samples a = random_values(30, 1), b = random_values(20, 2),
                  c = random_values(9, 3);
    const std::vector<comb_values> combs{ { a.data(), 30, 1, 4 },
                                          { b.data(), 20, 9, 4 },
                                          { c.data(), 9, 5, 12 } };
    for (const int step : { 1, 2, 4 }) {
        comb_transform transform(128, step);
        samples out(128);
        for (int repetition = 0; repetition < 2; ++repetition) {
            transform.execute(combs, 60, 0.1f, out.data());
            BOOST_CHECK_SMALL(largest_difference(out, literal(combs, 60, 0.1, 128)),
                              4e-6);
        }
    }
}

BOOST_AUTO_TEST_CASE(few_known_subcarriers_are_the_literal_sum)
{
    // Below, around and above 0 Hz; one comb and two, filling all and less of what was
    // announced, and once more than that: then the plain way.
    for (const int n_fft : { 512, 768, 1152 }) {
        for (const int step : { 1, 2, 4, 6 }) {
            if (n_fft % step != 0)
                continue;
            const int bins = n_fft / step / 20;
            for (const int first : { -n_fft / 2, -3 * step - 1, 0, 100 }) {
                const int last = first + bins * step - 1;
                comb_transform transform(n_fft, step, first, last);
                for (int call = 0; call < 6; ++call) {
                    const int count = call == 5   ? bins + 1
                                      : call == 2 ? bins / 2
                                                  : bins - 2;
                    const int shift = call % 3;
                    const int spacing = call == 2 ? 2 * step : step;
                    const samples a = random_values(count, call + first);
                    const samples b = random_values(bins / 3, call + 50);
                    const int origin = 11;
                    const int from = origin + first + shift % step;
                    std::vector<comb_values> combs{ { a.data(), count, from, spacing } };
                    if (call % 2 == 1)
                        combs.push_back({ b.data(), bins / 3, from + step, step });
                    samples out(n_fft);
                    transform.execute(combs, origin, 0.1f, out.data());
                    BOOST_CHECK_SMALL(
                        largest_difference(out, literal(combs, origin, 0.1, n_fft)),
                        4e-6);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(same_bits_at_every_alignment)
{
    const samples values = random_values(90, 4);
    comb_transform transform(512, 4);
    samples first(512);
    transform.execute({ { values.data(), 90, 3, 4 } }, 200, 1.0f, first.data());
    for (int offset = 0; offset < 9; ++offset) {
        samples out(512 + offset);
        transform.execute(
            { { values.data(), 90, 3, 4 } }, 200, 1.0f, out.data() + offset);
        BOOST_CHECK(std::equal(first.begin(), first.end(), out.begin() + offset));
    }
}
