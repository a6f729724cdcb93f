/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multiversion.h"
#include "profile_scan.h"
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

constexpr int lanes = 16;

// Sum and largest of the squares of each block of `size` points, a multiple of 16 of
// them, in lanes of one order.
NTNPOS_MULTIVERSION
void square_blocks(const float* values, int size, int count, float* sum, float* largest)
{
    for (int b = 0; b < count; ++b) {
        float sums[lanes] = {}, tops[lanes] = {};
        for (int i = 0; i < size; i += lanes)
            for (int l = 0; l < lanes; ++l) {
                const float re = values[2 * (i + l)], im = values[2 * (i + l) + 1];
                const float power = re * re + im * im;
                sums[l] += power;
                tops[l] = power > tops[l] ? power : tops[l];
            }
        for (int width = lanes / 2; width > 0; width /= 2)
            for (int l = 0; l < width; ++l) {
                sums[l] += sums[l + width];
                tops[l] = tops[l + width] > tops[l] ? tops[l + width] : tops[l];
            }
        sum[b] = sums[0];
        largest[b] = tops[0];
        values += 2 * size;
    }
}

/*
 * re + j im -= g sin(pi M (t - f) / P) / (M sin(pi (t - f) / P)) exp(-j pi e t / P), by
 * the tables at t; f enters as its sines and cosines.
 */
struct shape_at {
    float cos_f, sin_f;   // of pi f / P, times M
    float cos_mf, sin_mf; // of pi M f / P
    float g_re, g_im;
};

NTNPOS_MULTIVERSION
void subtract_span(const float* cos_t,
                   const float* sin_t,
                   const float* cos_mt,
                   const float* sin_mt,
                   int count,
                   bool even,
                   shape_at f,
                   float* re,
                   float* im)
{
    // An even number of subcarriers has its middle between two: half a turn more a
    // period.
    const float quarter = even ? 1.0f : 0.0f, whole = even ? 0.0f : 1.0f;
    for (int i = 0; i < count; ++i) {
        const float top = sin_mt[i] * f.cos_mf - cos_mt[i] * f.sin_mf;
        const float bottom = sin_t[i] * f.cos_f - cos_t[i] * f.sin_f;
        const float s = top / bottom;
        const float a = quarter * cos_t[i] + whole;
        const float b = quarter * sin_t[i];
        re[i] -= s * (f.g_re * a + f.g_im * b);
        im[i] -= s * (f.g_im * a - f.g_re * b);
    }
}

NTNPOS_MULTIVERSION
void square_span(const float* re, const float* im, int count, float* out)
{
    for (int i = 0; i < count; ++i)
        out[i] = re[i] * re[i] + im[i] * im[i];
}

NTNPOS_MULTIVERSION
float largest_of(const float* values, int count)
{
    float tops[lanes] = {};
    int i = 0;
    for (; i + lanes <= count; i += lanes)
        for (int l = 0; l < lanes; ++l)
            tops[l] = values[i + l] > tops[l] ? values[i + l] : tops[l];
    for (; i < count; ++i)
        tops[0] = values[i] > tops[0] ? values[i] : tops[0];
    for (int l = 1; l < lanes; ++l)
        tops[0] = tops[l] > tops[0] ? tops[l] : tops[0];
    return tops[0];
}

} // namespace

profile_scan::profile_scan(int points) : d_points(points)
{
    // At most 64 blocks, and each of 256 points where that leaves eight.
    const int wanted = std::max(std::min(256, points / 8), points / 64);
    d_block = lanes * std::max(1, (wanted + lanes - 1) / lanes);
    d_sums.resize((points + d_block - 1) / d_block);
    d_maxima.resize(d_sums.size());
}

void profile_scan::run(const std::complex<float>* profile)
{
    d_profile = profile;
    d_first = 0;
    d_last = -1;
    const auto* values = reinterpret_cast<const float*>(profile);
    const int blocks = d_sums.size();
    const int whole = d_points / d_block;
    square_blocks(values, d_block, whole, d_sums.data(), d_maxima.data());
    if (whole < blocks) {
        float sum = 0.0f, top = 0.0f;
        for (int i = whole * d_block; i < d_points; ++i) {
            const float power = std::norm(profile[i]);
            sum += power;
            top = power > top ? power : top;
        }
        d_sums[whole] = sum;
        d_maxima[whole] = top;
    }
    d_energy = 0.0;
    int best = 0;
    for (int b = 0; b < blocks; ++b) {
        d_energy += d_sums[b];
        if (d_maxima[b] > d_maxima[best])
            best = b;
    }
    d_peak_power = d_maxima[best];
    d_peak = top_of(best);
}

void profile_scan::look_within(int first, int last)
{
    d_first = std::max(0, first);
    d_last = std::min(d_points - 1, last);
    d_peak = std::clamp(d_points / 2, d_first, d_last);
    for (int i = d_first; i <= d_last; ++i)
        if (power(i) > power(d_peak))
            d_peak = i;
    d_peak_power = power(d_peak);
}

bool profile_scan::is_top(int i) const
{
    return (i == d_first || power(i - 1) <= power(i)) &&
           (i == d_last || power(i + 1) <= power(i));
}

int profile_scan::top_of(int block) const
{
    int best = block * d_block;
    float top = -1.0f;
    for (int i = best; i < std::min(d_points, (block + 1) * d_block); ++i) {
        const float power = std::norm(d_profile[i]);
        if (power > top) {
            top = power;
            best = i;
        }
    }
    return best;
}

