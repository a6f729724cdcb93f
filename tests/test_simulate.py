# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos simulate`: its truth against an independent world, its samples against an exact sum, its recordings through
`./ntnpos locate`."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gnuradio import blocks, gr

from ntnpos.scenario import Path as Way
from ntnpos.scenario import load_scenario
from ntnpos_lab import convert
from ntnpos_lab import locate as locate_command
from ntnpos_lab import simulate_command
from ntnpos_lab.recording import FULL_SCALE
from ntnpos_lab.scenario import LIBRARY, find, scene_of, stretches
from ntnpos_lab.simulate import NOISE_POWER, Downlink

sys.path.insert(0, str(Path(__file__).parent / "reference"))
import exact_world as world  # noqa: E402
from make_recording import Case, Ray, Segment, Sender, Truth, sent_symbols, signal_of  # noqa: E402

NAMES = sorted(path.stem for path in LIBRARY.glob("*.yml"))
PLAYED = ["starlink-six", "state-vectors", "minute-in-occasions", "aircraft", "echoes-far"]
C_M_S = 299792458.0


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict:
    """Those of the library that are played: scenario, files and truth by name."""
    folder = tmp_path_factory.mktemp("simulate")
    found = {}
    for name in PLAYED:
        scenario = load_scenario(find(name))
        simulate_command.simulate(scenario, str(folder / name))
        read = [json.loads((folder / f"{name}.{kind}").read_text())
                for kind in ("sigmf-meta", "assistance.json", "truth.json")]
        found[name] = (scenario, folder / name, *read)
    return found


@pytest.fixture(scope="module")
def located(made) -> dict:
    """Lines of `./ntnpos locate` on each."""
    import contextlib
    import io

    found = {}
    for name, (_, base, *_) in made.items():
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            moving = ["--moving"] if name == "aircraft" else []
            status = locate_command.main([str(base), "--assistance", f"{base}.assistance.json", *moving])
        found[name] = status, [json.loads(line) for line in out.getvalue().splitlines()]
    return found


def exact_toa(told: dict, truth: dict, satellite: dict, since_s, first_path: dict) -> np.ndarray:
    """toa along the first path `since_s` [n] receiver-clock seconds after the first sample: light time by the independent
    world, the clock's definition, a straight walk."""
    clock = truth["receiver_clock"]
    rate = 1.0 + 1e-6 * clock["rate_error_ppm"]
    start = clock["at_rx_full_s"] + clock["at_rx_frac_s"]
    system = start - clock["offset_s"] + since_s / rate
    e = satellite["ephemeris"]
    orbit = (world.Tle(e["line1"], e["line2"], told["epoch_utc"]) if e["type"] == "tle" else
             world.StateVector(e["t_s"], e["position_ecef_m"], e["velocity_ecef_m_s"]))
    ue = truth["ue"]
    place = world.geodetic_to_ecef(ue["latitude_deg"], ue["longitude_deg"], ue["height_m"])
    place = place + np.outer(since_s / rate, ue["velocity_ecef_m_s"])
    offset = clock["offset_s"] + since_s * (1.0 - 1.0 / rate)
    extra = first_path["extra_delay_s"] - first_path["extra_doppler_hz"] / told["carrier"]["frequency_hz"] * since_s / rate
    return world.travel_time(orbit, place, system) + extra + offset - satellite["clock_offset_s"]


