/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_NARROW_FFT_H
#define INCLUDED_NTNPOS_LIB_KERNEL_NARROW_FFT_H

#include <gnuradio/ntnpos/kernel/fft.h>
#include <volk/volk_alloc.hh>
#include <complex>

namespace gr::ntnpos::kernel {

/*!
 * \brief Inverse DFT of M points of which only a few neighbouring bins are occupied.
 *
 * With M = P Q, and all bins within a stretch of P, the output points n = Q i + t of one
 * t are an inverse DFT of P points of the bins turned by exp(j 2 pi bin t / M): Q short
 * transforms side by side in place of a long one, whose first stages would add zeros. Not
 * scaled. Allocates nothing after construction.
 */
class narrow_fft
{
public:
    //! P for M = \p size and \p count occupied bins: 0 where no split is worth while.
    static int short_size(int size, int count);

    /*!
     * \param size   M
     * \param low    lowest bin that may be occupied, any sign
     * \param count  how many bins from there on; short_size(size, count) > 0
     */
    narrow_fft(int size, int low, int count);

    //! Whether these bins are among those that may be occupied.
    bool holds(int bin, int count) const
    {
        return bin >= d_low && bin + count <= d_low + d_count;
    }

    //! Makes the bins empty that are not among these.
    void clear_outside(int bin, int count);

    /*!
     * values[i] into bin + i step, which holds() them all; \p add: to what is there.
     */
    void fill(const std::complex<float>* values, int count, int bin, int step, bool add);

    void execute() { d_fft.execute(); }
    //! M points in their order.
    const std::complex<float>* result() { return d_fft.result(); }

private:
    int d_low;
    int d_count;
    int d_filled;     // the bins that may not be empty: from here ...
    int d_filled_end; // ... to before here
    int d_short;      // P
    int d_parallel;   // Q
    fft d_fft;
    volk::vector<std::complex<float>> d_turns; // for each bin a row of Q, and j times it
};

} // namespace gr::ntnpos::kernel

#endif
