# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of any mix, weighted: what the solver minimises.

Rows of one source and kind may share an error (an orbit or satellite clock error, a receiver's bias) that
does not average out over occasions. It enters as a common standard deviation: the rows' covariance is then
diag(std^2) + common^2 1 1', and the rows are whitened with the inverse square root of exactly that. """

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .layout import Layout, Observation

MEASURED = ("toa", "rtt", "ul_rtoa", "range_rate", "aoa")
"""Kinds of rows that measurements make and that must agree with each other; Doppler rows only help a clock's
drift."""

TIMING = MEASURED + ("height",)
"""Kinds whose residuals are tested."""


@dataclass(frozen=True)
class Weighted:
    """A model with its weights.

    Attributes
    ----------
    model : Observation
        Rows with their own standard deviations.
    common_std : float
        Error shared by all rows of one source, in the rows' unit.
    scale : float
        Factor on the rows' own standard deviations.
    huber : float
        Whitened residual beyond which the cost grows linearly; inf: plain least squares.
    """

    model: Observation
    common_std: float = 0.0
    scale: float = 1.0
    huber: float = np.inf

    @cached_property
    def _sharing(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Unit vectors [sources, rows] of the shared error in whitened rows, and how much of each to take
        away."""
        if self.common_std == 0.0:
            return None
        names = np.asarray(self.model.sources, dtype=object)
        weight = 1.0 / (self.scale * self.model.std)
        sources = dict.fromkeys(self.model.sources)
        groups = np.array([np.where(names == name, weight, 0.0) for name in sources])
        size = np.linalg.norm(groups, axis=1)
        return groups / size[:, None], 1.0 - 1.0 / np.sqrt(1.0 + (self.common_std * size) ** 2)

    def whiten(self, rows: np.ndarray) -> np.ndarray:
        """Rows [K, m, n] in their own unit to rows of unit, independent errors."""
        rows = rows / (self.scale * self.model.std)[..., None]
        if self._sharing is None:
            return rows
        direction, removed = self._sharing
        shared = np.einsum("gm,kmn->kgn", direction, rows)
        return rows - np.einsum("gm,kgn->kmn", direction * removed[:, None], shared)


@dataclass(frozen=True)
class System:
    """Weighted models over one layout of unknowns."""

    layout: Layout
    parts: tuple[Weighted, ...]

    @cached_property
    def kinds(self) -> np.ndarray:
        """Kind of each row [m]."""
        return np.array([part.model.kind for part in self.parts for _ in part.model.sources])

    @cached_property
    def sources(self) -> np.ndarray:
        """Satellite id (or other source) of each row [m]."""
        return np.array([name for part in self.parts for name in part.model.sources], dtype=object)

    @cached_property
    def huber(self) -> np.ndarray:
        """Huber threshold of each row [m]."""
        return np.concatenate([np.full(len(part.model.sources), part.huber) for part in self.parts])

    def part(self, kind: str) -> Weighted | None:
        """The part of that kind, or None."""
        return next((part for part in self.parts if part.model.kind == kind), None)

    def evaluate(self, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Whitened residuals (model - measured) [K, m] and Jacobian [K, m, n] at states [K, n]."""
        blocks = []
        for part in self.parts:
            residual, jacobian = self.model(part, state)
            blocks.append(part.whiten(np.concatenate([jacobian, residual[..., None]], axis=-1)))
        rows = np.concatenate(blocks, axis=1)
        return rows[..., -1], rows[..., :-1]

    def residual(self, kind: str, state: np.ndarray) -> np.ndarray:
        """Residuals (model - measured) [rows] of one kind in their own unit at one state [n]."""
        return self.model(self.part(kind), state[None])[0][0]

    def model(self, part: Weighted, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residuals and Jacobian of one part in its own unit, with what its satellites' places are in doubt
        by.

        A satellite that is moved does to a row what moving the UE the other way does. """
        residual, jacobian = part.model.evaluate(self.layout, state)
        for name, first in self.layout.ephemeris:
            rows = np.flatnonzero([source == name for source in part.model.sources])
            if len(rows) and part.model.kind in (*MEASURED, "doppler"):
                moved = -jacobian[:, rows, self.layout.position]
                jacobian[:, rows, first:first + 3] = moved
                residual[:, rows] += np.einsum("krx,kx->kr", moved, state[:, first:first + 3])
        return residual, jacobian

    def pick(self, ues: np.ndarray) -> "System":
        """The UEs that an index array picks, where models hold rows of many UEs; their shared arrays stay
        shared."""
        parts = tuple(replace(part, model=part.model.pick(ues)) for part in self.parts)
        layout = self.layout
        if np.ndim(layout.t_ref_s) == 2:
            layout = replace(layout, t_ref_s=layout.t_ref_s[ues])
        return System(layout, parts)

    @cached_property
    def is_many(self) -> bool:
        """Whether some model holds rows of many UEs."""
        return np.ndim(self.layout.t_ref_s) == 2 or any(part.model.is_many for part in self.parts)

    @cached_property
    def measured(self) -> tuple[Weighted, ...]:
        """The parts that measurements make."""
        return tuple(part for part in self.parts if part.model.kind in MEASURED)

    @cached_property
    def satellites(self) -> tuple[str, ...]:
        """Satellites and terrestrial points with measured rows, each once."""
        return tuple(dict.fromkeys(name for part in self.measured for name in part.model.sources))

    @property
    def only_toa(self) -> bool:
        """Whether all measured rows are times of arrival."""
        return all(part.model.kind == "toa" for part in self.measured)

    def sights(self, place: np.ndarray) -> np.ndarray:
        """Unit vectors [measured rows, 3] in ECEF from a place [3] to the satellites, to within their motion
        in a delay."""
        lines = np.concatenate([part.model.sight(place) for part in self.measured])
        return lines / np.linalg.norm(lines, axis=-1, keepdims=True)
    def with_part(self, changed: Weighted) -> "System":
        """This system with the part of the same kind replaced (dropped where it has no rows left)."""
        parts = tuple(changed if part.model.kind == changed.model.kind else part for part in self.parts)
        return System(self.layout, tuple(part for part in parts if len(part.model.sources)))

    def without(self, source: str) -> "System":
        """This system without any row of a source."""
        others = (self.sources != source) | (self.kinds == "ephemeris")
        return self.only({kind: others[self.kinds == kind] for kind in dict.fromkeys(self.kinds)})

    def only(self, keep: dict[str, np.ndarray]) -> "System":
        """The rows that masks by kind pick; kinds that are not named stay whole."""
        parts = []
        for part in self.parts:
            mask = keep.get(part.model.kind)
            if mask is None or mask.all():
                parts.append(part)
            elif mask.any():
                parts.append(Weighted(part.model.take(mask), part.common_std, part.scale, part.huber))
        return System(self.layout, tuple(parts))
