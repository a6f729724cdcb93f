/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include <gnuradio/ntnpos/kernel/first_path.h>

namespace gr::ntnpos::kernel {

std::optional<config_error> validate(const first_path_config& c)
{
    const auto outside = [](double value, double low, double high) {
        return !(value >= low && value <= high);
    };
    if (c.subcarriers < 12 || c.subcarriers > 3300)
        return config_error{ "subcarriers", to_text(c.subcarriers), "12..3300" };
    if (outside(c.scs_hz, 1e3, 1e6))
        return config_error{ "scs_hz", to_text(c.scs_hz), "1e3..1e6" };
    if (c.profile_points < c.subcarriers || c.profile_points > (1 << 20))
        return config_error{ "profile_points",
                             to_text(c.profile_points),
                             "subcarriers..1048576" };
    if (c.max_paths < 1 || c.max_paths > 8)
        return config_error{ "max_paths", to_text(c.max_paths), "1..8" };
    if (outside(c.false_alarm_probability, 1e-12, 0.5))
        return config_error{ "false_alarm_probability",
                             to_text(c.false_alarm_probability),
                             "1e-12..0.5" };
    if (outside(c.threshold, 0.0, 1.0))
        return config_error{ "threshold", to_text(c.threshold), "0..1" };
    if (outside(c.min_relative_db, -60.0, 0.0))
        return config_error{ "min_relative_db", to_text(c.min_relative_db), "-60..0" };
    if (outside(c.early_s, 0.0, 1e-3))
        return config_error{ "early_s", to_text(c.early_s), "0..1e-3" };
    if (outside(c.late_s, 0.0, 1e-3))
        return config_error{ "late_s", to_text(c.late_s), "0..1e-3" };
    if (c.method != first_path_method::maximum_likelihood &&
        c.method != first_path_method::music && c.method != first_path_method::threshold)
        return config_error{ "method",
                             to_text(static_cast<int>(c.method)),
                             "maximum_likelihood, music or threshold" };
    if (c.threshold_mode != threshold_mode::relative &&
        c.threshold_mode != threshold_mode::false_alarm)
        return config_error{ "threshold_mode",
                             to_text(static_cast<int>(c.threshold_mode)),
                             "relative or false_alarm" };
    return std::nullopt;
}

} // namespace gr::ntnpos::kernel
