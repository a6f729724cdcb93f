/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/noise.h>
#include <boost/test/unit_test.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace gr::ntnpos::kernel;
using cvec = std::vector<std::complex<float>>;

namespace {

cvec noise_samples(uint64_t seed, double power, int64_t first, size_t count)
{
    cvec out(count);
    add_noise({ seed, power }, first, count, out.data());
    return out;
}

// Real and imaginary parts in one list, divided by their standard deviation for unit
// power.
std::vector<double> normal_values(const cvec& samples)
{
    std::vector<double> values;
    for (const auto& s : samples) {
        values.push_back(s.real() * std::sqrt(2.0));
        values.push_back(s.imag() * std::sqrt(2.0));
    }
    return values;
}

double moment(const std::vector<double>& values, int order)
{
    double sum = 0.0;
    for (const double v : values)
        sum += std::pow(v, order);
    return sum / static_cast<double>(values.size());
}

constexpr uint64_t seeds[] = { 1, 2, 0xfeedface12345678 };
constexpr size_t length = 1 << 18;

} // namespace

// Known answers for Threefry2x32 with 13 rounds of the generator's authors' test file
// (Random123, kat_vectors).
BOOST_AUTO_TEST_CASE(the_generator_gives_the_published_answers)
{
    BOOST_CHECK_EQUAL(threefry2x32_13(0, 0), 0x8bd507319d1c5ec6u);
    BOOST_CHECK_EQUAL(threefry2x32_13(~uint64_t{ 0 }, ~uint64_t{ 0 }),
                      0x2d17272cfd36d048u);
    BOOST_CHECK_EQUAL(threefry2x32_13(0x85a308d3243f6a88, 0x0370734413198a2e),
                      0xf27d669eba3e4725u);
}

// The samples out of their definition, in double precision and without vectors: the state
// of stream i of a tile from Threefry, xoshiro128++ as its authors publish it, and what
// the two words mean.
BOOST_AUTO_TEST_CASE(samples_are_what_the_definition_says)
{
    const auto rotl = [](uint32_t x, int k) { return (x << k) | (x >> (32 - k)); };
    const uint64_t seed = 0xfeedface12345678;
    const uint64_t tile = (uint64_t{ 1 } << 33) + 5; // its samples are beyond 2^32
    const auto got = noise_samples(seed, 3.0, static_cast<int64_t>(512 * tile), 512);
    for (uint64_t stream = 0; stream < 16; ++stream) {
        const uint64_t low = threefry2x32_13(32 * tile + stream, seed);
        const uint64_t high = threefry2x32_13(32 * tile + 16 + stream, seed);
        uint32_t s[4] = { static_cast<uint32_t>(low),
                          static_cast<uint32_t>(low >> 32),
                          static_cast<uint32_t>(high),
                          static_cast<uint32_t>(high >> 32) };
        const auto next = [&] {
            const uint32_t result = rotl(s[0] + s[3], 7) + s[0];
            const uint32_t t = s[1] << 9;
            s[2] ^= s[0];
            s[3] ^= s[1];
            s[1] ^= s[2];
            s[0] ^= s[3];
            s[2] ^= t;
            s[3] = rotl(s[3], 11);
            return result;
        };
        for (size_t step = 0; step < 32; ++step) {
            const uint32_t a = next();
            const uint32_t b = next();
            const double u = ((a & 0x7fffffff) + 0.5) / 2147483648.0;
            const double radius = std::sqrt(-3.0 * std::log(u));
            const double angle =
                M_PI / 4 * (1.0 + static_cast<int32_t>(b) / 2147483648.0);
            const double sign = a >> 31 ? -1.0 : 1.0;
            const std::complex<double> want(sign * radius * std::cos(angle),
                                            (b & 1 ? -sign : sign) * radius *
                                                std::sin(angle));
            const std::complex<double> is(got[16 * step + stream]);
            // 3e-5 of the logarithm, 8e-6 of the angle's functions; the last terms are
            // u = 1 in single precision.
            BOOST_CHECK_SMALL(std::abs(is - want), 6e-5 * radius + 1e-4);
        }
    }
}

BOOST_AUTO_TEST_CASE(noise_is_written_as_it_is_added)
{
    for (const int64_t first : { int64_t{ 0 }, int64_t{ 1003 } })
        for (const size_t count : { 1, 511, 2048, 3000 }) {
            cvec out(count, { 7.0f, 7.0f });
            write_noise({ 4, 0.5 }, first, count, out.data());
            BOOST_CHECK(out == noise_samples(4, 0.5, first, count));
            write_noise({ 4, 0.0 }, first, count, out.data());
            BOOST_CHECK(out == cvec(count));
        }
}

