# SPDX-License-Identifier: GPL-3.0-or-later
"""From rows to solutions that can be trusted: detection of misfit, and exclusion of one faulty source.

Small causes are tried before large ones: outlying rows, deviations stated too small, one faulty satellite
(all its rows together) or a wrong height. A fault is excluded only where the rows name it: with one satellite
more than needed a fault is seen, with two it is found. """

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..network.assistance import Assistance
from .residuals import (FALSE_ALARM, ResidualTest, residual_test, with_doppler_settled, with_scatter,
                        without_outliers, without_worst_row)
from .search import Found, Place, judged, refine, search
from .system import System

HEIGHT = "height"
"""Name under which a wrong height is excluded."""

_DECISIVE = 20.0        # difference of chi-square that decides between solutions: odds of 22000 to 1
_ATTRIBUTED = 14.0      # the same between suspects: odds of 1000 to 1
_MOST_TRIMMED = 60      # single wild rows; with more it is not the rows
_LEAST_SPARE = 0.9      # degrees of freedom with which the rest of the rows can be said to agree
_MOST_DIFFUSE = 3.0     # scatter over satellites, in stated deviations, that is believed to be no fault


@dataclass(frozen=True)
class Attempt:
    """The solutions of one set of rows.

    Attributes
    ----------
    system : rows as weighted in the end
    best : the likeliest solution; None where no start led to a possible place
    others : the other solutions that fit as well, not decidedly worse
    test : residual test of the best
    rejected : outlying rows left out, by satellite
    without : source left out, or None
    """

    system: System
    best: Found | None = None
    others: tuple[Found, ...] = ()
    test: ResidualTest | None = None
    rejected: dict[str, int] = field(default_factory=dict)
    without: str | None = None

    @property
    def passed(self) -> bool:
        """There is a solution and its residuals are chance."""
        return self.best is not None and self.test.passed


@dataclass(frozen=True)
class Outcome:
    """What integrity monitoring decided.

    Attributes
    ----------
    status : "ok", "ambiguous" or "no_fix" as of `Fix`, as far as faults go
    attempt : the rows and solutions to report
    reason : what was found; None where all is well
    suspects : attempts that leave out one source each, where a fault cannot be attributed
    variance_factor : to multiply the covariance with
    """

    status: str
    attempt: Attempt
    reason: str | None = None
    suspects: tuple[Attempt, ...] = ()
    variance_factor: float = 1.0


def attempt(system: System, assistance: Assistance, without: str | None = None,
            false_alarm: float = FALSE_ALARM) -> Attempt:
    """Search, weigh and test one set of rows."""
    everywhere = search(system, assistance)
    found = _possible(everywhere)
    if not found:
        return _attempt_trimmed(system, everywhere, assistance, without, false_alarm)
    best = _likeliest(system, found, false_alarm)
    rejected: dict[str, int] = {}

    def again(changed: System) -> bool:
        """Carry the solutions over to changed rows; False where nothing changed or none survives that."""
        nonlocal system, found, best
        if changed is system:
            return False
        refined = _possible(judged(changed, refine(changed, [f.solution for f in found]), assistance))
        if refined:
            system, found = changed, refined
            best = _likeliest(system, found, false_alarm)
        return bool(refined)

    again(with_doppler_settled(system, best.solution))
    whole = (system, found, best)
    while not residual_test(system, best.solution, false_alarm).passed:
        if not system.only_toa and sum(rejected.values()) >= _MOST_TRIMMED:
            break
        trimmed, outliers = (without_outliers(system, best.solution) if system.only_toa else
                             without_worst_row(system, best.solution, rejected))
        if not again(trimmed):
            break
        again(with_doppler_settled(system, best.solution))
        rejected = _added(rejected, outliers)
    if system.only_toa:
        again(with_scatter(system, best.solution))
    elif not residual_test(system, best.solution, false_alarm).passed:
        # Single rows do not explain it: a whole source may, or deviations stated too small for all.
        (system, found, best), rejected = whole, {}
        if len(system.satellites) > 1:
            again(with_scatter(system, best.solution, _MOST_DIFFUSE))
    test = residual_test(system, best.solution, false_alarm)
    # The prior area picks between repetitions of a clock; a mirror it leaves open, for it is no measurement.
    others = tuple(f for f in found if f is not best and (f.place <= best.place or not system.only_toa)
                   and f.solution.cost < best.solution.cost + _DECISIVE
                   and (residual_test(system, f.solution, false_alarm).passed or not test.passed))
    return Attempt(system, best, others, test, rejected, without)


def _attempt_trimmed(system: System, everywhere: list[Found], assistance: Assistance, without: str | None,
                     false_alarm: float) -> Attempt:
    """Where only impossible places fit: the attempt without outlying rows, if there are any."""
    if everywhere and system.only_toa:
        trimmed, outliers = without_outliers(system, min(everywhere, key=lambda f: f.solution.cost).solution)
        if outliers:
            done = attempt(trimmed, assistance, without, false_alarm)
            return replace(done, rejected=_added(done.rejected, outliers))
    return Attempt(system, without=without)


