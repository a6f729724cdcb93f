/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_FINITE_H
#define INCLUDED_NTNPOS_LIB_KERNEL_FINITE_H

#include <complex>
#include <cstdint>

namespace gr::ntnpos::kernel {

//! How many samples from the first on are neither infinite nor NaN.
int64_t leading_finite(const std::complex<float>* x, int64_t count);

} // namespace gr::ntnpos::kernel

#endif
