# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos trajectory`: travel times of a satellite, or of all of a scenario's, as a file for the channel
block.

Exit status (contract section 4): 0 the file is written; 2 bad usage or bad input.
"""

from __future__ import annotations

import json
from typing import Any

from gnuradio import ntnpos

from ntnpos.commands.arguments import Parser, guarded, number, place, utc
from ntnpos.errors import InputError
from ntnpos.scenario import load_scenario
from ntnpos.world.constants import C_M_S
from ntnpos.world.elements import SHIPPED_TIME
from ntnpos.world.frames import geodetic_to_ecef
from ntnpos.world.one_satellite import reception
from ntnpos.world.timebase import Epoch

from . import convert
from .scenario import find, scene_of
from .simulate import travel_time
from .trajectories import delay_segments

EXAMPLE = """examples:
  ./ntnpos trajectory --satellite STARLINK-2420 --place 52.52,13.40 --begin rise -o out/pass.jsonl
  ./ntnpos trajectory --satellite 44714 --elements MY.tle --place -33.92,18.42 --at 2025-10-07T06:10:00Z -o out/pass.jsonl
  ./ntnpos trajectory --scenario walker-starlink -o out/walker.jsonl
In GNU Radio Companion: NTN Channel, "Delays from file".
"""
MARGIN_S = 0.5
"""Of the pieces before and after what is asked for, so that a receiver's clock may be off."""


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(
        prog="ntnpos trajectory",
        epilog=EXAMPLE,
        description="Travel time from a satellite of an element file to a place while it is up, or from every "
        "satellite of a scenario (elements, state vectors, Walker) during its reception, as pieces of "
        "polynomials (docs/wire-format.md). One line (JSON) on stdout.",
    )
    found.add_argument("--satellite", metavar="NAME", help="name or catalogue number")
    found.add_argument(
        "--elements",
        default="",
        metavar="FILE",
        help="two-line elements, three lines a satellite (default: the shipped ones)",
    )
    found.add_argument("--place", type=place, metavar="LAT,LON", help="degrees")
    found.add_argument(
        "--height-m", type=number(-1e3, 1e5), default=0.0, help="height above WGS-84 (default 0)"
    )
    found.add_argument(
        "--at",
        type=utc,
        default=Epoch.parse(SHIPPED_TIME),
        metavar="UTC",
        help=f"when it starts, and the epoch of the file's times (default {SHIPPED_TIME})",
    )
    found.add_argument(
        "--begin",
        choices=("start", "rise"),
        default="start",
        help="at that time, or when the satellite rises next (default start)",
    )
    found.add_argument(
        "--duration-s",
        type=number(0.0, 86400.0),
        default=0.0,
        metavar="S",
        help="how long (default 0: until it sets)",
    )
    found.add_argument(
        "--scenario", metavar="SCENARIO", help="a YAML file or a name of the library, in place of the above"
    )
    found.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write")
    return found


def of_satellite(arguments) -> ntnpos.Trajectories:
    """The delays of one satellite."""
    ue = geodetic_to_ecef(*arguments.place, arguments.height_m)
    sky = reception(
        arguments.satellite,
        arguments.elements,
        arguments.at,
        ue,
        from_rise=arguments.begin == "rise",
        duration_s=arguments.duration_s,
    )
    segments = delay_segments(sky.orbit, lambda t: ue, sky.start_s - MARGIN_S, sky.stop_s + MARGIN_S)
    return ntnpos.Trajectories(
        sky.epoch.iso(), (sky.satellite,), (convert.trajectory(segments),), convert.instant(sky.stop_s)
    )


def of_scenario(name: str) -> ntnpos.Trajectories:
    """The delays of a scenario's satellites, in its order."""
    scenario = load_scenario(find(name))
    scene = scene_of(scenario)
    start = scene.system_start_s
    stop = start + scenario.duration_s
    delays = tuple(
        convert.trajectory(travel_time(scene.transmitter(i).orbit, scene, start - MARGIN_S, stop + MARGIN_S))
        for i in range(len(scenario.satellites))
    )
    return ntnpos.Trajectories(
        scenario.epoch.iso(), tuple(s.id for s in scenario.satellites), delays, convert.instant(stop)
    )


def written(content: ntnpos.Trajectories, path: str) -> dict[str, Any]:
    """Write the file; what it is, as a dictionary."""
    try:
        ntnpos.write_trajectories(path, content)
    except OSError as error:
        raise InputError(path, "-o", error.strerror or str(error), "a file that can be written") from None
    first = content.delays[0].segments[0].start
    return {
        "type": "trajectories",
        "file": path,
        "epoch_utc": content.epoch_utc,
        "paths": list(content.paths),
        "start_s": first.full_s + first.frac_s,
        "end_s": content.end.full_s + content.end.frac_s,
        "pieces": sum(len(d.segments) for d in content.delays),
        "first_range_m": [C_M_S * d.segments[0].coefficients[0] for d in content.delays],
    }


def main(argv: list[str]) -> int:
    """Run the command; its exit status."""
    options = parser()
    arguments = options.parse_args(argv)
    if (arguments.scenario is None) == (arguments.satellite is None):
        options.error("either --satellite or --scenario is required")
    if arguments.satellite is not None and arguments.place is None:
        options.error("--satellite needs --place")

    def work() -> int:
        content = of_scenario(arguments.scenario) if arguments.scenario else of_satellite(arguments)
        print(json.dumps(written(content, arguments.output)), flush=True)
        return 0

    return guarded(work)
