/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_SRS_MODULATOR_H
#define INCLUDED_NTNPOS_KERNEL_SRS_MODULATOR_H

#include <gnuradio/ntnpos/kernel/ofdm.h>
#include <gnuradio/ntnpos/kernel/srs_resource.h>
#include <complex>
#include <cstdint>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief All positioning SRS resources of one UE, slot by slot: resource grid (TS 38.211
 * 6.4.1.4) and time samples (5.3.1, 5.4).
 *
 * Every slot depends on its count and the wanted delay alone, so slots may be made in any
 * order. Resources that meet on one resource element are added. Every sequence that a
 * resource can send is made at construction (one; with sequence hopping two, with group
 * hopping 30); allocates nothing after it.
 */
class srs_modulator
{
public:
    //! Throws std::invalid_argument with the validator's message; a resource's begins
    //! with "resources[i].".
    srs_modulator(const carrier& c, const std::vector<srs_resource>& resources);

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
    bool symbol_grid(int64_t slot_count, int symbol, std::complex<float>* out) const;

    /*!
     * Time samples of a slot.
     * \param out    slot_samples(slot_count) samples
     * \param delay  the part of a sample, in [-0.5, 0.5], by which the signal comes later
     *               than \p out begins: a phase slope over the subcarriers that leaves 0
     *               Hz alone. Each symbol moves within its own samples, so that its
     *               cyclic prefix stays an exact copy.
     */
    void modulate(int64_t slot_count, std::complex<float>* out, double delay = 0.0);

private:
    struct source {
        srs_resource resource;
        std::vector<std::complex<float>> values; // of each sequence, one after another
        std::vector<uint8_t> sequence;           // which of them, by symbol of the frame
    };

    source make_source(const srs_resource& r) const;
    // What \p s sends in the symbol; null if nothing.
    const std::complex<float>*
    values_in(const source& s, int64_t slot_count, int symbol) const;
    int modulate_symbol(int64_t slot_count, int symbol, std::complex<float>* out);
    void set_delay(double delay);

    carrier d_carrier;
    ofdm_modulator d_ofdm;
    std::vector<source> d_sources;
    std::vector<std::complex<float>> d_ramp;   // phase slope of d_delay
    std::vector<std::complex<float>> d_turned; // values of a symbol with that slope
    std::vector<comb_values> d_combs;          // what is sent in a symbol
    double d_delay = 0.0;
};

} // namespace gr::ntnpos::kernel

#endif
