# SPDX-License-Identifier: GPL-3.0-or-later
"""Satellite orbits as Earth-fixed state against system time.

An orbit is anything with ``state(t_s) -> (r, v)``: position in ECEF and velocity relative to that turning
frame.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.polynomial import chebyshev
from sgp4.api import SGP4_ERRORS, WGS72, Satrec

from .constants import EARTH_RADIUS_M, EARTH_RATE_RAD_S, J2, MU_M3_S2
from .elements import line_problem, load_tle_file, pair_problem
from .frames import gmst82_rad, rotate3
from .timebase import SECONDS_PER_DAY, Epoch

__all__ = ["Displaced", "FixedPoint", "Orbit", "OrbitError", "TleOrbit", "StateVectorOrbit", "load_tle_file", "acceleration_j2"]


class OrbitError(ValueError):
    """The orbit gives no state at a time that was asked for."""


class Orbit(Protocol):
    """A satellite's motion."""

    def state(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """ECEF position [n, 3] in m and velocity relative to the turning frame [n, 3] in m/s.

        `t_s` is [n] (or a number: n = 1), system time in seconds from the epoch. Raises `OrbitError` where
        the orbit has no answer.
        """


class FixedPoint:
    """A place on the ground as an orbit that goes nowhere.

    Parameters
    ----------
    r : array [3]
        ECEF position in m.
    """

    def __init__(self, r):
        self.r = np.asarray(r, dtype=float)

    def state(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """See `Orbit.state`."""
        shape = np.atleast_1d(np.asarray(t_s, dtype=float)).shape + (3,)
        return np.broadcast_to(self.r, shape).copy(), np.zeros(shape)


def _earth_rate_cross(r: np.ndarray) -> np.ndarray:
    """omega x r for [..., 3]."""
    return EARTH_RATE_RAD_S * np.stack([-r[..., 1], r[..., 0], np.zeros_like(r[..., 0])], axis=-1)


class TleOrbit:
    """Two-line elements: SGP4 with WGS-72, TEME to ECEF by GMST 1982, UT1 = UTC, no polar motion.

    Parameters
    ----------
    line1, line2 : str
        Element lines of 69 characters. Raises ValueError where they are malformed.
    epoch : Epoch
        The epoch from which `state` counts its times.
    """

    _STEP_S = 0.5  # truncation h^4 r^(5) / 30 and rounding are both below 1e-6 m/s

    def __init__(self, line1: str, line2: str, epoch: Epoch):
        problem = line_problem(line1, 1) or line_problem(line2, 2) or pair_problem(line1, line2)
        if problem:
            raise ValueError(f"{problem[0]}; allowed: {problem[1]}")
        self.line1, self.line2, self.epoch = line1, line2, epoch
        self._satellite = Satrec.twoline2rv(line1, line2, WGS72)
        self._jd = epoch.jd

    @property
    def elements_age_s(self) -> float:
        """Seconds from the elements' own epoch to `epoch` (negative: elements of the future)."""
        sat = self._satellite
        return ((self._jd[0] - sat.jdsatepoch) + (self._jd[1] - sat.jdsatepochF)) * SECONDS_PER_DAY

    def state(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """See `Orbit.state`.

        The velocity is the derivative of the positions (central differences of fourth order), not SGP4's own,
        which differs from it by up to 1 cm/s: delay and Doppler must stay one thing.
        """
        t_s = np.atleast_1d(np.asarray(t_s, dtype=float))
        h = self._STEP_S
        before2, before, r, after, after2 = self._positions(np.add.outer(h * np.arange(-2.0, 3.0), t_s))
        return r, (8.0 * (after - before) - (after2 - before2)) / (12.0 * h)

    def position(self, t_s) -> np.ndarray:
        """ECEF position [n, 3] in m at times [n] (or a number: n = 1): `state` without velocity, five times as fast."""
        return self._positions(np.atleast_1d(np.asarray(t_s, dtype=float)))

    def _positions(self, t_s: np.ndarray) -> np.ndarray:
        """ECEF positions [..., 3] in m."""
        whole = np.full(t_s.size, self._jd[0])
        frac = self._jd[1] + t_s.ravel() / SECONDS_PER_DAY
        errors, r_km, _ = self._satellite.sgp4_array(whole, frac)
        if np.any(errors):
            first = int(np.flatnonzero(errors)[0])
            raise OrbitError(f"SGP4 at t = {t_s.flat[first]:.3f} s: {SGP4_ERRORS[int(errors[first])]}")
        if not np.all(np.isfinite(r_km)):
            raise OrbitError("SGP4 gives no finite position at the times asked for")
        return rotate3(gmst82_rad(whole, frac), r_km * 1e3).reshape(t_s.shape + (3,))


class Displaced:
    """An orbit that is off by a constant vector in the Earth-fixed frame, such as an error of ephemerides.

    Parameters
    ----------
    orbit : Orbit
    offset_m : array [3]
    """

    def __init__(self, orbit: Orbit, offset_m):
        self.orbit, self.offset_m = orbit, np.asarray(offset_m, dtype=float)

    def state(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """See `Orbit.state`."""
        r, v = self.orbit.state(t_s)
        return r + self.offset_m, v


def acceleration_j2(r: np.ndarray) -> np.ndarray:
    """Two-body and J2 acceleration [..., 3] in m/s2 at inertial positions [..., 3] with z along the Earth's
    axis."""
    r2 = np.sum(r * r, axis=-1, keepdims=True)
    mu_r3 = MU_M3_S2 / (r2 * np.sqrt(r2))
    k = 1.5 * J2 * EARTH_RADIUS_M**2 / r2
    z2 = 5.0 * r[..., 2:] ** 2 / r2
    return -mu_r3 * r * (1.0 + k * (np.array([1.0, 1.0, 3.0]) - z2))


class StateVectorOrbit:
    """One state vector, carried by two-body gravity and J2 up to 300 s either way.

    The trajectory is one Chebyshev series over the whole interval, found by Picard iteration: smooth, and the
    same whatever times are asked for.

    Parameters
    ----------
    t_s : float
        System time of the state vector in seconds from the epoch.
    r, v : array [3]
        ECEF position in m, velocity relative to the turning frame in m/s.
    """

    MAX_AGE_S = 300.0
    _MARGIN_S = 1.0  # what is received at the edge of the interval was sent a light time earlier
    _DEGREE = 48

    def __init__(self, t_s: float, r, v):
        self.t_s = float(t_s)
        self.r = np.asarray(r, dtype=float)
        self.v = np.asarray(v, dtype=float)
        if self.r.shape != (3,) or self.v.shape != (3,):
            raise ValueError("position and velocity must have three components each")
        self._series: tuple[np.ndarray, np.ndarray] | None = None

    def _solve(self) -> tuple[np.ndarray, np.ndarray]:
        """Chebyshev coefficients [degree+1, 3] of inertial position and velocity; the frames agree at
        `t_s`."""
        half = self.MAX_AGE_S + self._MARGIN_S
        nodes = chebyshev.chebpts1(self._DEGREE + 1)
        to_series = np.linalg.inv(chebyshev.chebvander(nodes, self._DEGREE))
        v0 = self.v + _earth_rate_cross(self.r)
        r = self.r + half * nodes[:, None] * v0
        for _ in range(60):
            # Integrals from 0 twice; the two orders that an integration adds are of rounding size.
            force = to_series @ acceleration_j2(r)
            velocity = chebyshev.chebint(force, scl=half) + _constant(v0, self._DEGREE + 2)
            position = chebyshev.chebint(velocity, scl=half) + _constant(self.r, self._DEGREE + 3)
            previous, r = r, chebyshev.chebval(nodes, position).T
            resolved = np.max(np.abs(force[-4:])) < 1e-10 * np.max(np.abs(force))
            if resolved and np.max(np.abs(r - previous)) < 1e-8:
                return position, velocity
        raise OrbitError(f"two-body gravity and J2 cannot carry the state vector at {self.t_s:.3f} s")

    def state(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """See `Orbit.state`. Raises `OrbitError` beyond `MAX_AGE_S` of the state vector's time."""
        dt = np.atleast_1d(np.asarray(t_s, dtype=float)) - self.t_s
        if not np.all(np.abs(dt) <= self.MAX_AGE_S + self._MARGIN_S):
            worst = float(dt[np.argmax(np.abs(dt))])
            raise OrbitError(f"state vector of {self.t_s:.3f} s asked for {worst:+.3f} s from there; "
                             f"allowed: {self.MAX_AGE_S:g} s either way")
        if self._series is None:
            self._series = self._solve()
        s = dt / (self.MAX_AGE_S + self._MARGIN_S)
        position, velocity = (chebyshev.chebval(s, series).T for series in self._series)
        theta = EARTH_RATE_RAD_S * dt
        r = rotate3(theta, position)
        return r, rotate3(theta, velocity) - _earth_rate_cross(r)


def _constant(value: np.ndarray, length: int) -> np.ndarray:
    """Series [length, 3] of a constant vector."""
    series = np.zeros((length, 3))
    series[0] = value
    return series
