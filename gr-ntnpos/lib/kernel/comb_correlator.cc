/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phasor.h"
#include <gnuradio/ntnpos/kernel/comb_correlator.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

comb_correlator::comb_correlator(const carrier& c)
    : d_carrier((throw_if(validate(c)), c)),
      d_size(fft_size(c)),
      d_forward(d_size, fft::direction::forward),
      d_inverse(d_size, fft::direction::inverse)
{
}

comb_correlator::placement comb_correlator::place(const sample_view& samples,
                                                  const prs_replica::symbol& s,
                                                  const instant& sent,
                                                  const delay_model& model) const
{
    const double rate = d_carrier.sample_rate_hz;
    const instant useful_sent = advance(sent, (s.start_samples + s.cp_samples) / rate);
    const instant useful = model.arrival(useful_sent);
    placement p;
    // Half a prefix early: paths and errors of either sign stay within the symbol.
    p.window = std::llround(samples.position(useful)) - s.cp_samples / 2;
    p.centre = samples.at(p.window + d_size / 2);
    const double toa = model.at(p.centre);
    p.ramp_s = (seconds_between(p.centre, useful_sent) - toa) - 0.5 * d_size / rate;
    const double cycles = d_carrier.frequency_hz * toa;
    p.cycles = cycles - std::floor(cycles);
    p.step = d_carrier.frequency_hz * model.rate_at(p.centre) / rate;
    // What lasts one second for the satellite's clock lasts 1 + rate by the receiver's.
    const double stretch = 1.0 + model.rate_at(p.centre);
    p.begin = samples.position(useful) - s.cp_samples * stretch;
    p.end = samples.position(useful) + d_size * stretch;
    return p;
}

bool comb_correlator::measure(const sample_view& samples,
                              prs_replica& replica,
                              const std::vector<int64_t>& slots,
                              const std::vector<instant>& sent,
                              const delay_model& model,
                              std::vector<symbol_channel>& out)
{
    out.clear();
    const int comb = replica.resource().comb_size;
    const int low = 12 * replica.resource().start_prb;
    const float amplitude = std::pow(10.0, replica.resource().power_offset_db / 20.0);
    // The grid's unit element has amplitude 1/sqrt(12 n_rb) in time; the transform of N
    // samples gives N of it.
    const float scale =
        std::sqrt(12.0 * d_carrier.n_rb) / d_size / (amplitude * amplitude);
    for (size_t i = 0; i < slots.size(); ++i) {
        for (int index = 0; index < replica.num_symbols(); ++index) {
            const auto symbol = replica.at(slots[i], index);
            const placement p = place(samples, symbol, sent[i], model);
            if (!samples.holds(p.window, p.window + d_size)) {
                out.clear();
                return false;
            }
            auto* buffer = d_forward.data();
            const auto* in = samples.data + (p.window - samples.first);
            phasor turn(p.cycles - p.step * (d_size / 2), p.step);
            for (int n = 0; n < d_size; ++n)
                buffer[n] = in[n] * turn.next();
            d_forward.execute();

            symbol_channel channel{
                static_cast<int>(i), p.centre, symbol.first_element, {}
            };
            channel.values.resize(replica.elements());
            // Ramp over absolute subcarrier frequency takes the window's place out.
            const double ramp = -p.ramp_s * d_carrier.scs_khz * 1e3;
            const int first_k = low + symbol.first_element - 6 * d_carrier.n_rb;
            phasor shift(ramp * first_k, ramp * comb);
            for (int m = 0; m < replica.elements(); ++m) {
                const int k = low + symbol.first_element + m * comb;
                channel.values[m] = buffer[subcarrier_bin(d_carrier, k)] *
                                    std::conj(symbol.values[m]) * shift.next() * scale;
            }
            out.push_back(std::move(channel));
        }
    }
    return true;
}

void comb_correlator::add_replica(const sample_view& samples,
                                  prs_replica& replica,
                                  const std::vector<int64_t>& slots,
                                  const std::vector<instant>& sent,
                                  const delay_model& model,
                                  const std::vector<std::complex<float>>& channel,
                                  double edge_s,
                                  float scale)
{
    const int comb = replica.resource().comb_size;
    const int low = 12 * replica.resource().start_prb;
    const double edge = edge_s * d_carrier.sample_rate_hz;
    const float element = scale / std::sqrt(12.0f * d_carrier.n_rb);
    for (size_t i = 0; i < slots.size(); ++i) {
        for (int index = 0; index < replica.num_symbols(); ++index) {
            const auto symbol = replica.at(slots[i], index);
            const placement p = place(samples, symbol, sent[i], model);
            const int64_t begin =
                std::max(samples.first, static_cast<int64_t>(std::ceil(p.begin + edge)));
            const int64_t end =
                std::min(samples.end(), static_cast<int64_t>(std::ceil(p.end + edge)));
            if (begin >= end)
                continue;
            auto* buffer = d_inverse.data();
            std::fill(buffer, buffer + d_size, std::complex<float>(0.0f));
            const double ramp = p.ramp_s * d_carrier.scs_khz * 1e3;
            const int first_k = low + symbol.first_element - 6 * d_carrier.n_rb;
            phasor shift(ramp * first_k, ramp * comb);
            for (int m = 0; m < replica.elements(); ++m) {
                const int offset = symbol.first_element + m * comb;
                buffer[subcarrier_bin(d_carrier, low + offset)] =
                    symbol.values[m] * channel[offset] * shift.next() * element;
            }
            d_inverse.execute();
            const int64_t from_centre = begin - (p.window + d_size / 2);
            phasor turn(-p.cycles - p.step * from_centre, -p.step);
            int64_t n = (begin - p.window) % d_size;
            if (n < 0)
                n += d_size;
            auto* out = samples.data + (begin - samples.first);
            for (int64_t j = begin; j < end; ++j) {
                *out++ += buffer[n] * turn.next();
                if (++n == d_size)
                    n = 0;
            }
        }
    }
}

} // namespace gr::ntnpos::kernel
