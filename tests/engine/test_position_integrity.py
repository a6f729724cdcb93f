# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics of fixes in noise, and faults: counts, seeds and intervals are stated in each test."""

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, chi2

sys.path.insert(0, str(Path(__file__).resolve().parent))

import position_scene as scene  # noqa: E402
from ntnpos.position import PositionEngine, cramer_rao, solve_toa  # noqa: E402


@pytest.fixture(scope="module")
def sky() -> dict[str, scene.Sky]:
    return scene.visible(least_deg=20.0)


@pytest.fixture(scope="module")
def receiver() -> scene.Receiver:
    return scene.Receiver(scene.ecef())


def first(sky, count: int) -> dict[str, scene.Sky]:
    return dict(itertools.islice(sky.items(), count))


def error_m(fix, ue) -> float:
    return float(np.linalg.norm(np.array(fix.estimate.ecef_m) - ue))


@pytest.fixture(scope="module")
def campaign(sky, receiver):
    """300 noisy fixes of six satellites, four occasions each; seed 20251007."""
    skies = first(sky, 6)
    data = scene.assistance(skies)
    clean = scene.measure(skies, receiver)
    rng = np.random.default_rng(20251007)
    fixes = [solve_toa(scene.noisy(clean, rng), data, toa_model_std_s=0.0) for _ in range(300)]
    return fixes, cramer_rao(clean, data, receiver.ue, receiver.offset_s)


def test_errors_are_at_the_bound(campaign, receiver):
    """NEES against the bound's covariance summed over 300 fixes, inside the 99 % interval of chi-square."""
    fixes, bound = campaign
    axes = np.array([[*row] for row in _axes(receiver.ue)])
    errors = np.array([axes @ (np.array(f.estimate.ecef_m) - receiver.ue) for f in fixes])
    total = np.einsum("ki,ij,kj->", errors, np.linalg.inv(bound.covariance_enu_m2), errors)
    low, high = chi2.ppf([0.005, 0.995], 3 * len(fixes))
    assert low < total < high
    horizontal = np.sqrt(np.mean(np.sum(errors[:, :2] ** 2, axis=1)))
    assert horizontal == pytest.approx(bound.horizontal_m, rel=0.12)     # 3 deviations of 300 draws


def test_errors_are_unbiased(campaign, receiver):
    """Mean of 300 errors within the 99.7 % sphere of its own covariance."""
    fixes, bound = campaign
    axes = _axes(receiver.ue)
    mean = axes @ (np.mean([f.estimate.ecef_m for f in fixes], axis=0) - receiver.ue)
    assert len(fixes) * mean @ np.linalg.inv(bound.covariance_enu_m2) @ mean < chi2.ppf(0.997, 3)


def test_covariance_is_honest(campaign, receiver):
    """NEES against each fix's own covariance, mean of 300 in its 95 % interval."""
    fixes, _ = campaign
    nees = []
    for fix in fixes:
        error = np.array(fix.estimate.ecef_m) - receiver.ue
        nees.append(error @ np.linalg.solve(np.array(fix.estimate.covariance_ecef_m2), error))
    low, high = chi2.ppf([0.025, 0.975], 3 * len(nees)) / len(nees)
    assert low < np.mean(nees) < high


def test_sound_measurements_are_left_alone(campaign):
    """At a false alarm probability of 1e-4 each, 300 fixes without one are 97 % likely; one is allowed."""
    fixes, _ = campaign
    assert sum(f.status != "ok" or bool(f.excluded) for f in fixes) <= 1


def test_false_alarms_are_no_more_than_stated(sky, receiver):
    """At a stated 5 %, alarms among 200 draws (seed 7) stay below the 99.9 % point of their count."""
    skies = first(sky, 5)
    data = scene.assistance(skies)
    clean = scene.measure(skies, receiver, arrivals=(3.2,))
    rng = np.random.default_rng(7)
    fixes = [solve_toa(scene.noisy(clean, rng), data, toa_model_std_s=0.0, false_alarm=0.05) for _ in range(200)]
    alarms = sum(f.status != "ok" for f in fixes)
    assert alarms <= binom.ppf(0.999, 200, 0.05)
    assert alarms >= 1      # a test that never alarms at 5 % is no test


