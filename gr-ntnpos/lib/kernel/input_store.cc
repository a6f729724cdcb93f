/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/input_store.h>
#include <algorithm>

namespace gr::ntnpos::kernel {

void input_store::restart(int64_t index)
{
    d_from = d_to = 0;
    d_end = d_keep = index;
}

void input_store::append(const std::complex<float>* samples, size_t count)
{
    const int64_t skipped =
        std::clamp<int64_t>(d_keep - d_end, 0, static_cast<int64_t>(count));
    d_end += static_cast<int64_t>(count);
    samples += skipped;
    count -= static_cast<size_t>(skipped);

    if (d_to + count > d_buffer.size()) {
        const size_t kept = d_to - d_from;
        // Moving pays only if at least as much is free in front as is moved.
        if (kept + count > d_buffer.size() / 2)
            d_buffer.resize(2 * (kept + count));
        std::copy(d_buffer.begin() + static_cast<ptrdiff_t>(d_from),
                  d_buffer.begin() + static_cast<ptrdiff_t>(d_to),
                  d_buffer.begin());
        d_from = 0;
        d_to = kept;
    }
    std::copy(samples, samples + count, d_buffer.begin() + static_cast<ptrdiff_t>(d_to));
    d_to += count;
}

void input_store::forget_before(int64_t index)
{
    d_keep = std::max(d_keep, index);
    const int64_t first = d_end - static_cast<int64_t>(d_to - d_from);
    const int64_t forgotten =
        std::clamp<int64_t>(d_keep - first, 0, static_cast<int64_t>(d_to - d_from));
    d_from += static_cast<size_t>(forgotten);
}

input_view input_store::view() const
{
    const size_t kept = d_to - d_from;
    return { d_buffer.data() + d_from, d_end - static_cast<int64_t>(kept), kept };
}

} // namespace gr::ntnpos::kernel
