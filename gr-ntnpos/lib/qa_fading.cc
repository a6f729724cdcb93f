/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/noise.h>
#include <gnuradio/ntnpos/kernel/satellite_channel.h>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>
#include <vector>

using namespace gr::ntnpos::kernel;
using cvec = std::vector<std::complex<float>>;
using std::complex;

namespace {

constexpr double carrier_hz = 2e9;

double speed_of(double doppler_hz) { return doppler_hz / carrier_hz * 299792458.0; }

path_fading fading_of(fading_model model, double doppler_hz, uint64_t seed = 1)
{
    path_fading f;
    f.model = model;
    f.ue_speed_m_s = speed_of(doppler_hz);
    f.seed = seed;
    return f;
}

/*
 * A Rayleigh tap by its definition, at any time, slowly: the sum of all noise values
 * within reach, each times the filter's continuous pulse there. The pulse is the integral
 * of the root of the Jakes spectrum, smoothed by a normal distribution: by quadrature
 * over the angle of arrival and over frequency, where the kernel transforms J_0.
 */
class slow_tap
{
public:
    slow_tap(double doppler_hz, uint64_t key) : d_key(key)
    {
        const doppler_filter filter(doppler_hz);
        d_rate = filter.rate_hz();
        d_ratio = d_rate / doppler_hz;
        constexpr double sigma = 0.005;
        constexpr int angles = 4000, steps = 2400;
        for (int i = 0; i < steps; ++i) {
            const double f = 1.05 * (i + 0.5) / steps;
            double power = 0.0;
            for (int k = 0; k < angles; ++k) {
                const double off = (f - std::cos(M_PI * (k + 0.5) / angles)) / sigma;
                power += std::exp(-0.5 * off * off);
            }
            d_frequency.push_back(f);
            d_amplitude.push_back(std::sqrt(power));
        }
        double energy = 0.0;
        for (int m = -450; m <= 450; ++m)
            energy += pulse(m) * pulse(m);
        d_scale = 1.0 / std::sqrt(energy);
    }
    // Times are whole seconds and a fraction that is a multiple of 2^-20.
    complex<double> at(const instant& t) const
    {
        const long double position = static_cast<long double>(d_rate) * t.full_s +
                                     static_cast<long double>(d_rate) * t.frac_s;
        const auto middle = static_cast<int64_t>(std::floor(position));
        const auto mu = static_cast<double>(position - middle);
        const int half = static_cast<int>(72.0 * d_ratio);
        cvec noise(2 * half + 1);
        write_noise({ d_key, 1.0 }, middle - half, noise.size(), noise.data());
        complex<double> sum = 0.0;
        for (int m = -half; m <= half; ++m)
            sum += complex<double>(noise[m + half]) * (d_scale * pulse(mu - m));
        return sum;
    }

private:
    // At a distance in grid values.
    double pulse(double distance) const
    {
        double sum = 0.0;
        const double periods = distance / d_ratio;
        for (size_t i = 0; i < d_frequency.size(); ++i)
            sum += d_amplitude[i] * std::cos(2.0 * M_PI * d_frequency[i] * periods);
        return sum;
    }

    uint64_t d_key;
    double d_rate, d_ratio, d_scale = 1.0;
    std::vector<double> d_frequency, d_amplitude;
};

channel_config channel_of(const std::vector<path_fading>& fading)
{
    channel_config c;
    c.carrier_frequency_hz = carrier_hz;
    c.receiver.start = { 1000, 0.25 };
    for (size_t i = 0; i < fading.size(); ++i) {
        channel_path path;
        path.input = static_cast<int>(i);
        path.delay.segments = { { { 1000, 0.25 }, { 1e-4, -24e-6, 3e-7 } } };
        path.input_start = { 1000, 0.25 };
        path.fading = fading[i];
        c.paths.push_back(path);
    }
    return c;
}

cvec run(const channel_config& config, int64_t first, size_t count, size_t chunk)
{
    satellite_channel channel(config);
    cvec out(count);
    std::mt19937 random(1);
    for (size_t at = 0; at < count;) {
        const size_t here = std::min(count - at, chunk ? chunk : 1 + random() % 700);
        const auto from = first + static_cast<int64_t>(at);
        std::vector<cvec> inputs(channel.inputs());
        std::vector<input_view> views;
        for (size_t i = 0; i < inputs.size(); ++i) {
            const auto range = channel.input_range(i, from, here);
            for (int64_t n = range.first; n < range.end; ++n)
                inputs[i].emplace_back(n % 3 == 0 ? 1.0f : -0.5f, n % 7 == 0 ? 1 : 0);
            views.push_back({ inputs[i].data(), range.first, inputs[i].size() });
        }
        channel.process(from, here, views, out.data() + at);
        at += here;
    }
    return out;
}

} // namespace

