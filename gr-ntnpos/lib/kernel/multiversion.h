/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_MULTIVERSION_H
#define INCLUDED_NTNPOS_LIB_KERNEL_MULTIVERSION_H

/*
 * NTNPOS_MULTIVERSION before a function compiles it once for each instruction set named
 * and lets the loader choose. Kernels are compiled with -ffp-contract=off and keep the
 * order of their sums, so every version gives the same bits. Sanitised builds go without:
 * the loader's resolvers run before the sanitisers' run-time is there.
 *
 * NTNPOS_WITHOUT_AVX512 (build option AVX512=OFF) leaves one version out, to measure on
 * any processor what those without it see.
 */
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
