# SPDX-License-Identifier: GPL-3.0-or-later
"""PDUs as JSON: the JSON encoding rules (ITU-T X.697) as pycrate implements them.

SEQUENCE is an object, CHOICE an object of one member, ENUMERATED a text, OCTET STRING hexadecimal text, BIT
STRING of fixed size hexadecimal text and of other sizes ``{"value": hex, "length": bits}``. Two things are
added for what a later release has and this ASN.1 does not know: a member ``"_ext_N": hex`` of a SEQUENCE (the
N-th addition that is not known by name, counted from 0), and a CHOICE ``{"N": hex}``.

pycrate's reader takes more than it should (a CHOICE of two members, a truth value for a number, an octet
string that is a number): what it made of a text is therefore written again and compared, and the first field
that is not as it was is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ...errors import InputError, describe
from ...network.fields import parse_json
from . import codec

MAX_JSON_BYTES = 4 * 1024 * 1024
_UNKNOWN = re.compile(r"_ext_\d+")


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
        text = json.dumps(_written(found, value), indent=1, allow_nan=False) + "\n"
        if from_json(kind, text, name) != canonical:
            raise InputError(name, codec.kind_of(kind).type_name, "cannot be written as JSON without loss",
                             "values that this release of the specification knows")
    return text


def is_canonical(kind: str, data: bytes, name: object = "PDU") -> bool:
    """Whether the value of a PDU is encoded in just these octets again. PER leaves some freedom to
    senders."""
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
        found.from_jer(json.dumps(_known(wanted)))
        value = _merged(_octets(found._val), wanted)
        if (problem := _difference(wanted, _written(found, value), type_name)) is not None:
            raise InputError(name, *problem)
        data = codec.encode(kind, value, name)
        # Truth values pass for numbers up to here.
        decoded = _written(found, codec.decode(kind, data, name))
        if (field := _taken_for_number(wanted, decoded, type_name)) is not None:
            raise InputError(name, field, "is a truth value", "a number")
        return data


def _written(found: Any, value: Any) -> Any:
    """The JSON tree of a value, by pycrate's object of its type."""
    found._val = _texts(value)
    return _inserted(json.loads(found.to_jer()), value)


def _is_unknown_choice(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and \
        _UNKNOWN.fullmatch(value[0]) is not None


def _is_named(value: Any) -> bool:
    """A CHOICE (name, value) or an open type (type, value)."""
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)


def _texts(value: Any, depth: int = 0) -> Any:
    """A value without members that are not known, and with the octets of unknown choices as text."""
    if depth > codec.MAX_DEPTH:
        raise RecursionError
    if isinstance(value, dict):
        return {key: _texts(item, depth + 1) for key, item in value.items() if not _UNKNOWN.fullmatch(key)}
    if isinstance(value, list):
        return [_texts(item, depth + 1) for item in value]
    if _is_unknown_choice(value):
        return value[0], value[1].hex() if isinstance(value[1], bytes) else value[1]
    return (value[0], _texts(value[1], depth + 1)) if _is_named(value) else value


def _octets(value: Any, depth: int = 0) -> Any:
    """Undoes what `_texts` does to choices."""
    if depth > codec.MAX_DEPTH:
        raise RecursionError
    if isinstance(value, dict):
        return {key: _octets(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_octets(item, depth + 1) for item in value]
    if _is_unknown_choice(value):
        return value[0], bytes.fromhex(value[1]) if isinstance(value[1], str) else value[1]
    return (value[0], _octets(value[1], depth + 1)) if _is_named(value) else value


def _known(tree: Any) -> Any:
    """A JSON tree without the members that are not known."""
    if isinstance(tree, dict):
        return {key: _known(item) for key, item in tree.items() if not _UNKNOWN.fullmatch(key)}
    return [_known(item) for item in tree] if isinstance(tree, list) else tree


def _inserted(tree: Any, value: Any) -> Any:
    """The JSON tree of a value, with the members of the value that are not known."""
    if isinstance(value, dict) and isinstance(tree, dict):
        return {key: _inserted(item, value[key]) if key in value else item for key, item in tree.items()} | {
            key: item.hex()
            for key, item in value.items()
            if _UNKNOWN.fullmatch(key) and isinstance(item, bytes)
        }
    if isinstance(value, list) and isinstance(tree, list):
        return [_inserted(a, b) for a, b in zip(tree, value)]
    if _is_named(value):
        if isinstance(tree, dict) and list(tree) == [value[0]]:
            return {value[0]: _inserted(tree[value[0]], value[1])}
        return _inserted(tree, value[1])  # an open type is not named in JSON
    return tree


def _merged(value: Any, tree: Any) -> Any:
    """A value with the members of its JSON tree that are not known: undoes what `_known` leaves out."""
    if isinstance(value, dict) and isinstance(tree, dict):
        return {key: _merged(item, tree.get(key)) for key, item in value.items()} | {
            key: bytes.fromhex(item)
            for key, item in tree.items()
            if _UNKNOWN.fullmatch(key) and isinstance(item, str)
        }
    if isinstance(value, list) and isinstance(tree, list):
        return [_merged(a, b) for a, b in zip(value, tree)]
    if _is_named(value):
        named = isinstance(tree, dict) and list(tree) == [value[0]]
        return value[0], _merged(value[1], tree[value[0]] if named else tree)
    return value


def _difference(wanted: Any, written: Any, path: str) -> tuple[str, str, str] | None:
    """(field, problem, allowed) of the first place where a text is not what it was taken for."""
    if isinstance(wanted, dict) and isinstance(written, dict):
        for key in wanted:
            if key not in written:
                return f"{path}.{key}", "is not a field here", ", ".join(written) or "no field"
        for key in written:
            if key not in wanted:
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


def _taken_for_number(wanted: Any, decoded: Any, path: str) -> str | None:
    """The first place where a truth value has become a number."""
    if isinstance(wanted, dict) and isinstance(decoded, dict):
        pairs = [(wanted[key], decoded[key], f"{path}.{key}") for key in wanted if key in decoded]
    elif isinstance(wanted, list) and isinstance(decoded, list):
        pairs = [(a, b, f"{path}[{i}]") for i, (a, b) in enumerate(zip(wanted, decoded))]
    else:
        return path if isinstance(wanted, bool) and not isinstance(decoded, bool) else None
    return next((found for pair in pairs if (found := _taken_for_number(*pair)) is not None), None)


def _same_scalar(a: Any, b: Any) -> bool:
    return a.casefold() == b.casefold() if isinstance(a, str) else a == b
