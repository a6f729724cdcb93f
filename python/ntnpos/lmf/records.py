# SPDX-License-Identifier: GPL-3.0-or-later
"""What the location server takes in, one frozen value each, and the readers that make them of bytes.

A reader is a function from a payload and a label to records. It is chosen by the topic, the frame before the
payload: ``NAME`` or ``NAME/LABEL``, such as ``json/UE-17`` where the payload itself does not say whose it is. A message
without a topic is a PMT where it begins as a PMT dictionary does, else JSON. `READERS` holds those of this module; a
service may have more (`Service.add_reader`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Mapping, Union

from ..errors import InputError, describe
from ..network.assistance import Assistance, parse_assistance
from ..network.fields import Fields, parse_json
from ..network.measurements import Measurement, from_json_line, from_wire
from ..network.pmt import WireError, decode
from ..network.wire import MAX_SOURCE_CHARS, check_header

MAX_BYTES = 1 << 20
"""Of a message."""
MAX_LINE_CHARS = 65536
"""Of a measurement or claim; assistance data may be as long as a message."""
MAX_LINES = 10000
"""Lines of one message."""
MAX_UE_CHARS = 64
_PMT_DICTIONARY = b"\x09"  # how a PMT dictionary begins, and no JSON of ours
_MAX_LABEL_CHARS = 200
_MAX_SEQ = 2**63 - 1


@dataclass(frozen=True)
class Reading:
    """One measurement of one UE."""

    ue: str
    measurement: Measurement
    line: str
    """The measurement as a line of JSON: `from_json_line` of it is `measurement`."""
    source: str | None = None
    seq: int | None = None
    assistance: str | None = None
    """Name of the assistance data it belongs to, where its sender gave one."""

    @property
    def t_s(self) -> float | None:
        """When it was measured; the end of a round trip."""
        t_s = self.measurement.t_s
        return self.measurement.extra.get("t_rx_s") if t_s is None else t_s


@dataclass(frozen=True)
class ClaimMessage:
    """A place that a UE reports, to be judged."""

    ue: str
    line: str
    source: str | None = None
    seq: int | None = None
    assistance: str | None = None


@dataclass(frozen=True)
class AssistanceUpdate:
    """Assistance data that stand, from now on, for those of that name."""

    name: str
    assistance: Assistance
    text: str


@dataclass(frozen=True)
class Notice:
    """A message about a source itself: its state, or its end."""

    kind: str
    source: str
    seq: int


@dataclass(frozen=True)
class Request:
    """A question that wants an answer, not a record."""

    what: str


@dataclass(frozen=True)
class Bad:
    """Something that is no record; its source's numbers count all the same."""

    problem: str
    source: str | None = None
    seq: int | None = None


Record = Union[Reading, ClaimMessage, AssistanceUpdate, Notice, Request, Bad]
Reader = Callable[[bytes, str], Iterator[Record]]


def read_message(topic: bytes | None, payload: bytes,
                 readers: Mapping[str, Reader] | None = None) -> Iterator[Record]:
    """The records of one message. Raises nothing for any bytes: what is wrong is `Bad`.

    Parameters
    ----------
    topic, payload : bytes
        The topic is None where there is none.
    readers : mapping, optional
        By topic; `READERS` if not given.
    """
    readers = READERS if readers is None else readers
    try:
        if len(payload) > MAX_BYTES:
            raise WireError(f"{len(payload)} bytes, more than {MAX_BYTES}")
        if topic is None:
            reader, label = (_pmt if payload[:1] == _PMT_DICTIONARY else _json), ""
        else:
            name, _, label = topic.decode("utf-8").partition("/")
            if name not in readers:
                raise WireError(f"topic {describe(name)} is none of {', '.join(sorted(readers))}")
            if len(label) > _MAX_LABEL_CHARS or not label.isprintable():
                raise WireError(f"topic {describe(name)}: label {describe(label)} is not up to {_MAX_LABEL_CHARS} "
                                "printable characters")
            reader = readers[name]
        yield from reader(payload, label)
    except (InputError, WireError, UnicodeDecodeError) as error:
        yield Bad(str(error))
    except Exception as error:  # a reader's defect, or its library's, must not end the server
        yield Bad(f"the reader failed: {type(error).__name__}: {error}")


