/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_LANES_H
#define INCLUDED_NTNPOS_LIB_KERNEL_LANES_H

#include "multiversion.h"
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace gr::ntnpos::kernel {

/*!
 * \brief a b + c rounded once, as a processor's fused multiply-add does it, also out of
 * products and sums that round each for themselves: the product is exact in double
 * precision, the sum is rounded to odd, which keeps the rounding to float from being a
 * second one (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved
 * algorithms using rounding to odd", IEEE Trans. Computers 57, 2008).
 */
inline float emulated_multiply_add(float a, float b, float c)
{
    const double product = static_cast<double>(a) * static_cast<double>(b);
    const double addend = c;
    double sum = product + addend;
    const double back = sum - product;
    const double error = (product - (sum - back)) + (addend - back);
    int64_t bits;
    std::memcpy(&bits, &sum, sizeof bits);
    const bool inexact = error < 0.0 || error > 0.0;
    const int64_t step = (error > 0.0) == (sum > 0.0) ? 1 : -1;
    bits += inexact && (bits & 1) == 0 ? step : 0;
    std::memcpy(&sum, &bits, sizeof sum);
    return static_cast<float>(sum);
}

//! \brief a b + c rounded once, in a version of that width.
template <size_t width>
NTNPOS_INLINE float fused_multiply_add(float a, float b, float c)
{
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_fmaf(a, b, c);
#else
    if constexpr (width > 4)
        return __builtin_fmaf(a, b, c); // an instruction there
    else
        return emulated_multiply_add(a, b, c);
#endif
}

// Types alone: the attribute does not take a template's parameter everywhere.
template <size_t width>
struct lane_types;
#define NTNPOS_LANE_TYPES(width)                                            \
    template <>                                                             \
    struct lane_types<width> {                                              \
        typedef float vector __attribute__((vector_size(4 * width)));       \
        typedef uint32_t words __attribute__((vector_size(4 * width)));     \
        typedef double pairs __attribute__((vector_size(4 * width)));       \
        /* In memory, of any alignment. */                                  \
        typedef float floats_there                                          \
            __attribute__((vector_size(4 * width), aligned(4), may_alias)); \
        typedef uint32_t words_there                                        \
            __attribute__((vector_size(4 * width), aligned(4), may_alias)); \
    };
NTNPOS_LANE_TYPES(4)
NTNPOS_LANE_TYPES(8)
NTNPOS_LANE_TYPES(16)
#undef NTNPOS_LANE_TYPES

/*!
 * \brief Vectors of floats as wide as a register, for what compilers do not vectorise
 * well by themselves: interleaved complex numbers. Arithmetic is element by element, so
 * that every width gives the same bits.
 *
 * Vectors are handed over by reference: by value they would need the instruction set. The
 * widths 8 and 16 are for the versions of NTNPOS_VERSIONS alone.
 */
template <size_t width>
struct lanes {
    using types = lane_types<width>;
    using vector = typename types::vector;
    using words = typename types::words;
    using floats_there = typename types::floats_there;
    using words_there = typename types::words_there;

    static NTNPOS_INLINE const floats_there& at(const float* p)
    {
        return *reinterpret_cast<const floats_there*>(p);
    }
    static NTNPOS_INLINE floats_there& at(float* p)
    {
        return *reinterpret_cast<floats_there*>(p);
    }
    static NTNPOS_INLINE const words_there& at(const uint32_t* p)
    {
        return *reinterpret_cast<const words_there*>(p);
    }
    static NTNPOS_INLINE words_there& at(uint32_t* p)
    {
        return *reinterpret_cast<words_there*>(p);
    }

    //! Calls run(0), run(1), ... with constants.
    template <size_t count, typename work>
    static NTNPOS_INLINE void for_each(const work& run)
    {
        for_each(run, std::make_index_sequence<count>());
    }
    //! The number at p in every place.
    static NTNPOS_INLINE void fill(const float* p, vector& to)
    {
#ifdef NTNPOS_HAS_LANES
        // From memory, which costs no arithmetic: the compiler would take it out of the
        // register that the number was stored from.
        if constexpr (width > 4) {
            asm("vbroadcastss %1, %0" : "=v"(to) : "m"(*p));
            return;
        }
#endif
        fill(*p, to, std::make_index_sequence<width>());
    }
    //! The two numbers at p in every pair of places.
    static NTNPOS_INLINE void fill_pairs(const float* p, vector& to)
    {
        fill_pairs(p, to, std::make_index_sequence<width / 2>());
    }
    //! The two numbers of each pair exchanged.
    static NTNPOS_INLINE void swap(const vector& from, vector& to)
    {
        swap(from, to, std::make_index_sequence<width>());
    }
    //! sum += a b, rounded once.
    static NTNPOS_INLINE void multiply_add(const vector& a, const vector& b, vector& sum)
    {
#ifdef NTNPOS_HAS_LANES
        if constexpr (width > 4) {
            asm("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
            return;
        }
#endif
        vector result = sum;
        for (size_t i = 0; i < width; ++i)
            result[i] = fused_multiply_add<width>(a[i], b[i], sum[i]);
        sum = result;
    }
    //! difference -= a b, rounded once.
    static NTNPOS_INLINE void
    multiply_subtract(const vector& a, const vector& b, vector& difference)
    {
#ifdef NTNPOS_HAS_LANES
        if constexpr (width > 4) {
            asm("vfnmadd231ps %2, %1, %0" : "+v"(difference) : "v"(a), "v"(b));
            return;
        }
#endif
        const vector minus_a = -a;
        multiply_add(minus_a, b, difference);
    }

private:
    using pairs = typename types::pairs;
    typedef double pair __attribute__((aligned(4), may_alias));

    template <size_t... i, typename work>
    static NTNPOS_INLINE void for_each(const work& run, std::index_sequence<i...>)
    {
        (run(std::integral_constant<size_t, i>()), ...);
    }
    template <size_t... i>
    static NTNPOS_INLINE void fill(float x, vector& to, std::index_sequence<i...>)
    {
        to = vector{ (static_cast<void>(i), x)... };
    }
    template <size_t... i>
    static NTNPOS_INLINE void
    fill_pairs(const float* p, vector& to, std::index_sequence<i...>)
    {
        const double one = *reinterpret_cast<const pair*>(p);
        to = (vector)pairs{ (static_cast<void>(i), one)... };
    }
    template <size_t... i>
    static NTNPOS_INLINE void
    swap(const vector& from, vector& to, std::index_sequence<i...>)
    {
        to = vector{ from[i ^ 1]... };
    }
};

} // namespace gr::ntnpos::kernel

#endif
