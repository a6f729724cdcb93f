# SPDX-License-Identifier: GPL-3.0-or-later
"""From a session's lines to its fix and verdicts: the function that service and replay share, and who runs it.

The work is the same text in and the same text out wherever it is done: in the service's own process (`InlineSolver`) or
in another (`worker.WorkerSolver`), so that a replay gives the same bits.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..errors import describe
from ..network.assistance import Assistance, parse_assistance
from ..network.fields import parse_json
from ..network.measurements import from_json_line
from ..position import Fix, solve


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


def compute(job: Job, assistance: Assistance, settings: Settings) -> Answer:
    """Solve one job. Raises nothing: a failure of the solver is a fix without a place."""
    measurements = [from_json_line(line) for line in job.lines]
    failed = False
    try:
        fix = solve(measurements, assistance, settings.height_m, settings.height_std_m,
                    speed_std_m_s=settings.speed_std_m_s).to_dict()
    except (ValueError, ArithmeticError, LookupError, TypeError, np.linalg.LinAlgError) as error:
        fix = Fix("no_fix", f"the solver failed: {type(error).__name__}: {describe(str(error))}").to_dict()
        failed = True
    where = {"ue": job.ue, "session": job.session,
             "measurements": {"first": job.first, "last": job.last, "count": len(job.lines)}}
    return Answer(json.dumps(fix | where, allow_nan=False), fix["status"], (), failed)


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
