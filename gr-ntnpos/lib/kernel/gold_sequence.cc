/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/gold_sequence.h>
#include <algorithm>
#include <array>

namespace gr::ntnpos::kernel {

namespace {

constexpr int NC = 1600;       // bits left out at the start (5.2.1)
constexpr int STATE_BITS = 62; // two lengths of the register
constexpr int INITIAL_BITS = 31;

constexpr uint64_t low_bits(int n) { return (uint64_t{ 1 } << n) - 1; }

// Feedback of x(n + 62) for the bits n, n + 1, ... in parallel; valid for the lowest 56.
constexpr uint64_t feedback1(uint64_t x) { return x ^ (x >> 6); }
constexpr uint64_t feedback2(uint64_t x) { return x ^ (x >> 2) ^ (x >> 4) ^ (x >> 6); }

constexpr uint64_t shift(uint64_t x, uint64_t feedback, int n)
{
    return (x >> n) | ((feedback & low_bits(n)) << (STATE_BITS - n));
}

// Bits 31..61 of a register from its first 31, by x1(n+31) = x1(n+3) + x1(n) and
// x2(n+31) = x2(n+3) + x2(n+2) + x2(n+1) + x2(n).
constexpr uint64_t widen(uint64_t x, bool second)
{
    for (int n = 0; n + INITIAL_BITS < STATE_BITS; ++n) {
        uint64_t bit = (x >> n) ^ (x >> (n + 3));
        if (second)
            bit ^= (x >> (n + 1)) ^ (x >> (n + 2));
        x |= (bit & 1) << (n + INITIAL_BITS);
    }
    return x;
}

constexpr uint64_t after_nc(uint64_t initial, bool second)
{
    uint64_t x = widen(initial, second);
    constexpr int step = 50;
    static_assert(NC % step == 0 && step <= gold_sequence::MAX_TAKE);
    for (int n = 0; n < NC; n += step)
        x = shift(x, second ? feedback2(x) : feedback1(x), step);
    return x;
}

constexpr uint64_t X1_AFTER_NC = after_nc(1, false);

// The register is linear: its state after N_C is the sum of what each part of c_init
// leaves. Parts of four bits, one row a part.
constexpr int PARTS = 8;
constexpr int PART_VALUES = 16;

constexpr std::array<std::array<uint64_t, PART_VALUES>, PARTS> make_x2_table()
{
    std::array<std::array<uint64_t, PART_VALUES>, PARTS> table{};
    for (int bit = 0; bit < INITIAL_BITS; ++bit) {
        const uint64_t state = after_nc(uint64_t{ 1 } << bit, true);
        for (int value = 0; value < PART_VALUES; ++value)
            if ((value >> (bit % 4)) & 1)
                table[bit / 4][value] ^= state;
    }
    return table;
}

constexpr auto X2_AFTER_NC = make_x2_table();

// 64 bits that start inside two neighbouring words.
constexpr uint64_t across(uint64_t low, uint64_t high, int n)
{
    return (low >> n) | (high << (64 - n));
}

// A register as its next four words. With the feedback to the power of 8 over GF(2),
// x1(n+248) = x1(n+24) + x1(n) and x2(n+248) = x2(n+24) + x2(n+16) + x2(n+8) + x2(n), a
// word comes out of the fourth and the third before it.
template <bool second>
struct word_register {
    uint64_t w0, w1, w2, w3;

    explicit word_register(uint64_t bits)
    {
        w0 = next_word(bits);
        w1 = next_word(bits);
        w2 = next_word(bits);
        w3 = next_word(bits);
    }

    void advance()
    {
        uint64_t next = across(w0, w1, 8) ^ across(w0, w1, 32);
        if (second)
            next ^= across(w0, w1, 16) ^ across(w0, w1, 24);
        w0 = w1;
        w1 = w2;
        w2 = w3;
        w3 = next;
    }

    uint64_t bits() const { return w0 & low_bits(STATE_BITS); }

private:
    static uint64_t next_half(uint64_t& bits)
    {
        const uint64_t half = bits & low_bits(32);
        bits = shift(bits, second ? feedback2(bits) : feedback1(bits), 32);
        return half;
    }

    static uint64_t next_word(uint64_t& bits)
    {
        const uint64_t low = next_half(bits);
        return low | next_half(bits) << 32;
    }
};

} // namespace

gold_sequence::gold_sequence(uint32_t c_init) : d_x1(X1_AFTER_NC), d_x2(0)
{
    c_init &= static_cast<uint32_t>(low_bits(INITIAL_BITS));
    for (int part = 0; part < PARTS; ++part)
        d_x2 ^= X2_AFTER_NC[part][(c_init >> (4 * part)) & 15];
}

uint64_t gold_sequence::take(int n)
{
    const uint64_t bits = (d_x1 ^ d_x2) & low_bits(n);
    d_x1 = shift(d_x1, feedback1(d_x1), n);
    d_x2 = shift(d_x2, feedback2(d_x2), n);
    return bits;
}

void gold_sequence::take_words(uint64_t* out, size_t count)
{
    word_register<false> x1(d_x1);
    word_register<true> x2(d_x2);
    for (size_t i = 0; i < count; ++i) {
        out[i] = x1.w0 ^ x2.w0;
        x1.advance();
        x2.advance();
    }
    d_x1 = x1.bits();
    d_x2 = x2.bits();
}

void gold_sequence::skip(uint64_t n)
{
    while (n > 0) {
        const int step = static_cast<int>(std::min<uint64_t>(n, MAX_TAKE));
        take(step);
        n -= step;
    }
}

} // namespace gr::ntnpos::kernel
