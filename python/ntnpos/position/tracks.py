# SPDX-License-Identifier: GPL-3.0-or-later
"""Transmitters of many rows as one orbit that is cheap to ask again and again.

A solver asks for the same few emission instants thousands of times, each a little later or earlier. Each
row's satellite is therefore expanded once about the row's own emission time, which the measurement itself
gives to within the receiver's clock offset: emission = reading - toa - satellite clock offset - (receiver
clock offset). """

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..world.atmosphere import Atmosphere

_STEP_S = 0.25


@dataclass(frozen=True)
class Tracks:
    """Taylor expansions of n rows' transmitters; an `Orbit` whose times are [..., n], one column a row.

    Attributes
    ----------
    centre_s : [n]
        System time of each expansion's centre.
    position, velocity, acceleration, jerk : [n, 3]
        ECEF position and its derivatives in the turning frame, SI. The omitted term is about 3e-7 (dt / 1
        s)^4 m from low Earth orbit.
    atmosphere : Atmosphere, optional
        What the signals pass; of the rows whose transmitters are above it.
    """

    centre_s: np.ndarray
    position: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray
    jerk: np.ndarray
    atmosphere: Atmosphere | None = None

    @classmethod
    def of(cls, orbit, centre_s) -> "Tracks":
        """Expand one orbit about times [..., n]. Raises what `orbit.state` raises, within 0.25 s of those
        times."""
        centre_s = np.asarray(centre_s, dtype=float)
        h = _STEP_S
        times = np.stack([centre_s, centre_s - h, centre_s + h]).ravel()
        r, v = (column.reshape((3,) + centre_s.shape + (3,)) for column in orbit.state(times))
        middle, before, after = v
        return cls(centre_s, r[0], middle, (after - before) / (2.0 * h),
                   (after - 2.0 * middle + before) / h**2, getattr(orbit, "atmosphere", None))

    @classmethod
    def joined(cls, parts: list["Tracks"]) -> "Tracks":
        """The rows of all parts, in order."""
        columns = zip(*(part._columns() for part in parts))
        air = next((part.atmosphere for part in parts if part.atmosphere is not None), None)
        return cls(*(np.concatenate(column, axis=axis) for axis, column in zip((-1, -2, -2, -2, -2), columns)), air)

    @classmethod
    def stacked(cls, ues: list["Tracks"]) -> "Tracks":
        """The rows of many UEs, [UEs, n]."""
        return cls(*(np.stack(column) for column in zip(*(ue._columns() for ue in ues))), ues[0].atmosphere)

    def take(self, rows) -> "Tracks":
        """The rows that an index array or mask picks."""
        return Tracks(self.centre_s[..., rows], *(column[..., rows, :] for column in self._columns()[1:]), self.atmosphere)

    def pick(self, ues) -> "Tracks":
        """The UEs that an index array or mask picks, where rows are [UEs, n]."""
        return self if self.centre_s.ndim < 2 else Tracks(*(column[ues] for column in self._columns()), self.atmosphere)

    def _columns(self) -> tuple[np.ndarray, ...]:
        return self.centre_s, self.position, self.velocity, self.acceleration, self.jerk

    def state(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """ECEF position and velocity [..., n, 3] at system times [..., n]."""
        dt = (np.asarray(t_s, dtype=float) - self.centre_s)[..., None]
        r = self.position + dt * (self.velocity + dt * (self.acceleration / 2.0 + dt * self.jerk / 6.0))
        return r, self.velocity + dt * (self.acceleration + dt * self.jerk / 2.0)

    def acceleration_at(self, t_s) -> np.ndarray:
        """Acceleration in the turning frame [..., n, 3] in m/s2 at system times [..., n]."""
        return self.acceleration + (np.asarray(t_s, dtype=float) - self.centre_s)[..., None] * self.jerk
