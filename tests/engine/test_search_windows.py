# SPDX-License-Identifier: GPL-3.0-or-later
"""Search windows hold every place, clock and time they promise to hold, and are not wider than they need
be."""

import json

import numpy as np
import pytest
from ntnpos.network.assistance import load_assistance, parse_assistance
from ntnpos.network.search_windows import SEGMENT_S, search_windows, unusable_satellites
from ntnpos.world.frames import azimuth_elevation, ecef_to_geodetic, enu_rotation, geodetic_to_ecef
from ntnpos.world.light_time import received
from pyproj import Geod

DEV_SAMPLE = "recordings/dev-sample.assistance.json"


@pytest.fixture
def dev_sample(data_dir):
    return json.loads((data_dir / DEV_SAMPLE).read_text())


def random_places(prior, count, rng):
    """Places of the 4-sigma area by pyproj's geodesic, a quarter of them on its edge."""
    distance = 4 * prior.horizontal_sigma_m * np.sqrt(rng.uniform(0, 1, count))
    distance[::4] = 4 * prior.horizontal_sigma_m
    lon, lat, _ = Geod(ellps="WGS84").fwd(np.full(count, prior.longitude_deg),
                                          np.full(count, prior.latitude_deg),
                                          rng.uniform(0, 360, count), distance)
    height = prior.height_m + 4 * prior.height_sigma_m * rng.uniform(-1, 1, count)
    return geodetic_to_ecef(lat, lon, height)


@pytest.mark.parametrize("sigma_m", [100.0, 50e3, 400e3])
@pytest.mark.parametrize("span_s", [0.033, 25.0])
def test_every_receiver_the_bounds_allow_is_inside(dev_sample, sigma_m, span_s):
    dev_sample["ue_prior"]["horizontal_sigma_m"] = sigma_m
    dev_sample["satellites"][0]["clock_offset_s"] = 3e-4
    assistance = parse_assistance(dev_sample)
    bounds, fc = assistance.receiver, assistance.carrier.frequency_hz
    rng = np.random.default_rng(8)
    fill = 0.0
    for window in search_windows(assistance, 3.2, 3.2 + span_s):
        satellite = assistance.satellite(window.satellite)
        for place in random_places(assistance.ue_prior, 60, rng):
            t_rx = rng.uniform(3.2, 3.2 + span_s, 3)
            offset = bounds.clock_offset_max_s * rng.choice([-1.0, 1.0])
            error = bounds.frequency_error_max_ppm * 1e-6 * rng.choice([-1.0, 1.0])
            travel = received(satellite.orbit, place, t_rx - offset)
            toa = travel.delay_s + offset - satellite.clock_offset_s
            doppler = -fc * (travel.rate + error) / (1.0 + error)
            centre_toa, centre_doppler = window.predict(t_rx)
            assert np.all(np.abs(toa - centre_toa) <= window.half_width_s)
            assert np.all(np.abs(doppler - centre_doppler) <= window.doppler_half_width_hz)
            fill = max(fill, np.max(np.abs(toa - centre_toa)) / window.half_width_s)
    assert fill > 0.85


@pytest.mark.parametrize("span_s, segments", [(0.01, 1), (10.0, 1), (25.0, 3)])
def test_prediction_is_travel_time_less_the_satellites_clock(dev_sample, span_s, segments):
    dev_sample["satellites"][1]["clock_offset_s"] = -2e-5
    assistance = parse_assistance(dev_sample)
    t = np.linspace(3.2, 3.2 + span_s, 50)
    for window in search_windows(assistance, 3.2, 3.2 + span_s):
        satellite = assistance.satellite(window.satellite)
        travel = received(satellite.orbit, assistance.ue_prior.ecef, t)
        toa, doppler = window.predict(t)
        assert len(window.segments) == segments
        assert np.max(np.abs(toa - (travel.delay_s - satellite.clock_offset_s))) < 1e-12
        assert np.max(np.abs(doppler + 2e9 * travel.rate)) < 0.01
        middle = window.predict(3.2 + span_s / 2)[1]
        assert window.doppler_hz == pytest.approx(middle, abs=0.01)


def test_the_true_arrivals_of_dev_sample_are_inside(data_dir):
    assistance = load_assistance(data_dir / DEV_SAMPLE)
    truth = json.loads((data_dir / "recordings" / "dev-sample.truth.json").read_text())
    for window in search_windows(assistance, 3.2, 3.24):
        assert window.visible
        for occasion in truth["satellites"][window.satellite]["occasions"]:
            toa, doppler = window.predict(occasion["t_s"])
            assert abs(toa - occasion["toa_s"]) < window.half_width_s
            assert abs(doppler - occasion["doppler_hz"]) < window.doppler_half_width_hz


