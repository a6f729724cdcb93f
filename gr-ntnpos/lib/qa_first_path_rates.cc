/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qa_path_signal.h"
#include <boost/test/unit_test.hpp>

/*
 * Rates and deviations of first_path, counted in seeded noise beside what is stated.
 */

using namespace gr::ntnpos::kernel;
using namespace qa;

BOOST_AUTO_TEST_CASE(noise_alone_is_taken_for_a_path_at_the_stated_rate)
{
    struct {
        int subcarriers;
        double probability;
        int profiles;
    } const cases[] = { { 144, 0.02, 6000 }, { 288, 0.1, 2000 }, { 36, 0.05, 6000 } };
    for (const auto& test : cases) {
        auto c = config_of(test.subcarriers, 15e3, 512);
        c.false_alarm_probability = test.probability;
        first_path detector(c);
        int alarms = 0;
        for (int i = 0; i < test.profiles; ++i)
            alarms +=
                detector.detect_channel(channel_of(c, {}, 3.0, 1000 + i).data()).detected;
        const double expected = test.probability * test.profiles;
        BOOST_TEST_MESSAGE("alarms " << alarms << ", stated " << expected);
        BOOST_CHECK_LT(alarms, 1.35 * expected);
        BOOST_CHECK_GT(alarms, 0.6 * expected);
    }
}

