/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include <gnuradio/ntnpos/kernel/correlator_bank.h>

namespace gr::ntnpos::kernel {

std::optional<config_error> validate(const correlator_bank_config& c)
{
    const auto outside = [](double value, double low, double high) {
        return !(value >= low && value <= high);
    };
    if (outside(c.false_alarm_probability, 1e-12, 0.5))
        return config_error{ "false_alarm_probability",
                             to_text(c.false_alarm_probability),
                             "1e-12..0.5" };
    if (c.interference_passes < 0 || c.interference_passes > 10)
        return config_error{ "interference_passes",
                             to_text(c.interference_passes),
                             "0..10" };
    if (outside(c.max_coherent_s, 0.0, 1.0))
        return config_error{ "max_coherent_s", to_text(c.max_coherent_s), "0..1" };
    if (outside(c.max_combined_s, 0.0, 0.5))
        return config_error{ "max_combined_s", to_text(c.max_combined_s), "0..0.5" };
    if (outside(c.batch_s, 1e-3, 1.0))
        return config_error{ "batch_s", to_text(c.batch_s), "1e-3..1" };
    return std::nullopt;
}

} // namespace gr::ntnpos::kernel
