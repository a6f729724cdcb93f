# SPDX-License-Identifier: GPL-3.0-or-later
"""Horizontal protection level by solution separation: a radius that the error exceeds no more often than
stated.

For every source that may be faulty, the position without it has its own covariance and lies some way from the
one that is reported. While all those separations stay below their thresholds, a fault can have moved the
position by no more than the threshold and the other solution's own error. Source: Blanch et al., "Baseline
advanced RAIM user algorithm and possible improvements", IEEE Trans. AES 51(1), 2015, its horizontal level,
without nominal biases; all rows of a satellite fail together, and two faults at a time are counted as risk
that nothing watches."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from itertools import combinations

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from ..errors import InputError, describe
from . import geometry
from .solver import covariance_of, robust_rows
from .system import System

HEIGHT = "height"
"""The source that is no satellite: a height known beforehand, which may be wrong."""

_MOST_STD_M = 5e4  # of a position that leaves a source out: beyond, it watches nothing


@dataclass(frozen=True)
class IntegrityBudget:
    """How probabilities are shared out. Raises `InputError` for one outside (0, 0.5]."""

    risk: float = 1e-5
    """Probability a fix that the error exceeds the level unnoticed, faults that are watched included
    (P_HMI)."""
    false_alarm: float = 1e-4
    """Probability that a separation test stops a sound fix (continuity), over all tests."""
    satellite_fault: float = 1e-4
    """Probability a fix that one given satellite's measurements are wrong beyond their deviations."""
    height_fault: float = 1e-4
    """The same for a height that is known beforehand."""

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            if not number or not 0.0 < value <= 0.5:
                raise InputError(
                    "integrity budget", field.name, f"is {describe(value)}", "a number above 0 to 0.5"
                )

    def fault(self, source: str) -> float:
        """Prior probability of a fault of a source."""
        return self.height_fault if source == HEIGHT else self.satellite_fault


@dataclass(frozen=True)
class Separation:
    """The solution without one source.

    Attributes
    ----------
    source : what it leaves out
    offset_m : [2] its horizontal distance from the reported one along the error ellipse's axes (major, minor)
    threshold_m : [2] what chance explains; nan where the rest gives no position
    """

    source: str
    offset_m: tuple[float, float]
    threshold_m: tuple[float, float]

    @property
    def passed(self) -> bool:
        """Within the thresholds, or nothing to compare with."""
        return not any(abs(x) > most for x, most in zip(self.offset_m, self.threshold_m))


@dataclass(frozen=True)
class Protection:
    """The level, and what it is worth.

    Attributes
    ----------
    hpl_m : horizontal protection level; None where a separation fails or the rows leave the position open
    risk : probability a fix that the error exceeds it unnoticed: the budget's, and that of faults nothing
        watches
    unwatched : sources whose fault cannot be seen, as the others give no position (to 50 km)
    separations : one a source
    reason : why there is no level; None where there is one
    """

    hpl_m: float | None
    risk: float
    unwatched: tuple[str, ...] = ()
    separations: tuple[Separation, ...] = ()
    reason: str | None = None


def protection_level(
    system: System,
    state: np.ndarray,
    budget: IntegrityBudget = IntegrityBudget(),
    variance_factor: float = 1.0,
) -> Protection:
    """Level of the solution at `state` [n].

    Parameters
    ----------
    system : System
        Rows as weighted in the end.
    state : array [n]
        Where their cost is least.
    variance_factor : float
        To multiply every covariance with.
    """
    _, residual, jacobian = robust_rows(system, state[None])
    residual, jacobian = residual[0], jacobian[0]
    local = geometry.local_axes(state[:3])[:2]
    full = _covariance(jacobian, local)
    if full is None:
        return Protection(None, 1.0, reason="the rows leave the position open")
    major = np.linalg.eigh(full)[1][:, ::-1].T  # rows: the error ellipse's axes
    axes = major @ local
    std = _along(full, major, variance_factor)
    watched, unwatched, separations = [], [], []
    sources = [*system.satellites] + ([HEIGHT] if system.part(HEIGHT) is not None else [])
    quantile = -float(ndtri(budget.false_alarm / (4.0 * len(sources))))
    for source in sources:
        kept = system.sources != source
        part = _covariance(jacobian[kept], local)
        if part is None or np.trace(part) > _MOST_STD_M**2:
            unwatched.append(source)
            separations.append(Separation(source, (math.nan, math.nan), (math.nan, math.nan)))
            continue
        offset = -axes @ _step(jacobian[kept], residual[kept])[:3]
        part_std = _along(part, major, variance_factor)
        threshold = quantile * np.sqrt(np.maximum(part_std**2 - std**2, 0.0))
        separations.append(Separation(source, tuple(map(float, offset)), tuple(map(float, threshold))))
        watched.append((budget.fault(source), threshold, part_std))
    risk = budget.risk + sum(budget.fault(source) for source in unwatched)
    risk += sum(budget.fault(a) * budget.fault(b) for a, b in combinations(sources, 2))
    failed = [s.source for s in separations if not s.passed]
    if failed:
        return Protection(
            None,
            min(risk, 1.0),
            tuple(unwatched),
            tuple(separations),
            f"the position without {', '.join(failed)} is farther off than chance explains",
        )
    prior, threshold, own = (
        (np.array(column) for column in zip(*watched)) if watched else (np.zeros(0), *np.zeros((2, 0, 2)))
    )
    level = [_level(std[axis], prior, threshold[:, axis], own[:, axis], 0.5 * budget.risk) for axis in (0, 1)]
    return Protection(float(np.hypot(*level)), float(min(risk, 1.0)), tuple(unwatched), tuple(separations))


def _covariance(jacobian: np.ndarray, local: np.ndarray) -> np.ndarray | None:
    """Covariance [2, 2] along two axes (rows of `local`, ECEF) of whitened rows; None where they leave it
    open."""
    size = jacobian.shape[1]
    rows = np.vstack([jacobian, np.zeros((max(0, size - len(jacobian)), size))])
    covariance = covariance_of(np.linalg.qr(rows, mode="r"))[:3, :3]
    return local @ covariance @ local.T if np.isfinite(covariance).all() else None


def _step(jacobian: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """Least-squares solution [n] of jacobian x = residual, columns scaled."""
    scale = np.linalg.norm(jacobian, axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    return np.linalg.lstsq(jacobian / scale, residual, rcond=1e-12)[0] / scale


def _along(covariance: np.ndarray, axes: np.ndarray, factor: float) -> np.ndarray:
    """Standard deviations [2] along axes (rows)."""
    return np.sqrt(factor * np.maximum(np.einsum("ij,jk,ik->i", axes, covariance, axes), 0.0))


def _level(std: float, prior: np.ndarray, threshold: np.ndarray, own: np.ndarray, risk: float) -> float:
    """The level along one axis: where the fault-free and all watched cases together use up the risk.

    `prior`, `threshold`, `own` [n]: probability, separation threshold and standard deviation of each watched
    fault.
    """

    def beyond(level: float) -> float:
        faulty = np.minimum(1.0, 2.0 * ndtr((threshold - level) / own))
        return float(2.0 * ndtr(-level / std) + prior @ faulty) - risk

    most = std
    while beyond(most) > 0.0:
        most *= 2.0
    return 0.0 if beyond(0.0) <= 0.0 else float(brentq(beyond, 0.0, most, rtol=1e-9))
