/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "integers.h"
#include <gnuradio/ntnpos/kernel/occasions.h>
#include <algorithm>
#include <cmath>
#include <iterator>

namespace gr::ntnpos::kernel {

occasion_sequence::occasion_sequence(const carrier& c,
                                     const satellite_signal& signal,
                                     double max_coherent_s,
                                     double max_combined_s)
    : d_carrier(c),
      d_signal(signal),
      d_max_coherent_s(max_coherent_s),
      d_max_combined_s(max_combined_s)
{
}

void occasion_sequence::seek(const instant& sent)
{
    const sounding_resource& r = d_signal.resource;
    const double slot_s = 1e-3 / slots_per_subframe(d_carrier);
    const double slots = seconds_between(sent, d_signal.sfn0) / slot_s - first_slot(r) -
                         static_cast<double>(repetition_factor(r)) * time_gap_slots(r) -
                         1.0;
    d_pending.clear();
    // Years in the tens of millions: a clock that reads this has another unit.
    d_countable = std::abs(slots) < 9e18;
    if (!d_countable)
        return;
    d_instance = floor_div(static_cast<int64_t>(slots), periodicity_slots(r));
    // Blocks of instances begin at fixed numbers, wherever they are sought from.
    d_instance = floor_div(d_instance, instances_together()) * instances_together();
    // The margin above may have kept an instance that is over.
    const auto over = [&](const occasion& o) {
        return seconds_between(o.sent.back(), sent) + slot_s <= 0.0;
    };
    for (auto next = peek(); next && over(*next); next = peek())
        pop();
}

int64_t occasion_sequence::instances_together() const
{
    const double period_s =
        periodicity_slots(d_signal.resource) * 1e-3 / slots_per_subframe(d_carrier);
    return std::max<int64_t>(1, static_cast<int64_t>(d_max_combined_s / period_s + 1e-6));
}

// The transmitted slots of one instance.
occasion occasion_sequence::instance(int64_t number) const
{
    const sounding_resource& r = d_signal.resource;
    occasion whole;
    for (int i = 0; i < repetition_factor(r); ++i) {
        const int64_t slot = first_slot(r) + number * periodicity_slots(r) +
                             static_cast<int64_t>(i) * time_gap_slots(r);
        if (!transmits_in_slot(r, d_carrier, slot))
            continue;
        whole.slots.push_back(slot);
        whole.sent.push_back(slot_sent(d_carrier, d_signal, slot));
    }
    return whole;
}

bool occasion_sequence::extend()
{
    if (d_silent || !d_countable)
        return false;
    const auto span = [](const occasion& o) {
        return seconds_between(o.sent.back(), o.sent.front());
    };
    // A muting pattern repeats within 1024 frames: after so many silent instances the
    // resource never transmits.
    const int64_t together = instances_together();
    const int64_t instances =
        1024LL * slots_per_frame(d_carrier) / periodicity_slots(d_signal.resource) +
        together;
    for (int64_t tried = 0; tried <= instances; tried += together) {
        occasion block;
        int group = -1;
        for (int64_t end = d_instance + together; d_instance < end; ++d_instance) {
            const occasion whole = instance(d_instance);
            for (size_t i = 0; i < whole.slots.size(); ++i) {
                group += i == 0 || span(whole) > d_max_coherent_s;
                block.slots.push_back(whole.slots[i]);
                block.sent.push_back(whole.sent[i]);
                block.groups.push_back(group);
            }
        }
        if (block.slots.empty())
            continue;
        if (group == 0) {
            block.groups.clear();
            d_pending.push_back(std::move(block));
        } else if (span(block) <= d_max_combined_s) {
            d_pending.push_back(std::move(block));
        } else {
            for (size_t i = 0; i < block.slots.size(); ++i)
                d_pending.push_back({ { block.slots[i] }, { block.sent[i] } });
        }
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
