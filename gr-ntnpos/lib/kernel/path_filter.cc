/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "filter_sums.h"
#include "multiversion.h"
#include "path_filter.h"
#include "vector_math.h"

namespace gr::ntnpos::kernel {

namespace {

constexpr size_t group = path_chunk::group;
constexpr size_t part = path_chunk::part;
constexpr size_t longest_row = 32; // floats of a bank's row, at most

struct group_source {
    const float* taps;
    const float* input;
    const float* part_cos; // of the group's first part
    const float* part_sin;
    const float* slope_cos;
    const float* slope_sin;
    float* out;
};

// How many samples after the first of its part a sample is, twice each.
alignas(64) constexpr float ramp[2 * part] = { 0,  0,  1,  1,  2,  2,  3,  3,  4,  4,  5,
                                               5,  6,  6,  7,  7,  8,  8,  9,  9,  10, 10,
                                               11, 11, 12, 12, 13, 13, 14, 14, 15, 15 };

// The turns within a part: in registers where there are enough.
template <size_t width>
struct part_turns {
    using lane = lanes<width>;
    using vector = typename lane::vector;
    static constexpr size_t vectors = 2 * part / width;
    static constexpr bool held = width == 16;
    const float* cosines;
    const float* sines;
    vector cosine[held ? vectors : 1];
    vector sine[held ? vectors : 1];

