/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_LIB_KERNEL_PATH_FILTER_H
#define INCLUDED_NTNPOS_LIB_KERNEL_PATH_FILTER_H

#include "fractional_delay.h"
#include <cstddef>
#include <cstdint>

namespace gr::ntnpos::kernel {

/*
 * The inner loops of moving_path. A chunk of output samples is planned (where in the
 * input its groups lie, with which taps and which phase), then filtered group by group.
 *
 *     group   samples that share one set of taps, exact for its middle
 *     part    samples whose phases turn from that of the first, which is exact
 *     span    samples over which the turn per sample is the same, the span's mean
 */
struct alignas(64) path_chunk {
    static constexpr size_t samples = 2048;
    static constexpr size_t group = 32;
    static constexpr size_t part = 16;
    static constexpr size_t span = 512;
    static constexpr size_t groups = samples / group;
    static constexpr size_t parts = samples / part;
    static constexpr size_t spans = samples / span;

    // Input sample of a group's first output sample: whole + mu, and mu as a row of the
    // bank and a weight of the next row.
    int32_t whole[groups];
    int32_t row[groups];
    float weight[groups];
    // gain exp(j phase) at the start of each part: cos and the pair -sin, sin.
    float part_cos[parts];
    float part_sin[2 * parts];
    // exp(j turn i) for the samples i of a part: cos, cos and -sin, sin.
    float turn_cos[spans * 2 * part];
    float turn_sin[spans * 2 * part];
    // Of a gain that changes: by how much part_cos and part_sin do with each sample.
    bool changing = false;
    float slope_cos[parts];
    float slope_sin[2 * parts];
};

/*! \brief A delay in samples and a phase in cycles, both polynomials of the sample index
 * n: start + sum_k steps[k] n^(k + 1). */
struct path_motion {
    static constexpr size_t max_order = 7;
    double position = 0.0; //!< of the input sample at n = 0, if nothing moved afterwards
    double delay_steps[max_order] = {}; //!< how the delay grows, samples
    double cycles = 0.0;                //!< phase at n = 0, lagging
    double cycle_steps[max_order] = {}; //!< how the lag grows
    size_t order = 0;                   //!< steps that matter
    float gain = 1.0f;
};

//! The polynomial sum_k steps[k] n^(k + 1) as the plan evaluates it, to the bit.
inline double path_polynomial(const double* steps, size_t order, double n)
{
    double value = 0.0;
    for (size_t k = order; k-- > 0;)
        value = (value + steps[k]) * n;
    return value;
}

//! Index and fraction of the input sample of the group that starts at sample \p first, as
//! the plan finds them.
inline double path_group_position(const path_motion& m, double first)
{
    const double middle = first + 0.5 * static_cast<double>(path_chunk::group - 1);
    return (m.position + first) - path_polynomial(m.delay_steps, m.order, middle);
}

//! Plans a chunk. Positions must be within +-2^30.
void plan_path(const path_motion& motion, path_chunk& chunk);

/*! \brief Multiplies the gain of a chunk by one that changes: \p re and \p im at the
 * start of each part and at the end of the last, evenly in between. */
void change_gain(const float* re, const float* im, path_chunk& chunk);

/*! \brief out[i] += sum_k taps_k x[i + k] exp(j phase_i) for the groups begin .. end - 1.
 *
 * Group g reads taps + group - 1 samples of \p input from index origin + whole[g] on, and
 * adds to \p out from sample (g - begin) * group on. All interleaved.
 */
void filter_path(const path_chunk& chunk,
                 const fractional_delay& bank,
                 size_t begin,
                 size_t end,
                 const float* input,
                 int64_t origin,
                 float* out);

} // namespace gr::ntnpos::kernel

#endif
