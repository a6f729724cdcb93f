# SPDX-License-Identifier: GPL-3.0-or-later
"""Monte Carlo of the receiver kernels: times of arrival against the Cramer-Rao bound, in white noise.

Every trial is a fresh acquisition: search over the window, refinement, first-path fit. The signal is the
exact reference's, with moving delays at fractions of a sample; the noise is seeded. NTNPOS_TRIALS sets the
number of trials (400: a short form; with 4000 the deviation itself is known to 1.1 %).
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from gnuradio import ntnpos
from scipy.stats import chi2, poisson

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import bank as rx  # noqa: E402
import exact_signal as exact  # noqa: E402

TRIALS = int(os.environ.get("NTNPOS_TRIALS", "400"))
TOLERANCE = 0.03  # of the bound
FALSE_ALARM = 1e-4  # the receiver's default
DRAWS = 3 / np.sqrt(2 * TRIALS)  # three standard deviations of a deviation that so many trials give


def clean_signals(carrier, resource, count, duration_s, rng):
    """`count` noise-free satellites: samples, toa function, window (off by up to 2 us and 300 Hz) of each."""
    t = exact.sample_times(0.0, duration_s, carrier.sample_rate_hz)
    for _ in range(count):
        delay_s, rate = rng.uniform(0.2e-3, 0.3e-3), rng.uniform(-24e-6, 24e-6)
        toa = lambda t, delay_s=delay_s, rate=rate: delay_s + rate * t
        window = ntnpos.search_window(
            rx.trajectory(delay_s + rng.uniform(-2e-6, 2e-6), rate + rng.uniform(-1.5e-7, 1.5e-7)),
            5e-6,
            500.0,
        )
        y = exact.received(t, carrier, resource, toa, gain=np.exp(2j * np.pi * rng.uniform()))
        yield y, toa, window


def check(errors, stds, bound_s, what):
    """Prints and checks deviation over bound, stated deviation over bound, and the normalised squared error.

    A path too many, where noise passes for one, is no matter of deviations; it must be as rare as is stated.
    """
    fine = np.abs(errors) < 8 * stds
    outliers = np.count_nonzero(~fine)
    errors, stds = errors[fine], stds[fine]
    n = len(errors)
    ratio = np.sqrt(np.mean(errors**2)) / bound_s
    stated = np.mean(stds) / bound_s
    nees = np.mean((errors / stds) ** 2)
    # One of a thousand runs lies outside: with 95 % one of these dozen tests would.
    low, high = chi2.ppf([0.0005, 0.9995], n) / n
    print(
        f"{what}: n {n}, bound {bound_s * exact.C_M_S:.3f} m, rms/bound {ratio:.3f}, "
        f"stated/bound {stated:.3f}, mean/bound {np.mean(errors) / bound_s:+.3f}, "
        f"normalised squared error {nees:.3f} ({low:.3f}..{high:.3f}), {outliers} outliers"
    )
    # Poisson with mean n P: more than this in one of a thousand runs.
    assert outliers <= poisson.ppf(0.999, FALSE_ALARM * n)
    assert abs(ratio - 1) < TOLERANCE + DRAWS
    assert abs(stated - 1) < TOLERANCE
    assert low < nees < high
    assert abs(np.mean(errors)) < 4 * bound_s / np.sqrt(n)


# Bandwidths and symbols of the link-budget rows; SNR of one occupied element.
ROWS = [
    (
        "2.16 MHz, 2 symbols",
        dict(n_rb=12, sample_rate_hz=3.84e6),
        dict(num_rb=12, comb_size=2, num_symbols=2),
        1,
    ),
    (
        "2.16 MHz, 4 symbols",
        dict(n_rb=12, sample_rate_hz=3.84e6),
        dict(num_rb=12, comb_size=4, num_symbols=4),
        1,
    ),
    (
        "2.16 MHz, 12 symbols",
        dict(n_rb=12, sample_rate_hz=3.84e6),
        dict(num_rb=12, comb_size=4, num_symbols=12),
        1,
    ),
    (
        "4.32 MHz, 30 kHz, 2 slots",
        dict(n_rb=12, scs_khz=30, sample_rate_hz=7.68e6),
        dict(num_rb=12, comb_size=4, num_symbols=12, periodicity_slots=20, repetition_factor=2),
        2,
    ),
    (
        "8.64 MHz, comb 4",
        dict(n_rb=48, sample_rate_hz=15.36e6),
        dict(num_rb=48, comb_size=4, num_symbols=4),
        1,
    ),
]


@pytest.mark.parametrize("snr_db", [5.0, 15.0])
@pytest.mark.parametrize("name, carrier, resource, slots", ROWS, ids=[row[0] for row in ROWS])
def test_one_satellite_is_at_the_bound(name, carrier, resource, slots, snr_db):
    rng = np.random.default_rng([int(snr_db), carrier["n_rb"], resource["num_symbols"], slots])
    carrier = ntnpos.carrier(**carrier)
    resource = ntnpos.prs_resource(**resource)
    size = ntnpos.fft_size(carrier)
    noise = size / (12 * carrier.n_rb) / 10 ** (snr_db / 10)
    clean = list(clean_signals(carrier, resource, 10, 1.4e-3, rng))
    signal = ntnpos.satellite_signal("a", resource, (0, 0.0))
    errors, stds = [], []
    for trial in range(TRIALS):
        y, toa, window = clean[trial % len(clean)]
        y = y + exact.white_noise(rng, len(y), noise)
        (m,) = rx.measure(carrier, [signal], [window], (0, 0.0), y)
        assert m.status == "found"
        errors.append(m.toa_s - toa(m.arrival_s))
        stds.append(m.toa_std_s)
    bound_s = exact.toa_bound_s(carrier, resource, noise, slots=slots)
    check(np.array(errors), np.array(stds), bound_s, f"{name}, {snr_db:.0f} dB")


def test_six_equal_satellites_are_at_the_bound():
    """All in the same symbols of the same slot, unequal delays; four combs for six."""
    rng = np.random.default_rng(6)
    carrier = ntnpos.carrier(n_rb=24, sample_rate_hz=7.68e6)
    noise = 512 / 288 / 10
    scenes = []
    for _ in range(6):
        signals, windows, toas, total = [], [], {}, 0
        for i in range(6):
            resource = ntnpos.prs_resource(sequence_id=100 + i, re_offset=i % 4)
            ((y, toa, window),) = clean_signals(carrier, resource, 1, 1.4e-3, rng)
            signals.append(ntnpos.satellite_signal(str(i), resource, (0, 0.0)))
            windows.append(window)
            toas[str(i)] = toa
            total = total + y
        scenes.append((total, signals, windows, toas))
    errors, stds = [], []
    for trial in range(max(40, TRIALS // 6)):
        y, signals, windows, toas = scenes[trial % len(scenes)]
        y = y + exact.white_noise(rng, len(y), noise)
        found = rx.measure(carrier, signals, windows, (0, 0.0), y)
        assert [m.status for m in found] == ["found"] * 6
        errors += [m.toa_s - toas[m.satellite](m.arrival_s) for m in found]
        stds += [m.toa_std_s for m in found]
    bound_s = exact.toa_bound_s(carrier, signals[0].resource, noise)
    check(np.array(errors), np.array(stds), bound_s, "6 satellites")
