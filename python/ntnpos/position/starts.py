# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the search for all solutions begins: a grid over the prior area, and closed-form roots."""

from __future__ import annotations

import numpy as np

from ..network.assistance import UePrior
from ..world.constants import C_M_S, EARTH_RATE_RAD_S
from ..world.frames import geodetic_to_ecef, rotate3
from ..world.ground import SPHERE_M, from_map
from .anchor_rows import across_axes
from .layout import Layout
from .observations import ToaRows
from .system import System

REACH_SIGMAS = 6.0
_MOST_REACH_M = 3.5e6                     # farther than any low orbit is seen from one place
_SPACING_M = (6e4, 5e5)                   # far below, and just below, what low-orbit geometry curves over
_MOST_RINGS = 3


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
    distance, bearing = np.array(distance), np.array(bearing)
    lat, lon = from_map(
        prior.latitude_deg, prior.longitude_deg, distance * np.sin(bearing), distance * np.cos(bearing)
    )
    return geodetic_to_ecef(lat, lon, prior.height_m)


def with_clock(system: System, places: np.ndarray) -> np.ndarray:
    """States [K, size] at places [K, 3] with the clock and sending offset that fit the rows there best
    (median), the rest 0."""
    layout = system.layout
    states = np.zeros((len(places), layout.size))
    states[:, layout.position] = places
    for kind, column in (("toa", layout.clock), ("ul_rtoa", layout.sending)):
        part = system.part(kind)
        if column is not None and part is not None:
            residual, _ = part.model.evaluate(layout, states)
            states[:, column] = -np.median(residual, axis=1) * C_M_S
    return states


def ground_rings(system: System, height_m: float) -> np.ndarray:
    """Places [K, 3] near the ground, all around below where each satellite was, whatever the prior says.

    Rings at 1, 5 and 12 degrees from the point below it (a low orbit's horizon is at 20 to 30). """
    seen: dict[str, np.ndarray] = {}
    origin = np.zeros(3)
    for part in system.measured:
        for name, anchor in zip(part.model.sources, part.model.sight(origin)):
            seen.setdefault(name, anchor)
    places = []
    for anchor in list(seen.values())[:_MOST_RINGS]:
        up = anchor / np.linalg.norm(anchor)
        side, along = across_axes(up)
        for arc, count in ((0.017, 4), (0.09, 6), (0.2, 8)):
            bearing = 2.0 * np.pi * (np.arange(count) + 0.25) / count
            ring = np.cos(arc) * up + np.sin(arc) * (
                np.outer(np.cos(bearing), side) + np.outer(np.sin(bearing), along)
            )
            places.append((SPHERE_M + height_m) * ring)
    return np.concatenate(places)


def mirrored(system: System, place: np.ndarray) -> np.ndarray:
    """Places [0 to 3, 3] where rows that fit `place` [3] may fit as well: its reflections in the vertical
    planes through a satellite's motion and through the line that the satellites lie along."""
    anchors = np.concatenate([part.model.sight(np.zeros(3)) for part in system.measured])
    names = np.array([name for part in system.measured for name in part.model.sources], dtype=object)
    found = []
    groups = [anchors] + [anchors[names == name] for name in system.satellites[:2]]
    groups += [np.stack([r, r + v]) for part in system.measured if part.model.kind == "range_rate"
               for r, v in zip(part.model.tracks.position[:1], part.model.tracks.velocity[:1])]
    for group in groups:
        centre = group.mean(axis=0)
        _, spread, axes = np.linalg.svd(group - centre, full_matrices=False)
        if spread[0] < 1.0:
            continue
        normal = np.cross(centre, axes[0])
        size = np.linalg.norm(normal)
        if size > 1e-3 * np.linalg.norm(centre):
            normal /= size
            found.append(place - 2.0 * (normal @ place) * normal)
    return np.array(found).reshape(-1, 3)


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
