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
        throw_if(config_error{ "resources", "[]", "at least one" });
    for (size_t i = 0; i < resources.size(); ++i) {
        if (auto error = validate(resources[i], c)) {
            error->field = "resources[" + std::to_string(i) + "]." + error->field;
            throw_if(error);
        }
    }
    return resources;
}

size_t most_elements(const std::vector<prs_resource>& resources)
{
    int most = 0;
    for (const auto& r : resources)
        most = std::max(most, elements_per_symbol(r));
    return most;
}

} // namespace

prs_modulator::prs_modulator(const carrier& c, const std::vector<prs_resource>& resources)
    : d_carrier(c),
      d_resources(checked(c, resources)),
      d_ofdm(c),
      d_grid(12 * c.n_rb),
      d_values(most_elements(resources))
{
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

bool prs_modulator::symbol_grid(int64_t slot_count, int symbol, std::complex<float>* out)
{
    std::fill(out, out + 12 * d_carrier.n_rb, std::complex<float>());
    bool sent = false;
    for (const auto& r : d_resources) {
        const int index = symbol - r.start_symbol;
        if (index < 0 || index >= r.num_symbols ||
            !transmits_in_slot(r, d_carrier, slot_count))
            continue;
        prs_symbol_values(r, d_carrier, slot_count, index, d_values.data());
        std::complex<float>* element = out + first_subcarrier(r, index);
        for (int m = 0; m < elements_per_symbol(r); ++m)
            element[m * r.comb_size] += d_values[m];
        sent = true;
    }
    return sent;
}

void prs_modulator::modulate(int64_t slot_count, std::complex<float>* out)
{
    for (int symbol = 0; symbol < symbols_per_slot(d_carrier); ++symbol) {
        if (symbol_grid(slot_count, symbol, d_grid.data())) {
            out += d_ofdm.modulate(d_grid.data(), slot_count, symbol, out);
        } else {
            const int length =
                cp_samples(d_carrier, slot_count, symbol) + fft_size(d_carrier);
            std::fill(out, out + length, std::complex<float>());
            out += length;
        }
    }
}

} // namespace gr::ntnpos::kernel
