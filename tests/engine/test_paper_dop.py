# SPDX-License-Identifier: GPL-3.0-or-later
"""Dilution of precision of single-satellite multi-RTT: a RAN1 contribution's printed tables, and what the
engine has.

Tables 2 and 3 of a contribution to RAN1 on network-verified UE location for NR NTN (Release 18, 2022): five
round trips from one satellite at 600 km, UE 0, 12.5 and 50 km off its track. They come from four unknowns (a
clock that round trips do not have) on a sphere of 6378.137 km with the Earth turning, epochs from zenith
forward, those below the horizon dropped. Their "inclination 90" is an equatorial orbit and their "0" a track
due north, whose inertial inclination is not printed: 86.1482 degrees is fitted to the NDOP column alone,
which hangs on its last digit.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import chain_scene as cs  # noqa: E402
import test_ambiguity_any as passes  # noqa: E402
from ntnpos.position import geometry, rows, solve  # noqa: E402
from ntnpos.position.many import solve_many  # noqa: E402
from ntnpos.position.rows import Height  # noqa: E402

SPHERE_M, ORBIT_M = 6378137.0, 6978137.0
# (off the track km, window s): EDOP, NDOP, VDOP, PDOP as printed.
NORTH = {
    (0, 20): (6208403.1, 982.3, 805.5, 6208403.2),
    (0, 50): (358372.6, 69.1, 127.2, 358372.7),
    (0, 100): (39275.0, 14.0, 34.4, 39275.0),
    (0, 500): (1573.8, 8.1, 13.2, 1573.9),
    (12.5, 20): (13147717.5, 2047.6, 277258.8, 13150640.8),
    (12.5, 50): (7258225.7, 1146.9, 153221.9, 7259842.9),
    (12.5, 100): (427263.9, 61.7, 8999.0, 427358.7),
    (12.5, 500): (2745.2, 6.3, 65.6, 2745.9),
    (50, 20): (5571058.6, 827.1, 467668.1, 5590653.6),
    (50, 50): (120278.2, 10.5, 10028.3, 120695.6),
    (50, 100): (11773.7, 6.9, 961.8, 11812.9),
    (50, 500): (2234.1, 14.6, 159.1, 2239.8),
}
EQUATOR = {(12.5, 20): (36.2, 1.52e7, 3.19e5, 1.52e7), (12.5, 50): (15.2, 4.56e5, 9.49e3, 4.56e5),
           (12.5, 100): (8.74, 4.40e4, 8.94e2, 4.40e4), (12.5, 500): (10.2, 3.90e3, 63.3, 3.90e3),
           (50, 20): (36.4, 3.85e6, 3.23e5, 3.86e6), (50, 50): (15.3, 1.15e5, 9.58e3, 1.16e5),
           (50, 100): (8.76, 1.11e4, 9.01e2, 1.11e4), (50, 500): (10.2, 978.0, 63.4, 980.0)}


def scene(inclination_deg: float, off_m: float, times) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Directions [n, 3] of the satellites above the horizon, UE [3] and its axes on the sphere."""
    rate = np.sqrt(cs.MU / ORBIT_M**3)
    tilt, arc = np.radians(inclination_deg), off_m / SPHERE_M
    ue = SPHERE_M * (np.array([np.cos(arc), 0.0, np.sin(arc)]) if inclination_deg == 0.0 else
                     np.array([np.cos(arc), np.sin(arc), 0.0]))
    sent = []
    for t in times:
        a = rate * t
        inertial = ORBIT_M * np.array([np.cos(a), np.sin(a) * np.cos(tilt), np.sin(a) * np.sin(tilt)])
        sent.append(cs.turned(inertial, -cs.OMEGA * t))
    up = ue / SPHERE_M
    east = np.array([-up[1], up[0], 0.0]) / np.hypot(up[0], up[1])
    lines = np.array(sent) - ue
    directions = lines / np.linalg.norm(lines, axis=1, keepdims=True)
    return directions[directions @ up > 0.0], ue, np.array([east, np.cross(up, east), up])


def printed(value: float, got: float, table: dict) -> bool:
    """Within 0.5 %, or what the printed digits leave open."""
    last_digit = 0.05 if table is NORTH else 0.5 * 10.0 ** (np.floor(np.log10(value)) - 2)
    return abs(got - value) <= max(0.005 * value, last_digit)


@pytest.mark.parametrize("table, inclination", [(NORTH, 86.1482), (EQUATOR, 0.0)], ids=["table-2", "table-3"])
def test_printed_tables_from_20_s_up(table, inclination):
    for (off_km, window), row in table.items():
        directions, ue, axes = scene(inclination, 1e3 * off_km, np.linspace(0.0, window, 5))
        assert len(directions) == (4 if window == 500 else 5)
        found = geometry.dop(directions, ue, axes=axes)
        assert not found.ill_conditioned
        for value, got in zip(row, (found.edop, found.ndop, found.vdop, found.pdop)):
            assert printed(value, got, table), (off_km, window, value, got)


