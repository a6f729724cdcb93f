/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_NTN_CHANNEL_H
#define INCLUDED_NTNPOS_NTN_CHANNEL_H

#include <gnuradio/block.h>
#include <gnuradio/ntnpos/api.h>
#include <gnuradio/ntnpos/kernel/satellite_channel.h>
#include <cstdint>
#include <memory>
#include <vector>

namespace gr::ntnpos {

/*!
 * \brief Moving paths from several satellites to one receiver: delay, Doppler, gain,
 * fading, clocks and noise. \ingroup ntnpos
 *
 * \details
 * Input i: complex baseband of satellite i at the nominal sample rate of the satellite's
 * own clock, which reads input_start at its sample 0. There are as many inputs as the
 * paths name. Output 0: what the receiver samples by its own clock T, from receiver.start
 * on:
 *
 *     y(T) = sum over paths: gain x(T - toa(T)) exp(-j 2 pi f_c toa(T)) + noise
 *     toa(T) = delay(t) + (T - t) - satellite_clock_offset_s
 *
 * t is the system time at which the receiver clock reads T, delay the path's geometric
 * travel time by the system time of reception. Sample stretch and carrier phase both come
 * from that one toa, and the receiver clock's frequency error is in it: one oscillator
 * drives clock, samples and local oscillator. Doppler is -f_c d(toa)/dT: positive when
 * the satellite approaches or the receiver clock runs slow. Accuracy: see
 * kernel/moving_path.h.
 *
 * A path's `fading` makes it the taps of NTN-TDL-A to D (TR 38.811 clause 6.9.2;
 * kernel/fading_profile.h): delays scaled to a delay spread, a line of sight in C and D,
 * Rayleigh taps of classical Doppler spectrum by the receiver's speed. Each tap is later
 * than the path by its delay and moves with it: the path's Doppler is common to all. The
 * taps are a pure function of (seed, path, tap, receiver time); the mean power is the
 * gain's. A `trajectory` message moves the path, the fading goes on.
 *
 * Several paths may share an input (multipath). The noise is one for the receiver; its
 * power is the variance of a complex sample. The output depends on the configuration, the
 * inputs and the output index only, never on how the scheduler cuts the streams.
 *
 * Start: input samples before each input's sample 0 are zeros, so the output begins with
 * noise until the first signal arrives. An input that starts earlier than it is needed is
 * skipped to where it is. End: the stream ends at the last output sample that needs no
 * input sample beyond the end of any input; an input's last 10 samples are only partly
 * heard. Nothing is padded: append zeros to an input that is to be heard out.
 *
 * Each input is read as far as the most delayed path of all has to be, so inputs that
 * come from one source do not lock each other up; the block holds what a path has not
 * used yet (delay differences of tens of ms are fine).
 *
 * Stream tags: on output sample 0 `rx_time` (tuple of uint64 whole and double fraction of
 * seconds: receiver.start), `rx_rate` (double, Hz), `rx_freq` (double, Hz). Tags of the
 * inputs end here: they are in satellite time.
 *
 * Message port `trajectory` (in): a dict with
 * - `path` (long): index in the list of paths,
 * - `segments` (vector, not empty, ascending) of tuples (start, coefficients): start a
 * tuple (uint64 or long, double), coefficients an f64vector of 1 to 8 values: s, s/s,
 * ..., geometric and in system time as the path's delay.
 *
 * From the start of the first of its segments on, the message's segments replace the
 * path's. Send them ahead of time: a start that is already past takes effect with the
 * next samples made, where delay and phase may jump, and of the inputs only the last 4096
 * samples are still there. A message of any other form is counted, the first one is
 * logged, and it is dropped.
 */
class NTNPOS_API ntn_channel : virtual public gr::block
{
public:
    typedef std::shared_ptr<ntn_channel> sptr;

    /*!
     * \param sample_rate_hz        of all inputs and of the output, each by its own clock
     * \param carrier_frequency_hz  f_c of all signals
     * \param paths                 at least one; their inputs are 0, 1, ... without a gap
     * \param receiver              start, clock and noise
     * \param occupied_band         of the inputs about 0 Hz, of the sample rate, in (0,
     *                              0.8]: the narrower, the fewer taps and the faster
     *
     * Throws std::invalid_argument (ValueError in Python): which field is wrong, its
     * value and what is allowed.
     */
    static sptr make(double sample_rate_hz,
                     double carrier_frequency_hz,
                     const std::vector<kernel::channel_path>& paths,
                     const kernel::channel_receiver& receiver,
                     double occupied_band = 0.8);

    //! Messages dropped because they were malformed.
    virtual uint64_t malformed_messages() const = 0;
};

} // namespace gr::ntnpos

#endif
