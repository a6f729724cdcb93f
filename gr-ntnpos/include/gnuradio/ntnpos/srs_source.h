/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_SRS_SOURCE_H
#define INCLUDED_NTNPOS_SRS_SOURCE_H

#include <gnuradio/ntnpos/api.h>
#include <gnuradio/ntnpos/kernel/carrier.h>
#include <gnuradio/ntnpos/kernel/srs_resource.h>
#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <gnuradio/sync_block.h>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gr::ntnpos {

/*!
 * \brief Stream, or bursts, of slots that carry the positioning SRS of one UE.
 * \ingroup ntnpos
 *
 * \details
 * Output 0: complex baseband at the carrier's sample rate, subcarrier 6 n_rb at 0 Hz
 * (TS 38.211 5.3.1). A resource grid full of unit-power elements would have unit mean
 * power; a lone comb-4 resource over the whole grid therefore sends its symbols with
 * power 1/4. Where the carrier's phase_compensation is on, each symbol has the phase term
 * of 5.4. Which slots carry a resource follows 6.4.1.4.4, slots counted from SFN 0 slot
 * 0.
 *
 * Time: sample 0 is the nominal start of slot \p start_slot. A slot is sent its timing
 * advance before its nominal start: by whole samples, and by the rest of a sample as a
 * phase slope over the subcarriers, exact for any fraction; 0 Hz keeps its phase. A slot
 * that would begin before the end of the one before it loses its beginning (TS 38.213
 * 4.2), unless the one before carries nothing.
 *
 * As a stream: \p n_slots nominal slots, zeros where nothing is sent. As bursts: only the
 * slots in which something is sent, each a burst of its own, the same samples as in the
 * stream.
 *
 * Message port `timing` (in): dictionary
 * - `timing_advance_s` (double, -1..1): send this much earlier,
 * - `from_slot` (integer): from this slot count on.
 * A command holds until the next command's from_slot; commands may come in any order and
 * far ahead. One that comes when its slot has been made already holds from the next slot
 * on and is counted as late: the block works as far ahead as its output buffer lets it. A
 * malformed message is counted and dropped.
 *
 * Stream tags:
 * - `ntnpos_slot` (long) at the first sample of every slot: its count,
 * - with \p start_time, on sample 0 of a stream: `rx_time` and `tx_time` (tuple of uint64
 *   whole and double fraction of seconds: the sending clock), `rx_rate` and `rx_freq`
 *   (double, Hz),
 * - on the first sample of a burst: `tx_time`, and \p length_tag (long): its samples.
 *
 * The samples depend on the configuration, and on commands that come in time for their
 * slot, never on how the scheduler cuts the stream. Delay and Doppler are the channel's
 * work (ntn_channel).
 */
class NTNPOS_API srs_source : virtual public gr::sync_block
{
public:
    typedef std::shared_ptr<srs_source> sptr;

    /*!
     * \param carrier           numerology, grid and sampling
     * \param resources         positioning SRS resources, at least one; where two meet
     *                          they are added
     * \param start_slot        the slot whose nominal start is sample 0, from SFN 0
     * \param n_slots           nominal length in slots, or -1 without end
     * \param start_time        the sending clock at sample 0; needed for bursts
     * \param timing_advance_s  before the first command, -1..1
     * \param bursts            bursts, not a stream
     * \param length_tag        name of the burst's length tag
     * \param timing_advances   commands that are known beforehand: from slot, advance in
     *                          s; in time whatever the scheduler does
     *
     * Throws std::invalid_argument (ValueError in Python): which field is wrong, its
     * value and what is allowed.
     */
    static sptr make(const kernel::carrier& carrier,
                     const std::vector<kernel::srs_resource>& resources,
                     int64_t start_slot = 0,
                     int64_t n_slots = -1,
                     const std::optional<kernel::instant>& start_time = std::nullopt,
                     double timing_advance_s = 0.0,
                     bool bursts = false,
                     const std::string& length_tag = "packet_len",
                     const std::map<int64_t, double>& timing_advances = {});

    //! Messages on `timing` that were malformed, and dropped.
    virtual uint64_t bad_messages() const = 0;
    //! Commands that came after their slot had been made.
    virtual uint64_t late_commands() const = 0;
    //! Transmitted slots that lost their beginning, or all, to a growing advance.
    virtual uint64_t cut_slots() const = 0;
};

} // namespace gr::ntnpos

#endif
