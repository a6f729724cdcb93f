/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "integers.h"
#include <gnuradio/ntnpos/kernel/rx_tx.h>
#include <cmath>

namespace gr::ntnpos::kernel {

subframe_timing subframe_of(const carrier& c,
                            int64_t slot_count,
                            const instant& sent,
                            const instant& arrival,
                            double toa_rate)
{
    const int64_t subframe = floor_div(slot_count, slots_per_subframe(c));
    const int64_t within = slot_count - subframe * slots_per_subframe(c);
    const double after_s = slot_start_samples(c, within) / c.sample_rate_hz;
    return { subframe,
             advance(sent, -after_s),
             advance(arrival, -after_s / (1.0 - toa_rate)) };
}

double clock_factor(double toa_rate, double predicted_rate)
{
    // By the clock C: toa = C - sent, and d(sent) = (1 - predicted) dt = (1 - toa_rate)
    // dC.
    return (1.0 - predicted_rate) / (1.0 - toa_rate);
}

ue_rx_tx compare(const carrier& c,
                 const uplink_timing& timing,
                 const instant& start,
                 const subframe_timing& dl)
{
    // Every one that can be reported, and one more to either side: with an advance that
    // jumps there is no way to go straight to the nearest.
    ue_rx_tx found{ 0.0, -1 };
    for (int64_t offset = -1; offset <= MAX_SUBFRAME_OFFSET + 1; ++offset) {
        const slot_position at =
            timing.position((dl.subframe + offset) * slots_per_subframe(c));
        const double difference_s =
            seconds_between(dl.arrival,
                            sample_instant(start, at.sample, c.sample_rate_hz)) -
            at.fraction / c.sample_rate_hz;
        if (offset < 0 || std::abs(difference_s) < std::abs(found.rx_tx_s))
            found = { difference_s, offset };
    }
    return found;
}

} // namespace gr::ntnpos::kernel
