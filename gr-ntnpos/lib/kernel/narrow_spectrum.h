/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_NARROW_SPECTRUM_H
#define INCLUDED_NTNPOS_LIB_KERNEL_NARROW_SPECTRUM_H

#include "row_fft.h"
#include <volk/volk_alloc.hh>
#include <complex>

namespace gr::ntnpos::kernel {

/*!
 * \brief A few neighbouring ones of the bins that comb_fold::analyse() gives.
 *
 * M = N / g = P Q, and no more than P bins are wanted: of the points n = Q i + t, those
 * of one t give by a DFT of P points what they add to each bin, up to a turn, so that Q
 * short transforms side by side and a sum over t do in place of a long transform. The
 * turn of the samples is a constant for each i and one for each t; the latter is left to
 * the sum. Allocates nothing after construction.
 */
class narrow_spectrum
{
public:
    //! P for \p points M and \p count wanted bins: 0 where no split is worth while.
    static int short_size(int points, int count)
    {
        return row_fft::short_size(points, count);
    }

    /*!
     * \param fft_size  N \param parts  g: 1, 2, 4, 6 or 12 \param count  wanted bins;
     * short_size(N / g, count) > 0
     */
    narrow_spectrum(int fft_size, int parts, int count);

    /*!
     * S(q) = sum_n exp(j 2 pi (cycles + n step)) x(n) exp(-j 2 pi q g n / N), 0 <= n < N,
     * 0 <= q < count, valid until the next call.
     */
    const std::complex<float>*
    analyse(const std::complex<float>* x, double cycles, double step);

private:
    int d_points; // M
    int d_parts;  // g
    int d_count;
    int d_short;    // P
    int d_parallel; // Q
    row_fft d_fft;
    // All with real and imaginary parts apart.
    volk::vector<float> d_turn_re, d_turn_im; // for each bin a row of Q
    volk::vector<float> d_row_re, d_row_im;   // of the samples, for each part and i
    volk::vector<float> d_fine_re, d_fine_im; // for each t
    volk::vector<std::complex<float>> d_bins;
};

} // namespace gr::ntnpos::kernel

#endif
