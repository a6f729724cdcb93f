# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos demo multi-rtt`: where a UE is by the round trips of one satellite's pass, on samples both ways."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from ntnpos.commands.arguments import Parser, guarded, number, place, utc
from ntnpos.errors import InputError
from ntnpos.network.assistance import Assistance, ReceiverBounds, Satellite
from ntnpos.network.measurements import Measurement
from ntnpos.network.resources import Carrier, PrsResource
from ntnpos.network.two_way import pair
from ntnpos.position import Height, cramer_rao, solve
from ntnpos.position.geometry import Bound
from ntnpos.position.timing import toa_bound_s
from ntnpos.world.frames import azimuth_elevation, ecef_to_geodetic, geodetic_to_ecef
from ntnpos.world.link_budget import LinkBudget, UplinkBudget, eirp_density_dbw_mhz
from ntnpos.world.passes import Pass, passes
from ntnpos.world.timebase import Epoch

from .scene import DEFAULT_TIME, elements_for, wrong_prior
from .two_way import TwoWay, UeClock
from .two_way_flow import measure

DEFAULT_PLACE = (55.7047, 13.1910)   # Lund
GATEWAY_EAST_DEG = 4.0
SAMPLE_RATE_HZ = 7.68e6
SEARCHED_S = 3600.0
HEIGHT_M, HEIGHT_STD_M = 50.0, 5.0
BELIEVED_SIGMA_M = 5e3
LEAST_ELEVATION_DEG, MOST_ELEVATION_DEG = 35.0, 80.0

EXAMPLE = """example:
  ./ntnpos demo multi-rtt --place -33.92,18.42 --duration-s 120 -o out/cape-town
  ./ntnpos solve out/cape-town/measurements.jsonl --assistance out/cape-town/assistance.json --height-m 50 --height-std-m 5
"""


@dataclass(frozen=True)
class Story:
    """The demo's scene: who is where, for how long, and what the network is told."""

    link: TwoWay
    orbit_pass: Pass
    assistance: Assistance
    latitude_deg: float
    longitude_deg: float
    slots: tuple[int, ...]
    """Downlink slots that are measured."""
    height_m: float
    """As the network knows it, with `HEIGHT_STD_M`."""

    def at(self, slot: int) -> TwoWay:
        """The link with the powers of that time."""
        link = self.link
        seen = link.orbit.state(slot * link.slot_s)[0]
        height_m = float(ecef_to_geodetic(seen)[2][0])
        range_m = float(azimuth_elevation(link.ue_ecef_m, seen)[2][0])
        carrier_hz, band_hz = link.carrier.frequency_hz, 12e3 * link.prs.num_rb * link.carrier.scs_khz
        down = LinkBudget(eirp_density_dbw_mhz=eirp_density_dbw_mhz(height_m))
        return replace(link, snr_dl_db=float(down.snr_db(range_m, carrier_hz)),
                       snr_ul_db=float(UplinkBudget().snr_db(range_m, carrier_hz, band_hz)))


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(
        prog="ntnpos demo multi-rtt", epilog=EXAMPLE,
        description="Locates a simulated UE by the round trips of one real satellite's pass: PRS down, SRS up, over a gateway "
                    "and a transparent payload, on samples. Measurement and fix lines (JSON) on stdout, progress on stderr, a "
                    "picture at the end.")
    found.add_argument("--place", type=place, default=DEFAULT_PLACE, metavar="LAT,LON",
                       help="where the UE is, degrees (default Lund)")
    found.add_argument("--at", type=utc, default=Epoch.parse(DEFAULT_TIME), metavar="UTC",
                       help=f"the best pass within an hour from then (default {DEFAULT_TIME})")
    found.add_argument("--gateway", type=place, metavar="LAT,LON",
                       help=f"where the gNB is (default {GATEWAY_EAST_DEG:g} degrees east of the UE)")
    found.add_argument("--duration-s", type=number(1.0, 500.0), default=200.0, help="of the pass (default 200 s)")
    found.add_argument("--every-s", type=number(0.05, 100.0), default=10.0, help="a round trip so often (default 10 s)")
    found.add_argument("--crystal-ppm", type=number(-6.0, 6.0), default=5.0, help="error of the UE's crystal (default 5)")
    found.add_argument("-o", "--output", default="out/multi-rtt", metavar="DIR",
                       help="picture, measurements and assistance data go there (default out/multi-rtt)")
    found.add_argument("--seed", type=int, default=1, help="of noise, clock and prior (default 1)")
    return found


def best_pass(elements, epoch: Epoch, ecef: np.ndarray, duration_s: float) -> Pass:
    """The highest pass of the hour that leaves the ground track to one side."""
    found = [p for p in passes(elements, epoch, ecef, SEARCHED_S, 20.0)
             if LEAST_ELEVATION_DEG <= p.max_elevation_deg <= MOST_ELEVATION_DEG and p.culmination_s > 0.5 * duration_s]
    if not found:
        raise InputError("demo", "--place, --at", "no satellite passes at "
                         f"{LEAST_ELEVATION_DEG:g} to {MOST_ELEVATION_DEG:g} degrees within an hour", "another place or time")
    return max(found, key=lambda p: p.max_elevation_deg)


