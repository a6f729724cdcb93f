/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

using namespace gr::ntnpos::kernel;

namespace {

const trajectory two_pieces{ { { { 10, 0.25 }, { 4e-3, -2e-5, 1.5e-7, -1e-10 } },
                               { { 12, 0.75 }, { 5e-3, 3e-5 } } } };

std::string message(const trajectory& t)
{
    const auto error = validate(t);
    return error ? error->message() : "";
}

} // namespace

BOOST_AUTO_TEST_CASE(instants_keep_their_precision_far_from_the_epoch)
{
    const instant a{ 1'700'000'000'000, 0.125 };
    BOOST_CHECK_EQUAL(seconds_between(advance(a, 1e-9), a), (0.125 + 1e-9) - 0.125);
    BOOST_CHECK_EQUAL(seconds_between(a, advance(a, -2.5)), 2.5);
    BOOST_CHECK_EQUAL(seconds_between({ 3, 0.25 }, { 5, 0.75 }), -2.5);
}

BOOST_AUTO_TEST_CASE(advance_gives_a_fraction_below_one)
{
    struct {
        instant from;
        double by;
        instant to;
    } const cases[] = {
        { { 7, 0.75 }, 0.5, { 8, 0.25 } },
        { { 7, 0.25 }, -0.5, { 6, 0.75 } },
        { { 7, 0.0 }, 1.0, { 8, 0.0 } },
        { { 7, 0.0 }, -1e-30, { 7, 0.0 } },
        { { 7, 1.0 - 0x1p-53 }, 0x1p-53, { 8, 0.0 } },
        { { 0, 0.25 }, -1.0, { -1, 0.25 } },
    };
    for (const auto& c : cases) {
        const instant got = advance(c.from, c.by);
        BOOST_CHECK_EQUAL(got.full_s, c.to.full_s);
        BOOST_CHECK_EQUAL(got.frac_s, c.to.frac_s);
    }
}

BOOST_AUTO_TEST_CASE(sample_instants_are_exact_at_large_indices)
{
    // 61.44 MS/s for 2^20 s and 5 samples: whole seconds and fraction are known exactly.
    const int64_t rate = 61'440'000;
    const instant t = sample_instant({ 100, 0.5 }, (int64_t{ 1 } << 20) * rate + 5, rate);
    BOOST_CHECK_EQUAL(t.full_s, 100 + (1 << 20));
    BOOST_CHECK_EQUAL(t.frac_s, 0.5 + 5.0 / rate);

    const instant before = sample_instant({ 2, 0.5 }, -3 * rate / 4, rate);
    BOOST_CHECK_EQUAL(before.full_s, 1);
    BOOST_CHECK_EQUAL(before.frac_s, 0.75);

    // A rate that is no integer, against extended precision.
    const double odd_rate = 30.72e6 / 1.001;
    for (const int64_t n :
         { int64_t{ 1 }, int64_t{ 30'689'311 }, (int64_t{ 1 } << 40) + 12345 }) {
        const long double exact = static_cast<long double>(n) / odd_rate;
        const instant u = sample_instant({ 0, 0.0 }, n, odd_rate);
        BOOST_CHECK_EQUAL(u.full_s, static_cast<int64_t>(exact));
        BOOST_CHECK_SMALL(static_cast<double>(exact - u.full_s - u.frac_s), 1e-14);
    }
}

BOOST_AUTO_TEST_CASE(a_segment_holds_from_its_start_to_the_next)
{
    BOOST_CHECK_EQUAL(segment_index_at(two_pieces, { 0, 0.0 }),
                      0u); // also before its start
    BOOST_CHECK_EQUAL(segment_index_at(two_pieces, { 12, 0.75 - 0x1p-53 }), 0u);
    BOOST_CHECK_EQUAL(segment_index_at(two_pieces, { 12, 0.75 }), 1u);
    BOOST_CHECK_EQUAL(segment_index_at(two_pieces, { 1'000'000, 0.0 }),
                      1u); // without end
}

