# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between satellite and receiver in a simulated scenario: atmosphere, wrong ephemerides, towns, walls, fading."""

import contextlib
import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyrtklib
import pytest
from gnuradio import blocks, gr
from ntnpos.scenario import Air, Errors, load_scenario
from ntnpos.world.atmosphere import Atmosphere
from ntnpos_lab import convert
from ntnpos_lab import locate as locate_command
from ntnpos_lab import simulate_command
from ntnpos_lab.scenario import PIECE_S, Stretch, fading_of, find, scene_of, situation_of
from ntnpos_lab.simulate import NOISE_POWER, Downlink, downlinks
from ntnpos_lab.truth import occasions_of

sys.path.insert(0, str(Path(__file__).parent / "reference"))
import exact_world as world  # noqa: E402

C = 299792458.0
NAMES = ("atmosphere", "wrong-ephemerides", "dense-urban", "blocked")


def located(base: Path, assistance: dict | None = None) -> list[dict]:
    told = Path(f"{base}.assistance.json")
    if assistance is not None:
        told = Path(f"{base}.other.json")
        told.write_text(json.dumps(assistance))
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        locate_command.main([str(base), "--assistance", str(told)])
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict:
    folder, found = tmp_path_factory.mktemp("surroundings"), {}
    for name in NAMES:
        scenario = load_scenario(find(name))
        simulate_command.simulate(scenario, str(folder / name))
        told, truth = (json.loads((folder / f"{name}.{kind}.json").read_text()) for kind in ("assistance", "truth"))
        found[name] = scenario, folder / name, told, truth
    return found


def vacuum_toa(told: dict, truth: dict, satellite: dict, t_s: float) -> float:
    """Light time by the independent world, plus the receiver's clock, less the satellite's as told."""
    clock, e = truth["receiver_clock"], satellite["ephemeris"]
    orbit = world.Tle(e["line1"], e["line2"], told["epoch_utc"])
    delay = world.travel_time(orbit, np.array(truth["ue"]["ecef_m"]), np.array([t_s - clock["offset_s"]]))
    return float(np.squeeze(delay)) + clock["offset_s"] - satellite["clock_offset_s"]


def array(values):
    found = pyrtklib.Arr1Ddouble(len(values))
    for i, value in enumerate(values):
        found[i] = value
    return found


# ------------------------------------------------------------------------------------ atmosphere


def test_truth_is_later_by_rtklibs_delays(made):
    _, _, told, truth = made["atmosphere"]
    place = array([np.radians(truth["ue"]["latitude_deg"]), 0.0, truth["ue"]["height_m"]])
    time = pyrtklib.epoch2time(array([2025, 10, 7, 12, 40, 0]))
    assert told["atmosphere"] == truth["atmosphere"] == {"troposphere": True, "ionosphere_tecu": 30.0}
    for satellite in told["satellites"]:
        entry = truth["satellites"][satellite["id"]]
        seen = array([0.0, np.radians(entry["elevation_deg"])])
        later = pyrtklib.sbstropcorr(time, place, seen, array([0.0])) + 40.3 * 30e16 / 4e18 * pyrtklib.ionmapf(place, seen)
        occasion = entry["occasions"][0]
        # The elevation is that at the first sample: 0.05 s change the delays by 1 mm.
        assert occasion["toa_s"] - vacuum_toa(told, truth, satellite, occasion["t_s"]) == pytest.approx(later / C, abs=5e-12)


def test_an_engine_that_is_told_takes_it_out_and_one_that_is_not_is_metres_off(made):
    _, base, told, truth = made["atmosphere"]
    bound = truth["position"]["crlb"]
    errors = {}
    for name, assistance in (("told", told), ("not", {k: v for k, v in told.items() if k != "atmosphere"})):
        fix = located(base, assistance)[-1]
        errors[name] = world.enu(55.7047, 13.1910) @ (np.array(fix["ecef_m"]) - truth["ue"]["ecef_m"])
    assert np.hypot(*errors["told"][:2]) < 3.5 * bound["horizontal_m"] and abs(errors["told"][2]) < 3.5 * bound["up_m"]
    assert abs(errors["not"][2]) > 5.0  # delays of 5 to 10 m are for the most part a height


