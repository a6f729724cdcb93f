/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_RECEIVER_CLOCK_H
#define INCLUDED_NTNPOS_KERNEL_RECEIVER_CLOCK_H

#include <gnuradio/ntnpos/kernel/trajectory.h>

namespace gr::ntnpos::kernel {

/*!
 * \brief The receiver's one oscillator, which drives its clock, its sample clock and its
 * local oscillator.
 *
 * At the system time t at which the clock reads T: T - t = offset_s + frequency_error *
 * (t - t_ref), where t_ref = reference - offset_s is the system time at which it read
 * reference.
 */
struct receiver_clock {
    instant reference;            //!< reading at which offset_s is given
    double offset_s = 0.0;        //!< reading minus system time there, within +-1e6
    double frequency_error = 0.0; //!< dT/dt - 1, within +-1e-3; 1e-6 is 1 ppm fast
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const receiver_clock& clock);

/*!
 * The toa in receiver clock that a geometric delay in system time gives:
 * toa(T) = delay(t) + (T - t) - satellite_clock_offset_s, t being the system time at
 * which the receiver clock reads T. Exact substitution in each polynomial (the clock is
 * linear); rounding below 1e-15 s. A segment without a linear term gets one.
 *
 * \param geometric  travel time by the system time of reception; valid
 * \param satellite_clock_offset_s  satellite clock minus system time
 */
trajectory observed_trajectory(const trajectory& geometric,
                               const receiver_clock& clock,
                               double satellite_clock_offset_s);

} // namespace gr::ntnpos::kernel

#endif
