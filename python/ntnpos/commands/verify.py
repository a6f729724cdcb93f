# SPDX-License-Identifier: GPL-3.0-or-later
"""`verify MEASUREMENTS.jsonl --assistance FILE --claim LAT,LON[,HEIGHT_M] --level 1|2`: one verdict line.

Exit status (contract section 4): 0 a verdict, be it inconclusive; 1 nothing was measured that it could come
from, the line says so; 2 bad usage or bad input, one line on stderr."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from ..errors import InputError
from ..lmf.area import Area, load_area
from ..lmf.claim import Claim, Thresholds
from ..lmf.verification import Verdict, verify
from ..network.assistance import Assistance, load_assistance
from ..network.measurements import Measurement, read_measurements
from ..position.rows import Height
from .arguments import Parser, add_height, guarded, height_of, number
from .solve import check_satellites

EXAMPLE = """examples:
  ./ntnpos verify rtt.jsonl --assistance assistance.json --claim 48.0,11.0,500 --level 1
  ./ntnpos verify rtt.jsonl --assistance assistance.json --claim 48.0,11.0,500 --level 2 --radius-km 5 \\
      --plot out/verdict.png
  ./ntnpos verify rtt.jsonl --assistance assistance.json --claim 48.0,11.0 --level 2 \\
      --height-m 500 --height-std-m 30 --area germany.geojson
"""


def claimed(text: str) -> tuple[float, ...]:
    """Argument type: ``LAT,LON`` or ``LAT,LON,HEIGHT_M``."""
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    good = (
        len(found) in (2, 3)
        and all(map(math.isfinite, found))
        and abs(found[0]) <= 90.0
        and abs(found[1]) <= 180.0
    )
    if not good or (len(found) == 3 and not -1e3 <= found[2] <= 1e5):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not LAT,LON[,HEIGHT_M]: -90 to 90, -180 to 180 degrees, -1000 to 100000 m"
        )
    return found


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(
        prog="ntnpos verify",
        epilog=EXAMPLE,
        description="Whether measurements bear out where a device says it is: one verdict line (JSON).",
    )
    found.add_argument("measurements", type=Path, help="JSON Lines of measurements")
    found.add_argument(
        "--assistance", type=Path, required=True, help="assistance data that the measurements belong to"
    )
    found.add_argument(
        "--claim",
        type=claimed,
        required=True,
        metavar="LAT,LON[,HEIGHT_M]",
        help="the claimed place; without a height, the assistance data's prior and its deviation",
    )
    found.add_argument(
        "--level",
        type=int,
        choices=(1, 2),
        required=True,
        help="1: a veto by delays; 2: the network's own position",
    )
    default = Thresholds()
    found.add_argument(
        "--radius-km",
        type=number(0.0, 2e4, above=True),
        default=default.radius_m / 1e3,
        help=f"level 2: the device is to be within this of the claim (default {default.radius_m / 1e3:g})",
    )
    found.add_argument(
        "--threshold-ns",
        type=number(0.0, 1e9, above=True),
        default=1e9 * default.rtt_s,
        help=f"level 1: largest difference of a delay (default {1e9 * default.rtt_s:g})",
    )
    found.add_argument(
        "--claim-std-m",
        type=number(0.0, 1e6),
        default=0.0,
        help="standard deviation of the claim's east and north each (default 0)",
    )
    found.add_argument(
        "--area", type=Path, metavar="FILE", help="level 2: GeoJSON polygons that the device must be in"
    )
    found.add_argument("--plot", type=Path, metavar="FILE", help="write a map (PNG)")
    add_height(found)
    return found


def main(argv: list[str]) -> int:
    """Run the command; returns its exit status."""
    options = parser()
    arguments = options.parse_args(argv)
    height_m, height_std_m = height_of(options, arguments)
    if arguments.area is not None and arguments.level == 1:
        options.error("--area needs --level 2")

    def work() -> int:
        assistance = load_assistance(arguments.assistance)
        measurements = read_measurements(arguments.measurements)
        check_satellites(arguments.measurements, measurements, assistance)
        height = None if height_m is None else Height(height_m, height_std_m)
        claim = _claim(arguments.claim, arguments.claim_std_m, height, assistance)
        thresholds = Thresholds(rtt_s=1e-9 * arguments.threshold_ns, radius_m=1e3 * arguments.radius_km)
        area = None if arguments.area is None else load_area(arguments.area)
        verdict = verify(measurements, assistance, claim, arguments.level, thresholds, height, area)
        if arguments.plot is not None:
            _draw(arguments.plot, verdict, measurements, assistance, area)
        print(verdict.to_json())
        return 0 if verdict.measured else 1

    return guarded(work)


def _claim(place: tuple[float, ...], std_m: float, height: Height | None, assistance: Assistance) -> Claim:
    """The claim; a height that it does not have is the network's own, with its deviation."""
    if len(place) == 3:
        return Claim(*place, horizontal_std_m=std_m)
    prior = assistance.ue_prior
    known = Height(prior.height_m, prior.height_sigma_m) if height is None else height
    return Claim(*place, known.height_m, std_m, known.std_m)


def _draw(
    path: Path, verdict: Verdict, measurements: list[Measurement], assistance: Assistance, area: Area | None
) -> None:
    """The picture; InputError where it cannot be written."""
    from .. import claim_map  # matplotlib is slow to import and needed only now

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        claim_map.draw(path, verdict, measurements, assistance, area)
    except OSError as error:
        raise InputError(path, "--plot", error.strerror or str(error), "a file that can be written") from None
