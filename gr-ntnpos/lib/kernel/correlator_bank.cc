/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include <gnuradio/ntnpos/kernel/correlator_bank.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

std::optional<config_error> validate(const correlator_bank_config& c)
{
    const auto outside = [](double value, double low, double high) {
        return !(value >= low && value <= high);
    };
    if (outside(c.false_alarm_probability, 1e-12, 0.5))
        return config_error{ "false_alarm_probability",
                             to_text(c.false_alarm_probability),
                             "1e-12..0.5" };
    if (c.interference_passes < 0 || c.interference_passes > 10)
        return config_error{ "interference_passes", to_text(c.interference_passes), "0..10" };
    if (outside(c.max_coherent_s, 0.0, 1.0))
        return config_error{ "max_coherent_s", to_text(c.max_coherent_s), "0..1" };
    if (outside(c.batch_s, 1e-3, 1.0))
        return config_error{ "batch_s", to_text(c.batch_s), "1e-3..1" };
    return std::nullopt;
}

struct correlator_bank::channel {
    channel(const carrier& c, const satellite_signal& s, const first_path_config& f, double coherent_s)
        : signal(s), replica(c, s.prs), detector(f), occasions(c, s, coherent_s)
    {
    }
    satellite_signal signal;
    prs_replica replica;
    first_path detector;
    occasion_sequence occasions;
    std::optional<search_window> window;
    std::shared_ptr<const trajectory> predicted; // of the window
    std::optional<int64_t> reported; // first slot of the last occasion that gave a profile
    bool tracked = false; // the track below is from the last occasion
    delay_model track;
    double level = 0.0;   // power in that occasion
};

struct correlator_bank::job {
    int satellite = 0;
    size_t ahead = 0; // place in the satellite's sequence of occasions
    occasion where;
    bool tracked = false;
    double half_width_s = 0.0;
    double doppler_half_width_hz = 0.0;
    delay_model start;          // model before the estimate
    double begin = 0, end = 0;  // predicted place of the PRS in samples
    int64_t first = 0, last = 0; // samples that the search may touch: first .. last - 1
    bool core = false;
    occasion_status status = occasion_status::no_signal;
    occasion_estimate estimate;
    double level() const
    {
        double power = 0.0;
        for (const auto& p : estimate.paths.paths)
            power += std::norm(p.gain);
        return power;
    }
    bool found() const { return status == occasion_status::found; }
    bool overlaps(const job& other) const { return first < other.last && other.first < last; }
};

