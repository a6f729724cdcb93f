# SPDX-License-Identifier: GPL-3.0-or-later
"""The channel through a whole zenith pass, against its definition in extended precision.

What arrives is a sum of tones, known at any instant; the travel time is solved anew at every sample from the
true motion, in a frame that stands still. Nothing here is shared with the channel, and nothing with the
orbits and the polynomials that it is told.
"""

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, ntnpos

from ntnpos.world.walker import Walker
from ntnpos_lab import convert
from ntnpos_lab.trajectories import delay_segments

real = np.longdouble
C_M_S, EARTH_RATE, MU = real(299792458), real("7.2921150e-5"), real("3.986004418e14")
HEIGHT_M, INCLINATION = real(600e3), np.deg2rad(real(53))
RADIUS_M = real(6378137) + HEIGHT_M
RATE_HZ, CARRIER_HZ = 7.68e6, 2.0e9
OVERHEAD_S, HALF_S = (
    410.0,
    402.0,
)  # in the zenith so long after the epoch; rises and sets so long before and after
DAY_S = 86400.0
ON_GROUND_M = 6378137.0


def satellite(t):
    """Places [n, 3] in the frame that stands still and agrees with the Earth-fixed one at the epoch (m)."""
    along = np.sqrt(MU / RADIUS_M**3) * np.asarray(t, real)
    return RADIUS_M * np.stack(
        [np.cos(along), np.sin(along) * np.cos(INCLINATION), np.sin(along) * np.sin(INCLINATION)], axis=-1
    )


def on_earth(place, t):
    """Where an Earth-fixed place [3] is in that frame at times t, [n, 3] (m)."""
    angle = EARTH_RATE * np.asarray(t, real)
    x, y, z = (real(v) for v in place)
    return np.stack(
        [
            x * np.cos(angle) - y * np.sin(angle),
            x * np.sin(angle) + y * np.cos(angle),
            np.full_like(angle, z),
        ],
        axis=-1,
    )


def travel_time(place, t):
    """Of what arrives at times t (s)."""
    here = on_earth(place, t)
    delay = np.zeros(len(here), real)
    for _ in range(8):  # contracts by 2.5e-5 a round
        delay = np.sqrt(np.sum((satellite(t - delay) - here) ** 2, axis=-1)) / C_M_S
    return delay


class Orbit:
    """The same motion as the laboratory knows it."""

    pattern = Walker(1, 1, float(HEIGHT_M), 53.0)

    def state(self, t_s):
        states = [self.pattern.states(float(t)) for t in np.ravel(t_s)]
        return np.reshape([r[0] for r, _ in states], (*np.shape(t_s), 3)), np.reshape(
            [v[0] for _, v in states], (*np.shape(t_s), 3)
        )


def under_the_satellite(t_s):
    """Earth-fixed place [3] on a round Earth, float64."""
    angle = -EARTH_RATE * real(t_s)
    x, y, z = satellite([t_s])[0] * (real(ON_GROUND_M) / RADIUS_M)
    return np.array([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle), z], float)


class Tones:
    """x(t) = sum of exponentials over 80 % of the band, t in samples."""

    def __init__(self, seed, n=40, band=0.8):
        rng = np.random.default_rng(seed)
        self.frequency = rng.uniform(-band / 2, band / 2, n).astype(real)
        self.amplitude = np.exp(2j * np.pi * rng.uniform(size=n)) / np.sqrt(n)

    def at(self, t):
        """(x [n], dx/dt [n]) as complex128 at times t (longdouble)."""
        turned = np.exp(2j * np.pi * np.mod(np.outer(t, self.frequency), 1).astype(float))
        return turned @ self.amplitude, turned @ (self.amplitude * 2j * np.pi * self.frequency.astype(float))


