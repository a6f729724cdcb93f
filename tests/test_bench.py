# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos bench`: what is made of given times, and the command. No speed is judged here."""

import json
import math

import numpy as np
import pytest
from gnuradio.ntnpos import ntnpos_bench

from ntnpos_lab import bench
from ntnpos_lab.bench import numpy_chain
from ntnpos_lab.bench.groups import GROUPS
from ntnpos_lab.bench.harness import Comparison, Row, in_turn, judge, machine, table
from ntnpos_lab.bench.peers import resampler_and_rotator, seconds_per_sample


def comparison(target: float, better: str) -> Comparison:
    return Comparison("work", target, better, lambda pairs: ([], []))


# Ratios 0.0, 0.1, ... 1.0 of pairs whose times drift by a factor of 32: only pairs can be compared.
DRIFT = [2.0 ** (i % 6) for i in range(11)]
OURS = [drift * (0.1 * i + 1e-9) for i, drift in enumerate(DRIFT)]


def test_ratio_is_the_median_over_pairs_with_its_percentiles():
    row = judge(comparison(0.5, "lower"), OURS, DRIFT)
    assert row.ratio == pytest.approx(0.5, abs=1e-8)
    assert row.spread == pytest.approx((0.1, 0.9), abs=1e-8)


def test_higher_is_the_speed():
    row = judge(comparison(2.0, "higher"), [1.0, 2.0, 4.0], [8.0, 8.0, 8.0])
    assert (row.ratio, row.spread) == (4.0, pytest.approx((2.4, 7.2)))


@pytest.mark.parametrize("target, better, ok", [
    (0.5, "lower", True), (0.51, "lower", True), (0.49, "lower", False),
    (2.0, "higher", True), (1.9, "higher", True), (2.1, "higher", False),
])
def test_target_is_met_at_the_target_and_beyond(target, better, ok):
    assert judge(comparison(target, better), [1.0], [2.0]).ok is ok


@pytest.mark.parametrize("ours, reference, better", [
    ([], [], "lower"), ([1.0], [1.0, 2.0], "lower"), ([0.0], [1.0], "lower"), ([1.0], [-1.0], "lower"),
    ([math.nan], [1.0], "lower"), ([1.0], [math.inf], "lower"), ([1.0], [1.0], "faster"),
])
def test_times_that_are_none_are_refused(ours, reference, better):
    with pytest.raises(ValueError, match="must be"):
        judge(comparison(1.0, better), ours, reference)


def test_sides_are_called_in_turn_and_the_first_changes():
    calls = []

    def side(name):
        def call():
            calls.append(name)
            return float(len(calls))
        return call

    ours, reference = in_turn(side("a"), side("b"), 3)
    assert "".join(calls) == "abbaab"
    assert (ours, reference) == ([1.0, 4.0, 5.0], [2.0, 3.0, 6.0])


def test_table_names_every_row_and_what_is_missed():
    rows = [Row("fast", 0.25, 0.5, "lower", (0.2, 0.3), True),
            Row("slow", 3.0, 40.0, "higher", (2.0, 4.0), False)]
    lines = table(rows).splitlines()
    assert len(lines) == 3
    assert lines[1].split() == ["fast", "0.25", "0.2", "0.3", "<=", "0.5", "ok"]
    assert lines[2].split() == ["slow", "3", "2", "4", ">=", "40", "missed"]


@pytest.fixture
def given_times(monkeypatch):
    """A group of two rows whose times are given; the second misses its target."""
    rows = [Comparison("a", 0.5, "lower", lambda pairs: ([1.0] * pairs, [2.0] * pairs), 5),
            Comparison("b", 3.0, "higher", lambda pairs: ([1.0] * pairs, [2.0] * pairs), 5)]
    monkeypatch.setitem(bench.GROUPS, "given", lambda: rows)


