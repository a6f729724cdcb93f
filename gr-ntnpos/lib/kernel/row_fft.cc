/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lanes.h"
#include "row_fft.h"
#include <cmath>
#include <complex>
#include <stdexcept>
#include <utility>

namespace gr::ntnpos::kernel {

namespace {

// Transforms side by side: whole vectors of the widest registers.
constexpr int lot = 16;

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

NTNPOS_MULTIVERSION
void two_pass(const float* __restrict x, int width, float* __restrict y)
{
    for (int n = 0; n < width; ++n) {
        y[n] = x[n] + x[n + width];
        y[n + width] = x[n] - x[n + width];
    }
}

} // namespace

int row_fft::short_size(int points, int count)
{
    int size = 4;
    while (size < count)
        size *= 2;
    return points % (size * lot) == 0 ? size : 0;
}

row_fft::row_fft(int size, int parallel) : d_size(size), d_parallel(parallel)
{
    if (size < 4 || (size & (size - 1)) != 0 || parallel < lot || parallel % lot != 0)
        throw std::invalid_argument("row_fft: sizes that registers do not hold");
    for (; size > 4; size /= 4)
        for (int p = 0; p < size / 4; ++p)
            for (int i = 1; i < 4; ++i) {
                const auto w = std::polar(1.0, -2.0 * M_PI * (i * p % size) / size);
                d_twiddle_re.push_back(static_cast<float>(w.real()));
                d_twiddle_im.push_back(static_cast<float>(w.imag()));
            }
    // Not multiples of a page apart: loads would wait for stores that only look alike.
    const int stride = d_size * d_parallel + 5 * lot;
    d_numbers.resize(4 * stride);
    for (int i = 0; i < 2; ++i) {
        d_re[i] = d_numbers.data() + 2 * i * stride;
        d_im[i] = d_re[i] + stride;
    }
}

void row_fft::forward(int wanted)
{
    int from = 0, to = 1;
    int size = d_size, width = d_parallel, twiddle = 0;
    for (; size > 4; size /= 4, width *= 4) {
        four_pass(d_re[from],
                  d_im[from],
                  size,
                  width,
                  d_twiddle_re.data() + twiddle,
                  d_twiddle_im.data() + twiddle,
                  d_re[to],
                  d_im[to]);
        twiddle += 3 * (size / 4);
        std::swap(from, to);
    }
    if (size == 4) {
        last_four_pass(d_re[from], d_im[from], width, wanted, d_re[to], d_im[to]);
    } else {
        two_pass(d_re[from], width, d_re[to]);
        two_pass(d_im[from], width, d_im[to]);
    }
    d_result_re = d_re[to];
    d_result_im = d_im[to];
    d_spare_re = d_re[from];
    d_spare_im = d_im[from];
}

} // namespace gr::ntnpos::kernel
