/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_ARRAY_DIRECTION_H
#define INCLUDED_NTNPOS_KERNEL_ARRAY_DIRECTION_H

#include <gnuradio/ntnpos/kernel/config_error.h>
#include <array>
#include <complex>
#include <optional>
#include <vector>

namespace gr::ntnpos::kernel {

//! A planar array of like antennas on one clock and one LO.
struct array_config {
    //! places of the antennas in the array's plane, m; 3..256 of them, not on one line
    std::vector<std::array<double, 2>> elements_m;
    double frequency_hz = 2.0e9; //!< of the carrier, 1e6..1e12
    //! standard deviation of the array's attitude, about each of its two axes, degrees;
    //! 0..10. It is part of the stated deviation, and nothing measured here makes it less
    double pointing_std_deg = 0.0;
    //! how likely a side lobe may be the true direction before the result says so: its
    //! likelihood over the best one's, 0..1
    double least_likelihood = 1e-6;
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const array_config& c);

//! Where a plane wave comes from.
struct direction_estimate {
    //! unit vector to the source in the array's axes: x and y in its plane, z in front
    std::array<double, 3> direction;
    //! covariance of the direction's x and y (direction cosines), noise alone: xx, xy, yy
    std::array<double, 3> covariance;
    //! standard deviation of the angle, about each of two axes across the direction
    //! (their root mean square), degrees: noise and pointing
    double std_deg;
    //! other directions that fit nearly as well, by least_likelihood: grating lobes
    std::vector<std::array<double, 3>> others;
};

/*!
 * \brief Direction of a wave from its complex amplitudes at the antennas of a planar
 * array (UL-AoA, TS 38.215 5.2.4).
 *
 * Maximum likelihood for one plane wave of unknown amplitude and phase in white noise:
 * the beam's power over all directions in front (a DFT of the array over a grid of a
 * fifth of its resolution), and Newton steps on the best. The deviations are the
 * Cramer-Rao bound's at the stated noise: cov^-1 = 2 SNR (2 pi f / c)^2 sum w (r - r_m)(r
 * - r_m)'.
 */
class array_direction
{
public:
    //! Throws std::invalid_argument on a wrong configuration, naming the field.
    explicit array_direction(const array_config& c);

    const array_config& config() const { return d_config; }
    /*!
     * \param amplitudes  one for each antenna
     * \param variances   of each one's complex noise, above 0
     */
    direction_estimate estimate(const std::vector<std::complex<double>>& amplitudes,
                                const std::vector<double>& variances) const;

private:
    struct beam; // power and its derivatives at a direction
    beam at(double u,
            double v,
            const std::vector<std::complex<double>>& weighted,
            const std::vector<double>& weights) const;

    array_config d_config;
    double d_wave_number; // rad/m
    double d_step;        // of the grid, in direction cosines
};

} // namespace gr::ntnpos::kernel

#endif
