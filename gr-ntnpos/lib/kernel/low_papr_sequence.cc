/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "low_papr_tables.h"
#include <gnuradio/ntnpos/kernel/low_papr_sequence.h>
#include <cmath>
#include <cstdint>

namespace gr::ntnpos::kernel {

namespace {

constexpr int MIN_ZADOFF_CHU = 36; // 5.2.2.1 from here on, 5.2.2.2 below
constexpr int MAX_LENGTH = 3300;

bool is_prime(int n)
{
    for (int d = 2; d * d <= n; ++d)
        if (n % d == 0)
            return false;
    return n >= 2;
}

int largest_prime_below(int n)
{
    while (!is_prime(--n)) {
    }
    return n;
}

const char* const* phi_table(int length)
{
    switch (length) {
    case 6:
        return PHI_6;
    case 12:
        return PHI_12;
    case 18:
        return PHI_18;
    case 24:
        return PHI_24;
    default:
        return nullptr;
    }
}

/*
 * Phase of r_{u,v}(n) as a whole number of steps, so that no rounding grows with n:
 * 5.2.2.2 tables: pi phi(n) / 4 = phi(n) / 8 of a cycle.
 * Length 30: -pi (u+1)(n+1)(n+2) / 31 = -(u+1) ((n+1)(n+2) / 2) / 31 of a cycle.
 * 5.2.2.1: -pi q m (m+1) / N_ZC = -q (m (m+1) / 2) / N_ZC of a cycle, m = n mod N_ZC.
 */
class base_phase
{
public:
    explicit base_phase(const low_papr_sequence& s)
        : d_length(s.length), d_group(s.group), d_table(phi_table(s.length))
    {
        if (d_table) {
            d_steps = 8;
        } else if (d_length < MIN_ZADOFF_CHU) {
            d_steps = 31;
        } else {
            d_steps = largest_prime_below(d_length);
            // q = floor(qbar + 1/2) + v (-1)^floor(2 qbar), qbar = N_ZC (u+1) / 31.
            const int64_t scaled = d_steps * (d_group + 1); // 31 qbar
            const int64_t sign = (2 * scaled / 31) % 2 ? -1 : 1;
            d_root = (2 * scaled + 31) / 62 + s.number * sign;
        }
    }

    double cycles(int64_t n) const
    {
        if (d_table)
            return (2 * (d_table[d_group][n] - '0') - 3) / 8.0;
        int64_t step;
        if (d_length < MIN_ZADOFF_CHU) {
            step = (d_group + 1) * ((n + 1) * (n + 2) / 2);
        } else {
            const int64_t m = n % d_steps;
            step = d_root * (m * (m + 1) / 2);
        }
        return -static_cast<double>(step % d_steps) / d_steps;
    }

private:
    int d_length;
    int64_t d_group;
    const char* const* d_table;
    int64_t d_steps; // to the cycle
    int64_t d_root = 0;
};

} // namespace

std::optional<config_error> validate(const low_papr_sequence& s)
{
    const bool zadoff_chu = s.length >= MIN_ZADOFF_CHU && s.length <= MAX_LENGTH;
    if (!zadoff_chu && s.length != 30 && !phi_table(s.length))
        return config_error{ "length",
                             to_text(s.length),
                             "6, 12, 18, 24, 30 or 36..3300 (TS 38.211 5.2.2)" };
    if (s.group < 0 || s.group >= LOW_PAPR_GROUPS)
        return config_error{ "group", to_text(s.group), "0..29 (TS 38.211 5.2.2)" };
    const int last = s.length >= LOW_PAPR_TWO_SEQUENCES ? 1 : 0;
    if (s.number < 0 || s.number > last)
        return config_error{ "number",
                             to_text(s.number),
                             "0, or 1 from length 72 on (TS 38.211 5.2.2)" };
    if (!std::isfinite(s.shift_cycles))
        return config_error{ "shift_cycles", to_text(s.shift_cycles), "finite" };
    return std::nullopt;
}

void low_papr_values(const low_papr_sequence& s, std::complex<float>* out)
{
    const base_phase base(s);
    for (int n = 0; n < s.length; ++n) {
        const double shift = s.shift_cycles * n;
        const double angle = 2.0 * M_PI * (base.cycles(n) + shift - std::floor(shift));
        out[n] = { static_cast<float>(std::cos(angle)),
                   static_cast<float>(std::sin(angle)) };
    }
}

} // namespace gr::ntnpos::kernel
