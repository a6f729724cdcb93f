/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_CORRELATOR_BANK_H
#define INCLUDED_NTNPOS_KERNEL_CORRELATOR_BANK_H

#include <gnuradio/ntnpos/kernel/delay_profile.h>
#include <gnuradio/ntnpos/kernel/occasion_estimator.h>
#include <gnuradio/ntnpos/kernel/prs_search.h>
#include <volk/volk_alloc.hh>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gr::ntnpos::kernel {

//! Settings of a correlator_bank.
struct correlator_bank_config {
    /*! that an occasion of which nothing is received is `found`: of one search over its
     * window (a satellite that is not tracked), and of one profile (one that is);
     * 1e-12..0.5 */
    double false_alarm_probability = 1e-4;
    //! rounds of re-estimation with the other satellites taken out, 0 (off)..10
    int interference_passes = 3;
    //! slots of one occasion further apart than this are not joined in phase, 0..1
    double max_coherent_s = 10e-3;
    //! above 0: occasions (and slots that are not joined in phase) within so long a span
    //! are searched and measured as one, added by power: for signals that one occasion is
    //! too weak for. 0..0.5; 0: each is measured by itself
    double max_combined_s = 0.0;
    //! occasions that end within so long a stretch are estimated together, 1e-3..1
    double batch_s = 20e-3;
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const correlator_bank_config& c);

/*!
 * \brief All satellites of a receiver: windows in, samples in, one delay profile per
 * satellite and occasion out.
 *
 * Occasions are searched within their windows (prs_search), then followed from one to the
 * next; slots and symbols of an occasion are combined coherently with the Doppler
 * estimated and removed; satellites that overlap in time are estimated in turns, each
 * with the others' fitted signals taken out. A slot whose PRS is cut by the start or the
 * end of a segment is `incomplete`; the other slots of its occasion are measured without
 * it. Occasions are worked on in batches whose borders depend on sample numbers alone:
 * the result is the same bits for any chunking of the stream.
 */
class correlator_bank
{
public:
    //! Throws std::invalid_argument on a wrong configuration, naming the field.
    correlator_bank(const carrier& c,
                    const std::vector<satellite_signal>& signals,
                    const correlator_bank_config& config = {});
    ~correlator_bank();

    //! Index of a satellite's id; -1 if there is none of that name.
    int index_of(const std::string& id) const;
    //! What is wrong with a window for a satellite, if anything.
    std::optional<config_error> check_window(int satellite,
                                             const search_window& window) const;
    /*! Sets or replaces a window; occasions not yet worked on use it. Throws
     * std::invalid_argument if it is wrong. While a window predicts an impossible delay
     * (delay_model::plausible) its satellite is not looked for. */
    void set_window(int satellite, const search_window& window);
    //! Whether every satellite has a window.
    bool has_all_windows() const;

    //! Ends the current segment, if any, and starts one whose first sample is at \p
    //! anchor. Throws std::invalid_argument if that is no valid instant.
    void begin_segment(const instant& anchor);
    //! Adds samples to the segment. What is not finite, or above 1e9 in I or Q, counts as
    //! missing: a gap.
    void push(const std::complex<float>* samples, int64_t count);
    //! Ends the segment: what it holds is worked on, what it cuts is incomplete.
    void end_segment();
    //! Profiles made since the last call, in order of batches, arrival and satellite.
    std::vector<delay_profile> take();

    //! Samples of the segment that are kept for occasions to come.
    size_t held_samples() const { return d_samples.size(); }
    //! first_path settings that fit the profiles of a satellite.
    first_path_config profile_config(int satellite) const;

private:
    struct channel; // one satellite's replica, window and track
    struct job;     // one occasion in work

    sample_view segment_view();
    void open();
    void close();
    void work(bool last);
    std::vector<job> collect(int64_t boundary, bool last, bool ended);
    void run(std::vector<job>& jobs);
    bool acquire(const sample_view& samples, job& j);
    bool look(const sample_view& samples,
              job& j,
              const delay_model& middle,
              double half_width_s,
              double doppler_half_width_hz,
              double probability);
    static occasion_limits limits_of(const job& j);
    void refine(const sample_view& samples,
                job& j,
                bool coarse,
                int rounds,
                const occasion_limits& limits);
    void cancel_in_turns(const sample_view& samples, std::vector<job>& jobs);
    void emit(job& j);
    void drop_samples();

    carrier d_carrier;
    correlator_bank_config d_config;
    std::vector<std::unique_ptr<channel>> d_channels;
    occasion_estimator d_estimator;
    prs_search d_search;
    std::vector<std::complex<float>> d_samples; // of the segment, from d_first on
    // a batch's samples, with fitted satellites taken out
    volk::vector<std::complex<float>> d_work;
    int64_t d_first = 0;
    int64_t d_batch = 0;
    int64_t d_wait = 0; // nothing is to be done before the segment has so many samples
    std::optional<instant> d_origin; // of the samples that are pushed, and their number
    int64_t d_position = 0;
    // of the gapless segment in work, open from its first usable sample on
    std::optional<instant> d_anchor;
    std::optional<instant> d_ended; // end of the last segment
    std::vector<job> d_done; // worked on, and their signals may reach into the next batch
    std::vector<delay_profile> d_out;
};

} // namespace gr::ntnpos::kernel

#endif
