/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_FADING_PROFILE_H
#define INCLUDED_NTNPOS_KERNEL_FADING_PROFILE_H

#include <gnuradio/ntnpos/kernel/config_error.h>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gr::ntnpos::kernel {

//! What a path of the channel is made of.
enum class fading_model {
    los,       //!< one ray of constant gain
    ntn_tdl_a, //!< 3 Rayleigh taps (TR 38.811 table 6.9.2-1)
    ntn_tdl_b, //!< 4 Rayleigh taps (6.9.2-2)
    ntn_tdl_c, //!< line of sight on a Rayleigh tap, 1 more (6.9.2-3)
    ntn_tdl_d, //!< line of sight on a Rayleigh tap, 2 more (6.9.2-4)
};

//! "los", "ntn-tdl-a", ... as scenarios write them.
std::string name_of(fading_model model);
//! The model of that name, if there is one.
std::optional<fading_model> fading_model_of(const std::string& name);
//! All names, with commas.
std::string fading_model_names();

/*! \brief Multipath fading of one path, TR 38.811 clause 6.9.2. */
struct path_fading {
    fading_model model = fading_model::los;
    double delay_spread_s = 100e-9; //!< wanted rms delay spread DS, 0..1e-5
    /*! \brief Speed of the receiver, >= 0: maximum Doppler f_D = speed f_c / c of the
     * scattered part, at most 1/1024 of the sample rate. */
    double ue_speed_m_s = 0.0;
    /*! \brief Power of the line of sight over that of all Rayleigh taps, -100..100 dB (TR
     * 38.901 clause 7.7.6), of C and D only; by default the tables': 10.0 and 7.0 dB. */
    std::optional<double> k_factor_db;
    uint64_t seed = 1; //!< of the Rayleigh taps, any value
};

//! First field that is wrong, if any.
std::optional<config_error>
validate(const path_fading& fading, double sample_rate_hz, double carrier_frequency_hz);

//! f_D: the largest Doppler that the receiver's own movement gives, Hz.
double max_doppler_hz(const path_fading& fading, double carrier_frequency_hz);

/*! \brief A tap: mean powers, of which those of a profile are 1 in all. */
struct fading_tap {
    double delay_s = 0.0;   //!< after the path's own delay
    double constant = 0.0;  //!< power of the line of sight
    double scattered = 0.0; //!< mean power of the Rayleigh part
};

//! Taps of a TDL at unit delay spread, delays ascending, as in the tables of TR 38.811;
//! their powers divided by the sum of all. For los one constant tap.
const std::vector<fading_tap>& unit_taps(fading_model model);

/*! \brief The taps of a path.
 *
 * Delays of the tables are in units of the rms delay spread, and are multiplied by the
 * wanted one (TR 38.901 clause 7.7.3). With another K factor the Rayleigh taps keep their
 * powers among each other, and the delays are divided by the rms delay spread that the
 * profile then has (7.7.6).
 */
std::vector<fading_tap> taps_of(const path_fading& fading);

//! Power-weighted standard deviation of the delays, seconds.
double rms_delay_spread_s(const std::vector<fading_tap>& taps);

} // namespace gr::ntnpos::kernel

#endif
