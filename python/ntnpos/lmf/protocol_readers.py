# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of LPP and NRPPa for the location server: topics ``lpp`` and ``nrppa``, one PDU a message.

A PDU does not say whose it is, nor in which 10.24 s it was measured: both are in the topic's label,
``UE?t=SECONDS&assistance=NAME``. Without `t` it was just now; without `assistance` the first data hold.
"""

from __future__ import annotations

import math
from typing import Callable, Iterator
from urllib.parse import parse_qsl

from ..errors import InputError, describe
from ..network.assistance import MAX_TIME_S
from .library import Entry, Library
from .protocols import Context, decode_measurements
from .records import Reader, Reading, Record, is_ue

KINDS = ("lpp", "nrppa")


def protocol_readers(library: Library, utc: Callable[[], float]) -> dict[str, Reader]:
    """The readers, by topic.

    Parameters
    ----------
    library : Library
        Assistance data; looked at with every message.
    utc : callable
        Seconds of UTC since 1970, for PDUs whose label has no time.
    """
    return {
        kind: lambda payload, label, kind=kind: _read(kind, payload, label, library, utc) for kind in KINDS
    }


def _read(
    kind: str, payload: bytes, label: str, library: Library, utc: Callable[[], float]
) -> Iterator[Record]:
    ue, entry, near_s = _label(kind, label, library)
    if near_s is None:
        near_s = utc() - entry.assistance.epoch.utc.timestamp()
    for measurement in decode_measurements(kind, payload, Context(entry.assistance, near_s), kind):
        yield Reading(ue, measurement, measurement.to_json_line(), assistance=entry.name)


def _label(kind: str, label: str, library: Library) -> tuple[str, Entry, float | None]:
    """UE, assistance data and time of a topic's label."""
    ue, _, query = label.rpartition("?") if "?" in label else (label, "", "")
    if not is_ue(ue):
        raise InputError(kind, "topic", f"{describe(ue)} names no UE", f"{kind}/UE?t=SECONDS&assistance=NAME")
    given = dict(parse_qsl(query, keep_blank_values=True))
    near_s = None
    if "t" in given:
        try:
            near_s = float(given["t"])
        except ValueError:
            near_s = math.nan
        if not abs(near_s) <= MAX_TIME_S:
            raise InputError(
                kind, "t", f"{describe(given['t'])} is no time", f"{-MAX_TIME_S:g} to {MAX_TIME_S:g} s"
            )
    name = given.get("assistance", next(iter(library), None))
    if name not in library:
        raise InputError(
            kind, "assistance", f"no assistance data are called {describe(name)}", "a name in use"
        )
    return ue, library[name], near_s
