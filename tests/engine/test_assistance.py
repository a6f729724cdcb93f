# SPDX-License-Identifier: GPL-3.0-or-later
"""The assistance loader: the contract's example is good; each field changed by itself gives its exact
line."""

import copy
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from ntnpos.errors import InputError
from ntnpos.network.assistance import load_assistance, parse_assistance

GONE = object()
SYMBOLS_COMB4 = "4, 12 (with comb_size 4, TS 38.211 table 7.4.1.7.3-1)"


def locate(tree, path):
    """Container and key of a path such as satellites[0].prs.comb_size."""
    keys = [int(k[1:-1]) if k[0] == "[" else k for k in re.findall(r"\[\d+\]|[^.\[]+", path)]
    for key in keys[:-1]:
        tree = tree[key]
    return tree, keys[-1]


def changed(tree, path, value):
    tree = copy.deepcopy(tree)
    container, key = locate(tree, path)
    if value is GONE:
        del container[key]
    else:
        container[key] = value
    return tree


def test_the_example_is_read(data_dir):
    a = load_assistance(data_dir / "assistance.example.json")
    assert a.epoch.iso() == "2025-10-07T12:00:00Z"
    assert (a.carrier.frequency_hz, a.carrier.scs_khz, a.carrier.n_rb) == (2e9, 15, 24)
    assert [s.id for s in a.satellites] == ["SAT-1", "SAT-2"]
    prs = a.satellite("SAT-2").prs
    assert (prs.sequence_id, prs.comb_size, prs.re_offset) == (101, 4, 1)
    assert (prs.num_symbols, prs.periodicity_slots) == (4, 10)
    assert a.ue_prior.horizontal_sigma_m == 50000.0
    assert (a.receiver.clock_offset_max_s, a.receiver.frequency_error_max_ppm) == (1e-3, 0.5)


def test_every_assistance_file_in_the_tree_is_read_and_written_back(data_dir):
    files = [data_dir / "assistance.example.json", *data_dir.glob("recordings/*.assistance.json")]
    assert len(files) >= 2
    for path in files:
        a = load_assistance(path)
        assert parse_assistance(json.loads(a.to_json())).to_dict() == a.to_dict()
        assert parse_assistance(json.loads(path.read_text())).to_dict() == a.to_dict()


@pytest.mark.parametrize("path, value", [
    ("note", "x"), ("satellites[0].beam", {"id": 3}), ("satellites[0].prs.vendor", [1]),
    ("carrier.band", None),
    ("receiver.model", ""), ("ue_prior.cell", 5), ("satellites[0].ephemeris.accuracy_m", 2.0), ("cell", None),
    ("cell", {"side": "left", "polygon_deg": None}), ("trps", [{"id": "T", "position_ecef_m": [1, 2, 3]}]),
    ("satellites[0].common_ta", {"epoch_time_s": 0.0}), ("carrier.scs_khz", 15.0),
    ("satellites[0].prs.start_prb", GONE), ("satellites[0].prs.repetition_factor", GONE),
    ("satellites[0].prs.time_gap_slots", GONE), ("satellites[0].prs.muting_option1", GONE),
    ("satellites[0].prs.muting_option2", GONE), ("satellites[0].clock_offset_s", GONE),
    ("satellites[0].prs.muting_option1", {"bits": "10", "bit_repetition_factor": 8}),
    ("satellites[0].prs.num_rb", 12), ("receiver.clock_offset_max_s", 0), ("ue_prior.height_m", -6)])
def test_what_is_allowed_is_read(example, path, value):
    parse_assistance(changed(example, path, value))


def test_unknown_fields_are_kept(example):
    example["note"] = "x"
    example["satellites"][0]["common_ta"] = {"epoch_time_s": 0.0}
    a = parse_assistance(example)
    assert a.extra == {"note": "x"} and a.satellites[0].extra == {"common_ta": {"epoch_time_s": 0.0}}
    assert json.loads(a.to_json())["satellites"][0]["common_ta"] == {"epoch_time_s": 0.0}


