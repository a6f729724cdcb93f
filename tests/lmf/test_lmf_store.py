# SPDX-License-Identifier: GPL-3.0-or-later
"""The store: append-only, one writer, nothing of a commit that failed, refusal of what is none."""

import json
import sqlite3

import lmf_scene
import pytest
from ntnpos.errors import InputError
from ntnpos.lmf.records import Reading
from ntnpos.lmf.schema import TABLES
from ntnpos.lmf.solving import Answer, Job, Settings
from ntnpos.lmf.store import Store, StoreError, StoreReader

ROW = lmf_scene.measurements()[0]
READING = Reading("phone", ROW, ROW.to_json_line(), "rx", 1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.sqlite"


def filled(path) -> None:
    """A store with a row in each table."""
    from ntnpos.lmf.records import ClaimMessage

    store = Store(path)
    store.add_run(1.0, Settings())
    number = store.add_assistance("sky", "{}")
    first = store.add_measurement(READING, 1, True, 2.0)
    claim = store.add_claim(ClaimMessage("phone", '{"type": "claim"}'), 1, 2.0)
    job = Job("phone", 1, number, first, first, (READING.line,), ((claim, "{}"),))
    store.add_answer(job, Answer('{"type": "fix"}', "ok", ((claim, '{"verdict": "consistent"}'),)))
    store.commit()
    store.close()


def count(path, table="measurement") -> int:
    with StoreReader(path) as reader:
        return next(reader.rows(f"SELECT count(*) AS n FROM {table}"))["n"]


def test_rows_are_there_once_they_are_committed(path):
    store = Store(path)
    assert [store.add_measurement(READING, 1, True, 2.0) for _ in range(3)] == [1, 2, 3]
    assert (store.pending, count(path)) == (3, 0)
    store.commit()
    assert (store.pending, count(path)) == (0, 3)
    store.add_measurement(READING, 4, True, 2.0)
    store.close()
    assert count(path) == 3
    store = Store(path)
    assert (store.first_session, store.add_measurement(READING, 2, True, 2.0)) == (2, 4)
    store.close()


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_changed_or_taken_away(path, table):
    filled(path)
    database = sqlite3.connect(path)
    before = database.execute(f"SELECT * FROM {table}").fetchall()
    assert len(before) == 1
    marks = ", ".join("?" * len(before[0]))
    for statement, values in (
        (f"UPDATE {table} SET id = 7", ()),
        (f"DELETE FROM {table}", ()),
        (f"INSERT OR REPLACE INTO {table} VALUES ({marks})", before[0]),
        (f"INSERT INTO {table} VALUES ({marks})", (-1, *before[0][1:])),
    ):
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
            database.execute(statement, values)
    assert database.execute(f"SELECT * FROM {table}").fetchall() == before
    database.close()


def test_it_waits_for_the_disk(path):
    store = Store(path)
    assert store._database.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert store._database.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
    store.close()


def test_one_writer(path):
    store = Store(path)
    with pytest.raises(InputError, match="another process"):
        Store(path)
    store.close()
    Store(path).close()


def test_a_commit_that_fails_is_said_and_leaves_nothing(path):
    store = Store(path)
    other = sqlite3.connect(path, isolation_level=None)
    store._database.execute("PRAGMA busy_timeout = 0")
    other.execute("BEGIN IMMEDIATE")
    store.add_measurement(READING, 1, True, 2.0)
    with pytest.raises(StoreError, match="cannot be written"):
        store.commit()
    other.execute("ROLLBACK")
    other.close()
    store.close()
    assert count(path) == 0


def test_the_same_assistance_data_are_stored_once(path):
    store = Store(path)
    numbers = []
    for name, text in (("a", "{}"), ("a", "{}"), ("b", "{}"), ("a", "[]"), ("a", "{}")):
        numbers.append(store.add_assistance(name, text))
        store.commit()
    assert numbers == [1, 1, 2, 3, 4]
    store.close()


@pytest.mark.parametrize(
    "make, says",
    [
        (
            lambda path: path.write_text("no database at all, and long enough to be taken for one" * 20),
            "not a database",
        ),
        (
            lambda path: sqlite3.connect(path).execute("CREATE TABLE t (a)").connection.close(),
            "another program's",
        ),
        (
            lambda path: (
                Store(path).close(),
                sqlite3.connect(path).execute("PRAGMA user_version = 9").connection.close(),
            ),
            "version 9",
        ),
        (lambda path: path.mkdir(), "unable to open|is not there"),
    ],
)
def test_what_is_no_store_is_refused(path, make, says):
    make(path)
    for opened in (Store, StoreReader):
        with pytest.raises(InputError, match=says):
            opened(path)


def test_a_store_that_is_not_there(path):
    with pytest.raises(InputError, match="is not there"):
        StoreReader(path)
    with pytest.raises(InputError, match="cannot be written"):
        Store(path / "folder" / "file")


def test_what_a_run_was_made_with_is_stored(path):
    filled(path)
    with StoreReader(path) as reader:
        run = next(reader.rows("SELECT * FROM run"))
    assert json.loads(run["settings"]) == {"height_m": None, "height_std_m": 1.0, "speed_std_m_s": None}
    assert set(json.loads(run["versions"])) == {"python", "numpy", "scipy", "machine"}
