# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver on the move under real satellites, for the tests of tracking: formulas of the tests' own world.

Orbits and travel times are `tests/reference/exact_world`; the way and the clock are random walks in steps far
shorter than the time between measurements; Doppler is a difference quotient over the receiver's clock."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))

import exact_world as world  # noqa: E402
import position_scene as scene  # noqa: E402
from ntnpos.network.measurements import Measurement  # noqa: E402

C = 299792458.0
SUBSTEPS = 50


@dataclass
class Walk:
    """Truth at the measurements' instants: [n, 3] places and velocities (ECEF), clock offset and drift [n]
    (s, s/s)."""

    t_s: np.ndarray
    place: np.ndarray
    velocity: np.ndarray
    offset_s: np.ndarray
    drift: np.ndarray

    def state(self, index: int) -> np.ndarray:
        """As the tracker orders it, [8]."""
        return np.concatenate(
            [self.place[index], self.velocity[index], C * self.offset_s[[index]], C * self.drift[[index]]]
        )


def orbits(names_and_skies: dict) -> dict:
    """The tests' own orbits of `position_scene`'s satellites."""
    return {name: world.Tle(*sky.lines, scene.EPOCH) for name, sky in names_and_skies.items()}


def wander(rng, times, start, velocity_enu, densities, clock=(1e-5, 1e-7, 0.0, 0.0)) -> Walk:
    """A way from `start` (latitude, longitude, height), with white acceleration.

    Parameters
    ----------
    densities : (horizontal, vertical) spectral densities of the acceleration, m2/s3
    clock : offset (s), drift (s/s), and densities of c times the offset (m2/s) and of c times the drift
        (m2/s3)
    """
    axes = world.enu(*start[:2])
    place, velocity = world.geodetic_to_ecef(*start), np.asarray(velocity_enu, float) @ axes
    offset, drift, offset_density, drift_density = clock
    scale = np.sqrt([densities[0], densities[0], densities[1]])
    found = [(place, velocity, offset, drift)]
    for begin, end in zip(times[:-1], times[1:]):
        h = (end - begin) / SUBSTEPS
        for _ in range(SUBSTEPS):
            kick = (scale * np.sqrt(h) * rng.standard_normal(3)) @ axes
            place, velocity = place + h * (velocity + 0.5 * kick), velocity + kick
            nudge = np.sqrt(drift_density * h) * rng.standard_normal() / C
            offset += h * (drift + 0.5 * nudge) + np.sqrt(offset_density * h) * rng.standard_normal() / C
            drift += nudge
        found.append((place, velocity, offset, drift))
    columns = [np.array(column) for column in zip(*found)]
    return Walk(np.asarray(times, float), *columns)


def readings(walk: Walk, index: int, orbit, carrier_hz: float = scene.CARRIER_HZ) -> tuple[float, float]:
    """toa and Doppler at the receiver clock's reading walk.t_s[index], noise-free."""

    def toa(since: float) -> float:
        offset = walk.offset_s[index] + walk.drift[index] * since
        arrival = walk.t_s[index] + since - offset
        place = walk.place[index] + (since - offset) * walk.velocity[index]
        return float(world.travel_time(orbit, place, np.array([arrival]))[0]) + offset

    h = 0.01
    return toa(0.0), -carrier_hz * (toa(h) - toa(-h)) / (2.0 * h)


def measure(
    walk: Walk, sky: dict, rng=None, toa_std_s: float = 1e-9, doppler_std_hz: float = 5.0
) -> list[list[Measurement]]:
    """A list of measurements for each instant of the walk, with white noise where there is a generator."""
    found = []
    for index, t_s in enumerate(walk.t_s):
        batch = []
        for name, orbit in sky.items():
            toa, doppler = readings(walk, index, orbit)
            if rng is not None:
                toa, doppler = (
                    toa + toa_std_s * rng.standard_normal(),
                    doppler + doppler_std_hz * rng.standard_normal(),
                )
            batch.append(Measurement(name, float(t_s), toa, toa_std_s, doppler, doppler_std_hz))
        found.append(batch)
    return found
