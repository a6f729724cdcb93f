/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prs_source_impl.h"
#include <gnuradio/io_signature.h>
#include <algorithm>
#include <stdexcept>

namespace gr::ntnpos {

namespace {

const pmt::pmt_t SLOT_KEY = pmt::mp("ntnpos_slot");
const pmt::pmt_t TIME_KEY = pmt::mp("rx_time");
const pmt::pmt_t RATE_KEY = pmt::mp("rx_rate");
const pmt::pmt_t FREQ_KEY = pmt::mp("rx_freq");

kernel::prs_modulator
make_modulator(const kernel::carrier& carrier,
               const std::vector<kernel::prs_resource>& resources,
               size_t trp,
               size_t trps)
{
    try {
        return { carrier, resources };
    } catch (const std::invalid_argument& error) {
        const std::string message = error.what();
        if (trps == 1 || message.rfind("resources", 0) != 0)
            throw;
        throw std::invalid_argument("trps[" + std::to_string(trp) + "]." + message);
    }
}

} // namespace

prs_source::sptr
prs_source::make(const kernel::carrier& carrier,
                 const std::vector<std::vector<kernel::prs_resource>>& trps,
                 int64_t start_slot,
                 int64_t n_slots,
                 const std::optional<kernel::instant>& start_time)
{
    return gnuradio::make_block_sptr<prs_source_impl>(
        carrier, trps, start_slot, n_slots, start_time);
}

prs_source_impl::prs_source_impl(
    const kernel::carrier& carrier,
    const std::vector<std::vector<kernel::prs_resource>>& trps,
    int64_t start_slot,
    int64_t n_slots,
    const std::optional<kernel::instant>& start_time)
    : gr::sync_block(
          "prs_source",
          gr::io_signature::make(0, 0, 0),
          gr::io_signature::make(trps.size(), trps.size(), sizeof(gr_complex))),
      d_carrier(carrier),
      d_start_slot(start_slot),
      d_n_slots(n_slots),
      d_start_time(start_time)
{
    if (n_slots < -1)
        kernel::throw_if(kernel::config_error{
            "n_slots", std::to_string(n_slots), "-1 (endless) or not negative" });
    if (start_time)
        kernel::throw_if(kernel::validate(*start_time, "start_time"));

    if (trps.empty())
        kernel::throw_if(kernel::config_error{
            "trps", "[]", "at least one, each with at least one resource" });
    for (size_t i = 0; i < trps.size(); ++i)
        d_trps.push_back({ make_modulator(carrier, trps[i], i, trps.size()), {} });

    for (const auto& resources : trps)
        for (const auto& r : resources)
            if (r.num_rb < 24)
                d_logger->warn(
                    "num_rb {:d} is below the 24 of TS 38.214 5.1.6.5: for studies only",
                    r.num_rb);

    int longest = 0;
    for (int slot = 0; slot < kernel::slots_per_subframe(carrier); ++slot)
        longest = std::max(longest, d_trps[0].modulator.slot_samples(slot));
    for (auto& trp : d_trps)
        trp.slot.resize(longest);
}

bool prs_source_impl::start()
{
    // A new run of the flowgraph begins again; a mere reconfiguration (unlock) goes on in
    // mid-stream.
    if (nitems_written(0) == 0) {
        d_slots_begun = 0;
        d_sent = d_length = 0;
    }
    return true;
}

void prs_source_impl::tag_time(int output)
{
    const auto time = pmt::make_tuple(pmt::from_uint64(d_start_time->full_s),
                                      pmt::from_double(d_start_time->frac_s));
    const auto rate = pmt::from_double(d_carrier.sample_rate_hz);
    const auto frequency = pmt::from_double(d_carrier.frequency_hz);
    add_item_tag(output, 0, TIME_KEY, time, alias_pmt());
    add_item_tag(output, 0, RATE_KEY, rate, alias_pmt());
    add_item_tag(output, 0, FREQ_KEY, frequency, alias_pmt());
}

void prs_source_impl::begin_slot(uint64_t first_sample)
{
    const int64_t slot = d_start_slot + d_slots_begun;
    const auto count = pmt::from_long(slot);
    for (size_t i = 0; i < d_trps.size(); ++i) {
        const int output = static_cast<int>(i);
        if (d_slots_begun == 0 && d_start_time)
            tag_time(output);
        add_item_tag(output, first_sample, SLOT_KEY, count, alias_pmt());
        d_trps[i].modulator.modulate(slot, d_trps[i].slot.data());
    }
    ++d_slots_begun;
    d_length = d_trps[0].modulator.slot_samples(slot);
    d_sent = 0;
}

int prs_source_impl::work(int noutput_items,
                          gr_vector_const_void_star& input_items,
                          gr_vector_void_star& output_items)
{
    (void)input_items;
    int done = 0;
    while (done < noutput_items) {
        if (d_sent == d_length) {
            if (d_slots_begun == d_n_slots)
                return done > 0 ? done : WORK_DONE;
            begin_slot(nitems_written(0) + done);
        }
        const int count = std::min(noutput_items - done, d_length - d_sent);
        for (size_t i = 0; i < d_trps.size(); ++i)
            std::copy_n(d_trps[i].slot.data() + d_sent,
                        count,
                        static_cast<gr_complex*>(output_items[i]) + done);
        d_sent += count;
        done += count;
    }
    return done;
}

} // namespace gr::ntnpos
