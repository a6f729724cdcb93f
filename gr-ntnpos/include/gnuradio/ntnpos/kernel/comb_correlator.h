/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_COMB_CORRELATOR_H
#define INCLUDED_NTNPOS_KERNEL_COMB_CORRELATOR_H

#include <gnuradio/ntnpos/kernel/prs_replica.h>
#include <gnuradio/ntnpos/kernel/sample_view.h>
#include <gnuradio/ntnpos/kernel/search_window.h>
#include <complex>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace gr::ntnpos::kernel {

class comb_fold;
class narrow_spectrum;
class turn_table;

//! The channel on the occupied elements of one OFDM symbol, seen through a delay model.
struct symbol_channel {
    int slot_index;    //!< which of the slots that were asked for
    instant centre;    //!< middle of the FFT window, receiver clock
    int first_element; //!< lowest element's subcarrier from the resource's lowest one;
                       //!< the next are comb_size apart
    //! gain exp(-j 2 pi (k - M/2) scs d), d = toa - model at the centre
    std::vector<std::complex<float>> values;
};

/*!
 * \brief Correlates one satellite's PRS symbol by symbol on its comb, and synthesises it
 * for cancellation.
 *
 * For every symbol the samples of the FFT window are turned back by the carrier phase
 * exp(+j 2 pi f_c toa(t)) that a delay model gives, which takes out Doppler and keeps all
 * symbols and slots coherent; the transform is then multiplied by the conjugate of what
 * was sent, and by the phase ramp of the window's place within the symbol. The model's
 * stretch is referred to the middle of the window, where it cannot bias a delay. Of the
 * transform only the comb is made: the window is folded onto the comb's part of its
 * length first. Plans are made when a comb size is first met; else nothing is allocated
 * once \p out has its size.
 *
 * The delay must be known to about half a cyclic prefix (prs_search finds it); it does
 * not estimate anything.
 */
class comb_correlator
{
public:
    explicit comb_correlator(const carrier& c);
    ~comb_correlator();

    /*!
     * Channel of every PRS symbol of the slots.
     * \param sent  satellite-clock readings at the slots' starts, one per slot
     * \param out   one entry per symbol, or empty where a window is not within the
     * samples \returns false where it is not
     */
    bool measure(const sample_view& samples,
                 prs_replica& replica,
                 const std::vector<int64_t>& slots,
                 const std::vector<instant>& sent,
                 const delay_model& model,
                 std::vector<symbol_channel>& out);

    /*!
     * Adds scale times what the satellite sends through a channel to the samples, as far
     * as they reach. \param channel  frequency response over the resource's subcarriers
     * relative to the model, as in symbol_channel \param edge_s   delay of the first path
     * relative to the model: where symbols begin and end
     */
    void add_replica(const sample_view& samples,
                     prs_replica& replica,
                     const std::vector<int64_t>& slots,
                     const std::vector<instant>& sent,
                     const delay_model& model,
                     const std::vector<std::complex<float>>& channel,
                     double edge_s,
                     float scale);

private:
    struct placement {
        int64_t window; // first sample of the FFT window
        double ramp_s;  // place of that sample in the symbol's useful part, s
        instant centre; // middle of the window
        double toa;     // by the model there
        double rate;    // and its rate
        double cycles;  // carrier cycles f_c toa, in [0, 1)
        double step;    // cycles a sample
        double begin;   // position of the symbol's prefix in samples
        double end;     // position of its end
    };
    placement start(const instant& sent, const delay_model& model) const;
    void place(const sample_view& samples,
               const prs_replica::symbol& s,
               const instant& sent,
               const delay_model& model,
               placement& p) const;
    comb_fold& fold_for(const prs_replica& replica);
    narrow_spectrum* narrow_for(const comb_fold& fold, int bins);

    carrier d_carrier;
    int d_size;
    int d_early;                                       // windows begin at its multiples
    std::map<int, std::unique_ptr<comb_fold>> d_folds; // by their parts
    // By parts and bins; none where a split is not worth while.
    std::map<std::pair<int, int>, std::unique_ptr<narrow_spectrum>> d_narrow;
    std::unique_ptr<turn_table> d_ramp;
};

} // namespace gr::ntnpos::kernel

#endif
