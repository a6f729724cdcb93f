# SPDX-License-Identifier: GPL-3.0-or-later
"""Two-line element sets as text: checking, files, and the sets shipped with the engine."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from ..errors import InputError, describe

_EXP = r"[ +-][ \d]{5}[ +-]\d"
_CATALOGUE = r"[ \dA-Z][ \d]{4}"
_LINE1 = re.compile(rf"1 ({_CATALOGUE})[A-Z ] .{{8}} ([ \d]\d[ \d]{{3}}\.\d{{8}}) [ +-]\.[\d ]{{8}} "
                    rf"{_EXP} {_EXP} [\d ] [ \d]{{4}}\d")
_LINE2 = re.compile(rf"2 ({_CATALOGUE}) ([ \d]{{3}}\.\d{{4}}) ([ \d]{{3}}\.\d{{4}}) (\d{{7}}) "
                    rf"([ \d]{{3}}\.\d{{4}}) ([ \d]{{3}}\.\d{{4}}) ([ \d]{{2}}\.\d{{8}})[ \d]{{5}}\d")
SHIPPED = ("starlink_shell1", "oneweb")
SHIPPED_TIME = "2025-10-07T18:00:00Z"
"""About the median epoch of the shipped elements."""
MAX_AGE_DAYS = 14.0
"""SGP4 goes astray by 1 to 3 km a day; what promises a real sky refuses older elements."""


def checksum(line: str) -> int:
    """Checksum digit of an element line: digits summed, a minus counts 1, modulo 10 (columns 1 to 68)."""
    return sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10


def line_problem(line: object, number: int) -> tuple[str, str] | None:
    """What is wrong with element line `number` (1 or 2): (problem, allowed), or None where it is well
    formed."""
    if not isinstance(line, str):
        return f"{describe(line)} is not text", "a line of 69 characters"
    if len(line) != 69 or not line.isascii():
        return f"has {len(line)} characters" if line.isascii() else "has characters outside ASCII", \
            "a line of 69 ASCII characters"
    if line[:2] != f"{number} ":
        return f"begins with {describe(line[:2])}", f"'{number} '"
    match = (_LINE1 if number == 1 else _LINE2).fullmatch(line)
    if match is None:
        return "is not in the columns of a two-line element set", "the format of CelesTrak and Space-Track"
    if int(line[68]) != checksum(line):
        return f"checksum digit {line[68]} does not match its line", str(checksum(line))
    if number == 2:
        return _range_problem(match)
    return None


def _range_problem(match: re.Match) -> tuple[str, str] | None:
    numbers = (float(text.replace(" ", "0")) for text in match.groups()[1:])
    inclination, node, _, perigee, anomaly, motion = numbers
    if inclination > 180.0:
        return f"inclination {inclination}", "0 to 180 degrees"
    for name, angle in (("node", node), ("argument of perigee", perigee), ("mean anomaly", anomaly)):
        if angle > 360.0:
            return f"{name} {angle}", "0 to 360 degrees"
    if not 0.05 <= motion <= 18.0:
        return f"mean motion {motion}", "0.05 to 18 revolutions a day"
    return None


def pair_problem(line1: str, line2: str) -> tuple[str, str] | None:
    """What is wrong with two lines, each well formed, as a pair: (problem, allowed), or None."""
    if line1[2:7] != line2[2:7]:
        return f"catalogue number {line2[2:7]} differs from line 1", line1[2:7]
    return None


def load_tle_file(path: str | Path) -> list[tuple[str, str, str]]:
    """Element sets of a file of three lines each (name, line 1, line 2), every line checked.

    Returns
    -------
    list of (name, line1, line2)

    Raises
    ------
    InputError
        If the file cannot be read, is empty, or a line is wrong (the field is ``line N``).
    """
    try:
        text = Path(path).read_text(encoding="ascii")
    except OSError as error:
        raise InputError(path, "file", f"cannot be read ({error.strerror})", "a readable file") from None
    except UnicodeDecodeError:
        raise InputError(path, "file", "is not ASCII text", "two-line element sets") from None
    lines = [(i, line.rstrip()) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines or len(lines) % 3:
        raise InputError(path, "file", f"has {len(lines)} lines",
                         "three lines a satellite: name, line 1, line 2")
    sets = []
    for (_, name), (i1, line1), (i2, line2) in zip(lines[::3], lines[1::3], lines[2::3]):
        for i, problem in ((i1, line_problem(line1, 1)), (i2, line_problem(line2, 2))):
            if problem:
                raise InputError(path, f"line {i}", *problem)
        if problem := pair_problem(line1, line2):
            raise InputError(path, f"line {i2}", *problem)
        sets.append((name.strip(), line1, line2))
    return sets


def shipped_elements(name: str = "starlink_shell1") -> list[tuple[str, str, str]]:
    """Element sets shipped with the engine, one of `SHIPPED` (see the readme beside each in
    ``ntnpos/data``)."""
    if name not in SHIPPED:
        raise InputError("elements", "name", describe(name), ", ".join(SHIPPED))
    with resources.as_file(resources.files("ntnpos.data") / f"{name}.tle") as path:
        return load_tle_file(path)