def test_command_writes_table_progress_and_json(given_times, tmp_path, capsys):
    path = tmp_path / "out.json"
    assert bench.main(["given", "--json", str(path)]) == 0  # though a target is missed
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["a", "b"]
    assert err.splitlines() == ["1/2 a ...", "2/2 b ..."]
    result = json.loads(path.read_text())
    assert result == {
        "rows": [
            {"name": "a", "ratio": 0.5, "target": 0.5, "better": "lower", "spread": [0.5, 0.5], "ok": True},
            {"name": "b", "ratio": 2.0, "target": 3.0, "better": "higher", "spread": [2.0, 2.0], "ok": False},
        ],
        "machine": machine(ntnpos_bench.instruction_set()),
    }
    assert set(result["machine"]) == {"cpu", "cores", "instruction_set"}


def test_strict_makes_a_missed_target_a_failure(given_times, capsys):
    assert bench.main(["given", "--strict"]) == 1


@pytest.mark.parametrize("arguments, said", [
    (["nonsense"], "choose from 'waveform', 'channel', 'receiver'"),
    (["waveform", "--pairs", "0"], "'0' is not a whole number from 1 to 100000"),
    (["waveform", "--pairs", "1.5"], "'1.5' is not a whole number"),
    (["waveform", "channel"], "unrecognized arguments: channel"),
])
def test_bad_usage_is_one_line(arguments, said, capsys):
    with pytest.raises(SystemExit) as exit_:
        bench.main(arguments)
    err = capsys.readouterr().err
    assert exit_.value.code == 2
    assert err.startswith("ntnpos bench: ") and said in err and len(err.splitlines()) == 1


def test_file_that_cannot_be_written_is_one_line_before_anything_runs(tmp_path, capsys):
    assert bench.main(["--json", str(tmp_path / "missing" / "out.json")]) == 2
    err = capsys.readouterr().err
    assert "out.json: file: No such file" in err and len(err.splitlines()) == 1


def is_short(comparison: Comparison) -> bool:
    """Not the wide streams of many satellites, which differ from the others in numbers alone."""
    return "real time" not in comparison.name or ("7.68" in comparison.name and "18" not in comparison.name)


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_runs(group, tmp_path, capsys, monkeypatch):
    short = list(filter(is_short, GROUPS[group]()))
    monkeypatch.setitem(GROUPS, group, lambda: short)
    path = tmp_path / "out.json"
    assert bench.main([group, "--pairs", "1", "--json", str(path)]) == 0
    rows = json.loads(path.read_text())["rows"]
    assert [row["name"] for row in rows] == [c.name for c in GROUPS[group]()]
    for row in rows:
        assert row["ratio"] > 0.0 and row["spread"] == [row["ratio"]] * 2
        assert row["better"] in ("lower", "higher") and isinstance(row["ok"], bool)


def test_blocks_time_is_positive_even_for_a_stream_that_is_too_short():
    assert seconds_per_sample(resampler_and_rotator, 10) > 0.0


@pytest.mark.parametrize("num_rb, most_m", [(12, 30.0), (272, 0.5)])
def test_the_chain_in_numpy_finds_its_satellites(num_rb, most_m):
    """Otherwise our speed is compared with that of nonsense. Nine satellites disturb each other in both."""
    scene = numpy_chain.satellites(num_rb)
    errors = numpy_chain.run(scene, np.random.default_rng(1))
    assert len(errors) == 9 and np.abs(errors).max() * 299792458.0 < most_m
    alone = [numpy_chain.run([s], np.random.default_rng(2))[0] for s in scene]
    assert np.abs(alone).max() < np.abs(errors).max()


def test_unknown_measurement_is_refused():
    with pytest.raises(ValueError, match="no measurement gould"):
        ntnpos_bench.times("gould", 1, 1e-3)
    with pytest.raises(ValueError, match="pairs"):
        ntnpos_bench.times("gold", 0, 1e-3)
    assert ntnpos_bench.instruction_set() in ("avx512f", "avx2", "default")
