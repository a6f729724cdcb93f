/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_FADING_PROCESS_H
#define INCLUDED_NTNPOS_KERNEL_FADING_PROCESS_H

#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <complex>
#include <cstdint>
#include <memory>
#include <vector>

namespace gr::ntnpos::kernel {

class fractional_delay;

/*!
 * \brief The filter that makes white noise a Rayleigh tap of the classical (Jakes)
 * Doppler spectrum 1 / (pi f_D sqrt(1 - (f / f_D)^2)), |f| < f_D, which TR 38.901 clause
 * 7.7.2 gives the taps of a TDL.
 *
 * Values lie on a grid of rate_hz() = q 2^k Hz, q = 4..8, 5 to 6.25 values a period of
 * f_D. The taps h are real, even, of unit energy, and reach over 72 periods of f_D to
 * either side. Their autocorrelation is J_0(2 pi f_D tau) exp(-(2 pi 0.005 f_D tau)^2 /
 * 2): the spectrum's edges are rounded by a normal distribution of 0.005 f_D, without
 * which no filter would end. Off J_0 by at most 2e-4 up to one period of f_D, 8e-4 up to
 * three.
 */
class doppler_filter
{
public:
    //! \param max_doppler_hz  f_D, at least slowest_hz
    explicit doppler_filter(double max_doppler_hz);

    static constexpr double slowest_hz = 1e-6;

    double rate_hz() const;
    size_t half() const { return d_taps.size() / 2; }
    const std::vector<float>& taps() const { return d_taps; }

    //! Grid index (whole, wraps at 2^64) and fraction of an instant, without loss of
    //! precision at any distance.
    int64_t position(const instant& t, double& fraction) const;

private:
    int d_multiple; // q
    int d_power;    // k
    std::vector<float> d_taps;
};

/*!
 * \brief A complex Gaussian process of unit power: the scattered part of one tap.
 *
 * Value m of the grid is sum_k h[k] n[m + k - half], n the white_noise of the key: each
 * value is exactly that, computed in one order, so that the process is a pure function of
 * key and time, at any time. In between, eight values are interpolated as samples of half
 * a band are (fractional_delay): error vector -66 dB. Below doppler_filter::slowest_hz
 * (without a filter) the tap stands still.
 *
 * It remembers the values it has computed last: one thread at a time.
 */
class fading_process
{
public:
    fading_process(std::shared_ptr<const doppler_filter> filter, uint64_t key);

    /*! \brief The key of a tap: its own for every seed, path and tap. */
    static uint64_t key_of(uint64_t seed, uint64_t path, uint64_t tap);

    //! Values at t, t + step_s, ...; allocates nothing.
    void at(const instant& t, double step_s, size_t count, std::complex<float>* out);

private:
    const std::complex<float>* values(int64_t first);

    std::shared_ptr<const doppler_filter> d_filter; // none: the tap stands still
    const fractional_delay* d_between;
    uint64_t d_key;
    std::complex<float> d_still;
    std::vector<std::complex<float>> d_noise;
    std::vector<std::complex<float>> d_values; // of the grid from d_first on
    int64_t d_first = 0;
    size_t d_count = 0;
};

/*! \brief The gain of one tap over the samples of a stream: sqrt(constant) +
 * sqrt(scattered) times its process. */
class tap_gain
{
public:
    /*!
     * \param process         of the scattered part
     * \param max_doppler_hz  of it, at most 1/1024 of the sample rate
     * \param constant, scattered  mean powers
     * \param start           time of the stream's sample 0
     */
    tap_gain(fading_process process,
             double max_doppler_hz,
             double constant,
             double scattered,
             const instant& start,
             double sample_rate_hz);

    static constexpr size_t step = 16;    //!< samples between two gains
    static constexpr size_t block = 2048; //!< samples of a block
    static constexpr size_t gains = block / step + 1;

    /*! \brief Gains at every 16th sample from \p first, a multiple of 2048, to one beyond
     * the block; between them they are meant to go evenly.
     *
     * The process is computed at knots, at least 32 a period of f_D, and goes through
     * them as cubic polynomials through four each: error vector -75 dB or better; that of
     * going evenly over 16 samples is -60 dB at the largest f_D, 12 dB less for each half
     * of it.
     */
    void at_block(int64_t first, float* re, float* im);

private:
    static constexpr size_t most_knots = block / step + 3;

    fading_process d_process;
    float d_constant;
    float d_scattered;
    instant d_start;
    double d_rate_hz;
    size_t d_spacing;       // samples between knots
    float d_weights[4][block / step]; // of the four knots about each step between two
};

} // namespace gr::ntnpos::kernel

#endif