S, P, E, T = "satellites[0]", "satellites[0].prs", "satellites[0].ephemeris", "satellites[1].ephemeris"
LINE1 = "1 44714U 19074B   25280.37724496  .00005163  00000+0  36508-3 0  9999"
LINE2 = "2 44714  53.0493 154.8642 0001368  87.3282 272.7864 15.06415906325647"
BAD = [
    ("schema", "ntnpos.assistance/2", "'ntnpos.assistance/2' is not allowed", '"ntnpos.assistance/1"'),
    ("epoch_utc", "2025-10-07", "'2025-10-07' is not a UTC time",
     "ISO 8601 with Z, such as 2025-10-07T12:00:00Z"),
    ("epoch_utc", 5, "5 is not text", "ISO 8601 with Z"),
    ("epoch_utc", "1900-01-01T00:00:00Z", "'1900-01-01T00:00:00Z' is out of range", "years 1957 to 2056"),
    ("carrier", [], "[] is not an object", "a JSON object"),
    ("carrier.frequency_hz", 0, "0 is out of range", "1e+06 to 1e+12"),
    ("carrier.frequency_hz", "2e9", "'2e9' is not a number", "1e+06 to 1e+12"),
    ("carrier.frequency_hz", True, "True is not a number", "1e+06 to 1e+12"),
    ("carrier.frequency_hz", None, "None is not a number", "1e+06 to 1e+12"),
    ("carrier.scs_khz", 17, "17 is not allowed", "15, 30, 60, 120 (TS 38.211 table 4.2-1)"),
    ("carrier.scs_khz", 15.5, "15.5 is not a whole number", "15, 30, 60, 120 (TS 38.211 table 4.2-1)"),
    ("carrier.scs_khz", True, "True is not a whole number", "15, 30, 60, 120 (TS 38.211 table 4.2-1)"),
    ("carrier.n_rb", 0, "0 is out of range", "1 to 275 (TS 38.211 4.4.2)"),
    ("carrier.n_rb", 276, "276 is out of range", "1 to 275 (TS 38.211 4.4.2)"),
    ("carrier.cyclic_prefix", "long", "'long' is not allowed", '"normal", "extended"'),
    ("carrier.cyclic_prefix", "extended", "'extended' at 15 kHz",
     '"normal", or "extended" at 60 kHz (TS 38.211 table 4.2-1)'),
    ("carrier.phase_compensation", 0, "0 is not true or false", "true or false"),
    ("satellites", {}, "{} is not a list", "a list of satellites"),
    ("satellites", [], "is empty", "at least one satellite"),
    ("satellites[1]", 3, "3 is not an object", "a JSON object"),
    (f"{S}.id", "", "'' is not 1 to 64 printable characters", "text, unique in the file"),
    (f"{S}.id", 7, "7 is not text", "text, unique in the file"),
    ("satellites[1].id", "SAT-1", "'SAT-1' is also satellites[0]", "each id once"),
    (f"{S}.clock_offset_s", 1.5, "1.5 is out of range", "-1 to 1"),
    (f"{S}.sfn0_time_s", 1e8, "100000000.0 is out of range", "-1e+07 to 1e+07"),
    (f"{E}.type", "kepler", "'kepler' is not allowed", '"state_vectors", "tle"'),
    (f"{E}.type", ["tle"], "['tle'] is not allowed", '"state_vectors", "tle"'),
    (f"{E}.t_s", [], "[] is not a number", "-1e+07 to 1e+07"),
    (f"{E}.position_ecef_m", [1, 2], "[1, 2] is not three numbers", "[x, y, z], each -1e+09 to 1e+09"),
    (f"{E}.position_ecef_m", [6900, 300, 500], "is 6925 m from the Earth's centre",
     "6428137 to 1000000000 m"),
    (f"{E}.position_ecef_m[1]", "0", "'0' is not a number", "-1e+09 to 1e+09"),
    (f"{E}.velocity_ecef_m_s[2]", 13000, "13000 is out of range", "-12000 to 12000"),
    (f"{T}.line1", LINE1[:-1], "has 68 characters", "a line of 69 ASCII characters"),
    (f"{T}.line1", LINE1[:-1] + "8", "checksum digit 8 does not match its line", "9"),
    (f"{T}.line1", LINE2, "begins with '2 '", "'1 '"),
    (f"{T}.line1", LINE1.replace("25280.", "2528x."), "is not in the columns of a two-line element set",
     "the format of CelesTrak and Space-Track"),
    (f"{T}.line2", None, "None is not text", "a line of 69 characters"),
    (f"{T}.line2", LINE2[:68] + "0", "checksum digit 0 does not match its line", "7"),
    (f"{T}.line2", LINE2.replace("44714", "44723"), "catalogue number 44723 differs from line 1", "44714"),
    (f"{T}.line2", LINE2.replace(" 53.0493", "199.0483")[:68] + "7", "inclination 199.0483",
     "0 to 180 degrees"),
    (f"{P}.sequence_id", 4096, "4096 is out of range", "0 to 4095 (TS 38.211 7.4.1.7.2)"),
    (f"{P}.sequence_id", -1, "-1 is out of range", "0 to 4095 (TS 38.211 7.4.1.7.2)"),
    (f"{P}.comb_size", 3, "3 is not allowed", "2, 4, 6, 12 (TS 38.211 7.4.1.7.3)"),
    (f"{P}.re_offset", 4, "4 is out of range", "0 to 3 (TS 38.211 7.4.1.7.3)"),
    (f"{P}.num_symbols", 6, "6 is not allowed", SYMBOLS_COMB4),
    (f"{P}.start_symbol", 11, "11 is out of range", "0 to 10 (TS 38.211 7.4.1.7.3)"),
    (f"{P}.num_rb", 26, "26 is not allowed", "24 to 272 in steps of 4 (TS 38.214 5.1.6.5), or 12 in studies"),
    (f"{P}.num_rb", 28, "28 does not fit the carrier", "up to carrier.n_rb = 24 (TS 38.211 4.4.2)"),
    (f"{P}.start_prb", 1, "1 is out of range", "0 to 0 (TS 38.214 5.1.6.5)"),
    (f"{P}.periodicity_slots", 7, "7 is not allowed",
     "4, 5, 8, 10, 16, 20, 32, 40, 64, 80, 160, 320, 640, 1280, 2560, 5120, 10240 "
     "(TS 38.211 7.4.1.7.4)"),
    (f"{P}.slot_offset", 10, "10 is out of range", "0 to 9 (TS 38.211 7.4.1.7.4)"),
    (f"{P}.repetition_factor", 3, "3 is not allowed", "1, 2, 4, 6, 8, 16, 32 (TS 38.211 7.4.1.7.4)"),
    (f"{P}.repetition_factor", 16, "16 repetitions 1 slots apart exceed the period",
     "a span below 10 slots (TS 38.214 5.1.6.5)"),
    (f"{P}.time_gap_slots", 3, "3 is not allowed", "1, 2, 4, 8, 16, 32 (TS 38.211 7.4.1.7.4)"),
    (f"{P}.muting_option1", "10", "'10' is not an object", "a JSON object"),
    ("ue_prior.latitude_deg", 90.1, "90.1 is out of range", "-90 to 90"),
    ("ue_prior.longitude_deg", 181, "181 is out of range", "-180 to 180"),
    ("ue_prior.height_m", "60", "'60' is not a number", "-1000 to 100000"),
    ("ue_prior.horizontal_sigma_m", 0, "0 is out of range", "above 0 up to 1e+07"),
    ("ue_prior.height_sigma_m", -1, "-1 is out of range", "above 0 up to 100000"),
    ("receiver.clock_offset_max_s", -1e-3, "-0.001 is out of range", "0 to 10"),
    ("receiver.frequency_error_max_ppm", 1e4, "10000.0 is out of range", "0 to 1000"),
    ("trps", {}, "{} is not a list", "a list of objects"),
    ("cell", 1, "1 is not an object", "a JSON object"),
]


