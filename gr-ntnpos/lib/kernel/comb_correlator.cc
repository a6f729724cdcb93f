/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comb_fold.h"
#include "integers.h"
#include "multiversion.h"
#include "narrow_spectrum.h"
#include <gnuradio/ntnpos/kernel/comb_correlator.h>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace gr::ntnpos::kernel {

namespace {

constexpr int stretch = turn_table::stretch;
constexpr int line_samples = 8; // of a line of the cache

const float* as_floats(const std::complex<float>* x)
{
    return reinterpret_cast<const float*>(x);
}

// out = s conj(v) (re + j im) (fine_re + j fine_im)
[[gnu::always_inline]] inline void stretch_of(const float* s,
                                              const float* v,
                                              float re,
                                              float im,
                                              const float* fine_re,
                                              const float* fine_im,
                                              int count,
                                              float* out)
{
    for (int m = 0; m < count; ++m) {
        const float tr = re * fine_re[m] - im * fine_im[m];
        const float ti = re * fine_im[m] + im * fine_re[m];
        const float xr = s[2 * m] * v[2 * m] + s[2 * m + 1] * v[2 * m + 1];
        const float xi = s[2 * m + 1] * v[2 * m] - s[2 * m] * v[2 * m + 1];
        out[2 * m] = xr * tr - xi * ti;
        out[2 * m + 1] = xr * ti + xi * tr;
    }
}

// out = scale s conj(v) turns
NTNPOS_MULTIVERSION
void elements_of(const float* s,
                 const float* v,
                 float scale,
                 const turn_table& turns,
                 int count,
                 float* out)
{
    const float *fine_re = turns.fine_re(), *fine_im = turns.fine_im();
    for (int m = 0; m < count; m += stretch) {
        const float re = scale * turns.coarse_re()[m / stretch];
        const float im = scale * turns.coarse_im()[m / stretch];
        const int at = 2 * m;
        if (count - m >= stretch) // the compiler then knows the number
            stretch_of(s + at, v + at, re, im, fine_re, fine_im, stretch, out + at);
        else
            stretch_of(s + at, v + at, re, im, fine_re, fine_im, count - m, out + at);
    }
}

// out[m] = v[m] channel[m] (re + j im) (fine_re + j fine_im)
NTNPOS_MULTIVERSION
void bins_of(const float* v,
             const float* channel,
             float re,
             float im,
             const float* fine_re,
             const float* fine_im,
             int count,
             float* out)
{
    for (int m = 0; m < count; ++m) {
        const float tr = re * fine_re[m] - im * fine_im[m];
        const float ti = re * fine_im[m] + im * fine_re[m];
        const float xr = v[2 * m] * channel[2 * m] - v[2 * m + 1] * channel[2 * m + 1];
        const float xi = v[2 * m] * channel[2 * m + 1] + v[2 * m + 1] * channel[2 * m];
        out[2 * m] = xr * tr - xi * ti;
        out[2 * m + 1] = xr * ti + xi * tr;
    }
}

} // namespace

comb_correlator::comb_correlator(const carrier& c)
    : d_carrier((throw_if(validate(c)), c)),
      d_size(fft_size(c)),
      d_early(std::clamp(d_size / 512, 1, line_samples)),
      d_ramp(std::make_unique<turn_table>())
{
}

comb_correlator::~comb_correlator() = default;

comb_fold& comb_correlator::fold_for(const prs_replica& replica)
{
    // Of eight parts (an SRS) four are folded, and every other bin is taken.
    const int whole = std::gcd(replica.comb_size(), d_size);
    const int parts = whole == 8 ? 4 : whole;
    auto& fold = d_folds[parts];
    if (!fold)
        fold = std::make_unique<comb_fold>(d_size, parts);
    return *fold;
}

