/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/srs_transmitter.h>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

using namespace gr::ntnpos::kernel;

namespace {

carrier make_carrier(int scs_khz = 15)
{
    carrier c;
    c.scs_khz = scs_khz;
    c.sample_rate_hz = 512e3 * scs_khz;
    return c;
}

std::vector<srs_resource> every_slot()
{
    srs_resource r;
    r.periodicity_slots = 1;
    return { r };
}

// Slot, begin and length of every piece.
using part = std::tuple<int64_t, int64_t, int>;

std::vector<part> parts(srs_transmitter& t)
{
    std::vector<part> out;
    while (const auto p = t.next())
        out.emplace_back(p->slot_count, p->begin, p->length);
    return out;
}

void check_parts(srs_transmitter& t, const std::vector<part>& expected)
{
    const auto found = parts(t);
    BOOST_REQUIRE_EQUAL(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
        BOOST_CHECK_EQUAL(std::get<0>(found[i]), std::get<0>(expected[i]));
        BOOST_CHECK_EQUAL(std::get<1>(found[i]), std::get<1>(expected[i]));
        BOOST_CHECK_EQUAL(std::get<2>(found[i]), std::get<2>(expected[i]));
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(a_slots_position_is_its_nominal_time_less_the_advance)
{
    // Exactly: 7680 samples a slot at 15 kHz, 1/7.68e6 s a sample.
    uplink_timing timing(make_carrier(), 5);
    const auto check = [&](int64_t slot, int64_t sample, double fraction) {
        const auto at = timing.position(slot);
        BOOST_CHECK_EQUAL(at.sample, sample);
        BOOST_CHECK_SMALL(at.fraction - fraction, 1e-9);
    };
    check(5, 0, 0.0);
    check(4, -7680, 0.0);
    BOOST_CHECK(!timing.add({ 10, 100.25 / 7.68e6 }));
    BOOST_CHECK(!timing.add({ 12, -0.75 / 7.68e6 }));
    check(9, 4 * 7680, 0.0);
    check(10, 5 * 7680 - 100, -0.25);
    check(11, 6 * 7680 - 100, -0.25);
    check(12, 7 * 7680 + 1, -0.25);
    check(1000, 995 * 7680 + 1, -0.25);
    // A geostationary round trip.
    BOOST_CHECK(!timing.add({ 20, 0.5412 }));
    check(20, 15 * 7680 - 4156416, 0.0);
}

BOOST_AUTO_TEST_CASE(commands_may_come_in_any_order_and_the_last_for_a_slot_holds)
{
    uplink_timing timing(make_carrier(), 0);
    BOOST_CHECK(!timing.add({ 30, 3e-6 }));
    BOOST_CHECK(!timing.add({ 10, 9e-6 }));
    BOOST_CHECK(!timing.add({ 20, 2e-6 }));
    BOOST_CHECK(!timing.add({ 10, 1e-6 }));
    BOOST_CHECK_EQUAL(timing.advance_s(9), 0.0);
    BOOST_CHECK_EQUAL(timing.advance_s(10), 1e-6);
    BOOST_CHECK_EQUAL(timing.advance_s(19), 1e-6);
    BOOST_CHECK_EQUAL(timing.advance_s(25), 2e-6);
    BOOST_CHECK_EQUAL(timing.advance_s(30), 3e-6);
    timing.forget_before(25);
    BOOST_CHECK_EQUAL(timing.advance_s(25), 2e-6);
    BOOST_CHECK_EQUAL(timing.advance_s(31), 3e-6);
}

BOOST_AUTO_TEST_CASE(commands_are_checked_and_their_number_is_bounded)
{
    uplink_timing timing(make_carrier(), 0);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    BOOST_CHECK_EQUAL(timing.add({ 0, 1.5 })->message(),
                      "timing_advance_s = 1.5: must be -1..1");
    BOOST_CHECK_EQUAL(timing.add({ 0, nan })->message(),
                      "timing_advance_s = nan: must be -1..1");
    BOOST_CHECK(!timing.add({ 0, 1.0 }));
    BOOST_CHECK(!timing.add({ std::numeric_limits<int64_t>::max(), -1.0 }));
    for (int64_t slot = 1; slot < 65535; ++slot)
        BOOST_REQUIRE(!timing.add({ slot, 0.0 }));
    BOOST_CHECK_EQUAL(timing.add({ 70000, 0.0 })->message(),
                      "from_slot = 70000: must be one of at most 65536 slots with a "
                      "command");
    BOOST_CHECK(!timing.add({ 7, 1e-3 })); // replaces one
    timing.forget_before(100);
    BOOST_CHECK(!timing.add({ 70000, 0.0 }));
}

BOOST_AUTO_TEST_CASE(slots_follow_one_another_in_place)
{
    srs_transmitter t(make_carrier(30), every_slot(), 3, 3);
    // Both slots of a subframe have one long prefix at 30 kHz.
    BOOST_CHECK_EQUAL(t.length(), 3 * 7680);
    check_parts(t, { { 3, 0, 7680 }, { 4, 7680, 7680 }, { 5, 15360, 7680 } });
    BOOST_CHECK(!t.next());
    t.reset();
    BOOST_CHECK_EQUAL(parts(t).size(), 3);
}

BOOST_AUTO_TEST_CASE(an_advance_moves_the_stream_into_later_slots)
{
    // 10 samples and a quarter: the slot before is over earlier, the stream's first
    // samples are those of slot 0 from its 10th on, and slot 2 begins before the end.
    srs_transmitter t(make_carrier(), every_slot(), 0, 2, 10.25 / 7.68e6);
    check_parts(t, { { 0, 0, 7670 }, { 1, 7670, 7680 }, { 2, 15350, 10 } });
    BOOST_CHECK_EQUAL(t.cut_slots(), 0);
    // Sent later: the end of the slot before comes first.
    srs_transmitter late(make_carrier(), every_slot(), 0, 2, -10.25 / 7.68e6);
    check_parts(late, { { -1, 0, 10 }, { 0, 10, 7680 }, { 1, 7690, 7670 } });
    // 8 ms: eight slots on.
    srs_transmitter far(make_carrier(), every_slot(), 0, 2, 8e-3);
    check_parts(far, { { 8, 0, 7680 }, { 9, 7680, 7680 } });
    srs_transmitter farthest(make_carrier(), every_slot(), 0, 1, 1.0);
    check_parts(farthest, { { 1000, 0, 7680 } });
    srs_transmitter latest(make_carrier(120), every_slot(), 0, 1, -1.0);
    BOOST_CHECK_EQUAL(latest.next()->slot_count, -8000);
}

BOOST_AUTO_TEST_CASE(
    a_growing_advance_cuts_the_latter_slot_and_a_shrinking_one_leaves_a_gap)
{
    srs_transmitter t(make_carrier(), every_slot(), 0, 5);
    BOOST_CHECK(!t.add({ 1, 100 / 7.68e6 }));
    BOOST_CHECK(!t.add({ 3, 40 / 7.68e6 }));
    check_parts(t,
                { { 0, 0, 7680 },
                  { 1, 7680, 7580 },
                  { 2, 15260, 7680 },
                  { 3, 23000, 7680 },
                  { 4, 30680, 7680 },
                  { 5, 38360, 40 } });
    BOOST_CHECK_EQUAL(t.cut_slots(), 1);
    // Three slots at once: two are lost whole, the next one begins at once.
    srs_transmitter jump(make_carrier(), every_slot(), 0, 4);
    BOOST_CHECK(!jump.add({ 1, 2.5e-3 }));
    check_parts(jump,
                { { 0, 0, 7680 },
                  { 3, 7680, 3840 },
                  { 4, 11520, 7680 },
                  { 5, 19200, 7680 },
                  { 6, 26880, 3840 } });
    BOOST_CHECK_EQUAL(jump.cut_slots(), 3);
    // Slots that carry nothing give way.
    srs_resource r;
    r.slot_offset = 2;
    srs_transmitter silent(make_carrier(), { r }, 0, 4);
    BOOST_CHECK(!silent.add({ 2, 100 / 7.68e6 }));
    BOOST_CHECK(!silent.add({ 3, 150 / 7.68e6 }));
    check_parts(silent,
                { { 0, 0, 7680 },
                  { 1, 7680, 7580 },
                  { 2, 15260, 7680 },
                  { 3, 22940, 7630 },
                  { 4, 30570, 150 } });
    BOOST_CHECK_EQUAL(silent.cut_slots(), 0);
    srs_transmitter leap(make_carrier(), { r }, 0, 4);
    BOOST_CHECK(!leap.add({ 2, 1.5e-3 })); // nothing is left of slot 1
    check_parts(leap,
                { { 0, 0, 7680 },
                  { 2, 7680, 3840 },
                  { 3, 11520, 7680 },
                  { 4, 19200, 7680 },
                  { 5, 26880, 3840 } });
    BOOST_CHECK_EQUAL(leap.cut_slots(), 1);
}

BOOST_AUTO_TEST_CASE(a_late_command_holds_from_the_next_slot_on)
{
    srs_transmitter t(make_carrier(), every_slot(), 0, 10);
    BOOST_CHECK(!t.is_late({ -5000, 0.0 })); // nothing has been given yet
    t.next();
    t.next();
    BOOST_CHECK(t.is_late({ 1, 0.0 }));
    BOOST_CHECK(!t.is_late({ 2, 0.0 }));
    BOOST_CHECK(!t.add({ 1, 16 / 7.68e6 }));
    const auto p = t.next();
    BOOST_CHECK(p->slot_count == 2 && p->begin == 15360 && p->length == 7664);
}

BOOST_AUTO_TEST_CASE(a_part_of_a_sample_is_a_phase_slope)
{
    // The grid seen through the delayed samples: each subcarrier turned by its frequency
    // times the delay, to the rounding of floats.
    const carrier c = make_carrier();
    srs_modulator modulator(c, every_slot());
    ofdm_demodulator demodulator(c);
    std::vector<std::complex<float>> plain(288), seen(288), slot(7680);
    for (const double delay : { 0.0, 0.5, -0.5, 0.125, -1e-3 }) {
        modulator.modulate(3, slot.data(), delay);
        for (int l = 10; l < 14; ++l) {
            modulator.symbol_grid(3, l, plain.data());
            demodulator.demodulate(slot.data() + symbol_offset_samples(c, 3, l) +
                                       cp_samples(c, 3, l),
                                   3,
                                   l,
                                   seen.data());
            double worst = 0.0;
            for (int k = 0; k < 288; ++k) {
                const auto turn = std::polar(1.0, -2 * M_PI * (k - 144) * delay / 512);
                worst = std::max(worst,
                                 std::abs(std::complex<double>(plain[k]) * turn -
                                          std::complex<double>(seen[k])));
            }
            BOOST_CHECK_SMALL(worst, 2e-6);
        }
    }
}

BOOST_AUTO_TEST_CASE(wrong_configuration_throws_the_field)
{
    const auto message = [](auto make) -> std::string {
        try {
            make();
        } catch (const std::invalid_argument& e) {
            return e.what();
        }
        return "";
    };
    const carrier c = make_carrier();
    BOOST_CHECK_EQUAL(message([&] { srs_transmitter(c, {}); }),
                      "resources = []: must be at least one (TS 38.214 6.2.1)");
    auto two = every_slot();
    two.push_back(two[0]);
    two[1].b_srs = 4;
    BOOST_CHECK_EQUAL(message([&] { srs_transmitter(c, two); }),
                      "resources[1].b_srs = 4: must be 0..3 (TS 38.211 table "
                      "6.4.1.4.3-1)");
    BOOST_CHECK_EQUAL(message([&] { srs_transmitter(c, every_slot(), 0, -2); }),
                      "n_slots = -2: must be -1 (endless) or 0..1e12");
    BOOST_CHECK_EQUAL(message([&] { srs_transmitter(c, every_slot(), 2000000000000); }),
                      "start_slot = 2000000000000: must be within 1e12 of SFN 0 slot 0");
    BOOST_CHECK_EQUAL(message([&] { srs_transmitter(c, every_slot(), 0, 1, 1.01); }),
                      "timing_advance_s = 1.01: must be -1..1");
    BOOST_CHECK_EQUAL(message([&] { srs_transmitter(c, every_slot(), 1000000000000); }),
                      "");
}
