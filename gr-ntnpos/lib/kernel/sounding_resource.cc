/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include <gnuradio/ntnpos/kernel/sounding_resource.h>
#include <algorithm>

namespace gr::ntnpos::kernel {

namespace {

// One function for DL-PRS, another for SRS.
template <class... F>
struct overloaded : F... {
    using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

template <class P, class S>
auto either(const sounding_resource& r, P prs, S srs)
{
    return std::visit(overloaded{ [&](const prs_resource& p) { return prs(p); },
                                  [&](const srs_resource& s) { return srs(s); } },
                      r);
}

// A member that both have.
template <class F>
auto both(const sounding_resource& r, F get)
{
    return std::visit(get, r);
}

bool carries_all_equally(const srs_resource& r)
{
    std::vector<int> times(r.comb_size, 0);
    for (int i = 0; i < r.num_symbols; ++i)
        ++times[(comb_shift(r, i) + r.comb_offset) % r.comb_size];
    return std::adjacent_find(times.begin(), times.end(), std::not_equal_to<>()) ==
           times.end();
}

} // namespace

std::optional<config_error> validate(const sounding_resource& r, const carrier& c)
{
    if (auto error = both(r, [&](const auto& one) { return validate(one, c); }))
        return error;
    const auto* srs = std::get_if<srs_resource>(&r);
    if (srs && !carries_all_equally(*srs))
        return config_error{
            "num_symbols",
            to_text(srs->num_symbols),
            "such that a receiver finds every subcarrier equally often: 2 or 4 "
            "with comb_size 2, 4, 8 or 12 with 4, 8 with 8"
        };
    return std::nullopt;
}

int comb_size(const sounding_resource& r)
{
    return both(r, [](const auto& one) { return one.comb_size; });
}

int start_symbol(const sounding_resource& r)
{
    return both(r, [](const auto& one) { return one.start_symbol; });
}

int num_symbols(const sounding_resource& r)
{
    return both(r, [](const auto& one) { return one.num_symbols; });
}

int lowest_subcarrier(const sounding_resource& r)
{
    return 12 * either(
                    r,
                    [](const prs_resource& p) { return p.start_prb; },
                    [](const srs_resource& s) { return srs_start_rb(s); });
}

int subcarriers(const sounding_resource& r)
{
    return 12 * either(
                    r,
                    [](const prs_resource& p) { return p.num_rb; },
                    [](const srs_resource& s) { return srs_num_rb(s); });
}

int elements_per_symbol(const sounding_resource& r)
{
    return subcarriers(r) / comb_size(r);
}

int first_subcarrier(const sounding_resource& r, int symbol_index)
{
    return both(r, [&](const auto& one) { return first_subcarrier(one, symbol_index); });
}

double power_offset_db(const sounding_resource& r)
{
    return both(r, [](const auto& one) { return one.power_offset_db; });
}

int periodicity_slots(const sounding_resource& r)
{
    return both(r, [](const auto& one) { return one.periodicity_slots; });
}

int first_slot(const sounding_resource& r)
{
    return either(
        r,
        [](const prs_resource& p) { return first_slot(p); },
        [](const srs_resource& s) { return s.slot_offset; });
}

int repetition_factor(const sounding_resource& r)
{
    return either(
        r,
        [](const prs_resource& p) { return p.repetition_factor; },
        [](const srs_resource&) { return 1; });
}

int time_gap_slots(const sounding_resource& r)
{
    return either(
        r,
        [](const prs_resource& p) { return p.time_gap_slots; },
        [](const srs_resource&) { return 1; });
}

bool transmits_in_slot(const sounding_resource& r, const carrier& c, int64_t slot_count)
{
    return both(r,
                [&](const auto& one) { return transmits_in_slot(one, c, slot_count); });
}

void symbol_values(const sounding_resource& r,
                   const carrier& c,
                   int64_t slot_count,
                   int symbol_index,
                   std::complex<float>* out)
{
    either(
        r,
        [&](const prs_resource& p) {
            prs_symbol_values(p, c, slot_count, symbol_index, out);
        },
        [&](const srs_resource& s) {
            srs_symbol_values(s, c, slot_count, symbol_index, out);
        });
}

} // namespace gr::ntnpos::kernel
