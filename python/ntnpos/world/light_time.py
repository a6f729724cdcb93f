# SPDX-License-Identifier: GPL-3.0-or-later
"""Travel time from a moving satellite to a receiver on the turning Earth.

A signal sent at t1 from r(t1) and received at t2 at u(t2), both ECEF, has travelled |R3(omega (t2 - t1))
r(t1) - u(t2)|. An orbit with an `atmosphere` (`ntnpos.world.atmosphere.SeenThrough`) adds that one's delays, one with a `hop`
(`ntnpos.world.feeder.ThroughPayload`) the feeder link's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.polynomial import chebyshev

from .constants import C_M_S, EARTH_RATE_RAD_S
from .frames import rotate3
from .orbits import Orbit

_ROUNDS = 12
_HALF_S = 0.1  # to either side, for the rate of the atmosphere's delays


@dataclass(frozen=True)
class LightTime:
    """What arrives at n instants.

    Attributes
    ----------
    delay_s : [n]
        Travel time (of the code: with an ionosphere its group delay; with a feeder link both hops).
    t_tx_s : [n]
        System time at which it left the satellite.
    sat_at_rx_frame : [n, 3]
        Place of emission in m, in the Earth-fixed frame of the instant of reception.
    rate : [n]
        d(delay)/d(t_rx), s/s; with an ionosphere of the carrier's delay, with a feeder link of the carrier's phase over the service
        link's frequency: what a Doppler shows.
    gradient : [n, 3]
        d(delay_s)/d(ue_ecef) in s/m at fixed reception time, the satellite's motion during the change
        included. The atmosphere's part (1e-5 of it) is left out.
    advance_s : [n] or float
        The carrier's delay is this much shorter than the code's: twice the ionosphere's.
    """

    delay_s: np.ndarray
    t_tx_s: np.ndarray
    sat_at_rx_frame: np.ndarray
    rate: np.ndarray
    gradient: np.ndarray
    advance_s: np.ndarray | float = 0.0


def received(orbit: Orbit, ue_ecef, t_rx_s, ue_velocity_ecef=None) -> LightTime:
    """Light time of what reaches `ue_ecef` at system times `t_rx_s`.

    Parameters
    ----------
    orbit : Orbit
        The satellite.
    ue_ecef : array [3] or [n, 3]
        Receiver in ECEF, m, at the reception times. Any shape [..., 3] that broadcasts to that of `t_rx_s`.
    t_rx_s : array [n] or float
        Reception, system time in s. May be [..., n] if the orbit takes such times; the results are then alike.
    ue_velocity_ecef : array [3] or [n, 3], optional
        Receiver velocity relative to the turning frame in m/s; used by `rate` only. None: at rest.

    Raises
    ------
    OrbitError
        Where the orbit has no state at an emission time.
    """
    t_rx_s = np.atleast_1d(np.asarray(t_rx_s, dtype=float))
    ue = np.broadcast_to(np.asarray(ue_ecef, dtype=float), t_rx_s.shape + (3,))
    r, v = orbit.state(t_rx_s)
    delay = np.linalg.norm(r - ue, axis=-1) / C_M_S
    atmosphere = getattr(orbit, "atmosphere", None)
    air = ions = air_rate = 0.0
    # Newton on c tau - |s(tau) - u|, ds/dtau = -(R3 v + omega x s): converges to rounding in three rounds.
    for _ in range(_ROUNDS):
        r, v = orbit.state(t_rx_s - delay)
        sat, unit, distance, closing, turning = _line_of_sight(r, v, delay, ue)
        if atmosphere is not None:
            air, ions = atmosphere.delays_s(ue, sat)
        step = (distance / C_M_S + air + ions - delay) / (1.0 + (closing + turning) / C_M_S)
        delay = delay + step
        if np.all(np.abs(step) <= 1e-15 * np.abs(delay)):
            break
    sat, unit, _, closing, turning = _line_of_sight(r, v, delay, ue)
    velocity = 0.0 if ue_velocity_ecef is None else np.asarray(ue_velocity_ecef, dtype=float)
    receiving = np.sum(unit * velocity, axis=-1)
    if atmosphere is not None:
        moving = rotate3(EARTH_RATE_RAD_S * delay, v)
        # The carrier's: what the ionosphere adds to the code it takes from the carrier.
        after, before = (np.subtract(*atmosphere.delays_s(ue + h * velocity, sat + h * moving)) for h in (_HALF_S, -_HALF_S))
        air_rate = (after - before) / (2.0 * _HALF_S)
    stretch = C_M_S + closing + turning
    rate = (closing - receiving + C_M_S * air_rate) / stretch
    found = LightTime(delay, t_rx_s - delay, sat, rate, -unit / stretch[..., None], 2.0 * ions)
    hop = getattr(orbit, "hop", None)
    if hop is None:
        return found
    late, slope = hop(found.t_tx_s)
    return replace(found, delay_s=delay + late, rate=rate + orbit.feeder.frequency_ratio * slope * (1.0 - rate))


def _line_of_sight(r, v, delay, ue):
    """Satellite in the reception frame, unit vector from the receiver, distance, and the satellite's velocity
    along that unit vector in two parts: relative to the turning frame, and omega x s."""
    theta = EARTH_RATE_RAD_S * delay
    sat = rotate3(theta, r)
    line = sat - ue
    distance = np.linalg.norm(line, axis=-1)
    unit = line / distance[..., None]
    closing = np.sum(unit * rotate3(theta, v), axis=-1)
    turning = EARTH_RATE_RAD_S * (unit[..., 1] * sat[..., 0] - unit[..., 0] * sat[..., 1])
    return sat, unit, distance, closing, turning


def delay_polynomial(orbit: Orbit, ue_ecef, t0_s: float, span_s: float, order: int = 5,
                     ue_velocity_ecef=None, carrier: bool = False) -> np.ndarray:
    """Travel time over [t0, t0 + span] as a polynomial of (t_rx - t0).

    Interpolated at Chebyshev nodes. From 550 km, order 5: within 1e-14 s over 5 s, 1e-12 s over 10 s.

    Parameters
    ----------
    orbit : Orbit
    ue_ecef : array [3]
        Receiver in ECEF at `t0_s`, m.
    ue_velocity_ecef : array [3], optional
        Its velocity relative to the turning frame in m/s, constant in that frame. None: at rest.
    t0_s, span_s : float
        First instant of reception and length of the interval in s; `span_s` > 0.
    order : int
        Degree, at least 1.
    carrier : bool
        Of the carrier instead of the code, which differ where there is an ionosphere.

    Returns
    -------
    array [order + 1]
        Coefficients in s, s/s, s/s2, ..., constant first.
    """
    if not span_s > 0.0 or order < 1:
        raise ValueError("span_s must be positive and order at least 1")
    nodes = chebyshev.chebpts1(order + 1)
    since = 0.5 * span_s * (nodes + 1.0)
    if ue_velocity_ecef is not None:
        ue_ecef = np.asarray(ue_ecef, dtype=float) + np.multiply.outer(since, np.asarray(ue_velocity_ecef, dtype=float))
    found = received(orbit, ue_ecef, t0_s + since)
    return power_series(nodes, found.delay_s - found.advance_s if carrier else found.delay_s, span_s)


def power_series(nodes: np.ndarray, values: np.ndarray, span_s: float) -> np.ndarray:
    """Coefficients in powers of (t - t0) of the polynomial through `values` at nodes [-1, 1] of [t0, t0 +
    span]."""
    order = len(nodes) - 1
    series = np.linalg.solve(chebyshev.chebvander(nodes, order), values)
    in_s = np.polynomial.Polynomial(chebyshev.cheb2poly(series))
    shifted = in_s(np.polynomial.Polynomial([-1.0, 2.0 / span_s]))
    return np.pad(shifted.coef, (0, order + 1 - len(shifted.coef)))
