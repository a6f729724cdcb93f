/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "decimator.h"
#include "integers.h"
#include "search_math.h"
#include <gnuradio/ntnpos/kernel/prs_search.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

using cfloat = std::complex<float>;

// Points per inverse bandwidth: half a step off costs 1.9 dB.
constexpr double delay_oversampling = 1.4;
// Of the spectrum that is looked at, over the occupied band.
constexpr double band_excess = 1.1;
// Of the lowered sample rate: what the filters let through to either side.
constexpr double most_edge = 0.375;
// Edges are rounded up to so many parts of the rate: few filters serve all.
constexpr int edge_parts = 64;
// Values of reference spectra that are kept: 64 MB.
constexpr size_t most_kept = 8000000;
constexpr int64_t line_samples = 8; // of a line of the cache

} // namespace

struct prs_search::layout {
    int decimation;     // samples that make one
    int edge;           // of the band, in parts of the lowered rate
    double rate;        // lowered sample rate
    int length;         // of the replica, lowered samples
    int margin;         // lowered samples to either side
    int64_t middle_k;   // subcarrier in the middle of the PRS, from 0 Hz
    bool mixed;         // the middle is moved to 0 Hz before the rate is lowered
    int64_t middle_bin; // where it lies in the transform
    int size;           // of the transform
    double bin_hz;
    int band;           // bins that are looked at
    int lags;           // of the transform back
    double lag_samples; // samples that are not lowered, from one lag to the next
    int columns;        // lags that are looked at
    int doppler_step;   // bins
    int doppler_bins;   // steps to either side
    double dimensions;  // of the noise whose energy is taken

    int rows() const { return 2 * doppler_bins + 1; }
    double row_hz(double row) const
    {
        return (row - doppler_bins) * doppler_step * bin_hz;
    }
};

struct prs_search::reference {
    std::vector<cfloat> band;
    double energy = 0.0;
};

prs_search::prs_search(const carrier& c, double false_alarm_probability)
    : d_carrier((throw_if(validate(c)), c)), d_false_alarm(false_alarm_probability)
{
    if (!(false_alarm_probability > 0.0 && false_alarm_probability <= 0.5))
        throw_if(config_error{
            "false_alarm_probability", to_text(false_alarm_probability), "in (0, 0.5]" });
}

prs_search::~prs_search() = default;

fft& prs_search::transform(int size, fft::direction dir)
{
    const auto key = std::make_pair(size, dir == fft::direction::forward);
    auto at = d_transforms.find(key);
    if (at == d_transforms.end()) {
        at = d_transforms.emplace(key, fft(size, dir, fft::placement::separate)).first;
        std::fill_n(at->second.data(), size, cfloat(0.0f));
    }
    return at->second;
}

decimator& prs_search::decimator_for(const layout& p)
{
    auto& found = d_decimators[{ p.decimation, p.edge }];
    if (!found)
        found = std::make_unique<decimator>(p.decimation,
                                            static_cast<double>(p.edge) / edge_parts);
    return *found;
}

