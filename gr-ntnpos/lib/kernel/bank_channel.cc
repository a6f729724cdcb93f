/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bank_channel.h"
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

/* What a prediction may be wrong by in acceleration, in s/s^2: 4 % of the 600 Hz/s at 2
 * GHz that a satellite 600 km up reaches. */
constexpr double acceleration_error = 1e-8;

first_path_config
detector_config(const carrier& c, const satellite_signal& s, double false_alarm)
{
    first_path_config f;
    f.subcarriers = subcarriers(s.resource);
    f.scs_hz = c.scs_khz * 1e3;
    f.profile_points = fft_size(c);
    f.false_alarm_probability = false_alarm;
    return f;
}

} // namespace

correlator_bank::channel::channel(const carrier& c,
                                  const satellite_signal& s,
                                  const correlator_bank_config& config)
    : grid(c),
      signal(s),
      replica(c, s.resource),
      detector(detector_config(c, s, config.false_alarm_probability)),
      occasions(c, s, config.max_coherent_s, config.max_combined_s),
      phase(c.frequency_hz)
{
}

void correlator_bank::channel::set_window(const search_window& w)
{
    window = w;
    predicted = std::make_shared<const trajectory>(w.toa);
    if (!tracked && !lost)
        return;
    const instant& t = track.reference;
    const double toa = track.at(t), rate = track.rate_at(t);
    track = { predicted, t, toa - delay_at(w.toa, t), rate - delay_rate_at(w.toa, t) };
    const double margin = 0.5 * cp_samples(grid, 1, 1) / grid.sample_rate_hz;
    const bool inside = std::abs(track.offset_s) <= w.half_width_s + margin;
    tracked = tracked && inside;
    lost = lost && inside;
}

void correlator_bank::channel::restart(const instant& t, bool again)
{
    from = t;
    if (again)
        reported.reset();
}

std::optional<occasion> correlator_bank::channel::peek(size_t ahead)
{
    if (!window)
        return std::nullopt;
    if (from) {
        const delay_model model =
            follows(*from) ? track : delay_model{ predicted, *from };
        if (!model.plausible(*from))
            return std::nullopt;
        occasions.seek(advance(*from, -model.at(*from) - window->half_width_s));
        from.reset();
    }
    return occasions.peek(ahead);
}

// Whether the track is good to a quarter of a cyclic prefix at t: else the window is
// searched again.
bool correlator_bank::channel::follows(const instant& t) const
{
    return tracked && drift(t) <= 0.25 * cp_samples(grid, 1, 1) / grid.sample_rate_hz;
}

// What the track may be off by at t, s.
double correlator_bank::channel::drift(const instant& t) const
{
    const double age = seconds_between(t, track.reference);
    return 3.0 * track_rate_std * std::abs(age) + 0.5 * acceleration_error * age * age;
}

correlator_bank::channel::place
correlator_bank::channel::prepare(job& j, const sample_view& view) const
{
    const double rate = grid.sample_rate_hz;
    j.start = delay_model{ predicted, view.anchor };
    const instant arrival = j.start.arrival(j.where.sent.front());
    if (!j.start.plausible(arrival))
        return place::unpredicted;
    j.tracked = follows(arrival);
    j.half_width_s = window->half_width_s;
    j.doppler_half_width_hz = window->doppler_half_width_hz;
    if (tracked || lost) {
        const double age = std::abs(seconds_between(arrival, track.reference));
        j.track_half_width_s = 0.5 * cp_samples(grid, 1, 1) / rate + drift(arrival);
        j.track_doppler_hz =
            grid.frequency_hz * (5.0 * track_rate_std + acceleration_error * age);
    }
    if (j.tracked) {
        j.start = track;
        j.half_width_s = j.track_half_width_s;
        j.doppler_half_width_hz = j.track_doppler_hz;
    } else {
        // Worth a look of its own where it is a small part of the window.
        j.recalled = (tracked || lost) && j.track_half_width_s < 0.25 * j.half_width_s;
    }
    const size_t final_slot = j.where.slots.size() - 1;
    j.begin = position(j, 0, view);
    j.end =
        position(j, final_slot, view) + replica.length_samples(j.where.slots[final_slot]);
    const double around = reach(j, j.where.slots.front());
    j.first = static_cast<int64_t>(std::floor(j.begin - around));
    j.last = static_cast<int64_t>(std::ceil(j.end + around));
    return j.last > 0 ? place::ahead : place::before;
}

// Predicted place in samples of the first PRS symbol of one of a job's slots.
double correlator_bank::channel::position(const job& j,
                                          size_t slot_index,
                                          const sample_view& view) const
{
    const double offset =
        replica.first_sample(j.where.slots[slot_index]) / grid.sample_rate_hz;
    return view.position(j.start.arrival(advance(j.where.sent[slot_index], offset)));
}

