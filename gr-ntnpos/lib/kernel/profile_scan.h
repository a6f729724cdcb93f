/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PROFILE_SCAN_H
#define INCLUDED_NTNPOS_KERNEL_PROFILE_SCAN_H

#include "profile_kernel.h"
#include <complex>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief What one pass over all points of a profile gives: energy, highest point, energy
 * of blocks, from which the noise floor follows.
 */
class profile_scan
{
public:
    explicit profile_scan(int points);

    void run(const std::complex<float>* profile);

    double energy() const { return d_energy; }         //!< sum of squares
    int peak() const { return d_peak; }                //!< highest point
    double peak_power() const { return d_peak_power; } //!< its square

    //! Puts the peak to the highest point from first to last; tops are then those there.
    void look_within(int first, int last);

    //! Calls use(index) for the highest point of every block that has one of at least
    //! `part` of the peak's power; for every local maximum where the scan looks within
    //! some points only.
    template <typename function>
    void for_each_top(double part, const function& use) const
    {
        if (d_last >= d_first) {
            for (int i = d_first; i <= d_last; ++i)
                if (is_top(i) && power(i) >= part * d_peak_power)
                    use(i);
            return;
        }
        for (size_t b = 0; b < d_maxima.size(); ++b)
            if (d_maxima[b] >= part * d_peak_power)
                use(top_of(b));
    }

    /*!
     * Mean square of the points that lie outside first..last, in whole blocks; blocks far
     * above the rest (another path, another signal) count only as twice it. The mean
     * of all points where the region leaves no block.
     */
    double floor_power(int first, int last) const;

private:
    int top_of(int block) const;
    double power(int i) const { return std::norm(d_profile[i]); }
    bool is_top(int i) const;

    const std::complex<float>* d_profile = nullptr;
    int d_points, d_block;
    double d_energy = 0.0, d_peak_power = 0.0;
    int d_peak = 0;
    int d_first = 0, d_last = -1;        // of the points to look within, if any
    std::vector<float> d_sums, d_maxima; // of blocks
};

/*!
 * \brief What fitted paths leave of a profile in the arrival region.
 */
class region_residual
{
public:
    //! \param early, late  reach of the region before and after its origin, in points
    region_residual(const profile_kernel& kernel, int early, int late);

    struct path {
        double x;               //!< points from the profile's middle
        std::complex<double> g; //!< referring to the middle of the band
    };
    struct peak {
        double x = 0.0, power = 0.0;
    };

    /*!
     * Takes the profile minus the paths on a grid of at most 0.42 of the resolution (of
     * one point, where that is coarser) round a point. \param origin  index of a point of
     * the profile
     */
    void
    run(const std::complex<float>* profile, int origin, const path* paths, int count);

    //! The first of the residual's points from x = low to high with a square above
    //! `power`; high if there is none.
    double first_above(double power, double low, double high) const;
    //! Square of the highest of the residual's points from x = low to high.
    double largest(double low, double high) const;
    /*!
     * The highest local maxima there, best first, not closer than a resolution to each
     * other. \returns how many, at most `most`
     */
    int maxima(double low, double high, peak* out, int most) const;

private:
    int index_from(double x) const; // of the first of the grid at or after x
    double place(int i) const { return d_origin + d_stride * (i - d_early); }
    void subtract(const path& p);

    const profile_kernel& d_kernel;
    int d_stride, d_early, d_size;
    double d_origin = 0.0;
    int d_first = 0, d_end = 0; // of the grid, what lies within the profile
    // exp(j pi t / P) and exp(j pi M t / P) at the grid's places t from the origin
    std::vector<float> d_cos, d_sin, d_cos_m, d_sin_m;
    std::vector<float> d_re, d_im, d_power;
};

} // namespace gr::ntnpos::kernel

#endif
