/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_COMB_TRANSFORM_H
#define INCLUDED_NTNPOS_KERNEL_COMB_TRANSFORM_H

#include <gnuradio/ntnpos/kernel/fft.h>
#include <volk/volk_alloc.hh>
#include <complex>
#include <cstdint>
#include <memory>
#include <vector>

namespace gr::ntnpos::kernel {

class narrow_fft;

//! Subcarriers that a user of combs will occupy.
struct comb_extent {
    int spacing = 1; //!< from one to the next, >= 1
    int first = 0;   //!< the lowest, counted as the user says
    int last = 0;    //!< the highest, not below first
};

//! Values on evenly spaced subcarriers, for as long as the values are there.
struct comb_values {
    const std::complex<float>* values = nullptr;
    int count = 0;
    int first = 0;   //!< subcarrier of values[0], counted as the user says
    int spacing = 1; //!< subcarriers from one value to the next, >= 1
};

/*!
 * \brief Inverse DFT of N points of which only each g-th is occupied, from an FFT of N /
 * g points.
 *
 * The frequencies r + g q, r fixed, give x[n + i N / g] = exp(j 2 pi r i / g) exp(j 2 pi
 * r n / N) y[n], y being the inverse DFT over q: one part, and its copies turned by
 * constants. Where it is known that few neighbouring subcarriers are occupied, the FFT
 * leaves out what only adds zeros. Not scaled. Allocates nothing after construction.
 */
class comb_transform
{
public:
    /*!
     * \param fft_size  N, a multiple of step
     * \param step      g, >= 1; 1 is the plain inverse FFT
     * \param first, last  subcarriers from 0 Hz between which execute() is to be fast;
     *                  last < first: none
     */
    comb_transform(int fft_size, int step, int first = 0, int last = -1);
    ~comb_transform();
    comb_transform(comb_transform&&) noexcept;
    comb_transform& operator=(comb_transform&&) noexcept;

    int step() const { return d_step; }

    /*!
     * \param combs   at least one; values that meet are added. Spacings, and distances
     *                from the first value of one to that of another, are multiples of
     *                step; no comb is longer than N
     * \param origin  the subcarrier at 0 Hz; frequencies count modulo N
     * \param factor  multiplies all values
     * \param out     N samples; fastest where aligned to 64 bytes
     */
    void execute(const std::vector<comb_values>& combs,
                 int origin,
                 std::complex<float> factor,
                 std::complex<float>* out);

private:
    bool execute_narrow(const std::vector<comb_values>& combs,
                        int origin,
                        std::complex<float> factor);
    void execute_wide(const std::vector<comb_values>& combs,
                      int origin,
                      std::complex<float> factor);
    int64_t bin_of(const comb_values& comb, int origin) const;
    void clear();
    void fill(const comb_values& comb, int bin, std::complex<float> factor, bool add);

    int d_step;
    fft d_fft;
    int d_filled_first = 0; // the bins that are not zero are within this stretch
    int d_filled_count = 0;
    std::unique_ptr<narrow_fft> d_narrow; // for few subcarriers, where worth while
    volk::vector<std::complex<float>> d_scaled;
    volk::vector<std::complex<float>> d_turns;  // exp(j 2 pi r n / N): a row for each r
    std::vector<std::complex<float>> d_corners; // exp(j 2 pi r i / g): a row for each r
};

} // namespace gr::ntnpos::kernel

#endif
