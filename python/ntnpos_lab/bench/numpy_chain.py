# SPDX-License-Identifier: GPL-3.0-or-later
"""A slot from nine transmitters to nine first paths in numpy alone, as one writes it who knows numpy.

The same steps as the kernels' chain: symbols by inverse FFTs, a moving delay by windowed-sinc taps held for a
stretch of samples, the carrier phase sample by sample, noise; then for each satellite the samples turned back,
an FFT a symbol, the comb times the conjugate of what was sent, the sum over the symbols, the delay profile,
the threshold crossing and a maximum-likelihood fit of one path. Loops run over satellites, symbols and taps
only. The sequences are given: numpy has no word of 64 bits that could make them fast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FFT_SIZE = 4096
SCS_HZ = 15e3
RATE_HZ = FFT_SIZE * SCS_HZ
CARRIER_HZ = 2e9
GRID_RB = 272
COMB = 4
SHIFTS = (0, 2, 1, 3)
"""TS 38.211 table 7.4.1.7.3-2, comb 4."""
SYMBOLS = 12
START_SYMBOL = 1
NARROW_TAPS, WIDE_TAPS, WIDE_RB = 8, 16, 50
"""Taps of a moving delay for fewer blocks than so many, and for more."""
HELD = 64
"""Samples for which a filter's taps stay."""
SLOT_SAMPLES = 61440
SNR = 10.0
"""In one occupied element."""
THRESHOLD = 0.6


@dataclass(frozen=True)
class Satellite:
    """What one satellite sends, and how it arrives."""

    first: np.ndarray
    """Of each PRS symbol: its lowest occupied subcarrier, from 0 Hz."""
    values: np.ndarray
    """(symbols, elements) unit QPSK."""
    toa: tuple[float, float, float]
    """Coefficients of the delay: s, s/s, s/s^2."""

    def toa_at(self, samples: np.ndarray) -> np.ndarray:
        """Delay in seconds at positions in samples."""
        return np.polynomial.polynomial.polyval(samples / RATE_HZ, self.toa)


def prefix(symbol: int) -> int:
    """Samples of the cyclic prefix of a symbol of an even slot."""
    return 9 * FFT_SIZE // 128 + (FFT_SIZE // 128 if symbol % 7 == 0 else 0)


def useful_start(symbol: int) -> int:
    """Samples from the slot's start to the symbol's useful part."""
    return sum(prefix(i) for i in range(symbol + 1)) + symbol * FFT_SIZE


def satellites(num_rb: int, count: int = 9, seed: int = 1) -> list[Satellite]:
    """A scene: delays of 20 to 50 us, rates up to 24 us/s."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(count):
        first = np.array([-6 * num_rb + (i % COMB + SHIFTS[l % 4]) % COMB for l in range(SYMBOLS)])
        bits = rng.integers(0, 2, (2, SYMBOLS, 12 * num_rb // COMB)).astype(np.float32)
        values = ((1 - 2 * bits[0]) + 1j * (1 - 2 * bits[1])).astype(np.complex64) * np.float32(np.sqrt(0.5))
        toa = (2e-5 + 3e-5 * (0.618 * i % 1.0), 24e-6 * (2 * (i + 0.5) / count - 1), 1.5e-7)
        found.append(Satellite(first, values, toa))
    return found


def _taps(taps: int) -> np.ndarray:
    """(256, taps) interpolators for fractions of a sample in steps of 1/256, Kaiser window."""
    at = np.arange(taps) - (taps // 2 - 1)
    x = at[None, :] - np.arange(256)[:, None] / 256
    window = np.i0(8.0 * np.sqrt(np.maximum(0.0, 1 - (x / (taps / 2)) ** 2))) / np.i0(8.0)
    return (np.sinc(x) * window).astype(np.float32)


TABLES = {taps: _taps(taps) for taps in (NARROW_TAPS, WIDE_TAPS)}


def turns(cycles: np.ndarray) -> np.ndarray:
    """exp(j 2 pi cycles) in single precision, reduced in double."""
    return np.exp(2j * np.pi * (cycles - np.rint(cycles)).astype(np.float32)).astype(np.complex64)


def comb_bins(satellite: Satellite) -> np.ndarray:
    """(symbols, elements) FFT bins."""
    elements = satellite.values.shape[1]
    return (satellite.first[:, None] + COMB * np.arange(elements)) % FFT_SIZE


def transmit(satellite: Satellite) -> np.ndarray:
    """A slot's samples."""
    grid = np.zeros((SYMBOLS, FFT_SIZE), np.complex64)
    np.put_along_axis(grid, comb_bins(satellite), satellite.values, axis=1)
    useful = np.fft.ifft(grid, axis=1).astype(np.complex64) * np.float32(FFT_SIZE / np.sqrt(12 * GRID_RB))
    out = np.zeros(SLOT_SAMPLES, np.complex64)
    for index in range(SYMBOLS):
        start, cp = useful_start(START_SYMBOL + index), prefix(START_SYMBOL + index)
        out[start:start + FFT_SIZE] = useful[index]
        out[start - cp:start] = useful[index, -cp:]
    return out


