# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing drift and carrier phase of a tracked satellite, against the exact signal."""

import sys
from pathlib import Path

import numpy as np
import pytest
from gnuradio import ntnpos
from scipy.stats import chi2

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import bank as rx  # noqa: E402
import exact_signal as exact  # noqa: E402

# 480 Hz/s at 2 GHz, of which the prediction knows all but 4 %
CURVATURE = 1.2e-7


def occasions(carrier, resource, toa, gain, snr_db, count, rng, step_s=0.01, **settings):
    """Profiles of `count` occasions that follow each other, each with noise of its own; one segment an occasion."""
    noise = carrier.sample_rate_hz / (12e3 * carrier.scs_khz * carrier.n_rb) / 10 ** (snr_db / 10)
    window = ntnpos.search_window(
        rx.trajectory(toa(0.0) + 1e-6, (toa(1e-3) - toa(0.0)) * 1e3 + 2e-7, 0.48 * CURVATURE), 20e-6, 2e3
    )
    bank = rx.make_bank(carrier, [ntnpos.satellite_signal("a", resource, (0, 0.0))], [window], **settings)
    for i in range(count):
        t = exact.sample_times(i * step_s, 2.4e-3, carrier.sample_rate_hz)
        y = exact.received(t, carrier, resource, toa, gain=gain) + exact.white_noise(rng, len(t), noise)
        whole = int(i * step_s)
        for profile in rx.push(bank, (whole, i * step_s - whole), y):
            assert profile.status.name == "found"
            yield profile, rx.read(bank, profile)


@pytest.mark.parametrize("carrier, resource", [
    (dict(n_rb=24, sample_rate_hz=7.68e6), dict()),
    (dict(n_rb=24, sample_rate_hz=7.68e6, phase_compensation=True, frequency_hz=2.17e9 + 12345), dict(num_symbols=12)),
    # a band beside the carrier's middle: the path's delay turns it by its own frequency
    (dict(n_rb=52, sample_rate_hz=15.36e6, frequency_hz=1.9e9), dict(num_rb=24, start_prb=28, repetition_factor=2)),
])
@pytest.mark.parametrize("rate", [24e-6, -31e-6])
def test_phase_is_the_integral_of_the_doppler(carrier, resource, rate):
    rng = np.random.default_rng([carrier["n_rb"], int(1e6 * abs(rate))])
    carrier, resource = ntnpos.carrier(**carrier), ntnpos.prs_resource(**resource)
    gain = np.exp(2j * np.pi * rng.uniform())
    toa = lambda t: 0.31e-3 + 17e-9 + rate * t + 0.5 * CURVATURE * t**2  # noqa: E731
    off, rates, continuous = [], [], []
    for profile, m in occasions(carrier, resource, toa, gain, 12.0, 40, rng):
        truth = np.angle(gain) / (2 * np.pi) - carrier.frequency_hz * toa(m.arrival_s)
        off.append((profile.carrier_phase_cycles - truth, profile.carrier_phase_std_cycles))
        rates.append((profile.toa_rate - rate - CURVATURE * m.arrival_s) / profile.toa_rate_std)
        continuous.append(profile.carrier_phase_continuous)
        assert profile.toa_rate == pytest.approx(-profile.doppler_hz / carrier.frequency_hz, rel=1e-12)
    # The first ones say how fast the phase turns. Then one count of whole cycles: the difference is one whole number.
    assert not continuous[0] and all(continuous[5:])
    off, std = np.array(off).T
    first = continuous.index(True) - 1
    assert all(continuous[first + 1 :])
    off, std = off[first:], std[first:]
    cycles = np.round(np.median(off))
    assert np.all(np.abs(off - cycles) < 5 * std)
    assert np.all(std < 0.03)
    low, high = chi2.ppf([0.0005, 0.9995], len(off)) / len(off)
    print(f"phase: {np.sqrt(np.mean((off - cycles)**2)):.4f} cycles rms, normalised {np.mean(((off - cycles) / std)**2):.2f}, "
          f"rate {np.mean(np.square(rates)):.2f}")
    assert low < np.mean(((off - cycles) / std) ** 2) < high
    assert low < np.mean(np.square(rates)) < high


def test_cycles_are_not_counted_where_they_are_not_known():
    """At -3 dB and an occasion every 200 ms nothing says how many there were."""
    rng = np.random.default_rng(3)
    carrier = ntnpos.carrier(n_rb=24, sample_rate_hz=7.68e6)
    resource = ntnpos.prs_resource()
    toa = lambda t: 0.31e-3 + 5e-6 * t  # noqa: E731
    found = list(occasions(carrier, resource, toa, 1.0, -3.0, 6, rng, step_s=0.2))
    assert not any(p.carrier_phase_continuous for p, _ in found)
    for profile, m in found:  # the fraction is measured all the same
        off = profile.carrier_phase_cycles + carrier.frequency_hz * toa(m.arrival_s)
        assert abs(off - np.round(off)) < 5 * profile.carrier_phase_std_cycles


@pytest.mark.parametrize("repetition, gap, snr_db", [(4, 2, -2.0), (8, 1, -5.0), (2, 1, 3.0), (4, 1, 6.0)])
def test_doppler_between_slots_is_never_confidently_wrong(repetition, gap, snr_db):
    """Slots whose distance leaves the Doppler ambiguous: what is stated is what is known."""
    rng = np.random.default_rng([repetition, gap])
    carrier = ntnpos.carrier(n_rb=24, sample_rate_hz=7.68e6)
    resource = ntnpos.prs_resource(
        comb_size=2, num_symbols=2, start_symbol=5, repetition_factor=repetition, time_gap_slots=gap,
        periodicity_slots=20)
    t = exact.sample_times(0.0, 1.5e-3 + 1e-3 * (repetition - 1) * gap, 7.68e6)
    noise = 512 / 288 / 10 ** (snr_db / 10)
    errors = []
    for trial in range(24):
        if trial % 6 == 0:
            rate = rng.uniform(-34e-6, 34e-6)
            toa = lambda t, rate=rate: 0.3e-3 + rate * t  # noqa: E731
            clean = exact.received(t, carrier, resource, toa)
        window = ntnpos.search_window(rx.trajectory(0.3e-3), 50e-6, 70e3)
        (m,) = rx.measure(carrier, [ntnpos.satellite_signal("a", resource, (0, 0.0))], [window], (0, 0.0),
                          clean + exact.white_noise(rng, len(t), noise))
        assert m.status == "found"
        errors.append(((m.doppler_hz + 2e9 * rate) / m.doppler_std_hz, (m.toa_s - toa(m.arrival_s)) / m.toa_std_s))
    errors = np.array(errors)
    print(f"{repetition} slots: {np.mean(errors**2, axis=0)}, worst {np.abs(errors).max(axis=0)}")
    assert np.abs(errors).max() < 5
    assert np.all(np.mean(errors**2, axis=0) < chi2.ppf(0.9998, len(errors)) / len(errors))
