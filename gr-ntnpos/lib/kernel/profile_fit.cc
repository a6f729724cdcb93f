/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "profile_fit.h"
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

using cplx = std::complex<double>;
constexpr int most = max_fitted_paths;
using matrix = double[most][most];

// Lower Cholesky factor in place; false where the matrix is not positive definite.
bool cholesky(matrix& a, int n)
{
    for (int j = 0; j < n; ++j) {
        const double before = a[j][j];
        double d = before;
        for (int k = 0; k < j; ++k)
            d -= a[j][k] * a[j][k];
        // What is left of a dependent column is rounding.
        if (!(d > 1e-10 * before))
            return false;
        a[j][j] = std::sqrt(d);
        for (int i = j + 1; i < n; ++i) {
            double s = a[i][j];
            for (int k = 0; k < j; ++k)
                s -= a[i][k] * a[j][k];
            a[i][j] = s / a[j][j];
        }
    }
    return true;
}

template <typename T>
void forward(const matrix& l, int n, T* b)
{
    for (int i = 0; i < n; ++i) {
        for (int k = 0; k < i; ++k)
            b[i] -= l[i][k] * b[k];
        b[i] /= l[i][i];
    }
}

template <typename T>
void backward(const matrix& l, int n, T* b)
{
    for (int i = n - 1; i >= 0; --i) {
        for (int k = i + 1; k < n; ++k)
            b[i] -= l[k][i] * b[k];
        b[i] /= l[i][i];
    }
}

// Equations in which b moves as a does: both rows and columns become a's, b stays alone.
void tie(matrix& l, double* right, int n, int a, int b)
{
    for (int i = 0; i < n; ++i)
        l[a][i] += l[b][i];
    for (int i = 0; i < n; ++i)
        l[i][a] += l[i][b];
    right[a] += right[b];
    const double scale = l[b][b];
    for (int i = 0; i < n; ++i)
        l[b][i] = l[i][b] = 0.0;
    l[b][b] = scale;
    right[b] = 0.0;
}

} // namespace

void path_set::sort()
{
    for (int i = 1; i < count; ++i)
        for (int j = i; j > 0 && x[j] < x[j - 1]; --j) {
            std::swap(x[j], x[j - 1]);
            std::swap(g[j], g[j - 1]);
            std::swap(spread[j], spread[j - 1]);
        }
}

struct profile_fit::state {
    cplx g[most];
    double cost;
    double gradient[most]; // of the cost's half over M, downwards
    matrix information;    // of the delays, gains eliminated
};

void profile_fit::set(const std::complex<float>* profile, double energy)
{
    d_profile = profile;
    d_energy = energy;
}

path_set profile_fit::single(double x) const
{
    const double resolution =
        static_cast<double>(d_kernel.points()) / d_kernel.subcarriers();
    const double near = 0.06 * d_kernel.used_step();
    auto local = d_kernel.expand(d_profile, x);
    auto v = d_kernel.at(local, x);
    for (int round = 0; round < 24; ++round) {
        const double power = std::norm(v.p);
        const double slope = v.p.real() * v.d1.real() + v.p.imag() * v.d1.imag();
        const double bend =
            std::norm(v.d1) + v.p.real() * v.d2.real() + v.p.imag() * v.d2.imag();
        // Newton's step where the square is convex, Gauss's elsewhere.
        const double step = bend < -0.1 * d_kernel.curvature() * power
                                ? -slope / bend
                                : slope / (d_kernel.curvature() * power);
        if (!(std::abs(step) > 1e-8 * resolution))
            break;
        x += std::clamp(step, -0.3 * resolution, 0.3 * resolution);
        if (std::abs(x - local.middle) > near)
            local = d_kernel.expand(d_profile, x);
        v = d_kernel.at(local, x);
    }
    // For one path both are zero, and in noise independent of each other.
    const double across = v.p.real() * v.d1.imag() - v.p.imag() * v.d1.real();
    const double curvature = d_kernel.curvature();
    const double close_by =
        across * across / (std::norm(v.p) * curvature) +
        std::norm(v.d2 + curvature * v.p) / (d_kernel.fourth() - curvature * curvature);
    const cplx w = d_kernel.turn(x);
    v.p = { w.real() * v.p.real() - w.imag() * v.p.imag(),
            w.real() * v.p.imag() + w.imag() * v.p.real() };
    path_set one;
    one.count = 1;
    one.x[0] = x;
    one.g[0] = v.p;
    one.spread[0] = 1.0 / (d_kernel.curvature() * std::norm(v.p));
    one.close_by = d_kernel.subcarriers() * close_by;
    one.cost = d_energy - d_kernel.subcarriers() * std::norm(v.p);
    return one;
}

