/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/srs_resource.h>
#include <boost/test/unit_test.hpp>
#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

using namespace gr::ntnpos::kernel;

namespace {

carrier make_carrier(int scs_khz, int n_rb = 52)
{
    carrier c;
    c.scs_khz = scs_khz;
    c.n_rb = n_rb;
    c.sample_rate_hz = (n_rb > 85 ? 4096e3 : 1024e3) * scs_khz;
    return c;
}

} // namespace

BOOST_AUTO_TEST_CASE(slots_sent_are_those_of_a_literal_evaluation)
{
    struct {
        int scs_khz, periodicity, offset;
    } const cases[] = {
        { 15, 1, 0 },     { 15, 2, 1 },         { 15, 10, 3 },
        { 15, 32, 31 },   { 15, 128, 100 },     { 15, 10240, 10239 },
        { 15, 20480, 0 }, { 15, 20480, 15000 }, { 30, 5, 4 },
        { 30, 512, 511 }, { 30, 40960, 20481 }, { 60, 80, 79 },
        { 60, 81920, 5 }, { 120, 4, 2 },        { 120, 81920, 81919 },
    };
    for (const auto& test : cases) {
        const carrier c = make_carrier(test.scs_khz);
        srs_resource r;
        r.periodicity_slots = test.periodicity;
        r.slot_offset = test.offset;
        const auto error = validate(r, c);
        BOOST_REQUIRE_MESSAGE(!error, (error ? error->message() : ""));
        // (N_slot^frame n_f + n_s - T_offset) mod T_SRS = 0, over two cycles of SFN.
        const int per_frame = slots_per_frame(c);
        const int64_t two_cycles = 2048 * per_frame;
        int differences = 0;
        int64_t sent_slots = 0;
        for (int n_f = 0; n_f < 2048; ++n_f) {
            for (int n_s = 0; n_s < per_frame; ++n_s) {
                const int64_t count = per_frame * n_f + n_s;
                int64_t phase = (count - test.offset) % test.periodicity;
                if (phase < 0)
                    phase += test.periodicity;
                const bool sent = phase == 0;
                sent_slots += sent;
                for (const int64_t same :
                     { count, count + 3 * two_cycles, count - two_cycles })
                    differences += transmits_in_slot(r, c, same) != sent;
            }
        }
        BOOST_CHECK_EQUAL(differences, 0);
        BOOST_CHECK_EQUAL(sent_slots, two_cycles / test.periodicity);
    }
}

