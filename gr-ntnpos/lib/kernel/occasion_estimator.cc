/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phasor.h"
#include <gnuradio/ntnpos/kernel/occasion_estimator.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

using cdouble = std::complex<double>;

// Largest value of f within +-half of the middle: a grid, then the same round its best
// point, finer by a factor of 8.
template <typename F>
double maximise(F&& f, double middle, double half, int points, double resolution)
{
    double step = 2.0 * half / (points - 1);
    while (true) {
        double best = middle, best_value = -1.0;
        for (int i = 0; i < points; ++i) {
            const double x = middle + (i - points / 2) * step;
            const double value = f(x);
            if (value > best_value) {
                best = x;
                best_value = value;
            }
        }
        middle = best;
        if (step <= resolution)
            return middle;
        step /= 8.0;
    }
}

} // namespace

occasion_estimator::occasion_estimator(const carrier& c) : d_carrier(c), d_correlator(c)
{
}

void occasion_estimator::combine(const prs_replica& replica,
                                 double doppler_hz,
                                 size_t symbols,
                                 std::vector<std::complex<float>>& out) const
{
    const int comb = replica.resource().comb_size;
    out.assign(replica.span(), std::complex<float>(0.0f));
    // Every legal pair of comb and symbols visits each subcarrier the same number of
    // times.
    const float weight = static_cast<float>(comb) / symbols;
    for (size_t l = 0; l < symbols; ++l) {
        const std::complex<float> turn(
            std::polar<double>(weight, -2.0 * M_PI * doppler_hz * d_times[l]));
        const auto& s = d_symbols[l];
        for (size_t m = 0; m < s.values.size(); ++m)
            out[s.first_element + m * comb] += turn * s.values[m];
    }
}

void occasion_estimator::move(delay_model& model, double delay_s, double doppler_hz) const
{
    model.rebase(d_middle);
    model.offset_s += delay_s;
    model.rate -= doppler_hz / d_carrier.frequency_hz;
}

void occasion_estimator::coarse_step(prs_replica& replica,
                                     first_path& detector,
                                     delay_model& model)
{
    // One slot only: the Doppler of a search is too coarse to join slots.
    const size_t symbols = replica.num_symbols();
    const int points = detector.config().profile_points;
    const double step_s = 1.0 / (points * detector.config().scs_hz);
    const double resolution_s = 1.0 / (replica.span() * d_carrier.scs_khz * 1e3);
    const int reach =
        std::min<int>(points / 2 - 1, std::ceil(1.5 * resolution_s / step_s) + 1);
    const double unit_hz = 1.0 / (symbols * (1.0 / (d_carrier.scs_khz * 1e3)));
    d_profile.resize(points);
    double best = -1.0, best_delay = 0.0, best_doppler = 0.0;
    for (int row = -7; row <= 7; ++row) {
        const double doppler = 0.05 * row * unit_hz;
        combine(replica, doppler, symbols, d_combined);
        detector.profile_of(d_combined.data(), d_profile.data());
        for (int i = -reach; i <= reach; ++i) {
            const double power = std::norm(d_profile[points / 2 + i]);
            if (power > best) {
                best = power;
                best_delay = i * step_s;
                best_doppler = doppler;
            }
        }
    }
    // The reference of times is the mean over all slots: bring the rate's change back to
    // the first one.
    double first_slot = 0.0;
    for (size_t l = 0; l < symbols; ++l)
        first_slot += d_times[l] / symbols;
    move(model,
         best_delay + best_doppler / d_carrier.frequency_hz * first_slot,
         best_doppler);
}

