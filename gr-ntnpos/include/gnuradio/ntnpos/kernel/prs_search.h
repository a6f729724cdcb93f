/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PRS_SEARCH_H
#define INCLUDED_NTNPOS_KERNEL_PRS_SEARCH_H

#include <gnuradio/ntnpos/kernel/prs_replica.h>
#include <gnuradio/ntnpos/kernel/sample_view.h>
#include <gnuradio/ntnpos/kernel/search_window.h>
#include <array>
#include <map>
#include <memory>
#include <vector>

namespace gr::ntnpos::kernel {

class decimator;

//! Where a search found its satellite, relative to the window's middle.
struct search_result {
    bool found = false;   //!< the statistic passed the threshold, and all samples of its
                          //!< delay are there
    double delay_s = 0.0; //!< toa minus prediction
    double doppler_hz = 0.0; //!< Doppler minus prediction
    //! of the best cell: about -ln of its probability under noise alone
    double statistic = 0.0;
    //! what the statistic has to pass at the false-alarm probability
    double threshold = 0.0;
    //! delay-Doppler cells tried; 0: no delay of the window has all its samples
    int64_t cells = 0;
    bool whole = false;     //!< all samples of the best cell's delay are there
    double extent_s = 0.0;  //!< width of the delays that were tried
    double extent_hz = 0.0; //!< width of the Doppler that was tried
};

/*!
 * \brief Acquisition: finds one occasion of a PRS in delay and Doppler within its window.
 *
 * Where the band is narrow the sample rate is lowered first, so that symbols have as few
 * samples as hold it. They are correlated with the whole PRS of a slot through FFTs of
 * only the occupied band; a Doppler bin is a shift of the spectrum. A cell is |C|^2 over
 * the energies of the replica and of the samples under it, so that noise and other
 * satellites' signals, which come and go within the window, raise both: under noise alone
 * a slot's part exceeds x with probability (1-x)^(D-1), D the time-bandwidth product of
 * the band that is looked at. The statistic -(D-1) ln(1-x) is therefore exponential, and
 * its sum over slots, which add without phase, gamma distributed; the threshold takes the
 * cells as independent, which in the tail they nearly are. A row of the search moves its
 * later slots by what its Doppler moves the delay.
 *
 * A strong signal on the same comb has fewer dimensions than D and can pass: what is
 * found has to be decided on the resource's elements (occasion_estimator).
 *
 * The result is good to about half a sample of the band's rate and a quarter of the
 * inverse PRS duration; comb_correlator refines it. Nothing is found at delays at which
 * the PRS is not wholly within the samples, nor an echo of what lies there.
 */
class prs_search
{
public:
    //! \param false_alarm_probability  of one search over its whole window, (0, 0.5]
    prs_search(const carrier& c, double false_alarm_probability);
    ~prs_search();

    /*!
     * \param slots  the occasion's slots
     * \param sent   satellite-clock readings at the slots' starts
     * \param model  the window's middle
     */
    search_result search(const sample_view& samples,
                         prs_replica& replica,
                         const std::vector<int64_t>& slots,
                         const std::vector<instant>& sent,
                         const delay_model& model,
                         double half_width_s,
                         double doppler_half_width_hz);

private:
    struct layout;    // sizes of one search
    struct reference; // the replica's spectrum
    fft& transform(int size, fft::direction dir);
    decimator& decimator_for(const layout& p);
    layout plan(const prs_replica& replica,
                int64_t slot,
                double half_width_s,
                double doppler_half_width_hz,
                double doppler_hz) const;
    void replica_samples(const layout& p,
                         prs_replica& replica,
                         int64_t slot,
                         std::complex<float>* out);
    const reference& reference_for(const layout& p, prs_replica& replica, int64_t slot);
    void to_lags(const layout& p, const std::complex<float>* reference, int64_t shift);
    void mark(const layout& p, const sample_view& samples, int64_t begin);
    void weigh(const layout& p, double reference_energy);

    carrier d_carrier;
    double d_false_alarm;
    // Made at first use: by size and direction; by factor and band; by replica, slot of
    // the frame and size.
    std::map<std::pair<int, bool>, fft> d_transforms;
    std::map<std::pair<int, int>, std::unique_ptr<decimator>> d_decimators;
    std::map<std::array<int64_t, 4>, reference> d_references;
    size_t d_kept = 0; // values in the references
    std::vector<float> d_cells;
    std::vector<char> d_valid;    // columns whose delays have all their samples
    std::vector<int> d_silent;    // columns that say nothing
    std::vector<float> d_weights; // of the columns
    std::vector<double> d_energies;
};

} // namespace gr::ntnpos::kernel

#endif
