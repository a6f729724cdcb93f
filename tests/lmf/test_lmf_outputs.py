# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps: ellipses against pymap3d and by drawing, the antimeridian and the poles, GeoJSON and KML."""

import json
import math
import xml.etree.ElementTree as xml

import lmf_scene
import numpy as np
import pymap3d
import pytest
from matplotlib.path import Path as Outline
from ntnpos.lmf.outputs import ellipse_ring, features, geojson, kml, polygons

KML = "{http://www.opengis.net/kml/2.2}"


def covariance(latitude, longitude, east, north, correlation, up=50.0):
    """ECEF covariance of deviations in east, north and up, by pymap3d's axes."""
    origin = np.array(pymap3d.geodetic2ecef(latitude, longitude, 0.0))
    axes = np.array(
        [np.array(pymap3d.enu2ecef(*axis, latitude, longitude, 0.0)) - origin for axis in np.eye(3)]
    )
    local = np.array(
        [[east**2, correlation * east * north, 0], [correlation * east * north, north**2, 0], [0, 0, up**2]]
    )
    return origin, axes.T @ local @ axes


def area(ring) -> float:
    """Signed, in square degrees; positive counter-clockwise."""
    x, y = np.asarray(ring)[:, :2].T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


@pytest.mark.parametrize(
    "latitude, longitude, east, north, correlation",
    [(0.0, 0.0, 10.0, 30.0, 0.0), (53.3, -6.3, 500.0, 200.0, 0.6), (-70.0, 120.0, 3.0, 3.0, -0.9)],
)
def test_every_point_is_at_the_stated_probability(latitude, longitude, east, north, correlation):
    place, cov = covariance(latitude, longitude, east, north, correlation)
    ring = ellipse_ring(place.tolist(), cov.tolist(), 0.95)
    e, n, _ = pymap3d.geodetic2enu(ring[:, 1], ring[:, 0], np.zeros(len(ring)), latitude, longitude, 0.0)
    local = np.array([[east**2, correlation * east * north], [correlation * east * north, north**2]])
    squares = np.einsum("pi,ij,pj->p", np.stack([e, n], 1), np.linalg.inv(local), np.stack([e, n], 1))
    assert squares == pytest.approx(5.991464547, rel=1e-3)  # chi-squared, 2 degrees of freedom, 0.95
    assert area(ring) > 0.0


@pytest.mark.parametrize(
    "latitude, longitude, size",
    [
        (53.0, -6.0, 1e3),
        (10.0, 179.999, 1e3),
        (-10.0, -179.9995, 1e3),
        (60.0, 180.0, 2e4),
        (89.9, 30.0, 2e4),
        (-89.95, -179.0, 2e4),
        (90.0, 0.0, 1e3),
    ],
)
def test_as_many_draws_are_inside_as_stated(latitude, longitude, size):
    """20 000 draws by pymap3d's axes; their share inside the polygons has a deviation of 0.0015, and 72 chords leave
    out 0.1 % of the area."""
    rng = np.random.default_rng(3)
    place, cov = covariance(latitude, longitude, size, 0.5 * size, 0.3)
    draws = rng.multivariate_normal(
        [0, 0], [[size**2, 0.15 * size**2], [0.15 * size**2, 0.25 * size**2]], 20_000
    )
    lat, lon, _ = pymap3d.enu2geodetic(draws[:, 0], draws[:, 1], np.zeros(20_000), latitude, longitude, 0.0)
    rings = polygons(ellipse_ring(place.tolist(), cov.tolist(), 0.95))
    inside = np.zeros(20_000, dtype=int)
    for ring in rings:
        assert ring[0] == ring[-1] and area(ring[:-1]) > 0.0
        assert np.all(np.abs(np.array(ring)[:, 0]) <= 180.0) and np.all(np.abs(np.array(ring)[:, 1]) <= 90.0)
        inside += Outline(np.array(ring)).contains_points(np.stack([lon, lat], axis=1))
    assert inside.max() == 1  # the parts do not overlap
    assert inside.mean() == pytest.approx(0.9496, abs=0.006)


