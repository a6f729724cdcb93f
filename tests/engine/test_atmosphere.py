# SPDX-License-Identifier: GPL-3.0-or-later
"""Excess delays against RTKLIB, signs of code and carrier, and what light time makes of them, against bisection."""

import numpy as np
import pyrtklib
import pytest
from ntnpos.errors import InputError
from ntnpos.network.assistance import parse_assistance
from ntnpos.world import atmosphere, light_time
from ntnpos.world.atmosphere import Atmosphere, SeenThrough
from ntnpos.world.frames import geodetic_to_ecef
from ntnpos.world.orbits import Displaced, StateVectorOrbit
from ntnpos.world.timebase import Epoch
from scipy.optimize import brentq

C, EARTH_RATE = 299792458.0, 7.2921150e-5
UE = geodetic_to_ecef(48.0, 11.0, 500.0)
ORBIT = StateVectorOrbit(0.0, [4400e3, 1500e3, 5150e3], [-5200.0, -1600.0, 4700.0])
AIR = Atmosphere(2e9, 280.0, True, 25.0)


def array(values):
    found = pyrtklib.Arr1Ddouble(len(values))
    for i, value in enumerate(values):
        found[i] = value
    return found


@pytest.mark.parametrize("date, day", [((2025, 10, 7), 280.0), ((2025, 1, 20), 20.0), ((2025, 7, 1), 182.0)])
def test_troposphere_is_rtklibs_of_sbas(date, day):
    assert Epoch.parse("{:04d}-{:02d}-{:02d}T00:00:00Z".format(*date)).day_of_year == day
    time = pyrtklib.epoch2time(array([*date, 0, 0, 0]))
    for latitude in (-50.0, 0.0, 10.0, 33.0, 55.7, 80.0):
        for height in (0.0, 500.0, 3000.0):
            for elevation in (5.0, 12.0, 45.0, 90.0):
                theirs = pyrtklib.sbstropcorr(time, array([np.radians(latitude), 0.2, height]),
                                              array([0.3, np.radians(elevation)]), array([0.0]))
                ours = atmosphere.tropospheric_delay_m(latitude, height, elevation, day)
                assert ours == pytest.approx(theirs, abs=1e-9)


def test_troposphere_is_about_that_of_another_model():
    """Saastamoinen's, with the standard atmosphere and half of the vapour: some centimetres straight up."""
    time = pyrtklib.epoch2time(array([2025, 4, 20, 0, 0, 0]))
    place = array([np.radians(45.0), 0.0, 0.0])
    for elevation in (20.0, 90.0):
        theirs = pyrtklib.tropmodel(time, place, array([0.0, np.radians(elevation)]), 0.5)
        assert atmosphere.tropospheric_delay_m(45.0, 0.0, elevation, 110.0) == pytest.approx(theirs, rel=0.05)


def test_ionosphere_is_40_3_tec_over_f_squared_through_rtklibs_shell():
    assert atmosphere.ionospheric_delay_m(1.0, 1575.42e6, 90.0) == pytest.approx(0.1624, abs=1e-4)  # the textbooks' 16 cm on L1
    for elevation in (5.0, 20.0, 60.0, 90.0):
        theirs = pyrtklib.ionmapf(array([0.5, 0.1, 500.0]), array([0.0, np.radians(elevation)]))
        ours = atmosphere.ionospheric_delay_m(10.0, 2e9, elevation, 500.0) / (40.3 * 10e16 / 4e18)
        assert ours == pytest.approx(theirs, rel=1e-5)


def by_bisection(t_rx: float) -> float:
    """Code delay: the root of c tau = |R3 r(t - tau) - u| + excess, everything written out."""

    def place(tau):
        r = ORBIT.state(t_rx - tau)[0][0]
        a = EARTH_RATE * tau
        return np.array([np.cos(a) * r[0] + np.sin(a) * r[1], np.cos(a) * r[1] - np.sin(a) * r[0], r[2]])

    def excess(s):
        up = np.array([np.cos(np.radians(48.0)) * np.cos(np.radians(11.0)), np.cos(np.radians(48.0)) * np.sin(np.radians(11.0)),
                       np.sin(np.radians(48.0))])
        line = s - UE
        elevation = np.degrees(np.arcsin(up @ line / np.linalg.norm(line)))
        return (atmosphere.tropospheric_delay_m(48.0, 500.0, elevation, 280.0)
                + atmosphere.ionospheric_delay_m(25.0, 2e9, elevation, 500.0))

    return brentq(lambda tau: C * tau - np.linalg.norm(place(tau) - UE) - float(excess(place(tau))), 1e-3, 2e-2, xtol=1e-18)


