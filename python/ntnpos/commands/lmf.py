# SPDX-License-Identifier: GPL-3.0-or-later
"""`lmf`: the location server, and what one does with its store: `lmf replay`, `lmf export`, `lmf keys`."""

from __future__ import annotations

import json
import logging
import signal
import sys
import time
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import IO, Callable

from ..errors import InputError, describe
from ..lmf import security
from ..lmf.records import MAX_UE_CHARS
from ..lmf.server import Endpoints, Server
from ..lmf.service import Service
from ..lmf.sessions import Limits
from ..lmf.solving import InlineSolver, Settings
from ..lmf.store import Store, StoreError
from ..lmf.worker import SolverError, WorkerSolver
from ..network.assistance import Assistance, parse_assistance
from ..network.fields import MAX_FILE_BYTES, parse_json, read_bytes
from . import lmf_store
from .arguments import Parser, add_height, guarded, height_of, number

EXAMPLE = """example:
  ./ntnpos lmf --assistance assistance.json --store lmf.sqlite

  It prints its addresses, then fixes and verdicts as JSON Lines; metrics go to stderr. SIGINT or SIGTERM
  ends it. docs/location-server.md has the messages.

with a store:
  ./ntnpos lmf replay lmf.sqlite                         compute every fix again, and compare
  ./ntnpos lmf export lmf.sqlite --geojson F --kml F     fixes for maps
  ./ntnpos lmf keys DIR                                  CURVE keys, needed off the loopback
"""
_OFF = "off"


def whole(low: int, high: int) -> Callable[[str], int]:
    """Argument type: a whole number from `low` to `high`."""
    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)
    return read


def parser() -> Parser:
    """The arguments of the server."""
    found = Parser(prog="ntnpos lmf", epilog=EXAMPLE,
                   description="Location server: measurements in over ZeroMQ, fixes and verdicts out, all stored.")
    found.add_argument("--assistance", type=Path, action="append", required=True, metavar="FILE",
                       help="assistance data (JSON), called NAME from NAME.json or NAME.assistance.json; may be given "
                       "more than once")
    found.add_argument("--assistance-updates", action="store_true",
                       help="let messages replace and add assistance data")
    found.add_argument("--store", type=Path, default=Path("lmf.sqlite"), metavar="DB",
                       help="SQLite file, made or continued (default lmf.sqlite)")
    found.add_argument("--output", type=Path, metavar="FILE",
                       help="append the lines to this file instead of stdout")
    here = Endpoints()
    for name, what in (("sub", "that publishers of measurements connect to"),
                       ("pull", "that pushers of measurements connect to"),
                       ("ack", "of requests that are answered once what they brought is stored"),
                       ("pub", "that publishes fixes and verdicts")):
        found.add_argument(f"--{name}", default=getattr(here, name), metavar="ENDPOINT",
                           help=f"endpoint {what}, or {_OFF} (default {getattr(here, name)})")
    found.add_argument("--connect", action="append", default=[], metavar="ENDPOINT",
                       help="a publisher on this machine to connect to; may be given more than once")
    found.add_argument("--server-key-file", type=Path, metavar="FILE", help="the server's secret CURVE key")
    found.add_argument("--authorized-keys", type=Path, metavar="DIR",
                       help="public keys of those who may connect")
    found.add_argument("--metrics-port", type=whole(0, 65535), metavar="PORT",
                       help="serve Prometheus at 127.0.0.1:PORT/metrics (0: a free port, which is printed)")
    found.add_argument("--metrics-every-s", type=number(0.0, 1e6, above=True), default=10.0, metavar="S",
                       help="a metrics line on stderr so often (default 10)")
    limits = Limits()
    for name, kind, help_ in (
            ("ues", whole(1, 10_000_000), "sessions kept; the least recently heard goes first"),
            ("per-ue", whole(1, 1_000_000), "measurements of one UE that take part in a fix"),
            ("window-s", number(0.0, 1e6, above=True), "they are from this last stretch of message time"),
            ("fix-every-s", number(0.0, 1e6), "a fix after so much message time"),
            ("quiet-s", number(0.0, 1e6), "a fix when for so long nothing more comes"),
            ("timeout-s", number(0.0, 1e8, above=True), "a session ends when for so long nothing came")):
        value = getattr(limits, name.replace("-", "_"))
        found.add_argument(f"--{name}", type=kind, default=value, help=f"{help_} (default {value:g})")
    found.add_argument("--total-mb", type=whole(1, 1_000_000), default=limits.total_bytes >> 20,
                       help=f"of all measurements kept in memory (default {limits.total_bytes >> 20})")
    found.add_argument("--workers", type=whole(0, 64), default=1,
                       help="processes that solve; 0: solve between messages (default 1)")
    found.add_argument("--speed-std-m-s", type=number(0.0, 1e4, above=True), metavar="V",
                       help="UEs may move: standard deviation of each component of their velocity (default: at rest)")
    add_height(found)
    return found


