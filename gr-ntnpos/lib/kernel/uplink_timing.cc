/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include <gnuradio/ntnpos/kernel/uplink_timing.h>
#include <cmath>
#include <iterator>

namespace gr::ntnpos::kernel {

std::optional<config_error> validate(const timing_command& command)
{
    if (!(std::abs(command.timing_advance_s) <= 1.0)) // true for NaN
        return config_error{ "timing_advance_s",
                             to_text(command.timing_advance_s),
                             "-1..1" };
    return std::nullopt;
}

uplink_timing::uplink_timing(const carrier& c, int64_t first_slot)
    : d_carrier(c), d_origin(slot_start_samples(c, first_slot))
{
}

std::optional<config_error> uplink_timing::add(const timing_command& command)
{
    if (auto error = validate(command))
        return error;
    if (d_advances.size() == MAX_COMMANDS && d_advances.count(command.from_slot) == 0)
        return config_error{ "from_slot",
                             std::to_string(command.from_slot),
                             "one of at most " + to_text(static_cast<int>(MAX_COMMANDS)) +
                                 " slots with a command" };
    d_advances[command.from_slot] = command.timing_advance_s;
    return std::nullopt;
}

double uplink_timing::advance_s(int64_t slot) const
{
    const auto later = d_advances.upper_bound(slot);
    return later == d_advances.begin() ? 0.0 : std::prev(later)->second;
}

slot_position uplink_timing::position(int64_t slot) const
{
    // At most 2.5e8 samples: a double leaves 3e-8 of one.
    const double advance = advance_s(slot) * d_carrier.sample_rate_hz;
    const double whole = std::round(advance);
    return { slot_start_samples(d_carrier, slot) - d_origin - static_cast<int64_t>(whole),
             whole - advance };
}

void uplink_timing::forget_before(int64_t slot)
{
    const auto later = d_advances.upper_bound(slot);
    if (later != d_advances.begin())
        d_advances.erase(d_advances.begin(), std::prev(later));
}

} // namespace gr::ntnpos::kernel
