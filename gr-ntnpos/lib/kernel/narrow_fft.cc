/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "integers.h"
#include "multiversion.h"
#include "narrow_fft.h"
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

// Fewer transforms side by side leave vector registers empty; then the plain FFT is
// faster.
constexpr int LEAST_PARALLEL = 8;

// Rows (from + i step) modulo rows, i < count, become or gain values[i] times the row of
// turns i step. A row of turns is followed by itself times j: a complex product is then
// two real ones, without a shuffle.
template <bool add>
inline void turn_rows(const float* values,
                      int count,
                      const float* turns,
                      int from,
                      int step,
                      int rows,
                      int width,
                      float* out)
{
    const int floats = 2 * width;
    int row = from;
    for (int i = 0; i < count; ++i) {
        const float re = values[2 * i];
        const float im = values[2 * i + 1];
        const float* turn = turns + static_cast<size_t>(i) * step * 2 * floats;
        const float* quarter = turn + floats;
        float* to = out + static_cast<size_t>(row) * floats;
        for (int k = 0; k < floats; k += 2 * LEAST_PARALLEL)
            for (int m = k; m < k + 2 * LEAST_PARALLEL; ++m) {
                const float product = turn[m] * re + quarter[m] * im;
                to[m] = add ? to[m] + product : product;
            }
        row += step;
        while (row >= rows)
            row -= rows;
    }
}

NTNPOS_MULTIVERSION
void set_rows(const float* values,
              int count,
              const float* turns,
              int from,
              int step,
              int rows,
              int width,
              float* out)
{
    turn_rows<false>(values, count, turns, from, step, rows, width, out);
}

NTNPOS_MULTIVERSION
void add_rows(const float* values,
              int count,
              const float* turns,
              int from,
              int step,
              int rows,
              int width,
              float* out)
{
    turn_rows<true>(values, count, turns, from, step, rows, width, out);
}

} // namespace

int narrow_fft::short_size(int size, int count)
{
    // Whole vectors of transforms, and the smallest length of them that holds the bins.
    for (int parallel = size / std::max(count, 1); parallel >= LEAST_PARALLEL; --parallel)
        if (size % parallel == 0 && parallel % LEAST_PARALLEL == 0)
            return size / parallel;
    return 0;
}

narrow_fft::narrow_fft(int size, int low, int count)
    : d_low(low),
      d_count(count),
      d_filled(low),
      d_filled_end(low),
      d_short(short_size(size, count)),
      d_parallel(size / d_short),
      d_fft(d_short, fft::direction::inverse, fft::placement::separate, d_parallel)
{
    for (int bin = low; bin < low + count; ++bin) {
        for (int t = 0; t < d_parallel; ++t) {
            const auto turned = static_cast<double>(floor_mod(int64_t{ bin } * t, size));
            d_turns.push_back(
                std::complex<float>(std::polar(1.0, 2.0 * M_PI * turned / size)));
        }
        for (int t = 0; t < d_parallel; ++t) {
            const auto turn = *(d_turns.end() - d_parallel);
            d_turns.emplace_back(-turn.imag(), turn.real());
        }
    }
    std::fill_n(d_fft.data(), d_short * d_parallel, std::complex<float>());
}

void narrow_fft::clear_outside(int bin, int count)
{
    const auto clear = [this](int from, int end) {
        for (int b = from; b < end; ++b) {
            auto* row = reinterpret_cast<float*>(d_fft.data() +
                                                 floor_mod(b, d_short) * d_parallel);
            std::fill(row, row + 2 * d_parallel, 0.0f);
        }
    };
    clear(d_filled, std::min(d_filled_end, bin));
    clear(std::max(d_filled, bin + count), d_filled_end);
    d_filled = std::max(d_filled, bin);
    d_filled_end = std::max(d_filled, std::min(d_filled_end, bin + count));
}

void narrow_fft::fill(
    const std::complex<float>* values, int count, int bin, int step, bool add)
{
    const int end = bin + (count - 1) * step + 1;
    const bool empty = d_filled == d_filled_end;
    d_filled = empty ? bin : std::min(d_filled, bin);
    d_filled_end = empty ? end : std::max(d_filled_end, end);
    const auto* turns =
        d_turns.data() + static_cast<size_t>(bin - d_low) * 2 * d_parallel;
    (add ? add_rows : set_rows)(reinterpret_cast<const float*>(values),
                                count,
                                reinterpret_cast<const float*>(turns),
                                static_cast<int>(floor_mod(bin, d_short)),
                                step,
                                d_short,
                                d_parallel,
                                reinterpret_cast<float*>(d_fft.data()));
}

} // namespace gr::ntnpos::kernel
