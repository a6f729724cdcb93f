/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_SYMBOL_MATH_H
#define INCLUDED_NTNPOS_LIB_KERNEL_SYMBOL_MATH_H

#include "turn_table.h"
#include <complex>
#include <vector>

/*
 * Loops of symbol_set, over many values at a time.
 */
namespace gr::ntnpos::kernel {

//! a += re x and b += im x over so many floats.
void add_weighted(const float* x, float re, float im, int floats, float* a, float* b);

//! out[m step] = a[m] + j b[m], complex.
void spread(
    const float* a, const float* b, int count, int step, std::complex<float>* out);

//! Sum of x[m] times the table's turn m.
std::complex<double>
turned_sum(const std::complex<float>* x, const turn_table& turns, int count);

//! x[m] times the table's turn m, in place.
void turn_in_place(std::complex<float>* x, const turn_table& turns, int count);

//! x[m] += gain times the table's turn m.
void add_turns(const turn_table& turns,
               std::complex<float> gain,
               int count,
               std::complex<float>* x);

/*!
 * |sum of x over each group, turned by exp(-j 2 pi f t)|^2, summed over the groups, for
 * the frequencies f = first, first + step, ...: adds to powers.
 * \param begin, end  the group's part of x and of the times
 */
void add_group_powers(const std::vector<std::complex<double>>& x,
                      const std::vector<double>& times,
                      size_t begin,
                      size_t end,
                      double first,
                      double step,
                      std::vector<double>& powers);

} // namespace gr::ntnpos::kernel

#endif
