# SPDX-License-Identifier: GPL-3.0-or-later
"""The location server's store: every measurement, claim, fix and verdict, written before anything is answered.

SQLite with a write-ahead log and `synchronous=FULL`: what `commit` returned from survives the end of the process and, as
far as the disk keeps what it acknowledges, of the machine.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import platform
import sqlite3
from pathlib import Path
from typing import Iterator, Mapping, Sequence

import numpy
import scipy

from ..errors import InputError
from .records import ClaimMessage, Reading
from .schema import APPLICATION_ID, SEALED, TABLES, VERSION, statements
from .solving import Answer, Job, Settings

_COLUMNS = {name: columns.count(",") + 1 for name, columns in TABLES.items()}
_INSERT = {name: f"INSERT INTO {name} VALUES ({', '.join('?' * count)})" for name, count in _COLUMNS.items()}


class StoreError(RuntimeError):
    """The store cannot be written or read any more; the message is one line."""


def versions() -> dict[str, str]:
    """Of everything that the last bits of a fix depend on."""
    return {"python": platform.python_version(), "numpy": numpy.__version__, "scipy": scipy.__version__,
            "machine": platform.machine()}


def sealed(before: str, rows: Mapping[str, Sequence[Sequence]]) -> str:
    """Digest (hexadecimal) of a transaction: of the seal before it and of its rows by table, as JSON. The first seal has
    the empty text before it."""
    found = hashlib.sha256(before.encode())
    for name in SEALED:
        for row in rows.get(name, ()):
            found.update(json.dumps([name, *row]).encode() + b"\n")
    return found.hexdigest()


class Store:
    """A store being written. Use from one thread; one process at a time.

    Rows are gathered by the `add_*` methods, which number them, and written by `commit`.

    Parameters
    ----------
    path : Path
        Made where it is not there.

    Raises
    ------
    InputError
        It cannot be written, is no store, or another process writes it.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self._lock = _locked(self.path)
        try:
            self._database = _opened(self.path, write=True)
        except InputError:
            self._lock.close()
            raise
        self._rows: dict[str, list[tuple]] = {name: [] for name in SEALED}
        self._last = {name: self._one(f"SELECT coalesce(max(id), 0) FROM {name}") for name in TABLES}
        self.first_session = 1 + max(self._one(f"SELECT coalesce(max(session), 0) FROM {name}")
                                     for name in ("measurement", "claim"))
        self.run = 0
        self.seal = self._one("SELECT coalesce((SELECT sha256 FROM seal ORDER BY id DESC LIMIT 1), '')")
        """Digest of everything in the store."""

    def _one(self, query: str):
        return self._database.execute(query).fetchone()[0]

    @property
    def pending(self) -> int:
        """Rows that the next `commit` writes."""
        return sum(map(len, self._rows.values()))

    def _add(self, table: str, *values) -> int:
        self._last[table] += 1
        self._rows[table].append((self._last[table], *values))
        return self._last[table]

    def add_run(self, started_utc_s: float, settings: Settings) -> None:
        """All fixes from here on are made with these settings."""
        self.run = self._add("run", started_utc_s, json.dumps(vars(settings)), json.dumps(versions()))

    def add_assistance(self, name: str, text: str) -> int:
        """Its number; that of the same data under the same name, if it is the newest there."""
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        found = self._database.execute(
            "SELECT id, sha256 FROM assistance WHERE name = ? ORDER BY id DESC LIMIT 1", (name,)).fetchone()
        return found[0] if found and found[1] == sha256 else self._add("assistance", name, sha256, text)

    def add_measurement(self, reading: Reading, session: int | None, used: bool, utc_s: float) -> int:
        """Its id. `used`: it takes part in the fixes of that session."""
        m = reading.measurement
        return self._add("measurement", session, reading.ue, reading.source, reading.seq, utc_s, reading.t_s,
                         m.kind, m.satellite, int(used), reading.line)

    def add_claim(self, claim: ClaimMessage, session: int | None, utc_s: float) -> int:
        """Its id."""
        return self._add("claim", session, claim.ue, claim.source, claim.seq, utc_s, claim.line)

    def add_answer(self, job: Job, answer: Answer) -> None:
        """A fix and its verdicts."""
        where = (self.run, job.assistance, job.session, job.ue)
        rows = (job.first, job.last, len(job.lines))
        if answer.fix is not None:
            self._add("fix", *where, *rows, answer.status, answer.fix)
        for claim, line in answer.verdicts:
            self._add("verdict", *where, claim, *rows, json.loads(line)["verdict"], line)

    def commit(self) -> None:
        """Write what was added. Raises `StoreError`; nothing of it is written then."""
        if not self.pending:
            return
        seal = sealed(self.seal, self._rows)
        number = self._last["seal"] + 1
        try:
            self._database.execute("BEGIN IMMEDIATE")
            for table, rows in self._rows.items():
                if rows:
                    self._database.executemany(_INSERT[table], rows)
            self._database.execute(_INSERT["seal"], (number, *(self._last[name] for name in SEALED), seal))
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: cannot be written ({error})") from None
        self.seal, self._last["seal"] = seal, number
        for rows in self._rows.values():
            rows.clear()

    def close(self) -> None:
        """Close without writing what was not committed."""
        self._database.close()
        self._lock.close()


class StoreReader:
    """A store being read as it was when this was made, also while it is being written. A context manager.

    Raises
    ------
    InputError
        It is not there, or no store.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError(path, "store", "is not there", "a file that ./ntnpos lmf has written")
        self._database = _opened(self.path, write=False)
        self._database.row_factory = sqlite3.Row
        self._database.execute("BEGIN")
        self._database.execute("SELECT id FROM run LIMIT 1").fetchone()  # the first look fixes what is seen

    def __enter__(self) -> StoreReader:
        return self

    def __exit__(self, *_) -> None:
        self._database.close()

    def rows(self, query: str, *values) -> Iterator[sqlite3.Row]:
        """The rows of a query. Raises `StoreError` where the file is damaged."""
        try:
            yield from self._database.execute(query, values)
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: cannot be read ({error})") from None


def _locked(path: Path):
    """An open lock file beside the store, held by this process alone."""
    name = path.with_name(path.name + ".lock")
    try:
        lock = open(name, "w")
    except OSError as error:
        raise InputError(name, "store", f"cannot be written ({error.strerror})",
                         "a folder that can be written") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise InputError(path, "store", "is being written by another process", "a store of its own") from None
    return lock


def _opened(path: Path, write: bool) -> sqlite3.Connection:
    """The database, made where it is not there and may be."""
    allowed = "a file that ./ntnpos lmf has written" + (", or none" if write else "")
    database = None
    try:
        mode = "rwc" if write else "ro"
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
        if write:
            database.execute("PRAGMA synchronous = FULL")
        ours = database.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        if write and not ours and not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("BEGIN IMMEDIATE")
            for statement in statements():
                database.execute(statement)
            database.execute("COMMIT")
            ours = True
        version = database.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        if database is not None:
            database.close()
        raise InputError(path, "store", str(error), allowed) from None
    if not ours or version != VERSION:
        database.close()
        problem = f"is of version {version}" if ours else "is another program's database"
        raise InputError(path, "store", problem, allowed)
    return database