prs_search::layout prs_search::plan(const prs_replica& replica,
                                    int64_t slot,
                                    double half_width_s,
                                    double doppler_half_width_hz,
                                    double doppler_hz) const
{
    layout p;
    const double rate = d_carrier.sample_rate_hz;
    const double bandwidth = replica.span() * d_carrier.scs_khz * 1e3;
    p.middle_k = replica.lowest_subcarrier() + replica.span() / 2 - 6 * d_carrier.n_rb;
    // Every symbol and prefix is a multiple of 1/128 of a symbol long.
    p.decimation = 1;
    while (fft_size(d_carrier) / 128 % (2 * p.decimation) == 0)
        p.decimation *= 2;
    for (;; p.decimation /= 2) {
        p.rate = rate / p.decimation;
        p.mixed = p.decimation > 1 && p.middle_k != 0;
        const double edge_hz = 0.5 * band_excess * bandwidth + doppler_half_width_hz +
                               (p.mixed ? 0.0 : std::abs(doppler_hz));
        p.edge = static_cast<int>(std::ceil(edge_hz / p.rate * edge_parts));
        if (p.decimation == 1 || p.edge <= most_edge * edge_parts)
            break;
    }
    p.edge = std::min(p.edge, static_cast<int>(most_edge * edge_parts));
    p.length = replica.length_samples(slot) / p.decimation;
    p.margin = static_cast<int>(std::ceil(half_width_s * p.rate)) + 1;
    // Twice the replica at least: half of its inverse duration is then a bin or more.
    const double least = std::max(2 * p.margin + p.length + 2, 2 * p.length);
    double best = 0.0;
    for (int size = fast_size(least); best == 0.0 || size <= 2.2 * least;
         size = fast_size(size + 1)) {
        layout tried = p;
        tried.size = size;
        tried.bin_hz = p.rate / size;
        tried.doppler_step = std::max(1, size / (2 * p.length));
        tried.doppler_bins = static_cast<int>(
            std::ceil(doppler_half_width_hz / (tried.doppler_step * tried.bin_hz)));
        // Two transforms beside those of the rows.
        const double cost = (tried.rows() + 2.0) * size;
        if (best == 0.0 || cost < best) {
            best = cost;
            p = tried;
        }
    }
    p.middle_bin =
        p.mixed ? 0 : std::llround(p.middle_k * d_carrier.scs_khz * 1e3 / p.bin_hz);
    p.band = std::min<int>(p.size, std::ceil(band_excess * bandwidth / p.bin_hz));
    p.lags = std::min(p.size, fast_size(delay_oversampling * bandwidth / p.bin_hz));
    const double lag = static_cast<double>(p.size) / p.lags;
    p.lag_samples = lag * p.decimation;
    p.columns = static_cast<int>(std::floor(2.0 * p.margin / lag)) + 1;
    p.dimensions = p.band * p.bin_hz * p.length / p.rate;
    return p;
}

void prs_search::replica_samples(const layout& p,
                                 prs_replica& replica,
                                 int64_t slot,
                                 cfloat* out)
{
    const int whole = fft_size(d_carrier);
    const int size = whole / p.decimation;
    const int comb = replica.comb_size();
    const int64_t low =
        replica.lowest_subcarrier() - 6 * d_carrier.n_rb - (p.mixed ? p.middle_k : 0);
    const int first = replica.first_sample(slot);
    fft& symbol_transform = transform(size, fft::direction::inverse);
    cfloat* bins = symbol_transform.data();
    for (int index = 0; index < replica.num_symbols(); ++index) {
        const auto symbol = replica.at(slot, index);
        cfloat phase = 1.0f;
        if (p.mixed) {
            // Each symbol's middle begins anew at its useful part; what it is mixed with
            // does not.
            const int64_t useful = symbol.start_samples + symbol.cp_samples - first;
            const auto parts = floor_mod(-p.middle_k * useful, int64_t{ whole });
            phase = cfloat(std::polar(1.0, 2.0 * M_PI * parts / whole));
        }
        std::fill_n(bins, size, cfloat(0.0f));
        for (int m = 0; m < replica.elements(); ++m)
            bins[floor_mod(low + symbol.first_element + m * comb, int64_t{ size })] =
                symbol.values[m] * phase;
        symbol_transform.execute();
        const cfloat* made = symbol_transform.result();
        const int cp = symbol.cp_samples / p.decimation;
        out = std::copy(made + size - cp, made + size, out);
        out = std::copy(made, made + size, out);
    }
    std::fill_n(bins, size, cfloat(0.0f));
}

