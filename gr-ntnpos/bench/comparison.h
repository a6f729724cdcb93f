/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_BENCH_COMPARISON_H
#define INCLUDED_NTNPOS_BENCH_COMPARISON_H

#include <functional>
#include <string>
#include <vector>

namespace gr::ntnpos::bench {

//! Two pieces of work whose times are compared.
struct comparison {
    std::string name;
    std::function<void()> ours;
    std::function<void()> reference;
};

//! Work whose time is compared with something that is not a kernel.
struct piece {
    std::string name;
    std::function<void()> work;
    double samples = 1.0; //!< of one call
};

//! CPU seconds of one call each, one entry a pair.
struct pair_times {
    std::vector<double> ours;
    std::vector<double> reference;
};

/*!
 * \brief Times both sides of a comparison in turn, the one that begins changing from pair
 * to pair, after calls that are not counted.
 *
 * The clock is the thread's CPU time: another process that takes the core costs nothing
 * but cache. What is made of the times is the caller's.
 *
 * \param pairs    number of pairs, >= 1
 * \param seconds  time that the calls of one side in one pair are repeated to fill
 */
pair_times time_in_turn(const comparison& c, int pairs, double seconds);

//! CPU seconds of one call, after calls that are not counted.
double seconds_per_call(const std::function<void()>& work, double seconds);

//! Keeps the compiler from leaving out work whose result nobody reads.
template <typename T>
void keep(const T& value)
{
    asm volatile("" : : "g"(&value) : "memory");
}

// What each file measures; what it works on is made when this is called.
std::vector<comparison> waveform_comparisons();
std::vector<comparison> channel_comparisons();
std::vector<piece> channel_pieces();

//! A measurement by name, made when it is asked for: what it works on is large.
template <typename measurement>
struct maker {
    std::string name;
    std::function<measurement(const std::string& name)> make;
};
using comparison_maker = maker<comparison>;
using piece_maker = maker<piece>;
std::vector<comparison_maker> receiver_comparisons();
std::vector<comparison_maker> receiver_stream_comparisons();
std::vector<piece_maker> receiver_pieces();

} // namespace gr::ntnpos::bench

#endif
