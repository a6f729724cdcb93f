/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "receiver_scene.h"
#include <gnuradio/ntnpos/kernel/moving_path.h>
#include <gnuradio/ntnpos/kernel/noise.h>
#include <gnuradio/ntnpos/kernel/prs_modulator.h>
#include <cmath>
#include <string>

namespace gr::ntnpos::bench {

using namespace kernel;

namespace {

constexpr double snr = 10.0;
constexpr double scs_hz = 15e3;

} // namespace

receiver_scene
make_scene(int satellites, int fft_size, int n_rb, int num_rb, bool every_slot)
{
    receiver_scene scene;
    scene.carrier.n_rb = n_rb;
    scene.carrier.sample_rate_hz = scs_hz * fft_size;
    for (int i = 0; i < satellites; ++i) {
        prs_resource prs;
        prs.sequence_id = 100 + i;
        prs.comb_size = 4;
        prs.re_offset = i % 4;
        prs.num_symbols = 12;
        prs.start_prb = (n_rb - num_rb) / 2;
        prs.num_rb = num_rb;
        if (every_slot) {
            prs.periodicity_slots = 8;
            prs.repetition_factor = 8;
        }
        scene.signals.push_back({ std::to_string(i), prs, { 0, 0.0 } });
        const double place = (i + 0.5) / satellites; // 0..1
        const double delay = 2e-4 + 30e-6 * std::fmod(0.618 * i, 1.0);
        const double rate = 24e-6 * (2.0 * place - 1.0);
        const double turn = 1.5e-7; // s/s^2, half of 600 Hz/s
        scene.delays.push_back({ { { {}, { delay, rate, turn } } } });
        const double off = std::fmod(0.382 * i, 1.0) - 0.5;
        scene.windows.push_back(
            { { { { {}, { delay + 2e-6 * off, rate + 1e-7 * off, turn } } } },
              5e-6,
              500.0 });
    }
    return scene;
}

samples received(const receiver_scene& scene, double seconds)
{
    const carrier& c = scene.carrier;
    const auto count = static_cast<size_t>(seconds * c.sample_rate_hz);
    const auto slots = static_cast<int64_t>(std::ceil(1e3 * seconds));
    samples out(count);
    // An element of amplitude 1 is 1 / sqrt(12 n_rb) in time.
    add_noise({ 3, fft_size(c) / (12.0 * c.n_rb) / snr }, 0, count, out.data());
    samples sent;
    for (size_t i = 0; i < scene.signals.size(); ++i) {
        prs_modulator modulator(c, { std::get<prs_resource>(scene.signals[i].resource) });
        sent.clear();
        for (int64_t slot = 0; slot < slots; ++slot) {
            const size_t begin = sent.size();
            sent.resize(begin + modulator.slot_samples(slot));
            modulator.modulate(slot, sent.data() + begin);
        }
        moving_path_config path;
        path.toa = scene.delays[i];
        path.sample_rate_hz = c.sample_rate_hz;
        path.carrier_frequency_hz = c.frequency_hz;
        moving_path(path).add(0, count, { sent.data(), 0, sent.size() }, out.data());
    }
    return out;
}

} // namespace gr::ntnpos::bench
