/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_COMB_FOLD_H
#define INCLUDED_NTNPOS_LIB_KERNEL_COMB_FOLD_H

#include "turn_table.h"
#include <gnuradio/ntnpos/kernel/fft.h>
#include <complex>
#include <cstdint>

namespace gr::ntnpos::kernel {

/*!
 * \brief Each g-th bin of a DFT of N turned samples from an FFT of N / g points, and the
 * way back.
 *
 * With t(n) = exp(j 2 pi (cycles + n step)), S(q) = sum_n t(n) x(n) exp(-j 2 pi q g n /
 * N) is the FFT over M = N / g points of t(n) sum_i t(i M) / t(0) x(n + i M): the parts
 * of the samples are added first, each turned by a constant.
 */
class comb_fold
{
public:
    //! \param fft_size  N, a multiple of 8 parts \param parts  g: 1, 2, 4, 6 or 12;
    //! throws std::invalid_argument
    comb_fold(int fft_size, int parts);

    int parts() const { return d_parts; }
    //! M
    int points() const { return d_forward.size(); }
    //! Phase of sample 0 and cycles a sample, for the calls that follow.
    void turn(double cycles, double step);

    //! Transform of the turned samples. \param x  N samples \return S(0 .. M - 1), valid
    //! until the next call
    const std::complex<float>* analyse(const std::complex<float>* x);

    //! What synthesise() transforms: M bins. What is written to it is kept.
    std::complex<float>* bins() { return d_inverse.data(); }
    /*! Adds sum_q bins(q) exp(j 2 pi q g n / N) / t(n) for n = first .. first + count -
     * 1, of any sign, to \p out. */
    void synthesise(int64_t first, int64_t count, std::complex<float>* out);

private:
    int d_parts;
    double d_cycles = 0.0, d_step = 0.0;
    turn_table d_turns;
    fft d_forward;
    fft d_inverse;
    int d_rows;                                     // stretches of the turns
    volk::vector<float> d_weights_re, d_weights_im; // for each part and stretch
    volk::vector<float> d_turned;                   // z, interleaved
    volk::vector<float> d_turned_j;                 // j z
};

} // namespace gr::ntnpos::kernel

#endif
