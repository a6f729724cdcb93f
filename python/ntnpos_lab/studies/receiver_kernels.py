# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver under study: the kernels of `comb_correlator` and `first_path_detector`. And two plain
answers.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Sequence

import numpy as np
from gnuradio import ntnpos
from scipy.signal import czt

from .receiver_signals import CARRIER_HZ, ZERO, Waveform, trajectory, useful

FALSE_ALARM = 1e-4
"""The receiver's default."""


FAR_AWAY_S = 0.05


@dataclass(frozen=True)
class Window:
    """Where a satellite is looked for: prediction and half widths."""

    delay_s: float
    rate: float
    half_width_s: float = 5e-6
    doppler_half_width_hz: float = 500.0

    def kernel(self) -> ntnpos.search_window:
        """As the kernels take it."""
        return ntnpos.search_window(
            trajectory(self.delay_s, self.rate), self.half_width_s, self.doppler_half_width_hz
        )


@dataclass(frozen=True)
class Result:
    """One occasion of one satellite as the receiver reports it."""

    satellite: int
    slot: int
    status: str
    arrival_s: float
    """Receiver clock when the slot's start arrives (expected to, where nothing was found)."""
    toa_s: float = np.nan
    toa_std_s: float = np.nan
    profile: ntnpos.delay_profile | None = None

    @property
    def found(self) -> bool:
        """Whether there is a measurement."""
        return self.status == "found"


def bank(waveform: Waveform, windows: dict[int, Window], **settings) -> ntnpos.correlator_bank:
    """A new receiver for these satellites; settings are those of `correlator_bank_config`."""
    signals = [ntnpos.satellite_signal(str(index), waveform.resource(index), ZERO) for index in windows]
    found = ntnpos.correlator_bank(waveform.carrier, signals, ntnpos.correlator_bank_config(**settings))
    for number, window in enumerate(windows.values()):
        found.set_window(number, window.kernel())
    return found


def receive(receiver: ntnpos.correlator_bank, segments: Sequence[tuple[float, np.ndarray]]) -> list[Result]:
    """Segments (receiver clock of the first sample in s, samples) through a receiver; its reports."""
    for start_s, samples in segments:
        receiver.begin_segment(ntnpos.instant(*_pair(start_s)))
        receiver.push(samples)
    receiver.end_segment()
    return [_read(receiver, profile) for profile in receiver.take()]


def acquire(waveform: Waveform, window: Window, samples: np.ndarray) -> Result:
    """The one occasion in samples from 0 on (more than 1 ms) by a receiver that knows only the window.

    Making a receiver takes longer than one occasion: it is made once and made to forget. A test compares it
    with new ones.
    """
    receiver = _kept(waveform)
    # A track outside the window is dropped; a clock set back lets the same occasion be reported again.
    receiver.set_window(0, Window(window.delay_s + FAR_AWAY_S, window.rate, 0.0).kernel())
    receiver.set_window(0, window.kernel())
    (result,) = receive(receiver, [(0.0, samples)])
    return result


@functools.lru_cache(maxsize=32)
def _kept(waveform: Waveform) -> ntnpos.correlator_bank:
    return bank(waveform, {0: Window(0.0, 0.0)})


def _pair(t_s: float) -> tuple[int, float]:
    whole = int(np.floor(t_s))
    return whole, t_s - whole


def _read(receiver: ntnpos.correlator_bank, profile: ntnpos.delay_profile) -> Result:
    satellite, status = int(profile.satellite), profile.status.name
    arrival_s = profile.arrival - ntnpos.instant(ZERO)
    if status != "found":
        return Result(satellite, profile.slot_count, status, arrival_s)
    estimate = detector(receiver.profile_config(receiver.index_of(profile.satellite))).detect(profile.values)
    if not estimate.detected:
        return Result(satellite, profile.slot_count, "no_signal", arrival_s)
    m = ntnpos.measure_toa(profile, estimate)
    return Result(
        satellite, profile.slot_count, status, m.arrival - ntnpos.instant(ZERO), m.toa_s, m.toa_std_s, profile
    )


