/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_INPUT_STORE_H
#define INCLUDED_NTNPOS_KERNEL_INPUT_STORE_H

#include <gnuradio/ntnpos/kernel/moving_path.h>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief The part of an input stream that is still needed, contiguous in memory.
 *
 * Grows to the longest part that was ever kept and allocates no more after that; a sample
 * is moved at most once on average.
 */
class input_store
{
public:
    //! Forgets everything; the next sample appended is that of \p index.
    void restart(int64_t index);
    //! The next \p count samples of the stream.
    void append(const std::complex<float>* samples, size_t count);
    //! Samples before \p index, those to come as well, are not needed any more.
    void forget_before(int64_t index);
    //! Samples appended so far, also of those forgotten.
    int64_t end() const { return d_end; }
    //! What is kept; valid until the next call of append.
    input_view view() const;

private:
    std::vector<std::complex<float>> d_buffer;
    size_t d_from = 0; // where in the buffer what is kept begins
    size_t d_to = 0;   // and ends
    int64_t d_end = 0; // index in the stream of the sample after d_to
    int64_t d_keep = 0;
};

} // namespace gr::ntnpos::kernel

#endif