const prs_search::reference&
prs_search::reference_for(const layout& p, prs_replica& replica, int64_t slot)
{
    const std::array<int64_t, 4> key{ static_cast<int64_t>(replica.identity()),
                                      floor_mod(slot,
                                                int64_t{ slots_per_frame(d_carrier) }),
                                      p.size,
                                      p.decimation };
    const auto at = d_references.find(key);
    if (at != d_references.end())
        return at->second;
    if (d_kept + p.band > most_kept) {
        d_references.clear();
        d_kept = 0;
    }
    reference& r = d_references[key];
    d_kept += p.band;
    fft& forward = transform(p.size, fft::direction::forward);
    std::fill_n(forward.data(), p.size, cfloat(0.0f));
    replica_samples(p, replica, slot, forward.data());
    forward.execute();
    for (int i = 0; i < p.band; ++i) {
        const auto bin = floor_mod(p.middle_bin - p.band / 2 + i, int64_t{ p.size });
        const cfloat x = forward.result()[bin];
        r.band.push_back(x);
        r.energy += x.real() * x.real() + x.imag() * x.imag();
    }
    return r;
}

// Inverse transform of the band, `shift` bins further up in the spectrum, placed round
// bin 0, times the conjugate of the reference if there is one.
void prs_search::to_lags(const layout& p, const cfloat* reference, int64_t shift)
{
    const cfloat* const in = transform(p.size, fft::direction::forward).result();
    fft& inverse = transform(p.lags, fft::direction::inverse);
    auto from = floor_mod(p.middle_bin + shift - p.band / 2, int64_t{ p.size });
    auto to = floor_mod(-(p.band / 2), int64_t{ p.lags });
    for (int64_t done = 0; done < p.band;) {
        const auto here = std::min({ p.band - done, p.size - from, p.lags - to });
        if (reference)
            multiply_conjugate(in + from, reference + done, here, inverse.data() + to);
        else
            std::copy_n(in + from, here, inverse.data() + to);
        done += here;
        from = (from + here) % p.size;
        to = (to + here) % p.lags;
    }
    const int64_t upper = p.band - p.band / 2;
    std::fill(inverse.data() + upper, inverse.data() + p.lags - p.band / 2, cfloat(0.0f));
    inverse.execute();
}

// Which columns have not all their samples, and which say nothing: a part with less than
// one dimension of the replica.
void prs_search::mark(const layout& p, const sample_view& samples, int64_t begin)
{
    const int64_t length = static_cast<int64_t>(p.length) * p.decimation;
    d_silent.clear();
    const auto held = [&](int d) {
        const int64_t offset = begin + static_cast<int64_t>(d * p.lag_samples);
        return std::min(offset + length, samples.end()) - std::max(offset, samples.first);
    };
    const auto note = [&](int d) {
        const int64_t here = held(d);
        if (here >= length)
            return false;
        d_valid[d] = 0;
        if (here * p.dimensions < length)
            d_silent.push_back(d);
        return true;
    };
    // Those that are cut are at the ends.
    int d = 0;
    while (d < p.columns && note(d))
        ++d;
    for (int e = p.columns - 1; e > d && note(e);)
        --e;
}

void prs_search::weigh(const layout& p, double reference_energy)
{
    const int under =
        static_cast<int>(std::lround(p.length * p.decimation / p.lag_samples));
    d_energies.resize(p.lags / energy_step);
    d_weights.resize(p.columns);
    // Neither transform is scaled: Parseval leaves a factor of `lags`.
    energy_weights(transform(p.lags, fft::direction::inverse).result(),
                   p.lags,
                   under,
                   p.lags / reference_energy,
                   p.columns,
                   d_energies.data(),
                   d_weights.data());
    for (const int d : d_silent)
        d_weights[d] = 0.0f;
}

