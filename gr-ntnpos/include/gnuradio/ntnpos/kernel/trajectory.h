/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_TRAJECTORY_H
#define INCLUDED_NTNPOS_KERNEL_TRAJECTORY_H

#include <gnuradio/ntnpos/kernel/config_error.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gr::ntnpos::kernel {

//! An instant far from any epoch without loss of precision: whole seconds (of any sign; tags and messages carry
//! uint64) and a fraction in [0, 1).
struct instant {
    int64_t full_s = 0;
    double frac_s = 0.0;
};

bool operator<(const instant& a, const instant& b);
//! a - b in seconds, exact to the precision of the difference.
double seconds_between(const instant& a, const instant& b);
//! a + seconds, normalised to a fraction in [0, 1).
instant advance(const instant& a, double seconds);
/*! Instant of sample \p index (|index| < 2^53) of a stream whose sample 0 is at \p start:
 * start + index / rate, to the rounding of the fraction (1e-16 s) however large the
 * index. */
instant sample_instant(const instant& start, int64_t index, double sample_rate_hz);
//! What is wrong with an instant that stands in the configuration field \p field, if
//! anything.
std::optional<config_error> validate(const instant& t, const std::string& field);

//! One piece of a delay trajectory: delay(t) = sum_k coefficients[k] * (t - start)^k in
//! seconds, from start on.
struct delay_segment {
    instant start;
    std::vector<double> coefficients; //!< s, s/s, s/s^2, ...; 1..8 of them
};

/*!
 * \brief A moving delay as piecewise polynomials of time (the receiver's clock, or system
 * time: the user says which).
 *
 * A segment holds from its start to the start of the next; the first also before its
 * start, the last without end.
 */
struct trajectory {
    std::vector<delay_segment> segments; //!< ascending starts, at least one
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const trajectory& t);

//! The segment in force at \p t. Expects a valid trajectory.
const delay_segment& segment_at(const trajectory& tr, const instant& t);
//! Delay in seconds at \p t.
double delay_at(const trajectory& tr, const instant& t);
//! Delay rate in s/s at \p t.
double delay_rate_at(const trajectory& tr, const instant& t);
//! Index of the segment in force at \p t.
size_t segment_index_at(const trajectory& tr, const instant& t);

//! Turns the coefficients of p(x) into those of p(x + by), in place.
void shift_polynomial(double* coefficients, size_t count, double by);
/*!
 * The trajectory \p old up to the start of the first of the \p later segments, and these
 * from there on. Segments that were over before \p now are left out, so that a trajectory
 * that is prolonged for ever does not grow for ever.
 */
trajectory spliced(const trajectory& old,
                   const std::vector<delay_segment>& later,
                   const instant& now);

} // namespace gr::ntnpos::kernel

#endif
