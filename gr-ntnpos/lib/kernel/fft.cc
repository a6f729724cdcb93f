/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/fft.h>

#include <fftw3.h>
#include <new>
#include <stdexcept>

namespace gr::ntnpos::kernel {

struct fft::state {
    int size;
    fftwf_complex* buffer = nullptr;
    fftwf_plan plan = nullptr;

    ~state()
    {
        if (plan)
            fftwf_destroy_plan(plan);
        fftwf_free(buffer);
    }
};

fft::fft(int size, direction dir) : d_state(std::make_unique<state>())
{
    if (size < 1)
        throw std::invalid_argument("fft size must be positive");
    // FFTW's planner is one per process and GNU Radio's own blocks use it as well: its
    // global lock serves all.
    static const bool thread_safe = (fftwf_make_planner_thread_safe(), true);
    (void)thread_safe;
    d_state->size = size;
    d_state->buffer = fftwf_alloc_complex(size);
    if (!d_state->buffer)
        throw std::bad_alloc();
    const int sign = dir == direction::forward ? FFTW_FORWARD : FFTW_BACKWARD;
    // FFTW_ESTIMATE: a measured plan depends on the clock, and with it the last bits of
    // every result.
    d_state->plan =
        fftwf_plan_dft_1d(size, d_state->buffer, d_state->buffer, sign, FFTW_ESTIMATE);
    if (!d_state->plan)
        throw std::runtime_error("FFTW could not plan an FFT of this size");
}

fft::~fft() = default;
fft::fft(fft&&) noexcept = default;
fft& fft::operator=(fft&&) noexcept = default;

int fft::size() const { return d_state->size; }

std::complex<float>* fft::data()
{
    return reinterpret_cast<std::complex<float>*>(d_state->buffer);
}

void fft::execute() { fftwf_execute(d_state->plan); }

} // namespace gr::ntnpos::kernel
