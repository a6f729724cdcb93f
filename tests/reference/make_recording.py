# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings as `./ntnpos locate` reads them, with their truth: an independent generator for tests.

Slow and exact, from the contract's baseband formula
y(t) = sum a_i x_i(t - tau_i(t)) exp(-j 2 pi f_c tau_i(t)) + noise: every occupied subcarrier is evaluated at each sample's own time of
emission. It uses no kernel of the project and not its engine.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numpy.polynomial import Chebyshev

import exact_signal
import exact_world as world
from recording_truth import truth_of

_HYPERFRAME_MS = 10240  # 1024 frames: everything of a PRS repeats


@dataclass
class Ray:
    """One propagation path: what it adds to the line of sight."""

    extra_delay_s: float = 0.0
    relative_db: float = 0.0
    extra_doppler_hz: float = 0.0


@dataclass
class Sender:
    """One satellite as it really is; `listed` says whether the assistance data know it."""

    id: str
    ephemeris: dict
    prs: dict
    snr_db: float | None = 10.0  # power while it sends, over the noise in its PRS band; None: silent
    clock_offset_s: float = 0.0
    sfn0_time_s: float = 0.0
    paths: list[Ray] = field(default_factory=lambda: [Ray()])
    listed: bool = True


@dataclass
class Segment:
    """One capture: start by the receiver's clock and length."""

    full_s: int
    frac_s: float
    samples: int


@dataclass
class Case:
    """Everything a recording is made from."""

    name: str
    carrier: dict
    sample_rate_hz: float
    senders: list[Sender]
    segments: list[Segment]
    epoch_utc: str = "2025-10-07T18:49:00Z"
    latitude_deg: float = 53.3498
    longitude_deg: float = -6.2603
    height_m: float = 24.0
    clock_offset_s: float = 0.0  # receiver clock minus system time at the first sample
    frequency_error_ppm: float = 0.0  # the clock gains so much a second of system time
    prior: dict = field(default_factory=dict)
    clock_offset_max_s: float = 1e-3
    frequency_error_max_ppm: float = 0.5
    datatype: str = "ci16_le"
    archive: bool = False
    noise_rms: float = 300.0  # of a sample, in ci16 steps (times 1e-3 for cf32)
    give_height: bool = False
    seed: int = 1


def orbit_of(sender: Sender, epoch_utc: str):
    """The sender's orbit."""
    e = sender.ephemeris
    if e["type"] == "tle":
        return world.Tle(e["line1"], e["line2"], epoch_utc)
    return world.StateVector(e["t_s"], e["position_ecef_m"], e["velocity_ecef_m_s"])


class Truth:
    """Delays of a case."""

    def __init__(self, case: Case):
        self.case = case
        self.start = case.segments[0]
        self.ue = world.geodetic_to_ecef(case.latitude_deg, case.longitude_deg, case.height_m)
        self.orbits = {s.id: orbit_of(s, case.epoch_utc) for s in case.senders}

    def since_start(self, full_s: int, frac_s):
        """Receiver-clock seconds from the first sample."""
        return (full_s - self.start.full_s) + (np.asarray(frac_s) - self.start.frac_s)

    def clock_offset_s(self, d):
        """Receiver clock minus system time, `d` receiver-clock seconds after the first sample."""
        ppm = 1e-6 * self.case.frequency_error_ppm
        return self.case.clock_offset_s + ppm / (1.0 + ppm) * np.asarray(d)

    def toa_s(self, sender: Sender, d, ue=None) -> np.ndarray:
        """Pseudo-delay [n] along the line of sight of what arrives at `d` [n]."""
        d = np.atleast_1d(np.asarray(d, float))
        clock = self.clock_offset_s(d)
        # Seconds from the epoch lose the picoseconds; orbits are smooth enough, the clock is not asked for them.
        t_rx = self.start.full_s + (self.start.frac_s + d) - clock
        delay = world.travel_time(self.orbits[sender.id], self.ue if ue is None else ue, t_rx)
        return delay + clock - sender.clock_offset_s

    def polynomial(self, sender: Sender, first: float, last: float) -> Chebyshev:
        """toa over [first, last] (from the first sample), good to rounding over seconds."""
        middle, half = 0.5 * (first + last), max(0.5 * (last - first), 0.05)
        nodes = middle + half * np.cos(np.pi * (np.arange(16) + 0.5) / 16)
        domain = [middle - half, middle + half]
        return Chebyshev.fit(nodes, self.toa_s(sender, nodes), 9, domain=domain)


