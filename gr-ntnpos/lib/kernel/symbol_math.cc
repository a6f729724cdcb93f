/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multiversion.h"
#include "symbol_math.h"
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

constexpr int lanes = 16; // floats that are summed side by side

// sums[k] += parts of x times re + j im times the fine turn, of `stretch` samples.
NTNPOS_MULTIVERSION
void add_turned_stretch(const float* x,
                        float re,
                        float im,
                        const float* fine_re,
                        const float* fine_im,
                        float* sums_re,
                        float* sums_im)
{
    for (int first = 0; first < turn_table::stretch; first += lanes)
        for (int i = 0; i < lanes; ++i) {
            const int m = first + i;
            const float tr = re * fine_re[m] - im * fine_im[m];
            const float ti = re * fine_im[m] + im * fine_re[m];
            sums_re[i] += x[2 * m] * tr - x[2 * m + 1] * ti;
            sums_im[i] += x[2 * m] * ti + x[2 * m + 1] * tr;
        }
}

constexpr size_t abreast = 8; // values that are turned side by side

// re, im [i][k] += v[k] turn[k]^i. From one to the next each value turns by the same
// angle; 100 of them lose 1e-14.
NTNPOS_MULTIVERSION
void turn_abreast(const double* v_re,
                  const double* v_im,
                  const double* turn_re,
                  const double* turn_im,
                  size_t count,
                  double* __restrict re,
                  double* __restrict im)
{
    double a[abreast], b[abreast];
    std::copy_n(v_re, abreast, a);
    std::copy_n(v_im, abreast, b);
    for (size_t i = 0; i < count; ++i)
        for (size_t k = 0; k < abreast; ++k) {
            re[i * abreast + k] += a[k];
            im[i * abreast + k] += b[k];
            const double next = a[k] * turn_re[k] - b[k] * turn_im[k];
            b[k] = a[k] * turn_im[k] + b[k] * turn_re[k];
            a[k] = next;
        }
}

NTNPOS_MULTIVERSION
void turn_floats(
    float* x, float re, float im, const float* fine_re, const float* fine_im, int count)
{
    for (int m = 0; m < count; ++m) {
        const float tr = re * fine_re[m] - im * fine_im[m];
        const float ti = re * fine_im[m] + im * fine_re[m];
        const float xr = x[2 * m] * tr - x[2 * m + 1] * ti;
        const float xi = x[2 * m] * ti + x[2 * m + 1] * tr;
        x[2 * m] = xr;
        x[2 * m + 1] = xi;
    }
}

NTNPOS_MULTIVERSION
void add_turn_floats(float re,
                     float im,
                     const float* __restrict fine_re,
                     const float* __restrict fine_im,
                     int count,
                     float* __restrict x)
{
    for (int m = 0; m < count; ++m) {
        const float tr = re * fine_re[m] - im * fine_im[m];
        const float ti = re * fine_im[m] + im * fine_re[m];
        x[2 * m] += tr;
        x[2 * m + 1] += ti;
    }
}

NTNPOS_MULTIVERSION
void add_weighted_floats(const float* x,
                         float re,
                         float im,
                         int floats,
                         float* __restrict a,
                         float* __restrict b)
{
    for (int k = 0; k < floats; ++k) {
        a[k] += re * x[k];
        b[k] += im * x[k];
    }
}

} // namespace

void add_weighted(const float* x, float re, float im, int floats, float* a, float* b)
{
    add_weighted_floats(x, re, im, floats, a, b);
}

void spread(const float* a, const float* b, int count, int step, std::complex<float>* out)
{
    for (int m = 0; m < count; ++m)
        out[m * step] = { a[2 * m] - b[2 * m + 1], a[2 * m + 1] + b[2 * m] };
}

std::complex<double>
turned_sum(const std::complex<float>* x, const turn_table& turns, int count)
{
    constexpr int stretch = turn_table::stretch;
    alignas(64) float re[lanes] = {}, im[lanes] = {};
    const auto* values = reinterpret_cast<const float*>(x);
    int m = 0;
    for (; m + stretch <= count; m += stretch) {
        const auto c = turns.coarse(m / stretch);
        add_turned_stretch(
            values + 2 * m, c.real(), c.imag(), turns.fine_re(), turns.fine_im(), re, im);
    }
    std::complex<double> sum = 0.0;
    for (int i = 0; i < lanes; ++i)
        sum += std::complex<double>(re[i], im[i]);
    for (; m < count; ++m) {
        const std::complex<double> v(x[m]), t(turns.at(m));
        sum += v * t;
    }
    return sum;
}

void turn_in_place(std::complex<float>* x, const turn_table& turns, int count)
{
    constexpr int stretch = turn_table::stretch;
    for (int m = 0; m < count; m += stretch) {
        const auto c = turns.coarse(m / stretch);
        turn_floats(reinterpret_cast<float*>(x + m),
                    c.real(),
                    c.imag(),
                    turns.fine_re(),
                    turns.fine_im(),
                    std::min(stretch, count - m));
    }
}

void add_turns(const turn_table& turns,
               std::complex<float> gain,
               int count,
               std::complex<float>* x)
{
    constexpr int stretch = turn_table::stretch;
    for (int m = 0; m < count; m += stretch) {
        const auto c = gain * turns.coarse(m / stretch);
        add_turn_floats(c.real(),
                        c.imag(),
                        turns.fine_re(),
                        turns.fine_im(),
                        std::min(stretch, count - m),
                        reinterpret_cast<float*>(x + m));
    }
}

void add_group_powers(const std::vector<std::complex<double>>& x,
                      const std::vector<double>& times,
                      size_t begin,
                      size_t end,
                      double first,
                      double step,
                      std::vector<double>& powers)
{
    const size_t count = powers.size();
    std::vector<double> re(count * abreast, 0.0), im(count * abreast, 0.0);
    for (size_t l = begin; l < end; l += abreast) {
        double turn_re[abreast] = {}, turn_im[abreast] = {};
        double v_re[abreast] = {}, v_im[abreast] = {};
        for (size_t k = 0; k < std::min(abreast, end - l); ++k) {
            const double t = times[l + k];
            const auto turn = std::polar(1.0, -2.0 * M_PI * step * t);
            const auto v = x[l + k] * std::polar(1.0, -2.0 * M_PI * first * t);
            turn_re[k] = turn.real();
            turn_im[k] = turn.imag();
            v_re[k] = v.real();
            v_im[k] = v.imag();
        }
        turn_abreast(v_re, v_im, turn_re, turn_im, count, re.data(), im.data());
    }
    for (size_t i = 0; i < count; ++i) {
        double sum_re = 0.0, sum_im = 0.0;
        for (size_t k = 0; k < abreast; ++k) {
            sum_re += re[i * abreast + k];
            sum_im += im[i * abreast + k];
        }
        powers[i] += sum_re * sum_re + sum_im * sum_im;
    }
}

} // namespace gr::ntnpos::kernel
