/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_PROFILE_TRANSFORM_H
#define INCLUDED_NTNPOS_LIB_KERNEL_PROFILE_TRANSFORM_H

#include "narrow_fft.h"
#include <gnuradio/ntnpos/kernel/fft.h>
#include <memory>

namespace gr::ntnpos::kernel {

/*!
 * \brief A channel's delay profile: the inverse transform of its subcarriers, the middle
 * one at bin 0, over their number; delay 0 in the middle of the points. Allocates nothing
 * after construction.
 */
class profile_transform
{
public:
    //! \param points  of the profile, subcarriers or more
    profile_transform(int subcarriers, int points);

    int points() const { return d_points; }
    //! \param channel  its subcarriers \param profile  room for points()
    void run(const std::complex<float>* channel, std::complex<float>* profile);

private:
    int d_subcarriers, d_points;
    std::unique_ptr<narrow_fft> d_narrow; // where few of the bins are occupied
    std::unique_ptr<fft> d_fft;           // else
    volk::vector<std::complex<float>> d_scaled;
};

} // namespace gr::ntnpos::kernel

#endif
