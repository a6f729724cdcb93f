/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "integers.h"
#include <gnuradio/ntnpos/kernel/occasions.h>
#include <cmath>
#include <iterator>

namespace gr::ntnpos::kernel {

occasion_sequence::occasion_sequence(const carrier& c,
                                     const satellite_signal& signal,
                                     double max_coherent_s)
    : d_carrier(c), d_signal(signal), d_max_coherent_s(max_coherent_s)
{
}

void occasion_sequence::seek(const instant& sent)
{
    const prs_resource& r = d_signal.prs;
    const double slot_s = 1e-3 / slots_per_subframe(d_carrier);
    const double slots = seconds_between(sent, d_signal.sfn0) / slot_s - first_slot(r) -
                         static_cast<double>(r.repetition_factor) * r.time_gap_slots -
                         1.0;
    d_pending.clear();
    // Years in the tens of millions: a clock that reads this has another unit.
    d_countable = std::abs(slots) < 9e18;
    if (!d_countable)
        return;
    d_instance = floor_div(static_cast<int64_t>(slots), r.periodicity_slots);
    // The margin above may have kept an instance that is over.
    const auto over = [&](const occasion& o) {
        return seconds_between(o.sent.back(), sent) + slot_s <= 0.0;
    };
    for (auto next = peek(); next && over(*next); next = peek())
        pop();
}

bool occasion_sequence::extend()
{
    if (d_silent || !d_countable)
        return false;
    const prs_resource& r = d_signal.prs;
    // A muting pattern repeats within 1024 frames: after so many silent instances the
    // resource never transmits.
    const int64_t instances = 1024LL * slots_per_frame(d_carrier) / r.periodicity_slots;
    for (int64_t tried = 0; tried <= instances; ++tried, ++d_instance) {
        occasion whole;
        for (int i = 0; i < r.repetition_factor; ++i) {
            const int64_t slot = first_slot(r) + d_instance * r.periodicity_slots +
                                 static_cast<int64_t>(i) * r.time_gap_slots;
            if (!transmits_in_slot(r, d_carrier, slot))
                continue;
            whole.slots.push_back(slot);
            whole.sent.push_back(slot_sent(d_carrier, d_signal, slot));
        }
        if (whole.slots.empty())
            continue;
        ++d_instance;
        if (seconds_between(whole.sent.back(), whole.sent.front()) <= d_max_coherent_s)
            d_pending.push_back(std::move(whole));
        else
            for (size_t i = 0; i < whole.slots.size(); ++i)
                d_pending.push_back({ { whole.slots[i] }, { whole.sent[i] } });
        return true;
    }
    d_silent = true;
    return false;
}

std::optional<occasion> occasion_sequence::peek(size_t ahead)
{
    while (d_pending.size() <= ahead)
        if (!extend())
            return std::nullopt;
    return d_pending[ahead];
}

void occasion_sequence::split(size_t ahead, std::vector<occasion> parts)
{
    if (!peek(ahead))
        return;
    const auto at = d_pending.erase(d_pending.begin() + ahead);
    d_pending.insert(
        at, std::make_move_iterator(parts.begin()), std::make_move_iterator(parts.end()));
}

void occasion_sequence::pop()
{
    if (peek())
        d_pending.erase(d_pending.begin());
}

} // namespace gr::ntnpos::kernel
