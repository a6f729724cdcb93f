/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "integers.h"
#include <gnuradio/ntnpos/kernel/search_window.h>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

constexpr double max_delay_s = 1e4;

} // namespace

std::optional<config_error> validate(const search_window& w)
{
    if (auto error = validate(w.toa))
        return error;
    // 0.1 s: more than a whole Earth of prior area; what is beyond is a mistake of units.
    if (!(w.half_width_s >= 0.0 && w.half_width_s <= 0.1))
        return config_error{ "half_width_s", to_text(w.half_width_s), "0..0.1" };
    if (!(w.doppler_half_width_hz >= 0.0 && w.doppler_half_width_hz <= 1e6))
        return config_error{ "doppler_half_width_hz",
                             to_text(w.doppler_half_width_hz),
                             "0..1e6" };
    return std::nullopt;
}

std::optional<config_error>
validate(const search_window& w, const carrier& c, const sounding_resource& r)
{
    if (auto error = validate(w))
        return error;
    constexpr double most_cells = 5e7;
    const double bandwidth_hz = 1e3 * subcarriers(r) * c.scs_khz;
    const double duration_s = num_symbols(r) / (1e3 * c.scs_khz);
    const double cells = (1.0 + 2.0 * w.half_width_s * bandwidth_hz) *
                         (1.0 + 2.0 * w.doppler_half_width_hz * duration_s);
    if (cells > most_cells)
        return config_error{ "half_width_s, doppler_half_width_hz",
                             to_text(w.half_width_s) + ", " +
                                 to_text(w.doppler_half_width_hz),
                             "narrower: together they make " + to_text(cells) +
                                 " cells to search, up to 5e7 can be" };
    return std::nullopt;
}

double delay_model::at(const instant& t) const
{
    return delay_at(*predicted, t) + offset_s + rate * seconds_between(t, reference);
}

double delay_model::rate_at(const instant& t) const
{
    return delay_rate_at(*predicted, t) + rate;
}

bool delay_model::plausible(const instant& t) const
{
    return std::abs(at(t)) <= max_delay_s && std::abs(rate_at(t)) <= 1e-3;
}

instant delay_model::arrival(const instant& sent) const
{
    // t = sent + toa(t) contracts by the delay rate, below 1e-4: four rounds reach double
    // precision.
    instant t = sent;
    for (int round = 0; round < 4; ++round) {
        const double toa = at(t);
        if (!(std::abs(toa) <= max_delay_s))
            return t;
        t = advance(sent, toa);
    }
    return t;
}

void delay_model::rebase(const instant& t)
{
    offset_s += rate * seconds_between(t, reference);
    reference = t;
}

instant slot_sent(const carrier& c, const satellite_signal& s, int64_t slot_count)
{
    const int64_t per_second = 1000LL * slots_per_subframe(c);
    const int64_t whole = floor_div(slot_count, per_second);
    const double rest =
        slot_start_samples(c, slot_count - whole * per_second) / c.sample_rate_hz;
    instant t = advance(s.sfn0, rest);
    t.full_s += whole;
    return t;
}

} // namespace gr::ntnpos::kernel
