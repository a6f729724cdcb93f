/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phase_track.h"
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

constexpr double known_cycles = 0.125;
// What the predicted change of Doppler may be wrong by: 4 % of 600 Hz/s.
constexpr double change_error_hz_s = 24.0;

} // namespace

// Takes in one more value of the Doppler's difference to the predicted one.
void phase_track::filter(double off_hz, double std_hz)
{
    const double own = d_off_std_hz * d_off_std_hz, other = std_hz * std_hz;
    const double gain = own / (own + other);
    d_off_hz += gain * (off_hz - d_off_hz);
    d_off_std_hz = std::sqrt(gain * other);
}

phase_track::result phase_track::add(const sample& s,
                                     const std::shared_ptr<const trajectory>& predicted)
{
    result out{ s.cycles, false };
    const double off_hz = s.doppler_hz + d_frequency_hz * delay_rate_at(*predicted, s.t);
    const double dt = d_predicted ? seconds_between(s.t, d_last.t) : 0.0;
    if (d_predicted != predicted || !(dt > 0.0)) {
        d_off_hz = off_hz;
        d_off_std_hz = s.doppler_std_hz;
    } else {
        d_off_std_hz = std::hypot(d_off_std_hz, change_error_hz_s * dt);
        filter(off_hz, s.doppler_std_hz);
        const double moved =
            d_frequency_hz * (delay_at(*predicted, s.t) - delay_at(*predicted, d_last.t));
        const double expected = d_last.cycles - moved + d_off_hz * dt;
        const double phases = std::hypot(s.std_cycles, d_last.std_cycles);
        out.continuous = std::hypot(d_off_std_hz * dt, phases) <= known_cycles;
        if (out.continuous) {
            out.cycles += std::round(expected - s.cycles);
            filter((out.cycles - d_last.cycles + moved) / dt, phases / dt);
        }
    }
    d_predicted = predicted;
    d_last = s;
    d_last.cycles = out.cycles;
    return out;
}

} // namespace gr::ntnpos::kernel
