/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/profile_kernel.h"
#include "kernel/profile_scan.h"
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

using namespace gr::ntnpos::kernel;
using cplx = std::complex<double>;

namespace {

// A random channel, and the sums that define its profile, between points as well.
struct literal {
    int m, n;
    std::vector<cplx> h;

    literal(int subcarriers, int points) : m(subcarriers), n(points)
    {
        std::mt19937_64 rng(subcarriers);
        std::normal_distribution<double> normal;
        for (int k = 0; k < m; ++k)
            h.emplace_back(normal(rng), normal(rng));
    }
    // The profile at x points from the middle, turned to the middle of the band, or its
    // derivative of some order.
    cplx at(double x, int order) const
    {
        cplx sum = 0.0;
        for (int k = 0; k < m; ++k) {
            const double w = 2.0 * M_PI * (k - 0.5 * (m - 1)) / n;
            sum += h[k] * std::pow(cplx(0.0, w), order) * std::polar(1.0 / m, w * x);
        }
        return sum;
    }
    std::vector<std::complex<float>> profile() const
    {
        std::vector<std::complex<float>> p;
        for (int i = 0; i < n; ++i) {
            cplx sum = 0.0;
            for (int k = 0; k < m; ++k)
                sum += h[k] *
                       std::polar(1.0 / m, 2.0 * M_PI * (k - m / 2) * (i - n / 2) / n);
            p.emplace_back(sum);
        }
        return p;
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_profile_between_its_points_is_the_literal_sum)
{
    struct {
        int m, n;
    } const cases[] = {
        { 144, 256 }, { 288, 512 }, { 213, 256 }, { 35, 256 }, { 36, 700 }
    };
    for (const auto& c : cases) {
        const literal exact(c.m, c.n);
        const auto profile = exact.profile();
        const profile_kernel kernel(c.m, c.n);
        const double rms = 1.0 / std::sqrt(c.m);
        const double slope = std::sqrt(kernel.curvature());
        // Also round the ends, where the profile is periodic.
        for (double x = -0.5 * c.n; x < 0.5 * c.n - 1.0; x += 0.0371 * c.n) {
            const auto v = kernel.at(profile.data(), x);
            BOOST_CHECK_SMALL(std::abs(v.p - exact.at(x, 0)) / rms, 1e-5);
            BOOST_CHECK_SMALL(std::abs(v.d1 - exact.at(x, 1)) / (rms * slope), 3e-5);
            BOOST_CHECK_SMALL(std::abs(v.d2 - exact.at(x, 2)) / (rms * slope * slope),
                              3e-4);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_shape_of_a_path_is_the_literal_sum)
{
    for (const int m : { 12, 35, 288 }) {
        const profile_kernel kernel(m, 512);
        for (const double y : { 0.0, 1e-7, 1e-3, 0.5, -0.5, 1.7, 30.0, -200.3 }) {
            cplx s = 0.0, d1 = 0.0, d2 = 0.0;
            for (int k = 0; k < m; ++k) {
                const double w = 2.0 * M_PI * (k - 0.5 * (m - 1)) / 512;
                const cplx e = std::polar(1.0 / m, w * y);
                s += e;
                d1 += cplx(0.0, w) * e;
                d2 -= w * w * e;
            }
            const auto c = kernel.correlation(y);
            const double slope = std::sqrt(kernel.curvature());
            BOOST_CHECK_SMALL(std::abs(c.s - s), 1e-9);
            BOOST_CHECK_SMALL(std::abs(c.d1 - d1) / slope, 1e-9);
            BOOST_CHECK_SMALL(std::abs(c.d2 - d2) / (slope * slope), 1e-7);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_paths_leave_is_the_profile_less_their_literal_shapes)
{
    for (const int points : { 512, 4096 }) {
        const literal exact(288, points);
        const auto profile = exact.profile();
        const profile_kernel kernel(288, points);
        const double cell = points / 288.0;
        region_residual region(kernel, std::ceil(9 * cell), std::ceil(12 * cell));
        const int origin = points / 2 - 3;
        const region_residual::path paths[] = { { -3.0, { 0.3, -0.2 } },
                                                { -2.6, { 0.1, 0.2 } },
                                                { 4.4 * cell, { -0.2, 0.1 } } };
        region.run(profile.data(), origin, paths, 3);
        // The largest of all, by the literal sums at every point of the grid.
        const int stride = std::max(1, static_cast<int>(0.42 * cell));
        double largest = 0.0;
        for (int t = -static_cast<int>(std::ceil(9 * cell)) / stride * stride;
             t <= std::ceil(12 * cell);
             t += stride) {
            const double x = -3.0 + t;
            cplx v = exact.at(x, 0);
            for (const auto& p : paths) {
                cplx shape = 0.0;
                for (int k = 0; k < 288; ++k)
                    shape += std::polar(1.0 / 288,
                                        2.0 * M_PI * (k - 143.5) * (x - p.x) / points);
                v -= p.g * shape;
            }
            largest = std::max(largest, std::norm(v));
        }
        BOOST_CHECK_CLOSE(region.largest(-1e9, 1e9), largest, 0.01);
    }
}

BOOST_AUTO_TEST_CASE(energy_peak_and_floor)
{
    std::mt19937_64 rng(1);
    std::normal_distribution<float> normal(0.0f, std::sqrt(0.5f));
    for (const int points : { 240, 256, 1000, 4096 }) {
        std::vector<std::complex<float>> p(points);
        double energy = 0.0;
        for (auto& v : p) {
            v = { normal(rng), normal(rng) };
        }
        const int at = points / 3;
        p[at] = 30.0f;
        for (auto& v : p)
            energy += std::norm(v);
        profile_scan scan(points);
        scan.run(p.data());
        BOOST_CHECK_EQUAL(scan.peak(), at);
        BOOST_CHECK_CLOSE(scan.peak_power(), 900.0, 1e-3);
        BOOST_CHECK_CLOSE(scan.energy(), energy, 1e-3);
        // Of the rest: one, and a strong stranger does not raise it much.
        const double deviation = 100.0 / std::sqrt(0.5 * points);
        BOOST_CHECK_CLOSE(scan.floor_power(at - 10, at + 10), 1.0, 4 * deviation);
        if (points >= 1000) {
            p[points - points / 8] = 100.0f;
            scan.run(p.data());
            BOOST_CHECK_LT(scan.floor_power(points - points / 8 - 2, points), 2.0);
            BOOST_CHECK_LT(scan.floor_power(at - 10, at + 10), 2.0);
        }
    }
}
