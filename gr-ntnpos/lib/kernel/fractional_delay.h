/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_FRACTIONAL_DELAY_H
#define INCLUDED_NTNPOS_LIB_KERNEL_FRACTIONAL_DELAY_H

#include <algorithm>
#include <cstddef>

namespace gr::ntnpos::kernel {

/*!
 * \brief Bank of interpolation filters: x(m + mu) is about sum_k taps[k] x[m + k -
 * before] for 0 <= mu <= 1.
 *
 * Least squares over the band |f| <= passband / 2: for each of phases + 1 values of mu
 * the taps minimise the integral of |H(f) - exp(j 2 pi f mu)|^2, whose normal equations
 * are in closed form: sum_l p sinc(p (k - l)) h_l = p sinc(p (k - before - mu)). Between
 * the phases the taps are interpolated linearly. Worst error vector over 80 % of the
 * band, at the worst mu and the worst frequency: -55.4 dB; mean over frequency at the
 * worst mu: -65 dB; linear interpolation adds at most -86 dB.
 */
struct fractional_delay {
    static constexpr size_t taps = 20;
    static constexpr size_t before = taps / 2 - 1; //!< taps on samples before m
    static constexpr size_t phases = 128;
    static constexpr double passband =
        0.82; //!< of the sample rate; a little over 80 % evens the error at the edge

    //! The bank, designed once in a process.
    static const fractional_delay& bank();

    /*! \brief Two neighbouring phases and where between them mu lies: taps = near +
     * weight (next - near). */
    struct neighbours {
        const float* near;
        const float* next;
        float weight;
    };
    //! For \p mu in [0, 1].
    neighbours around(float mu) const
    {
        const float at = mu * static_cast<float>(phases);
        const size_t phase = std::min(static_cast<size_t>(at), phases - 1);
        return { d_taps[phase], d_taps[phase + 1], at - static_cast<float>(phase) };
    }

private:
    fractional_delay();
    float d_taps[phases + 1][taps];
};

} // namespace gr::ntnpos::kernel

#endif
