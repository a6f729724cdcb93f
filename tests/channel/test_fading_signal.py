# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fading path makes of a signal, beside the sum over its taps, computed slowly and exactly."""

import numpy as np
import pytest
from gnuradio import ntnpos

RATE_HZ, CARRIER_HZ = 7.68e6, 2.0e9
START_S = 1000
DELAY = 2.5e-3, -24e-6, 3.1e-7
"""s, s/s, s/s^2 from START_S: a 600 km pass at its fastest."""


def channel(fading, delay=DELAY, start=(START_S, 0.0), band=0.8):
    path = ntnpos.channel_path(0, ntnpos.trajectory([ntnpos.delay_segment((START_S, 0.0), list(delay))]),
                               0.3 - 0.4j, ntnpos.instant(*start), 0.0, fading)
    return ntnpos.satellite_channel(RATE_HZ, CARRIER_HZ, [path],
                                    ntnpos.channel_receiver(ntnpos.instant(*start)), band)


class Tones:
    """sum_k a_k exp(j 2 pi f_k t), t in samples, f_k over 80 % of the band."""

    def __init__(self, seed, n=30):
        rng = np.random.default_rng(seed)
        self.frequency = rng.uniform(-0.4, 0.4, n).astype(np.longdouble)
        self.amplitude = np.exp(2j * np.pi * rng.uniform(size=n)) / np.sqrt(n)

    def at(self, t):
        return np.exp(2j * np.pi * np.mod(np.outer(t, self.frequency), 1).astype(float)) @ self.amplitude


def expected(tones, fading, first, n, delay=DELAY):
    """Output samples first .. first + n - 1: each tap's own delay and gain, in extended precision.

    The gains are those the fading says of itself, at every sample (its definition is tested in qa_fading.cc).
    """
    since = np.arange(first, first + n, dtype=np.longdouble) / RATE_HZ
    start = ntnpos.instant(START_S).advanced(first / RATE_HZ)
    gains = fading.gains(CARRIER_HZ, 0, start, 1 / RATE_HZ, n)
    total = np.zeros(n, dtype=complex)
    for gain, (excess_s, _, _) in zip(gains, fading.taps()):
        toa = sum(np.longdouble(c) * since**k for k, c in enumerate(delay)) + np.longdouble(excess_s)
        turn = np.exp(-2j * np.pi * np.mod(CARRIER_HZ * toa, 1).astype(float))
        total += gain * tones.at((since - toa) * RATE_HZ) * turn
    return (0.3 - 0.4j) * total


def error_db(got, want):
    return 10 * np.log10(np.mean(np.abs(got - want) ** 2) / np.mean(np.abs(want) ** 2))


@pytest.mark.parametrize("model", ["los", "ntn-tdl-a", "ntn-tdl-b", "ntn-tdl-c", "ntn-tdl-d"])
@pytest.mark.parametrize("speed_m_s, spread_s", [(0.0, 30e-9), (27.0, 100e-9), (1000.0, 1e-6)])
def test_signal_is_the_sum_of_the_taps_each_with_its_delay_and_gain(model, speed_m_s, spread_s):
    fading = ntnpos.path_fading(model, spread_s, speed_m_s, seed=5)
    tones, kernel = Tones(3), channel(fading)
    first, n = 19_000, 12_000
    begin, end = kernel.input_range(0, first, n)
    samples = tones.at(np.arange(begin, end, dtype=np.longdouble)).astype(np.complex64)
    got = kernel.process(first, n, [samples], [begin])
    assert error_db(got, expected(tones, fading, first, n)) < -60