// At the start, after 24 hours and far beyond 2^32 grid values; slow and fast.
BOOST_AUTO_TEST_CASE(a_tap_is_its_definition_at_any_time)
{
    for (const double doppler_hz : { 0.02, 5.5, 1852.0 }) {
        const uint64_t key = fading_process::key_of(7, 2, 1);
        const slow_tap slow(doppler_hz, key);
        fading_process process(std::make_shared<doppler_filter>(doppler_hz), key);
        double error = 0.0, power = 0.0;
        std::mt19937_64 random(3);
        for (const int64_t full_s : { int64_t{ -5 },
                                      int64_t{ 0 },
                                      int64_t{ 86400 },
                                      int64_t{ 1759838400 },
                                      int64_t{ 1 } << 36 })
            for (int i = 0; i < 4; ++i) {
                const instant t{ full_s + i,
                                 static_cast<double>(random() % (1 << 20)) * 0x1p-20 };
                complex<float> got;
                process.at(t, 0.0, 1, &got);
                const auto want = slow.at(t);
                error += std::norm(complex<double>(got) - want);
                power += std::norm(want);
            }
        const double evm = 10.0 * std::log10(error / power);
        BOOST_TEST_MESSAGE(doppler_hz << " Hz: " << evm << " dB");
        BOOST_CHECK_LT(evm, -60.0);
        BOOST_CHECK_GT(power, 4.0);
    }
}

// The gains along a block against the process itself at every 16th sample.
BOOST_AUTO_TEST_CASE(gains_of_a_block_follow_the_process)
{
    const double rate_hz = 1.92e6;
    const instant start{ 5, 0.125 };
    for (const double doppler_hz : { 0.0, 3.0, 400.0, rate_hz / 1024 }) {
        const auto filter =
            doppler_hz > 0.0 ? std::make_shared<doppler_filter>(doppler_hz) : nullptr;
        fading_process process(filter, 11);
        tap_gain tap(process, doppler_hz, 0.5, 0.25, start, rate_hz);
        double error = 0.0, power = 0.0;
        for (const int64_t first :
             { int64_t{ 0 }, int64_t{ 2048 }, int64_t{ 1 } << 40 }) {
            float re[tap_gain::gains], im[tap_gain::gains];
            tap.at_block(first, re, im);
            cvec at(tap_gain::gains);
            process.at(sample_instant(start, first, rate_hz),
                       tap_gain::step / rate_hz,
                       at.size(),
                       at.data());
            for (size_t i = 0; i < at.size(); ++i) {
                const auto want = std::sqrt(0.5f) + 0.5f * at[i];
                error += std::norm(complex<float>(re[i], im[i]) - want);
                power += 0.25 * std::norm(at[i]);
            }
        }
        BOOST_CHECK_LT(10.0 * std::log10(error / power), -65.0);
    }
}

BOOST_AUTO_TEST_CASE(any_chunking_gives_the_same_bits)
{
    const auto config = channel_of({ fading_of(fading_model::ntn_tdl_b, 700.0),
                                     fading_of(fading_model::ntn_tdl_d, 20.0),
                                     fading_of(fading_model::los, 20.0) });
    for (const int64_t first :
         { int64_t{ -3000 }, (int64_t{ 1 } << 32) - 5000, int64_t{ 86400 } * 7680000 }) {
        const auto whole = run(config, first, 10000, 10000);
        for (const size_t chunk : { 7, 4096, 0 }) // 0: random sizes
            BOOST_CHECK(run(config, first, 10000, chunk) == whole);
    }
}

BOOST_AUTO_TEST_CASE(a_reception_that_starts_later_fades_on)
{
    auto config = channel_of({ fading_of(fading_model::ntn_tdl_a, 300.0) });
    const int64_t later = 7680 * 1000 + 2048; // a multiple of 2048 samples
    const auto from_the_start = run(config, later, 6000, 6000);
    config.receiver.start =
        sample_instant(config.receiver.start, later, config.sample_rate_hz);
    config.paths[0].input_start =
        sample_instant(config.paths[0].input_start, later, config.sample_rate_hz);
    satellite_channel channel(config);
    const auto range = channel.input_range(0, 0, 6000);
    cvec input;
    for (int64_t n = range.first + later; n < range.end + later; ++n)
        input.emplace_back(n % 3 == 0 ? 1.0f : -0.5f, n % 7 == 0 ? 1 : 0);
    cvec out(6000);
    channel.process(0, 6000, { { input.data(), range.first, input.size() } }, out.data());
    double error = 0.0, power = 0.0;
    for (size_t i = 0; i < out.size(); ++i) {
        error += std::norm(out[i] - from_the_start[i]);
        power += std::norm(out[i]);
    }
    BOOST_CHECK_LT(10.0 * std::log10(error / power), -70.0);
}

