# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements: one frozen value each, to and from JSON Lines (contract sections 3 and 5) and wire messages.

A `Measurement` that came through a reader here is valid: finite numbers, positive deviations, values present
wherever the status is ``ok``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping

from ..errors import InputError, describe
from ..world.timebase import join
from .fields import Fields, parse_json

SCHEMA = "ntnpos.measurement/1"
MAX_LINE_CHARS = 1_000_000
_TIME_S = 1e9
_TC_S = 1.0 / (480e3 * 4096)

# kind -> {field: (lowest, highest)} that must be there when the status is "ok". A *_std_* must be above 0.
_STD = (0.0, 1e9)
KINDS: dict[str, dict[str, tuple[float, float]]] = {
    "toa": {"t_s": (-_TIME_S, _TIME_S), "toa_s": (-100.0, 100.0), "toa_std_s": _STD},
    "rtt": {"t_tx_s": (-_TIME_S, _TIME_S), "t_rx_s": (-_TIME_S, _TIME_S), "rtt_s": (0.0, 100.0),
            "rtt_std_s": _STD},
    "ue_rx_tx": {"t_s": (-_TIME_S, _TIME_S), "rx_tx_s": (-985024 * _TC_S, 985024 * _TC_S),
                 "rx_tx_std_s": _STD, "subframe_offset": (0, 542)},
    "gnb_rx_tx": {"t_s": (-_TIME_S, _TIME_S), "rx_tx_s": (-985024 * _TC_S, 985024 * _TC_S),
                  "rx_tx_std_s": _STD},
    "ul_rtoa": {"t_s": (-_TIME_S, _TIME_S), "rtoa_s": (-100.0, 100.0), "rtoa_std_s": _STD},
    "range_rate": {"t_s": (-_TIME_S, _TIME_S), "range_rate_m_s": (-1e5, 1e5), "range_rate_std_m_s": _STD},
    "aoa": {"t_s": (-_TIME_S, _TIME_S), "direction_std_deg": (0.0, 180.0)},
}
# Fields that may be null or absent whatever the status.
_OPTIONAL: dict[str, tuple[float, float]] = {
    "doppler_hz": (-1e9, 1e9), "doppler_std_hz": _STD, "snr_db": (-400.0, 400.0),
    "rsrp_db": (-1000.0, 1000.0), "first_path_rsrpp_db": (-1000.0, 1000.0),
    "los_probability": (0.0, 1.0), "window_min_s": (-100.0, 100.0), "window_max_s": (-100.0, 100.0),
    "dl_timing_drift_us_s": (-26.5, 26.5),
    "toa_rate_s_per_s": (-1.0, 1.0), "toa_rate_std_s_per_s": _STD,
    "carrier_phase_cycles": (-1e16, 1e16), "carrier_phase_std_cycles": _STD,
}
_FLAGS = ("carrier_phase_continuous",)  # true, false, null or absent
_PATH_FIELDS = {"delay_s": (0.0, 1.0), "delay_std_s": _STD, "rsrpp_db": (-1000.0, 1000.0)}
MAX_PATHS = 64


@dataclass(frozen=True)
class Measurement:
    """One measurement of one satellite (or terrestrial point) at one occasion. None stands for null.

    The named fields are those of kind ``toa``; the fields of other kinds are in `extra` under their contract
    names, as are fields this engine does not know. Times are the receiver's clock for ``toa``, else system
    time.
    """

    satellite: str
    t_s: float | None = None
    toa_s: float | None = None
    toa_std_s: float | None = None
    doppler_hz: float | None = None
    doppler_std_hz: float | None = None
    snr_db: float | None = None
    rsrp_db: float | None = None
    los_probability: float | None = None
    status: str = "ok"
    kind: str = "toa"
    slot_count: int | None = None
    """Slots since the satellite's SFN 0 slot 0."""
    window_min_s: float | None = None
    window_max_s: float | None = None
    """Delays that were searched, as toa."""
    first_path_rsrpp_db: float | None = None
    """Power of the first path alone in one occupied resource element (DL PRS-RSRPP of TS 38.215)."""
    additional_paths: tuple[Mapping[str, float], ...] | None = None
    """Paths after the first, each with `delay_s` (after the first), `delay_std_s`, `rsrpp_db`."""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json_line(self) -> str:
        """One line (without its newline) of contract section 3.

        Raises
        ------
        ValueError
            If a number is not finite: such a line is never written.
        """
        line: dict[str, Any] = {"type": "measurement", "schema": SCHEMA, "kind": self.kind}
        for name in _NAMES:
            value = getattr(self, name)
            if value is not None or (self.kind == "toa" and name not in _WHERE_KNOWN):
                line[name] = value
        return json.dumps(line | {k: v for k, v in self.extra.items() if k not in line}, allow_nan=False)


_WHERE_KNOWN = ("slot_count", "window_min_s", "window_max_s")
_NAMES = tuple(f.name for f in fields(Measurement) if f.name not in ("kind", "extra"))