// How far from there the search goes, in samples.
double correlator_bank::channel::reach(const job& j, int64_t slot) const
{
    // A tracked satellite is recognised anywhere in the symbol: its clock, or ours, may
    // have jumped.
    const double symbol = j.tracked ? 0.5 * fft_size(grid) : 0.0;
    return std::max(j.half_width_s * grid.sample_rate_hz, symbol) +
           cp_samples(grid, slot, 0) + 2.0;
}

std::vector<occasion> correlator_bank::channel::parts(const job& j,
                                                      const sample_view& view) const
{
    std::vector<occasion> out;
    bool joining = false;
    for (size_t i = 0; i < j.where.slots.size(); ++i) {
        const int64_t slot = j.where.slots[i];
        const double begin = position(j, i, view), around = reach(j, slot);
        const bool whole = std::floor(begin - around) >= 0.0 &&
                           std::ceil(begin + replica.length_samples(slot) + around) <=
                               static_cast<double>(view.end());
        if (!joining || !whole)
            out.emplace_back();
        out.back().slots.push_back(slot);
        out.back().sent.push_back(j.where.sent[i]);
        joining = whole;
    }
    return out;
}

bool correlator_bank::channel::whole(const job& j, const sample_view& view) const
{
    const auto arrives = [&](size_t slot_index) {
        const double offset =
            replica.first_sample(j.where.slots[slot_index]) / grid.sample_rate_hz;
        return view.position(
            j.estimate.model.arrival(advance(j.where.sent[slot_index], offset)));
    };
    const size_t last_slot = j.where.slots.size() - 1;
    const double first_path =
        j.estimate.paths.paths.front().delay_s * grid.sample_rate_hz;
    // Half a sample: where a border lies between samples is not known better.
    return arrives(0) + first_path >= -0.5 &&
           arrives(last_slot) + first_path +
                   replica.length_samples(j.where.slots[last_slot]) <=
               view.end() + 0.5;
}

void correlator_bank::channel::learn(const job& j)
{
    if (j.found()) {
        tracked = true;
        lost = false;
        track = j.estimate.model;
        track_rate_std = j.estimate.doppler_std_hz / grid.frequency_hz;
        level = j.level();
    } else if (j.status == occasion_status::no_signal) {
        lost = lost || tracked;
        tracked = false;
        level = 0.0;
        phase.reset();
    }
}

delay_profile correlator_bank::channel::report(const job& j)
{
    delay_profile p;
    p.satellite = signal.id;
    p.comb_size = replica.comb_size();
    p.subcarriers = replica.span();
    p.grid_subcarriers = 12 * grid.n_rb;
    p.scs_hz = grid.scs_khz * 1e3;
    p.status = j.status;
    const size_t reference = j.found() ? j.where.reference() : 0;
    p.slot_count = j.where.slots[reference];
    p.sent = j.where.sent[reference];
    const delay_model& model = j.found() ? j.estimate.model : j.start;
    p.arrival = model.arrival(p.sent);
    p.toa_s = model.at(p.arrival);
    p.doppler_hz = -grid.frequency_hz * model.rate_at(p.arrival);
    p.predicted_rate = delay_rate_at(*predicted, p.arrival);
    const instant expected_at = j.start.arrival(p.sent);
    p.window_min_s = j.start.at(expected_at) - j.half_width_s;
    p.window_max_s = j.start.at(expected_at) + j.half_width_s;
    p.observations = static_cast<int>(j.where.slots.size()) * replica.num_symbols() /
                     replica.comb_size();
    p.values.assign(fft_size(grid), std::complex<float>(0.0f));
    if (j.found()) {
        const auto& e = j.estimate;
        p.doppler_hz += e.doppler_offset_hz;
        p.doppler_std_hz = e.doppler_std_hz;
        p.toa_rate = -p.doppler_hz / grid.frequency_hz;
        p.toa_rate_std = e.doppler_std_hz / grid.frequency_hz;
        p.model_std_s = e.doppler_std_hz / grid.frequency_hz *
                        std::abs(seconds_between(p.arrival, e.middle));
        p.std_factor = e.std_factor;
        if (e.phase_std_cycles > 0.0) {
            const auto counted = phase.add({ e.phase_at,
                                             e.phase_cycles,
                                             e.phase_std_cycles,
                                             p.doppler_hz,
                                             p.doppler_std_hz },
                                           predicted);
            p.carrier_phase_cycles = counted.cycles;
            p.carrier_phase_std_cycles = e.phase_std_cycles;
            p.carrier_phase_continuous = counted.continuous;
        }
        detector.profile_of(j.estimate.combined.data(), p.values.data());
    }
    return p;
}

} // namespace gr::ntnpos::kernel
