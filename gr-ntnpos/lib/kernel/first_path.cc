/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "path_fit.h"
#include <gnuradio/ntnpos/kernel/first_path.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

// Two paths closer than this part of the resolution 1/B are one: their difference is what
// model errors look like.
constexpr double min_separation = 0.25;

int search_points(const first_path_config& c)
{
    int points = 64;
    while (points < 4 * c.subcarriers)
        points *= 2;
    return points;
}

int wrapped(int index, int size) { return index < 0 ? index + size : index; }

/*
 * -ln of the probability that noise alone, in so many complex dimensions, lets a path at
 * a given delay take the squared residual from `before` to `after`: the part that is left
 * is beta distributed, P = left^(dimensions - 1).
 */
double surprise(double before, double after, double dimensions)
{
    return (1.0 - dimensions) * std::log(after / before);
}

/*
 * Probability of a surprise of x or more somewhere in `cells` delays of a resolution
 * each: the squared envelope of band-limited noise crosses its x-fold mean sqrt(pi x / 3)
 * exp(-x) times upwards in each resolution (Rice, 1944).
 */
double chance(double x, double cells)
{
    return (1.0 + cells * std::sqrt(M_PI * x / 3.0)) * std::exp(-x);
}

} // namespace

std::optional<config_error> validate(const first_path_config& c)
{
    const auto outside = [](double value, double low, double high) {
        return !(value >= low && value <= high);
    };
    if (c.subcarriers < 12 || c.subcarriers > 3300)
        return config_error{ "subcarriers", to_text(c.subcarriers), "12..3300" };
    if (outside(c.scs_hz, 1e3, 1e6))
        return config_error{ "scs_hz", to_text(c.scs_hz), "1e3..1e6" };
    if (c.profile_points < c.subcarriers || c.profile_points > (1 << 20))
        return config_error{ "profile_points",
                             to_text(c.profile_points),
                             "subcarriers..1048576" };
    if (c.max_paths < 1 || c.max_paths > 8)
        return config_error{ "max_paths", to_text(c.max_paths), "1..8" };
    if (outside(c.false_alarm_probability, 1e-12, 0.5))
        return config_error{ "false_alarm_probability",
                             to_text(c.false_alarm_probability),
                             "1e-12..0.5" };
    if (outside(c.threshold, 0.0, 1.0))
        return config_error{ "threshold", to_text(c.threshold), "0..1" };
    if (outside(c.min_relative_db, -60.0, 0.0))
        return config_error{ "min_relative_db", to_text(c.min_relative_db), "-60..0" };
    if (outside(c.early_s, 0.0, 1e-3))
        return config_error{ "early_s", to_text(c.early_s), "0..1e-3" };
    if (outside(c.late_s, 0.0, 1e-3))
        return config_error{ "late_s", to_text(c.late_s), "0..1e-3" };
    return std::nullopt;
}

first_path::first_path(const first_path_config& config)
    : d_config((throw_if(validate(config)), config)),
      d_to_profile(config.profile_points, fft::direction::inverse),
      d_to_channel(config.profile_points, fft::direction::forward),
      d_search(search_points(config), fft::direction::inverse),
      d_channel(config.subcarriers),
      d_residual(config.subcarriers),
      d_amplitudes(config.profile_points)
{
}

void first_path::profile_of(const std::complex<float>* channel,
                            std::complex<float>* profile)
{
    const int m = d_config.subcarriers;
    const int n = d_config.profile_points;
    auto* buffer = d_to_profile.data();
    std::fill(buffer, buffer + n, std::complex<float>(0.0f));
    for (int k = 0; k < m; ++k)
        buffer[wrapped(k - m / 2, n)] = channel[k] / static_cast<float>(m);
    d_to_profile.execute();
    for (int i = 0; i < n; ++i)
        profile[i] = buffer[wrapped(i - n / 2, n)];
}

first_path_estimate first_path::detect(const std::complex<float>* profile, double known_s)
{
    const int m = d_config.subcarriers;
    const int n = d_config.profile_points;
    auto* buffer = d_to_channel.data();
    for (int i = 0; i < n; ++i)
        buffer[wrapped(i - n / 2, n)] = profile[i];
    d_to_channel.execute();
    std::vector<std::complex<float>> channel(m);
    const float scale = static_cast<float>(m) / n;
    for (int k = 0; k < m; ++k)
        channel[k] = scale * buffer[wrapped(k - m / 2, n)];
    return detect_channel(channel.data(), known_s);
}

