/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_FIRST_PATH_H
#define INCLUDED_NTNPOS_KERNEL_FIRST_PATH_H

#include <gnuradio/ntnpos/kernel/config_error.h>
#include <array>
#include <complex>
#include <cstddef>
#include <memory>

namespace gr::ntnpos::kernel {

//! How the first path is estimated.
enum class first_path_method {
    //! all paths together by maximum likelihood, started from peaks and pairs of peaks
    maximum_likelihood,
    //! the same, started from the peaks of a MUSIC spectrum as well (super-resolution)
    music,
    //! where the profile crosses the threshold, corrected by what one path's shape says
    threshold
};

//! What the arrival threshold is made from.
enum class threshold_mode {
    relative,   //!< a part of the way from the noise floor to the peak
    false_alarm //!< what noise reaches at the false-alarm probability
};

//! How a delay profile is searched for its first path.
struct first_path_config {
    //! M, contiguous subcarriers the profile was made from: 12 num_rb; 12..3300
    int subcarriers = 288;
    double scs_hz = 15e3;     //!< their spacing
    int profile_points = 512; //!< N >= M, points of the profile, N scs_hz apart in rate
    int max_paths = 4;        //!< paths fitted at most, 1..8
    //! of a path in a profile of noise; of a path too many beside a true one: half of it
    //! for one before that, half for one after. 1e-12..0.5
    double false_alarm_probability = 1e-4;
    //! height of the arrival crossing between noise floor and peak (amplitude), 0..1
    double threshold = 0.6;
    //! weaker than this against the strongest, nothing counts as a path, -60..0
    double min_relative_db = -20.0;
    double early_s = 4e-6; //!< paths are looked for from so long before the strongest
    double late_s = 6e-6;  //!< to so long after it
    first_path_method method = first_path_method::maximum_likelihood;
    kernel::threshold_mode threshold_mode = kernel::threshold_mode::relative;
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const first_path_config& c);

//! One propagation path in a profile.
struct path_estimate {
    double delay_s;     //!< from the profile's middle point
    double delay_std_s; //!< standard deviation, from the Fisher information at the fit
    std::complex<double> gain; //!< amplitude at the middle subcarrier, 1 = the replica's
};

//! Up to eight paths, without memory of their own elsewhere.
class path_list
{
public:
    static constexpr size_t capacity = 8;
    size_t size() const { return d_size; }
    bool empty() const { return d_size == 0; }
    void clear() { d_size = 0; }
    //! A ninth one is left out.
    void push_back(const path_estimate& p)
    {
        if (d_size < capacity)
            d_paths[d_size++] = p;
    }
    path_estimate& operator[](size_t i) { return d_paths[i]; }
    const path_estimate& operator[](size_t i) const { return d_paths[i]; }
    const path_estimate& front() const { return d_paths[0]; }
    const path_estimate* begin() const { return d_paths.data(); }
    const path_estimate* end() const { return d_paths.data() + d_size; }

private:
    std::array<path_estimate, capacity> d_paths;
    size_t d_size = 0;
};

//! What a profile holds.
struct first_path_estimate {
    //! false: nothing above the noise at the stated false-alarm probability
    bool detected = false;
    path_list paths; //!< ascending delays; the first is the first path
    //! first point of the profile above the threshold before its peak, from its middle
    double crossing_s = 0.0;
    double peak_s = 0.0; //!< highest point of the profile, from its middle
    //! of the strongest path: -ln of its probability at one delay under noise alone
    double statistic = 0.0;
    //! per subcarrier of the combined channel, after the fitted paths are taken out
    double noise_variance = 0.0;
    //! mean square of what the paths are together on a subcarrier
    double signal_power = 0.0;
    double noise_floor = 0.0; //!< amplitude of the profile away from the arrival region
    double threshold_level = 0.0; //!< amplitude that the crossing reaches
};

/*!
 * \brief First path of a complex delay profile, at sub-sample resolution by maximum
 * likelihood.
 *
 * The profile is the inverse DFT of the combined channel H(k) of M subcarriers,
 * p(n) = 1/M sum_k H(k) exp(j 2 pi (k - M/2) (n - N/2) / N), delay (n - N/2) / (N scs).
 * A sum of paths g exp(-j 2 pi (k - M/2) scs tau) in white noise is fitted to it: paths
 * are added as long as the likelihood gains more than noise can give at the false-alarm
 * probability, all of them refined together. One path in white noise reaches the bound
 * sigma = 1 / sqrt(8 pi^2 SNR sum (f - f_m)^2).
 *
 * The deviation is that of a noise variance which is estimated with m complex degrees of
 * freedom: 1/(m - 1) of the squared residual, so that squared errors over stated
 * variances average to one (1/m would be the variance itself).
 *
 * One path and nothing doubtful is the common case, and takes one pass over the profile
 * and a few interpolations. Nothing is allocated after construction.
 *
 * It does not know absolute time (the block adds it) nor combine occasions (the position
 * engine does). It does not look outside the M subcarriers: a profile must hold nothing
 * else.
 */
class first_path
{
public:
    //! Throws std::invalid_argument on a wrong configuration.
    explicit first_path(const first_path_config& config);
    ~first_path();
    first_path(first_path&&) noexcept;
    first_path& operator=(first_path&&) noexcept;

    const first_path_config& config() const { return d_config; }

    /*!
     * \param profile  config().profile_points values
     * \param known_s  above 0: that there is a signal is known, by a test of its own, and
     * its strongest path is within so much of the middle; it is not tested again, the
     * others are
     */
    first_path_estimate detect(const std::complex<float>* profile, double known_s = 0.0);
    //! The same from the combined channel; \param channel  config().subcarriers values
    first_path_estimate detect_channel(const std::complex<float>* channel,
                                       double known_s = 0.0);
    //! Profile of a combined channel. \param channel  subcarriers values \param profile
    //! profile_points values
    void profile_of(const std::complex<float>* channel, std::complex<float>* profile);

private:
    struct state;
    first_path_config d_config;
    std::unique_ptr<state> d_state;
};

} // namespace gr::ntnpos::kernel

#endif
