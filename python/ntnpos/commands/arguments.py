# SPDX-License-Identifier: GPL-3.0-or-later
"""Command-line parsing shared by all subcommands: complaints are one line, numbers have ranges."""

from __future__ import annotations

import argparse
import math
import re
import sys
from typing import Callable

from ..errors import InputError
from ..world.timebase import Epoch

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
