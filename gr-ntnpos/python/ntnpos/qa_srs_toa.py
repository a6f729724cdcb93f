# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver on positioning SRS: what a gNB measures of a UE, against an exact signal and the bound."""

import sys
from pathlib import Path

import numpy as np
from gnuradio import gr_unittest, ntnpos

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "reference"))
import bank as rx  # noqa: E402
import exact_signal as exact  # noqa: E402

RATE = 24e-6
WHOLE = [(2, 2), (4, 2), (4, 4), (8, 4), (12, 4), (8, 8)]  # symbols and combs that carry every subcarrier
PARTS = [(1, 2), (2, 4), (4, 8), (12, 8)]


def elements(carrier, resource, slot, symbol):
    """What a symbol carries, from the grid that qa_srs_grid checks."""
    column = ntnpos.srs_grid(carrier, [resource], slot)[:, symbol]
    k = np.flatnonzero(column)
    return k, column[k].astype(complex)


def sent(carrier, resource, slot):
    return (slot - resource.slot_offset) % resource.periodicity_slots == 0


def received(carrier, resource, toa, duration_s, gain=1.0):
    t = exact.sample_times(0.0, duration_s, carrier.sample_rate_hz)
    return exact.received(t, carrier, resource, toa, gain=gain, elements=elements, sent=sent)


def srs(symbols, comb, **changes):
    return ntnpos.srs_resource(
        **{**dict(sequence_id=321, comb_size=comb, comb_offset=comb - 1, cyclic_shift=3, num_symbols=symbols,
                  start_symbol=(14 - symbols) // 2, c_srs=6, periodicity_slots=10), **changes})  # fmt: skip


class qa_srs_toa(gr_unittest.TestCase):
    def measure(self, carrier, resource, y, delay_s, **settings):
        window = ntnpos.search_window(rx.trajectory(delay_s + 1.1e-6, RATE - 1e-7), 12e-6, 1.5e3)
        return rx.measure(carrier, [ntnpos.satellite_signal("ue", resource, (0, 0.0))], [window], (0, 0.0), y,
                          **settings)  # fmt: skip

    def test_every_pair_that_carries_all_subcarriers(self):
        cases = [(pair, {}, {}) for pair in WHOLE] + [
            ((4, 4), dict(group_or_sequence_hopping="group"), dict(phase_compensation=True)),
            ((8, 4), dict(group_or_sequence_hopping="sequence"), dict(scs_khz=30)),
            ((4, 4), dict(c_srs=7, b_srs=1, freq_position=3, freq_shift=4), dict(n_rb=32)),
            ((4, 2), dict(power_offset_db=-3.0), dict(frequency_hz=2.00001234e9, phase_compensation=True)),
        ]
        for i, (pair, changes, carrier_changes) in enumerate(cases):
            scs_khz = carrier_changes.get("scs_khz", 15)
            carrier = ntnpos.carrier(**{**dict(n_rb=28, sample_rate_hz=512e3 * scs_khz), **carrier_changes})
            resource = srs(*pair, **changes)
            self.assertIsNone(resource.validate(carrier))
            delay_s = 0.3e-3 + 0.37 * i / carrier.sample_rate_hz
            toa = lambda t, delay_s=delay_s: delay_s + RATE * t  # noqa: E731
            y = received(carrier, resource, toa, 1.6e-3, 0.5)
            (m,) = self.measure(carrier, resource, y, delay_s)
            self.assertEqual((m.satellite, m.status, m.paths), ("ue", "found", 1))
            self.assertLess(abs(m.toa_s - toa(m.arrival_s)), 1e-10)
            self.assertLess(abs(m.doppler_hz + carrier.frequency_hz * RATE), 1.0)

    def test_a_part_of_the_subcarriers_is_refused(self):
        carrier = ntnpos.carrier(n_rb=28, sample_rate_hz=7.68e6)
        for pair in PARTS:
            resource = srs(*pair)
            self.assertIsNone(resource.validate(carrier))
            with self.assertRaisesRegex(ValueError, f"ue.num_symbols = {pair[0]}: .*every subcarrier"):
                ntnpos.correlator_bank(carrier, [ntnpos.satellite_signal("ue", resource, (0, 0.0))])

    def test_another_sequence_is_not_it(self):
        """Two UEs in the same elements; and a window in which only the other one sends."""
        carrier = ntnpos.carrier(n_rb=28, sample_rate_hz=7.68e6)
        delay_s = 0.35e-3
        y = received(carrier, srs(4, 4, sequence_id=9), lambda t: delay_s + RATE * t, 1.6e-3)
        y += exact.white_noise(np.random.default_rng(5), len(y), 0.1)
        (m,) = self.measure(carrier, srs(4, 4), y, delay_s)
        self.assertEqual(m.status, "no_signal")

    def test_errors_are_at_the_bound(self):
        """300 occasions at 0 dB a sample, seed 1: deviation of the mean of squares is 8 %; three of them."""
        carrier = ntnpos.carrier(n_rb=28, sample_rate_hz=7.68e6)
        resource = srs(4, 4)
        rng = np.random.default_rng(1)
        delay_s = 0.3e-3 + 31e-9
        toa = lambda t: delay_s + RATE * t  # noqa: E731
        clean = received(carrier, resource, toa, 1.6e-3)
        k = np.concatenate([elements(carrier, resource, 0, l)[0] for l in range(5, 9)])
        f = (k - k.mean()) * 15e3
        snr = 512 / (12 * carrier.n_rb) / 1.0
        bound_s = 1 / np.sqrt(8 * np.pi**2 * snr * np.sum(f**2))
        errors, stated = [], []
        for _ in range(300):
            y = clean + exact.white_noise(rng, len(clean), 1.0)
            (m,) = self.measure(carrier, resource, y, delay_s)
            self.assertEqual(m.status, "found")
            errors.append(m.toa_s - toa(m.arrival_s))
            stated.append(m.toa_std_s)
        errors = np.array(errors)
        self.assertLess(abs(np.mean(errors**2) / bound_s**2 - 1), 3 * 0.082)
        self.assertLess(abs(np.mean((errors / stated) ** 2) - 1), 3 * 0.082)
        self.assertLess(abs(errors.mean()), 3 * bound_s / np.sqrt(300))


if __name__ == "__main__":
    gr_unittest.run(qa_srs_toa)