BOOST_AUTO_TEST_CASE(a_path_too_many_is_as_rare_as_is_stated)
{
    // A weak path, and no limit to how much weaker others may be: noise decides alone.
    struct {
        int subcarriers;
        double snr_db, probability;
        int profiles;
    } const cases[] = { { 144, 5.0, 0.04, 8000 }, { 288, 20.0, 0.04, 5000 } };
    for (const auto& test : cases) {
        auto c = config_of(test.subcarriers, 15e3, 512);
        c.false_alarm_probability = test.probability;
        c.min_relative_db = -60.0;
        first_path detector(c);
        int early = 0, late = 0;
        for (int i = 0; i < test.profiles; ++i) {
            const double delay_s = 1e-9 * (i % 200);
            const auto found = detector.detect_channel(
                channel_of(c,
                           { { delay_s, std::polar(1.0, 0.1 * i) } },
                           std::pow(10.0, -0.1 * test.snr_db),
                           5000 + i)
                    .data());
            BOOST_REQUIRE(found.detected);
            size_t top = 0;
            for (size_t k = 0; k < found.paths.size(); ++k)
                if (std::norm(found.paths[k].gain) > std::norm(found.paths[top].gain))
                    top = k;
            early += top > 0;
            late += top + 1 < found.paths.size();
        }
        const double expected = 0.5 * test.probability * test.profiles;
        BOOST_TEST_MESSAGE("early " << early << ", late " << late << ", stated "
                                    << expected);
        for (const int count : { early, late }) {
            BOOST_CHECK_LT(count, 1.35 * expected);
            BOOST_CHECK_GT(count, 0.6 * expected);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_threshold_of_noise_is_crossed_by_noise_as_stated)
{
    auto c = config_of(144, 15e3, 512);
    c.threshold_mode = threshold_mode::false_alarm;
    c.false_alarm_probability = 0.1;
    first_path detector(c);
    const double resolution_s = 1.0 / (144 * 15e3);
    constexpr int profiles = 4000;
    int early = 0;
    for (int i = 0; i < profiles; ++i) {
        const auto found = detector.detect_channel(
            channel_of(c, { { 10e-9, std::polar(1.0, 0.1 * i) } }, 0.3, 9000 + i).data());
        early += found.crossing_s < 10e-9 - 1.5 * resolution_s;
        BOOST_CHECK_LT(found.crossing_s, 10e-9 + 0.5 * resolution_s);
    }
    // Half of the probability is for what comes before the strongest.
    BOOST_TEST_MESSAGE("early crossings " << early << ", stated " << 0.05 * profiles);
    BOOST_CHECK_LT(early, 1.4 * 0.05 * profiles);
    BOOST_CHECK_GT(early, 0.5 * 0.05 * profiles);
    // The sidelobes of a strong path are above that threshold, and are no arrival.
    early = 0;
    for (int i = 0; i < 400; ++i) {
        const auto found = detector.detect_channel(
            channel_of(c, { { 1e-9 * i, 1.0 } }, 1e-4, 20000 + i).data());
        early += found.crossing_s < 1e-9 * i - 1.05 * resolution_s;
    }
    BOOST_CHECK_LT(early, 2.0 * 0.05 * 400);
}

BOOST_AUTO_TEST_CASE(the_crossing_put_right_is_unbiased_and_knows_its_deviation)
{
    for (const double threshold : { 0.4, 0.6, 0.8 }) {
        auto c = config_of(144, 15e3, 512);
        c.method = first_path_method::threshold;
        c.threshold = threshold;
        first_path detector(c);
        constexpr int profiles = 2000;
        double mean = 0.0, square = 0.0, normalised = 0.0;
        for (int i = 0; i < profiles; ++i) {
            const double delay_s = 1e-9 * (i % 130);
            const auto found = detector.detect_channel(
                channel_of(c, { { delay_s, std::polar(1.0, 0.1 * i) } }, 0.01, 300 + i)
                    .data());
            BOOST_REQUIRE_EQUAL(found.paths.size(), 1);
            const double error = found.paths[0].delay_s - delay_s;
            mean += error / profiles;
            square += error * error / profiles;
            normalised += std::pow(error / found.paths[0].delay_std_s, 2) / profiles;
        }
        const double bound = bound_s(c, 100.0);
        BOOST_TEST_MESSAGE("threshold " << threshold << ": rms/bound "
                                        << std::sqrt(square) / bound << ", mean/bound "
                                        << mean / bound << ", normalised " << normalised);
        BOOST_CHECK_SMALL(mean / bound, 0.3);
        BOOST_CHECK_SMALL(normalised - 1.0, 0.25);
    }
}

BOOST_AUTO_TEST_CASE(deviation_is_the_bound_and_is_the_truth)
{
    struct {
        int subcarriers, points;
        double scs_hz, snr_db;
    } const cases[] = { { 144, 256, 15e3, 0.0 },
                        { 288, 512, 15e3, 10.0 },
                        { 288, 512, 30e3, 20.0 } };
    constexpr int profiles = 3000;
    for (const auto& test : cases) {
        const auto c = config_of(test.subcarriers, test.scs_hz, test.points);
        first_path detector(c);
        const double snr = std::pow(10.0, test.snr_db / 10.0);
        const double bound = bound_s(c, snr);
        const double delay_s = 0.37 / (c.profile_points * c.scs_hz);
        double mean = 0.0, square = 0.0, stated = 0.0, normalised = 0.0;
        for (int i = 0; i < profiles; ++i) {
            const auto h = channel_of(
                c, { { delay_s, std::polar(1.0, 1.0 * i) } }, 1.0 / snr, 1 + i);
            const auto found = detector.detect_channel(h.data());
            BOOST_REQUIRE(found.detected);
            const double error = found.paths.front().delay_s - delay_s;
            mean += error / profiles;
            square += error * error / profiles;
            stated += found.paths.front().delay_std_s / profiles;
            normalised += std::pow(error / found.paths.front().delay_std_s, 2) / profiles;
        }
        // 3000 draws: the deviation's own is 1.3 %, the mean's 1.8 % of it.
        BOOST_TEST_MESSAGE("rms/bound " << std::sqrt(square) / bound << " stated/bound "
                                        << stated / bound);
        BOOST_CHECK_SMALL(std::sqrt(square) / bound - 1.0, 0.04);
        BOOST_CHECK_SMALL(stated / bound - 1.0, 0.03);
        BOOST_CHECK_SMALL(normalised - 1.0, 0.08);
        BOOST_CHECK_SMALL(mean / bound, 0.06);
    }
}