def received(scene, carrier, duration_s, at_s=None, noise_seed=None) -> np.ndarray:
    flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
    flowgraph.connect(Downlink(scene, carrier, duration_s, at_s, noise_seed), sink)
    flowgraph.run()
    return np.array(sink.data())


def test_the_ionosphere_delays_the_code_of_the_samples_and_advances_their_carrier():
    """Transfer function between the same reception with and without 400 TECU (20 to 30 m): slope and phase."""
    scenario = load_scenario(find("starlink-six"))
    scenario = replace(scenario, satellites=scenario.satellites[:1], own_paths=(None,), duration_s=0.03,
                       channel=replace(scenario.channel, snr_db=60.0))
    carrier = convert.carrier(scenario.carrier, scenario.sample_rate_hz)
    air = Atmosphere(2e9, scenario.epoch.day_of_year, False, 400.0)
    plain, seen = (received(scene_of(replace(scenario, air=Air(a, None))), carrier, 0.03) for a in (None, air))
    elevation = scene_of(scenario).sky[0].elevation_deg
    ions = 40.3 * 400e16 / 4e18 * pyrtklib.ionmapf(array([np.radians(55.7), 0.0, 60.0]), array([0.0, np.radians(elevation)])) / C
    # One slot of PRS: where the signal is strong.
    strong = np.flatnonzero(np.abs(plain) > 0.3 * np.max(np.abs(plain)))
    first = strong[0]
    window = slice(first - 100, first + 8192 - 100)
    ratio = np.fft.fft(seen[window]) * np.conj(np.fft.fft(plain[window]))
    frequency = np.fft.fftfreq(8192, 1.0 / 7.68e6)
    used = (np.abs(frequency) < 2.1e6) & (np.abs(ratio) > 0.01 * np.max(np.abs(ratio)))
    trial = np.linspace(-2.0, 2.0, 401) * ions
    match = np.abs(np.exp(2j * np.pi * np.outer(trial, frequency[used])) @ ratio[used])
    assert trial[np.argmax(match)] == pytest.approx(ions, rel=0.015)
    turned = np.angle(np.sum(ratio[used] * np.exp(2j * np.pi * frequency[used] * ions)))
    assert np.angle(np.exp(1j * (turned - 2.0 * np.pi * 2e9 * ions))) == pytest.approx(0.0, abs=0.15)  # advanced, not delayed


# ------------------------------------------------------------------------------------ wrong ephemerides


def test_told_is_off_from_true_by_the_stated_errors(made):
    scenario, _, told, truth = made["wrong-ephemerides"]
    assert {s["position_std_m"] for s in told["satellites"]} == {5.0}
    for satellite in told["satellites"]:
        entry = truth["satellites"][satellite["id"]]
        occasion = entry["occasions"][0]
        e = satellite["ephemeris"]
        orbit = world.Tle(e["line1"], e["line2"], told["epoch_utc"])
        line = np.squeeze(orbit.position(np.array([occasion["t_s"]]))) - np.array(truth["ue"]["ecef_m"])
        expected = line / np.linalg.norm(line) @ entry["ephemeris_error_ecef_m"] / C - entry["clock_error_s"]
        off = occasion["toa_s"] - vacuum_toa(told, truth, satellite, occasion["t_s"])
        assert off == pytest.approx(expected, abs=3e-12)
    drawn = [scene_of(replace(scenario, seed=seed, errors=Errors(5.0, 5e-9))).transmitters for seed in range(60)]
    places = np.array([[t.orbit.offset_m for t in one] for one in drawn])
    clocks = np.array([[t.clock_offset_s for t in one] for one in drawn])
    n = places.size
    assert abs(places.mean()) < 3.3 * 5.0 / np.sqrt(n) and places.std() == pytest.approx(5.0, rel=3.3 / np.sqrt(2 * n))
    assert clocks.std() == pytest.approx(5e-9, rel=3.3 / np.sqrt(2 * clocks.size))


