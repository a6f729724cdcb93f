# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception for input that a user can correct."""

from __future__ import annotations


def _one_line(text: object, limit: int = 300) -> str:
    """`text` with control characters escaped and the middle of anything longer than `limit` left out."""
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))
    return line if len(line) <= limit else line[: limit // 2] + "..." + line[-limit // 2:]


def describe(value: object, limit: int = 60) -> str:
    """Short printable form of a value found in an input, for the `problem` part of an `InputError`."""
    return _one_line(repr(value), limit)


class InputError(ValueError):
    """Input that is wrong, said in one line: ``FILE: FIELD: problem; allowed: ...``.

    Parameters
    ----------
    file : object
        Path (or other name) of the input.
    field : str
        The field as a reader would look it up, such as ``satellites[2].prs.comb_size``.
    problem : str
        What is wrong, with the value.
    allowed : str
        What is allowed instead; empty where there is nothing to add.
    """

    def __init__(self, file: object, field: str, problem: str, allowed: str = ""):
        self.file, self.field = _one_line(file), _one_line(field)
        self.problem, self.allowed = _one_line(problem), _one_line(allowed)
        parts = [part for part in (self.file, self.field, self.problem) if part]
        super().__init__(": ".join(parts) + (f"; allowed: {self.allowed}" if self.allowed else ""))
