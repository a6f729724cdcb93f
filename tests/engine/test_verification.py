# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims that pass and claims that fail, mirror and iso-range impostors among them, from round trips of the
tests' own world."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))

import position_scene as scene  # noqa: E402
import round_trips  # noqa: E402
from ntnpos.commands.verify import main  # noqa: E402
from ntnpos.lmf.claim import Claim, Thresholds  # noqa: E402
from ntnpos.lmf.verification import verify  # noqa: E402
from ntnpos.network.assistance import parse_assistance  # noqa: E402
from ntnpos.network.measurements import from_json_line  # noqa: E402
from ntnpos.position.rows import Height  # noqa: E402

STD_S = 20e-9
WINDOW = np.linspace(0.0, 20.0, 5)
LATE = np.linspace(90.0, 110.0, 5)
"""The satellite is 45 degrees high then: 100 m on the ground are 470 ns of round trip."""


@pytest.fixture(scope="module")
def low():
    """A pass 50 km off the track."""
    return round_trips.Pass()


def measured(a_pass, t_tx_s, seed=0, std_s=STD_S):
    return [from_json_line(line) for line in a_pass.lines(t_tx_s, std_s, np.random.default_rng([95, seed]))]


def verdict(a_pass, rows, place, level, side=None, **more):
    return verify(rows, parse_assistance(a_pass.assistance(side)), Claim(*place), level, **more)


def impostor(a_pass, t_tx_s, away_m):
    """A place of the very same round trip at one instant, so far away along the ellipse on the ground."""
    truth = a_pass.times(a_pass.ue, [t_tx_s])[0]
    below = a_pass.orbit.position(np.array([t_tx_s]))[0] - a_pass.ue
    bearing = np.arctan2(*(a_pass.axes[:2] @ below))

    def place(turn):
        return a_pass.place(away_m * np.sin(bearing + turn), away_m * np.cos(bearing + turn))

    turn = brentq(
        lambda x: a_pass.times(round_trips.world.geodetic_to_ecef(*place(x)), [t_tx_s])[0] - truth, 0.05, 3.0
    )
    return place(turn)


# ------------------------------------------------------------------------------------ level 1


def away(a_pass, t_tx_s, distance_m):
    """A place so far towards the satellite."""
    direction = a_pass.axes[:2] @ (a_pass.orbit.position(np.array([t_tx_s]))[0] - a_pass.ue)
    return a_pass.place(*(distance_m * direction / np.linalg.norm(direction)))


LEVEL_1 = {
    "the truth": (lambda p: p.place(0.0, 0.0), LATE, "consistent"),
    "10 m off": (lambda p: away(p, 100.0, 10.0), LATE, "consistent"),
    "100 m off towards the satellite": (lambda p: away(p, 100.0, 100.0), LATE, "inconsistent"),
    "100 m off away from it": (lambda p: away(p, 100.0, -100.0), LATE, "inconsistent"),
    "100 m too high": (lambda p: p.place(0.0, 0.0, 600.0), LATE, "inconsistent"),
    "5 km off": (lambda p: p.place(0.0, 5e3), LATE, "inconsistent"),
    "the mirror, 100 km away, over the track": (lambda p: p.mirror(WINDOW), WINDOW, "consistent"),
    "the mirror's neighbour, 2 km from it": (
        lambda p: p.place(*(p.axes[:2] @ (102e3 * p.right))),
        WINDOW,
        "inconsistent",
    ),
    "same range 60 km away, one round trip": (lambda p: impostor(p, 90.0, 60e3), LATE[:1], "consistent"),
    "same range 60 km away, 20 s of them": (lambda p: impostor(p, 90.0, 60e3), LATE, "inconsistent"),
}


