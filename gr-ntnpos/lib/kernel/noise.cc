/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "lanes.h"
#include "multiversion.h"
#include <gnuradio/ntnpos/kernel/noise.h>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace gr::ntnpos::kernel {

namespace {

// Samples of one set of seeds, at absolute indices that are multiples of it: 16 streams
// side by side, sample i of the tile from stream i % 16.
constexpr size_t tile = 512;
constexpr size_t streams = 16;
constexpr size_t steps = tile / streams;

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

// The four words of state of each stream, word by word: words 0 and 1 of stream i are the
// two halves of Threefry at counter 32 tile + i, words 2 and 3 those at 16 more.
NTNPOS_MULTIVERSION
void seed_streams(uint64_t first_index, uint64_t seed, uint32_t* state)
{
    const auto key0 = static_cast<uint32_t>(seed);
    const auto key1 = static_cast<uint32_t>(seed >> 32);
    const uint64_t counter = first_index / tile * (2 * streams);
    const auto low = static_cast<uint32_t>(counter); // no carry within the tile
    const auto high = static_cast<uint32_t>(counter >> 32);
    uint32_t a[2 * streams];
    uint32_t b[2 * streams];
    for (uint32_t i = 0; i < 2 * streams; ++i) {
        a[i] = low + i;
        b[i] = high;
        threefry(a[i], b[i], key0, key1);
    }
    std::copy(a, a + streams, state);
    std::copy(b, b + streams, state + streams);
    std::copy(a + streams, a + 2 * streams, state + 2 * streams);
    std::copy(b + streams, b + 2 * streams, state + 3 * streams);
}

template <typename words>
NTNPOS_INLINE void rotate(words& x, int left)
{
    x = (x << left) | (x >> (32 - left));
}

// One step of xoshiro128++.
template <typename words>
NTNPOS_INLINE void draw(words& s0, words& s1, words& s2, words& s3, words& out)
{
    out = s0 + s3;
    rotate(out, 7);
    out += s0;
    const words t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    rotate(s3, 11);
}

// Two words for each of the tile's samples up to that of step `end`.
template <size_t width, size_t... j>
NTNPOS_INLINE void draw_all(const uint32_t* state,
                            size_t end,
                            uint32_t* first,
                            uint32_t* second,
                            std::index_sequence<j...>)
{
    using lane = lanes<width>;
    using words = typename lane::words;
    words s0[] = { (words)lane::at(state + j * width)... };
    words s1[] = { (words)lane::at(state + streams + j * width)... };
    words s2[] = { (words)lane::at(state + 2 * streams + j * width)... };
    words s3[] = { (words)lane::at(state + 3 * streams + j * width)... };
    const auto pair = [&](size_t k, size_t at) __attribute__((always_inline))
    {
        words out;
        draw(s0[k], s1[k], s2[k], s3[k], out);
        lane::at(first + at) = out;
        draw(s0[k], s1[k], s2[k], s3[k], out);
        lane::at(second + at) = out;
    };
    for (size_t step = 0; step < end; ++step)
        (pair(j, step * streams + j * width), ...);
}

template <size_t width>
NTNPOS_INLINE void
draw_words(const uint32_t* state, size_t end, uint32_t* first, uint32_t* second)
{
    draw_all<width>(
        state, end, first, second, std::make_index_sequence<streams / width>());
}

NTNPOS_VERSIONS((const uint32_t* state, size_t end, uint32_t* first, uint32_t* second),
                (state, end, first, second),
                words_of_tile,
                draw_words)

// x, its sign changed if the highest bit of the word is set.
inline float with_sign(float x, uint32_t word)
{
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    bits ^= word & 0x80000000u;
    std::memcpy(&x, &bits, sizeof bits);
    return x;
}

// Two words to one complex sample: radius and one sign from the first, angle within a
// quadrant and the other sign from the second.
template <size_t width>
NTNPOS_INLINE void box_muller(uint32_t a, uint32_t b, float scale, float& re, float& im)
{
    // u in (0, 1] out of 31 bits; with u = 2^exponent (1 + w) its binary logarithm is
    // exponent + w + the polynomial, here times 2^23. The polynomial is zero at both ends
    // of w = 0..1, so that the logarithm is never positive; it is right to 5e-5 of its
    // value, the radius so to 3e-5.
    const float u = static_cast<float>(static_cast<int32_t>(a & 0x7fffffffu)) + 0.5f;
    int32_t bits;
    std::memcpy(&bits, &u, sizeof bits);
    const auto exponent_and_w = static_cast<float>(bits - ((127 + 31) << 23));
    bits = (bits & 0x007fffff) | 0x3f800000;
    float w;
    std::memcpy(&w, &bits, sizeof w);
    w -= 1.0f;
    const auto fma = [](float x, float y, float z) __attribute__((always_inline))
    {
        return fused_multiply_add<width>(x, y, z);
    };
    float p = fma(-0.034992993f * 0x1p23f, w, 0.13229111f * 0x1p23f);
    p = fma(p, w, -0.25962672f * 0x1p23f);
    p = fma(p, w, 0.44094342f * 0x1p23f);
    const float log2_u = fma(w * (1.0f - w), p, exponent_and_w);
    const float radius = with_sign(std::sqrt(log2_u * scale), a);

    // cos and sin of pi/4 y, times cos(pi/4), for y = -1..1: errors below 8e-6 and 9e-7.
    // The angle is pi/4 (1 + y).
    const float y = static_cast<float>(static_cast<int32_t>(b)) * 0x1p-31f;
    const float q = y * y;
    const float c = fma(fma(0.010869514f, q, -0.21796221f), q, 0.70709974f);
    const float s = y * fma(fma(0.0017225790f, q, -0.057081357f), q, 0.55535960f);
    re = radius * (c - s);
    im = with_sign(radius, b << 31) * (c + s);
}

template <size_t width>
NTNPOS_INLINE void transform_words(
    const uint32_t* first, const uint32_t* second, size_t count, float scale, float* out)
{
    for (size_t i = 0; i < count; ++i)
        box_muller<width>(first[i], second[i], scale, out[2 * i], out[2 * i + 1]);
}

NTNPOS_VERSIONS((const uint32_t* first,
                 const uint32_t* second,
                 size_t count,
                 float scale,
                 float* out),
                (first, second, count, scale, out),
                transform,
                transform_words)

struct run {
    const uint32_t* first;
    const uint32_t* second;
    size_t count;
    float scale;

