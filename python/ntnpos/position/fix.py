# SPDX-License-Identifier: GPL-3.0-or-later
"""DL-TDOA: from TOA measurements of a receiver at rest to a fix."""

from __future__ import annotations

from typing import Iterable

import numpy as np

from ..network.assistance import Assistance
from ..network.measurements import Measurement
from ..world.constants import C_M_S
from . import geometry, rows, starts
from .integrity import HEIGHT, Attempt, Outcome, monitor
from .residuals import FALSE_ALARM
from .result import Estimate, Excluded, Fix
from .rows import Height
from .search import Found, Place
from .solver import Solution, covariance_of
from .system import System

__all__ = ["Fix", "solve_toa"]

_MOST_HORIZONTAL_STD_M = 5e4    # beyond, the rows say less than any prior
_MOST_HDOP = 1e4
_LEAST_TURN_DEG = 1.0           # motion of a satellite, seen from the receiver, that counts as geometry
_MOST_STD_BY_MOTION_M = 1e3
_EXPANSION_S = 1.0              # clock offset beyond which orbits are expanded anew about it


def solve_toa(measurements: Iterable[Measurement], assistance: Assistance, height_m: float | None = None,
              height_std_m: float = 1.0, toa_model_std_s: float = rows.TOA_MODEL_STD_S,
              false_alarm: float = FALSE_ALARM) -> Fix:
    """Position and clock of a receiver at rest from all its TOA measurements.

    Parameters
    ----------
    measurements : iterable of Measurement
        Of kind `toa`; one satellite may have many. Those whose status is not "ok" do not count.
    assistance : Assistance
        Orbits, satellite clocks, the prior area (which bounds the search and is no measurement), clock
        bounds.
    height_m, height_std_m : float
        Height above WGS-84 where known, and its standard deviation; then three satellites are enough.
    toa_model_std_s : float
        Error that all rows of one satellite share, in s.
    false_alarm : float
        Probability with which sound measurements may be found to disagree.

    Returns
    -------
    Fix
        Its status says whether there is a position; nothing about the measurements' values raises.

    Raises
    ------
    InputError
        For a satellite that the assistance data do not name, or a standard deviation that is not above 0.
    ValueError
        For a height that is not finite, or a deviation of it that is not above 0.
    """
    height = _height(height_m, height_std_m)
    usable = rows.usable(measurements, assistance)
    if not usable:
        return Fix("no_fix", "no satellite has a TOA measurement")
    clock_guess_s = 0.0
    for _ in range(2):
        system, unusable = rows.build(usable, assistance, height, toa_model_std_s, clock_guess_s)
        excluded = tuple(Excluded(name, reason) for name, reason in unusable.items())
        missing = _missing(system, assistance)
        if missing:
            status = "no_fix" if system.part("toa") is None else "unobservable"
            return Fix(status, missing, system.layout.t_ref_s, used=_satellites(system), excluded=excluded)
        outcome = monitor(system, assistance, false_alarm)
        best = outcome.attempt.best
        clock_s = 0.0 if best is None else best.solution.state[system.layout.clock] / C_M_S
        if abs(clock_s - clock_guess_s) < _EXPANSION_S:
            break
        clock_guess_s = clock_s
    return _report(outcome, system, assistance, excluded)


def _height(height_m: float | None, height_std_m: float) -> Height | None:
    """The height prior; ValueError where its numbers are none."""
    if height_m is None:
        return None
    if not np.isfinite(height_m):
        raise ValueError(f"height_m is {height_m}; allowed: a finite number")
    if not (np.isfinite(height_std_m) and height_std_m >= rows.LEAST_HEIGHT_STD_M):
        raise ValueError(f"height_std_m is {height_std_m}; allowed: a finite number from {rows.LEAST_HEIGHT_STD_M:g}")
    return Height(float(height_m), float(height_std_m))


def _satellites(system: System) -> tuple[str, ...]:
    """Satellites with TOA rows."""
    toa = system.part("toa")
    return tuple(dict.fromkeys(toa.model.sources)) if toa else ()


def _missing(system: System, assistance: Assistance) -> str | None:
    """Why the rows cannot give a position anywhere near the prior, or None if they may."""
    count = len(_satellites(system))
    if count == 0:
        return "no satellite has an orbit at the time of its measurements"
    known = system.part(HEIGHT) is not None
    needed = 3 if known else 4
    if count >= needed:
        return None
    centre = starts.with_clock(system, assistance.ue_prior.ecef[None])[0]
    if _turn_deg(system, centre) >= _LEAST_TURN_DEG:
        if _std_by_motion(system, centre) <= _MOST_STD_BY_MOTION_M:
            return None
    return (f"{count} satellite{'' if count == 1 else 's'}, {needed} needed "
            f"{'with' if known else 'without'} a height")


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


