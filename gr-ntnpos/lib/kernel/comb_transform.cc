/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "integers.h"
#include "multiversion.h"
#include <gnuradio/ntnpos/kernel/comb_transform.h>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace gr::ntnpos::kernel {

namespace {

float* as_floats(std::complex<float>* x) { return reinterpret_cast<float*>(x); }
const float* as_floats(const std::complex<float>* x)
{
    return reinterpret_cast<const float*>(x);
}

// exp(j 2 pi numerator / denominator)
std::complex<float> turn(int64_t numerator, int denominator)
{
    return std::complex<float>(
        std::polar(1.0, 2.0 * M_PI * (numerator % denominator) / denominator));
}

// out[i] = x[i] y[i], complex and interleaved. Without the special cases for infinities
// that std::complex would add.
inline void multiply(const float* x, const float* y, int count, float* out)
{
    for (int i = 0; i < count; ++i) {
        const float re = x[2 * i] * y[2 * i] - x[2 * i + 1] * y[2 * i + 1];
        const float im = x[2 * i] * y[2 * i + 1] + x[2 * i + 1] * y[2 * i];
        out[2 * i] = re;
        out[2 * i + 1] = im;
    }
}

// out[i] = x[i] (re + j im). Both parts are sums, which takes compilers fewer shuffles
// than a difference and a sum.
inline void multiply(const float* x, float re, float im, int count, float* out)
{
    const float minus_im = -im;
    for (int i = 0; i < count; ++i) {
        const float first = x[2 * i] * re + x[2 * i + 1] * minus_im;
        const float second = x[2 * i + 1] * re + x[2 * i] * im;
        out[2 * i] = first;
        out[2 * i + 1] = second;
    }
}

NTNPOS_MULTIVERSION
void scale(const std::complex<float>* x,
           std::complex<float> factor,
           int count,
           std::complex<float>* out)
{
    multiply(as_floats(x), factor.real(), factor.imag(), count, as_floats(out));
}

// out[n + i count] = corners[i] turns[n] y[n] for i < step, a tile that stays in the
// cache at a time. From part `own` on each is the one `own` before it, times sign.
NTNPOS_MULTIVERSION
void turn_and_copy(const float* y,
                   const float* turns,
                   int count,
                   const std::complex<float>* corners,
                   int step,
                   int own,
                   float sign,
                   float* out)
{
    constexpr int tile = 256;
    for (int n = 0; n < count; n += tile) {
        const int here = std::min(tile, count - n);
        float* first = out + 2 * n;
        multiply(y + 2 * n, turns + 2 * n, here, first);
        for (int i = 1; i < own; ++i)
            multiply(
                first, corners[i].real(), corners[i].imag(), here, first + 2 * i * count);
        for (int i = own; i < step; ++i) {
            const float* from = first + 2 * (i - own) * count;
            float* to = first + 2 * i * count;
            for (int k = 0; k < 2 * here; ++k)
                to[k] = sign * from[k];
        }
    }
}

// Every step-th of a circle of `size` bins from `first` on, `count` of them, as its parts
// before and after the end: visit(offset in the sequence, bin, count).
template <typename visitor>
void for_both_parts(int first, int count, int step, int size, const visitor& visit)
{
    const int before_end = std::min(count, (size - first + step - 1) / step);
    visit(0, first, before_end);
    visit(before_end, first + before_end * step - size, count - before_end);
}

} // namespace

comb_transform::comb_transform(int fft_size, int step)
    : d_step(step),
      d_fft(fft_size / step, fft::direction::inverse, fft::placement::separate),
      d_scaled(fft_size / step)
{
    const int size = d_fft.size();
    std::fill_n(d_fft.data(), size, std::complex<float>());
    for (int residue = 0; residue < step; ++residue) {
        for (int n = 0; n < size; ++n)
            d_turns.push_back(turn(int64_t{ residue } * n, fft_size));
        for (int part = 0; part < step; ++part)
            d_corners.push_back(turn(residue * part, step));
    }
}

void comb_transform::clear()
{
    for_both_parts(d_filled_first,
                   d_filled_count,
                   1,
                   d_fft.size(),
                   [data = d_fft.data()](int, int bin, int count) {
                       float* from = as_floats(data + bin); // as floats: one memset
                       std::fill(from, from + 2 * count, 0.0f);
                   });
}

void comb_transform::fill(const comb_values& comb,
                          int bin,
                          std::complex<float> factor,
                          bool add)
{
    const int step = comb.spacing / d_step;
    const bool contiguous = step == 1 && !add;
    std::complex<float>* data = d_fft.data();
    std::complex<float>* scaled = d_scaled.data();
    if (!contiguous)
        scale(comb.values, factor, comb.count, scaled);
    for_both_parts(bin, comb.count, step, d_fft.size(), [=](int i, int to, int count) {
        if (contiguous)
            scale(comb.values + i, factor, count, data + to);
        else if (add)
            for (int k = 0; k < count; ++k)
                data[to + k * step] += scaled[i + k];
        else
            for (int k = 0; k < count; ++k)
                data[to + k * step] = scaled[i + k];
    });
}

void comb_transform::execute(const std::vector<comb_values>& combs,
                             int origin,
                             std::complex<float> factor,
                             std::complex<float>* out)
{
    const int size = d_fft.size();
    const auto bin_of = [this, origin, size](const comb_values& comb) {
        return static_cast<int>(floor_mod(floor_div(comb.first - origin, d_step), size));
    };
    // The transform leaves its input alone: only what was filled before is not zero.
    clear();
    for (const auto& comb : combs)
        fill(comb, bin_of(comb), factor, &comb != &combs.front());
    d_filled_first = 0;
    d_filled_count = size;
    if (combs.size() == 1 && combs.front().count > 0) {
        const auto& comb = combs.front();
        d_filled_first = bin_of(comb);
        d_filled_count = (comb.count - 1) * (comb.spacing / d_step) + 1;
    }
    d_fft.execute();

    const std::complex<float>* y = d_fft.result();
    const auto residue =
        static_cast<int>(floor_mod(combs.front().first - origin, d_step));
    if (residue == 0) {
        for (int part = 0; part < d_step; ++part)
            std::copy_n(y, size, out + part * size);
        return;
    }
    // exp(j 2 pi r i / g) repeats after the period, and changes its sign after half of
    // it.
    const int period = d_step / std::gcd(residue, d_step);
    const bool halves = period % 2 == 0;
    turn_and_copy(as_floats(y),
                  as_floats(&d_turns[residue * size]),
                  size,
                  &d_corners[residue * d_step],
                  d_step,
                  halves ? period / 2 : period,
                  halves ? -1.0f : 1.0f,
                  as_floats(out));
}

} // namespace gr::ntnpos::kernel
