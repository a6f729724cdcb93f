/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include <gnuradio/ntnpos/kernel/receiver_clock.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

std::optional<config_error> validate(const receiver_clock& clock)
{
    if (auto error = validate(clock.reference, "clock.reference"))
        return error;
    if (!(std::abs(clock.offset_s) <= 1e6))
        return config_error{ "clock.offset_s", to_text(clock.offset_s), "in -1e6..1e6" };
    if (!(std::abs(clock.frequency_error) <= 1e-3))
        return config_error{ "clock.frequency_error",
                             to_text(clock.frequency_error),
                             "in -0.001..0.001" };
    return std::nullopt;
}

trajectory observed_trajectory(const trajectory& geometric,
                               const receiver_clock& clock,
                               double satellite_clock_offset_s)
{
    trajectory observed = geometric;
    const double clock_rate = 1.0 + clock.frequency_error; // dT/dt
    for (auto& segment : observed.segments) {
        // The clock's offset at the segment's start, and from there on by x = T - start:
        // t - t_start = x / clock_rate.
        const double since_reference =
            seconds_between(segment.start, clock.reference) + clock.offset_s;
        const double offset_s = clock.offset_s + clock.frequency_error * since_reference;
        segment.start = advance(segment.start, offset_s);

        auto& c = segment.coefficients;
        c.resize(std::max<size_t>(c.size(), 2));
        double scale = 1.0;
        for (double& value : c) {
            value *= scale;
            scale /= clock_rate;
        }
        c[0] += offset_s - satellite_clock_offset_s;
        c[1] += clock.frequency_error / clock_rate;
    }
    return observed;
}

} // namespace gr::ntnpos::kernel
