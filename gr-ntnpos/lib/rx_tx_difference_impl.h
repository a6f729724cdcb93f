/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_RX_TX_DIFFERENCE_IMPL_H
#define INCLUDED_NTNPOS_RX_TX_DIFFERENCE_IMPL_H

#include "pmt_fields.h"
#include <gnuradio/ntnpos/kernel/rx_tx.h>
#include <gnuradio/ntnpos/rx_tx_difference.h>
#include <atomic>

namespace gr::ntnpos {

class rx_tx_difference_impl : public rx_tx_difference
{
public:
    rx_tx_difference_impl(const std::string& source,
                          const kernel::carrier& carrier,
                          const std::string& role,
                          const std::string& satellite,
                          int64_t start_slot,
                          const kernel::instant& start_time,
                          double timing_advance_s,
                          const std::map<int64_t, double>& timing_advances);

    bool start() override;
    uint64_t bad_messages() const override { return d_bad; }

private:
    enum class role { ue, gnb, ul_rtoa };
    static role role_of(const std::string& name);
    void set_known_advances();
    void handle_meas(const pmt::pmt_t& message);
    void handle_timing(const pmt::pmt_t& message);
    bool report(const pmt::pmt_t& toa);
    //! The role's values; false where they cannot be reported.
    bool measure(const kernel::subframe_timing& timing,
                 double rate,
                 double predicted_rate,
                 pmt::pmt_t& out);
    void publish(const char* kind, pmt::pmt_t message);
    void count_bad();

    const pmt::pmt_t d_source;
    const kernel::carrier d_carrier;
    const role d_role;
    const std::string d_satellite;
    const int64_t d_start_slot;
    const kernel::instant d_start_time;
    const double d_advance_s;
    const std::map<int64_t, double> d_advances;
    kernel::uplink_timing d_timing;
    uint64_t d_seq = 0;
    uint64_t d_count = 0; // reports of this stream
    std::atomic<uint64_t> d_bad{ 0 };
};

} // namespace gr::ntnpos

#endif
