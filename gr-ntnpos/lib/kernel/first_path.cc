/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "false_alarm.h"
#include "first_path_state.h"
#include "path_fit.h"
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

int wrapped(int index, int size) { return index < 0 ? index + size : index; }

// A profile whose points are too far apart to interpolate is made again with more.
int inner_points(const first_path_config& c)
{
    int points = c.profile_points;
    while (points < profile_kernel::min_oversampling * c.subcarriers)
        points *= 2;
    return points;
}

/*
 * Interpolation and single precision leave about -115 dB of a path in each point of what
 * should be noise, and 1e-7 in the energies whose difference is the noise's. Beyond
 * these signal-to-noise ratios (in one point, in the energy) the fit is finished over the
 * subcarriers in double precision.
 */
constexpr double most_in_point = 1.6e7;
constexpr double most_in_energy = 2e4;
// Paths that overlap magnify both errors.
constexpr double magnified = 20.0;

} // namespace

first_path::first_path(const first_path_config& config)
    : d_config((throw_if(validate(config)), config)),
      d_state(std::make_unique<state>(config, inner_points(config)))
{
}

first_path::~first_path() = default;
first_path::first_path(first_path&&) noexcept = default;
first_path& first_path::operator=(first_path&&) noexcept = default;

void first_path::profile_of(const std::complex<float>* channel,
                            std::complex<float>* profile)
{
    d_state->to_profile.run(channel, profile);
}

first_path_estimate first_path::detect(const std::complex<float>* profile, double known_s)
{
    state& s = *d_state;
    if (s.points != d_config.profile_points) {
        s.turn_back(profile);
        return detect_channel(s.channel.data(), known_s);
    }
    s.scan.run(profile);
    s.have_channel = false;
    const double m = d_config.subcarriers;
    return s.estimate(profile, s.scan.energy() * m * m / s.points, known_s);
}

first_path_estimate first_path::detect_channel(const std::complex<float>* channel,
                                               double known_s)
{
    state& s = *d_state;
    double energy = 0.0;
    for (int k = 0; k < d_config.subcarriers; ++k) {
        s.channel[k] = channel[k];
        energy += std::norm(std::complex<double>(channel[k]));
    }
    s.have_channel = true;
    (s.to_inner ? *s.to_inner : s.to_profile).run(channel, s.profile.data());
    s.scan.run(s.profile.data());
    return s.estimate(s.profile.data(), energy, known_s);
}

first_path::state::state(const first_path_config& c, int inner)
    : config(c),
      points(inner),
      kernel(c.subcarriers, inner),
      scan(inner),
      fit(kernel),
      search(c, kernel),
      to_profile(c.subcarriers, c.profile_points),
      to_channel(c.profile_points, fft::direction::forward),
      limit(surprise_at(c.false_alarm_probability, c.subcarriers)),
      profile(inner),
      channel(c.subcarriers),
      exact(c.subcarriers),
      residual(c.subcarriers)
{
    if (c.method == first_path_method::music)
        music.emplace(c.subcarriers, inner);
    if (inner != c.profile_points)
        to_inner.emplace(c.subcarriers, inner);
}

void first_path::state::turn_back(const std::complex<float>* values)
{
    const int m = config.subcarriers;
    const int n = to_channel.size();
    auto* buffer = to_channel.data();
    std::copy(values, values + n / 2, buffer + (n - n / 2));
    std::copy(values + n / 2, values + n, buffer);
    to_channel.execute();
    const float scale = static_cast<float>(m) / n;
    for (int k = 0; k < m; ++k)
        channel[k] = scale * buffer[wrapped(k - m / 2, n)];
    have_channel = true;
}

// The best single path. Where noise could have raised the highest point, or where only a
// part of the profile is looked at, that is every path started from a point half as high.
path_set first_path::state::highest(double reach) const
{
    const int m = config.subcarriers;
    path_set best = fit.single(scan.peak() - points / 2);
    if (reach > 0.0 || surprise(1.0, best.cost / fit.energy(), m) < 3.0 * limit)
        scan.for_each_top(0.5, [&](int at) {
            const path_set other = fit.single(at - points / 2);
            if (other.cost < best.cost &&
                (!(reach > 0.0) || std::abs(other.x[0]) <= reach))
                best = other;
        });
    return best;
}

first_path_estimate first_path::state::estimate(const std::complex<float>* values,
                                                double energy,
                                                double known_s)
{
    first_path_estimate out;
    const int m = config.subcarriers;
    out.noise_variance = energy / m;
    const double reach = known_s * points * config.scs_hz;
    if (reach > 0.0)
        scan.look_within(points / 2 - static_cast<int>(std::floor(reach)),
                         points / 2 + static_cast<int>(std::floor(reach)));
    out.peak_s = (scan.peak() - points / 2) / (points * config.scs_hz);
    if (!(energy > 0.0) || !std::isfinite(energy) || !(scan.peak_power() > 0.0))
        return out;
    fit.set(values, energy);
    path_set paths = highest(reach);
    // All of it explained: rounding is what is left.
    paths.cost = std::max(paths.cost, 1e-7 * energy);
    const double x = surprise(energy, paths.cost, m);
    if (!(reach > 0.0) && !(x > limit))
        return out;
    out.detected = true;
    out.statistic = x;
    if (config.method == first_path_method::threshold) {
        crossing(values, paths, out);
        by_threshold(paths, out);
        return out;
    }
    const path_set one = paths;
    const int origin =
        std::clamp(static_cast<int>(std::lround(paths.x[0])) + points / 2, 0, points - 1);
    if (search.doubtful(values, origin, paths)) {
        search.run(values, fit, paths);
        if (music) {
            if (!have_channel)
                turn_back(values);
            music->run(channel.data(), one.x[0]);
            search.run(*music, fit, paths);
        }
    }
    report(paths, out);
    crossing(values, one, out);
    return out;
}

void first_path::state::report(path_set& paths, first_path_estimate& out)
{
    const int m = config.subcarriers;
    const double step_s = 1.0 / (points * config.scs_hz);
    const double freedom = m - 1.5 * paths.count;
    double cost = paths.cost;
    for (int i = 0; i < paths.count; ++i)
        out.paths.push_back({ paths.x[i] * step_s,
                              step_s * std::sqrt(paths.spread[i] / (2.0 * m)),
                              paths.g[i] * std::conj(kernel.turn(paths.x[i])) });
    const double energy = fit.energy();
    const double ratio = energy / cost * (paths.count > 1 ? magnified : 1.0);
    if (ratio > most_in_energy || ratio * m > most_in_point) {
        if (!have_channel)
            turn_back(fit.profile());
        for (int k = 0; k < m; ++k)
            exact[k] = channel[k];
        const path_list start = out.paths;
        const double finished = fit_paths(exact, residual, config.scs_hz, out.paths);
        if (finished >= 0.0)
            cost = finished;
        else
            out.paths = start;
    }
    out.noise_variance = cost / freedom;
    out.signal_power = (energy - cost) / m;
    // 1/(m - 1) of the residual, not 1/m: squared errors over it average to one.
    const double scale = std::sqrt(cost / (freedom - 1.0));
    for (size_t i = 0; i < out.paths.size(); ++i)
        out.paths[i].delay_std_s *= scale;
}

} // namespace gr::ntnpos::kernel