def carrier_of(case: Case) -> SimpleNamespace:
    """As exact_signal wants it."""
    c = case.carrier
    return SimpleNamespace(**c, extended_cp=c.get("cyclic_prefix") == "extended")


def resource_of(sender: Sender) -> SimpleNamespace:
    """As exact_signal wants it."""
    one, two = sender.prs["muting_option1"], sender.prs["muting_option2"]
    return SimpleNamespace(**sender.prs, power_offset_db=0.0,
                           muting_option1_bits=[int(b) for b in one["bits"]] if one else [],
                           muting_option1_repetition=one["bit_repetition_factor"] if one else 1,
                           muting_option2_bits=[int(b) for b in two["bits"]] if two else [])


@dataclass(frozen=True)
class SentSymbol:
    """A PRS symbol: its slot, place and length (with prefix) and the start of its useful part, the last three in
    satellite-clock seconds from the first sample's reading."""

    slot: int
    begin: float
    useful: float
    end: float
    k: np.ndarray
    values: np.ndarray


def sent_symbols(case: Case, sender: Sender, truth: Truth, first: float, last: float):
    """Symbols that leave between two satellite-clock readings (relative to the first sample's reading)."""
    carrier, resource = carrier_of(case), resource_of(sender)
    scale = carrier.scs_khz // 15
    slot_s = Fraction(1, 1000 * scale)
    # Exact: satellite clock at SFN 0 minus the reading of the first sample.
    origin = Fraction(sender.sfn0_time_s) - truth.start.full_s - Fraction(truth.start.frac_s)
    low = int((Fraction(first) - origin) / slot_s) - 2
    high = int((Fraction(last) - origin) / slot_s) + 2
    for slot in range(low, high + 1):
        # SFN counts modulo 1024; every period divides that.
        if not exact_signal.is_sent(carrier, resource, slot % (_HYPERFRAME_MS * scale)):
            continue
        subframe = origin + (slot // scale) * Fraction(1, 1000)
        for symbol in range(resource.start_symbol, resource.start_symbol + resource.num_symbols):
            begun_s, prefix_s = exact_signal.symbol_timing(carrier, slot % scale, symbol)
            k, values = exact_signal.symbol_elements(carrier, resource, slot % (10 * scale), symbol)
            if carrier.phase_compensation:
                values = values * np.exp(-2j * np.pi * (carrier.frequency_hz * (begun_s + prefix_s) % 1.0))
            begin = float(subframe + Fraction(begun_s))
            yield SentSymbol(slot, begin, begin + prefix_s, begin + prefix_s + 1e-3 / carrier.scs_khz, k, values)


def tone_sum(values: np.ndarray, first_hz: float, step_hz: float, t_s: np.ndarray) -> np.ndarray:
    """sum_m values[m] exp(j 2 pi (first + m step) t), by Horner's rule."""
    z = np.exp(2j * np.pi * step_hz * t_s)
    total = np.full(len(t_s), values[-1], complex)
    for value in values[-2::-1]:
        total *= z
        total += value
    return total * np.exp(2j * np.pi * first_hz * t_s)


def signal_of(case: Case, sender: Sender, truth: Truth, segment: Segment) -> np.ndarray:
    """What one sender adds to a segment, in units of the noise (variance 1 a sample)."""
    y = np.zeros(segment.samples, complex)
    fs, f_c = case.sample_rate_hz, case.carrier["frequency_hz"]
    scs_hz, n_rb = 1e3 * case.carrier["scs_khz"], case.carrier["n_rb"]
    d0 = float(truth.since_start(segment.full_s, segment.frac_s))
    span = segment.samples / fs
    toa = truth.polynomial(sender, d0, d0 + span)
    elements = 12 * sender.prs["num_rb"] // sender.prs["comb_size"]
    power = 10.0 ** (0.1 * sender.snr_db) * 12 * sender.prs["num_rb"] * scs_hz / fs
    amplitude = np.sqrt(power / elements)
    longest = max(p.extra_delay_s for p in sender.paths)
    symbols = list(sent_symbols(case, sender, truth, d0 - toa(d0) - longest - 2e-3, d0 + span - toa(d0 + span)))
    phases = np.random.default_rng([case.seed, sum(sender.id.encode())]).uniform(0.0, 1.0, len(sender.paths))
    for path, phase in zip(sender.paths, phases):
        gain = amplitude * 10.0 ** (0.05 * path.relative_db) * np.exp(2j * np.pi * phase)
        for s in symbols:
            late = path.extra_delay_s
            guess = s.begin + toa(np.clip(s.begin + toa(d0), d0, d0 + span)) + late - d0
            n = np.arange(max(0, int(guess * fs) - 50), min(segment.samples, int((guess + s.end - s.begin) * fs) + 50))
            if not n.size:
                continue
            d = d0 + n / fs
            delay = toa(d) + late - path.extra_doppler_hz / f_c * d
            sent = d - delay
            here = (sent >= s.begin) & (sent < s.end)
            n, delay, sent = n[here], delay[here], sent[here]
            x = tone_sum(s.values, (s.k[0] - 6 * n_rb) * scs_hz, (s.k[1] - s.k[0]) * scs_hz, sent - s.useful)
            y[n] += gain * x * np.exp(-2j * np.pi * (f_c * delay % 1.0))
    return y


def samples_of(case: Case, truth: Truth) -> np.ndarray:
    """All segments' samples one after the other, noise of variance 1 included."""
    rng = np.random.default_rng(case.seed)
    parts = []
    for segment in case.segments:
        y = exact_signal.white_noise(rng, segment.samples, 1.0)
        for sender in case.senders:
            if sender.snr_db is not None:
                y = y + signal_of(case, sender, truth, segment)
        parts.append(y)
    return np.concatenate(parts)


def assistance_of(case: Case) -> dict:
    """The assistance file."""
    prior = {"latitude_deg": case.latitude_deg, "longitude_deg": case.longitude_deg, "height_m": case.height_m,
             "horizontal_sigma_m": 5e4, "height_sigma_m": 100.0} | case.prior
    return {"schema": "ntnpos.assistance/1", "epoch_utc": case.epoch_utc, "carrier": case.carrier,
            "satellites": [{"id": s.id, "ephemeris": s.ephemeris, "clock_offset_s": s.clock_offset_s,
                            "sfn0_time_s": s.sfn0_time_s, "prs": s.prs} for s in case.senders if s.listed],
            "ue_prior": prior,
            "receiver": {"clock_offset_max_s": case.clock_offset_max_s,
                         "frequency_error_max_ppm": case.frequency_error_max_ppm}}


def metadata_of(case: Case, data: bytes) -> dict:
    """The SigMF metadata."""
    starts = np.concatenate([[0], np.cumsum([s.samples for s in case.segments])[:-1]])
    captures = [{"core:sample_start": int(start), "core:frequency": case.carrier["frequency_hz"],
                 "ntnpos:rx_time": {"full_s": s.full_s, "frac_s": s.frac_s}}
                for start, s in zip(starts, case.segments)]
    info = {"core:datatype": case.datatype, "core:sample_rate": case.sample_rate_hz, "core:version": "1.0.0",
            "core:num_channels": 1, "core:sha512": hashlib.sha512(data).hexdigest(),
            "core:extensions": [{"name": "ntnpos", "version": "1.0.0", "optional": True}]}
    return {"global": info, "captures": captures, "annotations": []}


def encoded(case: Case, samples: np.ndarray) -> bytes:
    """Samples as the datatype has them; ci16 clips."""
    pairs = np.stack([samples.real, samples.imag], axis=-1) * case.noise_rms
    if case.datatype == "ci16_le":
        return np.clip(np.round(pairs), -32768, 32767).astype("<i2").tobytes()
    return (1e-3 * pairs).astype("<f4").tobytes()


def write_recording(case: Case, folder: Path) -> SimpleNamespace:
    """Write NAME.sigmf-meta and NAME.sigmf-data (or NAME.sigmf), NAME.assistance.json and NAME.truth.json.

    Returns
    -------
    recording, assistance : paths for `./ntnpos locate`; truth : `Truth`
    """
    world_truth = Truth(case)
    data = encoded(case, samples_of(case, world_truth))
    meta = json.dumps(metadata_of(case, data), indent=1).encode()
    if case.archive:
        recording = folder / f"{case.name}.sigmf"
        with tarfile.open(recording, "w") as archive:
            for suffix, content in (("meta", meta), ("data", data)):
                member = tarfile.TarInfo(f"{case.name}/{case.name}.sigmf-{suffix}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    else:
        recording = folder / f"{case.name}.sigmf-meta"
        recording.write_bytes(meta)
        recording.with_suffix(".sigmf-data").write_bytes(data)
    assistance = folder / f"{case.name}.assistance.json"
    assistance.write_text(json.dumps(assistance_of(case), indent=1))
    found = truth_of(case, world_truth)
    (folder / f"{case.name}.truth.json").write_text(json.dumps(found, indent=1))
    return SimpleNamespace(recording=recording, assistance=assistance, truth=found, world=world_truth)
