/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/prs_modulator.h>
#include <algorithm>

namespace gr::ntnpos::kernel {

namespace {

const std::vector<prs_resource>& checked(const carrier& c,
                                         const std::vector<prs_resource>& resources)
{
    throw_if(validate(c));
    if (resources.empty())
        throw_if(config_error{ "resources", "[]", "at least one (TS 38.214 5.1.6.5)" });
    for (size_t i = 0; i < resources.size(); ++i) {
        if (auto error = validate(resources[i], c)) {
            error->field = "resources[" + std::to_string(i) + "]." + error->field;
            throw_if(error);
        }
    }
    return resources;
}

size_t all_elements(const std::vector<prs_resource>& resources)
{
    size_t all = 0;
    for (const auto& r : resources)
        all += elements_per_symbol(r);
    return all;
}

std::vector<comb_extent> extents(const std::vector<prs_resource>& resources)
{
    std::vector<comb_extent> out;
    for (const auto& r : resources)
        out.push_back(
            { r.comb_size, 12 * r.start_prb, 12 * (r.start_prb + r.num_rb) - 1 });
    return out;
}

} // namespace

prs_modulator::prs_modulator(const carrier& c, const std::vector<prs_resource>& resources)
    : d_carrier(c),
      d_resources(checked(c, resources)),
      d_ofdm(c, extents(resources)),
      d_values(all_elements(resources))
{
    d_sent.reserve(d_resources.size());
    d_combs.reserve(d_resources.size());
}

bool prs_modulator::transmits(int64_t slot_count) const
{
    return std::any_of(
        d_resources.begin(), d_resources.end(), [&](const prs_resource& r) {
            return transmits_in_slot(r, d_carrier, slot_count);
        });
}

int prs_modulator::slot_samples(int64_t slot_count) const
{
    return symbol_offset_samples(d_carrier, slot_count, symbols_per_slot(d_carrier));
}

void prs_modulator::find_sent(int64_t slot_count, int symbol)
{
    d_sent.clear();
    for (const auto& r : d_resources)
        if (symbol >= r.start_symbol && symbol < r.start_symbol + r.num_symbols &&
            transmits_in_slot(r, d_carrier, slot_count))
            d_sent.push_back(&r);
}

bool prs_modulator::symbol_grid(int64_t slot_count, int symbol, std::complex<float>* out)
{
    std::fill(out, out + 12 * d_carrier.n_rb, std::complex<float>());
    find_sent(slot_count, symbol);
    for (const auto* r : d_sent) {
        const int index = symbol - r->start_symbol;
        prs_symbol_values(*r, d_carrier, slot_count, index, d_values.data());
        std::complex<float>* element = out + first_subcarrier(*r, index);
        for (int m = 0; m < elements_per_symbol(*r); ++m)
            element[m * r->comb_size] += d_values[m];
    }
    return !d_sent.empty();
}

int prs_modulator::modulate_symbol(int64_t slot_count,
                                   int symbol,
                                   std::complex<float>* out)
{
    find_sent(slot_count, symbol);
    if (d_sent.empty()) {
        const int length =
            cp_samples(d_carrier, slot_count, symbol) + fft_size(d_carrier);
        auto* floats = reinterpret_cast<float*>(out); // as floats: one memset
        std::fill(floats, floats + 2 * length, 0.0f);
        return length;
    }
    d_combs.clear();
    std::complex<float>* values = d_values.data();
    for (const auto* r : d_sent) {
        const int index = symbol - r->start_symbol;
        const int count = elements_per_symbol(*r);
        prs_symbol_values(*r, d_carrier, slot_count, index, values);
        d_combs.push_back({ values, count, first_subcarrier(*r, index), r->comb_size });
        values += count;
    }
    return d_ofdm.modulate(d_combs, slot_count, symbol, out);
}

void prs_modulator::modulate(int64_t slot_count, std::complex<float>* out)
{
    for (int symbol = 0; symbol < symbols_per_slot(d_carrier); ++symbol)
        out += modulate_symbol(slot_count, symbol, out);
}

} // namespace gr::ntnpos::kernel
