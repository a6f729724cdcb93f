/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_OCCASION_ESTIMATOR_H
#define INCLUDED_NTNPOS_KERNEL_OCCASION_ESTIMATOR_H

#include <gnuradio/ntnpos/kernel/comb_correlator.h>
#include <gnuradio/ntnpos/kernel/first_path.h>
#include <gnuradio/ntnpos/kernel/occasions.h>
#include <complex>
#include <vector>

namespace gr::ntnpos::kernel {

//! What is known of a satellite in one occasion.
struct occasion_estimate {
    delay_model model;           //!< delay of the strongest path and its rate (Doppler)
    double doppler_std_hz = 0.0; //!< standard deviation of -f_c times that rate
    first_path_estimate paths;   //!< fitted paths, relative to the model
    //! channel averaged over the symbols, one value a subcarrier
    std::vector<std::complex<float>> combined;
    std::vector<std::complex<float>> fitted; //!< the fitted paths' response there
};

/*!
 * \brief Delay, Doppler and paths of one satellite in one occasion, starting from a delay
 * model that is nearly right.
 *
 * Symbols (and slots) are combined coherently; Doppler is where their sum is largest
 * (maximum likelihood), first over the symbols of each slot, then over all slots, so that
 * the spacing of the slots leaves no ambiguity.
 */
class occasion_estimator
{
public:
    enum class outcome { found, no_signal, incomplete };

    explicit occasion_estimator(const carrier& c);

    /*!
     * \param estimate  its model is the start; on outcome::found everything in it is set,
     * else it keeps the model \param coarse    the model comes from a search: look for
     * Doppler in +-0.35 of the inverse PRS duration first \param rounds    rounds of
     * moving the model onto what was found, >= 0
     */
    outcome estimate(const sample_view& samples,
                     prs_replica& replica,
                     first_path& detector,
                     const occasion& where,
                     bool coarse,
                     int rounds,
                     occasion_estimate& estimate);

    //! Adds scale times the fitted signal to the samples (-1 takes it out).
    void add(const sample_view& samples,
             prs_replica& replica,
             const occasion& where,
             const occasion_estimate& estimate,
             float scale);

private:
    void combine(const prs_replica& replica,
                 double doppler_hz,
                 size_t symbols,
                 std::vector<std::complex<float>>& out) const;
    void coarse_step(prs_replica& replica, first_path& detector, delay_model& model);
    double doppler_at(const prs_replica& replica, double delay_s) const;
    void move(delay_model& model, double delay_s, double doppler_hz) const;

    carrier d_carrier;
    comb_correlator d_correlator;
    std::vector<symbol_channel> d_symbols;
    std::vector<double> d_times; // of the symbols from their mean, s
    instant d_middle;            // that mean
    std::vector<std::complex<float>> d_combined;
    std::vector<std::complex<float>> d_profile;
};

} // namespace gr::ntnpos::kernel

#endif