def story(latitude_deg: float, longitude_deg: float, epoch: Epoch, gateway: tuple[float, float] | None, duration_s: float,
          every_s: float, crystal_ppm: float, seed: int) -> Story:
    """The scene of the demo; all that is drawn comes from the seed."""
    elements = elements_for(epoch)
    lines = {name: (line1, line2) for name, line1, line2 in elements}
    ue = geodetic_to_ecef(latitude_deg, longitude_deg, HEIGHT_M)
    chosen = best_pass(elements, epoch, ue, duration_s)
    rng = np.random.default_rng([seed, 6])
    prior = wrong_prior(rng, latitude_deg, longitude_deg, HEIGHT_M, BELIEVED_SIGMA_M, 50.0)
    if gateway is None:
        gateway = latitude_deg, (longitude_deg + GATEWAY_EAST_DEG + 180.0) % 360.0 - 180.0
    start_s = chosen.culmination_s - 0.5 * duration_s
    link = TwoWay(
        chosen.satellite, chosen.orbit, geodetic_to_ecef(*gateway, 100.0), ue, prior.ecef,
        Carrier(frequency_hz=2.0e9, scs_khz=15, n_rb=24), SAMPLE_RATE_HZ,
        PrsResource(sequence_id=int(rng.integers(4096)), comb_size=4, re_offset=0, start_symbol=2, num_symbols=4, num_rb=24,
                    periodicity_slots=10, slot_offset=0),
        clock=UeClock(float(rng.uniform(-5e-5, 5e-5)), crystal_ppm, chosen.culmination_s),
        timing_error_s=float(rng.uniform(-3e-7, 3e-7)), seed=seed)
    count = 1 + math.floor(duration_s / every_s + 1e-9)
    slots = tuple(10 * round((start_s + i * every_s) * 100.0) for i in range(count))
    line1, line2 = lines[chosen.satellite]
    updates = [vars(link.common_ta(float(t))) for t in np.arange(math.floor(start_s), start_s + duration_s + 2.0)]
    satellite = Satellite(
        id=chosen.satellite, orbit=chosen.orbit, clock_offset_s=0.0, sfn0_time_s=0.0, prs=link.prs,
        ephemeris={"type": "tle", "line1": line1, "line2": line2},
        extra={"common_ta": updates[0], "common_ta_updates": updates[1:]})
    assistance = Assistance(epoch=epoch, carrier=link.carrier, satellites=(satellite,), ue_prior=prior,
                            receiver=ReceiverBounds(1e-4, 6.0))
    return Story(link, chosen, assistance, latitude_deg, longitude_deg, slots,
                 HEIGHT_M + HEIGHT_STD_M * float(rng.standard_normal()))


def occasions(told: Story) -> Iterator[list[Measurement]]:
    """Both ends' reports, one occasion after the other."""
    for slot in told.slots:
        yield from measure(told.at(slot), [slot])


def bound_of(told: Story, reports: list[Measurement]) -> Bound:
    """Cramer-Rao bound of the position at the true powers, the height known as the network knows it."""
    ideal = []
    for row in pair(reports, told.assistance).measurements:
        link = told.at(round(row.extra["t_tx_s"] / told.link.slot_s))
        std = math.hypot(*(toa_bound_s(snr, link.carrier, link.prs) for snr in (link.snr_dl_db, link.snr_ul_db)))
        ideal.append(replace(row, extra={**row.extra, "rtt_std_s": std}))
    return cramer_rao(ideal, told.assistance, told.link.ue_ecef_m, height=Height(told.height_m, HEIGHT_STD_M))


def demo(arguments) -> int:
    """Run the demo; exit status."""
    from .multi_rtt_picture import draw, error_m  # matplotlib is slow to import

    output = Path(arguments.output)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(output, "-o", error.strerror or str(error), "a folder that can be written") from None
    told = story(*arguments.place, arguments.at, arguments.gateway, arguments.duration_s, arguments.every_s,
                 arguments.crystal_ppm, arguments.seed)
    chosen = told.orbit_pass
    print(f"{chosen.satellite} culminates at {chosen.max_elevation_deg:.0f} degrees, {chosen.culmination_s / 60:.1f} minutes "
          f"after {arguments.at.iso()}: {len(told.slots)} round trips over {arguments.duration_s:g} s", file=sys.stderr)
    (output / "assistance.json").write_text(told.assistance.to_json())
    reports: list[Measurement] = []
    fixes: list[dict[str, Any]] = []
    with open(output / "measurements.jsonl", "w", encoding="utf-8") as file:
        for found in occasions(told):
            reports += found
            for line in (m.to_json_line() for m in found):
                file.write(line + "\n")
                print(line, flush=True)
            fix = json.loads(solve(reports, told.assistance, told.height_m, HEIGHT_STD_M).to_json())
            fixes.append(fix)
            print(f"[{len(fixes):3d} of {len(told.slots)}] {fix['status']}" + (
                f", {error_m(told, fix['ecef_m'])[0]:.0f} m off, {len(fix['candidates'])} other candidates"
                if fix["ecef_m"] else f": {fix['reason']}"), file=sys.stderr)
    print(json.dumps(fixes[-1]), flush=True)
    bound = bound_of(told, reports)
    picture = output / "multi-rtt.png"
    last = fixes[-1]
    placed = last["ecef_m"] is not None
    draw(picture, told, reports, fixes, bound)
    horizontal, up = error_m(told, last["ecef_m"]) if placed else (None, None)
    nearest = min((error_m(told, c["ecef_m"])[0] for c in [last, *last["candidates"]]), default=None) if placed else None
    print(json.dumps({"type": "demo", "satellites": 1, "status": last["status"], "horizontal_error_m": horizontal,
                      "height_error_m": up, "nearest_candidate_error_m": nearest,
                      "bound_horizontal_std_m": bound.horizontal_m, "picture": str(picture)}), flush=True)
    return 0 if placed else 1


def main(argv: list[str]) -> int:
    """Run the command; its exit status."""
    arguments = parser().parse_args(argv)
    return guarded(lambda: demo(arguments))
