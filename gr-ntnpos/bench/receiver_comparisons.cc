/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comparison.h"
#include "receiver_scene.h"
#include <gnuradio/ntnpos/kernel/comb_correlator.h>
#include <gnuradio/ntnpos/kernel/fft.h>
#include <gnuradio/ntnpos/kernel/first_path.h>
#include <gnuradio/ntnpos/kernel/prs_search.h>
#include <fftw3.h>
#include <volk/volk.h>
#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>

namespace gr::ntnpos::bench {

namespace {

using namespace kernel;

constexpr int FFT_SIZE = 4096;
constexpr int GRID_RB = 272;
constexpr int SYMBOLS = 12;
constexpr int SATELLITES = 9;

//! FFTW's own transform, planned without measuring, from one buffer to another.
class bare_fft
{
public:
    bare_fft(int size, int sign)
        : in(size),
          out(size),
          d_plan(fftwf_plan_dft_1d(size,
                                   reinterpret_cast<fftwf_complex*>(in.data()),
                                   reinterpret_cast<fftwf_complex*>(out.data()),
                                   sign,
                                   FFTW_ESTIMATE))
    {
        std::fill(in.begin(), in.end(), std::complex<float>(1.0f, 0.5f));
    }
    ~bare_fft() { fftwf_destroy_plan(d_plan); }
    bare_fft(const bare_fft&) = delete;
    void execute() const { fftwf_execute(d_plan); }

    samples in, out;

private:
    fftwf_plan d_plan;
};

samples white(size_t count, double power, int seed)
{
    std::mt19937 rng(seed);
    std::normal_distribution<float> normal(0.0f, std::sqrt(0.5 * power));
    samples out;
    for (size_t i = 0; i < count; ++i) {
        const float re = normal(rng);
        out.emplace_back(re, normal(rng));
    }
    return out;
}

delay_model model_of(const trajectory& predicted)
{
    return { std::make_shared<trajectory>(predicted), {}, 0.0, 0.0 };
}

// Every symbol of a slot for nine satellites, each with its own delay and Doppler.
class nine_satellites
{
public:
    explicit nine_satellites(int num_rb)
        : d_scene(make_scene(SATELLITES, FFT_SIZE, GRID_RB, num_rb, false)),
          d_received(white(1.4e-3 * d_scene.carrier.sample_rate_hz, 1.0, 1)),
          d_view{ d_received.data(),
                  0,
                  static_cast<int64_t>(d_received.size()),
                  {},
                  d_scene.carrier.sample_rate_hz },
          d_correlator(d_scene.carrier)
    {
        for (int i = 0; i < SATELLITES; ++i) {
            d_replicas.emplace_back(d_scene.carrier, d_scene.signals[i].resource);
            d_models.push_back(model_of(d_scene.delays[i]));
        }
    }
    // work(the symbols' channels) for each satellite
    template <typename F>
    void measure(const F& work)
    {
        for (int i = 0; i < SATELLITES; ++i) {
            d_correlator.measure(
                d_view, d_replicas[i], { 0 }, { {} }, d_models[i], d_out);
            work(d_out);
        }
    }

private:
    receiver_scene d_scene;
    samples d_received;
    sample_view d_view;
    comb_correlator d_correlator;
    std::vector<prs_replica> d_replicas;
    std::vector<delay_model> d_models;
    std::vector<symbol_channel> d_out;
};

void repeat(const bare_fft& fft, int count)
{
    for (int i = 0; i < count; ++i)
        fft.execute();
    keep(fft.out[0]);
}

// Beside a bare transform of so many points for each of them.
comparison correlator(const std::string& name, int num_rb, int reference_points)
{
    const auto all = std::make_shared<nine_satellites>(num_rb);
    const auto fft = std::make_shared<bare_fft>(reference_points, FFTW_FORWARD);
    return { name,
             [=] { all->measure([](const auto& channels) { keep(channels); }); },
             [=] { repeat(*fft, SATELLITES * SYMBOLS); } };
}

// From each symbol on to a delay profile of the comb's length, beside the bare transforms
// of that: a forward one of the whole symbol, once for all satellites, or one of the
// comb's length for each; and an inverse one of the comb's length for each.
comparison profiles(const std::string& name, int num_rb, bool shared)
{
    constexpr int comb_points = FFT_SIZE / 4;
    const auto all = std::make_shared<nine_satellites>(num_rb);
    // Not scaled, delay 0 first.
    const auto to_profile = std::make_shared<fft>(
        comb_points, fft::direction::inverse, fft::placement::separate);
    std::fill_n(to_profile->data(), comb_points, std::complex<float>());
    const auto forward =
        std::make_shared<bare_fft>(shared ? FFT_SIZE : comb_points, FFTW_FORWARD);
    const auto inverse = std::make_shared<bare_fft>(comb_points, FFTW_BACKWARD);
    return { name,
             [=] {
                 all->measure([&](const auto& channels) {
                     for (const auto& c : channels) {
                         std::copy(c.values.begin(), c.values.end(), to_profile->data());
                         to_profile->execute();
                         keep(*to_profile->result());
                     }
                 });
             },
             [=] {
                 repeat(*forward, (shared ? 1 : SATELLITES) * SYMBOLS);
                 repeat(*inverse, SATELLITES * SYMBOLS);
             } };
}

// A circular correlation without decimation.
struct plain_correlation {
    // The least size of small factors that holds a window of a slot and the replica.
    static constexpr int size = 115200;
    bare_fft forward{ size, FFTW_FORWARD }, inverse{ size, FFTW_BACKWARD };
    samples replica = samples(size, { 1.0f, 0.0f });
    volk::vector<float> power = volk::vector<float>(size);
    uint32_t best = 0;

