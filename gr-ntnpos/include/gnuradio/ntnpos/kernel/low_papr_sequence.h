/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_LOW_PAPR_SEQUENCE_H
#define INCLUDED_NTNPOS_KERNEL_LOW_PAPR_SEQUENCE_H

#include <gnuradio/ntnpos/kernel/config_error.h>
#include <complex>

namespace gr::ntnpos::kernel {

//! Sequence groups u of TS 38.211 5.2.2.
constexpr int LOW_PAPR_GROUPS = 30;
//! Shortest length with a second base sequence in each group: six resource blocks.
constexpr int LOW_PAPR_TWO_SEQUENCES = 72;

/*!
 * \brief One low-PAPR sequence of type 1 (TS 38.211 5.2.2): a cyclic shift of a base
 * sequence.
 *
 * Zadoff-Chu based from length 36 on, in closed form for length 30, from tables
 * 5.2.2.2-1..4 for lengths 6, 12, 18 and 24.
 */
struct low_papr_sequence {
    int length = 36; //!< M_ZC: 6, 12, 18, 24, 30, or 36..3300 (275 resource blocks)
    int group = 0;   //!< u, 0..29
    int number = 0;  //!< v, 0, or 1 from length 72 on
    //! alpha / (2 pi): the shift in cycles per element; finite
    double shift_cycles = 0.0;
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const low_papr_sequence& s);

/*!
 * exp(j alpha n) r_{u,v}(n) for n = 0 .. length - 1, of unit amplitude, exact to float
 * rounding. Expects a valid sequence.
 * \param out  s.length values
 */
void low_papr_values(const low_papr_sequence& s, std::complex<float>* out);

} // namespace gr::ntnpos::kernel

#endif
