/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phasor.h"
#include "symbol_math.h"
#include "symbol_set.h"
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

using cfloat = std::complex<float>;
using cdouble = std::complex<double>;

// Where a function is largest within +-half of the middle: a grid, then the same round
// its best point, finer by a factor of 8. f(first, step, values) fills in the grid's
// values.
template <typename F>
double maximise(F&& f, double middle, double half, int points, double resolution)
{
    double step = 2.0 * half / (points - 1);
    std::vector<double> values(points);
    while (true) {
        const double first = middle - (points / 2) * step;
        f(first, step, values);
        const auto best = std::max_element(values.begin(), values.end()) - values.begin();
        if (values[best] > -1.0)
            middle += (best - points / 2) * step;
        if (step <= resolution)
            return middle;
        step /= 8.0;
    }
}

double mean_spread(const std::vector<double>& times, const std::vector<size_t>& borders)
{
    double sum = 0.0;
    for (size_t i = 0; i + 1 < borders.size(); ++i) {
        const auto first = times.begin() + borders[i],
                   end = times.begin() + borders[i + 1];
        double mean = 0.0;
        for (auto t = first; t != end; ++t)
            mean += *t / static_cast<double>(end - first);
        for (auto t = first; t != end; ++t)
            sum += (*t - mean) * (*t - mean);
    }
    return sum / static_cast<double>(times.size());
}

} // namespace

symbol_set::symbol_set(const carrier& c) : d_carrier(c) {}

bool symbol_set::measure(comb_correlator& correlator,
                         const sample_view& samples,
                         prs_replica& replica,
                         const occasion& where,
                         const delay_model& model)
{
    d_comb = replica.comb_size();
    d_span = replica.span();
    d_low_hz =
        d_carrier.frequency_hz +
        (replica.lowest_subcarrier() - 6.0 * d_carrier.n_rb) * d_carrier.scs_khz * 1e3;
    d_slots = where.slots.size();
    if (!correlator.measure(samples, replica, where.slots, where.sent, model, d_symbols))
        return false;
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
    const size_t per_slot = replica.num_symbols();
    d_slot_starts.clear();
    d_groups.clear();
    d_gap = 0.0;
    for (int i = 0; i <= d_slots; ++i) {
        const size_t at = i * per_slot;
        d_slot_starts.push_back(at);
        const bool joined = i > 0 && i < d_slots && where.group(i) == where.group(i - 1);
        if (!joined)
            d_groups.push_back(at);
        else if (const double gap = d_times[at] - d_times[at - per_slot];
                 d_gap == 0.0 || gap < d_gap)
            d_gap = gap;
    }
    return true;
}

void symbol_set::turn(double delay_s, double doppler_hz)
{
    const double scs_hz = d_carrier.scs_khz * 1e3;
    turn_table turns;
    for (size_t l = 0; l < d_symbols.size(); ++l) {
        auto& s = d_symbols[l];
        const double moved = delay_s - doppler_hz / d_carrier.frequency_hz * d_times[l];
        const auto count = static_cast<int>(s.values.size());
        turns.set((d_low_hz + s.first_element * scs_hz) * moved,
                  d_comb * scs_hz * moved,
                  count);
        turn_in_place(s.values.data(), turns, count);
    }
}

double symbol_set::spread_of_slots() const { return mean_spread(d_times, d_slot_starts); }

double symbol_set::spread_of_groups() const { return mean_spread(d_times, d_groups); }

void symbol_set::combine(double doppler_hz,
                         size_t first,
                         size_t end,
                         std::vector<cfloat>& out) const
{
    out.assign(d_span, cfloat(0.0f));
    // Every legal pair of comb and symbols visits each subcarrier the same number of
    // times.
    const double weight = static_cast<double>(d_comb) / (end - first);
    const int count = static_cast<int>(d_symbols[first].values.size());
    // One element of the comb after the other: symbols that lie on it add without a step.
    d_sum_re.resize(2 * count);
    d_sum_im.resize(2 * count);
    for (int element = 0; element < d_comb; ++element) {
        bool any = false;
        for (size_t l = first; l < end; ++l) {
            const auto& s = d_symbols[l];
            if (s.first_element != element)
                continue;
            if (!any) {
                std::fill(d_sum_re.begin(), d_sum_re.end(), 0.0f);
                std::fill(d_sum_im.begin(), d_sum_im.end(), 0.0f);
            }
            any = true;
            const cfloat turn(std::polar(weight, -2.0 * M_PI * doppler_hz * d_times[l]));
            add_weighted(reinterpret_cast<const float*>(s.values.data()),
                         turn.real(),
                         turn.imag(),
                         2 * count,
                         d_sum_re.data(),
                         d_sum_im.data());
        }
        if (any)
            spread(d_sum_re.data(), d_sum_im.data(), count, d_comb, out.data() + element);
    }
}

