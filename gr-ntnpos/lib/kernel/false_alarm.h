/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_FALSE_ALARM_H
#define INCLUDED_NTNPOS_KERNEL_FALSE_ALARM_H

#include <cmath>

namespace gr::ntnpos::kernel {

/*
 * -ln of the probability that noise alone, in so many complex dimensions, lets a path at
 * a given delay take the squared residual from `before` to `after`: the part that is left
 * is beta distributed, P = left^(dimensions - 1).
 */
inline double surprise(double before, double after, double dimensions)
{
    return (1.0 - dimensions) * std::log(after / before);
}

/*
 * Probability of a surprise of x or more somewhere in `cells` delays of a resolution
 * each: the squared envelope of band-limited noise crosses its x-fold mean sqrt(pi x / 3)
 * exp(-x) times upwards in each resolution (Rice, 1944).
 */
inline double chance(double x, double cells)
{
    return (1.0 + cells * std::sqrt(M_PI * x / 3.0)) * std::exp(-x);
}

//! The surprise that is reached with this probability: the inverse of chance().
inline double surprise_at(double probability, double cells)
{
    double x = 0.5, step = 64.0;
    // chance() falls from x = 0.5 on.
    for (; step > 1e-9; step *= 0.5)
        if (chance(x + step, cells) > probability)
            x += step;
    return x;
}

} // namespace gr::ntnpos::kernel

#endif
