# SPDX-License-Identifier: GPL-3.0-or-later
"""More families: everything at once, and what lies at the edge of what can be received."""

from __future__ import annotations

import numpy as np

import exact_world as world
from cases import base
from exact_signal import LEGAL_PAIRS
from families import Made, _cut, family, rng_of
from make_recording import Ray, Segment, Sender, orbit_of


@family
def storm(seed: int) -> Made:
    """Everything at once."""
    rng = rng_of(seed, "storm")
    scs, n_rb, rate = [(15, 24, 7.68e6), (15, 52, 15.36e6), (30, 24, 15.36e6), (15, 25, 7.68e6), (30, 52, 30.72e6),
                       (15, 79, 30.72e6)][rng.integers(6)]
    mu = scs // 15

    def prs(r, i):
        num_rb = int(r.choice([n for n in (24, 36, 52) if n <= n_rb]))
        repeat = int(r.choice([1, 1, 2, 4]))
        return {"pair": LEGAL_PAIRS[r.integers(9)], "num_rb": num_rb, "start_prb": int(r.integers(n_rb - num_rb + 1)),
                "periodicity": int(r.choice([8, 10, 16, 20])) * mu, "repetition_factor": repeat,
                "time_gap_slots": int(r.choice([1, 2])),
                "muting_option1": {"bits": "1101", "bit_repetition_factor": 1} if r.integers(4) == 0 else None,
                "muting_option2": {"bits": "10" * (repeat // 2)} if repeat > 1 and r.integers(3) == 0 else None}

    case = base(seed, "storm", count=int(rng.integers(6, 10)), least_deg=12.0, scs_khz=scs, n_rb=n_rb, rate=rate,
                duration_s=float(rng.uniform(0.06, 0.09)), snr_db=(6.0, 16.0), prs=prs, t_s=float(rng.uniform(400, 3000)),
                constellation_name=["starlink_shell1", "starlink_shell1+oneweb"][rng.integers(2)],
                frequency_error_ppm=float(rng.uniform(-9.9, 9.9)), frequency_error_max_ppm=10.0,
                clock_offset_s=float(rng.uniform(-1.9e-3, 1.9e-3)), clock_offset_max_s=2e-3)
    case.datatype = str(rng.choice(["ci16_le", "cf32_le"]))
    case.archive = bool(rng.integers(2))
    senders = list(rng.permutation(case.senders))
    senders[0].snr_db = None
    senders[1].paths = [Ray(), Ray(float(rng.uniform(150e-9, 800e-9)), float(rng.uniform(-10, 0)))]
    for sender in case.senders:
        sender.sfn0_time_s = float(rng.uniform(-100, 100))
        sender.clock_offset_s = float(rng.uniform(-5e-5, 5e-5))
        if rng.integers(2):
            t0 = case.segments[0].full_s + float(rng.uniform(-290, 290))
            r, v = world.ecef_state(orbit_of(sender, case.epoch_utc), t0)
            sender.ephemeris = {"type": "state_vectors", "t_s": t0, "position_ecef_m": list(map(float, r)),
                                "velocity_ecef_m_s": list(map(float, v))}
    if rng.integers(2):
        other = senders[2]
        case.senders.append(Sender("stranger", other.ephemeris, dict(other.prs) | {"sequence_id": 77}, snr_db=12.0,
                                   listed=False, sfn0_time_s=0.0123))
    if rng.integers(2):
        _cut(case, rng, int(rng.integers(2, 5)), float(rng.choice([1e-3, 0.1, 3.0])))
    return case, {"multipath": True, "detect_db": 0.0}


@family
def precise(seed: int) -> Made:
    """Wide and strong: bounds of tens of picoseconds."""
    scs, n_rb, rate = [(30, 106, 61.44e6), (15, 106, 30.72e6), (30, 52, 30.72e6)][seed % 3]
    return base(seed, "precise", count=5, scs_khz=scs, n_rb=n_rb, rate=rate, snr_db=(22.0, 26.0), duration_s=0.0222,
                datatype="cf32_le", prs={"num_rb": n_rb - n_rb % 4}), {}


@family
def threshold(seed: int) -> Made:
    """Where detection ends: no gross error may pass for ok."""
    low = [-14.0, -11.0, -9.0, -6.0][seed % 4]
    return base(seed, "threshold", count=8, least_deg=15.0, snr_db=(low, low + 3.0), duration_s=0.0732), {
        "detect_db": 0.0, "expect_fix": None}


@family
def jammed(seed: int) -> Made:
    """Strong unknown cells, and one strong listed one."""
    rng = rng_of(seed, "jammed")
    case = base(seed, "jammed", count=7, snr_db=(8.0, 10.0))
    for k in range(1 + seed % 2):
        other = case.senders[k]
        case.senders.append(Sender(f"stranger-{k}", other.ephemeris, dict(other.prs) | {
            "sequence_id": int(rng.integers(4096)), "num_symbols": 12, "start_symbol": 0, "periodicity_slots": 5,
            "slot_offset": int(rng.integers(5))}, snr_db=float(rng.uniform(10, 20)), listed=False,
            sfn0_time_s=float(rng.uniform(0, 1))))
    return case, {"expect_fix": None, "detect_db": 3.0}


@family
def few(seed: int) -> Made:
    """One to three satellites without a height, four of which one is silent: no fix, said so."""
    count = 1 + seed % 3
    case = base(seed, "few", count=5)
    for sender in case.senders[count:]:
        sender.snr_db = None
    return case, {"expect_fix": False}


@family
def faulty_few(seed: int) -> Made:
    """A blocked satellite among four or five (with and without a height): never a confident wrong place."""
    rng = rng_of(seed, "faulty_few")
    case = base(seed, "faulty_few", count=(4, 5)[seed % 2], give_height=seed % 4 > 1)
    bad = case.senders[int(rng.integers(len(case.senders)))]
    bad.paths = [Ray(extra_delay_s=float(rng.uniform(200e-9, 2000e-9)))]
    return case, {"faulty": (bad.id,), "expect_fix": None}


@family
def close_paths(seed: int) -> Made:
    """Paths closer than the resolution, and paths of equal power and opposite phase."""
    rng = rng_of(seed, "close_paths")
    case = base(seed, "close_paths", snr_db=(12.0, 18.0), n_rb=(24, 52)[seed % 2], rate=(7.68e6, 15.36e6)[seed % 2])
    for sender in case.senders[:3]:
        sender.paths = [Ray(), Ray(float(rng.uniform(40e-9, 250e-9)), float(rng.uniform(-12, -2)))]
    return case, {"multipath": True}


@family
def rich_paths(seed: int) -> Made:
    """Three to six paths."""
    rng = rng_of(seed, "rich_paths")
    case = base(seed, "rich_paths", snr_db=(10.0, 16.0), n_rb=(24, 52)[seed % 2], rate=(7.68e6, 15.36e6)[seed % 2])
    for sender in case.senders[:4]:
        delays = np.sort(rng.uniform(150e-9, 2.5e-6, 2 + seed % 4))
        sender.paths = [Ray()] + [Ray(float(d), float(rng.uniform(-15, 0)), float(rng.uniform(-20, 20))) for d in delays]
    return case, {"multipath": True}


@family
def long_wide(seed: int) -> Made:
    """Half a second of a wide carrier: time and memory."""
    return base(seed, "long_wide", count=8, least_deg=15.0, n_rb=106, rate=30.72e6, duration_s=0.5,
                prs={"num_rb": 104, "periodicity": 20}), {}
