# SPDX-License-Identifier: GPL-3.0-or-later
"""From measurement lines of any kind to the weighted rows of one problem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Iterable

import numpy as np

from ..errors import InputError
from ..network.assistance import Assistance
from ..network.measurements import Measurement
from ..world.constants import C_M_S
from ..world.orbits import OrbitError
from .anchor_rows import AoaRows, RttRows, UlRtoaRows, across_axes
from .observations import (
    DopplerRows,
    DriftBound,
    EphemerisBound,
    HeightRow,
    Layout,
    RangeRateRows,
    SpeedBound,
    ToaRows,
)
from .system import MEASURED, System, Weighted
from .tracks import Tracks

TOA_MODEL_STD_S = 1e-10
"""Default error that a satellite's delays share and that no standard deviation mentions: 3 cm of orbit,
clock, model."""

LEAST_HEIGHT_STD_M = 1e-3
"""A height that is known better would drown the other rows in rounding."""

DEVIATIONS = {
    "toa": "toa_std_s",
    "rtt": "rtt_std_s",
    "ul_rtoa": "rtoa_std_s",
    "range_rate": "range_rate_std_m_s",
    "aoa": "direction_std_deg",
}
"""Field of the standard deviation by kind; the keys are the kinds that make rows."""

_VALUES = {"toa": ("t_s", "toa_s"), "rtt": ("rtt_s", "t_tx_s", "t_rx_s"), "ul_rtoa": ("t_s", "rtoa_s"),
           "range_rate": ("t_s", "range_rate_m_s"), "aoa": ("t_s", "direction_ecef")}
_DOPPLER_HUBER = 3.0
_LEAST_DRIFT = 1e-12
_TYPICAL_DELAY_S = 5e-3     # orbits of rows that carry no delay are expanded so much before their time
LEAST_STD_RAD = 1e-9


@dataclass(frozen=True)
class Height:
    """Height above WGS-84 known beforehand, m."""

    height_m: float
    std_m: float = 1.0


def value_of(row: Measurement, name: str) -> Any:
    """A field of a measurement under its contract name, wherever it is kept; None where absent."""
    found = getattr(row, name, None)
    return row.extra.get(name) if found is None else found


def time_of(row: Measurement) -> float:
    """The instant that a measurement is about: system time, or the receiver clock's of a `toa`."""
    if row.kind == "rtt":
        return 0.5 * (value_of(row, "t_tx_s") + value_of(row, "t_rx_s"))
    return float(value_of(row, "t_s"))


def usable(measurements: Iterable[Measurement], assistance: Assistance) -> list[Measurement]:
    """The measurements that can make rows, in time order.

    Raises
    ------
    InputError
        For a satellite that the assistance data do not name, or a standard deviation that is not above 0.
    """
    found = []
    for number, row in enumerate(measurements, start=1):
        if row.satellite not in assistance.ids:
            raise InputError(
                "measurements",
                f"[{number}].satellite",
                f"{row.satellite!r} is not in the assistance data",
                "one of its satellites' or trps' ids",
            )
        needed = _VALUES.get(row.kind)
        if row.status != "ok" or needed is None or any(value_of(row, name) is None for name in needed):
            continue
        deviation = DEVIATIONS[row.kind]
        std = value_of(row, deviation)
        if std is None or not std > 0.0:
            raise InputError("measurements", f"[{number}].{deviation}", f"is {std}", "a number above 0")
        found.append(row)
    return sorted(found, key=lambda row: (time_of(row), row.satellite, row.kind))