@pytest.mark.parametrize("case", LEVEL_1)
def test_level_1_is_a_veto_by_delays(low, case):
    place, times, expected = LEVEL_1[case]
    found = verdict(low, measured(low, times), place(low), 1)
    assert found.verdict == expected, found.reason
    line = found.to_dict()
    assert line["veto_only"] and line["rows"] == len(times)
    assert expected == "inconsistent" or "mirror" in found.reason  # never said to be proved


def test_level_1_does_not_judge_what_it_cannot_compare(low):
    rows = measured(low, LATE)
    tall = Claim(*low.place(0.0, 0.0), height_std_m=100.0)
    found = verify(rows, parse_assistance(low.assistance()), tall, 1)
    line = low.orbit.position(LATE[-1:])[0] - low.ue
    lowest = low.axes[2] @ line / np.linalg.norm(line)  # sine of the elevation
    assert found.verdict == "inconclusive"
    assert found.to_dict()["sharpest_std_s"] == pytest.approx(2.0 * 100.0 * lowest / 299792458.0, rel=0.01)
    nothing = verify([], parse_assistance(low.assistance()), tall, 1)
    assert nothing.verdict == "inconclusive" and not nothing.measured


# ------------------------------------------------------------------------------------ level 2


LEVEL_2 = {
    "the truth, side known": (lambda p: p.place(0.0, 0.0), "left", "consistent"),
    "5 km off, side known": (lambda p: p.place(-4e3, 3e3), "left", "consistent"),
    "12 km off, side known": (lambda p: p.place(0.0, 12e3), "left", "inconsistent"),
    "300 km off, side known": (lambda p: p.place(0.0, 300e3), "left", "inconsistent"),
    "the mirror, true side known": (lambda p: p.mirror(WINDOW), "left", "inconsistent"),
    "same range 40 km away at one instant": (lambda p: impostor(p, 0.0, 40e3), "left", "inconsistent"),
    "the truth, side open": (lambda p: p.place(0.0, 0.0), None, "inconclusive"),
    "the mirror, side open": (lambda p: p.mirror(WINDOW), None, "inconclusive"),
    "neither of both sides": (lambda p: p.place(*(p.axes[:2] @ (50e3 * p.right))), None, "inconsistent"),
    "same range 40 km away, side open": (lambda p: impostor(p, 0.0, 40e3), None, "inconsistent"),
}


@pytest.mark.parametrize("case", LEVEL_2)
def test_level_2_holds_the_networks_own_position_against_the_claim(low, case):
    place, side, expected = LEVEL_2[case]
    found = verdict(low, measured(low, WINDOW), place(low), 2, side)
    assert found.verdict == expected, found.reason
    assert found.probability > 0.95 if expected == "consistent" else found.probability < 0.99
    if side is None:
        assert len(found.to_dict()["candidates"]) == 2
    if expected == "inconclusive":
        assert "2 places fit" in found.reason


def test_the_claims_own_height_is_no_evidence(low):
    """A liar 3 km along the track says 500 m, or 5 km, and the network's position stays the same."""
    rows = measured(low, WINDOW)
    found = [verdict(low, rows, (*low.place(0.0, 3e3)[:2], h), 2, "left") for h in (500.0, 5000.0)]
    assert found[0].places[0].estimate.ecef_m == found[1].places[0].estimate.ecef_m


def test_an_equatorial_track_leaves_both_sides_open():
    """No turn of the Earth tells them apart, whatever the window; another place is still refuted."""
    flat = round_trips.Pass(
        latitude_deg=0.3, longitude_deg=30.0, across_m=33e3, heading_deg=90.0, height_m=0.0
    )
    times = np.linspace(0.0, 60.0, 7)
    rows = measured(flat, times)
    mirror = flat.mirror(times)
    for place in (flat.place(0.0, 0.0), mirror):
        assert verdict(flat, rows, place, 2).verdict == "inconclusive"
    assert verdict(flat, rows, flat.place(30e3, 0.0), 2).verdict == "inconsistent"


