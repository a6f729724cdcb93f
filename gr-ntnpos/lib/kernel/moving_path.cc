/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "fractional_delay.h"
#include "integers.h"
#include "multiversion.h"
#include "vector_math.h"
#include <gnuradio/ntnpos/kernel/moving_path.h>
#include <algorithm>
#include <cmath>
#include <limits>

namespace gr::ntnpos::kernel {

namespace {

constexpr size_t tile = 64;  // output samples that share one expansion of the delay
constexpr size_t group = 16; // output samples that share one set of taps
constexpr size_t taps = fractional_delay::taps;
constexpr size_t window = group + taps - 1; // input samples behind a group
constexpr size_t max_order = 8;             // coefficients of a segment at most
constexpr double longest_delay_s = 3e6;     // clock offsets of 1e6 s each and more
constexpr double longest_lead_s = 1e9;      // between the starts of input and output

int64_t tile_start_of(int64_t index)
{
    return index - floor_mod(index, static_cast<int64_t>(tile));
}

// exp(-j 2 pi (first + step polynomial)) at samples 0 .. tile - 1; step[k] are cycles per
// sample^(k + 1).
NTNPOS_MULTIVERSION
void phasors(double first, const double* step, size_t order, float* cosines, float* sines)
{
    double cycles[tile];
    for (size_t i = 0; i < tile; ++i)
        cycles[i] = 0.0;
    for (size_t k = order; k-- > 0;)
        for (size_t i = 0; i < tile; ++i)
            cycles[i] = (cycles[i] + step[k]) * static_cast<double>(static_cast<int>(i));
    for (size_t i = 0; i < tile; ++i) {
        float cosine, sine;
        cos_sin_cycles(
            static_cast<float>(cycle_fraction(-(cycles[i] + first))), cosine, sine);
        cosines[i] = cosine;
        sines[i] = sine;
    }
}

// One group: out[i] += (sum_k taps[k] x[i + k]) (cosines[i] + j sines[i]); x and out are
// complex, interleaved.
NTNPOS_MULTIVERSION
void filter_group(const float* x,
                  const fractional_delay::neighbours& phase,
                  float scale,
                  const float* cosines,
                  const float* sines,
                  float* out)
{
    float h[taps];
    for (size_t k = 0; k < taps; ++k)
        h[k] = scale * (phase.near[k] + phase.weight * (phase.next[k] - phase.near[k]));
    float sum[2 * group] = {};
    for (size_t k = 0; k < taps; ++k)
        for (size_t i = 0; i < 2 * group; ++i)
            sum[i] += h[k] * x[2 * k + i];
    for (size_t i = 0; i < group; ++i) {
        out[2 * i] += sum[2 * i] * cosines[i] - sum[2 * i + 1] * sines[i];
        out[2 * i + 1] += sum[2 * i] * sines[i] + sum[2 * i + 1] * cosines[i];
    }
}

// One group of which out wants only samples from .. to - 1: all of it into a copy, so
// that the bits are the same.
void filter_part_of_group(const float* x,
                          const fractional_delay::neighbours& phase,
                          float scale,
                          const float* cosines,
                          const float* sines,
                          size_t from,
                          size_t to,
                          float* out)
{
    float whole[2 * group] = {};
    std::copy(out, out + 2 * (to - from), whole + 2 * from);
    filter_group(x, phase, scale, cosines, sines, whole);
    std::copy(whole + 2 * from, whole + 2 * to, out);
}

// count interleaved samples of the input from index first on, zeros where it has none.
void copy_padded(const input_view& input, int64_t first, size_t count, float* out)
{
    for (size_t i = 0; i < count; ++i) {
        const int64_t at = first + static_cast<int64_t>(i) - input.first;
        const bool there = at >= 0 && at < static_cast<int64_t>(input.count);
        out[2 * i] = there ? input.samples[at].real() : 0.0f;
        out[2 * i + 1] = there ? input.samples[at].imag() : 0.0f;
    }
}

} // namespace

struct moving_path::local_delay {
    double seconds;         // at the tile's first sample
    double step[max_order]; // step[k]: seconds per sample^(k + 1)
    size_t order;           // entries of step that matter
    int64_t input_start;    // input index of the tile's first sample without delay, whole
    bool usable;            // false where the polynomial has run away: nothing arrives

