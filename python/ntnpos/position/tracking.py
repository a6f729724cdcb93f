# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver that moves: position, velocity, clock offset and drift from rows or fixes as they come.

The measurements' models are the solver's own; the filter between them is `unscented`, the motion `motion`. A
source whose rows do not fit the prediction is left out of that update. An orbit's stated error is shared by
the rows of one update, but from update to update it is taken for a new one: what it leaves in the position in
the long run is not in the stated deviation."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Iterable, Sequence

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import chdtri

from ..network import two_way
from ..network.assistance import Assistance
from ..network.measurements import Measurement
from ..world.constants import C_M_S
from . import geometry, rows, unscented
from .motion import SIZE, Motion, layout_at
from .observations import HeightRow
from .result import Fix
from .rows import Height
from .system import System, Weighted

GATE = 1e-5
"""Probability that a sound source is left out of an update."""
MOST_UPDATES = 20000
_GROUP_S = 0.02  # rows this close are one update: each is modelled at its own time
_BOUNDS = ("drift", "speed", "ephemeris")  # what the solver knows beforehand; here the state does
_CROSSINGS = {"toa": 1.0, "ul_rtoa": 1.0, "rtt": 2.0}
_LOST_AFTER = 3  # updates in a row in which most sources do not fit


@dataclass(frozen=True)
class TrackState:
    """State at one instant.

    Attributes
    ----------
    t_s : receiver clock reading (of the clock) and system time (of the place) alike, s
    mean : [8] as of `motion`
    root : [8, 8] with covariance root' root
    """

    t_s: float
    mean: np.ndarray
    root: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """[8, 8]."""
        return self.root.T @ self.root

    @property
    def covariance_enu_m2(self) -> np.ndarray:
        """Of the position [3, 3] in east, north, up."""
        return geometry.to_local(self.covariance[:3, :3], self.mean[:3])

    @property
    def horizontal_std_m(self) -> float:
        """sqrt(east variance + north variance)."""
        return geometry.horizontal_std(self.covariance_enu_m2)

    @property
    def velocity_enu_m_s(self) -> np.ndarray:
        """[3]."""
        return geometry.local_axes(self.mean[:3]) @ self.mean[3:6]

    @property
    def clock_offset_s(self) -> float:
        """Receiver clock minus system time."""
        return float(self.mean[6] / C_M_S)


@dataclass(frozen=True)
class Update:
    """What one update did.

    Attributes
    ----------
    state : after it
    used, rejected : sources whose rows were taken, and those that did not fit the prediction
    chi2, dof : of the used rows' innovations and their number
    """

    state: TrackState
    used: tuple[str, ...]
    rejected: tuple[str, ...]
    chi2: float
    dof: int