def test_one_part_away_from_the_antimeridian_two_across():
    for longitude, count in ((0.0, 1), (179.9999, 2), (-180.0, 2), (179.0, 1)):
        place, cov = covariance(20.0, longitude, 100.0, 40.0, 0.0)
        parts = polygons(ellipse_ring(place.tolist(), cov.tolist()))
        assert len(parts) == count
        assert sum(map(area, parts)) == pytest.approx(
            area(ellipse_ring(*(x.tolist() for x in covariance(20.0, 5.0, 100.0, 40.0, 0.0)))), rel=1e-6
        )


@pytest.fixture
def found() -> list:
    place, cov = covariance(53.3, -6.3, 100.0, 40.0, 0.0)
    mirror, wide = covariance(53.0, 179.9999, 900.0, 40.0, 0.0)
    candidate = {
        "ecef_m": mirror.tolist(),
        "covariance_ecef_m2": wide.tolist(),
        "horizontal_std_m": 901.0,
        "chi2": 3.0,
    }
    fix = {
        "ue": "a<b>&",
        "status": "ambiguous",
        "reason": "2 places fit",
        "t_s": 3.0,
        "method": "dl-tdoa",
        "ecef_m": place.tolist(),
        "covariance_ecef_m2": cov.tolist(),
        "horizontal_std_m": 108.0,
        "chi2": 2.0,
        "candidates": [candidate],
    }
    nowhere = dict.fromkeys(fix) | {"candidates": [], "ue": "b", "status": "no_fix"}
    verdict = {
        "ue": "a<b>&",
        "claim": {"latitude_deg": 53.31, "longitude_deg": -6.3},
        "level": 2,
        "verdict": "consistent",
        "reason": "near",
    }
    return list(features([fix, nowhere], [verdict]))


def test_geojson(found):
    collection = json.loads(json.dumps(geojson(found), allow_nan=False))
    assert [feature["properties"]["kind"] for feature in collection["features"]] == [
        "fix",
        "fix ellipse",
        "candidate",
        "candidate ellipse",
        "claim",
    ]
    fix, _, _, ellipse, claim = collection["features"]
    assert fix["geometry"]["type"] == "Point"
    assert fix["geometry"]["coordinates"] == pytest.approx([-6.3, 53.3, 0.0], abs=1e-6)
    assert ellipse["geometry"]["type"] == "MultiPolygon" and len(ellipse["geometry"]["coordinates"]) == 2
    assert (
        claim["geometry"]["coordinates"] == [-6.3, 53.31] and claim["properties"]["verdict"] == "consistent"
    )


def test_kml_has_the_same_places(found):
    root = xml.fromstring(kml(found, "a & b"))
    (folder,) = root.findall(f"{KML}Document/{KML}Folder")
    assert folder.findtext(f"{KML}name") == "a<b>&"
    places = folder.findall(f"{KML}Placemark")
    styles = {"#" + style.get("id") for style in root.iter(f"{KML}Style")}
    for place, feature in zip(places, found, strict=True):
        assert place.findtext(f"{KML}styleUrl") in styles
        geometry = feature["geometry"]
        rings = (
            [geometry["coordinates"]]
            if geometry["type"] == "Point"
            else [r for (r,) in geometry["coordinates"]]
        )
        texts = [element.text for element in place.iter(f"{KML}coordinates")]
        for text, ring in zip(texts, rings, strict=True):
            points = [[float(value) for value in point.split(",")] for point in text.split()]
            assert points == (ring if geometry["type"] != "Point" else [ring])


def test_fixes_of_the_solver_become_features(tmp_path):
    with lmf_scene.Bench(tmp_path) as bench:
        for row in lmf_scene.measurements():
            bench.service.receive(None, lmf_scene.line(row))
        bench.quiet()
        point, ellipse = features(fix for _, fix in bench.published)
    assert point["geometry"]["coordinates"][:2] == pytest.approx([-6.2603, 53.3498], abs=1e-7)
    ((ring,),) = ellipse["geometry"]["coordinates"]
    widest = max(math.dist(ring[0], point) for point in ring)
    assert 1e-6 < widest < 1e-4
