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

// The register is linear: its state after N_C is the sum of what each bit of c_init
// leaves.
constexpr std::array<uint64_t, INITIAL_BITS> make_x2_table()
{
    std::array<uint64_t, INITIAL_BITS> table{};
    for (int bit = 0; bit < INITIAL_BITS; ++bit)
        table[bit] = after_nc(uint64_t{ 1 } << bit, true);
    return table;
}

constexpr std::array<uint64_t, INITIAL_BITS> X2_AFTER_NC = make_x2_table();

} // namespace

gold_sequence::gold_sequence(uint32_t c_init) : d_x1(X1_AFTER_NC), d_x2(0)
{
    for (int bit = 0; bit < INITIAL_BITS; ++bit)
        d_x2 ^= X2_AFTER_NC[bit] & (uint64_t{ 0 } - ((c_init >> bit) & 1));
}

uint64_t gold_sequence::take(int n)
{
    const uint64_t bits = (d_x1 ^ d_x2) & low_bits(n);
    d_x1 = shift(d_x1, feedback1(d_x1), n);
    d_x2 = shift(d_x2, feedback2(d_x2), n);
    return bits;
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
