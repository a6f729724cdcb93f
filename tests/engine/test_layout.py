# SPDX-License-Identifier: GPL-3.0-or-later
"""The fitted study layout against what the thesis says of its own, by spherical trigonometry written out here."""

import numpy as np
import pytest
from ntnpos.world.layout import FittedLayout

SPHERE_M, MU, EARTH_RATE = 6371e3, 3.986004418e14, 7.2921150e-5


def central_angle_deg(a, b) -> np.ndarray:
    return np.degrees(np.arccos(np.clip(np.sum(a * b, axis=-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1), -1, 1)))


@pytest.mark.parametrize("height_m", [600e3, 1200e3])
def test_nine_satellites_in_two_tracks(height_m):
    layout = FittedLayout(height_m)
    r = layout.satellites
    assert r.shape == (9, 3) and len(set(layout.names)) == 9
    assert np.linalg.norm(r, axis=1) == pytest.approx(SPHERE_M + height_m)
    for track in (r[:5], r[5:]):
        # 2 degrees along the track, which is 10 degrees wide of the other: cos(5 degrees) shortens nothing along it.
        step = central_angle_deg(track[1:], track[:-1])
        assert np.all((1.985 < step) & (step < 2.001))
    middle = [track.mean(axis=0) for track in (r[:5], r[5:])]
    assert central_angle_deg(*middle) == pytest.approx(10.0, abs=0.02)
    assert r.mean(axis=0)[0] / np.linalg.norm(r.mean(axis=0)) == pytest.approx(1.0, abs=1e-3)  # over the area


def test_receivers_are_within_850_km_and_see_all_satellites_30_degrees_high():
    layout = FittedLayout()
    places = layout.draw(np.random.default_rng(3), 1000)
    assert np.linalg.norm(places, axis=1) == pytest.approx(SPHERE_M)
    centre = central_angle_deg(places, np.array([1.0, 0.0, 0.0]))
    assert np.radians(centre.max()) * SPHERE_M <= 850e3
    elevations = []
    for satellite in layout.satellites:
        # Elevation from the central angle g: tan(e) = (cos g - R / (R + h)) / sin g.
        g = np.radians(central_angle_deg(places, satellite))
        elevations.append(np.degrees(np.arctan2(np.cos(g) - SPHERE_M / (SPHERE_M + 600e3), np.sin(g))))
    elevations = np.array(elevations).T
    assert elevations.min() >= 30.0 and elevations.min() < 30.2 and elevations.max() < 90.0
    ours, distance = layout.seen_from(places)
    assert ours == pytest.approx(elevations, abs=1e-6)
    assert distance.min() > 600e3 and distance.max() < 1075.2e3  # at 30 degrees
    again = layout.draw(np.random.default_rng(3), 1000)
    assert np.array_equal(places, again)


def test_states_over_a_place_are_circular_orbits_that_point_along_the_heading():
    r, v = FittedLayout().states_over(55.7, 13.2, 30.0)
    lat, lon = np.radians([55.7, 13.2])
    up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    local = FittedLayout().satellites
    assert r @ up == pytest.approx(local[:, 0])
    inertial = v + EARTH_RATE * np.stack([-r[:, 1], r[:, 0], 0.0 * r[:, 0]], axis=-1)
    assert np.linalg.norm(inertial, axis=1) == pytest.approx(np.sqrt(MU / 6971e3))
    assert np.sum(inertial * r, axis=1) == pytest.approx(0.0, abs=1e-2)
    east, north = np.array([-np.sin(lon), np.cos(lon), 0.0]), np.cross(up, [-np.sin(lon), np.cos(lon), 0.0])
    heading = np.degrees(np.arctan2(inertial @ east, inertial @ north))
    assert heading == pytest.approx(30.0, abs=1e-6)
    # The tracks' own direction: from the last to the first satellite of each.
    for first, last in ((0, 4), (5, 8)):
        way = r[last] - r[first]
        assert np.degrees(np.arctan2(way @ east, way @ north)) == pytest.approx(30.0, abs=1e-6)
