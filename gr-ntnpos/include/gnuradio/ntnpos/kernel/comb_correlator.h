/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_COMB_CORRELATOR_H
#define INCLUDED_NTNPOS_KERNEL_COMB_CORRELATOR_H

#include <gnuradio/ntnpos/kernel/prs_replica.h>
#include <gnuradio/ntnpos/kernel/sample_view.h>
#include <gnuradio/ntnpos/kernel/search_window.h>
#include <complex>
#include <vector>

namespace gr::ntnpos::kernel {

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
 * stretch is referred to the middle of the window, where it cannot bias a delay.
 *
 * The delay must be known to about half a cyclic prefix (prs_search finds it); it does
 * not estimate anything.
 */
class comb_correlator
{
public:
    explicit comb_correlator(const carrier& c);

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
        double cycles;  // carrier cycles f_c toa at the middle, in [0, 1)
        double step;    // cycles a sample
        double begin;   // position of the symbol's prefix in samples
        double end;     // position of its end
    };
    placement place(const sample_view& samples,
                    const prs_replica::symbol& s,
                    const instant& sent,
                    const delay_model& model) const;

    carrier d_carrier;
    int d_size;
    fft d_forward;
    fft d_inverse;
};

} // namespace gr::ntnpos::kernel

#endif