    NTNPOS_INLINE void load(const float* c, const float* s)
    {
        cosines = c;
        sines = s;
        if constexpr (held)
            lane::template for_each<vectors>([&](auto i) __attribute__((always_inline)) {
                cosine[i] = lane::at(c + i * width);
                sine[i] = lane::at(s + i * width);
            });
    }
    // to = y exp(j turn) for the i-th vector of a part.
    template <size_t i>
    NTNPOS_INLINE void turn(const vector& y, vector& to) const
    {
        vector swapped;
        lane::swap(y, swapped);
        if constexpr (held) {
            to = y * cosine[i];
            lane::multiply_add(sine[i], swapped, to);
        } else {
            to = y * lane::at(cosines + i * width);
            lane::multiply_add(lane::at(sines + i * width), swapped, to);
        }
    }
};

// The vectors first, first + 1, ... of a group.
template <size_t width, size_t taps, bool changing, size_t first, size_t count>
NTNPOS_INLINE void filter_vectors(const group_source& s, const part_turns<width>& turns)
{
    using lane = lanes<width>;
    using vector = typename lane::vector;
    constexpr size_t of_part = part_turns<width>::vectors;
    filter_sums<width, taps, count> sums;
    sums.add_up(s.taps, s.input + first * width);
    vector cosine, sine, start_cos, start_sin, slope_cos, slope_sin;
    lane::template for_each<count>([&](auto p) __attribute__((always_inline)) {
        constexpr size_t at = first + decltype(p)::value;
        constexpr bool fresh = at % of_part == 0 || decltype(p)::value == 0;
        if constexpr (fresh) {
            lane::fill(s.part_cos + at / of_part, start_cos);
            lane::fill_pairs(s.part_sin + 2 * (at / of_part), start_sin);
        }
        if constexpr (fresh && changing) {
            lane::fill(s.slope_cos + at / of_part, slope_cos);
            lane::fill_pairs(s.slope_sin + 2 * (at / of_part), slope_sin);
        }
        if constexpr (fresh || changing) {
            cosine = start_cos;
            sine = start_sin;
        }
        if constexpr (changing) {
            const vector samples = lane::at(ramp + at % of_part * width);
            lane::multiply_add(slope_cos, samples, cosine);
            lane::multiply_add(slope_sin, samples, sine);
        }
        vector turned, swapped;
        turns.template turn<at % of_part>(sums.sum[p], turned);
        vector to = lane::at(s.out + at * width);
        lane::multiply_add(cosine, turned, to);
        lane::swap(turned, swapped);
        lane::multiply_add(sine, swapped, to);
        lane::at(s.out + at * width) = to;
    });
}

template <size_t width, size_t taps, bool changing>
NTNPOS_INLINE void filter_group(const group_source& s, const part_turns<width>& turns)
{
    // Four vectors at a time: with two chains each they fit the registers.
    constexpr size_t run = 4;
    lanes<width>::template for_each<2 * group / width / run>([&](
        auto i) __attribute__((always_inline)) {
        filter_vectors<width, taps, changing, run* decltype(i)::value, run>(s, turns);
    });
}

// Taps between two rows of the bank.
template <size_t width, size_t taps>
NTNPOS_INLINE void
mix_rows(const float* near, const float* next, float weight, float* mixed)
{
    using lane = lanes<width>;
    for (size_t k = 0; k < taps; k += width)
        lane::at(mixed + k) =
            lane::at(near + k) + weight * (lane::at(next + k) - lane::at(near + k));
}

template <size_t width, size_t taps, bool changing>
NTNPOS_INLINE void filter_groups(const path_chunk& chunk,
                                 const float* rows,
                                 size_t stride,
                                 size_t begin,
                                 size_t end,
                                 const float* input,
                                 int64_t origin,
                                 float* out)
{
    // The next group's taps are made before this one is filtered, so that none waits for
    // its taps.
    alignas(64) float mixed[2][longest_row];
    const auto mix = [&](size_t g) __attribute__((always_inline))
    {
        const float* near = rows + static_cast<size_t>(chunk.row[g]) * stride;
        mix_rows<width, taps>(near, near + stride, chunk.weight[g], mixed[g % 2]);
    };
    mix(begin);
    constexpr size_t groups_of_span = path_chunk::span / group;
    for (size_t g = begin; g < end;) {
        const size_t span = g / groups_of_span;
        const size_t until =
            (span + 1) * groups_of_span < end ? (span + 1) * groups_of_span : end;
        part_turns<width> turns;
        turns.load(chunk.turn_cos + 2 * part * span, chunk.turn_sin + 2 * part * span);
        for (; g < until; ++g) {
            mix(g + 1 < end ? g + 1 : g);
            constexpr size_t parts = group / part;
            filter_group<width, taps, changing>({ mixed[g % 2],
                                                  input + 2 * (origin + chunk.whole[g]),
                                                  chunk.part_cos + g * parts,
                                                  chunk.part_sin + 2 * g * parts,
                                                  chunk.slope_cos + g * parts,
                                                  chunk.slope_sin + 2 * g * parts,
                                                  out + 2 * group * (g - begin) },
                                                turns);
        }
    }
}

template <size_t width, bool changing>
NTNPOS_INLINE void filter_taps(const path_chunk& chunk,
                               size_t taps,
                               const float* rows,
                               size_t stride,
                               size_t begin,
                               size_t end,
                               const float* input,
                               int64_t origin,
                               float* out)
{
    if (taps == 8)
        filter_groups<width, 8, changing>(
            chunk, rows, stride, begin, end, input, origin, out);
    else if (taps == 12)
        filter_groups<width, 12, changing>(
            chunk, rows, stride, begin, end, input, origin, out);
    else if (taps == 16)
        filter_groups<width, 16, changing>(
            chunk, rows, stride, begin, end, input, origin, out);
    else
        filter_groups<width, 20, changing>(
            chunk, rows, stride, begin, end, input, origin, out);
}

template <size_t width>
NTNPOS_INLINE void filter_any(const path_chunk& chunk,
                              size_t taps,
                              const float* rows,
                              size_t stride,
                              size_t begin,
                              size_t end,
                              const float* input,
                              int64_t origin,
                              float* out)
{
    if (chunk.changing)
        filter_taps<width, true>(
            chunk, taps, rows, stride, begin, end, input, origin, out);
    else
        filter_taps<width, false>(
            chunk, taps, rows, stride, begin, end, input, origin, out);
}

// Coefficient of the highest power of path_polynomial.
NTNPOS_INLINE double leading(const double* steps, size_t order)
{
    return order > 0 ? steps[order - 1] : 0.0;
}

NTNPOS_VERSIONS((const path_chunk& chunk,
                 size_t taps,
                 const float* rows,
                 size_t stride,
                 size_t begin,
                 size_t end,
                 const float* input,
                 int64_t origin,
                 float* out),
                (chunk, taps, rows, stride, begin, end, input, origin, out),
                filter_for,
                filter_any)

} // namespace

NTNPOS_MULTIVERSION
void plan_path(const path_motion& m, path_chunk& chunk)
{
    constexpr size_t parts = path_chunk::parts;
    constexpr size_t spans = path_chunk::spans;

    // Whole parts and one beyond, whose phase ends the last span.
    constexpr size_t padded = parts + 8;
    double at[padded];
    double cycles[padded];
    for (size_t i = 0; i < padded; ++i) {
        at[i] = static_cast<double>(static_cast<int>(i * part));
        cycles[i] = leading(m.cycle_steps, m.order) * at[i];
    }
    for (size_t k = m.order; k-- > 1;)
        for (size_t i = 0; i < padded; ++i)
            cycles[i] = (cycles[i] + m.cycle_steps[k - 1]) * at[i];

    float sines[parts];
    for (size_t i = 0; i < parts; ++i) {
        float cosine, sine;
        cos_sin_cycles(
            static_cast<float>(cycle_fraction(-(m.cycles + cycles[i]))), cosine, sine);
        chunk.part_cos[i] = m.gain * cosine;
        sines[i] = m.gain * sine;
    }
    for (size_t i = 0; i < parts; ++i) {
        chunk.part_sin[2 * i] = -sines[i];
        chunk.part_sin[2 * i + 1] = sines[i];
    }

    float turns[spans * part];
    for (size_t s = 0; s < spans; ++s) {
        constexpr size_t of = path_chunk::span / part;
        const auto turn = static_cast<float>(
            cycle_fraction((cycles[s * of] - cycles[(s + 1) * of]) / path_chunk::span));
        for (size_t i = 0; i < part; ++i)
            turns[s * part + i] = turn * static_cast<float>(static_cast<int>(i));
    }
    float cosines[spans * part];
    for (size_t i = 0; i < spans * part; ++i) {
        constexpr float shifter = 0x1.8p23f; // as in cycle_fraction
        cos_sin_cycles(turns[i] - ((turns[i] + shifter) - shifter), cosines[i], sines[i]);
    }
    for (size_t i = 0; i < spans * part; ++i) {
        chunk.turn_cos[2 * i] = cosines[i];
        chunk.turn_cos[2 * i + 1] = cosines[i];
        chunk.turn_sin[2 * i] = -sines[i];
        chunk.turn_sin[2 * i + 1] = sines[i];
    }

    double position[path_chunk::groups];
    for (size_t g = 0; g < path_chunk::groups; ++g) {
        const double start = static_cast<double>(static_cast<int>(g * group));
        at[g] = start + 0.5 * static_cast<double>(group - 1);
        position[g] = leading(m.delay_steps, m.order) * at[g];
    }
    for (size_t k = m.order; k-- > 1;)
        for (size_t g = 0; g < path_chunk::groups; ++g)
            position[g] = (position[g] + m.delay_steps[k - 1]) * at[g];
    for (size_t g = 0; g < path_chunk::groups; ++g) {
        const double start = static_cast<double>(static_cast<int>(g * group));
        const double p = (m.position + start) - position[g];
        int32_t whole = static_cast<int32_t>(p);
        whole -= p < static_cast<double>(whole) ? 1 : 0;
        const float mu = static_cast<float>(p - static_cast<double>(whole));
        const float row = mu * static_cast<float>(fractional_delay::phases);
        constexpr auto last = static_cast<int32_t>(fractional_delay::phases) - 1;
        const int32_t near = static_cast<int32_t>(row);
        chunk.whole[g] = whole;
        chunk.row[g] = near < last ? near : last;
        chunk.weight[g] = row - static_cast<float>(chunk.row[g]);
    }
}

NTNPOS_MULTIVERSION
void change_gain(const float* re, const float* im, path_chunk& chunk)
{
    constexpr size_t parts = path_chunk::parts;
    constexpr float of_sample = 1.0f / part;
    float sines[parts];
    for (size_t i = 0; i < parts; ++i)
        sines[i] = chunk.part_sin[2 * i + 1];
    float slopes[parts];
    for (size_t i = 0; i < parts; ++i) {
        const float cosine = chunk.part_cos[i];
        const float sine = sines[i];
        const float dr = (re[i + 1] - re[i]) * of_sample;
        const float di = (im[i + 1] - im[i]) * of_sample;
        chunk.part_cos[i] = cosine * re[i] - sine * im[i];
        sines[i] = cosine * im[i] + sine * re[i];
        chunk.slope_cos[i] = cosine * dr - sine * di;
        slopes[i] = cosine * di + sine * dr;
    }
    for (size_t i = 0; i < parts; ++i) {
        chunk.part_sin[2 * i] = -sines[i];
        chunk.part_sin[2 * i + 1] = sines[i];
        chunk.slope_sin[2 * i] = -slopes[i];
        chunk.slope_sin[2 * i + 1] = slopes[i];
    }
    chunk.changing = true;
}

void filter_path(const path_chunk& chunk,
                 const fractional_delay& bank,
                 size_t begin,
                 size_t end,
                 const float* input,
                 int64_t origin,
                 float* out)
{
    filter_for(
        chunk, bank.taps(), bank.row(0), bank.stride(), begin, end, input, origin, out);
}

} // namespace gr::ntnpos::kernel
