/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "false_alarm.h"
#include "path_search.h"
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

// Two paths closer than this part of the resolution 1/B are one: their difference is what
// model errors look like.
constexpr double min_separation = 0.25;

/*
 * A grid of up to 0.42 of the resolution sees at least 0.54 of a peak's power. Of two
 * paths within a resolution, what is left of one fitted path has as little as 0.47 of its
 * energy in its highest point, but nearly all in two derivatives.
 */
constexpr double doubt = 0.5;
constexpr double close_doubt = 0.6;

int strongest(const path_set& p)
{
    int best = 0;
    for (int i = 1; i < p.count; ++i)
        if (std::norm(p.g[i]) > std::norm(p.g[best]))
            best = i;
    return best;
}

} // namespace

path_search::path_search(const first_path_config& config, const profile_kernel& kernel)
    : d_config(config),
      d_kernel(kernel),
      d_resolution(static_cast<double>(kernel.points()) / kernel.subcarriers()),
      d_early(std::min<double>(config.early_s * config.scs_hz, 1.0) * kernel.points()),
      d_late(std::min<double>(config.late_s * config.scs_hz, 1.0) * kernel.points()),
      d_early_limit(surprise_at(0.5 * config.false_alarm_probability,
                                std::max(1.0, d_early / d_resolution))),
      d_late_limit(surprise_at(0.5 * config.false_alarm_probability,
                               std::max(1.0, d_late / d_resolution))),
      d_least_power(std::pow(10.0, 0.1 * config.min_relative_db)),
      d_region(kernel, std::ceil(d_early), std::ceil(d_late))
{
}

bool path_search::doubtful(const std::complex<float>* profile,
                           int origin,
                           const path_set& one)
{
    if (d_config.max_paths < 2)
        return false;
    const int m = d_kernel.subcarriers();
    const double variance = one.cost / (m - 1.5);
    const double close_limit = std::min(d_early_limit, d_late_limit);
    if (one.close_by > close_doubt * variance * close_limit)
        return true;
    const region_residual::path p = { one.x[0], one.g[0] };
    d_region.run(profile, origin, &p, 1);
    const double unit = doubt * variance / m;
    return d_region.largest(p.x - d_early, p.x) > unit * d_early_limit ||
           d_region.largest(p.x, p.x + d_late) > unit * d_late_limit;
}

double path_search::arrival(const std::complex<float>* profile,
                            int origin,
                            const path_set& one,
                            double power)
{
    const region_residual::path p = { one.x[0], one.g[0] };
    d_region.run(profile, origin, &p, 1);
    return d_region.first_above(power, p.x - d_early, p.x - d_resolution);
}

bool path_search::within_region(const path_set& paths) const
{
    const double top = paths.x[strongest(paths)];
    return std::all_of(paths.x.begin(), paths.x.begin() + paths.count, [&](double x) {
        return x >= top - d_early && x <= top + d_late;
    });
}

bool path_search::sound(const path_set& paths) const
{
    const int top = strongest(paths);
    for (int i = 0; i < paths.count; ++i) {
        if (!(std::norm(paths.g[i]) >= d_least_power * std::norm(paths.g[top])))
            return false;
        for (int j = 0; j < i; ++j)
            if (std::abs(paths.x[i] - paths.x[j]) < min_separation * d_resolution)
                return false;
    }
    return within_region(paths);
}

void path_search::try_start(const profile_fit& fit,
                            const path_set& start,
                            path_set& best) const
{
    path_set trial = start;
    if (!fit.refine(trial))
        return;
    // Two that went too close to each other are kept as far apart as is allowed.
    const double least = min_separation * d_resolution;
    int a = -1, b = -1;
    double closest = least;
    for (int i = 0; i < trial.count; ++i)
        for (int j = 0; j < i; ++j)
            if (std::abs(trial.x[i] - trial.x[j]) < closest) {
                closest = std::abs(trial.x[i] - trial.x[j]);
                a = trial.x[i] < trial.x[j] ? i : j;
                b = trial.x[i] < trial.x[j] ? j : i;
            }
    if (a >= 0) {
        const double middle = 0.5 * (trial.x[a] + trial.x[b]);
        trial.x[a] = middle - 0.5001 * least;
        trial.x[b] = middle + 0.5001 * least;
        if (!fit.refine(trial, a, b))
            return;
    }
    if ((best.count == 0 || trial.cost < best.cost) && within_region(trial))
        best = trial;
}

