# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading checked values out of JSON: every refusal names the file, the field, the value and what is
allowed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Sequence

from ..errors import InputError, describe

MAX_FILE_BYTES = 64 * 1024 * 1024
_REQUIRED = object()


def read_json(path: str | Path) -> Any:
    """The JSON value in a file. Refuses NaN, infinities and repeated names, which JSON does not have.

    Raises
    ------
    InputError
        Unreadable, larger than 64 MiB, empty, not UTF-8, not JSON.
    """
    return parse_json(read_bytes(path, MAX_FILE_BYTES), path)


def read_bytes(path: str | Path, most: int) -> bytes:
    """The bytes of a file of at most `most`; `InputError` where it is larger or cannot be read."""
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise InputError(path, "file", f"cannot be read ({error.strerror})", "a readable file") from None
    except ValueError:
        raise InputError(path, "file", "is not a file name", "a readable file") from None
    if len(data) > most:
        raise InputError(path, "file", "is too large", f"up to {most} bytes")
    return data


def parse_json(data: bytes | str, name: object, field: str = "file") -> Any:
    """The JSON value in `data`; `name` and `field` say in an `InputError` where it came from."""
    if not data.strip():
        raise InputError(name, field, "is empty", "JSON")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_refuse_repeats)
    except UnicodeDecodeError:
        raise InputError(name, field, "is not UTF-8 text", "JSON") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise InputError(name, field, f"is not JSON ({error.msg} at {where})", "JSON") from None
    except RecursionError:
        raise InputError(name, field, "is nested too deeply", "JSON of a few levels") from None
    except ValueError as error:
        raise InputError(name, field, f"is not JSON ({error})", "JSON with each name once") from None
    refuse_non_finite(value, name)
    return value


def refuse_non_finite(value: Any, name: object) -> None:
    """`InputError` that names the first NaN or infinity in a tree of dictionaries and lists."""
    if not _all_finite(value):
        bad = _find_non_finite(value)
        raise InputError(name, bad[0], f"{bad[1]} is not a finite number", "finite numbers")


