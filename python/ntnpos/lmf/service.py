# SPDX-License-Identifier: GPL-3.0-or-later
"""The location server without its sockets: messages in, rows into the store, jobs to the solver, lines out.

One thread, and every call does a bounded piece of work, so that nothing that is received, and no fix, can hold up what
comes after. What is published or acknowledged has been committed before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ..network.accounts import Accounts
from ..network.assistance import Assistance
from .library import MOST_NAMES, Library
from .metrics import Counts, Latency, as_dict, as_prometheus
from .protocol_readers import protocol_readers
from .records import (READERS, AssistanceUpdate, Bad, ClaimMessage, Notice, Reader, Reading, Record, Request,
                      read_message)
from .sessions import Limits, Row, Session, Sessions
from .solving import Answer, Job, Solver
from .store import Store

MOST_SOURCES = 4096


@dataclass
class Receipt:
    """What became of one message; the acknowledgement, once it is committed."""

    accepted: int = 0
    bad: int = 0
    duplicates: int = 0
    first: int | None = None
    """Id of the first measurement that it added, `last` of the last."""
    last: int | None = None
    problem: str | None = None
    """The first thing that was wrong."""
    asked: str | None = None
    """It asked a question."""

    def to_dict(self) -> dict:
        """The line that answers it."""
        return {"type": "ack", "schema": "ntnpos.lmf-ack/1", "accepted": self.accepted, "bad": self.bad,
                "duplicates": self.duplicates, "first": self.first, "last": self.last,
                "problem": self.problem}


class Service:
    """Takes messages, keeps sessions, and has their fixes made.

    Parameters
    ----------
    store : Store
        Its run has been added.
    solver : Solver
    limits : Limits
    publish : callable
        Takes a topic (``fix/UE``, ``verdict/UE``) and a line, which has been committed; False where it could not be
        sent.
    clock, utc : callable
        Monotonic seconds; seconds of UTC since 1970.
    updates : bool
        Whether messages may bring assistance data.
    """

    def __init__(self, store: Store, solver: Solver, limits: Limits, publish: Callable[[str, str], bool],
                 clock: Callable[[], float], utc: Callable[[], float], updates: bool = False):
        self.counts, self.latency = Counts(), Latency()
        self.library = Library()
        self.accounts = Accounts(clock, MOST_SOURCES)
        self.sessions = Sessions(limits, store.first_session)
        self._store, self._solver, self._publish = store, solver, publish
        self._clock, self._utc, self._updates = clock, utc, updates
        self._readers = READERS | protocol_readers(self.library, utc)
        self._asked: dict[int, float] = {}  # session -> when the last measurement of its job was heard
        self._lines: list[tuple[str, str, float | None]] = []

    def add_assistance(self, name: str, assistance: Assistance, text: str) -> None:
        """Work with these assistance data from now on."""
        number = self._store.add_assistance(name, text)
        before = self.library.put(name, number, assistance)
        self._solver.add_assistance(number, text)
        if before is not None and before.number != number:
            self._solver.forget_assistance(before.number)

    def add_reader(self, topic: str, reader: Reader) -> None:
        """Read messages of a further topic."""
        self._readers[topic] = reader

    # ------------------------------------------------------------------------------------------ in

    def receive(self, topic: bytes | None, payload: bytes) -> Receipt:
        """Take one message. Raises nothing for any bytes."""
        self.counts.messages += 1
        receipt = Receipt()
        for record in read_message(topic, payload, self._readers):
            self.counts.records += 1
            self._take(record, payload, receipt)
        return receipt

    def refuse(self, problem: str) -> Receipt:
        """Count a message that is wrong as a whole."""
        self.counts.messages += 1
        self.counts.records += 1
        receipt = Receipt()
        self._bad(receipt, problem)
        return receipt

    def _bad(self, receipt: Receipt, problem: str) -> None:
        self.counts.bad += 1
        receipt.bad += 1
        receipt.problem = receipt.problem or problem
        self.accounts.bad(problem)

    def _take(self, record: Record, payload: bytes, receipt: Receipt) -> None:
        source, seq = getattr(record, "source", None), getattr(record, "seq", None)
        if source is not None:
            digest = hash(record.line if isinstance(record, (Reading, ClaimMessage)) else payload)
            if not self.accounts.follow(source, seq, digest):
                self.counts.duplicates += 1
                receipt.duplicates += 1
                return
        if isinstance(record, Bad):
            self._bad(receipt, record.problem)
            return
        if isinstance(record, Request):
            self.counts.requests += 1
            receipt.asked = record.what
            return
        if isinstance(record, Reading):
            self._reading(record, receipt)
        elif isinstance(record, ClaimMessage):
            if not self._claim(record, receipt):
                return
        elif isinstance(record, AssistanceUpdate):
            if not self._update(record, receipt):
                return
        elif isinstance(record, Notice):
            self.counts.notices += 1
            self.accounts.sources[record.source].ended = record.kind == "end"
        receipt.accepted += 1

    def _reading(self, reading: Reading, receipt: Receipt) -> None:
        self.counts.measurements += 1
        entry, t_s = self.library.of_reading(reading), reading.t_s
        session, used = None, False
        if entry is None:
            self.counts.unknown += 1
        else:
            session = self.sessions.session(reading.ue, entry.name, self._clock())
            used = reading.measurement.status == "ok" and t_s is not None
            self.counts.unused += not used
        number = self._store.add_measurement(reading, session and session.number, used, self._utc())
        if used:
            self.sessions.add(session, Row(number, t_s, reading.line))
        receipt.first = receipt.first or number
        receipt.last = number

    def _claim(self, claim: ClaimMessage, receipt: Receipt) -> bool:
        entries = self.library.of_claim(claim)
        if not entries:
            self._bad(receipt, f"no assistance data are called {claim.assistance!r}")
            return False
        name = self.sessions.last_heard(claim.ue, [entry.name for entry in entries])
        session = self.sessions.session(claim.ue, name, self._clock())
        if not self.sessions.room_for_claim(session):
            self._bad(receipt, "too many claims wait for their verdict")
            return False
        self.counts.claims += 1
        self.sessions.claim(session, self._store.add_claim(claim, session.number, self._utc()), claim.line)
        return True

    def _update(self, update: AssistanceUpdate, receipt: Receipt) -> bool:
        if not self._updates:
            self._bad(receipt, "assistance data are not taken from messages")
        elif update.name not in self.library and len(self.library) >= MOST_NAMES:
            self._bad(receipt, f"more than {MOST_NAMES} assistance data")
        else:
            self.counts.updates += 1
            self.add_assistance(update.name, update.assistance, update.text)
            return True
        return False

    # ------------------------------------------------------------------------------------------ work

    def work(self) -> None:
        """Take answers, see which sessions are due, hand jobs to a solver that is free."""
        for job, answer in self._solver.answers():
            self._answered(job, answer)
        self.sessions.tick(self._clock())
        while self._solver.free and (taken := self.sessions.take(self._asked)) is not None:
            self._solver.submit(self._job(*taken))

    def _job(self, session: Session, claims: list[tuple[int, str]]) -> Job:
        rows = session.rows
        self._asked[session.number] = session.heard
        first, last = (rows[0].id, rows[-1].id) if rows else (0, 0)
        return Job(session.ue, session.number, self.library[session.assistance].number, first, last,
                   tuple(row.line for row in rows), tuple(claims))

    def _answered(self, job: Job, answer: Answer) -> None:
        heard = self._asked.pop(job.session)
        self.counts.solver_failures += answer.failed
        self.counts.places += answer.status in ("ok", "ambiguous")
        self.sessions.counts.unjudged += len(job.claims) - len(answer.verdicts)
        self._store.add_answer(job, answer)
        if answer.fix is not None:
            self._lines.append((f"fix/{job.ue}", answer.fix, heard))
        self._lines += [(f"verdict/{job.ue}", line, None) for _, line in answer.verdicts]

    def commit(self) -> None:
        """Write everything that is pending, then publish it. Raises `StoreError`."""
        if self._store.pending:
            self._store.commit()
            self.counts.commits += 1
        lines, self._lines = self._lines, []
        for topic, line, heard in lines:
            if topic.startswith("fix/"):
                self.counts.fixes += 1
                self.latency.add(max(0.0, self._clock() - heard))
            else:
                self.counts.verdicts += 1
            self.counts.unpublished += not self._publish(topic, line)

    @property
    def idle(self) -> bool:
        """Nothing is due, asked or pending."""
        return not (self.sessions.due or self._asked or self._lines or self._store.pending)

    @property
    def busy(self) -> bool:
        """There is work that waits for no message: an inline solver has a job."""
        return bool(self._asked) and not self._solver.descriptors()

    @property
    def pending(self) -> int:
        """Rows that the next `commit` writes."""
        return self._store.pending

    @property
    def lines_pending(self) -> bool:
        """Fixes or verdicts wait for the next `commit`."""
        return bool(self._lines)

    # ------------------------------------------------------------------------------------------ metrics

    def gauges(self) -> dict[str, float]:
        """What the counts do not say: how things stand."""
        sessions, sources = self.sessions, self.accounts.sources
        return {"lost": self.accounts.lost, "sources": len(sources),
                "sources_ended": sum(source.ended for source in sources.values()), "sessions": len(sessions),
                "session_bytes": sessions.size, "due": sessions.due, "solving": len(self._asked),
                "solver_restarts": self._solver.restarts} | {
                    f"sessions_{name}": value for name, value in vars(sessions.counts).items()}

    def metrics(self) -> dict:
        """The metrics line."""
        return as_dict(self.counts, self.gauges(), self.latency) | {"seal": self._store.seal}

    def prometheus(self) -> str:
        """The metrics as Prometheus reads them."""
        return as_prometheus(self.counts, self.gauges(), self.latency)
