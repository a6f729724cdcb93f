/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multiversion.h"
#include "turn_table.h"
#include "vector_math.h"

namespace gr::ntnpos::kernel {

NTNPOS_MULTIVERSION
void turns(double cycles, double step, int count, float* re, float* im)
{
    for (int n = 0; n < count; ++n) {
        const auto r = static_cast<float>(cycle_fraction(cycles + step * n));
        cos_sin_cycles(r, re[n], im[n]);
    }
}

void turn_table::set(double cycles, double step, int count)
{
    const size_t stretches = (count + stretch - 1) / stretch;
    if (d_re.size() < stretches) {
        d_re.resize(stretches);
        d_im.resize(stretches);
    }
    turns(0.0, step, stretch, d_fine_re, d_fine_im);
    turns(cycles, step * stretch, stretches, d_re.data(), d_im.data());
}

} // namespace gr::ntnpos::kernel
