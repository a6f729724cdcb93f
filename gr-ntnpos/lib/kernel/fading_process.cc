/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fractional_delay.h"
#include "multiversion.h"
#include <gnuradio/ntnpos/kernel/fading_process.h>
#include <gnuradio/ntnpos/kernel/noise.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

constexpr double rounding = 0.005;  // of the spectrum's edges, of f_D
constexpr double reach = 72.0;      // of the filter to either side, periods of f_D
constexpr double least_ratio = 5.0; // grid values a period of f_D
constexpr size_t run = 96;          // values computed at once
constexpr size_t between = 8;       // values that one is interpolated from
// Of a run, before the one that is asked for: a block of samples that is made in pieces
// asks again for its first ones, up to 13 values before its last.
constexpr size_t earlier = 24;

// Even sequences and their spectra, both real: x[0 .. count - 1] to sum over all integers
// n of x[|n|] cos(2 pi i n / size), i = 0 .. size / 2, and back.
constexpr size_t size = 4096; // a power of two, more than twice the lags of design()

std::vector<double> even_transform(const std::vector<double>& x, size_t count)
{
    std::vector<double> cosine(size);
    for (size_t i = 0; i < size; ++i)
        cosine[i] = std::cos(2.0 * M_PI / size * static_cast<double>(i));
    std::vector<double> out(count);
    for (size_t i = 0; i < count; ++i) {
        double sum = x[0];
        for (size_t n = 1; n < x.size(); ++n)
            sum += 2.0 * x[n] * cosine[n * i % size];
        out[i] = sum;
    }
    return out;
}

// The zero-phase filter of that autocorrelation: the square root of its spectrum.
std::vector<float> design(double values_of_period)
{
    // Beyond these lags the autocorrelation is below 1e-11.
    const auto lags =
        static_cast<size_t>(std::ceil(7.2 / (2.0 * M_PI * rounding) * values_of_period));
    std::vector<double> correlation(lags);
    for (size_t n = 0; n < lags; ++n) {
        const double periods = static_cast<double>(n) / values_of_period;
        const double width = 2.0 * M_PI * rounding * periods;
        correlation[n] = ::j0(2.0 * M_PI * periods) * std::exp(-0.5 * width * width);
    }
    auto amplitude = even_transform(correlation, size / 2 + 1);
    for (auto& a : amplitude)
        a = std::sqrt(std::max(a, 0.0));
    // The spectrum's last value, at half the rate, is zero but for rounding.
    amplitude.pop_back();
    const auto half = static_cast<size_t>(std::ceil(reach * values_of_period));
    const auto right = even_transform(amplitude, half + 1);
    double energy = 0.0;
    for (size_t n = 0; n <= half; ++n)
        energy += (n == 0 ? 1.0 : 2.0) * right[n] * right[n];
    std::vector<float> taps(2 * half + 1);
    for (size_t n = 0; n <= half; ++n)
        taps[half - n] = taps[half + n] =
            static_cast<float>(right[n] / std::sqrt(energy));
    return taps;
}

// out[i] = sum_k taps[k] x[i + k] for the numbers of `run` interleaved complex values, or
// of `between`. Each sum in the order of k, whatever the vectors.
template <size_t count>
NTNPOS_INLINE void sums(const float* taps, size_t n, const float* x, float* out)
{
    float sum[2 * count] = {};
    for (size_t k = 0; k < n; ++k)
        for (size_t i = 0; i < 2 * count; ++i)
            sum[i] += taps[k] * x[2 * k + i];
    std::copy(sum, sum + 2 * count, out);
}

NTNPOS_MULTIVERSION
void filter_run(const float* taps, size_t n, const float* x, float* out)
{
    sums<run>(taps, n, x, out);
}

NTNPOS_MULTIVERSION
void filter_few(const float* taps, size_t n, const float* x, float* out)
{
    sums<between>(taps, n, x, out);
}

