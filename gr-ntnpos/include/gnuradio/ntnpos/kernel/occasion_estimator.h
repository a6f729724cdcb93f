/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_OCCASION_ESTIMATOR_H
#define INCLUDED_NTNPOS_KERNEL_OCCASION_ESTIMATOR_H

#include <gnuradio/ntnpos/kernel/comb_correlator.h>
#include <gnuradio/ntnpos/kernel/first_path.h>
#include <gnuradio/ntnpos/kernel/occasions.h>
#include <complex>
#include <memory>
#include <vector>

namespace gr::ntnpos::kernel {

//! What is known of a satellite in one occasion.
struct occasion_estimate {
    delay_model model; //!< delay of the strongest path and its rate (Doppler)
    //! what is added to -f_c times that rate for the Doppler: not 0 where the slots'
    //! distance leaves it ambiguous, and the slots alone say it
    double doppler_offset_hz = 0.0;
    double doppler_std_hz = 0.0; //!< standard deviation of the Doppler
    instant middle;              //!< of the symbols: delay and rate are independent there
    //! of the search's decision: -ln of what noise has in the slots at this place
    double statistic = 0.0;
    first_path_estimate paths; //!< fitted paths, relative to the model
    //! true standard deviation over the one that the fit to `combined` gives: above 1
    //! where groups of slots were added by power
    double std_factor = 1.0;
    /*! Phase of the first path's carrier against the receiver's LO in cycles: its carrier
     * is exp(j 2 pi phase), phase = arg a / (2 pi) - f_c toa(t), at the receiver-clock
     * instant `phase_at`. Its whole cycles are those of the model. */
    double phase_cycles = 0.0;
    double phase_std_cycles = 0.0; //!< 0: there is no phase (several groups)
    instant phase_at;
    //! channel averaged over the symbols, one value a subcarrier
    std::vector<std::complex<float>> combined;
    std::vector<std::complex<float>> fitted; //!< the fitted paths' response there
    //! of each group of slots: its channel is `fitted` times this
    std::vector<std::complex<double>> turns;
};

//! What is known beforehand.
struct occasion_limits {
    //! above 0: what the statistic must reach, with a coarse start at the best place,
    //! else at what is fitted; that decides, and the strongest path is not tested besides
    double least_statistic = 0.0;
    //! with a coarse start: the delay is within this of the model; 0: 1.5 resolutions
    double reach_s = 0.0;
    //! with a coarse start: Doppler is within this of the model's; 0: 0.35 of the inverse
    //! PRS duration
    double reach_hz = 0.0;
    //! above 0: Doppler is within this of that of the model `known` (else of the start),
    //! which may resolve it between slots
    double doppler_bound_hz = 0.0;
    const delay_model* known = nullptr;
};

class symbol_set;

/*!
 * \brief Delay, Doppler and paths of one satellite in one occasion, starting from a delay
 * model that is nearly right.
 *
 * Symbols (and the slots of a group) are combined coherently; Doppler is where their sum
 * is largest (maximum likelihood), first over the symbols of each slot, then over the
 * slots. The sum over slots repeats every inverse of their distance: where the slots
 * alone, or what is known beforehand, do not tell one maximum from the next (nine
 * standard deviations), the Doppler that is reported is the slots' own, with its
 * deviation. Groups of slots are added by power (occasion::groups).
 */
class occasion_estimator
{
public:
    enum class outcome { found, no_signal, incomplete };

    explicit occasion_estimator(const carrier& c);
    ~occasion_estimator();

    /*!
     * \param estimate  its model is the start; on outcome::found everything in it is set,
     * else it keeps the model (and has the statistic, if that was asked for)
     * \param coarse    the model comes from a search: look for the place of most power in
     * limits.reach_s and limits.reach_hz first
     * \param rounds    rounds of moving the model onto what was found, >= 0
     */
    outcome estimate(const sample_view& samples,
                     prs_replica& replica,
                     first_path& detector,
                     const occasion& where,
                     bool coarse,
                     int rounds,
                     occasion_estimate& estimate,
                     const occasion_limits& limits = {});

    //! Adds scale times the fitted signal to the samples (-1 takes it out).
    void add(const sample_view& samples,
             prs_replica& replica,
             const occasion& where,
             const occasion_estimate& estimate,
             float scale);

private:
    double
    decide(prs_replica& replica, const occasion_limits& limits, delay_model& model);
    double doppler(double delay_s, double known_hz, double bound_hz) const;
    void move(delay_model& model, double delay_s, double doppler_hz) const;
    void finish(prs_replica& replica,
                const occasion& where,
                double bound_hz,
                occasion_estimate& estimate) const;

    carrier d_carrier;
    comb_correlator d_correlator;
    std::unique_ptr<symbol_set> d_symbols;
    std::vector<std::complex<float>> d_combined;
    std::vector<std::complex<double>> d_turns;
};

} // namespace gr::ntnpos::kernel

#endif
