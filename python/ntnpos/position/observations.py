# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind of measurement row should read at a given state, with analytic derivatives.

Every model is a small object with one row or many. `evaluate(state)` takes K states at once ([K, size] in the
layout's units) and returns (model - measured) [K, rows] and its Jacobian [K, rows, size] in the row's own
unit. A model knows nothing of weights, of other models or of the solver. """

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..world import frames, light_time
from ..world.constants import C_M_S, EARTH_RATE_RAD_S
from .tracks import Tracks


@dataclass(frozen=True)
class Layout:
    """Where each unknown stands in the state vector; None where the method has no such unknown.

    The position is ECEF metres. The receiver clock's offset from system time is kept as c times seconds (m),
    its drift as c times s/s (m/s), so that all unknowns are of comparable size. offset(t) = clock + drift (t
    - t_ref_s), t being the receiver clock's reading. """

    t_ref_s: float = 0.0
    clock: int | None = 3
    drift: int | None = 4
    position = slice(0, 3)

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return 3 + (self.clock is not None) + (self.drift is not None)

    def clock_terms(self, state: np.ndarray, t_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Clock offset in s [K, n] at receiver clock readings [n], and drift in s/s [K, 1]."""
        zero = np.zeros((len(state), 1))
        offset = zero if self.clock is None else state[:, [self.clock]] / C_M_S
        drift = zero if self.drift is None else state[:, [self.drift]] / C_M_S
        return offset + drift * (t_s - self.t_ref_s), drift


class Observation(Protocol):
    """Rows of one kind."""

    kind: str
    sources: tuple[str, ...]
    std: np.ndarray

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(model - measured) [K, rows] and Jacobian [K, rows, layout.size]."""

    def take(self, rows: np.ndarray) -> "Observation":
        """The rows that a mask picks."""


@dataclass(frozen=True)
class ToaRows:
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

    def take(self, rows: np.ndarray) -> "ToaRows":
        """See `Observation.take`."""
        names = tuple(np.asarray(self.sources, dtype=object)[rows])
        return ToaRows(names, self.tracks.take(rows), self.t_s[rows], self.toa_s[rows], self.std[rows],
                       self.satellite_clock_s[rows])

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Observation.evaluate`; residuals in s."""
        offset, _ = layout.clock_terms(state, self.t_s)
        arrival = light_time.received(self.tracks, state[:, None, layout.position], self.t_s - offset)
        residual = arrival.delay_s + offset - self.satellite_clock_s - self.toa_s
        jacobian = np.zeros(residual.shape + (layout.size,))
        jacobian[..., layout.position] = arrival.gradient
        _clock_columns(layout, jacobian, (1.0 - arrival.rate) / C_M_S, self.t_s)
        return residual, jacobian


@dataclass(frozen=True)
class DopplerRows:
    """Doppler of what arrives: -f_c d(toa)/dt against the receiver clock = -f_c (rate (1 - drift) + drift).

    The receiver is at rest. Attributes as in `ToaRows`, with `doppler_hz` [n], `std` [n] in Hz and the
    carrier `f_c_hz`. """

    sources: tuple[str, ...]
    tracks: Tracks
    t_s: np.ndarray
    doppler_hz: np.ndarray
    std: np.ndarray
    f_c_hz: float
    kind: str = "doppler"

    def take(self, rows: np.ndarray) -> "DopplerRows":
        """See `Observation.take`."""
        names = tuple(np.asarray(self.sources, dtype=object)[rows])
        return DopplerRows(names, self.tracks.take(rows), self.t_s[rows], self.doppler_hz[rows],
                           self.std[rows], self.f_c_hz)

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Observation.evaluate`; residuals in Hz."""
        offset, drift = layout.clock_terms(state, self.t_s)
        place = state[:, None, layout.position]
        arrival = light_time.received(self.tracks, place, self.t_s - offset)
        residual = -self.f_c_hz * (arrival.rate * (1.0 - drift) + drift) - self.doppler_hz
        gradient_rate, rate_rate = _second_order(self.tracks, place, arrival)
        jacobian = np.zeros(residual.shape + (layout.size,))
        jacobian[..., layout.position] = -self.f_c_hz * (1.0 - drift)[..., None] * gradient_rate
        _clock_columns(layout, jacobian, self.f_c_hz * (1.0 - drift) * rate_rate / C_M_S, self.t_s)
        if layout.drift is not None:
            jacobian[..., layout.drift] -= self.f_c_hz * (1.0 - arrival.rate) / C_M_S
        return residual, jacobian


@dataclass(frozen=True)
class HeightRow:
    """Height above WGS-84 that is known beforehand: `height_m` with `std` [1], both in m."""

    height_m: float
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
        return (height - self.height_m)[:, None], jacobian


@dataclass(frozen=True)
class DriftBound:
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


def _clock_columns(layout: Layout, jacobian: np.ndarray, per_metre: np.ndarray, t_s: np.ndarray) -> None:
    """Columns of the clock and of the drift that acts through it."""
    if layout.clock is not None:
        jacobian[..., layout.clock] = per_metre
    if layout.drift is not None:
        jacobian[..., layout.drift] = per_metre * (t_s - layout.t_ref_s)


def _second_order(tracks: Tracks, place: np.ndarray,
                  arrival: light_time.LightTime) -> tuple[np.ndarray, np.ndarray]:
    """d(gradient)/dt [K, n, 3] and d(rate)/dt [K, n] of the light time, t the instant of reception.

    With S the emission place in the reception frame, V the rotated velocity, u the unit vector to S and
    D = c - u.dS/dtau: gradient = -u / D and rate = -gradient.V. The gradient of the rate at fixed time is the
    rate of the gradient at a fixed place. """
    theta = EARTH_RATE_RAD_S * arrival.delay_s
    velocity = frames.rotate3(theta, tracks.state(arrival.t_tx_s)[1])
    acceleration = frames.rotate3(theta, tracks.acceleration_at(arrival.t_tx_s))
    line = arrival.sat_at_rx_frame - place
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    unit = line / distance
    rate = arrival.rate[..., None]
    by_delay = -_turn(arrival.sat_at_rx_frame) - velocity
    moving = velocity + rate * by_delay
    velocity_rate = acceleration - rate * (_turn(velocity) + acceleration)
    unit_rate = (moving - unit * _dot(unit, moving)) / distance
    stretch = C_M_S - _dot(unit, by_delay)
    stretch_rate = -_dot(unit_rate, by_delay) + _dot(unit, _turn(moving) + velocity_rate)
    gradient_rate = -unit_rate / stretch + unit * stretch_rate / stretch**2
    rate_rate = -_dot(gradient_rate, velocity) - _dot(arrival.gradient, velocity_rate)
    return gradient_rate, rate_rate[..., 0]


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Scalar product over the last axis, kept as an axis of length 1."""
    return np.sum(a * b, axis=-1, keepdims=True)


def _turn(r: np.ndarray) -> np.ndarray:
    """omega x r for [..., 3]."""
    return EARTH_RATE_RAD_S * np.stack([-r[..., 1], r[..., 0], np.zeros_like(r[..., 0])], axis=-1)