def test_a_short_windows_polynomial_holds_some_seconds_beyond_its_end(dev_sample):
    assistance = parse_assistance(dev_sample)
    for window in search_windows(assistance, 3.2, 3.233):
        travel = received(assistance.satellite(window.satellite).orbit, assistance.ue_prior.ecef,
                          8.0).delay_s[0]
        assert abs(window.predict(8.0)[0] - travel) < 1e-10


def test_several_segments_are_not_taken_for_one(dev_sample):
    short, long = (search_windows(parse_assistance(dev_sample), 0.0, end)[0]
                   for end in (SEGMENT_S, 2 * SEGMENT_S))
    assert short.coefficients == short.segments[0].coefficients
    with pytest.raises(ValueError, match="2 segments"):
        long.coefficients


def test_a_satellite_below_the_horizon_has_a_window_that_says_so(dev_sample):
    place = parse_assistance(dev_sample).ue_prior.ecef
    lat, lon, _ = ecef_to_geodetic(-place)
    dev_sample["ue_prior"] |= {"latitude_deg": float(lat), "longitude_deg": float(lon)}
    windows = search_windows(parse_assistance(dev_sample), 0.0, 1.0)
    assert len(windows) == 6 and not any(w.visible for w in windows)
    assert all(w.elevation_deg < -30.0 for w in windows)


def test_visible_from_the_areas_edge_only(dev_sample):
    """A prior place that sees the satellite at -1 degree, 50 km of sigma: the near edge sees it above the
    horizon."""
    assistance = parse_assistance(dev_sample)
    satellite = assistance.satellites[0]
    start = assistance.ue_prior
    # walk away from the satellite along the azimuth opposite to it until it sets
    azimuth = azimuth_elevation(start.ecef, satellite.orbit.state(0.0)[0][0])[0]
    for distance in np.arange(0.0, 4e6, 2e4):
        lon, lat, _ = Geod(ellps="WGS84").fwd(start.longitude_deg, start.latitude_deg, azimuth + 180.0,
                                              distance)
        if azimuth_elevation(geodetic_to_ecef(lat, lon, 0.0), satellite.orbit.state(0.0)[0][0])[1] < -0.9:
            break
    dev_sample["ue_prior"] |= {"latitude_deg": lat, "longitude_deg": (lon + 180) % 360 - 180}
    window = search_windows(parse_assistance(dev_sample), 0.0, 0.05)[0]
    assert -1.5 < window.elevation_deg < -0.8 and window.visible
    dev_sample["ue_prior"]["horizontal_sigma_m"] = 10.0
    assert not search_windows(parse_assistance(dev_sample), 0.0, 0.05)[0].visible


def test_a_stale_state_vector_is_left_out_and_named(example):
    assistance = parse_assistance(example)
    assert unusable_satellites(assistance, 9.0, 11.0) == {}
    assert [w.satellite for w in search_windows(assistance, 1000.0, 1001.0)] == ["SAT-2"]
    assert set(unusable_satellites(assistance, 1000.0, 1001.0)) == {"SAT-1"}
    assert [w.satellite for w in search_windows(assistance, 309.0, 309.9)] == ["SAT-1", "SAT-2"]


@pytest.mark.parametrize("end", [3.2, 3.0, float("nan")])
def test_an_empty_span_is_refused(dev_sample, end):
    with pytest.raises(ValueError, match="span"):
        search_windows(parse_assistance(dev_sample), 3.2, end)


def test_the_width_over_a_level_place_is_plane_geometry(dev_sample):
    """Small area: the half width is the clock bound plus 4 sigma times the horizontal part of the line of
    sight (plus height), a closed form that uses nothing of the sampled area."""
    dev_sample["ue_prior"]["horizontal_sigma_m"] = 250.0
    dev_sample["ue_prior"]["height_sigma_m"] = 1e-3
    assistance = parse_assistance(dev_sample)
    prior = assistance.ue_prior
    for window in search_windows(assistance, 0.0, 0.01):
        r = received(assistance.satellite(window.satellite).orbit, prior.ecef, 0.0).sat_at_rx_frame[0]
        unit = (r - prior.ecef) / np.linalg.norm(r - prior.ecef)
        e, n, _ = enu_rotation(prior.latitude_deg, prior.longitude_deg) @ unit
        plane = 4 * 250.0 * np.hypot(e, n) / 299792458.0
        slack = 24e-6 * assistance.receiver.clock_offset_max_s
        clock = assistance.receiver.clock_offset_max_s
        assert plane * 0.99 < window.half_width_s - clock < plane * 1.04 + slack