class Reception:
    """A receiver on the ground, its channel, and the exact samples.

    overhead_s: when the satellite stands in the zenith. The output begins at `start_s`, whole seconds by the
    receiver's clock, the input a second earlier by the satellite's.
    """

    def __init__(self, overhead_s, start_s, span, clock=(0.0, 0.0), carrier_hz=CARRIER_HZ):
        self.overhead_s, self.start_s, self.carrier_hz = overhead_s, start_s, carrier_hz
        self.place = under_the_satellite(overhead_s)
        self.offset_s, self.error = (real(v) for v in clock)
        self.segments = delay_segments(Orbit(), lambda t: self.place, *span)
        path = ntnpos.channel_path(0, convert.trajectory(self.segments), 1.0, (start_s - 1, 0.0), 0.0)
        receiver = ntnpos.channel_receiver(
            (start_s, 0.0), ntnpos.receiver_clock((start_s, 0.0), *clock), ntnpos.white_noise(1, 0.0)
        )
        self.channel = ntnpos.satellite_channel(RATE_HZ, carrier_hz, [path], receiver)

    def index(self, t_s):
        """Output sample about a system time."""
        return round((t_s - self.start_s) * RATE_HZ)

    def samples(self, tones, first, n):
        """What the channel makes of the tones."""
        begin, end = self.channel.input_range(0, first, n)
        return self.channel.process(
            first, n, [tones.at(np.arange(begin, end, dtype=real))[0].astype(np.complex64)], [begin]
        )

    def system_time(self, index):
        """At which the receiver takes output samples, [n]."""
        since = np.asarray(index, real) / real(RATE_HZ)  # receiver clock from the start
        return self.start_s + since / (1 + self.error) - self.offset_s

    def exact(self, tones, first, n):
        """(samples, their derivative by the delay at a fixed carrier phase) by the definition."""
        index = np.arange(first, first + n)
        system = self.system_time(index)
        toa = travel_time(self.place, system) + (self.start_s + index / real(RATE_HZ) - system)
        x, slope = tones.at(index + (1 - toa) * real(RATE_HZ))
        turn = np.exp(-2j * np.pi * np.mod(real(self.carrier_hz) * toa, 1).astype(float))
        return x * turn, -RATE_HZ * slope * turn


def evm_db(got, want):
    return 10 * np.log10(np.mean(np.abs(got - want) ** 2) / np.mean(np.abs(want) ** 2))