// Bounds of 5 standard deviations of each statistic for 2^19 normal values.
BOOST_AUTO_TEST_CASE(values_are_normal)
{
    const double n = 2.0 * length;
    for (const auto seed : seeds) {
        auto values = normal_values(noise_samples(seed, 1.0, 0, length));
        BOOST_CHECK_SMALL(moment(values, 1), 5.0 * std::sqrt(1.0 / n));
        BOOST_CHECK_SMALL(moment(values, 2) - 1.0, 5.0 * std::sqrt(2.0 / n));
        BOOST_CHECK_SMALL(moment(values, 3), 5.0 * std::sqrt(15.0 / n));
        BOOST_CHECK_SMALL(moment(values, 4) - 3.0, 5.0 * std::sqrt(96.0 / n));

        // Kolmogorov-Smirnov: sqrt(n) D above 1.95 has probability 0.1 %.
        std::sort(values.begin(), values.end());
        double distance = 0.0;
        for (size_t i = 0; i < values.size(); ++i) {
            const double cdf = 0.5 * std::erfc(-values[i] / std::sqrt(2.0));
            distance = std::max({ distance,
                                  std::abs(cdf - static_cast<double>(i) / n),
                                  std::abs(cdf - static_cast<double>(i + 1) / n) });
        }
        BOOST_CHECK_LT(std::sqrt(n) * distance, 1.95);
    }
}

BOOST_AUTO_TEST_CASE(samples_are_white_and_circular)
{
    const double bound = 5.0 / std::sqrt(static_cast<double>(length));
    for (const auto seed : seeds) {
        const auto x = noise_samples(seed, 1.0, 0, length);
        std::complex<double> pseudo_variance = 0.0;
        for (const auto& s : x)
            pseudo_variance += std::complex<double>(s) * std::complex<double>(s);
        BOOST_CHECK_SMALL(std::abs(pseudo_variance) / length, std::sqrt(2.0) * bound);
        for (const size_t lag : { 1, 2, 3, 15, 16, 32, 128, 511, 512, 4096 }) {
            std::complex<double> correlation = 0.0;
            for (size_t i = lag; i < length; ++i)
                correlation += std::complex<double>(x[i]) *
                               std::conj(std::complex<double>(x[i - lag]));
            BOOST_CHECK_SMALL(std::abs(correlation) / length, bound);
        }
    }
}

BOOST_AUTO_TEST_CASE(seeds_give_independent_noise)
{
    const auto x = noise_samples(1, 1.0, 0, length);
    const auto y = noise_samples(2, 1.0, 0, length);
    std::complex<double> correlation = 0.0;
    for (size_t i = 0; i < length; ++i)
        correlation += std::complex<double>(x[i]) * std::conj(std::complex<double>(y[i]));
    BOOST_CHECK_SMALL(std::abs(correlation) / length,
                      5.0 / std::sqrt(static_cast<double>(length)));
}

BOOST_AUTO_TEST_CASE(power_scales_and_the_noise_is_added)
{
    cvec out(1000, { 3.0f, -2.0f });
    add_noise({ 1, 4.0 }, 0, out.size(), out.data());
    const auto unit = noise_samples(1, 1.0, 0, out.size());
    for (size_t i = 0; i < out.size(); ++i)
        BOOST_CHECK_SMALL(
            std::abs(out[i] - std::complex<float>(3.0f, -2.0f) - 2.0f * unit[i]), 2e-6f);
    cvec quiet(100, { 1.0f, 1.0f });
    add_noise({ 1, 0.0 }, 0, quiet.size(), quiet.data());
    BOOST_CHECK(quiet == cvec(100, { 1.0f, 1.0f }));
}

BOOST_AUTO_TEST_CASE(any_chunking_gives_the_same_bits)
{
    // Across 2^32, so that a counter of 32 bits would repeat itself.
    const int64_t first = (int64_t{ 1 } << 32) - 5000;
    const size_t count = 10000;
    const auto whole = noise_samples(9, 1.0, first, count);
    std::mt19937 random(1);
    for (const size_t chunk : { 1, 7, 4096, 0 }) { // 0: random sizes
        cvec pieces(count);
        for (size_t at = 0; at < count;) {
            const size_t here = std::min(count - at, chunk ? chunk : 1 + random() % 700);
            add_noise(
                { 9, 1.0 }, first + static_cast<int64_t>(at), here, pieces.data() + at);
            at += here;
        }
        BOOST_CHECK(pieces == whole);
    }
    const auto from_zero = noise_samples(9, 1.0, 0, count);
    BOOST_CHECK(
        !std::equal(from_zero.begin(), from_zero.begin() + 5000, whole.begin() + 5000));
}

BOOST_AUTO_TEST_CASE(the_validator_names_what_is_wrong)
{
    BOOST_CHECK(!validate(white_noise{ 1, 0.0 }));
    const double inf = std::numeric_limits<double>::infinity();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::pair<double, const char*> cases[] = { { -1.0, "-1" },
                                                     { inf, "inf" },
                                                     { nan, "nan" } };
    for (const auto& [bad, text] : cases)
        BOOST_CHECK_EQUAL(validate(white_noise{ 1, bad }).value().message(),
                          std::string("noise.power = ") + text +
                              ": must be finite and >= 0");
}
