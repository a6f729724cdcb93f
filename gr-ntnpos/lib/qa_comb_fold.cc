/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/comb_fold.h"
#include "kernel/narrow_spectrum.h"
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>
#include <vector>

using namespace gr::ntnpos::kernel;
using samples = std::vector<std::complex<float>>;

namespace {

constexpr double cycles = 1234.567; // of sample 0
constexpr double step = -0.0347;    // cycles a sample

samples random_values(size_t count, unsigned seed)
{
    std::mt19937 rng(seed);
    samples values(count);
    for (auto& a : values)
        a = { (rng() & 1) ? 1.0f : -1.0f, (rng() & 1) ? 1.0f : -1.0f };
    return values;
}

std::complex<double> phasor(double turns)
{
    return std::polar(1.0, 2.0 * M_PI * (turns - std::floor(turns)));
}

} // namespace

BOOST_AUTO_TEST_CASE(bins_are_the_literal_sums)
{
    for (const int size : { 128, 384, 1536 })
        for (const int parts : { 1, 2, 4, 6, 12 }) {
            if (size % parts)
                continue;
            comb_fold fold(size, parts);
            const samples x = random_values(size, size + parts);
            fold.turn(cycles, step);
            const auto* found = fold.analyse(x.data());
            BOOST_REQUIRE_EQUAL(fold.points(), size / parts);
            for (int q = 0; q < fold.points(); q += 5) {
                std::complex<double> sum = 0.0;
                for (int n = 0; n < size; ++n)
                    sum += std::complex<double>(x[n]) *
                           phasor(cycles + step * n - 1.0 * q * parts * n / size);
                // Rounding of single precision over sums of this length.
                BOOST_CHECK_SMALL(std::abs(std::complex<double>(found[q]) - sum),
                                  1e-6 * size);
            }
        }
}

BOOST_AUTO_TEST_CASE(few_bins_are_the_literal_sums)
{
    // Short transforms of 4, 8, 16 and 64 points, 16 to 96 of them side by side.
    for (const int size : { 384, 1536, 4096 })
        for (const int parts : { 1, 2, 4, 6, 12 })
            for (const int count : { 1, 4, 7, 13, 36, 61 }) {
                if (size % parts || !narrow_spectrum::short_size(size / parts, count))
                    continue;
                narrow_spectrum spectrum(size, parts, count);
                const samples x = random_values(size, size + parts);
                // Twice: nothing of the first call may be left.
                spectrum.analyse(random_values(size, 1).data(), 0.3, 0.2);
                const auto* found = spectrum.analyse(x.data(), cycles, step);
                for (int q = 0; q < count; q += 3) {
                    std::complex<double> sum = 0.0;
                    for (int n = 0; n < size; ++n)
                        sum += std::complex<double>(x[n]) *
                               phasor(cycles + step * n - 1.0 * q * parts * n / size);
                    BOOST_CHECK_SMALL(std::abs(std::complex<double>(found[q]) - sum),
                                      1e-6 * size);
                }
            }
    BOOST_CHECK_EQUAL(narrow_spectrum::short_size(1024, 36), 64);
    BOOST_CHECK_EQUAL(narrow_spectrum::short_size(1024, 65), 0);
    BOOST_CHECK_THROW(narrow_spectrum(4096, 4, 65), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(few_bins_have_the_same_bits_at_every_alignment)
{
    const samples x = random_values(4096, 1);
    narrow_spectrum spectrum(4096, 4, 36);
    const auto* found = spectrum.analyse(x.data(), cycles, step);
    const samples first(found, found + 36);
    for (int offset = 1; offset < 9; ++offset) {
        samples moved(offset);
        moved.insert(moved.end(), x.begin(), x.end());
        found = spectrum.analyse(moved.data() + offset, cycles, step);
        BOOST_CHECK(std::equal(first.begin(), first.end(), found));
    }
}

BOOST_AUTO_TEST_CASE(synthesis_is_the_literal_sum_at_indices_of_any_sign)
{
    for (const int parts : { 1, 2, 4, 12 }) {
        constexpr int size = 384;
        comb_fold fold(size, parts);
        const samples values = random_values(20, parts);
        std::copy(values.begin(), values.end(), fold.bins() + 3);
        fold.turn(cycles, step);
        constexpr int64_t first = -41;
        const samples before = random_values(size + 100, 9);
        samples out = before;
        fold.synthesise(first, out.size(), out.data());
        for (size_t i = 0; i < out.size(); i += 3) {
            const double n = static_cast<double>(first) + i;
            std::complex<double> sum = before[i];
            for (int q = 3; q < 23; ++q)
                sum += std::complex<double>(values[q - 3]) *
                       phasor(1.0 * q * parts * n / size - cycles - step * n);
            BOOST_CHECK_SMALL(std::abs(std::complex<double>(out[i]) - sum), 4e-5);
        }
        // In pieces the same bits.
        samples pieces = before;
        for (size_t i = 0; i < pieces.size(); i += 31)
            fold.synthesise(first + static_cast<int64_t>(i),
                            std::min<int64_t>(31, pieces.size() - i),
                            pieces.data() + i);
        BOOST_CHECK(pieces == out);
    }
}

BOOST_AUTO_TEST_CASE(same_bits_at_every_alignment)
{
    const samples x = random_values(512, 1);
    comb_fold fold(512, 4);
    fold.turn(cycles, step);
    const auto* found = fold.analyse(x.data());
    const samples first(found, found + fold.points());
    for (int offset = 1; offset < 9; ++offset) {
        samples moved(offset);
        moved.insert(moved.end(), x.begin(), x.end());
        found = fold.analyse(moved.data() + offset);
        BOOST_CHECK(std::equal(first.begin(), first.end(), found));
    }
}

BOOST_AUTO_TEST_CASE(sizes_that_do_not_divide_are_refused)
{
    BOOST_CHECK_THROW(comb_fold(512, 6), std::invalid_argument);
    BOOST_CHECK_THROW(comb_fold(512, 8), std::invalid_argument);
    BOOST_CHECK_THROW(comb_fold(512, 0), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(turns_are_exact_far_from_zero)
{
    turn_table table;
    const double far = 1e9 + 0.3;
    table.set(far, step, 1000);
    for (int n = 0; n < 1000; ++n)
        BOOST_CHECK_SMALL(
            std::abs(std::complex<double>(table.at(n)) - phasor(0.3 + step * n)), 1.2e-6);
}
