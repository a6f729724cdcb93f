/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_FIRST_PATH_H
#define INCLUDED_NTNPOS_KERNEL_FIRST_PATH_H

#include <gnuradio/ntnpos/kernel/config_error.h>
#include <gnuradio/ntnpos/kernel/fft.h>
#include <complex>
#include <vector>

namespace gr::ntnpos::kernel {

//! How a delay profile is searched for its first path.
struct first_path_config {
    //! M, contiguous subcarriers the profile was made from: 12 num_rb; 12..3300
    int subcarriers = 288;
    double scs_hz = 15e3;     //!< their spacing
    int profile_points = 512; //!< N >= M, points of the profile, N scs_hz apart in rate
    int max_paths = 4;        //!< paths fitted at most, 1..8
    //! of one profile of noise, and of one path too many; 1e-12..0.5
    double false_alarm_probability = 1e-4;
    //! height of the arrival crossing between noise floor and peak (amplitude), 0..1
    double threshold = 0.6;
    //! weaker than this against the strongest, nothing counts as a path, -60..0
    double min_relative_db = -20.0;
    double early_s = 4e-6; //!< paths are looked for from so long before the strongest
    double late_s = 6e-6;  //!< to so long after it
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const first_path_config& c);

//! One propagation path in a profile.
struct path_estimate {
    double delay_s;     //!< from the profile's middle point
    double delay_std_s; //!< standard deviation, from the Fisher information at the fit
    std::complex<double> gain; //!< amplitude at the middle subcarrier, 1 = the replica's
};

//! What a profile holds.
struct first_path_estimate {
    //! false: nothing above the noise at the stated false-alarm probability
    bool detected = false;
    std::vector<path_estimate> paths; //!< ascending delays; the first is the first path
    //! first point of the profile above the threshold before its peak, from its middle
    double crossing_s = 0.0;
    //! of the strongest path: -ln of its probability at one delay under noise alone
    double statistic = 0.0;
    //! per subcarrier of the combined channel, after the fitted paths are taken out
    double noise_variance = 0.0;
    double noise_floor = 0.0; //!< amplitude of the profile away from the arrival region
};

/*!
 * \brief First path of a complex delay profile, at sub-sample resolution by maximum
 * likelihood.
 *
 * The profile is the inverse DFT of the combined channel H(k) of M subcarriers,
 * p(n) = 1/M sum_k H(k) exp(j 2 pi (k - M/2) (n - N/2) / N), delay (n - N/2) / (N scs).
 * It is turned back to H and a sum of paths g exp(-j 2 pi (k - M/2) scs tau) in white
 * noise is fitted: paths are added as long as the likelihood gains more than noise can
 * give at the false-alarm probability, all of them refined together by Gauss-Newton. One
 * path in white noise reaches the bound sigma = 1 / sqrt(8 pi^2 SNR sum (f - f_m)^2).
 *
 * It does not know absolute time (the block adds it) nor combine occasions (the position
 * engine does).
 */
class first_path
{
public:
    //! Throws std::invalid_argument on a wrong configuration.
    explicit first_path(const first_path_config& config);

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
    struct candidate {
        double delay_s = 0.0;
        double power = 0.0;
    };
    candidate strongest(const std::vector<std::complex<double>>& channel,
                        double low_s,
                        double high_s);
    void crossing(first_path_estimate& estimate);

    first_path_config d_config;
    fft d_to_profile; // profile_points, inverse
    fft d_to_channel; // profile_points, forward
    fft d_search;     // oversampled profile, inverse
    std::vector<std::complex<double>> d_channel;
    std::vector<std::complex<double>> d_residual;
    std::vector<std::complex<float>> d_amplitudes;
};

} // namespace gr::ntnpos::kernel

#endif
