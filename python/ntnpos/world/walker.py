# SPDX-License-Identifier: GPL-3.0-or-later
"""Walker constellations: circular orbits, evenly spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .constants import EARTH_RADIUS_M, EARTH_RATE_RAD_S, MU_M3_S2
from .frames import rotate3


@dataclass(frozen=True)
class Walker:
    """Walker delta pattern i: t/p/f (J. G. Walker, Satellite constellations, JBIS 37, 1984).

    Satellite s of plane p has its ascending node at `node_deg` + 360 p / planes, east of Greenwich at the epoch, and then
    stands 360 s / per_plane + 360 phasing p / (planes per_plane) degrees after it.
    """

    planes: int
    per_plane: int
    height_m: float
    """Above the equatorial radius."""
    inclination_deg: float
    phasing: int = 0
    """f, 0 to planes - 1."""
    node_deg: float = 0.0

    @property
    def names(self) -> list[str]:
        """Of all satellites, plane by plane: WALKER-plane-place."""
        return [f"WALKER-{p:02d}-{s:02d}" for p in range(self.planes) for s in range(self.per_plane)]

    def states(self, t_s: float) -> tuple[np.ndarray, np.ndarray]:
        """ECEF positions [n, 3] in m and velocities relative to the turning frame [n, 3] in m/s, `t_s` seconds after the epoch.

        Circular two-body motion about a round Earth; to carry a state on from here is `StateVectorOrbit`'s work.
        """
        radius = EARTH_RADIUS_M + self.height_m
        motion = np.sqrt(MU_M3_S2 / radius**3)
        plane, place = np.divmod(np.arange(self.planes * self.per_plane), self.per_plane)
        node = np.radians(self.node_deg) + 2.0 * np.pi * plane / self.planes
        along = 2.0 * np.pi * (place / self.per_plane + self.phasing * plane / (self.planes * self.per_plane)) + motion * t_s
        inclination = np.radians(self.inclination_deg)

        def at(cosine: np.ndarray, sine: np.ndarray) -> np.ndarray:
            """Inertial vectors [n, 3] by components towards the node and 90 degrees after it."""
            level = sine * np.cos(inclination)
            return np.stack([cosine * np.cos(node) - level * np.sin(node), cosine * np.sin(node) + level * np.cos(node),
                             sine * np.sin(inclination)], axis=-1)

        turned = EARTH_RATE_RAD_S * t_s
        r = rotate3(turned, radius * at(np.cos(along), np.sin(along)))
        v = rotate3(turned, radius * motion * at(-np.sin(along), np.cos(along)))
        return r, v - EARTH_RATE_RAD_S * np.stack([-r[:, 1], r[:, 0], np.zeros(len(r))], axis=-1)


NAMED = {"starlink-phase-1": Walker(planes=24, per_plane=66, height_m=550e3, inclination_deg=53.0, phasing=1)}
"""Patterns by name. Starlink's phase 1 has 24 planes of 66, 15 degrees apart; of its phasing nothing is published."""