def build(measurements: list[Measurement], assistance: Assistance, height: Height | None = None,
          toa_model_std_s: float = TOA_MODEL_STD_S, clock_guess_s: float = 0.0,
          speed_std_m_s: float | None = None, huber: float = np.inf) -> tuple[System, dict[str, str]]:
    """The rows of usable measurements, grouped by kind and satellite.

    Parameters
    ----------
    measurements : list
        As `usable` returns them; not empty.
    clock_guess_s : float
        Receiver clock offset about which the orbits are expanded; wanted only where it exceeds a second.
    speed_std_m_s : float, optional
        The UE may move: its velocity is unknown, each component 0 with this deviation. None: at rest.
    huber : float
        Whitened residual beyond which a measured row's cost grows linearly; inf: least squares.

    Returns
    -------
    system : System
        Rows of each kind, Doppler rows where measured, the crystal's bound where a clock is unknown, the
        height if given. Clock and position count from the middle of the measurement times.
    unusable : dict
        Reason by satellite whose orbit gives no state at its measurements.
    """
    unusable: dict[str, str] = {}
    found: dict[str, list] = {}
    ordered: dict[str, list[Measurement]] = {}
    names = dict.fromkeys([s.id for s in assistance.satellites] + [p.id for p in assistance.points])
    by_group: dict[tuple[str, str], list[Measurement]] = {}
    for row in measurements:
        by_group.setdefault((row.kind, row.satellite), []).append(row)
    for kind, read in _READERS.items():
        for name in names:
            rows = by_group.get((kind, name))
            if not rows:
                continue
            model, kept, error = _read(read, rows, assistance.transmitter(name), clock_guess_s)
            if error is not None:
                some = f"{len(rows) - len(kept)} of {len(rows)} measurements left out, " if kept else ""
                unusable[name] = (
                    f"{some}no orbit at the time of {'those' if kept else 'its measurements'}: {error}"
                )
            if kept:
                found.setdefault(kind, []).append(model)
                ordered.setdefault(kind, []).extend(kept)
    clocked, sending = "toa" in found, "ul_rtoa" in found
    times = [time_of(row) for row in measurements]
    doubtful = _ephemeris(found, assistance)
    layout = Layout.of(
        0.5 * (min(times) + max(times)), clocked, sending, speed_std_m_s is not None, tuple(doubtful)
    )
    parts: list[Weighted] = []
    for kind, models in found.items():
        joined = _join(models)
        shared = {"toa": 1.0, "ul_rtoa": 1.0, "rtt": 2.0}.get(kind, 0.0) * toa_model_std_s
        parts.append(Weighted(joined, common_std=shared, huber=huber))
        doppler = _doppler(joined, ordered[kind], assistance.carrier.frequency_hz) if kind == "toa" else None
        if doppler is not None:
            parts.append(Weighted(doppler, huber=_DOPPLER_HUBER))
    if clocked:
        bound = max(assistance.receiver.frequency_error_max_ppm * 1e-6, _LEAST_DRIFT)
        parts.append(Weighted(DriftBound(np.array([bound]))))
    if speed_std_m_s is not None:
        parts.append(Weighted(SpeedBound(np.full(3, float(speed_std_m_s)))))
    if doubtful:
        names = tuple(name for name in doubtful for _ in range(3))
        parts.append(Weighted(EphemerisBound(np.array([doubtful[name] for name in names]), names)))
    if height is not None:
        parts.append(Weighted(HeightRow(np.array([height.height_m]), np.array([height.std_m]))))
    return System(layout, tuple(parts)), unusable


def _read(read: Callable, rows: list[Measurement], sender, clock_guess_s: float):
    """The model of those rows at whose time there is an orbit, these rows, and the first error (None: all
    have one)."""
    try:
        return read(rows, sender, clock_guess_s), rows, None
    except OrbitError as first:
        kept = [row for row in rows if _has_orbit(read, row, sender, clock_guess_s)]
        return (read(kept, sender, clock_guess_s) if kept else None), kept, first


def _has_orbit(read: Callable, row: Measurement, sender, clock_guess_s: float) -> bool:
    """Whether a row can be made by itself."""
    try:
        read([row], sender, clock_guess_s)
    except OrbitError:
        return False
    return True


