/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PHASE_TRACK_H
#define INCLUDED_NTNPOS_KERNEL_PHASE_TRACK_H

#include <gnuradio/ntnpos/kernel/search_window.h>
#include <memory>

namespace gr::ntnpos::kernel {

/*!
 * \brief Counts the whole carrier cycles between the occasions of one satellite.
 *
 * A phase is measured up to whole cycles. From one occasion to the next they are those of
 * the predicted delay and of the Doppler's difference to it, a scalar that is filtered
 * over the occasions from the Doppler measured there and, once cycles are counted, from
 * the phases themselves. They are counted on where that is known to an eighth of a cycle
 * (four deviations are half a cycle), else the count begins anew.
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
    //! \param predicted  toa; another one than before begins a new filter
    result add(const sample& s, const std::shared_ptr<const trajectory>& predicted);
    //! The satellite was lost.
    void reset() { d_predicted.reset(); }

private:
    void filter(double off_hz, double std_hz);

    double d_frequency_hz;
    std::shared_ptr<const trajectory> d_predicted; // null: no occasion before
    sample d_last;
    double d_off_hz = 0.0; // Doppler minus the predicted one
    double d_off_std_hz = 0.0;
};

} // namespace gr::ntnpos::kernel

#endif
