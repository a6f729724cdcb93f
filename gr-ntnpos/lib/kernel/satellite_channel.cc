/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "integers.h"
#include <gnuradio/ntnpos/kernel/satellite_channel.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>

namespace gr::ntnpos::kernel {

namespace {

constexpr size_t max_paths = 4096;

size_t inputs_of(const channel_config& config)
{
    int last = 0;
    for (const auto& path : config.paths)
        last = std::max(last, path.input);
    return static_cast<size_t>(last) + 1;
}

moving_path_config path_config(const channel_config& config, const channel_path& path)
{
    const auto& receiver = config.receiver;
    moving_path_config c;
    c.toa =
        observed_trajectory(path.delay, receiver.clock, path.satellite_clock_offset_s);
    c.gain = path.gain;
    c.output_start = receiver.start;
    c.input_start = path.input_start;
    c.sample_rate_hz = config.sample_rate_hz;
    c.carrier_frequency_hz = config.carrier_frequency_hz;
    c.occupied_band = config.occupied_band;
    return c;
}

trajectory later_by(double delay_s, trajectory t)
{
    for (auto& segment : t.segments)
        segment.coefficients[0] += delay_s;
    return t;
}

// One for each maximum Doppler.
class doppler_filters
{
public:
    std::shared_ptr<const doppler_filter> of(double max_doppler_hz)
    {
        if (max_doppler_hz < doppler_filter::slowest_hz)
            return nullptr;
        auto& filter = d_all[max_doppler_hz];
        if (!filter)
            filter = std::make_shared<doppler_filter>(max_doppler_hz);
        return filter;
    }

private:
    std::map<double, std::shared_ptr<const doppler_filter>> d_all;
};

std::optional<config_error> within(const std::string& where,
                                   std::optional<config_error> error)
{
    if (error)
        error->field = where + error->field;
    return error;
}

std::optional<config_error> validate_path(const channel_config& config,
                                          const channel_path& path)
{
    if (path.input < 0 || path.input >= static_cast<int>(max_paths))
        return config_error{ "input", to_text(path.input), "in 0..4095" };
    if (!(std::abs(path.satellite_clock_offset_s) <= 1e6))
        return config_error{ "satellite_clock_offset_s",
                             to_text(path.satellite_clock_offset_s),
                             "in -1e6..1e6" };
    if (auto error = within("delay.", validate(path.delay)))
        return error;
    if (auto error = within(
            "fading.",
            validate(path.fading, config.sample_rate_hz, config.carrier_frequency_hz)))
        return error;
    return validate(path_config(config, path));
}

// The fields that all paths share, under their own names.
std::optional<config_error> validate_common(const channel_config& config)
{
    moving_path_config c;
    c.toa.segments = { { {}, { 0.0 } } };
    c.sample_rate_hz = config.sample_rate_hz;
    c.carrier_frequency_hz = config.carrier_frequency_hz;
    c.occupied_band = config.occupied_band;
    return validate(c);
}

} // namespace

std::optional<config_error> validate(const channel_config& config)
{
    if (auto error = validate_common(config))
        return error;
    const auto& receiver = config.receiver;
    if (auto error = validate(receiver.start, "receiver.start"))
        return error;
    if (receiver.start.full_s < 0)
        return config_error{ "receiver.start.full_s",
                             std::to_string(receiver.start.full_s),
                             ">= 0" };
    if (auto error = within("receiver.", validate(receiver.clock)))
        return error;
    if (auto error = within("receiver.", validate(receiver.noise)))
        return error;

    if (config.paths.empty() || config.paths.size() > max_paths)
        return config_error{ "paths",
                             std::to_string(config.paths.size()) + " paths",
                             "1 to 4096 paths" };
    for (size_t i = 0; i < config.paths.size(); ++i)
        if (auto error = within("paths[" + std::to_string(i) + "].",
                                validate_path(config, config.paths[i])))
            return error;
    std::vector<bool> used(inputs_of(config));
    for (const auto& path : config.paths)
        used[static_cast<size_t>(path.input)] = true;
    const auto unused = std::find(used.begin(), used.end(), false);
    if (unused != used.end())
        return config_error{ "paths",
                             "none from input " + std::to_string(unused - used.begin()),
                             "from inputs 0, 1, ... without a gap" };
    return std::nullopt;
}

satellite_channel::satellite_channel(const channel_config& config) : d_config(config)
{
    throw_if(validate(config));
    d_inputs = inputs_of(config);
    doppler_filters filters;
    for (size_t i = 0; i < config.paths.size(); ++i) {
        const auto& path = config.paths[i];
        const auto moving = path_config(config, path);
        const auto input = static_cast<size_t>(path.input);
        if (path.fading.model == fading_model::los) {
            d_rays.push_back({ i, input, 0.0, moving_path(moving), std::nullopt });
            continue;
        }
        const double doppler_hz =
            max_doppler_hz(path.fading, config.carrier_frequency_hz);
        const auto taps = taps_of(path.fading);
        for (size_t k = 0; k < taps.size(); ++k) {
            auto of_tap = moving;
            of_tap.toa = later_by(taps[k].delay_s, of_tap.toa);
            d_rays.push_back(
                { i,
                  input,
                  taps[k].delay_s,
                  moving_path(of_tap),
                  tap_gain({ filters.of(doppler_hz),
                             fading_process::key_of(path.fading.seed, i, k) },
                           doppler_hz,
                           taps[k].constant,
                           taps[k].scattered,
                           config.receiver.start,
                           config.sample_rate_hz) });
        }
    }
}

index_range
satellite_channel::input_range(size_t input, int64_t first, size_t count) const
{
    index_range all{ std::numeric_limits<int64_t>::max(),
                     std::numeric_limits<int64_t>::min() };
    for (const auto& ray : d_rays) {
        if (ray.input != input)
            continue;
        const auto range = ray.moving.input_range(first, count);
        if (range.first == range.end)
            continue;
        all.first = std::min(all.first, range.first);
        all.end = std::max(all.end, range.end);
    }
    return all.first < all.end ? all : index_range{};
}

size_t satellite_channel::producible(int64_t first,
                                     size_t count,
                                     const std::vector<int64_t>& ends) const
{
    for (size_t input = 0; input < d_inputs; ++input)
        while (count > 0) {
            const int64_t missing = input_range(input, first, count).end - ends[input];
            if (missing <= 0)
                break;
            // About one output sample less for each input sample that is missing, never
            // too few.
            const auto less = std::max<int64_t>(1, missing - missing / 64 - 1);
            count -= std::min(count, static_cast<size_t>(less));
        }
    return count;
}

void satellite_channel::process(int64_t first,
                                size_t count,
                                const std::vector<input_view>& inputs,
                                std::complex<float>* out)
{
    constexpr size_t step =
        2048; // stays in the first cache from path to path; moving_path's block
    while (count > 0) {
        const auto within = static_cast<size_t>(floor_mod(first, int64_t{ step }));
        const size_t here = std::min(count, step - within);
        write_noise(d_config.receiver.noise, first, here, out);
        for (auto& ray : d_rays)
            ray.moving.add(
                first, here, inputs[ray.input], out, ray.gain ? &*ray.gain : nullptr);
        first += static_cast<int64_t>(here);
        out += here;
        count -= here;
    }
}

std::optional<config_error> satellite_channel::prolong(
    int64_t path, const std::vector<delay_segment>& later, int64_t now)
{
    if (path < 0 || path >= static_cast<int64_t>(d_config.paths.size()))
        return config_error{ "path",
                             std::to_string(path),
                             "in 0.." + std::to_string(d_config.paths.size() - 1) };
    if (auto error = validate(trajectory{ later }))
        return error;
    const auto& receiver = d_config.receiver;
    const auto i = static_cast<size_t>(path);
    const auto observed = observed_trajectory(
        { later }, receiver.clock, d_config.paths[i].satellite_clock_offset_s);
    const auto from = sample_instant(receiver.start, now, d_config.sample_rate_hz);
    for (auto& ray : d_rays)
        if (ray.path == i)
            ray.moving.set_toa(spliced(
                ray.moving.toa(), later_by(ray.delay_s, observed).segments, from));
    return std::nullopt;
}

std::vector<std::complex<float>> fading_gains(const path_fading& fading,
                                              double carrier_frequency_hz,
                                              size_t path,
                                              const instant& start,
                                              double step_s,
                                              size_t count)
{
    const double doppler_hz = max_doppler_hz(fading, carrier_frequency_hz);
    doppler_filters filters;
    const auto taps = taps_of(fading);
    std::vector<std::complex<float>> out(taps.size() * count);
    for (size_t k = 0; k < taps.size(); ++k) {
        auto* gains = out.data() + k * count;
        fading_process process(filters.of(doppler_hz),
                               fading_process::key_of(fading.seed, path, k));
        process.at(start, step_s, count, gains);
        const auto constant = static_cast<float>(std::sqrt(taps[k].constant));
        const auto scattered = static_cast<float>(std::sqrt(taps[k].scattered));
        for (size_t i = 0; i < count; ++i)
            gains[i] = constant + scattered * gains[i];
    }
    return out;
}

} // namespace gr::ntnpos::kernel
