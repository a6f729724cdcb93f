# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of how fast a delay changes: Doppler by the receiver's clock, range rate by system time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..world import frames, light_time
from ..world.constants import C_M_S, EARTH_RATE_RAD_S
from .layout import Layout, Rows, clock_columns
from .tracks import Tracks


@dataclass(frozen=True)
class DopplerRows(Rows):
    """Doppler of what arrives: -f_c d(toa)/dt against the receiver clock = -f_c (rate (1 - drift) + drift).

    Attributes
    ----------
    sources : satellite id of each of n rows
    tracks : the rows' transmitters
    t_s : [n] receiver clock reading at arrival
    doppler_hz : [n] measured
    std : [n] its standard deviation, Hz
    f_c_hz : carrier
    """

    sources: tuple[str, ...]
    tracks: Tracks
    t_s: np.ndarray
    doppler_hz: np.ndarray
    std: np.ndarray
    f_c_hz: float
    kind: str = "doppler"

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Observation.evaluate`; residuals in Hz."""
        offset, drift = layout.clock_terms(state, self.t_s)
        t_s = self.t_s - offset
        place, speed = layout.place(state, t_s), layout.speed(state)
        arrival = light_time.received(self.tracks, place, t_s, speed)
        residual = -self.f_c_hz * (arrival.rate * (1.0 - drift) + drift) - self.doppler_hz
        gradient_rate, rate_rate = _second_order(self.tracks, place, arrival, speed)
        jacobian = np.zeros(residual.shape + (layout.size,))
        per_rate = -self.f_c_hz * (1.0 - drift)
        _rate_columns(layout, jacobian, per_rate[..., None], arrival.gradient, gradient_rate, t_s)
        clock_columns(layout, jacobian, -per_rate * rate_rate / C_M_S, self.t_s)
        if layout.drift is not None:
            jacobian[..., layout.drift] -= self.f_c_hz * (1.0 - arrival.rate) / C_M_S
        return residual, jacobian


@dataclass(frozen=True)
class RangeRateRows(Rows):
    """c times the rate of the one-way delay of what arrives at system time `t_s` [n]; `range_rate_m_s` [n],
    `std` [n]."""

    sources: tuple[str, ...]
    tracks: Tracks
    t_s: np.ndarray
    range_rate_m_s: np.ndarray
    std: np.ndarray
    kind: str = "range_rate"

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Observation.evaluate`; residuals in m/s."""
        place, speed = layout.place(state, self.t_s), layout.speed(state)
        # A state's axis must be there even where one instant serves all states.
        t_s = np.broadcast_to(self.t_s, (len(state), self.t_s.shape[-1]))
        arrival = light_time.received(self.tracks, place, t_s, speed)
        gradient_rate, _ = _second_order(self.tracks, place, arrival, speed)
        residual = C_M_S * arrival.rate - self.range_rate_m_s
        jacobian = np.zeros(residual.shape + (layout.size,))
        _rate_columns(layout, jacobian, C_M_S, arrival.gradient, gradient_rate, self.t_s)
        return residual, jacobian

    def sight(self, place: np.ndarray) -> np.ndarray:
        """Lines [n, 3] in m from a place [3] to the satellites."""
        return self.tracks.position - place


def _rate_columns(
    layout: Layout, jacobian: np.ndarray, factor, gradient: np.ndarray, gradient_rate: np.ndarray, t_s
) -> None:
    """Columns of position and velocity for `factor` times the delay's rate."""
    layout.put(jacobian, factor * gradient_rate, t_s)
    if layout.velocity is not None:
        jacobian[..., layout.velocity:layout.velocity + 3] += factor * gradient


def _second_order(tracks: Tracks, place: np.ndarray, arrival: light_time.LightTime,
                  speed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """d(gradient)/dt [K, n, 3] and d(rate)/dt [K, n] of the light time, t the instant of reception.

    With S the emission place in the reception frame, V the rotated velocity, v the receiver's, u the unit
    vector to S and D = c - u.dS/dtau: gradient = -u / D and rate = -gradient.(V - v). The gradient of the
    rate at fixed time is the rate of the gradient along the receiver's way. """
    theta = EARTH_RATE_RAD_S * arrival.delay_s
    velocity = frames.rotate3(theta, tracks.state(arrival.t_tx_s)[1])
    acceleration = frames.rotate3(theta, tracks.acceleration_at(arrival.t_tx_s))
    line = arrival.sat_at_rx_frame - place
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    unit = line / distance
    rate = arrival.rate[..., None]
    by_delay = -_turn(arrival.sat_at_rx_frame) - velocity
    moving = velocity + rate * by_delay
    relative = velocity if speed is None else velocity - speed
    line_rate = moving if speed is None else moving - speed
    velocity_rate = acceleration - rate * (_turn(velocity) + acceleration)
    unit_rate = (line_rate - unit * _dot(unit, line_rate)) / distance
    stretch = C_M_S - _dot(unit, by_delay)
    stretch_rate = -_dot(unit_rate, by_delay) + _dot(unit, _turn(moving) + velocity_rate)
    gradient_rate = -unit_rate / stretch + unit * stretch_rate / stretch**2
    rate_rate = -_dot(gradient_rate, relative) - _dot(arrival.gradient, velocity_rate)
    return gradient_rate, rate_rate[..., 0]


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Scalar product over the last axis, kept as an axis of length 1."""
    return np.sum(a * b, axis=-1, keepdims=True)


def _turn(r: np.ndarray) -> np.ndarray:
    """omega x r for [..., 3]."""
    return EARTH_RATE_RAD_S * np.stack([-r[..., 1], r[..., 0], np.zeros_like(r[..., 0])], axis=-1)
