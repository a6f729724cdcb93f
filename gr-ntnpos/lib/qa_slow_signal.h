/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_QA_SLOW_SIGNAL_H
#define INCLUDED_NTNPOS_QA_SLOW_SIGNAL_H

#include <gnuradio/ntnpos/kernel/prs_resource.h>
#include <cmath>
#include <complex>
#include <functional>
#include <random>
#include <vector>

/*
 * Tests' own received DL-PRS: the sums of TS 38.211 5.3.1 and 5.4 at each sample's exact
 * time of emission, in double precision, without FFT or interpolation. Values of the
 * sequence come from prs_symbol_values, which has its own tests.
 */
namespace slow {

using samples = std::vector<std::complex<float>>;
using delay = std::function<double(double)>; // toa in s at a receiver time in s

//! Start of a slot in seconds after its subframe's start: slots that hold a half
//! subframe's first symbol are longer.
inline double slot_in_subframe(const gr::ntnpos::kernel::carrier& c, int64_t slot)
{
    const int scale = c.scs_khz / 15;
    double start = 0.0; // in kappa T_c = 1 / 30.72 MHz
    for (int l = 0; l < 14 * (slot % scale); ++l)
        start += (2048.0 + 144.0) / scale + (l % (7 * scale) == 0 ? 16.0 : 0.0);
    return start / 30.72e6;
}

//! x(u), u in seconds after the start of the slot.
inline std::complex<double> sent(const gr::ntnpos::kernel::carrier& c,
                                 const gr::ntnpos::kernel::prs_resource& r,
                                 int64_t slot,
                                 double u)
{
    using namespace gr::ntnpos::kernel;
    // kappa T_c = 1 / 30.72 MHz: useful part 2048 / 2^mu, prefix 144 / 2^mu and 16 more
    // at each half subframe.
    const int scale = c.scs_khz / 15;
    double begun = 0.0;
    for (int l = 0; l < r.start_symbol + r.num_symbols; ++l) {
        const int in_subframe = static_cast<int>(slot % scale) * 14 + l;
        const double prefix =
            (144.0 / scale + (in_subframe % (7 * scale) == 0 ? 16.0 : 0.0)) / 30.72e6;
        const double useful = 1e-3 / c.scs_khz;
        if (l >= r.start_symbol && u >= begun - 1e-12 &&
            u < begun + prefix + useful - 1e-12) {
            std::vector<std::complex<float>> values(elements_per_symbol(r));
            prs_symbol_values(r, c, slot, l - r.start_symbol, values.data());
            std::complex<double> sum = 0.0;
            for (size_t m = 0; m < values.size(); ++m) {
                const double k = first_subcarrier(r, l - r.start_symbol) +
                                 static_cast<double>(m) * r.comb_size - 6.0 * c.n_rb;
                const double cycles = k * c.scs_khz * 1e3 * (u - begun - prefix);
                sum += std::complex<double>(values[m]) *
                       std::polar(1.0, 2.0 * M_PI * (cycles - std::floor(cycles)));
            }
            if (c.phase_compensation) {
                const double cycles =
                    c.frequency_hz * (slot_in_subframe(c, slot) + begun + prefix);
                sum *= std::polar(1.0, -2.0 * M_PI * (cycles - std::floor(cycles)));
            }
            return sum / std::sqrt(12.0 * c.n_rb);
        }
        begun += prefix + useful;
    }
    return 0.0;
}

//! Adds one path to samples whose first is at receiver time t0; the slot leaves at
//! satellite time slot_sent.
inline void receive(const gr::ntnpos::kernel::carrier& c,
                    const gr::ntnpos::kernel::prs_resource& r,
                    int64_t slot,
                    double slot_sent,
                    const delay& toa,
                    std::complex<double> gain,
                    double t0,
                    samples& out)
{
    for (size_t n = 0; n < out.size(); ++n) {
        const double t = t0 + n / c.sample_rate_hz;
        const double tau = toa(t);
        const double cycles = c.frequency_hz * tau;
        out[n] += std::complex<float>(
            gain * sent(c, r, slot, t - tau - slot_sent) *
            std::polar(1.0, -2.0 * M_PI * (cycles - std::floor(cycles))));
    }
}

inline void add_noise(samples& out, double power, unsigned seed)
{
    std::mt19937_64 rng(seed);
    std::normal_distribution<double> normal(0.0, std::sqrt(power / 2.0));
    for (auto& x : out) {
        const double re = normal(rng);
        x += std::complex<float>(re, normal(rng));
    }
}

inline double energy(const samples& x)
{
    double sum = 0.0;
    for (const auto& v : x)
        sum += std::norm(std::complex<double>(v));
    return sum;
}

} // namespace slow

#endif
