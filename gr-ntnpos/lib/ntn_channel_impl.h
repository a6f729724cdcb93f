/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_NTN_CHANNEL_IMPL_H
#define INCLUDED_NTNPOS_NTN_CHANNEL_IMPL_H

#include <gnuradio/ntnpos/kernel/input_store.h>
#include <gnuradio/ntnpos/ntn_channel.h>
#include <atomic>
#include <string>

namespace gr::ntnpos {

class ntn_channel_impl : public ntn_channel
{
public:
    explicit ntn_channel_impl(const kernel::channel_config& config);

    bool start() override;
    void forecast(int noutput_items, gr_vector_int& ninput_items_required) override;
    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& input_items,
                     gr_vector_void_star& output_items) override;

    uint64_t malformed_messages() const override { return d_malformed; }

private:
    const std::vector<kernel::index_range>& ranges_of(int noutput_items);
    void look_at_inputs(int noutput_items,
                        const gr_vector_int& ninput_items,
                        const gr_vector_const_void_star& input_items);
    size_t producible(int noutput_items);
    void consume_inputs();
    void tag_start();
    void handle_trajectory(const pmt::pmt_t& message);
    std::string prolong(const pmt::pmt_t& message);

    /*
     * The scheduler's buffer of an input begins d_back samples before the first that is
     * new. What lies that near is read there; what is needed for longer, because another
     * input is needed further, is copied to a store.
     */
    struct source {
        kernel::input_store store;
        bool stored = false;
        const gr_complex* buffer = nullptr; // from sample end - back on
        int64_t taken = 0;                  // in this call
    };

    kernel::satellite_channel d_channel;
    int64_t d_back;
    std::vector<source> d_sources; // one for each input
    std::vector<int64_t> d_ends;   // samples taken from each input
    std::vector<kernel::input_view> d_views;
    // What the next d_asked output samples are made of, from each input; 0: not known.
    // The scheduler asks several times for one and the same.
    std::vector<kernel::index_range> d_ranges;
    int d_asked = 0;
    int64_t d_next = 0; // next output sample
    std::atomic<uint64_t> d_malformed{ 0 };
};

} // namespace gr::ntnpos

#endif
