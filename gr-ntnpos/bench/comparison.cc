/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comparison.h"
#include <algorithm>
#include <cmath>
#include <ctime>

namespace gr::ntnpos::bench {

namespace {

double cpu_seconds()
{
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double seconds_of(const std::function<void()>& work, long repetitions)
{
    const double start = cpu_seconds();
    for (long i = 0; i < repetitions; ++i)
        work();
    return cpu_seconds() - start;
}

// Calls that fill the time, found by doubling: the caches are warm afterwards.
long repetitions_for(const std::function<void()>& work, double seconds)
{
    long repetitions = 1;
    double taken = seconds_of(work, repetitions);
    while (taken < 0.25 * seconds) {
        repetitions *= 2;
        taken = seconds_of(work, repetitions);
    }
    return std::max(
        1L,
        std::lround(static_cast<double>(repetitions) * std::min(4.0, seconds / taken)));
}

} // namespace

pair_times time_in_turn(const comparison& c, int pairs, double seconds)
{
    const long ours = repetitions_for(c.ours, seconds);
    const long reference = repetitions_for(c.reference, seconds);
    pair_times times;
    for (int pair = 0; pair < pairs; ++pair) {
        for (const bool first : { true, false }) {
            if (first == (pair % 2 == 0))
                times.ours.push_back(seconds_of(c.ours, ours) /
                                     static_cast<double>(ours));
            else
                times.reference.push_back(seconds_of(c.reference, reference) /
                                          static_cast<double>(reference));
        }
    }
    return times;
}

double seconds_per_call(const std::function<void()>& work, double seconds)
{
    const long repetitions = repetitions_for(work, seconds);
    return seconds_of(work, repetitions) / static_cast<double>(repetitions);
}

} // namespace gr::ntnpos::bench
