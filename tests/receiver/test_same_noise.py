# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver's error against that of the linear maximum-likelihood estimate in the same noise.

Both move with the noise together, so that a few trials show to a fraction of a per cent what the receiver adds to
the bound, where a Monte Carlo of the receiver alone needs tens of thousands. The reference: samples of the exact
signal, its derivatives by delay, Doppler and complex gain by differences, a pseudo-inverse, times the noise that
was drawn, over the samples that a receiver with windows half a cyclic prefix early uses.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
from gnuradio import ntnpos

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import bank as rx  # noqa: E402
import exact_signal as exact  # noqa: E402

ROWS = [
    (dict(n_rb=12, sample_rate_hz=3.84e6), dict(num_rb=12, comb_size=2, num_symbols=2)),
    (dict(n_rb=12, sample_rate_hz=3.84e6), dict(num_rb=12, comb_size=4, num_symbols=12)),
    (dict(n_rb=48, sample_rate_hz=15.36e6), dict(num_rb=48, comb_size=4, num_symbols=4)),
]


def used_samples(t, carrier, resource, delay_s):
    """Samples in a window of one symbol each, half a prefix before the useful part arrives."""
    used = np.zeros(len(t), bool)
    size = ntnpos.fft_size(carrier)
    for symbol in range(resource.start_symbol, resource.start_symbol + resource.num_symbols):
        begun_s, prefix_s = exact.symbol_timing(carrier, 0, symbol)
        first = round((delay_s + begun_s + prefix_s / 2) * carrier.sample_rate_hz)
        used[first : first + size] = True
    return used


@pytest.mark.parametrize("carrier, resource", ROWS, ids=["2 symbols", "12 symbols", "8.64 MHz"])
def test_the_receiver_adds_next_to_nothing_to_the_linear_estimate(carrier, resource):
    """5 dB an element. What is added: the fit is not linear, and a window begins at a whole sample."""
    rng = np.random.default_rng([5, carrier["n_rb"], resource["num_symbols"]])
    carrier, resource = ntnpos.carrier(**carrier), ntnpos.prs_resource(**resource)
    noise = ntnpos.fft_size(carrier) / (12 * carrier.n_rb) / 10**0.5
    bound_s = exact.toa_bound_s(carrier, resource, noise)
    t = exact.sample_times(0.0, 1.4e-3, carrier.sample_rate_hz)
    signal = ntnpos.satellite_signal("a", resource, (0, 0.0))
    receivers, linear = [], []
    for _ in range(4):
        delay_s, rate = rng.uniform(0.2e-3, 0.3e-3), rng.uniform(-24e-6, 24e-6)
        step_s = 1e-10

        def moved(by_s, delay_s=delay_s, rate=rate):
            y = exact.received(t, carrier, resource, lambda t: delay_s + by_s + rate * t)
            return y * np.exp(2j * np.pi * carrier.frequency_hz * by_s)  # the phase is the gain's

        s = moved(0.0)
        by_delay = (moved(step_s) - moved(-step_s)) / (2 * step_s)
        used = used_samples(t, carrier, resource, delay_s)
        columns = np.stack([s, 1j * s, by_delay, 2j * np.pi * (t - delay_s) * s], 1)[used]
        columns = np.concatenate([columns.real, columns.imag])
        scale = np.linalg.norm(columns, axis=0)
        estimate = np.linalg.pinv(columns / scale)[2] / scale[2]
        window = ntnpos.search_window(rx.trajectory(delay_s + 1e-6, rate + 1e-7), 5e-6, 500.0)
        for _ in range(40):
            n = exact.white_noise(rng, len(t), noise)
            (m,) = rx.measure(carrier, [signal], [window], (0, 0.0), s + n)
            receivers.append((m.toa_s - delay_s - rate * m.arrival_s) / bound_s)
            linear.append(estimate @ np.concatenate([n[used].real, n[used].imag]) / bound_s)
    receivers, linear = np.array(receivers), np.array(linear)
    fine = np.abs(receivers) < 8  # a path too many is no matter of deviations
    added = np.sqrt(np.mean((receivers - linear)[fine] ** 2))
    print(f"linear rms/bound {np.std(linear):.3f}, receiver {np.std(receivers[fine]):.3f}, added {added:.4f} of the bound")
    assert np.count_nonzero(~fine) <= 1
    assert 0.8 < np.std(linear) < 1.2  # 160 draws: 5.6 %
    assert added < 0.1  # 1 % more variance than the bound at the most
