# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fix and verdict of a store computed again from its measurements, and compared bit for bit."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Iterator

from ..errors import InputError
from ..network.assistance import Assistance, parse_assistance
from .schema import SEALED
from .solving import Job, Settings, compute
from .store import StoreError, StoreReader, sealed, versions

_MOST_KNOWN = 64  # assistance data that are kept parsed


@dataclass
class Outcome:
    """What a replay found."""

    fixes: int = 0
    verdicts: int = 0
    seal: str = ""
    """Digest of everything that is stored: the last seal."""
    measurements: int = 0
    """Rows that fixes and verdicts rest on, counted each time."""
    difference: str | None = None
    """The first, as one line."""
    other_versions: list[str] = field(default_factory=list)
    """Runs that were made with other versions of what the last bits depend on."""


def replay(reader: StoreReader) -> Outcome:
    """Compute everything again and check the seals, until the first difference.

    Raises
    ------
    StoreError
        The file is damaged.
    """
    outcome = Outcome()
    known: dict[int, Assistance] = {}
    runs = _runs(reader, outcome)
    for job, run, stored in _jobs(reader):
        outcome.measurements += len(job.lines)
        difference = _difference(job, _assistance(reader, known, job.assistance), runs[run], stored)
        if difference is not None:
            outcome.difference = f"{'verdict' if job.claims else 'fix'} {stored['id']}: {difference}"
            return outcome
        outcome.fixes += not job.claims
        outcome.verdicts += bool(job.claims)
    outcome.difference = _check_seals(reader, outcome)
    return outcome


def _difference(job: Job, assistance: Assistance, settings: Settings, stored) -> str | None:
    """What is different when a job is done again; None where its line comes out the same."""
    if len(job.lines) != stored["count"]:
        return (
            f"rests on {stored['count']} measurements, and {len(job.lines)} are stored from {job.first} to "
            f"{job.last} of session {job.session}"
        )
    try:
        again = compute(job, assistance, settings)
    except InputError as error:
        return f"rests on a measurement that is none ({error})"
    line = again.verdicts[0][1] if job.claims else again.fix
    return None if line == stored["line"] else _where(json.loads(stored["line"]), json.loads(line))


def _check_seals(reader: StoreReader, outcome: Outcome) -> str | None:
    """What does not go with the seals; None where every row is in one, as it was written."""
    last = dict.fromkeys(SEALED, 0)
    for seal in reader.rows("SELECT * FROM seal ORDER BY id"):
        rows = {
            name: [
                tuple(row)
                for row in reader.rows(
                    f"SELECT * FROM {name} WHERE id > ? AND id <= ? ORDER BY id", last[name], seal[name]
                )
            ]
            for name in SEALED
        }
        last = {name: seal[name] for name in SEALED}
        outcome.seal = sealed(outcome.seal, rows)
        if outcome.seal != seal["sha256"]:
            return f"seal {seal['id']}: its rows, or one before, are not those that were written"
    for name in SEALED:
        if next(reader.rows(f"SELECT id FROM {name} WHERE id > ?", last[name]), None) is not None:
            return f"{name}: has rows after the last seal"
    return None


def _runs(reader: StoreReader, outcome: Outcome) -> dict[int, Settings]:
    """Settings of each run."""
    found, here = {}, versions()
    for row in reader.rows("SELECT id, settings, versions FROM run"):
        found[row["id"]] = Settings(**json.loads(row["settings"]))
        then = json.loads(row["versions"])
        other = [
            f"{name} {then.get(name)} (here {here[name]})" for name in here if then.get(name) != here[name]
        ]
        if other:
            outcome.other_versions.append(f"run {row['id']}: " + ", ".join(other))
    return found


def _jobs(reader: StoreReader) -> Iterator[tuple[Job, int, dict]]:
    """Every stored fix and verdict as the job that it came from, with its run and its row."""
    for row in reader.rows("SELECT * FROM fix ORDER BY id"):
        yield _job(reader, row, ()), row["run"], row
    for row in reader.rows(
        "SELECT verdict.*, claim.line AS claim_line FROM verdict JOIN claim "
        "ON claim.id = verdict.claim ORDER BY verdict.id"
    ):
        yield _job(reader, row, ((row["claim"], row["claim_line"]),)), row["run"], row


def _job(reader: StoreReader, row, claims: tuple) -> Job:
    lines = tuple(
        found["line"]
        for found in reader.rows(
            "SELECT line FROM measurement WHERE used AND session = ? AND id BETWEEN ? AND ? ORDER BY id",
            row["session"],
            row["first"],
            row["last"],
        )
    )
    return Job(row["ue"], row["session"], row["assistance"], row["first"], row["last"], lines, claims)


def _assistance(reader: StoreReader, known: dict[int, Assistance], number: int) -> Assistance:
    if number not in known:
        row = next(reader.rows("SELECT text FROM assistance WHERE id = ?", number), None)
        if row is None:
            raise StoreError(f"{reader.path}: assistance {number} is missing")
        if len(known) >= _MOST_KNOWN:
            known.pop(next(iter(known)))
        try:
            known[number] = parse_assistance(json.loads(row["text"]), f"assistance {number}")
        except (InputError, ValueError) as error:
            raise StoreError(f"{reader.path}: {error}") from None
    return known[number]


def _where(stored: dict, again: dict) -> str:
    """The first field that differs."""
    for name in [*stored, *(name for name in again if name not in stored)]:
        if stored.get(name) != again.get(name):
            values = (json.dumps(line.get(name)) for line in (stored, again))
            return "{} is stored as {} and computed as {}".format(name, *values)
    return "the fields are in another order"