@pytest.mark.parametrize("name", PLAYED)
def test_truth_is_that_of_an_independent_world(made, name):
    scenario, _, _, told, truth = made[name]
    start = truth["receiver_clock"]["at_rx_full_s"] + truth["receiver_clock"]["at_rx_frac_s"]
    if name == "aircraft":
        east, north, up = world.enu(55.7047, 13.1910)
        assert truth["ue"]["velocity_ecef_m_s"] == pytest.approx(200.0 * east + 150.0 * north, abs=1e-9)
    count = 0
    for satellite in told["satellites"]:
        entry = truth["satellites"][satellite["id"]]
        since = np.array([o["t_full_s"] - start + o["t_frac_s"] for o in entry["occasions"]])
        toa = exact_toa(told, truth, satellite, since, entry["paths"][0])
        h = 0.05
        rate = (exact_toa(told, truth, satellite, since + h, entry["paths"][0])
                - exact_toa(told, truth, satellite, since - h, entry["paths"][0])) / (2.0 * h)
        # Both count orbit times in float64 seconds of a Julian date: tenths of picoseconds.
        assert np.max(np.abs(toa - [o["toa_s"] for o in entry["occasions"]])) < 2e-12
        assert np.max(np.abs(-scenario.carrier.frequency_hz * rate - [o["doppler_hz"] for o in entry["occasions"]])) < 0.02
        slot_s = 1e-3 * 15 / told["carrier"]["scs_khz"]
        sent = since + start - toa - satellite["sfn0_time_s"]
        slots = [o["slot_count"] for o in entry["occasions"]]
        assert sent == pytest.approx(slot_s * np.array(slots), abs=1e-11)
        prs = satellite["prs"]
        assert all((slot - prs["slot_offset"]) % prs["periodicity_slots"] == 0 for slot in slots)
        count += len(slots)
    assert count >= 15


@pytest.mark.parametrize("name", PLAYED)
def test_measured_is_the_truth_within_stated_deviations(made, located, name):
    truth = made[name][4]
    status, lines = located[name]
    assert status == 0
    errors = []
    due = {(satellite, o["slot_count"]): o for satellite, entry in truth["satellites"].items() for o in entry["occasions"]}
    for line in lines[:-1]:
        if line["status"] == "ok":
            o = due.pop((line["satellite"], line["slot_count"]))
            errors.append(((line["toa_s"] - o["toa_s"]) / line["toa_std_s"],
                           (line["doppler_hz"] - o["doppler_hz"]) / line["doppler_std_hz"]))
    assert due == {}  # every whole occasion is found
    normalised, n = np.array(errors), len(errors)
    # Mean square of n unit normals: 1 within 4 sqrt(2 / n); the echoes' deviation is stated with a floor.
    assert np.all(np.mean(normalised**2, axis=0) < 1.0 + 4.0 * np.sqrt(2.0 / n)), normalised.std(axis=0)
    assert np.all(np.mean(normalised**2, axis=0) > (1.0 - 4.0 * np.sqrt(2.0 / n)) * 0.5)


@pytest.mark.parametrize("name", ["starlink-six", "state-vectors", "minute-in-occasions", "echoes-far"])
def test_located_within_the_stated_bound(made, located, name):
    truth, (status, lines) = made[name][4], located[name]
    fix = lines[-1]
    assert status == 0 and fix["type"] == "fix" and fix["status"] == "ok"
    axes = world.enu(truth["ue"]["latitude_deg"], truth["ue"]["longitude_deg"])
    error = axes @ (np.array(fix["ecef_m"]) - truth["ue"]["ecef_m"])
    covariance = axes @ np.array(fix["covariance_ecef_m2"]) @ axes.T
    # 16.3: 99.9 % of chi-squared with three degrees of freedom.
    assert error @ np.linalg.solve(covariance, error) < 16.3
    assert np.hypot(*error[:2]) < 3.5 * truth["position"]["crlb"]["horizontal_m"]
    assert 0.9 < fix["horizontal_std_m"] / truth["position"]["crlb"]["horizontal_m"] < 1.35


