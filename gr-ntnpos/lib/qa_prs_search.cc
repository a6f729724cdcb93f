/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qa_slow_signal.h"
#include <gnuradio/ntnpos/kernel/prs_search.h>
#include <boost/test/unit_test.hpp>
#include <limits>

using namespace gr::ntnpos::kernel;

namespace {

constexpr double toa_s = 1.2e-4; // what the window's middle predicts at t = 0
constexpr double rate = 15e-6;

struct set_up {
    // 12 resource blocks in 256 points at 15 kHz, PRS in slots 0 and (repeated) 1. Or 12
    // blocks from start_prb on of so many in more points.
    explicit set_up(
        int comb, int symbols, int slots = 1, int n_rb = 12, int size = 256, int prb = 0)
    {
        c.n_rb = n_rb;
        c.sample_rate_hz = 15e3 * size;
        r.num_rb = 12;
        r.start_prb = prb;
        r.comb_size = comb;
        r.num_symbols = symbols;
        r.start_symbol = 1;
        r.repetition_factor = slots;
        BOOST_REQUIRE(!validate(r, c));
        for (int i = 0; i < slots; ++i) {
            numbers.push_back(i);
            sent.push_back({ 0, 1e-3 * i });
        }
        auto predicted = std::make_shared<trajectory>();
        predicted->segments.push_back({ { 0, 0.0 }, { toa_s, rate } });
        model = { predicted, { 0, 0.0 }, 0.0, 0.0 };
        buffer.assign(static_cast<size_t>(slots * 1.25e-3 * c.sample_rate_hz), 0.0f);
    }
    void receive(double delay_s, double doppler_hz, std::complex<double> gain = 1.0)
    {
        const auto toa = [=](double t) {
            return toa_s + delay_s + (rate - doppler_hz / 2e9) * t;
        };
        for (const auto slot : numbers)
            slow::receive(c, r, slot, 1e-3 * slot, toa, gain, 0.0, buffer);
    }
    sample_view view(int64_t first = 0, int64_t size = -1)
    {
        return { buffer.data() + first,
                 first,
                 size < 0 ? static_cast<int64_t>(buffer.size()) : size,
                 { 0, 0.0 },
                 c.sample_rate_hz };
    }
    search_result
    search(const sample_view& v, double half_width_s, double doppler_hz, double p = 1e-4)
    {
        prs_search s(c, p);
        prs_replica replica(c, r);
        return s.search(v, replica, numbers, sent, model, half_width_s, doppler_hz);
    }

