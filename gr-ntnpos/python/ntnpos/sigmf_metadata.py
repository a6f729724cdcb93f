# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON of a SigMF metadata file: its fields by name and type, and the error that names one."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


class RecordingError(ValueError):
    """A recording that cannot be used; its text is one line.

    Parameters
    ----------
    file : path of the file that is wrong
    field : name of the field in it, such as ``captures[1].core:sample_start``
    problem : what is wrong
    allowed : what would be right
    """

    def __init__(self, file: str | os.PathLike, field: str, problem: str, allowed: str):
        super().__init__(f"{os.fspath(file)}: {field}: {problem}; allowed: {allowed}")
        self.file = os.fspath(file)
        self.field = field
        self.problem = problem
        self.allowed = allowed


def one_line(error: Exception) -> str:
    """An exception's text without line breaks."""
    return " ".join(str(error).split())


def show(value: Any) -> str:
    """The value as JSON, cut to a length that fits a line."""
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Metadata:
    """The JSON of a .sigmf-meta file with access to its fields by name and type.

    Parameters
    ----------
    path : named in errors
    text : the file's bytes

    Every method raises RecordingError where the text, or the field ``prefix + name`` of ``parent``, is not
    what the method says.
    """

    def __init__(self, path: Path, text: bytes):
        self.path = path
        if not text.strip():
            raise self.error("metadata", "empty", "a JSON object")
        try:
            self.root = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self.error("metadata", f"not JSON ({one_line(error)})", "a JSON object") from None
        self.as_object(self.root, "metadata")

    def error(self, field: str, problem: str, allowed: str) -> RecordingError:
        return RecordingError(self.path, field, problem, allowed)

    def as_object(self, value: Any, field: str) -> dict:
        if not isinstance(value, dict):
            raise self.error(field, f"{show(value)} found", "a JSON object")
        return value

    def get(self, parent: dict, prefix: str, name: str, allowed: str) -> Any:
        if name not in parent:
            raise self.error(prefix + name, "missing", allowed)
        return parent[name]

    def integer(self, parent: dict, prefix: str, name: str, maximum: int = 2**64 - 1) -> int:
        allowed = f"an integer, 0..{maximum}"
        value = self.get(parent, prefix, name, allowed)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= maximum:
            raise self.error(prefix + name, f"{show(value)} found", allowed)
        return value

    def number(
        self, parent: dict, prefix: str, name: str, allowed: str, in_range: Callable[[float], bool]
    ) -> float:
        """A finite number for which ``in_range`` holds."""
        value = self.get(parent, prefix, name, allowed)
        try:
            good = not isinstance(value, bool) and math.isfinite(value) and in_range(float(value))
        except (TypeError, OverflowError):
            good = False
        if not good:
            raise self.error(prefix + name, f"{show(value)} found", allowed)
        return float(value)
