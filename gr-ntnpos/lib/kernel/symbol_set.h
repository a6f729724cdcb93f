/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_SYMBOL_SET_H
#define INCLUDED_NTNPOS_KERNEL_SYMBOL_SET_H

#include <gnuradio/ntnpos/kernel/comb_correlator.h>
#include <gnuradio/ntnpos/kernel/first_path.h>
#include <gnuradio/ntnpos/kernel/occasions.h>
#include <complex>
#include <vector>

namespace gr::ntnpos::kernel {

/*!
 * \brief The symbols of one occasion, each correlated on its comb, and the ways to add
 * them up: in phase within a slot, within a group of slots, or by power.
 *
 * Delays and Doppler are relative to the delay model that the symbols were measured with,
 * at the middle() of their times. Nothing here decides anything.
 */
class symbol_set
{
public:
    explicit symbol_set(const carrier& c);

    //! Measures all symbols; false where one is not within the samples.
    bool measure(comb_correlator& correlator,
                 const sample_view& samples,
                 prs_replica& replica,
                 const occasion& where,
                 const delay_model& model);

    /*! What measure() would give with the model moved by so much at the middle, but for
     * what the Doppler lets one subcarrier leak into others: (pi doppler / spacing)^2 / 3
     * of the power. */
    void turn(double delay_s, double doppler_hz);

    const instant& middle() const { return d_middle; }
    int slots() const { return d_slots; }
    int groups() const { return d_groups.size() - 1; }
    //! Inverse of the time that the PRS takes in a slot, without prefixes, Hz.
    double inverse_duration_hz() const
    {
        return d_carrier.scs_khz * 1e3 / static_cast<double>(d_slot_starts[1]);
    }
    //! Mean squared time of symbols from the mean of their slot, and of their group, s^2.
    double spread_of_slots() const;
    double spread_of_groups() const;
    //! Shortest distance in time between two slots of one group, s; 0: none has two.
    double gap() const { return d_gap; }

    //! Where in delay and Doppler the power of the slots together is largest.
    struct place {
        double delay_s = 0.0; //!< at the middle
        double doppler_hz = 0.0;
    };
    /*!
     * Over a grid: delays within \p reach_s at the first slot, Doppler within \p
     * doppler_half_hz, in steps of a twentieth of the inverse PRS duration.
     */
    place strongest(first_path& detector, double reach_s, double doppler_half_hz);

    /*! Doppler at which the slots' power is largest at a delay, within \p half_hz of \p
     * middle_hz. */
    double doppler_of_slots(double delay_s, double middle_hz, double half_hz) const;
    //! The same for groups of slots, joined in phase.
    double doppler_of_groups(double delay_s, double middle_hz, double half_hz) const;

    /*!
     * -ln of the probability of what the slots hold at a delay and Doppler, under noise
     * alone, slot by slot, summed: a slot's part x of its energy in M subcarriers counts
     * -(M-1) ln(1-x).
     */
    double statistic(double doppler_hz, double delay_s);
    //! The delay within \p reach_s of \p middle_s at which that is largest.
    double
    delay_of_slots(double doppler_hz, double middle_s, double reach_s, double finest_s);

    /*!
     * The channel averaged over all symbols, one value a subcarrier. Several groups are
     * turned by the phase of their middle point of the profile, and weighted by its
     * amplitude.
     * \param turns  what the average is to be multiplied by to be each group's
     */
    void join(std::vector<std::complex<float>>& out,
              std::vector<std::complex<double>>& turns) const;

private:
    void combine(double doppler_hz,
                 size_t first,
                 size_t end,
                 std::vector<std::complex<float>>& out) const;
    std::vector<std::complex<double>> sums(double delay_s) const;
    void powers(const std::vector<std::complex<double>>& sums,
                const std::vector<size_t>& borders,
                double first_hz,
                double step_hz,
                std::vector<double>& out) const;

    carrier d_carrier;
    int d_comb = 1;
    double d_low_hz = 0.0; // frequency of the resource's lowest subcarrier on air
    int d_span = 0;
    int d_slots = 0;
    double d_gap = 0.0;
    std::vector<symbol_channel> d_symbols;
    std::vector<double> d_times;       // of the symbols from their mean, s
    std::vector<size_t> d_slot_starts; // first symbol of each slot, and their number
    std::vector<size_t> d_groups;      // first symbol of each group, and their number
    instant d_middle;
    std::vector<std::complex<float>> d_combined;
    std::vector<std::complex<float>> d_profile;
    mutable std::vector<float> d_sum_re, d_sum_im;
};

} // namespace gr::ntnpos::kernel

#endif
