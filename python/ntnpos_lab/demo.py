# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos demo`: real satellites over a place, their PRS through channel and receiver here, the engine in another
process, the position beside the truth and the bound."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ntnpos.commands.arguments import Parser, guarded, number, place, utc
from ntnpos.errors import InputError
from ntnpos.network.assistance import Assistance
from ntnpos.network.measurements import Measurement, from_json_line
from ntnpos.network.search_windows import search_windows
from ntnpos.position.geometry import Bound, cramer_rao, to_local
from ntnpos.position.timing import doppler_bound_hz, toa_bound_s
from ntnpos.world.timebase import Epoch

from . import convert
from .engine_process import ANSWER_S, Engine
from .receive import Receiver, ReceiverError, Running, shake_hands
from .scene import DEFAULT_TIME, Scene, against_truth, elements_for, local_error, real_scene
from .simulate import Downlink

DEFAULT_PLACE = (55.7047, 13.1910)   # Lund
SAMPLE_RATE_HZ = 7.68e6
DURATION_S = 0.5

EXAMPLE = """example:
  ./ntnpos demo --place -33.92,18.42 --at 2025-10-07T06:30:00Z -o out/cape-town
another:
  ./ntnpos demo multi-rtt        # one satellite, round trips both ways: demo multi-rtt --help
"""


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(
        prog="ntnpos demo", epilog=EXAMPLE,
        description="Locates a simulated receiver from the PRS of the satellites really above it: measurement and fix lines "
                    "(JSON) on stdout as they come, progress on stderr, a picture at the end.")
    found.add_argument("--place", type=place, default=DEFAULT_PLACE, metavar="LAT,LON",
                       help="where the receiver is, degrees (default Lund)")
    found.add_argument("--at", type=utc, default=Epoch.parse(DEFAULT_TIME), metavar="UTC",
                       help=f"when (default {DEFAULT_TIME}, where the shipped elements are good)")
    found.add_argument("-o", "--output", default="out/demo", metavar="DIR", help="where the picture goes (default out/demo)")
    found.add_argument("--duration-s", type=number(0.02, 60.0), default=DURATION_S,
                       help=f"length of the reception (default {DURATION_S:g} s)")
    found.add_argument("--seed", type=int, default=1, help="seed of noise, clock and prior (default 1)")
    return found


def bound_of(scene: Scene, measurements: list[Measurement]) -> Bound:
    """Cramer-Rao bound of the position from these measurements at the scene's true SNR."""
    by_id = {s.id: (s, snr) for s, snr in zip(scene.assistance.satellites, scene.snr_db)}
    ideal = []
    for m in measurements:
        satellite, snr_db = by_id[m.satellite]
        carrier = scene.assistance.carrier
        ideal.append(replace(m, toa_std_s=toa_bound_s(snr_db, carrier, satellite.prs),
                             doppler_std_hz=doppler_bound_hz(snr_db, carrier, satellite.prs)))
    return cramer_rao(ideal, scene.assistance, scene.ecef_m, scene.clock.offset_s)


def stream(scene: Scene, duration_s: float, engine: Engine) -> tuple[list[Measurement], list[dict[str, Any]], Receiver]:
    """Run channel and receiver to their end; print the engine's lines; measurements, fixes and the receiver."""
    assistance: Assistance = scene.assistance
    carrier = convert.carrier(assistance.carrier, SAMPLE_RATE_HZ)
    windows = search_windows(assistance, scene.start_s, scene.start_s + duration_s)
    receiver = Receiver(Downlink(scene, carrier, duration_s), carrier, convert.signals(assistance, windows),
                        engine.address, store=True)
    measurements, fixes = [], []
    with Running(receiver):
        shake_hands(receiver, engine.heard)
        receiver.send_windows(windows)
        while (line := engine.line(ANSWER_S)) is not None:
            found = json.loads(line)
            if found["type"] == "measurement":
                measurements.append(from_json_line(line, "engine", len(measurements) + 1))
            elif found["type"] == "fix":
                fixes.append(found)
                report_progress(scene, found, measurements, duration_s)
            else:
                continue
            print(line, end="", flush=True)
    return measurements, fixes, receiver


def report_progress(scene: Scene, fix: dict[str, Any], measurements: list[Measurement], duration_s: float) -> None:
    """One line on stderr for a fix."""
    t_s = measurements[-1].t_s - scene.start_s if measurements else 0.0
    print(f"[{min(t_s, duration_s):5.2f} of {duration_s:.2f} s] {len(measurements):4d} measurements, "
          + against_truth(scene, fix), file=sys.stderr)


