/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "integers.h"
#include <gnuradio/ntnpos/kernel/prs_replica.h>
#include <atomic>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

uint64_t next_identity()
{
    static std::atomic<uint64_t> last{ 0 };
    return ++last;
}

} // namespace

prs_replica::prs_replica(const carrier& c, const sounding_resource& r)
    : d_identity(next_identity()),
      d_carrier(c),
      d_resource(r),
      d_num_symbols(kernel::num_symbols(r)),
      d_comb_size(kernel::comb_size(r)),
      d_lowest(kernel::lowest_subcarrier(r)),
      d_span(subcarriers(r)),
      d_elements(elements_per_symbol(r)),
      d_amplitude(std::pow(10.0, power_offset_db(r) / 20.0)),
      d_slots(slots_per_frame(c))
{
}

prs_replica::symbol prs_replica::at(int64_t slot_count, int index)
{
    slot& s = d_slots[floor_mod(slot_count, static_cast<int64_t>(d_slots.size()))];
    if (s.symbols.empty()) {
        s.values.resize(static_cast<size_t>(num_symbols()) * d_elements);
        for (int i = 0; i < num_symbols(); ++i) {
            std::complex<float>* out =
                s.values.data() + static_cast<size_t>(i) * d_elements;
            symbol_values(d_resource, d_carrier, slot_count, i, out);
            const int l = start_symbol(d_resource) + i;
            const double cycles = phase_compensation_cycles(d_carrier, slot_count, l);
            const std::complex<float> phase(std::polar(1.0, -2.0 * M_PI * cycles));
            for (int m = 0; m < d_elements; ++m)
                out[m] *= phase;
            s.symbols.push_back({ symbol_offset_samples(d_carrier, slot_count, l),
                                  cp_samples(d_carrier, slot_count, l),
                                  first_subcarrier(d_resource, i) - d_lowest,
                                  nullptr });
        }
    }
    symbol found = s.symbols[index];
    found.values = s.values.data() + static_cast<size_t>(index) * d_elements;
    return found;
}

int prs_replica::first_sample(int64_t slot_count) const
{
    return symbol_offset_samples(d_carrier, slot_count, start_symbol(d_resource));
}

int prs_replica::length_samples(int64_t slot_count) const
{
    const int end = symbol_offset_samples(
        d_carrier, slot_count, start_symbol(d_resource) + d_num_symbols);
    return end - first_sample(slot_count);
}

} // namespace gr::ntnpos::kernel
