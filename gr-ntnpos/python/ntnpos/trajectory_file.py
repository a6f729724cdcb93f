# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of delay trajectories: what an ntn_channel is told of moving satellites, without the program that
knew their orbits.

JSON Lines. The first line is about the whole, each other one a piece of one path, as in a `trajectory`
message:

    {"type": "trajectories", "schema": "ntnpos.trajectories/1", "epoch_utc": "2025-10-07T18:00:00Z",
     "paths": ["STARLINK-1008"], "end": [605, 0.0]}
    {"path": 0, "start": [1, 0.0], "coefficients": [0.0081, -2.2e-05, 1.1e-08]}

(the first two lines here are one). paths names the paths in the order of an ntn_channel's list. A piece is
the travel time sum_k coefficients[k] (t - start)^k in s, t the system time of reception; start is a pair of
whole seconds (integer, counted from epoch_utc, of any sign) and a fraction in [0, 1). It holds until the
path's next piece, which begins later; the last holds without end, but is good to `end` only (optional). Other
fields are passed over.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from .ntnpos_python import delay_segment, instant, trajectory

SCHEMA = "ntnpos.trajectories/1"
MOST_PATHS = 4096
MAX_LINE = 1 << 20


class TrajectoryError(ValueError):
    """A trajectory file that cannot be used; its text is one line: file, line and field, problem, what is
    allowed."""

    def __init__(self, file: str | os.PathLike, field: str, problem: str, allowed: str):
        super().__init__(f"{os.fspath(file)}: {field}: {problem}; allowed: {allowed}")


@dataclass(frozen=True)
class Trajectories:
    """A trajectory file's content."""

    epoch_utc: str
    """From which its times count."""
    paths: tuple[str, ...]
    """Names, one for each of `delays`."""
    delays: tuple[trajectory, ...]
    end: instant | None = None
    """The last pieces are good until then; None: not said."""


def read_trajectories(path: str | os.PathLike) -> Trajectories:
    """The delays in a file.

    Raises
    ------
    TrajectoryError
        The file cannot be read, or something in it is wrong.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return _read(path, file)
    except OSError as error:
        raise TrajectoryError(path, "file", f"cannot be read ({error.strerror})", "a readable file") from None
    except UnicodeDecodeError:
        raise TrajectoryError(path, "file", "is not UTF-8 text", "JSON Lines") from None


def write_trajectories(path: str | os.PathLike, content: Trajectories) -> None:
    """Write a file that `read_trajectories` gives back bit for bit. Raises OSError where it cannot be
    written."""
    head = {
        "type": "trajectories",
        "schema": SCHEMA,
        "epoch_utc": content.epoch_utc,
        "paths": list(content.paths),
    }
    if content.end is not None:
        head["end"] = [content.end.full_s, content.end.frac_s]
    lines = [head]
    for number, delay in enumerate(content.delays):
        for piece in delay.segments:
            start = [piece.start.full_s, piece.start.frac_s]
            lines.append({"path": number, "start": start, "coefficients": list(piece.coefficients)})
    Path(path).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


class _Line:
    """One line's fields by name and type."""

    def __init__(self, file, number: int, text: str):
        self.file, self.number = file, number
        if len(text) > MAX_LINE:
            raise TrajectoryError(file, f"line {number}", "is too long", f"up to {MAX_LINE} characters")
        try:
            self.value = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError):
            self.value = None
        if not isinstance(self.value, dict):
            raise TrajectoryError(
                file, f"line {number}", "is not a JSON object of finite numbers", "JSON Lines"
            )

    def error(self, field: str, allowed: str) -> TrajectoryError:
        shown = json.dumps(self.value[field]) if field in self.value else "is missing"
        return TrajectoryError(
            self.file,
            f"line {self.number}: {field}",
            shown if len(shown) <= 60 else shown[:57] + "...",
            allowed,
        )

    def instant(self, field: str) -> instant:
        allowed = "[whole seconds, fraction in [0, 1)]"
        value = self.value.get(field)
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not _is_integer(value[0])
            or not _is_number(value[1])
        ):
            raise self.error(field, allowed)
        if not (abs(value[0]) <= 2**53 and 0 <= value[1] < 1):
            raise self.error(field, allowed)
        return instant(value[0], float(value[1]))

    def piece(self) -> delay_segment:
        start, values = self.instant("start"), self.value.get("coefficients")
        if not isinstance(values, list) or not 1 <= len(values) <= 8 or not all(map(_is_number, values)):
            raise self.error("coefficients", "1 to 8 finite numbers: s, s/s, s/s^2, ...")
        return delay_segment(start, [float(v) for v in values])


def _refuse(name: str):
    raise ValueError(name)


def _is_integer(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value) -> bool:
    return (
        _is_integer(value) and abs(value) < 2**1000 or isinstance(value, float) and abs(value) != float("inf")
    )


def _read(path, file) -> Trajectories:
    # A line is read to one more than its limit, so that a file of one endless line is not read whole.
    lines = enumerate(iter(lambda: file.readline(MAX_LINE + 1), ""), 1)
    number, text = next(lines, (1, "{}"))
    head = _Line(path, number, text)
    if head.value.get("schema") != SCHEMA:
        raise head.error("schema", f'"{SCHEMA}"')
    epoch, names = head.value.get("epoch_utc"), head.value.get("paths")
    if not isinstance(epoch, str):
        raise head.error("epoch_utc", "UTC as 2025-10-07T18:00:00Z")
    if (
        not isinstance(names, list)
        or not 1 <= len(names) <= MOST_PATHS
        or not all(isinstance(n, str) for n in names)
    ):
        raise head.error("paths", f"1 to {MOST_PATHS} names")
    end = head.instant("end") if head.value.get("end") is not None else None
    pieces: list[list[delay_segment]] = [[] for _ in names]
    for number, text in lines:
        if not text.strip():
            continue
        line = _Line(path, number, text)
        which = line.value.get("path")
        if not _is_integer(which) or not 0 <= which < len(names):
            raise line.error("path", f"0..{len(names) - 1}")
        piece = line.piece()
        if pieces[which] and not pieces[which][-1].start < piece.start:
            raise line.error("start", "later than the start of the path's piece before")
        pieces[which].append(piece)
    for which, found in enumerate(pieces):
        if not found:
            raise TrajectoryError(
                path, f"path {which}", "has no piece", "at least one line for each of paths"
            )
    return Trajectories(epoch, tuple(names), tuple(trajectory(found) for found in pieces), end)
