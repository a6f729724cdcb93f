/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntn_channel_impl.h"
#include <gnuradio/io_signature.h>
#include <algorithm>
#include <limits>
#include <optional>

namespace gr::ntnpos {

namespace {

const pmt::pmt_t TRAJECTORY_PORT = pmt::mp("trajectory");
const pmt::pmt_t PATH_KEY = pmt::mp("path");
const pmt::pmt_t SEGMENTS_KEY = pmt::mp("segments");
const pmt::pmt_t TIME_KEY = pmt::mp("rx_time");
const pmt::pmt_t RATE_KEY = pmt::mp("rx_rate");
const pmt::pmt_t FREQ_KEY = pmt::mp("rx_freq");

// Input samples that are kept beyond need, for a trajectory message that moves a path
// back.
constexpr int64_t spare = 4096;
// Of the scheduler's buffers: inputs are made longer to hold what one call needs, and
// what the first call needs of one input beyond another, up to a limit.
constexpr int64_t call = 16384;
constexpr int64_t longest_difference = 32768;

// Samples before the new ones that an input's buffer is to hold.
int64_t look_back(const kernel::satellite_channel& channel)
{
    int64_t latest = std::numeric_limits<int64_t>::max();
    int64_t furthest = 0;
    for (size_t i = 0; i < channel.inputs(); ++i) {
        const auto range = channel.input_range(i, 0, 1);
        if (range.first < range.end) {
            latest = std::min(latest, range.first);
            furthest = std::max(furthest, range.end);
        }
    }
    const int64_t difference =
        std::max<int64_t>(furthest, 0) - std::min(latest, furthest);
    return spare + call + (difference <= longest_difference ? difference : 0);
}

bool is_pair_of(const pmt::pmt_t& value)
{
    return pmt::is_tuple(value) && pmt::length(value) == 2;
}

std::optional<kernel::instant> to_instant(const pmt::pmt_t& value)
{
    if (!is_pair_of(value))
        return std::nullopt;
    const auto full = pmt::tuple_ref(value, 0);
    const auto frac = pmt::tuple_ref(value, 1);
    if (!pmt::is_real(frac))
        return std::nullopt;
    int64_t full_s = 0;
    if (pmt::is_integer(full))
        full_s = pmt::to_long(full);
    else if (pmt::is_uint64(full) &&
             pmt::to_uint64(full) <= std::numeric_limits<int64_t>::max())
        full_s = static_cast<int64_t>(pmt::to_uint64(full));
    else
        return std::nullopt;
    return kernel::instant{ full_s, pmt::to_double(frac) };
}

std::optional<kernel::delay_segment> to_segment(const pmt::pmt_t& value)
{
    if (!is_pair_of(value) || !pmt::is_f64vector(pmt::tuple_ref(value, 1)))
        return std::nullopt;
    const auto start = to_instant(pmt::tuple_ref(value, 0));
    if (!start)
        return std::nullopt;
    return kernel::delay_segment{ *start,
                                  pmt::f64vector_elements(pmt::tuple_ref(value, 1)) };
}

} // namespace

ntn_channel::sptr ntn_channel::make(double sample_rate_hz,
                                    double carrier_frequency_hz,
                                    const std::vector<kernel::channel_path>& paths,
                                    const kernel::channel_receiver& receiver,
                                    double occupied_band)
{
    const kernel::channel_config config{
        sample_rate_hz, carrier_frequency_hz, paths, receiver, occupied_band
    };
    kernel::throw_if(kernel::validate(config));
    return gnuradio::make_block_sptr<ntn_channel_impl>(config);
}

ntn_channel_impl::ntn_channel_impl(const kernel::channel_config& config)
    : gr::block("ntn_channel",
                gr::io_signature::make(0, 0, 0),
                gr::io_signature::make(1, 1, sizeof(gr_complex))),
      d_channel(config),
      d_back(look_back(d_channel))
{
    const int inputs = static_cast<int>(d_channel.inputs());
    set_input_signature(gr::io_signature::make(inputs, inputs, sizeof(gr_complex)));
    d_sources.resize(d_channel.inputs());
    d_ends.resize(d_channel.inputs());
    d_views.resize(d_channel.inputs());
    d_ranges.resize(d_channel.inputs());
    set_history(static_cast<unsigned>(d_back) + 1);
    // Long calls: each costs a wake-up of every source. GNU Radio would print this.
    const auto level = d_logger->get_level();
    d_logger->set_level(gr::log_level::warn);
    set_min_output_buffer(2 * call);
    d_logger->set_level(level);
    set_tag_propagation_policy(TPP_DONT);
    message_port_register_in(TRAJECTORY_PORT);
    set_msg_handler(TRAJECTORY_PORT,
                    [this](const pmt::pmt_t& message) { handle_trajectory(message); });
}

bool ntn_channel_impl::start()
{
    // A new run of the flowgraph begins again; a mere reconfiguration (unlock) goes on in
    // mid-stream.
    if (nitems_written(0) == 0) {
        d_next = 0;
        d_asked = 0;
        std::fill(d_sources.begin(), d_sources.end(), source());
        std::fill(d_ends.begin(), d_ends.end(), 0);
    }
    return true;
}

const std::vector<kernel::index_range>& ntn_channel_impl::ranges_of(int noutput_items)
{
    if (noutput_items != d_asked)
        for (size_t i = 0; i < d_ends.size(); ++i)
            d_ranges[i] = d_channel.input_range(i, d_next, noutput_items);
    d_asked = noutput_items;
    return d_ranges;
}

void ntn_channel_impl::forecast(int noutput_items, gr_vector_int& ninput_items_required)
{
    // The inputs that are short, and one new item of them: whatever there is is taken.
    const auto& ranges = ranges_of(noutput_items);
    for (size_t i = 0; i < d_ends.size(); ++i)
        ninput_items_required[i] =
            ranges[i].end > d_ends[i] ? static_cast<int>(d_back) + 1 : 0;
}

void ntn_channel_impl::look_at_inputs(int noutput_items,
                                      const gr_vector_int& ninput_items,
                                      const gr_vector_const_void_star& input_items)
{
    // All as far as the one that is needed furthest: see the header.
    int64_t limit = 0;
    for (const auto& range : ranges_of(noutput_items))
        limit = std::max(limit, range.end);
    for (size_t i = 0; i < d_ends.size(); ++i) {
        auto& s = d_sources[i];
        s.buffer = static_cast<const gr_complex*>(input_items[i]);
        s.taken = std::clamp<int64_t>(
            limit - d_ends[i], 0, std::max<int64_t>(ninput_items[i] - d_back, 0));
        if (s.stored) {
            s.store.append(s.buffer + d_back, static_cast<size_t>(s.taken));
            d_views[i] = s.store.view();
        } else {
            d_views[i] = { s.buffer,
                           d_ends[i] - d_back,
                           static_cast<size_t>(d_back + s.taken) };
        }
        d_ends[i] += s.taken;
    }
}

// How many of the next output samples can be made of what has been taken.
size_t ntn_channel_impl::producible(int noutput_items)
{
    const auto& ranges = ranges_of(noutput_items);
    for (size_t i = 0; i < d_ends.size(); ++i)
        if (ranges[i].end > d_ends[i])
            return d_channel.producible(
                d_next, static_cast<size_t>(noutput_items), d_ends);
    return static_cast<size_t>(noutput_items);
}

// Gives back what the scheduler may write over, after a copy of what is needed on.
void ntn_channel_impl::consume_inputs()
{
    for (size_t i = 0; i < d_ends.size(); ++i) {
        auto& s = d_sources[i];
        const auto next = d_channel.input_range(i, d_next, 1);
        const int64_t needed = next.first < next.end ? next.first - spare : d_ends[i];
        const bool far = needed < d_ends[i] - d_back; // before the buffer, next time
        if (far && !s.stored) {
            const int64_t there = d_ends[i] - s.taken - d_back;
            const int64_t from = std::max(needed, there);
            s.store.restart(from);
            s.store.append(s.buffer + (from - there),
                           static_cast<size_t>(d_ends[i] - from));
        }
        if (far)
            s.store.forget_before(needed);
        s.stored = far;
        consume(static_cast<int>(i), static_cast<int>(s.taken));
    }
}

void ntn_channel_impl::tag_start()
{
    const auto& config = d_channel.config();
    const auto& start = config.receiver.start;
    const auto time =
        pmt::make_tuple(pmt::from_uint64(static_cast<uint64_t>(start.full_s)),
                        pmt::from_double(start.frac_s));
    add_item_tag(0, 0, TIME_KEY, time, alias_pmt());
    add_item_tag(0, 0, RATE_KEY, pmt::from_double(config.sample_rate_hz), alias_pmt());
    add_item_tag(
        0, 0, FREQ_KEY, pmt::from_double(config.carrier_frequency_hz), alias_pmt());
}

int ntn_channel_impl::general_work(int noutput_items,
                                   gr_vector_int& ninput_items,
                                   gr_vector_const_void_star& input_items,
                                   gr_vector_void_star& output_items)
{
    look_at_inputs(noutput_items, ninput_items, input_items);
    const size_t count = producible(noutput_items);
    if (count > 0) {
        if (d_next == 0)
            tag_start();
        d_channel.process(
            d_next, count, d_views, static_cast<gr_complex*>(output_items[0]));
        d_next += static_cast<int64_t>(count);
        d_asked = 0;
    }
    consume_inputs();
    return static_cast<int>(count);
}

// What is wrong with the message, empty if nothing is.
std::string ntn_channel_impl::prolong(const pmt::pmt_t& message)
{
    if (!pmt::is_dict(message))
        return "no dict";
    const auto path = pmt::dict_ref(message, PATH_KEY, pmt::PMT_NIL);
    const auto segments = pmt::dict_ref(message, SEGMENTS_KEY, pmt::PMT_NIL);
    if (!pmt::is_integer(path))
        return "path: must be a long";
    if (!pmt::is_vector(segments))
        return "segments: must be a vector";
    std::vector<kernel::delay_segment> later;
    for (size_t i = 0; i < pmt::length(segments); ++i) {
        const auto segment = to_segment(pmt::vector_ref(segments, i));
        if (!segment)
            return "segments[" + std::to_string(i) +
                   "]: must be a tuple ((integer, double), f64vector)";
        later.push_back(*segment);
    }
    const auto error = d_channel.prolong(pmt::to_long(path), later, d_next);
    d_asked = 0;
    return error ? error->message() : "";
}

void ntn_channel_impl::handle_trajectory(const pmt::pmt_t& message)
{
    std::string problem;
    try {
        problem = prolong(message);
    } catch (
        const std::exception& e) { // a pmt of a form that its own accessors do not expect
        problem = e.what();
    }
    if (!problem.empty() && d_malformed++ == 0)
        d_logger->warn("trajectory message dropped ({}); later ones are only counted",
                       problem);
}

} // namespace gr::ntnpos
