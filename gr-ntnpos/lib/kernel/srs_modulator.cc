/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "integers.h"
#include "phasor.h"
#include <gnuradio/ntnpos/kernel/srs_modulator.h>
#include <algorithm>

namespace gr::ntnpos::kernel {

namespace {

const std::vector<srs_resource>& checked(const carrier& c,
                                         const std::vector<srs_resource>& resources)
{
    throw_if(validate(c));
    if (resources.empty())
        throw_if(config_error{ "resources", "[]", "at least one (TS 38.214 6.2.1)" });
    for (size_t i = 0; i < resources.size(); ++i) {
        if (auto error = validate(resources[i], c)) {
            error->field = "resources[" + std::to_string(i) + "]." + error->field;
            throw_if(error);
        }
    }
    return resources;
}

// Which of a resource's sequences this is: they differ in u or in v, never in both.
int sequence_index(const srs_resource& r, const low_papr_sequence& s)
{
    return r.group_or_sequence_hopping == srs_hopping::group ? s.group : s.number;
}

int sequence_count(const srs_resource& r)
{
    switch (r.group_or_sequence_hopping) {
    case srs_hopping::group:
        return LOW_PAPR_GROUPS;
    case srs_hopping::sequence:
        return elements_per_symbol(r) >= LOW_PAPR_TWO_SEQUENCES ? 2 : 1;
    case srs_hopping::neither:
        break;
    }
    return 1;
}

// out[n] = values[n] ramp[n step], component by component: std::complex's product would
// add special cases for infinities.
void turn(const std::complex<float>* values,
          const std::complex<float>* ramp,
          int count,
          int step,
          std::complex<float>* out)
{
    const float* a = reinterpret_cast<const float*>(values);
    const float* b = reinterpret_cast<const float*>(ramp);
    for (int n = 0; n < count; ++n, a += 2, b += 2 * step)
        out[n] = { a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0] };
}

size_t all_elements(const std::vector<srs_resource>& resources)
{
    size_t all = 0;
    for (const auto& r : resources)
        all += elements_per_symbol(r);
    return all;
}

std::vector<comb_extent> extents(const std::vector<srs_resource>& resources)
{
    std::vector<comb_extent> out;
    for (const auto& r : resources) {
        const int first = 12 * srs_start_rb(r);
        out.push_back({ r.comb_size, first, first + 12 * srs_num_rb(r) - 1 });
    }
    return out;
}

} // namespace

srs_modulator::srs_modulator(const carrier& c, const std::vector<srs_resource>& resources)
    : d_carrier(c),
      d_ofdm(c, extents(checked(c, resources))),
      d_ramp(12 * c.n_rb),
      d_turned(all_elements(resources))
{
    for (const auto& r : resources)
        d_sources.push_back(make_source(r));
    d_combs.reserve(resources.size());
}

srs_modulator::source srs_modulator::make_source(const srs_resource& r) const
{
    source out{ r, {}, {} };
    const int elements = elements_per_symbol(r);
    low_papr_sequence s = srs_sequence(r, d_carrier, 0, 0);
    for (int i = 0; i < sequence_count(r); ++i) {
        if (r.group_or_sequence_hopping == srs_hopping::group)
            s.group = i;
        else
            s.number = i;
        out.values.resize(out.values.size() + elements);
        std::complex<float>* values = out.values.data() + out.values.size() - elements;
        low_papr_values(s, values);
        const float a = static_cast<float>(srs_amplitude(r));
        std::transform(values, values + elements, values, [a](auto x) { return a * x; });
    }
    for (int slot = 0; slot < slots_per_frame(d_carrier); ++slot)
        for (int i = 0; i < r.num_symbols; ++i)
            out.sequence.push_back(static_cast<uint8_t>(
                sequence_index(r, srs_sequence(r, d_carrier, slot, i))));
    return out;
}

bool srs_modulator::transmits(int64_t slot_count) const
{
    return std::any_of(d_sources.begin(), d_sources.end(), [&](const source& s) {
        return transmits_in_slot(s.resource, d_carrier, slot_count);
    });
}

int srs_modulator::slot_samples(int64_t slot_count) const
{
    return symbol_offset_samples(d_carrier, slot_count, symbols_per_slot(d_carrier));
}

const std::complex<float>*
srs_modulator::values_in(const source& s, int64_t slot_count, int symbol) const
{
    const srs_resource& r = s.resource;
    const int index = symbol - r.start_symbol;
    if (index < 0 || index >= r.num_symbols ||
        !transmits_in_slot(r, d_carrier, slot_count))
        return nullptr;
    const int64_t slot = floor_mod(slot_count, slots_per_frame(d_carrier));
    const int sequence = s.sequence[slot * r.num_symbols + index];
    return s.values.data() + sequence * elements_per_symbol(r);
}

bool srs_modulator::symbol_grid(int64_t slot_count,
                                int symbol,
                                std::complex<float>* out) const
{
    std::fill(out, out + 12 * d_carrier.n_rb, std::complex<float>());
    bool sent = false;
    for (const auto& s : d_sources) {
        const std::complex<float>* values = values_in(s, slot_count, symbol);
        if (!values)
            continue;
        const int first = first_subcarrier(s.resource, symbol - s.resource.start_symbol);
        for (int n = 0; n < elements_per_symbol(s.resource); ++n)
            out[first + n * s.resource.comb_size] += values[n];
        sent = true;
    }
    return sent;
}

int srs_modulator::modulate_symbol(int64_t slot_count,
                                   int symbol,
                                   std::complex<float>* out)
{
    d_combs.clear();
    std::complex<float>* turned = d_turned.data();
    for (const auto& s : d_sources) {
        const std::complex<float>* values = values_in(s, slot_count, symbol);
        if (!values)
            continue;
        const int count = elements_per_symbol(s.resource);
        const int step = s.resource.comb_size;
        const int first = first_subcarrier(s.resource, symbol - s.resource.start_symbol);
        if (d_delay != 0.0) {
            turn(values, d_ramp.data() + first, count, step, turned);
            values = turned;
            turned += count;
        }
        d_combs.push_back({ values, count, first, step });
    }
    if (!d_combs.empty())
        return d_ofdm.modulate(d_combs, slot_count, symbol, out);
    const int length = cp_samples(d_carrier, slot_count, symbol) + fft_size(d_carrier);
    auto* floats = reinterpret_cast<float*>(out); // as floats: one memset
    std::fill(floats, floats + 2 * length, 0.0f);
    return length;
}

void srs_modulator::set_delay(double delay)
{
    if (delay == d_delay)
        return;
    d_delay = delay;
    const double step =
        -delay / fft_size(d_carrier); // cycles from subcarrier to subcarrier
    phasor slope(-6.0 * d_carrier.n_rb * step, step);
    for (auto& value : d_ramp)
        value = slope.next();
}

void srs_modulator::modulate(int64_t slot_count, std::complex<float>* out, double delay)
{
    set_delay(delay);
    for (int symbol = 0; symbol < symbols_per_slot(d_carrier); ++symbol)
        out += modulate_symbol(slot_count, symbol, out);
}

} // namespace gr::ntnpos::kernel
