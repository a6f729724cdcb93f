# SPDX-License-Identifier: GPL-3.0-or-later
"""The measurements that a UE's next fix rests on, for many UEs, in bounded memory.

A session keeps its measurements as the lines that the store holds, so that memory is what their characters take, and a
replay starts from the very same text.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Collection
_ROW_BYTES = 200  # of a row besides its text
_MAX_CLAIMS = 16
_PASS = 1000      # sessions that one call looks at


@dataclass(frozen=True)
class Limits:
    """How much is kept, and when a fix is due. Checked where they come from: the command line."""

    ues: int = 10_000
    """Sessions; the one that was heard least recently goes first."""
    per_ue: int = 1000
    """Measurements of one; the oldest go first."""
    total_bytes: int = 256 << 20
    """Of all measurements kept; whole sessions go, the least recently heard first."""
    window_s: float = 120.0
    """Measurements older than this, by message time, take no part in a fix."""
    fix_every_s: float = 1.0
    """A fix after so much message time."""
    quiet_s: float = 0.5
    """A fix of what has come when so long, by the clock, nothing more comes."""
    timeout_s: float = 600.0
    """A session ends when so long, by the clock, nothing came."""


@dataclass(frozen=True)
class Row:
    """One measurement that takes part in fixes."""

    id: int
    t_s: float
    line: str

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return len(self.line) + _ROW_BYTES


@dataclass
class Session:
    """One UE under one set of assistance data."""

    number: int
    ue: str
    assistance: str
    rows: deque[Row] = field(default_factory=deque)
    claims: list[tuple[int, str]] = field(default_factory=list)
    """Number and line of each that waits."""
    newest_s: float | None = None
    """Message time of its newest measurement."""
    solved_s: float | None = None
    """Message time from which the period to the next fix counts."""
    fresh: int = 0
    """Measurements since the last fix was asked for."""
    heard: float = 0.0
    """When it was last heard, by the clock."""
    size: int = 0


@dataclass
class SessionCounts:
    """started = open + evicted + expired."""

    started: int = 0
    evicted: int = 0
    expired: int = 0
    resets: int = 0
    """Times that a session's measurements were given up because time went back by more than the window."""
    forgotten: int = 0
    """Measurements that left memory because there were too many; the store has them."""
    unjudged: int = 0
    """Claims that went with their session before they were judged."""


class Sessions:
    """All sessions, in the order in which they were last heard.

    Parameters
    ----------
    limits : Limits
    first_number : int
        Number of the first session.
    """

    def __init__(self, limits: Limits, first_number: int = 1):
        self.limits, self.counts = limits, SessionCounts()
        self.size = 0
        self._next = first_number
        self._all: OrderedDict[tuple[str, str], Session] = OrderedDict()
        # Those with something fresh, by when they were heard; and those that wait for a fix.
        self._waiting: OrderedDict[int, Session] = OrderedDict()
        self._due: OrderedDict[int, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._all)

    @property
    def due(self) -> int:
        """Sessions that wait for a fix."""
        return len(self._due)

    def session(self, ue: str, assistance: str, now: float) -> Session:
        """The session of a UE, heard now; a new one may push out the least recent."""
        key = (ue, assistance)
        found = self._all.get(key)
        if found is None:
            while len(self._all) >= self.limits.ues:
                self._drop(next(iter(self._all.values())))
                self.counts.evicted += 1
            found = self._all[key] = Session(self._next, ue, assistance)
            self._next += 1
            self.counts.started += 1
        else:
            self._all.move_to_end(key)
        found.heard = now
        return found

    def add(self, session: Session, row: Row) -> None:
        """One more measurement of a session that was just heard."""
        limits = self.limits
        if session.newest_s is not None and row.t_s < session.newest_s - limits.window_s:
            self._clear(session)
            self.counts.resets += 1
        session.rows.append(row)
        self._grow(session, row.size)
        session.newest_s = row.t_s if session.newest_s is None else max(session.newest_s, row.t_s)
        while session.rows[0].t_s < session.newest_s - limits.window_s:
            self._grow(session, -session.rows.popleft().size)
        while len(session.rows) > limits.per_ue:
            self._grow(session, -session.rows.popleft().size)
            self.counts.forgotten += 1
        session.fresh += 1
        if session.solved_s is None:
            session.solved_s = row.t_s
        self._await(session)
        if session.newest_s - session.solved_s >= limits.fix_every_s:
            self._ask(session)
        while self.size > limits.total_bytes and len(self._all) > 1:
            self._drop(next(iter(self._all.values())))
            self.counts.evicted += 1

    def last_heard(self, ue: str, names: list[str]) -> str:
        """Of these assistance data, those of the UE's session that was heard last, or the last of them."""
        found = [self._all[(ue, name)] for name in names if (ue, name) in self._all]
        return max(found, key=lambda session: session.heard).assistance if found else names[-1]

    def room_for_claim(self, session: Session) -> bool:
        """Whether one more claim may wait."""
        return len(session.claims) < _MAX_CLAIMS

    def claim(self, session: Session, number: int, line: str) -> None:
        """A claim to be judged with the next fix."""
        session.claims.append((number, line))
        self._await(session)

    def tick(self, now: float) -> None:
        """Ask for fixes of sessions that went quiet, and end those that were not heard for long."""
        for _ in range(_PASS):
            first = next(iter(self._waiting.values()), None)
            if first is None or now - first.heard < self.limits.quiet_s:
                break
            self._ask(first)
        for _ in range(_PASS):
            oldest = next(iter(self._all.values()), None)
            if oldest is None or now - oldest.heard < self.limits.timeout_s or oldest.number in self._due:
                break
            self._drop(oldest)
            self.counts.expired += 1

    def ask_all(self) -> None:
        """Ask for a fix of every session with something fresh."""
        for session in list(self._waiting.values()):
            self._ask(session)

    def take(self, busy: Collection[int] = ()) -> tuple[Session, list[tuple[int, str]]] | None:
        """The session that has waited longest for a fix and is not `busy`, with its claims; its next period begins."""
        number = next((number for number in self._due if number not in busy), None)
        if number is None:
            return None
        session = self._due.pop(number)
        session.fresh, session.solved_s = 0, session.newest_s
        claims, session.claims = session.claims, []
        return session, claims

    def _await(self, session: Session) -> None:
        if session.number not in self._due:
            self._waiting[session.number] = session
            self._waiting.move_to_end(session.number)

    def _ask(self, session: Session) -> None:
        self._waiting.pop(session.number, None)
        self._due.setdefault(session.number, session)

    def _drop(self, session: Session) -> None:
        self._grow(session, -session.size)
        self.counts.unjudged += len(session.claims)
        for table in (self._waiting, self._due):
            table.pop(session.number, None)
        del self._all[(session.ue, session.assistance)]

    def _clear(self, session: Session) -> None:
        self._grow(session, -session.size)
        session.rows.clear()
        session.newest_s = session.solved_s = None

    def _grow(self, session: Session, by: int) -> None:
        session.size += by
        self.size += by
