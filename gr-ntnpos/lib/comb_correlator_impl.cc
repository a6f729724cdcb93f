/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comb_correlator_impl.h"
#include "pmt_fields.h"
#include <gnuradio/block_detail.h>
#include <gnuradio/buffer_reader.h>
#include <gnuradio/io_signature.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

namespace gr::ntnpos {

namespace {

// A tag that is a number must be the configured one; receivers state both in whole hertz
// or better.
bool contradicts(const tag_t& tag, const char* name, double expected)
{
    if (!pmt::equal(tag.key, pmt::intern(name)))
        return false;
    const auto value = read_double(tag.value);
    return !value || std::abs(*value - expected) > 0.5;
}

// Nominally; within what makes an ordinary buffer.
uint64_t samples_per_profile(const kernel::carrier& carrier,
                             const std::vector<kernel::satellite_signal>& signals)
{
    double profiles_per_slot = 0.0;
    for (const auto& s : signals)
        profiles_per_slot += 1.0 / kernel::periodicity_slots(s.resource);
    const double samples_per_slot =
        carrier.sample_rate_hz / (100.0 * kernel::slots_per_frame(carrier));
    constexpr double most = 16384.0;
    return static_cast<uint64_t>(
        std::clamp(samples_per_slot / std::max(profiles_per_slot, 1e-6), 1.0, most));
}

} // namespace

comb_correlator::sptr
comb_correlator::make(const kernel::carrier& carrier,
                      const std::vector<kernel::satellite_signal>& signals,
                      const std::vector<kernel::search_window>& windows,
                      const kernel::correlator_bank_config& config)
{
    return gnuradio::make_block_sptr<comb_correlator_impl>(
        carrier, signals, windows, config);
}

comb_correlator_impl::comb_correlator_impl(
    const kernel::carrier& carrier,
    const std::vector<kernel::satellite_signal>& signals,
    const std::vector<kernel::search_window>& windows,
    const kernel::correlator_bank_config& config)
    : gr::block("ntnpos_comb_correlator",
                gr::io_signature::make(1, 1, sizeof(gr_complex)),
                // The carrier is validated here: its FFT size is part of the signature.
                gr::io_signature::make(1,
                                       1,
                                       (kernel::throw_if(kernel::validate(carrier)),
                                        kernel::fft_size(carrier) * sizeof(gr_complex)))),
      d_carrier(carrier),
      d_bank(carrier, signals, config),
      d_vector(kernel::fft_size(carrier))
{
    if (!windows.empty() && windows.size() != signals.size())
        kernel::throw_if(
            kernel::config_error{ "windows",
                                  std::to_string(windows.size()) + " of them",
                                  "none, or one for each of the " +
                                      std::to_string(signals.size()) + " signals" });
    for (size_t i = 0; i < windows.size(); ++i)
        d_bank.set_window(i, windows[i]);
    set_tag_propagation_policy(TPP_DONT);
    // By it the scheduler chooses the size of the input's buffer.
    set_relative_rate(1, samples_per_profile(carrier, signals));
    message_port_register_in(pmt::mp("windows"));
    set_msg_handler(pmt::mp("windows"),
                    [this](const pmt::pmt_t& m) { handle_window(m); });
}

bool comb_correlator_impl::start()
{
    // A flowgraph may run more than once: each run is a stream of its own.
    d_bank.end_segment();
    d_bank.take();
    d_queue.clear();
    d_timed = d_flushed = d_end_sent = false;
    return block::start();
}

void comb_correlator_impl::handle_window(const pmt::pmt_t& message)
{
    const auto satellite = read_text(member(message, "satellite"));
    const auto toa = read_trajectory(member(message, "segments"));
    const auto half_width = read_double(member(message, "half_width_s"));
    const auto doppler = read_double(member(message, "doppler_half_width_hz"));
    const int index = satellite ? d_bank.index_of(*satellite) : -1;
    if (index >= 0 && toa && half_width && doppler) {
        const kernel::search_window window{ *toa, *half_width, *doppler };
        const auto error = d_bank.check_window(index, window);
        if (!error) {
            d_bank.set_window(index, window);
            return;
        }
        d_logger->warn("window of {} refused: {}", *satellite, error->message());
    }
    if (d_bad_messages++ == 0)
        d_logger->warn("dropped a message on port windows; more are only counted");
}

bool comb_correlator_impl::input_ended()
{
    // done() first: what was written before it was set is then seen by items_available().
    const auto reader = detail()->input(0);
    return reader->done() && reader->items_available() == 0;
}

void comb_correlator_impl::forecast(int, gr_vector_int& ninput_items_required)
{
    // After the input's end work() is called once more, to finish the last segment.
    ninput_items_required[0] = d_queue.empty() && !detail()->input(0)->done() ? 1 : 0;
}

int comb_correlator_impl::general_work(int noutput_items,
                                       gr_vector_int& ninput_items,
                                       gr_vector_const_void_star& input_items,
                                       gr_vector_void_star& output_items)
{
    auto* out = static_cast<gr_complex*>(output_items[0]);
    const auto* in = static_cast<const gr_complex*>(input_items[0]);
    if (!d_bank.has_all_windows() && !input_ended()) {
        // Not a signal path yet: the stream waits for the engine, without burning a
        // processor.
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return 0;
    }
    int consumed = 0;
    while (d_queue.empty() && consumed < ninput_items[0]) {
        const uint64_t offset = nitems_read(0) + consumed;
        int count = std::min(ninput_items[0] - consumed, 1 << 16);
        std::vector<tag_t> tags;
        get_tags_in_range(tags, 0, offset, offset + count);
        uint64_t next = offset + count;
        for (const auto& tag : tags)
            if (pmt::equal(tag.key, rx_time_key()) && tag.offset > offset)
                next = std::min(next, tag.offset);
        anchor(offset, tags);
        count = static_cast<int>(next - offset);
        feed(in + consumed, count);
        consumed += count;
    }
    consume(0, consumed);
    if (d_queue.empty() && !d_flushed && consumed == ninput_items[0] && consumed == 0 &&
        input_ended()) {
        d_bank.end_segment();
        for (auto& profile : d_bank.take())
            d_queue.push_back(std::move(profile));
        d_flushed = true;
    }
    int produced = deliver(out, noutput_items);
    if (d_flushed && d_queue.empty()) {
        if (d_end_sent)
            return produced > 0 ? produced : WORK_DONE;
        if (produced < noutput_items) {
            std::fill_n(out + produced * d_vector, d_vector, gr_complex(0.0f));
            add_item_tag(
                0, nitems_written(0) + produced, end_key(), pmt::PMT_T, alias_pmt());
            ++produced;
            d_end_sent = true;
        }
    }
    return produced;
}

void comb_correlator_impl::anchor(uint64_t offset, const std::vector<tag_t>& tags)
{
    for (const auto& tag : tags) {
        if (tag.offset != offset || !pmt::equal(tag.key, rx_time_key()))
            continue;
        const auto time = read_instant(tag.value);
        d_timed = bool(time);
        for (const auto& other : tags)
            if (other.offset == offset &&
                (contradicts(other, "rx_rate", d_carrier.sample_rate_hz) ||
                 contradicts(other, "rx_freq", d_carrier.frequency_hz)))
                d_timed = false;
        if (d_timed) {
            d_bank.begin_segment(*time);
        } else {
            d_logger->error(
                "a segment's rx_time, rx_rate or rx_freq tag is malformed or not the "
                "carrier's: its samples are dropped");
            d_bank.end_segment();
        }
    }
}

void comb_correlator_impl::feed(const gr_complex* in, int count)
{
    if (d_timed)
        d_bank.push(in, count);
    else if ((d_untimed += count) == static_cast<uint64_t>(count))
        d_logger->warn("samples without an rx_time tag are dropped");
    for (auto& profile : d_bank.take())
        d_queue.push_back(std::move(profile));
}

int comb_correlator_impl::deliver(gr_complex* out, int room)
{
    int produced = 0;
    while (produced < room && !d_queue.empty()) {
        const auto& profile = d_queue.front();
        std::copy(
            profile.values.begin(), profile.values.end(), out + produced * d_vector);
        add_item_tag(0,
                     nitems_written(0) + produced,
                     profile_key(),
                     describe(profile),
                     alias_pmt());
        d_queue.pop_front();
        ++produced;
    }
    return produced;
}

} // namespace gr::ntnpos