double occasion_estimator::doppler_at(const prs_replica& replica, double delay_s) const
{
    const int comb = replica.resource().comb_size;
    const double scs_hz = d_carrier.scs_khz * 1e3;
    const int half = replica.span() / 2;
    std::vector<cdouble> sums;
    for (const auto& s : d_symbols) {
        phasor turn((s.first_element - half) * scs_hz * delay_s, comb * scs_hz * delay_s);
        cdouble sum = 0.0;
        for (const auto& v : s.values)
            sum += cdouble(v * turn.next());
        sums.push_back(sum);
    }
    const size_t per_slot = replica.num_symbols();
    const double unit_hz = scs_hz / per_slot; // about the inverse PRS duration
    const auto joined = [&](double doppler, bool across_slots) {
        double power = 0.0;
        cdouble sum = 0.0;
        for (size_t l = 0; l < sums.size(); ++l) {
            sum += sums[l] * std::polar(1.0, -2.0 * M_PI * doppler * d_times[l]);
            if (!across_slots && (l + 1) % per_slot == 0) {
                power += std::norm(sum);
                sum = 0.0;
            }
        }
        return across_slots ? std::norm(sum) : power;
    };
    const auto within = [&](double doppler) { return joined(doppler, false); };
    const auto across = [&](double doppler) { return joined(doppler, true); };
    const double fine = 1e-5 * unit_hz;
    const double doppler = maximise(within, 0.0, 0.2 * unit_hz, 33, fine);
    if (sums.size() == per_slot)
        return doppler;
    // Slots are at least `gap` apart: sums over them repeat every 1/gap in Doppler.
    double gap = d_times[per_slot] - d_times[0];
    const double span = d_times.back() - d_times.front();
    const int points = 2 * static_cast<int>(std::ceil(4.0 * span / gap)) + 1;
    return maximise(across, doppler, 0.45 / gap, std::max(points, 33), fine);
}

occasion_estimator::outcome occasion_estimator::estimate(const sample_view& samples,
                                                         prs_replica& replica,
                                                         first_path& detector,
                                                         const occasion& where,
                                                         bool coarse,
                                                         int rounds,
                                                         occasion_estimate& estimate)
{
    delay_model model = estimate.model;
    first_path_estimate paths;
    for (int round = coarse ? -2 : 0;; ++round) {
        if (!d_correlator.measure(
                samples, replica, where.slots, where.sent, model, d_symbols))
            return outcome::incomplete;
        const instant& first = d_symbols.front().centre;
        d_times.clear();
        double mean = 0.0;
        for (const auto& s : d_symbols) {
            d_times.push_back(seconds_between(s.centre, first));
            mean += d_times.back() / d_symbols.size();
        }
        for (auto& t : d_times)
            t -= mean;
        d_middle = advance(first, mean);
        if (round == -2) {
            coarse_step(replica, detector, model);
            continue;
        }
        if (round == -1) {
            // Slots that are far apart cancel each other unless Doppler is better known
            // than that.
            move(model, 0.0, doppler_at(replica, 0.0));
            continue;
        }
        combine(replica, 0.0, d_symbols.size(), d_combined);
        paths = detector.detect_channel(d_combined.data());
        if (!paths.detected)
            return outcome::no_signal;
        if (round >= rounds)
            break;
        const auto strongest = std::max_element(
            paths.paths.begin(), paths.paths.end(), [](auto& a, auto& b) {
                return std::norm(a.gain) < std::norm(b.gain);
            });
        move(model, strongest->delay_s, doppler_at(replica, strongest->delay_s));
    }
    estimate.model = model;
    estimate.paths = paths;
    estimate.combined = d_combined;
    const int half = replica.span() / 2;
    const double scs_hz = d_carrier.scs_khz * 1e3;
    estimate.fitted.assign(replica.span(), std::complex<float>(0.0f));
    double power = 0.0;
    for (const auto& p : paths.paths) {
        power = std::max(power, std::norm(p.gain));
        phasor turn(half * scs_hz * p.delay_s, -scs_hz * p.delay_s);
        const std::complex<float> gain(p.gain);
        for (auto& v : estimate.fitted)
            v += gain * turn.next();
    }
    // Bound of the frequency of a tone seen at the symbols' times; every subcarrier adds
    // its energy over noise.
    double spread = 0.0;
    for (const double t : d_times)
        spread += t * t / d_times.size();
    const double energy_ratio =
        power * replica.span() / std::max(paths.noise_variance, 1e-300);
    estimate.doppler_std_hz = 1.0 / (2.0 * M_PI * std::sqrt(2.0 * energy_ratio * spread));
    return outcome::found;
}

void occasion_estimator::add(const sample_view& samples,
                             prs_replica& replica,
                             const occasion& where,
                             const occasion_estimate& estimate,
                             float scale)
{
    d_correlator.add_replica(samples,
                             replica,
                             where.slots,
                             where.sent,
                             estimate.model,
                             estimate.fitted,
                             estimate.paths.paths.front().delay_s,
                             scale);
}

} // namespace gr::ntnpos::kernel
