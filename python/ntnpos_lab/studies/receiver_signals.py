# SPDX-License-Identifier: GPL-3.0-or-later
"""What the receiver study receives: DL-PRS through moving paths and noise, by the flowgraph's kernels.

`prs_slot` and `satellite_channel` make every trial afresh, delay, Doppler, phases and noise; their error
vector is -65 dB or better in the bands used here, which a test compares with an exact sum. All clocks read 0
when SFN 0 slot 0 leaves, and the receiver's clock is true.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
from gnuradio import ntnpos

ZERO = (0, 0.0)
CARRIER_HZ = 2.0e9


@dataclass(frozen=True)
class Waveform:
    """A carrier with a DL-PRS that fills it. Fields as of `ntnpos.carrier` and `ntnpos.prs_resource`."""

    num_rb: int
    comb_size: int
    num_symbols: int
    scs_khz: int = 15
    slots: int = 1
    """Repetitions, in adjacent slots."""
    periodicity: int = 10
    """Of the resource, ms."""

    @property
    def carrier(self) -> ntnpos.carrier:
        """The carrier."""
        return ntnpos.carrier(
            frequency_hz=CARRIER_HZ,
            scs_khz=self.scs_khz,
            n_rb=self.num_rb,
            sample_rate_hz=self.sample_rate_hz,
        )

    @property
    def sample_rate_hz(self) -> float:
        """Samples a second: of the smallest power-of-two FFT that holds the band in 80 % of its width."""
        size = 128
        while 0.8 * size < 12 * self.num_rb:
            size *= 2
        return size * self.scs_khz * 1e3

    def resource(self, index: int = 0) -> ntnpos.prs_resource:
        """The DL-PRS of satellite number `index`: identities differ, and combs as far as there are any."""
        return ntnpos.prs_resource(
            sequence_id=101 + 37 * index,
            comb_size=self.comb_size,
            re_offset=index % self.comb_size,
            start_symbol=1,
            num_symbols=self.num_symbols,
            num_rb=self.num_rb,
            repetition_factor=self.slots,
            periodicity_slots=self.periodicity * self.scs_khz // 15,
        )

    def noise_power(self, element_snr_db: float) -> float:
        """Variance of a noise sample that gives an occupied element that SNR, for a path of gain 1.

        A full grid has unit power: an element of amplitude N / sqrt(12 n_rb) in the DFT of N samples.
        """
        size = self.sample_rate_hz / (self.scs_khz * 1e3)
        return size / (12 * self.num_rb) / 10.0 ** (0.1 * element_snr_db)

    @property
    def resolution_s(self) -> float:
        """1 / bandwidth."""
        return 1.0 / (12 * self.num_rb * self.scs_khz * 1e3)


@dataclass(frozen=True)
class Path:
    """One propagation path: toa(t) = delay_s + rate t by the receiver's clock."""

    delay_s: float
    rate: float = 0.0
    gain: complex = 1.0

    def toa_s(self, t_s: float) -> float:
        """Pseudo-delay at a receiver-clock reading."""
        return self.delay_s + self.rate * t_s


@dataclass(frozen=True)
class Emitter:
    """A satellite: its number among the waveform's resources, and its paths."""

    index: int
    paths: list[Path] = field(default_factory=list)


def trajectory(delay_s: float, rate: float) -> ntnpos.trajectory:
    """One straight line for all times."""
    return ntnpos.trajectory([ntnpos.delay_segment(ZERO, [delay_s, rate])])


def phase(rng: np.random.Generator) -> complex:
    """A random phasor."""
    return complex(np.exp(2j * np.pi * rng.uniform()))


@functools.lru_cache(maxsize=64)
def sent(waveform: Waveform, index: int, slots: int) -> np.ndarray:
    """What a satellite sends in the slots 0 .. slots - 1, complex64."""
    carrier, resource = waveform.carrier, waveform.resource(index)
    return np.concatenate([ntnpos.prs_slot(carrier, [resource], slot) for slot in range(slots)])


@functools.lru_cache(maxsize=16)
def useful(waveform: Waveform) -> np.ndarray:
    """What satellite 0 sends in slot 0 without the cyclic prefixes, up to its last symbol, complex64."""
    carrier, resource = waveform.carrier, waveform.resource()
    last = resource.start_symbol + resource.num_symbols
    found = sent(waveform, 0, 1)[: ntnpos.symbol_offset_samples(carrier, 0, last)].copy()
    for symbol in range(last):
        begin = ntnpos.symbol_offset_samples(carrier, 0, symbol)
        found[begin : begin + ntnpos.cp_samples(carrier, 0, symbol)] = 0.0
    return found


def received(
    waveform: Waveform,
    emitters: list[Emitter],
    first: int,
    count: int,
    noise_power: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Samples first .. first + count - 1 by the receiver's clock, complex64[count]."""
    noise = ntnpos.white_noise(int(rng.integers(2**63)), noise_power)
    if not emitters:
        return noise.samples(first, count)
    rate_hz = waveform.sample_rate_hz
    # Few lengths, so that what was made is found again.
    slots = 1 << int(np.ceil(np.log2((first + count) / rate_hz * 1e3 * waveform.scs_khz / 15)))
    inputs, paths = [], []
    for number, emitter in enumerate(emitters):
        inputs.append(sent(waveform, emitter.index, slots))
        for path in emitter.paths:
            paths.append(ntnpos.channel_path(number, trajectory(path.delay_s, path.rate), path.gain, ZERO))
    channel = ntnpos.satellite_channel(
        rate_hz,
        CARRIER_HZ,
        paths,
        ntnpos.channel_receiver(ntnpos.instant(ZERO), ntnpos.receiver_clock(), noise),
    )
    return channel.process(first, count, inputs)
