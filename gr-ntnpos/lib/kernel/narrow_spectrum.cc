/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lanes.h"
#include "multiversion.h"
#include "narrow_spectrum.h"
#include "turn_table.h"
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace gr::ntnpos::kernel {

namespace {

// Transforms side by side: whole vectors of the widest registers.
constexpr int lot = 16;

// Every second number of a and b, from the first on and from the second on.
template <size_t width, size_t... i>
NTNPOS_INLINE void separate(const typename lanes<width>::vector& a,
                            const typename lanes<width>::vector& b,
                            typename lanes<width>::vector& even,
                            typename lanes<width>::vector& odd,
                            std::index_sequence<i...>)
{
    even = __builtin_shufflevector(a, b, (2 * i)...);
    odd = __builtin_shufflevector(a, b, (2 * i + 1)...);
}

// a = sum_p re[p] x_p, b = sum_p im[p] x_p over the parts, `distance` floats apart; then
// out = a + j b, real and imaginary parts apart.
template <size_t width, int parts>
NTNPOS_INLINE void fold_vector(const float* x,
                               int distance,
                               const typename lanes<width>::vector* re,
                               const typename lanes<width>::vector* im,
                               float* out_re,
                               float* out_im)
{
    using lane = lanes<width>;
    using vector = typename lane::vector;
    vector a[2], b[2];
    for (int half = 0; half < 2; ++half) {
        const float* const from = x + half * width;
        a[half] = re[0] * lane::at(from);
        b[half] = im[0] * lane::at(from);
        for (int p = 1; p < parts; ++p) {
            const vector there = lane::at(from + p * distance);
            lane::multiply_add(re[p], there, a[half]);
            lane::multiply_add(im[p], there, b[half]);
        }
    }
    const auto all = std::make_index_sequence<width>();
    vector a_re, a_im, b_re, b_im;
    separate<width>(a[0], a[1], a_re, a_im, all);
    separate<width>(b[0], b[1], b_re, b_im, all);
    lane::at(out_re) = a_re - b_im;
    lane::at(out_im) = a_im + b_re;
}

// Turns: one for each row, then the same for the next part.
struct fold_turns {
    const float *re, *im;
    int distance; // from one part to the next
};

template <size_t width, int parts>
NTNPOS_INLINE void fold_rows(const float* x,
                             int rows,
                             int parallel,
                             const fold_turns& turns,
                             float* out_re,
                             float* out_im)
{
    using lane = lanes<width>;
    const int distance = 2 * rows * parallel;
    for (int i = 0; i < rows; ++i) {
        typename lane::vector re[parts], im[parts];
        for (int p = 0; p < parts; ++p) {
            lane::fill(turns.re + p * turns.distance + i, re[p]);
            lane::fill(turns.im + p * turns.distance + i, im[p]);
        }
        const int end = (i + 1) * parallel;
        for (int at = i * parallel; at < end; at += width)
            fold_vector<width, parts>(
                x + 2 * at, distance, re, im, out_re + at, out_im + at);
    }
}

// The sum of the parts of the samples, turned by what all of a row have in common.
template <size_t width>
NTNPOS_INLINE void fold_body(const float* x,
                             int rows,
                             int parallel,
                             int parts,
                             const fold_turns& turns,
                             float* re,
                             float* im)
{
    switch (parts) {
    case 1:
        return fold_rows<width, 1>(x, rows, parallel, turns, re, im);
    case 2:
        return fold_rows<width, 2>(x, rows, parallel, turns, re, im);
    case 4:
        return fold_rows<width, 4>(x, rows, parallel, turns, re, im);
    case 6:
        return fold_rows<width, 6>(x, rows, parallel, turns, re, im);
    case 12:
        return fold_rows<width, 12>(x, rows, parallel, turns, re, im);
    }
}
NTNPOS_VERSIONS((const float* x,
                 int rows,
                 int parallel,
                 int parts,
                 const fold_turns& turns,
                 float* re,
                 float* im),
                (x, rows, parallel, parts, turns, re, im),
                fold,
                fold_body)

// out = x (re + j im)
NTNPOS_MULTIVERSION
void turn_all(const float* xr,
              const float* xi,
              float re,
              float im,
              int count,
              float* __restrict out_re,
              float* __restrict out_im)
{
    for (int n = 0; n < count; ++n) {
        out_re[n] = xr[n] * re - xi[n] * im;
        out_im[n] = xr[n] * im + xi[n] * re;
    }
}

// x times fine times turn, the rows of each bin in lots added.
NTNPOS_MULTIVERSION
void turn_bins(const float* xr,
               const float* xi,
               int count,
               int parallel,
               const float* fine_re,
               const float* fine_im,
               const float* turn_re,
               const float* turn_im,
               float* __restrict out_re,
               float* __restrict out_im)
{
    for (int q = 0; q < count; ++q)
        for (int t = 0; t < parallel; t += lot) {
            const int at = q * parallel + t;
            for (int n = 0; n < lot; ++n) {
                const float gr =
                    xr[at + n] * fine_re[t + n] - xi[at + n] * fine_im[t + n];
                const float gi =
                    xr[at + n] * fine_im[t + n] + xi[at + n] * fine_re[t + n];
                const float sr = gr * turn_re[at + n] - gi * turn_im[at + n];
                const float si = gr * turn_im[at + n] + gi * turn_re[at + n];
                out_re[q * lot + n] = t > 0 ? out_re[q * lot + n] + sr : sr;
                out_im[q * lot + n] = t > 0 ? out_im[q * lot + n] + si : si;
            }
        }
}

NTNPOS_MULTIVERSION
void add_neighbours(const float* __restrict x, int sums, float* __restrict out)
{
    for (int i = 0; i < sums; ++i)
        out[i] = x[2 * i] + x[2 * i + 1];
}

} // namespace

narrow_spectrum::narrow_spectrum(int fft_size, int parts, int count)
    : d_points(fft_size / parts),
      d_parts(parts),
      d_count(count),
      d_short(short_size(d_points, count)),
      d_parallel(d_short > 0 ? d_points / d_short : 0),
      d_fft(d_short, d_parallel)
{
    if (fft_size % parts != 0)
        throw std::invalid_argument("narrow_spectrum: bins do not allow a split");
    for (int q = 0; q < count; ++q)
        for (int t = 0; t < d_parallel; ++t) {
            const auto w = std::polar(1.0, -2.0 * M_PI * (q * t % d_points) / d_points);
            d_turn_re.push_back(static_cast<float>(w.real()));
            d_turn_im.push_back(static_cast<float>(w.imag()));
        }
    const int room = (d_short + turns_at_once - 1) / turns_at_once * turns_at_once;
    for (auto* v : { &d_row_re, &d_row_im })
        v->resize(parts * room);
    for (auto* v : { &d_fine_re, &d_fine_im })
        v->resize(d_parallel);
    d_bins.resize(count);
}

const std::complex<float>*
narrow_spectrum::analyse(const std::complex<float>* x, double cycles, double step)
{
    float corner_re[turns_at_once], corner_im[turns_at_once];
    turns(0.0, step * d_points, d_parts, corner_re, corner_im);
    const int room = static_cast<int>(d_row_re.size()) / d_parts;
    turns(cycles, step * d_parallel, d_short, d_row_re.data(), d_row_im.data());
    for (int p = 1; p < d_parts; ++p)
        turn_all(d_row_re.data(),
                 d_row_im.data(),
                 corner_re[p],
                 corner_im[p],
                 room,
                 d_row_re.data() + p * room,
                 d_row_im.data() + p * room);
    turns(0.0, step, d_parallel, d_fine_re.data(), d_fine_im.data());
    fold(reinterpret_cast<const float*>(x),
         d_short,
         d_parallel,
         d_parts,
         { d_row_re.data(), d_row_im.data(), room },
         d_fft.re(),
         d_fft.im());
    d_fft.forward(d_count * d_parallel);
    float *re = d_fft.result_re(), *im = d_fft.result_im();
    float *to_re = d_fft.spare_re(), *to_im = d_fft.spare_im();
    turn_bins(re,
              im,
              d_count,
              d_parallel,
              d_fine_re.data(),
              d_fine_im.data(),
              d_turn_re.data(),
              d_turn_im.data(),
              to_re,
              to_im);
    for (int left = lot; left > 1; left /= 2) {
        std::swap(re, to_re);
        std::swap(im, to_im);
        add_neighbours(re, d_count * left / 2, to_re);
        add_neighbours(im, d_count * left / 2, to_im);
    }
    for (int q = 0; q < d_count; ++q)
        d_bins[q] = { to_re[q], to_im[q] };
    return d_bins.data();
}

} // namespace gr::ntnpos::kernel
