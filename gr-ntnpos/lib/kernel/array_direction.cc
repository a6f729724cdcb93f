/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include <gnuradio/ntnpos/kernel/array_direction.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

constexpr double c_m_s = 299792458.0;
constexpr double grid_parts = 5.0; // of the resolution: half a step off costs 0.2 dB
constexpr int most_rounds = 30;

// Mean and scatter of places: xx, xy, yy.
struct scatter {
    double x = 0.0, y = 0.0, xx = 0.0, xy = 0.0, yy = 0.0;
};

scatter scatter_of(const std::vector<std::array<double, 2>>& places,
                   const std::vector<double>& weights)
{
    scatter s;
    double sum = 0.0;
    for (size_t i = 0; i < places.size(); ++i) {
        sum += weights[i];
        s.x += weights[i] * places[i][0];
        s.y += weights[i] * places[i][1];
    }
    s.x /= sum;
    s.y /= sum;
    for (size_t i = 0; i < places.size(); ++i) {
        const double dx = places[i][0] - s.x, dy = places[i][1] - s.y;
        s.xx += weights[i] * dx * dx;
        s.xy += weights[i] * dx * dy;
        s.yy += weights[i] * dy * dy;
    }
    return s;
}

std::array<double, 3> in_front(double u, double v)
{
    return { u, v, std::sqrt(std::max(0.0, 1.0 - u * u - v * v)) };
}

} // namespace

std::optional<config_error> validate(const array_config& c)
{
    const size_t count = c.elements_m.size();
    if (count < 3 || count > 256)
        return config_error{ "elements_m",
                             std::to_string(count) + " antennas",
                             "3..256" };
    for (const auto& place : c.elements_m)
        if (!(std::abs(place[0]) <= 1e3 && std::abs(place[1]) <= 1e3))
            return config_error{ "elements_m",
                                 to_text(place[0]) + ", " + to_text(place[1]),
                                 "within 1000 m" };
    if (!(c.frequency_hz >= 1e6 && c.frequency_hz <= 1e12))
        return config_error{ "frequency_hz", to_text(c.frequency_hz), "1e6..1e12" };
    if (!(c.pointing_std_deg >= 0.0 && c.pointing_std_deg <= 10.0))
        return config_error{ "pointing_std_deg", to_text(c.pointing_std_deg), "0..10" };
    if (!(c.least_likelihood >= 0.0 && c.least_likelihood <= 1.0))
        return config_error{ "least_likelihood", to_text(c.least_likelihood), "0..1" };
    const auto s = scatter_of(c.elements_m, std::vector<double>(count, 1.0));
    if (!(s.xx * s.yy - s.xy * s.xy > 1e-6 * std::pow(s.xx + s.yy, 2)))
        return config_error{ "elements_m",
                             std::to_string(count) + " antennas on one line",
                             "spread over a plane" };
    return std::nullopt;
}

struct array_direction::beam {
    double power;
    double du, dv;        // its derivatives
    double duu, duv, dvv; // and second ones
};

array_direction::array_direction(const array_config& c)
    : d_config((throw_if(validate(c)), c)),
      d_wave_number(2.0 * M_PI * c.frequency_hz / c_m_s)
{
    double across = 0.0;
    for (const auto& a : c.elements_m)
        for (const auto& b : c.elements_m)
            across = std::max(across, std::hypot(a[0] - b[0], a[1] - b[1]));
    d_step = std::max(2.0 * M_PI / (d_wave_number * across) / grid_parts, 2e-3);
}

// Power |sum of the weighted amplitudes, turned by the wave's phase at each antenna|^2
// over the sum of the weights: twice the log-likelihood but for a constant.
array_direction::beam
array_direction::at(double u,
                    double v,
                    const std::vector<std::complex<double>>& weighted,
                    const std::vector<double>& weights) const
{
    std::complex<double> sum, su, sv, suu, suv, svv;
    double total = 0.0;
    for (size_t i = 0; i < weighted.size(); ++i) {
        const double x = d_wave_number * d_config.elements_m[i][0];
        const double y = d_wave_number * d_config.elements_m[i][1];
        const std::complex<double> one = weighted[i] * std::polar(1.0, -(x * u + y * v));
        const std::complex<double> turned(one.imag(), -one.real()); // -j one
        sum += one;
        su += x * turned;
        sv += y * turned;
        suu -= x * x * one;
        suv -= x * y * one;
        svv -= y * y * one;
        total += weights[i];
    }
    const auto real_part = [](const std::complex<double>& a,
                              const std::complex<double>& b) {
        return a.real() * b.real() + a.imag() * b.imag();
    };
    beam out;
    out.power = std::norm(sum) / total;
    out.du = 2.0 * real_part(sum, su) / total;
    out.dv = 2.0 * real_part(sum, sv) / total;
    out.duu = 2.0 * (std::norm(su) + real_part(sum, suu)) / total;
    out.duv = 2.0 * (real_part(su, sv) + real_part(sum, suv)) / total;
    out.dvv = 2.0 * (std::norm(sv) + real_part(sum, svv)) / total;
    return out;
}

