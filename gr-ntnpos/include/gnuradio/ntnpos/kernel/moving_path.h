/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_MOVING_PATH_H
#define INCLUDED_NTNPOS_KERNEL_MOVING_PATH_H

#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gr::ntnpos::kernel {

class fractional_delay;
class tap_gain;
struct path_chunk;

/*! \brief A stretch of an input stream; every sample outside it counts as zero. */
struct input_view {
    const std::complex<float>* samples = nullptr;
    int64_t first = 0; //!< index in the stream of samples[0]
    size_t count = 0;
};

/*! \brief Sample indices first .. end - 1; none if they are equal. */
struct index_range {
    int64_t first = 0;
    int64_t end = 0;
};

/*! \brief What moving_path does. Times of output samples are the receiver clock's, of
 * input samples the satellite's. */
struct moving_path_config {
    trajectory toa;                      //!< toa_s as function of the receiver clock
    std::complex<float> gain = 1.0f;     //!< complex amplitude of the path
    instant output_start;                //!< receiver clock at output sample 0
    instant input_start;                 //!< satellite clock at input sample 0
    double sample_rate_hz = 7.68e6;      //!< of both, in (0, 1e9]
    double carrier_frequency_hz = 2.0e9; //!< f_c, in 0..1e12
    /*! \brief Band that the signal occupies about 0 Hz, of the sample rate, in (0, 0.8]:
     * a narrow one needs fewer taps. */
    double occupied_band = 0.8;
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const moving_path_config& config);

/*!
 * \brief One propagation path whose delay moves: y(T) = gain x(T - toa(T)) exp(-j 2 pi
 * f_c toa(T)).
 *
 * Sample stretch and carrier phase both come from the one toa trajectory. The fraction of
 * a sample is a filter of 8 to 20 taps, as many as the occupied band needs, held for 32
 * samples about the middle of which they are exact. Error vector at 24 us/s: below -60 dB
 * over the band, at most -55 dB at any one frequency of it; the hold adds
 * 20 log10(2 pi f 9.2 |rate|) dB at frequency f (cycles a sample), -65 dB at 24 us/s and
 * f = 0.4. The carrier phase is exact at every 16th sample and turns evenly in between,
 * by the mean turn of 512 samples: off by at most 4096 f_c |d2 toa/dT2| / rate^2 cycles,
 * 4e-8 at 2 GHz, 3e-7 s/s^2 and 7.68 MS/s.
 *
 * Blocks of 2048 samples start at absolute indices and hold the times as instants, so
 * that any chunking gives the same bits and phase does not fade at large indices. The toa
 * must change by less than 1 s/s; where it is beyond 3e6 s nothing arrives. Nothing is
 * allocated but by the constructor and set_toa.
 */
class moving_path
{
public:
    //! \throws std::invalid_argument with the validator's message
    explicit moving_path(const moving_path_config& config);

    //! Replaces the trajectory. \throws std::invalid_argument with the validator's
    //! message
    void set_toa(const trajectory& toa);
    const trajectory& toa() const { return d_config.toa; }

    //! Input samples (of any sign) that the output samples first .. first + count - 1 are
    //! made of; count > 0.
    index_range input_range(int64_t first, size_t count) const;

    //! Adds output samples first .. first + count - 1 to \p out; with \p tap, times its
    //! gain at each.
    void add(int64_t first,
             size_t count,
             const input_view& input,
             std::complex<float>* out,
             tap_gain* tap = nullptr) const;

private:
    struct local_motion; // delay and phase about one block

    size_t segment_of(int64_t index) const;
    local_motion motion_in_block(int64_t start, size_t segment) const;
    void add_within_block(int64_t start,
                          size_t from,
                          size_t to,
                          size_t segment,
                          const input_view& input,
                          float* out,
                          tap_gain* tap) const;
    void add_chunk(const path_chunk& chunk,
                   size_t from,
                   size_t to,
                   int64_t origin,
                   const input_view& input,
                   float* out) const;

    moving_path_config d_config;
    const fractional_delay* d_filters = nullptr;
    std::vector<int64_t> d_switch; // first output sample of each segment
    int64_t d_offset_whole =
        0; // input index (whole + fraction) at output sample 0 and no delay
    double d_offset_fraction = 0.0;
    double d_gain_cycles = 0.0;
    float d_gain_magnitude = 1.0f;
};

} // namespace gr::ntnpos::kernel

#endif
