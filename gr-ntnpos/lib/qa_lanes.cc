/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/filter_sums.h"
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

using namespace gr::ntnpos::kernel;

/*
 * All instruction sets give the same bits: the emulation of the fused multiply-add beside
 * the C library's, and the filter's sums in every width that this processor has.
 */

namespace {

constexpr size_t taps = 20;
constexpr size_t numbers = 32; // floats of sums

uint32_t bits_of(float x)
{
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

template <size_t width>
NTNPOS_INLINE void sums(const float* h, const float* x, float* out)
{
    constexpr size_t vectors = numbers / width < 4 ? numbers / width : 4;
    for (size_t at = 0; at < numbers; at += vectors * width) {
        filter_sums<width, taps, vectors> s;
        s.add_up(h, x + at);
        for (size_t p = 0; p < vectors; ++p)
            lanes<width>::at(out + at + p * width) = s.sum[p];
    }
}

NTNPOS_VERSIONS((const float* h, const float* x, float* out), (h, x, out), best, sums)

// The order that filter_sums promises, by the C library's fma.
std::vector<float> slow_sums(const float* h, const float* x)
{
    std::vector<float> out;
    for (size_t i = 0; i < numbers; ++i) {
        float chain[2] = {};
        for (size_t j = 0; j < 8; ++j)
            for (size_t k = j; k < taps; k += 8)
                chain[j % 2] = std::fma(h[k], x[2 * k + i], chain[j % 2]);
        out.push_back(chain[0] + chain[1]);
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_emulated_multiply_add_rounds_once)
{
    // Two roundings would go wrong: the product is half a unit of the sum and a little.
    const float a = 1.0f + 0x1p-12f;
    BOOST_CHECK_EQUAL(emulated_multiply_add(a, a, 0x1p24f), std::fma(a, a, 0x1p24f));
    BOOST_CHECK_EQUAL(emulated_multiply_add(1.0f, 0x1p-60f, 1.0f + 0x1p-23f),
                      std::fma(1.0f, 0x1p-60f, 1.0f + 0x1p-23f));
    std::mt19937 random(1);
    std::uniform_real_distribution<float> mantissa(-2.0f, 2.0f);
    size_t different_when_rounded_twice = 0;
    for (int i = 0; i < 300000; ++i) {
        // Sums that nearly cancel, that lie a little beside half a unit, and any.
        const auto scale = [&](int most) {
            return std::ldexp(1.0f, static_cast<int>(random() % (2 * most + 1)) - most);
        };
        const float x = mantissa(random) * scale(20);
        const float y = mantissa(random) * scale(20);
        float z = mantissa(random) * scale(40);
        if (i % 3 == 0)
            z = -x * y;
        if (i % 3 == 1)
            z = x * y * std::ldexp(1.0f, 20 + static_cast<int>(random() % 10));
        const float want = std::fma(x, y, z);
        different_when_rounded_twice += bits_of(x * y + z) != bits_of(want);
        BOOST_REQUIRE_EQUAL(bits_of(emulated_multiply_add(x, y, z)), bits_of(want));
    }
    BOOST_CHECK_GT(different_when_rounded_twice, 100000);
    // Underflow, and what is not a number.
    for (const float z : { 0x1p-149f, 0x1p-126f, -0x1p-140f })
        for (const float x : { 0x1.234568p-75f, 0x1p-75f, -0x1.fffffep-74f })
            BOOST_CHECK_EQUAL(bits_of(emulated_multiply_add(x, 0x1.89abcep-74f, z)),
                              bits_of(std::fma(x, 0x1.89abcep-74f, z)));
    BOOST_CHECK(std::isnan(emulated_multiply_add(NAN, 1.0f, 1.0f)));
    BOOST_CHECK_EQUAL(emulated_multiply_add(INFINITY, 1.0f, 1.0f), INFINITY);
}

BOOST_AUTO_TEST_CASE(every_width_gives_the_bits_of_the_definition)
{
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    for (int i = 0; i < 1000; ++i) {
        std::vector<float> h(taps), x(numbers + 2 * taps);
        for (auto& value : h)
            value = normal(random);
        for (auto& value : x)
            value = normal(random);
        const auto want = slow_sums(h.data(), x.data());
        std::vector<float> got(numbers);
        sums_of_4(h.data(), x.data(), got.data());
        BOOST_REQUIRE(got == want);
#ifdef NTNPOS_HAS_LANES
        if (lane_width() >= 8) {
            sums_of_8(h.data(), x.data(), got.data());
            BOOST_REQUIRE(got == want);
        }
#endif
        best(h.data(), x.data(), got.data());
        BOOST_REQUIRE(got == want);
    }
}
