# SPDX-License-Identifier: GPL-3.0-or-later
"""Trajectory files: written by the command, read by the channel; what is wrong with one is said in a line."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from gnuradio import ntnpos

from ntnpos.scenario import load_scenario
from ntnpos.world.one_satellite import find_satellite
from ntnpos_lab.scenario import LIBRARY
from ntnpos_lab.trajectory_command import main

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import exact_world  # noqa: E402

HEAD = {
    "type": "trajectories",
    "schema": "ntnpos.trajectories/1",
    "epoch_utc": "2025-10-07T18:00:00Z",
    "paths": ["A", "B"],
    "end": [20, 0.5],
}
PIECES = [
    {"path": 0, "start": [10, 0.25], "coefficients": [0.1, -2.2e-05, 1e-300]},
    {"path": 1, "start": [-3, 0.0], "coefficients": [0.01]},
    {"path": 0, "start": [10, 0.75], "coefficients": [1 / 3, 5e-324], "note": "of no concern"},
]


def write(folder, *lines) -> Path:
    path = folder / "some.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def pieces_of(delay):
    return [(s.start.full_s, s.start.frac_s, s.coefficients) for s in delay.segments]


def test_what_is_written_is_read_bit_for_bit(tmp_path):
    read = ntnpos.read_trajectories(write(tmp_path, HEAD, *PIECES))
    assert (read.epoch_utc, read.paths, read.end.full_s, read.end.frac_s) == (
        HEAD["epoch_utc"],
        ("A", "B"),
        20,
        0.5,
    )
    expected = [[(*p["start"], p["coefficients"]) for p in PIECES if p["path"] == path] for path in (0, 1)]
    assert [pieces_of(delay) for delay in read.delays] == expected
    ntnpos.write_trajectories(tmp_path / "again.jsonl", read)
    again = ntnpos.read_trajectories(tmp_path / "again.jsonl")
    assert [pieces_of(delay) for delay in again.delays] == expected


def changed(index, **fields):
    lines = [dict(line) for line in (HEAD, *PIECES)]
    for name, value in fields.items():
        if value is None:
            del lines[index][name]
        else:
            lines[index][name] = value
    return lines


@pytest.mark.parametrize(
    "lines, problem",
    [
        ([], 'line 1: schema: is missing; allowed: "ntnpos.trajectories/1"'),
        (["[1]"], "line 1: is not a JSON object of finite numbers; allowed: JSON Lines"),
        ([HEAD, "{"], "line 2: is not a JSON object of finite numbers; allowed: JSON Lines"),
        (
            [HEAD, '{"path": 0, "start": [1, 0.0], "coefficients": [NaN]}'],
            "line 2: is not a JSON object of finite numbers; allowed: JSON Lines",
        ),
        (
            [HEAD, '{"path": 0, "start": [1, 0.0], "coefficients": [1e999]}'],
            "line 2: coefficients: [Infinity]; allowed: 1 to 8 finite numbers: s, s/s, s/s^2, ...",
        ),
        ([HEAD, "x" * 2**21], "line 2: is too long; allowed: up to 1048576 characters"),
        (
            changed(0, schema="ntnpos.trajectories/2"),
            'line 1: schema: "ntnpos.trajectories/2"; allowed: "ntnpos.trajectories/1"',
        ),
        (changed(0, epoch_utc=3), "line 1: epoch_utc: 3; allowed: UTC as 2025-10-07T18:00:00Z"),
        (changed(0, paths=[]), "line 1: paths: []; allowed: 1 to 4096 names"),
        (changed(0, end=[1]), "line 1: end: [1]; allowed: [whole seconds, fraction in [0, 1)]"),
        (changed(1, path=2), "line 2: path: 2; allowed: 0..1"),
        (changed(1, path=True), "line 2: path: true; allowed: 0..1"),
        (changed(1, start=None), "line 2: start: is missing; allowed: [whole seconds, fraction in [0, 1)]"),
        (changed(1, start=[1, 1.0]), "line 2: start: [1, 1.0]; allowed: [whole seconds, fraction in [0, 1)]"),
        (
            changed(1, start=[1e3, 0.0]),
            "line 2: start: [1000.0, 0.0]; allowed: [whole seconds, fraction in [0, 1)]",
        ),
        (
            changed(1, start=[2**60, 0.0]),
            "line 2: start: [1152921504606846976, 0.0]; allowed: [whole seconds, fraction in [0, 1)]",
        ),
        (
            changed(1, coefficients=[]),
            "line 2: coefficients: []; allowed: 1 to 8 finite numbers: s, s/s, s/s^2, ...",
        ),
        (
            changed(1, coefficients=[0] * 9),
            "line 2: coefficients: [0, 0, 0, 0, 0, 0, 0, 0, 0]; allowed: 1 to 8 finite numbers: s, s/s, s/s^2, ...",
        ),
        (
            changed(3, start=[10, 0.25]),
            "line 4: start: [10, 0.25]; allowed: later than the start of the path's piece before",
        ),
        ([HEAD, PIECES[0]], "path 1: has no piece; allowed: at least one line for each of paths"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path, lines, problem):
    path = write(tmp_path, *lines)
    with pytest.raises(ntnpos.TrajectoryError) as caught:
        ntnpos.read_trajectories(path)
    assert str(caught.value) == f"{path}: {problem}"


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, problem in (
        ("none", "cannot be read (No such file or directory); allowed: a readable file"),
        ("binary", "is not UTF-8 text; allowed: JSON Lines"),
    ):
        with pytest.raises(ntnpos.TrajectoryError) as caught:
            ntnpos.channel_paths([], trajectory_file=str(tmp_path / name))
        assert str(caught.value) == f"{tmp_path / name}: file: {problem}"


def delays_at(content, path, t_s):
    return np.array([content.delays[path].delay_at(ntnpos.instant(0, 0.0).advanced(float(t))) for t in t_s])


def test_the_command_writes_a_pass_from_rise_to_set(tmp_path, capsys):
    """Against SGP4 and light time of the tests' own, over all 150 pieces and their seams."""
    path = tmp_path / "pass.jsonl"
    place = 52.52, 13.40, 50.0
    assert (
        main(
            [
                "--satellite",
                "STARLINK-2420",
                "--place",
                "52.52,13.40",
                "--height-m",
                "50",
                "--begin",
                "rise",
                "-o",
                str(path),
            ]
        )
        == 0
    )
    said = json.loads(capsys.readouterr().out)
    content = ntnpos.read_trajectories(path)
    assert (said["paths"], said["file"], content.paths) == (["STARLINK-2420"], str(path), ("STARLINK-2420",))
    _, line1, line2 = find_satellite("STARLINK-2420")
    orbit, ue = exact_world.Tle(line1, line2, content.epoch_utc), exact_world.geodetic_to_ecef(*place)
    end = content.end.full_s + content.end.frac_s
    up = exact_world.enu(*place[:2])[2]
    assert abs(exact_world.elevation_deg(orbit, ue, up, end)) < 1e-3
    starts = [s.start.full_s + s.start.frac_s for s in content.delays[0].segments]
    assert len(starts) > 140
    assert abs(exact_world.elevation_deg(orbit, ue, up, starts[0] + 0.5)) < 0.1
    t = np.concatenate([np.linspace(starts[0], end, 400), np.array(starts[1:]) - 1e-9, np.array(starts)])
    np.testing.assert_allclose(
        delays_at(content, 0, t), exact_world.travel_time(orbit, ue, t), rtol=0.0, atol=2e-12
    )
    jump = [delays_at(content, 0, [t - 1e-12])[0] - delays_at(content, 0, [t])[0] for t in starts[1:]]
    assert np.max(np.abs(jump)) * 2e9 * 360 < 0.1  # degrees of carrier phase


