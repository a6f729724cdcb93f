/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_FIRST_PATH_DETECTOR_H
#define INCLUDED_NTNPOS_FIRST_PATH_DETECTOR_H

#include <gnuradio/ntnpos/api.h>
#include <gnuradio/ntnpos/kernel/first_path.h>
#include <gnuradio/ntnpos/kernel/los_probability.h>
#include <gnuradio/sync_block.h>
#include <cstdint>
#include <string>

namespace gr::ntnpos {

/*!
 * \brief Time of arrival of the first path in the delay profiles of a comb_correlator, as
 * measurement messages. \ingroup ntnpos
 *
 * \details
 * Input 0: vectors of profile_points complex values with the tag `ntnpos_profile`, as
 * comb_correlator makes them. A vector without a valid tag is counted and dropped.
 *
 * That a satellite is in a profile with status `found` has been decided by the correlator
 * and is not tested again; the false-alarm probability here is that of one path too many.
 *
 * Message port `meas` (out): dictionaries, ready for the stock ZMQ PUB Message Sink. All
 * have `schema` (`ntnpos.wire/1`), `source` and `seq` (uint64 from 0, one more for every
 * message: a gap is a loss) and `kind`:
 * - `toa`: one satellite's occasion: `satellite`, `slot_count`, `status` (`ok`,
 * `no_signal`, `incomplete`), `t` (tuple: receiver clock when the slot's start arrives),
 * `toa_s`, `toa_std_s`, `doppler_hz`, `doppler_std_hz`, `toa_rate_s_per_s`,
 * `toa_rate_std_s_per_s`, `predicted_rate_s_per_s` (by the search window),
 * `carrier_phase_cycles`, `carrier_phase_std_cycles`,
 * `carrier_phase_continuous` (comb_correlator.h defines them), `snr_db` and `rsrp_db` (of
 * all paths), `first_path_rsrpp_db`, `additional_paths` (vector of dictionaries:
 * `delay_s` after the first, `delay_std_s`, `rsrpp_db`), `los_probability`,
 * `window_min_s`, `window_max_s`. Values that were not measured are nil, never zero. With
 * \p with_profiles also `profile` (c32vector), `profile_start_s`, `profile_step_s`.
 * - `config`: what came in on port `config`, for late subscribers,
 * - `end`: the stream has ended; `count` says how many `toa` messages there were.
 *
 * Message port `config` (in): any dictionary; it goes out on `meas` as a message of kind
 * `config`.
 *
 * How the first path is found: kernel::first_path; `method` maximum_likelihood (default),
 * music or threshold, `threshold_mode` relative (0.6 between noise floor and peak) or
 * false_alarm. What `los_probability` is worth: kernel::los_probability.
 */
class NTNPOS_API first_path_detector : virtual public gr::sync_block
{
public:
    typedef std::shared_ptr<first_path_detector> sptr;

    /*!
     * \param source         name of this receiver in its messages
     * \param profile_points  length of the input vectors: FFT size of the carrier
     * \param config         threshold, false-alarm probability, region and number of
     * paths; subcarriers, scs_hz and profile_points are taken from each profile instead
     * \param with_profiles  add the profile itself to the messages, for displays
     * \param los            what is assumed of the channel before: prior probability of a
     * line of sight, range of the delay spread
     *
     * Throws std::invalid_argument (ValueError in Python): which field is wrong, its
     * value and what is allowed.
     */
    static sptr make(const std::string& source,
                     int profile_points,
                     const kernel::first_path_config& config = {},
                     bool with_profiles = false,
                     const kernel::los_config& los = {});

    //! Vectors without a valid tag, and dropped.
    virtual uint64_t bad_profiles() const = 0;
};

} // namespace gr::ntnpos

#endif
