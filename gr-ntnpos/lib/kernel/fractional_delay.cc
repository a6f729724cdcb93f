/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fractional_delay.h"
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

// p sinc(p x)
double band_integral(double p, double x)
{
    return std::abs(x) < 1e-9 ? p : std::sin(M_PI * p * x) / (M_PI * x);
}

} // namespace

fractional_delay::fractional_delay(size_t taps, double passband)
    : d_taps(taps), d_rows((phases + 1) * stride())
{
    // Cholesky factor of the normal equations' matrix, the same for every mu; its
    // eigenvalues reach down to about 1e-7.
    double factor[max_taps][max_taps] = {};
    for (size_t i = 0; i < taps; ++i)
        for (size_t j = 0; j <= i; ++j) {
            double sum =
                band_integral(passband, static_cast<double>(i) - static_cast<double>(j));
            for (size_t k = 0; k < j; ++k)
                sum -= factor[i][k] * factor[j][k];
            factor[i][j] = i == j ? std::sqrt(sum) : sum / factor[j][j];
        }
    for (size_t phase = 0; phase <= phases; ++phase) {
        const double mu = static_cast<double>(phase) / phases;
        double h[max_taps];
        for (size_t i = 0; i < taps; ++i) {
            h[i] = band_integral(
                passband, static_cast<double>(i) - static_cast<double>(before()) - mu);
            for (size_t k = 0; k < i; ++k)
                h[i] -= factor[i][k] * h[k];
            h[i] /= factor[i][i];
        }
        for (size_t i = taps; i-- > 0;) {
            for (size_t k = i + 1; k < taps; ++k)
                h[i] -= factor[k][i] * h[k];
            h[i] /= factor[i][i];
        }
        for (size_t i = 0; i < taps; ++i)
            d_rows[phase * stride() + i] = static_cast<float>(h[i]);
    }
}

const fractional_delay& fractional_delay::for_band(double occupied_band)
{
    static const fractional_delay narrow(8, 0.5125);
    static const fractional_delay medium(12, 0.663);
    static const fractional_delay wide(16, 0.7485);
    static const fractional_delay widest(20, 0.81);
    return occupied_band <= 0.5    ? narrow
           : occupied_band <= 0.65 ? medium
           : occupied_band <= 0.74 ? wide
                                   : widest;
}

} // namespace gr::ntnpos::kernel
