# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of arrival without noise against an exact signal: resources, moving delays, parts of a sample."""

import sys
from pathlib import Path

import numpy as np
from gnuradio import gr_unittest, ntnpos

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "reference"))
import bank as rx  # noqa: E402
import exact_signal as exact  # noqa: E402

RATE = 24e-6  # s/s: the most at 600 km, 48 kHz at 2 GHz
CURVATURE = 1.5e-7  # s/s^2: half of 600 Hz/s at 2 GHz, which an ephemeris predicts
SFN0_S = 0.0002137


class qa_toa(gr_unittest.TestCase):
    def check(
        self,
        carrier,
        resource,
        delay_s,
        rate=RATE,
        gain=0.5,
        duration_s=2.2e-3,
        occasions=1,
        tolerance=1e-10,
        **settings,
    ):
        """One satellite whose delay is delay_s + rate t; the window is off by a microsecond and 300 Hz."""
        rate_hz = carrier.sample_rate_hz
        t = exact.sample_times(0.0, duration_s, rate_hz)
        toa = lambda t: delay_s + rate * t + CURVATURE * t**2  # noqa: E731
        y = exact.received(t, carrier, resource, toa, SFN0_S, gain)
        window = ntnpos.search_window(
            rx.trajectory(delay_s + 1.03e-6, rate - 300.0 / carrier.frequency_hz, CURVATURE), 10e-6, 2e3
        )
        signal = ntnpos.satellite_signal("a", resource, (0, SFN0_S))
        found = rx.measure(carrier, [signal], [window], (0, 0.0), y, **settings)
        self.assertEqual([m.status for m in found], ["found"] * occasions)
        for m in found:
            self.assertEqual(m.paths, 1)
            self.assertLess(abs(m.toa_s - toa(m.arrival_s)), tolerance)
            slot_start = m.arrival_s - m.toa_s - SFN0_S
            scale = carrier.scs_khz // 15
            expected = 1e-3 * (m.slot // scale) + exact.symbol_timing(carrier, m.slot, 0)[0]
            self.assertLess(abs(slot_start - expected), 1e-12)
            doppler = -carrier.frequency_hz * (rate + 2 * CURVATURE * m.arrival_s)
            self.assertLess(abs(m.doppler_hz - doppler), 0.1 * carrier.scs_khz)
            self.assertTrue(0.0 < m.toa_std_s < tolerance and 0.0 < m.doppler_std_hz < 1.0)
            self.assertTrue(np.isfinite(m.snr_db))
        return found

    def test_the_reference_is_the_transmitter(self):
        """At whole samples without delay the exact signal is what prs_slot sends."""
        for scs_khz, extended, pair in ((15, False, (4, 4)), (30, False, (12, 6)), (60, True, (2, 2))):
            carrier = ntnpos.carrier(
                scs_khz=scs_khz, n_rb=28, sample_rate_hz=512e3 * scs_khz, extended_cp=extended,
                phase_compensation=True, frequency_hz=2.0000123e9,
            )  # fmt: skip
            resource = ntnpos.prs_resource(
                sequence_id=1234, comb_size=pair[1], num_symbols=pair[0], start_symbol=0, start_prb=3,
                num_rb=24, periodicity_slots=20, slot_offset=5, power_offset_db=1.5,
            )  # fmt: skip
            slot = ntnpos.prs_slot(carrier, [resource], 5)
            start = sum(
                ntnpos.symbol_offset_samples(carrier, s, exact.symbols_per_slot(carrier)) for s in range(5)
            )
            t = (start + np.arange(len(slot))) / carrier.sample_rate_hz
            self.assertLess(np.abs(exact.transmitted(t, carrier, resource) - slot).max(), 3e-6)

    def test_every_legal_pair_at_fractions_of_a_sample(self):
        carrier = ntnpos.carrier(n_rb=12, sample_rate_hz=3.84e6)
        for i, (symbols, comb) in enumerate(exact.LEGAL_PAIRS):
            resource = ntnpos.prs_resource(
                sequence_id=411 * i + 1, comb_size=comb, num_symbols=symbols,
                start_symbol=(14 - symbols) // 2, re_offset=comb - 1, num_rb=12, periodicity_slots=10,
            )  # fmt: skip
            for fraction in (0.0, 0.13, 0.5, 0.77):
                delay_s = 0.4e-3 + (i + fraction) / 3.84e6
                self.check(carrier, resource, delay_s)

    def test_carriers_bands_and_slots(self):
        """Numerologies, phase term of 5.4, part of the grid, repetitions, muting, both ways of moving."""
        cases = [
            (dict(phase_compensation=True), dict(), {}, 1),
            (dict(phase_compensation=True, frequency_hz=2.17e9 + 12345), dict(num_symbols=12), {}, 1),
            (dict(), dict(num_rb=24, start_prb=20, num_symbols=2, comb_size=2), {}, 1),
            (dict(), dict(num_rb=24, start_prb=0, num_symbols=12, comb_size=12, start_symbol=0), {}, 1),
            (dict(scs_khz=30), dict(periodicity_slots=20, slot_offset=1), {}, 1),
            (dict(scs_khz=30, phase_compensation=True), dict(periodicity_slots=20, slot_offset=3), {}, 1),
            (dict(scs_khz=60, extended_cp=True), dict(periodicity_slots=40, start_symbol=5), {}, 1),
            (dict(scs_khz=120), dict(periodicity_slots=80, slot_offset=2, start_symbol=8), {}, 1),
            (dict(), dict(repetition_factor=2), {}, 1),
            (dict(phase_compensation=True), dict(repetition_factor=4, time_gap_slots=2), {}, 1),
            (dict(scs_khz=30), dict(periodicity_slots=20, repetition_factor=4), {}, 1),
            (dict(), dict(repetition_factor=4, muting_option2_bits=[0, 1, 0, 1]), {}, 1),
            (dict(), dict(repetition_factor=4), dict(max_coherent_s=0.0), 4),
            (dict(), dict(periodicity_slots=4, muting_option1_bits=[1, 0]), {}, 1),
            (dict(), dict(power_offset_db=-6.0, sequence_id=4095), {}, 1),
        ]
        for n, (carrier_changes, prs_changes, settings, occasions) in enumerate(cases):
            scs_khz = carrier_changes.get("scs_khz", 15)
            carrier = ntnpos.carrier(**{**dict(n_rb=52, sample_rate_hz=1024e3 * scs_khz), **carrier_changes})
            resource = ntnpos.prs_resource(**{**dict(num_rb=32, start_prb=8, slot_offset=1), **prs_changes})
            self.assertIsNone(resource.validate(carrier))
            duration_s = 2.6e-3 + (resource.repetition_factor - 1) * resource.time_gap_slots * 15e-3 / scs_khz
            for rate, fraction in ((RATE, 0.31 * n), (-RATE, 0.5), (0.0, 0.0)):
                delay_s = 0.3e-3 + fraction / carrier.sample_rate_hz
                self.check(carrier, resource, delay_s, rate, 0.3, duration_s, occasions, **settings)

    def test_two_paths_do_not_pull_the_first(self):
        carrier = ntnpos.carrier(n_rb=24, sample_rate_hz=7.68e6)
        resource = ntnpos.prs_resource(num_symbols=12, start_symbol=2)
        t = exact.sample_times(0.0, 1.6e-3, 7.68e6)
        toa = lambda t: 0.5e-3 + 43e-9 + RATE * t  # noqa: E731
        y = exact.received(t, carrier, resource, toa)
        # The second path keeps its distance, so its carrier phase is constant beside the first.
        y += exact.received(t, carrier, resource, lambda t: toa(t) + 0.7e-6, gain=1.2)
        window = ntnpos.search_window(rx.trajectory(0.5e-3, RATE), 10e-6, 1e3)
        (m,) = rx.measure(carrier, [ntnpos.satellite_signal("a", resource, (0, 0.0))], [window], (0, 0.0), y)
        self.assertEqual(m.paths, 2)
        self.assertLess(abs(m.toa_s - toa(m.arrival_s)), 1e-10)

    def test_satellites_that_overlap_do_not_pull_each_other(self):
        """Three at once, with unequal delays, Doppler and power; without noise cancellation is all."""
        carrier = ntnpos.carrier(n_rb=24, sample_rate_hz=7.68e6)
        t = exact.sample_times(0.0, 1.6e-3, 7.68e6)
        y = np.zeros(len(t), complex)
        signals, windows, toas = [], [], {}
        for i, (delay_s, rate, gain) in enumerate(
            ((0.31e-3, 20e-6, 1.0), (0.34717e-3, -15e-6, 0.4), (0.2703e-3, 2e-6, 0.7))
        ):
            resource = ntnpos.prs_resource(sequence_id=10 + i, re_offset=i)
            toas[str(i)] = lambda t, delay_s=delay_s, rate=rate: delay_s + rate * t
            y += exact.received(t, carrier, resource, toas[str(i)], gain=gain)
            signals.append(ntnpos.satellite_signal(str(i), resource, (0, 0.0)))
            windows.append(ntnpos.search_window(rx.trajectory(delay_s + 0.9e-6, rate + 1e-7), 20e-6, 1e3))
        found = rx.measure(carrier, signals, windows, (0, 0.0), y)
        self.assertEqual(sorted(m.satellite for m in found), ["0", "1", "2"])
        for m in found:
            self.assertLess(abs(m.toa_s - toas[m.satellite](m.arrival_s)), 1e-10)


if __name__ == "__main__":
    gr_unittest.run(qa_toa)
