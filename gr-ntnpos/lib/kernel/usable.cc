/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multiversion.h"
#include "usable.h"
#include <cstring>

namespace gr::ntnpos::kernel {

namespace {

constexpr int piece = 256; // floats

// Sizes of floats are ordered as their bits without the sign; infinity and NaN come last.
NTNPOS_MULTIVERSION
bool any_beyond(const uint32_t* bits, uint32_t largest)
{
    uint32_t any = 0;
    for (int i = 0; i < piece; ++i)
        any |= (bits[i] & 0x7fffffff) > largest ? 1u : 0u;
    return any != 0;
}

} // namespace

int64_t leading_usable(const std::complex<float>* x, int64_t count)
{
    uint32_t largest;
    std::memcpy(&largest, &largest_sample, sizeof largest);
    int64_t i = 0;
    for (; i + piece / 2 <= count; i += piece / 2) {
        uint32_t bits[piece];
        std::memcpy(bits, x + i, sizeof bits);
        if (any_beyond(bits, largest))
            break;
    }
    while (i < count && is_usable(x[i]))
        ++i;
    return i;
}

} // namespace gr::ntnpos::kernel
