/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_VECTOR_MATH_H
#define INCLUDED_NTNPOS_LIB_KERNEL_VECTOR_MATH_H

#include <cstdint>
#include <cstring>

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

/*! Natural logarithm of a positive normal number, relative error below 1e-6. With u = m
 * 2^e, m in [1/sqrt 2, sqrt 2): ln m = 2 artanh((m - 1) / (m + 1)), whose argument is
 * below 0.172: five terms leave 1e-9. */
inline float natural_log(float u)
{
    constexpr float ln2 = 0.693147180559945f;
    constexpr int32_t sqrt_half_bits = 0x3f3504f3;
    int32_t bits;
    std::memcpy(&bits, &u, sizeof bits);
    const int32_t exponent = (bits - sqrt_half_bits) >> 23;
    bits -= exponent * (1 << 23);
    float m;
    std::memcpy(&m, &bits, sizeof m);
    const float t = (m - 1.0f) / (m + 1.0f);
    const float q = t * t;
    float p = 2.0f / 9;
    p = p * q + 2.0f / 7;
    p = p * q + 2.0f / 5;
    p = p * q + 2.0f / 3;
    p = p * q + 2.0f;
    return p * t + static_cast<float>(exponent) * ln2;
}

} // namespace gr::ntnpos::kernel

#endif
