/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_QA_PATH_SIGNAL_H
#define INCLUDED_NTNPOS_QA_PATH_SIGNAL_H

#include <gnuradio/ntnpos/kernel/first_path.h>
#include <cmath>
#include <random>
#include <vector>

// Channels of paths in noise, from first_path's definition, and the bound of one delay.
namespace qa {

using gr::ntnpos::kernel::first_path_config;
using channel = std::vector<std::complex<float>>;

struct path {
    double delay_s;
    std::complex<double> gain;
};

inline first_path_config config_of(int subcarriers, double scs_hz, int points)
{
    first_path_config c;
    c.subcarriers = subcarriers;
    c.scs_hz = scs_hz;
    c.profile_points = points;
    return c;
}

// The sum in first_path's definition, term by term.
inline channel channel_of(const first_path_config& c,
                          const std::vector<path>& paths,
                          double noise_variance = 0.0,
                          unsigned seed = 1)
{
    std::mt19937_64 rng(seed);
    std::normal_distribution<double> normal(0.0, std::sqrt(noise_variance / 2.0));
    channel h(c.subcarriers);
    for (int k = 0; k < c.subcarriers; ++k) {
        std::complex<double> sum = 0.0;
        for (const auto& p : paths)
            sum += p.gain *
                   std::polar(
                       1.0, -2.0 * M_PI * (k - c.subcarriers / 2) * c.scs_hz * p.delay_s);
        if (noise_variance > 0.0)
            sum += std::complex<double>(normal(rng), normal(rng));
        h[k] = std::complex<float>(sum);
    }
    return h;
}

// sigma = 1 / sqrt(8 pi^2 SNR sum (f - f_m)^2), SNR per subcarrier.
inline double bound_s(const first_path_config& c, double snr)
{
    double mean = 0.0, sum = 0.0;
    for (int k = 0; k < c.subcarriers; ++k)
        mean += k * c.scs_hz / c.subcarriers;
    for (int k = 0; k < c.subcarriers; ++k)
        sum += (k * c.scs_hz - mean) * (k * c.scs_hz - mean);
    return 1.0 / std::sqrt(8.0 * M_PI * M_PI * snr * sum);
}

} // namespace qa

#endif
