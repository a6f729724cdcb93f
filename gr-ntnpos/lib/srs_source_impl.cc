/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pmt_fields.h"
#include "srs_source_impl.h"
#include <gnuradio/io_signature.h>
#include <algorithm>

namespace gr::ntnpos {

namespace {

const pmt::pmt_t TIMING_PORT = pmt::mp("timing");
const pmt::pmt_t SLOT_KEY = pmt::mp("ntnpos_slot");
const pmt::pmt_t TX_TIME_KEY = pmt::mp("tx_time");
const pmt::pmt_t RATE_KEY = pmt::mp("rx_rate");
const pmt::pmt_t FREQ_KEY = pmt::mp("rx_freq");

} // namespace

srs_source::sptr srs_source::make(const kernel::carrier& carrier,
                                  const std::vector<kernel::srs_resource>& resources,
                                  int64_t start_slot,
                                  int64_t n_slots,
                                  const std::optional<kernel::instant>& start_time,
                                  double timing_advance_s,
                                  bool bursts,
                                  const std::string& length_tag,
                                  const std::map<int64_t, double>& timing_advances)
{
    return gnuradio::make_block_sptr<srs_source_impl>(carrier,
                                                      resources,
                                                      start_slot,
                                                      n_slots,
                                                      start_time,
                                                      timing_advance_s,
                                                      bursts,
                                                      length_tag,
                                                      timing_advances);
}

srs_source_impl::srs_source_impl(const kernel::carrier& carrier,
                                 const std::vector<kernel::srs_resource>& resources,
                                 int64_t start_slot,
                                 int64_t n_slots,
                                 const std::optional<kernel::instant>& start_time,
                                 double timing_advance_s,
                                 bool bursts,
                                 const std::string& length_tag,
                                 const std::map<int64_t, double>& timing_advances)
    : gr::sync_block("srs_source",
                     gr::io_signature::make(0, 0, 0),
                     gr::io_signature::make(1, 1, sizeof(gr_complex))),
      d_transmitter(carrier, resources, start_slot, n_slots, timing_advance_s),
      d_start_time(start_time),
      d_bursts(bursts),
      d_length_key(pmt::mp(length_tag)),
      d_advances(timing_advances)
{
    if (start_time)
        kernel::throw_if(kernel::validate(*start_time, "start_time"));
    if (bursts && !start_time)
        kernel::throw_if(
            kernel::config_error{ "start_time", "None", "given where bursts is true" });
    if (bursts && length_tag.empty())
        kernel::throw_if(
            kernel::config_error{ "length_tag", "\"\"", "a name where bursts is true" });
    add_known_advances();
    message_port_register_in(TIMING_PORT);
    set_msg_handler(TIMING_PORT, [this](const pmt::pmt_t& m) { handle_timing(m); });
}

void srs_source_impl::add_known_advances()
{
    for (const auto& [slot, advance_s] : d_advances)
        kernel::throw_if(d_transmitter.add({ slot, advance_s }));
}

bool srs_source_impl::start()
{
    // A new run of the flowgraph begins again; a mere reconfiguration (unlock) goes on in
    // mid-stream.
    if (nitems_written(0) == 0) {
        d_transmitter.reset();
        add_known_advances();
        d_piece = {};
        d_gap = d_position = 0;
        d_sent = 0;
        d_bad_messages = d_late_commands = d_cut_slots = 0;
    }
    return true;
}

void srs_source_impl::handle_timing(const pmt::pmt_t& message)
{
    const auto advance = read_double(member(message, "timing_advance_s"));
    const auto slot = read_integer(member(message, "from_slot"));
    if (advance && slot) {
        const kernel::timing_command command{ *slot, *advance };
        const bool late = d_transmitter.is_late(command);
        if (!d_transmitter.add(command)) {
            if (late && d_late_commands++ == 0)
                d_logger->warn("a timing command came after its slot {:d} had been made; "
                               "more are only counted",
                               *slot);
            return;
        }
    }
    if (d_bad_messages++ == 0)
        d_logger->warn(
            "dropped a malformed message on port timing; more are only counted");
}

// The next piece to send; false at the end.
bool srs_source_impl::take_piece()
{
    auto piece = d_transmitter.next();
    while (d_bursts && piece && !piece->samples)
        piece = d_transmitter.next();
    d_cut_slots = d_transmitter.cut_slots();
    d_sent = 0;
    d_piece = piece.value_or(kernel::srs_transmitter::piece{});
    if (!d_bursts) // after the last piece the gap to the stream's end
        d_gap = (piece ? piece->begin : d_transmitter.length()) - d_position;
    return piece || d_gap > 0;
}

void srs_source_impl::tag_start()
{
    const auto& carrier = d_transmitter.get_carrier();
    const auto time = to_pmt(*d_start_time);
    add_item_tag(0, 0, rx_time_key(), time, alias_pmt());
    add_item_tag(0, 0, TX_TIME_KEY, time, alias_pmt());
    add_item_tag(0, 0, RATE_KEY, pmt::from_double(carrier.sample_rate_hz), alias_pmt());
    add_item_tag(0, 0, FREQ_KEY, pmt::from_double(carrier.frequency_hz), alias_pmt());
}

void srs_source_impl::tag_piece(uint64_t offset)
{
    add_item_tag(0, offset, SLOT_KEY, pmt::from_long(d_piece.slot_count), alias_pmt());
    if (!d_bursts)
        return;
    const double rate = d_transmitter.get_carrier().sample_rate_hz;
    const auto time = kernel::sample_instant(*d_start_time, d_piece.begin, rate);
    add_item_tag(0, offset, d_length_key, pmt::from_long(d_piece.length), alias_pmt());
    add_item_tag(0, offset, TX_TIME_KEY, to_pmt(time), alias_pmt());
}

int srs_source_impl::work(int noutput_items,
                          gr_vector_const_void_star& input_items,
                          gr_vector_void_star& output_items)
{
    (void)input_items;
    auto* out = static_cast<gr_complex*>(output_items[0]);
    int done = 0;
    while (done < noutput_items) {
        if (d_gap == 0 && d_sent == d_piece.length && !take_piece())
            return done > 0 ? done : WORK_DONE;
        const int room = noutput_items - done;
        const uint64_t offset = nitems_written(0) + done;
        if (offset == 0 && !d_bursts && d_start_time)
            tag_start();
        int count;
        if (d_gap > 0) {
            count = static_cast<int>(std::min<int64_t>(room, d_gap));
            std::fill_n(out + done, count, gr_complex());
            d_gap -= count;
        } else {
            if (d_sent == 0)
                tag_piece(offset);
            count = std::min(room, d_piece.length - d_sent);
            if (d_piece.samples)
                std::copy_n(d_piece.samples + d_sent, count, out + done);
            else
                std::fill_n(out + done, count, gr_complex());
            d_sent += count;
        }
        d_position += count;
        done += count;
    }
    return done;
}

} // namespace gr::ntnpos
