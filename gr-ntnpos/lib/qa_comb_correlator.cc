/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qa_slow_signal.h"
#include <gnuradio/ntnpos/kernel/comb_correlator.h>
#include <boost/test/unit_test.hpp>

using namespace gr::ntnpos::kernel;

namespace {

struct scene {
    int scs_khz, n_rb, fft_size;
    bool phase_compensation;
    int comb, symbols, start_symbol, start_prb, num_rb, slot;
    double toa_s, rate;          // the truth at t = 0, rate constant
    double offset_s, doppler_hz; // what the model is off by
};

constexpr scene scenes[] = {
    { 15, 12, 256, false, 4, 4, 2, 0, 12, 0, 1e-4, 0.0, 0.0, 0.0 },
    { 15, 12, 256, true, 2, 2, 0, 0, 12, 3, 1.003e-4, 20e-6, 50e-9, 0.0 },
    { 15, 32, 512, false, 6, 6, 8, 4, 24, 1, 2.3701e-4, -24e-6, -70e-9, 300.0 },
    { 30, 24, 512, true, 12, 12, 1, 0, 24, 5, 0.7712e-4, 24e-6, 30e-9, -500.0 },
    { 60, 24, 512, true, 4, 12, 2, 0, 24, 7, 0.3e-4, -11e-6, 0.0, 0.0 },
};

struct set_up {
    explicit set_up(const scene& s)
    {
        c.scs_khz = s.scs_khz;
        c.n_rb = s.n_rb;
        c.sample_rate_hz = 1e3 * s.scs_khz * s.fft_size;
        c.phase_compensation = s.phase_compensation;
        c.frequency_hz = 2.0000123e9;
        r.sequence_id = 321;
        r.comb_size = s.comb;
        r.num_symbols = s.symbols;
        r.start_symbol = s.start_symbol;
        r.re_offset = s.comb - 1;
        r.start_prb = s.start_prb;
        r.num_rb = s.num_rb;
        r.periodicity_slots = 10 * s.scs_khz / 15;
        r.slot_offset = s.slot;
        BOOST_REQUIRE(!validate(r, c));
        auto predicted = std::make_shared<trajectory>();
        predicted->segments.push_back({ { 0, 0.0 }, { s.toa_s + s.offset_s, s.rate } });
        model = { predicted, { 0, 0.0 }, 0.0, -s.doppler_hz / c.frequency_hz };
        toa = [=](double t) { return s.toa_s + s.rate * t; };
        const int scale = s.scs_khz / 15;
        const double start = 1e-3 * (s.slot / scale) + slow::slot_in_subframe(c, s.slot);
        slot_sent = start;
        slot = s.slot;
        t0 = start + s.toa_s - 20e-6;
        buffer.assign(static_cast<size_t>((1.0e-3 / scale + 60e-6) * c.sample_rate_hz),
                      0.0f);
    }
    sample_view view()
    {
        return { buffer.data(),
                 0,
                 static_cast<int64_t>(buffer.size()),
                 { 0, t0 },
                 c.sample_rate_hz };
    }
    std::vector<int64_t> slots() const { return { slot }; }
    std::vector<instant> sent() const { return { { 0, slot_sent } }; }

    carrier c;
    prs_resource r;
    delay_model model;
    slow::delay toa;
    int64_t slot;
    double slot_sent, t0;
    slow::samples buffer;
};

} // namespace

