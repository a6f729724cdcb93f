/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/prs_resource.h>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>

using namespace gr::ntnpos::kernel;

namespace {

carrier make_carrier(int scs_khz)
{
    carrier c;
    c.scs_khz = scs_khz;
    c.n_rb = 52;
    c.sample_rate_hz = 1024e3 * scs_khz;
    return c;
}

// 7.4.1.7.4 as written, for slot n_s of frame n_f: the set of i T_gap searched, muting by
// its floors.
bool literal_transmits(const prs_resource& r, int slots_per_frame, int n_f, int n_s)
{
    const double n = slots_per_frame * n_f + n_s - r.slot_offset - r.resource_slot_offset;
    const double within = n - r.periodicity_slots * std::floor(n / r.periodicity_slots);
    bool in_set = false;
    for (int i = 0; i < r.repetition_factor; ++i)
        in_set = in_set || within == i * r.time_gap_slots;
    if (!in_set)
        return false;
    bool sent = true;
    if (!r.muting_option1_bits.empty()) {
        const double size = static_cast<double>(r.muting_option1_bits.size());
        const double instance =
            std::floor(n / (r.muting_option1_repetition * r.periodicity_slots));
        sent = sent &&
               r.muting_option1_bits[instance - size * std::floor(instance / size)] == 1;
    }
    if (!r.muting_option2_bits.empty()) {
        const int i = static_cast<int>(std::floor(within / r.time_gap_slots));
        sent =
            sent &&
            r.muting_option2_bits[i % static_cast<int>(r.muting_option2_bits.size())] ==
                1;
    }
    return sent;
}

} // namespace

BOOST_AUTO_TEST_CASE(slots_sent_are_those_of_a_literal_evaluation)
{
    struct {
        int scs_khz, periodicity, offset, repetition, gap;
        std::vector<int> bits1;
        int repetition1;
        std::vector<int> bits2;
        int resource_offset = 0;
    } const cases[] = {
        { 15, 10, 0, 1, 1, {}, 1, {} },
        { 15, 4, 3, 1, 1, {}, 1, {} },
        { 15, 10240, 10239, 1, 1, {}, 1, {} },
        { 30, 8, 7, 2, 4, {}, 1, {} },
        { 15, 20, 3, 4, 2, {}, 1, {} },
        { 15, 32, 31, 16, 2, {}, 1, {} }, // the last repetitions are in the next period
        { 60, 128, 5, 6, 16, {}, 1, {} },
        { 120, 2560, 2000, 32, 32, {}, 1, {} },
        { 15, 10, 2, 1, 1, { 1, 0 }, 1, {} },
        { 15, 10, 2, 1, 1, { 0, 1, 1, 0 }, 2, {} },
        { 15, 5, 4, 1, 1, { 1, 0, 0, 1, 1, 0 }, 8, {} }, // 6 bits do not divide the cycle
                                                         // of SFN
        { 30, 10, 9, 2, 1, { 1, 1, 0, 1, 0, 0, 1, 0 }, 4, {} },
        { 15, 16, 0, 4, 1, {}, 1, { 1, 0, 0, 1 } },
        { 15, 16, 15, 6, 2, {}, 1, { 0, 1, 1, 0, 1, 0 } },
        { 15, 20, 19, 8, 2, { 1, 0, 1, 1 }, 2, { 1, 0, 0, 1, 0, 1, 1, 0 } },
        { 15, 10, 2, 1, 1, { 0, 0 }, 1, { 1, 0 } },
        // The offsets' sum is beyond the period: muting counts from there.
        { 15, 10, 9, 2, 1, { 1, 0, 0, 1 }, 1, { 0, 1 }, 8 },
        { 15, 640, 600, 4, 16, { 1, 1, 0, 1 }, 2, {}, 511 },
        { 15, 20, 3, 8, 2, {}, 1, { 1, 0 } }, // fewer bits than repetitions: in turn
    };
    for (const auto& test : cases) {
        const carrier c = make_carrier(test.scs_khz);
        prs_resource r;
        r.periodicity_slots = test.periodicity;
        r.slot_offset = test.offset;
        r.resource_slot_offset = test.resource_offset;
        r.repetition_factor = test.repetition;
        r.time_gap_slots = test.gap;
        r.muting_option1_bits = test.bits1;
        r.muting_option1_repetition = test.repetition1;
        r.muting_option2_bits = test.bits2;
        const auto error = validate(r, c);
        BOOST_REQUIRE_MESSAGE(!error, (error ? error->message() : ""));
        prs_resource unmuted = r;
        unmuted.muting_option1_bits.clear();
        unmuted.muting_option2_bits.clear();

        const int per_frame = slots_per_frame(c);
        int differences = 0;
        for (int n_f = 0; n_f < 1024; ++n_f) {
            for (int n_s = 0; n_s < per_frame; ++n_s) {
                const bool sent = literal_transmits(r, per_frame, n_f, n_s);
                const bool slot = literal_transmits(unmuted, per_frame, n_f, n_s);
                const int64_t count = n_f * per_frame + n_s;
                const int64_t cycle = 1024 * per_frame;
                for (const int64_t same : { count, count + 3 * cycle, count - cycle }) {
                    differences += transmits_in_slot(r, c, same) != sent;
                    differences += is_prs_slot(r, c, same) != slot;
                }
            }
        }
        BOOST_CHECK_EQUAL(differences, 0);
    }
}

