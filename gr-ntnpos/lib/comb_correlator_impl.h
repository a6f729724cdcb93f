/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_COMB_CORRELATOR_IMPL_H
#define INCLUDED_NTNPOS_COMB_CORRELATOR_IMPL_H

#include <gnuradio/ntnpos/comb_correlator.h>
#include <atomic>
#include <deque>

namespace gr::ntnpos {

class comb_correlator_impl : public comb_correlator
{
public:
    comb_correlator_impl(const kernel::carrier& carrier,
                         const std::vector<kernel::satellite_signal>& signals,
                         const std::vector<kernel::search_window>& windows,
                         const kernel::correlator_bank_config& config);

    uint64_t bad_messages() const override { return d_bad_messages; }
    uint64_t untimed_samples() const override { return d_untimed; }

    bool start() override;
    void forecast(int noutput_items, gr_vector_int& ninput_items_required) override;
    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& input_items,
                     gr_vector_void_star& output_items) override;

private:
    void handle_window(const pmt::pmt_t& message);
    bool input_ended();
    void anchor(uint64_t offset, const std::vector<tag_t>& tags);
    void feed(const gr_complex* in, int count);
    int deliver(gr_complex* out, int room);

    kernel::carrier d_carrier;
    kernel::correlator_bank d_bank;
    size_t d_vector; // values in an output item
    std::deque<kernel::delay_profile> d_queue;
    bool d_timed = false;   // the segment's tags are valid
    bool d_flushed = false; // the input has ended and its last segment is worked on
    bool d_end_sent = false;
    std::atomic<uint64_t> d_bad_messages{ 0 };
    std::atomic<uint64_t> d_untimed{ 0 };
};

} // namespace gr::ntnpos

#endif
