# SPDX-License-Identifier: GPL-3.0-or-later
"""Many UEs at once: every method at its Cramer-Rao bound with an honest covariance; the same places as one by
one."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).resolve().parent))

import method_scene as scene  # noqa: E402
from ntnpos.position import cramer_rao, fuse, rows, solve  # noqa: E402
from ntnpos.position.geometry import local_axes  # noqa: E402
from ntnpos.position.many import bounds_many, solve_many, stacked  # noqa: E402
from ntnpos.position.rows import Height  # noqa: E402

TRIALS = int(os.environ.get("NTNPOS_TRIALS", "4000"))
CASES = sorted(scene.methods())


@pytest.fixture(scope="module")
def methods():
    return scene.methods()


def built(case):
    measured, height, _ = case
    a = scene.assistance()
    known = None if height is None else Height(height, 1.0)
    return rows.build(rows.usable(measured, a), a, known, toa_model_std_s=0.0)[0], known


@pytest.mark.parametrize("case", CASES)
def test_errors_are_at_the_bound_and_the_covariance_is_honest(methods, case):
    """Horizontal rms within 3 % of the bound; NEES within the interval that holds for all methods together at
    95 %."""
    system, known = built(methods[case])
    rng = np.random.default_rng([2024, CASES.index(case)])
    found = solve_many(scene.many(system, TRIALS, rng), scene.start(system, TRIALS))
    assert found.converged.all()
    error = found.position - scene.UE
    bound = cramer_rao(methods[case][0], scene.assistance(), scene.UE, scene.CLOCK_S, known, scene.SENDING_S)
    east, north, _ = (error @ local_axes(scene.UE).T).T
    assert np.sqrt(np.mean(east**2 + north**2)) == pytest.approx(bound.horizontal_m, rel=0.03)
    nees = np.einsum("ki,kij,kj->k", error, np.linalg.inv(found.covariance[:, :3, :3]), error)
    spread = norm.isf(0.025 / len(CASES)) * np.sqrt(2.0 * 3.0 / TRIALS)
    assert abs(np.mean(nees) - 3.0) < spread
    assert np.all(np.abs(np.mean(error, axis=0)) < 4.5 * np.std(error, axis=0) / np.sqrt(TRIALS))


@pytest.mark.parametrize("case", CASES)
def test_the_same_place_as_one_by_one(methods, case):
    """Measurement lines with noise through `solve`, and the same rows stacked: within a millionth of a
    deviation."""
    measured, height, _ = methods[case]
    a, rng = scene.assistance(), np.random.default_rng(7)
    trials = [scene.noisy(measured, rng) for _ in range(3)]
    fixes = [solve(trial, a, height) for trial in trials]
    known = None if height is None else Height(height, 1.0)
    many = stacked([rows.build(rows.usable(trial, a), a, known)[0] for trial in trials])
    found = solve_many(many, scene.start(many, 3))
    for fix, place, covariance in zip(fixes, found.position, found.covariance):
        places = np.array([e.ecef_m for e in (fix.estimate, *fix.candidates)])
        off = places[np.argmin(np.linalg.norm(places - place, axis=1))] - place
        assert off @ np.linalg.solve(covariance[:3, :3], off) < 1e-6
        if fix.estimate.ecef_m == tuple(places[np.argmin(np.linalg.norm(places - place, axis=1))]):
            assert np.allclose(
                np.array(fix.estimate.covariance_ecef_m2), covariance[:3, :3], rtol=1e-3, atol=1e-4
            )


def test_an_open_direction_is_infinite_and_a_lost_start_says_so(methods):
    system, _ = built(methods["multi-rtt-4"])
    one = system.only({"rtt": np.arange(8) < 2})
    found = solve_many(one, scene.start(one, 3))
    assert np.isinf(found.covariance[:, :3, :3]).any(axis=(1, 2)).all()
    bad = scene.start(system, 2)
    bad[1] = np.nan
    found = solve_many(system, bad)
    assert found.converged.tolist() == [True, False]


def test_unlike_ues_are_refused(methods):
    (a, _), (b, _) = built(methods["multi-rtt-4"]), built(methods["multi-rtt-2"])
    with pytest.raises(ValueError, match="differ"):
        stacked([a, b])


def test_many_at_once_is_fast(methods):
    """At least 26 times a loop of single solves, both by processor time in this run (the benchmark has the
    figure)."""
    measured, height, _ = methods["dl-tdoa"]
    a = scene.assistance()
    system, _ = built(methods["dl-tdoa"])
    many = scene.many(system, 2000, np.random.default_rng(3))
    starts = scene.start(system, 2000)
    solve_many(many, starts)
    begin = time.process_time()
    solve_many(many, starts)
    each = (time.process_time() - begin) / 2000
    begin = time.process_time()
    for _ in range(5):
        solve(measured, a, height)
    single = (time.process_time() - begin) / 5
    assert single > 26.0 * each


def test_bounds_of_many_are_those_of_each(methods):
    """Over places 200 km apart, by `cramer_rao` one by one."""
    measured, height, _ = methods["multi-rtt-4"]
    system, known = built(methods["multi-rtt-4"])
    places = scene.UE + np.array([[0.0, 0.0, 0.0], [5e4, -8e4, 2e4], [-9e4, 3e4, 1e4]])
    found = bounds_many(system, places)
    for place, covariance in zip(places, found):
        local = local_axes(place) @ covariance[:3, :3] @ local_axes(place).T
        assert np.allclose(
            local, cramer_rao(measured, scene.assistance(), place, height=known).covariance_enu_m2, rtol=1e-6
        )


def test_fused_fixes_are_at_the_joint_bound(methods):
    """Angles of two satellites and round trips of four, solved apart and fused, beside one solve of all rows;
    8 draws."""
    a, rng = scene.assistance(), np.random.default_rng(9)
    clean = [methods["aoa"][0], methods["multi-rtt-4"][0]]
    nees = []
    for _ in range(8):
        apart = [scene.noisy(rows_of, rng) for rows_of in clean]
        fused = fuse([solve(rows_of, a, toa_model_std_s=0.0) for rows_of in apart])
        joint = solve(apart[0] + apart[1], a, toa_model_std_s=0.0)
        assert (
            np.allclose(fused.ecef_m, joint.estimate.ecef_m, atol=0.05)
            and fused.p_value > 1e-4
            and fused.dof == 3
        )
        assert np.allclose(fused.covariance_ecef_m2, joint.estimate.covariance_ecef_m2, rtol=0.01, atol=0.01)
        off = fused.ecef_m - scene.UE
        nees.append(off @ np.linalg.solve(fused.covariance_ecef_m2, off))
    assert 0.8 < np.mean(nees) < 6.5


def test_fusion_picks_the_candidates_that_agree(methods):
    """E-CID of two satellites leaves a mirror each; together one place."""
    a, s = scene.assistance(), scene.senders()
    fixes = [
        solve([scene.rtt(n, s[n], 0.0), scene.range_rate(n, s[n], 0.0)], a, scene.PLACE[2]) for n in "AB"
    ]
    assert [fix.status for fix in fixes] == ["ambiguous"] * 2
    fused = fuse(fixes)
    assert np.linalg.norm(fused.ecef_m - scene.UE) < 1.0 and not len(fused.others)
    assert fuse([]) is None and np.allclose(fuse(fixes[:1]).ecef_m, fixes[0].estimate.ecef_m)
    assert len(fuse(fixes[:1]).others) == 1


def test_huber_weights_keep_a_wild_row_from_deciding(methods):
    measured = list(methods["multi-rtt-4"][0])
    wild = measured[0]
    measured[0] = replace(wild, extra=wild.extra | {"rtt_s": wild.extra["rtt_s"] + 3e-6})
    system = [
        rows.build(
            rows.usable(measured, scene.assistance()), scene.assistance(), toa_model_std_s=0.0, huber=huber
        )[0]
        for huber in (np.inf, 2.0)
    ]
    plain, robust = (np.linalg.norm(solve_many(s, scene.start(s, 1)).position[0] - scene.UE) for s in system)
    assert plain > 100.0 and robust < 0.05 * plain
