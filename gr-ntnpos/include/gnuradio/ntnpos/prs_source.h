/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_PRS_SOURCE_H
#define INCLUDED_NTNPOS_PRS_SOURCE_H

#include <gnuradio/ntnpos/api.h>
#include <gnuradio/ntnpos/kernel/carrier.h>
#include <gnuradio/ntnpos/kernel/prs_resource.h>
#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <gnuradio/sync_block.h>
#include <cstdint>
#include <optional>
#include <vector>

namespace gr::ntnpos {

/*!
 * \brief Streams of slots that carry the DL-PRS resources of satellites or other TRPs.
 * \ingroup ntnpos
 *
 * \details
 * One output for each TRP, output 0 first: complex baseband at the carrier's sample rate,
 * subcarrier 6 n_rb at 0 Hz (TS 38.211 5.3.1), beginning with the cyclic prefix of symbol
 * 0 of slot \p start_slot. Slots and symbols in which no resource is sent are zeros. A
 * resource grid full of unit-power elements would have unit mean power; a lone comb-4
 * resource over the whole grid therefore sends its symbols with power 1/4.
 *
 * Which slots carry a resource, the muting included, follows TS 38.211 7.4.1.7.4 with
 * slots counted from SFN 0 slot 0, modulo 1024 frames. Where the carrier's
 * phase_compensation is on, each symbol has the phase term of 5.4.
 *
 * A TRP has any number of resources, of one or several resource sets: each resource
 * carries what its set has (periodicity, offset, repetition, muting, comb, bandwidth) and
 * its own (sequence, offsets, power). All outputs run slot by slot with each other; for
 * the sum of TRPs in one stream, give their resources as those of one.
 *
 * Stream tags, on every output:
 * - `ntnpos_slot` (long) at the first sample of every slot: the slot count, start_slot,
 *   start_slot + 1, ...
 * - with \p start_time, on sample 0:
 *   - `rx_time` (tuple of uint64 whole and double fraction of seconds): what the sending
 *     clock reads when slot start_slot leaves,
 *   - `rx_rate` (double, Hz) and `rx_freq` (double, Hz).
 *
 * The samples depend on the configuration only, never on how the scheduler cuts the
 * stream. The stream ends after \p n_slots slots and begins again when the flowgraph is
 * run again. Sending with clock offset, delay, Doppler and noise is the channel's work
 * (ntn_channel).
 */
class NTNPOS_API prs_source : virtual public gr::sync_block
{
public:
    typedef std::shared_ptr<prs_source> sptr;

    /*!
     * \param carrier     numerology, grid and sampling
     * \param trps        of each TRP its DL-PRS resources, at least one; where two of one
     *                    TRP meet they are added
     * \param start_slot  count of the first slot, from SFN 0 slot 0, any sign
     * \param n_slots     slots to send, or -1 without end
     * \param start_time  the sending clock at sample 0; without it no time is tagged
     *
     * Throws std::invalid_argument (ValueError in Python): which field is wrong, its
     * value and what is allowed.
     */
    static sptr make(const kernel::carrier& carrier,
                     const std::vector<std::vector<kernel::prs_resource>>& trps,
                     int64_t start_slot = 0,
                     int64_t n_slots = -1,
                     const std::optional<kernel::instant>& start_time = std::nullopt);
};

} // namespace gr::ntnpos

#endif
