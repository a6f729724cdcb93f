# SPDX-License-Identifier: GPL-3.0-or-later
"""The prediction at the true place and clock against dev-sample's truth, which an independent generator
computed."""

import json

import numpy as np
import pytest
from ntnpos.network.assistance import load_assistance
from ntnpos.world.light_time import received

TOA_TOLERANCE_S = 5e-15  # 1.5 micrometres; the request was 0.05 ns
DOPPLER_TOLERANCE_HZ = 1e-3


@pytest.fixture
def truth(data_dir):
    return json.loads((data_dir / "recordings" / "dev-sample.truth.json").read_text())


def predict(satellite, truth, t_rx_s):
    """toa and d(toa)/d(receiver clock) from travel time and the true clock."""
    clock = truth["receiver_clock"]
    anchor = clock["at_rx_full_s"] + clock["at_rx_frac_s"]
    rate = clock["rate_error_ppm"] * 1e-6
    t_sys = (t_rx_s - anchor) / (1.0 + rate) + anchor - clock["offset_s"]
    travel = received(satellite.orbit, truth["ue"]["ecef_m"], t_sys)
    toa = travel.delay_s[0] + (t_rx_s - t_sys) - satellite.clock_offset_s
    return toa, (travel.rate[0] + rate) / (1.0 + rate)


def test_toa_and_doppler_agree_with_the_truth(data_dir, truth):
    assistance = load_assistance(data_dir / "recordings" / "dev-sample.assistance.json")
    assert {s.id for s in assistance.satellites} == set(truth["satellites"])
    for satellite in assistance.satellites:
        polynomial = truth["satellites"][satellite.id]["toa_poly"]
        start = polynomial["rx_full_s"] + polynomial["rx_frac_s"]
        curve = np.polynomial.Polynomial(polynomial["coef"])
        for d in (0.0, 0.007, 0.015, 0.033):
            toa, slope = predict(satellite, truth, start + d)
            assert abs(toa - curve(d)) < TOA_TOLERANCE_S
            assert abs(slope - curve.deriv()(d)) * assistance.carrier.frequency_hz < DOPPLER_TOLERANCE_HZ


def test_every_occasion_leaves_on_the_satellites_slot_raster(data_dir, truth):
    """t_s - toa_s is the satellite clock's reading when the slot leaves: sfn0_time_s + slot_count slots."""
    assistance = load_assistance(data_dir / "recordings" / "dev-sample.assistance.json")
    for satellite in assistance.satellites:
        for occasion in truth["satellites"][satellite.id]["occasions"]:
            left = occasion["t_s"] - occasion["toa_s"]
            assert abs(left - (satellite.sfn0_time_s + occasion["slot_count"] * 1e-3)) < 1e-12
            assert occasion["slot_count"] % satellite.prs.periodicity_slots == satellite.prs.slot_offset
