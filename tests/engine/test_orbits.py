# SPDX-License-Identifier: GPL-3.0-or-later
"""Orbits against skyfield (SGP4 and its frame), DOP853 and Kepler's closed form (state vectors)."""

import numpy as np
import pytest
from ntnpos.errors import InputError
from ntnpos.world import elements, orbits
from ntnpos.world.frames import azimuth_elevation, geodetic_to_ecef
from ntnpos.world.orbits import OrbitError, StateVectorOrbit, TleOrbit
from ntnpos.world.timebase import Epoch
from scipy.integrate import solve_ivp
from skyfield.api import EarthSatellite, load, wgs84
from skyfield.sgp4lib import TEME_to_ITRF

EPOCH = Epoch.parse("2025-10-07T12:00:00Z")
OMEGA = np.array([0.0, 0.0, 7.2921150e-5])  # written out: this side must not share the engine's
MU, J2, RE = 3.986004418e14, 1.08262668e-3, 6378137.0
ONE_MILLIMETRE = 1e-3
ONE_MICROMETRE = 1e-6
ONE_NANODEGREE = 1e-9
SGP4_VELOCITY_ERROR_M_S = 0.02  # how far SGP4's own velocity is from the derivative of its positions


def some_elements(count):
    return elements.shipped_elements()[:: 600 // count] + elements.shipped_elements("oneweb")[:: 649 // count]


def sky_time(t_s):
    # UT1 = UTC: TT - UT1 = 32.184 s + 37 leap seconds.
    return load.timescale(delta_t=69.184, builtin=True).utc(2025, 10, 7, 12, 0, t_s)


def test_tle_position_and_velocity_agree_with_skyfield():
    t_s = np.array([0.0, 1.25, 600.0, 43200.0])
    time = sky_time(t_s)
    for name, line1, line2 in some_elements(10):
        r, v = TleOrbit(line1, line2, EPOCH).state(t_s)
        teme_r, teme_v, _ = EarthSatellite(line1, line2, name)._position_and_velocity_TEME_km(time)
        for i in range(len(t_s)):
            itrf_r, itrf_v = TEME_to_ITRF(time.ut1[i], teme_r[:, i] * 1e3, teme_v[:, i] * 1e3 * 86400.0)
            # their Julian date is one float, which turns the Earth 3 mm too far or short
            assert np.linalg.norm(r[i] - itrf_r) < 0.02
            assert np.linalg.norm(v[i] - itrf_v / 86400.0) < SGP4_VELOCITY_ERROR_M_S


def test_tle_position_agrees_with_sgp4_turned_by_astropy_to_a_millimetre():
    """The same SGP4 output turned by astropy's GMST 1982, with the date in two floats."""
    from astropy.time import Time
    from sgp4.api import WGS72, Satrec

    whole, frac = EPOCH.jd
    for _, line1, line2 in some_elements(5):
        for t in (0.0, 0.1, 977.7, 86399.0):
            _, teme, _ = Satrec.twoline2rv(line1, line2, WGS72).sgp4(whole, frac + t / 86400.0)
            angle = Time(whole, frac + t / 86400.0, format="jd", scale="ut1").sidereal_time(
                "mean", "greenwich", model="IAU1982").rad
            c, s = np.cos(angle), np.sin(angle)
            ecef = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ (np.array(teme) * 1e3)
            assert np.linalg.norm(TleOrbit(line1, line2, EPOCH).state(t)[0][0] - ecef) < ONE_MILLIMETRE


def test_azimuth_elevation_and_range_agree_with_skyfield():
    lat, lon, h = 55.7, 13.2, 60.0
    time = sky_time(0.0)
    ue = geodetic_to_ecef(lat, lon, h)
    for name, line1, line2 in some_elements(20):
        az, el, distance = azimuth_elevation(ue, TleOrbit(line1, line2, EPOCH).state(0.0)[0][0])
        seen = EarthSatellite(line1, line2, name) - wgs84.latlon(lat, lon, h)
        altitude, azimuth, away = seen.at(time).altaz()
        assert abs(el - altitude.degrees) < ONE_NANODEGREE
        assert abs((az - azimuth.degrees + 180) % 360 - 180) * np.cos(np.radians(el)) < ONE_NANODEGREE
        assert abs(distance - away.m) < ONE_MICROMETRE


def test_range_rate_is_that_of_skyfields_ranges():
    """A twentieth of a second to either side: what the range's third derivative, under 1 m/s3, makes of it is below 1 mm/s."""
    lat, lon, h, step = 55.7, 13.2, 60.0, 0.05
    ue = geodetic_to_ecef(lat, lon, h)
    for name, line1, line2 in some_elements(20):
        r, v = TleOrbit(line1, line2, EPOCH).state(100.0)
        line = r[0] - ue
        seen = EarthSatellite(line1, line2, name) - wgs84.latlon(lat, lon, h)
        before, after = (seen.at(sky_time(100.0 + s * step)).distance().m for s in (-1.0, 1.0))
        assert abs(v[0] @ line / np.linalg.norm(line) - (after - before) / (2.0 * step)) < 3.0 * ONE_MILLIMETRE


def test_tle_velocity_is_the_derivative_of_its_positions():
    for _, line1, line2 in some_elements(5):
        orbit = TleOrbit(line1, line2, EPOCH)
        (a, b), (_, v, _) = orbit.state([99.9, 100.1])[0], orbit.state([99.9, 100.0, 100.1])[1]
        assert np.linalg.norm((b - a) / 0.2 - v) < 1e-4  # h^2 r''' / 6 is 2e-5 m/s


def test_state_is_the_same_asked_one_by_one_and_together():
    _, line1, line2 = elements.shipped_elements()[0]
    t = np.linspace(0, 50, 7)
    for orbit in (TleOrbit(line1, line2, EPOCH),
                  StateVectorOrbit(10.0, [6.9e6, 3e5, 5e5], [-500.0, 4500.0, 6000.0])):
        r, v = orbit.state(t)
        assert r.shape == v.shape == (7, 3)
        for i in range(7):
            assert np.array_equal(orbit.state(t[i])[0][0], r[i])
            assert np.array_equal(orbit.state(t[i])[1][0], v[i])


STATES = [([6.9e6, 3e5, 5e5], [-500.0, 4500.0, 6000.0]), ([-2e6, 5e6, 5.2e6], [-7000.0, -2000.0, -600.0]),
          ([4.2164e7, 0.0, 0.0], [0.0, 0.0, 0.0]), ([7.5e6, -1e6, 0.0], [100.0, 8000.0, 3000.0])]


def to_inertial(r, v):
    """At the state vector's own time the two frames agree."""
    return np.array(r), np.array(v) + np.cross(OMEGA, r)


def to_turning(t, r, v):
    a = OMEGA[2] * t
    turn = np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]])
    return turn @ r, turn @ v - np.cross(OMEGA, turn @ r)


