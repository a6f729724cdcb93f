/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_SRS_TRANSMITTER_H
#define INCLUDED_NTNPOS_KERNEL_SRS_TRANSMITTER_H

#include <gnuradio/ntnpos/kernel/srs_modulator.h>
#include <gnuradio/ntnpos/kernel/uplink_timing.h>
#include <complex>
#include <cstdint>
#include <optional>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief What a UE sends, slot after slot, each where its timing advance puts it.
 *
 * Samples count from the nominal start (no timing advance) of the first slot. With an
 * advance of 8 ms, sample 0 is therefore 8 ms into what the UE sends: the part of a slot
 * before sample 0 is left out. Where an advance that grows lets a slot begin before the
 * end of the one before it, the latter loses its beginning (TS 38.213 4.2), unless the
 * one before carries nothing: that one then ends earlier. One that shrinks leaves a gap.
 *
 * A command holds for the slots that next() has not given yet, so that the samples depend
 * on the configuration and on which slots had been given when a command came.
 */
class srs_transmitter
{
public:
    //! A slot's part in the stream.
    struct piece {
        int64_t slot_count;
        int64_t begin; //!< its first sample, not before the end of the piece before it
        int length;    //!< samples, at least 1
        const std::complex<float>* samples; //!< valid until next(); null: nothing is sent
    };

    /*!
     * \param c                 numerology, grid and sampling
     * \param resources         positioning SRS resources, at least one
     * \param first_slot        the slot whose nominal start is sample 0; within 1e12
     * \param n_slots           nominal length of the stream in slots, 0..1e12, or -1
     *                          without end
     * \param timing_advance_s  of all slots before the first command's
     *
     * Throws std::invalid_argument: which field is wrong, its value and what is allowed.
     */
    srs_transmitter(const carrier& c,
                    const std::vector<srs_resource>& resources,
                    int64_t first_slot = 0,
                    int64_t n_slots = -1,
                    double timing_advance_s = 0.0);

    const carrier& get_carrier() const { return d_modulator.get_carrier(); }

    //! What is wrong with the command, which is then not taken, if anything.
    std::optional<config_error> add(const timing_command& command);
    //! True where slots that the command is meant for have been given already.
    bool is_late(const timing_command& command) const;

    //! The next slot with samples in the stream; nothing after the last.
    std::optional<piece> next();

    //! Samples in the stream; the greatest int64_t without end.
    int64_t length() const { return d_end; }
    //! Slots with a transmission that lost their beginning, or all, to those before.
    uint64_t cut_slots() const { return d_cut; }

    //! Begins again, without the commands that came since construction.
    void reset();

private:
    srs_modulator d_modulator;
    const timing_command d_initial;
    const int64_t d_first;
    const int64_t d_end;
    std::vector<std::complex<float>> d_slot;

    uplink_timing d_timing;
    int64_t d_next = 0; // slot that is looked at next
    int64_t d_now = 0;  // end of the slot before
    bool d_begun = false;
    uint64_t d_cut = 0;
};

} // namespace gr::ntnpos::kernel

#endif
