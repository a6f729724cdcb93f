# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fading path makes of a signal, beside the sum over its taps, computed slowly and exactly."""

import numpy as np
import pytest
from gnuradio import ntnpos

RATE_HZ, CARRIER_HZ = 7.68e6, 2.0e9
START_S = 1000
DELAY = 2.5e-3, -24e-6, 3.1e-7
"""s, s/s, s/s^2 from START_S: a 600 km pass at its fastest."""


def channel(fading, reference_s=0):
    """One path whose delay is expanded about reference_s after the start of input and output."""
    segment = ntnpos.delay_segment((START_S + reference_s, 0.0), list(DELAY))
    path = ntnpos.channel_path(0, ntnpos.trajectory([segment]), 0.3 - 0.4j, ntnpos.instant(START_S), 0.0, fading)
    return ntnpos.satellite_channel(RATE_HZ, CARRIER_HZ, [path], ntnpos.channel_receiver(ntnpos.instant(START_S)))


class Tones:
    """sum_k a_k exp(j 2 pi f_k t), t in samples, f_k over 80 % of the band."""

    def __init__(self, seed, n=30):
        rng = np.random.default_rng(seed)
        self.frequency = rng.uniform(-0.4, 0.4, n).astype(np.longdouble)
        self.amplitude = np.exp(2j * np.pi * rng.uniform(size=n)) / np.sqrt(n)

    def at(self, t):
        return np.exp(2j * np.pi * np.mod(np.outer(t, self.frequency), 1).astype(float)) @ self.amplitude


def expected(tones, fading, first, n, reference_s=0):
    """Output samples first .. first + n - 1: each tap's own delay and gain, in extended precision.

    The gains are those the fading says of itself, at every sample (its definition is tested in qa_fading.cc).
    """
    index = np.arange(first, first + n)
    since = (index - round(reference_s * RATE_HZ)).astype(np.longdouble) / RATE_HZ
    start = ntnpos.instant(START_S + reference_s).advanced(float(since[0]))
    gains = fading.gains(CARRIER_HZ, 0, start, 1 / RATE_HZ, n)
    total = np.zeros(n, dtype=complex)
    for gain, (excess_s, _, _) in zip(gains, fading.taps()):
        toa = sum(np.longdouble(c) * since**k for k, c in enumerate(DELAY)) + np.longdouble(excess_s)
        turn = np.exp(-2j * np.pi * np.mod(CARRIER_HZ * toa, 1).astype(float))
        total += gain * tones.at(index - toa * RATE_HZ) * turn
    return (0.3 - 0.4j) * total


def received(tones, kernel, first, n):
    begin, end = kernel.input_range(0, first, n)
    samples = tones.at(np.arange(begin, end, dtype=np.longdouble)).astype(np.complex64)
    return kernel.process(first, n, [samples], [begin])


def error_db(got, want):
    return 10 * np.log10(np.mean(np.abs(got - want) ** 2) / np.mean(np.abs(want) ** 2))


@pytest.mark.parametrize("model", ["los", "ntn-tdl-a", "ntn-tdl-b", "ntn-tdl-c", "ntn-tdl-d"])
@pytest.mark.parametrize("speed_m_s, spread_s", [(0.0, 30e-9), (27.0, 100e-9), (1000.0, 1e-6)])
def test_signal_is_the_sum_of_the_taps_each_with_its_delay_and_gain(model, speed_m_s, spread_s):
    fading = ntnpos.path_fading(model, spread_s, speed_m_s, seed=5)
    tones, n = Tones(3), 12_000
    assert error_db(received(tones, channel(fading), 19_000, n), expected(tones, fading, 19_000, n)) < -60


@pytest.mark.parametrize("model", ["ntn-tdl-b", "ntn-tdl-d"])
def test_taps_and_phase_hold_beyond_2_to_the_32_samples_and_after_a_day(model):
    """Indices 8.6e9 (2^33) and 6.6e11; the receiver jumps there."""
    fading = ntnpos.path_fading(model, 200e-9, 27.0, seed=6)
    tones, n = Tones(4), 8000
    for reference_s in (1119, 86_400):
        first = round(reference_s * RATE_HZ) + 12_345
        assert first > 2**33
        got = received(tones, channel(fading, reference_s), first, n)
        assert error_db(got, expected(tones, fading, first, n, reference_s)) < -60


def test_what_is_wrong_is_said_with_field_value_and_what_is_allowed():
    allowed = "los, ntn-tdl-a, ntn-tdl-b, ntn-tdl-c, ntn-tdl-d"
    with pytest.raises(ValueError) as refused:
        ntnpos.path_fading("ntn-tdl-e")
    assert str(refused.value) == f"fading.model = ntn-tdl-e: must be {allowed}"
    paths = ntnpos.channel_paths([DELAY, DELAY], fading=ntnpos.path_fading("ntn-tdl-c", 2e-5))
    with pytest.raises(ValueError) as refused:
        ntnpos.ntn_channel(RATE_HZ, CARRIER_HZ, paths)
    assert str(refused.value) == "paths[0].fading.delay_spread_s = 2e-05: must be in 0..1e-5"
    fading = ntnpos.path_fading("ntn-tdl-c", ue_speed_m_s=1000.0)
    assert fading.validate(7.68e6, 2e9) is None
    assert fading.validate(1.92e6, 2e9) == (
        "ue_speed_m_s = 1000: must be >= 0 with a maximum Doppler up to 1875 Hz, 1/1024 of the sample rate"
    )
    with pytest.raises(ValueError, match="fading = 1 values: must be one for each of the 2 delays"):
        ntnpos.channel_paths([DELAY, DELAY], fading=[fading])
