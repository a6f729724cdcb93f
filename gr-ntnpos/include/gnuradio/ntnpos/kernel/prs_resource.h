/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PRS_RESOURCE_H
#define INCLUDED_NTNPOS_KERNEL_PRS_RESOURCE_H

#include <gnuradio/ntnpos/kernel/carrier.h>
#include <complex>
#include <cstdint>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief One DL-PRS resource (TS 38.211 7.4.1.7, TS 37.355 NR-DL-PRS-Info).
 */
struct prs_resource {
    int sequence_id = 0;        //!< n_ID,seq^PRS, 0..4095 (7.4.1.7.2); dl-PRS-SequenceID
    int comb_size = 4;          //!< K_comb, 2, 4, 6 or 12 (7.4.1.7.3); dl-PRS-CombSizeN
    int re_offset = 0;          //!< k_offset, 0..K_comb-1 (7.4.1.7.3); part of dl-PRS-CombSizeN-AndReOffset
    int start_symbol = 2;       //!< l_start, 0..13 (7.4.1.7.3); dl-PRS-ResourceSymbolOffset
    int num_symbols = 4;        //!< L_PRS, 2, 4, 6 or 12, legal with the comb (table 7.4.1.7.3-1); dl-PRS-NumSymbols
    int start_prb = 0;          //!< first resource block counted from Point A; dl-PRS-StartPRB
    int num_rb = 24;            //!< bandwidth in resource blocks, multiple of 4 (12 in studies); dl-PRS-ResourceBandwidth
    int periodicity_slots = 10; //!< T_per, 2^mu * {4,5,8,10,16,20,32,40,64,80,160,320,640,1280,2560,5120,10240}
    int slot_offset = 0;        //!< T_offset,set, 0..T_per-1 (7.4.1.7.4), or the sum with the resource's own
    int repetition_factor = 1;  //!< T_rep, 1, 2, 4, 6, 8, 16, 32; dl-PRS-ResourceRepetitionFactor
    int time_gap_slots = 1;     //!< T_gap, 1, 2, 4, 8, 16, 32; dl-PRS-ResourceTimeGap
    std::vector<int> muting_option1_bits; //!< empty: none. b^1, 2, 4, 6, 8, 16 or 32 bits of 0/1; one per instance group
    int muting_option1_repetition = 1;    //!< T_muting, 1, 2, 4, 8; dl-prs-MutingBitRepetitionFactor
    std::vector<int> muting_option2_bits; //!< empty: none. b^2, 2, 4, 6, 8, 16 or 32 bits of 0/1; one per repetition, taken in turn
    double power_offset_db = 0.0;         //!< power of the occupied elements over one, -100..100: beta_PRS (7.4.1.7.3)
    int resource_slot_offset = 0; //!< T_offset,res, from slot_offset on, 0..511, below T_per; dl-PRS-ResourceSlotOffset
};

//! First field that is wrong, if any.
std::optional<config_error> validate(const prs_resource& r, const carrier& c);

//! T_offset,set + T_offset,res (7.4.1.7.4): slot of the first instance, from SFN 0 slot 0.
inline int first_slot(const prs_resource& r) { return r.slot_offset + r.resource_slot_offset; }

/*! The slot condition of 7.4.1.7.4 without muting: true where \p slot_count (from SFN 0 slot 0, any sign, modulo 1024
 *  frames) belongs to the resource. */
bool is_prs_slot(const prs_resource& r, const carrier& c, int64_t slot_count);
//! is_prs_slot and not muted by option 1 or 2.
bool transmits_in_slot(const prs_resource& r, const carrier& c, int64_t slot_count);

//! k' of the comb table 7.4.1.7.3-2 for the symbol with index \p symbol_index (0..num_symbols-1) within the resource.
int comb_shift(const prs_resource& r, int symbol_index);
//! Lowest occupied subcarrier of that symbol, counted from subcarrier 0 of the grid; the next are comb_size apart.
int first_subcarrier(const prs_resource& r, int symbol_index);
//! Occupied resource elements in one symbol: 12 num_rb / comb_size.
int elements_per_symbol(const prs_resource& r);

/*!
 * QPSK values r(m) of one symbol (7.4.1.7.2), unit amplitude (times the power offset), in ascending subcarrier order.
 * The phase term of 5.4 is not in them.
 * \param out  elements_per_symbol(r) values
 */
void prs_symbol_values(const prs_resource& r,
                       const carrier& c,
                       int64_t slot_count,
                       int symbol_index,
                       std::complex<float>* out);

} // namespace gr::ntnpos::kernel

#endif
