/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "integers.h"
#include "srs_tables.h"
#include <gnuradio/ntnpos/kernel/gold_sequence.h>
#include <gnuradio/ntnpos/kernel/srs_resource.h>
#include <initializer_list>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

constexpr int MAX_FREQ_POSITION = 67;
constexpr int MAX_FREQ_SHIFT = 268;
constexpr int SFN_CYCLE_SLOTS = 10240; // 1024 frames at 15 kHz
constexpr double MAX_POWER_OFFSET_DB = 100.0;

bool one_of(int value, std::initializer_list<int> allowed)
{
    return std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

// Numbers of symbols with an entry in table 6.4.1.4.3-2.
bool legal_pair(int num_symbols, int comb_size)
{
    switch (comb_size) {
    case 2:
        return one_of(num_symbols, { 1, 2, 4 });
    case 4:
        return one_of(num_symbols, { 2, 4, 8, 12 });
    case 8:
        return one_of(num_symbols, { 4, 8, 12 });
    default:
        return false;
    }
}

config_error
range_error(const char* field, int value, int low, int high, const std::string& source)
{
    return { field, to_text(value), to_text(low) + ".." + to_text(high) + " " + source };
}

std::optional<config_error> validate_elements(const srs_resource& r, const carrier& c)
{
    if (r.sequence_id < 0 || r.sequence_id > 65535)
        return range_error(
            "sequence_id", r.sequence_id, 0, 65535, "(TS 38.211 6.4.1.4.2)");
    if (!one_of(r.comb_size, { 2, 4, 8 }))
        return config_error{ "comb_size",
                             to_text(r.comb_size),
                             "2, 4 or 8 (TS 38.211 6.4.1.4.2)" };
    if (r.comb_offset < 0 || r.comb_offset >= r.comb_size)
        return range_error("comb_offset",
                           r.comb_offset,
                           0,
                           r.comb_size - 1,
                           "(below comb_size, TS 38.211 6.4.1.4.3)");
    const int last_shift = srs_max_cyclic_shift(r) - 1;
    if (r.cyclic_shift < 0 || r.cyclic_shift > last_shift)
        return range_error("cyclic_shift",
                           r.cyclic_shift,
                           0,
                           last_shift,
                           "with comb_size " + to_text(r.comb_size) +
                               " (TS 38.211 table 6.4.1.4.2-1)");
    if (!legal_pair(r.num_symbols, r.comb_size)) {
        const char* allowed = r.comb_size == 2   ? "1, 2 or 4"
                              : r.comb_size == 4 ? "2, 4, 8 or 12"
                                                 : "4, 8 or 12";
        return config_error{ "num_symbols",
                             to_text(r.num_symbols),
                             std::string(allowed) + " with comb_size " +
                                 to_text(r.comb_size) +
                                 " (TS 38.211 table 6.4.1.4.3-2)" };
    }
    const int last_start = symbols_per_slot(c) - r.num_symbols;
    if (r.start_symbol < 0 || r.start_symbol > last_start)
        return range_error("start_symbol",
                           r.start_symbol,
                           0,
                           last_start,
                           "(all symbols inside one slot, TS 38.211 6.4.1.4.1)");
    if (r.group_or_sequence_hopping != srs_hopping::neither &&
        r.group_or_sequence_hopping != srs_hopping::group &&
        r.group_or_sequence_hopping != srs_hopping::sequence)
        return config_error{ "group_or_sequence_hopping",
                             to_text(static_cast<int>(r.group_or_sequence_hopping)),
                             "neither, group or sequence (TS 38.211 6.4.1.4.2)" };
    return std::nullopt;
}

std::optional<config_error> validate_bandwidth(const srs_resource& r, const carrier& c)
{
    if (r.c_srs < 0 || r.c_srs > 63)
        return range_error("c_srs", r.c_srs, 0, 63, "(TS 38.211 table 6.4.1.4.3-1)");
    if (r.b_srs < 0 || r.b_srs > 3)
        return range_error("b_srs", r.b_srs, 0, 3, "(TS 38.211 table 6.4.1.4.3-1)");
    if (srs_num_rb(r) > c.n_rb)
        return config_error{ "c_srs",
                             to_text(r.c_srs),
                             "such that m_SRS,b (here " + to_text(srs_num_rb(r)) +
                                 ") is at most the carrier's n_rb " + to_text(c.n_rb) +
                                 " (TS 38.211 table 6.4.1.4.3-1)" };
    if (r.freq_position < 0 || r.freq_position > MAX_FREQ_POSITION)
        return range_error("freq_position",
                           r.freq_position,
                           0,
                           MAX_FREQ_POSITION,
                           "(TS 38.211 6.4.1.4.3)");
    if (r.freq_shift < 0 || r.freq_shift > MAX_FREQ_SHIFT)
        return range_error(
            "freq_shift", r.freq_shift, 0, MAX_FREQ_SHIFT, "(TS 38.211 6.4.1.4.3)");
    const int end = srs_start_rb(r) + srs_num_rb(r);
    if (end > c.n_rb)
        return config_error{ r.freq_shift > 0 ? "freq_shift" : "freq_position",
                             to_text(r.freq_shift > 0 ? r.freq_shift : r.freq_position),
                             "such that resource blocks " + to_text(srs_start_rb(r)) +
                                 ".." + to_text(end - 1) + " are inside the carrier's " +
                                 "n_rb " + to_text(c.n_rb) + " (TS 38.211 6.4.1.4.3)" };
    return std::nullopt;
}

std::optional<config_error> validate_slots(const srs_resource& r, const carrier& c)
{
    const int longest = 2 * SFN_CYCLE_SLOTS << numerology(c);
    // clang-format off
    const bool listed = one_of(r.periodicity_slots,
                               { 1, 2, 4, 5, 8, 10, 16, 20, 32, 40, 64, 80, 128, 160, 256, 320, 512, 640,
                                 1280, 2560, 5120, 10240, 20480, 40960, 81920 });
    // clang-format on
    if (!listed || r.periodicity_slots > longest)
        return config_error{ "periodicity_slots",
                             to_text(r.periodicity_slots),
                             "1, 2, 4, 5, 8, 10, 16, 20, 32, 40, 64, 80, 128, 160, 256, "
                             "320, 512, 640, 1280, 2560, 5120, 10240, 20480, 40960 or "
                             "81920, at most 20480 ms: " +
                                 to_text(std::min(longest, 81920)) +
                                 " (TS 38.331 SRS-PosResource)" };
    if (r.slot_offset < 0 || r.slot_offset >= r.periodicity_slots)
        return range_error("slot_offset",
                           r.slot_offset,
                           0,
                           r.periodicity_slots - 1,
                           "(below periodicity_slots, TS 38.211 6.4.1.4.4)");
    return std::nullopt;
}

// The pseudo-random sequence of 6.4.1.4.2 starts anew in every radio frame; this is the
// symbol's place in the frame.
uint64_t symbol_in_frame(const srs_resource& r,
                         const carrier& c,
                         int64_t slot_count,
                         int symbol_index)
{
    const int64_t slot = floor_mod(slot_count, slots_per_frame(c));
    return symbols_per_slot(c) * slot + r.start_symbol + symbol_index;
}

uint64_t gold_bits_at(const srs_resource& r, uint64_t first, int count)
{
    gold_sequence bits(static_cast<uint32_t>(r.sequence_id));
    bits.skip(first);
    return bits.take(count);
}

} // namespace

