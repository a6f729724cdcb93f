# SPDX-License-Identifier: GPL-3.0-or-later
"""Light time against a 50-digit root finder (mpmath) and finite differences."""

import mpmath as mp
import numpy as np
import pytest
from ntnpos.world import elements, light_time
from ntnpos.world.frames import geodetic_to_ecef
from ntnpos.world.orbits import TleOrbit
from ntnpos.world.timebase import Epoch

UE = geodetic_to_ecef(55.7, 13.2, 60.0)
ONE_MICROMETRE_S = 1e-6 / 299792458.0
mp.mp.dps = 50
C, OMEGA = mp.mpf(299792458), mp.mpf("7.2921150e-5")


class CircularOrbit:
    """A satellite on an inertial circle, in floats for the engine and in 50 digits for the authority."""

    def __init__(self, radius, inclination, phase):
        self.radius, self.inclination, self.phase = map(mp.mpf, (radius, inclination, phase))
        self.rate = mp.sqrt(mp.mpf("3.986004418e14") / self.radius**3)

    def exact(self, t):
        along, turn = self.phase + self.rate * t, OMEGA * t
        x, y = self.radius * mp.cos(along), self.radius * mp.sin(along) * mp.cos(self.inclination)
        z = self.radius * mp.sin(along) * mp.sin(self.inclination)
        return mp.matrix([mp.cos(turn) * x + mp.sin(turn) * y, -mp.sin(turn) * x + mp.cos(turn) * y, z])

    def state(self, t_s):
        t_s = np.atleast_1d(t_s)
        r = [[float(c) for c in self.exact(mp.mpf(t))] for t in t_s]
        v = [[float(mp.diff(lambda x: self.exact(x)[k], mp.mpf(t))) for k in range(3)] for t in t_s]
        return np.array(r), np.array(v)

    def travel(self, t_rx, ue):
        """Root of c tau = |R3(omega tau) r(t - tau) - u|, as the contract writes it."""
        def error(tau):
            a, r = OMEGA * tau, self.exact(t_rx - tau)
            turned = mp.matrix([mp.cos(a) * r[0] + mp.sin(a) * r[1], -mp.sin(a) * r[0] + mp.cos(a) * r[1],
                                r[2]])
            return mp.norm(turned - mp.matrix(ue)) - C * tau
        return mp.findroot(error, (mp.mpf("0.001"), mp.mpf("0.01")))


ORBITS = [CircularOrbit(6978e3, "0.92", "1.0"), CircularOrbit(6928e3, "0.93", "0.6"),
          CircularOrbit(42164e3, "0.0", "0.3")]


@pytest.mark.parametrize("orbit", ORBITS)
@pytest.mark.parametrize("t", [0.0, 3.25, 86400.5])
def test_delay_agrees_with_a_fifty_digit_root(orbit, t):
    found = light_time.received(orbit, UE, t)
    assert abs(found.delay_s[0] - float(orbit.travel(mp.mpf(t), list(map(mp.mpf, UE))))) < ONE_MICROMETRE_S
    assert found.t_tx_s[0] == t - found.delay_s[0]
    away = np.linalg.norm(found.sat_at_rx_frame[0] - UE)
    assert away / 299792458.0 == pytest.approx(found.delay_s[0], rel=1e-14)


@pytest.mark.parametrize("orbit", ORBITS)
def test_rate_and_gradient_agree_with_fifty_digit_derivatives(orbit):
    ue, found = list(map(mp.mpf, UE)), light_time.received(orbit, UE, 2.5)
    rate = mp.diff(lambda t: orbit.travel(t, ue), mp.mpf("2.5"))
    assert abs(found.rate[0] - float(rate)) < 1e-15
    for k in range(3):
        slope = mp.diff(lambda x: orbit.travel(mp.mpf("2.5"), [x if i == k else ue[i] for i in range(3)]),
                        ue[k])
        assert abs(found.gradient[0, k] - float(slope)) < 1e-22  # of 3e-9 s/m


def test_rate_with_a_moving_receiver():
    orbit, velocity = ORBITS[0], np.array([120.0, -200.0, 90.0])
    found = light_time.received(orbit, UE, 2.5, velocity)

    def travel(t):
        return orbit.travel(t, [mp.mpf(UE[i]) + mp.mpf(velocity[i]) * (t - mp.mpf("2.5")) for i in range(3)])

    assert abs(found.rate[0] - float(mp.diff(travel, mp.mpf("2.5")))) < 1e-15


def test_the_turning_earth_is_worth_metres_and_the_satellites_motion_tens():
    name, line1, line2 = elements.shipped_elements()[0]
    found_turn, found_still = [], []
    for _, line1, line2 in elements.shipped_elements()[::60]:
        orbit = TleOrbit(line1, line2, Epoch.parse("2025-10-07T12:00:00Z"))
        found = light_time.received(orbit, UE, 0.0)
        unturned = np.linalg.norm(orbit.state(found.t_tx_s)[0][0] - UE)
        frozen = np.linalg.norm(orbit.state(0.0)[0][0] - UE)
        found_turn.append(abs(unturned - found.delay_s[0] * 299792458.0))
        found_still.append(abs(frozen - found.delay_s[0] * 299792458.0))
    assert 0.5 < max(found_turn) < 50.0
    assert 10.0 < max(found_still) < 400.0


def test_rate_is_the_derivative_of_delay_for_elements():
    for _, line1, line2 in elements.shipped_elements()[::100]:
        orbit = TleOrbit(line1, line2, Epoch.parse("2025-10-07T12:00:00Z"))
        before, after = light_time.received(orbit, UE, [99.9, 100.1]).delay_s
        rate = light_time.received(orbit, UE, 100.0).rate[0]
        assert abs((after - before) / 0.2 - rate) * 2e9 < 1e-3  # hertz at 2 GHz


def test_many_instants_are_the_same_as_one_by_one():
    orbit = TleOrbit(*elements.shipped_elements()[5][1:], Epoch.parse("2025-10-07T12:00:00Z"))
    t = np.linspace(0, 30, 9)
    together = light_time.received(orbit, UE, t)
    for i in range(9):
        alone = light_time.received(orbit, UE, t[i])
        assert abs(alone.delay_s[0] - together.delay_s[i]) <= 1e-15 * alone.delay_s[0]


@pytest.mark.parametrize("span, allowed_s", [(0.01, 2e-15), (1.0, 2e-15), (5.0, 2e-14), (10.0, 1e-12)])
def test_polynomial_follows_the_delay(span, allowed_s):
    for _, line1, line2 in elements.shipped_elements()[::50]:
        orbit = TleOrbit(line1, line2, Epoch.parse("2025-10-07T12:00:00Z"))
        coefficients = light_time.delay_polynomial(orbit, UE, 1000.0, span)
        assert coefficients.shape == (6,)
        dt = np.linspace(0, span, 41)
        fitted = np.polynomial.polynomial.polyval(dt, coefficients)
        assert np.max(np.abs(fitted - light_time.received(orbit, UE, 1000.0 + dt).delay_s)) < allowed_s


@pytest.mark.parametrize("span, order", [(0.0, 5), (-1.0, 5), (float("nan"), 5), (1.0, 0)])
def test_polynomial_refuses_an_empty_span(span, order):
    with pytest.raises(ValueError):
        light_time.delay_polynomial(ORBITS[0], UE, 0.0, span, order)
