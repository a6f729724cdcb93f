# SPDX-License-Identifier: GPL-3.0-or-later
"""The families of cases of the campaign: name -> function of a seed that gives a case and what to expect of it."""

from __future__ import annotations

from typing import Callable

import numpy as np

import exact_world as world
from cases import base
from exact_signal import LEGAL_PAIRS
from make_recording import Case, Ray, Segment, Sender, orbit_of

Made = tuple[Case, dict]
FAMILIES: dict[str, Callable[[int], Made]] = {}


def family(function: Callable[[int], Made]) -> Callable[[int], Made]:
    FAMILIES[function.__name__] = function
    return function


def rng_of(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, 77, *name.encode()])


@family
def plain(seed: int) -> Made:
    """Like dev-sample."""
    return base(seed, "plain"), {}


@family
def rates(seed: int) -> Made:
    """Sample rates, numerologies, bandwidths."""
    scs, n_rb, rate = [(15, 12 + 12, 7.68e6), (15, 20 + 4, 15.36e6), (15, 52, 15.36e6), (15, 106, 30.72e6),
                       (30, 24, 15.36e6), (30, 52, 30.72e6), (30, 24, 30.72e6), (15, 24, 30.72e6),
                       (30, 51 + 1, 61.44e6), (15, 25, 5.76e6 + 1.92e6)][seed % 10]
    count = 5 if rate > 2e7 else 6
    fits = n_rb - n_rb % 4
    return base(seed, "rates", count=count, scs_khz=scs, n_rb=n_rb, rate=rate, snr_db=(3.0, 12.0),
                duration_s=0.025, prs={"num_rb": fits}), {}


@family
def slow_rate(seed: int) -> Made:
    """The narrowest sampling that holds the grid: 3.84 MS/s is for 12 PRB of 15 kHz at most 21 PRB."""
    return base(seed, "slow_rate", n_rb=20, rate=3.84e6, prs={"num_rb": 12, "start_prb": seed % 9},
                snr_db=(9.0, 12.0)), {}


@family
def partial_band(seed: int) -> Made:
    """PRS in a part of the carrier."""
    rng = rng_of(seed, "partial_band")
    n_rb, rate = [(52, 15.36e6), (79, 30.72e6), (106, 30.72e6), (25, 7.68e6)][seed % 4]
    num_rb = 24 if seed % 2 else min(n_rb - n_rb % 4, 36)
    shared = int(rng.integers(0, n_rb - num_rb + 1))
    mixed = seed % 3 == 0
    return base(seed, "partial_band", n_rb=n_rb, rate=rate, duration_s=0.025, prs=lambda r, i: {
        "num_rb": num_rb, "start_prb": int(r.integers(0, n_rb - num_rb + 1)) if mixed else shared}), {}


@family
def combs(seed: int) -> Made:
    """All pairs of symbols and comb, at every place in the slot."""
    symbols, comb = LEGAL_PAIRS[seed % 9]
    mixed = seed % 2 == 0

    def prs(rng, i):
        pair = LEGAL_PAIRS[int(rng.integers(9))] if mixed else (symbols, comb)
        start = int(rng.integers(0, 15 - pair[0])) if seed % 3 else 14 - pair[0]
        return {"pair": pair, "start_symbol": start}

    return base(seed, "combs", prs=prs, snr_db=(7.0, 12.0)), {}


@family
def phase_term(seed: int) -> Made:
    """The per-symbol phase of clause 5.4, carriers at odd frequencies."""
    case = base(seed, "phase_term", phase=True, scs_khz=(15, 30)[seed % 2], rate=(7.68e6, 15.36e6)[seed % 2])
    case.carrier["frequency_hz"] = [2.0e9, 1.9999e9, 2.185432e9, 3.5e9, 699.9e6, 2.00000001e9][seed % 6]
    return case, {}


