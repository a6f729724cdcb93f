/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comparison.h"
#include "filter_sums.h"
#include <gnuradio/ntnpos/kernel/satellite_channel.h>
#include <volk/volk_alloc.hh>
#include <algorithm>
#include <complex>
#include <cstdint>
#include <memory>
#include <random>

namespace gr::ntnpos::bench {

namespace {

using namespace kernel;
using samples = volk::vector<std::complex<float>>; // aligned as GNU Radio's buffers are

constexpr size_t COUNT = 8192; // output samples of one call

comparison noise()
{
    const auto out = std::make_shared<samples>(COUNT);
    const auto index = std::make_shared<int64_t>(0);
    const auto rng = std::make_shared<std::mt19937>(1);
    const auto normal = std::make_shared<std::normal_distribution<float>>();
    return { "noise",
             [=] {
                 add_noise({ 1, 1.0 }, *index, COUNT, out->data());
                 *index += COUNT;
                 keep(out->data()[0]);
             },
             [=] {
                 constexpr float amplitude = 0.70710678f;
                 for (auto& x : *out)
                     x += std::complex<float>(amplitude * (*normal)(*rng),
                                              amplitude * (*normal)(*rng));
                 keep(out->data()[0]);
             } };
}

template <size_t width, size_t taps>
NTNPOS_INLINE void filter(const float* h, const float* x, size_t numbers, float* out)
{
    constexpr size_t vectors = 4;
    for (size_t at = 0; at < numbers; at += vectors * width) {
        filter_sums<width, taps, vectors> s;
        s.add_up(h, x + at);
        for (size_t p = 0; p < vectors; ++p)
            lanes<width>::at(out + at + p * width) = s.sum[p];
    }
}
template <size_t width>
NTNPOS_INLINE void filter_16(const float* h, const float* x, size_t n, float* out)
{
    filter<width, 16>(h, x, n, out);
}
template <size_t width>
NTNPOS_INLINE void filter_20(const float* h, const float* x, size_t n, float* out)
{
    filter<width, 20>(h, x, n, out);
}
#define ARGUMENTS (const float* h, const float* x, size_t n, float* out)
NTNPOS_VERSIONS(ARGUMENTS, (h, x, n, out), bare_16, filter_16)
NTNPOS_VERSIONS(ARGUMENTS, (h, x, n, out), bare_20, filter_20)
#undef ARGUMENTS

// One path over a band that needs so many taps, beside nothing but its multiply-adds,
// made in the same way: the taps stand still, no phase turns, nothing is added to.
comparison path(const std::string& name,
                double band,
                size_t taps,
                void (*bare)(const float*, const float*, size_t, float*))
{
    moving_path_config config;
    config.sample_rate_hz = 30.72e6;
    config.occupied_band = band;
    config.toa.segments = { { {}, { 2e-6, -24e-6, 1e-7 } } };
    const auto kernel = std::make_shared<moving_path>(config);
    const auto input = std::make_shared<samples>(2 * COUNT);
    std::mt19937 rng(3);
    for (auto& x : *input)
        x = { (rng() & 1) ? 1.0f : -1.0f, 0.5f };
    const auto out = std::make_shared<samples>(COUNT);
    const auto h = std::make_shared<std::vector<float>>(taps, 0.1f);
    return {
        name,
        [=] {
            kernel->add(4096, COUNT, { input->data(), 0, input->size() }, out->data());
            keep(out->data()[0]);
        },
        [=] {
            bare(h->data(),
                 reinterpret_cast<const float*>(input->data() + 4096 - 77),
                 2 * COUNT,
                 reinterpret_cast<float*>(out->data()));
            keep(out->data()[0]);
        }
    };
}

// One tap that fades beside a path that does not, at 30.72 MS/s and 2 GHz, over the
// stream as it goes on: 30 m/s, so that a period of the Doppler takes 150 000 samples.
comparison fading_path()
{
    moving_path_config config;
    config.sample_rate_hz = 30.72e6;
    config.toa.segments = { { {}, { 2e-6, -24e-6, 1e-7 } } };
    path_fading fading;
    fading.ue_speed_m_s = 30.0;
    const double doppler_hz = max_doppler_hz(fading, config.carrier_frequency_hz);
    const auto tap = std::make_shared<tap_gain>(
        fading_process(std::make_shared<doppler_filter>(doppler_hz), 1),
        doppler_hz,
        0.5,
        0.5,
        config.output_start,
        config.sample_rate_hz);
    const auto kernel = std::make_shared<moving_path>(config);
    const auto input = std::make_shared<samples>(2 * COUNT);
    std::mt19937 rng(3);
    for (auto& x : *input)
        x = { (rng() & 1) ? 1.0f : -1.0f, 0.5f };
    const auto out = std::make_shared<samples>(COUNT);
    const auto side = [=](tap_gain* gain) {
        const auto first = std::make_shared<int64_t>(0);
        return [=] {
            kernel->add(*first,
                        COUNT,
                        { input->data(), *first - int64_t{ COUNT } / 2, input->size() },
                        out->data(),
                        gain ? tap.get() : nullptr);
            *first = (*first + int64_t{ COUNT }) % (1 << 22);
            keep(out->data()[0]);
        };
    };
    return { "fading_path", side(tap.get()), side(nullptr) };
}

// So many satellites at 30.72 MS/s and 2 GHz that move by up to 24 us/s, each with its
// own input, summed; noise of that power. The band is what the inputs may occupy.
std::function<void()> channel(int satellites, double noise_power, double band = 0.8)
{
    struct state {
        std::unique_ptr<satellite_channel> kernel;
        std::vector<samples> inputs;
        std::vector<input_view> views;
        samples out;
    };
    const auto s = std::make_shared<state>();
    channel_config config;
    config.sample_rate_hz = 30.72e6;
    config.receiver.noise = { 1, noise_power };
    config.occupied_band = band;
    std::mt19937 rng(2);
    s->inputs.resize(satellites);
    for (int i = 0; i < satellites; ++i) {
        channel_path path;
        path.input = i;
        const double rate = 24e-6 * (2.0 * i / satellites - 1.0);
        path.delay.segments = { { {}, { 2e-6 + 1e-7 * i, rate, 1e-7 } } };
        config.paths.push_back(path);
        for (size_t n = 0; n < 2 * COUNT; ++n)
            s->inputs[i].push_back({ (rng() & 1) ? 1.0f : -1.0f, 0.5f });
        s->views.push_back({ s->inputs[i].data(), 0, s->inputs[i].size() });
    }
    s->kernel = std::make_unique<satellite_channel>(config);
    s->out.resize(COUNT);
    return [s] {
        s->kernel->process(4096, COUNT, s->views, s->out.data());
        keep(s->out.data()[0]);
    };
}

} // namespace

std::vector<comparison> channel_comparisons()
{
    return { noise(),
             path("path_16_taps", 0.74, 16, bare_16),
             path("path_20_taps", 0.8, 20, bare_20),
             fading_path(),
             { "satellites_18_to_9", channel(18, 1.0), channel(9, 1.0) } };
}

std::vector<piece> channel_pieces()
{
    return { { "one_satellite_and_noise", channel(1, 1.0), COUNT },
             { "nine_satellites", channel(9, 0.0), COUNT },
             { "one_satellite_and_noise_half_band", channel(1, 1.0, 0.5), COUNT },
             { "nine_satellites_half_band", channel(9, 0.0, 0.5), COUNT } };
}

} // namespace gr::ntnpos::bench
