# SPDX-License-Identifier: GPL-3.0-or-later
"""Families of random recordings that a receiver in the field could meet; each is a function of a seed."""

from __future__ import annotations

import functools

import numpy as np

import exact_world as world
from exact_signal import LEGAL_PAIRS
from make_recording import Case, Ray, Segment, Sender
from score_locate import TOP

EPOCH = "2025-10-07T18:49:00Z"
PLACES = [(53.3498, -6.2603, 24.0), (55.7, 13.2, 60.0), (-33.87, 151.2, 30.0), (1.35, 103.8, 15.0), (40.7, -74.0, 10.0),
          (47.4, 8.5, 408.0), (-49.3, 69.5, 120.0), (35.7, 139.7, 40.0)]


@functools.lru_cache(maxsize=None)
def constellation(name: str) -> tuple[tuple[str, str, str], ...]:
    """(name, line 1, line 2) of the elements that the project ships."""
    lines = (TOP / "python/ntnpos/data" / f"{name}.tle").read_text().splitlines()
    return tuple((lines[i].strip(), lines[i + 1], lines[i + 2]) for i in range(0, len(lines), 3))


def visible(name: str, place, t_s: float, least_deg: float, epoch: str = EPOCH) -> list[tuple]:
    """Elements above an elevation, highest first."""
    ue, up = world.geodetic_to_ecef(*place), world.enu(*place[:2])[2]
    found = []
    for entry in constellation(name):
        elevation = world.elevation_deg(world.Tle(entry[1], entry[2], epoch), ue, up, t_s)
        if elevation >= least_deg:
            found.append((elevation, entry))
    return sorted(found, reverse=True)


def spread(place, t_s: float, chosen: list, count: int, rng) -> list:
    """Of all, a choice with good geometry: the best of some random ones by their dilution of precision."""
    ue, axes = world.geodetic_to_ecef(*place), world.enu(*place[:2])

    def direction(entry):
        line = axes @ (world.Tle(entry[1], entry[2], EPOCH).position(np.array([t_s]))[0] - ue)
        return line / np.linalg.norm(line)

    rows = np.array([[*direction(entry), 1.0] for _, entry in chosen])
    best, picked = np.inf, None
    for _ in range(60):
        some = rng.choice(len(chosen), count, replace=False)
        g = rows[some]
        if count < 4:
            g = np.vstack([g, [0.0, 0.0, 1.0, 0.0]])
        dop = np.sqrt(np.trace(np.linalg.pinv(g.T @ g)[:2, :2])) if np.linalg.cond(g) < 1e6 else np.inf
        if dop < best:
            best, picked = dop, some
    return [chosen[i][1] for i in picked] if picked is not None else []


def prs_of(rng, carrier: dict, periodicity: int = 10, **settings) -> dict:
    """A legal resource over the whole carrier, random ids."""
    symbols, comb = settings.pop("pair", (4, 4))
    start = settings.pop("start_symbol", 2 if symbols <= 6 else 14 - symbols)
    resource = {"sequence_id": int(rng.integers(4096)), "comb_size": comb, "re_offset": int(rng.integers(comb)),
                "start_symbol": start, "num_symbols": symbols, "start_prb": 0, "num_rb": carrier["n_rb"],
                "periodicity_slots": periodicity, "slot_offset": int(rng.integers(periodicity)),
                "repetition_factor": 1, "time_gap_slots": 1, "muting_option1": None, "muting_option2": None}
    return resource | settings


def base(seed: int, name: str, count: int = 6, constellation_name: str = "starlink_shell1", least_deg: float = 25.0,
         scs_khz: int = 15, n_rb: int = 24, rate: float = 7.68e6, t_s: float | None = None, duration_s: float = 0.0332,
         snr_db=(9.0, 11.0), place=None, periodicity: int | None = None, prs=None, phase: bool | None = None,
         **settings) -> Case:
    """One recording of a few satellites like dev-sample; everything that is not given is random."""
    rng = np.random.default_rng([seed, *name.encode()])
    carrier = {"frequency_hz": 2.0e9, "scs_khz": scs_khz, "n_rb": n_rb, "cyclic_prefix": "normal",
               "phase_compensation": bool(rng.integers(2)) if phase is None else phase}
    t_s = float(rng.uniform(1.0, 50.0)) if t_s is None else t_s
    entries: list = []
    while len(entries) < count:
        here = PLACES[rng.integers(len(PLACES))] if place is None else place
        at = t_s
        chosen = sum((visible(c, here, at, least_deg) for c in constellation_name.split("+")), [])
        if len(chosen) >= count:
            entries = spread(here, at, chosen, count, rng)
        elif place is not None:
            raise ValueError(f"only {len(chosen)} satellites there")
    periodicity = periodicity or 10 * scs_khz // 15
    senders = []
    for i, entry in enumerate(entries):
        options = dict(prs(rng, i) if callable(prs) else prs or {})
        resource = prs_of(rng, carrier, options.pop("periodicity", periodicity), **options)
        senders.append(Sender(entry[0], {"type": "tle", "line1": entry[1], "line2": entry[2]}, resource,
                              snr_db=float(rng.uniform(*snr_db)), sfn0_time_s=float(rng.integers(0, 5)) * 1e-3))
    full = int(t_s // 1)
    bearing, off = rng.uniform(0, 2 * np.pi), float(rng.uniform(0.2, 1.0)) * 5e4
    prior = {"latitude_deg": here[0] + np.degrees(off * np.cos(bearing) / 6.37e6),
             "longitude_deg": here[1] + np.degrees(off * np.sin(bearing) / 6.37e6 / np.cos(np.radians(here[0]))),
             "height_m": here[2] + float(rng.uniform(-80, 80)), "horizontal_sigma_m": 5e4, "height_sigma_m": 100.0}
    case = Case(f"{name}-{seed}", carrier, rate, senders, [Segment(full, float(t_s - full), round(duration_s * rate))],
                latitude_deg=here[0], longitude_deg=here[1], height_m=here[2], prior=prior, seed=seed,
                clock_offset_s=float(rng.uniform(-1e-4, 1e-4)), frequency_error_ppm=float(rng.uniform(-0.4, 0.4)))
    for key, value in settings.items():
        setattr(case, key, value)
    return case
