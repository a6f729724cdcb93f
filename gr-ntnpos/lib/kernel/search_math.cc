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

// Energy of every energy_step samples that follow on each other.
NTNPOS_MULTIVERSION
void step_energies(const float* x, int steps, double* __restrict sums)
{
    for (int i = 0; i < steps; ++i) {
        const float* const from = x + 2 * energy_step * i;
        float sum = 0.0f;
        for (int k = 0; k < 2 * energy_step; ++k)
            sum += from[k] * from[k];
        sums[i] = sum;
    }
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
    if (n == 1)
        return -std::log(p);
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

void energy_weights(const std::complex<float>* x,
                    int size,
                    int under,
                    double factor,
                    int count,
                    double* sums,
                    float* weights)
{
    const int steps = size / energy_step;
    const int steps_under = (under + energy_step / 2) / energy_step;
    step_energies(as_floats(x), steps, sums);
    double energy = 0.0;
    for (int i = 0; i < std::min(steps_under, steps); ++i)
        energy += sums[i];
    for (int i = 0; i * energy_step < count; ++i) {
        const auto below = static_cast<float>(energy);
        std::fill_n(weights + i * energy_step,
                    std::min(energy_step, count - i * energy_step),
                    below > 0.0f ? static_cast<float>(factor) / below : 0.0f);
        energy += (i + steps_under < steps ? sums[i + steps_under] : 0.0) - sums[i];
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
