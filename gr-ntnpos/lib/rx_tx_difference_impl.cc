/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rx_tx_difference_impl.h"
#include <gnuradio/io_signature.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace gr::ntnpos {

namespace {

constexpr std::array<const char*, 3> role_names = { "ue", "gnb", "ul_rtoa" };
// The subframe with which a DL subframe is compared is not numbered before it; reports
// of different satellites come up to a batch after each other.
constexpr int64_t kept_subframes = 2000;

const pmt::pmt_t& meas_port()
{
    static const pmt::pmt_t port = pmt::intern("meas");
    return port;
}

} // namespace

rx_tx_difference::sptr rx_tx_difference::make(const std::string& source,
                                              const kernel::carrier& carrier,
                                              const std::string& role,
                                              const std::string& satellite,
                                              int64_t start_slot,
                                              const kernel::instant& start_time,
                                              double timing_advance_s,
                                              const std::map<int64_t, double>& advances)
{
    return gnuradio::make_block_sptr<rx_tx_difference_impl>(source,
                                                            carrier,
                                                            role,
                                                            satellite,
                                                            start_slot,
                                                            start_time,
                                                            timing_advance_s,
                                                            advances);
}

rx_tx_difference_impl::role rx_tx_difference_impl::role_of(const std::string& name)
{
    const auto at = std::find(role_names.begin(), role_names.end(), name);
    if (at == role_names.end())
        kernel::throw_if(kernel::config_error{ "role", name, "ue, gnb or ul_rtoa" });
    return static_cast<role>(at - role_names.begin());
}

rx_tx_difference_impl::rx_tx_difference_impl(const std::string& source,
                                             const kernel::carrier& carrier,
                                             const std::string& role_name,
                                             const std::string& satellite,
                                             int64_t start_slot,
                                             const kernel::instant& start_time,
                                             double timing_advance_s,
                                             const std::map<int64_t, double>& advances)
    : gr::block("ntnpos_rx_tx_difference",
                gr::io_signature::make(0, 0, 0),
                gr::io_signature::make(0, 0, 0)),
      d_source(pmt::intern(source)),
      d_carrier((kernel::throw_if(kernel::validate(carrier)), carrier)),
      d_role(role_of(role_name)),
      d_satellite(satellite),
      d_start_slot(start_slot),
      d_start_time(start_time),
      d_advance_s(timing_advance_s),
      d_advances(advances),
      d_timing(d_carrier, start_slot)
{
    kernel::throw_if(kernel::validate(start_time, "start_time"));
    if (std::abs(start_slot) > 1000000000000)
        kernel::throw_if(kernel::config_error{
            "start_slot", std::to_string(start_slot), "within 1e12" });
    set_known_advances();
    if (d_role != role::ue && satellite.empty())
        kernel::throw_if(kernel::config_error{
            "satellite", "\"\"", "the satellite's name with role " + role_name });
    message_port_register_out(meas_port());
    message_port_register_in(meas_port());
    message_port_register_in(pmt::mp("timing"));
    set_msg_handler(meas_port(), [this](const pmt::pmt_t& m) { handle_meas(m); });
    set_msg_handler(pmt::mp("timing"), [this](const pmt::pmt_t& m) { handle_timing(m); });
}

void rx_tx_difference_impl::set_known_advances()
{
    d_timing = kernel::uplink_timing(d_carrier, d_start_slot);
    kernel::throw_if(d_timing.add({ INT64_MIN, d_advance_s }));
    for (const auto& [slot, advance_s] : d_advances)
        kernel::throw_if(d_timing.add({ slot, advance_s }));
}

bool rx_tx_difference_impl::start()
{
    // A new run of the flowgraph begins again, without the commands of the one before.
    set_known_advances();
    d_count = 0;
    return block::start();
}

void rx_tx_difference_impl::handle_timing(const pmt::pmt_t& message)
{
    const auto advance = read_double(member(message, "timing_advance_s"));
    const auto slot = read_integer(member(message, "from_slot"));
    if (!(advance && slot) || d_timing.add({ *slot, *advance }))
        count_bad();
}

void rx_tx_difference_impl::handle_meas(const pmt::pmt_t& message)
{
    const auto kind = read_text(member(message, "kind"));
    if (kind == "config") {
        pmt::pmt_t on = message;
        put_header(on, d_source, d_seq++, "config", true);
        message_port_pub(meas_port(), on);
    } else if (kind == "end") {
        pmt::pmt_t end = pmt::make_dict();
        put(end, "count", pmt::from_uint64(d_count));
        publish("end", end);
        d_count = 0;
    } else if (kind != "toa" || !report(message)) {
        count_bad();
    }
}

