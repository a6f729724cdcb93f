# SPDX-License-Identifier: GPL-3.0-or-later
"""Robust Gauss-Newton with Levenberg's damping over any mix of rows, from many starts at once.

Normal equations are never formed: each step comes from a QR of the whitened Jacobian and an SVD of its small
triangle, with columns scaled to unit length. The solver knows no row by name. """

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .system import System

MAX_ITERATIONS = 25
_COST_ROUNDING = 1e-10    # relative to 1 + cost: a step that promises to gain less ends the search,
_MANY_ITERATIONS, _SLOW_ROUNDING = (
    40,
    1e-6,
)  # and after so many one that gains less than this: two minima are merging
_STALLED_DEVIATIONS = 1e-3  # a step this short that no longer lowers the cost meets rounding, not a hill
_STEP_ABSOLUTE = 1e-7     # and so does one of this size in the state's units (m)
_DAMPING_START, _DAMPING_LEAST, _DAMPING_MOST = 1e-4, 1e-12, 1e9


@dataclass(frozen=True)
class Solution:
    """One stationary point.

    Attributes
    ----------
    state : [n] unknowns
    cost : sum of the rows' robust squared residuals (chi-square where no row is beyond its Huber threshold)
    root : [n, n] upper triangle R with R'R the information matrix
    converged : the last step was below tolerance
    iterations : evaluations spent
    """

    state: np.ndarray
    cost: float
    root: np.ndarray
    converged: bool
    iterations: int

    def covariance(self) -> np.ndarray:
        """Covariance [n, n] of the unknowns; inf where the rows leave a direction open."""
        return covariance_of(self.root)


def covariance_of(root: np.ndarray) -> np.ndarray:
    """(R'R)^-1 through the SVD of R with scaled columns; inf in every unknown that an open direction
    touches."""
    scale = _column_norms(root)
    _, singular, vt = np.linalg.svd(root / scale)
    open_direction = singular <= 1e-12 * max(singular[0], np.finfo(float).tiny)
    half = vt.T / np.where(open_direction, 1.0, singular)
    covariance = half @ half.T / np.outer(scale, scale)
    touched = np.any(np.abs(vt[open_direction]) > 1e-6, axis=0)
    covariance[touched, :] = covariance[:, touched] = np.inf
    return covariance


def minimise(system: System, starts: np.ndarray, max_iterations: int = MAX_ITERATIONS) -> list[Solution]:
    """Follow every start [K, n] to its minimum; of rows of many UEs, start k is UE k's.

    Returns
    -------
    list of K `Solution`, in the order of the starts. A start that does not converge says so; nothing raises.
    """
    state = np.array(starts, dtype=float)
    count, size = state.shape
    damping = np.full(count, _DAMPING_START)
    iterations = np.zeros(count, dtype=int)
    converged = np.zeros(count, dtype=bool)
    cost, root, target = linearise(system, state)
    active = np.isfinite(cost)
    while active.any():
        rows = np.flatnonzero(active)
        iterations[rows] += 1
        step, undamped = _step(root[rows], target[rows], damping[rows])
        still = (np.max(np.abs(step), axis=1) < _STEP_ABSOLUTE) & (damping[rows] < 1e-2)
        part = system.pick(rows) if system.is_many else system
        trial_cost, trial_root, trial_target = linearise(part, state[rows] + step)
        rounding = _COST_ROUNDING * (1.0 + cost[rows])
        better = trial_cost <= cost[rows] + rounding
        gain = cost[rows] - trial_cost
        taken = rows[better]
        state[taken] += step[better]
        cost[taken], root[taken], target[taken] = trial_cost[better], trial_root[better], trial_target[better]
        relaxed = np.maximum(damping[rows] / 10.0, _DAMPING_LEAST)
        damping[rows] = np.where(better, relaxed, damping[rows] * 10.0)
        stalled = ~better & (undamped < _STALLED_DEVIATIONS)
        promised = np.where(better, gain, undamped**2)
        slow = (iterations[rows] > _MANY_ITERATIONS) & (promised < _SLOW_ROUNDING * (1.0 + cost[rows]))
        converged[rows] = still | stalled | slow | (undamped**2 < rounding)
        going = (damping[rows] < _DAMPING_MOST) & (iterations[rows] < max_iterations)
        active[rows] = going & ~converged[rows]
    return [Solution(state[k], float(cost[k]), root[k], bool(converged[k]), int(iterations[k]))
            for k in range(count)]


def robust_rows(system: System, state: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cost [K], and whitened residuals [K, m] and Jacobian [K, m, n] with Huber's weights, at states [K,
    n]."""
    residual, jacobian = system.evaluate(state)
    size, beyond = np.abs(residual), np.abs(residual) > system.huber
    limit = np.where(beyond, system.huber, 0.0)
    cost = np.sum(np.where(beyond, limit * (2.0 * size - limit), residual**2), axis=1)
    weight = np.where(beyond, np.sqrt(limit / np.where(beyond, size, 1.0)), 1.0)
    return cost, residual * weight, jacobian * weight[..., None]


def linearise(system: System, state: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cost [K], triangle R [K, n, n] and Q'z [K, n] of the whitened, robustly weighted rows."""
    cost, residual, jacobian = robust_rows(system, state)
    bad = ~np.isfinite(cost) | ~np.isfinite(jacobian).all(axis=(1, 2))
    rows = np.concatenate([jacobian, residual[..., None]], axis=-1)
    rows[bad] = 0.0
    n = state.shape[1]
    missing = n + 1 - rows.shape[1]
    if missing > 0:
        rows = np.concatenate([rows, np.zeros((len(rows), missing, n + 1))], axis=1)
    triangle = np.linalg.qr(rows, mode="r")
    return np.where(bad, np.inf, cost), triangle[:, :n, :n], triangle[:, :n, n]


def _step(root: np.ndarray, target: np.ndarray, damping: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Damped step [K, n], and the undamped step's length [K] in standard deviations."""
    scale = _column_norms(root)
    u, singular, vt = np.linalg.svd(root / scale[:, None, :])
    along = np.einsum("kji,kj->ki", u, target)
    known = singular > 1e-12 * np.maximum(singular[:, :1], np.finfo(float).tiny)
    inverse = np.where(known, singular / (singular**2 + damping[:, None]), 0.0)
    step = -np.einsum("kji,kj->ki", vt, inverse * along) / scale
    return step, np.linalg.norm(np.where(known, along, 0.0), axis=1)


def _column_norms(root: np.ndarray) -> np.ndarray:
    """Length of each column [..., n]; 1 for an empty column."""
    norm = np.linalg.norm(root, axis=-2)
    return np.where(norm > 0.0, norm, 1.0)


def distinct(solutions: list[Solution]) -> list[Solution]:
    """The converged solutions by rising cost, each place once.

    Two are one where their positions lie within 0.1 m or within a tenth of a standard deviation of each
    other. """
    kept: list[Solution] = []
    for solution in sorted((s for s in solutions if s.converged), key=lambda s: s.cost):
        if not any(_same(solution, other) for other in kept):
            kept.append(solution)
    return kept


def _same(a: Solution, b: Solution) -> bool:
    """Whether two solutions are one place."""
    difference = a.state - b.state
    if np.linalg.norm(difference[:3]) < 0.1:
        return True
    return any(bool(np.linalg.norm(root @ difference) < 0.1) for root in (a.root, b.root))
