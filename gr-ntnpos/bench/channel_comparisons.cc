/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comparison.h"
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

// So many satellites at 30.72 MS/s and 2 GHz that move by up to 24 us/s, each with its
// own input, summed; noise of that power.
std::function<void()> channel(int satellites, double noise_power)
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
    return { noise(), { "satellites_18_to_9", channel(18, 1.0), channel(9, 1.0) } };
}

std::vector<piece> channel_pieces()
{
    return { { "one_satellite_and_noise", channel(1, 1.0), COUNT },
             { "nine_satellites", channel(9, 0.0), COUNT } };
}

} // namespace gr::ntnpos::bench
