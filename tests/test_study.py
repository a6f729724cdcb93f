# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos study`: rows and files, the command, and what the short form of `receiver` must show."""

import csv
import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread
from scipy.stats import binom

from ntnpos_lab import studies
from ntnpos_lab.studies import work
from ntnpos_lab.studies.effort import Effort
from ntnpos_lab.studies.rows import Findings, Requirement, Row, joined, to_csv, to_json, to_markdown

CONTRACT = {"case", "quantity", "unit", "paper", "thesis_like", "ours", "bound", "ci95"}


# ------------------------------------------------------------------------------------ rows


@pytest.mark.parametrize(
    "value, interval, ok, certain",
    [
        (1.0, (0.9, 1.02), True, True),
        (1.0, (0.9, 1.04), True, False),
        (1.05, (1.02, 1.08), False, False),
        (1.1, (1.04, 1.16), False, True),
        (1.1, None, False, None),
        (math.nan, (math.nan, math.nan), False, False),
        (None, None, False, None),
    ],
)
def test_row_meets_its_requirement_by_its_value_and_for_certain_by_its_interval(value, interval, ok, certain):
    row = Row("case", "ratio", "1", 10, value, interval=interval, requirement=Requirement(high=1.03))
    assert row.ok is ok and row.certain is certain


def test_two_sided_requirement_that_the_interval_spans_is_not_missed_for_certain():
    row = Row("case", "bias", "1", 10, 0.3, interval=(-0.4, 1.0), requirement=Requirement(-0.05, 0.05))
    assert row.ok is False and row.certain is False
    assert Requirement(-0.05, 0.05).text() == "-0.05 to 0.05"
    assert Requirement(low=0.95).text() == ">= 0.95" and Requirement(high=1.03).text() == "<= 1.03"


ROWS = Findings(
    [
        Row(
            "a, b",
            "TOA",
            "m",
            7,
            np.float64(1.5),
            bound=1.25,
            interval=(1.0, math.inf),
            group="one",
            requirement=Requirement(high=1.0),
            more={"far": np.int64(3)},
        ),
        Row("c", "share", "1", 9, group="two", thesis_like=0.25),
    ],
    {"curve": np.array([1.0, math.nan])},
)


def test_json_has_the_contracts_fields_and_no_number_that_json_lacks():
    found = json.loads(to_json("name", 5, np.int64(16), ROWS))
    assert {key: found[key] for key in ("study", "seed", "n")} == {"study": "name", "seed": 5, "n": 16}
    first, second = found["rows"]
    assert CONTRACT <= first.keys() and CONTRACT <= second.keys()
    assert (
        first["ci95"] == [1.0, None] and first["ours"] == 1.5 and first["far"] == 3 and first["ok"] is False
    )
    assert second["ours"] is None and second["ci95"] is None and second["ok"] is None
    assert found["curves"] == {"curve": [1.0, None]}


def test_csv_and_markdown_hold_every_row():
    table = list(csv.DictReader(to_csv(ROWS).splitlines()))
    assert [line["case"] for line in table] == ["a, b", "c"]
    assert table[0]["ours"] == "1.5" and table[1]["ours"] == "" and table[1]["thesis_like"] == "0.25"
    text = to_markdown("Title", "about", ROWS)
    assert text.startswith("# Title\n") and "## one" in text and "## two" in text
    assert "| a, b | TOA, m | - | 1.5 | 1 to - | 1.25 | 7 | <= 1 | **missed** (open) |" in text.splitlines()


def test_joined_keeps_order():
    both = joined([ROWS, Findings([Row("d", "q", "", 1)], {"more": 1})])
    assert [row.case for row in both.rows] == ["a, b", "c", "d"] and set(both.curves) == {"curve", "more"}


# ------------------------------------------------------------------------------------ work


def drawn(seeds, count):
    return work.generator(*seeds).uniform(size=count)


def make_part(seeds, total):
    return work.Part(
        "part",
        work.blocks(drawn, seeds, total, 4),
        lambda results: Findings(curves={str(seeds): np.concatenate(results).tolist()}),
        total,
    )


def in_a_process_of_its_own(name: str) -> None:
    """Calls a function of this module there: one that has run flowgraphs has threads, which copies lack."""
    folder = os.path.dirname(__file__)
    code = f"import sys; sys.path.insert(0, {folder!r}); import test_study; test_study.{name}()"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_results_do_not_depend_on_the_number_of_processes():
    in_a_process_of_its_own("compare_numbers_of_processes")


