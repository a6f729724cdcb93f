/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_SOUNDING_RESOURCE_H
#define INCLUDED_NTNPOS_KERNEL_SOUNDING_RESOURCE_H

#include <gnuradio/ntnpos/kernel/prs_resource.h>
#include <gnuradio/ntnpos/kernel/srs_resource.h>
#include <variant>

namespace gr::ntnpos::kernel {

/*!
 * \brief What a receiver measures the channel with: a DL-PRS resource, or the positioning
 * SRS resource of a UE.
 *
 * Below it the receiver asks no more which of the two it is.
 */
using sounding_resource = std::variant<prs_resource, srs_resource>;

/*! First field that is wrong, if any: that of the resource's own validator, and that its
 * symbols carry every subcarrier of the band equally often, without which a delay profile
 * has copies. Every legal DL-PRS does; of the positioning SRS all but two symbols of comb
 * 4, one of comb 2, and four and twelve of comb 8. */
std::optional<config_error> validate(const sounding_resource& r, const carrier& c);

// All functions below expect a valid resource and carrier.

//! Subcarriers between two occupied ones of a symbol.
int comb_size(const sounding_resource& r);
//! Its first symbol in the slot.
int start_symbol(const sounding_resource& r);
int num_symbols(const sounding_resource& r);
//! Lowest subcarrier of the resource's band, from subcarrier 0 of the grid.
int lowest_subcarrier(const sounding_resource& r);
//! Width of the band in subcarriers.
int subcarriers(const sounding_resource& r);
int elements_per_symbol(const sounding_resource& r);
//! Lowest occupied subcarrier of a symbol, from subcarrier 0 of the grid.
int first_subcarrier(const sounding_resource& r, int symbol_index);
double power_offset_db(const sounding_resource& r);

//! Slots from one instance to the next.
int periodicity_slots(const sounding_resource& r);
//! First slot of instance 0, from SFN 0 slot 0.
int first_slot(const sounding_resource& r);
//! Slots of one instance, and the distance between them.
int repetition_factor(const sounding_resource& r);
int time_gap_slots(const sounding_resource& r);
//! Whether the resource is sent in this slot, from SFN 0 slot 0.
bool transmits_in_slot(const sounding_resource& r, const carrier& c, int64_t slot_count);

//! elements_per_symbol(r) values of a symbol, without the phase term of 5.4.
void symbol_values(const sounding_resource& r,
                   const carrier& c,
                   int64_t slot_count,
                   int symbol_index,
                   std::complex<float>* out);

} // namespace gr::ntnpos::kernel

#endif
