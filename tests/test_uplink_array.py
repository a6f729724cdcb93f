# SPDX-License-Identifier: GPL-3.0-or-later
"""UL-AoA on samples: SRS at every antenna of an array on a satellite, to a direction and a fix."""

import numpy as np
import pytest
from two_way_scene import Circle, T0_S, on_ground

from gnuradio import ntnpos
from ntnpos.network.assistance import Assistance, ReceiverBounds, Satellite, UePrior
from ntnpos.network.resources import Carrier, PrsResource
from ntnpos.position import solve
from ntnpos.world.frames import ecef_to_geodetic, nadir_axes
from ntnpos.world.orbits import StateVectorOrbit
from ntnpos.world.timebase import Epoch
from ntnpos_lab.uplink_array import ArrayFlow, ArrayScene

HALF_WAVE_M = 0.0749481145
SQUARE = tuple((i * HALF_WAVE_M, j * HALF_WAVE_M) for i in range(3) for j in range(3))


class Ahead(Circle):
    """A circle whose satellite is that many degrees past the crossing at T0_S."""

    def __init__(self, height_m: float, inclination_deg: float, ahead_deg: float):
        super().__init__(height_m, inclination_deg)
        self._ahead_s = np.radians(ahead_deg) / self.rate

    def inertial(self, t_s):
        return super().inertial(np.asarray(t_s, dtype=float) + self._ahead_s)


def scene_of(**changes) -> ArrayScene:
    place = on_ground(1.5, -1.0)
    return ArrayScene(**{**dict(
        satellite="S", orbit=Circle(600e3), ue_ecef_m=place, believed_ecef_m=place + np.array([500.0, -2000.0, 1500.0]),
        carrier=Carrier(2.0e9, 15, 24), sample_rate_hz=7.68e6, elements_m=SQUARE, slot=round(T0_S * 1e3),
        srs=ntnpos.srs_resource(sequence_id=5, comb_size=4, num_symbols=4, start_symbol=8, c_srs=6), snr_db=20.0), **changes})


def reported(scene):
    flow = ArrayFlow(scene)
    flow.run()
    return flow.report()


def true_direction(scene, t_s):
    line = scene.ue_ecef_m - scene.orbit.position(t_s)[0]
    return line / np.linalg.norm(line)


def test_direction_is_that_of_the_geometry():
    """Hardly any noise; the place of a UE that is 600 km away turns by 1 m of Earth rotation: 1e-4 degrees."""
    scene = scene_of(snr_db=60.0)
    m = reported(scene)
    assert (m.kind, m.status, m.extra["other_directions"]) == ("aoa", "ok", 0)
    off = np.degrees(np.linalg.norm(np.array(m.extra["direction_ecef"]) - true_direction(scene, m.t_s)))
    assert off < 5e-3
    assert abs(m.t_s - T0_S - 2e-3) < 5e-4


def test_errors_are_as_stated():
    """30 slots at 5 dB: squared errors over stated variances of two axes within five deviations of one."""
    squares = []
    for i in range(30):
        scene = scene_of(snr_db=5.0, slot=round(T0_S * 1e3) + 20 * i, seed=i)
        m = reported(scene)
        off = np.degrees(np.linalg.norm(np.array(m.extra["direction_ecef"]) - true_direction(scene, m.t_s)))
        squares.append((off / m.extra["direction_std_deg"]) ** 2 / 2.0)
    assert abs(np.mean(squares) - 1.0) < 5.0 / np.sqrt(30)


def test_silence_is_a_status():
    m = reported(scene_of(snr_db=-60.0))
    assert m.status == "no_signal" and m.extra["direction_ecef"] is None


def test_uplink_tdoa_from_four_satellites():
    """UL-RTOA rows on samples from four satellites, the UE 0.3 ms late by its own clock: a place and that lateness."""
    place = on_ground(1.5, -1.0)
    satellites, rows = [], []
    epoch = Epoch.parse("2025-10-07T12:00:00Z")
    for i, (along_deg, inclination_deg) in enumerate(((-4.0, 30.0), (3.0, 60.0), (7.0, 100.0), (-2.0, 140.0))):
        orbit = Ahead(600e3, inclination_deg, along_deg)
        r, v = (x[0] for x in orbit.state(T0_S))
        # The engine is told a state vector; it carries it by its own model over the 2 ms that matter.
        told = StateVectorOrbit(T0_S, r, v)
        prs = PrsResource(sequence_id=i, comb_size=4, re_offset=0, start_symbol=2, num_symbols=4, num_rb=24,
                          periodicity_slots=10, slot_offset=0)
        satellites.append(Satellite(id=f"S{i}", orbit=told, clock_offset_s=0.0, sfn0_time_s=0.0, prs=prs, ephemeris={
            "type": "state_vectors", "t_s": T0_S, "position_m": list(r), "velocity_m_s": list(v)}))
        flow = ArrayFlow(scene_of(satellite=f"S{i}", orbit=orbit, elements_m=((0.0, 0.0),), snr_db=20.0, seed=i,
                                  sending_offset_s=3e-4))
        flow.run()
        rows.append(flow.rtoa())
    assert [(m.kind, m.status, m.extra.get("ue")) for m in rows] == [("ul_rtoa", "ok", None)] * 4
    assistance = Assistance(epoch=epoch, carrier=Carrier(2.0e9, 15, 24), satellites=tuple(satellites),
                            ue_prior=UePrior(-1.2, 1.7, 0.0, 50e3, 100.0), receiver=ReceiverBounds(1e-3, 0.5))
    height_m = float(ecef_to_geodetic(place)[2])
    fix = solve(rows, assistance, height_m, 0.1)
    assert fix.status == "ok" and fix.method == "ul-tdoa"
    error = np.array(fix.estimate.ecef_m) - place
    covariance = np.array(fix.estimate.covariance_ecef_m2)
    # The height is hardly in question, which leaves two dimensions: five of their deviations.
    assert np.linalg.norm(error) < 5.0 * np.sqrt(np.trace(covariance))
    assert np.sqrt(np.trace(covariance)) < 10.0
    assert abs(fix.estimate.sending_offset_s - 3e-4) < 1e-7


def test_axes_look_down():
    r, v = np.array([7e6, 0.0, 0.0]), np.array([100.0, 0.0, 7500.0])
    x, y, z = nadir_axes(r, v)
    np.testing.assert_allclose(z, [-1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(x, [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(np.cross(x, y), z, atol=1e-12)
    with pytest.raises(ValueError, match="elements_m"):
        ntnpos.array_direction(ntnpos.array_config([(0.0, 0.0), (1.0, 0.0)]))