symbol_set::place
symbol_set::strongest(first_path& detector, double reach_s, double doppler_half_hz)
{
    const int points = detector.config().profile_points;
    const double step_s = 1.0 / (points * detector.config().scs_hz);
    const int reach = std::min<int>(points / 2 - 1, std::ceil(reach_s / step_s));
    const double step_hz = 0.05 * inverse_duration_hz();
    const int rows = std::max(1, static_cast<int>(std::ceil(doppler_half_hz / step_hz)));
    d_profile.resize(points);
    std::vector<double> power(2 * reach + 1);
    place best;
    double best_power = -1.0, first_slot = 0.0;
    for (size_t l = 0; l < d_slot_starts[1]; ++l)
        first_slot += d_times[l] / static_cast<double>(d_slot_starts[1]);
    for (int row = -rows; row <= rows; ++row) {
        const double doppler = row * step_hz;
        std::fill(power.begin(), power.end(), 0.0);
        for (int s = 0; s < d_slots; ++s) {
            combine(doppler, d_slot_starts[s], d_slot_starts[s + 1], d_combined);
            detector.profile_of(d_combined.data(), d_profile.data());
            // Doppler moves the delay from slot to slot.
            const double since = d_times[d_slot_starts[s]] - d_times[0];
            const int moved = static_cast<int>(
                std::lround(-doppler / d_carrier.frequency_hz * since / step_s));
            for (int i = -reach; i <= reach; ++i) {
                const int at = points / 2 + i + moved;
                if (at >= 0 && at < points)
                    power[i + reach] += std::norm(d_profile[at]);
            }
        }
        const auto top = std::max_element(power.begin(), power.end());
        if (*top > best_power) {
            best_power = *top;
            // The reference of times is the mean over all slots: from the first one to
            // there the rate's change moves the delay.
            best = { (top - power.begin() - reach) * step_s +
                         doppler / d_carrier.frequency_hz * first_slot,
                     doppler };
        }
    }
    return best;
}

std::vector<cdouble> symbol_set::sums(double delay_s) const
{
    const double scs_hz = d_carrier.scs_khz * 1e3;
    const int half = d_span / 2;
    std::vector<cdouble> out;
    turn_table turns;
    for (const auto& s : d_symbols) {
        const auto count = static_cast<int>(s.values.size());
        turns.set((s.first_element - half) * scs_hz * delay_s,
                  d_comb * scs_hz * delay_s,
                  count);
        out.push_back(turned_sum(s.values.data(), turns, count));
    }
    return out;
}

void symbol_set::powers(const std::vector<cdouble>& sums,
                        const std::vector<size_t>& borders,
                        double first_hz,
                        double step_hz,
                        std::vector<double>& out) const
{
    std::fill(out.begin(), out.end(), 0.0);
    for (size_t i = 0; i + 1 < borders.size(); ++i)
        add_group_powers(
            sums, d_times, borders[i], borders[i + 1], first_hz, step_hz, out);
}

double
symbol_set::doppler_of_slots(double delay_s, double middle_hz, double half_hz) const
{
    const auto s = sums(delay_s);
    const double unit_hz = inverse_duration_hz();
    const auto grid = [&](double first, double step, std::vector<double>& out) {
        powers(s, d_slot_starts, first, step, out);
    };
    return maximise(grid, middle_hz, half_hz, 33, 1e-5 * unit_hz);
}

double
symbol_set::doppler_of_groups(double delay_s, double middle_hz, double half_hz) const
{
    const auto s = sums(delay_s);
    const double unit_hz = inverse_duration_hz();
    // The longer a group, the narrower its peak.
    double span = 0.0;
    for (size_t i = 0; i + 1 < d_groups.size(); ++i)
        span = std::max(span, d_times[d_groups[i + 1] - 1] - d_times[d_groups[i]]);
    const int points = 2 * static_cast<int>(std::ceil(9.0 * span * half_hz)) + 1;
    const auto grid = [&](double first, double step, std::vector<double>& out) {
        powers(s, d_groups, first, step, out);
    };
    return maximise(grid, middle_hz, half_hz, std::max(points, 33), 1e-5 * unit_hz);
}

double symbol_set::statistic(double doppler_hz, double delay_s)
{
    const double scs_hz = d_carrier.scs_khz * 1e3;
    double total = 0.0;
    for (int s = 0; s < d_slots; ++s) {
        combine(doppler_hz, d_slot_starts[s], d_slot_starts[s + 1], d_combined);
        phasor turn(-(d_span / 2) * scs_hz * delay_s, scs_hz * delay_s);
        cdouble sum = 0.0;
        double energy = 0.0;
        for (const auto& h : d_combined) {
            sum += cdouble(h * turn.next());
            energy += std::norm(h);
        }
        const double part = energy > 0.0 ? std::norm(sum) / (d_span * energy) : 0.0;
        total -= (d_span - 1) * std::log1p(-std::min(part, 1.0 - 1e-12));
    }
    return total;
}

double symbol_set::delay_of_slots(double doppler_hz,
                                  double middle_s,
                                  double reach_s,
                                  double finest_s)
{
    const auto grid = [&](double first, double step, std::vector<double>& out) {
        for (size_t i = 0; i < out.size(); ++i)
            out[i] = statistic(doppler_hz, first + i * step);
    };
    return maximise(grid, middle_s, reach_s, 9, finest_s);
}

void symbol_set::join(std::vector<cfloat>& out, std::vector<cdouble>& turns) const
{
    const int count = groups();
    turns.assign(count, 1.0);
    if (count == 1) {
        combine(0.0, 0, d_symbols.size(), out);
        return;
    }
    std::vector<std::vector<cfloat>> channels(count);
    const auto share = [&](int g) {
        return static_cast<double>(d_groups[g + 1] - d_groups[g]) / d_symbols.size();
    };
    double power = 0.0;
    for (int g = 0; g < count; ++g) {
        combine(0.0, d_groups[g], d_groups[g + 1], channels[g]);
        cdouble sum = 0.0;
        for (const auto& h : channels[g])
            sum += cdouble(h);
        turns[g] = sum / static_cast<double>(d_span);
        power += share(g) * std::norm(turns[g]);
    }
    out.assign(d_span, cfloat(0.0f));
    for (int g = 0; g < count; ++g) {
        turns[g] /= std::sqrt(std::max(power, 1e-300));
        const cfloat weight(share(g) * std::conj(turns[g]));
        for (int k = 0; k < d_span; ++k)
            out[k] += weight * channels[g][k];
    }
}

} // namespace gr::ntnpos::kernel
