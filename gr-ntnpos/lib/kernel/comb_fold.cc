/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comb_fold.h"
#include "integers.h"
#include "lanes.h"
#include "multiversion.h"
#include <algorithm>
#include <stdexcept>

namespace gr::ntnpos::kernel {

namespace {

constexpr int stretch = turn_table::stretch;
constexpr int most_parts = turns_at_once; // 12, and room
constexpr int whole_vectors = 8;          // complex numbers in the widest register

// What is called by functions of several versions is inlined always: by itself it would
// be compiled for the oldest processor.

const float* as_floats(const std::complex<float>* x)
{
    return reinterpret_cast<const float*>(x);
}
float* as_floats(std::complex<float>* x) { return reinterpret_cast<float*>(x); }

// Weights of one part for each stretch of points: coarse times corner, the imaginary
// part twice, of either sign.
NTNPOS_MULTIVERSION
void weigh(const float* coarse_re,
           const float* coarse_im,
           float corner_re,
           float corner_im,
           int count,
           float* __restrict re,
           float* __restrict im)
{
    for (int n = 0; n < count; ++n) {
        re[n] = coarse_re[n] * corner_re - coarse_im[n] * corner_im;
        const float both = coarse_re[n] * corner_im + coarse_im[n] * corner_re;
        im[2 * n] = both;
        im[2 * n + 1] = -both;
    }
}

// For each part a row of weights, `rows` long; the fine turns for each float: (re, re)
// and (-im, im).
struct fold_weights {
    const float *re, *im, *fine_re, *fine_im;
    int rows;
};

// One vector of the sum of the parts, `distance` floats apart, each times its weight, and
// that times fine.
template <size_t width, int parts>
NTNPOS_INLINE void fold_vector(const float* x,
                               int distance,
                               const typename lanes<width>::vector* re,
                               const typename lanes<width>::vector* im,
                               const float* fine_re,
                               const float* fine_im,
                               float* out)
{
    using lane = lanes<width>;
    using vector = typename lane::vector;
    const vector there = lane::at(x);
    vector a = re[0] * there, b = im[0] * there;
    for (int i = 1; i < parts; ++i) {
        const vector part = lane::at(x + i * distance);
        lane::multiply_add(re[i], part, a);
        lane::multiply_add(im[i], part, b);
    }
    vector turned;
    lane::swap(b, turned); // now the imaginary weights' part times j
    const vector sum = a + turned;
    lane::swap(sum, turned);
    vector result = sum * lane::at(fine_re);
    const vector across = lane::at(fine_im);
    lane::multiply_add(turned, across, result);
    lane::at(out) = result;
}

template <size_t width, int parts>
NTNPOS_INLINE void
fold_parts(const float* x, int points, const fold_weights& weights, float* out)
{
    using lane = lanes<width>;
    for (int row = 0; row < weights.rows; ++row) {
        typename lane::vector re[parts], im[parts];
        for (int i = 0; i < parts; ++i) {
            const int at = i * weights.rows + row;
            lane::fill(weights.re + at, re[i]);
            lane::fill_pairs(weights.im + 2 * at, im[i]);
        }
        const int first = 2 * stretch * row;
        const int floats = std::min(2 * stretch, 2 * points - first);
        for (int k = 0; k < floats; k += width)
            fold_vector<width, parts>(x + first + k,
                                      2 * points,
                                      re,
                                      im,
                                      weights.fine_re + k,
                                      weights.fine_im + k,
                                      out + first + k);
    }
}

// The sum of the parts, each turned by its corner, turned.
template <size_t width>
NTNPOS_INLINE void
fold_body(const float* x, int points, int parts, const fold_weights& weights, float* out)
{
    switch (parts) {
    case 1:
        return fold_parts<width, 1>(x, points, weights, out);
    case 2:
        return fold_parts<width, 2>(x, points, weights, out);
    case 4:
        return fold_parts<width, 4>(x, points, weights, out);
    case 6:
        return fold_parts<width, 6>(x, points, weights, out);
    case 12:
        return fold_parts<width, 12>(x, points, weights, out);
    }
}
NTNPOS_VERSIONS(
    (const float* x, int points, int parts, const fold_weights& weights, float* out),
    (x, points, parts, weights, out),
    fold,
    fold_body)

// z = y / (coarse fine), both of modulus one, and j z.
NTNPOS_MULTIVERSION
void turn_back(const float* y,
               float re,
               float im,
               const float* fine_re,
               const float* fine_im,
               int count,
               float* z,
               float* jz)
{
    for (int n = 0; n < count; ++n) {
        const float tr = re * fine_re[n] - im * fine_im[n];
        const float ti = re * fine_im[n] + im * fine_re[n];
        const float zr = y[2 * n] * tr + y[2 * n + 1] * ti;
        const float zi = y[2 * n + 1] * tr - y[2 * n] * ti;
        z[2 * n] = zr;
        z[2 * n + 1] = zi;
        jz[2 * n] = -zi;
        jz[2 * n + 1] = zr;
    }
}

NTNPOS_MULTIVERSION
void add_turned(
    const float* z, const float* jz, float re, float im, int64_t floats, float* out)
{
    for (int64_t k = 0; k < floats; ++k)
        out[k] += re * z[k] + im * jz[k];
}

int parts_of(int fft_size, int parts)
{
    for (const int possible : { 1, 2, 4, 6, 12 })
        if (parts == possible && fft_size % (parts * whole_vectors) == 0)
            return fft_size / parts;
    throw std::invalid_argument(
        "comb_fold: parts must be 1, 2, 4, 6 or 12, and N a multiple of 8 of them");
}

} // namespace

comb_fold::comb_fold(int fft_size, int parts)
    : d_parts(parts),
      d_forward(
          parts_of(fft_size, parts), fft::direction::forward, fft::placement::separate),
      d_inverse(d_forward.size(), fft::direction::inverse, fft::placement::separate),
      d_rows((d_forward.size() + stretch - 1) / stretch),
      d_weights_re(parts * d_rows),
      d_weights_im(2 * parts * d_rows),
      d_turned(2 * d_forward.size()),
      d_turned_j(2 * d_forward.size())
{
    std::fill_n(bins(), points(), std::complex<float>());
}

void comb_fold::turn(double cycles, double step)
{
    d_cycles = cycles;
    d_step = step;
    d_turns.set(cycles, step, points());
}

const std::complex<float>* comb_fold::analyse(const std::complex<float>* x)
{
    float re[most_parts], im[most_parts];
    turns(0.0, d_step * points(), d_parts, re, im);
    for (int i = 0; i < d_parts; ++i)
        weigh(d_turns.coarse_re(),
              d_turns.coarse_im(),
              re[i],
              im[i],
              d_rows,
              d_weights_re.data() + i * d_rows,
              d_weights_im.data() + 2 * i * d_rows);
    alignas(64) float fine_re[2 * stretch], fine_im[2 * stretch];
    for (int n = 0; n < stretch; ++n) {
        fine_re[2 * n] = fine_re[2 * n + 1] = d_turns.fine_re()[n];
        fine_im[2 * n] = -d_turns.fine_im()[n];
        fine_im[2 * n + 1] = d_turns.fine_im()[n];
    }
    fold(as_floats(x),
         points(),
         d_parts,
         { d_weights_re.data(), d_weights_im.data(), fine_re, fine_im, d_rows },
         as_floats(d_forward.data()));
    d_forward.execute();
    return d_forward.result();
}

void comb_fold::synthesise(int64_t first, int64_t count, std::complex<float>* out)
{
    // Parts from -1 on: always from the same one, for the same bits.
    float corner_re[turns_at_once], corner_im[turns_at_once];
    float far_re[turns_at_once], far_im[turns_at_once];
    const double part_step = -d_step * points();
    turns(-part_step, part_step, turns_at_once, corner_re, corner_im);
    d_inverse.execute();
    for (int n = 0; n < points(); n += stretch) {
        const auto c = d_turns.coarse(n / stretch);
        turn_back(as_floats(d_inverse.result() + n),
                  c.real(),
                  c.imag(),
                  d_turns.fine_re(),
                  d_turns.fine_im(),
                  std::min(stretch, points() - n),
                  d_turned.data() + 2 * n,
                  d_turned_j.data() + 2 * n);
    }
    while (count > 0) {
        const int64_t part = floor_div(first, points());
        const int64_t n = first - part * points();
        const int64_t here = std::min<int64_t>(count, points() - n);
        const bool near = part >= -1 && part < turns_at_once - 1;
        if (!near)
            turns(part_step * part, 0.0, 1, far_re, far_im);
        add_turned(d_turned.data() + 2 * n,
                   d_turned_j.data() + 2 * n,
                   near ? corner_re[part + 1] : far_re[0],
                   near ? corner_im[part + 1] : far_im[0],
                   2 * here,
                   as_floats(out));
        out += here;
        first += here;
        count -= here;
    }
}

} // namespace gr::ntnpos::kernel
