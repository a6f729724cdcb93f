# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos study`: what the system reaches, in seeded campaigns beside bounds and a plain receiver."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Sequence

from ntnpos.commands.arguments import Parser, guarded, number
from ntnpos.errors import InputError

from .effort import Effort
from .rows import Findings, Row, joined, to_csv, to_json, to_markdown
from .work import Part, carry_out

MOST_JOBS = 64
MOST_SEED = 2**32 - 1

EPILOG = """Writes DIR/NAME.json, .csv, .md and .png. Each row has its number of trials and its 95 % interval,
and says whether the requirement is met. With --strict a row that misses by more than its interval is an
error. The same seed gives the same files for any number of processes.

examples:
  ./ntnpos study receiver                        # the full form: about 5 minutes on two quiet cores
  ./ntnpos study receiver --short --seed 3 -o out/quick
  ./ntnpos study --list
"""


@dataclass(frozen=True)
class Study:
    """One study, as the command knows it."""

    title: str
    about: str
    """One line."""
    parts: Callable[[int, Effort], Sequence[Part]]
    """Seed and effort -> the work."""
    draw: Callable[[Path, Findings, str], None]
    """Makes the picture: path, what was found, a subtitle."""


def _receiver() -> Study:
    # Imported when it is needed: the list and the help do without GNU Radio.
    from . import receiver

    return Study("Receiver", ABOUT["receiver"], receiver.parts, receiver.draw)


def _link() -> Study:
    from . import link

    return Study("Link budget", ABOUT["link"], link.parts, link.draw)


def _verification() -> Study:
    from . import verification

    return Study("Verification", ABOUT["verification"], verification.parts, verification.draw)


def _two_way() -> Study:
    from . import two_way

    return Study("Round trips", ABOUT["two-way"], two_way.parts, two_way.draw)


ABOUT = {
    "receiver": "time of arrival beside its bounds: noise, Doppler, multipath, interference, gaps",
    "two-way": "round trips over a transparent payload, samples both ways, beside the bound",
    "link": "power over noise: terms of the link budget, beams, interference, environments",
    "verification": "claimed places under one satellite: position errors, false alarms, missed lies, mirrors",
}
"""Name of a study to what it is about."""
STUDIES: dict[str, Callable[[], Study]] = {
    "receiver": _receiver, "two-way": _two_way, "link": _link, "verification": _verification}


def whole(low: int, high: int) -> Callable[[str], int]:
    """Argument type: a whole number from `low` to `high`."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return read


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(
        prog="ntnpos study", epilog=EPILOG, description="Run a study and write its table and its picture."
    )
    found.add_argument(
        "name", nargs="?", choices=[*STUDIES], metavar="NAME", help=f"one of: {', '.join(STUDIES)}"
    )
    found.add_argument("--list", action="store_true", help="list the studies and end")
    found.add_argument(
        "--seed",
        type=whole(0, MOST_SEED),
        default=1,
        metavar="S",
        help="seed of all that is drawn (default 1)",
    )
    found.add_argument(
        "-o", "--output", default="out/study", metavar="DIR", help="folder of the files (default out/study)"
    )
    found.add_argument("--short", action="store_true", help="few trials: under a minute, with wide intervals")
    found.add_argument(
        "--scale",
        type=number(0.0, 100.0, above=True),
        default=1.0,
        metavar="F",
        help="this many times the trials (default 1)",
    )
    found.add_argument(
        "--jobs",
        type=whole(1, MOST_JOBS),
        default=min(os.cpu_count() or 1, MOST_JOBS),
        metavar="N",
        help="processes (default: one a processor)",
    )
    found.add_argument(
        "--strict", action="store_true", help="exit status 1 if a requirement is missed for certain"
    )
    return found


def progress(text: str) -> None:
    """A line for the one who waits."""
    print(text, file=sys.stderr, flush=True)


def run(name: str, seed: int, effort: Effort, jobs: int, output: Path) -> list[Row]:
    """Carry out a study and write its files; its rows.

    Raises
    ------
    InputError
        Where the folder or a file cannot be written: before the work, not after it.
    """
    paths = {suffix: output / f"{name}.{suffix}" for suffix in ("json", "csv", "md", "png")}
    try:
        output.mkdir(parents=True, exist_ok=True)
        for path in paths.values():
            path.touch()
    except OSError as error:
        raise InputError(
            error.filename or output, "-o", error.strerror or str(error), "a folder that can be written"
        ) from None
    study = STUDIES[name]()
    parts = study.parts(seed, effort)
    findings = joined(carry_out(parts, jobs, progress))
    trials = sum(part.trials for part in parts)
    about = (
        f"`./ntnpos study {name}`, {effort.text()}, seed {seed}, {trials} trials: {study.about}. "
        '"Open": the 95 % interval holds the limit.'
    )
    paths["json"].write_text(to_json(name, seed, trials, findings), encoding="utf-8")
    paths["csv"].write_text(to_csv(findings), encoding="utf-8")
    paths["md"].write_text(to_markdown(study.title, about, findings), encoding="utf-8")
    study.draw(paths["png"], findings, f"{trials} trials, seed {seed}")
    return findings.rows


def summary(rows: Sequence[Row], output: Path, name: str) -> str:
    """What the command says at its end."""
    judged = [row for row in rows if row.ok is not None]
    missed = [row for row in judged if not row.ok]
    undecided = [row for row in missed if row.certain is False]
    met = len(judged) - len(missed)
    lines = [f"{met} of {len(judged)} requirements met; files: {output / name}.json, .csv, .md, .png"]
    if undecided:
        lines.append(f"{len(undecided)} missed by less than the 95 % interval: more trials decide (--scale)")
    for row in missed:
        if row.certain is not False:
            value = (
                "no result"
                if row.ours is None
                else f"{row.ours:.4g}{'' if row.unit == '1' else ' ' + row.unit}".strip()
            )
            lines.append(
                f"missed: {row.group}: {row.case}: {row.quantity}: {value}, required {row.requirement.text()}"
            )
    return "\n".join(lines)


def study(arguments) -> int:
    """Do what was asked for; exit status."""
    if arguments.list:
        print("\n".join(f"{name}: {about}" for name, about in ABOUT.items()))
        return 0
    if arguments.name is None:
        raise InputError("ntnpos study", "NAME", "is missing", f"one of: {', '.join(STUDIES)}; or --list")
    output = Path(arguments.output)
    rows = run(
        arguments.name, arguments.seed, Effort(arguments.short, arguments.scale), arguments.jobs, output
    )
    print(summary(rows, output, arguments.name))
    return 1 if arguments.strict and any(row.ok is False and row.certain is not False for row in rows) else 0


def main(argv: list[str]) -> int:
    """Run the command; its exit status."""
    arguments = parser().parse_args(argv)
    return guarded(lambda: study(arguments))
