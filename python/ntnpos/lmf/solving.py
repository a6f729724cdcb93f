# SPDX-License-Identifier: GPL-3.0-or-later
"""From a session's lines to its fix and verdicts: the function that service and replay share; who runs it.

The work is the same text in and the same text out wherever it is done: in the service's own process (`InlineSolver`)
or in another (`worker.WorkerSolver`), so that a replay gives the same bits.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..errors import describe
from ..network.assistance import Assistance, parse_assistance
from ..network.fields import Fields, parse_json
from ..network.measurements import Measurement, from_json_line
from ..position import Fix, solve
from ..position.rows import Height
from .claim import Claim, Thresholds
from .records import check_claim
from .verification import Verdict, verify


@dataclass(frozen=True)
class Job:
    """What a fix rests on. Plain text and numbers, so that it can be written down and sent."""

    ue: str
    session: int
    assistance: int
    """Its number in the store."""
    first: int
    last: int
    """Ids of the first and last of its measurements; 0 where it has none."""
    lines: tuple[str, ...]
    claims: tuple[tuple[int, str], ...] = ()
    """Number and line of each claim to be judged."""


@dataclass(frozen=True)
class Answer:
    """The lines that a job gives: of the fix (None where it was given up), and of each claim's verdict."""

    fix: str | None
    status: str = ""
    """Of the fix."""
    verdicts: tuple[tuple[int, str], ...] = ()
    failed: bool = False
    """The solver itself failed: a defect, which the fix's reason names; without a fix where it was ended."""


@dataclass(frozen=True)
class Settings:
    """How all fixes of a run are made; stored with it."""

    height_m: float | None = None
    height_std_m: float = 1.0
    speed_std_m_s: float | None = None
    """UEs may move, each component of their velocity 0 with this deviation. None: at rest."""


_FAILURES = (ValueError, ArithmeticError, LookupError, TypeError, np.linalg.LinAlgError)


def compute(job: Job, assistance: Assistance, settings: Settings) -> Answer:
    """Solve one job, and judge its claims. Where either fails it is a fix without a place, a verdict left open.

    Raises
    ------
    InputError
        A line is no measurement or claim: it was not checked when it came.
    """
    measurements = [from_json_line(line) for line in job.lines]
    where = {
        "ue": job.ue,
        "session": job.session,
        "measurements": {"first": job.first, "last": job.last, "count": len(job.lines)},
    }
    failed, fix, status = False, None, ""
    if measurements:
        try:
            found = solve(
                measurements,
                assistance,
                settings.height_m,
                settings.height_std_m,
                speed_std_m_s=settings.speed_std_m_s,
            )
        except _FAILURES as error:
            found, failed = Fix("no_fix", _failure("solver", error)), True
        fix, status = json.dumps(found.to_dict() | where, allow_nan=False), found.status
    verdicts = []
    for number, line in job.claims:
        verdict, sound = _judged(line, measurements, assistance, settings)
        failed = failed or not sound
        verdicts.append(
            (number, json.dumps(verdict.to_dict() | where | {"claim_id": number}, allow_nan=False))
        )
    return Answer(fix, status, tuple(verdicts), failed)


def _judged(
    line: str, measurements: list[Measurement], assistance: Assistance, settings: Settings
) -> tuple[Verdict, bool]:
    """The verdict on a claim, and whether the verification itself worked. A height that the claim does not have is
    the network's own."""
    found = check_claim(Fields("claim", "", parse_json(line, "claim")))
    known = None if settings.height_m is None else Height(settings.height_m, settings.height_std_m)
    height = known or Height(assistance.ue_prior.height_m, assistance.ue_prior.height_sigma_m)
    own = found["height_m"] is not None
    claim = Claim(
        found["latitude_deg"],
        found["longitude_deg"],
        found["height_m"] if own else height.height_m,
        found["horizontal_std_m"],
        found["height_std_m"] if own else height.std_m,
    )
    thresholds = Thresholds(radius_m=1e3 * found["radius_km"])
    try:
        return verify(measurements, assistance, claim, found["level"], thresholds, known), True
    except _FAILURES as error:
        reason = _failure("verification", error)
        return Verdict(claim, found["level"], "inconclusive", None, reason, thresholds), False


def _failure(what: str, error: Exception) -> str:
    return f"the {what} failed: {type(error).__name__}: {describe(str(error))}"


class Solver(Protocol):
    """Who works on jobs: takes some at a time, and hands back the answers when they are there."""

    free: int
    """Jobs that it takes now."""
    restarts: int
    """Times that it had to be started anew; the job that it had is lost then."""

    def add_assistance(self, number: int, text: str) -> None:
        """Make assistance data known that jobs name."""

    def forget_assistance(self, number: int) -> None:
        """No later job names these."""

    def submit(self, job: Job) -> None:
        """Take a job; `free` is above 0."""

    def answers(self) -> list[tuple[Job, Answer]]:
        """What has been answered since; never waits."""

    def descriptors(self) -> list[int]:
        """File descriptors that become readable when there is an answer."""

    def close(self) -> None:
        """Give up what is not answered."""


class InlineSolver:
    """Solves within `answers`, one job each time."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._known: dict[int, Assistance] = {}
        self._jobs: deque[tuple[Job, Assistance]] = deque()
        self.restarts = 0

    @property
    def free(self) -> int:
        """See `Solver`."""
        return 1 - len(self._jobs)

    def add_assistance(self, number: int, text: str) -> None:
        """See `Solver`."""
        name = f"assistance {number}"
        self._known[number] = parse_assistance(parse_json(text, name), name)

    def forget_assistance(self, number: int) -> None:
        """See `Solver`."""
        del self._known[number]

    def submit(self, job: Job) -> None:
        """See `Solver`."""
        self._jobs.append((job, self._known[job.assistance]))

    def answers(self) -> list[tuple[Job, Answer]]:
        """See `Solver`."""
        if not self._jobs:
            return []
        job, assistance = self._jobs.popleft()
        return [(job, compute(job, assistance, self._settings))]

    def descriptors(self) -> list[int]:
        """See `Solver`."""
        return []

    def close(self) -> None:
        """See `Solver`."""
        self._jobs.clear()


def job_to_dict(job: Job) -> dict[str, Any]:
    """A job as JSON has it; `job_from_dict` reads it."""
    return vars(job) | {"lines": list(job.lines), "claims": [list(claim) for claim in job.claims]}


def job_from_dict(value: dict[str, Any]) -> Job:
    """See `job_to_dict`."""
    return Job(**value | {"lines": tuple(value["lines"]), "claims": tuple(map(tuple, value["claims"]))})
