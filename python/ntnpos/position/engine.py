# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixes that improve while measurements come in."""

from __future__ import annotations

from collections import deque

from ..network.assistance import Assistance
from ..network.measurements import Measurement
from .fix import solve_toa
from .result import Fix
from .rows import TOA_MODEL_STD_S

MOST_MEASUREMENTS = 20000


class PositionEngine:
    """Collects the measurements of one receiver at rest and solves for its place when asked.

    Parameters
    ----------
    assistance : Assistance
        As for `solve_toa`.
    height_m, height_std_m : float
        Height above WGS-84 where known, and its standard deviation.
    toa_model_std_s : float
        Error that all rows of one satellite share, in s, as for `solve_toa`.
    most : int
        Measurements kept; the oldest go first, so that memory stays bounded.
    """

    def __init__(self, assistance: Assistance, height_m: float | None = None, height_std_m: float = 1.0,
                 toa_model_std_s: float = TOA_MODEL_STD_S, most: int = MOST_MEASUREMENTS):
        self._assistance = assistance
        self._settings = (height_m, height_std_m, toa_model_std_s)
        self._known = {satellite.id for satellite in assistance.satellites}
        self._measurements: deque[Measurement] = deque(maxlen=most)
        self._fix: Fix | None = None
        self.ignored = 0
        """Measurements not taken: of an unknown satellite, of another kind, or without a standard
        deviation."""

    def add(self, measurement: Measurement) -> bool:
        """Take one measurement; False (and counted) where it is none of this engine's. Never raises on its
        values."""
        usable = measurement.satellite in self._known and measurement.kind == "toa" and (
            measurement.status != "ok" or bool(measurement.toa_std_s and measurement.toa_std_s > 0.0))
        if usable:
            self._measurements.append(measurement)
            self._fix = None
        else:
            self.ignored += 1
        return usable

    def fix(self) -> Fix:
        """The fix from all measurements so far; computed once for the same measurements."""
        if self._fix is None:
            self._fix = solve_toa(self._measurements, self._assistance, *self._settings)
        return self._fix
