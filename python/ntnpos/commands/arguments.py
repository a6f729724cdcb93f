# SPDX-License-Identifier: GPL-3.0-or-later
"""Command-line parsing shared by all subcommands: complaints are one line, numbers have ranges."""

from __future__ import annotations

import argparse
import math
import re
import sys
from typing import Callable

from ..errors import InputError
from ..position.rows import LEAST_HEIGHT_STD_M
from ..world.timebase import Epoch

DEFAULT_HEIGHT_STD_M = 1.0

_NEGATIVE = re.compile(r"-\.?\d")


class Parser(argparse.ArgumentParser):
    """Argument parser whose complaints are one line on stderr and exit status 2."""

    def __init__(self, **keywords):
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **keywords)

    def parse_known_args(self, args=None, namespace=None):
        """See `argparse.ArgumentParser.parse_known_args`; a southern ``--place -33.9,18.4`` is a value, no option."""
        joined: list[str] = []
        for argument in sys.argv[1:] if args is None else args:
            if _NEGATIVE.match(argument) and joined and joined[-1].startswith("--") and "=" not in joined[-1]:
                joined[-1] += "=" + argument
            else:
                joined.append(argument)
        return super().parse_known_args(joined, namespace)

    def error(self, message: str):
        """See `argparse.ArgumentParser.error`."""
        usage = " ".join(self.format_usage().split()[1:])
        self.exit(2, f"{self.prog}: {message}; allowed: {usage}\n")


def number(low: float, high: float, above: bool = False) -> Callable[[str], float]:
    """Argument type: a finite number from `low` (or above it) to `high`."""
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high or (above and value == low):
            start = "above" if above else "from"
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {start} {low:g} to {high:g}")
        return value
    return read


def add_height(found: Parser) -> None:
    """The options of a receiver whose height is known; `height_of` reads them."""
    found.add_argument("--height-m", type=number(-1e3, 1e5), help="height above WGS-84, where known")
    found.add_argument("--height-std-m", type=number(LEAST_HEIGHT_STD_M, 1e5),
                       help=f"its standard deviation (default {DEFAULT_HEIGHT_STD_M:g} m)")


def height_of(found: Parser, arguments: argparse.Namespace) -> tuple[float | None, float]:
    """Height, if it is known, and its standard deviation; a deviation without a height ends the command."""
    if arguments.height_std_m is not None and arguments.height_m is None:
        found.error("--height-std-m needs --height-m")
    return arguments.height_m, arguments.height_std_m or DEFAULT_HEIGHT_STD_M


def place(text: str) -> tuple[float, float]:
    """Argument type: ``LAT,LON`` in degrees."""
    parts = text.split(",")
    try:
        latitude, longitude = (float(part) for part in parts)
    except ValueError:
        latitude = longitude = math.nan
    if not (abs(latitude) <= 90.0 and abs(longitude) <= 180.0):
        raise argparse.ArgumentTypeError(f"{text!r} is not LAT,LON in degrees, -90 to 90 and -180 to 180")
    return latitude, longitude


def utc(text: str) -> Epoch:
    """Argument type: UTC time."""
    try:
        return Epoch.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is {error}") from None


def guarded(run: Callable[[], int]) -> int:
    """Exit status of a command's work; wrong input is one line on stderr and status 2.

    A reader that goes away (``| head``) ends the command quietly with status 1, an interrupt with 130.
    """
    try:
        return run()
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The interpreter would complain once more when it flushes the dead stream.
        sys.stdout = open("/dev/null", "w")
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
