# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics of verification: Gaussian places against circles and areas, runs of delays, places against
thresholds."""

import json
from dataclasses import replace

import numpy as np
import pymap3d.vincenty
import pytest
from scipy.stats import ncx2, norm

from ntnpos.errors import InputError
from ntnpos.lmf import verification_geometry as geometry
from ntnpos.lmf import verification_timing as timing
from ntnpos.lmf.area import load_area
from ntnpos.lmf.claim import Claim, Thresholds
from ntnpos.lmf.verification_position import judge_area, judge_places, places_of
from ntnpos.position.result import Estimate, Fix
from ntnpos.world.frames import enu_rotation, geodetic_to_ecef

# ------------------------------------------------------------------------------------ circles


@pytest.mark.parametrize(
    "std, offset, radius",
    [
        (1.0, (0.0, 0.0), 1.0),
        (1.0, (3.0, 4.0), 4.0),
        (1e4, (5e3, 2e3), 1e4),
        (10.0, (9.99e3, 0.0), 1e4),
        (1e-3, (0.0, 2.0), 1.0),
        (1e6, (0.0, 0.0), 1e4),
    ],
)
def test_round_gaussian_is_the_noncentral_chi_square(std, offset, radius):
    found = geometry.probability_within(offset, std**2 * np.eye(2), radius)
    assert found == pytest.approx(
        ncx2.cdf((radius / std) ** 2, 2, (np.hypot(*offset) / std) ** 2 + 1e-300), abs=1e-7
    )


def test_long_gaussians_are_as_a_million_draws_say():
    rng = np.random.default_rng(91)
    draws = rng.standard_normal((1_000_000, 2))
    for _ in range(12):
        root = np.diag(10.0 ** rng.uniform(0.0, 4.5, 2)) @ np.linalg.qr(rng.standard_normal((2, 2)))[0]
        offset, radius = rng.uniform(-1.5e4, 1.5e4, 2), 1e4
        inside = np.mean(np.hypot(*(offset + draws @ root).T) <= radius)
        assert geometry.probability_within(offset, root.T @ root, radius) == pytest.approx(inside, abs=2.5e-3)


def test_deviations_to_a_circle_are_the_least_over_its_edge():
    rng, angle = np.random.default_rng(92), np.linspace(0.0, 2.0 * np.pi, 400_001)
    edge = 1e3 * np.column_stack([np.cos(angle), np.sin(angle)])
    for _ in range(20):
        root = np.diag(10.0 ** rng.uniform(0.0, 4.0, 2)) @ np.linalg.qr(rng.standard_normal((2, 2)))[0]
        offset = rng.uniform(1.2e3, 5e3) * np.array([np.cos(a := rng.uniform(0, 6.28)), np.sin(a)])
        least = np.min(np.linalg.norm(np.linalg.solve(root.T, (edge - offset).T), axis=0))
        assert geometry.deviations_to_circle(offset, root.T @ root, 1e3) == pytest.approx(least, rel=1e-4)
    assert geometry.deviations_to_circle((600.0, 700.0), np.eye(2), 1e3) == 0.0
    assert geometry.probability_beyond(3.0) == pytest.approx(np.exp(-4.5))


@pytest.mark.parametrize("there", [(48.1, 11.2), (47.0, 13.0), (-30.0, 100.0), (48.0, 11.00001)])
def test_ways_over_the_ground_are_vincentys_within_half_a_percent(there):
    claim = geodetic_to_ecef(48.0, 11.0, 500.0)
    way = geometry.ground_offset(geodetic_to_ecef(*there, 200.0), claim)
    distance, azimuth = pymap3d.vincenty.vdist(48.0, 11.0, *there)[:2]
    assert np.hypot(*way) == pytest.approx(float(distance), rel=5e-3)
    assert np.degrees(np.arctan2(*way)) % 360.0 == pytest.approx(float(azimuth), abs=0.3)
    back = geometry.places_around(48.0, 11.0, way)
    assert back == (
        pytest.approx(there[0], abs=6e-3 * distance / 111e3 + 1e-9),
        pytest.approx(there[1], abs=6e-3 * distance / 74e3 + 1e-9),
    )


# ------------------------------------------------------------------------------------ areas


def geojson(folder, value):
    path = folder / "area.geojson"
    path.write_text(json.dumps(value))
    return path


SQUARE = [[[10.0, 47.0], [12.0, 47.0], [12.0, 49.0], [10.0, 49.0], [10.0, 47.0]]]
HOLE = [[10.9, 47.9], [11.1, 47.9], [11.1, 48.1], [10.9, 48.1], [10.9, 47.9]]


def test_area_of_polygons_with_a_hole_in_every_wrapping(tmp_path):
    polygon = {"type": "Polygon", "coordinates": [*SQUARE, HOLE]}
    feature = {"type": "Feature", "properties": {"name": "Squareland"}, "geometry": polygon}
    for value in (
        polygon,
        feature,
        {"type": "FeatureCollection", "features": [feature]},
        {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [0, 0]}, polygon]},
        {"type": "MultiPolygon", "coordinates": [[*SQUARE, HOLE]]},
    ):
        area = load_area(geojson(tmp_path, value))
        assert list(area.contains([48.0, 48.5, 50.0], [11.0, 11.0, 11.0])) == [False, True, False]
    assert load_area(geojson(tmp_path, feature)).name == "Squareland"


def test_share_of_a_gaussian_behind_a_border_is_the_normal_distributions(tmp_path):
    """A border along a meridian 3 km to the east, standard deviation 5 km, with a long axis along the
    border."""
    area = load_area(geojson(tmp_path, {"type": "Polygon", "coordinates": SQUARE}))
    degree = float(pymap3d.vincenty.vdist(48.0, 11.0, 48.0, 12.0)[0])
    for away in (3e3, -4e3, 0.0, 15e3):
        lon = 12.0 - away / degree
        found = area.probability((48.0, lon, 0.0), np.diag([25e6, 100e6]))
        assert found == pytest.approx(norm.cdf(away / 5e3), abs=6e-3)


@pytest.mark.parametrize(
    "value, say",
    [
        ([], "file: "),
        ({"type": "Polygon"}, "coordinates"),
        ({"type": "Sphere"}, "type: is 'Sphere'"),
        ({"type": "Point", "coordinates": [0, 0]}, "has no polygon"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}, "coordinates[0]"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [300, 0], [1, 1], [0, 0]]]}, "coordinates[0]"),
        ({"type": "Polygon", "coordinates": [[["a", 0], [1, 0], [1, 1], [0, 0]]]}, "coordinates[0]"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, "Self-intersection"),
        ({"type": "FeatureCollection", "features": 3}, "features"),
        ({"type": "Feature", "geometry": None}, "geometry"),
    ],
)
def test_what_is_no_area_is_refused_in_one_line(tmp_path, value, say):
    with pytest.raises(InputError) as raised:
        load_area(geojson(tmp_path, value))
    assert say in str(raised.value) and "\n" not in str(raised.value) and "area.geojson" in str(raised.value)


# ------------------------------------------------------------------------------------ claims and thresholds


@pytest.mark.parametrize(
    "field, value", [("latitude_deg", 91.0), ("height_m", float("nan")), ("horizontal_std_m", -1.0)]
)
def test_a_claim_refuses_what_is_no_place(field, value):
    with pytest.raises(InputError, match=f"claim: {field}: "):
        replace(Claim(48.0, 11.0), **{field: value})


@pytest.mark.parametrize(
    "field, value",
    [
        ("rtt_s", 0.0),
        ("radius_m", -1.0),
        ("false_alarm", 0.6),
        ("confidence", 0.4),
        ("least_odds", 0.5),
        ("radius_m", "wide"),
    ],
)
def test_thresholds_refuse_what_is_none(field, value):
    with pytest.raises(InputError, match=f"thresholds: {field}: .*allowed: a number"):
        replace(Thresholds(), **{field: value})


# ------------------------------------------------------------------------------------ runs of delays


def delays(difference_s, std_s, sources=None, nuisance=None, gradient=None, common_s=0.0):
    n = len(difference_s)
    return timing.TimingRows(
        tuple(sources or ["A"] * n),
        np.arange(n, dtype=float),
        np.asarray(difference_s, float),
        np.full(n, std_s),
        np.full(n, common_s),
        np.zeros((n, 3)) if gradient is None else gradient,
        np.zeros((n, 0)) if nuisance is None else nuisance,
    )


def test_noise_is_averaged_before_it_is_held_against_the_threshold():
    """300 ns off in 64 rows of 200 ns: no single row tells, their mean does; 60 ns off passes."""
    rng = np.random.default_rng(93)
    noise = 200e-9 * rng.standard_normal(64)
    off = timing.judge_delays(delays(noise + 300e-9, 200e-9), 0.0, 0.0, Thresholds())
    assert off.vetoed and off.worst.rows >= 16 and off.sharpest_std_s == pytest.approx(25e-9)
    assert not timing.judge_delays(delays(noise + 60e-9, 200e-9), 0.0, 0.0, Thresholds()).vetoed
    assert not timing.judge_delays(delays([300e-9], 200e-9), 0.0, 0.0, Thresholds()).vetoed


@pytest.mark.parametrize(
    "difference_ns, vetoed", [(199.0, False), (-199.0, False), (201.0, True), (-201.0, True)]
)
def test_the_threshold_is_where_it_is_said_to_be(difference_ns, vetoed):
    test = timing.judge_delays(delays([1e-9 * difference_ns], 1e-9), 0.0, 0.0, Thresholds())
    assert test.vetoed is vetoed and test.worst.threshold_s == 200e-9
    assert (
        timing.judge_delays(delays([1e-9 * difference_ns], 1e-9), 0.0, 0.0, Thresholds(rtt_s=400e-9)).vetoed
        is False
    )


def test_true_claims_are_vetoed_no_more_often_than_stated():
    """2500 claims, 10 rows of two satellites with 500 ns of noise each, false alarm 1 %."""
    rng, n, thresholds = np.random.default_rng(94), 2500, Thresholds(false_alarm=0.01)
    names = ["A"] * 5 + ["B"] * 5
    alarms = sum(
        timing.judge_delays(
            delays(500e-9 * rng.standard_normal(10), 500e-9, names), 0.0, 0.0, thresholds
        ).vetoed
        for _ in range(n)
    )
    assert 0.002 * n < alarms < 0.0115 * n


def test_doubt_about_the_claim_and_the_orbit_widens_the_comparison():
    steep = np.tile([0.0, 0.0, -6.0e-9], (4, 1))
    sharp = timing.judge_delays(delays([400e-9] * 4, 1e-9, gradient=steep), 0.0, 0.0, Thresholds())
    height = timing.judge_delays(delays([400e-9] * 4, 1e-9, gradient=steep), 0.0, 50.0, Thresholds())
    orbit = timing.judge_delays(delays([400e-9] * 4, 1e-9, common_s=300e-9), 0.0, 0.0, Thresholds())
    assert sharp.vetoed and not height.vetoed and not orbit.vetoed
    assert height.sharpest_std_s == pytest.approx(300e-9, rel=1e-3) and orbit.sharpest_std_s == pytest.approx(
        300e-9, rel=1e-3
    )


def test_an_unknown_clock_explains_one_satellite_but_not_three():
    clock = np.ones((3, 1))
    one = timing.judge_delays(delays([1e-3] * 3, 1e-9, nuisance=clock), 0.0, 0.0, Thresholds())
    assert one.worst is None and not one.vetoed
    three = timing.judge_delays(
        delays([1e-3, 1e-3, 1e-3 + 9e-7], 1e-9, ["A", "B", "C"], clock), 0.0, 0.0, Thresholds()
    )
    assert three.vetoed and three.worst.satellite == "C" and three.worst.difference_s == pytest.approx(6e-7)


# ------------------------------------------------------------------------------------ places


CLAIM = Claim(48.0, 11.0, 0.0)
SHARP = Thresholds()


def estimate(east_m, north_m, std_m=100.0, likelihood=1.0, without=None):
    axes = enu_rotation(48.0, 11.0)
    place = CLAIM.ecef + axes.T @ [east_m, north_m, 0.0]
    covariance = axes.T @ np.diag([std_m**2, std_m**2, 1.0]) @ axes
    return Estimate(tuple(place), tuple(map(tuple, covariance)), None, None, 0.0, without, likelihood)


def judged(*estimates, thresholds=SHARP):
    fix = Fix("ok" if len(estimates) == 1 else "ambiguous", estimate=estimates[0], candidates=estimates[1:])
    return judge_places(places_of(fix, CLAIM, thresholds.radius_m), thresholds)


@pytest.mark.parametrize(
    "places, verdict, probability, say",
    [
        ([estimate(0.0, 0.0)], "consistent", 1.0, "within 10 km"),
        ([estimate(9e3, 0.0)], "consistent", 1.0, "9 km from"),
        ([estimate(10.05e3, 0.0)], "inconclusive", norm.cdf(-0.5), "at the edge"),
        ([estimate(11e3, 0.0)], "inconsistent", 0.0, "11 km"),
        ([estimate(0.0, 0.0, 20e3)], "inconclusive", 0.118, "geometry leaves the position open"),
        ([estimate(80e3, 0.0, 20e3)], "inconclusive", 0.0, "geometry leaves the position open"),
        (
            [estimate(0.0, 0.0), estimate(100e3, 0.0, likelihood=0.9)],
            "inconclusive",
            1 / 1.9,
            "nothing decides",
        ),
        (
            [estimate(100e3, 0.0), estimate(0.0, 0.0, likelihood=0.9)],
            "inconclusive",
            0.9 / 1.9,
            "nothing decides",
        ),
        ([estimate(0.0, 0.0), estimate(100e3, 0.0, likelihood=1e-4)], "consistent", 1.0, "within 10 km"),
        ([estimate(100e3, 0.0), estimate(0.0, 0.0, likelihood=1e-4)], "inconsistent", 0.0, "100 km"),
        ([estimate(0.0, 0.0), estimate(5e3, 0.0, likelihood=0.9)], "consistent", 1.0, "within 10 km"),
        ([estimate(50e3, 0.0), estimate(-60e3, 0.0, likelihood=0.9)], "inconsistent", 0.0, "nearest of 2"),
        (
            [estimate(0.0, 0.0), estimate(30e3, 0.0, likelihood=1e-9, without="X")],
            "inconclusive",
            0.5,
            "nothing decides",
        ),
    ],
)
def test_places_lead_to_the_verdict_that_they_allow(places, verdict, probability, say):
    found = judged(*places)
    assert found.verdict == verdict and found.probability == pytest.approx(probability, abs=2e-2)
    assert say in found.reason


def test_a_claim_that_is_not_sure_itself_is_held_to_less():
    fix = Fix("ok", estimate=estimate(10.5e3, 0.0, 1.0))
    sure, unsure = (
        judge_places(places_of(fix, replace(CLAIM, horizontal_std_m=s), 1e4), SHARP) for s in (0.0, 500.0)
    )
    assert sure.verdict == "inconsistent" and unsure.verdict == "inconclusive"


def test_area_decides_only_where_every_open_place_agrees(tmp_path):
    area = load_area(geojson(tmp_path, {"type": "Polygon", "coordinates": SQUARE}))

    def decision(*estimates, inside=True):
        fix = Fix("ambiguous", estimate=estimates[0], candidates=estimates[1:])
        return judge_area(places_of(fix, CLAIM, 1e4, area), inside, area, SHARP)[0]

    far = 200e3
    assert decision(estimate(0.0, 0.0)) == "inside" and decision(estimate(far, 0.0)) == "outside"
    assert decision(estimate(0.0, 0.0), estimate(20e3, 0.0, likelihood=0.8)) == "inside"
    assert decision(estimate(0.0, 0.0), estimate(far, 0.0, likelihood=0.8)) == "open"
    assert decision(estimate(0.0, 0.0), estimate(far, 0.0, likelihood=0.03)) == "open"
    assert decision(estimate(0.0, 0.0), inside=False) == "outside"
