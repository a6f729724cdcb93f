/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_FIRST_PATH_STATE_H
#define INCLUDED_NTNPOS_KERNEL_FIRST_PATH_STATE_H

#include "music_starts.h"
#include "path_search.h"
#include "profile_fit.h"
#include "profile_kernel.h"
#include "profile_scan.h"
#include "profile_transform.h"
#include <gnuradio/ntnpos/kernel/first_path.h>
#include <complex>
#include <optional>
#include <vector>

namespace gr::ntnpos::kernel {

//! All that first_path works with, made once.
struct first_path::state {
    state(const first_path_config& c, int inner_points);
    state(const state&) = delete; // its members refer to each other

    first_path_config config;
    int points; // of the profile that is worked on
    profile_kernel kernel;
    profile_scan scan;
    profile_fit fit;
    path_search search;
    std::optional<music_starts> music; // where the method asks for it
    profile_transform to_profile;
    fft to_channel;
    // where the user's profile has too few points
    std::optional<profile_transform> to_inner;
    double limit; // what the strongest path must surpass
    std::vector<std::complex<float>> profile;
    std::vector<std::complex<float>> channel;
    bool have_channel = false; // of the profile that is worked on
    std::vector<std::complex<double>> exact, residual;

    void turn_back(const std::complex<float>* values);
    path_set highest(double reach) const;
    first_path_estimate
    estimate(const std::complex<float>* values, double energy, double known_s);
    void report(path_set& paths, first_path_estimate& out);
    // Noise floor, threshold and arrival.
    void crossing(const std::complex<float>* values,
                  const path_set& strongest,
                  first_path_estimate& out);
    void by_threshold(const path_set& strongest, first_path_estimate& out) const;
};

} // namespace gr::ntnpos::kernel

#endif