    void make(float* out) const { transform(first, second, count, scale, out); }
};

// The noise in runs that lie within a tile: use(run, offset, count) gets a run of
// whole steps and which of its samples are meant, so that a sample's bits do not depend
// on where a run begins.
template <typename user>
void for_runs(const white_noise& noise,
              int64_t first_index,
              size_t count,
              const user& use)
{
    // E|n|^2 of the unit radius is E[-ln u] = 1.
    const auto scale = static_cast<float>(-noise.power * 0.693147180559945309 * 0x1p-23);
    alignas(64) uint32_t state[4 * streams];
    alignas(64) uint32_t first[tile];
    alignas(64) uint32_t second[tile];
    auto index = static_cast<uint64_t>(first_index);
    while (count > 0) {
        const size_t from = index % tile;
        const size_t here = std::min(count, tile - from);
        const size_t begin = from / streams * streams;
        const size_t steps = (from + here + streams - 1) / streams;
        seed_streams(index, noise.seed, state);
        words_of_tile(state, steps, first, second);
        use(run{ first + begin, second + begin, steps * streams - begin, scale },
            from - begin,
            here);
        index += here;
        count -= here;
    }
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
    float samples[2 * tile];
    auto* to = reinterpret_cast<float*>(out);
    for_runs(noise, first_index, count, [&](const run& r, size_t offset, size_t here) {
        r.make(samples);
        for (size_t i = 0; i < 2 * here; ++i)
            to[i] += samples[2 * offset + i];
        to += 2 * here;
    });
}

void write_noise(const white_noise& noise,
                 int64_t first_index,
                 size_t count,
                 std::complex<float>* out)
{
    if (noise.power == 0.0) {
        std::fill_n(out, count, std::complex<float>());
        return;
    }
    float samples[2 * tile];
    auto* to = reinterpret_cast<float*>(out);
    for_runs(noise, first_index, count, [&](const run& r, size_t offset, size_t here) {
        if (r.count == here) {
            r.make(to);
        } else {
            r.make(samples);
            std::copy_n(samples + 2 * offset, 2 * here, to);
        }
        to += 2 * here;
    });
}

} // namespace gr::ntnpos::kernel
