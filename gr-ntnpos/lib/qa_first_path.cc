/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/path_fit.h"
#include "qa_path_signal.h"
#include <boost/test/unit_test.hpp>
#include <functional>
#include <limits>

using namespace gr::ntnpos::kernel;
using namespace qa;

BOOST_AUTO_TEST_CASE(a_path_without_noise_is_found_where_it_is)
{
    for (const auto& c : { config_of(144, 15e3, 256),
                           config_of(288, 15e3, 512),
                           config_of(576, 30e3, 1024) }) {
        first_path detector(c);
        const double sample_s = 1.0 / (c.profile_points * c.scs_hz);
        for (int i = -24; i <= 24; ++i) {
            // Fractions across a sample, and whole samples up to +-6.
            const double delay_s = (0.083 * i + 0.25 * (i % 5)) * sample_s;
            const channel h = channel_of(c, { { delay_s, std::polar(0.7, 0.4 * i) } });
            const auto direct = detector.detect_channel(h.data());
            BOOST_REQUIRE_EQUAL(direct.paths.size(), 1);
            BOOST_CHECK_SMALL(direct.paths[0].delay_s - delay_s, 1e-12);
            BOOST_CHECK_SMALL(std::abs(direct.paths[0].gain - std::polar(0.7, 0.4 * i)),
                              1e-6);
            channel profile(c.profile_points);
            detector.profile_of(h.data(), profile.data());
            const auto through = detector.detect(profile.data());
            BOOST_REQUIRE_EQUAL(through.paths.size(), 1);
            BOOST_CHECK_SMALL(through.paths[0].delay_s - delay_s, 1e-12);
        }
    }
}

BOOST_AUTO_TEST_CASE(numbers_stay_finite_without_any_noise)
{
    const auto c = config_of(288, 15e3, 512);
    first_path detector(c);
    for (const std::complex<double> gain : { 1.0, 1e-6, 1e6 }) {
        // Delay 0: every subcarrier has the same exact value, and nothing is left over.
        const auto found =
            detector.detect_channel(channel_of(c, { { 0.0, gain } }).data());
        BOOST_REQUIRE(found.detected);
        BOOST_CHECK_SMALL(found.paths[0].delay_s, 1e-13);
        BOOST_CHECK(std::isfinite(found.paths[0].delay_std_s) &&
                    found.paths[0].delay_std_s > 0.0);
        BOOST_CHECK_LT(found.paths[0].delay_std_s, 1e-12);
        BOOST_CHECK(std::isfinite(found.noise_variance) && found.noise_variance > 0.0);
        BOOST_CHECK_LT(found.noise_variance, 1e-10 * std::norm(gain));
    }
}