    carrier c;
    prs_resource r;
    std::vector<int64_t> numbers;
    std::vector<instant> sent;
    delay_model model;
    slow::samples buffer;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_satellite_is_found_wherever_in_the_window_it_is)
{
    constexpr double half_s = 40e-6, half_hz = 9e3;
    struct {
        int comb, symbols, slots;
    } const resources[] = { { 4, 4, 1 }, { 2, 2, 1 }, { 12, 12, 1 }, { 4, 12, 2 } };
    for (const auto& resource : resources) {
        int trial = 0;
        for (const double delay : { -1.0, -0.513, 0.0, 0.2871, 0.77, 1.0 })
            for (const double doppler : { -1.0, -0.37, 0.0, 0.61, 1.0 }) {
                if (resource.slots * resource.symbols > 12 && ++trial % 3)
                    continue; // the slow signal takes its time
                set_up u(resource.comb, resource.symbols, resource.slots);
                u.receive(delay * half_s, doppler * half_hz, { 0.0, -2.0 });
                // 0 dB in the samples' bandwidth, a quarter of a comb's power.
                slow::add_noise(u.buffer, 1.0, 77 + trial);
                const auto found = u.search(u.view(), half_s, half_hz);
                BOOST_CHECK(found.found);
                BOOST_CHECK_GT(found.statistic, found.threshold);
                const double bandwidth_hz = 144 * 15e3;
                const double duration_s = resource.symbols * 71.35e-6;
                BOOST_CHECK_SMALL(found.delay_s - delay * half_s, 0.5 / bandwidth_hz);
                BOOST_CHECK_SMALL(found.doppler_hz - doppler * half_hz,
                                  0.25 / duration_s);
            }
    }
}

BOOST_AUTO_TEST_CASE(a_narrow_band_is_found_at_any_place_of_a_wide_carrier)
{
    constexpr double half_s = 30e-6, half_hz = 4e3;
    constexpr double bandwidth_hz = 144 * 15e3, duration_s = 4 * 71.35e-6;
    struct {
        int n_rb, size, prb;
    } const carriers[] = { { 52, 1024, 20 }, // the middle
                           { 52, 1024, 0 },
                           { 52, 1024, 37 },
                           { 24, 640, 7 }, // 5 * 128: the rate stays
                           { 52, 768, 9 } };
    int trial = 0;
    for (const auto& carrier : carriers)
        for (const double delay : { -0.93, 0.21 })
            for (const double doppler : { -0.8, 0.37 }) {
                set_up u(4, 4, 1, carrier.n_rb, carrier.size, carrier.prb);
                u.receive(delay * half_s, doppler * half_hz, { 0.0, -2.0 });
                // 0 dB in four times the occupied band.
                slow::add_noise(u.buffer, 144.0 / carrier.n_rb / 3.0, 7 + ++trial);
                // Traffic in the rest of the carrier: a tone 20 dB over the PRS.
                const double beside = (carrier.prb < 12 ? 0.31 : -0.31);
                for (size_t n = 0; n < u.buffer.size(); ++n)
                    u.buffer[n] += std::complex<float>(
                        std::polar(10.0, 2.0 * M_PI * std::fmod(beside * n, 1.0)));
                const auto found = u.search(u.view(), half_s, half_hz);
                BOOST_CHECK(found.found);
                BOOST_CHECK_SMALL(found.delay_s - delay * half_s, 0.5 / bandwidth_hz);
                BOOST_CHECK_SMALL(found.doppler_hz - doppler * half_hz,
                                  0.25 / duration_s);
            }
}

BOOST_AUTO_TEST_CASE(a_search_again_gives_the_same_bits)
{
    set_up u(4, 4, 1, 52, 1024, 5);
    u.receive(7e-6, 900.0);
    slow::add_noise(u.buffer, 1.0, 5);
    prs_search s(u.c, 1e-4);
    prs_replica replica(u.c, u.r);
    const auto once = [&](prs_search& by) {
        return by.search(u.view(), replica, u.numbers, u.sent, u.model, 30e-6, 4e3);
    };
    const auto first = once(s);
    BOOST_REQUIRE(first.found);
    // Another window and another replica between.
    prs_replica other(u.c, set_up(12, 12).r);
    s.search(u.view(), other, u.numbers, u.sent, u.model, 80e-6, 0.0);
    const auto again = once(s);
    prs_search fresh(u.c, 1e-4);
    for (const auto& r : { again, once(fresh) }) {
        BOOST_CHECK_EQUAL(r.statistic, first.statistic);
        BOOST_CHECK_EQUAL(r.delay_s, first.delay_s);
        BOOST_CHECK_EQUAL(r.doppler_hz, first.doppler_hz);
    }
}

BOOST_AUTO_TEST_CASE(noise_alone_is_found_at_the_stated_rate)
{
    struct {
        int comb, symbols, slots;
        double half_width_s, doppler_hz, probability;
        int searches;
        int n_rb = 12, size = 256;
    } const cases[] = {
        { 4, 4, 1, 40e-6, 9e3, 0.1, 600 },
        { 2, 2, 1, 100e-6, 2e3, 0.2, 400 },
        { 12, 12, 2, 20e-6, 1e3, 0.1, 300 },
        { 4, 4, 1, 40e-6, 9e3, 0.1, 500, 52, 1024 }, // below the middle of the carrier
    };
    for (const auto& test : cases) {
        int alarms = 0;
        for (int i = 0; i < test.searches; ++i) {
            set_up u(test.comb, test.symbols, test.slots, test.n_rb, test.size);
            slow::add_noise(u.buffer, 0.01 * (1 + i % 7), 1000 + i);
            alarms +=
                u.search(u.view(), test.half_width_s, test.doppler_hz, test.probability)
                    .found;
        }
        const double stated = test.probability * test.searches;
        BOOST_TEST_MESSAGE("alarms " << alarms << ", stated " << stated);
        // Cells that overlap are counted as if they did not: the rate may be a quarter
        // below. Three Poisson deviations.
        BOOST_CHECK_LT(alarms, stated + 3.0 * std::sqrt(stated));
        BOOST_CHECK_GT(alarms, 0.75 * stated - 3.0 * std::sqrt(0.75 * stated));
    }
}

BOOST_AUTO_TEST_CASE(only_delays_that_are_all_within_the_samples_are_tried)
{
    constexpr double half_s = 60e-6;
    set_up u(4, 4);
    u.receive(20e-6, 500.0, 2.0);
    slow::add_noise(u.buffer, 0.1, 3);
    const auto whole = u.search(u.view(), half_s, 2e3);
    BOOST_REQUIRE(whole.found);
    prs_replica replica(u.c, u.r);
    const int64_t begin =
        std::llround((toa_s + 20e-6) * 3.84e6) + replica.first_sample(0);
    const int64_t end = begin + replica.length_samples(0);
    // From a few samples before the PRS on: earlier delays cannot be tried, the right one
    // can.
    const auto late =
        u.search(u.view(begin - 8, u.buffer.size() - (begin - 8)), half_s, 2e3);
    BOOST_CHECK(late.found);
    BOOST_CHECK_GT(late.cells, 0);
    BOOST_CHECK_LT(late.cells, whole.cells);
    BOOST_CHECK_SMALL(late.delay_s - 20e-6, 0.25e-6);
    const auto early = u.search(u.view(0, end + 8), half_s, 2e3);
    BOOST_CHECK(early.found);
    BOOST_CHECK_LT(early.cells, whole.cells);
    // The samples end within the PRS: the right delay cannot be tried, and echoes do not
    // count.
    BOOST_CHECK(!u.search(u.view(0, end - 40), half_s, 2e3).found);
    // No delay of the window has all its samples.
    const auto none = u.search(u.view(0, begin), half_s, 2e3);
    BOOST_CHECK(!none.found);
    BOOST_CHECK_EQUAL(none.cells, 0);
    BOOST_CHECK_EQUAL(u.search(u.view(end + 2000, 100), half_s, 2e3).cells, 0);
    BOOST_CHECK_EQUAL(u.search(u.view(0, 0), half_s, 2e3).cells, 0);
}

BOOST_AUTO_TEST_CASE(a_window_of_no_width_has_its_cell)
{
    set_up u(4, 4);
    u.receive(0.0, 0.0);
    slow::add_noise(u.buffer, 0.1, 3);
    const auto found = u.search(u.view(), 0.0, 0.0);
    BOOST_CHECK(found.found);
    BOOST_CHECK_SMALL(found.delay_s, 0.25e-6);
    BOOST_CHECK_EQUAL(found.doppler_hz, 0.0);
}

BOOST_AUTO_TEST_CASE(silence_and_nonsense_are_not_found)
{
    for (const float value : { 0.0f, std::numeric_limits<float>::quiet_NaN() }) {
        set_up u(4, 4);
        u.buffer[1000] = value;
        const auto result = u.search(u.view(), 40e-6, 5e3);
        BOOST_CHECK(!result.found);
        BOOST_CHECK_GT(result.cells, 0);
    }
}

BOOST_AUTO_TEST_CASE(a_wrong_probability_is_named)
{
    const carrier c;
    for (const double p : { 0.0, -1.0, 0.51, std::numeric_limits<double>::quiet_NaN() })
        BOOST_CHECK_EXCEPTION(prs_search(c, p), std::invalid_argument, [](const auto& e) {
            return std::string(e.what()).rfind("false_alarm_probability = ", 0) == 0;
        });
    prs_search(c, 0.5);
}
