# SPDX-License-Identifier: GPL-3.0-or-later
"""Many UEs at once: the same models and weights as `solve`, one array operation for all UEs.

For studies, and for servers that fix thousands of UEs with rows of the same kinds. Nothing is searched: each
UE has a start, and mirrors are the caller's (start on either side and compare costs); nothing is tested or
excluded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Sequence

import numpy as np

from .layout import Layout
from .solver import Solution, linearise, minimise
from .system import System
from .tracks import Tracks

_QUICK_STEPS = 12
_CAREFUL_STEPS = 200        # where two mirrors merge the valley is flat to fourth order
_DONE_DEVIATIONS = 1e-5     # a step shorter than this, in standard deviations, ends the quick way
_DONE_M = 1e-7              # and so does one of this size
_MOST_AT_ONCE = 4096        # rows of so many UEs stay in the processor's caches


@dataclass(frozen=True)
class Many:
    """Solutions of K UEs.

    Attributes
    ----------
    state : [K, n] unknowns as in the system's layout
    cost : [K] chi-square
    root : [K, n, n] upper triangles R with R'R the information
    converged : [K]
    """

    layout: Layout
    state: np.ndarray
    cost: np.ndarray
    root: np.ndarray
    converged: np.ndarray

    @property
    def position(self) -> np.ndarray:
        """ECEF [K, 3] in m."""
        return self.state[:, self.layout.position]

    @property
    def covariance(self) -> np.ndarray:
        """Covariance [K, n, n]; inf for a UE whose rows leave a direction open."""
        return covariances(self.root)


def covariances(root: np.ndarray) -> np.ndarray:
    """(R'R)^-1 of triangles [K, n, n] by back substitution; inf where a column is empty to rounding."""
    scale = np.linalg.norm(root, axis=1)
    scaled = root / np.where(scale > 0.0, scale, 1.0)[:, None, :]
    diagonal = np.abs(np.diagonal(scaled, axis1=1, axis2=2))
    closed = np.min(diagonal, axis=1) > 1e-12
    safe = np.where(closed[:, None, None], scaled, np.eye(root.shape[-1]))
    half = (
        np.linalg.solve(safe, np.broadcast_to(np.eye(root.shape[-1]), safe.shape))
        / np.where(scale > 0.0, scale, 1.0)[..., None]
    )
    return np.where(closed[:, None, None], half @ np.swapaxes(half, 1, 2), np.inf)


def solve_many(system: System, starts: np.ndarray) -> Many:
    """Each UE's minimum from its start [K, n].

    Undamped steps first; whoever these do not serve (a cost that rises, no end in 12 steps) goes the careful
    way of the single solver. The system's arrays hold all K UEs' rows, or one UE's for all starts.
    """
    starts = np.asarray(starts, dtype=float)
    chunks = [slice(i, i + _MOST_AT_ONCE) for i in range(0, len(starts), _MOST_AT_ONCE)]
    found = [
        _solve(system.pick(np.arange(len(starts))[chunk]) if system.is_many else system, starts[chunk])
        for chunk in chunks
    ]
    return Many(system.layout, *(np.concatenate(column) for column in zip(*found)))


def bounds_many(system: System, states: np.ndarray) -> np.ndarray:
    """Cramer-Rao bounds: covariances [K, n, n] of all unknowns at states [K, n], the rows of UE k where there
    are many UEs'.

    White noise of the rows' deviations, and what is known beforehand (height, crystal, speed, ephemerides) as
    the system has it; inf where the rows leave a direction open. """
    states = np.asarray(states, dtype=float)
    roots = []
    for i in range(0, len(states), _MOST_AT_ONCE):
        rows = np.arange(i, min(i + _MOST_AT_ONCE, len(states)))
        part = system.pick(rows) if system.is_many else system
        roots.append(linearise(part, states[rows])[1])
    return covariances(np.concatenate(roots))


def _solve(system: System, state: np.ndarray):
    """State, cost, root, converged of one chunk."""
    state = state.copy()
    cost, root, target = linearise(system, state)
    settled = np.zeros(len(state), dtype=bool)
    lost = ~np.isfinite(cost)
    for _ in range(_QUICK_STEPS):
        going = np.flatnonzero(~(settled | lost))
        if not len(going):
            break
        step, regular = _back_substituted(root[going], target[going])
        some = len(going) < len(state) and system.is_many
        tried, trial_root, trial_target = linearise(
            system.pick(going) if some else system, state[going] + step
        )
        good = regular & (tried <= cost[going] * (1.0 + 1e-10) + 1e-10)
        taken = going[good]
        length = np.linalg.norm(target[going], axis=1)
        short = (length < _DONE_DEVIATIONS * np.maximum(1.0, 1e-3 * np.sqrt(cost[going]))) | (
            np.max(np.abs(step), axis=1) < _DONE_M
        )
        state[taken] += step[good]
        cost[taken], root[taken], target[taken] = tried[good], trial_root[good], trial_target[good]
        settled[going] = short & regular
        lost[going] = ~good & ~settled[going]
    rest = np.flatnonzero(~settled)
    if len(rest):
        careful: list[Solution] = minimise(
            system.pick(rest) if system.is_many else system, state[rest], _CAREFUL_STEPS
        )
        for k, solution in zip(rest, careful):
            state[k], cost[k], root[k], settled[k] = (
                solution.state,
                solution.cost,
                solution.root,
                solution.converged,
            )
    return state, cost, root, settled


def _back_substituted(root: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """-R^-1 z [K, n] where R is regular, else 0; and where that is."""
    scale = np.linalg.norm(root, axis=1)
    diagonal = np.abs(np.diagonal(root, axis1=1, axis2=2))
    regular = np.all(diagonal > 1e-10 * scale, axis=1) & np.all(scale > 0.0, axis=1)
    step = np.zeros_like(target)
    for i in range(root.shape[-1] - 1, -1, -1):
        above = np.einsum("kj,kj->k", root[:, i, i + 1:], step[:, i + 1:])
        step[:, i] = (-target[:, i] - above) / np.where(regular, root[:, i, i], 1.0)
    step[~regular] = 0.0
    return step, regular


def stacked(systems: Sequence[System]) -> System:
    """One system of many UEs from systems of one UE each, which must have the same kinds and numbers of rows.

    Raises
    ------
    ValueError
        Where they differ in that, or share errors between rows of unequal deviations.
    """
    first = systems[0]
    if any(
        len(s.kinds) != len(first.kinds)
        or (s.kinds != first.kinds).any()
        or s.layout.size != first.layout.size
        for s in systems
    ):
        raise ValueError("the UEs' rows differ in kind or number; allowed: the same for all")
    parts = []
    for i, part in enumerate(first.parts):
        models = [s.parts[i].model for s in systems]
        columns = {}
        for name, value in part.model._arrays():
            values = [getattr(model, name) for model in models]
            same = not isinstance(value, Tracks) and all(np.array_equal(value, other) for other in values)
            if same:
                continue
            columns[name] = Tracks.stacked(values) if isinstance(value, Tracks) else np.stack(values)
        if part.common_std > 0.0 and "std" in columns:
            raise ValueError("rows share errors and differ in their deviations; allowed: one or the other")
        parts.append(replace(part, model=replace(part.model, **columns)))
    t_ref = np.array([[s.layout.t_ref_s] for s in systems])
    return System(replace(first.layout, t_ref_s=t_ref), tuple(parts))
