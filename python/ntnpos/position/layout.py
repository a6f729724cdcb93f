# SPDX-License-Identifier: GPL-3.0-or-later
"""The unknowns, and what every kind of measurement row has in common.

A model is a frozen set of rows of one kind. Its arrays are [..., n]: n rows, and before them an axis of UEs
where many UEs with the same kinds of rows are solved together. `evaluate(layout, state)` takes K states at
once ([K, size]) and returns (model - measured) [K, n] and its Jacobian [K, n, size] in the row's own unit. A
model knows nothing of weights, of other models or of the solver.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Protocol

import numpy as np

from ..world.constants import C_M_S
from .tracks import Tracks


@dataclass(frozen=True)
class Layout:
    """Where each unknown stands in the state vector; None where the method has no such unknown.

    The position is ECEF metres at `t_ref_s`, the velocity (three of them, from `velocity` on) m/s in the
    turning frame. The receiver clock's offset from system time is kept as c times seconds (m), its drift as c
    times s/s (m/s), so that all unknowns are of comparable size: offset(t) = clock + drift (t - t_ref_s), t
    being the receiver clock's reading. `sending` is c times the UE's own sending offset, which all its uplink
    rows share. `ephemeris` names satellites whose place is in doubt, with the index of the first of three
    unknowns (m, ECEF): where it is, less where its ephemeris says. """

    t_ref_s: float | np.ndarray = 0.0
    clock: int | None = 3
    drift: int | None = 4
    sending: int | None = None
    velocity: int | None = None
    ephemeris: tuple[tuple[str, int], ...] = ()
    position = slice(0, 3)

    @classmethod
    def of(cls, t_ref_s, clock: bool, sending: bool, velocity: bool = False, ephemeris: tuple[str, ...] = (),
           drift: bool = True) -> "Layout":
        """The layout with those unknowns."""
        size, index = 3, {}
        for name, wanted, count in (
            ("clock", clock, 1),
            ("drift", clock and drift, 1),
            ("sending", sending, 1),
            ("velocity", velocity, 3),
        ):
            index[name] = size if wanted else None
            size += count if wanted else 0
        return cls(
            t_ref_s, **index, ephemeris=tuple((name, size + 3 * i) for i, name in enumerate(ephemeris))
        )

    @property
    def size(self) -> int:
        """Number of unknowns."""
        alone = sum(x is not None for x in (self.clock, self.drift, self.sending))
        return 3 + alone + (3 if self.velocity is not None else 0) + 3 * len(self.ephemeris)

    @property
    def tight(self) -> list[int]:
        """Unknowns other than the drift, which has a bound of its own."""
        return [x for x in range(self.size) if x != self.drift]

    def clock_terms(self, state: np.ndarray, t_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Clock offset in s [K, n] at receiver clock readings [n], and drift in s/s [K, 1]."""
        zero = np.zeros((len(state), 1))
        offset = zero if self.clock is None else state[:, [self.clock]] / C_M_S
        drift = zero if self.drift is None else state[:, [self.drift]] / C_M_S
        return offset + drift * (t_s - self.t_ref_s), drift

    def place(self, state: np.ndarray, t_s) -> np.ndarray:
        """UE in ECEF [K, n, 3] (or [K, 1, 3] where it is at rest) at system times [n]."""
        place = state[:, None, self.position]
        if self.velocity is None:
            return place
        return place + self.speed(state) * np.asarray(t_s - self.t_ref_s)[..., None]

    def speed(self, state: np.ndarray) -> np.ndarray | None:
        """UE's velocity [K, 1, 3]; None where it is at rest."""
        return None if self.velocity is None else state[:, None, self.velocity:self.velocity + 3]

    def put(self, jacobian: np.ndarray, gradient: np.ndarray, t_s) -> None:
        """Add rows' gradients [K, n, 3] in the UE's place at times [n] to the columns of position and
        velocity."""
        jacobian[..., self.position] += gradient
        if self.velocity is not None:
            since = np.asarray(t_s - self.t_ref_s)[..., None]
            jacobian[..., self.velocity:self.velocity + 3] += gradient * since


class Observation(Protocol):
    """Rows of one kind."""

    kind: str
    sources: tuple[str, ...]
    std: np.ndarray

    def evaluate(self, layout: Layout, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(model - measured) [K, rows] and Jacobian [K, rows, layout.size]."""

    def take(self, rows: np.ndarray) -> "Observation":
        """The rows that a mask or index array picks."""

    def pick(self, ues: np.ndarray) -> "Observation":
        """The UEs that a mask or index array picks, of rows of many UEs."""


class Rows:
    """What models share: picking rows and UEs from their arrays.

    A model names its arrays of places in `PLACES` ([..., n, 3]); the others are [..., n]. """

    PLACES: tuple[str, ...] = ()

    def take(self, rows: np.ndarray):
        """See `Observation.take`."""
        changed: dict = {"sources": tuple(np.asarray(self.sources, dtype=object)[rows])}
        for name, value in self._arrays():
            if isinstance(value, Tracks):
                changed[name] = value.take(rows)
            else:
                changed[name] = value[..., rows, :] if name in self.PLACES else value[..., rows]
        return replace(self, **changed)

    def pick(self, ues: np.ndarray):
        """See `Observation.pick`."""
        changed = {}
        for name, value in self._arrays():
            if isinstance(value, Tracks):
                changed[name] = value.pick(ues)
            elif value.ndim > (2 if name in self.PLACES else 1):
                changed[name] = value[ues]
        return replace(self, **changed)

    @property
    def is_many(self) -> bool:
        """Whether some array has an axis of UEs."""
        return any(
            (
                value.centre_s.ndim > 1
                if isinstance(value, Tracks)
                else value.ndim > (2 if name in self.PLACES else 1)
            )
            for name, value in self._arrays()
        )

    def _arrays(self):
        values = ((f.name, getattr(self, f.name)) for f in fields(self))
        return [(name, value) for name, value in values if isinstance(value, (np.ndarray, Tracks))]


def clock_columns(layout: Layout, jacobian: np.ndarray, per_metre: np.ndarray, t_s: np.ndarray) -> None:
    """Columns of the clock and of the drift that acts through it."""
    if layout.clock is not None:
        jacobian[..., layout.clock] = per_metre
    if layout.drift is not None:
        jacobian[..., layout.drift] = per_metre * (t_s - layout.t_ref_s)