BOOST_AUTO_TEST_CASE(any_samples_are_correlated_as_by_the_literal_sum)
{
    for (const auto& s : scenes) {
        set_up u(s);
        slow::add_noise(u.buffer, 1.0, 5);
        comb_correlator correlator(u.c);
        prs_replica replica(u.c, u.r);
        std::vector<symbol_channel> found;
        BOOST_REQUIRE(
            correlator.measure(u.view(), replica, u.slots(), u.sent(), u.model, found));
        BOOST_REQUIRE_EQUAL(found.size(), s.symbols);
        for (int l = 0; l < s.symbols; ++l) {
            const auto& symbol = found[l];
            const double centre =
                seconds_between(symbol.centre, { 0, u.t0 }) * u.c.sample_rate_hz;
            const int64_t window = std::llround(centre) - s.fft_size / 2;
            BOOST_REQUIRE_GE(window, 0);
            BOOST_CHECK_EQUAL(symbol.slot_index, 0);
            BOOST_CHECK_EQUAL(symbol.first_element,
                              first_subcarrier(u.r, l) - 12 * s.start_prb);
            BOOST_REQUIRE_EQUAL(symbol.values.size(),
                                static_cast<size_t>(elements_per_symbol(u.r)));
            // Time in the useful part at the window's centre; the replica is not
            // stretched there.
            const double toa_centre = u.model.at(symbol.centre);
            const double rate = u.model.rate_at(symbol.centre);
            double useful_sent = u.slot_sent;
            {
                double begun = 0.0;
                const int scale = s.scs_khz / 15, at = s.start_symbol + l;
                for (int i = 0; i <= at; ++i)
                    begun += (144.0 / scale +
                              ((s.slot % scale * 14 + i) % (7 * scale) == 0 ? 16 : 0) +
                              (i < at ? 2048.0 / scale : 0.0)) /
                             30.72e6;
                useful_sent += begun;
            }
            const double inside =
                seconds_between(symbol.centre, { 0, useful_sent }) - toa_centre;
            std::vector<std::complex<float>> values(elements_per_symbol(u.r));
            prs_symbol_values(u.r, u.c, s.slot, l, values.data());
            const double turn =
                u.c.phase_compensation
                    ? phase_compensation_cycles(u.c, s.slot, s.start_symbol + l)
                    : 0.0;
            double worst = 0.0;
            for (size_t m = 0; m < values.size(); m += 5) {
                const double f = (first_subcarrier(u.r, l) +
                                  static_cast<double>(m) * s.comb - 6.0 * s.n_rb) *
                                 s.scs_khz * 1e3;
                std::complex<double> sum = 0.0;
                for (int n = 0; n < s.fft_size; ++n) {
                    const double from_centre = (n - s.fft_size / 2) / u.c.sample_rate_hz;
                    const double cycles =
                        u.c.frequency_hz * (toa_centre + rate * from_centre) -
                        f * (inside + from_centre) + turn;
                    sum += std::complex<double>(u.buffer[window + n]) *
                           std::polar(1.0, 2.0 * M_PI * (cycles - std::floor(cycles)));
                }
                sum *= std::conj(std::complex<double>(values[m])) *
                       std::sqrt(12.0 * s.n_rb) / static_cast<double>(s.fft_size);
                worst = std::max(worst,
                                 std::abs(std::complex<double>(symbol.values[m]) - sum));
            }
            // Values are of unit size; f_c toa in double leaves 1e-10 cycles, single
            // precision 1e-6.
            BOOST_CHECK_LT(worst, 2e-5);
        }
    }
}

