/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_DELAY_PROFILE_H
#define INCLUDED_NTNPOS_KERNEL_DELAY_PROFILE_H

#include <gnuradio/ntnpos/kernel/first_path.h>
#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <complex>
#include <cstdint>
#include <string>
#include <vector>

namespace gr::ntnpos::kernel {

//! What became of one occasion of one satellite.
enum class occasion_status { found, no_signal, incomplete };

//! A delay profile with all that is needed to turn it into a measurement.
struct delay_profile {
    std::string satellite;  //!< id in the assistance data
    int64_t slot_count = 0; //!< first slot of the occasion, from SFN 0 slot 0
    occasion_status status = occasion_status::no_signal;
    instant sent;            //!< satellite-clock reading at the start of that slot
    instant arrival;         //!< receiver clock when its start arrives by the delay model
    double toa_s = 0.0;      //!< the delay model then: the profile's middle point
    double doppler_hz = 0.0; //!< -f_c times the model's rate then
    double doppler_std_hz = 0.0;
    double toa_rate = 0.0; //!< d(toa)/dt, s/s: -doppler_hz / f_c
    double toa_rate_std = 0.0;
    //! the same by the window's prediction: what differs is the receiver's crystal, where
    //! the prediction is one for a perfect clock
    double predicted_rate = 0.0;
    //! of the delay model at `arrival` beside the symbols' middle, from the Doppler's
    //! deviation
    double model_std_s = 0.0;
    //! true standard deviation of a fitted delay over the fit's own
    double std_factor = 1.0;
    /*! Phase of the first path's carrier when the slot's start arrives, in cycles,
     * counted on from occasion to occasion: its difference between two occasions of one
     * count is the integral of the Doppler. */
    double carrier_phase_cycles = 0.0;
    double carrier_phase_std_cycles = 0.0; //!< 0: not measured
    bool carrier_phase_continuous = false; //!< counted on from the occasion before
    double window_min_s = 0.0;             //!< toa that was searched, from
    double window_max_s = 0.0;             //!< to
    int comb_size = 1;                     //!< K_comb of the resource
    int subcarriers = 0;                   //!< 12 num_rb of the resource
    int grid_subcarriers = 0;              //!< 12 n_rb of the carrier
    double scs_hz = 0.0;                   //!< subcarrier spacing
    int observations = 1; //!< symbols that each subcarrier was averaged over
    //! fft_size points, first_path's form; zeros unless found
    std::vector<std::complex<float>> values;
};

//! A path after the first.
struct additional_path {
    double delay_s = 0.0;     //!< after the first path
    double delay_std_s = 0.0; //!< standard deviation of the path's own arrival
    double rsrpp_db = 0.0;    //!< its power as first_path_rsrpp_db is the first's
};

//! One time of arrival with what a report says beside it.
struct toa_measurement {
    //! receiver clock when the start of the slot arrives on the first path
    instant arrival;
    //! pseudo-delay: arrival minus the satellite clock's reading when it was sent
    double toa_s = 0.0;
    double toa_std_s = 0.0; //!< standard deviation
    //! power of all paths while the PRS is sent over the noise in its bandwidth
    double snr_db = 0.0;
    //! power of all paths in one occupied resource element over full scale (TS 38.215
    //! 5.1.28)
    double rsrp_db = 0.0;
    //! the same of the first path alone (DL PRS-RSRPP of TS 38.215)
    double first_path_rsrpp_db = 0.0;
    std::vector<additional_path> additional_paths; //!< ascending delays
};

/*!
 * Time of arrival of a profile's first path.
 * \param estimate  what first_path found in the profile; detected must be true
 */
toa_measurement measure_toa(const delay_profile& profile,
                            const first_path_estimate& estimate);

} // namespace gr::ntnpos::kernel

#endif
