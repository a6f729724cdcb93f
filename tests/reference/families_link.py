# SPDX-License-Identifier: GPL-3.0-or-later
"""Families about the link and its configuration: numerologies, short PRS and bad crystals, lost satellites, resources without a line of their own."""

from __future__ import annotations

import numpy as np

import exact_world as world
from cases import base
from families import Made, family, rng_of
from make_recording import Ray, Segment, orbit_of


@family
def numerologies(seed: int) -> Made:
    """30, 60 and 120 kHz, normal and extended prefix."""
    scs, extended, rate, n_rb = [(60, False, 30.72e6, 24), (60, True, 30.72e6, 24), (120, False, 61.44e6, 24),
                                 (30, False, 15.36e6, 24)][seed % 4]
    case = base(seed, "numerologies", count=5, scs_khz=scs, n_rb=n_rb, rate=rate, duration_s=0.0252,
                prs={"pair": (4, 4), "start_symbol": int(rng_of(seed, "numerologies").integers(0, 8))})
    case.carrier["cyclic_prefix"] = "extended" if extended else "normal"
    return case, {}


@family
def two_symbols(seed: int) -> Made:
    """Comb 2 with two symbols, whose ambiguity is 10 km: a crystal off by 10 ppm, a prior of 100 km, a late clock."""
    rng = rng_of(seed, "two_symbols")
    n_rb, num_rb, rate = [(24, 24, 7.68e6), (20, 12, 3.84e6), (52, 52, 15.36e6)][seed % 3]
    sigma = 1e5
    case = base(seed, "two_symbols", count=6, n_rb=n_rb, rate=rate, snr_db=(8.0, 13.0),
                prs={"pair": (2, 2), "num_rb": num_rb, "start_symbol": int(rng.integers(0, 13))},
                frequency_error_ppm=9.9 * (1 if seed % 2 else -1), frequency_error_max_ppm=10.0,
                clock_offset_s=float(rng.uniform(-1e-3, 1e-3)), clock_offset_max_s=1e-3)
    bearing = rng.uniform(0, 2 * np.pi)
    case.prior |= {"horizontal_sigma_m": sigma,
                   "latitude_deg": case.latitude_deg + np.degrees(sigma * np.cos(bearing) / 6.37e6),
                   "longitude_deg": case.longitude_deg
                   + np.degrees(sigma * np.sin(bearing) / 6.37e6 / np.cos(np.radians(case.latitude_deg)))}
    return case, {}


@family
def weak_repeats(seed: int) -> Made:
    """Repetitions whose spacing leaves the Doppler ambiguous, at low SNR, 10 ppm."""
    rng = rng_of(seed, "weak_repeats")
    factor, gap, pair = [(4, 2, (2, 2)), (8, 1, (2, 2)), (2, 4, (4, 4)), (4, 1, (2, 2))][seed % 4]
    return base(seed, "weak_repeats", duration_s=0.085, snr_db=(0.0, 5.0), least_deg=20.0,
                prs={"pair": pair, "periodicity": 40, "repetition_factor": factor, "time_gap_slots": gap},
                frequency_error_ppm=float(rng.uniform(-9.9, 9.9)), frequency_error_max_ppm=10.0), {"detect_db": 2.0}


@family
def without_prediction(seed: int) -> Made:
    """Ephemerides that ended minutes before, and PRS that is never due in the recording: each resource has its line."""
    rng = rng_of(seed, "without_prediction")
    case = base(seed, "without_prediction", count=7, least_deg=20.0, t_s=1000.5)
    expired = case.senders[int(rng.integers(7))]
    t0 = 1000.5 - float(rng.uniform(320, 600))
    r, v = world.ecef_state(orbit_of(expired, case.epoch_utc), t0)
    expired.ephemeris = {"type": "state_vectors", "t_s": t0, "position_ecef_m": list(map(float, r)),
                         "velocity_ecef_m_s": list(map(float, v))}
    expired.snr_db = None
    rare = next(s for s in case.senders if s is not expired)
    rare.prs |= {"periodicity_slots": 10240, "slot_offset": 5000}
    rare.sfn0_time_s = 1000.0
    return case, {"lines": {expired.id: "no_prediction", rare.id: "no_occasion"}}


@family
def late_starts(seed: int) -> Made:
    """Captures that begin inside PRS slots, negative clock offsets, two paths for some."""
    rng = rng_of(seed, "late_starts")
    case = base(seed, "late_starts", count=6, clock_offset_s=-float(rng.uniform(0.2e-3, 0.9e-3)), clock_offset_max_s=1e-3,
                snr_db=(9.0, 13.0))
    whole = case.segments[0]
    case.segments = [Segment(whole.full_s, (whole.frac_s + 0.0371 * i + float(rng.uniform(0, 0.005))) % 1.0, round(0.0243 * 7.68e6))
                     for i in range(3)] if whole.frac_s < 0.85 else case.segments
    for sender in case.senders[:2]:
        sender.paths = [Ray(), Ray(float(rng.uniform(200e-9, 600e-9)), float(rng.uniform(-9, 0)))]
    return case, {"multipath": True}
