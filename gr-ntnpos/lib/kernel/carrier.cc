/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "integers.h"
#include <gnuradio/ntnpos/kernel/carrier.h>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

// Rounding allowance of sample_rate_hz as an integer multiple of the subcarrier spacing.
constexpr double RATE_TOLERANCE_HZ = 1e-3;

// True for the first symbol of each half subframe (5.3.1: l = 0 and l = 7 * 2^mu, l
// counted over the subframe).
bool starts_half_subframe(int mu, int symbol_in_subframe)
{
    return symbol_in_subframe == 0 || symbol_in_subframe == (7 << mu);
}

} // namespace

std::optional<config_error> validate(const carrier& c)
{
    if (!(std::isfinite(c.frequency_hz) && c.frequency_hz > 0.0))
        return config_error{ "frequency_hz",
                             to_text(c.frequency_hz),
                             "finite and above 0 (f_0 of TS 38.211 5.4)" };
    if (c.scs_khz != 15 && c.scs_khz != 30 && c.scs_khz != 60 && c.scs_khz != 120)
        return config_error{ "scs_khz",
                             to_text(c.scs_khz),
                             "15, 30, 60 or 120 (TS 38.211 table 4.2-1)" };
    if (c.n_rb < 1 || c.n_rb > 275)
        return config_error{ "n_rb", to_text(c.n_rb), "1..275 (TS 38.211 4.4.2)" };
    if (c.extended_cp && c.scs_khz != 60)
        return config_error{ "extended_cp",
                             "true",
                             "false unless scs_khz is 60 (TS 38.211 table 4.2-1)" };
    const double spacings = c.sample_rate_hz / (1e3 * c.scs_khz);
    const bool in_range =
        spacings >= 12 * c.n_rb && spacings <= MAX_FFT_SIZE; // false for NaN
    const double multiple = in_range ? 128.0 * std::round(spacings / 128.0) : 0.0;
    if (!in_range ||
        std::abs(multiple * 1e3 * c.scs_khz - c.sample_rate_hz) > RATE_TOLERANCE_HZ)
        return config_error{ "sample_rate_hz",
                             to_text(c.sample_rate_hz),
                             "a multiple of 128 subcarrier spacings, from 12 * n_rb to " +
                                 to_text(MAX_FFT_SIZE) +
                                 " of them (whole samples in every cyclic prefix, TS "
                                 "38.211 5.3.1)" };
    return std::nullopt;
}

int numerology(const carrier& c)
{
    int mu = 0;
    for (int scs = c.scs_khz; scs > 15; scs /= 2)
        ++mu;
    return mu;
}

int fft_size(const carrier& c)
{
    return static_cast<int>(std::lround(c.sample_rate_hz / (1e3 * c.scs_khz)));
}

int symbols_per_slot(const carrier& c) { return c.extended_cp ? 12 : 14; }

int slots_per_subframe(const carrier& c) { return 1 << numerology(c); }

int slots_per_frame(const carrier& c) { return 10 * slots_per_subframe(c); }

int cp_samples(const carrier& c, int64_t slot, int symbol)
{
    // 5.3.1 in units of T_c, with 64 * 2048 * 2^-mu T_c per useful symbol: extended 512,
    // normal 144, and 16 * 2^mu more for the first symbol of a half subframe, each out of
    // 2048.
    const int n = fft_size(c);
    if (c.extended_cp)
        return n / 4;
    const int mu = numerology(c);
    const int slot_in_subframe = static_cast<int>(floor_mod(slot, 1 << mu));
    const int long_part =
        starts_half_subframe(mu, 14 * slot_in_subframe + symbol) ? 1 << mu : 0;
    return n / 128 * (9 + long_part);
}

int symbol_offset_samples(const carrier& c, int64_t slot, int symbol)
{
    const int n = fft_size(c);
    int offset = 0;
    for (int l = 0; l < symbol; ++l)
        offset += cp_samples(c, slot, l) + n;
    return offset;
}

int64_t slot_start_samples(const carrier& c, int64_t slot)
{
    const int per_subframe = slots_per_subframe(c);
    const int64_t slot_in_subframe = floor_mod(slot, per_subframe);
    const int64_t subframe = (slot - slot_in_subframe) / per_subframe;
    int64_t start = subframe * c.scs_khz * fft_size(c); // 1 ms
    for (int64_t s = 0; s < slot_in_subframe; ++s)
        start += symbol_offset_samples(c, s, symbols_per_slot(c));
    return start;
}

double phase_compensation_cycles(const carrier& c, int64_t slot, int symbol)
{
    if (!c.phase_compensation)
        return 0.0;
    const int64_t slot_in_subframe = floor_mod(slot, slots_per_subframe(c));
    const int64_t samples = slot_start_samples(c, slot_in_subframe) +
                            symbol_offset_samples(c, slot_in_subframe, symbol) +
                            cp_samples(c, slot_in_subframe, symbol);
    // f_c * samples is exact for a carrier in whole Hz: only the last division rounds.
    const double rate_hz = 1e3 * c.scs_khz * fft_size(c);
    return std::fmod(c.frequency_hz * static_cast<double>(samples), rate_hz) / rate_hz;
}

} // namespace gr::ntnpos::kernel
