/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_MUSIC_STARTS_H
#define INCLUDED_NTNPOS_KERNEL_MUSIC_STARTS_H

#include "profile_fit.h"
#include <complex>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief Delays of paths from the MUSIC spectrum of a channel round its strongest path:
 * where a maximum-likelihood fit can start when paths are closer than the resolution.
 *
 * The channel, turned so that the strongest path has no slope, is averaged over groups of
 * subcarriers to about 48 values. Its covariance comes from sliding over these, forward
 * and backward (paths of one snapshot are coherent); a unitary transform makes that
 * matrix real. Delays are where the steering vector is most nearly orthogonal to all but
 * the n largest eigenvectors. How many paths there are is not decided here.
 */
class music_starts
{
public:
    //! \param subcarriers  M \param points  of the profile whose delays are meant
    music_starts(int subcarriers, int points);

    //! \param channel  M values \param x  the strongest path, points from the middle
    void run(const std::complex<float>* channel, double x);

    //! Delays of so many paths in points from the middle; a count of 0 where the
    //! spectrum has fewer minima.
    path_set paths(int count) const;

private:
    void diagonalise();

    int d_subcarriers, d_points;
    int d_group, d_values, d_length; // subcarriers averaged, values, eigenvectors' length
    double d_x = 0.0;
    std::vector<std::complex<double>> d_decimated;
    std::vector<double> d_matrix, d_vectors; // row major
    std::vector<int> d_order;                // of eigenvectors, largest value first
    std::vector<double> d_steering;
    mutable std::vector<double> d_spectrum;
};

} // namespace gr::ntnpos::kernel

#endif
