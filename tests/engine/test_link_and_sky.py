# SPDX-License-Identifier: GPL-3.0-or-later
"""Link budget against TR 38.821's own numbers; satellites in view against skyfield."""

from dataclasses import replace

import numpy as np
import pytest
from ntnpos.world.elements import shipped_elements
from ntnpos.world.frames import geodetic_to_ecef
from ntnpos.world.link_budget import LinkBudget, free_space_loss_db
from ntnpos.world.timebase import Epoch
from ntnpos.world.visibility import visible_satellites
from skyfield.api import EarthSatellite, load, wgs84

HUNDREDTH_DB = 0.01


def test_free_space_loss_agrees_with_tr_38_811_eq_6_6_2():
    for d in (600e3, 1075e3, 1932e3):
        standard = 32.45 + 20 * np.log10(2.0) + 20 * np.log10(d)
        assert abs(free_space_loss_db(d, 2e9) - standard) < HUNDREDTH_DB


def test_free_space_loss_agrees_with_itu_r_p_525():
    """Its equation 4, 32.4 + 20 log f (MHz) + 20 log d (km), whose constant is rounded to a tenth."""
    for f_hz in (1.5e9, 2e9, 28e9):
        for d in (550e3, 1932e3):
            itu = 32.4 + 20.0 * np.log10(f_hz / 1e6) + 20.0 * np.log10(d / 1e3)
            assert abs(free_space_loss_db(d, f_hz) - itu) < 0.05


def test_snr_in_the_prs_band_spans_the_papers_range():
    """8.1 to 17.1 dB with margins off, 600 km, 30 to 90 degrees, the lower end with up to 3.7 dB of antenna
    roll-off."""
    assert 16.9 < LinkBudget().snr_db(600e3, 2e9) < 17.1
    assert 11.8 < LinkBudget().snr_db(1075e3, 2e9) < 12.0


@pytest.mark.parametrize("name", ["beam_loss_db", "atmospheric_loss_db", "scintillation_loss_db",
                                  "shadow_margin_db", "clutter_loss_db"])
def test_each_loss_is_off_by_default_and_counts_once(name):
    off = LinkBudget()
    assert getattr(off, name) == 0.0
    assert off.snr_db(6e5, 2e9) - replace(off, **{name: 2.5}).snr_db(6e5, 2e9) == pytest.approx(2.5)


def test_power_is_density_times_bandwidth():
    budget = LinkBudget()
    noise_dbm = -174.0 + 10 * np.log10(4.32e6) + 7.0
    power = budget.received_power_dbm(6e5, 2e9, 4.32e6)
    assert abs(power - noise_dbm - budget.snr_db(6e5, 2e9)) < 0.03  # -174 dBm/Hz is -173.98


def test_satellites_in_view_agree_with_skyfield():
    lat, lon, t_s = 53.0148, -6.3102, 3.0
    found = visible_satellites(shipped_elements(), Epoch.parse("2025-10-07T18:49:00Z"),
                               geodetic_to_ecef(lat, lon, 0.0), t_s, 25.0)
    time = load.timescale(delta_t=69.184, builtin=True).utc(2025, 10, 7, 18, 49, t_s)
    theirs = {}
    for name, line1, line2 in shipped_elements():
        altitude = (EarthSatellite(line1, line2) - wgs84.latlon(lat, lon)).at(time).altaz()[0].degrees
        if altitude >= 25.0:
            theirs[name] = altitude
    assert {s.name for s in found} == set(theirs) and len(found) >= 4
    assert [s.elevation_deg for s in found] == sorted((s.elevation_deg for s in found), reverse=True)
    assert all(abs(s.elevation_deg - theirs[s.name]) < 0.01 for s in found)  # theirs is without light time