// One number of each step of a block from those of the knots.
NTNPOS_MULTIVERSION
void interpolate(const float* knots,
                 size_t intervals,
                 size_t steps,
                 const float (*weights)[tap_gain::block / tap_gain::step],
                 float constant,
                 float scale,
                 float* out)
{
    for (size_t j = 0; j < intervals; ++j) {
        const float a = knots[j];
        const float b = knots[j + 1];
        const float c = knots[j + 2];
        const float d = knots[j + 3];
        for (size_t i = 0; i < steps; ++i) {
            const float near = weights[1][i] * b + weights[2][i] * c;
            const float far = weights[0][i] * a + weights[3][i] * d;
            out[j * steps + i] = constant + scale * (near + far);
        }
    }
}

} // namespace

doppler_filter::doppler_filter(double max_doppler_hz)
{
    const double least = least_ratio * std::max(max_doppler_hz, slowest_hz);
    int exponent;
    const double fraction = std::frexp(least, &exponent); // in [0.5, 1)
    d_multiple = static_cast<int>(std::ceil(8.0 * fraction));
    d_power = exponent - 3;
    d_taps = design(rate_hz() / std::max(max_doppler_hz, slowest_hz));
}

double doppler_filter::rate_hz() const
{
    return std::ldexp(static_cast<double>(d_multiple), d_power);
}

int64_t doppler_filter::position(const instant& t, double& fraction) const
{
    // Whole seconds are whole multiples of 2^k of the grid: exact in integers.
    const int64_t whole = t.full_s * d_multiple; // below 2^53 * 2^3
    const double part = t.frac_s * d_multiple;
    if (d_power >= 0) {
        const double values = std::ldexp(part, d_power);
        const double down = std::floor(values);
        fraction = values - down;
        return static_cast<int64_t>((static_cast<uint64_t>(whole) << d_power) +
                                    static_cast<uint64_t>(down));
    }
    const int64_t index = whole >> -d_power;
    const int64_t rest = whole - index * (int64_t{ 1 } << -d_power);
    const double values = std::ldexp(static_cast<double>(rest) + part, d_power);
    const double down = std::floor(values);
    fraction = values - down;
    return index + static_cast<int64_t>(down);
}

uint64_t fading_process::key_of(uint64_t seed, uint64_t path, uint64_t tap)
{
    // Counters that the noise of the same seed does not come to.
    return threefry2x32_13((uint64_t{ 1 } << 63) + (path << 8) + tap, seed);
}

fading_process::fading_process(std::shared_ptr<const doppler_filter> filter, uint64_t key)
    : d_filter(std::move(filter)), d_between(&fractional_delay::for_band(0.5)), d_key(key)
{
    write_noise({ key, 1.0 }, 0, 1, &d_still);
    if (d_filter) {
        d_noise.resize(run + 2 * d_filter->half());
        d_values.resize(run);
    }
}

// The eight values of the grid from that index on.
const std::complex<float>* fading_process::values(int64_t first)
{
    // Unsigned: the index wraps.
    const auto past = static_cast<uint64_t>(first) - static_cast<uint64_t>(d_first);
    if (d_count >= between && past <= d_count - between)
        return d_values.data() + past;
    // Beside the last ones more of the same will be wanted, elsewhere perhaps not.
    const bool goes_on = past + run < 3 * run;
    const size_t count = goes_on ? run : between;
    d_first =
        static_cast<int64_t>(static_cast<uint64_t>(first) - (goes_on ? earlier : 0));
    d_count = count;
    const auto from = static_cast<uint64_t>(d_first) - d_filter->half();
    const auto& taps = d_filter->taps();
    write_noise({ d_key, 1.0 },
                static_cast<int64_t>(from),
                count + taps.size() - 1,
                d_noise.data());
    (count == run ? filter_run
                  : filter_few)(taps.data(),
                                taps.size(),
                                reinterpret_cast<const float*>(d_noise.data()),
                                reinterpret_cast<float*>(d_values.data()));
    return d_values.data() + (goes_on ? earlier : 0);
}