BOOST_AUTO_TEST_CASE(delay_and_rate_follow_the_polynomial)
{
    const double x = 1.5; // 11.75 s - 10.25 s
    const auto& c = two_pieces.segments[0].coefficients;
    const instant t{ 11, 0.75 };
    BOOST_CHECK_CLOSE_FRACTION(delay_at(two_pieces, t),
                               c[0] + c[1] * x + c[2] * x * x + c[3] * x * x * x,
                               1e-15);
    BOOST_CHECK_CLOSE_FRACTION(
        delay_rate_at(two_pieces, t), c[1] + 2 * c[2] * x + 3 * c[3] * x * x, 1e-15);
    BOOST_CHECK_CLOSE_FRACTION(delay_at(two_pieces, { 13, 0.75 }), 5e-3 + 3e-5, 1e-15);
    BOOST_CHECK_EQUAL(delay_rate_at(two_pieces, { 13, 0.75 }), 3e-5);
}

BOOST_AUTO_TEST_CASE(a_shifted_polynomial_has_the_same_values)
{
    double c[] = { 1.0, -2.0, 3.0, 0.5 };
    shift_polynomial(c, 4, 2.0);
    // p(x) = 1 - 2 x + 3 x^2 + x^3 / 2 about x = 2 by its derivatives.
    BOOST_CHECK_EQUAL(c[0], 13.0);
    BOOST_CHECK_EQUAL(c[1], 16.0);
    BOOST_CHECK_EQUAL(c[2], 6.0);
    BOOST_CHECK_EQUAL(c[3], 0.5);
}

BOOST_AUTO_TEST_CASE(splicing_replaces_what_is_later_and_forgets_what_is_over)
{
    const auto grown = spliced(two_pieces,
                               { { { 12, 0.5 }, { 6e-3 } }, { { 20, 0.0 }, { 7e-3 } } },
                               { 11, 0.0 });
    BOOST_REQUIRE_EQUAL(grown.segments.size(), 3u);
    BOOST_CHECK_EQUAL(delay_at(grown, { 11, 0.0 }), delay_at(two_pieces, { 11, 0.0 }));
    BOOST_CHECK_EQUAL(delay_at(grown, { 13, 0.0 }), 6e-3);
    BOOST_CHECK_EQUAL(delay_at(grown, { 21, 0.0 }), 7e-3);

    const auto pruned = spliced(grown, { { { 30, 0.0 }, { 8e-3 } } }, { 25, 0.0 });
    BOOST_REQUIRE_EQUAL(pruned.segments.size(), 2u);
    BOOST_CHECK_EQUAL(delay_at(pruned, { 25, 0.0 }), 7e-3);
    BOOST_CHECK_EQUAL(delay_at(pruned, { 30, 0.0 }), 8e-3);
}

BOOST_AUTO_TEST_CASE(the_validator_names_the_field_the_value_and_what_is_allowed)
{
    BOOST_CHECK_EQUAL(message(two_pieces), "");
    BOOST_CHECK_EQUAL(message({}), "segments = empty: must be at least one segment");

    trajectory t = two_pieces;
    t.segments[1].start.frac_s = 1.0;
    BOOST_CHECK_EQUAL(message(t), "segments[1].start.frac_s = 1: must be in [0, 1)");
    t = two_pieces;
    t.segments[1].start.full_s = (int64_t{ 1 } << 53) + 1;
    BOOST_CHECK_EQUAL(
        message(t),
        "segments[1].start.full_s = 9007199254740993: must be in -2^53..2^53");
    t = two_pieces;
    t.segments[0].start.frac_s = std::numeric_limits<double>::quiet_NaN();
    BOOST_CHECK_EQUAL(message(t), "segments[0].start.frac_s = nan: must be in [0, 1)");
    t = two_pieces;
    t.segments[1].start = t.segments[0].start;
    BOOST_CHECK_EQUAL(message(t),
                      "segments[1].start = 10 s + 0.25 s: must be later than the start "
                      "of the segment before");
    t = two_pieces;
    t.segments[0].coefficients.clear();
    BOOST_CHECK_EQUAL(message(t),
                      "segments[0].coefficients = 0 values: must be 1 to 8 values");
    t.segments[0].coefficients.assign(9, 0.0);
    BOOST_CHECK_EQUAL(message(t),
                      "segments[0].coefficients = 9 values: must be 1 to 8 values");
    t = two_pieces;
    t.segments[0].coefficients[2] = std::numeric_limits<double>::infinity();
    BOOST_CHECK_EQUAL(message(t), "segments[0].coefficients[2] = inf: must be finite");
}
