/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_FFT_H
#define INCLUDED_NTNPOS_KERNEL_FFT_H

#include <complex>
#include <memory>

namespace gr::ntnpos::kernel {

/*!
 * \brief One single-precision FFT, or some side by side, with its own aligned buffers.
 *
 * The plan is made once in the constructor (thread-safe also beside other users of FFTW)
 * and without measuring, so that the same input gives the same bits in every process.
 * Neither direction is scaled.
 */
class fft
{
public:
    enum class direction { forward, inverse };
    //! Where the output goes: over the input, or (faster) beside it; then the input
    //! stays.
    enum class placement { in_place, separate };

    //! \param size      number of points, >= 1
    //! \param parallel  transforms made at once, >= 1: point i of transform t is at
    //!                  i * parallel + t
    fft(int size, direction dir, placement where = placement::in_place, int parallel = 1);
    ~fft();
    fft(fft&&) noexcept;
    fft& operator=(fft&&) noexcept;

    int size() const;
    //! The input before execute(); after it the output, if in place.
    std::complex<float>* data();
    //! The output of execute(); data() if in place.
    std::complex<float>* result();
    void execute();

private:
    struct state;
    std::unique_ptr<state> d_state;
};

} // namespace gr::ntnpos::kernel

#endif
