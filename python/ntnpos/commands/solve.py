# SPDX-License-Identifier: GPL-3.0-or-later
"""`solve MEASUREMENTS.jsonl --assistance FILE [--height-m H --height-std-m S]`: one batch of any kinds, one fix line.

Exit status (contract section 4): 0 a place, or all places that fit; 1 no result, the fix line says why; 2 bad
usage or bad input, one line on stderr. """

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..network.assistance import Assistance, load_assistance
from ..network.measurements import Measurement, from_json_line, read_measurements
from ..position import solve
from .arguments import Parser, add_height, guarded, height_of


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(prog="ntnpos solve",
                    description="Position of one receiver at rest from its measurement lines.")
    found.add_argument("measurements", type=Path, help="JSON Lines of TOA measurements")
    found.add_argument("--assistance", type=Path, required=True,
                       help="assistance data that the measurements belong to")
    add_height(found)
    return found


def main(argv: list[str]) -> int:
    """Run the command; returns its exit status."""
    options = parser()
    arguments = options.parse_args(argv)
    height_m, height_std_m = height_of(options, arguments)

    def work() -> int:
        assistance = load_assistance(arguments.assistance)
        measurements = read_measurements(arguments.measurements)
        check_satellites(arguments.measurements, measurements, assistance)
        fix = solve(measurements, assistance, height_m, height_std_m)
        print(fix.to_json())
        return 0 if fix.estimate is not None else 1

    return guarded(work)


def check_satellites(path: Path, measurements: list[Measurement], assistance: Assistance) -> None:
    """InputError naming the line of the first measurement that this command cannot use."""
    for index, row in enumerate(measurements):
        if row.satellite not in assistance.ids:
            raise InputError(path, f"line {_line(path, index)}: satellite",
                             f"{row.satellite!r} is not in {assistance.path}", "an id of the assistance data")


def _line(path: Path, index: int) -> int:
    """Number of the line that holds the measurement of that index."""
    with open(path, encoding="utf-8") as file:
        numbers = [number for number, line in enumerate(file, 1)
                   if line.strip() and from_json_line(line, path, number) is not None]
    return numbers[index]
