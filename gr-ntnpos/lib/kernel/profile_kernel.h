/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PROFILE_KERNEL_H
#define INCLUDED_NTNPOS_KERNEL_PROFILE_KERNEL_H

#include <complex>
#include <memory>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief A delay profile between its points, and the shape that one path has in it.
 *
 * A profile of P points from M subcarriers is band-limited, so a few points round a
 * delay give its value there: a sinc under a Kaiser window, as long as the oversampling
 * P/M asks for, -120 dB. Delays are in points from the middle one, P/2.
 *
 * Values are turned by exp(-j 2 pi c x / P), c = (M - 1)/2 - floor(M/2), so that they
 * refer to the exact middle of the band: one path g is then g S(x - x_0) with the real
 * S(y) = sin(pi M y / P) / (M sin(pi y / P)), and gain and delay do not disturb each
 * other.
 */
class profile_kernel
{
public:
    //! Least P/M that is interpolated.
    static constexpr double min_oversampling = 1.2;

    //! \param points  P >= min_oversampling * subcarriers
    profile_kernel(int subcarriers, int points);

    //! A value with its derivatives by x.
    struct value {
        std::complex<double> p, d1, d2;
    };
    //! The profile's Taylor series at a table's phase, 1/64 of a used point from x at
    //! most.
    struct expansion {
        double middle; //!< where
        std::complex<double> f[5];
    };
    expansion expand(const std::complex<float>* profile, double x) const;
    /*!
     * Value and derivatives by an expansion, up to a phase that is turn(x); good to
     * 1e-7 within 0.06 of a used point from its middle.
     */
    value at(const expansion& e, double x) const;
    double used_step() const { return d_stride; } //!< points between those that are used

    //! \param profile  P values
    value at(const std::complex<float>* profile, double x) const;

    struct shape {
        double s, d1, d2; //!< S(y) with its derivatives
    };
    shape correlation(double y) const;

    //! exp(-j 2 pi c x / P): from a path's own phase to the one that refers to the
    //! middle of the band.
    std::complex<double> turn(double x) const;

    //! -S''(0), the mean square of the angular frequency per point.
    double curvature() const { return d_curvature; }
    //! S''''(0)
    double fourth() const { return d_fourth; }
    int subcarriers() const { return d_subcarriers; }
    int points() const { return d_points; }

private:
    int d_subcarriers, d_points;
    double d_slope; // 2 pi c / P
    double d_curvature, d_fourth;
    int d_stride; // between the points that are used
    int d_taps;
    std::shared_ptr<const std::vector<float>> d_table; // of the taps, shared by all
};

} // namespace gr::ntnpos::kernel

#endif
