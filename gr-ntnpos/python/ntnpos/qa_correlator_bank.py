# SPDX-License-Identifier: GPL-3.0-or-later
"""The correlator bank under bad conditions: strange samples, wrong windows, satellites that overlap."""

import sys
from pathlib import Path

import numpy as np
from gnuradio import gr_unittest, ntnpos

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "reference"))
import bank as rx  # noqa: E402
import exact_signal as exact  # noqa: E402

RATE_HZ = 3.84e6
NOISE = 0.1
TOA = [
    lambda t: 0.31e-3 + 20e-6 * t,
    lambda t: 0.3613e-3 - 11e-6 * t,
    lambda t: 0.4107e-3 + 3e-6 * t,
]


def statuses(found):
    return {(m.satellite, m.slot): m.status for m in found}


class qa_correlator_bank(gr_unittest.TestCase):
    """Three satellites in the same slot every 10 ms, on neighbouring combs: they overlap."""

    @classmethod
    def setUpClass(cls):
        cls.carrier = ntnpos.carrier(n_rb=12, sample_rate_hz=RATE_HZ)
        cls.t = exact.sample_times(0.0, 33.5e-3, RATE_HZ)
        cls.resources = [
            ntnpos.prs_resource(sequence_id=90 + i, num_rb=12, re_offset=i, slot_offset=1) for i in range(3)
        ]
        cls.clean = sum(exact.received(cls.t, cls.carrier, r, toa) for r, toa in zip(cls.resources, TOA))
        cls.noise = exact.white_noise(np.random.default_rng(3), len(cls.t), NOISE)
        cls.y = cls.clean + cls.noise
        cls.signals = [ntnpos.satellite_signal("abc"[i], r, (0, 0.0)) for i, r in enumerate(cls.resources)]
        cls.windows = [cls.window(toa(0.0) + 1e-6, toa(1.0) - toa(0.0)) for toa in TOA]
        cls.all_found = {(s, n): "found" for s in "abc" for n in (1, 11, 21, 31)}

    @staticmethod
    def window(*coefficients, half_width_s=20e-6, doppler_half_width_hz=1e3):
        return ntnpos.search_window(rx.trajectory(*coefficients), half_width_s, doppler_half_width_hz)

    def measure(self, samples=None, windows=None, signals=None, **settings):
        return rx.measure(
            self.carrier,
            signals or self.signals,
            windows or self.windows,
            (0, 0.0),
            self.y if samples is None else samples,
            **settings,
        )

    def check_errors(self, found, deviations=4.5):
        for m in found:
            if m.status == "found":
                error = abs(m.toa_s - TOA["abc".index(m.satellite)](m.arrival_s))
                self.assertLess(error, deviations * m.toa_std_s, m)

    def test_same_bits_in_any_chunks(self):
        """Also where occasions reach across the batches' borders, with wide windows and between segments."""
        wide = [self.window(toa(0.0) + 40e-6, half_width_s=0.4e-3, doppler_half_width_hz=45e3) for toa in TOA]
        for windows, settings in (
            (self.windows, {}), (self.windows, dict(batch_s=1.1e-3)), (wide, {}), (self.windows, dict(max_combined_s=0.02)),
            (self.windows, dict(max_combined_s=0.03)),
        ):  # fmt: skip
            results = []
            for chunks in (1, 7, 4096, len(self.y), np.random.default_rng(8)):
                bank = rx.make_bank(self.carrier, self.signals, windows, **settings)
                profiles = rx.push(bank, (0, 0.0), self.y[:60_000], chunks)
                profiles += rx.push(bank, (0, 70_000 / RATE_HZ), self.y[70_000:], chunks)
                results.append(
                    [
                        (p.satellite, p.slot_count, p.status, p.toa_s, p.doppler_hz, p.values.tobytes())
                        for p in profiles
                    ]
                )
            # Combined are 1 and 11, 21 and 31; or 1, 11 and 21, which the gap parts, before 31.
            combined = {0.02: 6, 0.03: 9}
            self.assertEqual(len(results[0]), combined.get(settings.get("max_combined_s"), 12))
            self.assertEqual({str(r[2]) for r in results[0]}, {"occasion_status.found"})
            for result in results[1:]:
                self.assertEqual(result, results[0])

    def test_all_are_found_in_noise_and_without(self):
        largest = 0.99e9 / np.abs([self.y.real, self.y.imag]).max()  # nearly what counts as missing
        for samples in (self.y, self.clean, 1e-4 * self.y, 1e4 * self.y, largest * self.y):
            found = self.measure(samples)
            self.assertEqual(statuses(found), self.all_found)
            for m in found:
                for value in (m.toa_s, m.toa_std_s, m.doppler_hz, m.doppler_std_hz, m.snr_db):
                    self.assertTrue(np.isfinite(value))
                self.assertTrue(m.toa_std_s > 0 and m.doppler_std_hz > 0)
            if samples is not self.clean:
                self.check_errors(found)

    def test_silence(self):
        found = self.measure(0 * self.y)
        self.assertEqual(statuses(found), {key: "no_signal" for key in self.all_found})

    def test_samples_that_are_no_numbers_are_a_gap(self):
        cut = dict(self.all_found)
        at = round(11.6e-3 * RATE_HZ)
        for value in (np.nan, np.inf, -np.inf, np.nan * 1j, 1.1e9, -3e38j):
            for count in (1, 700):
                samples = self.y.copy()
                samples[at : at + count] += value
                found = self.measure(samples)
                self.assertEqual(statuses(found).keys(), cut.keys())
                for m in found:
                    self.assertEqual(m.status != "found", m.slot == 11, m)
                    self.assertNotEqual(m.status, "no_signal")
                self.check_errors(found)
        self.assertEqual(self.measure(self.y * np.nan), [])

    def test_a_lone_bad_sample_cuts_only_what_it_is_in(self):
        """The first satellite's PRS ends before the third's does."""
        samples = self.y.copy()
        samples[
            round((11e-3 + TOA[0](0.011) + exact.symbol_timing(self.carrier, 11, 6)[0]) * RATE_HZ) + 5
        ] = np.nan
        found = statuses(self.measure(samples))
        self.assertEqual(found, {**self.all_found, ("b", 11): "incomplete", ("c", 11): "incomplete"})

    def test_segments_shorter_than_a_slot(self):
        for length in (0, 1, 100, 3000):
            self.assertEqual(self.measure(self.y[:length]), [])
        bank = rx.make_bank(self.carrier, self.signals, self.windows)
        pieces = []
        for at in range(0, len(self.y), 500):  # shorter than a PRS
            pieces += rx.push(bank, (0, at / RATE_HZ), self.y[at : at + 500])
        self.assertEqual({p.status.name for p in pieces}, {"incomplete"})
        self.assertEqual(len(pieces), 12)

    def test_windows_of_very_different_widths(self):
        windows = [
            self.window(TOA[0](0.0), 20e-6, half_width_s=0.0, doppler_half_width_hz=0.0),
            self.window(0.5e-3, -11e-6, half_width_s=1.5e-3, doppler_half_width_hz=1e3),
            self.window(TOA[2](0.0) + 3e-6, 0.0, half_width_s=10e-6, doppler_half_width_hz=60e3),
        ]
        found = self.measure(windows=windows)
        # The wide one's first window begins before the first sample.
        self.assertEqual(statuses(found), self.all_found)
        self.check_errors(found)

    def test_windows_in_the_wrong_place_find_nothing(self):
        for shift_s in (60e-6, 5e-3, 1000.0037, -1000.0037):
            windows = [self.window(toa(0.0) + shift_s, toa(1.0) - toa(0.0)) for toa in TOA]
            found = self.measure(windows=windows)
            self.assertEqual({m.status for m in found}, {"no_signal"})
            self.assertGreaterEqual(len(found), 9)
        # A Doppler that is 20 kHz off.
        windows = [self.window(toa(0.0), toa(1.0) - toa(0.0) + 10e-6) for toa in TOA]
        self.assertEqual({m.status for m in self.measure(windows=windows)}, {"no_signal"})

    def test_impossible_windows_are_not_looked_at(self):
        """Polynomials far from their time, and one good window among them."""
        for bad in ((1e300,), (-1e300, 1.0), (0.0, 2.0), (0.0, 0.0, 1e15), (1e5,), (0.3e-3, 0.0, 0.0, 1e12)):
            windows = [self.window(*bad), self.window(*bad), self.windows[2]]
            found = self.measure(windows=windows)
            self.assertEqual({m.satellite for m in found if m.status == "found"}, {"c"}, bad)
            self.assertEqual(sum(m.status == "found" for m in found), 4)

    def test_a_window_that_comes_late_or_is_put_right(self):
        """Set in the middle of a segment: occasions from there on are found, whatever was before."""
        for wrong in (None, 60e-6, 5e-3, -1000.0, 1000.0 + TOA[2](0.0), 1e300):
            bank = ntnpos.correlator_bank(self.carrier, self.signals)
            for i in (0, 1):
                bank.set_window(i, self.windows[i])
            if wrong is not None:
                bank.set_window(2, self.window(wrong))
            self.assertEqual(bank.has_all_windows(), wrong is not None)
            bank.begin_segment((0, 0.0))
            bank.push(self.y[:80_000].astype(np.complex64))
            bank.set_window(2, self.windows[2])
            bank.push(self.y[80_000:].astype(np.complex64))
            bank.end_segment()
            found = [rx.read(bank, p) for p in bank.take()]
            late = [(m.slot, m.status) for m in found if m.satellite == "c" and m.slot in (21, 31)]
            self.assertEqual(late, [(21, "found"), (31, "found")], wrong)
            self.check_errors([m for m in found if m.slot > 11])

    def test_two_satellites_that_send_the_same(self):
        """One of them has the signal; nothing breaks."""
        twins = [ntnpos.satellite_signal(name, self.resources[0], (0, 0.0)) for name in "ad"]
        found = self.measure(signals=twins, windows=[self.windows[0]] * 2)
        for slot in (1, 11, 21, 31):
            self.assertGreaterEqual(sum(m.status == "found" for m in found if m.slot == slot), 1)
        self.assertEqual(len(found), 8)

    def test_a_strong_stranger_on_the_same_comb_is_not_taken_for_a_satellite(self):
        """30 dB over the noise, unknown to the receiver, in the window of a satellite that is silent."""
        rng = np.random.default_rng(4)
        t = self.t[: round(2.2e-3 * RATE_HZ)]
        alarms = 0
        for i in range(60):
            stranger = ntnpos.prs_resource(sequence_id=1000 + i, num_rb=12, slot_offset=1)
            y = exact.received(t, self.carrier, stranger, 0.3e-3 + 5e-6 * rng.uniform(), gain=10.0)
            y = y + exact.white_noise(rng, len(t), NOISE)
            window = self.window(0.3e-3, half_width_s=40e-6, doppler_half_width_hz=9e3)
            (m,) = self.measure(y, [window], self.signals[:1])
            alarms += m.status == "found"
        self.assertLessEqual(alarms, 1)

    def test_tracks_go_on_over_a_long_silence(self):
        """One occasion a segment, up to ten minutes apart, with a prediction that drifts away meanwhile."""
        starts = (0.0, 0.1, 10.0, 60.0, 600.0)
        resource = self.resources[0]
        toa = lambda t: 0.3e-3 + 1e-6 * t
        window = self.window(0.3e-3 + 2e-6, 1e-6 - 2e-8, half_width_s=30e-6, doppler_half_width_hz=200.0)
        bank = rx.make_bank(self.carrier, self.signals[:1], [window])
        rng = np.random.default_rng(5)
        for start_s in starts:
            t = exact.sample_times(start_s, 3e-3, RATE_HZ)
            y = exact.received(t, self.carrier, resource, toa) + exact.white_noise(rng, len(t), NOISE)
            whole = int(start_s)
            (profile,) = rx.push(bank, (whole, start_s - whole), y)
            m = rx.read(bank, profile)
            self.assertEqual((m.status, m.slot), ("found", round(1e3 * start_s) + 1))
            self.assertLess(abs(m.toa_s - toa(m.arrival_s)), 4.5 * m.toa_std_s)

    def test_wrong_calls_are_refused(self):
        bank = ntnpos.correlator_bank(self.carrier, self.signals)
        with self.assertRaisesRegex(ValueError, "cells to search"):
            bank.set_window(0, self.window(0.0, half_width_s=0.09, doppler_half_width_hz=9e5))
        with self.assertRaisesRegex(ValueError, "half_width_s = -1: must be 0..0.1"):
            bank.set_window(0, self.window(0.0, half_width_s=-1.0))
        with self.assertRaisesRegex(ValueError, "anchor.frac_s = 1.5: must be in"):
            bank.begin_segment((0, 1.5))
        with self.assertRaises(IndexError):
            bank.set_window(3, self.windows[0])
        self.assertEqual([bank.index_of(name) for name in "abcd"], [0, 1, 2, -1])
        bank.push(self.y[:5000].astype(np.complex64))  # without a segment: dropped
        bank.end_segment()
        self.assertEqual(bank.take(), [])


if __name__ == "__main__":
    gr_unittest.run(qa_correlator_bank)
