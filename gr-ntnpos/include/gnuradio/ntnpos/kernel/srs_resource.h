/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_SRS_RESOURCE_H
#define INCLUDED_NTNPOS_KERNEL_SRS_RESOURCE_H

#include <gnuradio/ntnpos/kernel/carrier.h>
#include <gnuradio/ntnpos/kernel/low_papr_sequence.h>
#include <complex>
#include <cstdint>

namespace gr::ntnpos::kernel {

//! What changes from symbol to symbol (6.4.1.4.2); RRC groupOrSequenceHopping.
enum class srs_hopping { neither, group, sequence };

/*!
 * \brief One positioning SRS resource: one antenna port, no frequency hopping (TS 38.211
 * 6.4.1.4, TS 38.331 SRS-PosResource).
 *
 * SRS-PosResource itself has no b-SRS and no freqDomainPosition: 0 is its value of b_srs
 * and freq_position.
 */
struct srs_resource {
    int sequence_id = 0;    //!< n_ID^SRS, 0..65535 (6.4.1.4.2); sequenceId
    int comb_size = 4;      //!< K_TC, 2, 4 or 8 (6.4.1.4.2); transmissionComb
    int comb_offset = 0;    //!< kbar_TC, 0..K_TC-1 (6.4.1.4.3); combOffset
    int cyclic_shift = 0;   //!< n_SRS^cs, 0..7, 0..11 or 0..5 with K_TC 2, 4 or 8 (table 6.4.1.4.2-1); cyclicShift
    int num_symbols = 4;    //!< N_symb^SRS, 1, 2, 4, 8 or 12, legal with K_TC (table 6.4.1.4.3-2); nrofSymbols
    int start_symbol = 10;  //!< l_0, 0..13, all symbols in the slot (6.4.1.4.1); startPosition = N_symb^slot - 1 - l_0
    int c_srs = 6;          //!< C_SRS, 0..63, row of table 6.4.1.4.3-1; c-SRS
    int b_srs = 0;          //!< B_SRS, 0..3, column of table 6.4.1.4.3-1; b-SRS
    int freq_position = 0;  //!< n_RRC, 0..67 (6.4.1.4.3); freqDomainPosition
    int freq_shift = 0;     //!< n_shift, 0..268 resource blocks from Point A (6.4.1.4.3); freqDomainShift
    srs_hopping group_or_sequence_hopping = srs_hopping::neither; //!< (6.4.1.4.2); groupOrSequenceHopping
    int periodicity_slots = 10;   //!< T_SRS, 1, 2, 4, 5, 8, ..., 81920 (6.4.1.4.4); periodicityAndOffset-p, -p-Ext
    int slot_offset = 0;          //!< T_offset, 0..T_SRS-1 (6.4.1.4.4)
    double power_offset_db = 0.0; //!< power of the occupied elements over one: 20 log10 beta_SRS
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const srs_resource& r, const carrier& c);

// All functions below expect a valid resource and carrier.

//! m_SRS,b of table 6.4.1.4.3-1: the resource's bandwidth in resource blocks.
int srs_num_rb(const srs_resource& r);
//! First resource block from Point A: n_shift + sum over b of m_SRS,b n_b (6.4.1.4.3).
int srs_start_rb(const srs_resource& r);
//! n_SRS^cs,max of table 6.4.1.4.2-1.
int srs_max_cyclic_shift(const srs_resource& r);

/*! The slot condition of 6.4.1.4.4, slots counted from SFN 0 slot 0, any sign. A period of
 *  20480 ms is two cycles of SFN long: it counts from an even hyper frame. */
bool transmits_in_slot(const srs_resource& r, const carrier& c, int64_t slot_count);

//! k_offset of table 6.4.1.4.3-2 for the symbol with index l' = 0..num_symbols-1.
int comb_shift(const srs_resource& r, int symbol_index);
//! k_0: lowest occupied subcarrier of that symbol, counted from subcarrier 0 of the grid; the next are comb_size apart.
int first_subcarrier(const srs_resource& r, int symbol_index);
//! M_sc,b^SRS: occupied resource elements in one symbol, 12 m_SRS,b / comb_size.
int elements_per_symbol(const srs_resource& r);

//! The low-PAPR sequence of one symbol: u, v and cyclic shift of 6.4.1.4.2.
low_papr_sequence srs_sequence(const srs_resource& r,
                               const carrier& c,
                               int64_t slot_count,
                               int symbol_index);

/*!
 * r(n, l') of one symbol (6.4.1.4.2), unit amplitude (times the power offset), in
 * ascending subcarrier order. The phase term of 5.4 is not in them.
 * \param out  elements_per_symbol(r) values
 */
void srs_symbol_values(const srs_resource& r,
                       const carrier& c,
                       int64_t slot_count,
                       int symbol_index,
                       std::complex<float>* out);

//! The power offset as a factor on amplitudes.
double srs_amplitude(const srs_resource& r);

} // namespace gr::ntnpos::kernel

#endif
