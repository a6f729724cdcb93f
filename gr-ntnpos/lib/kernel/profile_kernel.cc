/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multiversion.h"
#include "profile_kernel.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

namespace gr::ntnpos::kernel {

namespace {

constexpr int phases = 32;
constexpr int derivatives = 5; // 0th to 4th
constexpr int lanes = 16;
constexpr double stop_db = 120.0;
constexpr int max_taps = 64;

// Complex product without the checks for infinities that the operator makes.
std::complex<double> times(std::complex<double> a, std::complex<double> b)
{
    return { a.real() * b.real() - a.imag() * b.imag(),
             a.real() * b.imag() + a.imag() * b.real() };
}

// I_0(sqrt(q)), also for q < 0 (where it is J_0(sqrt(-q))): smooth across a window's end.
long double bessel(long double q)
{
    long double sum = 1.0L, term = 1.0L;
    for (int k = 1; k < 200 && std::abs(term) > 1e-25L; ++k) {
        term *= 0.25L * q / (static_cast<long double>(k) * k);
        sum += term;
    }
    return sum;
}

long double windowed_sinc(long double t, long double half, long double beta)
{
    constexpr long double pi = 3.14159265358979323846264338327950288L;
    const long double window = bessel(beta * beta * (1.0L - t * t / (half * half)));
    return (t == 0.0L ? 1.0L : std::sin(pi * t) / (pi * t)) * window;
}

// Sums of products of the taps for all derivatives, real and imaginary parts in turns;
// all in lanes of one order.
NTNPOS_MULTIVERSION
void dot(const float* table, const float* values, int taps, float* out)
{
    float sums[derivatives][lanes] = {};
    for (int i = 0; i < 2 * taps; i += lanes)
        for (int d = 0; d < derivatives; ++d)
            for (int l = 0; l < lanes; ++l)
                sums[d][l] += table[2 * taps * d + i + l] * values[i + l];
    for (int d = 0; d < derivatives; ++d) {
        for (int width = lanes / 2; width >= 2; width /= 2)
            for (int l = 0; l < width; ++l)
                sums[d][l] += sums[d][l + width];
        out[2 * d] = sums[d][0];
        out[2 * d + 1] = sums[d][1];
    }
}

// [phase][derivative][tap], every tap twice: for real and imaginary part.
std::vector<float> make_table(int taps)
{
    const long double beta = 0.1102L * (stop_db - 8.7L); // Kaiser's
    const long double half = 0.5L * taps;
    const long double scale = 1.0L / bessel(beta * beta);
    std::vector<float> table(static_cast<size_t>(phases) * derivatives * taps * 2);
    constexpr long double step = 0.005L; // of central differences of sixth order
    for (int phase = 0; phase < phases; ++phase)
        for (int tap = 0; tap < taps; ++tap) {
            const long double t = (phase + 0.5L) / phases + half - 1.0L - tap;
            long double h[5], odd[5], even[5]; // at 0 to 4 steps, both sides
            for (int k = 0; k < 5; ++k) {
                h[k] = scale * windowed_sinc(t + k * step, half, beta);
                const long double other = scale * windowed_sinc(t - k * step, half, beta);
                odd[k] = h[k] - other;
                even[k] = h[k] + other;
            }
            const long double value[derivatives] = {
                h[0],
                (45 * odd[1] - 9 * odd[2] + odd[3]) / (60 * step),
                (270 * even[1] - 27 * even[2] + 2 * even[3] - 490 * h[0]) /
                    (180 * step * step),
                (-488 * odd[1] + 338 * odd[2] - 72 * odd[3] + 7 * odd[4]) /
                    (240 * step * step * step),
                (2730 * h[0] - 1952 * even[1] + 676 * even[2] - 96 * even[3] +
                 7 * even[4]) /
                    (240 * step * step * step * step),
            };
            for (int d = 0; d < derivatives; ++d) {
                const size_t row = static_cast<size_t>(phase) * derivatives + d;
                float* const both = &table[(row * taps + tap) * 2];
                both[0] = both[1] = static_cast<float>(value[d]);
            }
        }
    return table;
}

// There are few lengths, and each table is made once in a process.
std::shared_ptr<const std::vector<float>> table_of(int taps)
{
    static std::mutex lock;
    static std::map<int, std::shared_ptr<const std::vector<float>>> tables;
    const std::lock_guard<std::mutex> guard(lock);
    auto& table = tables[taps];
    if (!table)
        table = std::make_shared<const std::vector<float>>(make_table(taps));
    return table;
}

} // namespace

profile_kernel::profile_kernel(int subcarriers, int points)
    : d_subcarriers(subcarriers),
      d_points(points),
      d_slope(2.0 * M_PI * (0.5 * (subcarriers - 1) - subcarriers / 2) / points)
{
    const double m = subcarriers;
    const double unit = M_PI / points;
    d_curvature = unit * unit * (m * m - 1.0) / 3.0;
    d_fourth = std::pow(unit, 4) * (m * m - 1.0) * (3.0 * m * m - 7.0) / 15.0;

    // More points than twice the band needs only make derivatives small: every so many.
    d_stride = std::max(1, static_cast<int>(points / (1.75 * m)));
    // Kaiser's formulas: length from the transition between the band and its image.
    const double transition = 2.0 * M_PI * (1.0 - m * d_stride / points);
    const double length = (stop_db - 7.95) / (2.285 * transition);
    d_taps = std::min(max_taps, 8 * static_cast<int>(std::ceil((length + 1.0) / 8.0)));
    d_table = table_of(d_taps);
}

profile_kernel::expansion profile_kernel::expand(const std::complex<float>* profile,
                                                 double x) const
{
    const double place = (x + d_points / 2) / d_stride;
    const double whole = std::floor(place);
    const int phase = std::min(phases - 1, static_cast<int>((place - whole) * phases));
    int first = (static_cast<int>(whole) - d_taps / 2 + 1) * d_stride;
    const int last = first + (d_taps - 1) * d_stride;
    std::complex<float> gathered[max_taps];
    const std::complex<float>* taps = profile + first;
    if (first < 0 || last >= d_points) { // the profile is periodic
        for (int i = 0; i < d_taps; ++i)
            gathered[i] =
                profile[((first + i * d_stride) % d_points + d_points) % d_points];
        taps = gathered;
    } else if (d_stride > 1) {
        for (int i = 0; i < d_taps; ++i)
            gathered[i] = profile[first + i * d_stride];
        taps = gathered;
    }
    float sums[2 * derivatives];
    dot(&(*d_table)[static_cast<size_t>(phase) * derivatives * d_taps * 2],
        reinterpret_cast<const float*>(taps),
        d_taps,
        sums);
    expansion e;
    e.middle = (whole + (phase + 0.5) / phases) * d_stride - d_points / 2;
    for (int i = 0; i < derivatives; ++i)
        e.f[i] = { sums[2 * i], sums[2 * i + 1] };
    return e;
}

profile_kernel::value profile_kernel::at(const expansion& e, double x) const
{
    const double per = 1.0 / d_stride;
    const double d = (x - e.middle) * per;
    const auto* const f = e.f;
    const std::complex<double> p =
        f[0] +
        d * (f[1] + d * (f[2] * 0.5 + d * (f[3] * (1.0 / 6) + d * f[4] * (1.0 / 24))));
    const std::complex<double> p1 =
        per * (f[1] + d * (f[2] + d * (f[3] * 0.5 + d * f[4] * (1.0 / 6))));
    const std::complex<double> p2 = per * per * (f[2] + d * (f[3] + d * f[4] * 0.5));
    // Turned by exp(-j slope x), but for that factor itself.
    const double k = -d_slope;
    const auto times_jk = [k](std::complex<double> v) {
        return std::complex<double>(-k * v.imag(), k * v.real());
    };
    return { p, p1 + times_jk(p), p2 + 2.0 * times_jk(p1) - k * k * p };
}

profile_kernel::value profile_kernel::at(const std::complex<float>* profile,
                                         double x) const
{
    value v = at(expand(profile, x), x);
    const std::complex<double> w = turn(x);
    v.p = times(w, v.p);
    v.d1 = times(w, v.d1);
    v.d2 = times(w, v.d2);
    return v;
}

profile_kernel::shape profile_kernel::correlation(double y) const
{
    const double m = d_subcarriers;
    const double unit = M_PI / d_points;
    const double u = unit * y;
    if (std::abs(m * u) < 1e-3) {
        const double y2 = y * y;
        return { 1.0 - d_curvature * y2 / 2.0 + d_fourth * y2 * y2 / 24.0,
                 y * (-d_curvature + d_fourth * y2 / 6.0),
                 -d_curvature + d_fourth * y2 / 2.0 };
    }
    const double sine = std::sin(u), cosine = std::cos(u);
    const double s = std::sin(m * u) / (m * sine);
    const double d1 = (std::cos(m * u) - s * cosine) / sine;
    // From S sin u = sin(M u) / M, differentiated twice.
    const double d2 = s * (1.0 - m * m) - 2.0 * d1 * cosine / sine;
    return { s, unit * d1, unit * unit * d2 };
}

std::complex<double> profile_kernel::turn(double x) const
{
    return std::polar(1.0, -d_slope * x);
}

} // namespace gr::ntnpos::kernel
