# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos locate`: a recording through the streaming receiver and the position engine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gnuradio import ntnpos

from ntnpos.commands.arguments import Parser, add_height, guarded, height_of, number
from ntnpos.errors import InputError
from ntnpos.network.assistance import MAX_TIME_S, Assistance, load_assistance
from ntnpos.network.measurements import Measurement, from_wire
from ntnpos.network.search_windows import search_windows, unusable_satellites
from ntnpos.network.wire import WireReceiver
from ntnpos.position import ambiguity
from ntnpos.position.engine import PositionEngine

from . import convert
from .receive import Receiver, ReceiverError, run

MOVING_STD_M_S = 300.0
"""Standard deviation of each component of the velocity of a receiver of which only that it moves is known."""

EXAMPLE = """example:
  ./ntnpos locate tests/data/recordings/dev-sample --assistance tests/data/recordings/dev-sample.assistance.json
"""


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(
        prog="ntnpos locate", epilog=EXAMPLE,
        description="Replays a SigMF recording of DL-PRS, prints a line for every measurement and one for the fix "
                    "(JSON Lines on stdout). Exit status 0: a fix; 1: none, the last line says why; 2: bad input.")
    found.add_argument("recording", help=".sigmf-meta, .sigmf archive, or either without extension")
    found.add_argument("--assistance", required=True, help="assistance data (JSON)")
    add_height(found)
    found.add_argument("--moving", action="store_true",
                       help="the receiver may move: its velocity is unknown too, constant, each component 0 within "
                            f"{MOVING_STD_M_S:g} m/s (one standard deviation); the fix is that of the middle of the measurements")
    found.add_argument("--combine-s", type=number(0.0, 0.5), default=0.0,
                       help="search and measure occasions within so long a span as one, added by power: for signals that "
                            "one occasion is too weak for (default 0: each by itself; up to 0.5 s)")
    return found


def opened(path: Path) -> ntnpos.Recording:
    """The recording's metadata; InputError where it cannot be used."""
    try:
        recording = ntnpos.open_recording(path)
    except ntnpos.RecordingError as error:
        raise InputError(error.file, error.field, error.problem, error.allowed) from None
    for index, capture in enumerate(recording.captures):
        if capture.rx_time_full_s > MAX_TIME_S:
            raise InputError(path, f"captures[{index}].ntnpos:rx_time.full_s", f"{capture.rx_time_full_s} found",
                             f"up to {MAX_TIME_S:.0f} s after the epoch of the assistance data")
    return recording


def span_of(recording: ntnpos.Recording) -> tuple[float, float]:
    """Receiver-clock times in s from the epoch between which the recording lies."""
    last = recording.captures[-1]
    start = recording.captures[0].rx_time_full_s + recording.captures[0].rx_time_frac_s
    length = (recording.n_samples - last.sample_start) / recording.sample_rate_hz
    return start, last.rx_time_full_s + last.rx_time_frac_s + length


def carrier_of(path: Path, recording: ntnpos.Recording, assistance: Assistance) -> ntnpos.carrier:
    """The carrier at the recording's sample rate; InputError where recording and assistance data do not go
    together."""
    for index, capture in enumerate(recording.captures):
        if abs(capture.frequency_hz - assistance.carrier.frequency_hz) > 0.5:
            raise InputError(path, f"captures[{index}].core:frequency", f"{capture.frequency_hz:.12g}",
                             f"{assistance.carrier.frequency_hz:.12g}, the carrier of {assistance.path}")
    return convert.carrier(assistance.carrier, recording.sample_rate_hz, f"{path} with {assistance.path}")


def without_values(satellite: str, reason: str | None) -> Measurement:
    """The line of a satellite that could not be measured: `no_prediction` with a reason why its place is not known, else
    `no_occasion`: none of its PRS was due in the samples."""
    if reason is None:
        return Measurement(satellite, status="no_occasion")
    return Measurement(satellite, status="no_prediction", extra={"reason": reason})


def locate(path: Path, assistance_path: Path, height_m: float | None, height_std_m: float,
           combine_s: float = 0.0, speed_std_m_s: float | None = None) -> int:
    """Print measurement and fix lines of a recording; exit status."""
    assistance = load_assistance(assistance_path)
    recording = opened(path)
    carrier = carrier_of(path, recording, assistance)
    start, stop = span_of(recording)
    windows = search_windows(assistance, start, stop)
    convert.check_windows(windows, carrier, assistance)
    unusable = unusable_satellites(assistance, start, stop)
    for satellite, reason in unusable.items():
        print(f"{satellite} is not searched: {reason}", file=sys.stderr)
    engine = PositionEngine(assistance, height_m, height_std_m, speed_std_m_s=speed_std_m_s)
    held = [] if ambiguity.is_open(assistance, windows) else None  # rows that wait for all others to be read right

    heard: set[str] = set()

    def take(measurement: Measurement) -> None:
        engine.add(measurement)
        heard.add(measurement.satellite)
        print(measurement.to_json_line(), flush=True)

    if windows:
        with WireReceiver("tcp://127.0.0.1:*", bind=True) as wire:
            receiver = Receiver(ntnpos.sigmf_source_from(recording), carrier,
                                convert.signals(assistance, windows), wire.address,
                                ntnpos.correlator_bank_config(max_combined_s=combine_s))
            for message in run(receiver, windows, wire):
                if message["kind"] != "toa":
                    continue
                if held is None:
                    take(from_wire(message))
                else:
                    held.append(from_wire(message))
            if wire.lost or not wire.ended:
                print(f"{wire.lost} measurement messages were lost on their way to the engine"
                      + ("" if wire.ended else ", the last ones among them"), file=sys.stderr)
    for measurement in ambiguity.resolve(held or [], assistance, windows, height_m, height_std_m):
        take(measurement)
    for satellite in assistance.satellites:  # every configured resource has a line
        if satellite.id not in heard:
            print(without_values(satellite.id, unusable.get(satellite.id)).to_json_line(), flush=True)
    fix = engine.fix()
    print(fix.to_json(), flush=True)
    return 0 if fix.estimate is not None else 1


def main(argv: list[str]) -> int:
    """Run the command; its exit status."""
    options = parser()
    arguments = options.parse_args(argv)
    height_m, height_std_m = height_of(options, arguments)

    def work() -> int:
        try:
            return locate(Path(arguments.recording), Path(arguments.assistance), height_m, height_std_m,
                          arguments.combine_s, MOVING_STD_M_S if arguments.moving else None)
        except ReceiverError as error:
            print(json.dumps({"type": "error", "reason": str(error)}))
            return 1

    return guarded(work)
