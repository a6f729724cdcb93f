/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multiversion.h"
#include "turn_table.h"
#include "vector_math.h"

namespace gr::ntnpos::kernel {

namespace {

// Whole pieces: single values would take longer than a piece.
[[gnu::always_inline]] inline void
turn_pieces(double cycles, double step, int count, float* re, float* im)
{
    for (int first = 0; first < count; first += turns_at_once)
        for (int i = 0; i < turns_at_once; ++i) {
            const int n = first + i;
            const auto r = static_cast<float>(cycle_fraction(cycles + step * n));
            cos_sin_cycles(r, re[n], im[n]);
        }
}

// Both of a table in one call.
NTNPOS_MULTIVERSION
void fine_and_coarse(double cycles,
                     double step,
                     int stretches,
                     float* __restrict fine_re,
                     float* __restrict fine_im,
                     float* __restrict re,
                     float* __restrict im)
{
    turn_pieces(0.0, step, turn_table::stretch, fine_re, fine_im);
    turn_pieces(cycles, step * turn_table::stretch, stretches, re, im);
}

} // namespace

NTNPOS_MULTIVERSION
void turns(
    double cycles, double step, int count, float* __restrict re, float* __restrict im)
{
    turn_pieces(cycles, step, count, re, im);
}

void turn_table::set(double cycles, double step, int count)
{
    const size_t stretches = (count + stretch - 1) / stretch;
    if (d_re.size() < stretches) {
        const size_t room = (stretches + turns_at_once - 1) / turns_at_once;
        d_re.resize(room * turns_at_once);
        d_im.resize(room * turns_at_once);
    }
    fine_and_coarse(
        cycles, step, stretches, d_fine_re, d_fine_im, d_re.data(), d_im.data());
}

} // namespace gr::ntnpos::kernel
