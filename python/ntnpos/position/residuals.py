# SPDX-License-Identifier: GPL-3.0-or-later
"""What the residuals of a solution say: whether they are chance, and whose fault they are if not.

All tests are on measured rows (of any kind) and the height. Doppler rows never accuse a satellite: a walking
user explains them. """

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtri

from .observations import DopplerRows
from .solver import Solution, robust_rows
from .system import MEASURED, TIMING, System, Weighted

FALSE_ALARM = 1e-4
"""Probability that sound measurements fail the test."""

_LEAST_DOF = 0.9
_LEAST_SHARE = 0.01         # a source whose error the rest can see less of than this cannot be tested
_LEAST_ROWS = 3             # rows of one satellite from which one can be told to be an outlier
_MOST_OUTLIERS = 1.0 / 3.0
_SCATTER_ALARM = 1e-3
_NORMAL_MAD = 1.4826        # standard deviation over median absolute deviation of a normal variable


@dataclass(frozen=True)
class ResidualTest:
    """Global chi-square test and the likelihood-ratio test of a bias of each source.

    Attributes
    ----------
    chi2, dof : of the measured rows and the height; dof is what their residuals keep after the fit, not
        always whole
    p_value : the smaller of both tests' probabilities, the second one corrected for the number of sources; 1
    where
        nothing can be tested
    passed : p_value >= false alarm probability / 2 (two tests)
    """

    chi2: float
    dof: float
    p_value: float
    passed: bool


def residual_test(system: System, solution: Solution, false_alarm: float = FALSE_ALARM) -> ResidualTest:
    """Test one solution's residuals."""
    _, residual, jacobian = robust_rows(system, solution.state[None])
    residual, basis = residual[0], np.linalg.qr(jacobian[0])[0]
    timing = np.isin(system.kinds, TIMING)
    chi2 = float(np.sum(residual[timing] ** 2))
    dof = float(np.sum(timing) - np.sum(basis[timing] ** 2))
    p_value = float(chdtrc(dof, chi2)) if dof >= _LEAST_DOF else 1.0
    sources, directions = _bias_directions(system)
    kept = directions - (directions @ basis) @ basis.T
    share = np.sum(kept**2, axis=1)
    testable = share > _LEAST_SHARE * np.sum(directions**2, axis=1)
    if testable.any() and dof >= _LEAST_DOF:
        ratio = (directions[testable] @ residual) ** 2 / share[testable]
        p_value = min(p_value, float(np.min(chdtrc(1.0, ratio))) * len(sources))
    return ResidualTest(chi2, dof, min(p_value, 1.0), p_value >= 0.5 * false_alarm)


def _bias_directions(system: System) -> tuple[list[str], np.ndarray]:
    """Sources of tested rows, and what a bias of each would do to the whitened residuals [sources, rows]."""
    sources: list[str] = []
    blocks: list[np.ndarray] = []
    start, total = 0, len(system.kinds)
    for part in system.parts:
        count = len(part.model.std)
        if part.model.kind in TIMING:
            names = list(dict.fromkeys(part.model.sources))
            owner = np.asarray(part.model.sources, dtype=object)
            columns = np.array([owner == name for name in names], dtype=float).T
            block = np.zeros((len(names), total))
            block[:, start:start + count] = part.whiten(columns[None])[0].T
            sources += names
            blocks.append(block)
        start += count
    return sources, np.concatenate(blocks)


def without_outliers(system: System, solution: Solution) -> tuple[System, dict[str, int]]:
    """The system without TOA rows that disagree with the other rows of their own satellite, and how many of
    each.

    A row's deviation is from the median of its satellite's residuals, which an error of the position hardly
    moves; the threshold is at the false alarm probability over all rows, in units of the scatter that most
    rows show (at least their standard deviations). Only rows at least half as far out as the farthest go: an
    outlier bends the clock drift, and with it other rows' deviations, so the rest is judged again without it.
    A satellite that would lose more than a third of its rows keeps them all. """
    part = system.part("toa")
    residual = system.residual("toa", solution.state) / (part.scale * part.model.std)
    names = np.asarray(part.model.sources, dtype=object)
    groups = [np.flatnonzero(names == name) for name in dict.fromkeys(part.model.sources)]
    groups = [rows for rows in groups if len(rows) >= _LEAST_ROWS]
    if not groups:
        return system, {}
    deviation = {rows[0]: residual[rows] - np.median(residual[rows]) for rows in groups}
    scatter = max(1.0, _NORMAL_MAD * float(np.median(np.abs(np.concatenate(list(deviation.values()))))))
    threshold = -scatter * float(ndtri(0.5 * FALSE_ALARM / len(residual)))
    threshold = max(threshold, 0.5 * max(float(np.max(np.abs(rows))) for rows in deviation.values()))
    keep = np.ones(len(residual), dtype=bool)
    rejected: dict[str, int] = {}
    for rows in groups:
        out = np.abs(deviation[rows[0]]) > threshold
        if 0 < out.sum() <= max(1.0, _MOST_OUTLIERS * len(rows)):
            keep[rows[out]] = False
            rejected[str(names[rows[0]])] = int(out.sum())
    if not rejected:
        return system, {}
    doppler = system.part("doppler")
    masks = {"toa": keep}
    if doppler is not None:
        gone = {(name, t) for name, t in zip(names[~keep], part.model.t_s[~keep])}
        keys = zip(doppler.model.sources, doppler.model.t_s)
        masks["doppler"] = np.array([key not in gone for key in keys])
    return system.only(masks), rejected


