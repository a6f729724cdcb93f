# SPDX-License-Identifier: GPL-3.0-or-later
"""The fitted study layout: nine satellites over one area, as a fit to the text of a thesis whose figure is not to be had.

The thesis (positioning by 5G PRS from low orbits) says: a circular area of 850 km radius, nine satellites at 600 km in two
orbits, five in one and four in the other, all elevations 30 to 90 degrees. The layout here is a *fit* to that and to its
results: a sphere of 6371 km; two near-parallel tracks 10 degrees apart across, satellites 2 degrees apart along each, centred
on the area; receivers wherever all elevations are 30 degrees or more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .constants import EARTH_RATE_RAD_S, MU_M3_S2

SPHERE_M = 6371e3
AREA_RADIUS_M = 850e3
LEAST_ELEVATION_DEG = 30.0
ACROSS_DEG = 10.0
ALONG_DEG = 2.0


def _unit(along_deg, across_deg) -> np.ndarray:
    """Unit vectors [..., 3] of places about (1, 0, 0): along is towards +z, across towards +y."""
    a, b = np.radians(along_deg), np.radians(across_deg)
    return np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=-1)


@dataclass(frozen=True)
class FittedLayout:
    """The layout in its own axes: x up through the area's middle, y across the tracks, z along them."""

    height_m: float = 600e3
    """Above the sphere; the thesis has 1200 km as well."""

    @property
    def names(self) -> list[str]:
        """Five satellites of one track, four of the other."""
        return [f"FITTED-{track}{i}" for track, count in (("A", 5), ("B", 4)) for i in range(count)]

    @property
    def satellites(self) -> np.ndarray:
        """Positions [9, 3] in m."""
        along = np.concatenate([ALONG_DEG * (np.arange(5) - 2.0), ALONG_DEG * (np.arange(4) - 1.5)])
        return (SPHERE_M + self.height_m) * _unit(along, np.repeat([-0.5 * ACROSS_DEG, 0.5 * ACROSS_DEG], [5, 4]))

    def seen_from(self, places) -> tuple[np.ndarray, np.ndarray]:
        """Elevations in degrees and ranges in m, each [..., 9], from places [..., 3] on the sphere."""
        places = np.asarray(places, dtype=float)
        sight = self.satellites - places[..., None, :]
        distance = np.linalg.norm(sight, axis=-1)
        sine = np.einsum("...j,...sj->...s", places, sight) / (SPHERE_M * distance)
        return np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))), distance

    def usable(self, places) -> np.ndarray:
        """Whether [...] places are where receivers stand: inside the area, all satellites high enough."""
        angle = np.arccos(np.clip(np.asarray(places, dtype=float)[..., 0] / SPHERE_M, -1.0, 1.0))
        return (SPHERE_M * angle <= AREA_RADIUS_M) & np.all(self.seen_from(places)[0] >= LEAST_ELEVATION_DEG, axis=-1)

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Places [count, 3] of receivers, even over the usable part of the area."""
        found = np.empty((0, 3))
        lowest = np.cos(AREA_RADIUS_M / SPHERE_M)
        while len(found) < count:
            up, turn = rng.uniform(lowest, 1.0, 2 * count), rng.uniform(0.0, 2.0 * np.pi, 2 * count)
            level = np.sqrt(1.0 - up**2)
            places = SPHERE_M * np.stack([up, level * np.cos(turn), level * np.sin(turn)], axis=-1)
            found = np.concatenate([found, places[self.usable(places)]])
        return found[:count]

    def states_over(self, latitude_deg: float, longitude_deg: float,
                    heading_deg: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """ECEF positions [9, 3] in m and velocities relative to the turning frame [9, 3] in m/s, over a place on Earth.

        The middle of the area goes to that geocentric direction, the tracks to `heading_deg` (clockwise from north). Each
        satellite flies along its track as on a circular orbit at that instant; after it each follows an orbit of its own.
        """
        lat, lon, turn = np.radians([latitude_deg, longitude_deg, heading_deg])
        up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        east = np.array([-np.sin(lon), np.cos(lon), 0.0])
        north = np.cross(up, east)
        along = np.cos(turn) * north + np.sin(turn) * east
        axes = np.stack([up, np.cross(along, up), along])
        local = self.satellites
        radius = SPHERE_M + self.height_m
        # Along the track: turned about the axis across it, level where the satellite is.
        forward = np.stack([-local[:, 2], np.zeros(len(local)), local[:, 0]], axis=-1)
        forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
        r = local @ axes
        v = np.sqrt(MU_M3_S2 / radius) * forward @ axes
        return r, v - EARTH_RATE_RAD_S * np.stack([-r[:, 1], r[:, 0], np.zeros(len(r))], axis=-1)
