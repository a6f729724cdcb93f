# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether rows can tell a place at all."""

from __future__ import annotations

import numpy as np

from ..network.assistance import Assistance
from . import geometry, starts
from .solver import covariance_of
from .system import System

HEIGHT = "height"
_MOST_HORIZONTAL_STD_M = 5e4    # beyond, the rows say less than any prior
_MOST_HDOP = 1e4
_LEAST_TURN_DEG = 1.0           # motion of a satellite, seen from the receiver, that counts as geometry
_MOST_STD_BY_MOTION_M = 1e3


def missing(system: System, assistance: Assistance) -> str | None:
    """Why the rows cannot give a position anywhere near the prior, or None if they may."""
    count = len(system.satellites)
    if count == 0:
        return "no satellite has an orbit at the time of its measurements"
    known = system.part(HEIGHT) is not None
    if not system.only_toa:
        rows = sum(len(part.model.std) for part in system.measured)
        open_unknowns = 3 + (system.layout.clock is not None) + (system.layout.sending is not None) - known
        if rows >= open_unknowns:
            return None
        return (f"{rows} value{'' if rows == 1 else 's'} measured, {open_unknowns} needed "
                f"{'with' if known else 'without'} a height")
    needed = 3 if known else 4
    if count >= needed:
        return None
    centre = starts.with_clock(system, assistance.ue_prior.ecef[None])[0]
    if _turn_deg(system, centre) >= _LEAST_TURN_DEG:
        if _std_by_motion(system, centre) <= _MOST_STD_BY_MOTION_M:
            return None
    return (f"{count} satellite{'' if count == 1 else 's'}, {needed} needed "
            f"{'with' if known else 'without'} a height")


def weakness(system: System, state: np.ndarray) -> str | None:
    """Why the rows cannot tell the place at this state, the drift known; None if they can."""
    covariance = covariance_of(geometry.information(system, state))
    std = geometry.horizontal_std(geometry.to_local(covariance[:3, :3], state[:3]))
    if not std <= _MOST_HORIZONTAL_STD_M:
        size = f"{std / 1e3:.0f} km" if np.isfinite(std) else "infinite"
        return f"the satellites' geometry leaves the position open (horizontal standard deviation {size})"
    known = system.part(HEIGHT) is not None
    if system.only_toa and len(system.satellites) >= (3 if known else 4):
        directions = np.array(list(geometry.directions(system, state).values()))
        hdop = geometry.dop(directions, state[:3], known).hdop
        if not hdop <= _MOST_HDOP:
            return f"the satellites' geometry leaves the position open (HDOP {hdop:.2g})"
    return None


def _turn_deg(system: System, state: np.ndarray) -> float:
    """Largest angle that a satellite's direction turns through between its first and last TOA row."""
    toa = system.part("toa").model
    gradient = toa.evaluate(system.layout, state[None])[1][0, :, system.layout.position]
    unit = gradient / np.linalg.norm(gradient, axis=1, keepdims=True)
    names = np.asarray(toa.sources, dtype=object)
    turns = []
    for name in dict.fromkeys(toa.sources):
        of_one = np.flatnonzero(names == name)
        first, last = of_one[np.argmin(toa.t_s[of_one])], of_one[np.argmax(toa.t_s[of_one])]
        turns.append(2.0 * np.arcsin(min(0.5 * float(np.linalg.norm(unit[first] - unit[last])), 1.0)))
    return float(np.degrees(max(turns)))


def _std_by_motion(system: System, state: np.ndarray) -> float:
    """Horizontal standard deviation from TOA and height rows and the crystal's bound, the drift unknown."""
    _, jacobian = system.evaluate(state[None])
    matrix = jacobian[0][system.kinds != "doppler"]
    matrix = np.vstack([matrix, np.zeros((max(0, system.layout.size - len(matrix)), system.layout.size))])
    covariance = covariance_of(np.linalg.qr(matrix, mode="r"))
    return geometry.horizontal_std(geometry.to_local(covariance[:3, :3], state[:3]))