def from_json_line(line: str, file: object = "measurements", number: int = 1) -> Measurement | None:
    """The measurement on a line of JSON; None where the line is of another type (a fix, a verdict).

    Parameters
    ----------
    line : str
    file, number
        Where the line is, for messages.

    Raises
    ------
    InputError
        Not a JSON object, or a field is missing, of the wrong type or out of range.
    """
    where = f"line {number}"
    if len(line) > MAX_LINE_CHARS:
        raise InputError(file, where, f"has {len(line)} characters", f"up to {MAX_LINE_CHARS}")
    found = Fields(file, where, parse_json(line, file, where))
    if found.text("type", '"measurement"') != "measurement":
        return None
    found.choice("schema", (SCHEMA,), default=SCHEMA)
    return _read(found, skip=("type", "schema"))


def read_measurements(path: str | Path) -> list[Measurement]:
    """All measurements of a JSON Lines file; lines of other types and blank lines are passed over.

    Raises
    ------
    InputError
        Unreadable, a line is wrong, or there is no measurement in it.
    """
    try:
        with open(path, encoding="utf-8") as file:
            found = list(iterate_lines(file, path))
    except OSError as error:
        raise InputError(path, "file", f"cannot be read ({error.strerror})", "a readable file") from None
    except UnicodeDecodeError:
        raise InputError(path, "file", "is not UTF-8 text", "JSON Lines") from None
    if not found:
        raise InputError(path, "file", "has no measurement line", "at least one")
    return found


def iterate_lines(lines: Iterable[str], file: object) -> Iterator[Measurement]:
    """Measurements of an iterable of lines; raises `InputError` at the first wrong one."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            measurement = from_json_line(line, file, number)
            if measurement is not None:
                yield measurement


def from_record(record: Mapping[str, Any], where: object = "record") -> Measurement:
    """The measurement in a mapping that has the fields of a line; `InputError` as `from_json_line`."""
    return _read(Fields(where, "", dict(record)), skip=("type", "schema"))


def from_wire(message: Mapping[str, Any]) -> Measurement:
    """The measurement in a decoded wire message of one of `KINDS`; profiles and bookkeeping are left out.

    Raises
    ------
    InputError
        A key is missing, of the wrong type or out of range.
    """
    found = Fields("wire", "", dict(message))
    t = found.get("t", "a pair (whole seconds, fraction)")
    if not (isinstance(t, (tuple, list)) and len(t) == 2 and all(type(x) in (int, float) for x in t)
            and isinstance(t[0], int) and 0 <= t[0] <= _TIME_S and 0.0 <= t[1] < 1.0):
        raise found.error("t", f"{describe(t)} is not a time", "(whole seconds, fraction in [0, 1))")
    of_kind = KINDS.get(found.value.get("kind", "toa"), {}) if isinstance(found.value.get("kind", "toa"), str) else {}
    wanted = dict.fromkeys((*_NAMES, "kind", *of_kind, *_OPTIONAL, *_FLAGS))
    names = [n for n in wanted if n in found.value and n != "t_s"]
    return _read(Fields("wire", "", {n: found.value[n] for n in names} | {"t_s": join(*t)}), skip=())


def _read(found: Fields, skip: tuple[str, ...]) -> Measurement:
    kind = found.choice("kind", tuple(KINDS), default="toa")
    satellite = found.text("satellite", "an id of the assistance data", 64)
    status = found.text("status", '"ok", "no_signal", ...', 64)
    values: dict[str, Any] = {}
    for name, (low, high) in KINDS[kind].items():
        values[name] = _value(found, name, low, high, required=status == "ok")
    if kind == "aoa":
        values["direction_ecef"] = _direction(found, required=status == "ok")
    for name, (low, high) in _OPTIONAL.items():
        if found.value.get(name) is not None:
            values[name] = _value(found, name, low, high, required=True)
    for name in _FLAGS:
        if not (found.value.get(name) is None or isinstance(found.value[name], bool)):
            raise found.error(name, f"{describe(found.value[name])} is not a truth value", "true, false or null")
    if found.value.get("slot_count") is not None:
        values["slot_count"] = found.integer("slot_count", -2**63, 2**63 - 1)
    if found.value.get("additional_paths") is not None:
        values["additional_paths"] = _paths(found)
    named = {n: values.pop(n) for n in _NAMES if n in values}
    known = (*skip, *_NAMES, "kind")
    extra = {k: v for k, v in found.value.items() if k not in known} | values
    return Measurement(satellite=satellite, status=status, kind=kind, extra=extra, **named)


def _value(found: Fields, name: str, low: float, high: float, required: bool) -> float | None:
    if not required and found.value.get(name) is None:
        return None
    if name == "subframe_offset":
        return found.integer(name, int(low), int(high))
    return found.number(name, low, high, above="_std" in name)


def _paths(found: Fields) -> tuple[dict[str, float], ...]:
    paths = []
    for i, item in enumerate(found.list("additional_paths", "a list of paths", MAX_PATHS)):
        path = Fields(found.file, f"{found.name('additional_paths')}[{i}]", item)
        paths.append({name: path.number(name, low, high, above="_std" in name)
                      for name, (low, high) in _PATH_FIELDS.items()})
    return tuple(paths)


def _direction(found: Fields, required: bool) -> tuple[float, float, float] | None:
    if not required and found.value.get("direction_ecef") is None:
        return None
    direction = found.vector("direction_ecef", 1.0 + 1e-6)
    if abs(sum(x * x for x in direction) - 1.0) > 1e-6:
        raise found.error("direction_ecef", f"{describe(direction)} is not of unit length", "a unit vector")
    return direction