std::complex<double> profile_fit::rest(double x, const path_set& paths, int without) const
{
    cplx p = d_kernel.at(d_profile, x).p;
    for (int i = 0; i < paths.count; ++i)
        if (i != without)
            p -= paths.g[i] * d_kernel.correlation(x - paths.x[i]).s;
    return p;
}

bool profile_fit::evaluate(const path_set& paths, state& s) const
{
    const int n = paths.count;
    cplx z[most], slope[most];
    matrix s0, s1, s2;
    for (int i = 0; i < n; ++i) {
        const auto v = d_kernel.at(d_profile, paths.x[i]);
        z[i] = v.p;
        slope[i] = v.d1;
        s0[i][i] = 1.0;
        s1[i][i] = 0.0;
        s2[i][i] = -d_kernel.curvature();
        for (int j = 0; j < i; ++j) {
            const auto c = d_kernel.correlation(paths.x[i] - paths.x[j]);
            s0[i][j] = s0[j][i] = c.s;
            s1[i][j] = c.d1;
            s1[j][i] = -c.d1;
            s2[i][j] = s2[j][i] = c.d2;
        }
    }
    if (!cholesky(s0, n))
        return false;
    std::copy(z, z + n, s.g);
    forward(s0, n, s.g);
    s.cost = d_energy;
    for (int i = 0; i < n; ++i)
        s.cost -= d_kernel.subcarriers() * std::norm(s.g[i]);
    backward(s0, n, s.g);
    for (int i = 0; i < n; ++i) {
        cplx r = slope[i];
        for (int j = 0; j < n; ++j)
            r -= s.g[j] * s1[i][j];
        s.gradient[i] = (std::conj(s.g[i]) * r).real();
    }
    double w[most][most]; // row j: L^-1 of the slopes of path j against all paths
    for (int j = 0; j < n; ++j) {
        std::copy(s1[j], s1[j] + n, w[j]);
        forward(s0, n, w[j]);
    }
    for (int i = 0; i < n; ++i)
        for (int j = 0; j <= i; ++j) {
            double k = -s2[i][j];
            for (int l = 0; l < n; ++l)
                k -= w[i][l] * w[j][l];
            s.information[i][j] = s.information[j][i] =
                (std::conj(s.g[i]) * s.g[j]).real() * k;
        }
    return true;
}

bool profile_fit::refine(path_set& paths, int a, int b) const
{
    const int n = paths.count;
    const int m = d_kernel.subcarriers();
    const double resolution = static_cast<double>(d_kernel.points()) / m;
    state now, next;
    if (!evaluate(paths, now))
        return false;
    double damping = 1e-3;
    for (int round = 0; round < 60 && damping < 1e8; ++round) {
        matrix l;
        double step[most];
        for (int i = 0; i < n; ++i) {
            std::copy_n(now.information[i], n, l[i]);
            step[i] = now.gradient[i];
        }
        if (a >= 0)
            tie(l, step, n, a, b);
        for (int i = 0; i < n; ++i)
            l[i][i] *= 1.0 + damping;
        bool better = cholesky(l, n);
        if (better) {
            forward(l, n, step);
            backward(l, n, step);
            if (a >= 0)
                step[b] = step[a];
            path_set trial = paths;
            double predicted = 0.0;
            for (int i = 0; i < n; ++i) {
                predicted += step[i] * now.gradient[i];
                trial.x[i] += std::clamp(step[i], -0.4 * resolution, 0.4 * resolution);
            }
            // A gain this small against the noise is 1/3000 of a deviation.
            if (m * predicted < 1e-7 * now.cost / m + 1e-15 * d_energy)
                break;
            better = evaluate(trial, next) && next.cost <= now.cost;
            if (better) {
                paths = trial;
                now = next;
            }
        }
        damping = better ? 0.1 * damping : std::max(1e-3, 10.0 * damping);
    }
    std::copy(now.g, now.g + n, paths.g.begin());
    paths.cost = now.cost;
    if (!cholesky(now.information, n))
        return false;
    for (int i = 0; i < n; ++i) {
        double unit[most] = {};
        unit[i] = 1.0;
        forward(now.information, n, unit);
        backward(now.information, n, unit);
        paths.spread[i] = unit[i];
    }
    return true;
}

} // namespace gr::ntnpos::kernel
