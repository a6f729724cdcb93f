/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/ofdm.h>
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <utility>

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
    if (cycles == 0.0)
        return static_cast<float>(scale);
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

ofdm_modulator::ofdm_modulator(const carrier& c, const std::vector<comb_extent>& combs)
    : d_carrier(checked(c)),
      d_scale(static_cast<float>(1.0 / std::sqrt(12.0 * c.n_rb))),
      d_grid{ { nullptr, 12 * c.n_rb, 0, 1 } }
{
    const int size = fft_size(c);
    const int origin = 6 * c.n_rb;
    // By falling step; lowest and highest subcarrier from 0 Hz of all combs of the step.
    std::map<int, std::pair<int, int>, std::greater<int>> steps{ { 1, { 0, -1 } } };
    for (const auto& comb : combs) {
        const int step = std::gcd(comb.spacing, size);
        const std::pair<int, int> own{ comb.first - origin, comb.last - origin };
        auto [known, is_new] = steps.try_emplace(step, own);
        auto& [first, last] = known->second;
        if (!is_new && last < first)
            known->second = own;
        else
            known->second = { std::min(first, own.first), std::max(last, own.second) };
    }
    for (const auto& [step, extent] : steps)
        d_transforms.emplace_back(size, step, extent.first, extent.second);
}

int ofdm_modulator::modulate(const std::complex<float>* subcarriers,
                             int64_t slot,
                             int symbol,
                             std::complex<float>* out)
{
    d_grid[0].values = subcarriers;
    return modulate(d_grid, slot, symbol, out);
}

int ofdm_modulator::modulate(const std::vector<comb_values>& combs,
                             int64_t slot,
                             int symbol,
                             std::complex<float>* out)
{
    int common = 0;
    for (const auto& comb : combs)
        common = std::gcd(common, std::gcd(comb.spacing, comb.first - combs[0].first));
    const auto transform =
        std::find_if(d_transforms.begin(), d_transforms.end(), [common](const auto& t) {
            return common % t.step() == 0;
        });
    const int size = fft_size(d_carrier);
    const int cp = cp_samples(d_carrier, slot, symbol);
    transform->execute(
        combs,
        6 * d_carrier.n_rb,
        rotation(phase_compensation_cycles(d_carrier, slot, symbol), d_scale),
        out + cp);
    std::copy_n(out + size, cp, out);
    return cp + size;
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
