/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include <gnuradio/ntnpos/kernel/fading_profile.h>
#include <array>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

constexpr double speed_of_light_m_s = 299792458.0;
constexpr double dopplers_of_rate = 1024.0; // sample rate over maximum Doppler, at least
constexpr double largest_spread_s = 1e-5;
constexpr double largest_k_db = 100.0;

constexpr std::array<const char*, 5> names = {
    "los", "ntn-tdl-a", "ntn-tdl-b", "ntn-tdl-c", "ntn-tdl-d"
};

double power(double db) { return std::pow(10.0, 0.1 * db); }

double total(const std::vector<fading_tap>& taps)
{
    double sum = 0.0;
    for (const auto& tap : taps)
        sum += tap.constant + tap.scattered;
    return sum;
}

std::vector<fading_tap> normalised(std::vector<fading_tap> taps)
{
    const double sum = total(taps);
    for (auto& tap : taps) {
        tap.constant /= sum;
        tap.scattered /= sum;
    }
    return taps;
}

// TR 38.811 tables 6.9.2-1 to 6.9.2-4: delay in units of the rms delay spread; power of
// the line of sight; power of the Rayleigh tap.
std::array<std::vector<fading_tap>, 5> tables()
{
    return { normalised({ { 0.0, 1.0, 0.0 } }),
             normalised({ { 0.0, 0.0, 1.0 },
                          { 1.0811, 0.0, power(-4.675) },
                          { 2.8416, 0.0, power(-6.482) } }),
             normalised({ { 0.0, 0.0, 1.0 },
                          { 0.7249, 0.0, power(-1.973) },
                          { 0.7410, 0.0, power(-4.332) },
                          { 5.7392, 0.0, power(-11.914) } }),
             normalised({ { 0.0, power(-0.394), power(-10.618) },
                          { 14.8124, 0.0, power(-23.373) } }),
             normalised({ { 0.0, power(-0.284), power(-11.991) },
                          { 0.5596, 0.0, power(-9.887) },
                          { 7.3340, 0.0, power(-16.771) } }) };
}

bool has_line_of_sight_among_taps(fading_model model)
{
    return model == fading_model::ntn_tdl_c || model == fading_model::ntn_tdl_d;
}

} // namespace

std::string name_of(fading_model model) { return names[static_cast<size_t>(model)]; }

std::optional<fading_model> fading_model_of(const std::string& name)
{
    for (size_t i = 0; i < names.size(); ++i)
        if (name == names[i])
            return static_cast<fading_model>(i);
    return std::nullopt;
}

std::string fading_model_names()
{
    std::string all;
    for (const char* name : names)
        all += (all.empty() ? "" : ", ") + std::string(name);
    return all;
}

std::optional<config_error>
validate(const path_fading& f, double sample_rate_hz, double carrier_frequency_hz)
{
    const auto number = static_cast<int>(f.model);
    if (number < 0 || number >= static_cast<int>(names.size()))
        return config_error{ "model", to_text(number), fading_model_names() };
    if (!(f.delay_spread_s >= 0.0 && f.delay_spread_s <= largest_spread_s))
        return config_error{ "delay_spread_s", to_text(f.delay_spread_s), "in 0..1e-5" };
    const double fastest = sample_rate_hz / dopplers_of_rate;
    if (!(f.ue_speed_m_s >= 0.0 && f.ue_speed_m_s <= speed_of_light_m_s &&
          max_doppler_hz(f, carrier_frequency_hz) <= fastest))
        return config_error{ "ue_speed_m_s",
                             to_text(f.ue_speed_m_s),
                             ">= 0 with a maximum Doppler up to " + to_text(fastest) +
                                 " Hz, 1/1024 of the sample rate" };
    if (!f.k_factor_db)
        return std::nullopt;
    if (!has_line_of_sight_among_taps(f.model))
        return config_error{ "k_factor_db",
                             to_text(*f.k_factor_db),
                             "none for " + name_of(f.model) +
                                 ": ntn-tdl-c and ntn-tdl-d have one" };
    if (!(std::abs(*f.k_factor_db) <= largest_k_db))
        return config_error{ "k_factor_db", to_text(*f.k_factor_db), "in -100..100" };
    return std::nullopt;
}

double max_doppler_hz(const path_fading& fading, double carrier_frequency_hz)
{
    return fading.ue_speed_m_s / speed_of_light_m_s * carrier_frequency_hz;
}

const std::vector<fading_tap>& unit_taps(fading_model model)
{
    static const std::array<std::vector<fading_tap>, 5> all = tables();
    return all[static_cast<size_t>(model)];
}

double rms_delay_spread_s(const std::vector<fading_tap>& taps)
{
    const double sum = total(taps);
    double mean = 0.0, square = 0.0;
    for (const auto& tap : taps)
        mean += (tap.constant + tap.scattered) / sum * tap.delay_s;
    for (const auto& tap : taps)
        square += (tap.constant + tap.scattered) / sum * (tap.delay_s - mean) *
                  (tap.delay_s - mean);
    return std::sqrt(square);
}

std::vector<fading_tap> taps_of(const path_fading& fading)
{
    auto taps = unit_taps(fading.model);
    double scale = fading.delay_spread_s;
    if (fading.k_factor_db) {
        double scattered = 0.0;
        for (const auto& tap : taps)
            scattered += tap.scattered;
        const double k = power(*fading.k_factor_db);
        for (auto& tap : taps) {
            tap.constant = tap.constant > 0.0 ? k / (1.0 + k) : 0.0;
            tap.scattered /= scattered * (1.0 + k);
        }
        scale /= rms_delay_spread_s(taps);
    }
    for (auto& tap : taps)
        tap.delay_s *= scale;
    return taps;
}

} // namespace gr::ntnpos::kernel
