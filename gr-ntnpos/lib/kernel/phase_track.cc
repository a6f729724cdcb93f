/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phase_track.h"
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

constexpr double known_cycles = 0.125;
constexpr double change_error_hz_s = 24.0; // of the predicted change of Doppler

} // namespace

phase_track::result phase_track::add(sample s, const trajectory& predicted)
{
    result out{ s.cycles, false };
    if (d_valid) {
        const double dt = seconds_between(s.t, d_last.t);
        const instant middle = advance(d_last.t, 0.5 * dt);
        double mean_hz = 0.5 * (s.doppler_hz + d_last.doppler_hz);
        double std_hz = 0.5 * std::hypot(s.doppler_std_hz, d_last.doppler_std_hz);
        if (d_has_rate) {
            const double since = seconds_between(middle, d_rate_at);
            const double from_phases =
                std::hypot(d_rate_std_hz, change_error_hz_s * since);
            if (from_phases < std_hz) {
                mean_hz =
                    d_rate_hz - d_frequency_hz * (delay_rate_at(predicted, middle) -
                                                  delay_rate_at(predicted, d_rate_at));
                std_hz = from_phases;
            }
        }
        const double expected = d_last.cycles + mean_hz * dt;
        const double std_cycles =
            std::hypot(std_hz * dt, std::hypot(s.std_cycles, d_last.std_cycles));
        out.continuous = dt > 0.0 && std_cycles <= known_cycles;
        out.cycles += std::round(expected - s.cycles);
        d_has_rate = out.continuous;
        if (out.continuous) {
            d_rate_at = middle;
            d_rate_hz = (out.cycles - d_last.cycles) / dt;
            d_rate_std_hz = std::hypot(s.std_cycles, d_last.std_cycles) / dt;
        } else {
            out.cycles = s.cycles;
        }
    }
    d_valid = true;
    d_last = s;
    d_last.cycles = out.cycles;
    return out;
}

} // namespace gr::ntnpos::kernel
