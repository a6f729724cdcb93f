/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fractional_delay.h"
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

constexpr size_t n = fractional_delay::taps;

// passband * sinc(passband * x)
double band_integral(double x)
{
    const double angle = M_PI * fractional_delay::passband * x;
    return std::abs(x) < 1e-9 ? fractional_delay::passband : std::sin(angle) / (M_PI * x);
}

} // namespace

fractional_delay::fractional_delay()
{
    // Cholesky factor of the normal equations' matrix, the same for every mu; its
    // smallest pivot is about 1e-7.
    double factor[n][n] = {};
    for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j <= i; ++j) {
            double sum = band_integral(static_cast<double>(i) - static_cast<double>(j));
            for (size_t k = 0; k < j; ++k)
                sum -= factor[i][k] * factor[j][k];
            factor[i][j] = i == j ? std::sqrt(sum) : sum / factor[j][j];
        }
    for (size_t phase = 0; phase <= phases; ++phase) {
        const double mu = static_cast<double>(phase) / phases;
        double h[n];
        for (size_t i = 0; i < n; ++i) {
            h[i] =
                band_integral(static_cast<double>(i) - static_cast<double>(before) - mu);
            for (size_t k = 0; k < i; ++k)
                h[i] -= factor[i][k] * h[k];
            h[i] /= factor[i][i];
        }
        for (size_t i = n; i-- > 0;) {
            for (size_t k = i + 1; k < n; ++k)
                h[i] -= factor[k][i] * h[k];
            h[i] /= factor[i][i];
        }
        for (size_t i = 0; i < n; ++i)
            d_taps[phase][i] = static_cast<float>(h[i]);
    }
}

const fractional_delay& fractional_delay::bank()
{
    static const fractional_delay the_bank;
    return the_bank;
}

} // namespace gr::ntnpos::kernel
