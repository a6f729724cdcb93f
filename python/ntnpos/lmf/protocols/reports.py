# SPDX-License-Identifier: GPL-3.0-or-later
"""What measurement reports of LPP and NRPPa share: the reader's context, quality, power, records."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Callable, Iterable, Mapping

from ...errors import InputError, describe
from ...network import report_quantisation as report
from ...network.assistance import Assistance
from ...network.measurements import Measurement, from_record
from .directory import Directory

OUT_OF_RANGE = "out_of_range"
"""Status of a row whose report says only "beyond the range"."""


@dataclass(frozen=True)
class Context:
    """What the reader of a report knows besides it.

    Attributes
    ----------
    assistance : Assistance
        Satellites, their ids in messages (see `directory`) and their frames.
    near_s : float
        A system time within 5 s of the measurements: SFN repeats after 10.24 s.
    dbm_at_0_db : float
        Power in dBm of 0 dB in the records' `rsrp_db`. Default: they are in dBm.
    ue_ecef_m : array [3], optional
        Where the UE is believed to be, to tell which subframe an RSTD refers to (it is known modulo 1 ms).
        Default: the prior of the assistance data.
    """

    assistance: Assistance
    near_s: float
    dbm_at_0_db: float = 0.0
    ue_ecef_m: Any = None

    @cached_property
    def directory(self) -> Directory:
        """The parties of the assistance data."""
        return Directory.of(self.assistance)


def field(row: Measurement, name: str, where: object, default: Any = ...) -> Any:
    """A field of a measurement of any kind; InputError where it is absent and there is no default."""
    value = getattr(row, name) if name in ("t_s", "toa_s", "toa_std_s") else row.extra.get(name)
    if value is None:
        if default is ...:
            raise InputError(where, name, "is missing", "a number")
        return default
    return value


def reported(where: object, name: str, of: Callable[[Any], Any], value: Any) -> Any:
    """`of(value)`, with a value that cannot be reported as an `InputError` about field `name`."""
    try:
        return of(value)
    except report.ReportError as error:
        problem, _, allowed = str(error).partition("; allowed: ")
        raise InputError(where, name, problem, allowed) from None


def record(values: Mapping[str, Any], where: object) -> Measurement:
    """A measurement of checked values; fields that are None are left out."""
    return from_record({name: value for name, value in values.items() if value is not None}, where)


def value_or_status(mapping: report.Mapping, index: int, values: dict[str, Any], name: str) -> None:
    """Puts the middle of an interval into `values`, or the status of a report beyond the range."""
    try:
        values[name] = mapping.value(index)
    except report.ReportError:
        if not 0 <= index <= mapping.last:
            raise
        values["status"] = OUT_OF_RANGE


def usable(rows: Iterable[Measurement], kinds: tuple[str, ...], where: object) -> list[Measurement]:
    """The rows with status ok; InputError for a kind that the message does not carry."""
    rows = list(rows)
    for i, row in enumerate(rows):
        if row.kind not in kinds:
            raise InputError(
                where, f"[{i}].kind", f"{describe(row.kind)} is not in this message", ", ".join(kinds)
            )
    return [row for row in rows if row.status == "ok"]


def wrap_half(value: float, period: float) -> float:
    """`value` modulo `period`, in [-period / 2, period / 2)."""
    return value - period * math.floor(value / period + 0.5)


def enumerated(name: str, prefix: str, where: object, what: str) -> int:
    """The number in the name of an enumerated value, such as 16 of ``n16``."""
    digits = name.removeprefix(prefix)
    if digits == name or not digits.isdigit():
        raise InputError(where, what, f"{describe(name)} is unknown", f"{prefix} and a number")
    return int(digits)