def compare_numbers_of_processes():
    parts = [make_part((1, 2), 11), make_part((1, 3), 5)]
    said = []
    alone = joined(work.carry_out(parts, 1, said.append)).curves
    assert joined(work.carry_out(parts, 3, said.append)).curves == alone
    assert len(alone["(1, 2)"]) == 11 and len(set(alone["(1, 2)"] + alone["(1, 3)"])) == 16
    assert said[:2] == ["1/2 part: 11 trials ...", "2/2 part: 5 trials ..."]


def test_shares_are_even_and_complete():
    assert work.shares(11, 4) == [4, 4, 3] and work.shares(4, 4) == [4] and work.shares(1, 250) == [1]
    assert Effort(short=True, scale=0.001).trials(6000, 120) == 2
    assert Effort(scale=0.5).trials(6000, 120) == 3000


# ------------------------------------------------------------------------------------ the command


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["nonsense"], "choose from 'receiver'"),
        (["receiver", "--seed", "-1"], "'-1' is not a whole number from 0"),
        (["receiver", "--seed", "x"], "'x' is not a whole number"),
        (["receiver", "--scale", "0"], "'0' is not a number above 0"),
        (["receiver", "--jobs", "0"], "'0' is not a whole number from 1"),
        (["receiver", "again"], "unrecognized arguments: again"),
    ],
)
def test_bad_usage_is_one_line(arguments, said, capsys):
    with pytest.raises(SystemExit) as exit_:
        studies.main(arguments)
    err = capsys.readouterr().err
    assert exit_.value.code == 2
    assert err.startswith("ntnpos study: ") and said in err and len(err.splitlines()) == 1


def test_missing_name_is_one_line(capsys):
    assert studies.main([]) == 2
    assert capsys.readouterr().err == (
        f"ntnpos study: NAME: is missing; allowed: one of: {', '.join(studies.STUDIES)}; or --list\n")


