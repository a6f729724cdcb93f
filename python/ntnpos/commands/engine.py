# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m ntnpos.commands.engine`: the position engine as a process of its own.

Binds a ZeroMQ subscriber and prints JSON Lines on stdout as messages come: first ``listening`` with the address, then ``config``
for each message of that kind (how a receiver knows that it is heard), measurements, fixes, and after the receivers' end the
last fix, which is the result.
"""

from __future__ import annotations

import json
import sys
from typing import Callable

from ..errors import InputError
from ..network.assistance import load_assistance
from ..network.measurements import from_wire
from ..network.wire import WireReceiver
from ..position.engine import PositionEngine
from .arguments import Parser, add_height, guarded, height_of, number

EXAMPLE = """example:
  .venv/bin/python -m ntnpos.commands.engine --assistance assistance.json --bind tcp://127.0.0.1:5555
"""


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(prog="ntnpos.commands.engine", epilog=EXAMPLE,
                   description="Position engine: measurements in over ZeroMQ, measurement and fix lines out.")
    found.add_argument("--assistance", required=True, help="assistance data (JSON)")
    found.add_argument("--bind", default="tcp://127.0.0.1:*",
                       help="ZeroMQ endpoint to bind, on the loopback (default: a free port, which is printed)")
    add_height(found)
    found.add_argument("--fix-every-s", type=number(0.0, 1e6, above=True), default=0.1,
                       help="a fix after so much of the receiver's time (default 0.1)")
    return found


def serve(wire: WireReceiver, engine: PositionEngine, fix_every_s: float, emit: Callable[[str], None]) -> None:
    """Work on messages until the receivers end; `emit` gets one JSON line at a time.

    Nothing a message holds stops it: a malformed one is counted by `wire`, an unknown satellite's by `engine`.
    """
    next_fix_s: float | None = None
    for message in wire.messages():
        if message["kind"] == "config":
            emit(json.dumps({"type": "config", "source": message["source"]}))
        if message["kind"] != "toa":
            continue
        try:
            measurement = from_wire(message)
        except InputError as error:
            wire.refuse(message, str(error))
            continue
        engine.add(measurement)
        emit(measurement.to_json_line())
        if next_fix_s is None:
            next_fix_s = measurement.t_s + fix_every_s
        elif measurement.t_s >= next_fix_s:
            emit(engine.fix().to_json())
            next_fix_s = measurement.t_s + fix_every_s
    emit(engine.fix().to_json())
    if wire.lost:
        print(f"{wire.lost} messages were lost on their way to the engine", file=sys.stderr)


def main(argv: list[str]) -> int:
    """Run the engine until its receivers end; exit status 0, or 2 for wrong input."""
    options = parser()
    arguments = options.parse_args(argv)
    height_m, height_std_m = height_of(options, arguments)

    def emit(line: str) -> None:
        print(line, flush=True)

    def work() -> int:
        engine = PositionEngine(load_assistance(arguments.assistance), height_m, height_std_m)
        with WireReceiver(arguments.bind, bind=True) as wire:
            emit(json.dumps({"type": "listening", "address": wire.address}))
            serve(wire, engine, arguments.fix_every_s, emit)
        return 0

    return guarded(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
