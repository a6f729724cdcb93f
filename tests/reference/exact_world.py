# SPDX-License-Identifier: GPL-3.0-or-later
"""Orbits, Earth rotation and light time, slow and obvious: a reference for tests.

Written from the contract's conventions and the textbook formulas named below; it shares no code with ntnpos.world. SI units;
times are float64 seconds of system time from an epoch.
"""

from __future__ import annotations

import datetime

import numpy as np
from scipy.integrate import solve_ivp
from sgp4.api import WGS72, Satrec, jday

C_M_S = 299792458.0
EARTH_RATE = 7.2921150e-5
MU, J2, RADIUS_M = 3.986004418e14, 1.08262668e-3, 6378137.0
FLATTENING = 1.0 / 298.257223563


def r3(angle, v):
    """R3(angle) v for angles [n] and vectors [n, 3]."""
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([c * v[..., 0] + s * v[..., 1], -s * v[..., 0] + c * v[..., 1], v[..., 2]], axis=-1)


def geodetic_to_ecef(lat_deg: float, lon_deg: float, h_m: float) -> np.ndarray:
    """WGS-84 position [3] in m."""
    lat, lon = np.radians([lat_deg, lon_deg])
    e2 = FLATTENING * (2.0 - FLATTENING)
    n = RADIUS_M / np.sqrt(1.0 - e2 * np.sin(lat) ** 2)
    return np.array([(n + h_m) * np.cos(lat) * np.cos(lon), (n + h_m) * np.cos(lat) * np.sin(lon),
                     (n * (1.0 - e2) + h_m) * np.sin(lat)])


def enu(lat_deg: float, lon_deg: float) -> np.ndarray:
    """Rows: unit vectors east, north, up."""
    (sa, so), (ca, co) = np.sin(np.radians([lat_deg, lon_deg])), np.cos(np.radians([lat_deg, lon_deg]))
    return np.array([[-so, co, 0.0], [-sa * co, -sa * so, ca], [ca * co, ca * so, sa]])


class Tle:
    """SGP4 (WGS-72); TEME to ECEF by GMST 1982 with UT1 = UTC, no polar motion."""

    def __init__(self, line1: str, line2: str, epoch_utc: str):
        self._satellite = Satrec.twoline2rv(line1, line2, WGS72)
        at = datetime.datetime.fromisoformat(epoch_utc.replace("Z", "+00:00"))
        self._jd, self._fraction = jday(at.year, at.month, at.day, at.hour, at.minute,
                                        at.second + 1e-6 * at.microsecond)

    def position(self, t_s) -> np.ndarray:
        """ECEF [n, 3] in m."""
        fraction = self._fraction + np.asarray(t_s, float) / 86400.0
        error, teme, _ = self._satellite.sgp4_array(np.full(fraction.shape, self._jd), fraction)
        assert not error.any()
        centuries = (self._jd - 2451545.0 + fraction) / 36525.0
        seconds = (67310.54841 + (876600.0 * 3600.0 + 8640184.812866) * centuries
                   + 0.093104 * centuries**2 - 6.2e-6 * centuries**3)
        return r3(2.0 * np.pi * (seconds / 86400.0 % 1.0), 1e3 * teme)


class StateVector:
    """Two-body gravity and J2 from an ECEF state at t0, in the frame that stands still and agrees with ECEF at t0."""

    def __init__(self, t0_s: float, r, v, span_s: float = 320.0):
        start = np.concatenate([r, np.asarray(v) + np.cross([0.0, 0.0, EARTH_RATE], r)])
        self._t0 = t0_s
        self._ways = [solve_ivp(self._rate, (0.0, sign * span_s), start, "DOP853", dense_output=True,
                                rtol=1e-13, atol=1e-7).sol for sign in (-1.0, 1.0)]

    @staticmethod
    def _rate(_, state):
        r = state[:3]
        d = np.linalg.norm(r)
        z2 = (r[2] / d) ** 2
        k = 1.5 * J2 * (RADIUS_M / d) ** 2
        return np.concatenate([state[3:], -MU / d**3 * r * (1.0 + k * (np.array([1.0, 1.0, 3.0]) - 5.0 * z2))])

    def position(self, t_s) -> np.ndarray:
        """ECEF [n, 3] in m."""
        dt = np.asarray(t_s, float) - self._t0
        r = np.where(dt >= 0.0, self._ways[1](dt), self._ways[0](dt))[:3].T
        return r3(EARTH_RATE * dt, r)


def ecef_state(orbit, t_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Position and velocity relative to the turning frame, by central differences of eighth order."""
    h = 0.5
    weights = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
    r = orbit.position(t_s + h * np.arange(-4, 5))
    return r[4], weights @ r / h


def travel_time(orbit, ue, t_rx_s) -> np.ndarray:
    """Light time [n] to the fixed place `ue` [3] of what arrives at system times [n]."""
    t_rx_s = np.asarray(t_rx_s, float)
    delay = np.zeros(t_rx_s.shape)
    for _ in range(7):  # contracts by 2.5e-5 a round
        sent_from = r3(EARTH_RATE * delay, orbit.position(t_rx_s - delay))
        delay = np.linalg.norm(sent_from - ue, axis=-1) / C_M_S
    return delay


def elevation_deg(orbit, ue, up, t_s: float) -> float:
    """Of the satellite where it is at t_s."""
    line = orbit.position(np.array([t_s]))[0] - ue
    return float(np.degrees(np.arcsin(line @ up / np.linalg.norm(line))))
