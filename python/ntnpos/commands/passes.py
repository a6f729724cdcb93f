# SPDX-License-Identifier: GPL-3.0-or-later
"""`passes --place LAT,LON`: when satellites rise, culminate and set over a place, as JSON Lines, a table and a sky plot.

Exit status (contract section 4): 0 there is a pass; 1 there is none, the last line says why; 2 bad usage or bad input.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..world.elements import MAX_AGE_DAYS, SHIPPED, SHIPPED_TIME, load_tle_file, shipped_elements
from ..world.frames import geodetic_to_ecef
from ..world.orbits import TleOrbit
from ..world.passes import SEARCHED_S, Pass, passes, track
from ..world.timebase import SECONDS_PER_DAY, Epoch
from .arguments import Parser, guarded, number, place, utc

_SHOWN = 25

EXAMPLE = """examples:
  ./ntnpos passes --place 55.70,13.19 --hours 1
  ./ntnpos passes --place -33.92,18.42 --at 2025-10-07T06:00:00Z --elements MY.tle --min-elevation-deg 40 -o out/sky
"""


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(prog="ntnpos passes", epilog=EXAMPLE,
                   description="Passes of satellites over a place: one line (JSON) a pass on stdout and one for the "
                               "whole, a table on stderr, a sky plot as PNG. Exit status 1 where there is none.")
    found.add_argument("--place", type=place, required=True, metavar="LAT,LON", help="degrees")
    found.add_argument("--height-m", type=number(-1e3, 1e5), default=0.0, help="height above WGS-84 (default 0)")
    found.add_argument("--at", type=utc, default=Epoch.parse(SHIPPED_TIME), metavar="UTC",
                       help=f"start of the span (default {SHIPPED_TIME}, where the shipped elements are good)")
    found.add_argument("--hours", type=number(0.0, 72.0, above=True), default=1.5, metavar="H",
                       help="length of the span (default 1.5 h, about one turn)")
    found.add_argument("--elements", metavar="FILE",
                       help="two-line elements, three lines a satellite (default: the shipped ones, Starlink shell 1 "
                            "and OneWeb)")
    found.add_argument("--min-elevation-deg", type=number(0.0, 90.0), default=25.0, metavar="E",
                       help="a pass begins and ends here (default 25)")
    found.add_argument("--frequency-hz", type=number(1e6, 1e12), default=2e9,
                       help="carrier of the Doppler (default 2e9)")
    found.add_argument("-o", "--output", default="out/passes", metavar="DIR",
                       help="where sky.png goes (default out/passes)")
    return found


def elements_of(file: str | None, at: Epoch) -> list[tuple[str, str, str]]:
    """Elements of a file, or the shipped ones, that are young enough at an instant; InputError where none is."""
    elements = load_tle_file(file) if file else [e for name in SHIPPED for e in shipped_elements(name)]
    ages = [abs(TleOrbit(line1, line2, at).elements_age_s) / SECONDS_PER_DAY for _, line1, line2 in elements]
    young = [e for e, age in zip(elements, ages) if age <= MAX_AGE_DAYS]
    if not young:
        raise InputError(file or "shipped elements", "epoch", f"the youngest are {min(ages):.0f} days from {at.iso()}",
                         f"up to {MAX_AGE_DAYS:g} days for SGP4")
    if len(young) < len(elements):
        print(f"{len(elements) - len(young)} elements are older than {MAX_AGE_DAYS:g} days and left out",
              file=sys.stderr)
    return young


def line_of(found: Pass, at: Epoch, frequency_hz: float) -> dict[str, Any]:
    """A pass as its line has it."""
    def moment(t_s: float | None) -> str | None:
        return None if t_s is None else at.plus(round(t_s, 3)).iso()

    return {"type": "pass", "schema": "ntnpos.pass/1", "satellite": found.satellite,
            "rise_utc": moment(found.rise_s), "rise_azimuth_deg": found.rise_azimuth_deg,
            "culmination_utc": moment(found.culmination_s), "culmination_azimuth_deg": found.culmination_azimuth_deg,
            "max_elevation_deg": found.max_elevation_deg, "range_m": found.range_m,
            "set_utc": moment(found.set_s), "set_azimuth_deg": found.set_azimuth_deg,
            "max_doppler_hz": found.max_rate * frequency_hz, "frequency_hz": frequency_hz}


def table(found: list[Pass], at: Epoch) -> str:
    """For people: the highest passes, in the order of time."""
    shown = sorted(sorted(found, key=lambda p: -p.max_elevation_deg)[:_SHOWN], key=lambda p: p.culmination_s)

    def clock(t_s: float | None) -> str:
        return "   -    " if t_s is None else f"{at.plus(t_s).utc:%H:%M:%S}"

    def degrees(value: float | None) -> str:
        return "   -" if value is None else f"{value:3.0f}°"

    lines = [f"{'satellite':16} {'rises':8}   az  {'highest':8}   az    el  {'sets':8}   az"]
    lines += [f"{p.satellite:16} {clock(p.rise_s)} {degrees(p.rise_azimuth_deg)}  {clock(p.culmination_s)} "
              f"{degrees(p.culmination_azimuth_deg)} {p.max_elevation_deg:4.0f}°  "
              f"{clock(p.set_s)} {degrees(p.set_azimuth_deg)}"
              for p in shown]
    if len(found) > len(shown):
        lines.append(f"... the {_SHOWN} highest of {len(found)}; all are on stdout")
    return "\n".join(lines)


def draw(path: Path, found: list[Pass], ue: np.ndarray, title: str, at: Epoch, span_s: float) -> None:
    """The sky plot of the highest passes."""
    from .. import plots  # matplotlib is slow to import and needed only now

    tracks = []
    for p in sorted(found, key=lambda p: -p.max_elevation_deg)[:plots.MOST_TRACKS]:
        start = -SEARCHED_S if p.rise_s is None else p.rise_s
        stop = span_s + SEARCHED_S if p.set_s is None else p.set_s
        name = f"{p.satellite}, {at.plus(p.culmination_s).utc:%H:%M:%S}, {p.max_elevation_deg:.0f}°"
        tracks.append(plots.TrackEntry(name, *track(p.orbit, ue, start, stop)))
    plots.sky_tracks(path, title, tracks, len(found))


def run(arguments) -> int:
    """Print passes; exit status."""
    output = Path(arguments.output)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(output, "-o", error.strerror or str(error), "a folder that can be written") from None
    at, span_s = arguments.at, 3600.0 * arguments.hours
    elements = elements_of(arguments.elements, at)
    ue = geodetic_to_ecef(*arguments.place, arguments.height_m)
    print(f"{len(elements)} satellites over {arguments.hours:g} h from {at.iso()} ...", file=sys.stderr)
    found = passes(elements, at, ue, span_s, arguments.min_elevation_deg)
    for p in found:
        print(json.dumps(line_of(p, at, arguments.frequency_hz)))
    if not found:
        print(json.dumps({"type": "passes", "count": 0, "picture": None,
                          "reason": f"none of {len(elements)} satellites rises above {arguments.min_elevation_deg:g} "
                                    f"degrees in {arguments.hours:g} h from {at.iso()}"}))
        return 1
    print(table(found, at), file=sys.stderr)
    picture = output / "sky.png"
    latitude, longitude = arguments.place
    title = (f"Passes above {arguments.min_elevation_deg:g}° over {abs(latitude):.2f}°{'N' if latitude >= 0 else 'S'} "
             f"{abs(longitude):.2f}°{'E' if longitude >= 0 else 'W'}, {arguments.hours:g} h from {at.iso()}")
    draw(picture, found, ue, title, at, span_s)
    print(json.dumps({"type": "passes", "count": len(found), "picture": str(picture)}))
    return 0


def main(argv: list[str]) -> int:
    """Run the command; its exit status."""
    arguments = parser().parse_args(argv)
    return guarded(lambda: run(arguments))
