/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include <gnuradio/ntnpos/kernel/trajectory.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

constexpr size_t max_coefficients = 8;

std::string element(size_t segment, const char* member)
{
    return "segments[" + std::to_string(segment) + "]." + member;
}

// a + whole + frac, whole an integer and frac in [0, 1].
instant normalised(const instant& a, double whole, double frac)
{
    int64_t full = a.full_s + static_cast<int64_t>(whole);
    frac += a.frac_s;
    if (frac >= 1.0) {
        frac -= 1.0;
        ++full;
    }
    return { full, frac };
}

} // namespace

bool operator<(const instant& a, const instant& b)
{
    return a.full_s != b.full_s ? a.full_s < b.full_s : a.frac_s < b.frac_s;
}

double seconds_between(const instant& a, const instant& b)
{
    return static_cast<double>(a.full_s - b.full_s) + (a.frac_s - b.frac_s);
}

instant advance(const instant& a, double seconds)
{
    const double whole = std::floor(seconds);
    return normalised(a, whole, seconds - whole);
}

instant sample_instant(const instant& start, int64_t index, double sample_rate_hz)
{
    const auto n = static_cast<double>(index);
    double whole = std::floor(n / sample_rate_hz);
    // n - whole * rate without rounding: the product's error comes from a fused
    // multiply-add.
    const double product = whole * sample_rate_hz;
    const double error = std::fma(whole, sample_rate_hz, -product);
    double rest = (n - product) - error;
    if (rest < 0.0) {
        rest += sample_rate_hz;
        whole -= 1.0;
    } else if (rest >= sample_rate_hz) {
        rest -= sample_rate_hz;
        whole += 1.0;
    }
    return normalised(start, whole, rest / sample_rate_hz);
}

std::optional<config_error> validate(const instant& t, const std::string& field)
{
    constexpr int64_t limit = int64_t{ 1 }
                              << 53; // differences of such instants do not overflow
    if (t.full_s < -limit || t.full_s > limit)
        return config_error{ field + ".full_s",
                             std::to_string(t.full_s),
                             "in -2^53..2^53" };
    if (!(t.frac_s >= 0.0 && t.frac_s < 1.0))
        return config_error{ field + ".frac_s", to_text(t.frac_s), "in [0, 1)" };
    return std::nullopt;
}

std::optional<config_error> validate(const trajectory& t)
{
    const auto& segments = t.segments;
    if (segments.empty())
        return config_error{ "segments", "empty", "at least one segment" };
    for (size_t i = 0; i < segments.size(); ++i) {
        const auto& c = segments[i].coefficients;
        if (auto error = validate(segments[i].start, element(i, "start")))
            return error;
        if (i > 0 && !(segments[i - 1].start < segments[i].start))
            return config_error{ element(i, "start"),
                                 std::to_string(segments[i].start.full_s) + " s + " +
                                     to_text(segments[i].start.frac_s) + " s",
                                 "later than the start of the segment before" };
        if (c.empty() || c.size() > max_coefficients)
            return config_error{ element(i, "coefficients"),
                                 std::to_string(c.size()) + " values",
                                 "1 to 8 values" };
        for (size_t k = 0; k < c.size(); ++k)
            if (!std::isfinite(c[k]))
                return config_error{ element(i, "coefficients") + "[" +
                                         std::to_string(k) + "]",
                                     to_text(c[k]),
                                     "finite" };
    }
    return std::nullopt;
}

size_t segment_index_at(const trajectory& tr, const instant& t)
{
    const auto& s = tr.segments;
    const auto after = std::upper_bound(
        s.begin(), s.end(), t, [](const instant& value, const delay_segment& segment) {
            return value < segment.start;
        });
    return after == s.begin() ? 0 : static_cast<size_t>(after - s.begin()) - 1;
}

const delay_segment& segment_at(const trajectory& tr, const instant& t)
{
    return tr.segments[segment_index_at(tr, t)];
}

double delay_at(const trajectory& tr, const instant& t)
{
    const delay_segment& s = segment_at(tr, t);
    const double x = seconds_between(t, s.start);
    double value = 0.0;
    for (size_t k = s.coefficients.size(); k-- > 0;)
        value = value * x + s.coefficients[k];
    return value;
}

double delay_rate_at(const trajectory& tr, const instant& t)
{
    const delay_segment& s = segment_at(tr, t);
    const double x = seconds_between(t, s.start);
    double value = 0.0;
    for (size_t k = s.coefficients.size(); k-- > 1;)
        value = value * x + static_cast<double>(k) * s.coefficients[k];
    return value;
}

void shift_polynomial(double* coefficients, size_t count, double by)
{
    // Repeated synthetic division by (x - by): the remainders are the new coefficients.
    for (size_t i = 0; i + 1 < count; ++i)
        for (size_t k = count - 1; k-- > i;)
            coefficients[k] += by * coefficients[k + 1];
}

trajectory spliced(const trajectory& old,
                   const std::vector<delay_segment>& later,
                   const instant& now)
{
    trajectory result;
    for (const auto& segment : old.segments)
        if (later.empty() || segment.start < later.front().start)
            result.segments.push_back(segment);
    result.segments.insert(result.segments.end(), later.begin(), later.end());
    const auto in_force = segment_index_at(result, now);
    result.segments.erase(result.segments.begin(),
                          result.segments.begin() + static_cast<ptrdiff_t>(in_force));
    return result;
}

} // namespace gr::ntnpos::kernel