def _pmt(payload: bytes, label: str) -> Iterator[Record]:
    """One PMT dictionary of docs/wire-format.md; the UE is its `ue`, the label, or its `source`."""
    message = decode(payload)
    check_header(message)
    kind, source, seq = message["kind"], message["source"], message["seq"]
    if kind in ("config", "end"):
        yield Notice(kind, source, seq)
        return
    try:
        ue = message.get("ue") or label or source
        if not is_ue(ue):
            raise InputError("wire", "ue", f"{describe(ue)} is no name",
                             f"1 to {MAX_UE_CHARS} printable characters")
        measurement = from_wire(message)
        line = measurement.to_json_line()
    except (InputError, ValueError) as error:
        yield Bad(str(error), source, seq)
    else:
        yield Reading(ue, measurement, line, source, seq)


def _json(payload: bytes, label: str) -> Iterator[Record]:
    """JSON objects, one a line; each stands for itself."""
    lines = [line.strip() for line in payload.decode("utf-8").split("\n") if line.strip()]
    if not lines:
        raise WireError("an empty message")
    if len(lines) > MAX_LINES:
        raise WireError(f"{len(lines)} lines in one message; allowed: {MAX_LINES}")
    for line in lines:
        try:
            yield _json_line(line, label)
        except InputError as error:
            yield Bad(str(error))


def _json_line(line: str, label: str) -> Record:
    measurement = from_json_line(line, "message", 1) if len(line) <= MAX_LINE_CHARS else None
    if measurement is not None:
        found = Fields("message", "", measurement.extra)
        return Reading(_ue(found, label), measurement, line, *_source(found), _assistance_name(found))
    value = parse_json(line, "message")
    found = Fields("message", "", value)
    kind = found.choice("type", ("measurement", "claim", "assistance", "metrics"))
    if kind == "metrics":
        return Request(kind)
    if kind == "assistance":
        name = found.text("name", "the name that messages call it by", MAX_UE_CHARS)
        inner = found.object("assistance").value
        return AssistanceUpdate(name, parse_assistance(inner, name), json.dumps(inner, allow_nan=False))
    if len(line) > MAX_LINE_CHARS:
        raise InputError("message", kind, f"has {len(line)} characters", f"up to {MAX_LINE_CHARS}")
    check_claim(found)
    return ClaimMessage(_ue(found, label), line, *_source(found), _assistance_name(found))


def check_claim(found: Fields) -> dict[str, Any]:
    """The fields of a claim, checked; None for a height that it does not have."""
    return {"latitude_deg": found.number("latitude_deg", -90.0, 90.0),
            "longitude_deg": found.number("longitude_deg", -180.0, 180.0),
            "height_m": found.number("height_m", -1e3, 1e5, default=None),
            "horizontal_std_m": found.number("horizontal_std_m", 0.0, 1e6, default=0.0),
            "height_std_m": found.number("height_std_m", 0.0, 1e5, default=0.0),
            "level": found.integer_in("level", (1, 2)),
            "radius_km": found.number("radius_km", 0.0, 2e4, above=True, default=10.0)}


def is_ue(name: object) -> bool:
    """Whether a UE can be called so."""
    return isinstance(name, str) and 0 < len(name) <= MAX_UE_CHARS and name.isprintable()


def _ue(found: Fields, label: str) -> str:
    return found.text("ue", "the name of the UE", MAX_UE_CHARS, **({"default": label} if label else {}))


def _source(found: Fields) -> tuple[str | None, int | None]:
    """`source` and `seq`, which belong together; both absent where the sender does not count."""
    if found.value.get("source") is None and found.value.get("seq") is None:
        return None, None
    return (found.text("source", "the sender's name", MAX_SOURCE_CHARS),
            found.integer("seq", 0, _MAX_SEQ))


def _assistance_name(found: Fields) -> str | None:
    if found.value.get("assistance") is None:
        return None
    return found.text("assistance", "the name of assistance data", MAX_UE_CHARS)


READERS: dict[str, Reader] = {"json": _json, "pmt": _pmt}
"""By topic."""