BOOST_AUTO_TEST_CASE(option_1_mutes_whole_instances_and_option_2_repetitions)
{
    // By hand: period 10, two repetitions 4 slots apart, from slot 1 on.
    const carrier c = make_carrier(15);
    prs_resource r;
    r.slot_offset = 1;
    r.repetition_factor = 2;
    r.time_gap_slots = 4;
    const auto sent = [&] {
        std::vector<int> slots;
        for (int slot = 0; slot < 40; ++slot)
            if (transmits_in_slot(r, c, slot))
                slots.push_back(slot);
        return slots;
    };
    const auto check = [&](std::vector<int> expected) {
        const auto slots = sent();
        BOOST_CHECK_EQUAL_COLLECTIONS(
            slots.begin(), slots.end(), expected.begin(), expected.end());
    };
    check({ 1, 5, 11, 15, 21, 25, 31, 35 });
    r.muting_option1_bits = { 1, 0 };
    check({ 1, 5, 21, 25 });
    r.muting_option1_repetition = 2;
    check({ 1, 5, 11, 15 });
    r.muting_option2_bits = { 0, 1 };
    check({ 5, 15 });
    r.muting_option1_bits.clear();
    check({ 5, 15, 25, 35 });
}

BOOST_AUTO_TEST_CASE(every_comb_covers_all_subcarriers_in_the_order_of_the_table)
{
    // Table 7.4.1.7.3-2.
    struct {
        int comb;
        std::vector<int> symbols, shifts;
    } const rows[] = {
        { 2, { 2, 4, 6, 12 }, { 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1 } },
        { 4, { 4, 12 }, { 0, 2, 1, 3, 0, 2, 1, 3, 0, 2, 1, 3 } },
        { 6, { 6, 12 }, { 0, 3, 1, 4, 2, 5, 0, 3, 1, 4, 2, 5 } },
        { 12, { 12 }, { 0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11 } },
    };
    const carrier c = make_carrier(15);
    for (const auto& row : rows) {
        for (const int symbols : row.symbols) {
            for (int offset = 0; offset < row.comb; ++offset) {
                prs_resource r;
                r.comb_size = row.comb;
                r.num_symbols = symbols;
                r.re_offset = offset;
                r.start_symbol = 1;
                r.start_prb = 28;
                BOOST_REQUIRE(!validate(r, c));
                BOOST_CHECK_EQUAL(elements_per_symbol(r), 288 / row.comb);
                for (int l = 0; l < symbols; ++l) {
                    BOOST_CHECK_EQUAL(comb_shift(r, l), row.shifts[l]);
                    BOOST_CHECK_EQUAL(first_subcarrier(r, l),
                                      336 + (offset + row.shifts[l]) % row.comb);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_shifted_resource_is_a_part_of_the_wide_one)
{
    // r(m) counts from Point A, so a narrow resource carries the wide one's values at its
    // own blocks.
    const carrier c = make_carrier(15);
    prs_resource wide, part;
    wide.num_rb = 52;
    part.num_rb = 24;
    part.start_prb = 17;
    std::vector<std::complex<float>> all(elements_per_symbol(wide)),
        some(elements_per_symbol(part));
    for (int l = 0; l < wide.num_symbols; ++l) {
        prs_symbol_values(wide, c, 7, l, all.data());
        prs_symbol_values(part, c, 7, l, some.data());
        BOOST_CHECK(std::equal(some.begin(), some.end(), all.begin() + 17 * 3));
    }
}

BOOST_AUTO_TEST_CASE(validator_names_the_first_wrong_field)
{
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::string periods =
        ": must be 1 * {4, 5, 8, 10, 16, 20, 32, 40, 64, 80, 160, 320, 640, 1280, "
        "2560, 5120, 10240} (TS 38.211 7.4.1.7.4)";
    const std::string bits1 =
        ": must be empty or 2, 4, 6, 8, 16 or 32 bits, each 0 or 1 (TS 38.211 7.4.1.7.4)";
    const std::string& bits2 = bits1;
    const std::string own_offset = " (below periodicity_slots and 512, TS 38.211 "
                                   "7.4.1.7.4, TS 37.355 DL-PRS-Resource)";
    const std::string symbols = " (TS 38.211 table 7.4.1.7.3-1)";
    using change = std::function<void(prs_resource&)>;
    struct {
        change mutate;
        std::string message;
    } const cases[] = {
        { [](auto&) {}, "" },
        { [](auto& r) { r.sequence_id = -1; },
          "sequence_id = -1: must be 0..4095 (TS 38.211 7.4.1.7.2)" },
        { [](auto& r) { r.sequence_id = 4095; }, "" },
        { [](auto& r) { r.sequence_id = 4096; },
          "sequence_id = 4096: must be 0..4095 (TS 38.211 7.4.1.7.2)" },
        { [](auto& r) { r.comb_size = 3; },
          "comb_size = 3: must be 2, 4, 6 or 12 (TS 38.211 7.4.1.7.3)" },
        { [](auto& r) { r.comb_size = 0; },
          "comb_size = 0: must be 2, 4, 6 or 12 (TS 38.211 7.4.1.7.3)" },
        { [](auto& r) { r.re_offset = 3; }, "" },
        { [](auto& r) { r.re_offset = 4; },
          "re_offset = 4: must be 0..3 (below comb_size, TS 38.211 7.4.1.7.3)" },
        { [](auto& r) { r.re_offset = -1; },
          "re_offset = -1: must be 0..3 (below comb_size, TS 38.211 7.4.1.7.3)" },
        { [](auto& r) { r.num_symbols = 2; },
          "num_symbols = 2: must be 4 or 12 with comb_size 4" + symbols },
        { [](auto& r) { r.num_symbols = 6; },
          "num_symbols = 6: must be 4 or 12 with comb_size 4" + symbols },
        { [](auto& r) { r.comb_size = 2, r.num_symbols = 3; },
          "num_symbols = 3: must be 2, 4, 6 or 12 with comb_size 2" + symbols },
        { [](auto& r) { r.comb_size = 6; },
          "num_symbols = 4: must be 6 or 12 with comb_size 6" + symbols },
        { [](auto& r) { r.comb_size = 12; },
          "num_symbols = 4: must be 12 with comb_size 12" + symbols },
        { [](auto& r) { r.start_symbol = 10; }, "" },
        { [](auto& r) { r.start_symbol = 11; },
          "start_symbol = 11: must be 0..10 (all symbols inside one slot, TS 38.211 "
          "7.4.1.7.3)" },
        { [](auto& r) { r.start_symbol = -1; },
          "start_symbol = -1: must be 0..10 (all symbols inside one slot, TS 38.211 "
          "7.4.1.7.3)" },
        { [](auto& r) { r.num_rb = 12; }, "" },
        { [](auto& r) { r.num_rb = 52; }, "" },
        { [](auto& r) { r.num_rb = 20; },
          "num_rb = 20: must be 24..272 in steps of 4 (TS 38.214 5.1.6.5), or 12 in "
          "studies" },
        { [](auto& r) { r.num_rb = 26; },
          "num_rb = 26: must be 24..272 in steps of 4 (TS 38.214 5.1.6.5), or 12 in "
          "studies" },
        { [](auto& r) { r.num_rb = 276; },
          "num_rb = 276: must be 24..272 in steps of 4 (TS 38.214 5.1.6.5), or 12 in "
          "studies" },
        { [](auto& r) { r.num_rb = 56; },
          "num_rb = 56: must be at most the carrier's n_rb 52 (TS 38.211 4.4.2)" },
        { [](auto& r) { r.start_prb = 28; }, "" },
        { [](auto& r) { r.start_prb = 29; },
          "start_prb = 29: must be 0..28 (start_prb + num_rb inside the carrier's "
          "n_rb, TS 38.214 5.1.6.5)" },
        { [](auto& r) { r.start_prb = -1; },
          "start_prb = -1: must be 0..28 (start_prb + num_rb inside the carrier's "
          "n_rb, TS 38.214 5.1.6.5)" },
        { [](auto& r) { r.periodicity_slots = 0; }, "periodicity_slots = 0" + periods },
        { [](auto& r) { r.periodicity_slots = 11; }, "periodicity_slots = 11" + periods },
        { [](auto& r) { r.periodicity_slots = -10; },
          "periodicity_slots = -10" + periods },
        { [](auto& r) { r.slot_offset = 9; }, "" },
        { [](auto& r) { r.slot_offset = 10; },
          "slot_offset = 10: must be 0..9 (below periodicity_slots, TS 38.211 "
          "7.4.1.7.4)" },
        { [](auto& r) { r.slot_offset = -1; },
          "slot_offset = -1: must be 0..9 (below periodicity_slots, TS 38.211 "
          "7.4.1.7.4)" },
        { [](auto& r) { r.resource_slot_offset = 9; }, "" },
        { [](auto& r) { r.resource_slot_offset = 10; },
          "resource_slot_offset = 10: must be 0..9" + own_offset },
        { [](auto& r) { r.resource_slot_offset = -1; },
          "resource_slot_offset = -1: must be 0..9" + own_offset },
        { [](auto& r) { r.periodicity_slots = 10240, r.resource_slot_offset = 512; },
          "resource_slot_offset = 512: must be 0..511" + own_offset },
        { [](auto& r) { r.repetition_factor = 3; },
          "repetition_factor = 3: must be 1, 2, 4, 6, 8, 16 or 32 (TS 38.211 "
          "7.4.1.7.4)" },
        { [](auto& r) { r.repetition_factor = 0; },
          "repetition_factor = 0: must be 1, 2, 4, 6, 8, 16 or 32 (TS 38.211 "
          "7.4.1.7.4)" },
        { [](auto& r) { r.repetition_factor = 8; }, "" },
        { [](auto& r) { r.repetition_factor = 16; },
          "time_gap_slots = 1: must be such that all 16 repetitions are inside "
          "periodicity_slots 10 "
          "(TS 38.214 5.1.6.5)" },
        { [](auto& r) { r.time_gap_slots = 0; },
          "time_gap_slots = 0: must be 1, 2, 4, 8, 16 or 32 (TS 38.211 7.4.1.7.4)" },
        { [](auto& r) { r.time_gap_slots = 3; },
          "time_gap_slots = 3: must be 1, 2, 4, 8, 16 or 32 (TS 38.211 7.4.1.7.4)" },
        { [](auto& r) {
             r.muting_option1_bits = { 1, 0, 1 };
         },
          "muting_option1_bits = [1, 0, 1]" + bits1 },
        { [](auto& r) {
             r.muting_option1_bits = { 1, 2 };
         },
          "muting_option1_bits = [1, 2]" + bits1 },
        { [](auto& r) {
             r.muting_option1_bits = { 1, 0 };
         },
          "" },
        { [](auto& r) { r.muting_option1_repetition = 3; },
          "muting_option1_repetition = 3: must be 1, 2, 4 or 8 (TS 38.211 7.4.1.7.4)" },
        { [](auto& r) { r.repetition_factor = 2, r.muting_option2_bits = { 1 }; },
          "muting_option2_bits = [1]" + bits2 },
        { [](auto& r) {
             r.repetition_factor = 2, r.muting_option2_bits = { 1, -1 };
         },
          "muting_option2_bits = [1, -1]" + bits2 },
        { [](auto& r) {
             r.repetition_factor = 2, r.muting_option2_bits = { 1, 0 };
         },
          "" },
        { [=](auto& r) { r.power_offset_db = nan; },
          "power_offset_db = nan: must be -100..100 (beta_PRS of TS 38.211 7.4.1.7.3)" },
        { [](auto& r) { r.power_offset_db = 100.5; },
          "power_offset_db = 100.5: must be -100..100 (beta_PRS of TS 38.211 "
          "7.4.1.7.3)" },
        { [](auto& r) { r.power_offset_db = -100.0; }, "" },
    };
    const carrier c = make_carrier(15);
    for (const auto& test : cases) {
        prs_resource r;
        test.mutate(r);
        const auto error = validate(r, c);
        BOOST_CHECK_EQUAL(error ? error->message() : "", test.message);
        BOOST_CHECK(!error || error->allowed.find("TS 38.") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(limits_that_depend_on_the_carrier)
{
    // Extended cyclic prefix: 12 symbols; 60 kHz: periodicities in steps of 4 slots.
    carrier c = make_carrier(60);
    prs_resource r;
    r.periodicity_slots = 40;
    BOOST_CHECK(!validate(r, c));
    r.periodicity_slots = 10;
    BOOST_CHECK_EQUAL(validate(r, c)->message(),
                      "periodicity_slots = 10: must be 4 * {4, 5, 8, 10, 16, 20, 32, 40, "
                      "64, 80, 160, 320, "
                      "640, 1280, 2560, 5120, 10240} (TS 38.211 7.4.1.7.4)");
    r.periodicity_slots = 16;
    r.num_symbols = 12;
    BOOST_CHECK(!validate(r, c));
    c.extended_cp = true;
    BOOST_CHECK_EQUAL(validate(r, c)->message(),
                      "start_symbol = 2: must be 0..0 (all symbols inside one slot, TS "
                      "38.211 7.4.1.7.3)");
    r.start_symbol = 0;
    BOOST_CHECK(!validate(r, c));
}
