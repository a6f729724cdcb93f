/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/srs_transmitter.h>
#include <algorithm>
#include <limits>
#include <string>

namespace gr::ntnpos::kernel {

namespace {

constexpr int64_t MAX_SLOT = 1000000000000; // keeps sample counts far from overflow

// Before every slot that has its own command.
constexpr int64_t FIRST_SLOT_OF_ALL = std::numeric_limits<int64_t>::min();

int64_t checked_slot(int64_t first_slot)
{
    if (first_slot < -MAX_SLOT || first_slot > MAX_SLOT)
        throw_if(config_error{
            "start_slot", std::to_string(first_slot), "within 1e12 of SFN 0 slot 0" });
    return first_slot;
}

int64_t end_sample(const carrier& c, int64_t first_slot, int64_t n_slots)
{
    if (n_slots < -1 || n_slots > MAX_SLOT)
        throw_if(config_error{
            "n_slots", std::to_string(n_slots), "-1 (endless) or 0..1e12" });
    if (n_slots == -1)
        return std::numeric_limits<int64_t>::max();
    return slot_start_samples(c, first_slot + n_slots) -
           slot_start_samples(c, first_slot);
}

timing_command initial_command(double timing_advance_s)
{
    const timing_command command{ FIRST_SLOT_OF_ALL, timing_advance_s };
    throw_if(validate(command));
    return command;
}

} // namespace

srs_transmitter::srs_transmitter(const carrier& c,
                                 const std::vector<srs_resource>& resources,
                                 int64_t first_slot,
                                 int64_t n_slots,
                                 double timing_advance_s)
    : d_modulator(c, resources),
      d_initial(initial_command(timing_advance_s)),
      d_first(checked_slot(first_slot)),
      d_end(end_sample(c, first_slot, n_slots)),
      d_timing(c, first_slot)
{
    int longest = 0;
    for (int slot = 0; slot < slots_per_subframe(c); ++slot)
        longest = std::max(longest, d_modulator.slot_samples(slot));
    d_slot.resize(longest);
    reset();
}

void srs_transmitter::reset()
{
    d_timing = uplink_timing(get_carrier(), d_first);
    d_timing.add(d_initial);
    // No slot before this one reaches sample 0, whatever its advance within +-1 s.
    d_next = d_first - 1000 * slots_per_subframe(get_carrier()) - 1;
    d_now = 0;
    d_begun = false;
    d_cut = 0;
}

std::optional<config_error> srs_transmitter::add(const timing_command& command)
{
    return d_timing.add(command);
}

bool srs_transmitter::is_late(const timing_command& command) const
{
    return d_begun && command.from_slot < d_next;
}

std::optional<srs_transmitter::piece> srs_transmitter::next()
{
    for (;;) {
        const int64_t slot = d_next;
        const slot_position at = d_timing.position(slot);
        if (at.sample >= d_end || d_now >= d_end)
            return std::nullopt;
        ++d_next;
        d_timing.forget_before(d_next);
        const int64_t begin = std::max(at.sample, d_now);
        const bool sent = d_modulator.transmits(slot);
        int64_t slot_end = at.sample + d_modulator.slot_samples(slot);
        if (!sent)
            slot_end = std::min(slot_end, d_timing.position(slot + 1).sample);
        if (d_begun && sent && begin > at.sample)
            ++d_cut;
        if (slot_end <= begin)
            continue;
        d_now = slot_end;
        d_begun = true;
        const int length = static_cast<int>(std::min(slot_end, d_end) - begin);
        if (!sent)
            return piece{ slot, begin, length, nullptr };
        d_modulator.modulate(slot, d_slot.data(), at.fraction);
        return piece{ slot, begin, length, d_slot.data() + (begin - at.sample) };
    }
}

} // namespace gr::ntnpos::kernel
