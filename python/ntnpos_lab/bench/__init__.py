# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos bench`: how fast the kernels are beside something everybody knows, with the targets."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Callable, Sequence

from ntnpos.commands.arguments import Parser, guarded
from ntnpos.errors import InputError

from .groups import GROUPS
from .harness import Comparison, Row, judge, machine, table

MOST_PAIRS = 100_000

EPILOG = """Each row is the median of ratios of CPU times taken in turn, with the 10th and 90th
percentile. A target that is missed is said, and is no error unless --strict.

example:
  ./ntnpos bench waveform --json waveform.json
"""


def whole_pairs(text: str) -> int:
    """Argument type: number of pairs."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PAIRS:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MOST_PAIRS}")
    return int(text)


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(prog="ntnpos bench", epilog=EPILOG, description="Measure the kernels' speed as ratios.")
    found.add_argument("group", nargs="?", choices=[*GROUPS], metavar="GROUP",
                       help=f"one of: {', '.join(GROUPS)}; all if not given")
    found.add_argument("--json", metavar="FILE", help="write the rows to this file")
    found.add_argument("--pairs", type=whole_pairs, metavar="N",
                       help="pairs a row; each row has its own default")
    found.add_argument("--strict", action="store_true", help="exit status 1 if a target is missed")
    return found


def progress(text: str) -> None:
    """A line for the one who waits."""
    print(text, file=sys.stderr, flush=True)


def measured(comparisons: Sequence[Comparison], pairs: int | None, say: Callable[[str], None]) -> list[Row]:
    """Every comparison in turn.

    Parameters
    ----------
    comparisons : sequence of Comparison
    pairs : int or None
        Pairs a row; None for each row's own number.
    say : callable
        Takes one line before each row.
    """
    rows = []
    for number, comparison in enumerate(comparisons, 1):
        say(f"{number}/{len(comparisons)} {comparison.name} ...")
        rows.append(judge(comparison, *comparison.measure(pairs or comparison.pairs)))
    return rows


def bench(arguments) -> int:
    """Measure what was asked for; exit status."""
    try:
        from gnuradio.ntnpos import ntnpos_bench
    except ImportError:
        raise InputError("ntnpos_bench", "module", "was not built",
                         "a build with the option BENCH=ON") from None
    if arguments.json:
        write(arguments.json, "")  # a file that cannot be written is told before the long run, not after it
    names = [arguments.group] if arguments.group else [*GROUPS]
    comparisons = [comparison for name in names for comparison in GROUPS[name]()]
    rows = measured(comparisons, arguments.pairs, progress)
    here = machine(ntnpos_bench.instruction_set())
    if arguments.json:
        result = {"rows": [row.as_json() for row in rows], "machine": here}
        write(arguments.json, json.dumps(result, indent=1) + "\n")
    print(f"{here['cpu']}, {here['cores']} cores, {here['instruction_set']}")
    print(table(rows))
    return 1 if arguments.strict and not all(row.ok for row in rows) else 0


def write(path: str, text: str) -> None:
    """Save; InputError where that is not possible."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(path, "file", error.strerror or str(error), "a file that can be written") from None


def main(argv: list[str]) -> int:
    """Run the command; its exit status."""
    arguments = parser().parse_args(argv)
    return guarded(lambda: bench(arguments))