bool rx_tx_difference_impl::report(const pmt::pmt_t& toa)
{
    const auto transmitter = read_text(member(toa, "satellite"));
    const auto slot = read_integer(member(toa, "slot_count"));
    const auto arrival = read_instant(member(toa, "t"));
    auto status = read_text(member(toa, "status"));
    if (!transmitter || !slot || !arrival || !status)
        return false;
    pmt::pmt_t out = pmt::make_dict();
    if (d_role == role::ue) {
        put(out, "satellite", pmt::intern(*transmitter));
    } else {
        put(out, "satellite", pmt::intern(d_satellite));
        put(out, "ue", pmt::intern(*transmitter));
    }
    put(out, "slot_count", pmt::from_long(*slot));
    pmt::pmt_t values = pmt::make_dict();
    kernel::instant reference = *arrival;
    if (status == "ok") {
        const auto delay = read_double(member(toa, "toa_s"));
        const auto std = read_double(member(toa, "toa_std_s"));
        const auto rate = read_double(member(toa, "toa_rate_s_per_s"));
        if (!delay || !std || !(*std > 0.0) || std::abs(*delay) > 1e6 || !rate ||
            std::abs(*rate) > 1e-3)
            return false;
        const auto timing = kernel::subframe_of(
            d_carrier, *slot, kernel::advance(*arrival, -*delay), *arrival, *rate);
        if (timing.due.full_s < 0)
            return false;
        reference = timing.due;
        const auto predicted = read_double(member(toa, "predicted_rate_s_per_s"));
        if (measure(timing, *rate, predicted.value_or(*rate), values))
            put(values,
                d_role == role::ul_rtoa ? "rtoa_std_s" : "rx_tx_std_s",
                pmt::from_double(*std));
        else
            status = "out_of_range";
        for (const char* name : { "snr_db", "rsrp_db" })
            put(out, name, member(toa, name));
    }
    put(out, "t", to_pmt(reference));
    put(out, "status", pmt::intern(*status));
    if (status == "ok")
        out = pmt::dict_update(out, values);
    ++d_count;
    const bool ue = d_role == role::ue;
    publish(ue ? "ue_rx_tx" : d_role == role::gnb ? "gnb_rx_tx" : "ul_rtoa", out);
    if (ue)
        d_timing.forget_before(
            (*slot / kernel::slots_per_subframe(d_carrier) - kept_subframes) *
            kernel::slots_per_subframe(d_carrier));
    return true;
}

bool rx_tx_difference_impl::measure(const kernel::subframe_timing& timing,
                                    double rate,
                                    double predicted_rate,
                                    pmt::pmt_t& out)
{
    if (d_role != role::ue) {
        const double after_s = kernel::seconds_between(timing.arrival, timing.due);
        const bool rtoa = d_role == role::ul_rtoa;
        put(out, rtoa ? "rtoa_s" : "rx_tx_s", pmt::from_double(after_s));
        return rtoa || std::abs(after_s) <= kernel::MAX_RX_TX_S;
    }
    const auto found = kernel::compare(d_carrier, d_timing, d_start_time, timing);
    if (found.subframe_offset < 0 ||
        found.subframe_offset > kernel::MAX_SUBFRAME_OFFSET ||
        std::abs(found.rx_tx_s) > kernel::MAX_RX_TX_S)
        return false;
    put(out,
        "rx_tx_s",
        pmt::from_double(found.rx_tx_s / kernel::clock_factor(rate, predicted_rate)));
    put(out, "subframe_offset", pmt::from_long(found.subframe_offset));
    put(out,
        "dl_timing_drift_us_s",
        std::abs(rate) <= kernel::MAX_TIMING_DRIFT ? pmt::from_double(rate * 1e6)
                                                   : pmt::PMT_NIL);
    return true;
}

void rx_tx_difference_impl::publish(const char* kind, pmt::pmt_t message)
{
    put_header(message, d_source, d_seq++, kind);
    message_port_pub(meas_port(), message);
}

void rx_tx_difference_impl::count_bad()
{
    if (d_bad++ == 0)
        d_logger->warn("dropped a message that is malformed or not for this block; more "
                       "are only counted");
}

} // namespace gr::ntnpos
