/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bank_channel.h"
#include <gnuradio/ntnpos/kernel/correlator_bank.h>
#include <gnuradio/ntnpos/kernel/noise_peaks.h>
#include <algorithm>
#include <cmath>

// How a correlator_bank finds the signal of one occasion, and takes it out of the
// others'.

namespace gr::ntnpos::kernel {

occasion_limits correlator_bank::limits_of(const job& j)
{
    occasion_limits limits;
    limits.known = &j.start;
    limits.doppler_bound_hz = j.doppler_half_width_hz;
    // What was found by its statistic has that to lose, when others are taken out.
    limits.least_statistic = 0.5 * j.threshold;
    return limits;
}

void correlator_bank::refine(const sample_view& samples,
                             job& j,
                             bool coarse,
                             int rounds,
                             const occasion_limits& limits)
{
    channel& ch = *d_channels[j.satellite];
    const auto outcome = d_estimator.estimate(
        samples, ch.replica, ch.detector, j.where, coarse, rounds, j.estimate, limits);
    using result = occasion_estimator::outcome;
    j.status = outcome == result::found       ? occasion_status::found
               : outcome == result::no_signal ? occasion_status::no_signal
                                              : occasion_status::incomplete;
    if (j.found())
        d_estimator.add(samples, ch.replica, j.where, j.estimate, -1.0f);
}

// Looks for a satellite round a model; true where it is found, and is taken out.
bool correlator_bank::look(const sample_view& samples,
                           job& j,
                           const delay_model& middle,
                           double half_width_s,
                           double doppler_half_width_hz,
                           double probability)
{
    channel& ch = *d_channels[j.satellite];
    const double scs_hz = d_carrier.scs_khz * 1e3;
    const double bandwidth_hz = ch.replica.span() * scs_hz;
    const double duration_s =
        ch.replica.length_samples(j.where.slots.front()) / d_carrier.sample_rate_hz;
    const int slots = j.where.slots.size();
    const double prefix_s = cp_samples(d_carrier, 1, 1) / d_carrier.sample_rate_hz;
    occasion_limits limits;
    j.estimate.model = middle;
    if (half_width_s <= 0.6 * prefix_s && doppler_half_width_hz <= 0.1 * scs_hz) {
        // The symbols hold all delays of the window: no search in the samples is needed.
        limits.reach_s = half_width_s;
        limits.reach_hz = std::max(doppler_half_width_hz, 0.1 / duration_s);
        // What the decision looks at round the best point of its grid lies partly
        // outside.
        limits.least_statistic =
            noise_peak_level(probability,
                             slots,
                             2.0 * half_width_s * bandwidth_hz + 1.5,
                             2.0 * limits.reach_hz * duration_s + 0.4);
    } else {
        const search_result r = d_search.search(samples,
                                                ch.replica,
                                                j.where.slots,
                                                j.where.sent,
                                                middle,
                                                half_width_s,
                                                doppler_half_width_hz);
        // A row has a quarter of the inverse duration on either side.
        limits.least_statistic = noise_peak_level(probability,
                                                  slots,
                                                  r.extent_s * bandwidth_hz,
                                                  r.extent_hz * duration_s + 0.5);
        // Silence is only what was listened to: a window that the segment cuts says
        // nothing.
        const bool whole = j.first >= 0 && samples.holds(j.first, j.last);
        j.status = whole ? occasion_status::no_signal : occasion_status::incomplete;
        // A search's cell may be off the peak by half a step in delay and in Doppler, and
        // has 2.5 dB less then.
        const double over_noise = limits.least_statistic - slots;
        if (r.cells == 0 || !r.whole || r.statistic < slots + 0.55 * over_noise)
            return false;
        j.estimate.model.rebase(middle.arrival(j.where.sent.front()));
        j.estimate.model.offset_s += r.delay_s;
        j.estimate.model.rate -= r.doppler_hz / d_carrier.frequency_hz;
    }
    limits.known = &middle;
    limits.doppler_bound_hz = doppler_half_width_hz;
    refine(samples, j, true, 2, limits);
    j.threshold = limits.least_statistic;
    return j.found();
}

bool correlator_bank::acquire(const sample_view& samples, job& j)
{
    const double p = d_config.false_alarm_probability;
    if (!j.recalled)
        return look(samples, j, j.start, j.half_width_s, j.doppler_half_width_hz, p);
    // Two looks share the false alarms.
    return look(samples,
                j,
                d_channels[j.satellite]->track,
                j.track_half_width_s,
                j.track_doppler_hz,
                0.5 * p) ||
           look(samples, j, j.start, j.half_width_s, j.doppler_half_width_hz, 0.5 * p);
}

void correlator_bank::cancel_in_turns(const sample_view& samples, std::vector<job>& jobs)
{
    for (int pass = 0; pass < d_config.interference_passes; ++pass)
        for (auto& j : jobs) {
            const bool shared =
                std::any_of(jobs.begin(), jobs.end(), [&](const job& other) {
                    return &other != &j && other.found() && other.overlaps(j);
                });
            if (!j.found() || !shared)
                continue;
            d_estimator.add(
                samples, d_channels[j.satellite]->replica, j.where, j.estimate, 1.0f);
            refine(samples, j, false, 1, limits_of(j));
        }
}

} // namespace gr::ntnpos::kernel
