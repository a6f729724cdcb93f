# SPDX-License-Identifier: GPL-3.0-or-later
"""A replay of a store: the same bits, and whatever was tampered with is found."""

import hashlib
import json
import random
import shutil
import sqlite3
from pathlib import Path

import lmf_scene
import numpy as np
import position_scene as scene
import pytest
from ntnpos.lmf.replay import replay
from ntnpos.lmf.sessions import Limits
from ntnpos.lmf.store import StoreReader

ROWS = lmf_scene.measurements()


def filled(folder, seed: int = 5, **options):
    """A store with many fixes of noisy and odd measurements of many UEs, some of them evicted and heard again."""
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    rows = sorted(scene.noisy(lmf_scene.measurements(12, 3.2, 0.25), noise), key=lambda row: row.t_s)
    with lmf_scene.Bench(folder, Limits(ues=3, per_ue=40, window_s=2.0, fix_every_s=0.5), **options) as bench:
        for row in rows:
            ue = f"ue {rng.randrange(4)}"
            if rng.random() < 0.02:
                ue, row = "ue 0", scene.late([row], row.satellite, 1e-4)[0]
            message = (
                lmf_scene.pmt(row, rng.randrange(100), ue) if rng.random() < 0.3 else lmf_scene.line(row, ue)
            )
            bench.service.receive(None, message)
            if rng.random() < 0.1:
                lost = {"type": "measurement", "ue": ue, "satellite": row.satellite, "status": "no_signal"}
                bench.service.receive(None, json.dumps(lost).encode())
            bench.clock.now += 0.01
            bench.work()
        bench.quiet()
        assert bench.service.sessions.counts.evicted > 0 and bench.service.counts.fixes > 5
        return bench


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """The bench of such a store."""
    return filled(tmp_path_factory.mktemp("lived"))


def test_a_replay_gives_the_same_bits(lived):
    with StoreReader(lived.path) as reader:
        outcome = replay(reader)
    assert (outcome.difference, outcome.fixes) == (None, lived.service.counts.fixes)
    assert outcome.other_versions == [] and outcome.seal == lived.service.metrics()["seal"]


def test_the_seal_is_the_digest_that_the_documentation_says(lived):
    """By SQL's own JSON and the rows as they are, not by the store's code."""
    database = sqlite3.connect(f"file:{lived.path}?mode=ro", uri=True)
    tables = ("run", "assistance", "measurement", "claim", "fix", "verdict")
    before, last = "", dict.fromkeys(tables, 0)
    for _, *ids, sha256 in database.execute("SELECT * FROM seal ORDER BY id").fetchall():
        digest = hashlib.sha256(before.encode())
        for table, to in zip(tables, ids):
            for row in database.execute(
                f"SELECT * FROM {table} WHERE id > ? AND id <= ? ORDER BY id", (last[table], to)
            ):
                digest.update((json.dumps([table, *row]) + "\n").encode())
            last[table] = to
        before = digest.hexdigest()
        assert before == sha256
    assert all(
        database.execute(f"SELECT coalesce(max(id), 0) FROM {t}").fetchone()[0] == last[t] for t in tables
    )
    database.close()


@pytest.mark.parametrize(
    "statement, says",
    [
        (
            "UPDATE measurement SET line = replace(line, '\"toa_s\": 0.00', '\"toa_s\": 0.01') WHERE id = (SELECT last FROM fix "
            "WHERE status = 'ok' ORDER BY id LIMIT 1)",
            "is stored as",
        ),
        ("DELETE FROM measurement WHERE id = (SELECT first FROM fix LIMIT 1)", "are stored from"),
        (
            "UPDATE measurement SET line = '{}' WHERE id = (SELECT first FROM fix LIMIT 1)",
            "rests on a measurement that is none",
        ),
        (
            "UPDATE fix SET line = replace(line, '\"latitude_deg\": 5', '\"latitude_deg\": 4') WHERE status = 'ok'",
            "latitude_deg",
        ),
        ("UPDATE measurement SET received_utc_s = 0 WHERE id = 7", "seal"),
        ("DELETE FROM fix WHERE id = 3", "seal"),
        ("DELETE FROM measurement WHERE NOT used", "seal"),
        ("DELETE FROM seal WHERE id = (SELECT max(id) FROM seal)", "after the last seal"),
        (
            "INSERT INTO fix SELECT id + 1000, run, assistance, session, ue, first, last, count, status, line FROM fix WHERE id = 1",
            "after the last seal",
        ),
        ('UPDATE run SET settings = \'{"height_m": 0.0, "height_std_m": 1.0}\'', "fix 1"),
    ],
)
def test_a_replay_finds_what_was_tampered_with(lived, tmp_path, statement, says):
    path = Path(shutil.copy(lived.path, tmp_path))
    database = sqlite3.connect(path)
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {name}")
    assert database.execute(statement).rowcount > 0
    database.commit()
    database.close()
    with StoreReader(path) as reader:
        assert says in replay(reader).difference


def test_a_verdict_that_was_tampered_with_is_found(tmp_path):
    with lmf_scene.Bench(tmp_path) as bench:
        bench.service.receive(None, b"\n".join(map(lmf_scene.line, ROWS)))
        bench.service.receive(None, lmf_scene.claim(scene.DUBLIN, 2))
        bench.quiet()
    database = sqlite3.connect(bench.path)
    database.execute("DROP TRIGGER claim_no_update")
    database.execute("UPDATE claim SET line = replace(line, '\"latitude_deg\": 53', '\"latitude_deg\": 43')")
    database.commit()
    database.close()
    with StoreReader(bench.path) as reader:
        assert "verdict 1: claim" in replay(reader).difference
