# SPDX-License-Identifier: GPL-3.0-or-later
"""Travel times from orbits to a receiver, as the piecewise polynomials that the channel takes."""

from __future__ import annotations

import math
from typing import Callable

import numpy as np

from ntnpos.network.search_windows import DelaySegment
from ntnpos.world.light_time import delay_polynomial
from ntnpos.world.orbits import Orbit

ORDER = 5
PIECE_S = 5.0
"""Longest piece: from 550 km a polynomial of that order follows the delay within 1e-14 s over it."""


def delay_segments(orbit: Orbit, place_at: Callable[[float], np.ndarray], start_s: float, stop_s: float,
                   velocity_ecef_m_s=(0.0, 0.0, 0.0)) -> tuple[DelaySegment, ...]:
    """Delay of the carrier over a span of system time of reception, in pieces of equal length, at most `PIECE_S`.

    Parameters
    ----------
    orbit : Orbit
    place_at : function
        The receiver's place [3] (ECEF, m) at a system time.
    start_s, stop_s : float
        The span in s from the orbit's epoch; stop after start.
    velocity_ecef_m_s : array [3]
        The receiver's velocity relative to the turning frame, constant.

    Raises
    ------
    OrbitError
        Where the orbit has no state.
    """
    count = max(1, math.ceil((stop_s - start_s) / PIECE_S))
    span = (stop_s - start_s) / count
    # A fit over less than a second would leave rounding noise in its high coefficients.
    fitted = max(span, 1.0)
    starts = [start_s + i * span for i in range(count)]
    return tuple(DelaySegment(t, tuple(map(float, delay_polynomial(orbit, place_at(t), t, fitted, ORDER,
                                                                   np.array(velocity_ecef_m_s), carrier=True))))
                 for t in starts)