@pytest.mark.parametrize("path, value, problem, allowed", BAD, ids=[f"{b[0]}={b[1]!r:.20}" for b in BAD])
def test_one_wrong_field_gives_its_line(example, path, value, problem, allowed):
    with pytest.raises(InputError) as caught:
        parse_assistance(changed(example, path, value), "a.json")
    assert str(caught.value) == f"a.json: {path}: {problem}; allowed: {allowed}"


@pytest.mark.parametrize("option, name, problem", [
    ({"bits": "101", "bit_repetition_factor": 1}, "muting_option1.bits", "'101' is not allowed"),
    ({"bits": "12", "bit_repetition_factor": 1}, "muting_option1.bits", "'12' is not allowed"),
    ({"bits": "10", "bit_repetition_factor": 3}, "muting_option1.bit_repetition_factor", "3 is not allowed"),
    ({"bits": "10"}, "muting_option1.bit_repetition_factor", "is missing"),
    ({"bits": "101"}, "muting_option2.bits", "'101' is not allowed")])
def test_wrong_muting_gives_its_line(example, option, name, problem):
    with pytest.raises(InputError) as caught:
        parse_assistance(changed(example, f"{P}.{name.split('.')[0]}", option), "a.json")
    assert str(caught.value).startswith(f"a.json: {P}.{name}: {problem}; allowed: ")


