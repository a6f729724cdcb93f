/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_LOS_PROBABILITY_H
#define INCLUDED_NTNPOS_KERNEL_LOS_PROBABILITY_H

#include <gnuradio/ntnpos/kernel/first_path.h>

namespace gr::ntnpos::kernel {

//! What is assumed of the channel before a profile is seen.
struct los_config {
    double prior = 0.5; //!< probability of a line of sight, 0..1
    //! rms delay spread, anything from here (1e-10..1e-4)
    double delay_spread_min_s = 10e-9;
    double delay_spread_max_s = 1e-6; //!< to here, uniform in its logarithm
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const los_config& c);

/*!
 * \brief Probability that a profile's first path is the line of sight.
 *
 * Two kinds of channel are compared by their likelihood: NTN-TDL-C and D, whose first
 * path is Rician (K 10.2 and 11.7 dB), and NTN-TDL-A and B, all Rayleigh
 * (TR 38.811 6.9.2, each as likely as the other), with the delay spread anywhere in the
 * configured range. What is looked at is the power of all later paths over that of the
 * first, T. Taps closer than the fit tells apart at this signal-to-noise ratio count as
 * one, fitted paths likewise. With groups of mean powers b_i after the first, P(T > t) =
 * sum_i w_i M(t / b_i), w_i = prod_j b_i / (b_i - b_j), where M(u) = exp(-u s / (1 + u
 * c)) / (1 + u c) is the mean of exp(-u times the first's power), s its constant and c
 * its scattered part. Where T is so small that it may have been missed, only that it is
 * small counts.
 *
 * It knows one occasion and no history. It is as good as those four profiles: nothing
 * real has calibrated it.
 */
class los_probability
{
public:
    //! Throws std::invalid_argument on a wrong configuration.
    los_probability(const los_config& config, const first_path_config& detector);

    //! \param estimate  what the detector found; the prior where that is nothing
    double of(const first_path_estimate& estimate) const;

private:
    los_config d_config;
    first_path_config d_detector;
    double d_limit; // surprise of a path that is just found
};

} // namespace gr::ntnpos::kernel

#endif