    double change(double samples) const
    {
        double value = 0.0;
        for (size_t k = order; k-- > 0;)
            value = (value + step[k]) * samples;
        return value;
    }
};

struct moving_path::position {
    int64_t index; // first input sample in the window of the group's first output sample
    float mu;
};

std::optional<config_error> validate(const moving_path_config& c)
{
    if (auto error = validate(c.toa))
        return error;
    if (!std::isfinite(c.gain.real()) || !std::isfinite(c.gain.imag()))
        return config_error{ "gain",
                             to_text(c.gain.real()) + " + j " + to_text(c.gain.imag()),
                             "finite" };
    if (auto error = validate(c.output_start, "output_start"))
        return error;
    if (auto error = validate(c.input_start, "input_start"))
        return error;
    if (!(std::abs(seconds_between(c.output_start, c.input_start)) <= longest_lead_s))
        return config_error{ "input_start",
                             std::to_string(c.input_start.full_s) + " s",
                             "within 1e9 s of the output's start" };
    if (!(c.sample_rate_hz > 0.0 && c.sample_rate_hz <= 1e9))
        return config_error{ "sample_rate_hz", to_text(c.sample_rate_hz), "in (0, 1e9]" };
    if (!(c.carrier_frequency_hz >= 0.0 && c.carrier_frequency_hz <= 1e12))
        return config_error{ "carrier_frequency_hz",
                             to_text(c.carrier_frequency_hz),
                             "in 0..1e12" };
    return std::nullopt;
}

moving_path::moving_path(const moving_path_config& config) : d_config(config)
{
    throw_if(validate(config));
    // Whole seconds and fractions apart: their difference may be far larger than its
    // precision.
    const double rate = config.sample_rate_hz;
    const double seconds =
        static_cast<double>(config.output_start.full_s - config.input_start.full_s);
    const double samples = seconds * rate;
    const double rest = std::fma(seconds, rate, -samples) +
                        (config.output_start.frac_s - config.input_start.frac_s) * rate;
    const double whole = std::floor(samples);
    d_offset_whole = static_cast<int64_t>(whole);
    d_offset_fraction = (samples - whole) + rest;

    d_gain_magnitude = std::abs(config.gain);
    d_gain_cycles = d_gain_magnitude > 0.0f
                        ? std::arg(std::complex<double>(config.gain)) / (2.0 * M_PI)
                        : 0.0;
    set_toa(config.toa);
}

void moving_path::set_toa(const trajectory& toa)
{
    throw_if(validate(toa));
    d_config.toa = toa;
    d_switch.clear();
    for (const auto& segment : toa.segments) {
        const double after = seconds_between(segment.start, d_config.output_start) *
                             d_config.sample_rate_hz;
        // A start that is meant to lie on a sample may miss it by a rounding.
        d_switch.push_back(
            static_cast<int64_t>(std::clamp(std::ceil(after - 1e-6), -0x1p62, 0x1p62)));
    }
    d_switch.front() = std::numeric_limits<int64_t>::min();
}

size_t moving_path::segment_of(int64_t index) const
{
    return static_cast<size_t>(std::upper_bound(d_switch.begin(), d_switch.end(), index) -
                               d_switch.begin()) -
           1;
}

moving_path::local_delay moving_path::delay_in_tile(int64_t tile_start,
                                                    size_t segment) const
{
    const auto& s = d_config.toa.segments[segment];
    const double rate = d_config.sample_rate_hz;
    const size_t count = s.coefficients.size();
    double c[max_order];
    std::copy(s.coefficients.begin(), s.coefficients.end(), c);
    const instant start = sample_instant(d_config.output_start, tile_start, rate);
    shift_polynomial(c, count, seconds_between(start, s.start));

    local_delay local;
    local.seconds = c[0];
    local.order = 0;
    local.input_start = d_offset_whole + tile_start;
    // Terms that move neither the phase nor the sample by 1e-10 within the tile are left
    // out.
    const double negligible_s = 1e-10 / std::max(d_config.carrier_frequency_hz, rate);
    double scale = 1.0;
    double reach = 1.0;
    double farthest_s = std::abs(c[0]);
    for (size_t k = 1; k < count; ++k) {
        scale /= rate;
        reach *= static_cast<double>(tile);
        local.step[k - 1] = c[k] * scale;
        const double most = std::abs(local.step[k - 1]) * reach;
        farthest_s += most;
        if (most > negligible_s)
            local.order = k;
    }
    local.usable = farthest_s < longest_delay_s;
    return local;
}

moving_path::position moving_path::group_position(const local_delay& delay,
                                                  size_t g) const
{
    const double first = static_cast<double>(g * group);
    const double middle = first + 0.5 * static_cast<double>(group - 1);
    const double rate = d_config.sample_rate_hz;
    const double at =
        first + d_offset_fraction - rate * delay.seconds - rate * delay.change(middle);
    const double whole = std::floor(at);
    return { delay.input_start + static_cast<int64_t>(whole) -
                 static_cast<int64_t>(fractional_delay::before),
             static_cast<float>(at - whole) };
}

index_range moving_path::input_range(int64_t first, size_t count) const
{
    const int64_t end = first + static_cast<int64_t>(count);
    index_range range{ std::numeric_limits<int64_t>::max(),
                       std::numeric_limits<int64_t>::min() };
    const auto include = [&](int64_t index, size_t segment) {
        const int64_t start = tile_start_of(index);
        const auto within = static_cast<size_t>(index - start);
        const auto delay = delay_in_tile(start, segment);
        if (!delay.usable)
            return;
        const int64_t from = group_position(delay, within / group).index +
                             static_cast<int64_t>(within % group);
        range.first = std::min(range.first, from);
        range.end = std::max(range.end, from + static_cast<int64_t>(taps));
    };
    // Within a segment later output samples lie later in the input: its ends tell.
    for (size_t segment = segment_of(first); first < end; ++segment) {
        const int64_t until =
            segment + 1 < d_switch.size() ? std::min(end, d_switch[segment + 1]) : end;
        if (until <= first)
            continue;
        include(first, segment);
        include(until - 1, segment);
        first = until;
    }
    return range.first < range.end ? range : index_range{};
}

void moving_path::add(int64_t first,
                      size_t count,
                      const input_view& input,
                      std::complex<float>* out) const
{
    const int64_t end = first + static_cast<int64_t>(count);
    size_t segment = segment_of(first);
    while (first < end) {
        const int64_t start = tile_start_of(first);
        int64_t until = std::min(end, start + static_cast<int64_t>(tile));
        if (segment + 1 < d_switch.size())
            until = std::min(until, d_switch[segment + 1]);
        if (until > first)
            add_within_tile(start,
                            static_cast<size_t>(first - start),
                            static_cast<size_t>(until - start),
                            segment,
                            input,
                            out);
        out += until - first;
        first = until;
        segment = segment_of(first);
    }
}

void moving_path::add_within_tile(int64_t tile_start,
                                  size_t from,
                                  size_t to,
                                  size_t segment,
                                  const input_view& input,
                                  std::complex<float>* out) const
{
    const local_delay delay = delay_in_tile(tile_start, segment);
    if (!delay.usable)
        return;
    const double carrier = d_config.carrier_frequency_hz;
    double cycle_steps[max_order];
    for (size_t k = 0; k < delay.order; ++k)
        cycle_steps[k] = carrier * delay.step[k];
    float cosines[tile];
    float sines[tile];
    phasors(cycle_fraction(carrier * delay.seconds) - d_gain_cycles,
            cycle_steps,
            delay.order,
            cosines,
            sines);

    const auto& bank = fractional_delay::bank();
    const int64_t input_end = input.first + static_cast<int64_t>(input.count);
    for (size_t g = from / group; g * group < to; ++g) {
        const position p = group_position(delay, g);
        float padded[2 * window];
        const float* x = padded;
        if (p.index >= input.first && p.index + static_cast<int64_t>(window) <= input_end)
            x = reinterpret_cast<const float*>(input.samples + (p.index - input.first));
        else
            copy_padded(input, p.index, window, padded);

        const size_t begin = g * group;
        const auto phase = bank.around(p.mu);
        const float* const c = cosines + begin;
        const float* const s = sines + begin;
        if (from <= begin && begin + group <= to) {
            auto* whole = reinterpret_cast<float*>(out + (begin - from));
            filter_group(x, phase, d_gain_magnitude, c, s, whole);
        } else {
            const size_t a = std::max(from, begin);
            const size_t b = std::min(to, begin + group);
            auto* part = reinterpret_cast<float*>(out + (a - from));
            filter_part_of_group(
                x, phase, d_gain_magnitude, c, s, a - begin, b - begin, part);
        }
    }
}

} // namespace gr::ntnpos::kernel