@pytest.mark.parametrize("name", ["state-vectors", "walker-starlink"])
def test_the_command_writes_a_scenario_without_elements(name, tmp_path, capsys):
    path = tmp_path / "scenario.jsonl"
    assert main(["--scenario", name, "-o", str(path)]) == 0
    content, scenario = ntnpos.read_trajectories(path), load_scenario(LIBRARY / f"{name}.yml")
    assert content.paths == tuple(s.id for s in scenario.satellites)
    start = scenario.start_s - scenario.receiver.clock_offset_s
    t = np.linspace(start, start + scenario.duration_s, 5)
    for i, satellite in enumerate(scenario.satellites):
        told = satellite.ephemeris
        orbit = exact_world.StateVector(told["t_s"], told["position_ecef_m"], told["velocity_ecef_m_s"])
        np.testing.assert_allclose(
            delays_at(content, i, t),
            exact_world.travel_time(orbit, scenario.ue.ecef_m, t),
            rtol=0.0,
            atol=2e-12,
        )


@pytest.mark.parametrize(
    "arguments, problem",
    [
        (["--satellite", "STARLINK-2420"], "ntnpos trajectory: --satellite needs --place"),
        ([], "ntnpos trajectory: either --satellite or --scenario is required"),
        (["--satellite", "NONE", "--place", "1,2"], "shipped elements: satellite: 'NONE' is not among its"),
        (["--scenario", "none"], "none: scenario: is neither a file nor in the library"),
        (
            [
                "--satellite",
                "STARLINK-2420",
                "--place",
                "52.52,13.40",
                "--at",
                "2025-10-07T18:10:00Z",
                "--duration-s",
                "9999",
            ],
            "shipped elements: duration: STARLINK-2420 sets ",
        ),
    ],
)
def test_bad_usage_is_one_line(arguments, problem, tmp_path, capsys):
    try:
        status = main([*arguments, "-o", str(tmp_path / "x")])
    except SystemExit as ended:
        status = ended.code
    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert said.err.startswith(problem) and said.err.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_the_channel_reads_it_as_if_told(tmp_path):
    """From a file the same samples come, to the bit, as from the delays themselves, over a seam."""
    pieces = [
        ntnpos.delay_segment((5, 0.0), [4e-3, -2e-5]),
        ntnpos.delay_segment((5, 1e-3), [4e-3 - 2e-8, -2e-5, 1e-7]),
    ]
    told = ntnpos.Trajectories("2025-10-07T18:00:00Z", ("A",), (ntnpos.trajectory(pieces),))
    ntnpos.write_trajectories(tmp_path / "a.jsonl", told)
    samples = np.exp(2j * np.pi * np.random.default_rng(1).uniform(size=40_000)).astype(np.complex64)
    receiver = ntnpos.channel_receiver(
        (5, 0.0), ntnpos.receiver_clock((5, 0.0), 0.0, 0.0), ntnpos.white_noise(1, 0.0)
    )
    got = [
        ntnpos.satellite_channel(
            7.68e6, 2e9, ntnpos.channel_paths(delays, delay_start=(5, 0.0), **more), receiver
        ).process(0, 40_000, [samples])
        for delays, more in ((told.delays, {}), ([], {"trajectory_file": str(tmp_path / "a.jsonl")}))
    ]
    assert np.mean(np.abs(got[0][35_000:]) ** 2) > 0.5
    np.testing.assert_array_equal(*got)
