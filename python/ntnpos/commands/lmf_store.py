# SPDX-License-Identifier: GPL-3.0-or-later
"""`lmf replay`, `lmf export` and `lmf keys`."""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentTypeError
from pathlib import Path

from ..errors import InputError
from ..lmf import outputs, security
from ..lmf.replay import replay
from ..lmf.store import StoreError, StoreReader
from .arguments import Parser, guarded, number


def main_replay(argv: list[str]) -> int:
    """`lmf replay DB`: status 0 where every fix and verdict comes out the same, 1 with the first difference."""
    options = Parser(prog="ntnpos lmf replay", epilog="example:\n  ./ntnpos lmf replay lmf.sqlite\n",
                     description="Computes every fix and verdict of a store again; compares them bit for bit.")
    options.add_argument("store", type=Path, metavar="DB")
    arguments = options.parse_args(argv)

    def work() -> int:
        with StoreReader(arguments.store) as reader:
            outcome = replay(reader)
        for line in outcome.other_versions:
            print(f"{arguments.store}: {line}: the last bits may differ", file=sys.stderr)
        print(json.dumps({"type": "replay", "fixes": outcome.fixes, "verdicts": outcome.verdicts,
                          "measurements": outcome.measurements, "identical": outcome.difference is None,
                          "difference": outcome.difference, "seal": outcome.seal}))
        return 0 if outcome.difference is None else 1

    return _reading(work)


def main_export(argv: list[str]) -> int:
    """`lmf export DB --geojson F --kml F`."""
    options = Parser(prog="ntnpos lmf export",
                     description="Fixes, their ellipses and candidates, and claims, for maps.",
                     epilog="example:\n  ./ntnpos lmf export lmf.sqlite --geojson F.geojson --kml F.kml\n")
    options.add_argument("store", type=Path, metavar="DB")
    options.add_argument("--geojson", type=Path, metavar="FILE")
    options.add_argument("--kml", type=Path, metavar="FILE")
    options.add_argument("--ue", metavar="UE", help="only of this UE")
    options.add_argument("--all", action="store_true", help="every fix, not only the last of each UE")
    options.add_argument("--probability", type=number(0.0, 0.9999, above=True), default=outputs.PROBABILITY,
                         help=f"that the place is in its ellipse (default {outputs.PROBABILITY:g})")
    arguments = options.parse_args(argv)
    if arguments.geojson is None and arguments.kml is None:
        options.error("nothing to write: --geojson FILE, --kml FILE or both")

    def work() -> int:
        with StoreReader(arguments.store) as reader:
            fixes, verdicts = (_last(reader, table, arguments.ue, arguments.all)
                               for table in ("fix", "verdict"))
        found = list(outputs.features(fixes, verdicts, arguments.probability))
        if not found:
            of = f" of {arguments.ue!r}" if arguments.ue else ""
            print(f"{arguments.store}: holds no place{of}", file=sys.stderr)
            return 1
        if arguments.geojson is not None:
            _write(arguments.geojson, json.dumps(outputs.geojson(found), allow_nan=False) + "\n")
        if arguments.kml is not None:
            _write(arguments.kml, outputs.kml(found, arguments.store.name))
        return 0

    return _reading(work)


def _last(reader: StoreReader, table: str, ue: str | None, every: bool) -> list[dict]:
    """Lines of a table, of one UE or all; the last of each or every one."""
    only = "" if every else f"id IN (SELECT max(id) FROM {table} GROUP BY ue) AND "
    rows = reader.rows(f"SELECT line FROM {table} WHERE {only} (? IS NULL OR ue = ?) ORDER BY id", ue, ue)
    return [json.loads(row["line"]) for row in rows]


def main_keys(argv: list[str]) -> int:
    """`lmf keys DIR [--client NAME]`: make CURVE keys."""
    options = Parser(prog="ntnpos lmf keys",
                     description="Makes CURVE keys for a location server and its clients.",
                     epilog="example:\n  ./ntnpos lmf keys keys --client receiver-1 --client map\n"
                            "  ./ntnpos lmf --assistance a.json --sub tcp://0.0.0.0:5570 --server-key-file "
                            "keys/server.key_secret --authorized-keys keys/authorized\n")
    options.add_argument("folder", type=Path, metavar="DIR",
                         help="made where it is not there; keys in it stay")
    options.add_argument("--client", type=_name, action="append", metavar="NAME",
                         help="a client that gets keys; may be given more than once "
                              f"(default {security.CLIENT})")
    arguments = options.parse_args(argv)

    def work() -> int:
        for path in security.make_keys(arguments.folder, arguments.client or [security.CLIENT]):
            print(path)
        return 0

    return guarded(work)


def _name(text: str) -> str:
    """Argument type: a name that is a file's."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text):
        raise ArgumentTypeError(f"{text!r} is not 1 to 64 letters, digits, '.', '_' or '-'")
    return text


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(path, "file", error.strerror or str(error), "a file that can be written") from None


def _reading(work) -> int:
    """As `guarded`; a damaged store is one line and status 2."""
    try:
        return guarded(work)
    except StoreError as error:
        print(error, file=sys.stderr)
        return 2


COMMANDS = {"replay": main_replay, "export": main_export, "keys": main_keys}