def detector(config: ntnpos.first_path_config) -> ntnpos.first_path:
    """A first-path detector; one of each kind is made."""
    return _detector(config.subcarriers, config.scs_hz, config.profile_points, config.false_alarm_probability)


@functools.lru_cache(maxsize=64)
def _detector(subcarriers: int, scs_hz: float, points: int, false_alarm: float) -> ntnpos.first_path:
    return ntnpos.first_path(
        ntnpos.first_path_config(
            subcarriers=subcarriers, scs_hz=scs_hz, profile_points=points, false_alarm_probability=false_alarm
        )
    )


# ------------------------------------------------------------------------------------ plain answers


def channel_of(values: np.ndarray, subcarriers: int) -> np.ndarray:
    """The combined channel [subcarriers] of a profile in first_path's form (its definition inverted)."""
    points = len(values)
    spectrum = np.fft.fft(np.fft.ifftshift(values)) * (subcarriers / points)
    return spectrum[(np.arange(subcarriers) - subcarriers // 2) % points]


def crossing_toa_s(result: Result, waveform: Waveform, sample_rate_hz: float) -> float:
    """The first sample above 0.6 between noise floor and peak: the integer-sample answer of a plain receiver.

    The profile is moved onto the samples of a receiver that runs at `sample_rate_hz`; Doppler is taken out
    already.
    """
    subcarriers, scs_hz = 12 * waveform.num_rb, waveform.scs_khz * 1e3
    middle = result.profile.toa_s
    sample_s = round(middle * sample_rate_hz) / sample_rate_hz
    k = np.arange(subcarriers) - subcarriers // 2
    moved = channel_of(result.profile.values, subcarriers) * np.exp(
        -2j * np.pi * k * scs_hz * (middle - sample_s)
    )
    found = _detector(subcarriers, scs_hz, round(sample_rate_hz / scs_hz), FALSE_ALARM).detect_channel(
        moved.astype(np.complex64)
    )
    return sample_s + found.crossing_s if found.detected else np.nan


def matched_toa_s(
    samples: np.ndarray, waveform: Waveform, rate: float, middle_s: float, half_s: float
) -> float:
    """The strongest correlation with satellite 0's slot 0 within middle_s +- half_s: it always answers.

    One matched filter over the useful parts of the symbols, at the Doppler of that delay rate; sixteen delays
    a sample and a parabola through the best three. `samples` start when the receiver's clock reads 0.
    """
    rate_hz, step = waveform.sample_rate_hz, 1.0 / 16.0
    replica = useful(waveform)
    heard = samples[: int(np.ceil((middle_s + half_s) * rate_hz)) + len(replica)]
    turned = heard * np.exp(2j * np.pi * CARRIER_HZ * rate * np.arange(len(heard)) / rate_hz)
    n = 1 << int(np.ceil(np.log2(len(heard) + len(replica))))
    cross = np.fft.fftshift(np.fft.fft(turned, n) * np.conj(np.fft.fft(replica, n)))
    first, count = (middle_s - half_s) * rate_hz, int(2.0 * half_s * rate_hz / step) + 1
    # The inverse transform at those delays alone; where the spectrum begins turns the phase alone.
    turn = 2j * np.pi / n
    cells = np.abs(czt(cross, count, np.exp(turn * step), np.exp(-turn * first))) ** 2
    best = int(np.argmax(cells))
    if not 0 < best < count - 1:
        return (first + best * step) / rate_hz
    left, peak, right = cells[best - 1 : best + 2]
    return (first + (best + 0.5 * (left - right) / (left - 2.0 * peak + right)) * step) / rate_hz


def strongest_toa_s(result: Result, waveform: Waveform) -> float:
    """Where the profile's envelope is highest, on a grid of 1/64 of the resolution."""
    subcarriers, scs_hz = 12 * waveform.num_rb, waveform.scs_khz * 1e3
    points = 64 * subcarriers
    padded = np.zeros(points, complex)
    padded[(np.arange(subcarriers) - subcarriers // 2) % points] = channel_of(
        result.profile.values, subcarriers
    )
    best = int(np.argmax(np.abs(np.fft.ifft(padded))))
    return result.profile.toa_s + (best - points if best >= points // 2 else best) / (points * scs_hz)
