# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes against skyfield's events; `./ntnpos passes` as a user runs it."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest
from ntnpos.commands import passes as command
from ntnpos.world.elements import shipped_elements
from ntnpos.world.frames import geodetic_to_ecef
from ntnpos.world.passes import passes
from ntnpos.world.timebase import Epoch
from skyfield.api import EarthSatellite, load, wgs84

START = "2025-10-07T18:00:00Z"
SECOND = 1.0
TENTH_DEG = 0.1


def theirs(elements, lat, lon, span_s, least):
    """(name, rise, culmination, set) of passes that lie whole within the span, by skyfield; azimuths and elevation there."""
    scale = load.timescale(delta_t=69.184, builtin=True)
    begin = scale.utc(2025, 10, 7, 18, 0, 0.0)
    end = scale.utc(2025, 10, 7, 18, 0, span_s)
    found = []
    for name, line1, line2 in elements:
        view = EarthSatellite(line1, line2) - wgs84.latlon(lat, lon)
        t, events = EarthSatellite(line1, line2).find_events(
            wgs84.latlon(lat, lon), begin, end, altitude_degrees=least)
        seconds = [(x - begin) * 86400.0 for x in t]
        for i in range(len(events) - 2):
            if list(events[i:i + 3]) == [0, 1, 2]:
                looks = [view.at(t[i + k]).altaz() for k in range(3)]
                found.append((name, seconds[i:i + 3], [a.degrees for _, a, _ in looks], looks[1][0].degrees))
    return found


@pytest.mark.parametrize("constellation, lat, lon, span_s, least, step", [
    ("starlink_shell1", 55.7, 13.2, 86400.0, 25.0, 60),
    ("oneweb", -33.9, 18.4, 43200.0, 10.0, 80),
    ("starlink_shell1", 0.0, -60.0, 43200.0, 70.0, 12),
])
def test_passes_are_skyfields(constellation, lat, lon, span_s, least, step):
    elements = shipped_elements(constellation)[::step]
    ours = passes(elements, Epoch.parse(START), geodetic_to_ecef(lat, lon, 0.0), span_s, least)
    whole = [p for p in ours if p.rise_s > 0.0 and p.set_s < span_s]
    expected = theirs(elements, lat, lon, span_s, least)
    assert len(whole) == len(expected) and len(expected) >= 5
    for name, times, azimuths, highest in expected:
        p = min((p for p in whole if p.satellite == name), key=lambda p: abs(p.culmination_s - times[1]))
        assert p.rise_s == pytest.approx(times[0], abs=SECOND) and p.set_s == pytest.approx(times[2], abs=SECOND)
        assert p.culmination_s == pytest.approx(times[1], abs=SECOND)
        assert p.max_elevation_deg == pytest.approx(highest, abs=0.01)
        for our, their in ((p.rise_azimuth_deg, azimuths[0]), (p.set_azimuth_deg, azimuths[2])):
            assert abs((our - their + 180.0) % 360.0 - 180.0) < TENTH_DEG


def test_largest_doppler_is_that_of_the_range_rate():
    elements = shipped_elements()[::100]
    found = passes(elements, Epoch.parse(START), geodetic_to_ecef(55.7, 13.2, 0.0), 21600.0, 25.0)
    assert found
    place = wgs84.latlon(55.7, 13.2)
    scale = load.timescale(delta_t=69.184, builtin=True)
    lines = {name: (line1, line2) for name, line1, line2 in elements}
    for p in found:
        times = scale.utc(2025, 10, 7, 18, 0, np.linspace(p.rise_s, p.set_s, 200))
        rates = (EarthSatellite(*lines[p.satellite]) - place).at(times).frame_latlon_and_rates(place)[5].m_per_s
        assert p.max_rate * 299792458.0 == pytest.approx(np.max(np.abs(rates)), rel=2e-4)


def test_what_is_under_way_at_an_end_is_followed_beyond_it():
    elements = shipped_elements("oneweb")
    place = geodetic_to_ecef(55.7, 13.2, 0.0)
    found = passes(elements[::20], Epoch.parse(START), place, 600.0, 25.0)
    assert any(p.rise_s < 0.0 < p.set_s for p in found) or any(p.rise_s < 600.0 < p.set_s for p in found)
    assert all(p.rise_s <= 600.0 and p.set_s >= 0.0 for p in found)


def run(tmp_path, *arguments) -> list[str]:
    return ["--place", "55.7,13.2", "--hours", "0.2", "-o", str(tmp_path), *arguments]


@pytest.fixture
def few(tmp_path):
    path = tmp_path / "few.tle"
    path.write_text("".join(f"{a}\n{b}\n{c}\n" for a, b, c in shipped_elements("oneweb")[::10]))
    return path


def test_lines_table_and_picture(tmp_path, few, capsys):
    assert command.main(run(tmp_path, "--elements", str(few), "--frequency-hz", "1e9")) == 0
    out = capsys.readouterr()
    *lines, last = [json.loads(line) for line in out.out.splitlines()]
    assert last == {"type": "passes", "count": len(lines), "picture": str(tmp_path / "sky.png")} and lines
    assert (tmp_path / "sky.png").read_bytes().startswith(b"\x89PNG")
    for line in lines:
        assert line["type"] == "pass" and line["schema"] == "ntnpos.pass/1"
        rise, top, end = (datetime.fromisoformat(line[f"{name}_utc"].replace("Z", "+00:00"))
                          for name in ("rise", "culmination", "set"))
        assert rise < top < end < rise + timedelta(minutes=15)
        assert 25.0 <= line["max_elevation_deg"] <= 90.0 and 0.0 < line["max_doppler_hz"] < 25e3
        assert line["satellite"] in out.err


def test_no_pass_says_why(tmp_path, few, capsys):
    assert command.main(run(tmp_path, "--elements", str(few), "--min-elevation-deg", "89.9")) == 1
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["count"] == 0 and "none of 65 satellites rises above 89.9 degrees in 0.2 h" in last["reason"]
    assert not (tmp_path / "sky.png").exists()


@pytest.mark.parametrize("arguments, said", [
    (["--place", "95,0"], "'95,0' is not LAT,LON"),
    (["--hours", "0"], "--hours: '0' is not a number above 0 to 72"),
    (["--hours", "nan"], "--hours: 'nan'"),
    (["--at", "noon"], "--at: 'noon'"),
    (["--min-elevation-deg", "91"], "--min-elevation-deg: '91'"),
    (["--elements", "none.tle"], "none.tle: file: cannot be read (No such file or directory); allowed: a readable file"),
    (["--at", "2026-10-07T18:00:00Z"], "shipped elements: epoch: the youngest are 365 days from 2026-10-07T18:00:00Z; "
                                       "allowed: up to 14 days for SGP4"),
    (["-o", "/dev/null/x"], "/dev/null/x: -o: Not a directory"),
])
def test_wrong_input_is_one_line(tmp_path, capsys, arguments, said):
    try:
        status = command.main(run(tmp_path, *arguments))
    except SystemExit as end:
        status = end.code
    out = capsys.readouterr()
    assert status == 2 and out.out == "" and len(out.err.splitlines()) == 1 and said in out.err
