/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_GOLD_SEQUENCE_H
#define INCLUDED_NTNPOS_KERNEL_GOLD_SEQUENCE_H

#include <cstddef>
#include <cstdint>

namespace gr::ntnpos::kernel {

/*!
 * \brief The length-31 Gold sequence c(n) of TS 38.211 clause 5.2.1, many bits at a time.
 *
 * c(n) = x1(n + 1600) + x2(n + 1600) mod 2, x1 started with 1 and x2 with c_init. Both
 * registers are kept 62 bits wide: x(n+31) = x(n+3) + x(n) squared over GF(2) is x(n+62)
 * = x(n+6) + x(n), so that 56 bits come from one step; squared twice more, whole words
 * come from words. The 1600 bits at the start are jumped over by tables made at compile
 * time.
 *
 * Does not map bits to symbols: prs_resource does.
 */
class gold_sequence
{
public:
    //! Most bits one take() gives.
    static constexpr int MAX_TAKE = 56;

    //! \param c_init  initial state of x2, 31 bits
    explicit gold_sequence(uint32_t c_init);

    //! The next \p n bits, 1..MAX_TAKE; the earliest in bit 0.
    uint64_t take(int n);

    //! The next 64 \p count bits, the earliest in bit 0 of the first word: the fast way.
    void take_words(uint64_t* out, size_t count);

    //! Leaves out \p n bits.
    void skip(uint64_t n);

private:
    uint64_t d_x1;
    uint64_t d_x2;
};

} // namespace gr::ntnpos::kernel

#endif
