/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/config_text.h"
#include "pmt_fields.h"
#include "sigmf_source_impl.h"
#include <gnuradio/io_signature.h>

#include <cmath>
#include <stdexcept>

namespace gr::ntnpos {

namespace {
const pmt::pmt_t RX_RATE = pmt::intern("rx_rate");
const pmt::pmt_t RX_FREQ = pmt::intern("rx_freq");
} // namespace

sigmf_source::sptr sigmf_source::make(const kernel::iq_file& file,
                                      double sample_rate_hz,
                                      const std::vector<kernel::iq_capture>& captures)
{
    return gnuradio::make_block_sptr<sigmf_source_impl>(file, sample_rate_hz, captures);
}

sigmf_source_impl::sigmf_source_impl(const kernel::iq_file& file,
                                     double sample_rate_hz,
                                     const std::vector<kernel::iq_capture>& captures)
    : gr::sync_block("ntnpos_sigmf_source",
                     gr::io_signature::make(0, 0, 0),
                     gr::io_signature::make(1, 1, sizeof(gr_complex))),
      d_reader(file),
      d_sample_rate_hz(sample_rate_hz),
      d_captures(captures)
{
    if (!(std::isfinite(sample_rate_hz) && sample_rate_hz > 0.0))
        kernel::throw_if(kernel::config_error{
            "sample_rate_hz", kernel::to_text(sample_rate_hz), "finite and above 0" });
    kernel::throw_if(kernel::validate(captures, file.n_samples));
}

void sigmf_source_impl::add_tags(const kernel::iq_capture& capture, uint64_t item)
{
    add_item_tag(0, item, rx_time_key(), to_pmt(capture.rx_time), alias_pmt());
    add_item_tag(0, item, RX_RATE, pmt::from_double(d_sample_rate_hz), alias_pmt());
    add_item_tag(0, item, RX_FREQ, pmt::from_double(capture.frequency_hz), alias_pmt());
}

bool sigmf_source_impl::start()
{
    // A new run of the flowgraph begins again; a reconfiguration (unlock) goes on in
    // mid-stream.
    if (nitems_written(0) == 0) {
        d_reader.rewind();
        d_next_capture = 0;
    }
    return true;
}

int sigmf_source_impl::work(int noutput_items,
                            gr_vector_const_void_star&,
                            gr_vector_void_star& output_items)
{
    const uint64_t first = d_reader.position();
    if (first == d_reader.n_samples())
        return WORK_DONE;

    auto* out = static_cast<gr_complex*>(output_items[0]);
    const size_t produced = d_reader.read(out, static_cast<size_t>(noutput_items));
    if (produced == 0) {
        d_logger->error(
            "the data file ends after {} of {} samples", first, d_reader.n_samples());
        return WORK_DONE;
    }
    while (d_next_capture < d_captures.size() &&
           d_captures[d_next_capture].sample_start < d_reader.position()) {
        const kernel::iq_capture& capture = d_captures[d_next_capture++];
        add_tags(capture, nitems_written(0) + (capture.sample_start - first));
    }
    return static_cast<int>(produced);
}

} // namespace gr::ntnpos
