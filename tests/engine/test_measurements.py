# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurement lines: what is written is the contract's, what is read is checked field by field."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st
from ntnpos.errors import InputError
from ntnpos.network.measurements import Measurement, from_json_line, from_wire, read_measurements

TOA = Measurement("SAT-1", 3.25, 2.5e-3, 1e-9, -1.5e4, 2.0, 10.5, -60.0, 0.9, slot_count=30)
LINE = {"type": "measurement", "satellite": "SAT-1", "t_s": 3.25, "toa_s": 2.5e-3, "toa_std_s": 1e-9,
        "status": "ok"}
OTHER_KINDS = [
    {"kind": "rtt", "t_tx_s": 1.0, "t_rx_s": 1.01, "rtt_s": 5e-3, "rtt_std_s": 1e-8},
    {"kind": "ue_rx_tx", "t_s": 1.0, "rx_tx_s": -4e-4, "rx_tx_std_s": 1e-8, "subframe_offset": 8,
     "dl_timing_drift_us_s": None},
    {"kind": "gnb_rx_tx", "t_s": 1.0, "rx_tx_s": 4e-4, "rx_tx_std_s": 1e-8},
    {"kind": "ul_rtoa", "t_s": 1.0, "rtoa_s": 3e-3, "rtoa_std_s": 1e-8},
    {"kind": "range_rate", "t_s": 1.0, "range_rate_m_s": -5000.0, "range_rate_std_m_s": 0.1},
    {"kind": "aoa", "t_s": 1.0, "direction_ecef": [0.6, 0.0, -0.8], "direction_std_deg": 0.1}]


def test_a_line_has_the_contracts_fields():
    line = json.loads(TOA.to_json_line())
    assert line == {"type": "measurement", "schema": "ntnpos.measurement/1", "kind": "toa",
                    "satellite": "SAT-1",
                    "t_s": 3.25, "toa_s": 2.5e-3, "toa_std_s": 1e-9, "doppler_hz": -1.5e4,
                    "doppler_std_hz": 2.0,
                    "snr_db": 10.5, "rsrp_db": -60.0, "los_probability": 0.9, "status": "ok",
                    "slot_count": 30, "first_path_rsrpp_db": None, "additional_paths": None}


PATHS = ({"delay_s": 2e-7, "delay_std_s": 1e-8, "rsrpp_db": -63.0},)


@pytest.mark.parametrize("paths", [(), PATHS, PATHS * 7])
def test_powers_of_the_paths_go_there_and_back(paths):
    with_paths = replace(TOA, first_path_rsrpp_db=-61.5, additional_paths=paths)
    line = with_paths.to_json_line()
    assert json.loads(line)["additional_paths"] == list(paths)
    assert json.loads(line)["first_path_rsrpp_db"] == -61.5
    assert from_json_line(line) == with_paths
    assert from_wire(WIRE | {"first_path_rsrpp_db": -61.5, "additional_paths": list(paths)}) == with_paths


@pytest.mark.parametrize("paths, problem", [
    ("x", "additional_paths: 'x' is not a list"), ([3], r"additional_paths\[0\]: 3 is not an object"),
    ([PATHS[0], {}], r"additional_paths\[1\].delay_s: is missing"),
    ([PATHS[0] | {"delay_s": -1e-9}], r"additional_paths\[0\].delay_s: -1e-09 is out of range"),
    ([PATHS[0] | {"delay_std_s": 0.0}], r"additional_paths\[0\].delay_std_s: 0.0 is out of range"),
    ([PATHS[0]] * 65, "additional_paths: ")])
def test_wrong_paths_are_refused(paths, problem):
    with pytest.raises(InputError, match=problem):
        from_wire(WIRE | {"additional_paths": paths})
    with pytest.raises(InputError, match=problem):
        from_json_line(json.dumps(json.loads(TOA.to_json_line()) | {"additional_paths": paths}))


def test_no_signal_is_null_never_zero():
    line = json.loads(Measurement("SAT-1", 3.25, status="no_signal").to_json_line())
    assert line["status"] == "no_signal" and line["t_s"] == 3.25
    for name in ("toa_s", "toa_std_s", "doppler_hz", "doppler_std_hz", "snr_db", "rsrp_db",
                 "los_probability"):
        assert line[name] is None


@pytest.mark.parametrize("name", ["t_s", "toa_s", "doppler_hz", "snr_db", "window_min_s"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_never_written(name, value):
    with pytest.raises(ValueError):
        replace(TOA, **{name: value}).to_json_line()


FINITE = st.floats(-90.0, 90.0)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.builds(Measurement, st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1,
                                      max_size=20), FINITE, FINITE,
                 st.floats(1e-15, 1.0), st.none() | FINITE, st.none() | st.floats(1e-9, 1e3), st.none()
                 | FINITE,
                 st.none() | FINITE, st.none() | st.floats(0, 1), slot_count=st.none()
                 | st.integers(-2**40, 2**40)))
def test_a_written_line_is_read_back_equal(measurement):
    line = measurement.to_json_line()
    assert "\n" not in line and from_json_line(line) == measurement


@pytest.mark.parametrize("fields", OTHER_KINDS, ids=[k["kind"] for k in OTHER_KINDS])
def test_other_kinds_are_read_and_written(fields):
    line = {"type": "measurement", "satellite": "SAT-1", "status": "ok", "colour": "red"} | fields
    measurement = from_json_line(json.dumps(line))
    assert measurement.kind == fields["kind"] and measurement.extra["colour"] == "red"
    written = json.loads(measurement.to_json_line())
    assert {k: written.get(k) for k in line} == line
    assert from_json_line(measurement.to_json_line()) == measurement


