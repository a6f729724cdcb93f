/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "symbol_math.h"
#include "symbol_set.h"
#include <gnuradio/ntnpos/kernel/occasion_estimator.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

const path_estimate& strongest_of(const first_path_estimate& e)
{
    return *std::max_element(e.paths.begin(), e.paths.end(), [](auto& a, auto& b) {
        return std::norm(a.gain) < std::norm(b.gain);
    });
}

/* Doppler maxima of slots that are joined are told apart by the slots themselves where
 * they are so many of the slots' standard deviations apart: half of it is passed once in
 * 150 000 occasions. */
constexpr double resolved_deviations = 9.0;

/* A model that has moved by little is not measured with again: its symbols are turned.
 * What Doppler had let leak between subcarriers before stays in them; it may be so much
 * of the noise, and Doppler so much of the subcarrier spacing, at most. */
constexpr double most_leak = 1e-3;
constexpr double most_leaking_doppler = 1e-3;

} // namespace

occasion_estimator::occasion_estimator(const carrier& c)
    : d_carrier(c), d_correlator(c), d_symbols(std::make_unique<symbol_set>(c))
{
}

occasion_estimator::~occasion_estimator() = default;

void occasion_estimator::move(delay_model& model, double delay_s, double doppler_hz) const
{
    model.rebase(d_symbols->middle());
    model.offset_s += delay_s;
    model.rate -= doppler_hz / d_carrier.frequency_hz;
}

// Doppler relative to the model's. \p known_hz  where it is within \p bound_hz.
double occasion_estimator::doppler(double delay_s, double known_hz, double bound_hz) const
{
    const double slots = d_symbols->slots();
    const double unit_hz = d_symbols->inverse_duration_hz();
    const double gap_s = d_symbols->gap();
    // One maximum of the joined slots is all that there is room for.
    if (gap_s > 0.0 && bound_hz > 0.0 && bound_hz < 0.45 / gap_s)
        return d_symbols->doppler_of_groups(delay_s, known_hz, bound_hz);
    const double doppler = d_symbols->doppler_of_slots(delay_s, 0.0, 0.2 * unit_hz);
    if (slots == 1 || gap_s == 0.0)
        return doppler;
    return d_symbols->doppler_of_groups(delay_s, doppler, 0.45 / gap_s);
}

// Moves the model to the place of most power; returns the statistic there.
double occasion_estimator::decide(prs_replica& replica,
                                  const occasion_limits& limits,
                                  delay_model& model)
{
    const double resolution_s = 1.0 / (replica.span() * d_carrier.scs_khz * 1e3);
    const double unit_hz = d_symbols->inverse_duration_hz();
    double doppler = d_symbols->doppler_of_slots(0.0, 0.0, 0.2 * unit_hz);
    double delay =
        d_symbols->delay_of_slots(doppler, 0.0, 0.75 * resolution_s, 0.01 * resolution_s);
    doppler = d_symbols->doppler_of_slots(delay, doppler, 0.1 * unit_hz);
    delay = d_symbols->delay_of_slots(
        doppler, delay, 0.2 * resolution_s, 0.01 * resolution_s);
    const double statistic = d_symbols->statistic(doppler, delay);
    move(model, limits.least_statistic > 0.0 ? delay : 0.0, doppler);
    return statistic;
}

occasion_estimator::outcome occasion_estimator::estimate(const sample_view& samples,
                                                         prs_replica& replica,
                                                         first_path& detector,
                                                         const occasion& where,
                                                         bool coarse,
                                                         int rounds,
                                                         occasion_estimate& estimate,
                                                         const occasion_limits& limits)
{
    const double resolution_s = 1.0 / (replica.span() * d_carrier.scs_khz * 1e3);
    delay_model model = estimate.model;
    const double known_s = limits.least_statistic > 0.0 ? 1.5 * resolution_s : 0.0;
    first_path_estimate paths;
    const auto measured = [&] {
        return d_symbols->measure(d_correlator, samples, replica, where, model);
    };
    const delay_model& known = limits.known ? *limits.known : estimate.model;
    const auto known_hz = [&] {
        return -d_carrier.frequency_hz *
               (known.rate_at(d_symbols->middle()) - model.rate_at(d_symbols->middle()));
    };
    if (coarse) {
        if (!measured())
            return outcome::incomplete;
        const double unit_hz = d_symbols->inverse_duration_hz();
        const auto best = d_symbols->strongest(
            detector,
            limits.reach_s > 0.0 ? limits.reach_s : 1.5 * resolution_s,
            limits.reach_hz > 0.0 ? limits.reach_hz : 0.35 * unit_hz);
        move(model, best.delay_s, best.doppler_hz);
        if (!measured())
            return outcome::incomplete;
        const double statistic = decide(replica, limits, model);
        estimate.statistic = statistic;
        if (statistic < limits.least_statistic)
            return outcome::no_signal;
        if (d_symbols->gap() > 0.0) {
            // Slots that are far apart cancel each other unless Doppler is better known
            // than that.
            if (!measured())
                return outcome::incomplete;
            move(model, 0.0, doppler(0.0, known_hz(), limits.doppler_bound_hz));
        }
    }
    bool turned = false;
    for (int round = 0;; ++round) {
        if (!turned && !measured())
            return outcome::incomplete;
        d_symbols->join(d_combined, d_turns);
        paths = detector.detect_channel(d_combined.data(), known_s);
        if (!paths.detected)
            return outcome::no_signal;
        if (!coarse && limits.least_statistic > 0.0) {
            estimate.statistic = d_symbols->statistic(0.0, strongest_of(paths).delay_s);
            if (estimate.statistic < limits.least_statistic)
                return outcome::no_signal;
        }
        if (round >= rounds)
            break;
        const double delay = strongest_of(paths).delay_s;
        const double moved_hz = doppler(delay, known_hz(), limits.doppler_bound_hz);
        move(model, delay, moved_hz);
        const double off = moved_hz / (d_carrier.scs_khz * 1e3);
        turned = std::abs(delay) < resolution_s && std::abs(off) < most_leaking_doppler &&
                 std::pow(M_PI * off, 2) / 3.0 * std::norm(strongest_of(paths).gain) <
                     most_leak * paths.noise_variance;
        if (turned)
            d_symbols->turn(delay, moved_hz);
    }
    estimate.model = model;
    estimate.paths = paths;
    estimate.combined = d_combined;
    estimate.turns = d_turns;
    finish(replica, where, limits.doppler_bound_hz, estimate);
    return outcome::found;
}

