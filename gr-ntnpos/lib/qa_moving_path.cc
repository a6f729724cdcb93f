/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/moving_path.h>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace gr::ntnpos::kernel;
using cvec = std::vector<std::complex<float>>;
using std::complex;

namespace {
// A sum of complex exponentials at random frequencies: known exactly at any instant,
// which makes y = gain x(T - toa) exp(-j 2 pi f_c toa) exact too. Extended precision
// throughout; nothing here is shared with the kernel.
struct tones {
    std::vector<long double> frequency; // cycles per sample
    std::vector<complex<long double>> amplitude;

    tones(unsigned seed, size_t count, double band)
    {
        std::mt19937_64 random(seed);
        std::uniform_real_distribution<double> uniform(-0.5, 0.5);
        for (size_t i = 0; i < count; ++i) {
            frequency.push_back(band * uniform(random));
            amplitude.push_back(std::polar<long double>(1.0L / std::sqrt(count),
                                                        2 * M_PIl * uniform(random)));
        }
    }
    // At input sample whole + fraction.
    complex<long double> at(int64_t whole, long double fraction) const
    {
        complex<long double> sum = 0;
        for (size_t i = 0; i < frequency.size(); ++i) {
            const long double cycles =
                std::fmod(frequency[i] * whole, 1.0L) + frequency[i] * fraction;
            sum += amplitude[i] * std::polar(1.0L, 2 * M_PIl * std::fmod(cycles, 1.0L));
        }
        return sum;
    }
    cvec samples(int64_t first, size_t count) const
    {
        cvec out;
        for (size_t i = 0; i < count; ++i)
            out.emplace_back(at(first + static_cast<int64_t>(i), 0.0L));
        return out;
    }
};

long double value(const instant& t)
{
    return static_cast<long double>(t.full_s) + t.frac_s;
}
// The definition, for output sample n. Times are small enough (below 1e6 s) for 64 bits
// of mantissa.
complex<long double> exact(const moving_path_config& c, const tones& x, int64_t n)
{
    const long double rate = c.sample_rate_hz;
    const long double now = value(c.output_start) + n / rate;
    size_t segment = 0;
    while (segment + 1 < c.toa.segments.size() &&
           value(c.toa.segments[segment + 1].start) <= now + 1e-13L)
        ++segment;
    const auto& s = c.toa.segments[segment];
    const long double since = now - value(s.start);
    long double toa = 0;
    for (size_t k = s.coefficients.size(); k-- > 0;)
        toa = toa * since + s.coefficients[k];
    const long double ahead =
        (value(c.output_start) - value(c.input_start)) * rate - toa * rate;
    const long double whole = std::floor(ahead);
    const long double cycles = std::fmod(c.carrier_frequency_hz * toa, 1.0L);
    return complex<long double>(c.gain) *
           x.at(n + static_cast<int64_t>(whole), ahead - whole) *
           std::polar(1.0L, -2 * M_PIl * cycles);
}

cvec run(const moving_path_config& c, const tones& x, int64_t first, size_t count)
{
    const moving_path path(c);
    const auto need = path.input_range(first, count);
    const auto input = x.samples(need.first, static_cast<size_t>(need.end - need.first));
    cvec out(count);
    path.add(first, count, { input.data(), need.first, input.size() }, out.data());
    return out;
}

double evm_db(const moving_path_config& c, const tones& x, int64_t first, const cvec& got)
{
    long double error = 0;
    long double power = 0;
    for (size_t i = 0; i < got.size(); ++i) {
        const auto want = exact(c, x, first + static_cast<int64_t>(i));
        error += std::norm(complex<long double>(got[i]) - want);
        power += std::norm(want);
    }
    return static_cast<double>(10 * std::log10(error / power));
}

// 600 km pass: 24 us/s and the strongest curvature, 7500^2 / 600 km / c.
moving_path_config leo_config()
{
    moving_path_config c;
    c.toa.segments = { { { 100, 0.5 }, { 2.5e-3, -24e-6, 3.1e-7, 1e-10 } } };
    c.output_start = { 100, 0.5 };
    c.input_start = { 100, 0.495 };
    return c;
}

} // namespace

