/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_SIGMF_SOURCE_H
#define INCLUDED_NTNPOS_SIGMF_SOURCE_H

#include <gnuradio/ntnpos/api.h>
#include <gnuradio/ntnpos/kernel/iq_file.h>
#include <gnuradio/sync_block.h>
#include <memory>
#include <vector>

namespace gr::ntnpos {

/*!
 * \brief Streams the samples of a recording, with the receiver's time at every capture
 * segment. \ingroup ntnpos
 *
 * Output 0: gr_complex, the samples of the data file in order, unit scale (ci16_le: 32768
 * is one). After the last sample the stream ends.
 *
 * Tags, on the first sample of EVERY capture segment, with the block's alias as source:
 * - rx_time: tuple (uint64 whole seconds, double fraction in [0, 1)), the receiver's
 * clock at that sample;
 * - rx_rate: double, samples a second;
 * - rx_freq: double, carrier frequency in Hz at 0 Hz of the stream.
 *
 * A gap in a recording shows only as a new rx_time: a receiver that re-anchors its clock
 * on every such tag is right across it. Tags and samples do not depend on how the
 * scheduler cuts the stream.
 *
 * The block is told where samples lie; it reads no metadata. In Python,
 * sigmf_source_from(path) of this module reads and checks a SigMF recording's metadata
 * (never its ntnpos:truth) and makes the block from it.
 *
 * A data file that is cut short while it streams ends the stream there and logs an error.
 */
class NTNPOS_API sigmf_source : virtual public gr::sync_block
{
public:
    typedef std::shared_ptr<sigmf_source> sptr;

    /*!
     * \param file            where the samples lie, and in which form
     * \param sample_rate_hz  samples a second by the receiver's clock; finite, > 0
     * \param captures        at least one, the first at sample 0, starts ascending
     *
     * Throws std::invalid_argument that names the wrong field, its value and what is
     * allowed.
     */
    static sptr make(const kernel::iq_file& file,
                     double sample_rate_hz,
                     const std::vector<kernel::iq_capture>& captures);

    //! Samples a second.
    virtual double sample_rate_hz() const = 0;
    //! Samples that the block gives before it ends.
    virtual uint64_t n_samples() const = 0;
};

} // namespace gr::ntnpos

#endif /* INCLUDED_NTNPOS_SIGMF_SOURCE_H */
