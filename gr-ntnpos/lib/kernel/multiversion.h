/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_MULTIVERSION_H
#define INCLUDED_NTNPOS_LIB_KERNEL_MULTIVERSION_H

/*
 * NTNPOS_MULTIVERSION before a function compiles it once for each instruction set named
 * and lets the loader choose. Kernels are compiled with -ffp-contract=off and keep the
 * order of their sums, so every version gives the same bits; complex products need
 * unknown_factor() for that. Sanitised builds go without:
 * the loader's resolvers run before the sanitisers' run-time is there.
 *
 * NTNPOS_WITHOUT_AVX512 (build option AVX512=OFF) leaves one version out, to measure on
 * any processor what those without it see.
 */
namespace gr::ntnpos::kernel {

/*!
 * \brief The value, of which the compiler knows nothing.
 *
 * Where a difference and a sum of products stand side by side, as in a complex product,
 * GCC 12 makes them one instruction that rounds once (vfmaddsub), -ffp-contract=off
 * notwithstanding. Written as two sums, one product of each times an unknown 1 or -1,
 * they are not what it looks for, and the bits do not change.
 */
inline float unknown_factor(float value)
{
    asm volatile("" : "+m"(value));
    return value;
}

} // namespace gr::ntnpos::kernel

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define NTNPOS_HAS_VERSIONS
#ifdef NTNPOS_WITHOUT_AVX512
#define NTNPOS_MULTIVERSION __attribute__((target_clones("avx2", "default")))
#else
#define NTNPOS_MULTIVERSION __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#else
#define NTNPOS_MULTIVERSION
#endif

#endif