def delayed(satellite: Satellite, sent: np.ndarray) -> np.ndarray:
    """What arrives in the slot's time: delay, stretch and Doppler."""
    groups = np.arange(0, SLOT_SAMPLES, HELD)
    place = groups - satellite.toa_at(groups + 0.5 * (HELD - 1)) * RATE_HZ
    whole = np.floor(place).astype(np.int64)
    count = WIDE_TAPS if COMB * satellite.values.shape[1] > 12 * WIDE_RB else NARROW_TAPS
    taps = TABLES[count][((place - whole) * 256).astype(np.int64)]
    margin = 4096
    padded = np.concatenate([np.zeros(margin, np.complex64), sent, np.zeros(count, np.complex64)])
    pieces = np.lib.stride_tricks.sliding_window_view(padded, HELD + count - 1)
    pieces = pieces[whole + margin - (count // 2 - 1)]
    out = pieces[:, :HELD] * taps[:, :1]
    for tap in range(1, count):
        out += pieces[:, tap:tap + HELD] * taps[:, tap:tap + 1]
    return out.reshape(-1) * turns(-CARRIER_HZ * satellite.toa_at(np.arange(SLOT_SAMPLES)))


def channel_of(satellite: Satellite, received: np.ndarray, num_rb: int) -> np.ndarray:
    """(12 num_rb,) channel on the PRS's subcarriers, seen through the satellite's delay."""
    useful = np.array([useful_start(START_SYMBOL + i) for i in range(SYMBOLS)])
    cp = np.array([prefix(START_SYMBOL + i) for i in range(SYMBOLS)])
    begin = np.rint(useful + satellite.toa_at(useful) * RATE_HZ).astype(np.int64) - cp // 2
    at = begin[:, None] + np.arange(FFT_SIZE)
    spectrum = np.fft.fft(received[at] * turns(CARRIER_HZ * satellite.toa_at(at)), axis=1)
    elements = np.take_along_axis(spectrum, comb_bins(satellite), axis=1) * np.conj(satellite.values)
    middle = begin + FFT_SIZE / 2
    ramp = (middle - useful) / RATE_HZ - satellite.toa_at(middle) - 0.5 / SCS_HZ
    k = satellite.first[:, None] + COMB * np.arange(elements.shape[1])
    elements *= turns(-ramp[:, None] * SCS_HZ * k)
    out = np.zeros(12 * num_rb, complex)
    for index in range(SYMBOLS):
        offset = satellite.first[index] + 6 * num_rb
        out[offset::COMB] += elements[index]
    return out * (np.sqrt(12 * GRID_RB) / FFT_SIZE * COMB / SYMBOLS)


def first_path(channel: np.ndarray) -> tuple[float, float]:
    """Delay of one path by maximum likelihood, and where the profile crosses the threshold, s."""
    k = np.arange(len(channel)) - len(channel) // 2
    spectrum = np.zeros(FFT_SIZE, complex)
    spectrum[k] = channel
    profile = np.abs(np.fft.fftshift(np.fft.ifft(spectrum)))
    peak = int(np.argmax(profile))
    early, late = peak - int(4e-6 * RATE_HZ), peak + int(6e-6 * RATE_HZ)
    floor = np.mean(np.concatenate([profile[:max(early, 0)], profile[late + 1:]]))
    level = floor + THRESHOLD * (profile[peak] - floor)
    start = max(early, 0)
    crossing = start + int(np.argmax(profile[start:peak + 1] >= level))
    delay = (peak - FFT_SIZE // 2) / RATE_HZ
    slope = 2 * np.pi * k * SCS_HZ
    for _ in range(4):  # Newton's method on |sum H exp(j slope delay)|^2
        turned = channel * np.exp(1j * slope * delay)
        s0, s1, s2 = turned.sum(), (1j * slope * turned).sum(), -(slope**2 * turned).sum()
        first = 2 * (np.conj(s0) * s1).real
        second = 2 * (abs(s1) ** 2 + (np.conj(s0) * s2).real)
        delay -= first / second
    return delay, (crossing - FFT_SIZE // 2) / RATE_HZ


def run(scene: list[Satellite], rng: np.random.Generator) -> list[float]:
    """A slot of all satellites; the error of each one's first path, s."""
    num_rb = scene[0].values.shape[1] * COMB // 12
    received = sum(delayed(s, transmit(s)) for s in scene)
    power = FFT_SIZE / (12 * GRID_RB) / SNR
    noise = rng.standard_normal(2 * SLOT_SAMPLES, dtype=np.float32) * np.float32(np.sqrt(power / 2))
    received += noise.view(np.complex64)
    return [first_path(channel_of(s, received, num_rb))[0] for s in scene]
