# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario loader: the contract's example is good; each thing changed by itself gives its exact line."""

import copy
import sys
from pathlib import Path

import numpy as np
import pytest
from ntnpos.errors import InputError
from ntnpos.scenario import load_scenario, parse_scenario
from ntnpos.scenario.yaml_file import read_yaml
from ntnpos.world.elements import MAX_AGE_DAYS, shipped_elements

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))
import exact_world  # noqa: E402

EXAMPLE = """
epoch_utc: 2025-10-07T12:00:00Z
duration_s: 0.03            # what is streamed
seed: 1
carrier: {frequency_hz: 2.0e9, scs_khz: 15, n_rb: 24, sample_rate_hz: 7.68e6, cyclic_prefix: normal, phase_compensation: false}
satellites: {tle: starlink_shell1, select: {count: 6, min_elevation_deg: 25}}
prs: {comb_size: 4, num_symbols: 4, periodicity_slots: 10}
ue: {latitude_deg: 55.7, longitude_deg: 13.2, height_m: 60, velocity_enu_m_s: [0, 0, 0]}
receiver: {clock_offset_s: 1.0e-4, frequency_error_ppm: 0.05, noise_figure_db: 7, datatype: ci16_le}
channel: {model: los}
"""
GONE = object()
NAME, LINE1, LINE2 = shipped_elements()[0]


def read(tmp_path, text) -> object:
    path = tmp_path / "s.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_scenario(path)


@pytest.fixture(scope="module")
def example(tmp_path_factory) -> dict:
    """The example as a tree, with one listed satellite instead of a search through 600."""
    path = tmp_path_factory.mktemp("scenario") / "s.yml"
    path.write_text(EXAMPLE)
    tree = read_yaml(path)
    scenario = parse_scenario(tree)
    return tree | {"satellites": [{"id": "A", "ephemeris": dict(scenario.satellites[0].ephemeris)}]}


def changed(tree, path, value):
    tree = copy.deepcopy(tree)
    *parents, last = [int(k) if k.isdigit() else k for k in path.split(".")]
    at = tree
    for key in parents:
        at = at[key] if isinstance(at, list) else at.setdefault(key, {})
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    return tree


def test_the_contracts_example_is_read(tmp_path):
    s = read(tmp_path, EXAMPLE)
    assert s.epoch.iso() == "2025-10-07T12:00:00Z" and s.duration_s == 0.03 and s.occasions is None
    assert (s.carrier.frequency_hz, s.sample_rate_hz, s.carrier.n_rb) == (2e9, 7.68e6, 24)
    assert len(s.satellites) == 6 and s.receiver.clock_offset_s == 1e-4 and s.channel.model == "los"
    assert len({x.prs.sequence_id for x in s.satellites}) == 6
    assert [x.prs.re_offset for x in s.satellites] == [0, 1, 2, 3, 0, 1]
    assert [x.prs.slot_offset for x in s.satellites] == [0, 1, 2, 3, 4, 5]


def test_selected_are_those_that_stand_high_enough_all_through(tmp_path):
    """Elevations at both ends by another orbit model's code, over fifty seconds in which some set."""
    text = EXAMPLE.replace("duration_s: 0.03", "duration_s: 50").replace("count: 6", "count: 3")
    s = read(tmp_path, text)
    ue, up = exact_world.geodetic_to_ecef(55.7, 13.2, 60.0), exact_world.enu(55.7, 13.2)[2]
    lowest, middle = {}, {}
    for name, line1, line2 in shipped_elements():
        orbit = exact_world.Tle(line1, line2, "2025-10-07T12:00:00Z")
        lowest[name] = min(exact_world.elevation_deg(orbit, ue, up, t) for t in (1.0, 51.0))
        middle[name] = exact_world.elevation_deg(orbit, ue, up, 26.0)
    high = sorted((n for n in lowest if lowest[n] >= 25.0), key=lambda n: -middle[n])
    assert [x.id for x in s.satellites] == high[:3]
    with pytest.raises(InputError, match=f"but {len(high)} stand at 25 degrees or more"):
        read(tmp_path, text.replace("count: 3", f"count: {len(high) + 1}"))


