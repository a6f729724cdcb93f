/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_USABLE_H
#define INCLUDED_NTNPOS_LIB_KERNEL_USABLE_H

#include <cmath>
#include <complex>
#include <cstdint>

namespace gr::ntnpos::kernel {

//! Up to here the squares of sums over an occasion are far from the end of single
//! precision. Beyond they overflow, and a delay would be wrong without a sign of it.
constexpr float largest_sample = 1e9f;

//! Whether I and Q are numbers that a receiver can work with; false for NaN.
inline bool is_usable(const std::complex<float>& x)
{
    return std::abs(x.real()) <= largest_sample && std::abs(x.imag()) <= largest_sample;
}

//! How many samples from the first on are usable.
int64_t leading_usable(const std::complex<float>* x, int64_t count);

} // namespace gr::ntnpos::kernel

#endif
