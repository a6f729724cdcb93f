/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PRS_MODULATOR_H
#define INCLUDED_NTNPOS_KERNEL_PRS_MODULATOR_H

#include <gnuradio/ntnpos/kernel/ofdm.h>
#include <gnuradio/ntnpos/kernel/prs_resource.h>
#include <complex>
#include <cstdint>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief All DL-PRS resources of one TRP, slot by slot: resource grid (TS 38.211 7.4.1.7)
 * and time samples (5.3.1, 5.4).
 *
 * Every slot depends on its count alone, so slots may be made in any order. Resources
 * that meet on one resource element are added. Allocates nothing after construction.
 */
class prs_modulator
{
public:
    //! Throws std::invalid_argument with the validator's message; a resource's begins
    //! with "resources[i].".
    prs_modulator(const carrier& c, const std::vector<prs_resource>& resources);

    const carrier& get_carrier() const { return d_carrier; }

    //! True where some resource sends in this slot.
    bool transmits(int64_t slot_count) const;

    //! Samples of this slot; slots of one subframe differ by the long cyclic prefix.
    int slot_samples(int64_t slot_count) const;

    /*!
     * Subcarriers of one symbol of a slot, without the phase term of 5.4.
     * \param out  12 n_rb values, lowest subcarrier first
     * \return false if nothing is sent in the symbol; \p out is zero then
     */
    bool symbol_grid(int64_t slot_count, int symbol, std::complex<float>* out);

    /*!
     * Time samples of a slot.
     * \param out  slot_samples(slot_count) samples
     */
    void modulate(int64_t slot_count, std::complex<float>* out);

private:
    void find_sent(int64_t slot_count, int symbol);
    int modulate_symbol(int64_t slot_count, int symbol, std::complex<float>* out);

    carrier d_carrier;
    std::vector<prs_resource> d_resources;
    ofdm_modulator d_ofdm;
    std::vector<std::complex<float>> d_values; // of all resources in a symbol
    std::vector<const prs_resource*> d_sent;   // the resources sent in a symbol
    std::vector<comb_values> d_combs;          // their values
};

} // namespace gr::ntnpos::kernel

#endif
