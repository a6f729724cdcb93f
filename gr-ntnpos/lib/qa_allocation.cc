/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/comb_correlator.h>
#include <gnuradio/ntnpos/kernel/first_path.h>
#include <gnuradio/ntnpos/kernel/prs_modulator.h>
#include <gnuradio/ntnpos/kernel/prs_search.h>
#include <gnuradio/ntnpos/kernel/satellite_channel.h>
#include <gnuradio/ntnpos/kernel/srs_modulator.h>
#include <boost/test/unit_test.hpp>
#include <atomic>
#include <cstdlib>
#include <new>

/*
 * Kernels that say they allocate nothing, under an operator new that counts.
 */

namespace {
std::atomic<long> allocations{ 0 };
}

void* operator new(size_t size)
{
    ++allocations;
    if (void* memory = std::malloc(size))
        return memory;
    throw std::bad_alloc();
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

using namespace gr::ntnpos::kernel;

namespace {

template <typename work>
long allocations_of(const work& run)
{
    const long before = allocations;
    run();
    return allocations - before;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_counter_counts_here_and_in_the_library)
{
    BOOST_CHECK_EQUAL(allocations_of([] { std::vector<int> v(3); }), 1);
    BOOST_CHECK_GT(allocations_of([] { prs_modulator modulator({}, { {} }); }), 5);
}

BOOST_AUTO_TEST_CASE(a_slot_of_prs_allocates_nothing)
{
    carrier c;
    c.n_rb = 52;
    c.sample_rate_hz = 61.44e6; // few of its bins are occupied
    c.phase_compensation = true;
    prs_resource a, b, other;
    a.num_symbols = 12;
    a.periodicity_slots = b.periodicity_slots = other.periodicity_slots = 4;
    b = a;
    b.re_offset = 2; // the same comb as a in every second symbol
    other.comb_size = 6;
    other.num_symbols = 6;
    other.start_symbol = 5;
    other.slot_offset = 1;
    other.muting_option1_bits = { 1, 0 };
    for (const auto& resources : { std::vector<prs_resource>{ a }, { a, b, other } }) {
        prs_modulator modulator(c, resources);
        std::vector<std::complex<float>> out(modulator.slot_samples(0));
        BOOST_CHECK_EQUAL(allocations_of([&] {
                              for (int slot = -3; slot < 50; ++slot)
                                  modulator.modulate(slot, out.data());
                          }),
                          0);
        BOOST_CHECK_EQUAL(
            allocations_of([&] { modulator.symbol_grid(0, 3, out.data()); }), 0);
    }
}

BOOST_AUTO_TEST_CASE(a_slot_of_srs_allocates_nothing)
{
    carrier c;
    c.n_rb = 52;
    c.sample_rate_hz = 61.44e6;
    srs_resource a, b;
    a.periodicity_slots = b.periodicity_slots = 1;
    a.slot_offset = b.slot_offset = 0;
    a.group_or_sequence_hopping = srs_hopping::group;
    b.comb_offset = 1;
    b.cyclic_shift = 3;
    for (const auto& resources : { std::vector<srs_resource>{ a }, { a, b } }) {
        srs_modulator modulator(c, resources);
        std::vector<std::complex<float>> out(modulator.slot_samples(0));
        BOOST_CHECK_EQUAL(allocations_of([&] {
                              for (int slot = -3; slot < 50; ++slot)
                                  modulator.modulate(slot, out.data(), 0.01 * slot);
                          }),
                          0);
    }
}

BOOST_AUTO_TEST_CASE(a_correlated_occasion_allocates_nothing)
{
    carrier c;
    c.n_rb = 24;
    const auto predicted = std::make_shared<trajectory>();
    predicted->segments.push_back({ {}, { 2e-4, 2e-5 } });
    const delay_model model{ predicted, {}, 0.0, 0.0 };
    std::vector<std::complex<float>> samples(2 * 7680, 1.0f);
    const sample_view view{
        samples.data(), 0, static_cast<int64_t>(samples.size()), {}, c.sample_rate_hz
    };
    comb_correlator correlator(c);
    std::vector<symbol_channel> found;
    for (const int comb : { 4, 6, 12 }) {
        prs_resource r;
        r.comb_size = comb;
        r.num_symbols = 12;
        prs_replica replica(c, r);
        const std::vector<int64_t> slots{ 0 };
        const std::vector<instant> sent{ {} };
        const std::vector<std::complex<float>> channel(replica.span(), 1.0f);
        const auto both = [&] {
            BOOST_CHECK(correlator.measure(view, replica, slots, sent, model, found));
            correlator.add_replica(
                view, replica, slots, sent, model, channel, 0.0, -0.1f);
        };
        both(); // plans, replica, room
        BOOST_CHECK_EQUAL(allocations_of(both), 0);
    }
}

BOOST_AUTO_TEST_CASE(a_first_path_allocates_nothing)
{
    for (const auto method : { first_path_method::maximum_likelihood,
                               first_path_method::music,
                               first_path_method::threshold }) {
        first_path_config c;
        c.method = method;
        first_path detector(c);
        std::vector<std::complex<float>> channel(c.subcarriers),
            profile(c.profile_points);
        // One path, two and three, without noise and with what passes for it.
        for (const int paths : { 1, 2, 3 })
            for (const float noise : { 0.0f, 0.1f }) {
                for (int k = 0; k < c.subcarriers; ++k) {
                    channel[k] =
                        noise * static_cast<float>((k * 7919) % 101 - 50) / 50.0f;
                    for (int i = 0; i < paths; ++i)
                        channel[k] += std::polar(1.0f, -0.015f * i * k + i);
                }
                detector.profile_of(channel.data(), profile.data());
                size_t found = 0;
                BOOST_CHECK_EQUAL(allocations_of([&] {
                                      found =
                                          detector.detect(profile.data()).paths.size();
                                      detector.detect_channel(channel.data());
                                  }),
                                  0);
                BOOST_CHECK_GE(found, 1);
            }
    }
}

BOOST_AUTO_TEST_CASE(a_search_like_one_before_allocates_nothing)
{
    for (const int num_rb : { 12, 104 }) { // at a lower rate; at the rate
        carrier c;
        c.n_rb = 104;
        c.sample_rate_hz = 30.72e6;
        prs_resource r;
        r.num_rb = num_rb;
        const auto predicted = std::make_shared<trajectory>();
        predicted->segments.push_back({ {}, { 2e-4, 2e-5 } });
        const delay_model model{ predicted, {}, 0.0, 0.0 };
        std::vector<std::complex<float>> samples(2 * 30720, 1.0f);
        const sample_view view{
            samples.data(), 0, static_cast<int64_t>(samples.size()), {}, c.sample_rate_hz
        };
        prs_search search(c, 1e-4);
        prs_replica replica(c, r);
        const std::vector<int64_t> slots{ 0 };
        const std::vector<instant> sent{ {} };
        const auto once = [&] {
            search.search(view, replica, slots, sent, model, 10e-6, 2e3);
        };
        once();
        BOOST_CHECK_EQUAL(allocations_of(once), 0);
    }
}

BOOST_AUTO_TEST_CASE(the_channel_allocates_nothing)
{
    channel_config config;
    config.receiver.noise = { 1, 1.0 };
    for (const double rate : { -24e-6, 24e-6 }) {
        channel_path path;
        path.input = static_cast<int>(config.paths.size());
        path.delay.segments = { { {}, { 1e-4, rate } },
                                { { 0, 1e-3 }, { 1e-4, -rate } } };
        config.paths.push_back(path);
    }
    config.paths[1].fading.model = fading_model::ntn_tdl_d;
    config.paths[1].fading.ue_speed_m_s = 250.0;
    for (const double band : { 0.5, 0.8 }) {
        config.occupied_band = band;
        satellite_channel channel(config);
        const std::vector<std::complex<float>> input(20000, 1.0f);
        const std::vector<input_view> inputs(2, { input.data(), 0, input.size() });
        const std::vector<int64_t> ends(2, 20000);
        std::vector<std::complex<float>> out(20000);
        BOOST_CHECK_EQUAL(allocations_of([&] {
                              channel.process(-777, 20000, inputs, out.data());
                              channel.input_range(1, 5000, 10000);
                              channel.producible(15000, 10000, ends);
                          }),
                          0);
    }
}