@pytest.mark.parametrize("inclination", [86.1482, 0.0])
@pytest.mark.parametrize("off_km", [0.0, 12.5, 50.0])
@pytest.mark.parametrize("window", [2, 5, 10])
def test_shorter_windows_are_flagged(inclination, off_km, window):
    directions, ue, axes = scene(inclination, 1e3 * off_km, np.linspace(0.0, window, 5))
    assert geometry.dop(directions, ue, axes=axes).ill_conditioned


def test_the_equatorial_ue_is_open_in_north():
    directions, ue, axes = scene(0.0, 0.0, np.linspace(0.0, 100.0, 5))
    found = geometry.dop(directions, ue, axes=axes)
    assert np.isinf(found.ndop) and found.ill_conditioned


@pytest.mark.parametrize("off_km, printed_km", [(0, 2354.9), (12.5, 25623.8), (50, 708.3)])
def test_tables_4_and_5_are_pdop_times_light_times_error(off_km, printed_km):
    """100 s, 200 ns, track due north: the printed kilometres."""
    directions, ue, axes = scene(86.1482, 1e3 * off_km, np.linspace(0.0, 100.0, 5))
    assert geometry.dop(directions, ue, axes=axes).pdop * cs.C * 200e-9 / 1e3 == pytest.approx(
        printed_km, rel=0.005
    )


# ------------------------------------------------------------------------------------------- the engine
# beside them

def flight() -> cs.Flight:
    """The track due north at 600 km over the equator, where sphere and ellipsoid are one."""
    speed = np.sqrt(cs.MU / ORBIT_M)
    tilt = np.radians(86.1482)
    return cs.Flight(
        (ORBIT_M, 0.0, 0.0), (0.0, speed * np.cos(tilt) - cs.OMEGA * ORBIT_M, speed * np.sin(tilt))
    )


@pytest.fixture(scope="module")
def north() -> cs.Flight:
    return flight()


def pass_of(north, off_km: float, window: float, count: int = 5, std_s: float = 2e-7):
    """Round trips, the UE's geodetic place, assistance data."""
    place = (0.0, float(np.degrees(1e3 * off_km / SPHERE_M)), 0.0)
    measured = passes.rtt_rows(north, cs.place(*place), np.linspace(0.0, window, count), std_s=std_s)
    return measured, place, cs.assistance({"S": north}, place)


@pytest.mark.parametrize("off_km, hdop", [(12.5, 34.5), (50.0, 10.0), (200.0, 5.8)])
def test_hdop_of_the_engine_with_a_known_height(north, off_km, hdop):
    measured, _, a = pass_of(north, off_km, 20.0)
    fix = solve(measured, a, 0.0, 0.001)
    assert fix.dop.hdop == pytest.approx(hdop, rel=0.02)
    assert not fix.dop.ill_conditioned


@pytest.mark.parametrize("off_km, window", [(12.5, 5.0), (50.0, 3.0), (200.0, 2.0)])
def test_10_km_at_95_percent_within_seconds(north, off_km, window):
    """2000 draws of 200 ns on five round trips, the height known to a metre, the mirror left aside: 95 %
    within 10 km."""
    measured, place, a = pass_of(north, off_km, window)
    system, _ = rows.build(rows.usable(measured, a), a, Height(0.0, 1.0), toa_model_std_s=0.0)
    part = system.part("rtt")
    rng = np.random.default_rng(4)
    rtt = part.model.rtt_s + part.model.std * rng.standard_normal((2000, 5))
    changed = passes.replaced(system, "rtt", rtt_s=rtt)
    found = solve_many(changed, np.tile(cs.place(*place), (2000, 1)))
    error = np.linalg.norm(
        (found.position - cs.place(*place)) @ geometry.local_axes(cs.place(*place))[:2].T, axis=1
    )
    assert np.mean(error <= 1e4) >= 0.95


@pytest.mark.parametrize("height_m, elevation_deg, printed_deg", [
    (6e5, 90.0, 0.96), (1.2e6, 90.0, 0.48), (6e5, 30.0, 0.28), (1.2e6, 30.0, 0.15)])
def test_table_of_angles_for_10_km(height_m, elevation_deg, printed_deg):
    """The same paper's required angular accuracy for 10 km on the ground, by the bound of one direction: the
    ellipse's long axis, to what two printed digits and a sphere for an ellipsoid leave open."""
    high = cs.circular(0.0, 20.0, 0.0, height_m + 7137.0)  # over a sphere of 6378.137 km
    radius = SPHERE_M + height_m
    arc = np.arccos(SPHERE_M / radius * np.cos(np.radians(elevation_deg))) - np.radians(elevation_deg)
    ue = cs.place(0.0, 20.0 + float(np.degrees(arc)))
    line = ue - high.ecef(0.0)
    row = passes.Measurement("S", 0.0, kind="aoa", extra={
        "direction_ecef": tuple(line / np.linalg.norm(line)), "direction_std_deg": printed_deg})
    bound = geometry.cramer_rao([row], cs.assistance({"S": high}), ue, height=Height(0.0, 1.0))
    assert geometry.error_ellipse(bound.covariance_enu_m2)[0] == pytest.approx(1e4, rel=0.06)
