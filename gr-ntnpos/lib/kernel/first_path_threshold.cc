/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "first_path_state.h"
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

/*
 * Noise floor, threshold, and the first point of the profile that reaches it before the
 * peak. The threshold is a part of the way from floor to peak, or what noise reaches in
 * the region before the peak with the false-alarm probability. The latter is below a
 * strong path's own sidelobes, so that these are taken out before the main lobe.
 */
void first_path::state::crossing(const std::complex<float>* values,
                                 const path_set& strongest,
                                 first_path_estimate& out)
{
    const double step_s = 1.0 / (points * config.scs_hz);
    const double m = config.subcarriers;
    const int peak = scan.peak();
    const int early = std::max(0, peak - static_cast<int>(config.early_s / step_s));
    const int late =
        std::min(points - 1, peak + static_cast<int>(config.late_s / step_s));
    const double floor_power = scan.floor_power(early, late);
    const double top = std::sqrt(scan.peak_power());
    // Mean of a Rayleigh amplitude.
    out.noise_floor = 0.5 * std::sqrt(M_PI * floor_power);
    int at = early;
    double level = out.noise_floor + config.threshold * (top - out.noise_floor);
    if (config.threshold_mode == threshold_mode::false_alarm) {
        // Sidelobes are in the floor as well, and are not noise.
        const double noise = std::min(floor_power, strongest.cost / ((m - 1.5) * m));
        level = std::min(top, std::sqrt(noise * search.early_limit()));
        const double x = search.arrival(values, peak, strongest, level * level);
        at = std::clamp(static_cast<int>(std::ceil(x)) + points / 2, early, peak);
        if (x < strongest.x[0] - points / m)
            level = std::min<double>(level, std::abs(values[at]));
    }
    const auto square = static_cast<float>(level * level);
    while (at < peak && std::norm(values[at]) < square)
        ++at;
    out.crossing_s = (at - points / 2) * step_s;
    out.threshold_level = level;
}

/*
 * The arrival where the amplitude crosses the threshold between two points, put later by
 * what the shape of one path takes from there to its top. Noise n at the crossing and at
 * the peak, correlated by that shape S = ratio, moves it by (n_c - ratio n_p) / (g S').
 */
void first_path::state::by_threshold(const path_set& strongest,
                                     first_path_estimate& out) const
{
    const double step_s = 1.0 / (points * config.scs_hz);
    const double resolution = static_cast<double>(points) / config.subcarriers;
    const auto amplitude = [&](double x) {
        return std::abs(kernel.at(fit.profile(), x).p);
    };
    double high = out.crossing_s / step_s, low = high - 1.0;
    for (int i = 0; i < 40; ++i) {
        const double middle = 0.5 * (low + high);
        (amplitude(middle) < out.threshold_level ? low : high) = middle;
    }
    const double ratio = std::min(1.0, out.threshold_level / std::abs(strongest.g[0]));
    double near = 0.0, far = resolution;
    for (int i = 0; i < 40; ++i) {
        const double middle = 0.5 * (near + far);
        (kernel.correlation(middle).s > ratio ? near : far) = middle;
    }
    const double x = high + near;
    const double m = config.subcarriers;
    const auto shape = kernel.correlation(near);
    const double slope = std::abs(strongest.g[0] * shape.d1);
    out.signal_power = std::norm(strongest.g[0]);
    // Other paths are in what one leaves, and its sidelobes are in the floor.
    out.noise_variance = std::min(4.0 / M_PI * out.noise_floor * out.noise_floor * m,
                                  strongest.cost / (m - 1.5));
    const double spread =
        out.noise_variance / (2.0 * m) * (1.0 - shape.s * shape.s) / (slope * slope);
    out.paths.push_back({ x * step_s,
                          step_s * std::sqrt(spread),
                          strongest.g[0] * std::conj(kernel.turn(x)) });
}

} // namespace gr::ntnpos::kernel
