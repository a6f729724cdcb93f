/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_BENCH_RECEIVER_SCENE_H
#define INCLUDED_NTNPOS_BENCH_RECEIVER_SCENE_H

#include <gnuradio/ntnpos/kernel/search_window.h>
#include <volk/volk_alloc.hh>
#include <complex>
#include <vector>

namespace gr::ntnpos::bench {

using samples = volk::vector<std::complex<float>>; // aligned as GNU Radio's buffers are

//! Satellites over one receiver: what they send, how it arrives, where it is looked for.
struct receiver_scene {
    kernel::carrier carrier;
    std::vector<kernel::satellite_signal> signals;
    std::vector<kernel::trajectory> delays;     //!< toa of each
    std::vector<kernel::search_window> windows; //!< off by up to 1 us and 100 Hz
};

/*!
 * Satellites at 600 km, 2 GHz and 15 kHz: rates up to 24 us/s, delays within 30 us of
 * each other, their PRS (comb 4, 12 symbols, blocks in the middle of the carrier) in the
 * same symbols.
 *
 * \param fft_size      samples a symbol: 512 is 7.68 MS/s
 * \param n_rb          of the carrier
 * \param num_rb        of the PRS
 * \param every_slot    PRS in every slot; else in one slot of ten
 */
receiver_scene
make_scene(int satellites, int fft_size, int n_rb, int num_rb, bool every_slot);

//! A scene's samples from receiver-clock zero on: equal powers, 10 dB over the noise in
//! one occupied element.
samples received(const receiver_scene& scene, double seconds);

} // namespace gr::ntnpos::bench

#endif