BOOST_AUTO_TEST_CASE(error_vector_is_small_over_80_percent_of_the_band)
{
    struct {
        const char* name;
        double rate_hz, carrier_hz;
        std::vector<double> coefficients;
        double bound_db;
    } const cases[] = {
        { "approaching", 7.68e6, 2e9, { 2.5e-3, -24e-6, 3.1e-7 }, -60 },
        { "receding", 7.68e6, 2e9, { 2.5e-3, 24e-6, 3.1e-7 }, -60 },
        { "7.5 km/s along the line of sight",
          30.72e6,
          2e9,
          { 2.5e-3, -7500 / 299792458.0, 3.1e-7, 1e-9 },
          -60 },
        { "wide, Ka band", 61.44e6, 30e9, { 8.1e-3, -24e-6, 3.1e-7 }, -60 },
        { "narrow, long tiles", 240e3, 2e9, { 2.5e-3, -24e-6, 3.1e-7, 1e-8 }, -60 },
        { "odd rate", 30.72e6 / 1.001, 2e9, { 2.5e-3, 24e-6 }, -60 },
        { "geostationary", 7.68e6, 2e9, { 0.2701234567, 1e-9 }, -60 },
        { "baseband only", 7.68e6, 0, { 2.5e-3, -24e-6 }, -60 },
        { "eighth order",
          7.68e6,
          2e9,
          { 2.5e-3, -24e-6, 1e-3, -5e-2, 1, -5, 30, 100 },
          -60 },
    };
    unsigned seed = 0;
    for (const auto& test : cases) {
        auto c = leo_config();
        c.sample_rate_hz = test.rate_hz;
        c.carrier_frequency_hz = test.carrier_hz;
        c.toa.segments[0].coefficients = test.coefficients;
        c.gain = { 0.3f, -0.4f };
        const tones x(++seed, 40, 0.8);
        const int64_t first = 12345;
        const double evm = evm_db(c, x, first, run(c, x, first, 3000));
        BOOST_TEST_MESSAGE(test.name << ": " << evm << " dB");
        BOOST_CHECK_MESSAGE(evm <= test.bound_db, test.name << ": " << evm << " dB");
    }
}

BOOST_AUTO_TEST_CASE(no_frequency_and_no_fraction_of_a_sample_is_worse_than_55_db)
{
    for (const double frequency : { -0.4, -0.39, -0.2, 0.0, 0.1, 0.3, 0.395, 0.4 }) {
        tones x(1, 1, 0.0);
        x.frequency[0] = frequency;
        for (int step = 0; step < 40; ++step) {
            auto c = leo_config();
            c.toa.segments[0].coefficients[0] += step / 40.0 / c.sample_rate_hz;
            const double evm = evm_db(c, x, 0, run(c, x, 0, 64));
            BOOST_CHECK_MESSAGE(evm <= -55.0,
                                frequency << ", step " << step << ": " << evm << " dB");
        }
    }
}

// Each number of taps over the band it is chosen for, just inside and at its edge.
BOOST_AUTO_TEST_CASE(narrow_bands_are_as_exact_with_fewer_taps)
{
    const std::pair<double, int64_t> bands[] = {
        { 0.5, 8 }, { 0.501, 12 }, { 0.65, 12 }, { 0.74, 16 }, { 0.8, 20 }
    };
    for (const auto& [band, taps] : bands) {
        auto c = leo_config();
        c.occupied_band = band;
        const auto one = moving_path(c).input_range(32, 1);
        BOOST_CHECK_EQUAL(one.end - one.first, taps);
        const tones x(7, 40, band);
        BOOST_CHECK_LE(evm_db(c, x, 999, run(c, x, 999, 3000)), -60.0);
        tones edge(1, 1, 0.0);
        edge.frequency[0] = band / 2;
        double& delay_s = c.toa.segments[0].coefficients[0];
        for (int step = 0; step < 20; ++step, delay_s += 0.05 / c.sample_rate_hz)
            BOOST_CHECK_LE(evm_db(c, edge, 0, run(c, edge, 0, 64)), -55.0);
    }
}

// The mean delay over all fractions must not be off either: 0.01 ns of 130 ns samples.
BOOST_AUTO_TEST_CASE(the_delay_has_no_bias)
{
    const tones x(5, 40, 0.6);
    for (int step = 0; step < 20; ++step) {
        moving_path_config c = leo_config();
        c.carrier_frequency_hz = 0;
        c.toa.segments[0].coefficients = { 2.5e-3 + step / 20.0 / c.sample_rate_hz };
        const auto got = run(c, x, 0, 2000);
        auto early = c;
        auto late = c;
        early.toa.segments[0].coefficients[0] -= 0.5e-9;
        late.toa.segments[0].coefficients[0] += 0.5e-9;
        // First order: y = want + bias * d(want)/d(delay).
        long double along = 0;
        long double norm = 0;
        for (size_t i = 0; i < got.size(); ++i) {
            const auto n = static_cast<int64_t>(i);
            const auto slope = (exact(late, x, n) - exact(early, x, n)) / 1e-9L;
            along += std::real(std::conj(slope) *
                               (complex<long double>(got[i]) - exact(c, x, n)));
            norm += std::norm(slope);
        }
        BOOST_CHECK_SMALL(static_cast<double>(along / norm), 1e-11);
    }
}