# ------------------------------------------------------------------------------------ environments and fading


def test_a_towns_draws_are_in_the_truth_and_in_the_powers(made):
    scenario, _, _, truth = made["dense-urban"]
    kinds = set()
    for entry in truth["satellites"].values():
        drawn, link = entry["environment"], entry["link"]
        losses = sum(value for name, value in link.items() if name.endswith(("loss_db", "margin_db")))
        full = link["eirp_density_dbw_mhz"] - 60.0 + link["ue_gain_dbi"] - losses - link["noise_density_dbw_hz"]
        assert entry["snr_db"] == pytest.approx(full - drawn["shadow_db"] - drawn["clutter_db"], abs=1e-9)
        assert entry["line_of_sight"] == (drawn["profile"] == "ntn-tdl-d") == (drawn["clutter_db"] == 0.0)
        kinds.add(entry["line_of_sight"])
    assert kinds == {True, False}


def test_lines_of_sight_over_seeds_are_within_binomial_limits(made):
    """TR 38.811 table 6.6.1-1, dense urban, at the nearest of 10, 20, ... degrees of each satellite."""
    scenario, _, _, truth = made["dense-urban"]
    table = [0.282, 0.331, 0.398, 0.468, 0.537, 0.612, 0.738, 0.820, 0.981]
    elevations = [entry["elevation_deg"] for entry in truth["satellites"].values()]
    p = np.array([table[int(e / 10.0 + 0.5) - 1] for e in elevations])
    seeds = 300
    los = np.array([[situation_of(replace(scenario, seed=s), i, e).line_of_sight for i, e in enumerate(elevations)]
                    for s in range(seeds)])
    assert abs(los.sum() - seeds * p.sum()) < 3.3 * np.sqrt(seeds * np.sum(p * (1.0 - p)))
    both = los - p  # satellites draw independently
    assert abs(np.mean(both[:, 0] * both[:, 1])) < 3.3 * np.sqrt(np.prod(p[:2] * (1.0 - p[:2])) / seeds)


def test_a_tapped_delay_line_is_that_of_every_path_each_with_its_seed():
    scenario = load_scenario(find("fading-tdl-c"))
    scene = scene_of(scenario)
    links = downlinks(scene, convert.carrier(scenario.carrier, scenario.sample_rate_hz), 0.01)
    fading = [link.path.fading for link in links]
    assert {(f.model, f.delay_spread_s, f.ue_speed_m_s) for f in fading} == {("ntn-tdl-c", 1e-7, 1.5)}
    assert len({f.seed for f in fading}) == len(fading) == 6
    walking = replace(scenario, channel=replace(scenario.channel, ue_speed_m_s=None),
                      ue=replace(scenario.ue, velocity_enu_m_s=(3.0, 4.0, 0.0)))
    assert fading_of(walking, 0, None).ue_speed_m_s == pytest.approx(5.0)


def test_fading_goes_on_where_a_stream_is_cut():
    scenario = load_scenario(find("fading-tdl-c"))
    scenario = replace(scenario, satellites=scenario.satellites[:1], own_paths=(None,),
                       channel=replace(scenario.channel, snr_db=60.0, ue_speed_m_s=30.0))
    scene, carrier = scene_of(scenario), convert.carrier(scenario.carrier, scenario.sample_rate_hz)
    whole = received(scene, carrier, 0.025)
    first = 100_000
    piece = received(scene, carrier, 0.008, scenario.start_s + first / 7.68e6, 77)
    same = whole[first:first + len(piece)]
    # Two independent noises, the signal 60 dB above them while it is there.
    assert np.mean(np.abs(piece - same) ** 2) == pytest.approx(2.0 * NOISE_POWER, rel=0.03)
    assert np.max(np.abs(same)) > 100.0 * np.sqrt(NOISE_POWER)


