/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/occasions.h>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>

using namespace gr::ntnpos::kernel;
using slots = std::vector<int64_t>;

namespace {

prs_resource& prs_of(satellite_signal& signal)
{
    return std::get<prs_resource>(signal.resource);
}

carrier make_carrier(int scs_khz)
{
    carrier c;
    c.scs_khz = scs_khz;
    c.n_rb = 24;
    c.sample_rate_hz = 512e3 * scs_khz;
    return c;
}

// One seek and what follows it, slot lists only.
std::vector<slots> listed(occasion_sequence& sequence, const instant& from, int count)
{
    std::vector<slots> out;
    sequence.seek(from);
    for (int i = 0; i < count; ++i) {
        const auto next = sequence.peek();
        BOOST_REQUIRE(next);
        out.push_back(next->slots);
        sequence.pop();
    }
    return out;
}

std::string text(const std::vector<slots>& occasions)
{
    std::string out;
    for (const auto& o : occasions) {
        for (size_t i = 0; i < o.size(); ++i)
            out += (i ? " " : "") + std::to_string(o[i]);
        out += "; ";
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(occasions_are_the_slots_of_the_standard)
{
    struct {
        int scs_khz, periodicity, offset, repetition, gap;
        std::vector<int> bits1;
        int repetition1;
        std::vector<int> bits2;
        double coherent_s;
        double from_s; // satellite clock after SFN 0
        std::string expected;
    } const cases[] = {
        { 15, 10, 3, 1, 1, {}, 1, {}, 10e-3, 0.0, "3; 13; 23; 33; " },
        // The instance that is still being sent counts, the one before it does not.
        { 15, 10, 3, 1, 1, {}, 1, {}, 10e-3, 0.0035, "3; 13; 23; " },
        { 15, 10, 3, 1, 1, {}, 1, {}, 10e-3, 0.0042, "13; 23; 33; " },
        { 30, 10, 3, 1, 1, {}, 1, {}, 10e-3, 0.0101, "23; 33; 43; " },
        // Repetitions are one occasion where their span allows it.
        { 15, 20, 0, 4, 2, {}, 1, {}, 10e-3, 0.0, "0 2 4 6; 20 22 24 26; " },
        { 15, 20, 0, 4, 2, {}, 1, {}, 5e-3, 0.0, "0; 2; 4; 6; 20; 22; " },
        { 30, 20, 0, 4, 2, {}, 1, {}, 5e-3, 0.0, "0 2 4 6; 20 22 24 26; " },
        { 15, 64, 5, 2, 32, {}, 1, {}, 10e-3, 0.0, "5; 37; 69; 101; " },
        // Muting by option 1 (groups of instances) and option 2 (repetitions).
        { 15, 10, 0, 1, 1, { 1, 0 }, 1, {}, 10e-3, 0.0, "0; 20; 40; " },
        { 15, 10, 0, 1, 1, { 0, 1 }, 2, {}, 10e-3, 0.0, "20; 30; 60; 70; " },
        { 15, 10, 0, 4, 1, {}, 1, { 1, 0, 0, 1 }, 10e-3, 0.0, "0 3; 10 13; " },
        { 15, 10, 0, 2, 1, { 1, 0 }, 1, { 0, 1 }, 10e-3, 0.0, "1; 21; 41; " },
        // Before SFN 0: slot counts go on below zero.
        { 15, 10, 3, 1, 1, {}, 1, {}, 10e-3, -0.0295, "-27; -17; -7; 3; " },
        { 15, 20, 0, 4, 2, {}, 1, {}, 10e-3, -0.015, "-20 -18 -16 -14; 0 2 4 6; " },
    };
    for (const auto& test : cases) {
        satellite_signal signal;
        signal.id = "a";
        signal.sfn0 = { 100, 0.25 };
        prs_of(signal).periodicity_slots = test.periodicity;
        prs_of(signal).slot_offset = test.offset;
        prs_of(signal).repetition_factor = test.repetition;
        prs_of(signal).time_gap_slots = test.gap;
        prs_of(signal).muting_option1_bits = test.bits1;
        prs_of(signal).muting_option1_repetition = test.repetition1;
        prs_of(signal).muting_option2_bits = test.bits2;
        const carrier c = make_carrier(test.scs_khz);
        BOOST_REQUIRE(!validate(signal.resource, c));
        occasion_sequence sequence(c, signal, test.coherent_s);
        const auto count = std::count(test.expected.begin(), test.expected.end(), ';');
        BOOST_CHECK_EQUAL(
            text(listed(sequence, advance(signal.sfn0, test.from_s), count)),
            test.expected);
    }
}

BOOST_AUTO_TEST_CASE(instances_within_the_combined_span_are_one_occasion_of_groups)
{
    struct {
        int repetition, gap;
        double coherent_s, combined_s, from_s;
        std::string slots;
        std::vector<int> groups;
    } const cases[] = {
        // Blocks of instances begin at fixed numbers, wherever they are sought from.
        { 1, 1, 10e-3, 0.04, 0.0, "3 13 23 33; 43 53 63 73; ", { 0, 1, 2, 3 } },
        { 1, 1, 10e-3, 0.049, 0.025, "3 13 23 33; 43 53 63 73; ", { 0, 1, 2, 3 } },
        { 1, 1, 10e-3, 0.019, 0.0, "3; 13; ", {} },
        // Slots that are joined in phase are one group, others have each their own.
        { 2, 1, 10e-3, 0.02, 0.0, "3 4 13 14; 23 24 33 34; ", { 0, 0, 1, 1 } },
        { 2, 1, 0.0, 0.02, 0.0, "3 4 13 14; 23 24 33 34; ", { 0, 1, 2, 3 } },
        { 4, 2, 5e-3, 0.01, 0.0, "3 5 7 9; 13 15 17 19; ", { 0, 1, 2, 3 } },
    };
    for (const auto& test : cases) {
        satellite_signal signal;
        prs_of(signal).periodicity_slots = 10;
        prs_of(signal).slot_offset = 3;
        prs_of(signal).repetition_factor = test.repetition;
        prs_of(signal).time_gap_slots = test.gap;
        occasion_sequence sequence(
            make_carrier(15), signal, test.coherent_s, test.combined_s);
        const instant from = advance(signal.sfn0, test.from_s);
        BOOST_CHECK_EQUAL(text(listed(sequence, from, 2)), test.slots);
        sequence.seek(from);
        const auto first = sequence.peek();
        BOOST_TEST(first->groups == test.groups, boost::test_tools::per_element());
        BOOST_CHECK_EQUAL(first->reference(),
                          test.groups.empty() ? 0 : first->slots.size() / 2);
    }
}

BOOST_AUTO_TEST_CASE(slots_leave_when_the_satellite_clock_says)
{
    // 15 kHz: 1 ms a slot. 30 kHz: the slots of a subframe are not equally long.
    satellite_signal signal;
    signal.id = "a";
    signal.sfn0 = { 1'700'000'000, 0.75 };
    prs_of(signal).periodicity_slots = 8;
    prs_of(signal).slot_offset = 1;
    for (const int scs_khz : { 15, 30 }) {
        const carrier c = make_carrier(scs_khz);
        occasion_sequence sequence(c, signal, 0.0);
        const auto found = listed(sequence, signal.sfn0, 300);
        sequence.seek(signal.sfn0);
        for (const auto& s : found) {
            const auto next = sequence.peek();
            const int64_t slot = s.front();
            // 5.3.1 in units of T_c * 64 = 1 / 30.72 MHz: long prefixes at both halves of
            // a subframe.
            const int64_t subframe = slot / (scs_khz / 15), rest = slot % (scs_khz / 15);
            const double useful = 2048.0 * 15 / scs_khz, cp = 144.0 * 15 / scs_khz;
            const double seconds =
                1e-3 * subframe + rest * (14 * (useful + cp) + 16) / 30.72e6;
            const instant expected = advance(signal.sfn0, seconds);
            BOOST_CHECK_SMALL(seconds_between(next->sent.front(), expected), 1e-14);
            sequence.pop();
        }
    }
}

BOOST_AUTO_TEST_CASE(frame_numbers_wrap_and_occasions_go_on)
{
    // Periodicity 10240 with 15 kHz: once in 1024 frames; and a muting pattern across the
    // wrap.
    satellite_signal signal;
    signal.id = "a";
    prs_of(signal).periodicity_slots = 10240;
    prs_of(signal).slot_offset = 4;
    prs_of(signal).resource_slot_offset = 3;
    const carrier c = make_carrier(15);
    occasion_sequence rare(c, signal, 10e-3);
    BOOST_CHECK_EQUAL(text(listed(rare, { 1, 0.0 }, 3)), "10247; 20487; 30727; ");

    prs_of(signal).periodicity_slots = 2560;
    prs_of(signal).muting_option1_bits = { 0, 0, 0, 1 };
    occasion_sequence muted(c, signal, 10e-3);
    BOOST_CHECK_EQUAL(text(listed(muted, { 0, 0.0 }, 3)), "7687; 17927; 28167; ");

    // An SFN 0 in the far past: 31 years of slots.
    signal.resource = prs_resource();
    occasion_sequence old(c, signal, 10e-3);
    old.seek({ 1'000'000'000, 0.0005 });
    BOOST_CHECK_EQUAL(old.peek()->slots.front(), 1'000'000'000'000);
}

BOOST_AUTO_TEST_CASE(a_resource_that_is_always_muted_has_no_occasions)
{
    satellite_signal signal;
    signal.id = "a";
    prs_of(signal).periodicity_slots = 4;
    prs_of(signal).muting_option1_bits = { 0, 0 };
    occasion_sequence sequence(make_carrier(15), signal, 10e-3);
    sequence.seek({ 5, 0.0 });
    BOOST_CHECK(!sequence.peek());
    sequence.pop();
    BOOST_CHECK(!sequence.peek(3));
}

BOOST_AUTO_TEST_CASE(looking_ahead_changes_nothing)
{
    satellite_signal signal;
    signal.id = "a";
    prs_of(signal).repetition_factor = 2;
    const carrier c = make_carrier(15);
    occasion_sequence a(c, signal, 0.0), b(c, signal, 0.0);
    a.seek({ 0, 0.0 });
    BOOST_CHECK_EQUAL(a.peek(20)->slots.front(),
                      listed(b, { 0, 0.0 }, 21).back().front());
    BOOST_CHECK_EQUAL(text(listed(a, { 0, 0.02 }, 8)), text(listed(b, { 0, 0.02 }, 8)));
}

BOOST_AUTO_TEST_CASE(a_window_names_its_wrong_field)
{
    const search_window good{ { { { { 0, 0.0 }, { 2e-3, 1e-5 } } } }, 1e-5, 1e3 };
    BOOST_CHECK(!validate(good));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    struct {
        std::function<void(search_window&)> change;
        std::string message;
    } const cases[] = {
        { [](auto& w) { w.toa.segments.clear(); },
          "segments = empty: must be at least one segment" },
        { [&](auto& w) { w.toa.segments[0].coefficients[1] = nan; },
          "segments[0].coefficients[1] = nan: must be finite" },
        { [](auto& w) { w.half_width_s = -1e-9; },
          "half_width_s = -1e-09: must be 0..0.1" },
        { [](auto& w) { w.half_width_s = 0.11; }, "half_width_s = 0.11: must be 0..0.1" },
        { [&](auto& w) { w.half_width_s = nan; }, "half_width_s = nan: must be 0..0.1" },
        { [](auto& w) { w.doppler_half_width_hz = -1; },
          "doppler_half_width_hz = -1: must be 0..1e6" },
        { [](auto& w) { w.doppler_half_width_hz = 2e6; },
          "doppler_half_width_hz = 2000000: must be 0..1e6" },
    };
    for (const auto& test : cases) {
        search_window w = good;
        test.change(w);
        BOOST_REQUIRE(validate(w));
        BOOST_CHECK_EQUAL(validate(w)->message(), test.message);
    }
}

BOOST_AUTO_TEST_CASE(arrival_is_where_delay_and_clock_agree)
{
    // toa(t) = 2 ms + 24 us/s (t - t0) + 0.5 * 2e-7 (t - t0)^2 and a correction of its
    // own rate.
    auto predicted = std::make_shared<trajectory>();
    predicted->segments.push_back({ { 50, 0.5 }, { 2e-3, 24e-6, 1e-7 } });
    delay_model model{ predicted, { 51, 0.0 }, 3e-6, -1e-6 };
    for (const double sent_s : { -20.0, 0.0, 0.123, 60.0 }) {
        const instant sent = advance({ 50, 0.25 }, sent_s);
        const instant t = model.arrival(sent);
        const double x = seconds_between(t, { 50, 0.5 });
        const double toa = 2e-3 + 24e-6 * x + 1e-7 * x * x + 3e-6 - 1e-6 * (x - 0.5);
        BOOST_CHECK_SMALL(seconds_between(t, sent) - toa, 1e-14);
        BOOST_CHECK_SMALL(model.at(t) - toa, 1e-15);
        BOOST_CHECK_SMALL(model.rate_at(t) - (24e-6 + 2e-7 * x - 1e-6), 1e-15);
        delay_model moved = model;
        moved.rebase(advance(t, 3.0));
        BOOST_CHECK_SMALL(moved.at(t) - model.at(t), 1e-15);
    }
}