def test_an_aircraft_is_located_within_its_stated_deviation_where_it_may_move(made, located):
    truth, (status, lines) = made["aircraft"][4], located["aircraft"]
    fix, ue, clock = lines[-1], truth["ue"], truth["receiver_clock"]
    assert status == 0 and fix["status"] == "ok"
    flown_s = fix["t_s"] - (clock["at_rx_full_s"] + clock["at_rx_frac_s"] - clock["offset_s"])
    error = np.array(fix["ecef_m"]) - (np.array(ue["ecef_m"]) + flown_s * np.array(ue["velocity_ecef_m_s"]))
    assert error @ np.linalg.solve(np.array(fix["covariance_ecef_m2"]), error) < 16.3
    assert np.linalg.norm(error) < 5.0 and fix["horizontal_std_m"] < 2.0
    assert fix["velocity_ecef_m_s"] == pytest.approx(ue["velocity_ecef_m_s"], abs=3.0)
    assert fix["hpl_m"] > np.linalg.norm(error) and 0.0 < fix["integrity_risk"] < 1e-3


def test_recordings_hold_what_the_contract_says(made):
    for name, (scenario, base, meta, told, truth) in made.items():
        info = meta["global"]
        assert info["core:datatype"] == scenario.receiver.datatype and info["core:sample_rate"] == scenario.sample_rate_hz
        assert info["ntnpos:truth"]["ue"] == truth["ue"]
        values = np.fromfile(f"{base}.sigmf-data", "<i2" if scenario.receiver.datatype == "ci16_le" else "<f4")
        starts = [c["core:sample_start"] for c in meta["captures"]]
        assert starts[0] == 0 and all(c["core:frequency"] == 2e9 for c in meta["captures"])
        if scenario.receiver.datatype == "ci16_le":
            assert np.max(np.abs(values.astype(int))) == FULL_SCALE  # used, not clipped
        times = [c["ntnpos:rx_time"]["full_s"] + c["ntnpos:rx_time"]["frac_s"] for c in meta["captures"]]
        if scenario.occasions is None:
            assert times == [scenario.start_s] and len(values) == 2 * round(scenario.duration_s * scenario.sample_rate_hz)
        else:
            assert len(times) == scenario.occasions.count
            assert np.diff(times) == pytest.approx(scenario.occasions.every_s, abs=2e-3)
            assert len(values) < 0.1 * 2 * scenario.occasions.count * scenario.occasions.every_s * scenario.sample_rate_hz
        assert np.hypot(told["ue_prior"]["latitude_deg"] - truth["ue"]["latitude_deg"],
                        told["ue_prior"]["longitude_deg"] - truth["ue"]["longitude_deg"]) > 0.05  # is not the place


def test_every_term_of_the_link_counts_once_and_is_told(made):
    """TR 38.811's 32.45 dB form of the free-space loss, -173.98 dBm/Hz: the sum of what the truth file names."""
    scenario, _, _, _, truth = made["starlink-six"]
    for entry in truth["satellites"].values():
        link = entry["link"]
        free = 32.45 + 20.0 * np.log10(2.0) + 20.0 * np.log10(entry["range_m"])
        assert link["free_space_loss_db"] == pytest.approx(free, abs=0.01)
        losses = sum(value for name, value in link.items() if name.endswith(("loss_db", "margin_db")))
        density = link["eirp_density_dbw_mhz"] - 60.0 + link["ue_gain_dbi"] - losses
        assert entry["snr_db"] == pytest.approx(density - (-203.98 + link["noise_figure_db"]), abs=0.01)
    usual = np.array(scene_of(scenario).snr_db)
    for name, sign in (("ue_gain_dbi", 1.0), ("beam_loss_db", -1.0), ("atmospheric_loss_db", -1.0), ("clutter_loss_db", -1.0),
                       ("scintillation_loss_db", -1.0), ("shadow_margin_db", -1.0)):
        other = scene_of(replace(scenario, link=replace(scenario.link, **{name: 2.5}))).snr_db
        assert np.array(other) - usual == pytest.approx(2.5 * sign)


