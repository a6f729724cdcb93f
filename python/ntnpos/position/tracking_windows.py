# SPDX-License-Identifier: GPL-3.0-or-later
"""What a track tells the receiver: where to look for each satellite next, far narrower than the prior
area."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.polynomial import chebyshev

from ..network.assistance import Assistance, ReceiverBounds, Satellite, UePrior
from ..network.search_windows import ORDER, SIGMAS, DelaySegment, SearchWindow, search_windows
from ..world.constants import C_M_S
from ..world.frames import ecef_to_geodetic
from ..world.light_time import power_series, received
from .tracking import Tracker, TrackState

_LEAST_STD_M = 1.0  # the window is no narrower than what the receiver itself scatters by
_FIT_S = 2.0


def predicted_windows(
    tracker: Tracker, assistance: Assistance, t_start_s: float, t_end_s: float
) -> list[SearchWindow]:
    """A window for every satellite over a span after the track's last update, four standard deviations to
    either side.

    Position, velocity and clock move on with the track; each window's width is that of the track's
    uncertainty at the end of the span. Parameters and errors as of `search_windows`."""
    middle, end = tracker.predicted(0.5 * (t_start_s + t_end_s)), tracker.predicted(t_end_s)
    lat, lon, height = (float(x) for x in ecef_to_geodetic(middle.mean[:3]))
    local = end.covariance_enu_m2
    prior = UePrior(
        lat,
        lon,
        height,
        max(float(np.sqrt(local[0, 0] + local[1, 1])), _LEAST_STD_M),
        max(float(np.sqrt(local[2, 2])), _LEAST_STD_M),
    )
    speed_std = float(np.sqrt(np.trace(end.covariance[3:6, 3:6])))
    drift_std = float(np.sqrt(end.covariance[7, 7]))
    bounds = ReceiverBounds(
        SIGMAS * float(np.sqrt(end.covariance[6, 6])) / C_M_S,
        1e6 * SIGMAS * float(np.hypot(speed_std, drift_std)) / C_M_S,
    )
    around = search_windows(replace(assistance, ue_prior=prior, receiver=bounds), t_start_s, t_end_s)
    return [_moving(window, assistance.satellite(window.satellite), tracker) for window in around]


def _moving(window: SearchWindow, satellite: Satellite, tracker: Tracker) -> SearchWindow:
    """The window with the track's own motion and clock in its prediction."""
    starts = [segment.start_s for segment in window.segments] + [window.stop_s]
    segments = tuple(
        _segment(satellite, tracker.predicted(start), stop - start)
        for start, stop in zip(starts[:-1], starts[1:])
    )
    moved = replace(window, segments=segments)
    middle = 0.5 * (window.start_s + window.stop_s)
    return replace(moved, doppler_hz=float(moved.predict(middle)[1]))


def _segment(satellite: Satellite, state: TrackState, span_s: float) -> DelaySegment:
    """Predicted toa over a span of the receiver's clock that begins at the state's time."""
    span_s = max(span_s, _FIT_S)
    nodes = chebyshev.chebpts1(ORDER + 1)
    since = 0.5 * span_s * (nodes + 1.0)
    offset = (state.mean[6] + state.mean[7] * since) / C_M_S
    arrival = state.t_s + since - offset
    place = state.mean[:3] + np.multiply.outer(arrival - state.t_s, state.mean[3:6])
    toa = received(satellite.orbit, place, arrival).delay_s + offset - satellite.clock_offset_s
    return DelaySegment(state.t_s, tuple(map(float, power_series(nodes, toa, span_s))))
