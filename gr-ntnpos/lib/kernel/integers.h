/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_INTEGERS_H
#define INCLUDED_NTNPOS_KERNEL_INTEGERS_H

#include <cstdint>

namespace gr::ntnpos::kernel {

//! Remainder in [0, m) of a number of any sign; m > 0.
inline int64_t floor_mod(int64_t a, int64_t m)
{
    const int64_t r = a % m;
    return r < 0 ? r + m : r;
}

//! Quotient rounded down; m > 0.
inline int64_t floor_div(int64_t a, int64_t m) { return a / m - (a % m < 0 ? 1 : 0); }

} // namespace gr::ntnpos::kernel

#endif