def stretches(reception, count, n):
    """First samples of stretches from horizon to horizon, one about the zenith and two over seams of the
    polynomials."""
    t = [
        *np.linspace(reception.overhead_s - HALF_S, reception.overhead_s + HALF_S, count),
        reception.overhead_s,
        reception.segments[7].start_s,
        reception.segments[-9].start_s,
    ]
    return [reception.index(v) - n // 2 for v in t]


ZENITH = dict(overhead_s=OVERHEAD_S, start_s=2, span=(1.0, 821.0))
# The stream began 24 h earlier (6.6e11 samples), and the clock has gained 4.3 ms meanwhile.
NEXT_DAY = dict(
    overhead_s=OVERHEAD_S + DAY_S, start_s=2, span=(DAY_S + 1.0, DAY_S + 821.0), clock=(1e-4, 5e-8)
)


def test_the_pass_is_from_horizon_to_horizon_through_the_zenith():
    place = under_the_satellite(OVERHEAD_S)
    t = np.array([OVERHEAD_S - HALF_S, OVERHEAD_S, OVERHEAD_S + HALF_S])
    line = satellite(t) - on_earth(place, t)
    up = on_earth(place, t) / real(ON_GROUND_M)
    elevation = np.degrees(
        np.arcsin((np.sum(line * up, axis=1) / np.linalg.norm(line, axis=1)).astype(float))
    )
    assert elevation == pytest.approx([0.0, 90.0, 0.0], abs=0.1)
    assert elevation[1] > 89.999


@pytest.mark.parametrize(
    "scene",
    [ZENITH, ZENITH | {"clock": (1e-4, -5e-8)}, NEXT_DAY],
    ids=["perfect clock", "clock off", "24 hours after the first sample"],
)
def test_error_vector_phase_and_delay_through_the_pass(scene):
    """61 stretches of 512 samples (-55 dB asked for), each one's delay from its samples (5 ps rms) and
    carrier phase."""
    reception, tones, n = Reception(**scene), Tones(1), 512
    evm, delay_s, phase = [], [], []
    for first in stretches(reception, 58, n):
        got = reception.samples(tones, first, n).astype(complex)
        want, slope = reception.exact(tones, first, n)
        evm.append(evm_db(got, want))
        # got - want = amplitude and phase error * want + delay error * slope, by least squares.
        parts = np.column_stack([np.concatenate([v.real, v.imag]) for v in (want, 1j * want, slope)])
        error = np.concatenate([(got - want).real, (got - want).imag])
        _, turned, late = np.linalg.lstsq(parts, error, rcond=None)[0]
        delay_s.append(late)
        phase.append(turned)
    rms_ps = 1e12 * np.sqrt(np.mean(np.square(delay_s)))
    mean_db = 10 * np.log10(np.mean(10 ** (0.1 * np.array(evm))))
    print(f"error vector {mean_db:.1f} dB, worst {max(evm):.1f} dB; delay {rms_ps:.2f} ps rms")
    print(f"carrier phase within {max(np.abs(phase)):.1e} rad")
    assert max(evm) <= -55.0
    assert rms_ps < 5.0
    assert max(np.abs(phase)) < 1e-3


@pytest.mark.parametrize("scene", [ZENITH, NEXT_DAY], ids=["today", "24 hours after the first sample"])
def test_doppler_of_the_samples_is_the_geometric_rate(scene):
    """An unmodulated carrier, 1 ms of it at 61 places: 48 kHz down to -48 kHz."""
    reception, n = Reception(**scene), 7680
    measured, expected = [], []
    for first in stretches(reception, 58, n):
        begin, end = reception.channel.input_range(0, first, n)
        got = reception.channel.process(first, n, [np.ones(end - begin, np.complex64)], [begin]).astype(
            complex
        )
        measured.append((np.unwrap(np.angle(got))[[0, -1]] @ [-1, 1]) / (2 * np.pi) / (n - 1) * RATE_HZ)
        middle = reception.system_time([first + 0.5 * (n - 1)])[0]
        before, after = travel_time(reception.place, [middle - 1e-3, middle + 1e-3])
        # The contract: doppler = -f_c d(toa)/dT, T the receiver's clock; toa holds that clock's own error.
        expected.append(
            float(-CARRIER_HZ * ((after - before) / real("2e-3") + reception.error) / (1 + reception.error))
        )
    off_hz = np.max(np.abs(np.subtract(measured, expected)))
    print(f"Doppler {max(expected):.0f} to {min(expected):.0f} Hz, off by {off_hz:.1e} Hz")
    assert max(expected) > 44e3 and min(expected) < -44e3
    assert off_hz < 0.01


def test_any_chunking_gives_the_same_bits_after_24_hours():
    reception, n, rng = Reception(**NEXT_DAY), 5000, np.random.default_rng(2)
    first = reception.index(reception.segments[40].start_s) - n // 2  # across a seam
    whole = reception.samples(Tones(3, 5), first, n)
    pieces, at = [], 0
    while at < n:
        here = min(int(rng.integers(1, 400)), n - at)
        pieces.append(reception.samples(Tones(3, 5), first + at, here))
        at += here
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_phase_runs_on_across_updates_by_message():
    """The block is told its trajectory piece by piece, each found anew, 5 ms long; the satellite is coming
    fast."""
    start_s, pieces, piece_s, n = 110, 12, 5e-3, 450_000
    reception, tones = Reception(OVERHEAD_S, start_s, (start_s - 0.5, start_s + 1.0)), Tones(4, 8)

    def piece(i):
        begin = start_s + i * piece_s
        return delay_segments(Orbit(), lambda t: reception.place, begin, begin + piece_s)[0]

    path = ntnpos.channel_path(0, convert.trajectory((piece(0),)), 1.0, (start_s, 0.0), 0.0)
    receiver = ntnpos.channel_receiver((start_s, 0.0), ntnpos.receiver_clock(), ntnpos.white_noise(1, 0.0))
    channel = ntnpos.ntn_channel(RATE_HZ, CARRIER_HZ, [path], receiver)
    for i in range(1, pieces):
        segment = piece(i)
        told = pmt.make_vector(
            1, pmt.make_tuple(convert.time_pair(segment.start_s), pmt.init_f64vector(6, segment.coefficients))
        )
        channel.to_basic_block()._post(
            pmt.intern("trajectory"), convert.dictionary(path=pmt.from_long(0), segments=told)
        )
    # The input begins with the output; the reference's began a second earlier.
    source = blocks.vector_source_c(
        tones.at(np.arange(n, dtype=real) + real(RATE_HZ))[0].astype(np.complex64)
    )
    sink, top = blocks.vector_sink_c(), gr.top_block()
    top.connect(source, channel, sink)
    top.run()
    assert channel.malformed_messages() == 0
    got = np.array(sink.data())
    assert len(got) > n + 20_000  # the delay
    for i in range(1, pieces):
        first = round(i * piece_s * RATE_HZ) - 500
        if first < 40_000:  # the signal is not there yet
            continue
        want, _ = reception.exact(tones, first, 1000)
        assert evm_db(got[first : first + 1000], want) < -60.0
        jump = np.abs(np.angle((got[first : first + 1000] * want.conj())[450:550]))[
            np.abs(want[450:550]) > 0.3
        ]
        assert np.max(jump) < 0.01