@pytest.mark.parametrize("t", [-60.0, 0.0, 45.0])
def test_code_is_delayed_and_carrier_advanced(t):
    vacuum, seen = light_time.received(ORBIT, UE, t), light_time.received(SeenThrough(ORBIT, AIR), UE, t)
    assert seen.delay_s[0] == pytest.approx(by_bisection(t), abs=2e-14)
    # What the ionosphere adds to the code it takes from the carrier; the troposphere delays both.
    no_ions = light_time.received(SeenThrough(ORBIT, Atmosphere(2e9, 280.0, True, 0.0)), UE, t)
    group, carrier = seen.delay_s - no_ions.delay_s, seen.delay_s - seen.advance_s - no_ions.delay_s
    assert group[0] > 5e-9 and carrier == pytest.approx(-group, rel=3e-5)  # the satellite moves meanwhile
    assert no_ions.delay_s[0] - vacuum.delay_s[0] > 7e-9 and no_ions.advance_s == 0.0
    assert seen.t_tx_s[0] + seen.delay_s[0] == t


@pytest.mark.parametrize("air, sign", [(Atmosphere(2e9, 280.0, True, 0.0), 1.0), (Atmosphere(2e9, 280.0, False, 60.0), -1.0)])
def test_rate_is_that_of_the_carrier(air, sign):
    """What the atmosphere adds to it, by differences over 1 s: the geometric delay's own third derivative cancels."""
    velocity = np.array([30.0, -200.0, 10.0])
    h, slopes, rates = 0.5, [], []
    for orbit in (ORBIT, SeenThrough(ORBIT, air)):
        ends = [light_time.received(orbit, UE + s * h * velocity, 120.0 + s * h) for s in (-1.0, 1.0)]
        slopes.append(np.diff([float(np.sum(e.delay_s - e.advance_s)) for e in ends])[0] / (2.0 * h))
        rates.append(float(light_time.received(orbit, UE, 120.0, velocity).rate[0]))
    assert sign * (slopes[1] - slopes[0]) > 3e-11  # it sets: more air, and more electrons
    assert rates[1] - rates[0] == pytest.approx(slopes[1] - slopes[0], rel=0.01)


def test_polynomials_follow_code_and_carrier():
    orbit = SeenThrough(ORBIT, AIR)
    code, carrier = (light_time.delay_polynomial(orbit, UE, 10.0, 5.0, carrier=which) for which in (False, True))
    found = light_time.received(orbit, UE, 12.0)
    assert np.polyval(code[::-1], 2.0) == pytest.approx(float(found.delay_s[0]), abs=1e-13)
    assert np.polyval(carrier[::-1], 2.0) == pytest.approx(float(found.delay_s[0] - found.advance_s[0]), abs=1e-13)


def test_from_the_ground_there_is_no_delay_and_low_elevations_stay_finite():
    tower = geodetic_to_ecef(48.1, 11.0, 600.0)
    assert np.all(np.array(AIR.delays_s(UE, tower)) == 0.0)
    below = np.array(AIR.delays_s(UE, -ORBIT.r))
    assert np.all(below > 0.0) and np.all(below < 2e-7)


def test_a_displaced_orbit_is_off_by_its_offset():
    moved = Displaced(ORBIT, [1.0, -2.0, 3.0])
    r, v = moved.state([0.0, 5.0])
    assert r - ORBIT.state([0.0, 5.0])[0] == pytest.approx(np.tile([1.0, -2.0, 3.0], (2, 1)))
    assert np.array_equal(v, ORBIT.state([0.0, 5.0])[1])


def test_assistance_may_say_what_the_atmosphere_does(example):
    plain = parse_assistance(example)
    assert not hasattr(plain.satellites[0].orbit, "atmosphere")
    example["atmosphere"] = {"troposphere": True, "ionosphere_tecu": 12.5}
    told = parse_assistance(example)
    assert told.to_dict() == {**plain.to_dict(), "atmosphere": example["atmosphere"]}
    air = told.satellites[0].orbit.atmosphere
    assert (air.troposphere, air.ionosphere_tecu, air.frequency_hz) == (True, 12.5, plain.carrier.frequency_hz)
    ue = plain.ue_prior.ecef
    longer = [light_time.received(b.orbit, ue, 1.0).delay_s - light_time.received(a.orbit, ue, 1.0).delay_s
              for a, b in zip(plain.satellites, told.satellites)]
    assert np.all(np.array(longer) > 7e-9) and np.all(np.array(longer) < 2e-7)


@pytest.mark.parametrize("value, said", [
    ({"rain": 1}, "atmosphere.rain: is unknown; allowed: troposphere, ionosphere_tecu"),
    ({"ionosphere_tecu": 2000}, "atmosphere.ionosphere_tecu: 2000 is out of range; allowed: 0 to 1000"),
    (7, "atmosphere: 7 is not an object; allowed: a JSON object")])
def test_a_wrong_atmosphere_is_one_line(example, value, said):
    example["atmosphere"] = value
    with pytest.raises(InputError) as caught:
        parse_assistance(example, "a.json")
    assert str(caught.value) == f"a.json: {said}"
