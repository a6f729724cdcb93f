/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_SAMPLE_VIEW_H
#define INCLUDED_NTNPOS_KERNEL_SAMPLE_VIEW_H

#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <complex>
#include <cstdint>

namespace gr::ntnpos::kernel {

//! Samples first .. first + size - 1 of a gapless segment whose sample 0 is at the
//! receiver-clock instant anchor.
struct sample_view {
    std::complex<float>* data = nullptr; //!< sample `first`
    int64_t first = 0;
    int64_t size = 0;
    instant anchor;
    double sample_rate_hz = 0.0;

    int64_t end() const { return first + size; }
    //! Whether samples begin .. stop - 1 are all there.
    bool holds(int64_t begin, int64_t stop) const
    {
        return begin >= first && stop <= end();
    }
    //! Receiver-clock instant of a sample.
    instant at(int64_t index) const
    {
        return sample_instant(anchor, index, sample_rate_hz);
    }
    //! Position of an instant in samples from the anchor.
    double position(const instant& t) const
    {
        return seconds_between(t, anchor) * sample_rate_hz;
    }
};

} // namespace gr::ntnpos::kernel

#endif
