/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_SRS_SOURCE_IMPL_H
#define INCLUDED_NTNPOS_SRS_SOURCE_IMPL_H

#include <gnuradio/ntnpos/kernel/srs_transmitter.h>
#include <gnuradio/ntnpos/srs_source.h>
#include <atomic>

namespace gr::ntnpos {

class srs_source_impl : public srs_source
{
public:
    srs_source_impl(const kernel::carrier& carrier,
                    const std::vector<kernel::srs_resource>& resources,
                    int64_t start_slot,
                    int64_t n_slots,
                    const std::optional<kernel::instant>& start_time,
                    double timing_advance_s,
                    bool bursts,
                    const std::string& length_tag,
                    const std::map<int64_t, double>& timing_advances);

    uint64_t bad_messages() const override { return d_bad_messages; }
    uint64_t late_commands() const override { return d_late_commands; }
    uint64_t cut_slots() const override { return d_cut_slots; }

    bool start() override;
    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star& output_items) override;

private:
    void handle_timing(const pmt::pmt_t& message);
    void add_known_advances();
    bool take_piece();
    void tag_piece(uint64_t offset);
    void tag_start();

    kernel::srs_transmitter d_transmitter;
    const std::optional<kernel::instant> d_start_time;
    const bool d_bursts;
    const pmt::pmt_t d_length_key;
    const std::map<int64_t, double> d_advances; // known beforehand, by their first slot

    // The piece that is being sent: zeros before it, then its samples.
    kernel::srs_transmitter::piece d_piece{};
    int64_t d_gap = 0;
    int d_sent = 0;
    int64_t d_position = 0; // sample of the stream that is sent next

    std::atomic<uint64_t> d_bad_messages{ 0 };
    std::atomic<uint64_t> d_late_commands{ 0 };
    std::atomic<uint64_t> d_cut_slots{ 0 };
};

} // namespace gr::ntnpos

#endif
