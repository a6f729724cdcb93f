/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PHASOR_H
#define INCLUDED_NTNPOS_KERNEL_PHASOR_H

#include <cmath>
#include <complex>
#include <cstdint>

namespace gr::ntnpos::kernel {

//! exp(j 2 pi (cycles + n step)) for n = 0, 1, ... in double precision, restarted every
//! 256 steps before rounding shows.
class phasor
{
public:
    phasor(double cycles, double step)
        : d_cycles(cycles), d_step(step), d_rotation(std::polar(1.0, 2.0 * M_PI * step))
    {
    }
    std::complex<float> next()
    {
        if (d_count % 256 == 0) {
            const double now = d_cycles + d_step * d_count;
            d_value = std::polar(1.0, 2.0 * M_PI * (now - std::floor(now)));
        }
        ++d_count;
        const std::complex<float> out(d_value);
        d_value = {
            d_value.real() * d_rotation.real() - d_value.imag() * d_rotation.imag(),
            d_value.real() * d_rotation.imag() + d_value.imag() * d_rotation.real()
        };
        return out;
    }

private:
    double d_cycles;
    double d_step;
    std::complex<double> d_rotation;
    std::complex<double> d_value;
    int64_t d_count = 0;
};

} // namespace gr::ntnpos::kernel

#endif