    void run(int rows)
    {
        forward.execute();
        const auto* spectrum = forward.out.data();
        auto* product = inverse.in.data();
        for (int row = 0; row < rows; ++row) {
            const int tail = row; // bins that come round from the start
            volk_32fc_x2_multiply_conjugate_32fc(
                product, spectrum + tail, replica.data(), size - tail);
            volk_32fc_x2_multiply_conjugate_32fc(
                product + size - tail, spectrum, replica.data() + size - tail, tail);
            inverse.execute();
            volk_32fc_magnitude_squared_32f(power.data(), inverse.out.data(), size);
            volk_32f_index_max_32u(&best, power.data(), size);
        }
    }
};

// A slot of delay and so much Doppler, 2.16 MHz of PRS at 61.44 MS/s, beside the circular
// correlation at that rate over the same samples: a transform, then for each Doppler a
// shift of the spectrum, a product with the replica's, a transform, a squared magnitude.
comparison search(const std::string& name, double doppler_half_width_hz)
{
    constexpr double half_width_s = 0.5e-3;
    struct state {
        receiver_scene scene = make_scene(1, FFT_SIZE, GRID_RB, 12, false);
        samples received;
        std::unique_ptr<prs_replica> replica;
        std::unique_ptr<prs_search> search;
        search_result result;
        delay_model model;
        sample_view view;
    };
    const auto s = std::make_shared<state>();
    const double rate = s->scene.carrier.sample_rate_hz;
    s->scene.delays[0].segments[0].coefficients = { 0.6e-3, 20e-6 };
    s->received = bench::received(s->scene, 2.5e-3);
    s->replica =
        std::make_unique<prs_replica>(s->scene.carrier, s->scene.signals[0].resource);
    s->search = std::make_unique<prs_search>(s->scene.carrier, 1e-4);
    s->model = model_of(s->scene.delays[0]);
    s->view = {
        s->received.data(), 0, static_cast<int64_t>(s->received.size()), {}, rate
    };
    s->result = s->search->search(s->view,
                                  *s->replica,
                                  { 0 },
                                  { {} },
                                  s->model,
                                  half_width_s,
                                  doppler_half_width_hz);
    if (!s->result.found || std::abs(s->result.delay_s) > 0.3e-6)
        throw std::runtime_error("the search of this measurement does not find");
    const auto p = std::make_shared<plain_correlation>();
    const double step_hz = 0.5 * rate / s->replica->length_samples(0);
    const int rows = 2 * static_cast<int>(std::ceil(doppler_half_width_hz / step_hz)) + 1;
    return { name,
             [=] {
                 s->result = s->search->search(s->view,
                                               *s->replica,
                                               { 0 },
                                               { {} },
                                               s->model,
                                               half_width_s,
                                               doppler_half_width_hz);
                 keep(s->result);
             },
             [=] {
                 p->run(rows);
                 keep(p->best);
             } };
}

// A profile of one path and noise, 10 dB a subcarrier.
comparison profile(const std::string& name, int points, int subcarriers, double scs_hz)
{
    first_path_config config;
    config.profile_points = points;
    config.subcarriers = subcarriers;
    config.scs_hz = scs_hz;
    const auto detector = std::make_shared<first_path>(config);
    samples channel = white(subcarriers, 0.1, 2);
    const double delay_s = 37e-9;
    for (int k = 0; k < subcarriers; ++k)
        channel[k] += std::complex<float>(
            std::polar(1.0, -2.0 * M_PI * (k - subcarriers / 2) * scs_hz * delay_s));
    const auto values = std::make_shared<samples>(points);
    detector->profile_of(channel.data(), values->data());
    const auto fft = std::make_shared<bare_fft>(points, FFTW_FORWARD);
    return { name,
             [=] {
                 const auto found = detector->detect(values->data());
                 keep(found);
             },
             [=] {
                 fft->execute();
                 keep(fft->out[0]);
             } };
}

} // namespace

std::vector<comparison_maker> receiver_comparisons()
{
    return {
        { "correlator_rb_12_comb",
          [](auto& n) { return correlator(n, 12, FFT_SIZE / 4); } },
        { "correlator_rb_272_comb",
          [](auto& n) { return correlator(n, 272, FFT_SIZE / 4); } },
        { "correlator_rb_12_whole", [](auto& n) { return correlator(n, 12, FFT_SIZE); } },
        { "correlator_rb_272_whole",
          [](auto& n) { return correlator(n, 272, FFT_SIZE); } },
        { "profiles_rb_12_shared", [](auto& n) { return profiles(n, 12, true); } },
        { "profiles_rb_272_shared", [](auto& n) { return profiles(n, 272, true); } },
        { "profiles_rb_12_own", [](auto& n) { return profiles(n, 12, false); } },
        { "profiles_rb_272_own", [](auto& n) { return profiles(n, 272, false); } },
        { "search_delay", [](auto& n) { return search(n, 0.0); } },
        { "search_delay_doppler", [](auto& n) { return search(n, 10e3); } },
        { "first_path_4096_rb_12", [](auto& n) { return profile(n, 4096, 144, 15e3); } },
        { "first_path_4096_rb_272",
          [](auto& n) { return profile(n, 4096, 3264, 15e3); } },
        { "first_path_61440", [](auto& n) { return profile(n, 61440, 2160, 1e3); } },
    };
}

} // namespace gr::ntnpos::bench
