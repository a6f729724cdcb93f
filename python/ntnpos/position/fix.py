# SPDX-License-Identifier: GPL-3.0-or-later
"""From the measurements of one UE, of any kind and mix, to a fix."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable

import numpy as np

from ..network import two_way
from ..network.assistance import Assistance
from ..network.measurements import Measurement
from ..world.constants import C_M_S
from . import cell, geometry, rows, starts
from .integrity import HEIGHT, Attempt, Outcome, monitor
from .observable import missing, weakness
from .protection import Protection, protection_level
from .residuals import FALSE_ALARM
from .result import Estimate, Excluded, Fix
from .rows import Height
from .search import Found, Place
from .solver import Solution
from .system import System

__all__ = ["Fix", "solve", "solve_toa"]

_EXPANSION_S = 1.0              # clock offset beyond which orbits are expanded anew about it
_UNITS = {
    "toa": (1e9, "ns", "TOA"),
    "rtt": (1e9, "ns", "round trip"),
    "ul_rtoa": (1e9, "ns", "uplink arrival"),
    "range_rate": (1.0, "m/s", "range rate"),
    "aoa": (180.0 / np.pi, "degrees", "direction"),
}


def solve(measurements: Iterable[Measurement], assistance: Assistance, height_m: float | None = None,
          height_std_m: float = 1.0, toa_model_std_s: float = rows.TOA_MODEL_STD_S,
          false_alarm: float = FALSE_ALARM, speed_std_m_s: float | None = None, huber: float = np.inf) -> Fix:
    """Position of one UE from all its measurements; those of both ends of the two-way chain are paired first.

    Parameters
    ----------
    measurements : iterable of Measurement
        Of any kinds; one satellite may have many. Those whose status is not "ok" do not count.
    assistance : Assistance
        Orbits, terrestrial points, satellite clocks, common TA, the prior area (which bounds the search and
        is no measurement), the serving cell (which tells mirrors apart), clock bounds.
    height_m, height_std_m : float
        Height above WGS-84 where known, and its standard deviation.
    toa_model_std_s : float
        Error that all delays of one satellite share, in s (twice that of round trips).
    false_alarm : float
        Probability with which sound measurements may be found to disagree.
    speed_std_m_s : float, optional
        The UE may move, each component of its velocity 0 with this deviation; the place is that of the middle
        of the measurements' times. None: at rest.
    huber : float
        Residual, in deviations, beyond which a row counts less and less (Huber's weights; 2 is usual) instead
        of being left out when it is found to be wild; inf: least squares.

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
    paired = two_way.pair(measurements, assistance)
    fix = _solve(
        rows.usable(paired.measurements, assistance),
        assistance,
        height,
        toa_model_std_s,
        false_alarm,
        speed_std_m_s,
        huber,
    )
    if any(paired.unmatched.values()):
        fix = replace(fix, unmatched=paired.unmatched, reason=_joined(fix.reason, "; ".join(paired.reasons)))
    return fix


def solve_toa(measurements: Iterable[Measurement], assistance: Assistance, height_m: float | None = None,
              height_std_m: float = 1.0, toa_model_std_s: float = rows.TOA_MODEL_STD_S,
              false_alarm: float = FALSE_ALARM) -> Fix:
    """`solve` of the TOA measurements among those given."""
    toa = [row for row in measurements if row.kind == "toa"]
    return solve(toa, assistance, height_m, height_std_m, toa_model_std_s, false_alarm)


def method_of(system: System) -> str:
    """Name of the method by the kinds of rows."""
    kinds = frozenset(part.model.kind for part in system.measured)
    named = {
        frozenset({"toa"}): "dl-tdoa",
        frozenset({"ul_rtoa"}): "ul-tdoa",
        frozenset({"rtt"}): "multi-rtt",
        frozenset({"aoa"}): "aoa",
        frozenset({"range_rate"}): "e-cid",
        frozenset({"rtt", "range_rate"}): "e-cid",
    }
    return named.get(kinds, "hybrid" if kinds else "dl-tdoa")


def _solve(usable: list[Measurement], assistance: Assistance, height: Height | None, toa_model_std_s: float,
           false_alarm: float, speed_std_m_s: float | None, huber: float) -> Fix:
    """`solve` of measurements that make rows."""
    if not usable:
        return Fix("no_fix", "no satellite has a measurement that tells a place")
    clock_guess_s = 0.0
    for _ in range(2):
        system, unusable = rows.build(
            usable, assistance, height, toa_model_std_s, clock_guess_s, speed_std_m_s, huber
        )
        excluded = tuple(Excluded(name, reason) for name, reason in unusable.items())
        method = method_of(system)
        lacking = missing(system, assistance)
        if lacking:
            status = "unobservable" if system.measured else "no_fix"
            return Fix(
                status,
                lacking,
                system.layout.t_ref_s,
                used=system.satellites,
                excluded=excluded,
                method=method,
            )
        outcome = monitor(system, assistance, false_alarm)
        best = outcome.attempt.best
        clock_s = 0.0
        if best is not None and system.layout.clock is not None:
            clock_s = best.solution.state[system.layout.clock] / C_M_S
        if abs(clock_s - clock_guess_s) < _EXPANSION_S:
            break
        clock_guess_s = clock_s
    return replace(_report(outcome, system, assistance, excluded), method=method)


def _height(height_m: float | None, height_std_m: float) -> Height | None:
    """The height prior; ValueError where its numbers are none."""
    if height_m is None:
        return None
    if not np.isfinite(height_m):
        raise ValueError(f"height_m is {height_m}; allowed: a finite number")
    if not (np.isfinite(height_std_m) and height_std_m >= rows.LEAST_HEIGHT_STD_M):
        raise ValueError(
            f"height_std_m is {height_std_m}; allowed: a finite number from {rows.LEAST_HEIGHT_STD_M:g}"
        )
    return Height(float(height_m), float(height_std_m))


def _report(outcome: Outcome, everything: System, assistance: Assistance,
            excluded: tuple[Excluded, ...]) -> Fix:
    """The fix that an outcome comes to."""
    done = outcome.attempt
    t_s = everything.layout.t_ref_s
    used = done.system.satellites
    if done.best is None:
        centre = starts.with_clock(everything, assistance.ue_prior.ecef[None])[0]
        weak = weakness(everything, centre)
        return Fix("unobservable" if weak else outcome.status, weak or outcome.reason, t_s, used=used,
                   excluded=excluded)
    done, told = _told_apart(done, assistance)
    weak = weakness(done.system, done.best.solution.state)
    if done.without is not None and outcome.status == "ok":
        excluded += (_exclusion(done, everything),)
    dof, p_value = done.test.dof, done.test.p_value
    if weak or outcome.status == "no_fix":
        return Fix("unobservable" if weak else "no_fix", weak or outcome.reason, t_s, used=used,
                   excluded=excluded, dof=dof, p_value=p_value)
    estimate = _estimate(done, done.best, outcome.variance_factor)
    candidates = [_estimate(done, other, outcome.variance_factor) for other in done.others]
    candidates += [_estimate(suspect, suspect.best, 1.0) for suspect in outcome.suspects]
    status, reason = outcome.status, _joined(outcome.reason, told)
    if done.others and status == "ok":
        status, reason = "ambiguous", _joined(reason, f"{1 + len(done.others)} places fit the measurements")
    if done.best.place is Place.OUTSIDE:
        reason = _joined(reason, "the place is outside the prior area")
    level = _protection(done, outcome.variance_factor) if status == "ok" else None
    return Fix(
        status,
        reason,
        t_s,
        estimate,
        _dop(done.system, done.best.solution.state),
        used,
        excluded,
        tuple(candidates),
        dof,
        p_value,
        hpl_m=level and level.hpl_m,
        integrity_risk=level and level.risk,
    )


def _protection(done: Attempt, variance_factor: float) -> Protection | None:
    """The protection level of a single place; None where its separations fail."""
    level = protection_level(done.system, done.best.solution.state, variance_factor=variance_factor)
    return level if level.hpl_m is not None else None


def _told_apart(done: Attempt, assistance: Assistance) -> tuple[Attempt, str | None]:
    """The attempt with only those solutions that the serving cell allows, and what it did, in words."""
    serving = assistance.serving_cell
    if serving.side is None and serving.polygon_deg is None and serving.beam is None:
        return done, None

    def allowed(found: Found) -> bool:
        place = found.solution.state[:3]
        local = geometry.to_local(found.solution.covariance()[:3, :3], place)
        return cell.allows(assistance, done.system, place, geometry.horizontal_std(local))

    solutions = (done.best, *done.others)
    inside = [found for found in solutions if allowed(found)]
    if not inside:
        return done, "no place that fits is in the serving cell"
    if len(inside) == len(solutions):
        return done, None
    if inside[0] is done.best:
        return replace(done, others=tuple(inside[1:])), "the serving cell tells which of the places that fit"
    return (
        replace(done, best=inside[0], others=tuple(inside[1:])),
        "the serving cell tells which of the places that fit",
    )


def _dop(system: System, state: np.ndarray) -> geometry.Dop | None:
    """Dilution of precision: of one TOA a satellite, or of all delays where there are others."""
    if not system.only_toa:
        return geometry.delay_dop(system, state)
    directions = np.array(list(geometry.directions(system, state).values()))
    return geometry.dop(directions, state[:3], system.part(HEIGHT) is not None)


def _estimate(done: Attempt, found: Found, variance_factor: float) -> Estimate:
    """One solution as it is reported."""
    layout, solution = done.system.layout, found.solution
    covariance = variance_factor * solution.covariance()[:3, :3]
    known = np.isfinite(covariance).all()

    def offset(column: int | None) -> float | None:
        return None if column is None else float(solution.state[column] / C_M_S)

    return Estimate(
        ecef_m=tuple(float(x) for x in solution.state[layout.position]),
        covariance_ecef_m2=tuple(tuple(map(float, row)) for row in covariance) if known else None,
        clock_offset_s=offset(layout.clock),
        clock_drift=offset(layout.drift),
        chi2=solution.cost,
        without=done.without,
        likelihood=float(np.exp(-0.5 * min(max(solution.cost - done.best.solution.cost, -1400.0), 1400.0))),
        inside_prior=found.place is Place.INSIDE,
        sending_offset_s=offset(layout.sending),
        velocity_ecef_m_s=_velocity(layout, solution),
    )


def _velocity(layout, solution: Solution) -> tuple[float, ...] | None:
    """The UE's velocity where it is an unknown."""
    if layout.velocity is None:
        return None
    return tuple(float(x) for x in solution.state[layout.velocity:layout.velocity + 3])


def _exclusion(done: Attempt, everything: System) -> Excluded:
    """The excluded source, with how far off it is at the place that the others give."""
    state = done.best.solution.state
    if done.without == HEIGHT:
        off = -float(everything.residual(HEIGHT, state)[0])
        return Excluded(HEIGHT, f"residual test: the given height is off by {off:+.1f} m")
    worst = 0.0
    for part in everything.measured:
        rows_of = np.asarray(part.model.sources, dtype=object) == done.without
        if not rows_of.any():
            continue
        residual = everything.residual(part.model.kind, state)[rows_of]
        # Of a direction's two rows the size; of others the median with its sign.
        size = (
            np.median(np.hypot(residual[::2], residual[1::2]))
            if part.model.kind == "aoa"
            else -np.median(residual)
        )
        deviations = abs(size) / float(np.median(part.model.std[rows_of]))
        if deviations >= worst:
            worst, off, kind = deviations, float(size), part.model.kind
    scale, unit, name = _UNITS[kind]
    return Excluded(
        done.without,
        f"residual test: its {name} is off by {off * scale:+.1f} {unit} from the other satellites",
    )


def _joined(first: str | None, second: str | None) -> str | None:
    """Two reasons as one."""
    return second if first is None else first if not second else f"{first}; {second}"
