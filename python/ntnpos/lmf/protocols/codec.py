# SPDX-License-Identifier: GPL-3.0-or-later
"""One PDU between bytes and pycrate's values: LPP-Message and SIB19-r17 (unaligned PER), NRPPA-PDU (aligned).

The ASN.1 is what the pycrate package ships, compiled from the 3GPP specifications; none is written here. Its
modules are imported when a PDU of their kind is first met (0.1 to 0.5 s). Its objects hold state while they
work, so one lock serves all of them. What it raises on hostile input is of many kinds: everything becomes one
`InputError`.
"""

from __future__ import annotations

import importlib
import logging
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Iterator

from ...errors import InputError

MAX_PDU_BYTES = 65536
"""A PDU of LPP is at most a NAS message (65535 octets); what is longer is refused unread."""
MAX_DEPTH = 100
"""Levels of a value; the deepest message of these protocols has about 40."""


@dataclass(frozen=True)
class PduKind:
    """Where a PDU's type is in pycrate, and how it is encoded."""

    type_name: str
    """Name in the specification."""
    module: str
    path: tuple[str, str]
    aligned: bool
    specification: str


KINDS = {
    "lpp": PduKind("LPP-Message", "LPP", ("LPP_PDU_Definitions", "LPP_Message"), False, "TS 37.355"),
    "nrppa": PduKind("NRPPA-PDU", "NRPPa", ("NRPPA_PDU_Descriptions", "NRPPA_PDU"), True, "TS 38.455"),
    "sib19": PduKind("SIB19-r17", "RRCNR", ("NR_RRC_Definitions", "SIB19_r17"), False, "TS 38.331"),
}
# Octet strings of NRPPa that hold types of other specifications.
CONTAINED = {
    "epoch_time": PduKind(
        "EpochTime-r17", "RRCNR", ("NR_RRC_Definitions", "EpochTime_r17"), False, "TS 38.331"
    ),
    "ta_info": PduKind("TA-Info-r17", "RRCNR", ("NR_RRC_Definitions", "TA_Info_r17"), False, "TS 38.331"),
}

_LOCK = threading.RLock()
_ADDITION = re.compile(r"_ext_\d+")
_REPORTED_CHARS = 240


def kind_of(kind: str) -> PduKind:
    """The description of one of ``lpp``, ``nrppa``, ``sib19``; `InputError` for any other name."""
    found = KINDS.get(kind) or CONTAINED.get(kind)
    if found is None:
        raise InputError("protocol", "kind", repr(kind), ", ".join(KINDS))
    return found


@lru_cache(maxsize=None)
def _type(kind: str) -> Any:
    found = kind_of(kind)
    logging.getLogger("pycrate").setLevel(logging.ERROR)
    module = importlib.import_module(f"pycrate_asn1dir.{found.module}")
    return getattr(getattr(module, found.path[0]), found.path[1])


@contextmanager
def locked_type(kind: str, name: object) -> Iterator[Any]:
    """pycrate's object of that kind, for one user at a time; what it raises leaves as `InputError`."""
    with _LOCK:
        found = _type(kind)
        from pycrate_asn1rt.codecs import ASN1CodecPER
        depth = len(ASN1CodecPER._off)
        try:
            yield found
        except InputError:
            raise
        except Exception as error:  # pycrate raises whatever Python does on values that it does not expect
            raise _refusal(error, name, kind_of(kind)) from None
        finally:
            del ASN1CodecPER._off[depth:]  # a decoding that stopped half way leaves its offsets


def decode(kind: str, data: bytes, name: object = "PDU") -> Any:
    """The value of one PDU, in pycrate's form: dict for SEQUENCE, (name, value) for CHOICE, (value, bits) for
    BIT STRING.

    Raises
    ------
    InputError
        Not such a PDU, a value outside its range, more than one PDU, longer than `MAX_PDU_BYTES`.
    """
    _check_size(data, name)
    with locked_type(kind, name) as found:
        from pycrate_core.charpy import Charpy
        char = Charpy(data)
        (found.from_aper if kind_of(kind).aligned else found.from_uper)(char)
        left = char.len_bit()
        if left > 0:
            raise InputError(
                name, kind_of(kind).type_name, f"ends {(left + 7) // 8} octets before the end", "one PDU"
            )
        return found._val


def encode(kind: str, value: Any, name: object = "message") -> bytes:
    """The octets of a value in pycrate's form. Same errors as `decode`."""
    with locked_type(kind, name) as found:
        found.set_val(_counted_from_one(value))
        found._safechk_bnd(found._val)
        data = found.to_aper() if kind_of(kind).aligned else found.to_uper()
        if data is None:
            raise InputError(name, kind_of(kind).type_name, "has no value", "a value")
        _check_size(data, name)
        return data


def _counted_from_one(value: Any, depth: int = 0) -> Any:
    """pycrate's decoder counts a SEQUENCE's unknown additions (``_ext_N``) from 0, its encoder from 1, and
    leaves out what it then does not find."""
    if depth > MAX_DEPTH:
        raise RecursionError
    if isinstance(value, dict):
        return {
            f"_ext_{int(key[5:]) + 1}" if _ADDITION.fullmatch(key) else key: _counted_from_one(
                item, depth + 1
            )
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_counted_from_one(item, depth + 1) for item in value]
    if isinstance(value, tuple):
        return tuple(_counted_from_one(item, depth + 1) for item in value)
    return value


def _check_size(data: bytes, name: object) -> None:
    if not 0 < len(data) <= MAX_PDU_BYTES:
        raise InputError(name, "PDU", "is empty" if not data else f"has {len(data)} octets",
                         f"1 to {MAX_PDU_BYTES} octets")


def _refusal(error: Exception, name: object, kind: PduKind) -> InputError:
    """pycrate says ``Type.field.field: problem`` where it knows the field; else the field is what it was
    at."""
    if isinstance(error, RecursionError):
        return InputError(name, kind.type_name, "is nested too deeply", f"a PDU of {kind.specification}")
    text = " ".join(str(error).replace(", %r", "").split())
    field, colon, problem = text.partition(": ")
    if type(error).__name__ == "CharpyErr":
        field, problem = _field_at(error) or kind.type_name, "ends within the field"
    elif not type(error).__name__.startswith("ASN1"):
        field, problem = (
            _field_at(error) or kind.type_name,
            f"has a value that is none of its type ({text or 'empty'})",
        )
    elif not colon or " " in field or not problem:
        field, problem = _field_at(error) or kind.type_name, text
    # Its JSON reader wraps one message into another, and marks what it does not know.
    problem = re.sub(r"^invalid json value, [\w.-]+: ", "", problem).replace("_ext_", "")
    return InputError(name, field, problem[:_REPORTED_CHARS], f"{kind.type_name} of {kind.specification}")


def _field_at(error: Exception) -> str | None:
    """Full name of the innermost object of pycrate that was at work."""
    steps, step = [], error.__traceback__
    while step is not None:
        steps.append(step)
        step = step.tb_next
    for step in reversed(steps):
        worker = step.tb_frame.f_locals.get("self")
        if hasattr(worker, "fullname"):
            return worker.fullname()
    return None
