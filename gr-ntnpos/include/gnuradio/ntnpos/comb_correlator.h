/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_COMB_CORRELATOR_H
#define INCLUDED_NTNPOS_COMB_CORRELATOR_H

#include <gnuradio/block.h>
#include <gnuradio/ntnpos/api.h>
#include <gnuradio/ntnpos/kernel/correlator_bank.h>
#include <cstdint>
#include <vector>

namespace gr::ntnpos {

/*!
 * \brief Delay profiles of the DL-PRS of all satellites in one received stream.
 * \ingroup ntnpos
 *
 * \details
 * Input 0: complex baseband at the carrier's sample rate with `rx_time` tags (tuple of
 * uint64 whole and double fraction of seconds of the receiver's clock). Time is
 * re-anchored at EVERY `rx_time` tag: a tag ends the segment before it, and an occasion
 * that it cuts is reported incomplete. Samples before the first valid `rx_time` tag are
 * dropped and counted, as are those of a segment whose `rx_rate` or `rx_freq` tag
 * contradicts the carrier. A gap that no tag tells of cannot be known: all that comes
 * after it is late by its length. Sample clock and LO are one oscillator: its error is
 * part of toa and Doppler alike.
 *
 * Output 0: one vector of fft_size complex values for each satellite and PRS occasion:
 * the delay profile, its middle point at the delay the receiver assumes, points
 * 1/sample_rate apart. Each item has a tag `ntnpos_profile`, a dictionary that
 * first_path_detector understands: satellite, slot_count, status (`found`, `no_signal`,
 * `incomplete`), sent, arrival, toa_s, doppler_hz, doppler_std_hz, toa_rate_s_per_s (that
 * is -doppler_hz / f_c) and its deviation, window_min_s, window_max_s and the resource's
 * grid. When the input ends, what is left is worked on and a last item with the tag
 * `ntnpos_end` follows.
 *
 * A profile that is `found` may have carrier_phase_cycles with its deviation, and
 * carrier_phase_continuous. The carrier of its first path, at the receiver-clock instant
 * at which that brings the slot's start, has the phase exp(j 2 pi carrier_phase_cycles)
 * against the receiver's LO; the phase term of 38.211 5.4 is taken out. With a the path's
 * constant complex gain it is arg(a) / (2 pi) - f_c toa: between two occasions it changes
 * by the integral of the Doppler. Where carrier_phase_continuous is true its whole cycles
 * are counted on from the occasion before; where it is false a new count begins. Several
 * occasions that were combined by power have none.
 *
 * The false-alarm probability P of the configuration is that of an occasion of which
 * nothing is received: each search over a satellite's window (of one that is not tracked)
 * gives `found` with probability P, and so does each occasion of a satellite that is
 * tracked and no longer sends. Over 100 000 searched occasions of noise it was 0.73
 * to 1.15 times what is stated, by kind of search (qa_false_alarm).
 *
 * Where to look comes from windows, one a satellite: predicted toa over the receiver's
 * clock, and half widths in delay and Doppler. Give them to make(), or by message: the
 * block holds its input back until every satellite has one.
 *
 * Message port `windows` (in): dictionary
 * - `satellite` (symbol): an id of the signals,
 * - `segments` (vector of tuples (start, coefficients)): start a (uint64, double) tuple
 * on the receiver's clock, coefficients an f64vector in s, s/s, ...: the predicted toa,
 * - `half_width_s`, `doppler_half_width_hz` (double).
 * It replaces that satellite's window for the occasions still to be worked on. A
 * malformed message is counted and dropped.
 *
 * Same input, same windows: the same profiles bit by bit, however the scheduler cuts the
 * stream.
 */
class NTNPOS_API comb_correlator : virtual public gr::block
{
public:
    typedef std::shared_ptr<comb_correlator> sptr;

    /*!
     * \param carrier  numerology, grid, sampling; received with LO at
     * carrier.frequency_hz \param signals  the satellites' PRS, each with an id of its
     * own \param windows  one a signal in the same order, or none: then they come by
     * message \param config   false-alarm probability, interference passes, coherent
     * span, batch length
     *
     * Throws std::invalid_argument (ValueError in Python): which field is wrong, its
     * value and what is allowed.
     */
    static sptr make(const kernel::carrier& carrier,
                     const std::vector<kernel::satellite_signal>& signals,
                     const std::vector<kernel::search_window>& windows = {},
                     const kernel::correlator_bank_config& config = {});

    //! Messages on `windows` that were malformed, and dropped.
    virtual uint64_t bad_messages() const = 0;
    //! Samples that had no valid time, and were dropped.
    virtual uint64_t untimed_samples() const = 0;
};

} // namespace gr::ntnpos

#endif
