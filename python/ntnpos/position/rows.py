# SPDX-License-Identifier: GPL-3.0-or-later
"""From measurement lines to the weighted rows of one DL-TDOA problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

import numpy as np

from ..errors import InputError
from ..network.assistance import Assistance
from ..network.measurements import Measurement
from ..world.orbits import OrbitError
from .observations import DopplerRows, DriftBound, HeightRow, Layout, ToaRows
from .system import System, Weighted
from .tracks import Tracks

TOA_MODEL_STD_S = 1e-10
"""Default error that a satellite's rows share and that no standard deviation mentions: 3 cm of orbit, clock,
model."""

LEAST_HEIGHT_STD_M = 1e-3
"""A height that is known better would drown the other rows in rounding."""

_DOPPLER_HUBER = 3.0
_LEAST_DRIFT = 1e-12


@dataclass(frozen=True)
class Height:
    """Height above WGS-84 known beforehand, m."""

    height_m: float
    std_m: float = 1.0


def usable(measurements: Iterable[Measurement], assistance: Assistance) -> list[Measurement]:
    """The measurements that carry a TOA, in time order.

    Raises
    ------
    InputError
        For a satellite that the assistance data do not name, or a standard deviation that is not above 0.
    """
    known = {satellite.id for satellite in assistance.satellites}
    found = []
    for number, row in enumerate(measurements, start=1):
        if row.satellite not in known:
            raise InputError("measurements", f"[{number}].satellite",
                             f"{row.satellite!r} is not in the assistance data", "one of its satellites' ids")
        if row.status != "ok" or row.toa_s is None or row.t_s is None:
            continue
        if row.toa_std_s is None or not row.toa_std_s > 0.0:
            raise InputError("measurements", f"[{number}].toa_std_s", f"is {row.toa_std_s}",
                             "a number above 0")
        found.append(row)
    return sorted(found, key=lambda row: (row.t_s, row.satellite))


def build(measurements: list[Measurement], assistance: Assistance, height: Height | None = None,
          toa_model_std_s: float = TOA_MODEL_STD_S,
          clock_guess_s: float = 0.0) -> tuple[System, dict[str, str]]:
    """The rows of usable measurements, grouped by satellite.

    Parameters
    ----------
    measurements : list
        As `usable` returns them; not empty.
    clock_guess_s : float
        Receiver clock offset about which the orbits are expanded; wanted only where it exceeds a second.

    Returns
    -------
    system : System
        TOA rows, Doppler rows where measured, the crystal's bound, the height if given. The clock counts from
        the middle of the measurement times.
    unusable : dict
        Reason by satellite whose orbit gives no state at its measurements.
    """
    toa: list[ToaRows] = []
    ordered: list[Measurement] = []
    unusable: dict[str, str] = {}
    first, last = measurements[0].t_s, measurements[-1].t_s
    for satellite in assistance.satellites:
        rows = [row for row in measurements if row.satellite == satellite.id]
        if not rows:
            continue
        t_s = np.array([row.t_s for row in rows])
        toa_s = np.array([row.toa_s for row in rows])
        try:
            tracks = Tracks.of(satellite.orbit, t_s - toa_s - satellite.clock_offset_s - clock_guess_s)
        except OrbitError as error:
            unusable[satellite.id] = f"no orbit at the time of its measurements: {error}"
            continue
        std = np.array([row.toa_std_s for row in rows])
        toa.append(ToaRows((satellite.id,) * len(rows), tracks, t_s, toa_s, std,
                           np.full(len(rows), satellite.clock_offset_s)))
        ordered += rows
    parts: list[Weighted] = []
    if toa:
        joined = _join(toa)
        parts.append(Weighted(joined, common_std=toa_model_std_s))
        doppler = _doppler(joined, ordered, assistance.carrier.frequency_hz)
        if doppler is not None:
            parts.append(Weighted(doppler, huber=_DOPPLER_HUBER))
    bound = max(assistance.receiver.frequency_error_max_ppm * 1e-6, _LEAST_DRIFT)
    parts.append(Weighted(DriftBound(np.array([bound]))))
    if height is not None:
        parts.append(Weighted(HeightRow(height.height_m, np.array([height.std_m]))))
    return System(Layout(t_ref_s=0.5 * (first + last)), tuple(parts)), unusable


def _join(parts: list[ToaRows]) -> ToaRows:
    """All satellites' rows as one model."""
    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    return ToaRows(sum((part.sources for part in parts), ()), Tracks.joined([part.tracks for part in parts]),
                   column("t_s"), column("toa_s"), column("std"), column("satellite_clock_s"))


def _doppler(toa: ToaRows, measurements: list[Measurement], f_c_hz: float) -> DopplerRows | None:
    """Doppler rows of the TOA rows that have one; `measurements` in the order of the TOA rows."""
    has = np.array([row.doppler_hz is not None and row.doppler_std_hz is not None for row in measurements])
    if not has.any():
        return None
    picked = [row for row, good in zip(measurements, has) if good]
    value = np.array([row.doppler_hz for row in picked])
    std = np.array([row.doppler_std_hz for row in picked])
    return DopplerRows(tuple(row.satellite for row in picked), toa.tracks.take(has), toa.t_s[has], value, std,
                       f_c_hz)