def test_elements_of_a_file_beside_the_scenario(tmp_path, monkeypatch, example):
    (tmp_path / "few.tle").write_text(f"{NAME}\n{LINE1}\n{LINE2}\n")
    monkeypatch.chdir("/")
    with pytest.raises(InputError, match="1 wanted, but 0 stand at 25 degrees"):
        read(tmp_path, EXAMPLE.replace("tle: starlink_shell1", "tle: few.tle").replace("count: 6", "count: 1"))


def test_what_a_satellite_says_of_its_prs_goes_before_the_defaults(example):
    tree = changed(changed(example, "satellites.0.prs", {"re_offset": 3}), "prs.slot_offset", 7)
    prs = parse_scenario(tree).satellites[0].prs
    assert (prs.re_offset, prs.slot_offset, prs.comb_size, prs.num_rb) == (3, 7, 4, 24)


def test_paths_come_earliest_first(example):
    paths = [{"delay_s": 3e-7, "power_db": 3}, {}, {"delay_s": 1e-6, "phase_deg": 90, "doppler_hz": -5}]
    found = parse_scenario(changed(example, "channel.paths", paths)).channel.paths
    assert [p.delay_s for p in found] == [0.0, 3e-7, 1e-6]
    assert (found[0].phase_deg, found[2].phase_deg, found[2].doppler_hz) == (None, 90.0, -5.0)


def test_environments_are_for_s_band(example):
    tree = changed(changed(example, "carrier.frequency_hz", 1.6e9), "channel", {"model": "dense-urban"})
    with pytest.raises(InputError) as caught:
        parse_scenario(tree)
    assert str(caught.value) == ("scenario: channel.model: 'dense-urban' has tables for S band, and the carrier is at 1600000000 Hz; "
                                 "allowed: 2e+09 to 4e+09 Hz")


def test_a_satellites_own_paths_and_what_is_blocked(example):
    second = {"id": "B", "ephemeris": example["satellites"][0]["ephemeris"], "prs": {"re_offset": 1}}
    two = {**example, "satellites": [example["satellites"][0], second]}
    plain = parse_scenario(two)
    assert plain.own_paths == (None, None) and [p.delay_s for p in plain.paths_of(1)] == [0.0]
    echo = changed(changed(two, "channel.paths", [{}, {"delay_s": 1e-6}]), "satellites.1.blocked", True)
    assert [[p.delay_s for p in parse_scenario(echo).paths_of(i)] for i in (0, 1)] == [[0.0, 1e-6], [1e-6]]
    silent = parse_scenario(changed(two, "satellites.1.blocked", True))
    assert silent.paths_of(1) == () and "blocked" not in silent.satellites[1].extra
    own = parse_scenario(changed(two, "satellites.0.paths", [{"delay_s": 3e-7, "power_db": -3}, {}]))
    assert [p.power_db for p in own.paths_of(0)] == [0.0, -3.0] and own.own_paths[1] is None
    fading = changed(changed(two, "channel", {"model": "rural"}), "satellites.1.blocked", True)
    with pytest.raises(InputError, match=r"satellites\[1\].blocked: belongs to the channel model 'los', not to 'rural'; allowed: absent"):
        parse_scenario(fading)


def test_constellations_by_name_are_those_by_numbers(example):
    by_name = parse_scenario({**example, "satellites": {"walker": "starlink-phase-1", "select": {"count": 4}}})
    by_numbers = parse_scenario({**example, "satellites": {"walker": {
        "planes": 24, "per_plane": 66, "height_m": 550e3, "inclination_deg": 53, "phasing": 1}, "select": {"count": 4}}})
    assert [s.to_dict() for s in by_name.satellites] == [s.to_dict() for s in by_numbers.satellites]