double profile_scan::floor_power(int first, int last) const
{
    const int left = std::max(0, first / d_block);                // blocks before
    const int right = std::max(left, (last + d_block) / d_block); // first one after
    const int whole = d_points / d_block;
    const int count = left + std::max(0, whole - right);
    if (count == 0)
        return d_energy / d_points;
    double level = 0.0;
    float limit = INFINITY;
    for (int round = 0; round < 6; ++round) {
        float sum = 0.0f;
        for (int b = 0; b < left; ++b)
            sum += std::min(d_sums[b], limit);
        for (int b = right; b < whole; ++b)
            sum += std::min(d_sums[b], limit);
        level = sum / count;
        limit = static_cast<float>(2.0 * level);
    }
    return level / d_block;
}

region_residual::region_residual(const profile_kernel& kernel, int early, int late)
    : d_kernel(kernel)
{
    const int m = kernel.subcarriers(), p = kernel.points();
    d_stride = std::max(1, static_cast<int>(0.42 * p / m));
    early = std::min(early, p);
    late = std::min(late, p);
    d_early = early / d_stride;
    d_size = d_early + late / d_stride + 1;
    for (auto* v : { &d_cos, &d_sin, &d_cos_m, &d_sin_m, &d_re, &d_im, &d_power })
        v->resize(d_size);
    for (int i = 0; i < d_size; ++i) {
        const double angle = M_PI * d_stride * (i - d_early) / p;
        d_cos[i] = static_cast<float>(std::cos(angle));
        d_sin[i] = static_cast<float>(std::sin(angle));
        d_cos_m[i] = static_cast<float>(std::cos(m * angle));
        d_sin_m[i] = static_cast<float>(std::sin(m * angle));
    }
}

void region_residual::run(const std::complex<float>* profile,
                          int origin,
                          const path* paths,
                          int count)
{
    const int p = d_kernel.points();
    d_origin = origin - p / 2;
    d_first = std::max(0, d_early - origin / d_stride);
    d_end = std::min(d_size, d_early + (p - 1 - origin) / d_stride + 1);
    for (int i = d_first; i < d_end; ++i) {
        const std::complex<float> v = profile[origin + d_stride * (i - d_early)];
        d_re[i] = v.real();
        d_im[i] = v.imag();
    }
    for (int i = 0; i < count; ++i)
        subtract(paths[i]);
    square_span(&d_re[d_first], &d_im[d_first], d_end - d_first, &d_power[d_first]);
}

void region_residual::subtract(const path& p)
{
    const double m = d_kernel.subcarriers(), unit = M_PI / d_kernel.points();
    const bool even = d_kernel.subcarriers() % 2 == 0;
    const double f = p.x - d_origin;
    // A point's own phase is that of the middle of the band turned by turn(x).
    const std::complex<double> g = p.g * std::conj(d_kernel.turn(d_origin));
    const shape_at at = { static_cast<float>(m * std::cos(unit * f)),
                          static_cast<float>(m * std::sin(unit * f)),
                          static_cast<float>(std::cos(m * unit * f)),
                          static_cast<float>(std::sin(m * unit * f)),
                          static_cast<float>(g.real()),
                          static_cast<float>(g.imag()) };
    // At the path itself both sines vanish.
    const int at_path = static_cast<int>(std::lround(f / d_stride)) + d_early;
    const bool there = at_path >= d_first && at_path < d_end &&
                       std::abs(place(at_path) - p.x) < 0.05 * d_stride;
    const std::complex<float> before =
        there ? std::complex<float>(d_re[at_path], d_im[at_path]) : 0.0f;
    subtract_span(&d_cos[d_first],
                  &d_sin[d_first],
                  &d_cos_m[d_first],
                  &d_sin_m[d_first],
                  d_end - d_first,
                  even,
                  at,
                  &d_re[d_first],
                  &d_im[d_first]);
    if (there) {
        const std::complex<float> v(p.g * d_kernel.correlation(place(at_path) - p.x).s *
                                    std::conj(d_kernel.turn(place(at_path))));
        d_re[at_path] = before.real() - v.real();
        d_im[at_path] = before.imag() - v.imag();
    }
}

int region_residual::index_from(double x) const
{
    const double at = d_early + std::ceil((x - d_origin) / d_stride);
    return static_cast<int>(std::clamp<double>(at, d_first, d_end));
}

double region_residual::largest(double low, double high) const
{
    const int first = index_from(low), end = index_from(high);
    return end > first ? largest_of(&d_power[first], end - first) : 0.0f;
}

double region_residual::first_above(double power, double low, double high) const
{
    const int end = index_from(high);
    for (int i = index_from(low); i < end; ++i)
        if (d_power[i] > power)
            return place(i);
    return high;
}

int region_residual::maxima(double low, double high, peak* out, int most) const
{
    const double apart = static_cast<double>(d_kernel.points()) / d_kernel.subcarriers();
    int found = 0;
    for (int i = d_first; i < d_end; ++i) {
        const double x = place(i);
        if (x < low || x > high || (i > d_first && d_power[i - 1] > d_power[i]) ||
            (i + 1 < d_end && d_power[i + 1] > d_power[i]))
            continue;
        int at = found;
        while (at > 0 && out[at - 1].power < d_power[i])
            --at;
        const bool covered = at > 0 && std::abs(out[at - 1].x - x) < apart;
        if (at == most || covered)
            continue;
        found = std::min(found + 1, most);
        for (int j = found - 1; j > at; --j)
            out[j] = out[j - 1];
        out[at] = { x, d_power[i] };
    }
    return found;
}

} // namespace gr::ntnpos::kernel
