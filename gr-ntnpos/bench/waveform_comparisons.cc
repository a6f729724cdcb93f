/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "comparison.h"
#include <gnuradio/ntnpos/kernel/gold_sequence.h>
#include <gnuradio/ntnpos/kernel/prs_modulator.h>
#include <gnuradio/ntnpos/kernel/srs_modulator.h>
#include <fftw3.h>
#include <volk/volk_alloc.hh>
#include <algorithm>
#include <complex>
#include <cstdint>
#include <memory>

namespace gr::ntnpos::bench {

namespace {

using namespace kernel;
using samples = volk::vector<std::complex<float>>; // aligned as GNU Radio's buffers are

constexpr int FFT_SIZE = 4096;
constexpr int SYMBOLS = 12;

// TS 38.211 5.2.1 with a shift register a sequence, as it is usually written.
void bit_serial(uint32_t c_init, uint64_t* words, int count)
{
    uint32_t x1 = 1;
    uint32_t x2 = c_init;
    const auto step = [&] {
        const uint64_t bit = (x1 ^ x2) & 1;
        x1 = (x1 >> 1) | (((x1 ^ (x1 >> 3)) & 1) << 30);
        x2 = (x2 >> 1) | (((x2 ^ (x2 >> 1) ^ (x2 >> 2) ^ (x2 >> 3)) & 1) << 30);
        return bit;
    };
    for (int n = 0; n < 1600; ++n)
        step();
    for (int w = 0; w < count; ++w) {
        uint64_t word = 0;
        for (int b = 0; b < 64; ++b)
            word |= step() << b;
        words[w] = word;
    }
}

// The bits of one symbol of a comb 2 PRS of 272 blocks.
comparison gold()
{
    constexpr int words = 2 * 272 * 12 / 2 / 64;
    auto out = std::make_shared<std::vector<uint64_t>>(words);
    auto c_init = std::make_shared<uint32_t>(0);
    const auto next = [c_init] { return *c_init = (*c_init + 0x1234567) & 0x7fffffff; };
    return { "gold",
             [=] {
                 gold_sequence sequence(next());
                 sequence.take_words(out->data(), words);
                 keep(out->data()[0]);
             },
             [=] {
                 bit_serial(next(), out->data(), words);
                 keep(out->data()[0]);
             } };
}

/* Bare inverse FFTs: FFTW's own plan made without measuring, from one buffer to another
 * (faster than in place), as many as a slot has PRS symbols. */
std::function<void()> bare_inverse_ffts()
{
    struct bare {
        fftwf_complex* in = fftwf_alloc_complex(FFT_SIZE);
        fftwf_complex* out = fftwf_alloc_complex(FFT_SIZE);
        fftwf_plan plan =
            fftwf_plan_dft_1d(FFT_SIZE, in, out, FFTW_BACKWARD, FFTW_ESTIMATE);
        bare() { std::fill_n(&in[0][0], 2 * FFT_SIZE, 1.0f); }
        ~bare()
        {
            fftwf_destroy_plan(plan);
            fftwf_free(in);
            fftwf_free(out);
        }
    };
    const auto fft = std::make_shared<bare>();
    return [fft] {
        for (int l = 0; l < SYMBOLS; ++l)
            fftwf_execute(fft->plan);
        keep(fft->out[0]);
    };
}

// A slot of 12 symbols of PRS at 30 kHz and 122.88 MS/s, a new one every call.
comparison prs_slot(const std::string& name, int comb_size, int num_rb)
{
    carrier c;
    c.scs_khz = 30;
    c.n_rb = 273;
    c.sample_rate_hz = 30e3 * FFT_SIZE;
    prs_resource r;
    r.comb_size = comb_size;
    r.num_symbols = SYMBOLS;
    r.num_rb = num_rb;
    r.periodicity_slots = 8;
    r.repetition_factor = 8; // every slot
    const auto modulator =
        std::make_shared<prs_modulator>(c, std::vector<prs_resource>{ r });
    const auto out = std::make_shared<samples>(modulator->slot_samples(0));
    const auto slot = std::make_shared<int64_t>(0);
    return { name,
             [=] {
                 modulator->modulate((*slot)++, out->data());
                 keep(out->data()[0]);
             },
             bare_inverse_ffts() };
}

// The same of positioning SRS.
comparison srs_slot(const std::string& name, int comb_size)
{
    carrier c;
    c.scs_khz = 30;
    c.n_rb = 273;
    c.sample_rate_hz = 30e3 * FFT_SIZE;
    srs_resource r;
    r.comb_size = comb_size;
    r.num_symbols = SYMBOLS;
    r.start_symbol = 2;
    r.c_srs = 63; // 272 blocks
    r.periodicity_slots = 1;
    const auto modulator =
        std::make_shared<srs_modulator>(c, std::vector<srs_resource>{ r });
    const auto out = std::make_shared<samples>(modulator->slot_samples(0));
    const auto slot = std::make_shared<int64_t>(0);
    return { name,
             [=] {
                 modulator->modulate((*slot)++, out->data());
                 keep(out->data()[0]);
             },
             bare_inverse_ffts() };
}

} // namespace

std::vector<comparison> waveform_comparisons()
{
    return { gold(),
             prs_slot("prs_slot_comb_4_rb_12", 4, 12),
             prs_slot("prs_slot_comb_4_rb_272", 4, 272),
             prs_slot("prs_slot_comb_2_rb_272", 2, 272),
             prs_slot("prs_slot_comb_6_rb_272", 6, 272),
             prs_slot("prs_slot_comb_12_rb_272", 12, 272),
             srs_slot("srs_slot_comb_4", 4),
             srs_slot("srs_slot_comb_8", 8) };
}

} // namespace gr::ntnpos::bench