def test_the_fitted_layout_stands_over_the_receiver(example):
    scenario = parse_scenario({**example, "satellites": {"layout": "fitted-study"}})
    assert sorted(s.id for s in scenario.satellites) == [f"FITTED-{t}" for t in ("A0", "A1", "A2", "A3", "A4", "B0", "B1", "B2", "B3")]
    ue = exact_world.geodetic_to_ecef(55.7, 13.2, 60.0)
    up = ue / np.linalg.norm(ue)  # of the sphere that the layout is on
    for satellite in scenario.satellites:
        line = satellite.orbit.state(1.015)[0][0] - ue
        # Of 600 km above a sphere of 6371 km; the ellipsoid is up to 14 km off it.
        assert 25.0 < np.degrees(np.arcsin(line @ up / np.linalg.norm(line))) < 60.0
    turned = parse_scenario({**example, "satellites": {"layout": {"name": "fitted-study", "heading_deg": 90}, "select": {"count": 9}}})
    assert turned.satellites[0].ephemeris != scenario.satellites[0].ephemeris


STATE = {"type": "state_vectors", "t_s": 10.0, "position_ecef_m": [6900000.0, 300000.0, 500000.0],
         "velocity_ecef_m_s": [-500.0, 4500.0, 6000.0]}
OLD = {"type": "tle", "line1": LINE1, "line2": LINE2}


