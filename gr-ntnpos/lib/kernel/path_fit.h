/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PATH_FIT_H
#define INCLUDED_NTNPOS_KERNEL_PATH_FIT_H

#include <gnuradio/ntnpos/kernel/first_path.h>
#include <complex>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * Least-squares fit of a few paths to a channel, all delays and gains together
 * (Levenberg's method), by sums over all subcarriers in double precision: for signals so
 * far above the noise that a profile in single precision no longer tells them from it.
 * \param channel   H(k), k = 0..M-1; path i contributes gain exp(-j 2 pi (k - M/2) scs
 * delay)
 * \param residual  working space; after it what is left
 * \param paths     start values in, fit out; delay_std_s is filled for a residual of one
 * in every complex dimension
 * \returns the squared residual that is left, at least single precision's rounding;
 * negative where the paths cannot be told apart (singular information)
 */
double fit_paths(const std::vector<std::complex<double>>& channel,
                 std::vector<std::complex<double>>& residual,
                 double scs_hz,
                 path_list& paths);

} // namespace gr::ntnpos::kernel

#endif
