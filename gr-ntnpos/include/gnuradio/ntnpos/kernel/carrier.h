/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_CARRIER_H
#define INCLUDED_NTNPOS_KERNEL_CARRIER_H

#include <gnuradio/ntnpos/kernel/config_error.h>
#include <cstdint>

namespace gr::ntnpos::kernel {

/*!
 * \brief One NR carrier: numerology, grid and sampling. Symbols and clauses are those of TS 38.211.
 */
struct carrier {
    double frequency_hz = 2.0e9;  //!< f_c, carrier frequency at subcarrier k = 6 n_rb; > 0
    int scs_khz = 15;             //!< subcarrier spacing 15 * 2^mu kHz (4.2-1): 15, 30, 60, 120; RRC subcarrierSpacing
    int n_rb = 24;                //!< N_grid^size in resource blocks, 1..275 (4.4.2); RRC carrierBandwidth
    bool extended_cp = false;     //!< extended cyclic prefix, only with 60 kHz (4.2-1); RRC cyclicPrefix
    bool phase_compensation = false; //!< apply the per-symbol term of 5.4 with f_0 = f_c
    double sample_rate_hz = 7.68e6;  //!< integer multiple of 128 subcarrier spacings that holds the grid
};

//! Largest sample_rate_hz in subcarrier spacings that validate() accepts: bounds what a configuration can allocate.
constexpr int MAX_FFT_SIZE = 65536;

//! First field that is wrong, if any.
std::optional<config_error> validate(const carrier& c);

//! Numerology mu (TS 38.211 table 4.2-1). All functions below expect a valid carrier.
int numerology(const carrier& c);
//! Samples in the useful part of a symbol: sample_rate / subcarrier spacing.
int fft_size(const carrier& c);
//! 14, or 12 with extended cyclic prefix (table 4.3.2-1, 4.3.2-2).
int symbols_per_slot(const carrier& c);
int slots_per_subframe(const carrier& c);
int slots_per_frame(const carrier& c);
/*! Cyclic prefix of a symbol in samples (5.3.1): the first symbol of each half subframe has the long one. \p slot is
 *  counted from any subframe boundary. */
int cp_samples(const carrier& c, int64_t slot, int symbol);
//! Samples from the start of \p slot to the start (cyclic prefix) of \p symbol; symbol = symbols_per_slot gives the slot's length.
int symbol_offset_samples(const carrier& c, int64_t slot, int symbol);
//! Samples from the start of slot 0 to the start of \p slot (any sign); slots of one subframe differ by the long prefix.
int64_t slot_start_samples(const carrier& c, int64_t slot);
/*! Phase term of 5.4 of a symbol in cycles, in [0, 1): f_c * (t_start,l + N_CP,l T_c), time from the start of the subframe.
 *  The transmitted symbol is multiplied by exp(-j 2 pi value); 0 when phase_compensation is off. */
double phase_compensation_cycles(const carrier& c, int64_t slot, int symbol);

} // namespace gr::ntnpos::kernel

#endif
