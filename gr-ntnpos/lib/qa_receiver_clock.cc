/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/receiver_clock.h>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

using namespace gr::ntnpos::kernel;

namespace {

const trajectory geometric{ { { { 100, 0.25 }, { 4e-3, -24e-6, 3.1e-7, -1e-10 } },
                              { { 160, 0.5 }, { 3e-3, 2e-5, 3e-7 } },
                              { { 170, 0.0 }, { 3.2e-3 } } } };

// The definition in extended precision: the system time at which the clock reads T, then
// the polynomial there.
long double
toa(const receiver_clock& clock, long double satellite_offset_s, const instant& reading)
{
    const long double rate = 1.0L + clock.frequency_error;
    const long double since_reference =
        (reading.full_s - clock.reference.full_s) +
        (static_cast<long double>(reading.frac_s) - clock.reference.frac_s);
    const long double t = clock.reference.full_s +
                          static_cast<long double>(clock.reference.frac_s) -
                          clock.offset_s + since_reference / rate;
    const long double reading_s =
        reading.full_s + static_cast<long double>(reading.frac_s);
    const delay_segment* segment = &geometric.segments.front();
    for (const auto& s : geometric.segments)
        if (s.start.full_s + static_cast<long double>(s.start.frac_s) <= t)
            segment = &s;
    const long double x = t - segment->start.full_s - segment->start.frac_s;
    long double delay = 0;
    for (size_t k = segment->coefficients.size(); k-- > 0;)
        delay = delay * x + segment->coefficients[k];
    return delay + (reading_s - t) - satellite_offset_s;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_observed_toa_is_the_definition)
{
    const receiver_clock clocks[] = {
        { {}, 0.0, 0.0 },
        { { 100, 0.0 }, 1e-4, 5e-8 },
        { { 0, 0.0 }, -3e-3, 1e-5 },
        { { 130, 0.9 }, 0.75, -1e-5 },
    };
    for (const auto& clock : clocks)
        for (const double satellite_offset_s : { 0.0, 1e-5, -0.02 }) {
            const auto observed =
                observed_trajectory(geometric, clock, satellite_offset_s);
            BOOST_REQUIRE(!validate(observed));
            for (const instant t : { instant{ 90, 0.0 },
                                     { 101, 0.5 },
                                     { 140, 0.123456789 },
                                     { 165, 0.0 },
                                     { 250, 0.75 } })
                BOOST_CHECK_SMALL(static_cast<double>(delay_at(observed, t) -
                                                      toa(clock, satellite_offset_s, t)),
                                  1e-15);
        }
}

// The contract's signs: toa = travel time + receiver clock offset - satellite clock
// offset, and doppler_hz = -f_c d(toa)/dt is positive for a clock that runs slow.
BOOST_AUTO_TEST_CASE(signs_are_those_of_the_contract)
{
    const trajectory still{ { { {}, { 5e-3 } } } };
    const instant at{ 50, 0.0 };
    BOOST_CHECK_CLOSE_FRACTION(
        delay_at(observed_trajectory(still, { {}, 1e-4, 0.0 }, 0.0), at), 5.1e-3, 1e-12);
    BOOST_CHECK_CLOSE_FRACTION(
        delay_at(observed_trajectory(still, {}, 1e-4), at), 4.9e-3, 1e-12);
    const auto slow = observed_trajectory(still, { {}, 0.0, -1e-6 }, 0.0);
    BOOST_CHECK_CLOSE_FRACTION(-2e9 * delay_rate_at(slow, at), 2000.0, 1e-5);
}

BOOST_AUTO_TEST_CASE(segments_change_when_the_receiver_clock_reads_their_start)
{
    const auto observed = observed_trajectory(geometric, { { 0, 0.0 }, 0.25, 0.0 }, 0.0);
    BOOST_CHECK_EQUAL(observed.segments[1].start.full_s, 160);
    BOOST_CHECK_EQUAL(observed.segments[1].start.frac_s, 0.75);
}

BOOST_AUTO_TEST_CASE(the_validator_names_what_is_wrong)
{
    const double nan = std::numeric_limits<double>::quiet_NaN();
    BOOST_CHECK(!validate(receiver_clock{}));
    BOOST_CHECK_EQUAL(validate(receiver_clock{ { 0, 2.0 }, 0.0, 0.0 }).value().message(),
                      "clock.reference.frac_s = 2: must be in [0, 1)");
    BOOST_CHECK_EQUAL(validate(receiver_clock{ {}, nan, 0.0 }).value().message(),
                      "clock.offset_s = nan: must be in -1e6..1e6");
    BOOST_CHECK_EQUAL(validate(receiver_clock{ {}, 0.0, 0.5 }).value().message(),
                      "clock.frequency_error = 0.5: must be in -0.001..0.001");
}
