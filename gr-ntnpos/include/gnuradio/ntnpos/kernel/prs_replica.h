/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PRS_REPLICA_H
#define INCLUDED_NTNPOS_KERNEL_PRS_REPLICA_H

#include <gnuradio/ntnpos/kernel/fft.h>
#include <gnuradio/ntnpos/kernel/sounding_resource.h>
#include <complex>
#include <cstdint>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief What one DL-PRS or positioning SRS resource transmits, symbol by symbol, with
 * the phase term of 5.4: the receiver's reference.
 *
 * Values are made at first use and kept for each slot of the frame.
 */
class prs_replica
{
public:
    //! One OFDM symbol that carries the resource.
    struct symbol {
        int start_samples; //!< from the start of the slot to the symbol's cyclic prefix
        int cp_samples;    //!< length of that prefix
        int first_element; //!< first occupied subcarrier counted from the resource's
                           //!< lowest one
        const std::complex<float>*
            values; //!< elements() transmitted values, comb_size subcarriers apart
    };

    //! Expects a valid carrier and resource.
    prs_replica(const carrier& c, const sounding_resource& r);

    //! The same for copies alone: what has been made of this replica may be kept under
    //! it.
    uint64_t identity() const { return d_identity; }
    const carrier& config() const { return d_carrier; }
    int num_symbols() const { return d_num_symbols; }
    //! Subcarriers between two occupied ones of a symbol.
    int comb_size() const { return d_comb_size; }
    //! Lowest subcarrier of the resource's band, from subcarrier 0 of the grid.
    int lowest_subcarrier() const { return d_lowest; }
    //! Amplitude of the occupied elements.
    double amplitude() const { return d_amplitude; }
    //! Occupied elements in a symbol.
    int elements() const { return d_elements; }
    //! Subcarriers from the lowest to the highest of the resource.
    int span() const { return d_span; }
    //! Symbol \p index (0..num_symbols-1) of the slot; the pointer stays good for the
    //! replica's life.
    symbol at(int64_t slot_count, int index);
    //! Samples from the start of a slot to the resource's first cyclic prefix.
    int first_sample(int64_t slot_count) const;
    //! Samples from that prefix to the end of the resource's last symbol.
    int length_samples(int64_t slot_count) const;

private:
    uint64_t d_identity;
    carrier d_carrier;
    sounding_resource d_resource;
    int d_num_symbols;
    int d_comb_size;
    int d_lowest;
    int d_span;
    int d_elements;
    double d_amplitude;
    struct slot {
        std::vector<std::complex<float>> values;
        std::vector<symbol> symbols;
    };
    std::vector<slot> d_slots; // of the frame, empty until used
};

} // namespace gr::ntnpos::kernel

#endif
