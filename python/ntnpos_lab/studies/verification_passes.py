# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes for the study `verification`: many UEs at once, each under a low satellite of its own, and their
round trips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ntnpos.lmf.verification_geometry import places_around
from ntnpos.position.anchor_rows import RttRows
from ntnpos.position.layout import Layout
from ntnpos.position.observations import HeightRow
from ntnpos.position.system import System, Weighted
from ntnpos.world.constants import EARTH_RADIUS_M, EARTH_RATE_RAD_S, MU_M3_S2
from ntnpos.world.frames import enu_rotation, geodetic_to_ecef, rotate3
from ntnpos.world.hops import hop

EPOCHS = 5
"""Round trips in a window, as in the paper: evenly spread from the satellite's culmination on."""
ALTITUDE_M = 600e3
LAYOUT = Layout.of(0.0, clock=False, sending=False)
_MOST_LATITUDE_DEG, _MOST_TURN_DEG = 60.0, 20.0
_HEIGHT_STD_M = 20.0


@dataclass(frozen=True)
class Passes:
    """K passes of circular orbits.

    Attributes
    ----------
    latitude_deg, longitude_deg, height_m : [K] the UE
    right : [K, 2] east and north of the unit vector across the ground track, to the track's right
    side : [K] +1: the UE is to the left of the track, -1: to the right
    first, second : [K, 3] unit vectors of the orbital plane in the frame that stands still and agrees with
        ECEF at 0
    """

    latitude_deg: np.ndarray
    longitude_deg: np.ndarray
    height_m: np.ndarray
    right: np.ndarray
    side: np.ndarray
    first: np.ndarray
    second: np.ndarray

    @property
    def ue(self) -> np.ndarray:
        """ECEF [K, 3] in m."""
        return geodetic_to_ecef(self.latitude_deg, self.longitude_deg, self.height_m)

    def place(self, t_s: np.ndarray) -> np.ndarray:
        """Satellites in ECEF [K, n, 3] at times [K, n]."""
        radius = EARTH_RADIUS_M + ALTITUDE_M
        angle = np.sqrt(MU_M3_S2 / radius**3) * t_s
        still = radius * (
            np.cos(angle)[..., None] * self.first[:, None] + np.sin(angle)[..., None] * self.second[:, None]
        )
        return rotate3(EARTH_RATE_RAD_S * t_s, still)

    def moved(self, east_m, north_m) -> tuple[np.ndarray, np.ndarray]:
        """Latitudes and longitudes [K] so far from the UEs."""
        there = [
            places_around(lat, lon, [[e, n]])
            for lat, lon, e, n in zip(self.latitude_deg, self.longitude_deg, east_m, north_m)
        ]
        return np.array([float(lat[0]) for lat, _ in there]), np.array([float(lon[0]) for _, lon in there])


def draw_passes(rng: np.random.Generator, count: int, across_m: float) -> Passes:
    """UEs up to 60 degrees from the equator, tracks within 20 degrees of the meridian, north or south, on
    either side."""
    lat, lon = rng.uniform(-_MOST_LATITUDE_DEG, _MOST_LATITUDE_DEG, count), rng.uniform(-180.0, 180.0, count)
    height = rng.uniform(0.0, 500.0, count)
    heading = np.radians(
        180.0 * rng.integers(0, 2, count) + rng.uniform(-_MOST_TURN_DEG, _MOST_TURN_DEG, count)
    )
    side = rng.choice([-1.0, 1.0], count)
    right = np.stack([np.cos(heading), -np.sin(heading)], axis=-1)
    axes = enu_rotation(lat, lon)
    along = np.sin(heading)[:, None] * axes[:, 0] + np.cos(heading)[:, None] * axes[:, 1]
    across = right[:, :1] * axes[:, 0] + right[:, 1:] * axes[:, 1]
    below = geodetic_to_ecef(lat, lon, height) + (across_m * side)[:, None] * across
    first = below / np.linalg.norm(below, axis=1, keepdims=True)
    second = along - np.sum(along * first, axis=1, keepdims=True) * first
    # The ground turns below: the heading is that over the ground, the plane stands still.
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    return Passes(lat, lon, height, right, side, first, second)


def measured(
    passes: Passes, rng: np.random.Generator | None, window_s: float, noise_s: float, step_s: float = 0.0
) -> System:
    """Rows of all UEs: round trips with white noise, reported in steps, and a height known to 20 m.

    The stated deviation is that of noise and rounding together; without a generator there is no noise."""
    t_tx = np.broadcast_to(np.linspace(0.0, window_s, EPOCHS), (len(passes.side), EPOCHS))
    ue, sent = passes.ue[:, None], passes.place(t_tx)
    down = hop(sent, ue, False).delay_s
    t_rx = t_tx + 2.0 * down
    for _ in range(4):
        heard = passes.place(t_rx)
        t_rx = t_tx + down + hop(heard, ue, True).delay_s
    rtt, known = t_rx - t_tx, passes.height_m
    if rng is not None:
        rtt = rtt + noise_s * rng.standard_normal(t_tx.shape)
        known = known + _HEIGHT_STD_M * rng.standard_normal(len(known))
    if step_s > 0.0:
        rtt = step_s * np.round(rtt / step_s)
    std = float(np.hypot(noise_s, step_s / np.sqrt(12.0)))
    rows = RttRows(("LEO",) * EPOCHS, sent, heard, t_tx, t_rx, rtt, np.full(EPOCHS, std))
    return System(LAYOUT, (Weighted(rows), Weighted(HeightRow(known[:, None], np.array([_HEIGHT_STD_M])))))