BOOST_AUTO_TEST_CASE(seeds_paths_and_taps_have_taps_of_their_own)
{
    const auto f = fading_of(fading_model::ntn_tdl_a, 100.0);
    auto other = f;
    other.seed = 2;
    const instant t{ 3, 0.0 };
    cvec values = fading_gains(f, carrier_hz, 0, t, 0.0, 1);
    for (const auto& more : { fading_gains(f, carrier_hz, 1, t, 0.0, 1),
                              fading_gains(other, carrier_hz, 0, t, 0.0, 1) })
        values.insert(values.end(), more.begin(), more.end());
    for (size_t i = 0; i < values.size(); ++i)
        for (size_t k = 0; k < i; ++k)
            BOOST_CHECK_GT(std::abs(values[i] - values[k]), 1e-3f);
}

// Two paths of the same seed fade apart, and one path is the same beside others.
BOOST_AUTO_TEST_CASE(an_update_of_the_trajectory_lets_the_fading_go_on)
{
    const auto config = channel_of({ fading_of(fading_model::ntn_tdl_d, 300.0) });
    satellite_channel straight(config), updated(config);
    const auto at = sample_instant(config.receiver.start, 3000, config.sample_rate_hz);
    const auto& old = config.paths[0].delay;
    // The same delay, expanded about another time.
    BOOST_CHECK(!updated.prolong(
        0, { { at, { delay_at(old, at), delay_rate_at(old, at), 3e-7 } } }, 100));
    const cvec input(9000, { 1.0f, 0.5f });
    const std::vector<input_view> views{ { input.data(), 0, input.size() } };
    cvec a(8000), b(8000);
    straight.process(0, a.size(), views, a.data());
    updated.process(0, b.size(), views, b.data());
    double error = 0.0, power = 0.0;
    for (size_t i = 0; i < a.size(); ++i) {
        error += std::norm(a[i] - b[i]);
        power += std::norm(a[i]);
    }
    BOOST_CHECK_LT(10.0 * std::log10(error / power), -90.0);
}

BOOST_AUTO_TEST_CASE(without_speed_the_taps_stand_still)
{
    const auto f = fading_of(fading_model::ntn_tdl_c, 0.0);
    const auto gains = fading_gains(f, carrier_hz, 0, { 0, 0.0 }, 100.0, 50);
    for (size_t i = 0; i < gains.size(); ++i)
        BOOST_CHECK_EQUAL(gains[i], gains[i / 50 * 50]);
}

BOOST_AUTO_TEST_CASE(the_validator_names_the_field_the_value_and_what_is_allowed)
{
    const auto message = [](auto change) {
        auto config = channel_of({ fading_of(fading_model::ntn_tdl_c, 30.0) });
        change(config.paths[0].fading);
        const auto error = validate(config);
        return error ? error->message() : std::string();
    };
    using fading = path_fading;
    BOOST_CHECK_EQUAL(message([](fading&) {}), "");
    BOOST_CHECK_EQUAL(message([](fading& f) { f.model = static_cast<fading_model>(9); }),
                      "paths[0].fading.model = 9: must be los, ntn-tdl-a, ntn-tdl-b, "
                      "ntn-tdl-c, ntn-tdl-d");
    BOOST_CHECK_EQUAL(message([](fading& f) { f.delay_spread_s = -1e-9; }),
                      "paths[0].fading.delay_spread_s = -1e-09: must be in 0..1e-5");
    BOOST_CHECK_EQUAL(message([](fading& f) { f.ue_speed_m_s = 3000.0; }),
                      "paths[0].fading.ue_speed_m_s = 3000: must be >= 0 with a maximum "
                      "Doppler up to 7500 Hz, 1/1024 of the sample rate");
    BOOST_CHECK_EQUAL(message([](fading& f) { f.ue_speed_m_s = NAN; }),
                      "paths[0].fading.ue_speed_m_s = nan: must be >= 0 with a maximum "
                      "Doppler up to 7500 Hz, 1/1024 of the sample rate");
    BOOST_CHECK_EQUAL(message([](fading& f) { f.k_factor_db = 101.0; }),
                      "paths[0].fading.k_factor_db = 101: must be in -100..100");
    BOOST_CHECK_EQUAL(message([](fading& f) {
                          f.k_factor_db = 3.0;
                          f.model = fading_model::ntn_tdl_a;
                      }),
                      "paths[0].fading.k_factor_db = 3: must be none for ntn-tdl-a: "
                      "ntn-tdl-c and ntn-tdl-d have one");
    BOOST_CHECK(fading_model_of("ntn-tdl-b") == fading_model::ntn_tdl_b);
    BOOST_CHECK(!fading_model_of("NTN-TDL-E"));
}
