/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "finite.h"
#include "multiversion.h"
#include <algorithm>
#include <cmath>
#include <cstring>

namespace gr::ntnpos::kernel {

namespace {

constexpr int piece = 256; // floats

// Whether an exponent is all ones.
NTNPOS_MULTIVERSION
bool any_beyond(const uint32_t* bits)
{
    constexpr uint32_t exponent = 0x7f800000;
    uint32_t any = 0;
    for (int i = 0; i < piece; ++i)
        any |= (bits[i] & exponent) == exponent ? 1u : 0u;
    return any != 0;
}

} // namespace

int64_t leading_finite(const std::complex<float>* x, int64_t count)
{
    const auto* values = reinterpret_cast<const float*>(x);
    int64_t i = 0;
    for (; i + piece <= 2 * count; i += piece) {
        uint32_t bits[piece];
        std::memcpy(bits, values + i, sizeof bits);
        if (any_beyond(bits))
            break;
    }
    while (i < 2 * count && std::isfinite(values[i]))
        ++i;
    return i / 2;
}

} // namespace gr::ntnpos::kernel