def _column(rows: list[Measurement], name: str) -> np.ndarray:
    return np.array([value_of(row, name) for row in rows], dtype=float)


def _toa(rows: list[Measurement], sender, clock_guess_s: float) -> ToaRows:
    t_s, toa_s = _column(rows, "t_s"), _column(rows, "toa_s")
    tracks = Tracks.of(sender.orbit, t_s - toa_s - sender.clock_offset_s - clock_guess_s)
    return ToaRows((sender.id,) * len(rows), tracks, t_s, toa_s, _column(rows, "toa_std_s"),
                   np.full(len(rows), sender.clock_offset_s))


def _rtt(rows: list[Measurement], sender, _) -> RttRows:
    t_tx, t_rx = _column(rows, "t_tx_s"), _column(rows, "t_rx_s")
    return RttRows(
        (sender.id,) * len(rows),
        sender.orbit.state(t_tx)[0],
        sender.orbit.state(t_rx)[0],
        t_tx,
        t_rx,
        _column(rows, "rtt_s"),
        _column(rows, "rtt_std_s"),
        getattr(sender.orbit, "atmosphere", None),
    )


def _ul_rtoa(rows: list[Measurement], sender, _) -> UlRtoaRows:
    t_s, rtoa_s = _column(rows, "t_s"), _column(rows, "rtoa_s")
    return UlRtoaRows(
        (sender.id,) * len(rows),
        sender.orbit.state(t_s + rtoa_s)[0],
        t_s,
        rtoa_s,
        _column(rows, "rtoa_std_s"),
        getattr(sender.orbit, "atmosphere", None),
    )


def _range_rate(rows: list[Measurement], sender, _) -> RangeRateRows:
    t_s = _column(rows, "t_s")
    return RangeRateRows((sender.id,) * len(rows), Tracks.of(sender.orbit, t_s - _TYPICAL_DELAY_S), t_s,
                         _column(rows, "range_rate_m_s"), _column(rows, "range_rate_std_m_s"))


def _aoa(rows: list[Measurement], sender, _) -> AoaRows:
    t_s = _column(rows, "t_s")
    direction = np.array([value_of(row, "direction_ecef") for row in rows], dtype=float)
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    std = np.maximum(np.radians(_column(rows, "direction_std_deg")), LEAST_STD_RAD)
    place = sender.orbit.state(t_s)[0]
    return AoaRows((sender.id,) * (2 * len(rows)), np.repeat(place, 2, axis=0), np.repeat(t_s, 2),
                   np.repeat(direction, 2, axis=0), across_axes(direction).reshape(-1, 3), np.repeat(std, 2))


_READERS: dict[str, Callable] = {
    "toa": _toa,
    "rtt": _rtt,
    "ul_rtoa": _ul_rtoa,
    "range_rate": _range_rate,
    "aoa": _aoa,
}
assert tuple(_READERS) == MEASURED == tuple(DEVIATIONS)


def _join(parts: list):
    """All satellites' rows of one kind as one model."""
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, Any] = {"sources": sum((part.sources for part in parts), ())}
    for name, first in parts[0]._arrays():
        values = [getattr(part, name) for part in parts]
        columns[name] = Tracks.joined(values) if isinstance(first, Tracks) else np.concatenate(values)
    air = [part.atmosphere for part in parts if getattr(part, "atmosphere", None) is not None]
    if air:
        columns["atmosphere"] = air[0]
    return replace(parts[0], **columns)


def _ephemeris(found: dict[str, list], assistance: Assistance) -> dict[str, float]:
    """Deviation of each coordinate of the ephemeris by satellite that has rows, where the assistance data
    state one."""
    used = dict.fromkeys(name for models in found.values() for model in models for name in model.sources)
    stated = {name: getattr(assistance.transmitter(name), "position_std_m", 0.0) for name in used}
    return {name: std for name, std in stated.items() if std > 0.0}


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
