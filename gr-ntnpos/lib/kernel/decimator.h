/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_DECIMATOR_H
#define INCLUDED_NTNPOS_LIB_KERNEL_DECIMATOR_H

#include "turn_table.h"
#include <gnuradio/ntnpos/kernel/sample_view.h>
#include <volk/volk_alloc.hh>
#include <complex>
#include <cstdint>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief Lowers the sample rate by a power of two, for a narrow band about 0 Hz.
 *
 * Moving means for the first factor of four, where the band is narrow enough for them;
 * half-band filters for each factor of two that is left, of as many taps as what folds
 * onto the band needs. Output q lies at input first + q factor + offset(). Nothing is
 * allocated for a count that is not larger than any before.
 */
class decimator
{
public:
    //! What folds onto the band is lowered by so much at least in each stage, dB.
    static constexpr double rejection_db = 60.0;

    //! \param factor  power of two \param edge  highest frequency of the band, cycles an
    //! output sample, below 0.45
    decimator(int factor, double edge);

    int factor() const { return (d_means ? 4 : 1) << d_stages.size(); }
    //! Where output 0 lies, in samples of the input from \p first of run().
    double offset() const { return d_means ? 0.5 : 0.0; }
    /*!
     * Output 0 .. count - 1, turned by exp(j 2 pi step n), n counting the input from
     * \p first on, before the filters if \p before else after them (which takes less
     * time, where the band is about 0 Hz already). \param samples  where they hold
     * nothing counts as zero
     */
    void run(const sample_view& samples,
             int64_t first,
             int count,
             double step,
             bool before,
             std::complex<float>* out);

private:
    struct stage {
        std::vector<float> taps; // of odd distance, from the middle outwards
        // its input of a tile, the samples of even and of odd index apart
        volk::vector<std::complex<float>> even, odd;
        int count = 0; // samples in both, this time
    };
    void turn(std::complex<float>* x, int count, double cycles, double step);
    const std::complex<float>*
    input(const sample_view& samples, int64_t at, int needed, int64_t first, double step);
    static void
    copy(const sample_view& samples, int64_t first, int count, std::complex<float>* out);

    void run_tile(const sample_view& samples,
                  int64_t origin,
                  int first,
                  int count,
                  double step,
                  std::complex<float>* out);

    bool d_means = false; // a first stage of moving means
    int d_tile_outputs;
    std::vector<stage> d_stages;
    turn_table d_table;
    volk::vector<std::complex<float>> d_tile;
};

} // namespace gr::ntnpos::kernel

#endif