def _all_finite(value: Any) -> bool:
    """Whether `_find_non_finite` finds nothing, without the names: measurement lines pass here by the thousand."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, float):
            if not math.isfinite(value):
                return False
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return True


def _find_non_finite(value: Any) -> tuple[str, float] | None:
    """Path and value of a NaN or infinity (also a number too large for float64), which JSON does not have."""
    waiting = [("", value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, float) and not math.isfinite(value):
            return path or "file", value
        if isinstance(value, dict):
            waiting.extend((f"{path}.{key}" if path else key, item) for key, item in value.items())
        elif isinstance(value, list):
            waiting.extend((f"{path}[{i}]", item) for i, item in enumerate(value))
    return None


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{describe(repeated)} appears twice in one object")
    return values


class Fields:
    """One JSON object being read. Each method returns the checked value of a field or raises `InputError`.

    Unknown fields are no error. A field with a `default` may be absent; null stands for absent only where a
    method says so.

    Parameters
    ----------
    file : object
        Name of the input, for messages.
    path : str
        Path of this object within the input; empty for the top level.
    value : object
        Must be a JSON object.
    """

    KIND = "a JSON object"

    def __init__(self, file: object, path: str, value: Any):
        self.file, self.path = file, path
        if not isinstance(value, dict):
            raise InputError(file, path or "file", f"{describe(value)} is not an object", self.KIND)
        self.value = value

    def only(self, known: Sequence[str]) -> None:
        """`InputError` that names the first field which is not among `known`."""
        for field in self.value:
            if field not in known:
                raise self.error(str(field), "is unknown", ", ".join(known))

    def name(self, field: str) -> str:
        """Full name of a field of this object."""
        return f"{self.path}.{field}" if self.path else field

    def error(self, field: str, problem: str, allowed: str = "") -> InputError:
        """The error to raise about a field."""
        return InputError(self.file, self.name(field), problem, allowed)

    def get(self, field: str, allowed: str, default: Any = _REQUIRED) -> Any:
        """The raw value."""
        if field in self.value:
            return self.value[field]
        if default is _REQUIRED:
            raise self.error(field, "is missing", allowed)
        return default

    def number(self, field: str, low: float, high: float, *, above: bool = False, default: Any = _REQUIRED,
               null: bool = False) -> float | None:
        """A finite number in [low, high], or (low, high] with `above`. `null`: null gives None."""
        found = self.value.get(field)
        if type(found) is float and low <= found <= high and found != math.inf and not (above and found == low):
            return found  # as it mostly is: no words are made
        allowed = f"{'above ' if above else ''}{low:g} {'up ' if above else ''}to {high:g}"
        value = self.get(field, f"a number, {allowed}", default)
        if value is None and (null or default is None):
            return None
        return self._number(field, value, low, high, above, allowed)

    def _number(self, field: str, value: Any, low: float, high: float, above: bool, allowed: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.error(field, f"{describe(value)} is not a number", allowed)
        if not (low <= value <= high and math.isfinite(value)) or (above and value <= low):
            raise self.error(field, f"{describe(value)} is out of range", allowed)
        return float(value)

    def integer(self, field: str, low: int, high: int, default: Any = _REQUIRED, clause: str = "") -> int:
        """A whole number in [low, high]; 15.0 counts as 15. `clause` says where that is written."""
        allowed = f"{low} to {high}" + (f" ({clause})" if clause else "")
        value = self.whole(field, allowed, default)
        if not low <= value <= high:
            raise self.error(field, f"{describe(value)} is out of range", allowed)
        return value

    def integer_in(self, field: str, choices: Sequence[int], default: Any = _REQUIRED,
                   clause: str = "") -> int:
        """A whole number out of `choices`; `clause` says where they are written."""
        allowed = ", ".join(map(str, choices)) + (f" ({clause})" if clause else "")
        value = self.whole(field, allowed, default)
        if value not in choices:
            raise self.error(field, f"{describe(value)} is not allowed", allowed)
        return value

    def whole(self, field: str, allowed: str, default: Any = _REQUIRED) -> int:
        """A whole number of any size."""
        value = self.get(field, allowed, default)
        integral = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not integral:
            raise self.error(field, f"{describe(value)} is not a whole number", allowed)
        return int(value)

    def flag(self, field: str, default: Any = _REQUIRED) -> bool:
        """true or false."""
        value = self.get(field, "true or false", default)
        if not isinstance(value, bool):
            raise self.error(field, f"{describe(value)} is not true or false", "true or false")
        return value

    def text(self, field: str, allowed: str, max_length: int = 200, default: Any = _REQUIRED) -> str:
        """Text of 1 to `max_length` printable characters."""
        value = self.get(field, allowed, default)
        if not isinstance(value, str):
            raise self.error(field, f"{describe(value)} is not text", allowed)
        if not 0 < len(value) <= max_length or not value.isprintable():
            raise self.error(field, f"{describe(value)} is not 1 to {max_length} printable characters",
                             allowed)
        return value

    def choice(self, field: str, choices: Sequence[str], default: Any = _REQUIRED) -> str:
        """Text out of `choices`."""
        found = self.value.get(field)
        if isinstance(found, str) and found in choices:
            return found
        allowed = ", ".join(f'"{c}"' for c in choices)
        value = self.get(field, allowed, default)
        if not isinstance(value, str) or value not in choices:
            raise self.error(field, f"{describe(value)} is not allowed", allowed)
        return value

    def vector(self, field: str, limit: float) -> tuple[float, float, float]:
        """Three finite numbers, each within +-limit."""
        allowed = f"[x, y, z], each {-limit:g} to {limit:g}"
        value = self.get(field, allowed)
        if not isinstance(value, list) or len(value) != 3:
            raise self.error(field, f"{describe(value)} is not three numbers", allowed)
        return tuple(self._number(f"{field}[{i}]", v, -limit, limit, False, f"{-limit:g} to {limit:g}")
                     for i, v in enumerate(value))

    def list(self, field: str, allowed: str, max_length: int, default: Any = _REQUIRED) -> list:
        """A list of at most `max_length` values."""
        value = self.get(field, allowed, default)
        if not isinstance(value, list):
            raise self.error(field, f"{describe(value)} is not a list", allowed)
        if len(value) > max_length:
            raise self.error(field, f"has {len(value)} entries", f"at most {max_length}")
        return value

    def object(self, field: str, default: Any = _REQUIRED) -> Fields | None:
        """An object; None where it is null or absent and `default` is None."""
        value = self.get(field, self.KIND, default)
        if value is None and default is None:
            return None
        return type(self)(self.file, self.name(field), value)
