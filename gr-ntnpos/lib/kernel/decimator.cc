/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decimator.h"
#include "decimator_filters.h"
#include "multiversion.h"
#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace gr::ntnpos::kernel {

namespace {

using cfloat = std::complex<float>;
// What is made at a time, so that it stays in the nearest cache: samples of the input,
// and outputs.
constexpr int tile_samples = 4096;
constexpr int least_tile = 64;

float* as_floats(cfloat* x) { return reinterpret_cast<float*>(x); }
const float* as_floats(const cfloat* x) { return reinterpret_cast<const float*>(x); }

// Modified Bessel function of order 0.
double bessel(double x)
{
    double sum = 1.0, term = 1.0;
    for (int k = 1; term > 1e-12 * sum; ++k) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

// Odd taps of a half-band filter by the Kaiser window: 2 pairs - 1 samples to either
// side.
std::vector<float> half_band(int pairs, double beta)
{
    std::vector<double> taps;
    double sum = 0.0;
    for (int i = 0; i < pairs; ++i) {
        const int n = 2 * i + 1;
        const double place = static_cast<double>(n) / (2 * pairs);
        const double window = bessel(beta * std::sqrt(1.0 - place * place));
        taps.push_back((i % 2 ? -1.0 : 1.0) / n * window);
        sum += taps.back();
    }
    // Half of the gain at 0 Hz is the middle tap's.
    std::vector<float> out;
    for (const double t : taps)
        out.push_back(static_cast<float>(0.25 * t / sum));
    return out;
}

// Largest gain from 0.5 - edge to 0.5 cycles a sample.
double stop_gain(const std::vector<float>& taps, double edge)
{
    double worst = 0.0;
    for (int i = 0; i <= 64; ++i) {
        const double f = 0.5 - edge * i / 64.0;
        double gain = 0.5;
        for (size_t t = 0; t < taps.size(); ++t)
            gain += 2.0 * taps[t] * std::cos(2.0 * M_PI * f * (2.0 * t + 1.0));
        worst = std::max(worst, std::abs(gain));
    }
    return worst;
}

const double most_gain = std::pow(10.0, -decimator::rejection_db / 20.0);

std::vector<float> shortest_half_band(double edge)
{
    for (int pairs = 1; pairs < 100; ++pairs)
        for (double beta = 0.0; beta <= 8.0; beta += 0.5) {
            auto taps = half_band(pairs, beta);
            if (stop_gain(taps, edge) < most_gain)
                return taps;
        }
    throw std::invalid_argument("decimator: edge must be below 0.45");
}

// Its largest gain from f - edge to f + edge, f a quarter and half of the rate.
double means_stop_gain(double edge)
{
    double worst = 0.0;
    for (const double f : { 0.25 - edge, 0.25 + edge, 0.5 - edge }) {
        const double mean = std::sin(4.0 * M_PI * f) / (4.0 * std::sin(M_PI * f));
        worst = std::max(worst, std::abs(mean * mean * mean));
    }
    return worst;
}

NTNPOS_MULTIVERSION
void turn_all(
    float* x, float re, float im, const float* fine_re, const float* fine_im, int count)
{
    for (int n = 0; n < count; ++n) {
        const float tr = re * fine_re[n] - im * fine_im[n];
        const float ti = re * fine_im[n] + im * fine_re[n];
        const float xr = x[2 * n] * tr - x[2 * n + 1] * ti;
        const float xi = x[2 * n] * ti + x[2 * n + 1] * tr;
        x[2 * n] = xr;
        x[2 * n + 1] = xi;
    }
}

} // namespace

decimator::decimator(int factor, double edge)
{
    if (factor < 1 || (factor & (factor - 1)) || !(edge > 0.0 && edge < 0.45))
        throw std::invalid_argument(
            "decimator: factor must be a power of two, edge in (0, 0.45)");
    int left = factor;
    if (factor >= 4 && means_stop_gain(edge / factor) < most_gain) {
        d_means = true;
        left /= 4;
    }
    for (; left > 1; left /= 2)
        d_stages.push_back({ shortest_half_band(edge / left), {}, {}, 0 });
    d_tile_outputs = std::max(least_tile, tile_samples / factor);
    int taken = d_tile_outputs;
    for (size_t k = d_stages.size(); k-- > 0;) {
        stage& s = d_stages[k];
        taken += 2 * static_cast<int>(s.taps.size());
        s.even.resize(taken + most_beyond);
        s.odd.resize(taken + most_beyond);
        taken *= 2;
    }
    d_tile.resize(d_means ? means_input(taken) : taken);
}

void decimator::turn(cfloat* x, int count, double cycles, double step)
{
    constexpr int piece = 4096;
    for (int n = 0; n < count; n += piece) {
        const int here = std::min(piece, count - n);
        d_table.set(cycles + step * n, step, here);
        for (int k = 0; k < here; k += turn_table::stretch) {
            const auto c = d_table.coarse(k / turn_table::stretch);
            turn_all(as_floats(x + n + k),
                     c.real(),
                     c.imag(),
                     d_table.fine_re(),
                     d_table.fine_im(),
                     std::min(turn_table::stretch, here - k));
        }
    }
}

void decimator::copy(const sample_view& samples, int64_t first, int count, cfloat* out)
{
    const int64_t from =
        std::clamp(samples.first - first, int64_t{ 0 }, int64_t{ count });
    const int64_t to = std::clamp(samples.end() - first, from, int64_t{ count });
    std::fill(out, out + from, cfloat(0.0f));
    std::copy_n(samples.data + (first + from - samples.first), to - from, out + from);
    std::fill(out + to, out + count, cfloat(0.0f));
}

// `needed` samples from `at` on, turned before the filters if that is wanted.
const cfloat* decimator::input(
    const sample_view& samples, int64_t at, int needed, int64_t first, double step)
{
    if (step == 0.0 && samples.holds(at, at + needed))
        return samples.data + (at - samples.first);
    copy(samples, at, needed, d_tile.data());
    if (step != 0.0)
        turn(d_tile.data(), needed, step * static_cast<double>(at - first), step);
    return d_tile.data();
}

// The outputs first .. first + count - 1 of those that begin at the input's sample
// `origin`.
void decimator::run_tile(const sample_view& samples,
                         int64_t origin,
                         int first,
                         int count,
                         double step,
                         cfloat* out)
{
    // From the last stage back: what each has to be given, and where that begins.
    int needed = count;
    int64_t begin = origin + static_cast<int64_t>(first) * factor();
    for (size_t k = d_stages.size(); k-- > 0;) {
        stage& s = d_stages[k];
        const int pairs = static_cast<int>(s.taps.size());
        needed = 2 * (needed + 2 * pairs);
        begin -= static_cast<int64_t>(2 * pairs) << (d_means ? k + 2 : k);
        s.count = needed;
    }
    const auto to = [&](size_t k) -> destination {
        if (k == d_stages.size())
            return { as_floats(out), nullptr };
        return { as_floats(d_stages[k].even.data()), as_floats(d_stages[k].odd.data()) };
    };
    if (d_means) {
        const auto* in = input(samples, begin - 4, means_input(needed), origin, step);
        thrice_means_of_four(as_floats(in), needed, to(0));
    } else {
        move_to(as_floats(input(samples, begin, needed, origin, step)), needed, to(0));
    }
    for (size_t k = 0; k < d_stages.size(); ++k) {
        const stage& s = d_stages[k];
        const int pairs = static_cast<int>(s.taps.size());
        half_band_filter(as_floats(s.even.data()) + 2 * pairs,
                         as_floats(s.odd.data()) + 2 * pairs,
                         s.taps.data(),
                         pairs,
                         k + 1 < d_stages.size() ? d_stages[k + 1].count : count,
                         to(k + 1));
    }
}

void decimator::run(const sample_view& samples,
                    int64_t first,
                    int count,
                    double step,
                    bool before,
                    cfloat* out)
{
    const double step_before = before ? step : 0.0;
    for (int q = 0; q < count; q += d_tile_outputs)
        run_tile(
            samples, first, q, std::min(d_tile_outputs, count - q), step_before, out + q);
    if (!before)
        turn(out, count, 0.0, step * factor());
}

} // namespace gr::ntnpos::kernel
