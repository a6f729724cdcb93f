/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_RX_TX_DIFFERENCE_H
#define INCLUDED_NTNPOS_RX_TX_DIFFERENCE_H

#include <gnuradio/block.h>
#include <gnuradio/ntnpos/api.h>
#include <gnuradio/ntnpos/kernel/carrier.h>
#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <cstdint>
#include <map>
#include <string>

namespace gr::ntnpos {

/*!
 * \brief From times of arrival to what the two ends of a round trip report: UE Rx-Tx and
 * gNB Rx-Tx time differences, and UL-RTOA.
 * \ingroup ntnpos
 *
 * \details
 * Message port `meas` (in): messages of a first_path_detector. Of kind `toa` each makes
 * one report; `config` and `end` go on. Others, and malformed ones, are counted and
 * dropped.
 *
 * Message port `meas` (out): as that of first_path_detector, with `schema`, `source`,
 * `seq` of this block, and kind
 * - `ue_rx_tx` (role ue): the toa is that of a satellite's DL-PRS by the UE's clock.
 * `t` (tuple) is when the measured DL subframe left the reference point by the
 * transmitter's clock, `rx_tx_s` its arrival minus the sending of the UL subframe nearest
 * to it (TS 38.215 5.1.30), `subframe_offset` how many subframes later that one is
 * numbered (0..542), `dl_timing_drift_us_s` d(toa)/dt (nil beyond 26.5).
 * A crystal that is 5 ppm off would make half a subframe 2.5 ns wrong: `rx_tx_s` is
 * divided by what the toa's rate says of the UE's clock beside the search window's
 * prediction, which has to be one for a perfect clock; a toa without
 * `predicted_rate_s_per_s` is taken as it is. When UL slots are sent the block knows as
 * srs_source does: give both the same start_slot, start_time and timing_advance_s, the
 * same timing_advances, and the same messages on `timing`.
 * - `gnb_rx_tx` (role gnb): the toa is that of a UE's SRS by the clock of the uplink time
 * synchronisation reference point, counted from when the slot was due there. `t` is when
 * the measured UL subframe was due, `rx_tx_s` how much later it arrived.
 * - `ul_rtoa` (role ul_rtoa): as gnb_rx_tx, without bounds: `rtoa_s`.
 *
 * Each has `satellite`, `slot_count`, `status`, `snr_db`, `rsrp_db` and its `*_std_s`; of
 * roles gnb and ul_rtoa `satellite` is the block's, and `ue` what the toa calls its
 * transmitter. A toa that is not `ok` gives a report of its status without values; what
 * cannot be reported (beyond 985024 T_c, or an offset outside 0..542) has status
 * `out_of_range` and no values. Reports are not rounded to report steps: who codes them
 * into LPP or NRPPa does that.
 *
 * Message port `timing` (in): as srs_source's. Messages on two ports have no order: a
 * command has to come well before the toa that it counts for, as one that srs_source is
 * to follow must; what is known beforehand belongs in timing_advances.
 */
class NTNPOS_API rx_tx_difference : virtual public gr::block
{
public:
    typedef std::shared_ptr<rx_tx_difference> sptr;

    /*!
     * \param source            name of this end in its messages
     * \param carrier           numerology and sampling of the measured signal
     * \param role              "ue", "gnb" or "ul_rtoa"
     * \param satellite         name of the satellite; roles gnb and ul_rtoa
     * \param start_slot        slot whose nominal start the UE's clock gives as
     *                          start_time; role ue, as of srs_source
     * \param start_time        UE clock
     * \param timing_advance_s  before the first command, -1..1
     * \param timing_advances   commands that are known beforehand: from slot, advance in
     * s
     *
     * Throws std::invalid_argument (ValueError in Python): which field is wrong, its
     * value and what is allowed.
     */
    static sptr make(const std::string& source,
                     const kernel::carrier& carrier,
                     const std::string& role = "ue",
                     const std::string& satellite = "",
                     int64_t start_slot = 0,
                     const kernel::instant& start_time = {},
                     double timing_advance_s = 0.0,
                     const std::map<int64_t, double>& timing_advances = {});

    //! Messages that were malformed, or of a kind that is not for this block.
    virtual uint64_t bad_messages() const = 0;
};

} // namespace gr::ntnpos

#endif
