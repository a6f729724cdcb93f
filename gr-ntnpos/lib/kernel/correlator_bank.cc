/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bank_channel.h"
#include "integers.h"
#include "usable.h"
#include <gnuradio/ntnpos/kernel/correlator_bank.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

// What is kept of a segment, and what is worked on, begins at a multiple of this: FFT
// windows then begin lines of the cache (comb_correlator).
constexpr int64_t line_samples = 8;

int64_t line_start(int64_t sample) { return sample - floor_mod(sample, line_samples); }

} // namespace

correlator_bank::correlator_bank(const carrier& c,
                                 const std::vector<satellite_signal>& signals,
                                 const correlator_bank_config& config)
    : d_carrier((throw_if(validate(c)), c)),
      d_config((throw_if(validate(config)), config)),
      d_estimator(c),
      d_search(c, config.false_alarm_probability)
{
    for (const auto& s : signals) {
        if (auto error = validate(s.resource, c)) {
            error->field = s.id + "." + error->field;
            throw_if(error);
        }
        if (auto error = validate(s.sfn0, s.id + ".sfn0"))
            throw_if(error);
        if (index_of(s.id) >= 0)
            throw_if(config_error{ "id", s.id, "unique" });
        d_channels.push_back(std::make_unique<channel>(c, s, config));
    }
}

correlator_bank::~correlator_bank() = default;

int correlator_bank::index_of(const std::string& id) const
{
    for (size_t i = 0; i < d_channels.size(); ++i)
        if (d_channels[i]->signal.id == id)
            return i;
    return -1;
}

first_path_config correlator_bank::profile_config(int satellite) const
{
    return d_channels.at(satellite)->detector.config();
}

std::optional<config_error>
correlator_bank::check_window(int satellite, const search_window& window) const
{
    return validate(window, d_carrier, d_channels.at(satellite)->signal.resource);
}

void correlator_bank::set_window(int satellite, const search_window& window)
{
    throw_if(check_window(satellite, window));
    channel& ch = *d_channels.at(satellite);
    ch.set_window(window);
    if (d_anchor && !ch.tracked)
        // A new prediction may number the slots anew.
        ch.restart(segment_view().at(d_first), true);
    d_wait = 0;
}

bool correlator_bank::has_all_windows() const
{
    return std::all_of(d_channels.begin(), d_channels.end(), [](const auto& c) {
        return bool(c->window);
    });
}

sample_view correlator_bank::segment_view()
{
    return { d_samples.data(),
             d_first,
             static_cast<int64_t>(d_samples.size()),
             *d_anchor,
             d_carrier.sample_rate_hz };
}

void correlator_bank::begin_segment(const instant& anchor)
{
    throw_if(validate(anchor, "anchor"));
    end_segment();
    d_origin = anchor;
    d_position = 0;
}

void correlator_bank::push(const std::complex<float>* samples, int64_t count)
{
    if (!d_origin)
        return;
    const auto* const stop = samples + count;
    while (samples != stop) {
        const auto* const good = samples + leading_usable(samples, stop - samples);
        if (good != samples) {
            if (!d_anchor)
                open();
            d_samples.insert(d_samples.end(), samples, good);
            d_position += good - samples;
            work(false);
        }
        const auto* const next = std::find_if(good, stop, is_usable);
        if (next != good)
            close();
        d_position += next - good;
        samples = next;
    }
}

void correlator_bank::end_segment()
{
    close();
    d_origin.reset();
}

void correlator_bank::open()
{
    const instant start = sample_instant(*d_origin, d_position, d_carrier.sample_rate_hz);
    // Occasions are reported once, unless the receiver's clock was set back by more than
    // a slot.
    const bool again = d_ended && seconds_between(start, *d_ended) < -1e-3;
    d_anchor = start;
    d_first = 0;
    d_batch = 0;
    d_wait = 0;
    for (auto& c : d_channels)
        c->restart(start, again);
}

void correlator_bank::close()
{
    if (!d_anchor)
        return;
    work(true);
    const sample_view view = segment_view();
    d_ended = view.at(view.end());
    d_anchor.reset();
    d_samples.clear();
    d_done.clear();
}

std::vector<delay_profile> correlator_bank::take()
{
    std::vector<delay_profile> out;
    out.swap(d_out);
    return out;
}

std::vector<correlator_bank::job>
correlator_bank::collect(int64_t boundary, bool last, bool ended)
{
    std::vector<job> jobs;
    const sample_view view = segment_view();
    const int64_t limit = last ? view.end() : boundary;
    for (size_t i = 0; i < d_channels.size(); ++i) {
        channel& ch = *d_channels[i];
        for (size_t ahead = 0;;) {
            const auto next = ch.peek(ahead);
            if (!next)
                break;
            job j;
            j.satellite = i;
            j.ahead = ahead;
            j.where = *next;
            const auto place = ch.prepare(j, view);
            if (place == channel::place::before) {
                ch.occasions.pop();
                continue;
            }
            if (place == channel::place::unpredicted || j.first >= limit)
                break;
            if (j.first < 0 || (ended && j.last > view.end())) {
                auto parts = ch.parts(j, view);
                if (parts.size() > 1) {
                    ch.occasions.split(ahead, std::move(parts));
                    continue;
                }
            }
            j.core = last || j.last <= boundary;
            jobs.push_back(std::move(j));
            ++ahead;
        }
    }
    // Beside the core only what shares samples with it.
    std::vector<job> out;
    for (const auto& j : jobs)
        if (j.core || std::any_of(jobs.begin(), jobs.end(), [&](const job& other) {
                return other.core && other.overlaps(j);
            }))
            out.push_back(j);
    return out;
}

