/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comb_fold.h"
#include "integers.h"
#include "multiversion.h"
#include <algorithm>
#include <stdexcept>

namespace gr::ntnpos::kernel {

namespace {

constexpr int stretch = turn_table::stretch;
constexpr int most_parts = turns_at_once; // 12, and room

// What is called by functions of several versions is inlined always: by itself it would
// be compiled for the oldest processor.

const float* as_floats(const std::complex<float>* x)
{
    return reinterpret_cast<const float*>(x);
}
float* as_floats(std::complex<float>* x) { return reinterpret_cast<float*>(x); }

// a = sum_i re[i] x_i, b = sum_i im[i] x_i over the floats of the parts, which are
// `distance` apart: no part is shuffled.
template <int parts>
[[gnu::always_inline]] inline void weigh(const float* x,
                                         int distance,
                                         const float* re,
                                         const float* im,
                                         int floats,
                                         float* a,
                                         float* b)
{
    for (int k = 0; k < floats; ++k) {
        float sum_a = re[0] * x[k], sum_b = im[0] * x[k];
        for (int i = 1; i < parts; ++i) {
            sum_a += re[i] * x[k + i * distance];
            sum_b += im[i] * x[k + i * distance];
        }
        a[k] = sum_a;
        b[k] = sum_b;
    }
}

// out = (a + j b) f, complex; f in two rows.
[[gnu::always_inline]] inline void join(const float* a,
                                        const float* b,
                                        const float* re,
                                        const float* im,
                                        int count,
                                        float* out)
{
    for (int n = 0; n < count; ++n) {
        const float zr = a[2 * n] - b[2 * n + 1];
        const float zi = a[2 * n + 1] + b[2 * n];
        out[2 * n] = zr * re[n] - zi * im[n];
        out[2 * n + 1] = zr * im[n] + zi * re[n];
    }
}

template <int parts>
[[gnu::always_inline]] inline void fold_parts(const float* x,
                                              int points,
                                              const turn_table& turns,
                                              const float* corner_re,
                                              const float* corner_im,
                                              float* out)
{
    alignas(64) float a[2 * stretch], b[2 * stretch];
    for (int n = 0; n < points; n += stretch) {
        float re[parts], im[parts];
        const auto c = turns.coarse(n / stretch);
        for (int i = 0; i < parts; ++i) {
            re[i] = c.real() * corner_re[i] - c.imag() * corner_im[i];
            im[i] = c.real() * corner_im[i] + c.imag() * corner_re[i];
        }
        const int count = std::min(stretch, points - n);
        if (count == stretch) { // the compiler then knows the number
            weigh<parts>(x + 2 * n, 2 * points, re, im, 2 * stretch, a, b);
            join(a, b, turns.fine_re(), turns.fine_im(), stretch, out + 2 * n);
        } else {
            weigh<parts>(x + 2 * n, 2 * points, re, im, 2 * count, a, b);
            join(a, b, turns.fine_re(), turns.fine_im(), count, out + 2 * n);
        }
    }
}

// The sum of the parts, each turned by its corner, turned.
NTNPOS_MULTIVERSION
void fold(const float* x,
          int points,
          int parts,
          const turn_table& turns,
          const float* corner_re,
          const float* corner_im,
          float* out)
{
    switch (parts) {
    case 1:
        return fold_parts<1>(x, points, turns, corner_re, corner_im, out);
    case 2:
        return fold_parts<2>(x, points, turns, corner_re, corner_im, out);
    case 4:
        return fold_parts<4>(x, points, turns, corner_re, corner_im, out);
    case 6:
        return fold_parts<6>(x, points, turns, corner_re, corner_im, out);
    case 12:
        return fold_parts<12>(x, points, turns, corner_re, corner_im, out);
    }
}

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
        if (parts == possible && fft_size % parts == 0)
            return fft_size / parts;
    throw std::invalid_argument("comb_fold: parts must be 1, 2, 4, 6 or 12 and divide N");
}

} // namespace

comb_fold::comb_fold(int fft_size, int parts)
    : d_parts(parts),
      d_forward(
          parts_of(fft_size, parts), fft::direction::forward, fft::placement::separate),
      d_inverse(d_forward.size(), fft::direction::inverse, fft::placement::separate),
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
    fold(as_floats(x), points(), d_parts, d_turns, re, im, as_floats(d_forward.data()));
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
