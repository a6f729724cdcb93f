/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_PRS_SOURCE_IMPL_H
#define INCLUDED_NTNPOS_PRS_SOURCE_IMPL_H

#include <gnuradio/ntnpos/kernel/prs_modulator.h>
#include <gnuradio/ntnpos/prs_source.h>
#include <volk/volk_alloc.hh>

namespace gr::ntnpos {

class prs_source_impl : public prs_source
{
public:
    prs_source_impl(const kernel::carrier& carrier,
                    const std::vector<std::vector<kernel::prs_resource>>& trps,
                    int64_t start_slot,
                    int64_t n_slots,
                    const std::optional<kernel::instant>& start_time);

    bool start() override;
    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star& output_items) override;

private:
    // One TRP: its waveform and its current slot.
    struct trp {
        kernel::prs_modulator modulator;
        volk::vector<gr_complex> slot;
    };

    void begin_slot(uint64_t first_sample);
    void tag_time(int output);

    const kernel::carrier d_carrier;
    std::vector<trp> d_trps;
    const int64_t d_start_slot;
    const int64_t d_n_slots;
    const std::optional<kernel::instant> d_start_time;

    int64_t d_slots_begun = 0;
    int d_length = 0; // samples of the current slot
    int d_sent = 0;   // how many of them have left
};

} // namespace gr::ntnpos

#endif
