# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos solve`: exit status, one fix line on stdout, one line on stderr for bad input."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import method_scene as methods  # noqa: E402
import position_scene as scene  # noqa: E402
import test_ambiguity_any as passes  # noqa: E402
from ntnpos.network.measurements import iterate_lines  # noqa: E402
from ntnpos.position import solve  # noqa: E402
from ntnpos.position.ground_lines import POINTS, ground_lines  # noqa: E402
from ntnpos.commands.solve import main  # noqa: E402


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[Path, Path]:
    """Measurement lines of six satellites, and their assistance data."""
    folder = tmp_path_factory.mktemp("solve")
    skies = dict(itertools.islice(scene.visible(least_deg=20.0).items(), 6))
    measured, assistance = folder / "measurements.jsonl", folder / "assistance.json"
    rows = scene.measure(skies, scene.Receiver(scene.ecef()))
    measured.write_text("".join(row.to_json_line() + "\n" for row in rows))
    assistance.write_text(scene.assistance(skies).to_json())
    return measured, assistance


def run(capsys, *arguments) -> tuple[int, str, str]:
    """Exit status, stdout, stderr; argparse's own exits count."""
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as stop:
        status = stop.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_fix(files, capsys):
    status, out, err = run(capsys, files[0], "--assistance", files[1])
    fix = json.loads(out)
    assert (status, err, out.count("\n")) == (0, "", 1)
    assert fix["status"] == "ok" and abs(fix["latitude_deg"] - scene.DUBLIN[0]) < 1e-8
    assert fix["dop"]["hdop"] > 0.0 and len(fix["used"]) == 6


def test_height_helps_three_satellites(files, capsys, tmp_path):
    few = tmp_path / "few.jsonl"
    few.write_text("".join(files[0].read_text().splitlines(keepends=True)[:12]))
    status, out, _ = run(capsys, few, "--assistance", files[1])
    assert status == 1 and json.loads(out)["status"] == "unobservable"
    assert "4 needed" in json.loads(out)["reason"]
    status, out, _ = run(capsys, few, "--assistance", files[1], "--height-m", 24, "--height-std-m", 2)
    assert status == 0 and json.loads(out)["status"] == "ok"


RTT = {"type": "measurement", "kind": "rtt", "satellite": "X", "status": "ok", "t_tx_s": 1.0, "t_rx_s": 1.01,
       "rtt_s": 0.01, "rtt_std_s": 1e-7}


@pytest.mark.parametrize("text, say", [
    ("", "no measurement line"),
    ("not json\n", "line 1"),
    ('{"type": "measurement"', "line 1"),
    ('{"type": "measurement", "satellite": "A", "status": "ok", "t_s": NaN}\n', "t_s"),
    ("\n" + json.dumps(RTT) + "\n", "line 2: satellite"),
    ('{"type": "measurement", "satellite": "NO-SUCH", "status": "no_signal"}\n', "line 1: satellite")])
def test_bad_measurements_are_one_line(files, capsys, tmp_path, text, say):
    bad = tmp_path / "bad.jsonl"
    bad.write_text(text)
    status, out, err = run(capsys, bad, "--assistance", files[1])
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert say in err and str(bad) in err


@pytest.mark.parametrize("arguments", [
    (), ("{measured}",), ("{measured}", "--assistance", "/no/such/file"), ("/no/such", "--assistance", "{assistance}"),
    ("{measured}", "--assistance", "{measured}"),
    ("{measured}", "--assistance", "{assistance}", "--height-m", "high"),
    ("{measured}", "--assistance", "{assistance}", "--height-m", "nan"),
    ("{measured}", "--assistance", "{assistance}", "--height-std-m", "1"),
    ("{measured}", "--assistance", "{assistance}", "--height-m", "1", "--height-std-m", "0")])
def test_bad_usage_is_one_line(files, capsys, arguments):
    filled = [a.format(measured=files[0], assistance=files[1]) for a in arguments]
    status, out, err = run(capsys, *filled)
    assert (status, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("case", ["multi-rtt-2", "e-cid", "aoa-1", "mixed"])
def test_every_kind_is_solved_and_drawn(capsys, tmp_path, case):
    measured, height, method = methods.methods()[case]
    lines, told, picture = tmp_path / "m.jsonl", tmp_path / "a.json", tmp_path / "fix.png"
    lines.write_text("".join(row.to_json_line() + "\n" for row in measured))
    told.write_text(methods.assistance().to_json())
    status, out, err = run(capsys, lines, "--assistance", told, "--height-m", height, "--plot", picture)
    fix = json.loads(out)
    assert (status, err, fix["method"]) == (0, "", method)
    places = [fix["ecef_m"]] + [c["ecef_m"] for c in fix["candidates"]]
    assert min(sum((a - b) ** 2 for a, b in zip(place, methods.UE)) for place in places) < 1e-4
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_lines_on_the_ground_cross_where_the_places_are():
    """Each round trip's line passes every place that fits: within a cell of the grid it changes sign there."""
    flight, ue, rows = passes.short_pass()
    a = passes.cs.assistance({"S": flight}, ue)
    fix = solve(rows, a, ue[2])
    found = ground_lines(rows, a, fix)
    assert found.deviations.shape == (5, POINTS, POINTS) and len(fix.candidates) == 1
    step = found.east_m[1] - found.east_m[0]
    for place in (fix.estimate, *fix.candidates):
        east, north = found.at(place.ecef_m)
        column, row = int((east - found.east_m[0]) / step), int((north - found.north_m[0]) / step)
        for field in found.deviations:
            cell = field[row:row + 2, column:column + 2]
            assert cell.min() < 0.0 < cell.max()


def test_a_picture_that_cannot_be_written_is_one_line(files, capsys, tmp_path):
    status, out, err = run(capsys, files[0], "--assistance", files[1], "--plot", tmp_path / "no" / "fix.png")
    assert (status, out, err.count("\n")) == (2, "", 1) and "--plot" in err


def test_an_unpaired_chain_has_no_fix_and_says_so(capsys, tmp_path):
    lines, told = tmp_path / "m.jsonl", tmp_path / "a.json"
    lines.write_text(json.dumps({"type": "measurement", "kind": "gnb_rx_tx", "satellite": "A", "status": "ok", "t_s": 1.0,
                                 "rx_tx_s": 1e-6, "rx_tx_std_s": 1e-9}) + "\n")
    told.write_text(methods.assistance().to_json())
    status, out, err = run(capsys, lines, "--assistance", told, "--plot", tmp_path / "fix.png")
    fix = json.loads(out)
    assert status == 1 and fix["status"] == "no_fix" and fix["unmatched"] == {"ue_rx_tx": 0, "gnb_rx_tx": 1}
    assert "no picture" in err and list(iterate_lines([out], "out")) == []


def test_the_engines_process_refuses_in_one_line(tmp_path):
    for arguments in (["--assistance", tmp_path / "none"], ["--assistance", "x", "--height-std-m", 3], []):
        done = subprocess.run([sys.executable, "-m", "ntnpos.commands.engine", *map(str, arguments)], capture_output=True,
                              text=True, timeout=30)
        assert done.returncode == 2 and done.stdout == ""
        assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
