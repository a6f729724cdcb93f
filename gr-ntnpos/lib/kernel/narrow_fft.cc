/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "integers.h"
#include "multiversion.h"
#include "narrow_fft.h"
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

struct rows {
    float *re, *im;
    int first, step, count, width; // rows, modulo count
};

// Rows first, first + step, ... become or gain values[i] times the row of turns i step:
// of these width real parts, then as many imaginary ones.
template <bool add>
[[gnu::always_inline]] inline void
turn_rows(const float* values, int count, const float* turns, const rows& to)
{
    int row = to.first;
    for (int i = 0; i < count; ++i) {
        const float re = values[2 * i], im = values[2 * i + 1];
        const float* turn_re = turns + static_cast<size_t>(i) * to.step * 2 * to.width;
        const float* turn_im = turn_re + to.width;
        float* __restrict out_re = to.re + static_cast<size_t>(row) * to.width;
        float* __restrict out_im = to.im + static_cast<size_t>(row) * to.width;
        for (int t = 0; t < to.width; t += 16)
            for (int k = t; k < t + 16; ++k) {
                const float turned_re = turn_re[k] * re - turn_im[k] * im;
                const float turned_im = turn_re[k] * im + turn_im[k] * re;
                out_re[k] = add ? out_re[k] + turned_re : turned_re;
                out_im[k] = add ? out_im[k] + turned_im : turned_im;
            }
        row += to.step;
        while (row >= to.count)
            row -= to.count;
    }
}

NTNPOS_MULTIVERSION
void set_rows(const float* values, int count, const float* turns, const rows& to)
{
    turn_rows<false>(values, count, turns, to);
}

NTNPOS_MULTIVERSION
void add_rows(const float* values, int count, const float* turns, const rows& to)
{
    turn_rows<true>(values, count, turns, to);
}

NTNPOS_MULTIVERSION
void interleave(const float* re, const float* im, int count, float* __restrict out)
{
    for (int i = 0; i < count; ++i) {
        out[2 * i] = re[i];
        out[2 * i + 1] = im[i];
    }
}

} // namespace

narrow_fft::narrow_fft(int size, int low, int count)
    : d_low(low),
      d_count(count),
      d_filled(low),
      d_filled_end(low),
      d_short(short_size(size, count)),
      d_parallel(d_short > 0 ? size / d_short : 0),
      d_fft(d_short, d_parallel),
      d_result(size)
{
    for (int bin = low; bin < low + count; ++bin) {
        const auto turn = [&](int t) {
            const auto turned = static_cast<double>(floor_mod(int64_t{ bin } * t, size));
            return std::polar(1.0, 2.0 * M_PI * turned / size);
        };
        for (int t = 0; t < d_parallel; ++t)
            d_turns.push_back(static_cast<float>(turn(t).real()));
        for (int t = 0; t < d_parallel; ++t)
            d_turns.push_back(static_cast<float>(turn(t).imag()));
    }
    std::fill_n(d_fft.re(), size, 0.0f);
    std::fill_n(d_fft.im(), size, 0.0f);
}

void narrow_fft::execute()
{
    const auto size = static_cast<int>(d_result.size());
    d_fft.inverse(size);
    interleave(d_fft.result_re(),
               d_fft.result_im(),
               size,
               reinterpret_cast<float*>(d_result.data()));
}

void narrow_fft::clear_outside(int bin, int count)
{
    const auto clear = [this](int from, int end) {
        for (int b = from; b < end; ++b) {
            const auto row = floor_mod(b, d_short) * d_parallel;
            std::fill_n(d_fft.re() + row, d_parallel, 0.0f);
            std::fill_n(d_fft.im() + row, d_parallel, 0.0f);
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
                                turns,
                                { d_fft.re(),
                                  d_fft.im(),
                                  static_cast<int>(floor_mod(bin, d_short)),
                                  step,
                                  d_short,
                                  d_parallel });
}

} // namespace gr::ntnpos::kernel
