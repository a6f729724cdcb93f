/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_UPLINK_TIMING_H
#define INCLUDED_NTNPOS_KERNEL_UPLINK_TIMING_H

#include <gnuradio/ntnpos/kernel/carrier.h>
#include <cstddef>
#include <cstdint>
#include <map>

namespace gr::ntnpos::kernel {

//! From a slot on, slots are sent this much before their nominal time (T_TA of TS 38.211
//! 4.3.1).
struct timing_command {
    int64_t from_slot = 0; //!< slot count from SFN 0 slot 0, any sign
    double timing_advance_s =
        0.0; //!< -1..1; the round trip by a geostationary satellite is 0.54
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const timing_command& command);

//! Where a slot begins: at \p sample, and \p fraction of a sample later, in [-0.5, 0.5].
struct slot_position {
    int64_t sample;
    double fraction;
};

/*!
 * \brief When each slot is sent: nominal time less the timing advance in force.
 *
 * The advance of a slot is that of the command with the latest from_slot not after it;
 * before all of them, 0. Of two commands for one slot the later given one holds. The
 * order in which commands are given does not matter otherwise.
 *
 * Does not decide what happens where slots overlap: srs_transmitter does.
 */
class uplink_timing
{
public:
    //! Most commands for slots to come that are kept.
    static constexpr size_t MAX_COMMANDS = 65536;

    //! \param c           a valid carrier
    //! \param first_slot  the slot whose nominal start is sample 0
    uplink_timing(const carrier& c, int64_t first_slot);

    //! What is wrong with the command, which is then not taken, if anything.
    std::optional<config_error> add(const timing_command& command);

    //! Timing advance of a slot in seconds.
    double advance_s(int64_t slot) const;
    slot_position position(int64_t slot) const;

    //! Drops the commands that no slot from \p slot on needs.
    void forget_before(int64_t slot);

private:
    carrier d_carrier;
    int64_t d_origin; // samples from slot 0 to the first slot
    std::map<int64_t, double> d_advances;
};

} // namespace gr::ntnpos::kernel

#endif