@family
def muting(seed: int) -> Made:
    """Muting options 1 and 2."""
    def prs(rng, i):
        option1 = {"bits": "".join(rng.permutation(list(["10", "0110", "110100", "11110000"][rng.integers(4)]))),
                   "bit_repetition_factor": int(rng.choice([1, 2]))} if rng.integers(3) else None
        repeat = int(rng.choice([1, 2, 4]))
        bits2 = "".join(rng.permutation(list({2: "10", 4: "1100"}[repeat]))) if repeat > 1 and rng.integers(2) else None
        return {"periodicity": 10, "repetition_factor": repeat, "time_gap_slots": int(rng.choice([1, 2])),
                "muting_option1": option1, "muting_option2": bits2 and {"bits": bits2}}

    return base(seed, "muting", prs=prs, duration_s=0.083), {}


@family
def repeats(seed: int) -> Made:
    """Repetitions with gaps, weak signals."""
    def prs(rng, i):
        factor, gap = [(2, 1), (4, 1), (8, 1), (2, 2), (4, 2), (8, 2), (2, 4), (4, 4), (8, 4)][(seed + i) % 9]
        return {"periodicity": 40, "repetition_factor": factor, "time_gap_slots": gap}

    return base(seed, "repeats", prs=prs, duration_s=0.1, snr_db=(0.0, 8.0)), {"detect_db": 1.0}


@family
def periods(seed: int) -> Made:
    """Periodicities of 4 to 160 slots."""
    def prs(rng, i):
        return {"periodicity": [4, 5, 8, 16, 20, 32, 40, 64, 80, 160][(seed + i * (seed % 2)) % 10]}

    return base(seed, "periods", prs=prs, duration_s=0.2 if seed % 2 else 0.05 + 0.015 * (seed % 10)), {}


@family
def times(seed: int) -> Made:
    """Clocks and SFN origins anywhere; receiver times near 0, far from the epoch, at the end of a second."""
    rng = rng_of(seed, "times")
    t_s = [0.004, 1e5 - 7.0, 3.99998, 8.0e4 + 0.9999999, 0.0, 4000.5][seed % 6]
    case = base(seed, "times", t_s=t_s, constellation_name="starlink_shell1" if seed % 2 else "starlink_shell1+oneweb")
    for sender in case.senders:
        sender.sfn0_time_s = float([0.0, rng.uniform(-20, 20), rng.uniform(-3e4, 0), rng.uniform(0, 1e-2),
                                    rng.uniform(1.0, 1e5)][rng.integers(5)])
        sender.clock_offset_s = float(rng.uniform(-5e-5, 5e-5))
    return case, {}


@family
def clock_bounds(seed: int) -> Made:
    """Clock offset at its bound, up to 10 ms; frequency error at its bound, up to 10 ppm."""
    rng = rng_of(seed, "clock_bounds")
    most = [1e-3, 1e-2, 1e-4, 5e-3, 1e-5, 1e-6][seed % 6]
    ppm = [0.5, 10.0, 2.0, 10.0, 5.0, 0.1][seed % 6]
    sign = 1 if rng.integers(2) else -1
    return base(seed, "clock_bounds", clock_offset_s=0.995 * sign * most, clock_offset_max_s=most,
                frequency_error_ppm=0.99 * ppm * (1 if rng.integers(2) else -1), frequency_error_max_ppm=ppm,
                snr_db=(5.0, 12.0)), {}