void fading_process::at(const instant& t,
                        double step_s,
                        size_t count,
                        std::complex<float>* out)
{
    if (!d_filter) {
        std::fill_n(out, count, d_still);
        return;
    }
    double fraction;
    const auto start = static_cast<uint64_t>(d_filter->position(t, fraction));
    const double step = step_s * d_filter->rate_hz();
    for (size_t i = 0; i < count; ++i) {
        const double position = fraction + static_cast<double>(i) * step;
        const double down = std::floor(position);
        const auto first = start + static_cast<uint64_t>(static_cast<int64_t>(down)) -
                           d_between->before();
        const auto* x =
            reinterpret_cast<const float*>(values(static_cast<int64_t>(first)));
        const auto mu = static_cast<float>(position - down);
        const float row = mu * static_cast<float>(fractional_delay::phases);
        const size_t near =
            std::min(static_cast<size_t>(row), size_t{ fractional_delay::phases } - 1);
        const float weight = row - static_cast<float>(near);
        const float* a = d_between->row(near);
        const float* b = a + d_between->stride();
        float re = 0.0f;
        float im = 0.0f;
        for (size_t k = 0; k < between; ++k) {
            const float tap = a[k] + weight * (b[k] - a[k]);
            re += tap * x[2 * k];
            im += tap * x[2 * k + 1];
        }
        out[i] = { re, im };
    }
}

tap_gain::tap_gain(fading_process process,
                   double max_doppler_hz,
                   double constant,
                   double scattered,
                   const instant& start,
                   double sample_rate_hz)
    : d_process(std::move(process)),
      d_constant(static_cast<float>(std::sqrt(constant))),
      d_scattered(static_cast<float>(std::sqrt(scattered))),
      d_start(start),
      d_rate_hz(sample_rate_hz),
      d_spacing(block)
{
    constexpr double knots_of_period = 32.0;
    while (d_spacing > step &&
           max_doppler_hz * knots_of_period * static_cast<double>(d_spacing) >
               sample_rate_hz)
        d_spacing /= 2;
    for (size_t i = 0; i < d_spacing / step; ++i) {
        // Lagrange's polynomials for knots at -1, 0, 1, 2.
        const double u = static_cast<double>(i * step) / static_cast<double>(d_spacing);
        const double w[] = { -u * (u - 1.0) * (u - 2.0) / 6.0,
                             (u + 1.0) * (u - 1.0) * (u - 2.0) / 2.0,
                             -(u + 1.0) * u * (u - 2.0) / 2.0,
                             (u + 1.0) * u * (u - 1.0) / 6.0 };
        for (size_t k = 0; k < 4; ++k)
            d_weights[k][i] = static_cast<float>(w[k]);
    }
}

void tap_gain::at_block(int64_t first, float* re, float* im)
{
    const size_t intervals = block / d_spacing;
    // One before the block, those at its end and beyond.
    const size_t knots = intervals + 3;
    std::complex<float> values[most_knots];
    d_process.at(
        sample_instant(d_start, first - static_cast<int64_t>(d_spacing), d_rate_hz),
        static_cast<double>(d_spacing) / d_rate_hz,
        knots,
        values);
    float real[most_knots];
    float imaginary[most_knots];
    for (size_t j = 0; j < knots; ++j) {
        real[j] = values[j].real();
        imaginary[j] = values[j].imag();
    }
    const size_t steps = d_spacing / step;
    interpolate(real, intervals, steps, d_weights, d_constant, d_scattered, re);
    interpolate(imaginary, intervals, steps, d_weights, 0.0f, d_scattered, im);
    re[gains - 1] = d_constant + d_scattered * real[intervals + 1];
    im[gains - 1] = d_scattered * imaginary[intervals + 1];
}

} // namespace gr::ntnpos::kernel
