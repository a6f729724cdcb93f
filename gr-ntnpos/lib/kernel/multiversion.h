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
 * Where a version wants vectors of its own width or fused multiply-adds (lanes.h),
 * NTNPOS_VERSIONS(parameters, arguments, name, body) defines name(parameters), which calls
 * body<width>(arguments) compiled for the best instruction set there is; width is in floats
 * of its registers. What body calls must be NTNPOS_INLINE.
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

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define NTNPOS_HAS_LANES
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define NTNPOS_HAS_VERSIONS
#endif
#endif

#ifndef NTNPOS_HAS_VERSIONS
#define NTNPOS_MULTIVERSION
#elif defined(NTNPOS_WITHOUT_AVX512)
#define NTNPOS_MULTIVERSION __attribute__((target_clones("avx2", "default")))
#else
#define NTNPOS_MULTIVERSION __attribute__((target_clones("avx512f", "avx2", "default")))
#endif

#ifdef NTNPOS_HAS_LANES
namespace gr::ntnpos::kernel {

//! Floats in the widest register that the processor has and NTNPOS_VERSIONS knows.
inline int lane_width()
{
    __builtin_cpu_init();
#ifndef NTNPOS_WITHOUT_AVX512
    if (__builtin_cpu_supports("avx512f"))
        return 16;
#endif
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 8 : 4;
}

} // namespace gr::ntnpos::kernel

#ifdef NTNPOS_WITHOUT_AVX512
#define NTNPOS_WIDEST(body) body##_of_8
#define NTNPOS_WIDEST_VERSION(parameters, arguments, body)
#else
#define NTNPOS_WIDEST(body) body##_of_16
#define NTNPOS_WIDEST_VERSION(parameters, arguments, body)              \
    __attribute__((target("avx512f"))) void body##_of_16 parameters \
    {                                                                   \
        body<16> arguments;                                             \
    }
#endif
#define NTNPOS_VERSIONS(parameters, arguments, name, body)               \
    NTNPOS_WIDEST_VERSION(parameters, arguments, body)                   \
    __attribute__((target("avx2,fma"))) void body##_of_8 parameters  \
    {                                                                    \
        body<8> arguments;                                               \
    }                                                                    \
    void body##_of_4 parameters { body<4> arguments; }                   \
    void name parameters                                                 \
    {                                                                    \
        static const int width = lane_width();                           \
        if (width == 16)                                                 \
            NTNPOS_WIDEST(body) arguments;                               \
        else if (width == 8)                                             \
            body##_of_8 arguments;                                       \
        else                                                             \
            body##_of_4 arguments;                                       \
    }
#else
#define NTNPOS_VERSIONS(parameters, arguments, name, body) \
    void body##_of_4 parameters { body<4> arguments; }     \
    void name parameters { body##_of_4 arguments; }
#endif

//! For bodies of the versions: they must be inlined to be compiled for their instruction
//! set.
#define NTNPOS_INLINE inline __attribute__((always_inline))

#endif
