/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_SEARCH_WINDOW_H
#define INCLUDED_NTNPOS_KERNEL_SEARCH_WINDOW_H

#include <gnuradio/ntnpos/kernel/sounding_resource.h>
#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <memory>
#include <string>

namespace gr::ntnpos::kernel {

/*! What a receiver is told of one transmitter: a satellite and its DL-PRS, or, for a
 * receiver of the network, a UE and its positioning SRS. */
struct satellite_signal {
    std::string id;             //!< name in the assistance data
    sounding_resource resource; //!< its one DL-PRS or positioning SRS resource
    //! the transmitter's clock when SFN 0 slot 0 leaves its antenna; for an SRS the clock
    //! that the receiver's timing counts by, and toa_s then is what it arrives after it
    instant sfn0;
};

/*!
 * \brief Where to look for one satellite: bounds from assistance data, in delay and in
 * Doppler.
 *
 * The predicted pseudo-delay (toa) is a function of the receiver's clock; the predicted
 * Doppler is -f_c times its rate.
 */
struct search_window {
    trajectory toa;                     //!< predicted toa at a receiver-clock instant, s
    double half_width_s = 0.0;          //!< |toa - predicted| is at most this; 0..0.1
    double doppler_half_width_hz = 0.0; //!< |Doppler - predicted| is at most this; 0..1e6
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const search_window& w);
/*! The same, and that the search is of a size that can be done: bandwidth times width,
 * times Doppler width over the inverse PRS duration, up to 5e7 resolution cells. */
std::optional<config_error>
validate(const search_window& w, const carrier& c, const sounding_resource& r);

/*!
 * \brief A window's prediction with the correction that measurements have given: the
 * delay that the receiver assumes.
 */
struct delay_model {
    std::shared_ptr<const trajectory> predicted;
    instant reference;     //!< where offset_s holds
    double offset_s = 0.0; //!< toa minus prediction at the reference
    double rate = 0.0;     //!< rate of that difference, s/s

    //! toa at a receiver-clock instant, s.
    double at(const instant& t) const;
    //! d(toa)/dt at a receiver-clock instant, s/s.
    double rate_at(const instant& t) const;
    //! Whether a signal can have the delay (1e4 s: clocks may differ) and rate (1e-3)
    //! that the model gives at \p t. A polynomial far from its time does not.
    bool plausible(const instant& t) const;
    //! The receiver-clock instant at which what left at satellite-clock reading \p sent
    //! arrives. Where the model is not plausible, nor is it at what is returned.
    instant arrival(const instant& sent) const;
    //! Moves the reference to \p t without changing the line.
    void rebase(const instant& t);
};

//! Satellite-clock reading at the start of a slot counted from SFN 0 slot 0 (exact over
//! any number of slots).
instant slot_sent(const carrier& c, const satellite_signal& s, int64_t slot_count);

} // namespace gr::ntnpos::kernel

#endif
