/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "integers.h"
#include "multiversion.h"
#include "narrow_fft.h"
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
    const float plus = unknown_factor(1.0f), minus = unknown_factor(-1.0f);
    for (int i = 0; i < count; ++i) {
        const float re = x[2 * i] * y[2 * i] + (x[2 * i + 1] * y[2 * i + 1]) * minus;
        const float im = x[2 * i] * y[2 * i + 1] + (x[2 * i + 1] * y[2 * i]) * plus;
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

comb_transform::comb_transform(int fft_size, int step, int first, int last)
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
    const auto low = static_cast<int>(floor_div(first, step));
    const auto bins = static_cast<int>(floor_div(last, step)) - low + 1;
    if (last >= first && narrow_fft::short_size(size, bins) > 0)
        d_narrow = std::make_unique<narrow_fft>(size, low, bins);
}

comb_transform::~comb_transform() = default;
comb_transform::comb_transform(comb_transform&&) noexcept = default;
comb_transform& comb_transform::operator=(comb_transform&&) noexcept = default;

int64_t comb_transform::bin_of(const comb_values& comb, int origin) const
{
    return floor_div(comb.first - origin, d_step);
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

bool comb_transform::execute_narrow(const std::vector<comb_values>& combs,
                                    int origin,
                                    std::complex<float> factor)
{
    if (!d_narrow)
        return false;
    for (const auto& comb : combs) {
        const int span = (comb.count - 1) * (comb.spacing / d_step) + 1;
        if (comb.count < 1 || !d_narrow->holds(bin_of(comb, origin), span))
            return false;
    }
    // What is written over need not be cleared.
    const auto& front = combs.front();
    const bool alone = combs.size() == 1 && front.spacing == d_step;
    const auto bin = static_cast<int>(bin_of(front, origin));
    if (alone)
        d_narrow->clear_outside(bin, front.count);
    else
        d_narrow->clear_outside(0, 0);
    for (const auto& comb : combs) {
        scale(comb.values, factor, comb.count, d_scaled.data());
        d_narrow->fill(d_scaled.data(),
                       comb.count,
                       static_cast<int>(bin_of(comb, origin)),
                       comb.spacing / d_step,
                       &comb != &front);
    }
    d_narrow->execute();
    return true;
}

void comb_transform::execute_wide(const std::vector<comb_values>& combs,
                                  int origin,
                                  std::complex<float> factor)
{
    const int size = d_fft.size();
    const auto wrapped = [&](const comb_values& comb) {
        return static_cast<int>(floor_mod(bin_of(comb, origin), size));
    };
    // The transform leaves its input alone: only what was filled before is not zero.
    clear();
    for (const auto& comb : combs)
        fill(comb, wrapped(comb), factor, &comb != &combs.front());
    d_filled_first = 0;
    d_filled_count = size;
    if (combs.size() == 1 && combs.front().count > 0) {
        const auto& comb = combs.front();
        d_filled_first = wrapped(comb);
        d_filled_count = (comb.count - 1) * (comb.spacing / d_step) + 1;
    }
    d_fft.execute();
}

void comb_transform::execute(const std::vector<comb_values>& combs,
                             int origin,
                             std::complex<float> factor,
                             std::complex<float>* out)
{
    const int size = d_fft.size();
    const std::complex<float>* y = d_fft.result();
    if (execute_narrow(combs, origin, factor))
        y = d_narrow->result();
    else
        execute_wide(combs, origin, factor);

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
