/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_RX_TX_H
#define INCLUDED_NTNPOS_KERNEL_RX_TX_H

#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <gnuradio/ntnpos/kernel/uplink_timing.h>

namespace gr::ntnpos::kernel {

//! Largest Rx-Tx time difference that is reported: 985024 T_c, 0.501 ms
//! (TS 38.133 10.1.25 and 13.2).
constexpr double MAX_RX_TX_S = 985024.0 / (480e3 * 4096.0);
//! Largest subframe offset that is reported (TS 37.355, NTN).
constexpr int64_t MAX_SUBFRAME_OFFSET = 542;
//! Largest DL timing drift that is reported, s/s (TS 37.355: 26.5 us/s).
constexpr double MAX_TIMING_DRIFT = 26.5e-6;

//! When a subframe was due by the sender's or reference point's clock, and when it began
//! to arrive by the receiver's.
struct subframe_timing {
    int64_t subframe; //!< counted from SFN 0
    instant due;
    instant arrival;
};

/*!
 * Timing of the subframe that a measured slot belongs to.
 * \param slot_count  the measured slot, from SFN 0 slot 0
 * \param sent        sender's clock at that slot's start
 * \param arrival     receiver's clock when it arrives
 * \param toa_rate    d(arrival - sent)/d(arrival): what is between the subframe's start
 * and the slot's came stretched
 */
subframe_timing subframe_of(const carrier& c,
                            int64_t slot_count,
                            const instant& sent,
                            const instant& arrival,
                            double toa_rate);

/*!
 * How much faster than nominal a receiver's clock runs, as a factor close to 1, from the
 * rate of a toa by that clock and the rate that a perfect clock would have seen: a span
 * that it measures is so many times too long.
 */
double clock_factor(double toa_rate, double predicted_rate);

//! UE Rx-Tx time difference (TS 38.215 5.1.30).
struct ue_rx_tx {
    double rx_tx_s; //!< reception of DL subframe i minus sending of UL subframe j
    int64_t subframe_offset; //!< j - i
};

/*!
 * \brief Compares the arrival of a DL subframe with the UL subframe that is sent nearest
 * to it in time, by the UE's clock.
 *
 * Those with offsets -1 to MAX_SUBFRAME_OFFSET + 1 are tried, so that the nearest of all
 * cannot be reported where one of these two is what is found.
 *
 * \param timing  when UL slots are sent; its first slot is nominally sent at \p start
 * \param start   UE clock
 */
ue_rx_tx compare(const carrier& c,
                 const uplink_timing& timing,
                 const instant& start,
                 const subframe_timing& dl);

} // namespace gr::ntnpos::kernel

#endif