@pytest.mark.parametrize("count, height", [(6, None), (8, None), (5, 24.0)])
def test_a_late_satellite_is_excluded(sky, receiver, count, height):
    """300 ns of excess delay at 1 ns deviation, each satellite in turn, seed 11: always found, position kept."""
    skies = first(sky, count)
    data = scene.assistance(skies)
    rng = np.random.default_rng(11)
    for name in skies:
        measured = scene.late(scene.noisy(scene.measure(skies, receiver), rng), name, 300e-9)
        fix = solve_toa(measured, data, height)
        if fix.status == "ambiguous":      # without this one the others' geometry cannot name it
            assert height is not None and fix.candidates
            assert min(np.linalg.norm(np.array(c.ecef_m) - receiver.ue) for c in fix.candidates) < 60.0
            continue
        assert fix.status == "ok", fix.reason
        assert [e.satellite for e in fix.excluded] == [name]
        assert "ns" in fix.excluded[0].reason and name not in fix.used
        assert error_m(fix, receiver.ue) < 6.0 * np.sqrt(np.trace(fix.estimate.covariance_ecef_m2))


def test_small_faults_are_detected_at_the_rate_theory_gives(sky, receiver):
    """A fault of 6 ns at 0.5 ns (four occasions of 1 ns): excluded in nearly all of 40 draws (seed 3), never another
    satellite in its place."""
    skies = first(sky, 8)
    data = scene.assistance(skies)
    clean = scene.measure(skies, receiver)
    name = list(skies)[2]
    rng = np.random.default_rng(3)
    named = []
    for _ in range(40):
        fix = solve_toa(scene.late(scene.noisy(clean, rng), name, 6e-9), data, toa_model_std_s=0.0)
        named += [e.satellite for e in fix.excluded]
    assert set(named) == {name} and len(named) >= 36


@pytest.mark.parametrize("fault_s", [1e-6, 1e-3])
def test_a_wrong_satellite_clock_is_excluded(sky, receiver, fault_s):
    """300 m and 300 km: the second drags the fix off the Earth before it is found."""
    skies = first(sky, 6)
    name = list(skies)[3]
    fix = solve_toa(scene.late(scene.measure(skies, receiver), name, fault_s), scene.assistance(skies))
    assert fix.status == "ok" and [e.satellite for e in fix.excluded] == [name]
    assert error_m(fix, receiver.ue) < 1e-3


def test_one_satellite_too_many_detects_but_cannot_name(sky, receiver):
    """Five satellites without a height: each one left out gives a place that fits; none is picked silently."""
    skies = first(sky, 5)
    name = list(skies)[1]
    fix = solve_toa(scene.late(scene.measure(skies, receiver), name, 300e-9), scene.assistance(skies))
    assert fix.status == "ambiguous" and "cannot tell which" in fix.reason and fix.excluded == ()
    without = {c.without: np.array(c.ecef_m) for c in fix.candidates}
    assert np.linalg.norm(without[name] - receiver.ue) < 1e-3


def test_four_satellites_hide_a_fault_and_the_fix_says_there_is_no_redundancy(sky, receiver):
    """Nothing can be tested; the position is off and only dof tells that nobody checked the satellites."""
    skies = first(sky, 4)
    measured = scene.late(scene.measure(skies, receiver, arrivals=(3.2,)), list(skies)[1], 300e-9)
    fix = solve_toa(measured, scene.assistance(skies))
    assert fix.status == "ok" and fix.dof < 0.1 and error_m(fix, receiver.ue) > 10.0


