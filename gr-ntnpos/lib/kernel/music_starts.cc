/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "music_starts.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace gr::ntnpos::kernel {

namespace {

constexpr int wanted_values = 48;
constexpr double reach = 6.0; // of the spectrum round the strongest path, in resolutions
constexpr double step = 0.04; // of its grid
constexpr int grid = 2 * static_cast<int>(reach / step) + 1;

} // namespace

music_starts::music_starts(int subcarriers, int points)
    : d_subcarriers(subcarriers),
      d_points(points),
      d_group(std::max(1, (subcarriers + wanted_values / 2) / wanted_values)),
      d_values(subcarriers / d_group),
      d_length(2 * (d_values / 4)), // half of the values, an even number
      d_decimated(d_values),
      d_matrix(d_length * d_length),
      d_vectors(d_length * d_length),
      d_order(d_length),
      d_steering(static_cast<size_t>(grid) * d_length),
      d_spectrum(grid)
{
    // Of one path, delay t resolutions after the strongest, in the transformed space.
    for (int i = 0; i < grid; ++i) {
        const double t = (i - grid / 2) * step;
        const double turn = 2.0 * M_PI * t * d_group / d_subcarriers; // per value
        double* const row = &d_steering[static_cast<size_t>(i) * d_length];
        for (int k = 0; k < d_length / 2; ++k) {
            const double phase = turn * (k - 0.5 * (d_length - 1));
            row[k] = std::sqrt(2.0 / d_length) * std::cos(phase);
            row[k + d_length / 2] = -std::sqrt(2.0 / d_length) * std::sin(phase);
        }
    }
}

void music_starts::run(const std::complex<float>* channel, double x)
{
    d_x = x;
    const double cycles = x / d_points;
    for (int v = 0; v < d_values; ++v) {
        std::complex<double> sum = 0.0;
        for (int i = 0; i < d_group; ++i) {
            const int k = v * d_group + i;
            sum += std::complex<double>(channel[k]) *
                   std::polar(1.0, 2.0 * M_PI * cycles * (k - d_subcarriers / 2));
        }
        d_decimated[v] = sum;
    }
    // y = Q^H x with Q = [I jI; J -jJ] / sqrt 2, J the exchange: Re sum y y^H is the
    // forward-backward covariance there.
    std::fill(d_matrix.begin(), d_matrix.end(), 0.0);
    const int half = d_length / 2;
    std::vector<double>& column = d_vectors; // free until the vectors are found
    for (int at = 0; at + d_length <= d_values; ++at) {
        for (int k = 0; k < half; ++k) {
            const std::complex<double> a = d_decimated[at + k];
            const std::complex<double> b = d_decimated[at + d_length - 1 - k];
            const std::complex<double> top = a + b;
            const std::complex<double> difference = a - b;
            column[k] = top.real();
            column[d_length + k] = top.imag();
            // times -j
            column[half + k] = difference.imag();
            column[d_length + half + k] = -difference.real();
        }
        for (int i = 0; i < d_length; ++i)
            for (int j = 0; j <= i; ++j)
                d_matrix[i * d_length + j] +=
                    column[i] * column[j] + column[d_length + i] * column[d_length + j];
    }
    for (int i = 0; i < d_length; ++i)
        for (int j = i + 1; j < d_length; ++j)
            d_matrix[i * d_length + j] = d_matrix[j * d_length + i];
    diagonalise();
}

// Jacobi's rotations; the vectors are rows.
void music_starts::diagonalise()
{
    const int n = d_length;
    std::fill(d_vectors.begin(), d_vectors.end(), 0.0);
    for (int i = 0; i < n; ++i)
        d_vectors[i * n + i] = 1.0;
    double* const a = d_matrix.data();
    for (int sweep = 0; sweep < 12; ++sweep) {
        double off = 0.0, on = 0.0;
        for (int i = 0; i < n; ++i)
            for (int j = 0; j <= i; ++j)
                (i == j ? on : off) += a[i * n + j] * a[i * n + j];
        if (!(off > 1e-20 * on))
            break;
        for (int p = 0; p < n; ++p)
            for (int q = p + 1; q < n; ++q) {
                const double apq = a[p * n + q];
                if (apq == 0.0)
                    continue;
                const double theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
                const double t = (theta >= 0.0 ? 1.0 : -1.0) /
                                 (std::abs(theta) + std::sqrt(theta * theta + 1.0));
                const double c = 1.0 / std::sqrt(t * t + 1.0), s = t * c;
                for (int k = 0; k < n; ++k) {
                    const double kp = a[k * n + p], kq = a[k * n + q];
                    a[k * n + p] = c * kp - s * kq;
                    a[k * n + q] = s * kp + c * kq;
                }
                for (int k = 0; k < n; ++k) {
                    const double pk = a[p * n + k], qk = a[q * n + k];
                    a[p * n + k] = c * pk - s * qk;
                    a[q * n + k] = s * pk + c * qk;
                    const double vp = d_vectors[p * n + k], vq = d_vectors[q * n + k];
                    d_vectors[p * n + k] = c * vp - s * vq;
                    d_vectors[q * n + k] = s * vp + c * vq;
                }
            }
    }
    std::iota(d_order.begin(), d_order.end(), 0);
    std::sort(d_order.begin(), d_order.end(), [&](int i, int j) {
        return a[i * n + i] > a[j * n + j];
    });
}

path_set music_starts::paths(int count) const
{
    path_set out;
    if (count >= d_length)
        return out;
    const int n = d_length;
    for (int i = 0; i < grid; ++i) {
        const double* const v = &d_steering[static_cast<size_t>(i) * n];
        double outside = 1.0;
        for (int e = 0; e < count; ++e) {
            const double* const u = &d_vectors[d_order[e] * n];
            const double inner = std::inner_product(u, u + n, v, 0.0);
            outside -= inner * inner;
        }
        d_spectrum[i] = outside;
    }
    const double resolution = static_cast<double>(d_points) / d_subcarriers;
    double depth[max_fitted_paths];
    for (int i = 1; i + 1 < grid; ++i) {
        if (d_spectrum[i] > d_spectrum[i - 1] || d_spectrum[i] >= d_spectrum[i + 1])
            continue;
        int at = out.count;
        while (at > 0 && depth[at - 1] > d_spectrum[i])
            --at;
        if (at == count)
            continue;
        out.count = std::min(out.count + 1, count);
        for (int j = out.count - 1; j > at; --j) {
            depth[j] = depth[j - 1];
            out.x[j] = out.x[j - 1];
        }
        depth[at] = d_spectrum[i];
        out.x[at] = d_x + (i - grid / 2) * step * resolution;
    }
    if (out.count < count)
        out.count = 0;
    return out;
}

} // namespace gr::ntnpos::kernel
