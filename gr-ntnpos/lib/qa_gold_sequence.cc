/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/gold_sequence.h>
#include <boost/test/unit_test.hpp>
#include <random>
#include <vector>

using gr::ntnpos::kernel::gold_sequence;

namespace {

// TS 38.211 5.2.1 as written, one bit at a time.
std::vector<int> bit_serial(uint32_t c_init, int count)
{
    constexpr int nc = 1600;
    std::vector<int> x1(count + nc + 31, 0), x2(count + nc + 31, 0), c(count);
    x1[0] = 1;
    for (int i = 0; i < 31; ++i)
        x2[i] = (c_init >> i) & 1;
    for (int n = 0; n < count + nc; ++n) {
        x1[n + 31] = (x1[n + 3] + x1[n]) % 2;
        x2[n + 31] = (x2[n + 3] + x2[n + 2] + x2[n + 1] + x2[n]) % 2;
    }
    for (int n = 0; n < count; ++n)
        c[n] = (x1[n + nc] + x2[n + nc]) % 2;
    return c;
}

std::vector<int> in_steps(uint32_t c_init, int count, const std::vector<int>& steps)
{
    gold_sequence sequence(c_init);
    std::vector<int> bits;
    for (size_t i = 0; static_cast<int>(bits.size()) < count; ++i) {
        const int step = steps[i % steps.size()];
        const uint64_t word = sequence.take(step);
        BOOST_REQUIRE_EQUAL(word >> step, 0u);
        for (int b = 0; b < step; ++b)
            bits.push_back((word >> b) & 1);
    }
    bits.resize(count);
    return bits;
}

} // namespace

BOOST_AUTO_TEST_CASE(words_are_the_bit_serial_sequence)
{
    std::vector<uint32_t> inits{ 0, 1, 1u << 30, 0x7fffffff };
    std::mt19937 rng(1);
    for (int i = 0; i < 40; ++i)
        inits.push_back(rng() & 0x7fffffff);
    for (const uint32_t c_init : inits) {
        BOOST_TEST_CONTEXT("c_init " << c_init)
        {
            const auto expected = bit_serial(c_init, 2000);
            for (const std::vector<int>& steps :
                 { std::vector<int>{ 1 }, { 2 }, { 31 }, { 56 }, { 5, 56, 1, 32, 17 } }) {
                const auto bits = in_steps(c_init, 2000, steps);
                BOOST_CHECK_EQUAL_COLLECTIONS(
                    bits.begin(), bits.end(), expected.begin(), expected.end());
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(whole_words_go_on_where_bits_ended)
{
    std::mt19937 rng(2);
    for (const uint32_t c_init : { 0u, 1u, 0x7fffffffu, 0x2a5f10c3u }) {
        const auto expected = bit_serial(c_init, 12000);
        gold_sequence sequence(c_init);
        size_t n = 0;
        for (const size_t words : { 0, 1, 2, 3, 4, 5, 17, 64, 65 }) {
            const int between = 1 + static_cast<int>(rng() % 56);
            const uint64_t bits = sequence.take(between);
            for (int b = 0; b < between; ++b, ++n)
                BOOST_REQUIRE_EQUAL((bits >> b) & 1, static_cast<uint64_t>(expected[n]));
            std::vector<uint64_t> out(words);
            sequence.take_words(out.data(), words);
            for (size_t b = 0; b < 64 * words; ++b, ++n)
                BOOST_REQUIRE_EQUAL((out[b / 64] >> (b % 64)) & 1,
                                    static_cast<uint64_t>(expected[n]));
        }
    }
}

BOOST_AUTO_TEST_CASE(skip_leaves_out_bits)
{
    const auto expected = bit_serial(0x1234567, 4000);
    for (const int skipped : { 0, 1, 55, 56, 57, 112, 999, 3300 }) {
        gold_sequence sequence(0x1234567);
        sequence.skip(skipped);
        for (int n = skipped; n < skipped + 40; ++n)
            BOOST_CHECK_EQUAL(sequence.take(1), static_cast<uint64_t>(expected[n]));
    }
}

BOOST_AUTO_TEST_CASE(only_31_bits_of_the_initial_state_count)
{
    gold_sequence a(5), b(5 | 0x80000000u);
    BOOST_CHECK_EQUAL(a.take(56), b.take(56));
}
