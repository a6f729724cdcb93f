# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixes that improve while measurements come in."""

from __future__ import annotations

from collections import deque

from ..network.assistance import Assistance
from ..network.measurements import Measurement
from ..network.two_way import CHAIN_KINDS
from .fix import solve
from .result import Fix
from .rows import DEVIATIONS, TOA_MODEL_STD_S, value_of

MOST_MEASUREMENTS = 20000


class PositionEngine:
    """Collects the measurements of one receiver and solves for its place when asked.

    Parameters
    ----------
    assistance : Assistance
        As for `solve`.
    height_m, height_std_m : float
        Height above WGS-84 where known, and its standard deviation.
    toa_model_std_s : float
        Error that all rows of one satellite share, in s, as for `solve`.
    speed_std_m_s : float, optional
        The receiver may move, as for `solve`. None: at rest.
    most : int
        Measurements kept; the oldest go first, so that memory stays bounded.
    """

    def __init__(self, assistance: Assistance, height_m: float | None = None, height_std_m: float = 1.0,
                 toa_model_std_s: float = TOA_MODEL_STD_S, speed_std_m_s: float | None = None,
                 most: int = MOST_MEASUREMENTS):
        self._assistance = assistance
        self._settings = {
            "height_m": height_m,
            "height_std_m": height_std_m,
            "toa_model_std_s": toa_model_std_s,
            "speed_std_m_s": speed_std_m_s,
        }
        self._measurements: deque[Measurement] = deque(maxlen=most)
        self._fix: Fix | None = None
        self.ignored = 0
        """Measurements not taken: of an unknown satellite, of an unknown kind, or without a standard
        deviation."""

    def add(self, measurement: Measurement) -> bool:
        """Take one measurement; False (and counted) where it is none of this engine's. Never raises on its
        values."""
        std = value_of(measurement, DEVIATIONS.get(measurement.kind, "rx_tx_std_s"))
        usable = (
            measurement.satellite in self._assistance.ids
            and measurement.kind in (*DEVIATIONS, *CHAIN_KINDS)
            and (measurement.status != "ok" or bool(std and std > 0.0))
        )
        if usable:
            self._measurements.append(measurement)
            self._fix = None
        else:
            self.ignored += 1
        return usable

    def fix(self) -> Fix:
        """The fix from all measurements so far; computed once for the same measurements."""
        if self._fix is None:
            self._fix = solve(self._measurements, self._assistance, **self._settings)
        return self._fix
