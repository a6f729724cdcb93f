# SPDX-License-Identifier: GPL-3.0-or-later
"""Circular orbits, places and travel times summed in an inertial frame, for tests of both directions on samples."""

import numpy as np

C, OMEGA, RADIUS, MU = 299_792_458.0, 7.292115e-5, 6_378_137.0, 3.986004418e14
T0_S = 100.0


def turned(t_s, r):
    """Rz(omega t) r: from the Earth's frame to one that does not turn (or back, with -t)."""
    c, s = np.cos(OMEGA * t_s), np.sin(OMEGA * t_s)
    return np.stack([c * r[..., 0] - s * r[..., 1], s * r[..., 0] + c * r[..., 1], r[..., 2]], axis=-1)


class Circle:
    """A circular orbit that crosses the equator northwards at longitude 0 at T0_S."""

    def __init__(self, height_m: float, inclination_deg: float = 53.0):
        self.radius_m, self.rate = RADIUS + height_m, np.sqrt(MU / (RADIUS + height_m) ** 3)
        self.inclination = np.radians(inclination_deg)

    def inertial(self, t_s):
        u = self.rate * (np.asarray(t_s, dtype=float) - T0_S)
        flat = np.stack([np.cos(u), np.sin(u) * np.cos(self.inclination), np.sin(u) * np.sin(self.inclination)], axis=-1)
        return turned(T0_S, self.radius_m * flat)

    def position(self, t_s):
        return turned(-np.atleast_1d(t_s), self.inertial(np.atleast_1d(t_s)))

    def state(self, t_s):
        t_s = np.atleast_1d(np.asarray(t_s, dtype=float))
        h = 1e-2
        return self.position(t_s), (self.position(t_s + h) - self.position(t_s - h)) / (2 * h)


def travel_s(satellite, place, t_s: float, up: bool) -> float:
    """Between a satellite at its own instant and a place on the turning Earth: bisection on c tau = distance."""
    at = satellite.inertial(t_s)

    def excess(tau):
        return np.linalg.norm(at - turned(t_s - tau if up else t_s + tau, place)) - C * tau

    low, high = 1e-3, 50e-3
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return low


def on_ground(across_deg: float, along_deg: float = 0.0, height_m: float = 0.0):
    """A place (sphere) that many degrees off the sub-satellite point of T0_S."""
    a, b = np.radians(across_deg), np.radians(along_deg)
    return (RADIUS + height_m) * np.array([np.cos(a) * np.cos(b), np.sin(a) * np.cos(b), np.sin(b)])