def test_ten_minutes_of_a_pass_are_a_few_megabytes_and_the_power_follows_the_range(tmp_path, capsys):
    scenario = load_scenario(find("one-satellite-pass"))
    written = simulate_command.simulate(scenario, str(tmp_path / "pass"))
    assert written["captures"] == 61 and 4 * written["samples"] < 5e6
    truth = json.loads((tmp_path / "pass.truth.json").read_text())
    (entry,) = truth["satellites"].values()
    e = scenario.satellites[0].ephemeris
    orbit = world.Tle(e["line1"], e["line2"], "2025-10-07T18:00:00Z")
    times = np.array([o["t_s"] for o in entry["occasions"]])
    assert len(times) == 61 and times[-1] - times[0] == pytest.approx(600.0, abs=0.02)
    ranges = np.linalg.norm(orbit.position(times) - np.array(truth["ue"]["ecef_m"]), axis=1)
    loss = 32.45 + 20.0 * np.log10(2.0) + 20.0 * np.log10(ranges)
    snr = np.array([o["snr_db"] for o in entry["occasions"]])
    assert snr == pytest.approx(40.0 - 60.0 - loss + 203.98 - 7.0, abs=0.02) and np.ptp(snr) > 3.0
    assert locate_command.main([str(tmp_path / "pass"), "--assistance", str(tmp_path / "pass.assistance.json")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"measurement"' in line]
    assert [line["status"] for line in lines] == ["ok"] * 61
    # Found from few hundred elements, a measured SNR is off by some tenths of a dB itself.
    off = np.array([line["snr_db"] for line in lines]) - snr
    assert abs(off.mean()) < 0.3 and off.std() < 0.8


def received(scene, carrier, duration_s, at_s=None, noise_seed=None) -> np.ndarray:
    flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
    flowgraph.connect(Downlink(scene, carrier, duration_s, at_s, noise_seed), sink)
    flowgraph.run()
    return np.array(sink.data())


@pytest.fixture(scope="module")
def clean():
    """One strong satellite by two paths that beat, a fast clock; noise 60 dB down."""
    scenario = load_scenario(find("echoes-far"))
    ways = (Way(), Way(delay_s=1.23e-6, power_db=-3.0, phase_deg=40.0, doppler_hz=150.0))
    scenario = replace(scenario, satellites=scenario.satellites[:1], receiver=replace(scenario.receiver, frequency_error_ppm=3.0),
                       channel=replace(scenario.channel, snr_db=60.0, paths=ways))
    return scenario, scene_of(scenario), convert.carrier(scenario.carrier, scenario.sample_rate_hz)


def test_samples_are_the_exact_sum_of_the_paths(clean):
    """Both paths' gains fitted to what an independent generator makes of each alone."""
    scenario, scene, carrier = clean
    samples = 80_000
    got = received(scene, carrier, samples / 7.68e6)
    satellite = scene.assistance.satellites[0].to_dict()
    columns, edges = [], []
    for way in scenario.channel.paths:
        ray = Ray(way.delay_s, 0.0, way.doppler_hz)
        sender = Sender(satellite["id"], satellite["ephemeris"], satellite["prs"], 60.0, paths=[ray])
        case = Case("clean", scene.assistance.carrier.to_dict(), 7.68e6, [sender], [Segment(1, 0.0, samples)],
                    epoch_utc="2025-10-07T12:40:00Z", latitude_deg=55.7047, longitude_deg=13.1910, height_m=60.0,
                    clock_offset_s=scene.clock.offset_s, frequency_error_ppm=3.0)
        truth = Truth(case)
        columns.append(signal_of(case, sender, truth, case.segments[0]))
        toa = truth.polynomial(sender, 0.0, 0.02)
        for s in sent_symbols(case, sender, truth, -0.02, 0.02):
            edges += [t + toa(t + toa(t)) + way.delay_s for t in (s.begin, s.end)]
    columns = np.array(columns).T
    (direct, echo), *_ = np.linalg.lstsq(columns, got, rcond=None)
    residual = got - columns @ [direct, echo]
    # Where symbols meet the signal jumps: what a filter of 20 taps makes of that is no matter of the paths.
    near = np.round(np.multiply.outer(np.array(edges) * 7.68e6, [1.0]) + np.arange(-11, 12)).astype(int).ravel()
    there = np.any(columns != 0.0, axis=1)
    there[near[(near >= 0) & (near < samples)]] = False
    evm = np.linalg.norm(residual[there]) / np.linalg.norm(got[there])
    assert there.sum() > 1500 and evm < 10.0 ** (-55.0 / 20.0) + 1e-3  # the noise is at -60 dB
    assert abs(direct) == pytest.approx(np.sqrt(NOISE_POWER), rel=2e-3)
    assert 20.0 * np.log10(abs(echo / direct)) == pytest.approx(-3.0, abs=0.02)


def test_a_stretch_is_a_piece_of_the_whole(clean):
    """Delay, Doppler and carrier phase of every path do not know where the stream was cut."""
    scenario, scene, carrier = clean
    whole = received(scene, carrier, 0.025)
    first = 150_000
    piece = received(scene, carrier, 0.004, scenario.start_s + first / 7.68e6, 77)
    same = whole[first:first + len(piece)]
    # Two independent noises; their power is a -60 dB share of the signal's, which is there half of the time at most.
    noise = np.mean(np.abs(piece - same)**2) / NOISE_POWER
    assert noise == pytest.approx(2.0, rel=0.03)
    assert np.mean(np.abs(same)**2) > 1e3 * NOISE_POWER


def test_same_seed_same_bits_other_seed_other_bits(made, tmp_path):
    scenario, base, *_ = made["minute-in-occasions"]
    short = replace(scenario, occasions=replace(scenario.occasions, count=2))
    data = []
    for index, case in enumerate((short, short, replace(short, seed=scenario.seed + 1))):
        simulate_command.simulate(case, str(tmp_path / f"{index}"))
        data.append([(tmp_path / f"{index}.{kind}").read_bytes() for kind in ("sigmf-data", "truth.json", "assistance.json")])
    assert data[0] == data[1]
    assert data[0][0] != data[2][0] and data[0][2] != data[2][2]


@pytest.mark.parametrize("name", NAMES)
def test_the_library_is_valid(name):
    scenario = load_scenario(find(name))
    assert scenario.title != name and "\n" not in scenario.title
    scene = scene_of(scenario)
    convert.carrier(scenario.carrier, scenario.sample_rate_hz, name)
    assert 0 < sum(s.count for s in stretches(scenario, scene)) * 4 < 5e6


def test_the_list_shows_every_scenario_on_one_line(capsys):
    assert simulate_command.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == NAMES and len(NAMES) >= 10


@pytest.mark.parametrize("arguments, said", [
    (["none", "-o", "{}/x"], "none: scenario: is neither a file nor in the library"),
    (["none.yml", "-o", "{}/x"], "none.yml: file: cannot be read"),
    (["starlink-six", "-o", "{}/x.sigmf"], "-o: is not the name of a recording"),
    (["starlink-six", "-o", "/dev/null/x"], "/dev/null: -o: "),
    (["{}/rate.yml", "-o", "{}/x"], "rate.yml: sample_rate_hz: 7000000"),
    (["{}/long.yml", "-o", "{}/x"], "long.yml: duration_s: 3600 s at 7680000 samples a second are 27648000000 samples"),
])
def test_wrong_input_is_one_line(tmp_path, capsys, arguments, said):
    text = find("starlink-six").read_text()
    (tmp_path / "rate.yml").write_text(text.replace("7.68e6", "7.0e6"))
    (tmp_path / "long.yml").write_text(text.replace("duration_s: 0.03", "duration_s: 3600"))
    assert simulate_command.main([a.format(tmp_path) for a in arguments]) == 2
    out = capsys.readouterr()
    assert out.out == "" and len(out.err.splitlines()) == 1 and said in out.err
    assert not list(tmp_path.glob("x*"))
