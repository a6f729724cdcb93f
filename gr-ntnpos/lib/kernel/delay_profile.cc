/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/delay_profile.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

toa_measurement measure_toa(const delay_profile& profile,
                            const first_path_estimate& estimate)
{
    const path_estimate& first = estimate.paths.front();
    double power = 0.0;
    for (const auto& p : estimate.paths)
        power += std::norm(p.gain);
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
    m.rsrp_db = 10.0 * std::log10(power / profile.grid_subcarriers);
    return m;
}

} // namespace gr::ntnpos::kernel
