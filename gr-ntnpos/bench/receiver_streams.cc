/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comparison.h"
#include "receiver_scene.h"
#include <gnuradio/ntnpos/kernel/correlator_bank.h>
#include <gnuradio/ntnpos/kernel/moving_path.h>
#include <gnuradio/ntnpos/kernel/noise.h>
#include <gnuradio/ntnpos/kernel/prs_modulator.h>
#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

namespace gr::ntnpos::bench {

namespace {

using namespace kernel;

/* The receiver's kernels over a stream that begins anew with every call: satellites are
 * followed from the second call on, as in a receiver that runs. */
std::function<void()> receiver(int satellites, int fft_size, int rb, bool dense, double s)
{
    struct state {
        receiver_scene scene;
        samples received;
        std::unique_ptr<correlator_bank> bank;
        std::vector<first_path> detectors;
    };
    const auto r = std::make_shared<state>();
    r->scene = make_scene(satellites, fft_size, rb, rb, dense);
    r->received = received(r->scene, s);
    r->bank = std::make_unique<correlator_bank>(r->scene.carrier, r->scene.signals);
    for (int i = 0; i < satellites; ++i) {
        r->bank->set_window(i, r->scene.windows[i]);
        r->detectors.emplace_back(r->bank->profile_config(i));
    }
    return [r] {
        constexpr size_t chunk = 8192;
        r->bank->begin_segment({});
        for (size_t at = 0; at < r->received.size(); at += chunk)
            r->bank->push(r->received.data() + at,
                          std::min(chunk, r->received.size() - at));
        r->bank->end_segment();
        size_t found = 0;
        for (const auto& p : r->bank->take())
            if (p.status == occasion_status::found) {
                auto& detector = r->detectors[r->bank->index_of(p.satellite)];
                found += detector.detect(p.values.data()).detected;
            }
        if (found < r->detectors.size())
            throw std::runtime_error("the receiver of this measurement does not receive");
    };
}

/* A slot of nine satellites from transmitter to paths: sequences and symbols, delay and
 * Doppler, noise; then for each the correlation by its delay model and the first path. */
std::function<void()> chain(int num_rb)
{
    constexpr int satellites = 9;
    constexpr int64_t slot = 0;
    struct state {
        receiver_scene scene = make_scene(satellites, 4096, 272, 12, false);
        samples sent, received;
        std::vector<prs_modulator> modulators;
        std::vector<moving_path> paths;
        std::vector<prs_replica> replicas;
        std::vector<first_path> detectors;
        std::vector<occasion_estimate> estimates;
        std::unique_ptr<occasion_estimator> estimator;
    };
    const auto c = std::make_shared<state>();
    c->scene = make_scene(satellites, 4096, 272, num_rb, false);
    const carrier& grid = c->scene.carrier;
    for (int i = 0; i < satellites; ++i) {
        auto& prs = std::get<prs_resource>(c->scene.signals[i].resource);
        prs.start_symbol = 1; // all of it arrives within the slot's length
        auto& delay = c->scene.delays[i];
        delay.segments[0].coefficients[0] -= 1.8e-4;
        c->modulators.emplace_back(grid, std::vector<prs_resource>{ prs });
        moving_path_config path;
        path.toa = delay;
        path.sample_rate_hz = grid.sample_rate_hz;
        path.carrier_frequency_hz = grid.frequency_hz;
        path.occupied_band = std::min(0.8, 12.0 * num_rb / fft_size(grid) + 0.002);
        c->paths.emplace_back(path);
        c->replicas.emplace_back(grid, prs);
        first_path_config profile;
        profile.subcarriers = 12 * num_rb;
        profile.profile_points = fft_size(grid);
        c->detectors.emplace_back(profile);
        occasion_estimate estimate;
        estimate.model = { std::make_shared<trajectory>(delay), {}, 20e-9, 0.0 };
        c->estimates.push_back(estimate);
    }
    c->sent.resize(c->modulators[0].slot_samples(slot));
    c->received.resize(c->sent.size());
    c->estimator = std::make_unique<occasion_estimator>(grid);
    return [c] {
        const carrier& grid = c->scene.carrier;
        auto& out = c->received;
        std::fill(out.begin(), out.end(), std::complex<float>(0.0f));
        for (int i = 0; i < satellites; ++i) {
            c->modulators[i].modulate(slot, c->sent.data());
            c->paths[i].add(
                0, out.size(), { c->sent.data(), 0, c->sent.size() }, out.data());
        }
        add_noise(
            { 1, 0.1 * fft_size(grid) / (12.0 * grid.n_rb) }, 0, out.size(), out.data());
        const sample_view view{
            out.data(), 0, static_cast<int64_t>(out.size()), {}, grid.sample_rate_hz
        };
        for (int i = 0; i < satellites; ++i) {
            auto estimate = c->estimates[i];
            const auto outcome = c->estimator->estimate(view,
                                                        c->replicas[i],
                                                        c->detectors[i],
                                                        { { slot }, { {} } },
                                                        false,
                                                        0,
                                                        estimate);
            if (outcome != occasion_estimator::outcome::found)
                throw std::runtime_error("the chain of this measurement does not find");
        }
    };
}

constexpr double stream_s = 0.04;

comparison twice_the_satellites(const std::string& name)
{
    return { name,
             receiver(18, 512, 24, false, stream_s),
             receiver(9, 512, 24, false, stream_s) };
}

} // namespace

std::vector<comparison_maker> receiver_stream_comparisons()
{
    return { { "receiver_satellites_18_to_9", twice_the_satellites } };
}

std::vector<piece_maker> receiver_pieces()
{
    std::vector<piece_maker> pieces;
    for (const int rb : { 12, 272 })
        pieces.push_back({ "chain_rb_" + std::to_string(rb), [rb](auto& name) {
                              return piece{ name, chain(rb), 1.0 };
                          } });
    // The widest PRS that the rate holds.
    const struct {
        int fft_size, rb;
    } rates[] = { { 512, 24 }, { 2048, 132 }, { 4096, 272 } };
    for (const auto& rate : rates)
        for (const int satellites : { 1, 9, 18 })
            for (const bool dense : { false, true }) {
                const std::string name = std::string("receiver") +
                                         (dense ? "_dense" : "") + "_points_" +
                                         std::to_string(rate.fft_size) + "_satellites_" +
                                         std::to_string(satellites);
                // One call's signal in seconds in the place of samples.
                const double seconds = dense ? 0.017 : stream_s; // two occasions, four
                pieces.push_back(
                    { name, [=](auto& n) {
                         return piece{
                             n,
                             receiver(satellites, rate.fft_size, rate.rb, dense, seconds),
                             seconds
                         };
                     } });
            }
    return pieces;
}

} // namespace gr::ntnpos::bench
