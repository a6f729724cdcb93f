/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_text.h"
#include "phasor.h"
#include <gnuradio/ntnpos/kernel/prs_search.h>
#include <algorithm>
#include <cmath>

namespace gr::ntnpos::kernel {

namespace {

using cfloat = std::complex<float>;

// Points per inverse bandwidth: half a step off costs 1.6 dB.
constexpr double delay_oversampling = 1.5;

int power_of_two_from(double least)
{
    int size = 64;
    while (size < least)
        size *= 2;
    return size;
}

// Threshold t with Q(n, t) = p, Q the tail of the sum of n exponentials: sum_{i<n} t^i /
// i! exp(-t).
double gamma_threshold(int n, double p)
{
    double low = 0.0, high = 100.0 + 10.0 * n;
    for (int round = 0; round < 60; ++round) {
        const double t = 0.5 * (low + high);
        double term = std::exp(-t), tail = 0.0;
        for (int i = 0; i < n; ++i) {
            tail += term;
            term *= t / (i + 1);
        }
        (tail > p ? low : high) = t;
    }
    return high;
}

// Offset of the vertex of the parabola through three values at -1, 0, 1.
double vertex(double left, double middle, double right)
{
    const double curvature = left - 2.0 * middle + right;
    return curvature < 0.0 ? std::clamp(0.5 * (left - right) / curvature, -0.5, 0.5)
                           : 0.0;
}

// a = a conj(b), written out: the library's product minds infinities, at many times the
// cost.
void multiply_conjugate(std::vector<cfloat>& a, const std::vector<cfloat>& b)
{
    auto* x = reinterpret_cast<float*>(a.data());
    const auto* y = reinterpret_cast<const float*>(b.data());
    for (size_t i = 0; i < 2 * a.size(); i += 2) {
        const float re = x[i] * y[i] + x[i + 1] * y[i + 1];
        const float im = x[i + 1] * y[i] - x[i] * y[i + 1];
        x[i] = re;
        x[i + 1] = im;
    }
}

int64_t bin_of(int64_t bin, int64_t size)
{
    bin %= size;
    return bin < 0 ? bin + size : bin;
}

} // namespace

prs_search::prs_search(const carrier& c, double false_alarm_probability)
    : d_carrier((throw_if(validate(c)), c)), d_false_alarm(false_alarm_probability)
{
    if (!(false_alarm_probability > 0.0 && false_alarm_probability <= 0.5))
        throw_if(config_error{
            "false_alarm_probability", to_text(false_alarm_probability), "in (0, 0.5]" });
}

fft& prs_search::transform(int size, fft::direction dir)
{
    const auto key = std::make_pair(size, dir == fft::direction::forward);
    auto at = d_transforms.find(key);
    if (at == d_transforms.end())
        at = d_transforms.emplace(key, fft(size, dir)).first;
    return at->second;
}

void prs_search::replica_samples(prs_replica& replica, int64_t slot, cfloat* out)
{
    const int size = fft_size(d_carrier);
    const int comb = replica.resource().comb_size;
    fft& symbol_transform = transform(size, fft::direction::inverse);
    for (int index = 0; index < replica.num_symbols(); ++index) {
        const auto symbol = replica.at(slot, index);
        cfloat* buffer = symbol_transform.data();
        std::fill(buffer, buffer + size, cfloat(0.0f));
        for (int m = 0; m < replica.elements(); ++m) {
            const int k =
                12 * replica.resource().start_prb + symbol.first_element + m * comb;
            buffer[subcarrier_bin(d_carrier, k)] = symbol.values[m];
        }
        symbol_transform.execute();
        out = std::copy(buffer + size - symbol.cp_samples, buffer + size, out);
        out = std::copy(buffer, buffer + size, out);
    }
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
    const double bandwidth = replica.span() * d_carrier.scs_khz * 1e3;
    const int margin = static_cast<int>(std::ceil(half_width_s * rate)) + 1;
    const int length = replica.length_samples(slots.front());
    const int needed = 2 * margin + length + 2;
    // Four times the replica at least: the Doppler step is then a whole number of bins,
    // two or more.
    const int size = power_of_two_from(std::max(needed, 4 * length));
    const double bin_hz = rate / size;
    const int band = std::min<int>(size, std::ceil(1.1 * bandwidth / bin_hz));
    const int lags =
        std::min(size, power_of_two_from(delay_oversampling * bandwidth / bin_hz));
    const double lag_samples = static_cast<double>(size) / lags;
    const int middle_k =
        12 * replica.resource().start_prb + replica.span() / 2 - 6 * d_carrier.n_rb;
    const int64_t middle_bin = std::llround(middle_k * d_carrier.scs_khz * 1e3 / bin_hz);

    const int doppler_step = std::max(1, static_cast<int>(0.5 * rate / length / bin_hz));
    const int doppler_bins =
        static_cast<int>(std::ceil(doppler_half_width_hz / (doppler_step * bin_hz)));
    const int rows = 2 * doppler_bins + 1;
    const int columns = static_cast<int>(std::floor(2.0 * margin / lag_samples)) + 1;
    std::vector<float> cells(static_cast<size_t>(rows) * columns, 0.0f);
    std::vector<char> valid(columns, 1);
    std::vector<float> weight(columns);
    std::vector<cfloat> spectrum(band), reference(band);
    std::vector<double> energy(lags + 1);

    fft& forward = transform(size, fft::direction::forward);
    fft& inverse = transform(lags, fft::direction::inverse);
    // Picks the occupied band, shifted by a number of bins, out of the forward transform.
    const auto take_band = [&](std::vector<cfloat>& out, int64_t shift) {
        const cfloat* in = forward.data();
        const int64_t at = bin_of(middle_bin + shift - band / 2, size);
        const int64_t head = std::min<int64_t>(band, size - at);
        std::copy(in, in + band - head, std::copy(in + at, in + at + head, out.begin()));
    };
    // Inverse transform of band values placed round bin 0 of the short one.
    const auto to_lags = [&](const std::vector<cfloat>& values) {
        cfloat* out = inverse.data();
        const auto middle = values.begin() + band / 2;
        std::fill(
            std::copy(middle, values.end(), out), out + lags - band / 2, cfloat(0.0f));
        std::copy(values.begin(), middle, out + lags - band / 2);
        inverse.execute();
    };
    // Of the noise whose energy is taken: what the band that was picked out can hold.
    const double dimensions = band * bin_hz * length / rate;
    // of the slots' predicted place between samples, removed from the result
    double fraction = 0.0;

    for (size_t s = 0; s < slots.size(); ++s) {
        cfloat* buffer = forward.data();
        std::fill(buffer, buffer + size, cfloat(0.0f));
        replica_samples(replica, slots[s], buffer);
        forward.execute();
        take_band(reference, 0);
        double reference_energy = 0.0;
        for (const auto& x : reference)
            reference_energy += std::norm(x);

        const int first_offset = replica.first_sample(slots[s]);
        const instant start = model.arrival(advance(sent[s], first_offset / rate));
        const double position = samples.position(start);
        const int64_t begin = static_cast<int64_t>(std::floor(position)) - margin;
        fraction = begin + margin - position;
        std::fill(buffer, buffer + size, cfloat(0.0f));
        const int64_t from = std::max(begin, samples.first);
        const int64_t to = std::min(begin + needed, samples.end());
        const double step = d_carrier.frequency_hz * model.rate_at(start) / rate;
        phasor turn(step * (from - begin), step);
        for (int64_t n = from; n < to; ++n)
            buffer[n - begin] = samples.data[n - samples.first] * turn.next();
        forward.execute();

        // Energy under the replica at each lag, in the occupied band.
        take_band(spectrum, 0);
        to_lags(spectrum);
        energy[0] = 0.0;
        const cfloat* at_lag = inverse.data();
        for (int i = 0; i < lags; ++i)
            energy[i + 1] = energy[i] + std::norm(at_lag[i]);
        const int under = static_cast<int>(std::lround(length / lag_samples));
        for (int d = 0; d < columns; ++d) {
            const int64_t offset = begin + static_cast<int64_t>(d * lag_samples);
            const int64_t held = std::min(offset + length, samples.end()) -
                                 std::max(offset, samples.first);
            if (held < length)
                valid[d] = 0;
            const double below = energy[std::min(d + under, lags)] - energy[d];
            // A part with less than one dimension of the replica says nothing. Neither
            // transform is scaled: Parseval leaves a factor of `lags`.
            const bool telling = held * dimensions >= length && below > 0.0;
            weight[d] = telling ? lags / (below * reference_energy) : 0.0;
        }
        const double since_first = seconds_between(sent[s], sent.front());

        for (int row = 0; row < rows; ++row) {
            take_band(spectrum, static_cast<int64_t>(row - doppler_bins) * doppler_step);
            multiply_conjugate(spectrum, reference);
            to_lags(spectrum);
            float* out = cells.data() + static_cast<size_t>(row) * columns;
            // What this row's Doppler has moved the delay by since the first slot.
            const double rate_off =
                -(row - doppler_bins) * doppler_step * bin_hz / d_carrier.frequency_hz;
            const int moved = static_cast<int>(
                std::lround(rate_off * since_first * rate / lag_samples));
            const int from_d = std::max(0, -moved), to_d = columns - std::max(0, moved);
            for (int d = from_d; d < to_d; ++d) {
                const float x = weight[d + moved] * std::norm(at_lag[d + moved]);
                // -ln(1 - x) to the precision that matters where noise and signal meet
                out[d] += x * (1.0f + x * (0.5f + x * (1.0f / 3.0f)));
            }
        }
    }

    search_result result;
    const int tried = std::count(valid.begin(), valid.end(), 1);
    result.cells = static_cast<int64_t>(tried) * rows;
    result.extent_s = tried * lag_samples / rate;
    result.extent_hz = (rows - 1) * doppler_step * bin_hz;
    if (tried == 0)
        return result;
    result.threshold =
        gamma_threshold(slots.size(), d_false_alarm / static_cast<double>(result.cells));
    // Cells at the segment's border too, over the samples that are there: a signal that
    // is cut has echoes in delay and Doppler among the whole ones, but is itself stronger
    // than they are.
    const size_t best = std::max_element(cells.begin(), cells.end()) - cells.begin();
    const int row = best / columns;
    const int column = best % columns;
    const auto cell = [&](int r, int d) -> double {
        const bool inside = r >= 0 && r < rows && d >= 0 && d < columns;
        return inside ? cells[static_cast<size_t>(r) * columns + d] : 0.0;
    };
    result.statistic = (dimensions - 1.0) * cells[best];
    result.whole = valid[column];
    result.found = result.statistic > result.threshold && result.whole;
    const double delay =
        vertex(cell(row, column - 1), cells[best], cell(row, column + 1));
    const double doppler =
        vertex(cell(row - 1, column), cells[best], cell(row + 1, column));
    result.delay_s = ((column + delay) * lag_samples - margin + fraction) / rate;
    result.doppler_hz = (row - doppler_bins + doppler) * doppler_step * bin_hz;
    return result;
}

} // namespace gr::ntnpos::kernel