first_path::candidate first_path::strongest(
    const std::vector<std::complex<double>>& channel, double low_s, double high_s)
{
    const int m = d_config.subcarriers;
    const int points = d_search.size();
    auto* buffer = d_search.data();
    std::fill(buffer, buffer + points, std::complex<float>(0.0f));
    for (int k = 0; k < m; ++k)
        buffer[wrapped(k - m / 2, points)] =
            std::complex<float>(channel[k] / static_cast<double>(m));
    d_search.execute();
    const double step_s = 1.0 / (points * d_config.scs_hz);
    const int first = std::max(-points / 2, static_cast<int>(std::ceil(low_s / step_s)));
    const int last =
        std::min(points / 2 - 1, static_cast<int>(std::floor(high_s / step_s)));
    candidate best;
    for (int i = first; i <= last; ++i) {
        const double power = std::norm(buffer[wrapped(i, points)]);
        if (power > best.power)
            best = { i * step_s, power };
    }
    return best;
}

first_path_estimate first_path::detect_channel(const std::complex<float>* channel,
                                               double known_s)
{
    const int m = d_config.subcarriers;
    const double resolution_s = 1.0 / (m * d_config.scs_hz);
    double cost = 0.0;
    for (int k = 0; k < m; ++k) {
        d_channel[k] = channel[k];
        cost += std::norm(d_channel[k]);
    }
    first_path_estimate estimate;
    d_residual = d_channel;
    const double reach_s = known_s > 0.0 ? known_s : 0.5 / d_config.scs_hz;
    double low_s = -reach_s;
    double high_s = reach_s;
    while (static_cast<int>(estimate.paths.size()) < d_config.max_paths) {
        const candidate found = strongest(d_residual, low_s, high_s);
        if (!(found.power > 0.0))
            break;
        std::complex<double> gain = 0.0;
        for (int k = 0; k < m; ++k)
            gain += d_residual[k] * std::polar(1.0 / m,
                                               2.0 * M_PI * (k - m / 2) *
                                                   d_config.scs_hz * found.delay_s);
        std::vector<path_estimate> trial = estimate.paths;
        trial.push_back({ found.delay_s, 0.0, gain });
        const double trial_cost = fit_paths(d_channel, d_config.scs_hz, trial);
        if (trial_cost < 0.0)
            break;
        const double dimensions = m - 1.5 * estimate.paths.size();
        const double cells = std::max(1.0, (high_s - low_s) / resolution_s);
        const double x = surprise(cost, trial_cost, dimensions);
        const bool known = known_s > 0.0 && estimate.paths.empty();
        if (!known && !(chance(x, cells) < d_config.false_alarm_probability))
            break;
        std::sort(trial.begin(), trial.end(), [](const auto& a, const auto& b) {
            return a.delay_s < b.delay_s;
        });
        double peak = 0.0;
        for (const auto& p : trial)
            peak = std::max(peak, std::norm(p.gain));
        bool sound = true;
        for (size_t i = 0; i < trial.size(); ++i) {
            sound = sound && std::norm(trial[i].gain) >=
                                 peak * std::pow(10.0, 0.1 * d_config.min_relative_db);
            sound = sound && (i == 0 || trial[i].delay_s - trial[i - 1].delay_s >=
                                            min_separation * resolution_s);
        }
        if (!sound)
            break;
        if (estimate.paths.empty())
            estimate.statistic = x;
        estimate.paths = trial;
        cost = trial_cost;
        subtract_paths(d_channel, d_config.scs_hz, estimate.paths, d_residual);
        const auto strongest_path = std::max_element(
            estimate.paths.begin(), estimate.paths.end(), [](auto& a, auto& b) {
                return std::norm(a.gain) < std::norm(b.gain);
            });
        low_s = strongest_path->delay_s - d_config.early_s;
        high_s = strongest_path->delay_s + d_config.late_s;
    }
    estimate.detected = !estimate.paths.empty();
    estimate.noise_variance = cost / (m - 1.5 * estimate.paths.size());
    if (estimate.detected)
        crossing(estimate);
    return estimate;
}

void first_path::crossing(first_path_estimate& estimate)
{
    const int n = d_config.profile_points;
    const double step_s = 1.0 / (n * d_config.scs_hz);
    std::vector<std::complex<float>> channel(d_channel.begin(), d_channel.end());
    profile_of(channel.data(), d_amplitudes.data());
    int peak = 0;
    for (int i = 1; i < n; ++i)
        if (std::norm(d_amplitudes[i]) > std::norm(d_amplitudes[peak]))
            peak = i;
    const int early = std::max(0, peak - static_cast<int>(d_config.early_s / step_s));
    const int late = std::min(n - 1, peak + static_cast<int>(d_config.late_s / step_s));
    double sum = 0.0;
    int count = 0;
    for (int i = 0; i < n; ++i)
        if (i < early || i > late) {
            sum += std::abs(d_amplitudes[i]);
            ++count;
        }
    estimate.noise_floor = count ? sum / count : 0.0;
    const double level =
        estimate.noise_floor +
        d_config.threshold * (std::abs(d_amplitudes[peak]) - estimate.noise_floor);
    int at = early;
    while (at < peak && std::abs(d_amplitudes[at]) < level)
        ++at;
    estimate.crossing_s = (at - n / 2) * step_s;
}

} // namespace gr::ntnpos::kernel
