/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_FIRST_PATH_DETECTOR_IMPL_H
#define INCLUDED_NTNPOS_FIRST_PATH_DETECTOR_IMPL_H

#include "pmt_fields.h"
#include <gnuradio/ntnpos/first_path_detector.h>
#include <gnuradio/ntnpos/kernel/delay_profile.h>
#include <gnuradio/ntnpos/kernel/los_probability.h>
#include <atomic>
#include <map>
#include <utility>

namespace gr::ntnpos {

class first_path_detector_impl : public first_path_detector
{
public:
    first_path_detector_impl(const std::string& source,
                             int profile_points,
                             const kernel::first_path_config& config,
                             bool with_profiles,
                             const kernel::los_config& los);

    uint64_t bad_profiles() const override { return d_bad; }

    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star& output_items) override;

private:
    struct detector {
        kernel::first_path paths;
        kernel::los_probability los;
    };
    //! The detector that fits a profile; none if the profile does not fit the block.
    detector* detector_for(const kernel::delay_profile& profile);
    //! \param described  the members of the tag that the profile was read from
    pmt::pmt_t measure(const kernel::delay_profile& profile,
                       const members& described,
                       detector& with,
                       const gr_complex* values);
    //! \param others  made by others: it may have members of these names already
    void publish(const char* kind, pmt::pmt_t message, bool others = false);
    void count_bad();

    pmt::pmt_t d_source;
    std::vector<tag_t> d_tags; // of a call of work()
    int d_points;
    kernel::first_path_config d_config;
    bool d_with_profiles;
    kernel::los_config d_los;
    // by subcarriers and spacing
    std::map<std::pair<int, double>, detector> d_detectors;
    uint64_t d_seq = 0;
    uint64_t d_count = 0; // toa messages of this stream
    std::atomic<uint64_t> d_bad{ 0 };
};

} // namespace gr::ntnpos

#endif