void path_search::add_peaks(const std::complex<float>* profile,
                            const profile_fit& fit,
                            const path_set& paths,
                            path_set& best)
{
    region_residual::path list[max_fitted_paths];
    for (int i = 0; i < paths.count; ++i)
        list[i] = { paths.x[i], paths.g[i] };
    const double middle = paths.x[strongest(paths)];
    const int origin =
        std::clamp(static_cast<int>(std::lround(middle)) + d_kernel.points() / 2,
                   0,
                   d_kernel.points() - 1);
    d_region.run(profile, origin, list, paths.count);
    region_residual::peak peaks[3];
    const int found = d_region.maxima(middle - d_early, middle + d_late, peaks, 3);
    for (int i = 0; i < found; ++i) {
        // The top of a parabola through the residual there and a quarter of the
        // resolution to both sides, over what the nearest path leaves for another one.
        const double step = 0.25 * d_resolution, x = peaks[i].x;
        const double left = std::norm(fit.rest(x - step, paths, -1));
        const double here = std::norm(fit.rest(x, paths, -1));
        const double right = std::norm(fit.rest(x + step, paths, -1));
        const double bend = 2.0 * here - left - right;
        const double slope = 0.5 * (right - left);
        const double off = bend > 0.0 ? std::clamp(slope / bend, -1.5, 1.5) : 0.0;
        const double top = here + std::max(0.0, off * (slope - 0.5 * off * bend));
        double free = 1.0;
        for (int j = 0; j < paths.count; ++j)
            free =
                std::min(free, 1.0 - std::pow(d_kernel.correlation(x - paths.x[j]).s, 2));
        if (!worth(d_kernel.subcarriers() * top / std::max(0.2, free), 0.7, paths))
            continue;
        path_set start = paths;
        start.x[start.count++] = x + off * step;
        try_start(fit, start, best);
    }
}

// Whether a gain in squared residual that is foreseen is near enough to what counts.
bool path_search::worth(double gain, double part, const path_set& paths) const
{
    const double variance = paths.cost / (d_kernel.subcarriers() - 1.5 * paths.count);
    return gain > part * variance * std::min(d_early_limit, d_late_limit);
}

void path_search::split(const profile_fit& fit,
                        const path_set& paths,
                        int which,
                        path_set& best) const
{
    // A grid of a quarter of the resolution over +-1.5 of it.
    constexpr int points = 13;
    const double step = 0.25 * d_resolution;
    std::complex<double> z[points];
    double s[points];
    for (int i = 0; i < points; ++i) {
        z[i] = fit.rest(paths.x[which] + (i - points / 2) * step, paths, which);
        s[i] = d_kernel.correlation(i * step).s;
    }
    int low = -1, high = -1;
    double most = -1.0;
    for (int i = 0; i < points; ++i)
        for (int j = i + 2; j < points; ++j) {
            const double t = s[j - i];
            const double explained =
                (std::norm(z[i]) + std::norm(z[j]) -
                 2.0 * t * (z[i].real() * z[j].real() + z[i].imag() * z[j].imag())) /
                (1.0 - t * t);
            if (explained > most) {
                most = explained;
                low = i;
                high = j;
            }
        }
    if (!worth(d_kernel.subcarriers() * (most - std::norm(z[points / 2])), 0.5, paths))
        return;
    path_set start = paths;
    start.x[which] += (low - points / 2) * step;
    start.x[start.count++] = paths.x[which] + (high - points / 2) * step;
    try_start(fit, start, best);
}

double path_search::limit(const path_set& fewer, const path_set& more) const
{
    const double first_before =
        *std::min_element(fewer.x.begin(), fewer.x.begin() + fewer.count);
    const double first_now =
        *std::min_element(more.x.begin(), more.x.begin() + more.count);
    const bool early = first_now < first_before - 0.5 * min_separation * d_resolution;
    return early ? d_early_limit : d_late_limit;
}

void path_search::run(const std::complex<float>* profile,
                      const profile_fit& fit,
                      path_set& paths)
{
    const int m = d_kernel.subcarriers();
    // The best fits of ever more paths, sound or not: three paths may be sound where the
    // best two are not, and a sound second best explains what belongs to others.
    path_set last = paths;
    while (last.count < d_config.max_paths) {
        path_set best;
        add_peaks(profile, fit, last, best);
        for (int i = 0; i < last.count; ++i)
            split(fit, last, i, best);
        if (best.count == 0 ||
            !(surprise(last.cost, best.cost, m - 1.5 * last.count) > limit(last, best)))
            break;
        last = best;
        if (sound(last))
            paths = last;
    }
    drop_needless(fit, paths);
    paths.sort();
}

void path_search::run(const music_starts& starts,
                      const profile_fit& fit,
                      path_set& paths) const
{
    const int m = d_kernel.subcarriers();
    for (int n = std::max(2, paths.count); n <= d_config.max_paths; ++n) {
        path_set best;
        const path_set start = starts.paths(n);
        if (start.count == n)
            try_start(fit, start, best);
        if (best.count == 0 || !sound(best))
            continue;
        const int more = n - paths.count;
        const double gain = surprise(paths.cost, best.cost, m - 1.5 * paths.count);
        if (gain > more * limit(paths, best))
            paths = best;
    }
    drop_needless(fit, paths);
    paths.sort();
}

// A path that was added early may have become needless by those that came later.
void path_search::drop_needless(const profile_fit& fit, path_set& paths) const
{
    const int m = d_kernel.subcarriers();
    for (int i = 0; paths.count > 2 && i < paths.count; ++i) {
        path_set fewer = paths;
        --fewer.count;
        for (int j = i; j < fewer.count; ++j)
            fewer.x[j] = paths.x[j + 1];
        if (fit.refine(fewer) && sound(fewer) &&
            surprise(fewer.cost, paths.cost, m - 1.5 * fewer.count) <
                limit(fewer, paths)) {
            paths = fewer;
            i = -1;
        }
    }
}

} // namespace gr::ntnpos::kernel
