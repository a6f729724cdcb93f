/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multiversion.h"
#include "profile_transform.h"
#include <algorithm>

namespace gr::ntnpos::kernel {

namespace {

// Divided, not multiplied by an inverse that is rounded once for all: energies of channel
// and profile are compared.
NTNPOS_MULTIVERSION
void divide(const float* x, float by, int count, float* __restrict out)
{
    for (int i = 0; i < count; ++i)
        out[i] = x[i] / by;
}

} // namespace

profile_transform::profile_transform(int subcarriers, int points)
    : d_subcarriers(subcarriers), d_points(points), d_scaled(subcarriers)
{
    if (narrow_fft::short_size(points, subcarriers) > 0) {
        d_narrow = std::make_unique<narrow_fft>(points, -(subcarriers / 2), subcarriers);
        return;
    }
    d_fft =
        std::make_unique<fft>(points, fft::direction::inverse, fft::placement::separate);
    std::fill_n(d_fft->data(), points, std::complex<float>(0.0f));
}

void profile_transform::run(const std::complex<float>* channel,
                            std::complex<float>* profile)
{
    const int half = d_subcarriers / 2;
    divide(reinterpret_cast<const float*>(channel),
           static_cast<float>(d_subcarriers),
           2 * d_subcarriers,
           reinterpret_cast<float*>(d_scaled.data()));
    const std::complex<float>* made;
    if (d_narrow) {
        d_narrow->clear_outside(-half, d_subcarriers);
        d_narrow->fill(d_scaled.data(), d_subcarriers, -half, 1, false);
        d_narrow->execute();
        made = d_narrow->result();
    } else {
        // The transform leaves its input alone: the bins between stay empty.
        std::copy_n(d_scaled.data(), half, d_fft->data() + (d_points - half));
        std::copy_n(d_scaled.data() + half, d_subcarriers - half, d_fft->data());
        d_fft->execute();
        made = d_fft->result();
    }
    const int early = d_points - d_points / 2;
    std::copy(made, made + early, profile + d_points / 2);
    std::copy(made + early, made + d_points, profile);
}

} // namespace gr::ntnpos::kernel
