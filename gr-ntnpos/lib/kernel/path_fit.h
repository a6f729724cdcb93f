/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PATH_FIT_H
#define INCLUDED_NTNPOS_KERNEL_PATH_FIT_H

#include <gnuradio/ntnpos/kernel/first_path.h>
#include <complex>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * Least-squares fit of a few paths to a channel, all delays and gains together
 * (Levenberg's method). \param channel  H(k), k = 0..M-1; path i contributes gain exp(-j
 * 2 pi (k - M/2) scs delay) \param paths    start values in, fit out; delay_std_s is
 * filled from the inverse Fisher information with the residual's variance \returns the
 * squared residual that is left, at least single precision's rounding; negative where the
 * paths cannot be told apart (singular information)
 */
double fit_paths(const std::vector<std::complex<double>>& channel,
                 double scs_hz,
                 std::vector<path_estimate>& paths);

//! channel - the paths' contributions.
void subtract_paths(const std::vector<std::complex<double>>& channel,
                    double scs_hz,
                    const std::vector<path_estimate>& paths,
                    std::vector<std::complex<double>>& residual);

} // namespace gr::ntnpos::kernel

#endif
