/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_OFDM_H
#define INCLUDED_NTNPOS_KERNEL_OFDM_H

#include <gnuradio/ntnpos/kernel/carrier.h>
#include <gnuradio/ntnpos/kernel/comb_transform.h>
#include <gnuradio/ntnpos/kernel/fft.h>
#include <complex>
#include <cstdint>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief Subcarriers of one symbol to time samples (TS 38.211 5.3.1) with the phase term
 * of 5.4 where the carrier has it.
 *
 * x[n] = 1/sqrt(12 n_rb) sum_k a_k exp(j 2 pi (k - 6 n_rb) n / N), n counted from the end
 * of the cyclic prefix: a grid whose subcarriers all have unit power gives unit mean
 * power. Allocates nothing after construction. Does no windowing or filtering between
 * symbols.
 */
class ofdm_modulator
{
public:
    /*!
     * Throws std::invalid_argument with the validator's message.
     * \param combs  that modulate() is to be fast for, inside the 12 n_rb subcarriers
     */
    explicit ofdm_modulator(const carrier& c, const std::vector<comb_extent>& combs = {});

    /*!
     * \param subcarriers  12 n_rb values, lowest subcarrier first
     * \param slot         slot count, any sign; decides cyclic prefix and phase term
     * \param symbol       0 .. symbols_per_slot - 1
     * \param out          cp_samples + fft_size samples
     * \return number of samples written
     */
    int modulate(const std::complex<float>* subcarriers,
                 int64_t slot,
                 int symbol,
                 std::complex<float>* out);

    /*!
     * The same for a symbol of which only some combs are occupied.
     * \param combs  at least one, inside the 12 n_rb subcarriers; values that meet are
     *               added. Fast where all subcarriers lie on one comb that the
     *               constructor was told
     */
    int modulate(const std::vector<comb_values>& combs,
                 int64_t slot,
                 int symbol,
                 std::complex<float>* out);

private:
    carrier d_carrier;
    float d_scale;
    std::vector<comb_transform> d_transforms; // by falling step; the last is plain
    std::vector<comb_values> d_grid;          // one comb of all subcarriers
};

/*!
 * \brief Time samples of one symbol to subcarriers: the inverse of ofdm_modulator,
 * amplitudes and phase term included.
 *
 * Does not find or follow timing: the caller says where the symbol's useful part starts.
 */
class ofdm_demodulator
{
public:
    //! Throws std::invalid_argument with the validator's message.
    explicit ofdm_demodulator(const carrier& c);

    /*!
     * \param useful       fft_size samples that follow the cyclic prefix
     * \param slot         slot count, any sign; decides the phase term
     * \param symbol       0 .. symbols_per_slot - 1
     * \param subcarriers  12 n_rb values, lowest subcarrier first
     */
    void demodulate(const std::complex<float>* useful,
                    int64_t slot,
                    int symbol,
                    std::complex<float>* subcarriers);

private:
    carrier d_carrier;
    fft d_fft;
    float d_scale;
};

} // namespace gr::ntnpos::kernel

#endif
