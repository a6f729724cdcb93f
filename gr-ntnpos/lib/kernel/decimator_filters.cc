/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decimator_filters.h"
#include "lanes.h"
#include <algorithm>
#include <cstdint>
#include <utility>

namespace gr::ntnpos::kernel {

namespace {

// Every two complex numbers of a and b that follow on each other, apart.
template <size_t width, size_t... i>
NTNPOS_INLINE void separate(const typename lanes<width>::vector& a,
                            const typename lanes<width>::vector& b,
                            typename lanes<width>::vector& even,
                            typename lanes<width>::vector& odd,
                            std::index_sequence<i...>)
{
    using vector = typename lanes<width>::vector;
    using pairs = typename lane_types<width>::pairs; // moved as they are
    even = (vector)__builtin_shufflevector((pairs)a, (pairs)b, (2 * i)...);
    odd = (vector)__builtin_shufflevector((pairs)a, (pairs)b, (2 * i + 1)...);
}

// The outputs i .. i + width - 1, in two vectors.
template <size_t width>
NTNPOS_INLINE void put(const typename lanes<width>::vector& a,
                       const typename lanes<width>::vector& b,
                       int i,
                       const destination& to)
{
    using lane = lanes<width>;
    if (to.odd) {
        typename lane::vector even, odd;
        separate<width>(a, b, even, odd, std::make_index_sequence<width / 2>());
        lane::at(to.even + i) = even;
        lane::at(to.odd + i) = odd;
    } else {
        lane::at(to.even + 2 * i) = a;
        lane::at(to.even + 2 * i + width) = b;
    }
}

// Real or imaginary part of output i.
NTNPOS_INLINE float& place(int i, int part, const destination& to)
{
    if (to.odd)
        return (i % 2 ? to.odd : to.even)[i / 2 * 2 + part];
    return to.even[2 * i + part];
}

// A complex sample as it is moved: one element, whatever else reads it.
typedef uint64_t __attribute__((may_alias)) element;

NTNPOS_MULTIVERSION
void take_apart(const element* in,
                int pairs,
                element* __restrict even,
                element* __restrict odd)
{
    for (int i = 0; i < pairs; ++i) {
        even[i] = in[2 * i];
        odd[i] = in[2 * i + 1];
    }
}

constexpr int held_taps = 6; // in registers, at most

// 0.5 even + sum_t taps[t] (odd[+t] + odd[-1 - t])
template <size_t width, int held>
NTNPOS_INLINE void filter_vector(const float* even,
                                 const float* odd,
                                 const typename lanes<width>::vector* held_tap,
                                 const float* taps,
                                 int pairs,
                                 typename lanes<width>::vector& sum)
{
    using lane = lanes<width>;
    using vector = typename lane::vector;
    sum = 0.5f * lane::at(even);
    lane::template for_each<held>([&](auto i) __attribute__((always_inline)) {
        constexpr int t = decltype(i)::value;
        const vector both = lane::at(odd + 2 * t) + lane::at(odd - 2 * (t + 1));
        lane::multiply_add(held_tap[t], both, sum);
    });
    if constexpr (held == held_taps)
        for (int t = held; t < pairs; ++t) {
            const vector both = lane::at(odd + 2 * t) + lane::at(odd - 2 * (t + 1));
            vector tap;
            lane::fill(taps + t, tap);
            lane::multiply_add(tap, both, sum);
        }
}

template <size_t width, int held>
NTNPOS_INLINE void filter_pairs(const float* even,
                                const float* odd,
                                const float* taps,
                                int pairs,
                                int count,
                                const destination& to)
{
    using lane = lanes<width>;
    using vector = typename lane::vector;
    vector tap[held];
    for (int t = 0; t < held; ++t)
        lane::fill(taps + t, tap[t]);
    constexpr int outputs = width;
    int i = 0;
    for (; i + outputs <= count; i += outputs) {
        vector a, b;
        const float *e = even + 2 * i, *o = odd + 2 * i;
        filter_vector<width, held>(e, o, tap, taps, pairs, a);
        filter_vector<width, held>(e + width, o + width, tap, taps, pairs, b);
        put<width>(a, b, i, to);
    }
    for (; i < count; ++i)
        for (int part = 0; part < 2; ++part) {
            const int k = 2 * i + part;
            float sum = 0.5f * even[k];
            for (int t = 0; t < pairs; ++t)
                sum = fused_multiply_add<width>(
                    taps[t], odd[k + 2 * t] + odd[k - 2 * (t + 1)], sum);
            place(i, part, to) = sum;
        }
}

template <size_t width>
NTNPOS_INLINE void filter_body(const float* even,
                               const float* odd,
                               const float* taps,
                               int pairs,
                               int count,
                               const destination& to)
{
    switch (pairs) {
    case 1:
        return filter_pairs<width, 1>(even, odd, taps, pairs, count, to);
    case 2:
        return filter_pairs<width, 2>(even, odd, taps, pairs, count, to);
    case 3:
        return filter_pairs<width, 3>(even, odd, taps, pairs, count, to);
    case 4:
        return filter_pairs<width, 4>(even, odd, taps, pairs, count, to);
    case 5:
        return filter_pairs<width, 5>(even, odd, taps, pairs, count, to);
    }
    filter_pairs<width, held_taps>(even, odd, taps, pairs, count, to);
}


// The means are (1 + z)^3 (1 + z^2)^3, which is twice the same: of each two samples one,
// by the weights 1, 3, 3, 1.
constexpr float third_weight = 3.0f;
constexpr float means_scale = 0.015625f;

// Elements from the second of a on, and the first of b.
template <size_t width, size_t... i>
NTNPOS_INLINE void next_elements(const typename lanes<width>::vector& a,
                                 const typename lanes<width>::vector& b,
                                 typename lanes<width>::vector& next,
                                 std::index_sequence<i...>)
{
    using pairs = typename lane_types<width>::pairs; // moved as they are
    next = (typename lanes<width>::vector)__builtin_shufflevector(
        (pairs)a, (pairs)b, (i + 1)...);
}

// y[n] = x[2 n] + 3 x[2 n + 1] + 3 x[2 n + 2] + x[2 n + 3], as what the first two and the
// last two of them give: the latter belong to the y before.
template <size_t width>
struct halves {
    using lane = lanes<width>;
    using vector = typename lane::vector;
    vector first, last;

