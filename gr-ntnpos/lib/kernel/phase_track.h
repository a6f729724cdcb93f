/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PHASE_TRACK_H
#define INCLUDED_NTNPOS_KERNEL_PHASE_TRACK_H

#include <gnuradio/ntnpos/kernel/search_window.h>
#include <memory>

namespace gr::ntnpos::kernel {

/*!
 * \brief Counts the whole carrier cycles between the occasions of one satellite.
 *
 * A phase is measured up to whole cycles. From one occasion to the next they are those
 * that the Doppler says: measured at both ends, or known from the phases of the occasions
 * before and the predicted change since. They are counted on where that is known to an
 * eighth of a cycle (four deviations are half a cycle), else the count begins anew.
 */
class phase_track
{
public:
    //! One occasion's measurement.
    struct sample {
        instant t;           //!< receiver clock
        double cycles = 0.0; //!< phase, whole cycles arbitrary
        double std_cycles = 0.0;
        double doppler_hz = 0.0;
        double doppler_std_hz = 0.0;
    };
    struct result {
        double cycles = 0.0;
        bool continuous = false; //!< whole cycles counted since the occasion before
    };

    explicit phase_track(double frequency_hz) : d_frequency_hz(frequency_hz) {}
    //! \param predicted  its change of Doppler is taken as known, to 4 % of 600 Hz/s
    result add(sample s, const trajectory& predicted);
    void reset() { d_valid = false; }

private:
    double d_frequency_hz;
    bool d_valid = false;
    sample d_last;
    // Doppler from phases, at the middle between the last two occasions
    bool d_has_rate = false;
    instant d_rate_at;
    double d_rate_hz = 0.0;
    double d_rate_std_hz = 0.0;
};

} // namespace gr::ntnpos::kernel

#endif
