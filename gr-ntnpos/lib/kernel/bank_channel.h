/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_BANK_CHANNEL_H
#define INCLUDED_NTNPOS_KERNEL_BANK_CHANNEL_H

#include "phase_track.h"
#include <gnuradio/ntnpos/kernel/correlator_bank.h>
#include <gnuradio/ntnpos/kernel/occasions.h>

namespace gr::ntnpos::kernel {

//! One satellite of a correlator_bank: what it sends, where it is looked for, where it
//! was.
struct correlator_bank::channel {
    //! What is known of an occasion's place.
    enum class place {
        before,     //!< all of it is before the segment's first sample
        ahead,      //!< it reaches into the segment or comes after its samples
        unpredicted //!< the window's polynomial gives no possible delay at this time
    };

    channel(const carrier& c,
            const satellite_signal& s,
            const correlator_bank_config& config);

    /*!
     * Sets or replaces the window. A track within it goes on, as a correction of the new
     * prediction; without one the occasions are sought anew.
     */
    void set_window(const search_window& w);
    //! The next occasion is to be the first that can reach into samples from \p t on. \p
    //! again: t lies before what was reported, and that counts no more.
    void restart(const instant& t, bool again);
    //! The satellite's next occasion and those after it; nothing where the prediction
    //! does not say.
    std::optional<occasion> peek(size_t ahead);
    //! Fills in where the job's occasion is looked for.
    place prepare(job& j, const sample_view& view) const;
    /*!
     * The parts of a prepared job's occasion where the segment may cut it: the slots that
     * are surely whole stay together, the others stand alone. One part: no cut, or
     * nothing to part.
     */
    std::vector<occasion> parts(const job& j, const sample_view& view) const;
    //! Whether the segment holds all of a found job's PRS, prefixes included.
    bool whole(const job& j, const sample_view& view) const;
    //! Takes over what came of a job.
    void learn(const job& j);
    //! The report on a job.
    delay_profile report(const job& j);

    carrier grid;
    satellite_signal signal;
    prs_replica replica;
    first_path detector;
    occasion_sequence occasions;
    std::optional<search_window> window;
    std::shared_ptr<const trajectory> predicted; // of the window
    std::optional<instant> from; // the occasions are still to be sought from here
    std::optional<int64_t>
        reported;         // first slot of the last occasion that gave a profile
    bool tracked = false; // the track below is from the last occasion
    bool lost = false;    // it is from an earlier one
    delay_model track;
    double track_rate_std = 0.0; // standard deviation of the track's rate, s/s
    phase_track phase;
    double level = 0.0; // power in that occasion

private:
    double drift(const instant& t) const;
    bool follows(const instant& t) const;
    double reach(const job& j, int64_t slot) const;
    double position(const job& j, size_t slot_index, const sample_view& view) const;
};

//! One occasion of one satellite in work.
struct correlator_bank::job {
    int satellite = 0;
    size_t ahead = 0; // place in the satellite's sequence of occasions
    occasion where;
    bool tracked = false;
    bool recalled = false; // a lost track says where to look first
    double half_width_s = 0.0;
    double doppler_half_width_hz = 0.0;
    delay_model start; // model before the estimate
    // round the track, of a tracked or recalled satellite
    double track_half_width_s = 0.0;
    double track_doppler_hz = 0.0;
    double threshold = 0.0;      // of the search that found it
    double begin = 0, end = 0;   // predicted place of the PRS in samples
    int64_t first = 0, last = 0; // samples that the search may touch: first .. last - 1
    bool core = false;
    occasion_status status = occasion_status::no_signal;
    occasion_estimate estimate;

    double level() const
    {
        double power = 0.0;
        for (const auto& p : estimate.paths.paths)
            power += std::norm(p.gain);
        return power;
    }
    bool found() const { return status == occasion_status::found; }
    bool overlaps(const job& other) const
    {
        return first < other.last && other.first < last;
    }
};

} // namespace gr::ntnpos::kernel

#endif