def j2_force(_, y):
    """Gradient of the potential by its zonal form, in components."""
    x, yy, z = y[:3]
    r = np.sqrt(x * x + yy * yy + z * z)
    factor = 1.5 * J2 * MU * RE**2 / r**5
    return [*y[3:], -MU * x / r**3 - factor * x * (1 - 5 * z * z / r**2),
            -MU * yy / r**3 - factor * yy * (1 - 5 * z * z / r**2),
            -MU * z / r**3 - factor * z * (3 - 5 * z * z / r**2)]


@pytest.mark.parametrize("r, v", STATES)
def test_state_vector_agrees_with_dop853(r, v):
    orbit = StateVectorOrbit(1000.0, r, v)
    start = np.concatenate(to_inertial(r, v))
    for dt in (-300.0, -120.5, -1e-3, 0.0, 33.3, 300.0):
        end = start
        if dt != 0.0:
            end = solve_ivp(j2_force, (0, dt), start, "DOP853", rtol=1e-13, atol=1e-7).y[:, -1]
        true_r, true_v = to_turning(dt, end[:3], end[3:])
        mine_r, mine_v = orbit.state(1000.0 + dt)
        assert np.linalg.norm(mine_r[0] - true_r) < ONE_MICROMETRE
        assert np.linalg.norm(mine_v[0] - true_v) < 1e-8


