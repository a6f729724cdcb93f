/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decimator.h"
#include "lanes.h"
#include "turn_table.h"
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace gr::ntnpos::kernel {

namespace {

using cfloat = std::complex<float>;
constexpr int tile = 512; // outputs: their input stays in the nearest cache

float* as_floats(cfloat* x) { return reinterpret_cast<float*>(x); }
const float* as_floats(const cfloat* x) { return reinterpret_cast<const float*>(x); }

// Modified Bessel function of order 0.
double bessel(double x)
{
    double sum = 1.0, term = 1.0;
    for (int k = 1; term > 1e-12 * sum; ++k) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

// Odd taps of a half-band filter by the Kaiser window: 2 pairs - 1 samples to either
// side.
std::vector<float> half_band(int pairs, double beta)
{
    std::vector<double> taps;
    double sum = 0.0;
    for (int i = 0; i < pairs; ++i) {
        const int n = 2 * i + 1;
        const double place = static_cast<double>(n) / (2 * pairs);
        const double window = bessel(beta * std::sqrt(1.0 - place * place));
        taps.push_back((i % 2 ? -1.0 : 1.0) / n * window);
        sum += taps.back();
    }
    // Half of the gain at 0 Hz is the middle tap's.
    std::vector<float> out;
    for (const double t : taps)
        out.push_back(static_cast<float>(0.25 * t / sum));
    return out;
}

// Largest gain from 0.5 - edge to 0.5 cycles a sample.
double stop_gain(const std::vector<float>& taps, double edge)
{
    double worst = 0.0;
    for (int i = 0; i <= 64; ++i) {
        const double f = 0.5 - edge * i / 64.0;
        double gain = 0.5;
        for (size_t t = 0; t < taps.size(); ++t)
            gain += 2.0 * taps[t] * std::cos(2.0 * M_PI * f * (2.0 * t + 1.0));
        worst = std::max(worst, std::abs(gain));
    }
    return worst;
}

const double most_gain = std::pow(10.0, -decimator::rejection_db / 20.0);

std::vector<float> shortest_half_band(double edge)
{
    for (int pairs = 1; pairs < 100; ++pairs)
        for (double beta = 0.0; beta <= 8.0; beta += 0.5) {
            auto taps = half_band(pairs, beta);
            if (stop_gain(taps, edge) < most_gain)
                return taps;
        }
    throw std::invalid_argument("decimator: edge must be below 0.45");
}

// A complex sample as it is moved: one element, whatever else reads it.
typedef uint64_t __attribute__((may_alias)) element;

// Samples of even and of odd index apart.
NTNPOS_MULTIVERSION
void part(const element* in, int pairs, element* __restrict even, element* __restrict odd)
{
    for (int i = 0; i < pairs; ++i) {
        even[i] = in[2 * i];
        odd[i] = in[2 * i + 1];
    }
}

template <int pairs>
[[gnu::always_inline]] inline void filter_pairs(const float* even,
                                                const float* odd,
                                                const float* taps,
                                                int floats,
                                                float* __restrict out)
{
    float tap[pairs];
    std::copy_n(taps, pairs, tap);
    for (int k = 0; k < floats; ++k) {
        float sum = 0.5f * even[k];
        for (int t = 0; t < pairs; ++t)
            sum += tap[t] * (odd[k + 2 * t] + odd[k - 2 * (t + 1)]);
        out[k] = sum;
    }
}

// out = 0.5 even + sum_t taps[t] (odd[+t] + odd[-1 - t]), over floats. What it calls is
// inlined always: by itself it would be compiled for the oldest processor.
NTNPOS_MULTIVERSION
void filter(const float* even,
            const float* odd,
            const float* taps,
            int pairs,
            int floats,
            float* out)
{
    switch (pairs) {
    case 1:
        return filter_pairs<1>(even, odd, taps, floats, out);
    case 2:
        return filter_pairs<2>(even, odd, taps, floats, out);
    case 3:
        return filter_pairs<3>(even, odd, taps, floats, out);
    case 4:
        return filter_pairs<4>(even, odd, taps, floats, out);
    case 5:
        return filter_pairs<5>(even, odd, taps, floats, out);
    case 6:
        return filter_pairs<6>(even, odd, taps, floats, out);
    }
    filter_pairs<6>(even, odd, taps, floats, out);
    for (int t = 6; t < pairs; ++t)
        for (int k = 0; k < floats; ++k)
            out[k] += taps[t] * (odd[k + 2 * t] + odd[k - 2 * (t + 1)]);
}

// Three moving means of four samples, one after the other: what lies near the multiples
// of a quarter of the rate folds onto zero, and there they have threefold zeros. Twice
// for the real and the imaginary part, and all again, as far as the widest registers go.
constexpr int row_floats = 8; // four samples make one
constexpr int weight_floats = 2 * row_floats;
constexpr float once = 0.015625f;
#define NTNPOS_TWICE(a, b, c, d) \
    a *once, a *once, b *once, b *once, c *once, c *once, d *once, d *once
#define NTNPOS_ROWS(a, b, c, d) NTNPOS_TWICE(a, b, c, d), NTNPOS_TWICE(a, b, c, d)
alignas(64) constexpr float mean_weights[3][weight_floats] = {
    { NTNPOS_ROWS(1, 3, 6, 10) },
    { NTNPOS_ROWS(12, 12, 10, 6) },
    { NTNPOS_ROWS(3, 1, 0, 0) },
};
#undef NTNPOS_ROWS
#undef NTNPOS_TWICE

// Every two complex numbers of a and b that follow on each other, added.
template <size_t width, size_t... i>
NTNPOS_INLINE void add_neighbours(const typename lanes<width>::vector& a,
                                  const typename lanes<width>::vector& b,
                                  typename lanes<width>::vector& sums,
                                  std::index_sequence<i...>)
{
    using vector = typename lanes<width>::vector;
    using pairs = typename lane_types<width>::pairs; // moved as they are
    const pairs even = __builtin_shufflevector((pairs)a, (pairs)b, (2 * i)...);
    const pairs odd = __builtin_shufflevector((pairs)a, (pairs)b, (2 * i + 1)...);
    sums = (vector)even + (vector)odd;
}

// Rows of four samples in x, the first one before the first output. The four weighted
// ones of an output are added as (0 + 1) + (2 + 3) in every version.
template <size_t width>
NTNPOS_INLINE void means_body(const float* x, int count, float* out)
{
    using lane = lanes<width>;
    using vector = typename lane::vector;
    constexpr int outputs = width / 2;
    const auto neighbours = std::make_index_sequence<width / 2>();
    int i = 0;
    for (; i + outputs <= count; i += outputs) {
        const float* const from = x + i * row_floats;
        vector weighted[4];
        for (int v = 0; v < 4; ++v) {
            const float* const rows = from + v * width;
            const int w = v * width % weight_floats;
            weighted[v] = lane::at(mean_weights[0] + w) * lane::at(rows) +
                          lane::at(mean_weights[1] + w) * lane::at(rows + row_floats) +
                          lane::at(mean_weights[2] + w) * lane::at(rows + 2 * row_floats);
        }
        vector first, second, sums;
        add_neighbours<width>(weighted[0], weighted[1], first, neighbours);
        add_neighbours<width>(weighted[2], weighted[3], second, neighbours);
        add_neighbours<width>(first, second, sums, neighbours);
        lane::at(out + 2 * i) = sums;
    }
    for (; i < count; ++i)
        for (int part = 0; part < 2; ++part) {
            float weighted[4];
            for (int k = 0; k < 4; ++k) {
                const float* const rows = x + i * row_floats + 2 * k + part;
                weighted[k] = mean_weights[0][2 * k] * rows[0] +
                              mean_weights[1][2 * k] * rows[row_floats] +
                              mean_weights[2][2 * k] * rows[2 * row_floats];
            }
            out[2 * i + part] = (weighted[0] + weighted[1]) + (weighted[2] + weighted[3]);
        }
}
NTNPOS_VERSIONS((const float* x, int count, float* out),
                (x, count, out),
                thrice_means_of_four,
                means_body)

// Its largest gain from f - edge to f + edge, f a quarter and half of the rate.
double means_stop_gain(double edge)
{
    double worst = 0.0;
    for (const double f : { 0.25 - edge, 0.25 + edge, 0.5 - edge }) {
        const double mean = std::sin(4.0 * M_PI * f) / (4.0 * std::sin(M_PI * f));
        worst = std::max(worst, std::abs(mean * mean * mean));
    }
    return worst;
}

NTNPOS_MULTIVERSION
void turn_all(
    float* x, float re, float im, const float* fine_re, const float* fine_im, int count)
{
    for (int n = 0; n < count; ++n) {
        const float tr = re * fine_re[n] - im * fine_im[n];
        const float ti = re * fine_im[n] + im * fine_re[n];
        const float xr = x[2 * n] * tr - x[2 * n + 1] * ti;
        const float xi = x[2 * n] * ti + x[2 * n + 1] * tr;
        x[2 * n] = xr;
        x[2 * n + 1] = xi;
    }
}

} // namespace

decimator::decimator(int factor, double edge)
{
    if (factor < 1 || (factor & (factor - 1)) || !(edge > 0.0 && edge < 0.45))
        throw std::invalid_argument(
            "decimator: factor must be a power of two, edge in (0, 0.45)");
    int left = factor;
    if (factor >= 4 && means_stop_gain(edge / factor) < most_gain) {
        d_means = true;
        left /= 4;
    }
    for (; left > 1; left /= 2)
        d_stages.push_back({ shortest_half_band(edge / left), {}, 0 });
    int longest = 0;
    for (const auto& s : d_stages)
        longest = std::max(longest, 2 * static_cast<int>(s.taps.size()));
    d_tile.resize(std::max(2 * (tile + longest), 4 * (tile / 2 + 2)));
    for (auto& part : d_parts)
        part.resize(tile + longest);
}

void decimator::turn(cfloat* x, int count, double cycles, double step)
{
    constexpr int piece = 4096;
    for (int n = 0; n < count; n += piece) {
        const int here = std::min(piece, count - n);
        d_table.set(cycles + step * n, step, here);
        for (int k = 0; k < here; k += turn_table::stretch) {
            const auto c = d_table.coarse(k / turn_table::stretch);
            turn_all(as_floats(x + n + k),
                     c.real(),
                     c.imag(),
                     d_table.fine_re(),
                     d_table.fine_im(),
                     std::min(turn_table::stretch, here - k));
        }
    }
}

void decimator::copy(const sample_view& samples, int64_t first, int count, cfloat* out)
{
    const int64_t from =
        std::clamp(samples.first - first, int64_t{ 0 }, int64_t{ count });
    const int64_t to = std::clamp(samples.end() - first, from, int64_t{ count });
    std::fill(out, out + from, cfloat(0.0f));
    std::copy_n(samples.data + (first + from - samples.first), to - from, out + from);
    std::fill(out + to, out + count, cfloat(0.0f));
}

// `needed` samples from `at` on, turned before the filters if that is wanted.
const cfloat* decimator::input(
    const sample_view& samples, int64_t at, int needed, int64_t first, double step)
{
    if (step == 0.0 && samples.holds(at, at + needed))
        return samples.data + (at - samples.first);
    copy(samples, at, needed, d_tile.data());
    if (step != 0.0)
        turn(d_tile.data(), needed, step * static_cast<double>(at - first), step);
    return d_tile.data();
}

void decimator::run(const sample_view& samples,
                    int64_t first,
                    int count,
                    double step,
                    bool before,
                    cfloat* out)
{
    // From the last stage back: what each has to be given, and where that begins.
    int needed = count;
    int64_t begin = first;
    for (size_t k = d_stages.size(); k-- > 0;) {
        stage& s = d_stages[k];
        const int pairs = static_cast<int>(s.taps.size());
        needed = 2 * (needed + 2 * pairs);
        begin -= static_cast<int64_t>(2 * pairs) << (d_means ? k + 2 : k);
        s.count = needed;
        if ((k > 0 || d_means) && s.input.size() < static_cast<size_t>(needed))
            s.input.resize(needed);
    }
    const double step_before = before ? step : 0.0;
    const auto parts = [&](int i) { return as_floats(d_parts[i].data()); };
    const auto elements = [&](int i) {
        return reinterpret_cast<element*>(d_parts[i].data());
    };
    if (d_means) {
        cfloat* const to = d_stages.empty() ? out : d_stages[0].input.data();
        for (int q = 0; q < needed; q += tile / 2) {
            const int here = std::min(tile / 2, needed - q);
            const int rows = here + 2;
            const auto* in =
                input(samples, begin + 4 * (q - 1), 4 * rows, first, step_before);
            thrice_means_of_four(as_floats(in), here, as_floats(to + q));
        }
    }
    for (size_t k = 0; k < d_stages.size(); ++k) {
        const stage& s = d_stages[k];
        const bool last = k + 1 == d_stages.size();
        const int pairs = static_cast<int>(s.taps.size());
        const int made = last ? count : d_stages[k + 1].count;
        cfloat* const to = last ? out : d_stages[k + 1].input.data();
        for (int q = 0; q < made; q += tile) {
            const int here = std::min(tile, made - q);
            const int taken = 2 * (here + 2 * pairs);
            const auto* in =
                k > 0 || d_means
                    ? s.input.data() + 2 * q
                    : input(samples, begin + 2 * q, taken, first, step_before);
            part(reinterpret_cast<const element*>(in),
                 taken / 2,
                 elements(0),
                 elements(1));
            filter(parts(0) + 2 * pairs,
                   parts(1) + 2 * pairs,
                   s.taps.data(),
                   pairs,
                   2 * here,
                   as_floats(to + q));
        }
    }
    if (factor() == 1)
        copy(samples, first, count, out);
    if (factor() == 1 || !before)
        turn(out, count, 0.0, step * factor());
}

} // namespace gr::ntnpos::kernel