narrow_spectrum* comb_correlator::narrow_for(const comb_fold& fold, int bins)
{
    auto& found = d_narrow[{ fold.parts(), bins }];
    if (!found && narrow_spectrum::short_size(fold.points(), bins) > 0)
        found = std::make_unique<narrow_spectrum>(d_size, fold.parts(), bins);
    return found.get();
}

// What the placement of a slot's first symbol starts from: the slot's beginning.
comb_correlator::placement comb_correlator::start(const instant& sent,
                                                  const delay_model& model) const
{
    placement p{};
    p.centre = model.arrival(sent);
    p.toa = model.at(p.centre);
    p.rate = model.rate_at(p.centre);
    return p;
}

// p: the placement of the symbol before it in the slot, or of the slot's start.
void comb_correlator::place(const sample_view& samples,
                            const prs_replica::symbol& s,
                            const instant& sent,
                            const delay_model& model,
                            placement& p) const
{
    const double rate_hz = d_carrier.sample_rate_hz;
    const instant useful_sent = advance(sent, (s.start_samples + s.cp_samples) / rate_hz);
    // Arrival by the line through the last delay: what curvature adds in a slot, 1e-7
    // s/s^2 over 1e-6 s^2, is far below a sample, and only samples are counted with it.
    const double since = seconds_between(useful_sent, p.centre) + p.toa;
    const instant useful = advance(useful_sent, p.toa + p.rate * since / (1.0 - p.rate));
    const double position = samples.position(useful);
    // Half a prefix early: paths and errors of either sign stay within the symbol.
    p.window = std::llround(position) - s.cp_samples / 2;
    // And up to 1/512 of a symbol more: there a wide carrier's samples begin a line of
    // the cache in a buffer that does so itself, wherever it was cut from the stream.
    p.window -= floor_mod(p.window, int64_t{ d_early });
    p.centre = samples.at(p.window + d_size / 2);
    p.toa = model.at(p.centre);
    p.rate = model.rate_at(p.centre);
    p.ramp_s = (seconds_between(p.centre, useful_sent) - p.toa) - 0.5 * d_size / rate_hz;
    const double cycles = d_carrier.frequency_hz * p.toa;
    p.cycles = cycles - std::floor(cycles);
    p.step = d_carrier.frequency_hz * p.rate / rate_hz;
    // What lasts one second for the satellite's clock lasts 1 + rate by the receiver's.
    const double stretched = 1.0 + p.rate;
    p.begin = position - s.cp_samples * stretched;
    p.end = position + d_size * stretched;
}

bool comb_correlator::measure(const sample_view& samples,
                              prs_replica& replica,
                              const std::vector<int64_t>& slots,
                              const std::vector<instant>& sent,
                              const delay_model& model,
                              std::vector<symbol_channel>& out)
{
    const int comb = replica.comb_size();
    const int low = replica.lowest_subcarrier() - 6 * d_carrier.n_rb;
    const double amplitude = replica.amplitude();
    // The grid's unit element has amplitude 1/sqrt(12 n_rb) in time; the transform of N
    // samples gives N of it.
    const auto scale = static_cast<float>(std::sqrt(12.0 * d_carrier.n_rb) / d_size /
                                          (amplitude * amplitude));
    comb_fold& fold = fold_for(replica);
    const int spacing = comb / fold.parts();
    const int elements = replica.elements();
    narrow_spectrum* const narrow = narrow_for(fold, (elements - 1) * spacing + 1);
    out.resize(slots.size() * replica.num_symbols());
    size_t at = 0;
    for (size_t i = 0; i < slots.size(); ++i) {
        placement p = start(sent[i], model);
        for (int index = 0; index < replica.num_symbols(); ++index) {
            const auto symbol = replica.at(slots[i], index);
            place(samples, symbol, sent[i], model, p);
            if (!samples.holds(p.window, p.window + d_size)) {
                out.clear();
                return false;
            }
            // The lowest element is turned to bin 0.
            const int first_k = low + symbol.first_element;
            const double cycles = p.cycles - p.step * (d_size / 2);
            const double step = p.step - static_cast<double>(first_k) / d_size;
            const auto* const window = samples.data + (p.window - samples.first);
            const std::complex<float>* spectrum;
            if (narrow) {
                spectrum = narrow->analyse(window, cycles, step);
            } else {
                fold.turn(cycles, step);
                spectrum = fold.analyse(window);
            }
            // Ramp over absolute subcarrier frequency takes the window's place out.
            const double ramp = -p.ramp_s * d_carrier.scs_khz * 1e3;
            d_ramp->set(ramp * first_k, ramp * comb, elements);

            symbol_channel& channel = out[at++];
            channel.slot_index = static_cast<int>(i);
            channel.centre = p.centre;
            channel.first_element = symbol.first_element;
            channel.values.resize(elements);
            if (spacing > 1) {
                for (int m = 0; m < elements; ++m)
                    channel.values[m] = spectrum[m * spacing];
                spectrum = channel.values.data();
            }
            elements_of(as_floats(spectrum),
                        as_floats(symbol.values),
                        scale,
                        *d_ramp,
                        elements,
                        reinterpret_cast<float*>(channel.values.data()));
        }
    }
    return true;
}

