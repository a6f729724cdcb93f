# SPDX-License-Identifier: GPL-3.0-or-later
"""PDUs as JSON: the JSON encoding rules (ITU-T X.697) as pycrate implements them.

SEQUENCE is an object, CHOICE an object of one member, ENUMERATED a text, OCTET STRING hexadecimal text, BIT
STRING of fixed size hexadecimal text and of other sizes ``{"value": hex, "length": bits}``. What a later
release has added, and this ASN.1 does not know, stands as ``"_ext_N": hex`` (N as the encoding counts) and goes
back unchanged. pycrate's reader takes more than it should (a CHOICE of two members, an octet string that is a
number): what it made of a text is therefore written again and compared, and the first field that is not as it was
is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ...errors import InputError, describe
from ...network.fields import parse_json
from . import codec

MAX_JSON_BYTES = 4 * 1024 * 1024
_UNKNOWN = re.compile(r"(?:_ext_)*_ext_(\d+)")


def to_json(kind: str, data: bytes, name: object = "PDU") -> str:
    """The JSON text of one PDU (with indentation). `from_json` gives the same value back: this is tried.

    Raises
    ------
    InputError
        As `codec.decode`; also a value that JSON cannot carry without loss.
    """
    value = codec.decode(kind, data, name)
    with codec.locked_type(kind, name) as found:
        canonical = codec.encode(kind, value, name)
        found._val = _texts(value)
        text = json.dumps(_read(found.to_jer()), indent=1, allow_nan=False) + "\n"
        if from_json(kind, text, name) != canonical:
            raise InputError(name, codec.kind_of(kind).type_name, "cannot be written as JSON without loss",
                             "values that this release of the specification knows")
    return text


def is_canonical(kind: str, data: bytes, name: object = "PDU") -> bool:
    """Whether the value of a PDU is encoded in just these octets again. PER leaves some freedom to senders."""
    return codec.encode(kind, codec.decode(kind, data, name), name) == data


def from_json(kind: str, text: bytes | str, name: object = "message") -> bytes:
    """The octets of a message in JSON.

    Raises
    ------
    InputError
        Not JSON, an unknown or missing field, a value outside its range.
    """
    if len(text) > MAX_JSON_BYTES:
        raise InputError(name, "file", "is too large", f"up to {MAX_JSON_BYTES} bytes")
    wanted = parse_json(text, name)
    type_name = codec.kind_of(kind).type_name
    with codec.locked_type(kind, name) as found:
        found.from_jer(json.dumps(wanted))
        value = _octets(found._val)
        found._val = _texts(value)
        written = _read(found.to_jer())
        if (problem := _difference(wanted, written, type_name)) is not None:
            raise InputError(name, *problem)
        found.set_val(value)
        return codec.encode_held(found, kind, name)


def _read(text: str) -> Any:
    """pycrate's JSON with unknown extensions under their one name."""
    return json.loads(text, object_pairs_hook=lambda pairs: {_one_name(key): value for key, value in pairs})


def _one_name(key: str) -> str:
    match = _UNKNOWN.fullmatch(key)
    return f"_ext_{match[1]}" if match else key


def _texts(value: Any, depth: int = 0) -> Any:
    """A value of pycrate with the octets of unknown extensions as text, which its JSON writer can take."""
    if depth > codec.MAX_DEPTH:
        raise RecursionError
    if isinstance(value, dict):
        return {key: item.hex() if key.startswith("_ext_") and isinstance(item, bytes) else _texts(item, depth + 1)
                for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item, depth + 1) for item in value]
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        unknown = value[0].startswith("_ext_") and isinstance(value[1], bytes)
        return value[0], value[1].hex() if unknown else _texts(value[1], depth + 1)
    return value


def _octets(value: Any, depth: int = 0) -> Any:
    """Undoes `_texts`."""
    if depth > codec.MAX_DEPTH:
        raise RecursionError
    if isinstance(value, dict):
        return {_one_name(key): _hex(item) if _UNKNOWN.fullmatch(key) else _octets(item, depth + 1)
                for key, item in value.items()}
    if isinstance(value, list):
        return [_octets(item, depth + 1) for item in value]
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        unknown = _UNKNOWN.fullmatch(value[0])
        return (_one_name(value[0]), _hex(value[1])) if unknown else (value[0], _octets(value[1], depth + 1))
    return value


def _hex(value: Any) -> Any:
    return bytes.fromhex(value) if isinstance(value, str) else value


def _difference(wanted: Any, written: Any, path: str) -> tuple[str, str, str] | None:
    """(field, problem, allowed) of the first place where a text is not what it was taken for."""
    if isinstance(wanted, dict) and isinstance(written, dict):
        for key in wanted:
            if key not in written or (key.startswith("_ext_") and not _UNKNOWN.fullmatch(key)):
                return f"{path}.{key}", "is not a field here", ", ".join(written) or "no field"
        for key in written:
            if key not in wanted:
                # pycrate calls an unknown member _ext_NAME.
                if key.startswith("_ext_") and key[5:] in wanted:
                    return f"{path}.{key[5:]}", "is not a field here", "the fields of the specification"
                return f"{path}.{key}", "is missing", "a value"
        pairs = [(wanted[key], written[key], f"{path}.{key}") for key in wanted]
    elif isinstance(wanted, list) and isinstance(written, list) and len(wanted) == len(written):
        pairs = [(a, b, f"{path}[{i}]") for i, (a, b) in enumerate(zip(wanted, written))]
    elif type(wanted) is type(written) and _same_scalar(wanted, written):
        return None
    else:
        return path, f"{describe(wanted)} is not a value of this type", describe(written)
    for pair in pairs:
        if (found := _difference(*pair)) is not None:
            return found
    return None


def _same_scalar(a: Any, b: Any) -> bool:
    return a.casefold() == b.casefold() if isinstance(a, str) else a == b
