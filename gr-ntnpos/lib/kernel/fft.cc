/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/fft.h>

#include <fftw3.h>
#include <cstdlib>
#include <new>
#include <stdexcept>

namespace gr::ntnpos::kernel {

namespace {

// Aligned to a cache line: FFTW's own allocator promises less.
fftwf_complex* allocate(size_t size)
{
    constexpr size_t line = 64;
    const size_t bytes = (size * sizeof(fftwf_complex) + line - 1) / line * line;
    void* memory = std::aligned_alloc(line, bytes);
    if (!memory)
        throw std::bad_alloc();
    return static_cast<fftwf_complex*>(memory);
}

} // namespace

struct fft::state {
    int size;
    fftwf_complex* input = nullptr;
    fftwf_complex* output = nullptr; // the input's buffer if in place
    fftwf_plan plan = nullptr;

    ~state()
    {
        if (plan)
            fftwf_destroy_plan(plan);
        if (output != input)
            std::free(output);
        std::free(input);
    }
};

fft::fft(int size, direction dir, placement where, int parallel)
    : d_state(std::make_unique<state>())
{
    if (size < 1 || parallel < 1)
        throw std::invalid_argument("fft size must be positive");
    // FFTW's planner is one per process and GNU Radio's own blocks use it as well: its
    // global lock serves all.
    static const bool thread_safe = (fftwf_make_planner_thread_safe(), true);
    (void)thread_safe;
    d_state->size = size;
    const size_t all = static_cast<size_t>(size) * static_cast<size_t>(parallel);
    d_state->input = allocate(all);
    d_state->output = where == placement::in_place ? d_state->input : allocate(all);
    const int sign = dir == direction::forward ? FFTW_FORWARD : FFTW_BACKWARD;
    // FFTW_ESTIMATE: a measured plan depends on the clock, and with it the last bits of
    // every result.
    d_state->plan = fftwf_plan_many_dft(1,
                                        &size,
                                        parallel,
                                        d_state->input,
                                        nullptr,
                                        parallel,
                                        1,
                                        d_state->output,
                                        nullptr,
                                        parallel,
                                        1,
                                        sign,
                                        FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
    if (!d_state->plan)
        throw std::runtime_error("FFTW could not plan an FFT of this size");
}

fft::~fft() = default;
fft::fft(fft&&) noexcept = default;
fft& fft::operator=(fft&&) noexcept = default;

int fft::size() const { return d_state->size; }

std::complex<float>* fft::data()
{
    return reinterpret_cast<std::complex<float>*>(d_state->input);
}

std::complex<float>* fft::result()
{
    return reinterpret_cast<std::complex<float>*>(d_state->output);
}

void fft::execute() { fftwf_execute(d_state->plan); }

} // namespace gr::ntnpos::kernel