def test_a_single_round_trip_refutes_but_never_confirms(low):
    rows = measured(low, LATE[:1])
    truth = verdict(low, rows, low.place(0.0, 0.0), 2, "left")
    assert truth.verdict == "inconclusive" and truth.measured and "no network position" in truth.reason
    assert verdict(low, rows, impostor(low, 90.0, 60e3), 2, "left").verdict == "inconclusive"
    far = verdict(low, rows, low.place(0.0, 200e3), 2, "left")
    assert far.verdict == "inconsistent" and "round trip of LEO-1" in far.reason


def test_a_short_noisy_window_is_open_until_the_radius_is_wider(low):
    rows = measured(low, np.linspace(0.0, 2.0, 5), std_s=200e-9)
    assistance = parse_assistance(low.assistance("left"))
    truth = Claim(*low.place(0.0, 0.0))
    narrow = verify(rows, assistance, truth, 2, Thresholds(radius_m=2e3), Height(500.0, 5.0))
    wide = verify(rows, assistance, truth, 2, Thresholds(radius_m=100e3), Height(500.0, 5.0))
    assert narrow.verdict == "inconclusive" and "geometry leaves the position open" in narrow.reason
    assert wide.verdict == "consistent"


def test_true_claims_are_not_refuted_and_mirrors_not_confirmed(low):
    """10 draws, side open, 20 s, 200 ns: the truth is not refuted, its mirror never confirmed."""
    mirror = low.mirror(WINDOW)
    truths, mirrors = [], []
    for seed in range(10):
        rows = measured(low, WINDOW, seed, 200e-9)
        truths.append(verdict(low, rows, low.place(0.0, 0.0), 2).verdict)
        mirrors.append(verdict(low, rows, mirror, 2).verdict)
    assert truths.count("inconsistent") == 0 and mirrors.count("consistent") == 0


# ------------------------------------------------------------------------------------ the command


