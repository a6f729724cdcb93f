# SPDX-License-Identifier: GPL-3.0-or-later
"""The flowgraphs of grc/, run to their ends without a display; their measurements against the truth."""

import ast
import json
import signal
import socket

import numpy as np
import pytest
from flowgraph_runs import FLOWGRAPHS, TIME_LIMIT_S, TOP, changed, compile_flowgraph, run, start, variables

from ntnpos.position.timing import toa_bound_s
from ntnpos.world.frames import enu_rotation
from ntnpos.world.light_time import received

SIMULATION = TOP / "grc" / "dl_tdoa_simulation.grc"
REPLAY = TOP / "grc" / "dl_tdoa_replay.grc"
TOA_SLACK_S = 0.5e-9


@pytest.fixture
def compiled(tmp_path):
    """Compiles a flowgraph: its script, and a private address for its engine."""

    def compile_one(path):
        found = compile_flowgraph(path, tmp_path)
        assert found.returncode == 0, found.stdout + found.stderr
        return tmp_path / f"{path.stem}.py", ("--address", f"ipc://{tmp_path}/meas")

    return compile_one


@pytest.fixture(scope="module")
def scene():
    """The scene that the simulation flowgraph makes of its variables."""
    from ntnpos_lab.flowgraph import simulation

    told = variables(SIMULATION)
    place, at, duration_s, seed, rate = (
        ast.literal_eval(told[name]) for name in ("place", "at", "duration_s", "seed", "sample_rate"))
    return simulation(place, at, 6, rate, duration_s, seed).scene


def true_toa(scene, satellite, t_s):
    """Light time of what arrives at receiver time t, and the receiver's clock offset then."""
    rate = scene.clock.frequency_error_ppm * 1e-6
    offset = scene.clock.offset_s + (t_s - scene.start_s) * rate / (1.0 + rate)
    arrived = received(satellite.orbit, scene.ecef_m, [t_s - offset])
    return arrived.delay_s[0] + offset - satellite.clock_offset_s


def test_both_flowgraphs_are_there():
    assert {SIMULATION, REPLAY} <= set(FLOWGRAPHS)


def test_simulation_measures_the_scene(compiled, scene):
    script, address = compiled(SIMULATION)
    found = run(script, *address)
    assert found.status == 0, found.stderr
    satellites = {s.id: (s, snr) for s, snr in zip(scene.assistance.satellites, scene.snr_db)}
    counts = dict.fromkeys(satellites, 0)
    for line in found.lines("measurement"):
        assert line["status"] == "ok"
        satellite, snr_db = satellites[line["satellite"]]
        bound_s = toa_bound_s(snr_db, scene.assistance.carrier, satellite.prs)
        assert abs(line["toa_s"] - true_toa(scene, satellite, line["t_s"])) < 3.0 * bound_s + TOA_SLACK_S
        counts[satellite.id] += 1
    # 50 ms hold five occasions of 10 ms each.
    assert counts == dict.fromkeys(satellites, 5)


def test_simulation_ends_with_a_fix(compiled, scene):
    script, address = compiled(SIMULATION)
    found = run(script, *address)
    assert json.loads(found.stdout.splitlines()[-1])["type"] == "fix"
    fix = found.lines("fix")[-1]
    assert fix["status"] == "ok"
    error_m = np.array(fix["ecef_m"]) - scene.ecef_m
    assert error_m @ np.linalg.solve(fix["covariance_ecef_m2"], error_m) < 16.3  # chi2 of 3 degrees, 99.9 %
    east, north, _ = enu_rotation(scene.latitude_deg, scene.longitude_deg) @ error_m
    assert f"horizontal error {np.hypot(east, north):.2f} m" in found.stderr.splitlines()[-1]


def test_same_seed_same_lines(compiled):
    script, address = compiled(SIMULATION)
    assert run(script, *address).lines("measurement") == run(script, *address).lines("measurement")


