/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "multiversion.h"
#include "vector_math.h"
#include <gnuradio/ntnpos/kernel/noise.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

constexpr size_t tile =
    128; // samples made at once, at absolute indices that are multiples of it

inline uint32_t rotated(uint32_t x, int left) { return (x << left) | (x >> (32 - left)); }

inline void mix(uint32_t& a, uint32_t& b, int left)
{
    a += b;
    b = rotated(b, left) ^ a;
}

inline void mix(uint32_t& a, uint32_t& b, int left0, int left1, int left2, int left3)
{
    mix(a, b, left0);
    mix(a, b, left1);
    mix(a, b, left2);
    mix(a, b, left3);
}

inline void threefry(uint32_t& a, uint32_t& b, uint32_t key0, uint32_t key1)
{
    const uint32_t key2 =
        0x1BD11BDA ^ key0 ^ key1; // the parity constant of Threefish, 32 bit version
    a += key0;
    b += key1;
    mix(a, b, 13, 15, 26, 6);
    a += key1;
    b += key2 + 1;
    mix(a, b, 17, 29, 16, 24);
    a += key2;
    b += key0 + 2;
    mix(a, b, 13, 15, 26, 6);
    a += key0;
    b += key1 + 3;
    mix(a, b, 17);
}

// Two words to one complex sample: radius from the first, angle from the second (a signed
// number of 2^-32 cycles).
inline void box_muller(uint32_t a, uint32_t b, float amplitude, float& re, float& im)
{
    const float u =
        (static_cast<float>(static_cast<int32_t>(a >> 1)) + 0.5f) * 0x1p-31f; // (0, 1]
    const float radius = amplitude * std::sqrt(-natural_log(u));
    float cosine, sine;
    cos_sin_cycles(static_cast<float>(static_cast<int32_t>(b)) * 0x1p-32f, cosine, sine);
    re = radius * cosine;
    im = radius * sine;
}

NTNPOS_MULTIVERSION
void make_tile(uint64_t first_index, uint64_t seed, float amplitude, float* out)
{
    const auto key0 = static_cast<uint32_t>(seed);
    const auto key1 = static_cast<uint32_t>(seed >> 32);
    const auto low = static_cast<uint32_t>(
        first_index); // a multiple of tile: no carry within the tile
    const auto high = static_cast<uint32_t>(first_index >> 32);
    uint32_t first[tile];
    uint32_t second[tile];
    for (uint32_t i = 0; i < tile; ++i) {
        uint32_t a = low + i;
        uint32_t b = high;
        threefry(a, b, key0, key1);
        first[i] = a;
        second[i] = b;
    }
    for (size_t i = 0; i < tile; ++i)
        box_muller(first[i], second[i], amplitude, out[2 * i], out[2 * i + 1]);
}

} // namespace

std::optional<config_error> validate(const white_noise& noise)
{
    if (!(noise.power >= 0.0 && std::isfinite(noise.power)))
        return config_error{ "noise.power", to_text(noise.power), "finite and >= 0" };
    return std::nullopt;
}

uint64_t threefry2x32_13(uint64_t counter, uint64_t key)
{
    auto a = static_cast<uint32_t>(counter);
    auto b = static_cast<uint32_t>(counter >> 32);
    threefry(a, b, static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32));
    return a | static_cast<uint64_t>(b) << 32;
}

void add_noise(const white_noise& noise,
               int64_t first_index,
               size_t count,
               std::complex<float>* out)
{
    if (noise.power == 0.0)
        return;
    // E|n|^2 of the unit amplitude is E[-ln u] = 1.
    const auto amplitude = static_cast<float>(std::sqrt(noise.power));
    auto index = static_cast<uint64_t>(first_index);
    float samples[2 * tile];
    while (count > 0) {
        make_tile(index - index % tile, noise.seed, amplitude, samples);
        const size_t from = index % tile;
        const size_t here = std::min(count, tile - from);
        auto* to = reinterpret_cast<float*>(out);
        for (size_t i = 0; i < 2 * here; ++i)
            to[i] += samples[2 * from + i];
        index += here;
        out += here;
        count -= here;
    }
}

} // namespace gr::ntnpos::kernel