def main(argv: list[str]) -> int:
    """Run the server or one of the other commands; the exit status."""
    if argv and argv[0] in lmf_store.COMMANDS:
        return lmf_store.COMMANDS[argv[0]](argv[1:])
    options = parser()
    arguments = options.parse_args(argv)
    height_m, height_std_m = height_of(options, arguments)
    if (arguments.server_key_file is None) != (arguments.authorized_keys is None):
        options.error("--server-key-file and --authorized-keys belong together")
    logging.basicConfig(format="%(name)s: %(message)s", level=logging.WARNING, stream=sys.stderr)
    try:
        return guarded(lambda: serve(arguments, Settings(height_m, height_std_m, arguments.speed_std_m_s)))
    except (StoreError, SolverError) as error:
        print(error, file=sys.stderr)
        return 1


def serve(arguments: Namespace, settings: Settings) -> int:
    """Run until a signal; exit status 0."""
    known = [_assistance(path) for path in arguments.assistance]
    _check_names(arguments.assistance)
    curve = None
    if arguments.server_key_file is not None:
        security.check_authorized(arguments.authorized_keys)
        curve = security.load_server_key(arguments.server_key_file)
    limits = Limits(arguments.ues, arguments.per_ue, arguments.total_mb << 20, arguments.window_s,
                    arguments.fix_every_s, arguments.quiet_s, arguments.timeout_s)
    endpoints = Endpoints(*(None if getattr(arguments, name) == _OFF else getattr(arguments, name)
                            for name in ("sub", "pull", "ack", "pub")), tuple(arguments.connect))
    with Server(endpoints, curve, arguments.authorized_keys, arguments.metrics_port) as server, \
            _output(arguments.output) as output:
        store = Store(arguments.store)
        solver = WorkerSolver(settings, arguments.workers) if arguments.workers else InlineSolver(settings)
        try:
            def emit(line: str) -> None:
                output.write(line + "\n")
                output.flush()

            def publish(topic: str, line: str) -> bool:
                emit(line)
                return server.publish(topic, line)

            store.add_run(time.time(), settings)
            service = Service(store, solver, limits, publish, time.monotonic, time.time,
                              arguments.assistance_updates)
            for path, (assistance, text) in zip(arguments.assistance, known):
                service.add_assistance(_name(path), assistance, text)
            service.commit()
            stopped: list[int] = []
            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, lambda number, _: stopped.append(number))
            emit(json.dumps({"type": "listening"} | server.addresses))
            server.run(service, solver.descriptors, lambda: bool(stopped),
                       lambda line: print(line, file=sys.stderr, flush=True), arguments.metrics_every_s)
        finally:
            solver.close()
            store.close()
    return 0


def _assistance(path: Path) -> tuple[Assistance, str]:
    """Assistance data and the text that is stored."""
    value = parse_json(read_bytes(path, MAX_FILE_BYTES), path)
    return parse_assistance(value, str(path)), json.dumps(value, allow_nan=False)


def _name(path: Path) -> str:
    """What messages call a file of assistance data."""
    return path.name.removesuffix(".json").removesuffix(".assistance")


def _check_names(paths: list[Path]) -> None:
    names = list(map(_name, paths))
    for path, name in zip(paths, names):
        if names.count(name) > 1:
            raise InputError(path, "name", f"{name!r} is also another file's", "each name once")
        if not 0 < len(name) <= MAX_UE_CHARS or not name.isprintable():
            raise InputError(path, "name", f"{describe(name)} is no name",
                             f"1 to {MAX_UE_CHARS} printable characters")


def _output(path: Path | None) -> IO[str]:
    """Where lines go; a stream that may be closed."""
    if path is None:
        return open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False)
    try:
        return open(path, "a", encoding="utf-8")
    except OSError as error:
        raise InputError(path, "output", error.strerror or str(error), "a file that can be written") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
