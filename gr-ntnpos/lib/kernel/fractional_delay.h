/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_FRACTIONAL_DELAY_H
#define INCLUDED_NTNPOS_LIB_KERNEL_FRACTIONAL_DELAY_H

#include <cstddef>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief Bank of interpolation filters: x(m + mu) is about sum_k taps[k] x[m + k -
 * before] for 0 <= mu <= 1.
 *
 * Least squares over the band |f| <= passband / 2: for each of phases + 1 values of mu
 * the taps minimise the integral of |H(f) - exp(j 2 pi f mu)|^2, whose normal equations
 * are in closed form: sum_l p sinc(p (k - l)) h_l = p sinc(p (k - before - mu)). Between
 * the phases the taps are interpolated linearly, which adds at most -86 dB. The band that
 * the signal occupies says how many taps it needs. Error vector at the worst mu:
 *
 *     taps | occupied band | at its worst frequency | over all of it
 *        8 |     0.5       |       -64 dB           |    -70 dB
 *       12 |     0.65      |       -63 dB           |    -71 dB
 *       16 |     0.74      |       -61 dB           |    -70 dB
 *       20 |     0.8       |       -58 dB           |    -68 dB
 *
 * The passband is a little over the occupied band: that evens the error at its edge.
 */
class fractional_delay
{
public:
    static constexpr size_t phases = 128;
    static constexpr size_t max_taps = 20;
    static constexpr double widest_band = 0.8; //!< of the sample rate

    //! The bank of fewest taps for a signal of that occupied band (in (0, 0.8], of the
    //! sample rate), designed once in a process.
    static const fractional_delay& for_band(double occupied_band);

    size_t taps() const { return d_taps; }
    size_t before() const { return d_taps / 2 - 1; } //!< taps on samples before m
    /*! \brief Taps of mu = phase / phases; those of the next phase lie stride() floats
     * further. Each row is followed by zeros up to a multiple of 16 taps. */
    const float* row(size_t phase) const { return d_rows.data() + phase * stride(); }
    size_t stride() const { return (d_taps + 15) / 16 * 16; }

private:
    fractional_delay(size_t taps, double passband);
    size_t d_taps;
    std::vector<float> d_rows;
};

} // namespace gr::ntnpos::kernel

#endif