def kepler(r, v, dt):
    """Two-body motion in closed form, by f and g functions of the eccentric anomaly's change."""
    r0, a = np.linalg.norm(r), 1.0 / (2.0 / np.linalg.norm(r) - v @ v / MU)
    n, sigma = np.sqrt(MU / a**3), r @ v / np.sqrt(MU)
    change = n * dt
    for _ in range(50):
        error = change - (1 - r0 / a) * np.sin(change) + sigma / np.sqrt(a) * (1 - np.cos(change)) - n * dt
        change -= error / (1 - (1 - r0 / a) * np.cos(change) + sigma / np.sqrt(a) * np.sin(change))
    f = 1 - a / r0 * (1 - np.cos(change))
    g = dt - (change - np.sin(change)) / n
    return f * r + g * v


@pytest.mark.parametrize("r, v", [STATES[0], STATES[1], STATES[3]])
def test_state_vector_without_j2_is_keplers(monkeypatch, r, v):
    monkeypatch.setattr(orbits, "J2", 0.0)
    orbit = StateVectorOrbit(0.0, r, v)
    for dt in (-300.0, -7.0, 100.0, 300.0):
        true, _ = to_turning(dt, kepler(*to_inertial(r, v), dt), np.zeros(3))
        assert np.linalg.norm(orbit.state(dt)[0][0] - true) < ONE_MICROMETRE


def test_j2_moves_a_low_orbit_by_hundreds_of_metres(monkeypatch):
    with_j2 = StateVectorOrbit(0.0, *STATES[0]).state(300.0)[0][0]
    monkeypatch.setattr(orbits, "J2", 0.0)
    assert 100.0 < np.linalg.norm(StateVectorOrbit(0.0, *STATES[0]).state(300.0)[0][0] - with_j2) < 2000.0


@pytest.mark.parametrize("dt", [-302.0, 302.0, np.nan, np.inf])
def test_state_vector_is_refused_beyond_its_limit(dt):
    with pytest.raises(OrbitError):
        StateVectorOrbit(10.0, *STATES[0]).state(10.0 + dt)


def test_state_vector_that_falls_into_the_centre_is_refused_not_looped_over():
    with pytest.raises(OrbitError, match="cannot carry"):
        StateVectorOrbit(0.0, [1e3, 0, 0], [0, 0, 0]).state(0.0)


def test_elements_that_sgp4_cannot_carry_raise():
    _, line1, line2 = elements.shipped_elements()[0]
    with pytest.raises(OrbitError, match="SGP4"):
        TleOrbit(line1, line2, Epoch.parse("2056-10-07T12:00:00Z")).state(0.0)


def test_shipped_elements_are_the_whole_sets():
    assert len(elements.shipped_elements("starlink_shell1")) == 600
    assert len(elements.shipped_elements("oneweb")) == 649
    with pytest.raises(InputError, match="starlink_shell1, oneweb"):
        elements.shipped_elements("iridium")


@pytest.mark.parametrize("change, message", [
    (lambda lines: [], "has 0 lines"),
    (lambda lines: lines[:2], "has 2 lines"),
    (lambda lines: [lines[0], lines[1][:-1], lines[2]], "line 2: has 68 characters"),
    (lambda lines: [lines[0], lines[2], lines[1]], "line 2: begins with '2 '"),
    (lambda lines: [lines[0], lines[1], lines[2][:19] + "5" + lines[2][20:]], "line 3: checksum digit"),
])
def test_wrong_element_file_is_named_by_line(tmp_path, change, message):
    name, line1, line2 = elements.shipped_elements()[0]
    path = tmp_path / "x.tle"
    path.write_text("\n".join(change([name, line1, line2])))
    with pytest.raises(InputError) as caught:
        elements.load_tle_file(path)
    assert str(caught.value).startswith(f"{path}: ") and message in str(caught.value)
