/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_VECTOR_MATH_H
#define INCLUDED_NTNPOS_LIB_KERNEL_VECTOR_MATH_H

/*
 * Elementary functions without branches or library calls, so that a loop over them
 * vectorises. The reduction of the argument is the caller's, who knows its range.
 */
namespace gr::ntnpos::kernel {

//! x - round(x), in [-0.5, 0.5]; |x| < 2^51. Adding 1.5 * 2^52 leaves no bits for the
//! fraction.
inline double cycle_fraction(double x)
{
    constexpr double shifter = 0x1.8p52;
    const double whole = (x + shifter) - shifter;
    return x - whole;
}

/*! cos and sin of 2 pi r for r in [-0.5, 0.5], absolute error below 4e-7. Taylor series
 * of the half angle (|h| <= pi / 2: remainders 6e-8 and 7e-9), doubled. */
inline void cos_sin_cycles(float r, float& cosine, float& sine)
{
    constexpr float pi = 3.14159265358979f;
    const float h = pi * r;
    const float q = h * h;
    float s = -1.0f / 39916800; // 1 / 11!
    s = s * q + 1.0f / 362880;
    s = s * q - 1.0f / 5040;
    s = s * q + 1.0f / 120;
    s = s * q - 1.0f / 6;
    s = (s * q) * h + h;
    float c = 1.0f / 479001600; // 1 / 12!
    c = c * q - 1.0f / 3628800;
    c = c * q + 1.0f / 40320;
    c = c * q - 1.0f / 720;
    c = c * q + 1.0f / 24;
    c = c * q - 0.5f;
    c = c * q + 1.0f;
    cosine = 1.0f - 2.0f * (s * s);
    sine = 2.0f * (s * c);
}

} // namespace gr::ntnpos::kernel

#endif