@pytest.mark.parametrize("path, value, said", [
    ("duration_s", -1, "scenario: duration_s: -1 is out of range; allowed: above 0 up to 86400"),
    ("duration_s", 0, "scenario: duration_s: 0 is out of range; allowed: above 0 up to 86400"),
    ("duration_s", "long", "scenario: duration_s: 'long' is not a number; allowed: above 0 up to 86400"),
    ("duration_s", True, "scenario: duration_s: True is not a number; allowed: above 0 up to 86400"),
    ("duration_s", GONE, "scenario: duration_s: is missing; allowed: a number, above 0 up to 86400"),
    ("duration_s", 3600, "scenario: duration_s: 3600 s at 7680000 samples a second are 27648000000 samples; allowed: 1 to "
                         "400000000; with `occasions` a part is streamed"),
    ("occasions", {"every_s": 10, "count": 0}, "scenario: occasions.count: 0 is out of range; allowed: 1 to 100000"),
    ("occasions", {"every_s": 0, "count": 1}, "scenario: occasions.every_s: 0 is out of range; allowed: above 0 up to 86400"),
    ("occasions", {"every_s": 1, "count": 9}, "scenario: occasions.count: the last of 9 begins after 8 s; allowed: within "
                                             "duration_s, 0.03 s"),
    ("satellites.0.ephemeris", STATE, "scenario: satellites[0]: A stands at -21.6 degrees, below the horizon; allowed: 0 degrees "
                                      "or more all through the reception"),
    ("epoch_utc", "2026-10-07T12:00:00Z", "scenario: satellites[0].ephemeris: the elements are 366 days from epoch_utc "
                                          "2026-10-07T12:00:00Z; allowed: up to 14 days for SGP4"),
    ("epoch_utc", "noon", "scenario: epoch_utc: 'noon' is not a UTC time; allowed: ISO 8601 with Z, such as "
                          "2025-10-07T12:00:00Z"),
    ("channel.model", "tdl-z", "scenario: channel.model: 'tdl-z' is not a channel model; allowed: los, ntn-tdl-a, ntn-tdl-b, "
                               "ntn-tdl-c, ntn-tdl-d, rural, dense-urban"),
    ("channel.delay_spread_s", 1e-7, "scenario: channel.delay_spread_s: belongs to a tapped delay line, not to 'los'; allowed: "
                                     "absent"),
    ("channel.ue_speed_m_s", 3, "scenario: channel.ue_speed_m_s: belongs to a model that fades, not to 'los'; allowed: absent"),
    ("channel", {"model": "rural", "delay_spread_s": 1e-7}, "scenario: channel.delay_spread_s: belongs to a tapped delay line, not "
                                                            "to 'rural'; allowed: absent"),
    ("channel", {"model": "ntn-tdl-a", "delay_spread_s": 1e-4}, "scenario: channel.delay_spread_s: 0.0001 is out of range; allowed: "
                                                                "0 to 1e-05"),
    ("channel", {"model": "ntn-tdl-c", "paths": [{}]}, "scenario: channel.paths: belong to 'los': 'ntn-tdl-c' has paths of its own; "
                                                       "allowed: absent"),
    ("channel", {"model": "ntn-tdl-c", "ue_speed_m_s": -1}, "scenario: channel.ue_speed_m_s: -1 is out of range; allowed: 0 to 1000"),
    ("channel.snr_db", 100, "scenario: channel.snr_db: 100 is out of range; allowed: -60 to 60"),
    ("channel.paths", [], "scenario: channel.paths: is empty; allowed: at least one path, or absent for the line of sight"),
    ("channel.paths", [{"delay_s": -1e-9}], "scenario: channel.paths[0].delay_s: -1e-09 is out of range; allowed: 0 to 0.001"),
    ("channel.paths", [{"gain": 1}], "scenario: channel.paths[0].gain: is unknown; allowed: delay_s, power_db, phase_deg, "
                                     "doppler_hz"),
    ("channel.paths", [3], "scenario: channel.paths[0]: 3 is not an object; allowed: a mapping of fields"),
    ("carrier.sample_rate_hz", 3.84e6, "scenario: carrier.sample_rate_hz: 3840000 is less than the carrier's 24 resource blocks "
                                       "are wide; allowed: at least 4320000"),
    ("carrier.sample_rate_hz", GONE, "scenario: carrier.sample_rate_hz: is missing; allowed: a number, above 0 up to 1e+09"),
    ("carrier.scs_khz", 20, "scenario: carrier.scs_khz: 20 is not allowed; allowed: 15, 30, 60, 120 (TS 38.211 table 4.2-1)"),
    ("carrier.bandwidth", 5, "scenario: carrier.bandwidth: is unknown; allowed: frequency_hz, scs_khz, n_rb, sample_rate_hz, "
                             "cyclic_prefix, phase_compensation"),
    ("prs.comb", 4, "scenario: prs.comb: is unknown; allowed: sequence_id, comb_size, re_offset, start_symbol, num_symbols, "
                    "start_prb, num_rb, periodicity_slots, slot_offset, repetition_factor, time_gap_slots, muting_option1, "
                    "muting_option2"),
    ("prs.num_symbols", 6, "scenario: prs.num_symbols: 6 is not allowed; allowed: 4, 12 (with comb_size 4, TS 38.211 table "
                           "7.4.1.7.3-1)"),
    ("prs.num_rb", 28, "scenario: satellites[0].prs.num_rb: 28 does not fit the carrier; allowed: up to carrier.n_rb = 24 (TS "
                       "38.211 4.4.2)"),
    ("satellites", [], "scenario: satellites: is empty; allowed: at least one satellite"),
    ("satellites", 6, "scenario: satellites: 6 is not a list; allowed: a list of satellites"),
    ("satellites.0.clock_ofset_s", 0, "scenario: satellites[0].clock_ofset_s: is unknown; allowed: id, ephemeris, clock_offset_s, "
                                      "sfn0_time_s, prs, common_ta, paths, blocked"),
    ("satellites.0.blocked", 1, "scenario: satellites[0].blocked: 1 is not true or false; allowed: true or false"),
    ("satellites.0.blocked", True, "scenario: satellites: are all blocked; allowed: at least one of which something arrives"),
    ("satellites.0.paths", [{"delay": 1}], "scenario: satellites[0].paths[0].delay: is unknown; allowed: delay_s, power_db, phase_deg, "
                                           "doppler_hz"),
    ("satellites.0.ephemeris.line1", LINE1[:-1] + str((int(LINE1[-1]) + 1) % 10),
     f"scenario: satellites[0].ephemeris.line1: checksum digit {(int(LINE1[-1]) + 1) % 10} does not match its line; allowed: "
     f"{LINE1[-1]}"),
    ("satellites", {"layout": "real", "select": {"count": 1}}, 'scenario: satellites.layout: \'real\' is not allowed; allowed: '
                                                               '"fitted-study"'),
    ("satellites", {"walker": "oneweb", "select": {"count": 1}}, 'scenario: satellites.walker: \'oneweb\' is not allowed; allowed: '
                                                                 '"starlink-phase-1"'),
    ("satellites", {"layout": {"name": "fitted-study", "height_m": 1e5}},
     "scenario: satellites.layout.height_m: 100000.0 is out of range; allowed: 200000 to 2e+06"),
    ("satellites", {"select": {"count": 1}}, "scenario: satellites: has none of tle, walker, layout; allowed: one of them"),
    ("atmosphere", {"ionosphere": 3}, "scenario: atmosphere.ionosphere: is unknown; allowed: troposphere, ionosphere_tecu, told"),
    ("atmosphere", {"ionosphere_tecu": -3}, "scenario: atmosphere.ionosphere_tecu: -3 is out of range; allowed: 0 to 1000"),
    ("atmosphere", {"troposphere": "wet"}, "scenario: atmosphere.troposphere: 'wet' is not true or false; allowed: true or false"),
    ("atmosphere", {"told": {"rain": 1}}, "scenario: atmosphere.told.rain: is unknown; allowed: troposphere, ionosphere_tecu"),
    ("errors", {"satellite_position_m": -1}, "scenario: errors.satellite_position_m: -1 is out of range; allowed: 0 to 10000"),
    ("errors", {"position_m": 1}, "scenario: errors.position_m: is unknown; allowed: satellite_position_m, satellite_clock_s"),
    ("link", {"atmospheric_loss_db": "itu"}, 'scenario: link.atmospheric_loss_db: \'itu\' is not allowed; allowed: "model"'),
    ("link", {"beam_loss_db": "model"}, "scenario: link.beam_loss_db: 'model' is not a number; allowed: 0 to 100"),
    ("satellites", {"tle": "none.tle", "select": {"count": 1}}, "scenario: satellites.tle: 'none.tle' is not a file; allowed: a "
                                                                "file of two-line elements, or starlink_shell1 or oneweb"),
    ("ue.latitude_deg", 91, "scenario: ue.latitude_deg: 91 is out of range; allowed: -90 to 90"),
    ("ue.velocity_enu_m_s", [0, 0], "scenario: ue.velocity_enu_m_s: [0, 0] is not three numbers; allowed: [x, y, z], each -1000 "
                                    "to 1000"),
    ("receiver.datatype", "cu8", 'scenario: receiver.datatype: \'cu8\' is not allowed; allowed: "ci16_le", "cf32_le"'),
    ("receiver.clock_offset_s", 1, "scenario: receiver.clock_offset_s: 1 is out of range; allowed: -0.1 to 0.1"),
    ("receiver.clock_offset_max_s", 1e-5, "scenario: receiver.clock_offset_max_s: 1e-05 is out of range; allowed: 0.0001 to 10"),
    ("link", {"shadow_db": 3}, "scenario: link.shadow_db: is unknown; allowed: eirp_density_dbw_mhz, ue_gain_dbi, beam_loss_db, "
                               "atmospheric_loss_db, scintillation_loss_db, shadow_margin_db, clutter_loss_db, "
                               "polarisation_loss_db"),
    ("link", {"beam_loss_db": -1}, "scenario: link.beam_loss_db: -1 is out of range; allowed: 0 to 100"),
    ("seed", 1.5, "scenario: seed: 1.5 is not a whole number; allowed: 0 to 4294967295"),
    ("seed", -1, "scenario: seed: -1 is out of range; allowed: 0 to 4294967295"),
    ("note", "x", "scenario: note: is unknown; allowed: title, epoch_utc, start_s, duration_s, occasions, seed, carrier, satellites, "
                  "prs, ue, receiver, channel, link, prior, atmosphere, errors, feeder"),
    ("ue", GONE, "scenario: ue: is missing; allowed: a mapping of fields"),
])
def test_one_thing_wrong_is_said_in_one_line(example, path, value, said):
    with pytest.raises(InputError) as caught:
        parse_scenario(changed(example, path, value))
    assert str(caught.value) == said


