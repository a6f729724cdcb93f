/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "integers.h"
#include <gnuradio/ntnpos/kernel/prs_replica.h>
#include <cmath>

namespace gr::ntnpos::kernel {

prs_replica::prs_replica(const carrier& c, const prs_resource& r)
    : d_carrier(c),
      d_resource(r),
      d_elements(elements_per_symbol(r)),
      d_values(slots_per_frame(c))
{
}

prs_replica::symbol prs_replica::at(int64_t slot_count, int index)
{
    auto& values = d_values[floor_mod(slot_count, slots_per_frame(d_carrier))];
    if (values.empty()) {
        values.resize(static_cast<size_t>(num_symbols()) * d_elements);
        for (int i = 0; i < num_symbols(); ++i) {
            std::complex<float>* out =
                values.data() + static_cast<size_t>(i) * d_elements;
            prs_symbol_values(d_resource, d_carrier, slot_count, i, out);
            const double cycles = phase_compensation_cycles(
                d_carrier, slot_count, d_resource.start_symbol + i);
            const std::complex<float> phase(std::polar(1.0, -2.0 * M_PI * cycles));
            for (int m = 0; m < d_elements; ++m)
                out[m] *= phase;
        }
    }
    const int l = d_resource.start_symbol + index;
    return { symbol_offset_samples(d_carrier, slot_count, l),
             cp_samples(d_carrier, slot_count, l),
             first_subcarrier(d_resource, index) - 12 * d_resource.start_prb,
             values.data() + static_cast<size_t>(index) * d_elements };
}

int prs_replica::first_sample(int64_t slot_count) const
{
    return symbol_offset_samples(d_carrier, slot_count, d_resource.start_symbol);
}

int prs_replica::length_samples(int64_t slot_count) const
{
    const int end = symbol_offset_samples(
        d_carrier, slot_count, d_resource.start_symbol + d_resource.num_symbols);
    return end - first_sample(slot_count);
}

} // namespace gr::ntnpos::kernel
