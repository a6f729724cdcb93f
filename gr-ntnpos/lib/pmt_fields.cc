/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pmt_fields.h"
#include <unordered_map>
#include <array>
#include <cmath>

namespace gr::ntnpos {

namespace {

constexpr std::array<const char*, 3> status_names = { "found",
                                                      "no_signal",
                                                      "incomplete" };

/* A member whose value is mostly the same as in the dictionary before: the pair is shared
 * then, as pairs of a dictionary are not changed. */
template <typename T>
void put_constant(pmt::pmt_t& dictionary,
                  const char* name,
                  T value,
                  pmt::pmt_t (*convert)(T))
{
    thread_local std::unordered_map<const char*, std::pair<T, pmt::pmt_t>> last;
    auto& [known, pair] = last[name];
    if (!pair || known != value) {
        known = value;
        pair = pmt::cons(interned(name), convert(value));
    }
    dictionary = pmt::dcons(pair, dictionary);
}

} // namespace

const pmt::pmt_t& rx_time_key()
{
    static const pmt::pmt_t key = pmt::intern("rx_time");
    return key;
}

const pmt::pmt_t& profile_key()
{
    static const pmt::pmt_t key = pmt::intern("ntnpos_profile");
    return key;
}

const pmt::pmt_t& end_key()
{
    static const pmt::pmt_t key = pmt::intern("ntnpos_end");
    return key;
}

std::optional<double> read_double(const pmt::pmt_t& value)
{
    if (!value ||
        !(pmt::is_real(value) || pmt::is_integer(value) || pmt::is_uint64(value)))
        return std::nullopt;
    const double x = pmt::to_double(value);
    return std::isfinite(x) ? std::optional(x) : std::nullopt;
}

std::optional<int64_t> read_integer(const pmt::pmt_t& value)
{
    if (!value)
        return std::nullopt;
    if (pmt::is_integer(value))
        return pmt::to_long(value);
    if (pmt::is_uint64(value)) {
        const uint64_t x = pmt::to_uint64(value);
        if (x <= static_cast<uint64_t>(INT64_MAX))
            return static_cast<int64_t>(x);
    }
    return std::nullopt;
}

std::optional<std::string> read_text(const pmt::pmt_t& value)
{
    if (!value || !pmt::is_symbol(value))
        return std::nullopt;
    return pmt::symbol_to_string(value);
}

std::optional<kernel::instant> read_instant(const pmt::pmt_t& value)
{
    if (!value || !pmt::is_tuple(value) || pmt::length(value) != 2)
        return std::nullopt;
    const auto full = read_integer(pmt::tuple_ref(value, 0));
    const auto frac = read_double(pmt::tuple_ref(value, 1));
    if (!full || !frac)
        return std::nullopt;
    const kernel::instant t{ *full, *frac };
    return kernel::validate(t, "time") ? std::nullopt : std::optional(t);
}

std::optional<kernel::trajectory> read_trajectory(const pmt::pmt_t& value)
{
    if (!value || !pmt::is_vector(value))
        return std::nullopt;
    kernel::trajectory out;
    for (size_t i = 0; i < pmt::length(value); ++i) {
        const pmt::pmt_t segment = pmt::vector_ref(value, i);
        if (!pmt::is_tuple(segment) || pmt::length(segment) != 2)
            return std::nullopt;
        const auto start = read_instant(pmt::tuple_ref(segment, 0));
        const pmt::pmt_t coefficients = pmt::tuple_ref(segment, 1);
        if (!start || !pmt::is_f64vector(coefficients))
            return std::nullopt;
        out.segments.push_back({ *start, pmt::f64vector_elements(coefficients) });
    }
    return kernel::validate(out) ? std::nullopt : std::optional(out);
}

pmt::pmt_t member(const pmt::pmt_t& dictionary, const char* name)
{
    if (!dictionary || !pmt::is_dict(dictionary))
        return pmt::PMT_NIL;
    return pmt::dict_ref(dictionary, pmt::intern(name), pmt::PMT_NIL);
}

pmt::pmt_t to_pmt(const kernel::instant& t)
{
    const pmt::pmt_t full =
        t.full_s < 0 ? pmt::from_long(t.full_s) : pmt::from_uint64(t.full_s);
    return pmt::make_tuple(full, pmt::from_double(t.frac_s));
}

const pmt::pmt_t& interned(const char* literal)
{
    thread_local std::unordered_map<const char*, pmt::pmt_t> known;
    auto& symbol = known[literal];
    if (!symbol)
        symbol = pmt::intern(literal);
    return symbol;
}

void put(pmt::pmt_t& dictionary, const char* name, const pmt::pmt_t& value)
{
    dictionary = pmt::dcons(pmt::cons(interned(name), value), dictionary);
}

members::members(const pmt::pmt_t& dictionary)
{
    if (!dictionary || !pmt::is_dict(dictionary))
        return;
    d_all.reserve(32);
    for (pmt::pmt_t at = dictionary; pmt::is_pair(at); at = pmt::cdr(at))
        if (const pmt::pmt_t pair = pmt::car(at); pmt::is_pair(pair))
            d_all.push_back({ pair, pmt::car(pair), pmt::cdr(pair) });
}

const members::one* members::find(const char* name) const
{
    const pmt::pmt_t& key = interned(name); // one object for each name
    for (const auto& one : d_all)
        if (one.key == key)
            return &one;
    return nullptr;
}

const pmt::pmt_t& members::operator()(const char* name) const
{
    static const pmt::pmt_t none = pmt::PMT_NIL;
    const auto* one = find(name);
    return one ? one->value : none;
}

void put_header(pmt::pmt_t& message,
                const pmt::pmt_t& source,
                uint64_t seq,
                const char* kind,
                bool others)
{
    const auto add = [&](const char* name, const pmt::pmt_t& value) {
        if (others)
            message = pmt::dict_add(message, interned(name), value);
        else
            put(message, name, value);
    };
    add("schema", interned("ntnpos.wire/1"));
    add("source", source);
    add("seq", pmt::from_uint64(seq));
    add("kind", interned(kind));
}

pmt::pmt_t describe(const kernel::delay_profile& p)
{
    pmt::pmt_t d = pmt::make_dict();
    put(d, "satellite", pmt::intern(p.satellite));
    put(d, "slot_count", pmt::from_long(p.slot_count));
    put(d, "status", interned(status_names[static_cast<size_t>(p.status)]));
    put(d, "sent", to_pmt(p.sent));
    put(d, "arrival", to_pmt(p.arrival));
    put(d, "toa_s", pmt::from_double(p.toa_s));
    put(d, "doppler_hz", pmt::from_double(p.doppler_hz));
    put(d, "doppler_std_hz", pmt::from_double(p.doppler_std_hz));
    put(d, "toa_rate_s_per_s", pmt::from_double(p.toa_rate));
    put(d, "toa_rate_std_s_per_s", pmt::from_double(p.toa_rate_std));
    put(d, "predicted_rate_s_per_s", pmt::from_double(p.predicted_rate));
    put(d, "model_std_s", pmt::from_double(p.model_std_s));
    put_constant<double>(d, "std_factor", p.std_factor, pmt::from_double);
    if (p.carrier_phase_std_cycles > 0.0) {
        put(d, "carrier_phase_cycles", pmt::from_double(p.carrier_phase_cycles));
        put(d, "carrier_phase_std_cycles", pmt::from_double(p.carrier_phase_std_cycles));
        put(d, "carrier_phase_continuous", pmt::from_bool(p.carrier_phase_continuous));
    }
    put(d, "window_min_s", pmt::from_double(p.window_min_s));
    put(d, "window_max_s", pmt::from_double(p.window_max_s));
    put_constant<long>(d, "comb_size", p.comb_size, pmt::from_long);
    put_constant<long>(d, "subcarriers", p.subcarriers, pmt::from_long);
    put_constant<long>(d, "grid_subcarriers", p.grid_subcarriers, pmt::from_long);
    put_constant<double>(d, "scs_hz", p.scs_hz, pmt::from_double);
    put_constant<long>(d, "observations", p.observations, pmt::from_long);
    return d;
}

std::optional<kernel::delay_profile> read_profile(const members& of)
{
    const auto satellite = read_text(of("satellite"));
    const auto status = read_text(of("status"));
    const auto sent = read_instant(of("sent"));
    const auto arrival = read_instant(of("arrival"));
    if (!satellite || !status || !sent || !arrival)
        return std::nullopt;
    kernel::delay_profile p;
    p.satellite = *satellite;
    p.sent = *sent;
    p.arrival = *arrival;
    size_t known = 0;
    while (known < status_names.size() && *status != status_names[known])
        ++known;
    if (known == status_names.size())
        return std::nullopt;
    p.status = static_cast<kernel::occasion_status>(known);

    bool complete = true;
    const auto number = [&](const char* name, double& out) {
        const auto x = read_double(of(name));
        complete = complete && x;
        out = x.value_or(0.0);
    };
    const auto count = [&](const char* name, int64_t low, int64_t high) {
        const auto x = read_integer(of(name));
        complete = complete && x && *x >= low && *x <= high;
        return x.value_or(0);
    };
    number("toa_s", p.toa_s);
    number("doppler_hz", p.doppler_hz);
    number("doppler_std_hz", p.doppler_std_hz);
    number("window_min_s", p.window_min_s);
    number("window_max_s", p.window_max_s);
    number("scs_hz", p.scs_hz);
    // Of profiles that others make, these may be left out.
    const auto optional = [&](const char* name, double& out) {
        if (const auto x = read_double(of(name)))
            out = *x;
    };
    optional("toa_rate_s_per_s", p.toa_rate);
    optional("toa_rate_std_s_per_s", p.toa_rate_std);
    optional("predicted_rate_s_per_s", p.predicted_rate);
    optional("model_std_s", p.model_std_s);
    optional("std_factor", p.std_factor);
    optional("carrier_phase_cycles", p.carrier_phase_cycles);
    optional("carrier_phase_std_cycles", p.carrier_phase_std_cycles);
    p.carrier_phase_continuous = pmt::eq(of("carrier_phase_continuous"), pmt::PMT_T);
    p.slot_count = count("slot_count", INT64_MIN, INT64_MAX);
    p.comb_size = count("comb_size", 1, 12);
    p.subcarriers = count("subcarriers", 12, 3300);
    p.grid_subcarriers = count("grid_subcarriers", 12, 3300);
    p.observations = count("observations", 1, 1 << 20);
    return complete ? std::optional(p) : std::nullopt;
}

} // namespace gr::ntnpos