def test_elements_are_good_for_so_many_days_and_no_more(example):
    lines = example["satellites"][0]["ephemeris"]
    age = 280.5 - float(lines["line1"][20:32])  # at noon on day 280
    assert 0.0 < age < 2.0
    for days, good in ((MAX_AGE_DAYS - age - 0.1, True), (MAX_AGE_DAYS - age + 0.1, False)):
        tree = changed(example, "epoch_utc", str(np.datetime64("2025-10-07T12:00:00") + int(days * 86400)) + "Z")
        with pytest.raises(InputError) as caught:
            parse_scenario(tree)
        assert ("below the horizon" in str(caught.value)) == good and ("days for SGP4" in str(caught.value)) != good


@pytest.mark.parametrize("text, said", [
    ("", "file: is empty; allowed: a scenario"),
    ("just text", "file: 'just text' is not an object; allowed: a mapping of fields"),
    (b"\xff\xfe", "file: is not UTF-8 text; allowed: YAML"),
    ("a: [1", "file: is not YAML (expected ',' or ']', but got '<stream end>' at line 1 column 6)"),
    ("a: 1\na: 2", "file: is not YAML ('a' appears twice at line 2 column 1)"),
    ("a: &x [1]\nb: *x", "file: is not YAML (an alias is not allowed at line 2 column 4)"),
    ("a: !!python/object:os.system {}", "file: is not YAML (could not determine a constructor"),
    ("1: 2", "file: is not YAML (a name that is not text at line 1 column 1)"),
    ("duration_s: .nan", "duration_s: nan is not a finite number; allowed: finite numbers"),
    ("ue: {height_m: -.inf}", "ue.height_m: -inf is not a finite number; allowed: finite numbers"),
    ("a: " + "[" * 100_000, "file: is nested too deeply"),
    ("a: " + "9" * 5000, "file: is not YAML ("),
])
def test_what_is_no_scenario_file_is_said_in_one_line(tmp_path, text, said):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 's.yml'}: {said}") and "\n" not in str(caught.value)


def test_the_link_is_stated_once(example):
    tree = changed(changed(example, "link", {"beam_loss_db": 3}), "channel.snr_db", 5)
    with pytest.raises(InputError, match="link: says what channel.snr_db says otherwise; allowed: one of the two"):
        parse_scenario(tree)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="file: cannot be read .No such file or directory.; allowed: a readable file"):
        load_scenario(tmp_path / "none.yml")


@pytest.mark.parametrize("text", ["2.0e9", "7.68e6", "1e-4", "-5.", ".5", "12", "-3", "007", "+1.5E+3"])
def test_numbers_are_read_as_json_and_yaml_1_2_read_them(tmp_path, text):
    """PyYAML by itself reads 2.0e9 as text and 007 as octal."""
    (tmp_path / "n.yml").write_text(f"a: {text}")
    value = read_yaml(tmp_path / "n.yml")["a"]
    assert value == float(text) and isinstance(value, (int, float))


@pytest.mark.parametrize("text", ["no", "on", "1:30", "2025-10-07", "0x10", "1_000", "True"])
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(tmp_path, text):
    (tmp_path / "n.yml").write_text(f"a: {text}")
    assert read_yaml(tmp_path / "n.yml")["a"] == text
