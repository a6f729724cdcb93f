# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows whose satellite is where it is at a known instant of its own: round trips, uplink arrivals,
directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..world.atmosphere import Atmosphere
from ..world.constants import C_M_S
from ..world.hops import hop
from .layout import Layout, Rows


@dataclass(frozen=True)
class RttRows(Rows):
    """Service-link round trips: down from where the satellite sent plus up to where it received; an ellipsoid
    each.

    Attributes
    ----------
    sources : satellite id of each of n rows
    place_tx, place_rx : [n, 3] satellite in ECEF at its transmit and its receive instant, m
    t_tx_s, t_rx_s : [n] those instants, system time
    rtt_s : [n] measured, the UE's turn-around taken out
    std : [n] its standard deviation, s
    atmosphere : what the signals pass, both ways; None: vacuum
    """

    sources: tuple[str, ...]
    place_tx: np.ndarray
    place_rx: np.ndarray
    t_tx_s: np.ndarray
    t_rx_s: np.ndarray
    rtt_s: np.ndarray
    std: np.ndarray
    atmosphere: Atmosphere | None = None
    kind: str = "rtt"
    PLACES = ("place_tx", "place_rx")

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Observation.evaluate`; residuals in s."""
        speed = layout.speed(state)
        first, last = layout.place(state, self.t_tx_s), layout.place(state, self.t_rx_s)
        down, back = hop(self.place_tx, first, False, speed), hop(self.place_rx, last, True, speed)
        residual = down.delay_s + back.delay_s - self.rtt_s
        if self.atmosphere is not None:
            residual += sum(self.atmosphere.delays_s(first, self.place_tx)) + sum(
                self.atmosphere.delays_s(last, self.place_rx)
            )
        jacobian = np.zeros(residual.shape + (layout.size,))
        layout.put(jacobian, down.gradient, self.t_tx_s + down.delay_s)
        layout.put(jacobian, back.gradient, self.t_rx_s - back.delay_s)
        return residual, jacobian

    def sight(self, place: np.ndarray) -> np.ndarray:
        """Lines [n, 3] in m from a place [3] to the satellites."""
        return 0.5 * (self.place_tx + self.place_rx) - place


@dataclass(frozen=True)
class UlRtoaRows(Rows):
    """Uplink arrivals: rtoa = the UE's sending offset + travel time to where the satellite is at `t_s` +
    `rtoa_s`.

    Attributes
    ----------
    sources : satellite id of each of n rows
    place : [n, 3] satellite in ECEF at the arrival, m
    t_s : [n] when the SRS was due to leave, system time
    rtoa_s : [n] measured
    std : [n] its standard deviation, s
    atmosphere : what the signals pass; None: vacuum
    """

    sources: tuple[str, ...]
    place: np.ndarray
    t_s: np.ndarray
    rtoa_s: np.ndarray
    std: np.ndarray
    atmosphere: Atmosphere | None = None
    kind: str = "ul_rtoa"
    PLACES = ("place",)

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Observation.evaluate`; residuals in s."""
        arrival = self.t_s + self.rtoa_s
        ue = layout.place(state, arrival)
        up = hop(self.place, ue, True, layout.speed(state))
        residual = up.delay_s + state[:, [layout.sending]] / C_M_S - self.rtoa_s
        if self.atmosphere is not None:
            residual += sum(self.atmosphere.delays_s(ue, self.place))
        jacobian = np.zeros(residual.shape + (layout.size,))
        layout.put(jacobian, up.gradient, arrival - up.delay_s)
        jacobian[..., layout.sending] = 1.0 / C_M_S
        return residual, jacobian

    def sight(self, place: np.ndarray) -> np.ndarray:
        """Lines [n, 3] in m from a place [3] to the satellites."""
        return self.place - place


@dataclass(frozen=True)
class AoaRows(Rows):
    """Directions from a satellite to the UE, geometric: two rows each, the angles along two axes across the
    measured one.

    Attributes
    ----------
    sources : satellite id of each of n rows (each name twice in a row)
    place : [n, 3] satellite in ECEF at `t_s`, m
    t_s : [n] system time
    direction : [n, 3] measured unit vector in ECEF, satellite to UE
    across : [n, 3] unit vector at right angles to it along which the row's angle is taken
    std : [n] standard deviation of that angle, rad
    """

    sources: tuple[str, ...]
    place: np.ndarray
    t_s: np.ndarray
    direction: np.ndarray
    across: np.ndarray
    std: np.ndarray
    kind: str = "aoa"
    PLACES = ("place", "direction", "across")

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Observation.evaluate`; residuals in rad: the angle from measured to modelled direction, and
        its components."""
        line = layout.place(state, self.t_s) - self.place
        distance = np.linalg.norm(line, axis=-1, keepdims=True)
        unit = line / distance
        cosine = np.clip(np.sum(unit * self.direction, axis=-1), -1.0 + 1e-12, 1.0)
        square = np.maximum(1.0 - cosine**2, 0.0)
        small = square < 1e-8
        safe = np.where(small, 1.0, square)
        # Angle over sine, and its derivative in the cosine; series near 0.
        factor = np.where(small, 1.0 + square / 6.0, np.arccos(cosine) / np.sqrt(safe))
        slope = np.where(small, -1.0 / 3.0, (cosine * factor - 1.0) / safe)
        sideways = np.sum(unit * self.across, axis=-1)
        by_unit = factor[..., None] * self.across + (slope * sideways)[..., None] * self.direction
        gradient = (by_unit - unit * np.sum(by_unit * unit, axis=-1, keepdims=True)) / distance
        residual = factor * sideways
        jacobian = np.zeros(residual.shape + (layout.size,))
        layout.put(jacobian, gradient, self.t_s)
        return residual, jacobian

    def sight(self, place: np.ndarray) -> np.ndarray:
        """Lines [n, 3] in m from a place [3] to the satellites."""
        return self.place - place


def across_axes(direction: np.ndarray) -> np.ndarray:
    """Two unit vectors [..., 2, 3] at right angles to unit vectors [..., 3] and to each other."""
    direction = np.asarray(direction, dtype=float)
    # The coordinate axis that is least along it keeps the cross product long.
    axis = np.eye(3)[np.argmin(np.abs(direction), axis=-1)]
    first = np.cross(direction, axis)
    first = first / np.linalg.norm(first, axis=-1, keepdims=True)
    return np.stack([first, np.cross(direction, first)], axis=-2)
