/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multiversion.h"
#include "search_math.h"
#include <algorithm>
#include <cmath>
#include <cstring>

namespace gr::ntnpos::kernel {

namespace {

const float* as_floats(const std::complex<float>* x)
{
    return reinterpret_cast<const float*>(x);
}

NTNPOS_MULTIVERSION
void multiply_conjugate_floats(const float* x, const float* y, int count, float* out)
{
    const float plus = unknown_factor(1.0f), minus = unknown_factor(-1.0f);
    for (int i = 0; i < count; ++i) {
        const float re = x[2 * i] * y[2 * i] + (x[2 * i + 1] * y[2 * i + 1]) * plus;
        const float im = x[2 * i + 1] * y[2 * i] + (x[2 * i] * y[2 * i + 1]) * minus;
        out[2 * i] = re;
        out[2 * i + 1] = im;
    }
}

[[gnu::always_inline]] inline float cell(const float* x, const float* weights, int i)
{
    const float y = weights[i] * (x[2 * i] * x[2 * i] + x[2 * i + 1] * x[2 * i + 1]);
    return y * (1.0f + y * (0.5f + y * (1.0f / 3.0f)));
}

NTNPOS_MULTIVERSION
void add_cells_of(
    const float* x, const float* weights, int count, bool fresh, float* __restrict out)
{
    if (fresh)
        for (int i = 0; i < count; ++i)
            out[i] = cell(x, weights, i);
    else
        for (int i = 0; i < count; ++i)
            out[i] += cell(x, weights, i);
}

NTNPOS_MULTIVERSION
void powers(const float* x, int count, float* out)
{
    for (int i = 0; i < count; ++i)
        out[i] = x[2 * i] * x[2 * i] + x[2 * i + 1] * x[2 * i + 1];
}

NTNPOS_MULTIVERSION
void raise(double* x, int count, double by)
{
    for (int i = 0; i < count; ++i)
        x[i] += by;
}

// As numbers of positive sign are ordered as their bits, maxima of integers vectorise.
NTNPOS_MULTIVERSION
int32_t largest_bits(const int32_t* bits, int64_t count)
{
    int32_t best = 0;
    for (int64_t i = 0; i < count; ++i)
        best = bits[i] > best ? bits[i] : best;
    return best;
}

} // namespace

int fast_size(double least)
{
    for (int power = 8;; power *= 2)
        for (const int eighths : { 8, 9, 10, 12, 15 })
            if (power * eighths >= least)
                return power * eighths;
}

double gamma_threshold(int n, double p)
{
    // P(sum of n exponentials > t) = sum_{i<n} t^i / i! exp(-t)
    double low = 0.0, high = 100.0 + 10.0 * n;
    for (int round = 0; round < 60; ++round) {
        const double t = 0.5 * (low + high);
        double term = std::exp(-t), tail = 0.0;
        for (int i = 0; i < n; ++i) {
            tail += term;
            term *= t / (i + 1);
        }
        (tail > p ? low : high) = t;
    }
    return high;
}

double vertex(double left, double middle, double right)
{
    const double curvature = left - 2.0 * middle + right;
    return curvature < 0.0 ? std::clamp(0.5 * (left - right) / curvature, -0.5, 0.5)
                           : 0.0;
}

void multiply_conjugate(const std::complex<float>* a,
                        const std::complex<float>* b,
                        int count,
                        std::complex<float>* out)
{
    multiply_conjugate_floats(
        as_floats(a), as_floats(b), count, reinterpret_cast<float*>(out));
}

void running_energy(const std::complex<float>* x, int count, double* sums)
{
    // Four stretches side by side: one sum would wait for each of its additions.
    constexpr int ways = 4, piece = 64;
    const int length = count / ways;
    alignas(64) float power[ways][piece];
    double sum[ways] = {};
    for (int at = 0; at < length; at += piece) {
        const int here = std::min(piece, length - at);
        for (int w = 0; w < ways; ++w)
            powers(as_floats(x + w * length + at), here, power[w]);
        for (int i = 0; i < here; ++i)
            for (int w = 0; w < ways; ++w) {
                sums[w * length + at + i] = sum[w];
                sum[w] += power[w][i];
            }
    }
    double before = sum[0];
    for (int w = 1; w < ways; ++w) {
        raise(sums + w * length, length, before);
        before += sum[w];
    }
    for (int i = ways * length; i < count; ++i) {
        float last;
        powers(as_floats(x + i), 1, &last);
        sums[i] = before;
        before += last;
    }
    sums[count] = before;
}

NTNPOS_MULTIVERSION
void energy_weights(
    const double* sums, int under, double factor, int count, float* weights)
{
    const auto f = static_cast<float>(factor);
    for (int i = 0; i < count; ++i) {
        const auto below = static_cast<float>(sums[i + under] - sums[i]);
        weights[i] = below > 0.0f ? f / below : 0.0f;
    }
}

void add_cells(
    const std::complex<float>* x, const float* weights, int count, bool fresh, float* out)
{
    add_cells_of(as_floats(x), weights, count, fresh, out);
}

int64_t largest_index(const float* values, int64_t count)
{
    static_assert(sizeof(float) == sizeof(int32_t));
    constexpr int64_t piece = 4096;
    int32_t best = -1;
    int64_t where = 0;
    alignas(64) int32_t bits[piece];
    for (int64_t at = 0; at < count; at += piece) {
        const int64_t here = std::min(piece, count - at);
        std::memcpy(bits, values + at, here * sizeof(float));
        const int32_t largest = largest_bits(bits, here);
        if (largest > best) {
            best = largest;
            where = at + (std::find(bits, bits + here, largest) - bits);
        }
    }
    return where;
}

} // namespace gr::ntnpos::kernel