def test_folder_that_cannot_be_made_is_one_line_before_anything_runs(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert studies.main(["receiver", "-o", str(tmp_path / "file")]) == 2
    err = capsys.readouterr().err
    assert "file" in err and "a folder that can be written" in err and len(err.splitlines()) == 1


def test_list_and_help_name_every_study_without_gnuradio(capsys):
    assert studies.main(["--list"]) == 0
    assert capsys.readouterr().out.startswith("receiver: ")
    assert set(studies.ABOUT) == set(studies.STUDIES)
    code = "import sys; from ntnpos_lab import studies; studies.main(['--list'])"
    code += "; assert 'gnuradio' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_strict_fails_only_where_a_requirement_is_missed_for_certain(tmp_path, monkeypatch, capsys):
    def with_interval(low):
        row = Row(
            "case",
            "ratio",
            "1",
            4,
            1.2,
            interval=(low, 1.4),
            requirement=Requirement(high=1.1),
            group="group",
        )
        part = work.Part("part", [], lambda results: Findings([row]), 4)
        return lambda: studies.Study(
            "Title", "about", lambda seed, effort: [part], lambda path, findings, subtitle: None
        )

    for low, status, said in (
        (1.0, 0, "1 missed by less than the 95 % interval"),
        (1.15, 1, "missed: group: case: ratio: 1.2, required <= 1.1"),
    ):
        monkeypatch.setitem(studies.STUDIES, "receiver", with_interval(low))
        assert studies.main(["receiver", "-o", str(tmp_path), "--strict"]) == status
        out, err = capsys.readouterr()
        assert "0 of 1 requirements met" in out and said in out and err == "1/1 part: 4 trials ...\n"
        assert studies.main(["receiver", "-o", str(tmp_path)]) == 0
        capsys.readouterr()


# ------------------------------------------------------------------------------------ the receiver


@pytest.fixture(scope="module")
def short(top, tmp_path_factory):
    """The short form as a user runs it: folder and JSON."""
    folder = tmp_path_factory.mktemp("study")
    run = subprocess.run(
        [
            sys.executable,
            str(top / "apps" / "study.py"),
            "receiver",
            "--short",
            "--seed",
            "2",
            "-o",
            str(folder),
        ],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "requirements met; files: " in run.stdout
    lines = run.stderr.splitlines()
    assert len(lines) == int(lines[0].split()[0].split("/")[1])
    return folder, json.loads((folder / "receiver.json").read_text())


def rows_of(found: dict, quantity: str, group: str = "") -> list[dict]:
    chosen = [
        row
        for row in found["rows"]
        if row["quantity"].startswith(quantity) and row["group"].startswith(group)
    ]
    assert chosen, (quantity, group)
    return chosen


def test_short_form_writes_all_files(short):
    folder, found = short
    assert sorted(os.listdir(folder)) == [f"receiver.{suffix}" for suffix in ("csv", "json", "md", "png")]
    assert found["study"] == "receiver" and found["seed"] == 2 and found["n"] > 10_000
    assert len(list(csv.DictReader((folder / "receiver.csv").read_text().splitlines()))) == len(found["rows"])
    height, width = imread(folder / "receiver.png").shape[:2]
    assert width >= 1200 and height >= 600
    # Eight panels with something in them, not an empty page.
    assert np.std(imread(folder / "receiver.png")[:, :, :3]) > 0.1


def test_every_row_is_complete(short):
    for row in short[1]["rows"]:
        assert CONTRACT | {"group", "n", "requirement", "ok"} <= row.keys()
        assert row["ours"] is not None and row["n"] > 0, row
        assert row["ci95"] is None or (
            len(row["ci95"]) == 2 and row["ci95"][0] <= row["ours"] <= row["ci95"][1]
        ), row
        assert (row["ok"] is None) == (row["requirement"] is None)


def test_short_form_shows_what_no_small_number_of_trials_can_hide(short):
    found = short[1]
    for quantity in (
        "bound that the link budget gives",
        "occasions without a result",
        "results off by more than 6",
        "longest time from the gap's end",
        "whole occasions after the gap",
        "largest error",
        "errors beyond 100 ns",
    ):
        for row in rows_of(found, quantity):
            assert row["ok"] is True, row
    for row in rows_of(found, "first path found"):
        assert row["ci95"][1] >= 0.95 and row["thesis_like"] <= 0.2, row
    # A receiver that does not estimate the frequency is kilometres off; the plain crossing is early by a part
    # of 1/B.
    for row in rows_of(found, "largest error"):
        assert row["thesis_like"] > 5000.0, row
    for row in rows_of(found, "bias over standard deviation", "White noise"):
        assert row["thesis_like_bias_m"] < -10.0 and row["certain"] is not True or row["ok"], row


def test_short_form_misses_no_limit_of_deviations_for_certain(short):
    found = short[1]
    rows = rows_of(found, "TOA standard deviation") + rows_of(found, "normalised squared error")
    rows = [row for row in rows if row["ok"] is not None and row["n"] >= 50]
    assert len(rows) >= 20
    # An interval is beside the truth in 1 of 40 rows: one may be, and not by much.
    beside = [row for row in rows if not row["ok"] and row["certain"]]
    assert len(beside) <= 1, beside
    for row in rows_of(found, "results off by more than 8 deviations"):
        assert row["ok"], row


def test_short_form_agrees_with_theory_within_its_intervals(short):
    found = short[1]
    for row in rows_of(found, "probability of a miss"):
        # Nothing misses less than the theory, but by chance in one of a thousand.
        assert binom.cdf(round(row["ours"] * row["n"]), row["n"], row["bound"]) > 1e-3, row
    missed = {row["case"]: row["ours"] for row in rows_of(found, "probability of a miss")}
    assert missed["-20 dB an element"] >= 0.9 and missed["+0 dB an element"] == 0.0
    for row in rows_of(found, "rms error; a miss"):
        # No estimator is below the Ziv-Zakai bound; its square is known to sqrt(2 / n) here.
        assert (row["ours"] / row["bound"]) ** 2 > 1.0 - 3.3 * math.sqrt(2.0 / row["n"]), row


def test_same_seed_gives_the_same_file_in_any_number_of_processes_and_another_seed_another():
    in_a_process_of_its_own("compare_seeds")


def compare_seeds():
    from ntnpos_lab.studies import receiver

    def text(seed: int, jobs: int) -> str:
        parts = [
            part
            for part in receiver.parts(seed, Effort(short=True, scale=0.05))
            if not part.name.startswith("Freq")
        ]
        return to_json("receiver", seed, 0, joined(work.carry_out(parts, jobs, lambda line: None)))

    first = text(4, 1)
    assert text(4, 2) == first != text(5, 2).replace('"seed": 5', '"seed": 4')


def test_block_of_frequency_errors_is_the_same_again():
    from ntnpos_lab.studies import receiver

    (part, *_) = (part for part in receiver.parts(4, Effort(short=True)) if part.name.startswith("Freq"))
    (errors, plain), (again, plain_again) = part.blocks[7](), part.blocks[7]()
    assert (
        np.array_equal(errors.error_s, again.error_s)
        and np.array_equal(plain, plain_again)
        and len(errors.error_s)
    )
    assert not np.array_equal(part.blocks[8]()[0].error_s, errors.error_s)