correlator_bank::correlator_bank(const carrier& c,
                                 const std::vector<satellite_signal>& signals,
                                 const correlator_bank_config& config)
    : d_carrier((throw_if(validate(c)), c)),
      d_config((throw_if(validate(config)), config)),
      d_estimator(c),
      d_search(c, config.false_alarm_probability)
{
    for (const auto& s : signals) {
        if (auto error = validate(s.prs, c)) {
            error->field = s.id + "." + error->field;
            throw_if(error);
        }
        if (index_of(s.id) >= 0)
            throw_if(config_error{ "id", s.id, "unique" });
        first_path_config f;
        f.subcarriers = 12 * s.prs.num_rb;
        f.scs_hz = c.scs_khz * 1e3;
        f.profile_points = fft_size(c);
        f.false_alarm_probability = config.false_alarm_probability;
        d_channels.push_back(std::make_unique<channel>(c, s, f, config.max_coherent_s));
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

void correlator_bank::set_window(int satellite, const search_window& window)
{
    throw_if(validate(window));
    channel& ch = *d_channels.at(satellite);
    ch.window = window;
    ch.predicted = std::make_shared<const trajectory>(window.toa);
    if (ch.tracked) {
        // The track goes on: same delay, as a correction of the new prediction.
        const instant& t = ch.track.reference;
        const double toa = ch.track.at(t), rate = ch.track.rate_at(t);
        ch.track = { ch.predicted, t, toa - delay_at(window.toa, t), rate - delay_rate_at(window.toa, t) };
    }
}

bool correlator_bank::has_all_windows() const
{
    return std::all_of(
        d_channels.begin(), d_channels.end(), [](const auto& c) { return bool(c->window); });
}

sample_view correlator_bank::segment_view()
{
    return { d_samples.data(), d_first, static_cast<int64_t>(d_samples.size()), *d_anchor, d_carrier.sample_rate_hz };
}

void correlator_bank::begin_segment(const instant& anchor)
{
    end_segment();
    d_anchor = anchor;
    d_first = 0;
    d_batch = 0;
    for (auto& c : d_channels)
        if (c->window) {
            const double toa = delay_at(c->window->toa, anchor) + c->window->half_width_s;
            c->occasions.seek(advance(anchor, -toa));
        }
}

void correlator_bank::push(const std::complex<float>* samples, int64_t count)
{
    if (!d_anchor)
        return;
    d_samples.insert(d_samples.end(), samples, samples + count);
    work(false);
}

void correlator_bank::end_segment()
{
    if (d_anchor)
        work(true);
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

bool correlator_bank::prepare(job& j)
{
    channel& ch = *d_channels[j.satellite];
    const double rate = d_carrier.sample_rate_hz;
    const int64_t first_slot = j.where.slots.front();
    j.tracked = ch.tracked;
    if (ch.tracked) {
        j.start = ch.track;
        j.half_width_s = 0.5 * cp_samples(d_carrier, 1, 1) / rate;
        j.doppler_half_width_hz = 0.0;
    } else {
        j.start = delay_model{ ch.predicted, *d_anchor, 0.0, 0.0 };
        j.half_width_s = ch.window->half_width_s;
        j.doppler_half_width_hz = ch.window->doppler_half_width_hz;
    }
    const sample_view view = segment_view();
    const auto place = [&](size_t i) {
        const double offset = ch.replica.first_sample(j.where.slots[i]) / rate;
        return view.position(j.start.arrival(advance(j.where.sent[i], offset)));
    };
    const size_t final_slot = j.where.slots.size() - 1;
    j.begin = place(0);
    j.end = place(final_slot) + ch.replica.length_samples(j.where.slots[final_slot]);
    const double reach = j.half_width_s * rate + cp_samples(d_carrier, first_slot, 0) + 2.0;
    j.first = static_cast<int64_t>(std::floor(j.begin - reach));
    j.last = static_cast<int64_t>(std::ceil(j.end + reach));
    return j.last > 0;
}

std::vector<correlator_bank::job> correlator_bank::collect(int64_t boundary, bool last)
{
    std::vector<job> jobs;
    const int64_t end = d_first + static_cast<int64_t>(d_samples.size());
    const int64_t limit = last ? end : boundary;
    for (size_t i = 0; i < d_channels.size(); ++i) {
        channel& ch = *d_channels[i];
        if (!ch.window)
            continue;
        for (size_t ahead = 0;;) {
            const auto next = ch.occasions.peek(ahead);
            if (!next)
                break;
            job j;
            j.satellite = i;
            j.ahead = ahead;
            j.where = *next;
            if (!prepare(j)) { // before the segment's first sample
                ch.occasions.pop();
                continue;
            }
            if (j.first >= limit)
                break;
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
    const auto batch = static_cast<int64_t>(std::llround(d_config.batch_s * d_carrier.sample_rate_hz));
    while (true) {
        const int64_t end = d_first + static_cast<int64_t>(d_samples.size());
        const int64_t boundary = (d_batch + 1) * batch;
        const bool final_batch = last && boundary >= end;
        if (!last && boundary > end)
            return;
        std::vector<job> jobs = collect(boundary, final_batch);
        int64_t needed = boundary;
        for (const auto& j : jobs)
            needed = std::max(needed, j.last);
        if (!last && needed > end)
            return;
        run(jobs);
        ++d_batch;
        if (final_batch)
            return;
    }
}

occasion_estimator::outcome
correlator_bank::refine(const sample_view& samples, job& j, bool coarse, int rounds)
{
    channel& ch = *d_channels[j.satellite];
    const auto outcome =
        d_estimator.estimate(samples, ch.replica, ch.detector, j.where, coarse, rounds, j.estimate);
    using result = occasion_estimator::outcome;
    j.status = outcome == result::found       ? occasion_status::found
               : outcome == result::no_signal ? occasion_status::no_signal
                                              : occasion_status::incomplete;
    if (j.found())
        d_estimator.add(samples, ch.replica, j.where, j.estimate, -1.0f);
    return outcome;
}

bool correlator_bank::acquire(const sample_view& samples, job& j)
{
    channel& ch = *d_channels[j.satellite];
    const search_result r = d_search.search(samples,
                                            ch.replica,
                                            j.where.slots,
                                            j.where.sent,
                                            j.start,
                                            j.half_width_s,
                                            j.doppler_half_width_hz);
    if (!r.found) {
        // Silence is only what was listened to: a window that the segment cuts says nothing.
        const bool whole = j.first >= 0 && samples.holds(j.first, j.last);
        j.status = whole ? occasion_status::no_signal : occasion_status::incomplete;
        return false;
    }
    j.estimate.model = j.start;
    j.estimate.model.rebase(j.start.arrival(j.where.sent.front()));
    j.estimate.model.offset_s += r.delay_s;
    j.estimate.model.rate -= r.doppler_hz / d_carrier.frequency_hz;
    refine(samples, j, true, 2);
    return j.found();
}

void correlator_bank::cancel_in_turns(const sample_view& samples, std::vector<job>& jobs)
{
    for (int pass = 0; pass < d_config.interference_passes; ++pass)
        for (auto& j : jobs) {
            const bool shared = std::any_of(jobs.begin(), jobs.end(), [&](const job& other) {
                return &other != &j && other.found() && other.overlaps(j);
            });
            if (!j.found() || !shared)
                continue;
            d_estimator.add(samples, d_channels[j.satellite]->replica, j.where, j.estimate, 1.0f);
            refine(samples, j, false, 1);
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
    end = std::min(end, d_first + static_cast<int64_t>(d_samples.size()));
    if (first >= end)
        end = first;
    d_work.assign(d_samples.begin() + (first - d_first), d_samples.begin() + (end - d_first));
    sample_view work = segment_view();
    work.data = d_work.data();
    work.first = first;
    work.size = end - first;
    for (const auto& done : d_done)
        d_estimator.add(work, d_channels[done.satellite]->replica, done.where, done.estimate, -1.0f);

    // The strong ones first: what they leave is small when the weak ones are looked for.
    std::stable_sort(order.begin(), order.end(), [&](const job* a, const job* b) {
        return d_channels[a->satellite]->level > d_channels[b->satellite]->level;
    });
    for (job* j : order)
        if (j->tracked) {
            j->estimate.model = j->start;
            refine(work, *j, false, 1);
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
        channel& ch = *d_channels[j->satellite];
        if (j->found()) {
            ch.tracked = true;
            ch.track = j->estimate.model;
            ch.level = j->level();
            done.push_back(*j);
        } else if (j->status == occasion_status::no_signal) {
            ch.tracked = false;
            ch.level = 0.0;
        }
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
    const int64_t end = d_first + static_cast<int64_t>(d_samples.size());
    // An occasion that was not expected within the segment, and was not seen, is nobody's loss.
    const bool expected = j.begin >= 0.0 && j.end <= end;
    const bool partly = j.end > 0.0 && j.begin < end;
    if (!j.found() && !(j.tracked ? partly : expected))
        return;
    // A short gap cuts one occasion, though two segments hold a part of it.
    if (ch.reported && j.where.slots.front() <= *ch.reported)
        return;
    ch.reported = j.where.slots.front();
    delay_profile p;
    p.satellite = ch.signal.id;
    p.comb_size = ch.signal.prs.comb_size;
    p.subcarriers = ch.replica.span();
    p.grid_subcarriers = 12 * d_carrier.n_rb;
    p.scs_hz = d_carrier.scs_khz * 1e3;
    p.slot_count = j.where.slots.front();
    p.status = j.status;
    p.sent = j.where.sent.front();
    const delay_model& model = j.found() ? j.estimate.model : j.start;
    p.arrival = model.arrival(p.sent);
    p.toa_s = model.at(p.arrival);
    p.doppler_hz = -d_carrier.frequency_hz * model.rate_at(p.arrival);
    const instant expected_at = j.start.arrival(p.sent);
    p.window_min_s = j.start.at(expected_at) - j.half_width_s;
    p.window_max_s = j.start.at(expected_at) + j.half_width_s;
    p.observations = static_cast<int>(j.where.slots.size()) * ch.replica.num_symbols() /
                     ch.replica.resource().comb_size;
    p.values.assign(fft_size(d_carrier), std::complex<float>(0.0f));
    if (j.found()) {
        p.doppler_std_hz = j.estimate.doppler_std_hz;
        ch.detector.profile_of(j.estimate.combined.data(), p.values.data());
    }
    d_out.push_back(std::move(p));
}

void correlator_bank::drop_samples()
{
    // Nothing before the earliest occasion that is still to come is needed again.
    const int64_t end = d_first + static_cast<int64_t>(d_samples.size());
    int64_t keep = end;
    for (auto& c : d_channels) {
        const auto next = c->window ? c->occasions.peek() : std::nullopt;
        if (!next)
            continue;
        job j;
        j.satellite = &c - d_channels.data();
        j.where = *next;
        prepare(j);
        keep = std::min(keep, j.first);
    }
    keep = std::max(keep, d_first);
    d_done.erase(std::remove_if(d_done.begin(),
                                d_done.end(),
                                [&](const job& j) { return j.last <= keep; }),
                 d_done.end());
    d_samples.erase(d_samples.begin(), d_samples.begin() + (keep - d_first));
    d_first = keep;
}

} // namespace gr::ntnpos::kernel
