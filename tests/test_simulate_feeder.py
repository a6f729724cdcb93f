# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario with a feeder link: truth, common TA, phase of a transposing payload in the samples, a fix."""

import contextlib
import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gnuradio import blocks, gr
from ntnpos.errors import InputError
from ntnpos.scenario import load_scenario, parse_scenario
from ntnpos.scenario.yaml_file import read_yaml
from ntnpos_lab import convert, simulate_command
from ntnpos_lab import locate as locate_command
from ntnpos_lab.scenario import find, scene_of
from ntnpos_lab.simulate import Downlink

sys.path.insert(0, str(Path(__file__).parent / "reference"))
import exact_world as world  # noqa: E402

C = 299792458.0
GATEWAY = world.geodetic_to_ecef(53.55, 10.0, 40.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    base = tmp_path_factory.mktemp("feeder") / "feeder"
    scenario = load_scenario(find("transparent-feeder"))
    simulate_command.simulate(scenario, str(base))
    return scenario, base, *(json.loads(Path(f"{base}.{kind}.json").read_text()) for kind in ("assistance", "truth"))


def hop_down(orbit, t: float) -> float:
    """Gateway to satellite by the independent world's orbit: what is there at t, the Earth turned back."""
    r, delay = np.squeeze(orbit.position(np.array([t]))), 3e-3
    for _ in range(20):
        delay = np.linalg.norm(world.r3(7.2921150e-5 * np.array([delay]), GATEWAY[None])[0] - r) / C
    return float(delay)


def test_truth_has_the_hop_and_the_assistance_data_its_common_ta(made):
    _, _, told, truth = made
    for satellite in told["satellites"]:
        e = satellite["ephemeris"]
        orbit = world.Tle(e["line1"], e["line2"], told["epoch_utc"])
        occasion = truth["satellites"][satellite["id"]]["occasions"][-1]
        service = float(np.squeeze(world.travel_time(orbit, np.array(truth["ue"]["ecef_m"]), np.array([occasion["t_s"]]))))
        t1 = occasion["t_s"] - service
        h = 0.5
        ends = [hop_down(orbit, 1.025 + s * h) for s in (-1.0, 1.0)]
        residual = hop_down(orbit, t1) - hop_down(orbit, 1.025) - (ends[1] - ends[0]) / (2.0 * h) * (t1 - 1.025)
        assert occasion["toa_s"] == pytest.approx(service + residual, abs=5e-12)
        ta = satellite["common_ta"]
        dt = t1 - ta["epoch_time_s"]
        both = ta["ta_common_s"] + ta["drift_s_per_s"] * dt + ta["drift_variant_s_per_s2"] * dt**2
        # Up and down differ by what satellite and Earth move in 3 ms.
        assert 0.5 * both == pytest.approx(hop_down(orbit, t1), abs=1e-7)


def test_a_compensated_downlink_is_located(made):
    _, base, _, truth = made
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        assert locate_command.main([str(base), "--assistance", f"{base}.assistance.json"]) == 0
    fix = json.loads(out.getvalue().splitlines()[-1])
    error = world.enu(55.7047, 13.1910) @ (np.array(fix["ecef_m"]) - truth["ue"]["ecef_m"])
    assert np.hypot(*error[:2]) < 3.5 * truth["position"]["crlb"]["horizontal_m"]


def received(scene, carrier, duration_s) -> np.ndarray:
    flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
    flowgraph.connect(Downlink(scene, carrier, duration_s), sink)
    flowgraph.run()
    return np.array(sink.data())


def test_the_carrier_turns_by_the_hop_at_the_feeders_frequency(made):
    """Compensated 0.2 s late, so that the hop left over is some nanoseconds: a hundred turns at 28 GHz, a few at 2 GHz."""
    scenario = made[0]
    scenario = replace(scenario, satellites=scenario.satellites[:1], own_paths=(None,),
                       channel=replace(scenario.channel, snr_db=60.0))
    carrier = convert.carrier(scenario.carrier, scenario.sample_rate_hz)
    late = replace(scenario, feeder=replace(scenario.feeder, compensated_at_s=1.225))
    plain = received(scene_of(replace(scenario, feeder=None)), carrier, 0.03)
    seen = received(scene_of(late), carrier, 0.03)
    e = scenario.satellites[0].ephemeris
    orbit = world.Tle(e["line1"], e["line2"], "2025-10-07T12:40:00Z")
    ue = world.geodetic_to_ecef(55.7047, 13.1910, 60.0)
    ends = [hop_down(orbit, 1.225 + s) for s in (-0.05, 0.05)]  # a longer stretch bends: 6 ps
    strong = np.flatnonzero(np.abs(plain) > 0.2 * np.max(np.abs(plain)))
    turns = []
    for first in (strong[0] + 50, strong[-1] - 150):
        window = slice(first, first + 100)
        t = np.array([1.0 + (first + 50) / 7.68e6])
        t1 = float(np.squeeze(t - world.travel_time(orbit, ue, t)))
        left = hop_down(orbit, t1) - hop_down(orbit, 1.225) - (ends[1] - ends[0]) / 0.1 * (t1 - 1.225)
        assert left > 1e-9
        turned = np.angle(np.sum(seen[window] * np.conj(plain[window])) * np.exp(2j * np.pi * 28e9 * left))
        assert abs(turned) < 0.3, turned  # 2 ps at 28 GHz
        turns.append(28e9 * left)
    assert turns[0] - turns[1] > 3.0  # cycles in between


@pytest.fixture(scope="module")
def listed(made) -> dict:
    """The scenario as a tree, its first satellite listed instead of searched for."""
    first = made[0].satellites[0]
    return read_yaml(find("transparent-feeder")) | {"satellites": [{"id": first.id, "ephemeris": dict(first.ephemeris)}]}


def test_a_regenerative_payload_knows_no_feeder(listed):
    scenario = parse_scenario(listed | {"feeder": listed["feeder"] | {"payload": "regenerative"}})
    scene = scene_of(scenario)
    assert scenario.feeder is None and "common_ta" not in scene.assistance.satellites[0].extra


@pytest.mark.parametrize("feeder, said", [
    ({"gateway": {"latitude_deg": -33.0, "longitude_deg": 151.0}},
     "scenario: feeder.gateway: STARLINK-2421 stands at -69.2 degrees there, below the horizon; allowed: 0 degrees or more all through "
     "the reception"),
    ({"gateway": {"latitude_deg": 99.0, "longitude_deg": 0}},
     "scenario: feeder.gateway.latitude_deg: 99.0 is out of range; allowed: -90 to 90"),
    ({}, "scenario: feeder.gateway: is missing; allowed: a mapping of fields"),
    ({"gateway": {"latitude_deg": 53.5, "longitude_deg": 10}, "payload": "bent-pipe"},
     'scenario: feeder.payload: \'bent-pipe\' is not allowed; allowed: "transparent", "regenerative"'),
    ({"gateway": {"latitude_deg": 53.5, "longitude_deg": 10}, "frequency_hz": 1e6},
     "scenario: feeder.frequency_hz: 1000000.0 is out of range; allowed: 1e+08 to 1e+11"),
    ({"gateway": {"latitude_deg": 53.5, "longitude_deg": 10}, "compensated_at_s": 500},
     "scenario: feeder.compensated_at_s: 500 is out of range; allowed: -59 to 61.05"),
    ({"gateway": {"latitude_deg": 53.5, "longitude_deg": 10}, "uplink": 1},
     "scenario: feeder.uplink: is unknown; allowed: gateway, payload, frequency_hz, compensated_at_s"),
])
def test_a_wrong_feeder_is_one_line(listed, feeder, said):
    with pytest.raises(InputError) as caught:
        parse_scenario(listed | {"feeder": feeder})
    assert str(caught.value) == said


def test_a_long_pass_of_state_vectors_has_its_common_ta_and_no_epoch_beyond_them(listed):
    """They hold for 300 s to either side of the middle."""
    tree = {k: v for k, v in listed.items() if k != "duration_s"} | {
        "satellites": {"walker": "starlink-phase-1", "select": {"count": 1, "min_elevation_deg": 0}},
        "feeder": {"gateway": {"latitude_deg": 55.7, "longitude_deg": 13.0}}, "occasions": {"every_s": 100, "count": 5}}
    told = scene_of(parse_scenario(tree)).assistance.satellites[0]
    epochs = [told.extra["common_ta"]["epoch_time_s"]] + [u["epoch_time_s"] for u in told.extra["common_ta_updates"]]
    assert len(epochs) == 81 and np.diff(epochs) == pytest.approx(400.1 / 81, abs=0.01)
    late = tree | {"feeder": tree["feeder"] | {"compensated_at_s": -58.0}, "occasions": {"every_s": 125, "count": 5}}
    with pytest.raises(InputError, match=r"feeder.compensated_at_s: WALKER-\d\d-\d\d: state vector of .*; allowed: an instant that all"):
        parse_scenario(late)


def test_a_feeder_that_turns_the_signal_out_of_the_band_is_one_line(tmp_path, capsys):
    text = find("transparent-feeder").read_text().replace("28.0e9, compensated_at_s: 1.025", "90.0e9")
    (tmp_path / "s.yml").write_text(text)
    assert simulate_command.main([str(tmp_path / "s.yml"), "-o", str(tmp_path / "x")]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "s.yml: feeder.frequency_hz: turns the signal by" in said and "allowed: compensated_at_s near the reception" in said