@family
def ephemerides(seed: int) -> Made:
    """State vectors up to 300 s away, alone or mixed with elements, of two constellations."""
    rng = rng_of(seed, "ephemerides")
    name = ["starlink_shell1", "oneweb", "starlink_shell1+oneweb"][seed % 3]
    case = base(seed, "ephemerides", constellation_name=name, least_deg=15.0 if name == "oneweb" else 25.0,
                t_s=float(rng.uniform(400, 4000)), count=5 if name == "oneweb" else 6)
    t_s = case.segments[0].full_s
    for i, sender in enumerate(case.senders):
        if (seed // 3) % 2 and i % 2:
            continue
        t0 = t_s + float(rng.uniform(-298, 298))
        r, v = world.ecef_state(orbit_of(sender, case.epoch_utc), t0)
        sender.ephemeris = {"type": "state_vectors", "t_s": t0, "position_ecef_m": list(map(float, r)),
                            "velocity_ecef_m_s": list(map(float, v))}
    return case, {}


@family
def low_elevation(seed: int) -> Made:
    """Satellites down to 2 degrees."""
    return base(seed, "low_elevation", count=8, least_deg=2.0, snr_db=(6.0, 12.0)), {}


@family
def counts(seed: int) -> Made:
    """3 (with a height) to 12 satellites."""
    count = [3, 4, 5, 9, 12][seed % 5]
    scattered = count > 6
    return base(seed, "counts", count=count, least_deg=10.0 if scattered else 25.0,
                periodicity=20 if scattered else 10, duration_s=0.05 if scattered else 0.0332,
                give_height=count == 3 or seed % 7 == 1), {}


@family
def priors(seed: int) -> Made:
    """Priors of 1 km to 200 km, and as wrong as they say."""
    rng = rng_of(seed, "priors")
    sigma = [1e3, 2e5, 5e4, 1e5, 5e3][seed % 5]
    case = base(seed, "priors", constellation_name="starlink_shell1", count=(6, 5)[seed % 2])
    bearing, off = rng.uniform(0, 2 * np.pi), float(rng.uniform(1.0, 2.2)) * sigma
    case.prior |= {"horizontal_sigma_m": sigma,
                   "latitude_deg": case.latitude_deg + np.degrees(off * np.cos(bearing) / 6.37e6),
                   "longitude_deg": case.longitude_deg
                   + np.degrees(off * np.sin(bearing) / 6.37e6 / np.cos(np.radians(case.latitude_deg)))}
    return case, {}


@family
def silent(seed: int) -> Made:
    """Listed satellites that do not transmit, beside strong ones; unknown cells interfere."""
    rng = rng_of(seed, "silent")
    case = base(seed, "silent", count=9, least_deg=15.0, snr_db=(8.0, 20.0))
    for sender in rng.permutation(case.senders)[: 3 + seed % 2]:
        sender.snr_db = None
    for sender in case.senders[: seed % 3]:
        stranger = Sender("unknown-" + sender.id, sender.ephemeris, dict(sender.prs) | {
            "sequence_id": (sender.prs["sequence_id"] + 1234) % 4096, "slot_offset": int(rng.integers(10))},
            snr_db=8.0, listed=False)
        case.senders.append(stranger)
    return case, {}


@family
def twins(seed: int) -> Made:
    """Two satellites of the same sequence, in other slots; one of them silent every other time."""
    case = base(seed, "twins", count=6)
    a, b = case.senders[0], case.senders[1]
    b.prs["sequence_id"] = a.prs["sequence_id"]
    b.prs["slot_offset"] = (a.prs["slot_offset"] + 5) % 10
    if seed % 2:
        b.prs["slot_offset"] = a.prs["slot_offset"]
        b.prs["re_offset"] = (a.prs["re_offset"] + 1) % 4
        b.sfn0_time_s = a.sfn0_time_s
    if seed % 4 == 2:
        b.snr_db = None
    return case, {}


@family
def same_slot(seed: int) -> Made:
    """Everybody in one slot, as a synchronised network with comb offsets would do it."""
    case = base(seed, "same_slot", count=(4, 6, 8)[seed % 3], least_deg=15.0 if seed % 3 == 2 else 25.0,
                snr_db=(6.0, 14.0))
    for i, sender in enumerate(case.senders):
        sender.prs |= {"slot_offset": 3, "re_offset": i % 4}
        sender.sfn0_time_s = 0.0
    return case, {}


@family
def near_far(seed: int) -> Made:
    """One satellite 10 to 15 dB stronger, or weaker, than the others."""
    rng = rng_of(seed, "near_far")
    case = base(seed, "near_far", snr_db=(6.0, 8.0))
    case.senders[0].snr_db += float(rng.uniform(10, 15)) * (1 if seed % 2 else -1)
    if seed % 3 == 0:
        for sender in case.senders:
            sender.prs["slot_offset"], sender.sfn0_time_s = 4, 0.0
    return case, {}


@family
def strengths(seed: int) -> Made:
    """SNR from -8 to 25 dB."""
    level = [-8.0, -5.0, -2.0, 2.0, 16.0, 25.0][seed % 6]
    return base(seed, "strengths", snr_db=(level, level + 1.0), duration_s=0.0532,
                prs={"pair": (12, 4)} if level < -4 else None), {
        "detect_db": -7.0 if level < -4 else -2.0, "expect_fix": True}


@family
def noise_only(seed: int) -> Made:
    """Nobody transmits."""
    case = base(seed, "noise_only", count=6)
    for sender in case.senders:
        sender.snr_db = None
    return case, {"expect_fix": False}


@family
def blocked(seed: int) -> Made:
    """One satellite without line of sight: its first path is 200 to 2000 ns late."""
    rng = rng_of(seed, "blocked")
    case = base(seed, "blocked", count=(6, 7, 8)[seed % 3], least_deg=20.0)
    bad = case.senders[int(rng.integers(len(case.senders)))]
    bad.paths = [Ray(extra_delay_s=float(rng.uniform(200e-9, 2000e-9)))]
    return case, {"faulty": (bad.id,)}


@family
def multipath(seed: int) -> Made:
    """Second paths 150 to 800 ns later, -10 to +3 dB."""
    rng = rng_of(seed, "multipath")
    case = base(seed, "multipath", snr_db=(9.0, 14.0))
    for sender in case.senders[: 1 + seed % 4]:
        sender.paths = [Ray(), Ray(float(rng.uniform(150e-9, 800e-9)), float(rng.uniform(-10, 3)),
                                       float(rng.uniform(-5, 5)))]
    return case, {"multipath": True}


def _cut(case: Case, rng, pieces: int, longest_gap_s: float) -> None:
    """Cut the only segment into pieces with gaps between."""
    whole = case.segments[0]
    rate = case.sample_rate_hz
    full, frac, segments = whole.full_s, whole.frac_s, []
    for n in np.diff(np.concatenate([[0], np.sort(rng.integers(1, whole.samples, pieces - 1)), [whole.samples]])):
        n = max(1, int(n))
        segments.append(Segment(full, frac, n))
        frac += n / rate + float(rng.uniform(1e-6, longest_gap_s))
        full, frac = full + int(frac), frac % 1.0
    case.segments = segments


@family
def gaps(seed: int) -> Made:
    """Overflows at every place, from one sample to tens of milliseconds long."""
    rng = rng_of(seed, "gaps")
    case = base(seed, "gaps", duration_s=0.08)
    _cut(case, rng, [2, 4, 8, 20][seed % 4], [1e-4, 1e-2, 2e-3, 0.3][(seed // 2) % 4])
    return case, {}


@family
def crumbs(seed: int) -> Made:
    """Segments shorter than a slot, of one sample, and back to back."""
    rng = rng_of(seed, "crumbs")
    case = base(seed, "crumbs", duration_s=0.06)
    _cut(case, rng, 60, 1e-6 if seed % 2 else 3e-4)
    first = case.segments[0]
    rest = case.segments[1:]
    case.segments = [Segment(first.full_s, first.frac_s, 1), *rest] if first.samples > 1 else case.segments
    return case, {"detect_db": 5.0, "expect_fix": True}


@family
def passes(seed: int) -> Made:
    """Short segments spread over tens of seconds."""
    case = base(seed, "passes", count=7, least_deg=35.0, constellation_name="starlink_shell1+oneweb",
                frequency_error_ppm=[0.3, 9.0, -9.0, 0.0][seed % 4], frequency_error_max_ppm=10.0)
    step = [1.0, 5.0, 20.0, 25.0, 60.0][seed % 5]
    start = case.segments[0]
    case.segments = [Segment(start.full_s + int(i * step), start.frac_s, round(0.0222 * case.sample_rate_hz))
                     for i in range(5)]
    return case, {}


@family
def second(seed: int) -> Made:
    """One second in one piece."""
    return base(seed, "second", duration_s=1.0, prs={"periodicity": (20, 80)[seed % 2]}), {}


@family
def encodings(seed: int) -> Made:
    """Both datatypes, archives, tiny and huge amplitudes, clipping."""
    case = base(seed, "encodings", snr_db=(9.0, 12.0))
    case.datatype = ("cf32_le", "ci16_le")[seed % 2]
    case.archive = seed % 4 < 2
    case.noise_rms = [1e-9, 3.0, 1e12, 9000.0, 1e-15, 1.0, 1e20, 15000.0][seed % 8]
    return case, {"detect_db": 5.0 if seed % 8 in (5, 7) else -2.0}
