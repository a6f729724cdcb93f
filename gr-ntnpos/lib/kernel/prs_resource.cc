/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "integers.h"
#include "multiversion.h"
#include <gnuradio/ntnpos/kernel/gold_sequence.h>
#include <gnuradio/ntnpos/kernel/prs_resource.h>
#include <initializer_list>
#include <algorithm>
#include <cmath>
#include <cstring>

namespace gr::ntnpos::kernel {

namespace {

// Legal comb sizes for each number of symbols (table 7.4.1.7.3-1).
bool legal_pair(int num_symbols, int comb_size)
{
    switch (comb_size) {
    case 2:
        return num_symbols == 2 || num_symbols == 4 || num_symbols == 6 ||
               num_symbols == 12;
    case 4:
        return num_symbols == 4 || num_symbols == 12;
    case 6:
        return num_symbols == 6 || num_symbols == 12;
    case 12:
        return num_symbols == 12;
    default:
        return false;
    }
}

bool one_of(int value, std::initializer_list<int> allowed)
{
    return std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

std::string bits_text(const std::vector<int>& bits)
{
    std::string text = "[";
    for (size_t i = 0; i < bits.size(); ++i)
        text += (i ? ", " : "") + to_text(bits[i]);
    return text + "]";
}

bool all_bits(const std::vector<int>& bits)
{
    return std::all_of(bits.begin(), bits.end(), [](int b) { return b == 0 || b == 1; });
}

config_error
range_error(const char* field, int value, int low, int high, const char* source)
{
    return { field, to_text(value), to_text(low) + ".." + to_text(high) + " " + source };
}

std::optional<config_error> validate_elements(const prs_resource& r, const carrier& c)
{
    if (r.sequence_id < 0 || r.sequence_id > 4095)
        return range_error(
            "sequence_id", r.sequence_id, 0, 4095, "(TS 38.211 7.4.1.7.2)");
    if (!one_of(r.comb_size, { 2, 4, 6, 12 }))
        return config_error{ "comb_size",
                             to_text(r.comb_size),
                             "2, 4, 6 or 12 (TS 38.211 7.4.1.7.3)" };
    if (r.re_offset < 0 || r.re_offset >= r.comb_size)
        return range_error("re_offset",
                           r.re_offset,
                           0,
                           r.comb_size - 1,
                           "(below comb_size, TS 38.211 7.4.1.7.3)");
    if (!legal_pair(r.num_symbols, r.comb_size)) {
        const char* allowed = r.comb_size == 2   ? "2, 4, 6 or 12"
                              : r.comb_size == 4 ? "4 or 12"
                              : r.comb_size == 6 ? "6 or 12"
                                                 : "12";
        return config_error{ "num_symbols",
                             to_text(r.num_symbols),
                             std::string(allowed) + " with comb_size " +
                                 to_text(r.comb_size) +
                                 " (TS 38.211 table 7.4.1.7.3-1)" };
    }
    const int last_start = symbols_per_slot(c) - r.num_symbols;
    if (r.start_symbol < 0 || r.start_symbol > last_start)
        return range_error("start_symbol",
                           r.start_symbol,
                           0,
                           last_start,
                           "(all symbols inside one slot, TS 38.211 7.4.1.7.3)");
    if (r.num_rb != 12 && (r.num_rb < 24 || r.num_rb > 272 || r.num_rb % 4 != 0))
        return config_error{
            "num_rb",
            to_text(r.num_rb),
            "24..272 in steps of 4 (TS 38.214 5.1.6.5), or 12 in studies"
        };
    if (r.num_rb > c.n_rb)
        return config_error{ "num_rb",
                             to_text(r.num_rb),
                             "at most the carrier's n_rb " + to_text(c.n_rb) +
                                 " (TS 38.211 4.4.2)" };
    if (r.start_prb < 0 || r.start_prb > c.n_rb - r.num_rb)
        return range_error(
            "start_prb",
            r.start_prb,
            0,
            c.n_rb - r.num_rb,
            "(start_prb + num_rb inside the carrier's n_rb, TS 38.214 5.1.6.5)");
    return std::nullopt;
}

std::optional<config_error> validate_slots(const prs_resource& r, const carrier& c)
{
    const int mu = numerology(c);
    const int base = r.periodicity_slots >> mu;
    if (r.periodicity_slots < 0 || (base << mu) != r.periodicity_slots ||
        !one_of(base,
                { 4,
                  5,
                  8,
                  10,
                  16,
                  20,
                  32,
                  40,
                  64,
                  80,
                  160,
                  320,
                  640,
                  1280,
                  2560,
                  5120,
                  10240 }))
        return config_error{
            "periodicity_slots",
            to_text(r.periodicity_slots),
            to_text(1 << mu) +
                " * {4, 5, 8, 10, 16, 20, 32, 40, 64, 80, 160, 320, 640, 1280, 2560, "
                "5120, 10240} (TS 38.211 7.4.1.7.4)"
        };
    if (r.slot_offset < 0 || r.slot_offset >= r.periodicity_slots)
        return range_error("slot_offset",
                           r.slot_offset,
                           0,
                           r.periodicity_slots - 1,
                           "(below periodicity_slots, TS 38.211 7.4.1.7.4)");
    const int last_own = std::min(511, r.periodicity_slots - 1);
    if (r.resource_slot_offset < 0 || r.resource_slot_offset > last_own)
        return range_error("resource_slot_offset",
                           r.resource_slot_offset,
                           0,
                           last_own,
                           "(below periodicity_slots and 512, TS 38.211 7.4.1.7.4, TS "
                           "37.355 DL-PRS-Resource)");
    if (!one_of(r.repetition_factor, { 1, 2, 4, 6, 8, 16, 32 }))
        return config_error{ "repetition_factor",
                             to_text(r.repetition_factor),
                             "1, 2, 4, 6, 8, 16 or 32 (TS 38.211 7.4.1.7.4)" };
    if (!one_of(r.time_gap_slots, { 1, 2, 4, 8, 16, 32 }))
        return config_error{ "time_gap_slots",
                             to_text(r.time_gap_slots),
                             "1, 2, 4, 8, 16 or 32 (TS 38.211 7.4.1.7.4)" };
    if ((r.repetition_factor - 1) * r.time_gap_slots >= r.periodicity_slots)
        return config_error{ "time_gap_slots",
                             to_text(r.time_gap_slots),
                             "such that all " + to_text(r.repetition_factor) +
                                 " repetitions are inside periodicity_slots " +
                                 to_text(r.periodicity_slots) + " (TS 38.214 5.1.6.5)" };
    return std::nullopt;
}

std::optional<config_error> validate_muting(const prs_resource& r)
{
    const int size1 = static_cast<int>(r.muting_option1_bits.size());
    if (!one_of(size1, { 0, 2, 4, 6, 8, 16, 32 }) || !all_bits(r.muting_option1_bits))
        return config_error{
            "muting_option1_bits",
            bits_text(r.muting_option1_bits),
            "empty or 2, 4, 6, 8, 16 or 32 bits, each 0 or 1 (TS 38.211 7.4.1.7.4)"
        };
    if (!one_of(r.muting_option1_repetition, { 1, 2, 4, 8 }))
        return config_error{ "muting_option1_repetition",
                             to_text(r.muting_option1_repetition),
                             "1, 2, 4 or 8 (TS 38.211 7.4.1.7.4)" };
    const int size2 = static_cast<int>(r.muting_option2_bits.size());
    if (!one_of(size2, { 0, 2, 4, 6, 8, 16, 32 }) || !all_bits(r.muting_option2_bits))
        return config_error{
            "muting_option2_bits",
            bits_text(r.muting_option2_bits),
            "empty or 2, 4, 6, 8, 16 or 32 bits, each 0 or 1 (TS 38.211 7.4.1.7.4)"
        };
    return std::nullopt;
}

// Words that hold the bits of one symbol: 272 blocks with comb size 2.
constexpr int MAX_WORDS = (2 * 12 * 272 / 2 + 63) / 64;

// 32 bits, the earliest in bit 0, to level for 0 and -level for 1.
inline void map_32(uint32_t bits, uint32_t level, float* out)
{
    uint32_t values[32];
    for (int i = 0; i < 32; ++i)
        values[i] = level ^ ((bits << (31 - i)) & 0x80000000u);
    std::memcpy(out, values, sizeof values);
}

NTNPOS_MULTIVERSION
void map_bits(const uint64_t* words, size_t count, float level, float* out)
{
    uint32_t level_bits;
    std::memcpy(&level_bits, &level, sizeof level_bits);
    const auto part = [words](size_t i) {
        return static_cast<uint32_t>(words[i / 64] >> (i % 64));
    };
    size_t i = 0;
    for (; i + 32 <= count; i += 32)
        map_32(part(i), level_bits, out + i);
    if (i < count) {
        float rest[32];
        map_32(part(i), level_bits, rest);
        std::copy(rest, rest + (count - i), out + i);
    }
}

// Slots since the resource's first instance: N_slot n_f + n_s,f - T_offset, with n_f in
// 0..1023.
int64_t slots_from_offset(const prs_resource& r, const carrier& c, int64_t slot_count)
{
    return floor_mod(slot_count, 1024 * slots_per_frame(c)) - first_slot(r);
}

} // namespace

std::optional<config_error> validate(const prs_resource& r, const carrier& c)
{
    if (auto error = validate_elements(r, c))
        return error;
    if (auto error = validate_slots(r, c))
        return error;
    if (auto error = validate_muting(r))
        return error;
    if (!(std::abs(r.power_offset_db) <= 100.0)) // NaN too
        return config_error{ "power_offset_db",
                             to_text(r.power_offset_db),
                             "-100..100 (beta_PRS of TS 38.211 7.4.1.7.3)" };
    return std::nullopt;
}

bool is_prs_slot(const prs_resource& r, const carrier& c, int64_t slot_count)
{
    const int64_t within =
        floor_mod(slots_from_offset(r, c, slot_count), r.periodicity_slots);
    return within % r.time_gap_slots == 0 &&
           within / r.time_gap_slots < r.repetition_factor;
}

bool transmits_in_slot(const prs_resource& r, const carrier& c, int64_t slot_count)
{
    if (!is_prs_slot(r, c, slot_count))
        return false;
    const int64_t slots = slots_from_offset(r, c, slot_count);
    if (!r.muting_option1_bits.empty()) {
        // One bit for every T_muting instances of the whole resource.
        const int64_t group_slots =
            int64_t{ r.periodicity_slots } * r.muting_option1_repetition;
        const int64_t size = static_cast<int64_t>(r.muting_option1_bits.size());
        if (!r.muting_option1_bits[floor_mod(floor_div(slots, group_slots), size)])
            return false;
    }
    if (!r.muting_option2_bits.empty()) {
        // One bit for every repetition inside an instance.
        const int64_t within = floor_mod(slots, r.periodicity_slots);
        const int64_t size = static_cast<int64_t>(r.muting_option2_bits.size());
        if (!r.muting_option2_bits[(within / r.time_gap_slots) % size])
            return false;
    }
    return true;
}

int comb_shift(const prs_resource& r, int symbol_index)
{
    static constexpr int shifts2[] = { 0, 1 };
    static constexpr int shifts4[] = { 0, 2, 1, 3 };
    static constexpr int shifts6[] = { 0, 3, 1, 4, 2, 5 };
    static constexpr int shifts12[] = { 0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11 };
    const int* shifts = r.comb_size == 2   ? shifts2
                        : r.comb_size == 4 ? shifts4
                        : r.comb_size == 6 ? shifts6
                                           : shifts12;
    return shifts[symbol_index % r.comb_size];
}

int first_subcarrier(const prs_resource& r, int symbol_index)
{
    return 12 * r.start_prb + (r.re_offset + comb_shift(r, symbol_index)) % r.comb_size;
}

int elements_per_symbol(const prs_resource& r) { return 12 * r.num_rb / r.comb_size; }

void prs_symbol_values(const prs_resource& r,
                       const carrier& c,
                       int64_t slot_count,
                       int symbol_index,
                       std::complex<float>* out)
{
    const uint64_t slot = floor_mod(slot_count, slots_per_frame(c));
    const uint64_t symbol = r.start_symbol + symbol_index;
    const uint64_t id = r.sequence_id;
    const uint64_t c_init =
        ((id / 1024) << 22) +
        (((symbols_per_slot(c) * slot + symbol + 1) * (2 * (id % 1024) + 1)) << 10) +
        id % 1024;
    gold_sequence bits(static_cast<uint32_t>(c_init & 0x7fffffff));
    // r(m) counts from Point A: the resource's own part starts at m = 12 start_prb /
    // K_comb, two bits each.
    bits.skip(2 * (12 * r.start_prb / r.comb_size));
    uint64_t words[MAX_WORDS];
    const auto floats = 2 * static_cast<size_t>(elements_per_symbol(r));
    bits.take_words(words, (floats + 63) / 64);
    const double amplitude = std::sqrt(0.5) * std::pow(10.0, r.power_offset_db / 20.0);
    // Real and imaginary parts take bits in turn.
    map_bits(words, floats, static_cast<float>(amplitude), reinterpret_cast<float*>(out));
}

} // namespace gr::ntnpos::kernel
