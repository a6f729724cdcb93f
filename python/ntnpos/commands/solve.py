# SPDX-License-Identifier: GPL-3.0-or-later
"""`solve MEASUREMENTS.jsonl --assistance FILE [--height-m H --height-std-m S]`: one batch of any kinds, one
fix line.

Exit status (contract section 4): 0 a place, or all places that fit; 1 no result, the fix line says why; 2 bad
usage or bad input, one line on stderr. """

from __future__ import annotations

import sys
from pathlib import Path

from ..errors import InputError
from ..network.assistance import Assistance, load_assistance
from ..network.measurements import Measurement, from_json_line, read_measurements
from ..position import Fix, solve
from ..position.ground_lines import ground_lines
from .arguments import Parser, add_height, guarded, height_of, number


EXAMPLE = """examples:
  ./ntnpos solve MEASUREMENTS.jsonl --assistance assistance.json --height-m 60 --height-std-m 5
  ./ntnpos solve MEASUREMENTS.jsonl --assistance assistance.json --speed-std-m-s 30 --plot fix.png
"""


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(
        prog="ntnpos solve",
        epilog=EXAMPLE,
        description="Position of one UE from its measurement lines of any kinds (toa, rtt, ue_rx_tx with "
        "gnb_rx_tx, ul_rtoa, range_rate, aoa), mixed as they come. Prints one fix line, with all places that "
        "fit. "
        "Exit status 1 where there is none.",
    )
    found.add_argument("measurements", type=Path, help="JSON Lines of measurements")
    found.add_argument("--assistance", type=Path, required=True,
                       help="assistance data that the measurements belong to")
    add_height(found)
    found.add_argument(
        "--speed-std-m-s",
        type=number(0.0, 1e4, above=True),
        metavar="V",
        help="the UE may move, each component of its velocity within V (1 sigma; default: at rest)",
    )
    found.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="picture (PNG): each measurement's line on the ground, the places that fit, their uncertainty",
    )
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
        fix = solve(measurements, assistance, height_m, height_std_m, speed_std_m_s=arguments.speed_std_m_s)
        if arguments.plot is not None:
            _draw(arguments.plot, measurements, assistance, fix)
        print(fix.to_json())
        return 0 if fix.estimate is not None else 1

    return guarded(work)


def _draw(path: Path, measurements: list[Measurement], assistance: Assistance, fix: Fix) -> None:
    """The picture; measurements of which none makes a line have none."""
    from .. import fix_map  # matplotlib is slow to import and needed only now

    lines = ground_lines(measurements, assistance, fix)
    if lines is None:
        print("no picture: no measurement makes a line on the ground", file=sys.stderr)
        return
    try:
        fix_map.draw(path, lines, fix)
    except OSError as error:
        raise InputError(path, "--plot", error.strerror or str(error), "a file that can be written") from None


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