def test_fading_too_fast_for_the_sample_rate_is_one_line(tmp_path, capsys):
    text = find("fading-tdl-c").read_text().replace("ue_speed_m_s: 1.5", "ue_speed_m_s: 900")
    (tmp_path / "s.yml").write_text(text.replace("frequency_hz: 2.0e9", "frequency_hz: 8.0e9"))
    assert simulate_command.main([str(tmp_path / "s.yml"), "-o", str(tmp_path / "x")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and said[0].endswith("s.yml: channel.ue_speed_m_s: 900; allowed: >= 0 with a maximum Doppler up to 7500 Hz, "
                                               "1/1024 of the sample rate")


def test_the_power_follows_the_range_without_a_gap(made):
    """Three seconds without streaming them: SNR of each occasion by the free-space loss of its own distance."""
    scenario, _, told, _ = made["blocked"]
    scenario = replace(scenario, channel=replace(scenario.channel, snr_db=None), duration_s=3.0)
    scene = scene_of(scenario)
    occasions = list(occasions_of(scenario, scene, 0, [Stretch(0, round(3.0 * scenario.sample_rate_hz))]))
    e = told["satellites"][0]["ephemeris"]
    orbit = world.Tle(e["line1"], e["line2"], told["epoch_utc"])
    t = np.array([o["t_s"] for o in occasions])
    distance = np.linalg.norm(orbit.position(t) - world.geodetic_to_ecef(55.7047, 13.1910, 60.0), axis=1)
    expected = 34.0 - 60.0 - 32.45 - 20.0 * np.log10(2.0) - 20.0 * np.log10(distance) + 203.975 - 7.0
    snr = np.array([o["snr_db"] for o in occasions])
    assert len(occasions) > 290 and np.ptp(snr) > 0.1
    assert snr == pytest.approx(expected, abs=0.03)


def test_pieces_are_all_of_a_stretch(made):
    scenario = made["atmosphere"][0]
    stretch = Stretch(1000, 5_000_001)
    pieces = stretch.pieces(scenario)
    assert [p.first for p in pieces[1:]] == [p.first + p.count for p in pieces[:-1]] and pieces[0].first == 1000
    assert sum(p.count for p in pieces) == 5_000_001 and max(p.count for p in pieces) == PIECE_S * 7.68e6
    for at in (0.0, 0.2499, 0.2501, 0.64, 9.0):
        t = stretch.start_s(scenario) + at
        found = stretch.piece_at(scenario, t)
        assert found in pieces and (at > 0.65 or found.start_s(scenario) <= t < found.start_s(scenario) + found.count / 7.68e6)


# ------------------------------------------------------------------------------------ walls


def test_what_is_blocked_is_late_or_silent_and_the_fix_does_without(made):
    _, base, told, truth = made["blocked"]
    late, silent = (told["satellites"][i]["id"] for i in (1, 3))
    assert truth["satellites"][silent]["occasions"] == [] and not truth["satellites"][silent]["line_of_sight"]
    assert not truth["satellites"][late]["line_of_sight"] and truth["satellites"][late]["paths"][0]["extra_delay_s"] == 3e-7
    occasion = truth["satellites"][late]["occasions"][0]
    assert occasion["toa_s"] - vacuum_toa(told, truth, told["satellites"][1], occasion["t_s"]) == pytest.approx(3e-7, abs=3e-12)
    lines = located(base)
    statuses = {s: {line["status"] for line in lines if line["type"] == "measurement" and line["satellite"] == s}
                for s in (late, silent)}
    assert statuses == {late: {"ok"}, silent: {"no_signal"}}
    fix = lines[-1]
    assert fix["status"] == "ok" and late in {e["satellite"] for e in fix["excluded"]}
    error = world.enu(55.7047, 13.1910) @ (np.array(fix["ecef_m"]) - truth["ue"]["ecef_m"])
    assert np.hypot(*error[:2]) < 3.5 * truth["position"]["crlb"]["horizontal_m"]