void comb_correlator::add_replica(const sample_view& samples,
                                  prs_replica& replica,
                                  const std::vector<int64_t>& slots,
                                  const std::vector<instant>& sent,
                                  const delay_model& model,
                                  const std::vector<std::complex<float>>& channel,
                                  double edge_s,
                                  float scale)
{
    const int comb = replica.comb_size();
    const int low = replica.lowest_subcarrier() - 6 * d_carrier.n_rb;
    const double edge = edge_s * d_carrier.sample_rate_hz;
    const float element = scale / std::sqrt(12.0f * d_carrier.n_rb);
    comb_fold& fold = fold_for(replica);
    const int spacing = comb / fold.parts();
    const int elements = replica.elements();
    std::fill_n(fold.bins(), fold.points(), std::complex<float>());
    for (size_t i = 0; i < slots.size(); ++i) {
        placement p = start(sent[i], model);
        for (int index = 0; index < replica.num_symbols(); ++index) {
            const auto symbol = replica.at(slots[i], index);
            place(samples, symbol, sent[i], model, p);
            const int64_t begin =
                std::max(samples.first, static_cast<int64_t>(std::ceil(p.begin + edge)));
            const int64_t end =
                std::min(samples.end(), static_cast<int64_t>(std::ceil(p.end + edge)));
            if (begin >= end)
                continue;
            const double ramp = p.ramp_s * d_carrier.scs_khz * 1e3;
            const int first_k = low + symbol.first_element;
            d_ramp->set(ramp * first_k, ramp * comb, elements);
            for (int m = 0; m < elements; m += stretch) {
                const auto turn = element * d_ramp->coarse(m / stretch);
                const int here = std::min(stretch, elements - m);
                float seen[2 * stretch], made[2 * stretch]; // complex
                const auto* from = channel.data() + symbol.first_element + m * comb;
                for (int n = 0; n < here; ++n)
                    std::memcpy(seen + 2 * n, from + n * comb, sizeof *from);
                bins_of(as_floats(symbol.values + m),
                        seen,
                        turn.real(),
                        turn.imag(),
                        d_ramp->fine_re(),
                        d_ramp->fine_im(),
                        here,
                        made);
                auto* const to = reinterpret_cast<float*>(fold.bins() + m * spacing);
                for (int n = 0; n < here; ++n)
                    std::memcpy(to + 2 * n * spacing, made + 2 * n, 2 * sizeof *to);
            }
            fold.turn(p.cycles - p.step * (d_size / 2),
                      p.step - static_cast<double>(first_k) / d_size);
            fold.synthesise(
                begin - p.window, end - begin, samples.data + (begin - samples.first));
        }
    }
}

} // namespace gr::ntnpos::kernel
