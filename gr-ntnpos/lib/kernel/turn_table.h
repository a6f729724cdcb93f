/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_TURN_TABLE_H
#define INCLUDED_NTNPOS_LIB_KERNEL_TURN_TABLE_H

#include <volk/volk_alloc.hh>
#include <complex>

namespace gr::ntnpos::kernel {

//! exp(j 2 pi (cycles + n step)) for n = 0 .. count - 1 in single precision: phases are
//! reduced to a cycle in double precision, parts are off by less than 4e-7. Both outputs
//! have room for a multiple of turns_at_once, and are written as far.
constexpr int turns_at_once = 16;
void turns(double cycles, double step, int count, float* re, float* im);

/*!
 * \brief exp(j 2 pi (cycles + n step)), n = 0 .. count - 1, as the product of a coarse
 * value for each stretch and a fine one within it.
 *
 * A product is off by less than 1e-6. Allocates where a count is larger than any before.
 */
class turn_table
{
public:
    static constexpr int stretch = 32;

    void set(double cycles, double step, int count);

    //! Real and imaginary parts for n = 0 .. stretch - 1.
    const float* fine_re() const { return d_fine_re; }
    const float* fine_im() const { return d_fine_im; }
    //! Value at n = stretch * i.
    std::complex<float> coarse(int i) const { return { d_re[i], d_im[i] }; }
    const float* coarse_re() const { return d_re.data(); }
    const float* coarse_im() const { return d_im.data(); }
    std::complex<float> at(int n) const
    {
        const std::complex<float> a = coarse(n / stretch);
        const float re = d_fine_re[n % stretch], im = d_fine_im[n % stretch];
        return { a.real() * re - a.imag() * im, a.real() * im + a.imag() * re };
    }

private:
    alignas(64) float d_fine_re[stretch];
    alignas(64) float d_fine_im[stretch];
    volk::vector<float> d_re, d_im;
};

} // namespace gr::ntnpos::kernel

#endif
