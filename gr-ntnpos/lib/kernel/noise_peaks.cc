/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/noise_peaks.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

double noise_peak_probability(double level, int parts, double delays, double dopplers)
{
    if (!(level > 0.0))
        return 1.0;
    // u^(n-1) exp(-u) / (n-1)!: density of the sum of n exponentials
    const double log_density =
        (parts - 1) * std::log(level) - level - std::lgamma(static_cast<double>(parts));
    const double density = std::exp(log_density);
    // Its tail: density (1 + (n-1)/u + (n-1)(n-2)/u^2 + ...).
    double term = 1.0, tail = 0.0;
    for (int i = parts - 1; i >= 0; --i) {
        tail += term;
        term *= i / level;
    }
    const double edges = std::sqrt(M_PI * level / 3.0);
    const double area = M_PI / 6.0 * std::max(2.0 * (level - parts) + 1.0, 0.0);
    const double peaks =
        density * (tail + (delays + dopplers) * edges + delays * dopplers * area);
    return -std::expm1(-peaks);
}

double noise_peak_level(double probability, int parts, double delays, double dopplers)
{
    // The formula is one of high levels; below the mean of the sum it says nothing.
    double low = parts, high = 1e3 + 10.0 * parts;
    for (int round = 0; round < 60; ++round) {
        const double level = 0.5 * (low + high);
        (noise_peak_probability(level, parts, delays, dopplers) > probability ? low
                                                                              : high) =
            level;
    }
    return high;
}

} // namespace gr::ntnpos::kernel