BOOST_AUTO_TEST_CASE(carrier_phase_holds_beyond_2_to_the_32_samples)
{
    auto c = leo_config();
    const tones x(2, 40, 0.8);
    for (const int64_t first :
         { int64_t{ 0 }, (int64_t{ 1 } << 32) - 1000, (int64_t{ 1 } << 36) + 77 }) {
        // The same geometry, so that only the index is large.
        c.toa.segments[0].start = sample_instant(c.output_start, first, c.sample_rate_hz);
        BOOST_CHECK_LE(evm_db(c, x, first, run(c, x, first, 2000)), -60.0);
    }
}

BOOST_AUTO_TEST_CASE(segments_change_at_the_sample_of_their_start)
{
    auto c = leo_config();
    // Starts on a sample within a tile and a group, then one between samples; the first
    // change is continuous in delay and rate, the second jumps.
    const double rate = c.sample_rate_hz;
    auto& s = c.toa.segments;
    s.push_back({ sample_instant(c.output_start, 1005, rate), {} });
    const trajectory before{ { s[0] } };
    s[1].coefficients = { delay_at(before, s[1].start),
                          delay_rate_at(before, s[1].start),
                          -3e-7 };
    s.push_back({ advance(sample_instant(c.output_start, 2000, rate), 0.4 / rate),
                  { 2.6e-3, 24e-6 } });
    const tones x(3, 40, 0.8);
    const auto got = run(c, x, 0, 3000);
    BOOST_CHECK_LE(evm_db(c, x, 0, got), -60.0);
    // Sample by sample around the jump: 2000 still has the old delay, 2001 the new.
    for (const int64_t n : { 1999, 2000, 2001, 2002 })
        BOOST_CHECK_SMALL(
            static_cast<double>(std::abs(complex<long double>(got[n]) - exact(c, x, n))),
            0.01);
    BOOST_CHECK_GT(static_cast<double>(
                       std::abs(exact(c, x, 2000) - complex<long double>(got[2001]))),
                   0.1);
}

BOOST_AUTO_TEST_CASE(approaching_gives_a_positive_doppler)
{
    auto c = leo_config();
    tones carrier(1, 1, 0.0); // 0 Hz
    carrier.amplitude[0] = 1;
    const auto got = run(c, carrier, 0, 2);
    const double doppler_hz =
        std::arg(got[1] * std::conj(got[0])) / (2 * M_PI) * c.sample_rate_hz;
    BOOST_CHECK_CLOSE_FRACTION(doppler_hz, 24e-6 * 2e9, 1e-2);
}

BOOST_AUTO_TEST_CASE(any_chunking_gives_the_same_bits)
{
    auto c = leo_config();
    c.gain = { 0.3f, -0.4f };
    c.toa.segments.push_back(
        { sample_instant(c.output_start, (int64_t{ 1 } << 32) + 333, c.sample_rate_hz),
          { 2.4e-3, 20e-6 } });
    const tones x(4, 5, 0.8);
    const int64_t first = (int64_t{ 1 } << 32) - 2001;
    const size_t count = 9000;
    const moving_path path(c);
    const auto whole = run(c, x, first, count);
    const auto need = path.input_range(first, count);
    const auto input = x.samples(need.first, static_cast<size_t>(need.end - need.first));
    std::mt19937 random(1);
    for (const size_t chunk : { 1, 7, 4096, 0 }) { // 0: random sizes
        cvec pieces(count);
        for (size_t at = 0; at < count;) {
            const size_t here = std::min(count - at, chunk ? chunk : 1 + random() % 200);
            const auto from = first + static_cast<int64_t>(at);
            // Nothing but what the path says it needs.
            const auto part = path.input_range(from, here);
            const cvec only(input.begin() + (part.first - need.first),
                            input.begin() + (part.end - need.first));
            path.add(
                from, here, { only.data(), part.first, only.size() }, pieces.data() + at);
            at += here;
        }
        BOOST_CHECK(pieces == whole);
    }
}

BOOST_AUTO_TEST_CASE(input_ranges_hold_for_delays_faster_than_any_orbit)
{
    for (const double rate : { 0.02, 0.3, 0.9, -0.9 }) {
        auto c = leo_config();
        c.carrier_frequency_hz = 0;
        c.toa.segments[0].coefficients = { 2.5e-3, rate };
        const tones x(8, 5, 0.3);
        const auto whole = run(c, x, 50, 400);
        for (int64_t at = 0; at < 400; at += 10) { // across a group's end
            const auto piece = run(c, x, 50 + at, 10);
            BOOST_CHECK(std::equal(piece.begin(), piece.end(), whole.begin() + at));
        }
    }
}

