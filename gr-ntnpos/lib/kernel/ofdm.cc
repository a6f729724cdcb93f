/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/ofdm.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

const carrier& checked(const carrier& c)
{
    throw_if(validate(c));
    return c;
}

// exp(-j 2 pi cycles) times scale. The double-precision angle keeps the phase exact to
// float rounding.
std::complex<float> rotation(double cycles, double scale)
{
    const double angle = -2.0 * M_PI * cycles;
    return { static_cast<float>(scale * std::cos(angle)),
             static_cast<float>(scale * std::sin(angle)) };
}

// Plain complex product: without the special cases for infinities that std::complex would
// add.
std::complex<float> product(std::complex<float> a, std::complex<float> b)
{
    return { a.real() * b.real() - a.imag() * b.imag(),
             a.real() * b.imag() + a.imag() * b.real() };
}

} // namespace

ofdm_modulator::ofdm_modulator(const carrier& c)
    : d_carrier(checked(c)),
      d_fft(fft_size(c), fft::direction::inverse),
      d_scale(static_cast<float>(1.0 / std::sqrt(12.0 * c.n_rb)))
{
}

int ofdm_modulator::modulate(const std::complex<float>* subcarriers,
                             int64_t slot,
                             int symbol,
                             std::complex<float>* out)
{
    const int n = d_fft.size();
    const int half = 6 * d_carrier.n_rb; // subcarriers below 0 Hz
    const auto factor =
        rotation(phase_compensation_cycles(d_carrier, slot, symbol), d_scale);
    const auto scaled = [factor](std::complex<float> a) { return product(a, factor); };

    std::complex<float>* bins = d_fft.data();
    std::transform(subcarriers + half, subcarriers + 2 * half, bins, scaled);
    std::fill(bins + half, bins + n - half, std::complex<float>());
    std::transform(subcarriers, subcarriers + half, bins + n - half, scaled);
    d_fft.execute();

    const int cp = cp_samples(d_carrier, slot, symbol);
    std::copy(bins + n - cp, bins + n, out);
    std::copy(bins, bins + n, out + cp);
    return cp + n;
}

ofdm_demodulator::ofdm_demodulator(const carrier& c)
    : d_carrier(checked(c)),
      d_fft(fft_size(c), fft::direction::forward),
      d_scale(static_cast<float>(std::sqrt(12.0 * c.n_rb) / fft_size(c)))
{
}

void ofdm_demodulator::demodulate(const std::complex<float>* useful,
                                  int64_t slot,
                                  int symbol,
                                  std::complex<float>* subcarriers)
{
    const int n = d_fft.size();
    const int half = 6 * d_carrier.n_rb;
    const auto factor =
        rotation(-phase_compensation_cycles(d_carrier, slot, symbol), d_scale);
    const auto scaled = [factor](std::complex<float> a) { return product(a, factor); };

    std::complex<float>* bins = d_fft.data();
    std::copy(useful, useful + n, bins);
    d_fft.execute();
    std::transform(bins + n - half, bins + n, subcarriers, scaled);
    std::transform(bins, bins + half, subcarriers + half, scaled);
}

} // namespace gr::ntnpos::kernel
