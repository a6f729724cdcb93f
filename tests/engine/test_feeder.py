# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hops of a transparent payload against light that is followed forward through space that does not turn."""

import numpy as np
import pytest
from ntnpos.world import feeder, light_time
from ntnpos.world.atmosphere import Atmosphere, SeenThrough
from ntnpos.world.feeder import Feeder, ThroughPayload
from ntnpos.world.frames import geodetic_to_ecef
from ntnpos.world.orbits import StateVectorOrbit
from scipy.optimize import brentq

C, EARTH_RATE = 299792458.0, 7.2921150e-5
UE, GATEWAY = geodetic_to_ecef(48.0, 11.0, 500.0), geodetic_to_ecef(50.1, 8.7, 120.0)
ORBIT = StateVectorOrbit(0.0, [4400e3, 1500e3, 5150e3], [-5200.0, -1600.0, 4700.0])


def inertial(r, t: float) -> np.ndarray:
    """An Earth-fixed place in axes that agree with the turning ones at t = 0."""
    a = EARTH_RATE * t
    return np.array([np.cos(a) * r[0] - np.sin(a) * r[1], np.sin(a) * r[0] + np.cos(a) * r[1], r[2]])


def flight(leaves: float, start, end) -> float:
    """Arrival time of light that leaves start(t) at a time, at what moves as end(t)."""
    origin = start(leaves)
    return brentq(lambda t: C * (t - leaves) - np.linalg.norm(end(t) - origin), leaves + 1e-4, leaves + 0.03, xtol=1e-16)


def satellite(t: float) -> np.ndarray:
    return inertial(ORBIT.state(t)[0][0], t)


def ue(t: float) -> np.ndarray:
    return inertial(UE, t)


def gateway(t: float) -> np.ndarray:
    return inertial(GATEWAY, t)


@pytest.mark.parametrize("sent", [-80.0, 0.0, 37.5])
def test_both_hops_are_those_of_light_sent_forward(sent):
    there = flight(sent, gateway, satellite)
    arrives = flight(there, satellite, ue)
    plain = Feeder(tuple(GATEWAY))
    assert plain.down(ORBIT, there)[0][0] == pytest.approx(there - sent, abs=2e-14)
    found = light_time.received(ThroughPayload(ORBIT, plain), UE, arrives)
    assert found.delay_s[0] == pytest.approx(arrives - sent, abs=2e-14)
    assert found.t_tx_s[0] == pytest.approx(there, abs=2e-14)
    back = flight(there, satellite, gateway)
    assert plain.up(ORBIT, there)[0] == pytest.approx(back - there, abs=2e-14)
    assert plain.common_ta_s(ORBIT, there)[0] == pytest.approx(back - sent, abs=3e-14)


@pytest.mark.parametrize("ratio", [1.0, 14.0])
def test_rate_is_that_of_each_hops_carrier(ratio):
    payload, service = ThroughPayload(ORBIT, Feeder(tuple(GATEWAY), ratio)), []
    h = 0.05
    before, after = (light_time.received(payload, UE, 60.0 + s * h) for s in (-1.0, 1.0))
    service = [float(light_time.received(ORBIT, UE, 60.0 + s * h).delay_s[0]) for s in (-1.0, 1.0)]
    total = [float(b.delay_s[0]) for b in (before, after)]
    hop = np.array(total) - service
    expected = (np.diff(service)[0] + ratio * np.diff(hop)[0]) / (2.0 * h)
    assert light_time.received(payload, UE, 60.0).rate[0] == pytest.approx(expected, abs=1e-12 * ratio)


def test_compensation_leaves_what_value_and_rate_do_not_say():
    whole, kept = Feeder(tuple(GATEWAY)), Feeder(tuple(GATEWAY), 1.0, 10.0)
    value, rate = kept.hop(ORBIT, 10.0)
    assert abs(value[0]) < 1e-16 and abs(rate[0]) < 1e-18
    values = whole.down(ORBIT, [9.0, 10.0, 11.0])[0]
    bend = values[0] - 2.0 * values[1] + values[2]
    assert kept.hop(ORBIT, 12.0)[0][0] == pytest.approx(0.5 * bend * 4.0, rel=0.01)
    assert 1e-8 < kept.hop(ORBIT, 11.0)[0][0] < 1e-6


def test_common_ta_is_a_quadratic_that_holds_for_seconds_and_not_for_minutes():
    whole = Feeder(tuple(GATEWAY))
    fit = feeder.common_ta_fit(whole, ORBIT, 20.0)

    def off(t):
        dt = t - fit.epoch_time_s
        return fit.ta_common_s + fit.drift_s_per_s * dt + fit.drift_variant_s_per_s2 * dt**2 - whole.common_ta_s(ORBIT, t)[0]

    assert fit.epoch_time_s == 20.0
    assert max(abs(off(t)) for t in np.linspace(17.5, 22.5, 21)) < 1e-8
    assert 1e-7 < abs(off(40.0)) < 5e-5


def test_payload_and_atmosphere_go_together():
    air = Atmosphere(2e9, 100.0, True, 20.0)
    both = light_time.received(SeenThrough(ThroughPayload(ORBIT, Feeder(tuple(GATEWAY))), air), UE, 5.0)
    alone = light_time.received(SeenThrough(ORBIT, air), UE, 5.0)
    hop = Feeder(tuple(GATEWAY)).down(ORBIT, alone.t_tx_s)[0]
    assert both.delay_s - alone.delay_s == pytest.approx(hop, abs=1e-15) and both.advance_s == alone.advance_s
