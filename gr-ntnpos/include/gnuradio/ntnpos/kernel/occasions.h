/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_OCCASIONS_H
#define INCLUDED_NTNPOS_KERNEL_OCCASIONS_H

#include <gnuradio/ntnpos/kernel/search_window.h>
#include <optional>
#include <vector>

namespace gr::ntnpos::kernel {

//! Slots of one DL-PRS resource instance that are combined coherently.
struct occasion {
    //! transmitted (not muted) slots, ascending, from SFN 0 slot 0
    std::vector<int64_t> slots;
    std::vector<instant> sent; //!< satellite-clock readings at their starts
};

/*!
 * \brief The occasions of one satellite in order of time: periodicity, repetitions, time
 * gaps and muting of 7.4.1.7.4.
 */
class occasion_sequence
{
public:
    //! \param max_coherent_s  an instance whose slots span more than this gives an
    //! occasion for every slot
    occasion_sequence(const carrier& c,
                      const satellite_signal& signal,
                      double max_coherent_s);

    //! Goes to the first occasion whose last slot ends after the satellite clock reads \p
    //! sent.
    void seek(const instant& sent);
    //! The occasion number \p ahead from here, if the resource transmits at all.
    std::optional<occasion> peek(size_t ahead = 0);
    //! Puts parts (in order of time) in the place of the occasion number \p ahead from here.
    void split(size_t ahead, std::vector<occasion> parts);
    //! Leaves the first occasion behind.
    void pop();

private:
    bool extend();

    carrier d_carrier;
    satellite_signal d_signal;
    double d_max_coherent_s;
    int64_t d_instance = 0;          // next instance to be turned into occasions
    bool d_silent = false;           // every instance is muted
    bool d_countable = true;         // the slot that was sought has a number
    std::vector<occasion> d_pending; // made and not yet popped
};

} // namespace gr::ntnpos::kernel

#endif