REQUIRED = ["schema", "epoch_utc", "carrier", "carrier.frequency_hz", "carrier.scs_khz", "carrier.n_rb",
            "carrier.cyclic_prefix", "carrier.phase_compensation", "satellites", f"{S}.id", f"{S}.ephemeris",
            f"{E}.type", f"{E}.t_s", f"{E}.position_ecef_m", f"{E}.velocity_ecef_m_s", f"{T}.line1",
            f"{T}.line2",
            f"{S}.sfn0_time_s", P, f"{P}.sequence_id", f"{P}.comb_size", f"{P}.re_offset",
            f"{P}.start_symbol",
            f"{P}.num_symbols", f"{P}.num_rb", f"{P}.periodicity_slots", f"{P}.slot_offset", "ue_prior",
            "ue_prior.latitude_deg", "ue_prior.longitude_deg", "ue_prior.height_m",
            "ue_prior.horizontal_sigma_m",
            "ue_prior.height_sigma_m", "receiver", "receiver.clock_offset_max_s",
            "receiver.frequency_error_max_ppm"]


@pytest.mark.parametrize("path", REQUIRED)
def test_a_missing_field_is_named(example, path):
    with pytest.raises(InputError) as caught:
        parse_assistance(changed(example, path, GONE), "a.json")
    assert re.fullmatch(re.escape(f"a.json: {path}: is missing; allowed: ") + ".+", str(caught.value))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("path", ["carrier.frequency_hz", f"{P}.sequence_id", f"{E}.position_ecef_m[0]",
                                  f"{S}.extra"])
def test_a_number_that_is_not_finite_is_named(example, tmp_path, path, text):
    file = tmp_path / "a.json"
    file.write_text(json.dumps(changed(example, path, "@")).replace('"@"', text))
    with pytest.raises(InputError) as caught:
        load_assistance(file)
    value = {"NaN": "nan", "-Infinity": "-inf"}.get(text, "inf")
    assert str(caught.value) == f"{file}: {path}: {value} is not a finite number; allowed: finite numbers"


@pytest.mark.parametrize("content, problem", [
    (b"", "file: is empty"), (b" \n", "file: is empty"),
    (b"[1, 2", "file: is not JSON (Expecting ',' delimiter at line"),
    (b"\x80\x81", "file: is not UTF-8 text"), (b"[]", "file: [] is not an object"),
    (b"nul", "file: is not JSON"),
    (b"[" * 100000, "file: is nested too deeply"), (b"9" * 5000, "file: is not JSON"),
    (b'{"a": 1, "a": 2}', "file: is not JSON ('a' appears twice in one object)")])
def test_a_file_that_is_not_json_is_one_line(tmp_path, content, problem):
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_assistance(file)
    assert str(caught.value).startswith(f"{file}: {problem}") and "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    for path in (tmp_path, tmp_path / "none.json", tmp_path / "line\nbreak", "nul\0"):
        with pytest.raises(InputError) as caught:
            load_assistance(path)
        assert "\n" not in str(caught.value) and ": file: " in str(caught.value)


def test_elements_that_cannot_reach_the_epoch_are_named(example):
    with pytest.raises(InputError, match=re.escape("satellites[1].ephemeris.line2: the orbit has no state")):
        parse_assistance(changed(example, "epoch_utc", "2056-10-07T12:00:00Z"))


def test_higher_numerologies_scale_the_periodicity(example):
    example["carrier"]["scs_khz"] = 30
    for satellite in example["satellites"]:
        satellite["prs"]["periodicity_slots"] = 20
    parse_assistance(example)
    with pytest.raises(InputError, match="5 is not allowed; allowed: 8, 10, 16"):
        parse_assistance(changed(example, f"{P}.periodicity_slots", 5))


def all_paths(tree, path=""):
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from all_paths(value, f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}".lstrip("."))


ANY_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
                        lambda inner: st.lists(inner, max_size=4)
                        | st.dictionaries(st.text(max_size=5), inner, max_size=4), max_leaves=6)


@settings(max_examples=400, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=ANY_JSON)
def test_any_value_anywhere_is_read_or_refused_in_one_line(example, data, value):
    path = data.draw(st.sampled_from([p for p in all_paths(example) if p]))
    try:
        parse_assistance(changed(example, path, value), "a.json")
    except InputError as error:
        assert str(error).isprintable() and str(error).startswith("a.json: ") and "; allowed: " in str(error)