class Tracker:
    """Follows one receiver.

    Parameters
    ----------
    assistance : Assistance
    motion : Motion
        How it and its clock may move.
    start : TrackState
        Where to begin; `first_state` makes one from a fix.
    height : Height, optional
        Known at the start. It is taken once, as its error stays; how soon it is outdated the motion's
        vertical noise says.
    gate : float
        Probability that a sound source is left out of an update.
    most : int
        Updates remembered for smoothing; the oldest go first, so that memory stays bounded.
    """

    def __init__(
        self,
        assistance: Assistance,
        motion: Motion,
        start: TrackState,
        height: Height | None = None,
        gate: float = GATE,
        most: int = MOST_UPDATES,
    ):
        self._assistance, self._motion, self._gate = assistance, motion, gate
        self._history: deque[TrackState] = deque([start], maxlen=most)
        self._misfits = 0
        if height is not None:
            row = Weighted(HeightRow(height.height_m, np.array([height.std_m])))
            self._take(start, System(layout_at(start.t_s), (row,)))

    @property
    def state(self) -> TrackState:
        """After the last update."""
        return self._history[-1]

    @property
    def lost(self) -> bool:
        """Most sources have not fitted the prediction for several updates: begin again from a fix."""
        return self._misfits >= _LOST_AFTER

    def update(self, measurements: Iterable[Measurement]) -> list[Update]:
        """Take measurements, later than those before; one update for all that lie within 20 ms.

        Raises
        ------
        InputError
            For a satellite that the assistance data do not name, or a standard deviation that is not above 0.
        ValueError
            For measurements before the last update.
        """
        usable = rows.usable(two_way.pair(measurements, self._assistance).measurements, self._assistance)
        times = [rows.time_of(row) for row in usable]
        groups: list[list[Measurement]] = []
        for row, t_s in zip(usable, times):
            if not groups or t_s - start > _GROUP_S:
                groups.append([])
                start = t_s
            groups[-1].append(row)
        return [done for group in groups if (done := self._update_group(group)) is not None]

    def _update_group(self, group: list[Measurement]) -> Update | None:
        """One update; None where no row has a usable orbit."""
        t_s = float(np.mean([rows.time_of(row) for row in group]))
        before = self.predicted(t_s)
        system, _ = rows.build(group, self._assistance, clock_guess_s=before.clock_offset_s)
        parts = tuple(self._with_orbit(part) for part in system.parts if part.model.kind not in _BOUNDS)
        return self._take(before, System(layout_at(t_s), parts)) if parts else None

    def _with_orbit(self, part: Weighted) -> Weighted:
        """The part with its satellites' stated orbit error as one that a satellite's rows share."""
        stated = (
            max(
                getattr(self._assistance.transmitter(name), "position_std_m", 0.0)
                for name in part.model.sources
            )
            if part.model.kind in _CROSSINGS
            else 0.0
        )
        return (
            replace(
                part,
                common_std=float(np.hypot(part.common_std, _CROSSINGS[part.model.kind] * stated / C_M_S)),
            )
            if stated
            else part
        )

    def update_fix(self, fix: Fix) -> Update | None:
        """Take a fix's position; None where it has none, or more than one fits. Raises as `update`."""
        if fix.status != "ok" or fix.estimate is None or fix.estimate.covariance_ecef_m2 is None:
            return None
        root = np.linalg.cholesky(np.array(fix.estimate.covariance_ecef_m2))
        place = np.array(fix.estimate.ecef_m)
        before = self.predicted(fix.t_s)
        innovation = unscented.Innovation(
            before.mean,
            before.root,
            lambda states: solve_triangular(root, (states[:, :3] - place).T, lower=True).T,
        )
        return self._decide(before, innovation, {"fix": np.arange(3)})

    def _take(self, before: TrackState, system: System) -> Update:
        """Update with a system's rows, source by source through the gate."""
        innovation = unscented.Innovation(before.mean, before.root, lambda states: system.evaluate(states)[0])
        return self._decide(
            before,
            innovation,
            {name: np.flatnonzero(system.sources == name) for name in dict.fromkeys(system.sources)},
        )

    def _decide(
        self, before: TrackState, innovation: unscented.Innovation, by_source: dict[str, np.ndarray]
    ) -> Update:
        """Gate each source, take the others' rows, remember the state."""
        distance = {name: innovation.distance(picked) for name, picked in by_source.items()}
        used = tuple(n for n, picked in by_source.items() if distance[n] <= chdtri(len(picked), self._gate))
        rejected = tuple(name for name in by_source if name not in used)
        picked = np.concatenate([by_source[name] for name in used]) if used else np.zeros(0, dtype=int)
        chi2 = innovation.distance(picked) if len(picked) else 0.0
        self._misfits = self._misfits + 1 if len(rejected) > len(used) else 0
        state = TrackState(before.t_s, *innovation.updated(picked))
        if self.state.t_s == state.t_s:
            self._history.pop()
        self._history.append(state)
        return Update(state, used, rejected, chi2, len(picked))

    def predicted(self, t_s: float) -> TrackState:
        """State at a time at or after the last update; its uncertainty grows as the motion has it."""
        if not t_s >= self.state.t_s:
            raise ValueError(f"t_s is {t_s}; allowed: from the last update at {self.state.t_s} on")
        return _moved(self.state, self._motion, t_s)

    def smoothed(self, times: Sequence[float] = ()) -> list[TrackState]:
        """States from all measurements, those after them too, in the order of time.

        Parameters
        ----------
        times : sequence of float
            Instants within the track to give as well, in gaps for example; without any, those of the updates.
        """
        forward = list(self._history)
        known = [state.t_s for state in forward]
        for t_s in sorted(set(times) - set(known)):
            if not known[0] <= t_s <= known[-1]:
                raise ValueError(f"{t_s} s is not within the track; allowed: {known[0]} to {known[-1]} s")
            index = int(np.searchsorted([state.t_s for state in forward], t_s, side="right"))
            forward.insert(index, _moved(forward[index - 1], self._motion, t_s))
        found = [forward[-1]]
        for state in reversed(forward[:-1]):
            step = self._motion.step(state.mean[:3], found[-1].t_s - state.t_s)
            found.append(
                TrackState(
                    state.t_s,
                    *unscented.smoothed(state.mean, state.root, *step, found[-1].mean, found[-1].root),
                )
            )
        found.reverse()
        wanted = set(times)
        return [state for state in found if not wanted or state.t_s in wanted]


def first_state(
    fix: Fix, motion: Motion, clock_std_s: float = 1e-6, drift_std: float = 1e-6, inflation: float = 1.0
) -> TrackState:
    """Where to begin from a fix with a position.

    Parameters
    ----------
    clock_std_s, drift_std : float
        How well its clock's offset (s) and drift (s/s) are known.
    inflation : float
        Factor on its deviations: a fix at rest of a receiver that moves is off by more than it says.
    """
    if fix.estimate is None or fix.estimate.covariance_ecef_m2 is None or fix.t_s is None:
        raise ValueError(f"the fix has no position ({fix.status}); allowed: one with a covariance")
    estimate = fix.estimate
    mean = np.zeros(SIZE)
    mean[:3] = estimate.ecef_m
    mean[6] = C_M_S * (estimate.clock_offset_s or 0.0)
    mean[7] = C_M_S * (estimate.clock_drift or 0.0)
    root = np.zeros((SIZE, SIZE))
    root[:3, :3] = inflation * np.linalg.cholesky(np.array(estimate.covariance_ecef_m2)).T
    axes = geometry.local_axes(mean[:3])
    root[3:6, 3:6] = (
        np.array([motion.speed_std_m_s, motion.speed_std_m_s, motion.climb_std_m_s])[:, None] * axes
    )
    root[6, 6], root[7, 7] = C_M_S * clock_std_s, C_M_S * drift_std
    return TrackState(float(fix.t_s), mean, root)


def _moved(state: TrackState, motion: Motion, t_s: float) -> TrackState:
    """The state at a later time."""
    if t_s == state.t_s:
        return state
    return TrackState(
        t_s, *unscented.moved(state.mean, state.root, *motion.step(state.mean[:3], t_s - state.t_s))
    )