void correlator_bank::work(bool last)
{
    const auto batch =
        static_cast<int64_t>(std::llround(d_config.batch_s * d_carrier.sample_rate_hz));
    while (true) {
        const int64_t end = segment_view().end();
        if (!last && end < d_wait)
            return;
        const int64_t boundary = (d_batch + 1) * batch;
        const bool final_batch = last && boundary >= end;
        if (!last && boundary > end) {
            d_wait = boundary;
            return;
        }
        std::vector<job> jobs = collect(boundary, final_batch, last);
        int64_t needed = boundary;
        for (const auto& j : jobs)
            needed = std::max(needed, j.last);
        if (!last && needed > end) {
            d_wait = needed;
            return;
        }
        run(jobs);
        ++d_batch;
        if (final_batch)
            return;
    }
}

void correlator_bank::run(std::vector<job>& jobs)
{
    std::vector<job*> order;
    int64_t first = d_first + static_cast<int64_t>(d_samples.size());
    int64_t end = d_first;
    for (auto& j : jobs) {
        order.push_back(&j);
        first = std::min(first, std::max(j.first, d_first));
        end = std::max(end, j.last);
    }
    first = line_start(first);
    end = std::min(end, d_first + static_cast<int64_t>(d_samples.size()));
    if (first >= end)
        end = first;
    const auto* const from = d_samples.data() + (first - d_first);
    d_work.resize(end - first);
    std::copy(from, from + (end - first), d_work.data());
    sample_view work = segment_view();
    work.data = d_work.data();
    work.first = first;
    work.size = end - first;
    for (const auto& done : d_done)
        d_estimator.add(
            work, d_channels[done.satellite]->replica, done.where, done.estimate, -1.0f);

    // The strong ones first: what they leave is small when the weak ones are looked for.
    std::stable_sort(order.begin(), order.end(), [&](const job* a, const job* b) {
        return d_channels[a->satellite]->level > d_channels[b->satellite]->level;
    });
    for (job* j : order)
        if (j->tracked) {
            j->estimate.model = j->start;
            // Groups that are turned into one phase pass a fit's test by themselves.
            j->status = occasion_status::no_signal;
            if (j->where.groups.empty())
                refine(work, *j, false, 1, limits_of(*j));
            if (j->status == occasion_status::no_signal)
                acquire(work, *j);
        }
    // New ones: each search that succeeds takes its satellite out, until no more come.
    bool more = true;
    for (int round = 0; more && round < 3; ++round) {
        more = false;
        for (job* j : order)
            if (!j->tracked && !j->found())
                more = acquire(work, *j) || more;
    }
    cancel_in_turns(work, jobs);

    std::stable_sort(order.begin(), order.end(), [](const job* a, const job* b) {
        return a->begin < b->begin;
    });
    std::vector<size_t> leave(d_channels.size(), 0);
    std::vector<job> done;
    for (job* j : order) {
        if (!j->core)
            continue;
        emit(*j);
        ++leave[j->satellite];
        d_channels[j->satellite]->learn(*j);
        if (j->found())
            done.push_back(*j);
    }
    for (size_t i = 0; i < leave.size(); ++i)
        for (size_t n = 0; n < leave[i]; ++n)
            d_channels[i]->occasions.pop();
    d_done.insert(d_done.end(), done.begin(), done.end());
    drop_samples();
}

void correlator_bank::emit(job& j)
{
    channel& ch = *d_channels[j.satellite];
    const int64_t end = segment_view().end();
    // An occasion that was expected outside the segment, and was not seen in it, is
    // nobody's loss.
    if (!j.found() && !(j.end > 0.0 && j.begin < end))
        return;
    // A short gap cuts one occasion, though two segments hold a part of it.
    if (ch.reported && j.where.slots.front() <= *ch.reported)
        return;
    ch.reported = j.where.slots.front();
    d_out.push_back(ch.report(j));
    // Good enough to be taken out of the others' samples and to be followed, but cut.
    if (j.found() && !ch.whole(j, segment_view()))
        d_out.back().status = occasion_status::incomplete;
}

void correlator_bank::drop_samples()
{
    // Nothing before the earliest occasion that is still to come is needed again.
    const sample_view view = segment_view();
    int64_t keep = view.end();
    for (auto& c : d_channels) {
        const auto next = c->peek(0);
        if (!next)
            continue;
        job j;
        j.where = *next;
        if (c->prepare(j, view) == channel::place::ahead)
            keep = std::min(keep, j.first);
    }
    keep = line_start(std::max(keep, d_first));
    d_done.erase(std::remove_if(d_done.begin(),
                                d_done.end(),
                                [&](const job& j) { return j.last <= keep; }),
                 d_done.end());
    d_samples.erase(d_samples.begin(), d_samples.begin() + (keep - d_first));
    d_first = keep;
}

} // namespace gr::ntnpos::kernel
