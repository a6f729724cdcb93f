# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracking: the filter against a plain Kalman filter, and tracks against walks of the tests' own world."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

import position_scene as scene
import tracking_scene as ways
import round_trips
from ntnpos.errors import InputError
from ntnpos.network.assistance import parse_assistance
from ntnpos.network.measurements import from_json_line
from ntnpos.position import unscented
from ntnpos.position.motion import MOTIONS, Motion
from ntnpos.position.result import Estimate, Fix
from ntnpos.position.rows import Height
from ntnpos.position.tracking import Tracker, TrackState, first_state
from ntnpos.position.tracking_windows import predicted_windows

FLIGHT = Motion(1.0, 0.3, 200.0, 10.0, clock_m2_s=0.01, drift_m2_s3=0.035)
ABOVE_DUBLIN = (53.3498, -6.2603, 10000.0)


@pytest.fixture(scope="module")
def sky():
    """Six Starlink satellites by two orbit models: the tests' own, and assistance data."""
    skies = dict(itertools.islice(scene.visible(ABOVE_DUBLIN, t_s=30.0).items(), 6))
    return ways.orbits(skies), scene.assistance(skies, prior=ABOVE_DUBLIN)


def start_near(walk, rng, stds=(300.0, 30.0, 30.0, 0.3)):
    """A first state at a random distance from the truth, as its deviations say."""
    deviation = np.repeat(stds, [3, 3, 1, 1])
    return TrackState(walk.t_s[0], walk.state(0) + deviation * rng.standard_normal(8), np.diag(deviation))


def nees(state, truth):
    """Squared error in units of the stated covariance."""
    error = state.mean - truth
    return float(np.sum(np.linalg.solve(state.root.T, error) ** 2))


# ------------------------------------------------------------------------------------ the filter alone


def test_linear_steps_are_those_of_a_kalman_filter_in_its_textbook_form():
    rng = np.random.default_rng(5)
    n, m = 5, 3
    transition, noise, rows = (
        rng.standard_normal((n, n)),
        rng.standard_normal((n, n)),
        rng.standard_normal((m, n)),
    )
    mean, root, measured = rng.standard_normal(n), rng.standard_normal((n, n)), rng.standard_normal(m)
    p = transition @ root.T @ root @ transition.T + noise.T @ noise
    after, after_root = unscented.moved(mean, root, transition, noise)
    assert after == pytest.approx(transition @ mean) and after_root.T @ after_root == pytest.approx(p)
    innovation = unscented.Innovation(after, after_root, lambda x: x @ rows.T - measured)
    s = rows @ p @ rows.T + np.eye(m)
    gain = p @ rows.T @ np.linalg.inv(s)
    found, found_root = innovation.updated(np.arange(m))
    assert found == pytest.approx(after + gain @ (measured - rows @ after), rel=1e-9)
    assert found_root.T @ found_root == pytest.approx((np.eye(n) - gain @ rows) @ p, rel=1e-8, abs=1e-8)
    off = measured - rows @ after
    assert innovation.distance(np.arange(m)) == pytest.approx(off @ np.linalg.solve(s, off))
    back = root.T @ root @ transition.T @ np.linalg.inv(p)
    late, late_root = rng.standard_normal(n), rng.standard_normal((n, n))
    smooth, smooth_root = unscented.smoothed(mean, root, transition, noise, late, late_root)
    assert smooth == pytest.approx(mean + back @ (late - transition @ mean), rel=1e-7)
    expected = root.T @ root + back @ (late_root.T @ late_root - p) @ back.T
    assert smooth_root.T @ smooth_root == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_process_noise_is_that_of_white_acceleration():
    motion, place, dt, h = (
        Motion(2.0, 0.5, 1.0, 1.0, 0.3, 0.7),
        ways.world.geodetic_to_ecef(40.0, 70.0, 0.0),
        4.0,
        0.004,
    )
    transition, root = motion.step(place, dt)
    small, small_root = motion.step(place, h)
    # One long step is a thousand short ones.
    covariance = np.zeros((8, 8))
    for _ in range(1000):
        covariance = small @ covariance @ small.T + small_root.T @ small_root
    assert root.T @ root == pytest.approx(covariance, rel=1e-9, abs=1e-9)
    assert transition == pytest.approx(np.linalg.matrix_power(small, 1000))
    local = ways.world.enu(40.0, 70.0) @ (root.T @ root)[3:6, 3:6] @ ways.world.enu(40.0, 70.0).T
    assert np.diag(local) == pytest.approx([8.0, 8.0, 2.0])
    assert (root.T @ root)[7, 7] == pytest.approx(2.8) and (root.T @ root)[6, 6] == pytest.approx(
        1.2 + 0.7 * 64 / 3
    )


