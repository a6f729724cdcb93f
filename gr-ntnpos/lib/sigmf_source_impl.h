/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_SIGMF_SOURCE_IMPL_H
#define INCLUDED_NTNPOS_SIGMF_SOURCE_IMPL_H

#include <gnuradio/ntnpos/sigmf_source.h>

namespace gr::ntnpos {

class sigmf_source_impl : public sigmf_source
{
public:
    sigmf_source_impl(const kernel::iq_file& file,
                      double sample_rate_hz,
                      const std::vector<kernel::iq_capture>& captures);

    double sample_rate_hz() const override { return d_sample_rate_hz; }
    uint64_t n_samples() const override { return d_reader.n_samples(); }

    bool start() override;

    int work(int noutput_items,
             gr_vector_const_void_star& input_items,
             gr_vector_void_star& output_items) override;

private:
    kernel::iq_file_reader d_reader;
    const double d_sample_rate_hz;
    const std::vector<kernel::iq_capture> d_captures;
    size_t d_next_capture = 0; // the first whose tags are not sent yet

    void add_tags(const kernel::iq_capture& capture, uint64_t item);
};

} // namespace gr::ntnpos

#endif /* INCLUDED_NTNPOS_SIGMF_SOURCE_IMPL_H */
