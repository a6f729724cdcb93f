/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multiversion.h"
#include "turn_table.h"
#include "vector_math.h"

namespace gr::ntnpos::kernel {

NTNPOS_MULTIVERSION
void turns(
    double cycles, double step, int count, float* __restrict re, float* __restrict im)
{
    // Whole pieces: single values would take longer than a piece.
    for (int first = 0; first < count; first += turns_at_once)
        for (int i = 0; i < turns_at_once; ++i) {
            const int n = first + i;
            const auto r = static_cast<float>(cycle_fraction(cycles + step * n));
            cos_sin_cycles(r, re[n], im[n]);
        }
}

void turn_table::set(double cycles, double step, int count)
{
    const size_t stretches = (count + stretch - 1) / stretch;
    if (d_re.size() < stretches) {
        const size_t room = (stretches + turns_at_once - 1) / turns_at_once;
        d_re.resize(room * turns_at_once);
        d_im.resize(room * turns_at_once);
    }
    turns(0.0, step, stretch, d_fine_re, d_fine_im);
    turns(cycles, step * stretch, stretches, d_re.data(), d_im.data());
}

} // namespace gr::ntnpos::kernel
