/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_NOISE_H
#define INCLUDED_NTNPOS_KERNEL_NOISE_H

#include <gnuradio/ntnpos/kernel/config_error.h>
#include <complex>
#include <cstddef>
#include <cstdint>

namespace gr::ntnpos::kernel {

/*!
 * \brief Complex white Gaussian noise, circularly symmetric.
 *
 * A sample is a pure function of the seed and the sample's index: any chunking gives the
 * same bits, any index can be jumped to, and two streams of one seed are the same noise
 * (give each its own seed).
 */
struct white_noise {
    uint64_t seed = 1;  //!< any value
    double power = 0.0; //!< variance E|n|^2 of a complex sample, >= 0
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const white_noise& noise);

/*!
 * Adds samples \p first_index .. \p first_index + \p count - 1 of the noise to \p out.
 *
 * Each 512 samples, 16 streams of the generator xoshiro128++ (Blackman and Vigna,
 * "Scrambled linear pseudorandom number generators", ACM TOMS 47, 2021) start from seeds
 * that are Threefry2x32-13 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * SC11) of the index, keyed by the seed; thirteen rounds are the fewest of those that
 * passed all of TestU01's BigCrush there. Then Box-Muller, right to 3e-5 of the
 * amplitude. The radius comes from 31 bits: no value is beyond 6.7 standard deviations
 * (probability 2e-10).
 */
void add_noise(const white_noise& noise,
               int64_t first_index,
               size_t count,
               std::complex<float>* out);

//! Writes these samples (zeros for no power): faster than to add them to zeros.
void write_noise(const white_noise& noise,
                 int64_t first_index,
                 size_t count,
                 std::complex<float>* out);

//! The generator of add_noise's seeds: 64 random bits, the first half low, out of a 64
//! bit counter and a 64 bit key.
uint64_t threefry2x32_13(uint64_t counter, uint64_t key);

} // namespace gr::ntnpos::kernel

#endif