    // Of two vectors of x.
    NTNPOS_INLINE void add_up(const vector& a, const vector& b)
    {
        vector even, odd;
        separate<width>(a, b, even, odd, std::make_index_sequence<width / 2>());
        vector three;
        lane::fill(&third_weight, three);
        first = even;
        lane::multiply_add(three, odd, first);
        last = odd;
        lane::multiply_add(three, even, last);
    }
    // y, given what comes after.
    NTNPOS_INLINE void join(const halves& next, vector& y) const
    {
        vector after;
        next_elements<width>(
            last, next.last, after, std::make_index_sequence<width / 2>());
        y = first + after;
    }
};

// What the means of four make of x from one output on.
template <size_t width>
NTNPOS_INLINE void one_mean(const float* x, float* out)
{
    float y[4][2];
    for (int n = 0; n < 4; ++n)
        for (int part = 0; part < 2; ++part) {
            const float* const from = x + 4 * n + part;
            y[n][part] = fused_multiply_add<width>(third_weight, from[2], from[0]) +
                         fused_multiply_add<width>(third_weight, from[4], from[6]);
        }
    for (int part = 0; part < 2; ++part)
        out[part] = means_scale *
                    (fused_multiply_add<width>(third_weight, y[1][part], y[0][part]) +
                     fused_multiply_add<width>(third_weight, y[2][part], y[3][part]));
}

// A vector of outputs is ready when the next one's inputs have been looked at.
template <size_t width>
NTNPOS_INLINE void means_body(const float* x, int count, const destination& to)
{
    using lane = lanes<width>;
    using vector = typename lane::vector;
    constexpr int outputs = width / 2; // of a vector
    vector scale;
    lane::fill(&means_scale, scale);
    halves<width> near, far, next_near, next_far, sum, next_sum;
    const auto begin = [&](int i, halves<width>& a, halves<width>& b)
        __attribute__((always_inline))
    {
        const float* const from = x + 8 * i;
        const vector v0 = lane::at(from), v1 = lane::at(from + width);
        const vector v2 = lane::at(from + 2 * width), v3 = lane::at(from + 3 * width);
        a.add_up(v0, v1);
        b.add_up(v2, v3);
    };
    // Takes in the inputs of the outputs from i on: `of` becomes what gives those before
    // i.
    const auto step = [&](int i, halves<width>& of) __attribute__((always_inline))
    {
        begin(i, next_near, next_far);
        vector a, b;
        near.join(far, a);
        far.join(next_near, b);
        of.add_up(a, b);
        near = next_near;
        far = next_far;
    };
    begin(0, near, far);
    step(outputs, sum);
    int i = 0;
    const int whole = to.odd ? count : count - 2 * outputs + 1;
    for (; i < whole; i += 2 * outputs) {
        vector a, b;
        step(i + 2 * outputs, next_sum);
        sum.join(next_sum, a);
        step(i + 3 * outputs, sum);
        next_sum.join(sum, b);
        put<width>(scale * a, scale * b, i, to);
    }
    for (; i < count; ++i) {
        float out[2];
        one_mean<width>(x + 8 * i, out);
        for (int part = 0; part < 2; ++part)
            place(i, part, to) = out[part];
    }
}

} // namespace

void move_to(const float* in, int count, const destination& to)
{
    if (to.odd)
        take_apart(reinterpret_cast<const element*>(in),
                   count / 2,
                   reinterpret_cast<element*>(to.even),
                   reinterpret_cast<element*>(to.odd));
    else
        std::copy_n(in, 2 * count, to.even);
}

NTNPOS_VERSIONS((const float* even,
                 const float* odd,
                 const float* taps,
                 int pairs,
                 int count,
                 const destination& to),
                (even, odd, taps, pairs, count, to),
                half_band_filter,
                filter_body)
NTNPOS_VERSIONS((const float* x, int count, const destination& to),
                (x, count, to),
                thrice_means_of_four,
                means_body)

} // namespace gr::ntnpos::kernel
