# SPDX-License-Identifier: GPL-3.0-or-later
"""The service without sockets, by a clock that is told the time: fixes, verdicts, accounts."""

import json

import lmf_scene
import method_scene
import numpy as np
import position_scene as scene
import pytest
from ntnpos.lmf.claim import Claim, Thresholds
from ntnpos.lmf.replay import replay
from ntnpos.lmf.sessions import Limits
from ntnpos.lmf.solving import Settings
from ntnpos.lmf.store import StoreReader
from ntnpos.lmf.verification import verify
from ntnpos.position import solve
from ntnpos.position.rows import Height

ROWS = lmf_scene.measurements()


def accounted(counts) -> bool:
    """What `Counts` promises."""
    return counts.records == (
        counts.measurements
        + counts.claims
        + counts.updates
        + counts.notices
        + counts.requests
        + counts.bad
        + counts.duplicates
    )


@pytest.mark.parametrize("as_message", [lmf_scene.line, lambda row: lmf_scene.pmt(row, ROWS.index(row))])
def test_the_fix_is_that_of_the_solver(tmp_path, as_message):
    with lmf_scene.Bench(tmp_path, settings=Settings(24.0, 2.0)) as bench:
        for row in ROWS:
            receipt = bench.service.receive(None, as_message(row))
            assert (receipt.accepted, receipt.bad) == (1, 0)
        bench.work()
        assert bench.published == []
        bench.quiet()
        ((topic, fix),) = bench.published
        assert topic == "fix/phone"
        where = {name: fix.pop(name) for name in ("ue", "session", "measurements")}
        assert where == {"ue": "phone", "session": 1, "measurements": {"first": 1, "last": 24, "count": 24}}
        wanted = solve(ROWS, lmf_scene.assistance(), 24.0, 2.0).to_dict()
        if as_message is lmf_scene.line:
            assert fix == wanted
        off = np.array(fix["ecef_m"]) - scene.ecef()
        assert np.linalg.norm(off) < 1e-3 and fix["status"] == "ok"
        bench.quiet()
        assert len(bench.published) == 1  # nothing new, nothing solved


@pytest.mark.parametrize("case", method_scene.methods())
def test_every_kind_of_measurement_is_solved_as_the_solver_does_it(tmp_path, case):
    rows, height_m, method = method_scene.methods()[case]
    data = method_scene.assistance()
    with lmf_scene.Bench(tmp_path, Limits(window_s=700.0), Settings(height_m, 1.0), data) as bench:
        assert bench.service.receive(None, b"\n".join(map(lmf_scene.line, rows))).accepted == len(rows)
        bench.quiet()
        fix = bench.published[-1][1]
        where = {name: fix.pop(name) for name in ("ue", "session", "measurements")}
        assert where["measurements"]["count"] == len(rows) and fix["method"] == method
        assert fix == solve(rows, data, height_m, 1.0).to_dict()
        with StoreReader(bench.path) as reader:
            outcome = replay(reader)
    assert (outcome.difference, outcome.fixes) == (None, len(bench.published))


def test_fixes_come_by_message_time_and_every_ue_has_its_own(tmp_path):
    rows = sorted(lmf_scene.measurements(9, 3.2, 0.5), key=lambda row: row.t_s)
    elsewhere = scene.Receiver(scene.ecef((53.0, -5.0, 100.0)), 3e-5)
    others = sorted(
        scene.measure(lmf_scene.skies(), elsewhere, (3.2, 3.7, 4.2, 4.7)), key=lambda row: row.t_s
    )
    with lmf_scene.Bench(tmp_path) as bench:
        for row in rows:
            bench.service.receive(None, lmf_scene.line(row, "a"))
            bench.work()
        assert [fix["measurements"]["count"] for _, fix in bench.published] == [13, 25, 37, 49]
        for row in others:
            bench.service.receive(None, lmf_scene.line(row, "b"))
        bench.quiet()
        by_ue = {fix["ue"]: fix for _, fix in bench.published}
        for ue, place in (("a", scene.ecef()), ("b", elsewhere.ue)):
            assert np.linalg.norm(np.array(by_ue[ue]["ecef_m"]) - place) < 1e-3
        assert bench.service.counts.places == len(bench.published) == bench.service.counts.fixes


