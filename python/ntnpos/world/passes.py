# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes of satellites over a place: when each rises, culminates and sets.

Elevations are geometric, of where the satellite is at the instant: no light time (3 ms), no refraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

import numpy as np

from .frames import azimuth_elevation
from .light_time import received
from .orbits import Orbit, OrbitError, TleOrbit
from .timebase import Epoch

_STEP_S = 60.0     # low orbits: the elevation over a place has one maximum in a quarter of a turn
_LEVELS = 5        # each zooms in twentyfold: 60 s become 0.04 ms
_ZOOM = 41
SEARCHED_S = 3600.0
"""Passes that are under way when the span begins or ends are followed so far beyond it."""


@dataclass(frozen=True)
class Pass:
    """One pass above an elevation. Times are seconds from the epoch; None where it lies beyond what was searched."""

    satellite: str
    orbit: Orbit
    rise_s: float | None
    rise_azimuth_deg: float | None
    culmination_s: float
    culmination_azimuth_deg: float
    max_elevation_deg: float
    range_m: float
    """At the culmination."""
    set_s: float | None
    set_azimuth_deg: float | None
    max_rate: float
    """Largest |d(delay)/dt| while it lasts, s/s; times the carrier it is the largest Doppler."""


def passes(elements: Iterable[tuple[str, str, str]], epoch: Epoch, ue_ecef, span_s: float,
           min_elevation_deg: float = 0.0) -> list[Pass]:
    """Passes of which some part lies within [0, span_s] after the epoch, in the order of their culminations.

    Parameters
    ----------
    elements : iterable of (name, line1, line2)
        As from `ntnpos.world.elements`. Elements that SGP4 cannot carry through the span are passed over.
    ue_ecef : array [3]
        The place, ECEF in m.
    min_elevation_deg : float
        A pass rises above it and sets below it.

    Notes
    -----
    The search looks at the elevation every minute, so it takes satellites to stay up for longer than that between two
    maxima: all orbits that do not decay.
    """
    ue_ecef = np.asarray(ue_ecef, dtype=float)
    found: list[Pass] = []
    for name, line1, line2 in elements:
        try:
            found += _of_one(name, TleOrbit(line1, line2, epoch), ue_ecef, span_s, min_elevation_deg)
        except OrbitError:
            continue
    return sorted(found, key=lambda p: p.culmination_s)


def _look(orbit: Orbit, ue: np.ndarray, t_s) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return azimuth_elevation(ue, orbit.position(t_s))


def _of_one(name: str, orbit: TleOrbit, ue: np.ndarray, span_s: float, least: float) -> list[Pass]:
    t = np.arange(-SEARCHED_S, span_s + SEARCHED_S + _STEP_S, _STEP_S)
    elevation = _look(orbit, ue, t)[1]
    # Highest samples that may belong to a maximum above `least`: an elevation changes by less than a degree a second.
    tops = np.flatnonzero((elevation[1:-1] >= elevation[:-2]) & (elevation[1:-1] > elevation[2:])
                          & (elevation[1:-1] > least - _STEP_S)) + 1
    found = []
    for top in tops:
        culmination = _maximum(orbit, ue, t[top - 1], t[top + 1])
        azimuth, highest, distance = (float(v[0]) for v in _look(orbit, ue, [culmination]))
        if highest < least:
            continue
        below = np.flatnonzero(elevation < least)
        before, after = below[below < top], below[below > top]
        # A maximum between two samples may be above `least` while both are below: its neighbours bracket it.
        rise = _crossing(orbit, ue, t[before[-1]], min(culmination, t[before[-1] + 1]), least) if before.size else None
        set_ = _crossing(orbit, ue, max(culmination, t[after[0] - 1]), t[after[0]], least) if after.size else None
        if elevation[top] < least:
            rise = _crossing(orbit, ue, t[top - 1], culmination, least)
            set_ = _crossing(orbit, ue, culmination, t[top + 1], least)
        if (rise is not None and rise > span_s) or (set_ is not None and set_ < 0.0):
            continue
        ends = [None if at is None else float(_look(orbit, ue, [at])[0][0]) for at in (rise, set_)]
        during = np.linspace(t[0] if rise is None else rise, t[-1] if set_ is None else set_, 25)
        rate = float(np.max(np.abs(received(orbit, ue, during).rate)))
        found.append(Pass(name, orbit, rise, ends[0], culmination, azimuth, highest, distance, set_, ends[1], rate))
    return found


def _maximum(orbit: Orbit, ue: np.ndarray, low: float, high: float) -> float:
    """Time of the highest elevation between two times that bracket it."""
    for _ in range(_LEVELS):
        t = np.linspace(low, high, _ZOOM)
        best = int(np.argmax(_look(orbit, ue, t)[1]))
        low, high = t[max(best - 1, 0)], t[min(best + 1, _ZOOM - 1)]
    return 0.5 * (low + high)


def _crossing(orbit: Orbit, ue: np.ndarray, low: float, high: float, least: float) -> float:
    """Time between two others, one of them above `least` and the other below, at which the elevation is `least`."""
    for _ in range(_LEVELS):
        t = np.linspace(low, high, _ZOOM)
        above = _look(orbit, ue, t)[1] >= least
        change = np.flatnonzero(above[1:] != above[:-1])
        if not change.size:  # rounding: it is at an end
            break
        low, high = t[change[0]], t[change[0] + 1]
    return 0.5 * (low + high)


def track(orbit: Orbit, ue_ecef, start_s: float, stop_s: float, points: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Azimuth and elevation [points] in degrees from one time to another."""
    azimuth, elevation, _ = _look(orbit, np.asarray(ue_ecef, dtype=float), np.linspace(start_s, stop_s, points))
    return azimuth, elevation