BOOST_AUTO_TEST_CASE(channel_of_an_exact_signal_is_gain_and_delay)
{
    for (const auto& s : scenes) {
        set_up u(s);
        const std::complex<double> gain(0.3, -0.5);
        slow::receive(u.c, u.r, u.slot, u.slot_sent, u.toa, gain, u.t0, u.buffer);
        comb_correlator correlator(u.c);
        prs_replica replica(u.c, u.r);
        std::vector<symbol_channel> found;
        BOOST_REQUIRE(
            correlator.measure(u.view(), replica, u.slots(), u.sent(), u.model, found));
        for (const auto& symbol : found) {
            const double t = seconds_between(symbol.centre, { 0, 0.0 });
            const double d = u.toa(t) - u.model.at(symbol.centre);
            // The carrier turns by f_c d; the subcarriers by their own frequency from the
            // carrier's.
            double worst = 0.0;
            for (size_t m = 0; m < symbol.values.size(); ++m) {
                const double k =
                    12.0 * s.start_prb + symbol.first_element + m * s.comb - 6.0 * s.n_rb;
                const double cycles = -(u.c.frequency_hz + k * s.scs_khz * 1e3) * d;
                const auto expected =
                    gain * std::polar(1.0, 2.0 * M_PI * (cycles - std::floor(cycles)));
                worst = std::max(
                    worst, std::abs(std::complex<double>(symbol.values[m]) - expected));
            }
            // What is left is other subcarriers': stretch of the band, and a model 500 Hz
            // off.
            const double leak = 3e-3 + 2.5 * std::abs(s.doppler_hz) / (s.scs_khz * 1e3);
            BOOST_TEST_MESSAGE(s.scs_khz << " kHz, comb " << s.comb << ": " << worst);
            BOOST_CHECK_LT(worst / std::abs(gain), leak);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_satellite_is_taken_out)
{
    for (const auto& s : scenes) {
        if (s.doppler_hz != 0.0 || s.offset_s != 0.0)
            continue;
        for (const double rate : { 20e-6, -24e-6, 0.0 }) {
            scene moved = s;
            moved.rate = rate;
            set_up u(moved);
            const std::complex<double> gain(0.8, 0.6);
            slow::receive(u.c, u.r, u.slot, u.slot_sent, u.toa, gain, u.t0, u.buffer);
            // A second path at a constant distance: one channel for all symbols.
            const double distance_s = 200e-9;
            const auto late = [&](double t) { return u.toa(t) + distance_s; };
            slow::receive(
                u.c, u.r, u.slot, u.slot_sent, late, gain * 0.5, u.t0, u.buffer);
            const double before = slow::energy(u.buffer);
            prs_replica replica(u.c, u.r);
            std::vector<std::complex<float>> channel;
            for (int k = 0; k < replica.span(); ++k) {
                const double f =
                    u.c.frequency_hz +
                    (12.0 * s.start_prb + k - 6.0 * s.n_rb) * s.scs_khz * 1e3;
                const double cycles = -f * distance_s;
                channel.emplace_back(
                    gain *
                    (1.0 +
                     0.5 * std::polar(1.0, 2.0 * M_PI * (cycles - std::floor(cycles)))));
            }
            comb_correlator correlator(u.c);
            correlator.add_replica(
                u.view(), replica, u.slots(), u.sent(), u.model, channel, 0.0, -1.0f);
            const double left_db = 10.0 * std::log10(slow::energy(u.buffer) / before);
            BOOST_TEST_MESSAGE(s.scs_khz << " kHz, rate " << rate << ": " << left_db
                                         << " dB");
            // The second path's first 200 ns of every symbol hold the symbol before, in
            // which the replica has this one.
            const double symbol_s = (2048.0 + 144.0) / 2048.0 * 1e-3 / s.scs_khz;
            const double most = 2.0 * 2.0 * 0.25 / 1.25 * distance_s / symbol_s;
            BOOST_CHECK_LT(left_db, 10.0 * std::log10(most));
        }
    }
}

BOOST_AUTO_TEST_CASE(one_path_is_taken_out_to_45_db)
{
    for (const auto& s : scenes)
        for (const double rate : { 20e-6, -24e-6, 0.0 }) {
            scene moved = s;
            moved.rate = rate;
            moved.offset_s = moved.doppler_hz = 0.0;
            set_up u(moved);
            slow::receive(
                u.c, u.r, u.slot, u.slot_sent, u.toa, { 0.8, 0.6 }, u.t0, u.buffer);
            const double before = slow::energy(u.buffer);
            const auto original = u.buffer;
            comb_correlator correlator(u.c);
            prs_replica replica(u.c, u.r);
            const std::vector<std::complex<float>> channel(replica.span(),
                                                           { 0.8f, 0.6f });
            correlator.add_replica(
                u.view(), replica, u.slots(), u.sent(), u.model, channel, 0.0, -1.0f);
            const double left_db = 10.0 * std::log10(slow::energy(u.buffer) / before);
            BOOST_TEST_MESSAGE(s.scs_khz << " kHz, rate " << rate << ": " << left_db
                                         << " dB");
            BOOST_CHECK_LT(left_db, -45.0);
            // And put back in.
            correlator.add_replica(
                u.view(), replica, u.slots(), u.sent(), u.model, channel, 0.0, 1.0f);
            double worst = 0.0;
            for (size_t n = 0; n < original.size(); ++n)
                worst = std::max<double>(worst, std::abs(u.buffer[n] - original[n]));
            BOOST_CHECK_LT(worst, 1e-6);
        }
}

BOOST_AUTO_TEST_CASE(what_the_samples_do_not_hold_is_not_touched_nor_measured)
{
    set_up u(scenes[0]);
    comb_correlator correlator(u.c);
    prs_replica replica(u.c, u.r);
    std::vector<symbol_channel> found;
    const std::vector<std::complex<float>> channel(replica.span(), 1.0f);
    const auto whole = [&] {
        set_up fresh(scenes[0]);
        correlator.add_replica(
            fresh.view(), replica, u.slots(), u.sent(), u.model, channel, 0.0, 1.0f);
        return fresh.buffer;
    }();
    // The windows reach from within the first prefix to shortly before the end of the
    // last symbol.
    const int begin = replica.first_sample(0) + 77,
              end = begin + replica.length_samples(0);
    struct {
        int first, stop;
        bool measured;
    } const cases[] = {
        { 0, static_cast<int>(whole.size()), true },
        { begin + 5, end - 5, true },
        { begin + 30, end, false },
        { begin, end - 30, false },
        { end + 10, end + 200, false },
        { begin + 300, begin + 300, false },
    };
    for (const auto& test : cases) {
        slow::samples part(test.stop - test.first, 0.0f);
        sample_view view{ part.data(),
                          test.first,
                          static_cast<int64_t>(part.size()),
                          { 0, u.t0 },
                          u.c.sample_rate_hz };
        BOOST_CHECK_EQUAL(
            correlator.measure(view, replica, u.slots(), u.sent(), u.model, found),
            test.measured);
        BOOST_CHECK_EQUAL(found.size(), test.measured ? 4 : 0);
        correlator.add_replica(
            view, replica, u.slots(), u.sent(), u.model, channel, 0.0, 1.0f);
        for (size_t n = 0; n < part.size(); ++n)
            BOOST_REQUIRE_SMALL(std::abs(part[n] - whole[test.first + n]), 1e-6f);
    }
}
