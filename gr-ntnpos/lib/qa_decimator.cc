/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/decimator.h"
#include <boost/test/unit_test.hpp>
#include <cmath>

using namespace gr::ntnpos::kernel;
using samples = std::vector<std::complex<float>>;

namespace {

std::complex<double> phasor(double turns)
{
    return std::polar(1.0, 2.0 * M_PI * (turns - std::floor(turns)));
}

samples tone(int count, double frequency)
{
    samples out;
    for (int n = 0; n < count; ++n)
        out.emplace_back(phasor(frequency * n));
    return out;
}

sample_view view(samples& x, int64_t first = 0)
{
    return { x.data(), first, static_cast<int64_t>(x.size()), {}, 1.0 };
}

} // namespace

BOOST_AUTO_TEST_CASE(tones_of_the_band_pass_in_their_place)
{
    for (const int factor : { 1, 2, 4, 16 })
        for (const double edge : { 0.1, 0.375 }) {
            decimator d(factor, edge);
            BOOST_CHECK_EQUAL(d.factor(), factor);
            for (const double place : { -1.0, -0.3, 0.0, 0.77, 1.0 }) {
                const double f = place * edge / factor;
                samples x = tone(400 * factor + 5000, f);
                samples out(400);
                constexpr int64_t first = 2003;
                d.run(view(x), first, 400, 0.0, false, out.data());
                for (int q = 0; q < 400; ++q)
                    BOOST_CHECK_SMALL(
                        std::abs(std::complex<double>(out[q]) -
                                 phasor(f * (first + q * factor + d.offset()))),
                        4e-3);
            }
        }
}

BOOST_AUTO_TEST_CASE(what_would_fold_onto_the_band_is_taken_out)
{
    constexpr int factor = 16;
    for (const double edge : { 0.1, 0.375 }) {
        decimator d(factor, edge);
        for (int image = 1; image < factor; ++image)
            for (const double place : { -1.0, 0.0, 0.6, 1.0 }) {
                samples x = tone(10000, (image + place * edge) / factor);
                samples out(100);
                d.run(view(x), 3000, 100, 0.0, false, out.data());
                double largest = 0.0;
                for (const auto& y : out)
                    largest = std::max<double>(largest, std::abs(y));
                BOOST_CHECK_LT(20.0 * std::log10(largest), -59.5);
            }
    }
}

BOOST_AUTO_TEST_CASE(turned_before_or_after_and_zero_where_there_is_nothing)
{
    constexpr double step = 0.0031;
    for (const int factor : { 1, 4, 8 }) {
        decimator d(factor, 0.3);
        // Turned to the middle of the band from where it is not.
        samples far = tone(3000, 0.2 - step), near = tone(3000, -step);
        samples a(100), b(100), c(100);
        d.run(view(far), 700, 100, step - 0.2, true, a.data());
        d.run(view(near), 700, 100, step, false, b.data());
        const double at = 700 + d.offset();
        const auto left = phasor((0.2 - step) * 700);
        const auto right = phasor(-step * at);
        for (int q = 0; q < 100; ++q) {
            BOOST_CHECK_SMALL(std::abs(std::complex<double>(a[q]) - left), 4e-3);
            BOOST_CHECK_SMALL(std::abs(std::complex<double>(b[q]) - right), 4e-3);
        }
        // Samples that are not there are as zeros, at either end.
        samples part(near.begin() + 720, near.begin() + 1000);
        for (int n = 0; n < 3000; ++n)
            if (n < 720 || n >= 1000)
                near[n] = 0.0f;
        d.run(view(near), 700, 100, step, false, b.data());
        d.run(view(part, 720), 700, 100, step, false, c.data());
        BOOST_CHECK(b == c);
        samples none;
        d.run(view(none, 5), 700, 100, step, factor == 4, c.data());
        BOOST_CHECK(c == samples(100));
    }
}

BOOST_AUTO_TEST_CASE(wrong_factors_and_edges_are_refused)
{
    for (const int factor : { 0, 3, 12, -2 })
        BOOST_CHECK_THROW(decimator(factor, 0.1), std::invalid_argument);
    for (const double edge : { 0.0, 0.45, -0.1 })
        BOOST_CHECK_THROW(decimator(2, edge), std::invalid_argument);
}