std::optional<config_error> validate(const srs_resource& r, const carrier& c)
{
    if (auto error = validate_elements(r, c))
        return error;
    if (auto error = validate_bandwidth(r, c))
        return error;
    if (auto error = validate_slots(r, c))
        return error;
    if (!(std::abs(r.power_offset_db) <= MAX_POWER_OFFSET_DB)) // true for NaN
        return config_error{ "power_offset_db",
                             to_text(r.power_offset_db),
                             "-100..100 (beta_SRS of TS 38.211 6.4.1.4.3)" };
    return std::nullopt;
}

int srs_num_rb(const srs_resource& r) { return SRS_BANDWIDTH_RB[r.c_srs][r.b_srs]; }

int srs_start_rb(const srs_resource& r)
{
    const int* m = SRS_BANDWIDTH_RB[r.c_srs];
    int start = r.freq_shift;
    for (int b = 1; b <= r.b_srs; ++b) { // n_0 = 0: N_0 is 1
        const int n = m[b - 1] / m[b];
        start += m[b] * ((4 * r.freq_position / m[b]) % n);
    }
    return start;
}

int srs_max_cyclic_shift(const srs_resource& r)
{
    return r.comb_size == 2 ? 8 : r.comb_size == 4 ? 12 : 6;
}

bool transmits_in_slot(const srs_resource& r, const carrier&, int64_t slot_count)
{
    // Every period divides the cycle of SFN, or is twice as long: no wrap is needed.
    return floor_mod(slot_count, r.periodicity_slots) == r.slot_offset;
}

int comb_shift(const srs_resource& r, int symbol_index)
{
    static constexpr int shifts2[] = { 0, 1 };
    static constexpr int shifts4[] = { 0, 2, 1, 3 };
    static constexpr int shifts8[] = { 0, 4, 2, 6, 1, 5, 3, 7 };
    const int* shifts = r.comb_size == 2 ? shifts2 : r.comb_size == 4 ? shifts4 : shifts8;
    return shifts[symbol_index % r.comb_size];
}

int first_subcarrier(const srs_resource& r, int symbol_index)
{
    return 12 * srs_start_rb(r) +
           (r.comb_offset + comb_shift(r, symbol_index)) % r.comb_size;
}

int elements_per_symbol(const srs_resource& r)
{
    return 12 * srs_num_rb(r) / r.comb_size;
}

low_papr_sequence srs_sequence(const srs_resource& r,
                               const carrier& c,
                               int64_t slot_count,
                               int symbol_index)
{
    low_papr_sequence s;
    s.length = elements_per_symbol(r);
    s.shift_cycles = static_cast<double>(r.cyclic_shift) / srs_max_cyclic_shift(r);
    const uint64_t symbol = symbol_in_frame(r, c, slot_count, symbol_index);
    int f_gh = 0;
    if (r.group_or_sequence_hopping == srs_hopping::group)
        f_gh = static_cast<int>(gold_bits_at(r, 8 * symbol, 8) % LOW_PAPR_GROUPS);
    s.group = (f_gh + r.sequence_id) % LOW_PAPR_GROUPS;
    if (r.group_or_sequence_hopping == srs_hopping::sequence &&
        s.length >= LOW_PAPR_TWO_SEQUENCES)
        s.number = static_cast<int>(gold_bits_at(r, symbol, 1));
    return s;
}

void srs_symbol_values(const srs_resource& r,
                       const carrier& c,
                       int64_t slot_count,
                       int symbol_index,
                       std::complex<float>* out)
{
    const low_papr_sequence s = srs_sequence(r, c, slot_count, symbol_index);
    low_papr_values(s, out);
    const float a = static_cast<float>(srs_amplitude(r));
    std::transform(out, out + s.length, out, [a](auto x) { return a * x; });
}

double srs_amplitude(const srs_resource& r)
{
    return std::pow(10.0, r.power_offset_db / 20.0);
}

} // namespace gr::ntnpos::kernel