def test_every_record_is_accounted_for(tmp_path):
    with lmf_scene.Bench(tmp_path) as bench:
        receive = bench.service.receive
        receive(None, lmf_scene.line(ROWS[0], source="rx", seq=0))
        receive(None, lmf_scene.line(ROWS[1], source="rx", seq=3))
        repeated = receive(None, lmf_scene.line(ROWS[1], source="rx", seq=3))
        assert (repeated.accepted, repeated.duplicates, repeated.first) == (0, 1, None)
        unknown = json.loads(lmf_scene.line(ROWS[2])) | {"satellite": "SPUTNIK"}
        assert receive(None, json.dumps(unknown).encode()).accepted == 1
        nothing = {
            "type": "measurement",
            "ue": "phone",
            "satellite": ROWS[0].satellite,
            "status": "no_signal",
        }
        assert receive(None, json.dumps(nothing).encode()).accepted == 1
        wrong = receive(None, b"\n".join([lmf_scene.line(ROWS[3]), b"{}", b"{"]))
        assert (wrong.accepted, wrong.bad) == (1, 2) and "type" in wrong.problem
        assert receive(None, b'{"type": "metrics"}').asked == "metrics"
        assert bench.service.refuse("three parts").bad == 1
        counts, metrics = bench.service.counts, bench.service.metrics()
        assert accounted(counts)
        assert (counts.messages, counts.records, counts.measurements, counts.bad, counts.duplicates) == (
            8,
            10,
            5,
            3,
            1,
        )
        assert (counts.unknown, counts.unused, metrics["lost"]) == (1, 1, 2)
        bench.quiet()
        with StoreReader(bench.path) as reader:
            stored = [tuple(row) for row in reader.rows("SELECT used, satellite, seq FROM measurement")]
        assert stored == [
            (1, ROWS[0].satellite, 0),
            (1, ROWS[1].satellite, 3),
            (0, "SPUTNIK", None),
            (0, ROWS[0].satellite, None),
            (1, ROWS[3].satellite, None),
        ]


def test_assistance_data_come_by_message_only_where_that_is_wanted(tmp_path):
    update = json.dumps(
        {
            "type": "assistance",
            "name": "sky",
            "assistance": lmf_scene.assistance().to_dict() | {"note": "newer"},
        }
    ).encode()
    with lmf_scene.Bench(tmp_path) as bench:
        assert "not taken" in bench.service.receive(None, update).problem
    (tmp_path / "b").mkdir()
    with lmf_scene.Bench(tmp_path / "b", updates=True) as bench:
        for row in ROWS:
            bench.service.receive(None, lmf_scene.line(row))
        bench.quiet()
        assert bench.service.receive(None, update).accepted == 1
        bench.service.receive(None, lmf_scene.line(ROWS[0]))
        bench.quiet()
        with StoreReader(bench.path) as reader:
            assert [row["assistance"] for row in reader.rows("SELECT assistance FROM fix")] == [1, 2]
        for index in range(80):
            bench.service.receive(None, update.replace(b'"sky"', f'"sky {index}"'.encode()))
        assert len(bench.service.library) == 64 and bench.service.counts.bad == 17
        assert accounted(bench.service.counts)


def test_a_solver_that_fails_is_a_fix_without_a_place(tmp_path, monkeypatch):
    def fails(*_, **__):
        raise np.linalg.LinAlgError("SVD did not converge")

    with lmf_scene.Bench(tmp_path) as bench:
        monkeypatch.setattr("ntnpos.lmf.solving.solve", fails)
        bench.service.receive(None, lmf_scene.line(ROWS[0]))
        bench.quiet()
        fix = bench.published[0][1]
        assert fix["status"] == "no_fix" and "SVD did not converge" in fix["reason"]
        assert bench.service.counts.solver_failures == 1


