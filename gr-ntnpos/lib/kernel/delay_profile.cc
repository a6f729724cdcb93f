/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/delay_profile.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

toa_measurement measure_toa(const delay_profile& profile,
                            const first_path_estimate& estimate)
{
    const path_estimate& first = estimate.paths.front();
    const double power = estimate.signal_power;
    const auto in_element = [&](double square) {
        return 10.0 * std::log10(std::max(square, 1e-300) / profile.grid_subcarriers);
    };
    // Noise in one element of one symbol; comb_size elements of noise stand against each
    // occupied one.
    const double noise = estimate.noise_variance * profile.observations;
    toa_measurement m;
    // The model turns by its rate while the first path is early or late: far below a
    // picosecond.
    m.arrival = advance(profile.arrival, first.delay_s);
    m.toa_s = profile.toa_s + first.delay_s;
    m.toa_std_s = std::hypot(first.delay_std_s * profile.std_factor, profile.model_std_s);
    m.snr_db = 10.0 * std::log10(power / std::max(noise * profile.comb_size, 1e-300));
    m.rsrp_db = in_element(power);
    m.first_path_rsrpp_db = in_element(std::norm(first.gain));
    for (size_t i = 1; i < estimate.paths.size(); ++i) {
        const path_estimate& p = estimate.paths[i];
        m.additional_paths.push_back(
            { p.delay_s - first.delay_s, p.delay_std_s, in_element(std::norm(p.gain)) });
    }
    return m;
}

} // namespace gr::ntnpos::kernel