search_result prs_search::search(const sample_view& samples,
                                 prs_replica& replica,
                                 const std::vector<int64_t>& slots,
                                 const std::vector<instant>& sent,
                                 const delay_model& model,
                                 double half_width_s,
                                 double doppler_half_width_hz)
{
    const double rate = d_carrier.sample_rate_hz;
    const auto starts = [&](size_t s) {
        return model.arrival(advance(sent[s], replica.first_sample(slots[s]) / rate));
    };
    const layout p = plan(replica,
                          slots.front(),
                          half_width_s,
                          doppler_half_width_hz,
                          d_carrier.frequency_hz * model.rate_at(starts(0)));
    decimator& lower = decimator_for(p);
    fft& forward = transform(p.size, fft::direction::forward);
    const cfloat* const at_lag = transform(p.lags, fft::direction::inverse).result();
    d_cells.resize(static_cast<size_t>(p.rows()) * p.columns);
    d_valid.assign(p.columns, 1);
    const int64_t margin = static_cast<int64_t>(p.margin) * p.decimation;
    // of the slots' predicted place between samples, removed from the result
    double fraction = 0.0;

    for (size_t s = 0; s < slots.size(); ++s) {
        const reference& sent_band = reference_for(p, replica, slots[s]);
        const instant start = starts(s);
        const double position = samples.position(start);
        int64_t begin = static_cast<int64_t>(std::floor(position)) - margin;
        // Half a lowered sample at most: the means read whole lines of the cache there.
        if (p.decimation >= 2 * line_samples)
            begin -= floor_mod(begin - line_samples / 2, line_samples);
        fraction = begin + lower.offset() + margin - position;
        const double step =
            d_carrier.frequency_hz * model.rate_at(start) / rate -
            (p.mixed ? static_cast<double>(p.middle_k) / fft_size(d_carrier) : 0.0);
        const int taken = 2 * p.margin + p.length + 2;
        lower.run(samples, begin, taken, step, p.mixed, forward.data());
        std::fill(forward.data() + taken, forward.data() + p.size, cfloat(0.0f));
        forward.execute();

        // Energy under the replica at each lag, in the occupied band.
        mark(p, samples, begin);
        to_lags(p, nullptr, 0);
        weigh(p, sent_band.energy);
        const double since_first = seconds_between(sent[s], sent.front());

        for (int row = 0; row < p.rows(); ++row) {
            to_lags(p,
                    sent_band.band.data(),
                    static_cast<int64_t>(row - p.doppler_bins) * p.doppler_step);
            // What this row's Doppler has moved the delay by since the first slot.
            const double rate_off = -p.row_hz(row) / d_carrier.frequency_hz;
            const int moved = static_cast<int>(
                std::lround(rate_off * since_first * rate / p.lag_samples));
            const int from = std::clamp(-moved, 0, p.columns);
            const int to = std::clamp(p.columns - moved, from, p.columns);
            add_cells(at_lag + from + moved,
                      d_weights.data() + from + moved,
                      to - from,
                      s == 0,
                      d_cells.data() + static_cast<size_t>(row) * p.columns + from);
        }
    }

    search_result result;
    const int tried = std::count(d_valid.begin(), d_valid.end(), 1);
    result.cells = static_cast<int64_t>(tried) * p.rows();
    result.extent_s = tried * p.lag_samples / rate;
    result.extent_hz = (p.rows() - 1) * p.doppler_step * p.bin_hz;
    if (tried == 0)
        return result;
    result.threshold =
        gamma_threshold(slots.size(), d_false_alarm / static_cast<double>(result.cells));
    // Cells at the segment's border too, over the samples that are there: a signal that
    // is cut has echoes in delay and Doppler among the whole ones, but is itself stronger
    // than they are.
    const int64_t best = largest_index(d_cells.data(), d_cells.size());
    const int row = best / p.columns;
    const int column = best % p.columns;
    const auto cell = [&](int r, int d) -> double {
        const bool inside = r >= 0 && r < p.rows() && d >= 0 && d < p.columns;
        return inside ? d_cells[static_cast<size_t>(r) * p.columns + d] : 0.0;
    };
    result.statistic = (p.dimensions - 1.0) * d_cells[best];
    result.whole = d_valid[column];
    result.found = result.statistic > result.threshold && result.whole;
    const double delay =
        vertex(cell(row, column - 1), d_cells[best], cell(row, column + 1));
    const double doppler =
        vertex(cell(row - 1, column), d_cells[best], cell(row + 1, column));
    result.delay_s =
        ((column + delay) * p.lag_samples - static_cast<double>(margin) + fraction) /
        rate;
    result.doppler_hz = p.row_hz(row + doppler);
    return result;
}

} // namespace gr::ntnpos::kernel