@pytest.mark.parametrize("fields", OTHER_KINDS, ids=[k["kind"] for k in OTHER_KINDS])
def test_each_required_field_of_other_kinds_is_missed(fields):
    line = {"type": "measurement", "satellite": "SAT-1", "status": "ok"} | fields
    for name in set(fields) - {"kind", "dl_timing_drift_us_s"}:
        with pytest.raises(InputError, match=f"^f: line 1.{name}: is missing; allowed: "):
            from_json_line(json.dumps({k: v for k, v in line.items() if k != name}), "f")


@pytest.mark.parametrize("name, value, problem", [
    ("satellite", 5, "5 is not text"), ("satellite", "", "'' is not 1 to 64"),
    ("status", None, "None is not text"),
    ("t_s", "3", "'3' is not a number"), ("toa_s", None, "None is not a number"),
    ("toa_s", True, "True is not a number"),
    ("toa_std_s", 0, "0 is out of range"), ("toa_std_s", -1e-9, "-1e-09 is out of range"),
    ("kind", "x", "'x' is not allowed"),
    ("schema", "ntnpos.fix/1", "'ntnpos.fix/1' is not allowed"),
    ("los_probability", 1.5, "1.5 is out of range"),
    ("doppler_std_hz", 0, "0 is out of range"), ("snr_db", [], "[] is not a number"),
    ("slot_count", 0.5, "0.5 is not a whole")])
def test_a_wrong_field_is_named_with_its_line(name, value, problem):
    with pytest.raises(InputError) as caught:
        from_json_line(json.dumps(LINE | {name: value}), "m.jsonl", 7)
    assert str(caught.value).startswith(f"m.jsonl: line 7.{name}: {problem}")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("kind, name, value", [
    ("ue_rx_tx", "rx_tx_s", 6e-4), ("ue_rx_tx", "subframe_offset", 543),
    ("ue_rx_tx", "dl_timing_drift_us_s", 27),
    ("aoa", "direction_ecef", [0.6, 0, 0.9]), ("aoa", "direction_std_deg", 0), ("rtt", "rtt_s", -1e-3)])
def test_a_value_out_of_its_range_is_refused(kind, name, value):
    fields = next(k for k in OTHER_KINDS if k["kind"] == kind)
    with pytest.raises(InputError, match=f"line 1.{name}"):
        from_json_line(json.dumps(LINE | fields | {name: value}))


@pytest.mark.parametrize("line, problem", [
    ("", "is empty"), ("{", "is not JSON"), ("[]", "is not an object"),
    ('{"type": "measurement", "t_s": NaN}', "t_s: nan"),
    ('"' + "x" * 2_000_000 + '"', "characters")])
def test_a_line_that_is_no_object_is_refused(line, problem):
    with pytest.raises(InputError, match=problem):
        from_json_line(line)


def test_a_file_is_read_past_lines_of_other_types(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join([TOA.to_json_line(), "", '{"type": "fix", "x": 1}', TOA.to_json_line()]) + "\n")
    assert read_measurements(path) == [TOA, TOA]


@pytest.mark.parametrize("content, problem", [
    (b"", "file: has no measurement line"), (b'{"type": "fix"}\n', "file: has no measurement line"),
    (b"\xff\xfe", "file: is not UTF-8 text"), (b'\n{"type": "measurement"}', "line 2.satellite: is missing")])
def test_a_file_that_is_wrong_is_one_line(tmp_path, content, problem):
    path = tmp_path / "m.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_measurements(path)
    assert str(caught.value).startswith(f"{path}: {problem}")


WIRE = {"schema": "ntnpos.wire/1", "source": "rx", "seq": 5, "kind": "toa", "satellite": "SAT-1",
        "slot_count": 30,
        "t": (3, 0.25), "toa_s": 2.5e-3, "toa_std_s": 1e-9, "doppler_hz": -1.5e4, "doppler_std_hz": 2.0,
        "snr_db": 10.5,
        "rsrp_db": -60.0, "los_probability": 0.9, "status": "ok", "profile_start_s": 1.0, "profile": object()}


def test_a_wire_message_is_the_same_measurement():
    assert from_wire(WIRE) == TOA


def test_rate_and_carrier_phase_come_through_the_wire():
    more = {"toa_rate_s_per_s": 7.5e-6, "toa_rate_std_s_per_s": 1e-9, "carrier_phase_cycles": -5e6,
            "carrier_phase_std_cycles": 0.01, "carrier_phase_continuous": True}
    line = json.loads(from_wire(WIRE | more).to_json_line())
    assert {name: line[name] for name in more} == more
    nothing = from_wire(WIRE | {name: None for name in more} | {"status": "no_signal", "toa_s": None, "toa_std_s": None})
    line = json.loads(nothing.to_json_line())
    assert {line[name] for name in more} == {None}
    assert from_json_line(nothing.to_json_line()) == nothing


@pytest.mark.parametrize("name, value", [
    ("toa_rate_s_per_s", 2.0), ("carrier_phase_cycles", math.nan), ("carrier_phase_std_cycles", 0.0),
    ("carrier_phase_continuous", 1),
    ("t", (3, 1.0)), ("t", (-1, 0.5)), ("t", (3,)), ("t", 3.25), ("t", (3.0, 0.25)), ("t", (True, 0.25)),
    ("t", None),
    ("t", (3, math.nan)), ("toa_s", math.nan), ("toa_s", None), ("toa_s", "x"), ("toa_s", 1j),
    ("satellite", b"x"),
    ("status", 1), ("kind", "tao"), ("snr_db", math.inf), ("slot_count", "x"), ("toa_std_s", 0.0)])
def test_a_wire_message_with_a_wrong_value_is_refused(name, value):
    with pytest.raises(InputError, match=f"^wire: {name}: "):
        from_wire(WIRE | {name: value})