def test_the_latency_is_counted_from_the_last_measurement(tmp_path):
    with lmf_scene.Bench(tmp_path) as bench:
        bench.service.receive(None, lmf_scene.line(ROWS[0]))
        bench.quiet()
        metrics = bench.service.metrics()
        assert metrics["latency_max_s"] == metrics["latency_p95_s"] == pytest.approx(1.0)
        text = bench.service.prometheus()
        assert 'ntnpos_lmf_fix_latency_seconds_bucket{le="0.5"} 0' in text
        assert 'ntnpos_lmf_fix_latency_seconds_bucket{le="+Inf"} 1' in text and text.endswith("_count 1\n")


@pytest.mark.parametrize(
    "place, height_m, level, verdict",
    [
        (scene.DUBLIN, 24.0, 2, "consistent"),
        ((53.5, -6.0), 24.0, 2, "inconsistent"),
        ((53.35, -6.27), None, 2, "consistent"),
        ((53.5, -6.0), 24.0, 1, "inconsistent"),
    ],
)
def test_a_claim_gets_the_verdict_of_verify(tmp_path, place, height_m, level, verdict):
    with lmf_scene.Bench(tmp_path, settings=Settings(24.0, 2.0)) as bench:
        for row in ROWS:
            bench.service.receive(None, lmf_scene.line(row))
        assert (
            bench.service.receive(
                None, lmf_scene.claim(place, level, height_m=height_m, radius_km=5)
            ).accepted
            == 1
        )
        bench.quiet()
        (_, fix), (topic, found) = bench.published
        assert topic == "verdict/phone" and found["verdict"] == verdict
        assert found["measurements"] == fix["measurements"] and found["claim_id"] == 1
        claimed = Claim(*place[:2], 24.0, height_std_m=0.0 if height_m else 2.0)
        wanted = verify(
            ROWS, lmf_scene.assistance(), claimed, level, Thresholds(radius_m=5e3), Height(24.0, 2.0)
        )
        assert {name: found[name] for name in wanted.to_dict()} == json.loads(wanted.to_json())
        with StoreReader(bench.path) as reader:
            outcome = replay(reader)
            (row,) = reader.rows(
                "SELECT verdict.verdict AS v, claim.line AS line FROM verdict JOIN claim ON claim.id = claim"
            )
        assert (outcome.difference, outcome.verdicts) == (None, 1)
        assert row["v"] == verdict and json.loads(row["line"])["level"] == level
        assert accounted(bench.service.counts) and bench.service.counts.verdicts == 1


def test_a_claim_without_measurements_is_left_open_and_too_many_are_refused(tmp_path):
    with lmf_scene.Bench(tmp_path) as bench:
        for _ in range(20):
            bench.service.receive(None, lmf_scene.claim(scene.DUBLIN, 2, "silent"))
        assert bench.service.counts.claims == 16 and bench.service.counts.bad == 4
        bench.quiet()
        assert [(topic, verdict["verdict"]) for topic, verdict in bench.published] == [
            ("verdict/silent", "inconclusive")
        ] * 16
        assert bench.service.receive(None, lmf_scene.claim(scene.DUBLIN, 1, assistance="nowhere")).bad == 1
        assert accounted(bench.service.counts)
        with StoreReader(bench.path) as reader:
            assert (outcome := replay(reader)).difference is None and outcome.verdicts == 16


def test_a_verification_that_fails_leaves_the_claim_open(tmp_path, monkeypatch):
    def fails(*_):
        raise ZeroDivisionError("of its own making")

    with lmf_scene.Bench(tmp_path) as bench:
        monkeypatch.setattr("ntnpos.lmf.solving.verify", fails)
        bench.service.receive(None, lmf_scene.line(ROWS[0]))
        bench.service.receive(None, lmf_scene.claim(scene.DUBLIN, 1))
        bench.quiet()
        verdict = bench.published[1][1]
        assert verdict["verdict"] == "inconclusive" and "of its own making" in verdict["reason"]
        assert bench.service.counts.solver_failures == 1