def draw(path: Path, scene: Scene, measurements: list[Measurement], fixes: list[dict[str, Any]], bound: Bound,
         receiver: Receiver) -> None:
    """The picture of a finished demo."""
    from ntnpos import plots  # matplotlib is slow to import and needed only now

    ok = {m.satellite: m for m in measurements if m.status == "ok"}
    last_profile = {}
    for message in receiver.messages():
        profile = convert.profile_of(message)
        if profile is not None:
            last_profile[profile[0]] = profile[1:]
    sky = [plots.SkyEntry(s.name, s.azimuth_deg, s.elevation_deg, snr, s.name in ok)
           for s, snr in zip(scene.sky, scene.snr_db)]
    profiles = [plots.ProfileEntry(m.satellite, *last_profile[m.satellite], m.toa_s, m.toa_std_s, m.snr_db)
                for m in ok.values()]

    def entry(fix: dict[str, Any]):
        error = local_error(scene, fix["ecef_m"])
        return plots.MapEntry(error[0], error[1], to_local(fix["covariance_ecef_m2"], scene.ecef_m)[:2, :2])

    placed = [entry(fix) for fix in fixes if fix["ecef_m"] is not None]
    last = placed[-1]
    error_m = np.hypot(last.east_m, last.north_m)
    title = (f"{len(ok)} satellites over {abs(scene.latitude_deg):.2f}°{'N' if scene.latitude_deg >= 0 else 'S'} "
             f"{abs(scene.longitude_deg):.2f}°{'E' if scene.longitude_deg >= 0 else 'W'} at "
             f"{scene.assistance.epoch.iso()}, position without GPS: horizontal error {error_m:.2f} m, "
             f"bound {bound.horizontal_m:.2f} m")
    plots.demo_picture(path, title, sky, profiles, plots.MapEntry(0.0, 0.0), last, placed[:-1],
                       plots.MapEntry(0.0, 0.0, bound.covariance_enu_m2[:2, :2]))


def demo(arguments) -> int:
    """Run the demo; exit status."""
    output = Path(arguments.output)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(output, "-o", error.strerror or str(error), "a folder that can be written") from None
    scene = real_scene(*arguments.place, arguments.at, elements_for(arguments.at), seed=arguments.seed)
    print(f"{len(scene.sky)} satellites stand above 25 degrees: "
          + ", ".join(f"{s.name} {s.elevation_deg:.0f}°" for s in scene.sky), file=sys.stderr)
    assistance_path = output / "assistance.json"
    assistance_path.write_text(scene.assistance.to_json())
    if len(scene.sky) < 4:
        return give_up(len(scene.sky), "four satellites are needed; choose another place or time")
    with Engine(assistance_path) as engine:
        measurements, fixes, receiver = stream(scene, arguments.duration_s, engine)
    if not fixes or fixes[-1]["ecef_m"] is None:
        return give_up(len(scene.sky), fixes[-1]["reason"] if fixes else "the engine gave no fix")
    heard = [m for m in measurements if m.status == "ok"]
    bound = bound_of(scene, heard)
    picture = output / "demo.png"
    draw(picture, scene, measurements, fixes, bound, receiver)
    error = local_error(scene, fixes[-1]["ecef_m"])
    print(f"horizontal error {np.hypot(*error[:2]):.3f} m, height error {error[2]:+.3f} m; Cramer-Rao bound "
          f"{bound.horizontal_m:.3f} m horizontally, {bound.up_m:.3f} m in height; picture: {picture}", file=sys.stderr)
    print(json.dumps({"type": "demo", "satellites": len({m.satellite for m in heard}),
                      "horizontal_error_m": float(np.hypot(*error[:2])), "height_error_m": float(error[2]),
                      "bound_horizontal_std_m": bound.horizontal_m, "bound_height_std_m": bound.up_m,
                      "picture": str(picture)}), flush=True)
    return 0


def give_up(satellites: int, reason: str) -> int:
    """Last line of a demo without a fix; exit status 1."""
    print(json.dumps({"type": "demo", "satellites": satellites, "horizontal_error_m": None,
                      "bound_horizontal_std_m": None, "picture": None, "reason": reason}), flush=True)
    return 1


def main(argv: list[str]) -> int:
    """Run the command; its exit status."""
    if argv[:1] == ["multi-rtt"]:
        from .multi_rtt import main as multi_rtt

        return multi_rtt(argv[1:])
    arguments = parser().parse_args(argv)

    def work() -> int:
        try:
            return demo(arguments)
        except ReceiverError as error:
            return give_up(0, str(error))

    return guarded(work)
