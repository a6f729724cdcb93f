/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_FILTER_SUMS_H
#define INCLUDED_NTNPOS_LIB_KERNEL_FILTER_SUMS_H

#include "lanes.h"

namespace gr::ntnpos::kernel {

/*!
 * \brief Vectors of sums in registers: sum[p] becomes sum_k taps[k] x[i + k] for the
 * complex samples i of the p-th vector, interleaved.
 *
 * Each sum is that of two chains of fused multiply-adds, of the taps k with k mod 8 even
 * and odd, each in the order of k mod 8, then k: an order that every width follows, so
 * that all give the same bits. Taps that are 8 apart share the vectors of the input, most
 * of which cross a line of the cache; two chains a vector keep both multipliers busy.
 */
template <size_t width, size_t taps, size_t vectors>
struct filter_sums {
    using lane = lanes<width>;
    using vector = typename lane::vector;
    vector sum[vectors] = {};

    NTNPOS_INLINE void add_up(const float* h, const float* x)
    {
        if constexpr (width > 4)
            add_unrolled(h, x);
        else
            add_in_loops(h, x);
    }

private:
    static constexpr size_t apart = 8;

    // Without registers for all of it, and mostly without the instruction.
    NTNPOS_INLINE void add_in_loops(const float* h, const float* x)
    {
        constexpr size_t numbers = width * vectors;
        float chains[2][numbers] = {};
#pragma GCC unroll 1
        for (size_t j = 0; j < apart; ++j)
#pragma GCC unroll 1
            for (size_t k = j; k < taps; k += apart)
                for (size_t i = 0; i < numbers; ++i)
                    chains[j % 2][i] =
                        fused_multiply_add<width>(h[k], x[2 * k + i], chains[j % 2][i]);
        for (size_t p = 0; p < vectors; ++p)
            sum[p] = lane::at(chains[0] + p * width) + lane::at(chains[1] + p * width);
    }

    NTNPOS_INLINE void add_unrolled(const float* h, const float* x)
    {
        vector odd[vectors] = {};
        lane::template for_each<apart>([&](auto j) __attribute__((always_inline)) {
            constexpr size_t first = decltype(j)::value;
            add_taps<first>(h, x, first % 2 == 0 ? sum : odd);
        });
        lane::template for_each<vectors>([&](auto p) __attribute__((always_inline)) {
            sum[p] += odd[p];
        });
    }

    // The taps first, first + 8, ...
    template <size_t first>
    static NTNPOS_INLINE void add_taps(const float* h, const float* x, vector* to)
    {
        constexpr size_t step = width / 2; // samples of a vector
        constexpr size_t strides = apart / step;
        constexpr size_t count = (taps - first + apart - 1) / apart;
        vector tap[count];
        lane::template for_each<count>([&](auto t) __attribute__((always_inline)) {
            lane::fill(h + first + apart * t, tap[t]);
        });
        constexpr size_t loads = strides * (count - 1) + vectors;
        lane::template for_each<loads>([&](auto m) __attribute__((always_inline)) {
            const vector here = lane::at(x + 2 * (first + step * m));
            lane::template for_each<vectors>([&](auto p) __attribute__((always_inline)) {
                constexpr size_t at = decltype(m)::value;
                constexpr size_t vec = decltype(p)::value;
                if constexpr (at >= vec && (at - vec) % strides == 0 &&
                              (at - vec) / strides < count)
                    lane::multiply_add(tap[(at - vec) / strides], here, to[vec]);
            });
        });
    }
};

} // namespace gr::ntnpos::kernel

#endif
