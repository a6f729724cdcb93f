/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "false_alarm.h"
#include "first_path_state.h"
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

// The path's own sidelobes, 1/(pi y) in units of the resolution, and this much noise on
// them do not count as an arrival.
constexpr double sidelobe_margin = 1.2;

} // namespace

/*
 * Noise floor, threshold, and the first point of the profile that reaches it before the
 * peak. The threshold is a part of the way from floor to peak, or what noise reaches in
 * the region before the peak with the false-alarm probability; the latter lies below a
 * band-limited path's sidelobes when the signal is strong, so that it follows them.
 */
void first_path::state::crossing(const std::complex<float>* values,
                                 first_path_estimate& out) const
{
    const double step_s = 1.0 / (points * config.scs_hz);
    const int peak = scan.peak();
    const double resolution = static_cast<double>(points) / config.subcarriers;
    const int early = std::max(0, peak - static_cast<int>(config.early_s / step_s));
    const int late =
        std::min(points - 1, peak + static_cast<int>(config.late_s / step_s));
    const double floor_power = scan.floor_power(early, late);
    const double top = std::sqrt(scan.peak_power());
    // Mean of a Rayleigh amplitude.
    out.noise_floor = 0.5 * std::sqrt(M_PI * floor_power);
    const bool adaptive = config.threshold_mode == threshold_mode::false_alarm;
    const double level =
        adaptive ? std::min(top, std::sqrt(floor_power * search.early_limit()))
                 : out.noise_floor + config.threshold * (top - out.noise_floor);
    const auto square = static_cast<float>(level * level);
    int at = early;
    if (adaptive) {
        const double reach = sidelobe_margin * resolution / M_PI * top;
        const int mainlobe = std::max(early, peak - static_cast<int>(resolution));
        while (at < mainlobe &&
               (std::norm(values[at]) < square ||
                std::norm(values[at]) * std::pow(peak - at, 2) < reach * reach))
            ++at;
    }
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
    out.noise_variance = 4.0 / M_PI * out.noise_floor * out.noise_floor * m;
    const double spread =
        out.noise_variance / (2.0 * m) * (1.0 - shape.s * shape.s) / (slope * slope);
    out.paths.push_back({ x * step_s,
                          step_s * std::sqrt(spread),
                          strongest.g[0] * std::conj(kernel.turn(x)) });
}

} // namespace gr::ntnpos::kernel