@pytest.fixture(scope="module")
def files(low, tmp_path_factory):
    """Measurement lines, assistance data and two areas."""
    folder = tmp_path_factory.mktemp("verify")
    (folder / "rtt.jsonl").write_text("\n".join(low.lines(WINDOW, STD_S, np.random.default_rng(96))) + "\n")
    (folder / "assistance.json").write_text(json.dumps(low.assistance("left")))
    for name, (west, east) in {"here": (10.0, 12.0), "there": (12.0, 14.0)}.items():
        ring = [[west, 47.0], [east, 47.0], [east, 49.0], [west, 49.0], [west, 47.0]]
        (folder / f"{name}.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    return folder


def run(capsys, *arguments):
    """Exit status, stdout, stderr."""
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as stop:
        status = stop.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_command_prints_one_verdict_line_of_the_contract(files, capsys, tmp_path):
    picture = tmp_path / "maps" / "verdict.png"
    status, out, err = run(
        capsys,
        files / "rtt.jsonl",
        "--assistance",
        files / "assistance.json",
        "--claim",
        "48.0,11.0,500",
        "--level",
        "2",
        "--radius-km",
        "5",
        "--plot",
        picture,
    )
    line = json.loads(out)
    assert (status, err, out.count("\n")) == (0, "", 1)
    assert (line["type"], line["schema"], line["level"], line["verdict"]) == (
        "verdict",
        "ntnpos.verdict/1",
        2,
        "consistent",
    )
    assert line["claim"]["height_m"] == 500.0 and line["radius_m"] == 5e3 and line["distance_m"] < 1e3
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_command_without_a_height_takes_the_networks_and_its_doubt(files, capsys):
    status, out, _ = run(
        capsys,
        files / "rtt.jsonl",
        "--assistance",
        files / "assistance.json",
        "--claim",
        "48.0,11.0",
        "--level",
        1,
    )
    claim = json.loads(out)["claim"]
    assert status == 0 and (claim["height_m"], claim["height_std_m"]) == (500.0, 20.0)


@pytest.mark.parametrize(
    "area, claim, verdict, decision",
    [
        ("here", "48.0,11.0,500", "consistent", "inside"),
        ("there", "48.0,11.0,500", "inconsistent", "outside"),
        ("there", "48.0,12.05,500", "inconsistent", "outside"),
    ],
)
def test_command_decides_on_an_area(files, capsys, area, claim, verdict, decision):
    _, out, _ = run(
        capsys,
        files / "rtt.jsonl",
        "--assistance",
        files / "assistance.json",
        "--claim",
        claim,
        "--level",
        2,
        "--area",
        files / f"{area}.geojson",
    )
    line = json.loads(out)
    assert (
        line["verdict"] == verdict and line["area"]["decision"] == decision and line["area"]["name"] == area
    )


def test_command_with_nothing_measured_has_no_result(files, capsys, tmp_path):
    silent = tmp_path / "silent.jsonl"
    silent.write_text('{"type": "measurement", "kind": "rtt", "satellite": "LEO-1", "status": "no_signal"}\n')
    for level in (1, 2):
        status, out, _ = run(
            capsys,
            silent,
            "--assistance",
            files / "assistance.json",
            "--claim",
            "48,11,500",
            "--level",
            level,
        )
        assert status == 1 and json.loads(out)["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    "change",
    [
        ["--claim", "91,11"],
        ["--claim", "48"],
        ["--claim", "48,11,nan"],
        ["--claim", "48,11,1e9"],
        ["--level", "3"],
        ["--radius-km", "0"],
        ["--radius-km", "far"],
        ["--threshold-ns", "-5"],
        ["--level", "1", "--area", "{folder}/here.geojson"],
        ["--area", "{folder}/none.geojson"],
        ["--area", "{folder}/rtt.jsonl"],
        ["--area", "{folder}/assistance.json"],
        ["--assistance", "{folder}/rtt.jsonl"],
        ["--height-std-m", "3"],
        ["--plot", "/dev/null/x.png"],
    ],
)
def test_bad_usage_is_one_line(files, capsys, change):
    arguments = {"--assistance": f"{files}/assistance.json", "--claim": "48.0,11.0,500", "--level": "2"}
    arguments |= {name: value.format(folder=files) for name, value in zip(change[::2], change[1::2])}
    status, out, err = run(capsys, files / "rtt.jsonl", *[x for pair in arguments.items() for x in pair])
    assert (status, out, err.count("\n")) == (2, "", 1) and "allowed" in err


def test_a_southern_claim_is_a_value(files, top):
    done = subprocess.run(
        [
            sys.executable,
            top / "apps" / "verify.py",
            files / "rtt.jsonl",
            "--assistance",
            files / "assistance.json",
            "--claim",
            "-33.9,18.4,10",
            "--level",
            "1",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and json.loads(done.stdout)["verdict"] == "inconsistent", done.stderr


def test_times_of_arrival_of_many_satellites_are_held_against_a_claim_too():
    """DL-TDOA, clock unknown: the truth passes both levels, 1 km off fails level 1 only, 20 km off both."""
    skies = dict(itertools.islice(scene.visible(least_deg=20.0).items(), 6))
    assistance = scene.assistance(skies)
    rows = scene.noisy(scene.measure(skies, scene.Receiver(scene.ecef())), np.random.default_rng(97))
    lat, lon, height = scene.DUBLIN
    for north_m, first, second in (
        (0.0, "consistent", "consistent"),
        (1e3, "inconsistent", "consistent"),
        (20e3, "inconsistent", "inconsistent"),
    ):
        claim = Claim(lat + north_m / 111.3e3, lon, height)
        found = [verify(rows, assistance, claim, level) for level in (1, 2)]
        assert [v.verdict for v in found] == [first, second], [v.reason for v in found]
    alone = [row for row in rows if row.satellite == next(iter(skies))]
    found = verify(alone, assistance, Claim(lat + 0.1, lon, height), 1)
    assert found.verdict == "inconclusive" and "clock explains" in found.reason
