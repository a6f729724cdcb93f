/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_SATELLITE_CHANNEL_H
#define INCLUDED_NTNPOS_KERNEL_SATELLITE_CHANNEL_H

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
                 std::complex<float>* out) const;

    /*! Replaces a path's delay from the start of the first of \p later (geometric, as in
     * channel_path) on; forgets what was over before output sample \p now. Returns what
     * is wrong and changes nothing if something is. */
    std::optional<config_error>
    prolong(int64_t path, const std::vector<delay_segment>& later, int64_t now);

private:
    channel_config d_config;
    std::vector<moving_path> d_paths;
    size_t d_inputs = 0;
};

} // namespace gr::ntnpos::kernel

#endif
