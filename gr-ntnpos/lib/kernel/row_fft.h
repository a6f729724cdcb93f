/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_ROW_FFT_H
#define INCLUDED_NTNPOS_LIB_KERNEL_ROW_FFT_H

#include <volk/volk_alloc.hh>

namespace gr::ntnpos::kernel {

/*!
 * \brief DFTs of P points, Q of them side by side in whole registers: point i of
 * transform t is number Q i + t, real and imaginary parts apart.
 *
 * Stockham's transform in butterflies of four, and of two where P asks for it. Not
 * scaled. Allocates nothing after construction.
 */
class row_fft
{
public:
    //! P for M = P Q = \p points and \p count <= P neighbouring numbers that matter: 0
    //! where no split is worth while.
    static int short_size(int points, int count);

    //! \param size  P, a power of two from 4 on \param parallel  Q, a multiple of 16
    row_fft(int size, int parallel);
    row_fft(const row_fft&) = delete;

    //! Input, P Q numbers each.
    float* re() { return d_re[0]; }
    float* im() { return d_im[0]; }

    //! \param wanted  how many numbers of the result, from the first on, are needed
    void forward(int wanted); //!< the input is lost
    //! The result; what is written to it is of no harm.
    float* result_re() { return d_result_re; }
    float* result_im() { return d_result_im; }
    //! Room for P Q numbers each, of any content after a transform.
    float* spare_re() { return d_spare_re; }
    float* spare_im() { return d_spare_im; }

private:
    int d_size, d_parallel;
    volk::vector<float> d_twiddle_re, d_twiddle_im; // three for each butterfly
    volk::vector<float> d_numbers;
    float *d_re[2], *d_im[2]; // in them: before and after a pass
    float *d_result_re = nullptr, *d_result_im = nullptr;
    float *d_spare_re = nullptr, *d_spare_im = nullptr;
};

} // namespace gr::ntnpos::kernel

#endif
