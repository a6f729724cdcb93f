/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "integers.h"
#include "path_filter.h"
#include "vector_math.h"
#include <gnuradio/ntnpos/kernel/fading_process.h>
#include <gnuradio/ntnpos/kernel/moving_path.h>
#include <algorithm>
#include <cmath>
#include <limits>

namespace gr::ntnpos::kernel {

namespace {

constexpr size_t block =
    path_chunk::samples; // output samples that share one expansion of the delay
constexpr size_t group = path_chunk::group;
constexpr double longest_delay_s = 3e6;  // clock offsets of 1e6 s each and more
constexpr double farthest_move = 0x1p29; // samples within a block
constexpr double longest_lead_s = 1e9;   // between the starts of input and output

int64_t start_of(int64_t index, size_t of)
{
    return index - floor_mod(index, static_cast<int64_t>(of));
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

// What moves about one block.
struct moving_path::local_motion {
    path_motion motion; // of samples from the block's start on
    int64_t origin;     // index of the first input sample of a filter at position 0
    bool usable;        // false where the polynomial has run away: nothing arrives

    // First input sample of the filter of output sample `within` of the block.
    int64_t input_of(size_t within) const
    {
        const auto first = static_cast<double>(within / group * group);
        return origin + static_cast<int64_t>(within % group) +
               static_cast<int64_t>(std::floor(path_group_position(motion, first)));
    }
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
    if (!(c.occupied_band > 0.0 && c.occupied_band <= fractional_delay::widest_band))
        return config_error{ "occupied_band", to_text(c.occupied_band), "in (0, 0.8]" };
    return std::nullopt;
}

moving_path::moving_path(const moving_path_config& config) : d_config(config)
{
    throw_if(validate(config));
    d_filters = &fractional_delay::for_band(config.occupied_band);
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

moving_path::local_motion moving_path::motion_in_block(int64_t start,
                                                       size_t segment) const
{
    const auto& s = d_config.toa.segments[segment];
    const double rate = d_config.sample_rate_hz;
    const double carrier = d_config.carrier_frequency_hz;
    const size_t count = s.coefficients.size();
    double c[path_motion::max_order + 1];
    std::copy(s.coefficients.begin(), s.coefficients.end(), c);
    const instant now = sample_instant(d_config.output_start, start, rate);
    shift_polynomial(c, count, seconds_between(now, s.start));

    local_motion local;
    path_motion& m = local.motion;
    // Terms that move neither the phase nor the sample by 1e-10 within the block are left
    // out.
    const double negligible_s = 1e-10 / std::max(carrier, rate);
    double scale = 1.0;
    double reach = 1.0;
    double farthest_s = 0.0;
    for (size_t k = 1; k < count; ++k) {
        scale /= rate;
        reach *= static_cast<double>(block);
        const double step = c[k] * scale;
        m.delay_steps[k - 1] = rate * step;
        m.cycle_steps[k - 1] = carrier * step;
        const double most = std::abs(step) * reach;
        farthest_s += most;
        if (most > negligible_s)
            m.order = k;
    }
    local.usable = std::abs(c[0]) + farthest_s < longest_delay_s &&
                   farthest_s * rate < farthest_move;
    if (!local.usable)
        return local;
    const double position = d_offset_fraction - rate * c[0];
    const double whole = std::floor(position);
    m.position = position - whole;
    m.cycles = cycle_fraction(carrier * c[0]) - d_gain_cycles;
    m.gain = d_gain_magnitude;
    local.origin = d_offset_whole + start + static_cast<int64_t>(whole) -
                   static_cast<int64_t>(d_filters->before());
    return local;
}

index_range moving_path::input_range(int64_t first, size_t count) const
{
    const int64_t end = first + static_cast<int64_t>(count);
    index_range range{ std::numeric_limits<int64_t>::max(),
                       std::numeric_limits<int64_t>::min() };
    const auto include = [&](int64_t index, size_t segment) {
        const int64_t start = start_of(index, block);
        const auto local = motion_in_block(start, segment);
        if (!local.usable)
            return;
        const int64_t from = local.input_of(static_cast<size_t>(index - start));
        range.first = std::min(range.first, from);
        range.end = std::max(range.end, from + static_cast<int64_t>(d_filters->taps()));
        // A delay that grows faster than this lets groups overlap: a group's last sample
        // may lie behind the next one's first.
        if (std::abs(local.motion.delay_steps[0]) > 0.5 / static_cast<double>(group)) {
            range.first = std::min(range.first, from - static_cast<int64_t>(group));
            range.end += static_cast<int64_t>(group);
        }
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
                      std::complex<float>* out,
                      tap_gain* tap) const
{
    const int64_t end = first + static_cast<int64_t>(count);
    size_t segment = segment_of(first);
    while (first < end) {
        const int64_t start = start_of(first, block);
        int64_t until = std::min(end, start + static_cast<int64_t>(block));
        if (segment + 1 < d_switch.size())
            until = std::min(until, d_switch[segment + 1]);
        if (until > first)
            add_within_block(start,
                             static_cast<size_t>(first - start),
                             static_cast<size_t>(until - start),
                             segment,
                             input,
                             reinterpret_cast<float*>(out),
                             tap);
        out += until - first;
        first = until;
        segment = segment_of(first);
    }
}

void moving_path::add_within_block(int64_t start,
                                   size_t from,
                                   size_t to,
                                   size_t segment,
                                   const input_view& input,
                                   float* out,
                                   tap_gain* tap) const
{
    const local_motion local = motion_in_block(start, segment);
    if (!local.usable)
        return;
    path_chunk chunk;
    plan_path(local.motion, chunk);
    if (tap) {
        static_assert(tap_gain::block == path_chunk::samples &&
                      tap_gain::step == path_chunk::part);
        float re[tap_gain::gains];
        float im[tap_gain::gains];
        tap->at_block(start, re, im);
        change_gain(re, im, chunk);
    }
    add_chunk(chunk, from, to, local.origin, input, out);
}

void moving_path::add_chunk(const path_chunk& chunk,
                            size_t from,
                            size_t to,
                            int64_t origin,
                            const input_view& input,
                            float* out) const
{
    const auto window = static_cast<int64_t>(group + d_filters->taps() - 1);
    const auto* samples = reinterpret_cast<const float*>(input.samples);
    const int64_t before = origin - input.first; // of the view's samples
    const auto is_there = [&](size_t g) {
        const int64_t at = before + chunk.whole[g];
        return at >= 0 && at + window <= static_cast<int64_t>(input.count);
    };
    // A group whose samples the input does not hold adds nothing.
    const auto is_silent = [&](size_t g) {
        const int64_t at = before + chunk.whole[g];
        return at + window <= 0 || at >= static_cast<int64_t>(input.count);
    };
    while (from < to) {
        const size_t g = from / group;
        size_t until = std::min(to, (g + 1) * group);
        if (is_silent(g)) {
            while (until < to && is_silent(until / group))
                until = std::min(to, until + group);
        } else if (from % group == 0 && until % group == 0 && is_there(g)) {
            while (until + group <= to && is_there(until / group))
                until += group;
            filter_path(chunk, *d_filters, g, until / group, samples, before, out);
        } else {
            // A group of which only a part is wanted or there: all of it in copies, so
            // that the bits are the same.
            float padded[2 * (group + fractional_delay::max_taps - 1)];
            copy_padded(
                input, origin + chunk.whole[g], static_cast<size_t>(window), padded);
            float whole[2 * group] = {};
            float* const part = whole + 2 * (from - g * group);
            std::copy(out, out + 2 * (until - from), part);
            filter_path(chunk, *d_filters, g, g + 1, padded, -chunk.whole[g], whole);
            std::copy(part, part + 2 * (until - from), out);
        }
        out += 2 * (until - from);
        from = until;
    }
}

} // namespace gr::ntnpos::kernel
