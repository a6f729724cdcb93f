# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of what a UE receives: time of arrival; and what is known beforehand: height, crystal, speed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..world import frames, light_time
from ..world.constants import C_M_S
from .layout import Layout, Observation, Rows, clock_columns
from .rate_rows import DopplerRows, RangeRateRows
from .tracks import Tracks

__all__ = [
    "DopplerRows",
    "DriftBound",
    "EphemerisBound",
    "HeightRow",
    "Layout",
    "Observation",
    "RangeRateRows",
    "SpeedBound",
    "ToaRows",
]


@dataclass(frozen=True)
class ToaRows(Rows):
    """Pseudo-delays: toa = travel time + receiver clock offset at arrival - satellite clock offset (contract,
    "Delay").

    Attributes
    ----------
    sources : satellite id of each of n rows
    tracks : the rows' transmitters
    t_s : [n] receiver clock reading at arrival
    toa_s : [n] measured pseudo-delay
    std : [n] its standard deviation, s
    satellite_clock_s : [n] satellite clock minus system time
    """

    sources: tuple[str, ...]
    tracks: Tracks
    t_s: np.ndarray
    toa_s: np.ndarray
    std: np.ndarray
    satellite_clock_s: np.ndarray
    kind: str = "toa"

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Observation.evaluate`; residuals in s."""
        offset, _ = layout.clock_terms(state, self.t_s)
        t_s = self.t_s - offset
        arrival = light_time.received(self.tracks, layout.place(state, t_s), t_s, layout.speed(state))
        residual = arrival.delay_s + offset - self.satellite_clock_s - self.toa_s
        jacobian = np.zeros(residual.shape + (layout.size,))
        layout.put(jacobian, arrival.gradient, t_s)
        clock_columns(layout, jacobian, (1.0 - arrival.rate) / C_M_S, self.t_s)
        return residual, jacobian

    def sight(self, place: np.ndarray) -> np.ndarray:
        """Lines [n, 3] in m from a place [3] to the satellites."""
        return self.tracks.position - place


@dataclass(frozen=True)
class HeightRow(Rows):
    """Height above WGS-84 that is known beforehand: `height_m` [1] (or a number) with `std` [1], both in
    m."""

    height_m: float | np.ndarray
    std: np.ndarray
    sources: tuple[str, ...] = ("height",)
    kind: str = "height"

    def take(self, rows: np.ndarray) -> "HeightRow":
        """See `Observation.take`; a single row is kept whole."""
        return self

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Observation.evaluate`; residuals in m. The gradient of the height is the ellipsoid's
        normal."""
        lat, lon, height = frames.ecef_to_geodetic(state[:, layout.position])
        jacobian = np.zeros((len(state), 1, layout.size))
        jacobian[:, 0, layout.position] = frames.enu_rotation(lat, lon)[:, 2]
        return height[:, None] - self.height_m, jacobian


@dataclass(frozen=True)
class DriftBound(Rows):
    """The crystal: receiver clock drift 0 with `std` [1] in s/s."""

    std: np.ndarray
    sources: tuple[str, ...] = ("receiver",)
    kind: str = "drift"

    def take(self, rows: np.ndarray) -> "DriftBound":
        """See `Observation.take`; a single row is kept whole."""
        return self

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Observation.evaluate`; residuals in s/s."""
        jacobian = np.zeros((len(state), 1, layout.size))
        jacobian[:, 0, layout.drift] = 1.0 / C_M_S
        return state[:, [layout.drift]] / C_M_S, jacobian


@dataclass(frozen=True)
class SpeedBound(Rows):
    """How fast the UE may move: each component of its velocity is 0 with `std` [3] in m/s."""

    std: np.ndarray
    sources: tuple[str, ...] = ("speed",) * 3
    kind: str = "speed"

    def take(self, rows: np.ndarray) -> "SpeedBound":
        """See `Observation.take`; kept whole."""
        return self

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Observation.evaluate`; residuals in m/s."""
        jacobian = np.zeros((len(state), 3, layout.size))
        columns = slice(layout.velocity, layout.velocity + 3)
        jacobian[:, :, columns] = np.eye(3)
        return state[:, columns].copy(), jacobian


@dataclass(frozen=True)
class EphemerisBound(Rows):
    """How far satellites may be from where their ephemerides say: each coordinate 0 with `std` [3 satellites]
    in m."""

    std: np.ndarray
    sources: tuple[str, ...]
    kind: str = "ephemeris"

    def take(self, rows: np.ndarray) -> "EphemerisBound":
        """See `Observation.take`; kept whole, so that an unused unknown stays bounded."""
        return self

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Observation.evaluate`; residuals in m."""
        columns = [first + axis for _, first in layout.ephemeris for axis in range(3)]
        jacobian = np.zeros((len(state), len(columns), layout.size))
        jacobian[:, np.arange(len(columns)), columns] = 1.0
        return state[:, columns].copy(), jacobian
