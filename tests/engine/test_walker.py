# SPDX-License-Identifier: GPL-3.0-or-later
"""Walker constellations against rotations written out, and as satellites of a scenario."""

import numpy as np
import pytest
from ntnpos.errors import InputError
from ntnpos.scenario import parse_scenario
from ntnpos.world.walker import Walker
from scipy.spatial.transform import Rotation

RADIUS_M, MU, EARTH_RATE = 6378137.0, 3.986004418e14, 7.2921150e-5
STARLINK = Walker(planes=24, per_plane=66, height_m=550e3, inclination_deg=53.0, phasing=1, node_deg=10.0)
SCENARIO = {
    "epoch_utc": "2025-10-07T12:00:00Z", "duration_s": 0.03,
    "carrier": {"frequency_hz": 2e9, "scs_khz": 15, "n_rb": 24, "sample_rate_hz": 7.68e6},
    "satellites": {"walker": {"planes": 24, "per_plane": 66, "height_m": 550e3, "inclination_deg": 53, "phasing": 1},
                   "select": {"count": 4}},
    "ue": {"latitude_deg": -1.29, "longitude_deg": 36.82}}


@pytest.mark.parametrize("t_s", [0.0, 1234.5])
def test_places_are_those_of_the_pattern(t_s):
    """Node about z, inclination about the node, place along the orbit, Earth turned back."""
    r, _ = STARLINK.states(t_s)
    assert len(r) == 1584 == len(set(STARLINK.names))
    motion = np.degrees(np.sqrt(MU / (RADIUS_M + 550e3) ** 3))
    for plane, place in ((0, 0), (0, 1), (7, 30), (23, 65)):
        along = 360.0 * place / 66 + 360.0 * plane / 1584 + motion * t_s
        orbit = Rotation.from_euler("ZXZ", [10.0 + 15.0 * plane, 53.0, along], degrees=True)
        turned = Rotation.from_euler("z", -np.degrees(EARTH_RATE * t_s), degrees=True)
        expected = (turned * orbit).apply([RADIUS_M + 550e3, 0.0, 0.0])
        assert r[plane * 66 + place] == pytest.approx(expected, abs=1e-5)
        assert STARLINK.names[plane * 66 + place] == f"WALKER-{plane:02d}-{place:02d}"


def test_velocity_is_the_rate_of_the_place():
    h = 0.1
    r_before, r_after = STARLINK.states(50.0 - h)[0], STARLINK.states(50.0 + h)[0]
    assert STARLINK.states(50.0)[1] == pytest.approx((r_after - r_before) / (2.0 * h), abs=0.02)  # h^2 / 6 of the jerk


def test_a_scenario_takes_those_that_stand_highest():
    scenario = parse_scenario(SCENARIO)
    middle = 1.0 + 0.015
    r, _ = Walker(24, 66, 550e3, 53.0, 1).states(middle)
    up = scenario.ue.ecef_m / np.linalg.norm(scenario.ue.ecef_m)
    line = r - scenario.ue.ecef_m
    highest = np.argsort(-(line @ up) / np.linalg.norm(line, axis=1))[:4]
    names = Walker(24, 66, 550e3, 53.0, 1).names
    assert [s.id for s in scenario.satellites] == [names[i] for i in highest]
    for satellite, i in zip(scenario.satellites, highest):
        assert satellite.orbit.state(middle)[0][0] == pytest.approx(r[i], abs=1e-3)


@pytest.mark.parametrize("walker, said", [
    ({"planes": 0}, "satellites.walker.planes: 0 is out of range; allowed: 1 to 200"),
    ({"phasing": 24}, "satellites.walker.phasing: 24 is out of range; allowed: 0 to 23"),
    ({"height_m": 1e4}, "satellites.walker.height_m: 10000.0 is out of range; allowed: 200000 to 5e+07"),
    ({"raan_deg": 3}, "satellites.walker.raan_deg: is unknown; allowed: planes, per_plane, height_m, inclination_deg, phasing, node_deg"),
])
def test_wrong_patterns_are_one_line(walker, said):
    tree = SCENARIO | {"satellites": SCENARIO["satellites"] | {"walker": SCENARIO["satellites"]["walker"] | walker}}
    with pytest.raises(InputError) as caught:
        parse_scenario(tree)
    assert str(caught.value) == f"scenario: {said}"


def test_one_source_of_satellites_and_no_longer_than_state_vectors_hold():
    both = SCENARIO | {"satellites": SCENARIO["satellites"] | {"tle": "oneweb"}}
    with pytest.raises(InputError, match="satellites: has tle and walker of tle, walker, layout; allowed: one of them"):
        parse_scenario(both)
    long = {k: v for k, v in SCENARIO.items() if k != "duration_s"} | {"occasions": {"every_s": 100, "count": 8}}
    with pytest.raises(InputError, match="state vectors cannot hold for 70. s; allowed: a reception of up to 598 s"):
        parse_scenario(long)
