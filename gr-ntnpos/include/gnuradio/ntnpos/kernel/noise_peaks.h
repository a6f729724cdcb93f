/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_NOISE_PEAKS_H
#define INCLUDED_NTNPOS_KERNEL_NOISE_PEAKS_H

namespace gr::ntnpos::kernel {

/*!
 * \brief Probability that a statistic of noise exceeds \p level somewhere in an area of
 * delay and Doppler.
 *
 * The statistic is a sum over independent slots (or other parts that are not joined in
 * phase) of -ln P(part), each part exponential in noise: a chi-squared field with
 * 2 \p parts degrees of freedom. The expected number of its peaks above a high level is
 * the expected Euler characteristic of the area above it (Worsley, Adv. Appl. Prob. 26,
 * 1994): corner, edges and area, with the field's roughness pi^2/3 for each resolution,
 * that of a flat spectrum and of a flat duration. With one part and one dimension it is
 * Rice's rate of upcrossings.
 *
 * \param parts     1 or more
 * \param delays    width of the delays in units of 1/bandwidth
 * \param dopplers  width of the Doppler in units of 1/duration
 */
double noise_peak_probability(double level, int parts, double delays, double dopplers);

//! The level at which that probability is \p probability, in (0, 0.5].
double noise_peak_level(double probability, int parts, double delays, double dopplers);

} // namespace gr::ntnpos::kernel

#endif
