# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m ntnpos.lmf.worker`: solves jobs in a process of its own, so that no fix holds up what is received.

Lines of JSON on stdin: first the settings, then assistance data and jobs; an answer a job on stdout. It ends with its
stdin, and so with the process that started it, however that ended.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from typing import IO, Callable

from ..network.assistance import Assistance, parse_assistance
from .solving import Answer, Job, Settings, compute, job_from_dict, job_to_dict

SOLVE_LIMIT_S = 30.0
"""A worker that takes longer for one fix has hung: it is ended and started anew."""
_READ = 1 << 16
_PATIENCE_S = 0.02


def serve(lines: IO[str], answers: IO[str]) -> None:
    """Answer jobs until `lines` end."""
    settings = Settings(**json.loads(next(lines)))
    known: dict[int, Assistance] = {}
    for line in lines:
        message = json.loads(line)
        if "forget" in message:
            known.pop(message["forget"], None)
            continue
        if "assistance" in message:
            number = message["assistance"]
            known[number] = parse_assistance(message["value"], f"assistance {number}")
            continue
        job = job_from_dict(message["job"])
        answers.write(json.dumps(vars(compute(job, known[job.assistance], settings))) + "\n")
        answers.flush()


class SolverError(RuntimeError):
    """There can be no fixes: the processes that make them do not run."""


class _Worker:
    """One process, at most one job."""

    def __init__(self, settings: Settings):
        self.process = subprocess.Popen([sys.executable, "-m", "ntnpos.lmf.worker"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, bufsize=0, start_new_session=True)
        for stream in (self.process.stdin, self.process.stdout):
            os.set_blocking(stream.fileno(), False)
        self.job: Job | None = None
        self.answered = False
        self.since = 0.0
        self._heard, self._unsent = b"", b""
        self._knows: set[int] = set()
        self._send(vars(settings))

    def _send(self, message: dict) -> None:
        self._unsent += json.dumps(message).encode() + b"\n"
        self._flush()

    def _flush(self) -> None:
        """Write as long as it reads; a process that has stopped reading keeps nobody waiting."""
        pipe = self.process.stdin.fileno()
        try:
            while self._unsent and select.select([], [pipe], [], _PATIENCE_S)[1]:
                self._unsent = self._unsent[os.write(pipe, self._unsent):]
        except BrokenPipeError:  # it has ended: `answer` sees that
            self._unsent = b""

    def submit(self, job: Job, assistance: str, now: float) -> None:
        if job.assistance not in self._knows:
            self._send({"assistance": job.assistance, "value": json.loads(assistance)})
            self._knows.add(job.assistance)
        self.job, self.since = job, now
        self._send({"job": job_to_dict(job)})

    def forget(self, number: int) -> None:
        if number in self._knows:
            self._knows.discard(number)
            self._send({"forget": number})

    def answer(self) -> Answer | None:
        """The answer to its job, once it is whole. EOFError where the process has ended."""
        if self._unsent:
            self._flush()
        while True:
            try:
                found = os.read(self.process.stdout.fileno(), _READ)
            except BlockingIOError:
                return None
            if not found:
                raise EOFError
            self._heard += found
            if self._heard.endswith(b"\n"):
                value, self._heard = json.loads(self._heard), b""
                return Answer(**value | {"verdicts": tuple(map(tuple, value["verdicts"]))})

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            stream.close()


class WorkerSolver:
    """Processes that solve, each one job at a time. See `solving.Solver`.

    Parameters
    ----------
    settings : Settings
    count : int
        Processes.
    limit_s : float
        Time that one job may take.
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, settings: Settings, count: int = 1, limit_s: float = SOLVE_LIMIT_S,
                 clock: Callable[[], float] = time.monotonic):
        self._settings, self._limit_s, self._clock = settings, limit_s, clock
        self._texts: dict[int, str] = {}
        self._workers = [_Worker(settings) for _ in range(count)]
        self.restarts = 0

    @property
    def free(self) -> int:
        """See `Solver`."""
        return sum(worker.job is None for worker in self._workers)

    def add_assistance(self, number: int, text: str) -> None:
        """See `Solver`."""
        self._texts[number] = text

    def forget_assistance(self, number: int) -> None:
        """See `Solver`."""
        del self._texts[number]
        for worker in self._workers:
            worker.forget(number)

    def submit(self, job: Job) -> None:
        """See `Solver`."""
        worker = next(worker for worker in self._workers if worker.job is None)
        worker.submit(job, self._texts[job.assistance], self._clock())

    def answers(self) -> list[tuple[Job, Answer]]:
        """See `Solver`."""
        found = []
        for index, worker in enumerate(self._workers):
            try:
                answer = worker.answer()
                if answer is None and worker.job is not None and self._clock() - worker.since > self._limit_s:
                    raise EOFError
            except EOFError:
                worker.end()
                if worker.job is None and not worker.answered:
                    raise SolverError("the solver's process does not start") from None
                if worker.job is not None:
                    found.append((worker.job, Answer(None, failed=True)))
                self.restarts += 1
                self._workers[index] = _Worker(self._settings)
                continue
            if answer is not None:
                found.append((worker.job, answer))
                worker.job, worker.answered = None, True
        return found

    def descriptors(self) -> list[int]:
        """See `Solver`."""
        return [worker.process.stdout.fileno() for worker in self._workers]

    def close(self) -> None:
        """See `Solver`."""
        for worker in self._workers:
            worker.end()


def main() -> int:
    """Serve stdin; what else is printed goes to stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