def _added(a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
    """Counts by name of both together."""
    return {name: a.get(name, 0) + b.get(name, 0) for name in a | b}


def monitor(system: System, assistance: Assistance, false_alarm: float = FALSE_ALARM) -> Outcome:
    """Solve with all rows; where they disagree, find out whether one source is at fault.

    Parameters
    ----------
    system : System
        All rows.
    false_alarm : float
        Probability with which sound rows may be found to disagree.
    """
    everything = attempt(system, assistance, None, false_alarm)
    if everything.passed:
        return Outcome("ok", everything, _rejection(everything))
    satellites = list(system.satellites)
    sources = satellites + ([HEIGHT] if system.part(HEIGHT) is not None else [])
    if not system.only_toa:
        return _monitor_any(system, everything, sources, assistance, false_alarm)
    redundancy = len(sources) - 4
    if redundancy < 1:
        reason = (_nowhere() if everything.best is None else
                  f"the measurements of each satellite disagree among themselves ({_chance(everything)})")
        return Outcome("no_fix", everything, reason)
    trials = [attempt(system.without(source), assistance, source, false_alarm) for source in sources]
    passing = sorted((t for t in trials if t.passed), key=_excess)
    if redundancy == 1:
        height = "with" if HEIGHT in sources else "without"
        reason = (f"the satellites disagree ({_chance(everything)}): one source is at fault, and "
                  f"{len(satellites)} satellites {height} a height cannot tell which")
        return _undecided(everything, passing, reason)
    if not passing:
        return _no_single_fault(everything, redundancy)
    leader = passing[0]
    rivals = [t for t in passing[1:] if _excess(t) < _excess(leader) + _ATTRIBUTED]
    if rivals:
        names = ", ".join(t.without for t in (leader, *rivals))
        reason = (f"the satellites disagree ({_chance(everything)}): one of {names} is at fault, the rows do "
                  "not tell which")
        return _undecided(everything, [leader, *rivals], reason)
    return Outcome("ok", leader, _rejection(leader))


def _monitor_any(system: System, everything: Attempt, sources: list[str], assistance: Assistance,
                 false_alarm: float) -> Outcome:
    """`monitor` where rows of any kind disagree: a source is named where the others alone agree, with rows to
    spare."""
    trials = [attempt(system.without(source), assistance, source, false_alarm) for source in sources
              if len(system.without(source).satellites)]
    passing = sorted((t for t in trials if t.passed and _is_closed(t)), key=_excess)
    tested = [t for t in passing if t.test.dof >= _LEAST_SPARE]
    if not tested:
        if passing and everything.best is not None:
            names = ", ".join(t.without for t in passing)
            reason = (
                f"the measurements disagree ({_chance(everything)}): one of {names} may be at fault, the rest "
                "is too little to tell"
            )
            return _undecided(everything, passing, reason)
        dof = 1.0 if everything.best is None else max(1.0, everything.test.dof)
        return _no_single_fault(everything, dof)
    leader = tested[0]
    rivals = [t for t in tested[1:] if _excess(t) < _excess(leader) + _ATTRIBUTED]
    if rivals:
        names = ", ".join(t.without for t in (leader, *rivals))
        reason = (
            f"the measurements disagree ({_chance(everything)}): one of {names} is at fault, the rows do not "
            "tell which"
        )
        return _undecided(everything, [leader, *rivals], reason)
    return Outcome("ok", leader, _rejection(leader))


def _is_closed(tried: Attempt) -> bool:
    """Whether the rows leave no direction of the position open."""
    return bool(np.isfinite(tried.best.solution.covariance()[:3, :3]).all())


def _undecided(everything: Attempt, suspects: list[Attempt], reason: str) -> Outcome:
    """A fault that is not attributed: the suspects' solutions are all possible."""
    if everything.best is None and not suspects:
        return Outcome("no_fix", everything, _nowhere())
    if everything.best is None:
        return Outcome("ambiguous", suspects[0], reason, tuple(suspects[1:]))
    return Outcome("ambiguous", everything, reason, tuple(suspects), _misfit(everything.test))


def _no_single_fault(everything: Attempt, redundancy: float) -> Outcome:
    """No source whose removal would help: too small deviations everywhere, or several faults."""
    if everything.best is None:
        return Outcome("no_fix", everything, _nowhere())
    between = max(everything.test.chi2 - max(everything.test.dof - redundancy, 0.0), 0.0) / redundancy
    if between <= _MOST_DIFFUSE**2:
        reason = (f"the residuals are {np.sqrt(between):.1f} times the stated deviations and no single "
                  "satellite explains them: the covariance is scaled up")
        return Outcome("ok", everything, reason, (), max(1.0, between))
    reason = (f"the satellites disagree ({_chance(everything)}) and leaving out no single one helps: several "
              "are at fault")
    return Outcome("no_fix", everything, reason)


def _excess(tried: Attempt) -> float:
    """Misfit beyond what its degrees of freedom explain."""
    return tried.test.chi2 - tried.test.dof


def _possible(found: list[Found]) -> list[Found]:
    """Those at places where a receiver can be."""
    return [f for f in found if f.place != Place.IMPOSSIBLE]


def _likeliest(system: System, found: list[Found], false_alarm: float) -> Found:
    """The solution to report: of those that pass and are not decidedly worse than another, the one in the
    best place, then of least cost."""
    passing = [f for f in found if residual_test(system, f.solution, false_alarm).passed] or found
    least = min(f.solution.cost for f in passing)
    close = [f for f in passing if f.solution.cost <= least + _DECISIVE]
    return min(close, key=lambda f: (f.place, f.solution.cost))


def _misfit(test: ResidualTest) -> float:
    """Variance factor that the residuals ask for, at least 1."""
    return max(1.0, test.chi2 / test.dof) if test.dof > 0.0 else 1.0


def _chance(failed: Attempt) -> str:
    """How unlikely the disagreement is."""
    return "no place fits them all" if failed.best is None else f"probability {failed.test.p_value:.1e}"


def _nowhere() -> str:
    """Why there is no solution."""
    return (
        "no solution near the ground with every satellite above the horizon and the receiver clock within "
        "its bound"
    )


def _rejection(done: Attempt) -> str | None:
    """Outlying rows, in words."""
    if not done.rejected:
        return None
    rows = ", ".join(f"{count} of {name}" for name, count in done.rejected.items())
    return f"outlying measurements left out: {rows}"