BOOST_AUTO_TEST_CASE(comb_offsets_are_those_of_the_table)
{
    // Table 6.4.1.4.3-2.
    struct {
        int comb, symbols;
        std::vector<int> offsets;
    } const rows[] = {
        { 2, 1, { 0 } },
        { 2, 2, { 0, 1 } },
        { 2, 4, { 0, 1, 0, 1 } },
        { 4, 2, { 0, 2 } },
        { 4, 4, { 0, 2, 1, 3 } },
        { 4, 8, { 0, 2, 1, 3, 0, 2, 1, 3 } },
        { 4, 12, { 0, 2, 1, 3, 0, 2, 1, 3, 0, 2, 1, 3 } },
        { 8, 4, { 0, 4, 2, 6 } },
        { 8, 8, { 0, 4, 2, 6, 1, 5, 3, 7 } },
        { 8, 12, { 0, 4, 2, 6, 1, 5, 3, 7, 0, 4, 2, 6 } },
    };
    const carrier c = make_carrier(15);
    for (const auto& row : rows) {
        for (int offset = 0; offset < row.comb; ++offset) {
            srs_resource r;
            r.comb_size = row.comb;
            r.num_symbols = row.symbols;
            r.comb_offset = offset;
            r.start_symbol = 1;
            r.freq_shift = 28;
            const auto error = validate(r, c);
            BOOST_REQUIRE_MESSAGE(!error, (error ? error->message() : ""));
            BOOST_CHECK_EQUAL(elements_per_symbol(r), 288 / row.comb);
            for (int l = 0; l < row.symbols; ++l) {
                BOOST_CHECK_EQUAL(comb_shift(r, l), row.offsets[l]);
                BOOST_CHECK_EQUAL(first_subcarrier(r, l),
                                  12 * 28 + (offset + row.offsets[l]) % row.comb);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(only_the_pairs_of_the_table_are_legal)
{
    const carrier c = make_carrier(15);
    int legal = 0;
    for (int comb = -1; comb < 17; ++comb) {
        for (int symbols = -1; symbols < 16; ++symbols) {
            srs_resource r;
            r.comb_size = comb;
            r.num_symbols = symbols;
            r.start_symbol = 0;
            legal += !validate(r, c);
        }
    }
    BOOST_CHECK_EQUAL(legal, 10);
}

BOOST_AUTO_TEST_CASE(bandwidths_nest_and_positions_cover_the_whole)
{
    // Each m_SRS,b-1 is a whole number of m_SRS,b, and over all n_RRC the narrow blocks
    // are just the parts of the wide one.
    const carrier c = make_carrier(15, 275);
    for (int c_srs = 0; c_srs < 64; ++c_srs) {
        srs_resource r;
        r.c_srs = c_srs;
        const int whole = srs_num_rb(r);
        BOOST_CHECK(whole % 4 == 0 && whole >= 4 && whole <= 272);
        int before = whole;
        for (int b_srs = 0; b_srs < 4; ++b_srs) {
            r.b_srs = b_srs;
            const int m = srs_num_rb(r);
            BOOST_CHECK(m % 4 == 0 && m >= 4 && before % m == 0);
            before = m;
            std::vector<bool> covered(whole);
            for (int n_rrc = 0; n_rrc <= 67; ++n_rrc) {
                r.freq_position = n_rrc;
                r.freq_shift = 3;
                BOOST_REQUIRE(!validate(r, c));
                const int start = srs_start_rb(r) - 3;
                BOOST_REQUIRE(start % m == 0 && start >= 0 && start + m <= whole);
                for (int rb = start; rb < start + m; ++rb)
                    covered[rb] = true;
            }
            BOOST_CHECK(std::find(covered.begin(), covered.end(), false) ==
                        covered.end());
        }
    }
}

BOOST_AUTO_TEST_CASE(sequences_hop_only_as_configured)
{
    const carrier c = make_carrier(30);
    srs_resource r;
    r.sequence_id = 65535;
    r.comb_size = 2;
    std::vector<int> groups(30), numbers(2);
    for (int slot = 0; slot < 20; ++slot) {
        for (int l = 0; l < 4; ++l) {
            r.group_or_sequence_hopping = srs_hopping::neither;
            auto s = srs_sequence(r, c, slot, l);
            BOOST_CHECK(s.group == 65535 % 30 && s.number == 0 && s.length == 144);
            r.group_or_sequence_hopping = srs_hopping::group;
            s = srs_sequence(r, c, slot, l);
            BOOST_CHECK_EQUAL(s.number, 0);
            ++groups[s.group];
            r.group_or_sequence_hopping = srs_hopping::sequence;
            s = srs_sequence(r, c, slot, l);
            BOOST_CHECK_EQUAL(s.group, 65535 % 30);
            ++numbers[s.number];
            // The pattern begins anew in every frame.
            BOOST_CHECK_EQUAL(srs_sequence(r, c, slot - 20, l).number, s.number);
            // Below six resource blocks there is no second sequence.
            r.c_srs = 2, r.comb_size = 4;
            s = srs_sequence(r, c, slot, l);
            BOOST_CHECK(s.number == 0 && s.length == 36);
            r.c_srs = 6, r.comb_size = 2;
        }
    }
    BOOST_CHECK(*std::max_element(groups.begin(), groups.end()) < 12); // 80 over 30
    BOOST_CHECK(numbers[0] > 25 && numbers[1] > 25);                   // 80 over 2
}

BOOST_AUTO_TEST_CASE(validator_names_the_first_wrong_field)
{
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::string periods =
        ": must be 1, 2, 4, 5, 8, 10, 16, 20, 32, 40, 64, 80, 128, 160, 256, 320, 512, "
        "640, 1280, 2560, 5120, 10240, 20480, 40960 or 81920, at most 20480 ms: 20480 "
        "(TS 38.331 SRS-PosResource)";
    const std::string starts =
        ": must be 0..10 (all symbols inside one slot, TS 38.211 6.4.1.4.1)";
    using change = std::function<void(srs_resource&)>;
    struct {
        change mutate;
        std::string message;
    } const cases[] = {
        { [](auto&) {}, "" },
        { [](auto& r) { r.sequence_id = -1; },
          "sequence_id = -1: must be 0..65535 (TS 38.211 6.4.1.4.2)" },
        { [](auto& r) { r.sequence_id = 65535; }, "" },
        { [](auto& r) { r.sequence_id = 65536; },
          "sequence_id = 65536: must be 0..65535 (TS 38.211 6.4.1.4.2)" },
        { [](auto& r) { r.comb_size = 6; },
          "comb_size = 6: must be 2, 4 or 8 (TS 38.211 6.4.1.4.2)" },
        { [](auto& r) { r.comb_size = 0; },
          "comb_size = 0: must be 2, 4 or 8 (TS 38.211 6.4.1.4.2)" },
        { [](auto& r) { r.comb_offset = 3; }, "" },
        { [](auto& r) { r.comb_offset = 4; },
          "comb_offset = 4: must be 0..3 (below comb_size, TS 38.211 6.4.1.4.3)" },
        { [](auto& r) { r.comb_offset = -1; },
          "comb_offset = -1: must be 0..3 (below comb_size, TS 38.211 6.4.1.4.3)" },
        { [](auto& r) { r.cyclic_shift = 11; }, "" },
        { [](auto& r) { r.cyclic_shift = 12; },
          "cyclic_shift = 12: must be 0..11 with comb_size 4 (TS 38.211 table "
          "6.4.1.4.2-1)" },
        { [](auto& r) { r.cyclic_shift = -1; },
          "cyclic_shift = -1: must be 0..11 with comb_size 4 (TS 38.211 table "
          "6.4.1.4.2-1)" },
        { [](auto& r) { r.comb_size = 2, r.cyclic_shift = 7; }, "" },
        { [](auto& r) { r.comb_size = 2, r.cyclic_shift = 8; },
          "cyclic_shift = 8: must be 0..7 with comb_size 2 (TS 38.211 table "
          "6.4.1.4.2-1)" },
        { [](auto& r) { r.comb_size = 8, r.cyclic_shift = 5; }, "" },
        { [](auto& r) { r.comb_size = 8, r.cyclic_shift = 6; },
          "cyclic_shift = 6: must be 0..5 with comb_size 8 (TS 38.211 table "
          "6.4.1.4.2-1)" },
        { [](auto& r) { r.num_symbols = 1; },
          "num_symbols = 1: must be 2, 4, 8 or 12 with comb_size 4 (TS 38.211 table "
          "6.4.1.4.3-2)" },
        { [](auto& r) { r.comb_size = 2, r.num_symbols = 8, r.start_symbol = 0; },
          "num_symbols = 8: must be 1, 2 or 4 with comb_size 2 (TS 38.211 table "
          "6.4.1.4.3-2)" },
        { [](auto& r) { r.comb_size = 8, r.num_symbols = 2; },
          "num_symbols = 2: must be 4, 8 or 12 with comb_size 8 (TS 38.211 table "
          "6.4.1.4.3-2)" },
        { [](auto& r) { r.start_symbol = 0; }, "" },
        { [](auto& r) { r.start_symbol = 11; }, "start_symbol = 11" + starts },
        { [](auto& r) { r.start_symbol = -1; }, "start_symbol = -1" + starts },
        { [](auto& r) { r.group_or_sequence_hopping = static_cast<srs_hopping>(3); },
          "group_or_sequence_hopping = 3: must be neither, group or sequence (TS 38.211 "
          "6.4.1.4.2)" },
        { [](auto& r) { r.c_srs = -1; },
          "c_srs = -1: must be 0..63 (TS 38.211 table 6.4.1.4.3-1)" },
        { [](auto& r) { r.c_srs = 64; },
          "c_srs = 64: must be 0..63 (TS 38.211 table 6.4.1.4.3-1)" },
        { [](auto& r) { r.b_srs = -1; },
          "b_srs = -1: must be 0..3 (TS 38.211 table 6.4.1.4.3-1)" },
        { [](auto& r) { r.b_srs = 4; },
          "b_srs = 4: must be 0..3 (TS 38.211 table 6.4.1.4.3-1)" },
        { [](auto& r) { r.c_srs = 14; }, "" },
        { [](auto& r) { r.c_srs = 15; },
          "c_srs = 15: must be such that m_SRS,b (here 56) is at most the carrier's n_rb "
          "52 (TS 38.211 table 6.4.1.4.3-1)" },
        { [](auto& r) { r.c_srs = 15, r.b_srs = 1; }, "" },
        { [](auto& r) { r.freq_position = 67; }, "" },
        { [](auto& r) { r.freq_position = 68; },
          "freq_position = 68: must be 0..67 (TS 38.211 6.4.1.4.3)" },
        { [](auto& r) { r.freq_position = -1; },
          "freq_position = -1: must be 0..67 (TS 38.211 6.4.1.4.3)" },
        { [](auto& r) { r.c_srs = 15, r.b_srs = 1, r.freq_position = 7; },
          "freq_position = 7: must be such that resource blocks 28..55 are inside the "
          "carrier's n_rb 52 (TS 38.211 6.4.1.4.3)" },
        { [](auto& r) { r.freq_shift = 28; }, "" },
        { [](auto& r) { r.freq_shift = 29; },
          "freq_shift = 29: must be such that resource blocks 29..52 are inside the "
          "carrier's n_rb 52 (TS 38.211 6.4.1.4.3)" },
        { [](auto& r) { r.freq_shift = 269; },
          "freq_shift = 269: must be 0..268 (TS 38.211 6.4.1.4.3)" },
        { [](auto& r) { r.freq_shift = -1; },
          "freq_shift = -1: must be 0..268 (TS 38.211 6.4.1.4.3)" },
        { [](auto& r) { r.periodicity_slots = 0; }, "periodicity_slots = 0" + periods },
        { [](auto& r) { r.periodicity_slots = 3; }, "periodicity_slots = 3" + periods },
        { [](auto& r) { r.periodicity_slots = -10; },
          "periodicity_slots = -10" + periods },
        { [](auto& r) { r.periodicity_slots = 20480; }, "" },
        { [](auto& r) { r.periodicity_slots = 40960; },
          "periodicity_slots = 40960" + periods },
        { [](auto& r) { r.slot_offset = 9; }, "" },
        { [](auto& r) { r.slot_offset = 10; },
          "slot_offset = 10: must be 0..9 (below periodicity_slots, TS 38.211 "
          "6.4.1.4.4)" },
        { [](auto& r) { r.slot_offset = -1; },
          "slot_offset = -1: must be 0..9 (below periodicity_slots, TS 38.211 "
          "6.4.1.4.4)" },
        { [=](auto& r) { r.power_offset_db = nan; },
          "power_offset_db = nan: must be -100..100 (beta_SRS of TS 38.211 6.4.1.4.3)" },
        { [](auto& r) { r.power_offset_db = -100.5; },
          "power_offset_db = -100.5: must be -100..100 (beta_SRS of TS 38.211 6.4.1.4.3)" },
        { [](auto& r) { r.power_offset_db = 100.0; }, "" },
    };
    const carrier c = make_carrier(15);
    for (const auto& test : cases) {
        srs_resource r;
        test.mutate(r);
        const auto error = validate(r, c);
        BOOST_CHECK_EQUAL(error ? error->message() : "", test.message);
        BOOST_CHECK(!error || error->allowed.find("TS 38.") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(limits_that_depend_on_the_carrier)
{
    carrier c = make_carrier(60);
    srs_resource r;
    r.periodicity_slots = 81920;
    BOOST_CHECK(!validate(r, c));
    r.num_symbols = 12;
    r.start_symbol = 2;
    BOOST_CHECK(!validate(r, c));
    c.extended_cp = true; // 12 symbols a slot
    BOOST_CHECK_EQUAL(validate(r, c)->message(),
                      "start_symbol = 2: must be 0..0 (all symbols inside one slot, TS "
                      "38.211 6.4.1.4.1)");
    r.start_symbol = 0;
    BOOST_CHECK(!validate(r, c));
    c = make_carrier(30);
    BOOST_CHECK_EQUAL(validate(r, c)->message().substr(0, 27),
                      "periodicity_slots = 81920: ");
    r.periodicity_slots = 40960;
    BOOST_CHECK(!validate(r, c));
}
