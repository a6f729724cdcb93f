/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PROFILE_FIT_H
#define INCLUDED_NTNPOS_KERNEL_PROFILE_FIT_H

#include "profile_kernel.h"
#include <array>
#include <complex>

namespace gr::ntnpos::kernel {

//! Paths that are fitted together at most.
constexpr int max_fitted_paths = 8;

//! Paths in a profile: delays in points from its middle, gains that refer to the middle
//! of the band.
struct path_set {
    int count = 0;
    std::array<double, max_fitted_paths> x{};
    std::array<std::complex<double>, max_fitted_paths> g{};
    //! inverse of the delays' information where noise and M are one: times noise variance
    //! / (2 M) it is a variance, in points squared
    std::array<double, max_fitted_paths> spread{};
    //! squared residual, summed over the subcarriers
    double cost = 0.0;
    //! of a single path: the part of it that the slope across the path's phase and the
    //! second derivative there explain, as another path close by would make them
    double close_by = 0.0;

    void sort();
};

/*!
 * \brief Least-squares fit of paths to a profile, all delays and gains together.
 *
 * Everything that the fit over all subcarriers needs is the profile at the paths' delays
 * and the correlation of one path with another, so no sum over subcarriers is made:
 * gains are eliminated (variable projection), delays follow Levenberg's method.
 */
class profile_fit
{
public:
    explicit profile_fit(const profile_kernel& kernel) : d_kernel(kernel) {}

    //! \param energy  sum of squares over the subcarriers
    void set(const std::complex<float>* profile, double energy);
    const std::complex<float>* profile() const { return d_profile; }
    double energy() const { return d_energy; }

    //! The best single path near a start; always succeeds.
    path_set single(double x) const;

    /*!
     * Moves the paths to the least squared residual near where they are.
     * \param a, b  two paths that keep their distance meanwhile; none where negative
     * \returns false where the paths cannot be told apart
     */
    bool refine(path_set& paths, int a = -1, int b = -1) const;

    //! The profile at x less what the paths, all but one, have there.
    std::complex<double> rest(double x, const path_set& paths, int without) const;

private:
    struct state;
    bool evaluate(const path_set& paths, state& s) const;

    const profile_kernel& d_kernel;
    const std::complex<float>* d_profile = nullptr;
    double d_energy = 0.0;
};

} // namespace gr::ntnpos::kernel

#endif