def test_replay_measures_the_recording(compiled, sample_recordings):
    truth = json.loads((sample_recordings / "dev-sample.truth.json").read_text())
    script, address = compiled(REPLAY)
    found = run(script, *address)
    assert found.status == 0, found.stderr
    measured = {(line["satellite"], line["slot_count"]): line for line in found.lines("measurement")}
    occasions = {(satellite, occasion["slot_count"]): occasion
                 for satellite, told in truth["satellites"].items() for occasion in told["occasions"]}
    for key, occasion in occasions.items():
        assert measured[key]["status"] == "ok"
        error_s = measured[key]["toa_s"] - occasion["toa_s"]
        assert abs(error_s) < 3.0 * occasion["toa_bound_s"] + TOA_SLACK_S, key
    # The truth has the whole occasions; the recording's ends may cut others.
    for key in measured.keys() - occasions.keys():
        assert measured[key]["status"] == "incomplete", key
    ue = truth["ue"]
    fix = found.lines("fix")[-1]
    error_m = enu_rotation(ue["latitude_deg"], ue["longitude_deg"]) @ (np.array(fix["ecef_m"]) - ue["ecef_m"])
    assert np.hypot(*error_m[:2]) < 3.0 * truth["position"]["bound"]["horizontal_m"]


def test_replay_takes_other_files_and_says_in_one_line_what_is_wrong(compiled, tmp_path):
    script, address = compiled(REPLAY)
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    for option, file, problem in (("--recording", tmp_path / "none", "file: no recording of this name"),
                                  ("--assistance", bad, "schema: is missing")):
        found = run(script, *address, option, str(file))
        assert (found.status, found.stdout) == (2, "")
        assert found.stderr.startswith(f"{file}: {problem}") and found.stderr.count("\n") == 1


@pytest.mark.parametrize("path", [SIMULATION, REPLAY], ids=lambda path: path.stem)
def test_message_debug_prints_once_enabled(path, compiled, tmp_path):
    (tmp_path / "edited").mkdir()
    script, address = compiled(changed(path, tmp_path / "edited", enabled=("raw_messages",)))
    found = run(script, *address)
    assert found.status == 0, found.stderr
    assert "MESSAGE DEBUG PRINT" in found.stdout
    assert "(kind . end)" in found.stdout


def test_runs_without_an_engine_where_the_address_is_taken(compiled):
    script, _ = compiled(REPLAY)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        found = run(script, "--address", address)
    assert found.status == 0
    assert found.stdout == ""
    problem, consequence = found.stderr.splitlines()
    assert address in problem
    assert consequence == "the position engine did not start"


def test_stops_early_and_takes_its_engine_along(compiled, tmp_path):
    (tmp_path / "edited").mkdir()
    script, address = compiled(changed(SIMULATION, tmp_path / "edited", values={"duration_s": "5"}))
    process = start(script, *address)
    try:
        assert json.loads(process.stdout.readline())["type"] == "measurement"
        process.send_signal(signal.SIGTERM)
        # The engine holds the same stdout: it ends only when both processes have.
        process.communicate(timeout=TIME_LIMIT_S)
    finally:
        process.kill()
    assert process.returncode == 0


def test_round_trips_of_the_two_way_loop(compiled):
    """Eleven round trips over gateway and satellite, each within five of its deviations of the geometry's."""
    script, address = compiled(TOP / "grc" / "multi_rtt_loop.grc")
    found = run(script, *address)
    assert found.status == 0, found.stderr
    reports, trips = found.lines("measurement"), found.lines("round_trip")
    assert [sum(m["kind"] == kind and m["status"] == "ok" for m in reports) for kind in ("ue_rx_tx", "gnb_rx_tx")] == [11, 11]
    assert len(trips) == 11
    for trip in trips:
        assert abs(trip["error_s"]) < 5.0 * trip["rtt_std_s"]
