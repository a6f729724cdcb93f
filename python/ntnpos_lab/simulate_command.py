# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos simulate`: a scenario as a recording, its assistance data and its truth."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from gnuradio import blocks, gr, ntnpos

from ntnpos.commands.arguments import Parser, guarded
from ntnpos.errors import InputError
from ntnpos.scenario import Scenario, load_scenario
from ntnpos.scenario.yaml_file import read_yaml

from . import convert
from .recording import encode, write_metadata
from .scenario import LIBRARY, Stretch, find, scene_of, stretches
from .scene import Scene
from .simulate import Downlink, check_fading
from .truth import truth_of

META, DATA = ".sigmf-meta", ".sigmf-data"

EXAMPLE = """examples:
  ./ntnpos simulate --list
  ./ntnpos simulate starlink-six -o out/six
  ./ntnpos locate out/six --assistance out/six.assistance.json
"""


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(
        prog="ntnpos simulate", epilog=EXAMPLE,
        description="Streams a scenario's satellites through the channel into RECORDING.sigmf-meta and .sigmf-data, with "
                    "RECORDING.assistance.json (what a receiver is told) and RECORDING.truth.json. Progress on stderr; one "
                    "line (JSON) on stdout.")
    found.add_argument("scenario", nargs="?", metavar="SCENARIO",
                       help="a YAML file (docs/scenarios.md), or a name of the library")
    found.add_argument("-o", "--output", metavar="RECORDING", help="path of the recording, with or without .sigmf-meta")
    found.add_argument("--list", action="store_true", help="list the library's scenarios and end")
    return found


def library() -> list[tuple[str, str]]:
    """Name and title of every scenario of the library."""
    return [(path.stem, read_yaml(path)["title"]) for path in sorted(LIBRARY.glob("*.yml"))]


def base_of(output: str) -> Path:
    """The recording's path without its suffix, its folder made."""
    path = Path(output)
    if path.suffix in (META, DATA):
        path = path.with_suffix("")
    if not path.name or path.suffix == ".sigmf" or path.is_dir():
        raise InputError(output, "-o", "is not the name of a recording", f"a path without suffix, or with {META}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(path.parent, "-o", error.strerror or str(error), "a folder that can be written") from None
    return path


def stream(scenario: Scenario, scene: Scene, carrier: ntnpos.carrier, streamed: list[Stretch], target: Path) -> None:
    """Write the samples of all stretches, one after the other, as complex floats."""
    target.write_bytes(b"")
    done, total = 0, sum(s.count for s in streamed)
    for index, stretch in enumerate(streamed):
        for number, piece in enumerate(stretch.pieces(scenario)):
            seeds = [scenario.seed, 4, index] + ([number] if number else [])
            seed = int(np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0])
            flowgraph = gr.top_block("simulate")
            source = Downlink(scene, carrier, piece.count / scenario.sample_rate_hz, piece.start_s(scenario), seed)
            sink = blocks.file_sink(gr.sizeof_gr_complex, str(target), True)
            flowgraph.connect(source, sink)
            flowgraph.run()
            sink.close()
        done += stretch.count
        if target.stat().st_size != 8 * done:
            raise InputError(target, "file", f"{target.stat().st_size} of {8 * done} bytes were written", "enough space")
        if index + 1 == len(streamed) or index % max(1, len(streamed) // 20) == 0:
            print(f"[{100.0 * done / total:3.0f} %] {index + 1} of {len(streamed)} stretches, "
                  f"{stretch.start_s(scenario) - scenario.start_s:.3f} s", file=sys.stderr)


def simulate(scenario: Scenario, output: str) -> dict[str, Any]:
    """Write recording, assistance data and truth; what was written, as a dictionary."""
    carrier = convert.carrier(scenario.carrier, scenario.sample_rate_hz, scenario.file)
    scene = scene_of(scenario)
    check_fading(scene, carrier)
    streamed = stretches(scenario, scene)
    base = base_of(output)
    names = {kind: base.with_name(base.name + suffix) for kind, suffix in
             (("recording", META), ("data", DATA), ("assistance", ".assistance.json"), ("truth", ".truth.json"))}
    for seen, snr in zip(scene.sky, scene.snr_db):
        print(f"{seen.name}: elevation {seen.elevation_deg:.1f}°, azimuth {seen.azimuth_deg:.1f}°, SNR {snr:.1f} dB",
              file=sys.stderr)
    raw = base.with_name(base.name + ".sigmf-part")
    try:
        try:
            stream(scenario, scene, carrier, streamed, raw)
            factor, sha512 = encode(raw, names["data"], scenario.receiver.datatype)
        finally:
            raw.unlink(missing_ok=True)
        truth = truth_of(scenario, scene, streamed, factor)
        starts = np.concatenate([[0], np.cumsum([s.count for s in streamed])[:-1]])
        brief = {name: value for name, value in truth.items() if name not in ("satellites", "position")}
        write_metadata(names["recording"], scenario.receiver.datatype, scenario.sample_rate_hz,
                       scenario.carrier.frequency_hz, sha512,
                       [(int(first), s.start_s(scenario)) for first, s in zip(starts, streamed)], scenario.title, brief)
        names["assistance"].write_text(scene.assistance.to_json())
        names["truth"].write_text(json.dumps(truth, indent=1, allow_nan=False) + "\n")
    except OSError as error:
        raise InputError(error.filename or base, "-o", error.strerror or str(error),
                         "a place that can be written") from None
    return {"type": "simulation"} | {kind: str(path) for kind, path in names.items()} | {
        "satellites": len(scene.sky), "captures": len(streamed), "samples": sum(s.count for s in streamed)}


def main(argv: list[str]) -> int:
    """Run the command; its exit status."""
    options = parser()
    arguments = options.parse_args(argv)
    if not arguments.list and (arguments.scenario is None or arguments.output is None):
        options.error("SCENARIO and -o RECORDING are required (or --list)")

    def work() -> int:
        if arguments.list:
            for name, title in library():
                print(f"{name:22} {title}")
            return 0
        scenario = load_scenario(find(arguments.scenario))
        print(json.dumps(simulate(scenario, arguments.output)), flush=True)
        return 0

    return guarded(work)
