/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "false_alarm.h"
#include <gnuradio/ntnpos/kernel/fading_profile.h>
#include <gnuradio/ntnpos/kernel/los_probability.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

double power(double db) { return std::pow(10.0, 0.1 * db); }

// Both kinds of channel, with a line of sight and without (fading_profile).
constexpr fading_model profiles[] = { fading_model::ntn_tdl_a,
                                      fading_model::ntn_tdl_b,
                                      fading_model::ntn_tdl_c,
                                      fading_model::ntn_tdl_d };

constexpr int spreads = 24;
constexpr int most_groups = 4;

// T below this, or below so many times what would just have been found, says that it is
// small, and no more: paths that weak are the first that a fit leaves out or invents.
constexpr double least_later = 0.03;
constexpr double missed = 2.0;
// Nearer than this part of the resolution the fit makes one path of two in any noise.
constexpr double nearest = 0.3;

} // namespace

std::optional<config_error> validate(const los_config& c)
{
    const auto outside = [](double value, double low, double high) {
        return !(value >= low && value <= high);
    };
    if (outside(c.prior, 0.0, 1.0))
        return config_error{ "prior", to_text(c.prior), "0..1" };
    if (outside(c.delay_spread_min_s, 1e-10, 1e-4))
        return config_error{ "delay_spread_min_s",
                             to_text(c.delay_spread_min_s),
                             "1e-10..1e-4" };
    if (outside(c.delay_spread_max_s, c.delay_spread_min_s, 1e-4))
        return config_error{ "delay_spread_max_s",
                             to_text(c.delay_spread_max_s),
                             "delay_spread_min_s..1e-4" };
    return std::nullopt;
}

namespace {

// One profile at one delay spread, as a detector's resolution groups its taps.
struct groups {
    double constant = 0.0, scattered = 0.0; // power of the first
    int count = 0;
    double later[most_groups], weights[most_groups];

    groups(const std::vector<fading_tap>& taps,
           double spread_s,
           double apart_s,
           double late_s)
        : constant(taps.front().constant)
    {
        double last = 0.0;
        for (const fading_tap& t : taps) {
            const double delay_s = t.delay_s * spread_s;
            if (delay_s > late_s)
                break;
            if (delay_s - last >= apart_s) {
                later[count++] = 0.0;
                last = delay_s;
            }
            (count == 0 ? scattered : later[count - 1]) += t.scattered;
        }
        for (int a = 0; a < count; ++a)
            for (int b = 0; b < a; ++b)
                // The same power twice has infinite weights of opposite sign.
                if (std::abs(later[a] / later[b] - 1.0) < 1e-3)
                    later[a] *= 1.002;
        for (int a = 0; a < count; ++a) {
            weights[a] = 1.0;
            for (int b = 0; b < count; ++b)
                if (b != a)
                    weights[a] *= later[a] / (later[a] - later[b]);
        }
    }

    // P(T > t)
    double above(double t) const
    {
        double sum = 0.0;
        for (int i = 0; i < count; ++i) {
            const double u = t / later[i];
            const double spread = 1.0 + u * scattered;
            sum += weights[i] * std::exp(-u * constant / spread) / spread;
        }
        return sum;
    }

    // -d/dt P(T > t)
    double density(double t) const
    {
        double sum = 0.0;
        for (int i = 0; i < count; ++i) {
            const double u = t / later[i];
            const double spread = 1.0 + u * scattered;
            sum += weights[i] / later[i] * std::exp(-u * constant / spread) / spread *
                   (scattered / spread + constant / (spread * spread));
        }
        return sum;
    }
};

} // namespace

los_probability::los_probability(const los_config& config,
                                 const first_path_config& detector)
    : d_config((throw_if(validate(config)), config)),
      d_detector((throw_if(validate(detector)), detector)),
      d_limit(surprise_at(
          0.5 * detector.false_alarm_probability,
          std::max(1.0, detector.late_s * detector.subcarriers * detector.scs_hz)))
{
}

double los_probability::of(const first_path_estimate& estimate) const
{
    if (estimate.paths.empty())
        return d_config.prior;
    const double m = d_detector.subcarriers;
    double all = 0.0;
    for (const path_estimate& p : estimate.paths)
        all += std::norm(p.gain);
    /*
     * Two equal paths, d resolutions apart, leave 0.54 d^4 of one's energy when one path
     * is fitted to both: from var(w^2) = (2 pi)^4 (1/80 - 1/144) over the band. That must
     * surpass the limit; a third more in distance for paths that are not equal.
     */
    const double energy_ratio = m * all / std::max(estimate.noise_variance, 1e-300);
    const double apart =
        std::max(nearest, 1.3 * std::pow(2.0 * d_limit / (0.54 * energy_ratio), 0.25));
    const double apart_s = apart / (m * d_detector.scs_hz);
    double first = 0.0, later = 0.0, last_s = estimate.paths.front().delay_s;
    std::complex<double> group = 0.0;
    bool in_first = true;
    const auto close = [&] {
        (in_first ? first : later) += std::norm(group);
        group = 0.0;
    };
    for (const path_estimate& p : estimate.paths) {
        if (p.delay_s - last_s >= apart_s) {
            close();
            in_first = false;
            last_s = p.delay_s;
        }
        group += p.gain;
    }
    close();
    const double t = later / first;
    const double least =
        std::max({ least_later,
                   power(d_detector.min_relative_db),
                   missed * d_limit * estimate.noise_variance / (m * first) });
    double likelihood[2] = { 0.0, 0.0 };
    const double step = std::pow(
        d_config.delay_spread_max_s / d_config.delay_spread_min_s, 1.0 / spreads);
    double spread_s = d_config.delay_spread_min_s * std::sqrt(step);
    for (int i = 0; i < spreads; ++i, spread_s *= step) {
        for (const fading_model model : profiles) {
            const auto& taps = unit_taps(model);
            const groups g(taps, spread_s, apart_s, d_detector.late_s);
            likelihood[taps.front().constant > 0.0] +=
                t < least ? 1.0 - g.above(least) : g.density(t);
        }
    }
    const double with = d_config.prior * likelihood[1];
    const double without = (1.0 - d_config.prior) * likelihood[0];
    return with + without > 0.0 ? with / (with + without) : d_config.prior;
}

} // namespace gr::ntnpos::kernel
