# SPDX-License-Identifier: GPL-3.0-or-later
"""Where on the ground each measurement says that the UE is: circles, ellipses, hyperbolas, directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

import numpy as np

from ..network import two_way
from ..network.assistance import Assistance
from ..network.measurements import Measurement
from ..world import ground
from ..world.constants import C_M_S
from ..world.frames import ecef_to_geodetic, geodetic_to_ecef
from . import rows
from .result import Fix

POINTS = 161
"""Of the grid, each way."""
MOST_LINES = 12
_LEAST_REACH_M, _MOST_REACH_M = 200.0, 2.5e6


@dataclass(frozen=True)
class GroundLines:
    """A map about `centre` (latitude, longitude) with one field a measurement; a measurement's line is where
    it is 0.

    Attributes
    ----------
    east_m, north_m : [n] the grid's coordinates
    names : satellite, and kind, of each measurement
    deviations : [m, n, n] what it reads less what it would, north by east, in stated deviations
    tracks : way of each satellite over the ground during the measurements, [k, 2] east and north, by name
    reach_m : half the map's width
    """

    centre: tuple[float, float]
    east_m: np.ndarray
    north_m: np.ndarray
    names: tuple[tuple[str, str], ...]
    deviations: np.ndarray
    tracks: dict[str, np.ndarray]
    reach_m: float

    def at(self, ecef) -> tuple[float, float]:
        """East and north in m of an ECEF place."""
        lat, lon, _ = ecef_to_geodetic(np.asarray(ecef, dtype=float))
        east, north = ground.to_map(*self.centre, lat, lon)
        return float(east), float(north)


def ground_lines(
    measurements: Iterable[Measurement],
    assistance: Assistance,
    fix: Fix,
    centre: tuple[float, float] | None = None,
    reach_m: float | None = None,
) -> GroundLines | None:
    """The lines about a fix and its candidates, at the fix's height; about the prior where there is no place.
    None without rows.

    Clocks are those of the fix (0 where it has none). At most `MOST_LINES` measurements, evenly picked.
    `centre` (latitude, longitude) and `reach_m` put the map elsewhere.
    """
    usable = rows.usable(two_way.pair(measurements, assistance).measurements, assistance)
    if not usable:
        return None
    system, _ = rows.build(usable, assistance)
    if not system.measured:
        return None
    prior, estimate = assistance.ue_prior, fix.estimate
    places = (
        [e.geodetic for e in (estimate, *fix.candidates)]
        if estimate
        else [(prior.latitude_deg, prior.longitude_deg, 0.0)]
    )
    height = estimate.geodetic[2] if estimate else prior.height_m
    units = np.array([geodetic_to_ecef(lat, lon, 0.0) for lat, lon, _ in places])
    centre = centre or tuple(float(x) for x in ecef_to_geodetic(units.mean(axis=0))[:2])
    spots = np.array([np.hypot(*ground.to_map(*centre, lat, lon)) for lat, lon, _ in places])
    spread = [e.horizontal_std_m for e in (estimate, *fix.candidates) if e and e.horizontal_std_m] or [
        prior.horizontal_sigma_m
    ]
    reach = float(np.clip(reach_m or 1.5 * spots.max() + 4.0 * max(spread), _LEAST_REACH_M, _MOST_REACH_M))
    axis = np.linspace(-reach, reach, POINTS)
    lat, lon = ground.from_map(*centre, axis[None, :], axis[:, None])
    states = np.zeros((POINTS * POINTS, system.layout.size))
    states[:, :3] = geodetic_to_ecef(lat, lon, height).reshape(-1, 3)
    if estimate:
        for column, offset in (
            (system.layout.clock, estimate.clock_offset_s),
            (system.layout.drift, estimate.clock_drift),
            (system.layout.sending, estimate.sending_offset_s),
        ):
            if column is not None and offset is not None:
                states[:, column] = C_M_S * offset
    names, fields, tracks = [], [], {}
    for part in system.measured:
        model = part.model
        picked = np.unique(
            np.linspace(0, len(model.sources) - 1, min(MOST_LINES, len(model.sources))).round().astype(int)
        )
        some = model.take(picked)
        residual, _ = some.evaluate(system.layout, states)
        fields.append((residual / some.std).T.reshape(-1, POINTS, POINTS))
        names += [(name, model.kind) for name in some.sources]
        anchors = model.sight(np.zeros(3))
        for name in dict.fromkeys(model.sources):
            below = anchors[np.array([source == name for source in model.sources])]
            spot_lat, spot_lon, _ = ecef_to_geodetic(below)
            tracks[name] = np.column_stack(ground.to_map(*centre, spot_lat, spot_lon))
    return GroundLines(centre, axis, axis, tuple(names), np.concatenate(fields), tracks, reach)