def _report(outcome: Outcome, everything: System, assistance: Assistance,
            excluded: tuple[Excluded, ...]) -> Fix:
    """The fix that an outcome comes to."""
    done = outcome.attempt
    t_s = everything.layout.t_ref_s
    used = _satellites(done.system)
    if done.best is None:
        centre = starts.with_clock(everything, assistance.ue_prior.ecef[None])[0]
        weak = _weakness(everything, centre)
        return Fix("unobservable" if weak else outcome.status, weak or outcome.reason, t_s, used=used,
                   excluded=excluded)
    weak = _weakness(done.system, done.best.solution.state)
    if done.without is not None and outcome.status == "ok":
        excluded += (_exclusion(done, everything),)
    dof, p_value = done.test.dof, done.test.p_value
    if weak or outcome.status == "no_fix":
        return Fix("unobservable" if weak else "no_fix", weak or outcome.reason, t_s, used=used,
                   excluded=excluded, dof=dof, p_value=p_value)
    estimate = _estimate(done, done.best.solution, outcome.variance_factor)
    candidates = [_estimate(done, other.solution, outcome.variance_factor) for other in done.others]
    candidates += [_estimate(suspect, suspect.best.solution, 1.0) for suspect in outcome.suspects]
    directions = np.array(list(geometry.directions(done.system, done.best.solution.state).values()))
    dop = geometry.dop(directions, estimate.ecef_m, done.system.part(HEIGHT) is not None)
    status, reason = outcome.status, outcome.reason
    if done.others and status == "ok":
        status, reason = "ambiguous", _joined(reason, f"{1 + len(done.others)} places fit the measurements")
    if done.best.place is Place.OUTSIDE:
        reason = _joined(reason, "the place is outside the prior area")
    return Fix(status, reason, t_s, estimate, dop, used, excluded, tuple(candidates), dof, p_value)


def _weakness(system: System, state: np.ndarray) -> str | None:
    """Why the timing rows cannot tell the place at this state, the drift known; None if they can."""
    covariance = covariance_of(geometry.toa_information(system, state))
    std = geometry.horizontal_std(geometry.to_local(covariance[:3, :3], state[:3]))
    if not std <= _MOST_HORIZONTAL_STD_M:
        size = f"{std / 1e3:.0f} km" if np.isfinite(std) else "infinite"
        return f"the satellites' geometry leaves the position open (horizontal standard deviation {size})"
    needed = 3 if system.part(HEIGHT) is not None else 4
    if len(_satellites(system)) >= needed:
        directions = np.array(list(geometry.directions(system, state).values()))
        hdop = geometry.dop(directions, state[:3], system.part(HEIGHT) is not None).hdop
        if not hdop <= _MOST_HDOP:
            return f"the satellites' geometry leaves the position open (HDOP {hdop:.2g})"
    return None


def _estimate(done: Attempt, solution: Solution, variance_factor: float) -> Estimate:
    """One solution as it is reported."""
    layout = done.system.layout
    covariance = variance_factor * solution.covariance()[:3, :3]
    known = np.isfinite(covariance).all()
    return Estimate(
        ecef_m=tuple(float(x) for x in solution.state[layout.position]),
        covariance_ecef_m2=tuple(tuple(map(float, row)) for row in covariance) if known else None,
        clock_offset_s=float(solution.state[layout.clock] / C_M_S),
        clock_drift=float(solution.state[layout.drift] / C_M_S), chi2=solution.cost, without=done.without)


def _exclusion(done: Attempt, everything: System) -> Excluded:
    """The excluded source, with how far off it is at the place that the others give."""
    found: Found = done.best
    if done.without == HEIGHT:
        off = -float(everything.residual(HEIGHT, found.solution.state)[0])
        return Excluded(HEIGHT, f"residual test: the given height is off by {off:+.1f} m")
    model = everything.part("toa").model
    rows_of = np.asarray(model.sources, dtype=object) == done.without
    off = -float(np.median(everything.residual("toa", found.solution.state)[rows_of]))
    return Excluded(done.without,
                    f"residual test: its TOA is off by {off * 1e9:+.1f} ns from the other satellites")


def _joined(first: str | None, second: str) -> str:
    """Two reasons as one."""
    return second if first is None else f"{first}; {second}"
