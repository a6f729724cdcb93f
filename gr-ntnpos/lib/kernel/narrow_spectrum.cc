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

// The four outputs of a butterfly, without twiddles.
template <size_t width>
struct butterfly {
    using vector = typename lanes<width>::vector;
    vector re[4], im[4];

    NTNPOS_INLINE butterfly(const float* xr, const float* xi, int apart)
    {
        using lane = lanes<width>;
        const vector ar = lane::at(xr), ai = lane::at(xi);
        const vector br = lane::at(xr + apart), bi = lane::at(xi + apart);
        const vector cr = lane::at(xr + 2 * apart), ci = lane::at(xi + 2 * apart);
        const vector dr = lane::at(xr + 3 * apart), di = lane::at(xi + 3 * apart);
        const vector sum_re = ar + cr, sum_im = ai + ci;
        const vector off_re = ar - cr, off_im = ai - ci;
        const vector odd_re = br + dr, odd_im = bi + di;
        const vector turned_re = bi - di, turned_im = dr - br; // -j (b - d)
        re[0] = sum_re + odd_re;
        im[0] = sum_im + odd_im;
        re[1] = off_re + turned_re;
        im[1] = off_im + turned_im;
        re[2] = sum_re - odd_re;
        im[2] = sum_im - odd_im;
        re[3] = off_re - turned_re;
        im[3] = off_im - turned_im;
    }
};

// One pass of Stockham's transform in butterflies of four: of `size` points left, each
// of `numbers` that lie together. Three twiddles for each butterfly, none for its first
// output.
template <size_t width>
NTNPOS_INLINE void four_body(const float* xr,
                             const float* xi,
                             int size,
                             int numbers,
                             const float* wr,
                             const float* wi,
                             float* yr,
                             float* yi)
{
    using lane = lanes<width>;
    using vector = typename lane::vector;
    const int quarter = size / 4;
    const int in = quarter * numbers;
    for (int p = 0; p < quarter; ++p, wr += 3, wi += 3) {
        vector w_re[3], w_im[3];
        for (int i = 0; i < 3; ++i) {
            lane::fill(wr + i, w_re[i]);
            lane::fill(wi + i, w_im[i]);
        }
        for (int n = 0; n < numbers; n += width, xr += width, xi += width) {
            const butterfly<width> made(xr, xi, in);
            float* const to_re = yr + 4 * p * numbers + n;
            float* const to_im = yi + 4 * p * numbers + n;
            lane::at(to_re) = made.re[0];
            lane::at(to_im) = made.im[0];
            for (int i = 1; i < 4; ++i) {
                const vector re = made.re[i], im = made.im[i];
                vector real = re * w_re[i - 1], imaginary = re * w_im[i - 1];
                lane::multiply_subtract(im, w_im[i - 1], real);
                lane::multiply_add(im, w_re[i - 1], imaginary);
                lane::at(to_re + i * numbers) = real;
                lane::at(to_im + i * numbers) = imaginary;
            }
        }
    }
}
NTNPOS_VERSIONS((const float* xr,
                 const float* xi,
                 int size,
                 int numbers,
                 const float* wr,
                 const float* wi,
                 float* yr,
                 float* yi),
                (xr, xi, size, numbers, wr, wi, yr, yi),
                four_pass,
                four_body)

// The last pass, of four points left, and of its outputs as many as are wanted.
template <size_t width>
NTNPOS_INLINE void
last_body(const float* xr, const float* xi, int numbers, int wanted, float* yr, float* yi)
{
    using lane = lanes<width>;
    for (int n = 0; n < numbers; n += width) {
        const butterfly<width> made(xr + n, xi + n, numbers);
        for (int i = 0; i < 4; ++i)
            if (i * numbers + n < wanted) {
                lane::at(yr + i * numbers + n) = made.re[i];
                lane::at(yi + i * numbers + n) = made.im[i];
            }
    }
}
NTNPOS_VERSIONS(
    (const float* xr, const float* xi, int numbers, int wanted, float* yr, float* yi),
    (xr, xi, numbers, wanted, yr, yi),
    last_four_pass,
    last_body)

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

NTNPOS_MULTIVERSION
void two_pass(const float* __restrict x, int width, float* __restrict y)
{
    for (int n = 0; n < width; ++n) {
        y[n] = x[n] + x[n + width];
        y[n + width] = x[n] - x[n + width];
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

int narrow_spectrum::short_size(int points, int count)
{
    int size = 4;
    while (size < count)
        size *= 2;
    return points % (size * lot) == 0 ? size : 0;
}

narrow_spectrum::narrow_spectrum(int fft_size, int parts, int count)
    : d_points(fft_size / parts),
      d_parts(parts),
      d_count(count),
      d_short(short_size(d_points, count))
{
    if (d_short == 0 || fft_size % parts != 0)
        throw std::invalid_argument("narrow_spectrum: bins do not allow a split");
    d_parallel = d_points / d_short;
    for (int size = d_short; size > 4; size /= 4)
        for (int p = 0; p < size / 4; ++p)
            for (int i = 1; i < 4; ++i) {
                const auto w = std::polar(1.0, -2.0 * M_PI * (i * p % size) / size);
                d_twiddle_re.push_back(static_cast<float>(w.real()));
                d_twiddle_im.push_back(static_cast<float>(w.imag()));
            }
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
    for (auto* v : { &d_re[0], &d_re[1], &d_im[0], &d_im[1] })
        v->resize(d_points);
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
         d_re[0].data(),
         d_im[0].data());
    float *re = d_re[0].data(), *im = d_im[0].data();
    float *to_re = d_re[1].data(), *to_im = d_im[1].data();
    const auto exchange = [&] {
        std::swap(re, to_re);
        std::swap(im, to_im);
    };
    int size = d_short, width = d_parallel, twiddle = 0;
    for (; size > 4; size /= 4, width *= 4) {
        four_pass(re,
                  im,
                  size,
                  width,
                  d_twiddle_re.data() + twiddle,
                  d_twiddle_im.data() + twiddle,
                  to_re,
                  to_im);
        twiddle += 3 * (size / 4);
        exchange();
    }
    if (size == 4) {
        last_four_pass(re, im, width, d_count * d_parallel, to_re, to_im);
        exchange();
    } else {
        two_pass(re, width, to_re);
        two_pass(im, width, to_im);
        exchange();
    }
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
        exchange();
        add_neighbours(re, d_count * left / 2, to_re);
        add_neighbours(im, d_count * left / 2, to_im);
    }
    for (int q = 0; q < d_count; ++q)
        d_bins[q] = { to_re[q], to_im[q] };
    return d_bins.data();
}

} // namespace gr::ntnpos::kernel
