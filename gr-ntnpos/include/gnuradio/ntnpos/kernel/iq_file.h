/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_IQ_FILE_H
#define INCLUDED_NTNPOS_KERNEL_IQ_FILE_H

#include <gnuradio/ntnpos/kernel/config_error.h>
#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief Where complex samples lie in a file, and in which form. The names of the forms
 * are SigMF's (core:datatype).
 */
struct iq_file {
    std::string path; //!< a regular file that can be read
    uint64_t byte_offset =
        0; //!< bytes before the first sample (a SigMF archive keeps its data inside)
    uint64_t n_samples =
        0; //!< complex samples to read, >= 1; the file must hold them all
    std::string datatype =
        "cf32_le"; //!< cf32_le: two IEEE floats; ci16_le: two int16, 32768 is one
};

/*!
 * \brief One uninterrupted run of samples (a SigMF capture segment), from its start to
 * the start of the next.
 */
struct iq_capture {
    uint64_t sample_start =
        0;           //!< index of its first sample, from the first sample of the iq_file
    instant rx_time; //!< receiver clock at its first sample; not negative
    double frequency_hz = 0.0; //!< carrier frequency at 0 Hz of the samples; finite
};

//! Bytes of one complex sample, or 0 where the datatype is none of the two.
size_t bytes_per_sample(const std::string& datatype);

//! First field that is wrong, if any; looks at the file's size, not at its samples.
std::optional<config_error> validate(const iq_file& f);

/*! First field that is wrong, if any: at least one capture, the first at sample 0, starts
 * ascending and all below \p n_samples. */
std::optional<config_error> validate(const std::vector<iq_capture>& captures,
                                     uint64_t n_samples);

/*!
 * Converts \p n samples from the file's bytes to unit-scale floats.
 * \param datatype  one of the two; another gives std::invalid_argument
 * \param bytes     n * bytes_per_sample(datatype) bytes
 */
void convert_iq(const std::string& datatype,
                const unsigned char* bytes,
                size_t n,
                std::complex<float>* out);

/*!
 * \brief Reads an iq_file from its first sample to its last, in pieces of any size.
 *
 * It does not read metadata and does not know of captures.
 */
class iq_file_reader
{
public:
    //! Throws std::invalid_argument with the validator's message.
    explicit iq_file_reader(const iq_file& f);

    /*! The next samples, at most \p n. Fewer than asked only at the end, or when the file
     * has been cut short since it was opened: then position() stays below n_samples. */
    size_t read(std::complex<float>* out, size_t n);

    //! Begins again at the first sample.
    void rewind();

    //! Samples read so far.
    uint64_t position() const { return d_position; }
    uint64_t n_samples() const { return d_file.n_samples; }

private:
    iq_file d_file;
    size_t d_bytes_per_sample;
    std::ifstream d_stream;
    std::vector<unsigned char> d_bytes;
    uint64_t d_position = 0;
};

} // namespace gr::ntnpos::kernel

#endif
