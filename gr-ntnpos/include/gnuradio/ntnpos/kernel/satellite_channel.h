/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_SATELLITE_CHANNEL_H
#define INCLUDED_NTNPOS_KERNEL_SATELLITE_CHANNEL_H

#include <gnuradio/ntnpos/kernel/fading_process.h>
#include <gnuradio/ntnpos/kernel/fading_profile.h>
#include <gnuradio/ntnpos/kernel/moving_path.h>
#include <gnuradio/ntnpos/kernel/noise.h>
#include <gnuradio/ntnpos/kernel/receiver_clock.h>
#include <complex>
#include <cstdint>
#include <vector>

namespace gr::ntnpos::kernel {

/*! \brief One path from a satellite to the receiver. Several paths may come from one
 * input (multipath). */
struct channel_path {
    int input = 0;                   //!< number of the input stream, >= 0
    trajectory delay;                //!< travel time, by the system time of reception
    std::complex<float> gain = 1.0f; //!< complex amplitude
    instant input_start;             //!< satellite clock at sample 0 of the input
    double satellite_clock_offset_s = 0.0; //!< satellite clock minus system time
    path_fading fading; //!< what the path is made of; by default one constant ray
};

/*! \brief The receiver at the end of all paths. */
struct channel_receiver {
    instant start;        //!< receiver clock at output sample 0, >= 0
    receiver_clock clock; //!< its offset and frequency error
    white_noise noise;    //!< its noise
};

/*! \brief All that a satellite_channel is. */
struct channel_config {
    double sample_rate_hz =
        7.68e6; //!< of all inputs and of the output, each by its own clock
    double carrier_frequency_hz = 2.0e9; //!< f_c
    std::vector<channel_path>
        paths; //!< at least one; their inputs are 0, 1, ... without a gap
    channel_receiver receiver;
    /*! \brief Band that the signals occupy about 0 Hz, of the sample rate, in (0, 0.8]: a
     * narrow one needs fewer taps (moving_path). */
    double occupied_band = 0.8;
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const channel_config& config);

/*!
 * \brief Sum of moving paths from several satellites to one receiver, and its noise.
 *
 * y(T) = sum_i gain_i x_i(T - toa_i) exp(-j 2 pi f_c toa_i) + noise, T the receiver clock
 * and toa_i by observed_trajectory. A pure function of the output index (moving_path,
 * add_noise): any chunking gives the same bits.
 *
 * A path with fading is the sum of the taps of its profile (taps_of), each of which is a
 * moving path of its own: later by the tap's delay, times the tap's gain at T. What moves
 * a path, satellite and receiver together, is in its toa and common to all its taps; the
 * Rayleigh taps' classical Doppler spectrum lies about it. The mean power of the sum is
 * that of the path's gain. Tap k of path i is a pure function of (seed, i, k, T) by the
 * receiver clock, whatever the index at which a stream starts: a reception that is cut in
 * pieces with other starts, or a path that is prolonged, fades on.
 *
 * What was computed last is remembered: one thread at a time.
 */
class satellite_channel
{
public:
    //! \throws std::invalid_argument with the validator's message
    explicit satellite_channel(const channel_config& config);

    const channel_config& config() const { return d_config; }
    size_t inputs() const { return d_inputs; }

    //! Samples of an input (of any sign) that the output samples first .. first + count -
    //! 1 are made of; count > 0.
    index_range input_range(size_t input, int64_t first, size_t count) const;

    /*! How many of the output samples first .. first + count - 1, from first on, can be
     * made when input i is there up to (not with) sample ends[i]. */
    size_t
    producible(int64_t first, size_t count, const std::vector<int64_t>& ends) const;

    //! Writes output samples first .. first + count - 1, from one view of each input, to
    //! \p out.
    void process(int64_t first,
                 size_t count,
                 const std::vector<input_view>& inputs,
                 std::complex<float>* out);

    /*! Replaces a path's delay from the start of the first of \p later (geometric, as in
     * channel_path) on; forgets what was over before output sample \p now. Returns what
     * is wrong and changes nothing if something is. */
    std::optional<config_error>
    prolong(int64_t path, const std::vector<delay_segment>& later, int64_t now);

private:
    // A tap of a path, or all of a path that does not fade.
    struct ray {
        size_t path;
        size_t input;
        double delay_s; // after the path's own
        moving_path moving;
        std::optional<tap_gain> gain;
    };

    channel_config d_config;
    std::vector<ray> d_rays;
    size_t d_inputs = 0;
};

/*! \brief The gains of a path's taps at \p start, start + step_s, ..., as
 * satellite_channel applies them: out[k count + i] of tap k at the i-th time. \p path is
 * the index in the list of paths. Valid fading expected. */
std::vector<std::complex<float>> fading_gains(const path_fading& fading,
                                              double carrier_frequency_hz,
                                              size_t path,
                                              const instant& start,
                                              double step_s,
                                              size_t count);

} // namespace gr::ntnpos::kernel

#endif
