# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the search for all solutions begins: a grid over the prior area, and closed-form roots."""

from __future__ import annotations

import numpy as np

from ..network.assistance import UePrior
from ..world.constants import C_M_S, EARTH_RATE_RAD_S
from ..world.frames import geodetic_to_ecef, rotate3
from .observations import Layout, ToaRows
from .system import System

REACH_SIGMAS = 6.0
_MOST_REACH_M = 3.5e6                     # farther than any low orbit is seen from one place
_SPACING_M = (6e4, 5e5)                   # far below, and just below, what low-orbit geometry curves over
_SPHERE_M = 6371e3


def prior_grid(prior: UePrior) -> np.ndarray:
    """Places [K, 3] in ECEF: the prior's centre and rings out to 6 sigma, at the prior's height."""
    reach = min(REACH_SIGMAS * prior.horizontal_sigma_m, _MOST_REACH_M)
    spacing = float(np.clip(2.0 * prior.horizontal_sigma_m, *_SPACING_M))
    rings = int(np.ceil(reach / spacing))
    distance, bearing = [0.0], [0.0]
    for ring in range(1, rings + 1):
        radius = reach * ring / rings
        count = max(6, int(np.ceil(2.0 * np.pi * radius / (1.5 * spacing))))
        distance += [radius] * count
        bearing += list(2.0 * np.pi * (np.arange(count) + 0.5 * (ring % 2)) / count)
    arc, bearing = np.array(distance) / _SPHERE_M, np.array(bearing)
    lat0, lon0 = np.radians(prior.latitude_deg), np.radians(prior.longitude_deg)
    sin_lat = np.sin(lat0) * np.cos(arc) + np.cos(lat0) * np.sin(arc) * np.cos(bearing)
    lat = np.arcsin(np.clip(sin_lat, -1.0, 1.0))
    lon = lon0 + np.arctan2(np.sin(bearing) * np.sin(arc) * np.cos(lat0),
                            np.cos(arc) - np.sin(lat0) * sin_lat)
    return geodetic_to_ecef(np.degrees(lat), np.degrees(lon), prior.height_m)


def with_clock(system: System, places: np.ndarray) -> np.ndarray:
    """States [K, size] at places [K, 3] with the clock that fits the TOA rows there best (median), drift
    0."""
    states = np.zeros((len(places), system.layout.size))
    states[:, system.layout.position] = places
    toa = system.part("toa")
    if system.layout.clock is not None and toa is not None:
        residual, _ = toa.model.evaluate(system.layout, states)
        states[:, system.layout.clock] = -np.median(residual, axis=1) * C_M_S
    return states


def bancroft(layout: Layout, rows: ToaRows, origin: np.ndarray) -> np.ndarray:
    """Closed-form roots [0 to 2, 3] of the pseudo-ranges of one row a satellite, the one nearest the
    reference time.

    Source: Bancroft, "An algebraic solution of the GPS equations", IEEE Trans. AES-21 (1985). Coordinates
    count from `origin` [3] to keep the numbers small. Fewer than four satellites: none. """
    nearest: dict[str, int] = {}
    for row in np.argsort(-np.abs(rows.t_s - layout.t_ref_s), kind="stable"):
        nearest[rows.sources[row]] = int(row)
    picked = np.array(sorted(nearest.values()))
    if len(picked) < 4:
        return np.zeros((0, 3))
    delay = rows.toa_s[picked] + rows.satellite_clock_s[picked]
    place = rotate3(EARTH_RATE_RAD_S * delay, rows.tracks.position[picked]) - origin
    pseudo_range = C_M_S * delay
    matrix = np.column_stack([place, -pseudo_range])
    half_square = 0.5 * (np.sum(place**2, axis=1) - pseudo_range**2)
    scale = np.linalg.norm(matrix, axis=0)
    right = np.column_stack([half_square, np.ones(len(picked))])
    scaled = np.linalg.lstsq(matrix / scale, right, rcond=None)[0]
    fixed, along = (scaled / scale[:, None]).T
    a, b, c = _lorentz(along, along), _lorentz(along, fixed) - 1.0, _lorentz(fixed, fixed)
    if a == 0.0:
        roots = [-0.5 * c / b] if b else []
    else:
        spread = np.sqrt(max(b * b - a * c, 0.0))
        roots = [(-b + spread) / a, (-b - spread) / a]
    found = np.array([fixed[:3] + root * along[:3] + origin for root in roots]).reshape(-1, 3)
    return found[np.isfinite(found).all(axis=1) & (np.linalg.norm(found, axis=1) < 1e9)]


def _lorentz(a: np.ndarray, b: np.ndarray) -> float:
    """Lorentz product of two four-vectors."""
    return float(a[:3] @ b[:3] - a[3] * b[3])