direction_estimate
array_direction::estimate(const std::vector<std::complex<double>>& amplitudes,
                          const std::vector<double>& variances) const
{
    const size_t count = d_config.elements_m.size();
    std::vector<double> weights(count);
    std::vector<std::complex<double>> weighted(count);
    for (size_t i = 0; i < count; ++i) {
        weights[i] = 1.0 / variances[i];
        weighted[i] = weights[i] * amplitudes[i];
    }
    // Local maxima of a grid over all directions in front.
    const int half = static_cast<int>(std::floor(1.0 / d_step));
    const int side = 2 * half + 1;
    std::vector<double> grid(static_cast<size_t>(side) * side, -1.0);
    for (int i = -half; i <= half; ++i)
        for (int j = -half; j <= half; ++j)
            if ((i * i + j * j) * d_step * d_step <= 1.0)
                grid[(i + half) * side + j + half] =
                    at(i * d_step, j * d_step, weighted, weights).power;
    struct peak {
        double u, v;
        double power;
    };
    std::vector<peak> peaks;
    for (int i = 0; i < side; ++i)
        for (int j = 0; j < side; ++j) {
            const double here = grid[i * side + j];
            bool highest = here >= 0.0;
            for (int a = std::max(i - 1, 0); highest && a <= std::min(i + 1, side - 1);
                 ++a)
                for (int b = std::max(j - 1, 0); b <= std::min(j + 1, side - 1); ++b)
                    highest = highest && (here >= grid[a * side + b]);
            if (highest)
                peaks.push_back({ (i - half) * d_step, (j - half) * d_step, here });
        }
    // A top that lies between the grid's points is at most a twentieth higher than they.
    const double highest =
        std::max_element(peaks.begin(), peaks.end(), [](const peak& x, const peak& y) {
            return x.power < y.power;
        })->power;
    const double worth = highest + std::log(std::max(d_config.least_likelihood, 1e-300));
    peaks.erase(std::remove_if(peaks.begin(),
                               peaks.end(),
                               [&](const peak& x) { return 1.1 * x.power < worth; }),
                peaks.end());
    // Climb: Newton where the beam is convex, else along the gradient; never out of
    // sight.
    for (auto& p : peaks) {
        for (int round = 0; round < most_rounds; ++round) {
            const beam b = at(p.u, p.v, weighted, weights);
            const double det = b.duu * b.dvv - b.duv * b.duv;
            double su, sv;
            if (b.duu < 0.0 && det > 0.0) {
                su = (b.duv * b.dv - b.dvv * b.du) / det;
                sv = (b.duv * b.du - b.duu * b.dv) / det;
            } else {
                const double slope = std::hypot(b.du, b.dv);
                su = slope > 0.0 ? 0.25 * d_step * b.du / slope : 0.0;
                sv = slope > 0.0 ? 0.25 * d_step * b.dv / slope : 0.0;
            }
            const double length = std::hypot(su, sv);
            const double most = std::min(1.0, d_step / std::max(length, 1e-300));
            double u = p.u + most * su, v = p.v + most * sv;
            const double radius = std::hypot(u, v);
            if (radius > 1.0) {
                u /= radius;
                v /= radius;
            }
            const double moved = std::hypot(u - p.u, v - p.v);
            p.u = u;
            p.v = v;
            if (moved < 1e-13)
                break;
        }
        p.power = at(p.u, p.v, weighted, weights).power;
    }
    std::sort(peaks.begin(), peaks.end(), [](const peak& a, const peak& b) {
        return a.power > b.power;
    });

    direction_estimate out;
    const peak& best = peaks.front();
    out.direction = in_front(best.u, best.v);
    const double total = [&] {
        double sum = 0.0;
        for (const double w : weights)
            sum += w;
        return sum;
    }();
    const auto s = scatter_of(d_config.elements_m, weights);
    // |amplitude|^2 by the beam; the information is twice that times the scatter.
    const double scale = 2.0 * (best.power / total) * d_wave_number * d_wave_number;
    const double det = scale * (s.xx * s.yy - s.xy * s.xy);
    out.covariance = { s.yy / det, -s.xy / det, s.xx / det };
    // Across the direction the plane's cosines are foreshortened: radially by its z.
    const double z = std::max(out.direction[2], 1e-6);
    const double radius = std::hypot(best.u, best.v);
    const double a = radius > 0.0 ? best.u / radius : 1.0;
    const double b = radius > 0.0 ? best.v / radius : 0.0;
    const auto& c = out.covariance;
    const double along = (a * a * c[0] + 2.0 * a * b * c[1] + b * b * c[2]) / (z * z);
    const double across = b * b * c[0] - 2.0 * a * b * c[1] + a * a * c[2];
    const double noise_deg = std::sqrt(0.5 * (along + across)) * 180.0 / M_PI;
    out.std_deg = std::hypot(noise_deg, d_config.pointing_std_deg);
    const double least =
        best.power + std::log(std::max(d_config.least_likelihood, 1e-300));
    for (size_t i = 1; i < peaks.size(); ++i) {
        const auto same = [&](const std::array<double, 3>& d) {
            return std::hypot(peaks[i].u - d[0], peaks[i].v - d[1]) < d_step;
        };
        if (peaks[i].power >= least && !same(out.direction) &&
            std::none_of(out.others.begin(), out.others.end(), same))
            out.others.push_back(in_front(peaks[i].u, peaks[i].v));
    }
    return out;
}

} // namespace gr::ntnpos::kernel