@pytest.mark.parametrize(
    "field, value", [("horizontal_m2_s3", -1.0), ("drift_m2_s3", float("nan")), ("speed_std_m_s", "fast")]
)
def test_motion_refuses_what_is_no_noise(field, value):
    with pytest.raises(InputError, match=f"motion: {field}: .*allowed: a number from 0"):
        replace(MOTIONS["vehicle"], **{field: value})


# ------------------------------------------------------------------------------------ tracks


def follow(sky, walk, rng, **noise):
    """A tracker and its updates over a walk."""
    orbits, assistance = sky
    tracker = Tracker(assistance, FLIGHT, start_near(walk, rng))
    updates = [tracker.update(batch) for batch in ways.measure(walk, orbits, rng, **noise)]
    return tracker, [update for done in updates for update in done]


def random_walk(rng, times):
    heading = rng.uniform(0.0, 2.0 * np.pi)
    return ways.wander(
        rng,
        times,
        ABOVE_DUBLIN,
        220.0 * np.array([np.sin(heading), np.cos(heading), 0.0]),
        (1.0, 0.3),
        (1e-5, 1e-7, 0.01, 0.035),
    )


def test_errors_are_as_large_as_stated_over_40_walks(sky):
    """NEES of all eight unknowns, at every update, after smoothing, and of the innovations: inside their 95 %
    intervals."""
    runs, times = 40, np.arange(0.0, 20.1, 4.0)
    filtered, smooth, innovation, dof = [], [], 0.0, 0
    for seed in range(runs):
        rng = np.random.default_rng([71, seed])
        walk = random_walk(rng, times)
        tracker, updates = follow(sky, walk, rng)
        assert all(not update.rejected for update in updates) and len(updates) == len(times)
        filtered.append([nees(update.state, walk.state(k)) for k, update in enumerate(updates)])
        smooth.append([nees(state, walk.state(k)) for k, state in enumerate(tracker.smoothed())])
        innovation += sum(update.chi2 for update in updates)
        dof += sum(update.dof for update in updates)
    low, high = chi2.ppf([0.025, 0.975], 8 * runs) / runs
    for index in (1, len(times) // 2, len(times) - 1):
        assert low < np.mean([run[index] for run in filtered]) < high
        assert low < np.mean([run[index] for run in smooth]) < high
    assert chi2.ppf(0.025, dof) < innovation < chi2.ppf(0.975, dof)


def test_a_gap_is_bridged_with_honest_growth_and_smoothed(sky):
    """Forty seconds without a measurement, 20 walks: prediction and smoothed middle are as far off as
    stated."""
    runs = 20
    times = np.concatenate([np.arange(0.0, 10.1, 2.0), np.arange(50.0, 60.1, 2.0)])
    at_end, in_middle, widths = [], [], []
    for seed in range(runs):
        rng = np.random.default_rng([172, seed])
        fine = np.unique(np.append(times, 30.0))
        walk = random_walk(rng, fine)
        seen = np.flatnonzero(fine != 30.0)
        orbits, assistance = sky
        tracker = Tracker(assistance, FLIGHT, start_near(walk, rng))
        batches = ways.measure(walk, orbits, rng)
        for index in seen[:6]:
            tracker.update(batches[index])
        before, predicted = tracker.state, tracker.predicted(50.0)
        at_end.append(nees(predicted, walk.state(7)))
        for index in seen[6:]:
            tracker.update(batches[index])
        (middle,) = tracker.smoothed([30.0])
        in_middle.append(nees(middle, walk.state(6)))
        widths.append((before.horizontal_std_m, predicted.horizontal_std_m, middle.horizontal_std_m))
    low, high = chi2.ppf([0.025, 0.975], 8 * runs) / runs
    assert low < np.mean(at_end) < high and low < np.mean(in_middle) < high
    before, late, middle = np.mean(widths, axis=0)
    # White acceleration of 1 m2/s3 alone spreads by sqrt(2 * 40^3 / 3) in a gap of 40 s, the clock and the
    # speed come on top.
    assert late > np.sqrt(2.0 * 40.0**3 / 3.0) and before < 0.05 * late and middle < 0.35 * late


def test_an_aircraft_is_where_the_track_says_and_not_where_a_fix_at_rest_would_be(sky):
    """250 m/s on a straight course, begun 1 km off with no idea of the velocity."""
    rng = np.random.default_rng(73)
    walk = ways.wander(
        rng, np.arange(0.0, 10.1, 0.5), ABOVE_DUBLIN, (200.0, 150.0, 0.0), (0.0, 0.0), (1e-5, 1e-7, 0.0, 0.0)
    )
    orbits, assistance = sky
    begun = TrackState(
        0.0,
        np.concatenate([walk.place[0] + 600.0, np.zeros(3), [3000.0, 0.0]]),
        np.diag([1e3] * 3 + [150.0] * 3 + [3e3, 100.0]),
    )
    tracker = Tracker(assistance, MOTIONS["aircraft"], begun)
    for batch in ways.measure(walk, orbits, rng):
        tracker.update(batch)
    state = tracker.state
    off = np.linalg.norm(state.mean[:3] - walk.place[-1])
    assert off < 4.0 and state.horizontal_std_m < 2.0
    assert nees(state, walk.state(-1)) < chi2.ppf(0.999, 8)
    assert state.velocity_enu_m_s == pytest.approx([200.0, 150.0, 0.0], abs=2.0)
    assert state.clock_offset_s == pytest.approx(walk.offset_s[-1], abs=2e-8)


def test_outliers_are_left_out_and_a_lost_track_says_so(sky):
    rng = np.random.default_rng(74)
    walk = random_walk(rng, np.arange(0.0, 20.1, 2.0))
    orbits, assistance = sky
    clean, dirty = (Tracker(assistance, FLIGHT, start_near(walk, np.random.default_rng(1))) for _ in range(2))
    names = list(orbits)
    for k, batch in enumerate(ways.measure(walk, orbits, rng)):
        clean.update(batch)
        bad = names[k % 6] if k >= 3 else None
        spoilt = [replace(row, toa_s=row.toa_s + 3e-7) if row.satellite == bad else row for row in batch]
        (update,) = dirty.update(spoilt)
        assert update.rejected == ((bad,) if bad else ())
    assert not dirty.lost
    assert nees(dirty.state, walk.state(-1)) < chi2.ppf(0.999, 8)
    for k in range(3):
        batch = [
            replace(row, t_s=row.t_s + 1.0 + k, toa_s=row.toa_s + 1e-4 * (i - 2.5))
            for i, row in enumerate(ways.measure(walk, orbits)[-1])
        ]
        assert dirty.update(batch)[0].used == ()
    assert dirty.lost


def test_fixes_can_be_followed_too(sky):
    rng = np.random.default_rng(75)
    runs, found = 60, []
    covariance = np.diag([9.0, 16.0, 25.0])
    for seed in range(runs):
        rng = np.random.default_rng([75, seed])
        walk = random_walk(rng, np.arange(0.0, 10.1, 1.0))
        tracker = Tracker(sky[1], FLIGHT, start_near(walk, rng))
        for k, t_s in enumerate(walk.t_s):
            place = walk.place[k] + np.sqrt(np.diag(covariance)) * rng.standard_normal(3)
            estimate = Estimate(tuple(place), tuple(map(tuple, covariance)), None, None, 0.0)
            assert tracker.update_fix(Fix("ok", t_s=float(t_s), estimate=estimate)) is not None
        found.append(nees(tracker.state, walk.state(-1)))
    assert tracker.update_fix(Fix("ambiguous", t_s=20.0, estimate=estimate)) is None
    low, high = chi2.ppf([0.025, 0.975], 8 * runs) / runs
    assert low < np.mean(found) < high


def test_round_trips_of_one_satellite_and_a_height_are_followed_to_their_bound():
    """20 draws of 11 round trips over 20 s, begun 1 km off on the right side: the position's NEES is in its
    95 % interval."""
    low, runs, found = round_trips.Pass(), 20, []
    assistance, times = parse_assistance(low.assistance("left")), np.linspace(0.0, 20.0, 11)
    for seed in range(runs):
        rng = np.random.default_rng([78, seed])
        root = np.diag([700.0] * 3 + [1e-3] * 3 + [1e3, 10.0])
        begun = TrackState(0.0, np.concatenate([low.ue, np.zeros(5)]) + root @ rng.standard_normal(8), root)
        tracker = Tracker(
            assistance, MOTIONS["rest"], begun, Height(500.0 + 5.0 * rng.standard_normal(), 5.0)
        )
        for line in low.lines(times, 20e-9, rng):
            tracker.update([from_json_line(line)])
        state = tracker.state
        error = state.mean[:3] - low.ue
        found.append(error @ np.linalg.solve(state.covariance[:3, :3], error))
        assert state.horizontal_std_m < 200.0
    low_limit, high = chi2.ppf([0.025, 0.975], 3 * runs) / runs
    assert low_limit < np.mean(found) < high


def test_memory_is_bounded_and_time_goes_forward(sky):
    orbits, assistance = sky
    rng = np.random.default_rng(76)
    walk = random_walk(rng, np.arange(0.0, 6.1, 1.0))
    tracker = Tracker(assistance, FLIGHT, start_near(walk, rng), most=3)
    for batch in ways.measure(walk, orbits, rng):
        tracker.update(batch)
    assert len(tracker.smoothed()) == 3
    with pytest.raises(ValueError, match="allowed: from the last update"):
        tracker.predicted(1.0)


# ------------------------------------------------------------------------------------ back to the receiver


def test_predicted_windows_hold_the_truth_and_are_narrow(sky):
    orbits, assistance = sky
    held = 0
    for seed in range(10):
        rng = np.random.default_rng([77, seed])
        walk = random_walk(rng, np.append(np.arange(0.0, 10.1, 2.0), [10.5, 11.0, 12.0]))
        tracker = Tracker(assistance, FLIGHT, start_near(walk, rng))
        for batch in ways.measure(walk, orbits, rng)[:6]:
            tracker.update(batch)
        for window in predicted_windows(tracker, assistance, 10.2, 12.0):
            assert window.half_width_s < 3e-6 and window.doppler_half_width_hz < 500.0
            for index in (6, 7, 8):
                toa, doppler = ways.readings(walk, index, orbits[window.satellite])
                toa_there, doppler_there = window.predict(walk.t_s[index])
                held += (
                    abs(toa - toa_there) < window.half_width_s
                    and abs(doppler - doppler_there) < window.doppler_half_width_hz
                )
    assert held == 10 * 6 * 3


def test_first_state_is_the_fix_with_room_for_motion():
    covariance = ((4.0, 1.0, 0.0), (1.0, 9.0, 0.0), (0.0, 0.0, 1.0))
    fix = Fix("ok", t_s=5.0, estimate=Estimate(tuple(scene.ecef()), covariance, 1e-4, 1e-7, 0.0))
    state = first_state(fix, MOTIONS["aircraft"], clock_std_s=1e-6, inflation=3.0)
    assert state.covariance[:3, :3] == pytest.approx(9.0 * np.array(covariance))
    assert state.velocity_enu_m_s == pytest.approx([0.0] * 3) and state.clock_offset_s == pytest.approx(1e-4)
    assert np.trace(state.covariance[3:6, 3:6]) == pytest.approx(2 * 200.0**2 + 10.0**2)
    with pytest.raises(ValueError, match="no position"):
        first_state(Fix("no_fix"), MOTIONS["rest"])