BOOST_AUTO_TEST_CASE(silence_and_nonsense_are_nothing)
{
    const auto c = config_of(288, 15e3, 512);
    first_path detector(c);
    const float bad[] = { 0.0f,
                          std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity() };
    for (const float value : bad) {
        for (const int count : { 1, 288 }) {
            channel h = channel_of(c, {});
            std::fill_n(h.begin(), count, value);
            const auto found = detector.detect_channel(h.data());
            BOOST_CHECK(!found.detected);
            BOOST_CHECK(found.paths.empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(two_paths_are_told_apart)
{
    struct {
        double separation; // in units of the resolution 1/B
        double second_db;
        double phase;
    } const cases[] = { { 3.0, -3.0, 0.0 }, { 3.0, -3.0, 2.0 },   { 1.0, -6.0, 1.0 },
                        { 1.5, 6.0, 0.5 },  { 10.0, -12.0, 3.0 }, { 5.0, 15.0, -1.0 } };
    const auto c = config_of(288, 15e3, 512);
    first_path detector(c);
    const double resolution_s = 1.0 / (c.subcarriers * c.scs_hz);
    for (const auto& test : cases) {
        const double second_s = 37e-9 + test.separation * resolution_s;
        const double amplitude = std::pow(10.0, test.second_db / 20.0);
        const auto h = channel_of(
            c, { { 37e-9, 1.0 }, { second_s, std::polar(amplitude, test.phase) } });
        const auto found = detector.detect_channel(h.data());
        BOOST_REQUIRE_EQUAL(found.paths.size(), 2);
        BOOST_CHECK_SMALL(found.paths[0].delay_s - 37e-9, 1e-11);
        BOOST_CHECK_SMALL(found.paths[1].delay_s - second_s, 1e-11);
        BOOST_CHECK_CLOSE(std::abs(found.paths[1].gain), amplitude, 0.01);
    }
}

BOOST_AUTO_TEST_CASE(what_lies_outside_the_region_is_no_path)
{
    auto c = config_of(288, 15e3, 512);
    c.early_s = 1e-6;
    c.late_s = 2e-6;
    first_path detector(c);
    struct {
        double second_s, second_db;
        size_t paths;
    } const cases[] = {
        { -0.9e-6, -6.0, 2 }, { -1.5e-6, -6.0, 1 }, { 1.9e-6, -6.0, 2 },
        { 2.6e-6, -6.0, 1 },  { 1.0e-6, -19.0, 2 }, { 1.0e-6, -21.0, 1 }
    };
    for (const auto& test : cases) {
        const double amplitude = std::pow(10.0, test.second_db / 20.0);
        const auto h =
            channel_of(c, { { 0.0, 1.0 }, { test.second_s, amplitude } }, 1e-4);
        BOOST_CHECK_EQUAL(detector.detect_channel(h.data()).paths.size(), test.paths);
    }
}

BOOST_AUTO_TEST_CASE(arrival_crosses_the_threshold_between_floor_and_peak)
{
    // One path at the middle: amplitude |sin(pi x)/(pi x)| about, x in units of 1/B.
    const double resolution_s = 1.0 / (144 * 15e3);
    for (const double threshold : { 0.3, 0.6, 0.9 }) {
        auto c = config_of(144, 15e3, 4096);
        c.threshold = threshold;
        first_path detector(c);
        const auto found =
            detector.detect_channel(channel_of(c, { { 0.0, 2.0 } }).data());
        const double level = found.noise_floor + threshold * (2.0 - found.noise_floor);
        double x = 0.0;
        while (2.0 * std::sin(M_PI * (x + 1e-4)) / (M_PI * (x + 1e-4)) >= level)
            x += 1e-4;
        BOOST_CHECK_GT(found.noise_floor, 0.0);
        BOOST_CHECK_LT(found.noise_floor, 0.2);
        // The first point of the profile at or after the crossing.
        const double step_s = 1.0 / (4096 * 15e3);
        BOOST_CHECK_GT(found.crossing_s, -x * resolution_s - 0.05 * step_s);
        BOOST_CHECK_LT(found.crossing_s, -x * resolution_s + 1.05 * step_s);
    }
}

BOOST_AUTO_TEST_CASE(a_profile_keeps_its_channel)
{
    // Impulse response of a single subcarrier: 1/M exp(j 2 pi (k - M/2)(n - N/2)/N).
    const auto c = config_of(144, 15e3, 256);
    first_path detector(c);
    channel one(144), profile(256);
    one[30] = { 0.0f, 2.0f };
    detector.profile_of(one.data(), profile.data());
    for (int n = 0; n < 256; ++n) {
        const std::complex<double> expected =
            std::complex<double>(0.0, 2.0 / 144) *
            std::polar(1.0, 2.0 * M_PI * (30 - 72) * (n - 128) / 256.0);
        BOOST_CHECK_SMALL(std::abs(std::complex<double>(profile[n]) - expected), 1e-8);
    }
    // And what detect() sees in a profile is what detect_channel() sees in its channel.
    const auto h = channel_of(c, { { 50e-9, 1.0 }, { 900e-9, 0.5 } }, 0.05, 7);
    detector.profile_of(h.data(), profile.data());
    const auto a = detector.detect_channel(h.data());
    const auto b = detector.detect(profile.data());
    BOOST_REQUIRE_EQUAL(a.paths.size(), b.paths.size());
    for (size_t i = 0; i < a.paths.size(); ++i)
        BOOST_CHECK_SMALL(a.paths[i].delay_s - b.paths[i].delay_s, 1e-12);
    BOOST_CHECK_CLOSE(a.noise_variance, b.noise_variance, 0.01);
}

BOOST_AUTO_TEST_CASE(a_path_that_is_known_to_be_there_is_not_tested)
{
    const auto c = config_of(288, 15e3, 512);
    first_path detector(c);
    const double resolution_s = 1.0 / (288 * 15e3);
    int tested = 0, known = 0, wrong = 0;
    constexpr int trials = 200;
    for (int i = 0; i < trials; ++i) {
        // 9 dB after 288 subcarriers: at 1e-4 a test needs about 12.
        const double gain = std::sqrt(8.0 / 288);
        const auto h = channel_of(c, { { 0.3 * resolution_s, gain } }, 1.0, 50 + i);
        tested += detector.detect_channel(h.data()).detected;
        const auto found = detector.detect_channel(h.data(), resolution_s);
        known += found.detected && found.paths.size() == 1;
        wrong += std::abs(found.paths.front().delay_s - 0.3 * resolution_s) >
                 5.0 * found.paths.front().delay_std_s;
    }
    BOOST_CHECK_LT(tested, trials / 10);
    BOOST_CHECK_GE(known, trials - 1);
    BOOST_CHECK_LE(wrong, 2);
}

BOOST_AUTO_TEST_CASE(one_path_is_what_the_fit_over_all_subcarriers_finds)
{
    struct {
        int subcarriers, points;
    } const shapes[] = {
        { 144, 256 }, { 288, 512 }, { 288, 4096 }, { 3264, 4096 }, { 288, 288 }
    };
    for (const auto& shape : shapes)
        for (const double snr_db : { 0.0, 10.0, 30.0, 40.0, 60.0 }) {
            const auto c = config_of(shape.subcarriers, 15e3, shape.points);
            first_path detector(c);
            const double step_s = 1.0 / (c.profile_points * c.scs_hz);
            channel profile(c.profile_points);
            for (int i = 0; i < 8; ++i) {
                const auto h =
                    channel_of(c,
                               { { 0.37 * i * step_s, std::polar(1.0, 1.0 * i) } },
                               std::pow(10.0, -0.1 * snr_db),
                               100 + i);
                detector.profile_of(h.data(), profile.data());
                const auto found = detector.detect(profile.data());
                BOOST_REQUIRE_EQUAL(found.paths.size(), 1);
                std::vector<std::complex<double>> exact(h.begin(), h.end()),
                    left(h.size());
                path_list paths;
                paths.push_back(found.paths[0]);
                const double cost = fit_paths(exact, left, c.scs_hz, paths);
                // 1 % of a deviation; its own 1 %.
                BOOST_CHECK_SMALL((found.paths[0].delay_s - paths[0].delay_s) /
                                      found.paths[0].delay_std_s,
                                  0.01);
                BOOST_CHECK_CLOSE(found.noise_variance, cost / (h.size() - 1.5), 1.0);
                BOOST_CHECK_CLOSE(found.paths[0].delay_std_s,
                                  paths[0].delay_std_s *
                                      std::sqrt(cost / (h.size() - 2.5)),
                                  0.5);
            }
        }
}

BOOST_AUTO_TEST_CASE(a_wrong_field_is_named_with_its_value_and_range)
{
    BOOST_CHECK(!validate(first_path_config()));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    struct {
        std::function<void(first_path_config&)> change;
        std::string message;
    } const cases[] = {
        { [](auto& c) { c.subcarriers = 11; }, "subcarriers = 11: must be 12..3300" },
        { [](auto& c) { c.subcarriers = 3301; }, "subcarriers = 3301: must be 12..3300" },
        { [](auto& c) { c.scs_hz = 999; }, "scs_hz = 999: must be 1e3..1e6" },
        { [&](auto& c) { c.scs_hz = nan; }, "scs_hz = nan: must be 1e3..1e6" },
        { [](auto& c) { c.profile_points = 287; },
          "profile_points = 287: must be subcarriers..1048576" },
        { [](auto& c) { c.profile_points = 1048577; },
          "profile_points = 1048577: must be subcarriers..1048576" },
        { [](auto& c) { c.max_paths = 0; }, "max_paths = 0: must be 1..8" },
        { [](auto& c) { c.max_paths = 9; }, "max_paths = 9: must be 1..8" },
        { [](auto& c) { c.false_alarm_probability = 0.0; },
          "false_alarm_probability = 0: must be 1e-12..0.5" },
        { [](auto& c) { c.false_alarm_probability = 0.51; },
          "false_alarm_probability = 0.51: must be 1e-12..0.5" },
        { [](auto& c) { c.threshold = -0.1; }, "threshold = -0.1: must be 0..1" },
        { [](auto& c) { c.threshold = 1.1; }, "threshold = 1.1: must be 0..1" },
        { [](auto& c) { c.min_relative_db = 0.1; },
          "min_relative_db = 0.1: must be -60..0" },
        { [](auto& c) { c.min_relative_db = -61; },
          "min_relative_db = -61: must be -60..0" },
        { [](auto& c) { c.early_s = -1e-9; }, "early_s = -1e-09: must be 0..1e-3" },
        { [](auto& c) { c.late_s = 2e-3; }, "late_s = 0.002: must be 0..1e-3" },
        { [](auto& c) { c.method = static_cast<first_path_method>(7); },
          "method = 7: must be maximum_likelihood, music or threshold" },
        { [](auto& c) { c.threshold_mode = static_cast<threshold_mode>(-1); },
          "threshold_mode = -1: must be relative or false_alarm" },
    };
    for (const auto& test : cases) {
        first_path_config c;
        test.change(c);
        BOOST_REQUIRE(validate(c));
        BOOST_CHECK_EQUAL(validate(c)->message(), test.message);
        BOOST_CHECK_EXCEPTION(first_path{ c }, std::invalid_argument, [&](const auto& e) {
            return e.what() == test.message;
        });
    }
}
