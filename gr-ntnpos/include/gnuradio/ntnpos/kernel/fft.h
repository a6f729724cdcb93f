/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_FFT_H
#define INCLUDED_NTNPOS_KERNEL_FFT_H

#include <complex>
#include <memory>

namespace gr::ntnpos::kernel {

/*!
 * \brief One in-place single-precision FFT with its own aligned buffer.
 *
 * The plan is made once in the constructor (thread-safe also beside other users of FFTW)
 * and without measuring, so that the same input gives the same bits in every process.
 * Neither direction is scaled.
 */
class fft
{
public:
    enum class direction { forward, inverse };

    //! \param size  number of points, >= 1
    fft(int size, direction dir);
    ~fft();
    fft(fft&&) noexcept;
    fft& operator=(fft&&) noexcept;

    int size() const;
    //! The buffer: input before execute(), output after it.
    std::complex<float>* data();
    void execute();

private:
    struct state;
    std::unique_ptr<state> d_state;
};

} // namespace gr::ntnpos::kernel

#endif
