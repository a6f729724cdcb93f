/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "path_fit.h"
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

using cplx = std::complex<double>;
constexpr int most = 3 * path_list::capacity; // Re gain, Im gain, delay of each path
using matrix = double[most * most];           // row major, n x n of it used

// Lower Cholesky factor in place of a symmetric n x n matrix (row major); false where it
// is not positive definite.
bool cholesky(matrix& a, int n)
{
    for (int j = 0; j < n; ++j) {
        double d = a[j * n + j];
        for (int k = 0; k < j; ++k)
            d -= a[j * n + k] * a[j * n + k];
        // Relative to the diagonal before elimination: what is left of a dependent column
        // is rounding.
        if (!(d > 1e-12 * a[j * n + j]))
            return false;
        const double root = std::sqrt(d);
        a[j * n + j] = root;
        for (int i = j + 1; i < n; ++i) {
            double s = a[i * n + j];
            for (int k = 0; k < j; ++k)
                s -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = s / root;
        }
    }
    return true;
}

// Solves L L' x = b in place.
void solve(const matrix& l, int n, double* b)
{
    for (int i = 0; i < n; ++i) {
        for (int k = 0; k < i; ++k)
            b[i] -= l[i * n + k] * b[k];
        b[i] /= l[i * n + i];
    }
    for (int i = n - 1; i >= 0; --i) {
        for (int k = i + 1; k < n; ++k)
            b[i] -= l[k * n + i] * b[k];
        b[i] /= l[i * n + i];
    }
}

double energy(const std::vector<cplx>& v)
{
    double e = 0.0;
    for (const auto& x : v)
        e += std::norm(x);
    return e;
}

// Multiplies w(k) = step^k from k = -M/2 by a recurrence that is restarted before its
// rounding shows.
class steering
{
public:
    steering(double delay_s, double scs_hz, int size)
        : d_cycles(-delay_s * scs_hz),
          d_step(std::polar(1.0, 2.0 * M_PI * d_cycles)),
          d_half(size / 2)
    {
    }
    steering() = default;
    cplx at(int k)
    {
        if (k % 64 == 0)
            d_value = std::polar(1.0, 2.0 * M_PI * d_cycles * (k - d_half));
        else
            d_value *= d_step;
        return d_value;
    }

private:
    double d_cycles = 0.0;
    cplx d_step;
    int d_half = 0;
    cplx d_value;
};

// Normal equations of all paths' (Re gain, Im gain, delay in units of the resolution) at
// the current values.
void normal_equations(const std::vector<cplx>& residual,
                      double scs_hz,
                      const path_list& paths,
                      double unit_s,
                      matrix& a,
                      double* b)
{
    const int m = residual.size();
    const int n = 3 * paths.size();
    steering steer[path_list::capacity];
    for (size_t i = 0; i < paths.size(); ++i)
        steer[i] = steering(paths[i].delay_s, scs_hz, m);
    std::fill_n(a, n * n, 0.0);
    std::fill_n(b, n, 0.0);
    cplx column[most];
    for (int k = 0; k < m; ++k) {
        const cplx slope(0.0, -2.0 * M_PI * (k - m / 2) * scs_hz * unit_s);
        for (size_t i = 0; i < paths.size(); ++i) {
            const cplx e = steer[i].at(k);
            column[3 * i] = e;
            column[3 * i + 1] = cplx(-e.imag(), e.real());
            column[3 * i + 2] = slope * paths[i].gain * e;
        }
        for (int i = 0; i < n; ++i) {
            b[i] += column[i].real() * residual[k].real() +
                    column[i].imag() * residual[k].imag();
            for (int j = 0; j <= i; ++j)
                a[i * n + j] += column[i].real() * column[j].real() +
                                column[i].imag() * column[j].imag();
        }
    }
    for (int i = 0; i < n; ++i)
        for (int j = i + 1; j < n; ++j)
            a[i * n + j] = a[j * n + i];
}

void subtract_paths(const std::vector<cplx>& channel,
                    double scs_hz,
                    const path_list& paths,
                    std::vector<cplx>& residual)
{
    residual = channel;
    for (const auto& p : paths) {
        steering steer(p.delay_s, scs_hz, channel.size());
        for (size_t k = 0; k < channel.size(); ++k)
            residual[k] -= p.gain * steer.at(k);
    }
}

} // namespace

double fit_paths(const std::vector<cplx>& channel,
                 std::vector<cplx>& residual,
                 double scs_hz,
                 path_list& paths)
{
    const int m = channel.size();
    const int n = 3 * paths.size();
    const double unit_s = 1.0 / (scs_hz * m); // delay resolution
    matrix a, damped;
    double b[most], step[most];
    subtract_paths(channel, scs_hz, paths, residual);
    double cost = energy(residual);
    double damping = 0.0;
    normal_equations(residual, scs_hz, paths, unit_s, a, b);
    for (int round = 0; round < 60; ++round) {
        std::copy_n(a, n * n, damped);
        for (int i = 0; i < n; ++i)
            damped[i * n + i] *= 1.0 + damping;
        std::copy_n(b, n, step);
        bool better = cholesky(damped, n);
        double largest = 0.0;
        path_list trial = paths;
        double trial_cost = cost;
        if (better) {
            solve(damped, n, step);
            for (size_t i = 0; i < trial.size(); ++i) {
                trial[i].gain += cplx(step[3 * i], step[3 * i + 1]);
                trial[i].delay_s += step[3 * i + 2] * unit_s;
                largest = std::max(largest, std::abs(step[3 * i + 2]));
            }
            subtract_paths(channel, scs_hz, trial, residual);
            trial_cost = energy(residual);
            better = trial_cost <= cost;
        }
        if (better) {
            paths = trial;
            cost = trial_cost;
            damping *= 0.1;
            normal_equations(residual, scs_hz, paths, unit_s, a, b);
        } else {
            damping = std::max(1e-3, 10.0 * damping);
        }
        // 1e-9 of the resolution is far below any deviation; a damping this large means a
        // flat, rounded cost.
        if ((better && largest < 1e-9) || damping > 1e9)
            break;
    }
    if (!cholesky(a, n))
        return -1.0;
    for (size_t i = 0; i < paths.size(); ++i) {
        double unit[most] = {};
        unit[3 * i + 2] = 1.0;
        solve(a, n, unit);
        // Complex noise of variance one has half of it in each real dimension.
        paths[i].delay_std_s = unit_s * std::sqrt(0.5 * unit[3 * i + 2]);
    }
    // Values of single precision: a residual below their rounding says nothing of the
    // noise.
    return std::max(cost, 0x1p-48 * energy(channel));
}

} // namespace gr::ntnpos::kernel
