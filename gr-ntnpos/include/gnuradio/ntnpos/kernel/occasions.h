/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_OCCASIONS_H
#define INCLUDED_NTNPOS_KERNEL_OCCASIONS_H

#include <gnuradio/ntnpos/kernel/search_window.h>
#include <optional>
#include <vector>

namespace gr::ntnpos::kernel {

//! Slots of one DL-PRS resource that give one measurement.
struct occasion {
    //! transmitted (not muted) slots, ascending, from SFN 0 slot 0
    std::vector<int64_t> slots;
    std::vector<instant> sent; //!< satellite-clock readings at their starts
    //! number of each slot's group, from 0: groups are combined in phase, and added to
    //! each other by power. Empty: all are one group
    std::vector<int> groups = {};

    int group(size_t slot_index) const { return groups.empty() ? 0 : groups[slot_index]; }
    //! The slot that the measurement is reported for: the first; of several groups one in
    //! the middle, where the delay is known best.
    size_t reference() const { return groups.empty() ? 0 : slots.size() / 2; }
};

/*!
 * \brief The occasions of one satellite in order of time: periodicity, repetitions, time
 * gaps and muting of 7.4.1.7.4.
 */
class occasion_sequence
{
public:
    /*!
     * \param max_coherent_s  slots of an instance within so long a span are joined in
     * phase; an instance that is longer gives an occasion for every slot
     * \param max_combined_s  above 0: instances and slots within so long a span are one
     * occasion, of as many groups as its instances have (or, of long instances, slots)
     */
    occasion_sequence(const carrier& c,
                      const satellite_signal& signal,
                      double max_coherent_s,
                      double max_combined_s = 0.0);

    //! Goes to the first occasion whose last slot ends after the satellite clock reads \p
    //! sent.
    void seek(const instant& sent);
    //! The occasion number \p ahead from here, if the resource transmits at all.
    std::optional<occasion> peek(size_t ahead = 0);
    //! Puts parts (in order of time) in the place of the occasion number \p ahead from
    //! here.
    void split(size_t ahead, std::vector<occasion> parts);
    //! Leaves the first occasion behind.
    void pop();

private:
    bool extend();
    int64_t instances_together() const;
    occasion instance(int64_t number) const;

    carrier d_carrier;
    satellite_signal d_signal;
    double d_max_coherent_s;
    double d_max_combined_s;
    int64_t d_instance = 0;          // next instance to be turned into occasions
    bool d_silent = false;           // every instance is muted
    bool d_countable = true;         // the slot that was sought has a number
    std::vector<occasion> d_pending; // made and not yet popped
};

} // namespace gr::ntnpos::kernel

#endif
