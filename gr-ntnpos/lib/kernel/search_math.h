/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_SEARCH_MATH_H
#define INCLUDED_NTNPOS_LIB_KERNEL_SEARCH_MATH_H

#include <complex>
#include <cstdint>

/*
 * Loops and numbers of prs_search that know nothing of signals.
 */
namespace gr::ntnpos::kernel {

//! Least FFT size from \p least on that is 8, 9, 10, 12 or 15 times a power of two: fast,
//! and no more than a quarter too large.
int fast_size(double least);

//! Threshold t with P(sum of n exponentials > t) = p.
double gamma_threshold(int n, double p);

//! Offset of the vertex of the parabola through three values at -1, 0, 1.
double vertex(double left, double middle, double right);

//! out = a conj(b)
void multiply_conjugate(const std::complex<float>* a,
                        const std::complex<float>* b,
                        int count,
                        std::complex<float>* out);

/*!
 * weights[i] = factor over the energy of x[i] .. x[i + under - 1], 0 where there is none,
 * for i = 0 .. count - 1; nothing of x lies at \p size or beyond. Sums are in double
 * precision, one for every energy_step of i: from there to the next the energy of so many
 * samples as come in and go out counts for none. \param sums  room for
 * size / energy_step numbers
 */
constexpr int energy_step = 4;
void energy_weights(const std::complex<float>* x,
                    int size,
                    int under,
                    double factor,
                    int count,
                    double* sums,
                    float* weights);

//! Adds -ln(1 - weight |x|^2), to the precision that matters where noise and signal meet,
//! to out; writes it if \p fresh.
void add_cells(const std::complex<float>* x,
               const float* weights,
               int count,
               bool fresh,
               float* out);

//! Index of the largest of values >= 0, the first of equals; a NaN counts as largest.
int64_t largest_index(const float* values, int64_t count);

} // namespace gr::ntnpos::kernel

#endif
