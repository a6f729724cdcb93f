# SPDX-License-Identifier: GPL-3.0-or-later
"""PMT binary messages (GNU Radio's serialised polymorphic types) decoded in pure Python.

The format is big-endian: one tag byte, then the value; see GNU Radio's ``pmt/pmt_serial_tags.h``. The decoder
trusts no length it has not checked against the bytes that are there.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np

MAX_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_ITEMS = 65536

(_TRUE, _FALSE, _SYMBOL, _INT32, _DOUBLE, _COMPLEX, _NULL, _PAIR, _VECTOR, _DICT, _UNIFORM, _UINT64, _TUPLE,
 _INT64) = range(14)
_FIXED = {_INT32: struct.Struct(">i"), _DOUBLE: struct.Struct(">d"), _COMPLEX: struct.Struct(">dd"),
          _UINT64: struct.Struct(">Q"), _INT64: struct.Struct(">q")}
_CONSTANTS = {_TRUE: True, _FALSE: False, _NULL: None}
_LENGTH16, _LENGTH32 = struct.Struct(">H"), struct.Struct(">I")
_UNIFORM_TYPES = [np.dtype(t) for t in (">u1", ">i1", ">u2", ">i2", ">u4", ">i4", ">u8", ">i8", ">f4", ">f8",
                                        ">c8", ">c16")]


class WireError(ValueError):
    """Bytes that are no message of this format."""


class Pair(NamedTuple):
    """A PMT pair that is part of no proper list."""

    car: Any
    cdr: Any


def decode(data: bytes) -> Any:
    """The Python value of one serialised PMT.

    Nil is None (also an empty list or dict, which PMT does not tell apart), a symbol str, an integer int, a
    double float, a proper list and a vector list, a tuple tuple, a dict dict with str keys, a uniform vector
    a numpy array in native byte order.

    Raises
    ------
    WireError
        Truncated, trailing bytes, unknown tag, nested above `MAX_DEPTH`, more than `MAX_ITEMS` values or
        `MAX_BYTES`. Nothing else is raised for any bytes.
    """
    if len(data) > MAX_BYTES:
        raise WireError(f"{len(data)} bytes, more than {MAX_BYTES}")
    reader = _Reader(bytes(data))
    value = reader.value(0)
    if reader.at != len(reader.data):
        raise WireError(f"{len(reader.data) - reader.at} bytes after the value")
    return value


class _Reader:
    def __init__(self, data: bytes):
        self.data, self.at, self.items = data, 0, 0

    def take(self, count: int) -> int:
        """Claim `count` bytes: their start."""
        start = self.at
        if count > len(self.data) - start:
            raise WireError(f"{count} bytes wanted at {start} of {len(self.data)}")
        self.at = start + count
        return start

    def unpack(self, form: struct.Struct) -> tuple:
        start = self.at
        self.at = start + form.size
        if self.at > len(self.data):
            self.at = start
            self.take(form.size)
        return form.unpack_from(self.data, start)

    def tag(self) -> int:
        self.items += 1
        if self.items > MAX_ITEMS:
            raise WireError(f"more than {MAX_ITEMS} values")
        start = self.at
        if start >= len(self.data):
            self.take(1)
        self.at = start + 1
        return self.data[start]

    def value(self, depth: int, tag: int | None = None) -> Any:
        if depth > MAX_DEPTH:
            raise WireError(f"nested more than {MAX_DEPTH} deep")
        tag = self.tag() if tag is None else tag
        if tag == _SYMBOL:  # this and the next are most of a measurement
            (length,) = self.unpack(_LENGTH16)
            start = self.take(length)
            try:
                return self.data[start:start + length].decode("utf-8")
            except UnicodeDecodeError:
                raise WireError(f"symbol at {start} is not UTF-8") from None
        if tag == _DOUBLE:
            return self.unpack(_FIXED[_DOUBLE])[0]
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag in _FIXED:
            numbers = self.unpack(_FIXED[tag])
            return complex(*numbers) if tag == _COMPLEX else numbers[0]
        if tag == _PAIR:
            return self.pairs(depth)
        if tag == _DICT:
            return self.dictionary(depth)
        if tag in (_VECTOR, _TUPLE):
            (length,) = self.unpack(_LENGTH32)
            if length > len(self.data) - self.at:  # each takes a byte at least
                raise WireError(f"{length} values claimed in {len(self.data) - self.at} bytes")
            values = [self.value(depth + 1) for _ in range(length)]
            return tuple(values) if tag == _TUPLE else values
        if tag == _UNIFORM:
            return self.uniform()
        raise WireError(f"unknown tag {tag} at {self.at - 1}")

    def pairs(self, depth: int) -> list | Pair:
        """What follows a pair's tag: a list where the chain of cdr ends in nil. Walks the chain without
        recursion."""
        cars = [self.value(depth + 1)]
        while (tag := self.tag()) == _PAIR:
            cars.append(self.value(depth + 1))
        if tag == _NULL:
            return cars
        end = self.value(depth + 1, tag)
        for car in reversed(cars):
            end = Pair(car, end)
        return end

    def dictionary(self, depth: int) -> dict[str, Any]:
        """What follows a dict's tag: (key . value), then another dict or nil."""
        found: dict[str, Any] = {}
        tag = _DICT
        while tag == _DICT:
            if self.tag() != _PAIR:
                raise WireError("a dict entry that is not a pair")
            key = self.value(depth + 1)
            if not isinstance(key, str):
                raise WireError("a dict key that is not a symbol")
            if key in found:
                raise WireError("a dict key that appears twice")
            found[key] = self.value(depth + 1)
            tag = self.tag()
        if tag != _NULL:
            raise WireError("a dict that does not end in nil")
        return found

    def uniform(self) -> np.ndarray:
        """What follows a uniform vector's tag: type, number of items, padding, items."""
        kind = self.data[self.take(1)]
        if kind >= len(_UNIFORM_TYPES):
            raise WireError(f"unknown uniform vector type {kind}")
        (length,) = self.unpack(_LENGTH32)
        self.take(self.data[self.take(1)])
        form = _UNIFORM_TYPES[kind]
        start = self.take(length * form.itemsize)
        return np.frombuffer(self.data, form, length, start).astype(form.newbyteorder("="))