def test_two_faults_are_not_explained_away(sky, receiver):
    """300 ns and -200 ns on two of six: no single exclusion helps, so there is no fix."""
    skies = first(sky, 6)
    measured = scene.late(scene.measure(skies, receiver), list(skies)[0], 300e-9)
    fix = solve_toa(scene.late(measured, list(skies)[4], -200e-9), scene.assistance(skies))
    assert fix.status in ("no_fix", "ambiguous") and "disagree" in fix.reason


def test_a_wrong_height_is_excluded(sky, receiver):
    skies = first(sky, 6)
    fix = solve_toa(scene.measure(skies, receiver), scene.assistance(skies), 74.0)
    assert fix.status == "ok" and [e.satellite for e in fix.excluded] == ["height"]
    assert "+50.0 m" in fix.excluded[0].reason and error_m(fix, receiver.ue) < 1e-3


@pytest.mark.parametrize("off_s", [40e-9, 3e-5])
def test_one_false_peak_does_not_cost_a_satellite(sky, receiver, off_s):
    """One occasion of 24 is off by 40 sigma or by 9 km: the row goes, its satellite stays."""
    skies = first(sky, 6)
    measured = scene.noisy(scene.measure(skies, receiver), np.random.default_rng(4))
    measured[5] = replace(measured[5], toa_s=measured[5].toa_s + off_s)
    fix = solve_toa(measured, scene.assistance(skies))
    assert fix.status == "ok" and fix.excluded == () and len(fix.used) == 6
    assert f"1 of {measured[5].satellite}" in fix.reason
    assert error_m(fix, receiver.ue) < 6.0 * np.sqrt(np.trace(fix.estimate.covariance_ecef_m2))


def test_deviations_stated_too_small_cost_no_satellite(sky, receiver):
    """Noise 2.5 times what the rows say, 30 draws of seed 9: nothing excluded, covariance widened to fit."""
    skies = first(sky, 6)
    data = scene.assistance(skies)
    rng = np.random.default_rng(9)
    clean = scene.measure(skies, receiver)
    nees = []
    for _ in range(30):
        fix = solve_toa([replace(row, toa_std_s=row.toa_std_s / 2.5) for row in scene.noisy(clean, rng)], data)
        assert fix.status == "ok" and fix.excluded == ()
        error = np.array(fix.estimate.ecef_m) - receiver.ue
        nees.append(error @ np.linalg.solve(np.array(fix.estimate.covariance_ecef_m2), error))
    assert np.mean(nees) < 2.0 * 3.0        # without widening it would be 6 times 3


def test_running_engine_follows_the_batch(sky, receiver):
    """Fixes from the first occasion on; the last one is the batch's, and foreign messages change nothing."""
    skies = first(sky, 6)
    data = scene.assistance(skies)
    measured = scene.noisy(scene.measure(skies, receiver), np.random.default_rng(6))
    engine = PositionEngine(data)
    assert engine.fix().status == "no_fix"
    statuses, spread = [], []
    for row in sorted(measured, key=lambda row: row.t_s):
        assert engine.add(row)
        statuses.append(engine.fix().status)
        if engine.fix().estimate is not None:
            spread.append(engine.fix().estimate.horizontal_std_m)
    assert statuses[0] == "unobservable" and statuses[-1] == "ok"
    assert spread[-1] < spread[0]
    assert not engine.add(replace(measured[0], satellite="NO-SUCH"))
    assert not engine.add(replace(measured[0], kind="rtt"))
    assert engine.ignored == 2
    assert engine.fix().to_json() == solve_toa(measured, data).to_json()


def _axes(place) -> np.ndarray:
    """East, north, up by pymap3d, for errors and the bound."""
    import pymap3d
    lat, lon, height = pymap3d.ecef2geodetic(*place)
    return np.array([np.array(pymap3d.enu2ecef(*axis, lat, lon, height)) - place for axis in np.eye(3)])
