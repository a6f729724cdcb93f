/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_DECIMATOR_FILTERS_H
#define INCLUDED_NTNPOS_LIB_KERNEL_DECIMATOR_FILTERS_H

/*
 * The inner loops of decimator, over interleaved complex numbers.
 */
namespace gr::ntnpos::kernel {

//! Where outputs go: in order, or those of even and of odd index apart, which is what a
//! half-band filter works on.
struct destination {
    float* even; //!< or all of them
    float* odd;  //!< null: in order
};

//! Moves so many complex numbers there, an even number where they go apart.
void move_to(const float* in, int count, const destination& to);

//! Half-band filter: 0.5 even[i] + sum_t taps[t] (odd[i + t] + odd[i - 1 - t]), t <
//! pairs.
void half_band_filter(const float* even,
                      const float* odd,
                      const float* taps,
                      int pairs,
                      int count,
                      const destination& to);

//! Outputs that thrice_means_of_four() may write beyond those asked for where they go
//! apart, all of no meaning.
constexpr int most_beyond = 16;
//! Samples that it may read for so many outputs.
constexpr int means_input(int outputs) { return 4 * (outputs + 3 * most_beyond); }
/*!
 * Three moving means of four samples, one after the other, one output for four samples,
 * from x[4 i] .. x[4 i + 9]: what lies near the multiples of a quarter of the rate folds
 * onto zero, and there they have threefold zeros.
 */
void thrice_means_of_four(const float* x, int count, const destination& to);

} // namespace gr::ntnpos::kernel

#endif