BOOST_AUTO_TEST_CASE(samples_outside_the_input_are_zero_and_output_is_added)
{
    moving_path_config c;
    c.carrier_frequency_hz = 0;
    c.toa.segments = { { {}, { 10 / c.sample_rate_hz } } };
    const moving_path path(c);
    const cvec input(50, 1.0f);
    cvec out(100, { 0.0f, 2.0f });
    path.add(0, out.size(), { input.data(), 0, input.size() }, out.data());
    for (size_t i = 0; i < out.size(); ++i) {
        const float want =
            i >= 10 && i < 60 ? 1.0f : 0.0f; // whole samples: the filter is exact
        BOOST_CHECK_SMALL(std::abs(out[i] - complex<float>(want, 2.0f)), 1e-3f);
    }
    cvec quiet(10);
    path.add(0, quiet.size(), {}, quiet.data());
    BOOST_CHECK(quiet == cvec(10));
}

// A polynomial beyond its span, or out of a mad message: silence, and no index that
// overflows.
BOOST_AUTO_TEST_CASE(a_delay_that_has_run_away_is_silence)
{
    for (const std::vector<double>& mad :
         { std::vector<double>{ 1e300 },
           std::vector<double>{ 0.0, -1e300, 1e300 },
           std::vector<double>{ 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1e308 },
           std::vector<double>{ -4e6 } }) {
        auto c = leo_config();
        c.toa.segments[0] = { {}, mad };
        const moving_path path(c);
        const auto range = path.input_range(100, 500);
        BOOST_CHECK_EQUAL(range.first, range.end);
        const cvec input(1000, 1.0f);
        cvec out(500);
        path.add(100, out.size(), { input.data(), 0, input.size() }, out.data());
        BOOST_CHECK(out == cvec(500));
    }
}

BOOST_AUTO_TEST_CASE(a_new_trajectory_replaces_the_old)
{
    auto c = leo_config();
    const tones x(6, 10, 0.8);
    moving_path path(c);
    c.toa.segments[0].coefficients = { 3e-3, 1e-6 };
    path.set_toa(c.toa);
    const auto need = path.input_range(0, 500);
    const auto input = x.samples(need.first, static_cast<size_t>(need.end - need.first));
    cvec out(500);
    path.add(0, out.size(), { input.data(), need.first, input.size() }, out.data());
    BOOST_CHECK(out == run(c, x, 0, 500));
    BOOST_CHECK_THROW(path.set_toa({}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_validator_names_the_field_the_value_and_what_is_allowed)
{
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto message = [](auto change) {
        auto c = leo_config();
        change(c);
        const auto error = validate(c);
        return error ? error->message() : std::string();
    };
    using config = moving_path_config;
    BOOST_CHECK_EQUAL(message([](config&) {}), "");
    BOOST_CHECK_EQUAL(message([](config& c) { c.toa.segments.clear(); }),
                      "segments = empty: must be at least one segment");
    BOOST_CHECK_EQUAL(message([=](config& c) {
                          c.gain = { 1.0f, static_cast<float>(nan) };
                      }),
                      "gain = 1 + j nan: must be finite");
    BOOST_CHECK_EQUAL(message([](config& c) { c.output_start.frac_s = -0.5; }),
                      "output_start.frac_s = -0.5: must be in [0, 1)");
    BOOST_CHECK_EQUAL(message([](config& c) { c.input_start.frac_s = 1.5; }),
                      "input_start.frac_s = 1.5: must be in [0, 1)");
    BOOST_CHECK_EQUAL(message([](config& c) { c.sample_rate_hz = 0.0; }),
                      "sample_rate_hz = 0: must be in (0, 1e9]");
    BOOST_CHECK_EQUAL(message([](config& c) { c.carrier_frequency_hz = -1.0; }),
                      "carrier_frequency_hz = -1: must be in 0..1e12");
    BOOST_CHECK_EQUAL(message([](config& c) { c.occupied_band = 0.81; }),
                      "occupied_band = 0.81: must be in (0, 0.8]");
    BOOST_CHECK_EQUAL(
        message([](config& c) { c.input_start.full_s = 2'000'000'000; }),
        "input_start = 2000000000 s: must be within 1e9 s of the output's start");
    BOOST_CHECK_THROW(moving_path(config{}), std::invalid_argument);
}