def without_worst_row(
    system: System, solution: Solution, rejected: dict[str, int]
) -> tuple[System, dict[str, int]]:
    """The system without the measured row whose residual is the least likely, and whose row that was.

    A residual is taken in deviations of its own, which a row that the fit leans on has small ones of (w-test:
    Baarda, "A testing procedure for use in geodetic networks", 1968). Rows of sources with fewer than three
    are left to the test of whole sources, and no source loses more than a third of its rows; `rejected`
    counts those that are gone already. The two rows of a direction go together. """
    _, residual, jacobian = robust_rows(system, solution.state[None])
    free = 1.0 - np.sum(np.linalg.qr(jacobian[0])[0] ** 2, axis=1)
    testable = np.isin(system.kinds, MEASURED) & (free > _LEAST_SHARE)
    for name in dict.fromkeys(system.sources[testable]):
        count = int(np.sum((system.sources == name) & np.isin(system.kinds, MEASURED)))
        gone = rejected.get(str(name), 0)
        if count < _LEAST_ROWS or gone + 1 > max(1.0, _MOST_OUTLIERS * (count + gone)):
            testable &= system.sources != name
    if not testable.any():
        return system, {}
    size = np.where(testable, np.abs(residual[0]) / np.sqrt(np.maximum(free, _LEAST_SHARE)), 0.0)
    worst = int(np.argmax(size))
    if size[worst] < -float(ndtri(0.5 * FALSE_ALARM / len(size))):
        return system, {}
    kind = system.kinds[worst]
    inside = worst - int(np.flatnonzero(system.kinds == kind)[0])
    keep = np.ones(int(np.sum(system.kinds == kind)), dtype=bool)
    keep[[inside, inside ^ 1] if kind == "aoa" else [inside]] = False
    masks = {kind: keep}
    doppler = system.part("doppler")
    if kind == "toa" and doppler is not None:
        gone_t = system.part("toa").model.t_s[inside]
        masks["doppler"] = ~(
            (np.asarray(doppler.model.sources) == system.sources[worst]) & (doppler.model.t_s == gone_t)
        )
    return system.only(masks), {str(system.sources[worst]): 1}


def with_scatter(system: System, solution: Solution, most: float = np.inf) -> System:
    """The system with the rows' deviations scaled up to the scatter within satellites, where that is beyond
    chance.

    Interference between satellites makes occasions scatter more than thermal noise; the scatter of one
    satellite's occasions shows it whatever the position. Each kind of row by itself; one that scatters more
    than `most` times its deviations is left as it is. """
    for part in system.measured:
        if part.model.kind == "aoa" and len(part.model.std) < 2 * _LEAST_ROWS:
            continue
        std = part.scale * part.model.std
        residual = system.residual(part.model.kind, solution.state)
        names = np.asarray(part.model.sources, dtype=object)
        chi2, dof = 0.0, 0
        for name in dict.fromkeys(part.model.sources):
            rows = np.flatnonzero(names == name)
            # A direction's two rows have means of their own.
            for axis in ((rows[::2], rows[1::2]) if part.model.kind == "aoa" else (rows,)):
                weight = 1.0 / std[axis] ** 2
                mean = np.sum(weight * residual[axis]) / np.sum(weight)
                chi2 += float(np.sum(weight * (residual[axis] - mean) ** 2))
                dof += len(axis) - 1
        if dof < _LEAST_ROWS or chdtrc(dof, chi2) >= _SCATTER_ALARM or chi2 > dof * most**2:
            continue
        scale = part.scale * float(np.sqrt(chi2 / dof))
        system = system.with_part(Weighted(part.model, part.common_std, scale, part.huber))
    return system


def with_doppler_settled(system: System, solution: Solution) -> System:
    """The system with the satellites' Doppler trusted no more than they agree with each other at this
    solution.

    Where the satellites' mean Doppler residuals scatter beyond chance (the receiver moves, an orbit's
    velocity is off), that scatter becomes an error which all Doppler rows of one satellite share. """
    part = system.part("doppler")
    if part is None:
        return system
    model: DopplerRows = part.model
    residual = system.residual("doppler", solution.state)
    names = np.asarray(model.sources, dtype=object)
    mean, variance = [], []
    for name in dict.fromkeys(model.sources):
        weight = 1.0 / model.std[names == name] ** 2
        mean.append(np.sum(weight * residual[names == name]) / np.sum(weight))
        variance.append(1.0 / np.sum(weight))
    dof = max(1, len(mean) - 1)
    mean, variance = np.array(mean), np.array(variance) + part.common_std**2
    if chdtrc(dof, float(np.sum(mean**2 / variance))) >= FALSE_ALARM:
        return system
    shared = np.hypot(part.common_std, float(np.sqrt(np.sum(mean**2) / dof)))
    return system.with_part(Weighted(model, shared, part.scale, part.huber))