void occasion_estimator::finish(prs_replica& replica,
                                const occasion& where,
                                double bound_hz,
                                occasion_estimate& estimate) const
{
    const int half = replica.span() / 2;
    const double scs_hz = d_carrier.scs_khz * 1e3;
    estimate.fitted.assign(replica.span(), std::complex<float>(0.0f));
    double power = 0.0;
    turn_table turns;
    for (const auto& p : estimate.paths.paths) {
        power = std::max(power, std::norm(p.gain));
        turns.set(half * scs_hz * p.delay_s, -scs_hz * p.delay_s, replica.span());
        add_turns(
            turns, std::complex<float>(p.gain), replica.span(), estimate.fitted.data());
    }
    // Every subcarrier adds its energy over noise. Of groups that are turned into one
    // phase, the noise in that phase is among it, one unit a group.
    const double groups = d_symbols->groups(), slots = d_symbols->slots();
    const double found =
        power * replica.span() / std::max(estimate.paths.noise_variance, 1e-300);
    const double energy = groups > 1.0 ? std::max(found - groups, 1.0) : found;
    const double loss = groups > 1.0 ? 1.0 + groups / energy : 1.0;
    estimate.std_factor = groups > 1.0 ? std::sqrt(found / energy * loss) : 1.0;
    // Bound of the frequency of a tone seen at the symbols' times.
    const auto deviation = [&](double spread, double parts_loss) {
        return std::sqrt(parts_loss / (2.0 * energy * spread)) / (2.0 * M_PI);
    };
    estimate.middle = d_symbols->middle();
    estimate.doppler_offset_hz = 0.0;
    estimate.doppler_std_hz = deviation(d_symbols->spread_of_groups(), loss);
    if (const double gap_s = d_symbols->gap(); gap_s > 0.0) {
        const double alone =
            deviation(d_symbols->spread_of_slots(), 1.0 + slots / energy);
        const bool known = bound_hz > 0.0 && bound_hz < 0.45 / gap_s;
        if (!known && resolved_deviations * alone * gap_s > 1.0) {
            const double unit_hz = d_symbols->inverse_duration_hz();
            estimate.doppler_offset_hz =
                d_symbols->doppler_of_slots(strongest_of(estimate.paths).delay_s,
                                            0.0,
                                            std::min(0.45 * unit_hz, 8.0 * alone));
            estimate.doppler_std_hz = alone;
        }
    }

    const path_estimate& first = estimate.paths.paths.front();
    const instant start = estimate.model.arrival(where.sent[where.reference()]);
    estimate.phase_at = advance(start, first.delay_s);
    estimate.phase_cycles = estimate.phase_std_cycles = 0.0;
    if (groups > 1.0)
        return;
    // The gain is that of the middle subcarrier, which the path's delay against the model
    // has turned by its own frequency.
    const double middle_hz =
        (replica.lowest_subcarrier() + half - 6 * d_carrier.n_rb) * scs_hz;
    estimate.phase_cycles = std::arg(first.gain) / (2.0 * M_PI) +
                            middle_hz * first.delay_s -
                            d_carrier.frequency_hz * estimate.model.at(estimate.phase_at);
    const double own = std::norm(first.gain) * replica.span() /
                       std::max(estimate.paths.noise_variance, 1e-300);
    const double away_s = seconds_between(estimate.phase_at, estimate.middle);
    estimate.phase_std_cycles = std::hypot(1.0 / (2.0 * M_PI * std::sqrt(2.0 * own)),
                                           estimate.doppler_std_hz * away_s,
                                           middle_hz * first.delay_std_s);
}

void occasion_estimator::add(const sample_view& samples,
                             prs_replica& replica,
                             const occasion& where,
                             const occasion_estimate& estimate,
                             float scale)
{
    const double edge_s = estimate.paths.paths.front().delay_s;
    if (estimate.turns.size() <= 1) {
        d_correlator.add_replica(samples,
                                 replica,
                                 where.slots,
                                 where.sent,
                                 estimate.model,
                                 estimate.fitted,
                                 edge_s,
                                 scale);
        return;
    }
    std::vector<std::complex<float>> channel(estimate.fitted.size());
    size_t group = 0;
    for (size_t i = 0; i < where.slots.size(); ++i) {
        group += i > 0 && where.group(i) != where.group(i - 1);
        const std::complex<float> turn(estimate.turns[group]);
        for (size_t k = 0; k < channel.size(); ++k)
            channel[k] = turn * estimate.fitted[k];
        d_correlator.add_replica(samples,
                                 replica,
                                 { where.slots[i] },
                                 { where.sent[i] },
                                 estimate.model,
                                 channel,
                                 edge_s,
                                 scale);
    }
}

} // namespace gr::ntnpos::kernel
