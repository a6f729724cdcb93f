# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames against pyproj, pymap3d and astropy."""

import astropy.units as u
import numpy as np
import pymap3d
import pyproj
import pytest
from astropy.time import Time
from astropy.utils import iers
from ntnpos.world import frames
from ntnpos.world.timebase import Epoch

iers.conf.auto_download = False

TEN_NANOMETRES = 1e-8
ONE_MICRO_ARCSECOND_RAD = 4.85e-12
ONE_NANODEGREE = 1e-9


def places(count=2000, seed=1, top_m=1.5e6):
    rng = np.random.default_rng(seed)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    lon = rng.uniform(-180, 180, count)
    h = rng.uniform(-1000, top_m, count)
    lat[:4], lon[:4], h[:4] = [90, -90, 0, 45], [0, 0, 180, -180], [0, 100, 0, -500]
    return lat, lon, h


def test_geodetic_to_ecef_agrees_with_pyproj():
    lat, lon, h = places()
    to_ecef = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    theirs = np.stack(to_ecef.transform(lon, lat, h), axis=-1)
    assert np.max(np.abs(frames.geodetic_to_ecef(lat, lon, h) - theirs)) < TEN_NANOMETRES


def test_ecef_to_geodetic_agrees_with_pymap3d():
    lat, lon, h = places()
    x, y, z = pymap3d.geodetic2ecef(lat, lon, h)
    mine_lat, mine_lon, mine_h = frames.ecef_to_geodetic(np.stack([x, y, z], axis=-1))
    assert np.max(np.abs(mine_lat - lat)) < ONE_NANODEGREE / 1000
    away = np.abs(lat) < 89.999
    turn = np.abs((mine_lon - lon + 180.0) % 360.0 - 180.0)
    assert np.max(turn[away]) < ONE_NANODEGREE / 1000
    assert np.max(np.abs(mine_h - h)) < TEN_NANOMETRES


def test_geodetic_round_trip_reaches_geostationary_height():
    lat, lon, h = places(seed=2, top_m=4.2e7)
    r = frames.geodetic_to_ecef(lat, lon, h)
    assert np.max(np.abs(frames.geodetic_to_ecef(*frames.ecef_to_geodetic(r)) - r)) < 5 * TEN_NANOMETRES


def test_azimuth_elevation_agree_with_pymap3d():
    lat, lon, h = places(seed=3, top_m=10e3)
    target = frames.geodetic_to_ecef(*places(seed=4, top_m=2e6))
    azimuth, elevation, distance = frames.azimuth_elevation(frames.geodetic_to_ecef(lat, lon, h), target)
    az, el, rng = pymap3d.ecef2aer(*target.T, lat, lon, h)
    away = np.abs(lat) < 89.999
    assert np.max(np.abs((azimuth - az + 180) % 360 - 180)[away]) < ONE_NANODEGREE
    assert np.max(np.abs(elevation - el)) < ONE_NANODEGREE
    assert np.max(np.abs(distance - rng)) < TEN_NANOMETRES


def test_enu_rotation_agrees_with_pymap3d():
    lat, lon, _ = places(50, seed=5)
    line = np.random.default_rng(6).normal(size=(50, 3))
    theirs = np.stack(pymap3d.ecef2enuv(*line.T, lat, lon), axis=-1)
    mine = np.einsum("nij,nj->ni", frames.enu_rotation(lat, lon), line)
    assert np.max(np.abs(mine - theirs)) < 1e-14


def test_rotate3_is_the_contracts_matrix():
    angle = np.array([-3.0, 0.0, 0.1, 2.0])
    r = np.random.default_rng(7).normal(size=(4, 3))
    matrix = np.array([[[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]] for a in angle])
    assert np.array_equal(frames.r3(angle), matrix)
    assert np.allclose(frames.rotate3(angle, r), np.einsum("nij,nj->ni", matrix, r), rtol=0, atol=1e-15)


@pytest.mark.parametrize("text", ["1982-01-01T00:00:00Z", "2000-01-01T12:00:00Z",
                                  "2025-10-07T18:49:00.123456Z"])
def test_gmst_agrees_with_astropy(text):
    whole, frac = Epoch.parse(text).jd
    theirs = Time(whole, frac, format="jd", scale="ut1").sidereal_time("mean", "greenwich", model="IAU1982")
    turn = (frames.gmst82_rad(whole, frac) - theirs.to_value(u.rad) + np.pi) % (2 * np.pi) - np.pi
    assert abs(turn) < ONE_MICRO_ARCSECOND_RAD / 100


def test_gmst_runs_smoothly_from_one_microsecond_to_the_next():
    frac = 0.3 + np.arange(2000) * (1e-6 / 86400.0)
    theta = frames.gmst82_rad(np.full(2000, 2460955.5), frac)
    rate = 7.2921158553e-5
    residual = (theta - theta[0]) - rate * (frac - frac[0]) * 86400.0
    assert np.max(np.abs(residual)) < 2e-13  # 1 micrometre at 6900 km is 1.5e-13


def test_nan_gives_nan():
    assert np.all(np.isnan(frames.geodetic_to_ecef(np.nan, 0.0, 0.0)[:2]))
    assert np.isnan(frames.ecef_to_geodetic([np.nan, 0.0, 0.0])[2])
