# SPDX-License-Identifier: GPL-3.0-or-later
"""`link`: every term of a satellite's link budget against elevation, as JSON Lines, a table and a plot."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..world.environments import ENVIRONMENTS, Environment, column
from ..world.link_budget import MODELLED, LinkBudget, eirp_density_dbw_mhz, slant_range_m
from .arguments import Parser, guarded, number

TERMS = ("free_space", "atmospheric", "scintillation", "shadow", "clutter", "polarisation", "beam")

EXAMPLE = """examples:
  ./ntnpos link
  ./ntnpos link --height-km 1200 --environment dense-urban --polarisation-db 3
  ./ntnpos link --latitude-deg 10 --shadow-db 3 --off atmospheric --off free_space -o out/link
"""


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(prog="ntnpos link", epilog=EXAMPLE,
                   description="Terms of the link budget at elevations of 10 to 90 degrees: a line (JSON) each and one for the "
                               "whole on stdout, a table on stderr, a plot as PNG. Without margins it is TR 38.821's, set 1 in "
                               "S band, with gases (ITU-R P.676) and scintillation (P.618; near the equator P.531 as well).")
    found.add_argument("--height-km", type=number(200.0, 40000.0), default=600.0, help="of the satellite (default 600)")
    found.add_argument("--frequency-hz", type=number(1e9, 1e11), default=2e9, help="default 2e9")
    found.add_argument("--latitude-deg", type=number(-90.0, 90.0), default=45.0,
                       help="of the place: up to 20 degrees the ionosphere scintillates (default 45)")
    found.add_argument("--ue-height-m", type=number(0.0, 2e4), default=0.0, help="of the place above the sea (default 0)")
    found.add_argument("--eirp-density-dbw-mhz", type=number(-100.0, 100.0),
                       help="default 34 below 900 km, 40 above (TR 38.821)")
    found.add_argument("--ue-gain-dbi", type=number(-30.0, 60.0), default=0.0, help="default 0")
    found.add_argument("--noise-figure-db", type=number(0.0, 50.0), default=7.0, help="default 7")
    found.add_argument("--environment", choices=[*ENVIRONMENTS], metavar="NAME",
                       help=f"without line of sight in this environment: its clutter loss ({', '.join(ENVIRONMENTS)})")
    for name, text in (("shadow", "margin for shadow fading"), ("polarisation", "loss by polarisation"),
                       ("beam", "loss off the beam's axis")):
        found.add_argument(f"--{name}-db", type=number(0.0, 100.0), default=0.0, metavar="DB", help=f"{text} (default 0)")
    found.add_argument("--off", action="append", choices=TERMS, default=[], metavar="TERM",
                       help=f"leave a term out; may be given several times: {', '.join(TERMS)}")
    found.add_argument("-o", "--output", default="out/link", metavar="DIR", help="where link.png goes (default out/link)")
    return found


def clutter_db(environment: Environment | None, elevation_deg: np.ndarray) -> np.ndarray | float:
    """Clutter loss [n] without line of sight; 0 where no environment is named."""
    return 0.0 if environment is None else np.array(environment.nlos_clutter_db)[column(elevation_deg)]


def terms_of(arguments: Any, elevation_deg: np.ndarray) -> dict[str, np.ndarray]:
    """The terms that are on, each [n] in dB as it adds to the SNR."""
    height_m = 1e3 * arguments.height_km
    density = arguments.eirp_density_dbw_mhz
    budget = LinkBudget(
        eirp_density_dbw_mhz=eirp_density_dbw_mhz(height_m) if density is None else density,
        beam_loss_db=arguments.beam_db, ue_gain_dbi=arguments.ue_gain_dbi, noise_figure_db=arguments.noise_figure_db,
        shadow_margin_db=arguments.shadow_db, polarisation_loss_db=arguments.polarisation_db,
        clutter_loss_db=clutter_db(ENVIRONMENTS.get(arguments.environment), elevation_deg))
    budget = budget.modelled(MODELLED, arguments.frequency_hz, elevation_deg, arguments.latitude_deg, arguments.ue_height_m)
    terms = budget.terms(slant_range_m(elevation_deg, height_m), arguments.frequency_hz)
    off = tuple(name + "_" for name in arguments.off)
    return {name: np.broadcast_to(value, elevation_deg.shape) for name, value in terms.items()
            if not (off and name.startswith(off))}


def table(elevation_deg: np.ndarray, terms: dict[str, np.ndarray]) -> str:
    """For people: a column a term, a row an elevation."""
    shown = {name: value for name, value in terms.items() if np.any(value)}
    head = ["elevation", *(name.rsplit("_", 1)[0].replace("_", " ") for name in shown), "SNR"]
    lines = ["  ".join(head)]
    for i, elevation in enumerate(elevation_deg):
        values = [*(v[i] for v in shown.values()), sum(v[i] for v in terms.values())]
        lines.append(f"{elevation:8.0f}°  " + "  ".join(f"{v:{len(h)}.2f}" for h, v in zip(head[1:], values)))
    return "\n".join(lines)


def draw(path: Path, elevation_deg: np.ndarray, terms: dict[str, np.ndarray], title: str) -> None:
    """The plot."""
    from .. import plots  # matplotlib is slow to import and needed only now

    figure, axes = plots.plt.subplots(figsize=(8.5, 5.5), layout="constrained")
    plots.link_terms(axes, elevation_deg, terms)
    figure.suptitle(title)
    figure.savefig(path, dpi=120)
    plots.plt.close(figure)


def run(arguments: Any) -> int:
    """Print the terms; exit status."""
    output = Path(arguments.output)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(output, "-o", error.strerror or str(error), "a folder that can be written") from None
    elevation = np.arange(10.0, 91.0, 10.0)
    terms = terms_of(arguments, elevation)
    for i, each in enumerate(elevation):
        print(json.dumps({"type": "link", "elevation_deg": float(each),
                          "terms": {name: float(value[i]) for name, value in terms.items()},
                          "snr_db": float(sum(value[i] for value in terms.values()))}))
    print(table(elevation, terms), file=sys.stderr)
    fine = np.linspace(10.0, 90.0, 161)
    picture = output / "link.png"
    place = f", {arguments.environment} without line of sight" if arguments.environment else ""
    draw(picture, fine, terms_of(arguments, fine),
         f"{arguments.height_km:g} km, {arguments.frequency_hz / 1e9:g} GHz, latitude {arguments.latitude_deg:g}°{place}")
    print(json.dumps({"type": "link_budget", "height_m": 1e3 * arguments.height_km, "frequency_hz": arguments.frequency_hz,
                      "off": arguments.off, "picture": str(picture)}))
    return 0


def main(argv: list[str]) -> int:
    """Run the command; its exit status."""
    arguments = parser().parse_args(argv)
    return guarded(lambda: run(arguments))
