# SPDX-License-Identifier: GPL-3.0-or-later
"""Protection level: against formulas written here again, and against how often errors exceed it, with and
without a fault."""

import itertools
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, norm

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))

import position_scene as scene  # noqa: E402
import round_trips  # noqa: E402
from ntnpos.errors import InputError  # noqa: E402
from ntnpos.network.assistance import parse_assistance  # noqa: E402
from ntnpos.network.measurements import from_json_line  # noqa: E402
from ntnpos.position import rows, solve  # noqa: E402
from ntnpos.position.integrity import monitor  # noqa: E402
from ntnpos.position.observations import Layout  # noqa: E402
from ntnpos.position.protection import IntegrityBudget, protection_level  # noqa: E402
from ntnpos.position.rows import Height  # noqa: E402
from ntnpos.position.system import System, Weighted  # noqa: E402

FREQUENT = IntegrityBudget(risk=0.01, false_alarm=0.02, satellite_fault=0.05, height_fault=0.05)
"""So frequent that a few hundred trials can tell."""
LAYOUT = Layout(0.0, clock=3, drift=None)
PLACE = scene.ecef()


@dataclass(frozen=True)
class Plane:
    """Rows that are linear in the unknowns: matrix (x - PLACE, clock) - measured."""

    sources: tuple
    matrix: np.ndarray
    measured: np.ndarray
    std: np.ndarray
    kind: str = "toa"

    def evaluate(self, layout, state):
        off = state - np.append(PLACE, 0.0)
        return off @ self.matrix.T - self.measured, np.broadcast_to(
            self.matrix, (len(state), *self.matrix.shape)
        )


def axes():
    """East, north, up at the place, rows."""
    lat, lon = np.radians(scene.DUBLIN[:2])
    return np.array(
        [
            [-np.sin(lon), np.cos(lon), 0.0],
            [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)],
            [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)],
        ]
    )


def directions(count):
    """Matrix [count, 4] of pseudo-ranges: elevations 25 to 80 degrees, azimuths all round."""
    azimuth, elevation = 2.4 * np.arange(count), np.radians(np.linspace(25.0, 80.0, count))
    local = np.column_stack(
        [np.cos(elevation) * np.sin(azimuth), np.cos(elevation) * np.cos(azimuth), np.sin(elevation)]
    )
    return np.column_stack([-local @ axes(), np.ones(count)])


def problem(matrix, std, measured=None):
    """The linear problem and its least-squares solution."""
    names = tuple(f"S{k}" for k in range(len(matrix)))
    measured = np.zeros(len(matrix)) if measured is None else measured
    step = np.linalg.lstsq(matrix / std[:, None], measured / std, rcond=None)[0]
    return System(LAYOUT, (Weighted(Plane(names, matrix, measured, std)),)), np.append(PLACE, 0.0) + step


def textbook_level(matrix, std, budget):
    """The horizontal level by inverse normal matrices and bisection, and the covariance it starts from."""

    def covariance(kept):
        weighted = matrix[kept] / std[kept, None]
        return np.linalg.inv(weighted.T @ weighted)[:3, :3]

    everyone = np.arange(len(matrix))
    full = axes()[:2] @ covariance(everyone) @ axes()[:2].T
    _, vectors = np.linalg.eigh(full)
    square = 0.0
    for vector in vectors.T:
        along = vector @ axes()[:2]
        own = np.sqrt(along @ covariance(everyone) @ along)
        parts = [np.sqrt(along @ covariance(np.delete(everyone, k)) @ along) for k in everyone]
        k_alarm = norm.isf(budget.false_alarm / 4 / len(matrix))
        low, high = 0.0, 1e6
        for _ in range(200):
            level = 0.5 * (low + high)
            total = 2.0 * norm.sf(level / own)
            for part in parts:
                threshold = k_alarm * np.sqrt(part**2 - own**2)
                total += budget.satellite_fault * min(1.0, 2.0 * norm.sf((level - threshold) / part))
            low, high = (level, high) if total > budget.risk / 2 else (low, level)
        square += level**2
    return np.sqrt(square), full


@pytest.mark.parametrize("count", [6, 9])
@pytest.mark.parametrize("budget", [IntegrityBudget(), FREQUENT])
def test_level_is_that_of_the_textbook(count, budget):
    matrix, std = directions(count), np.linspace(0.3, 2.0, count)
    found = protection_level(*problem(matrix, std), budget)
    expected, full = textbook_level(matrix, std, budget)
    assert found.hpl_m == pytest.approx(expected, rel=1e-6)
    assert found.hpl_m > norm.isf(budget.risk / 4) * np.sqrt(np.max(np.linalg.eigvalsh(full)))
    pairs = count * (count - 1) / 2 * budget.satellite_fault**2
    assert found.risk == pytest.approx(min(1.0, budget.risk + pairs)) and found.unwatched == ()
    doubled = protection_level(*problem(matrix, std), budget, variance_factor=4.0)
    assert doubled.hpl_m == pytest.approx(2.0 * found.hpl_m, rel=1e-6)


def trial(rng, matrix, std, bias_of=None, bias_m=0.0):
    """Horizontal error and level of one draw."""
    measured = std * rng.standard_normal(len(std))
    if bias_of is not None:
        measured[bias_of] += bias_m
    system, state = problem(matrix, std, measured)
    return float(np.linalg.norm(axes()[:2] @ (state[:3] - PLACE))), protection_level(system, state, FREQUENT)


def test_sound_errors_exceed_the_level_no_more_often_than_stated_and_alarms_are_as_rare():
    """1000 draws, stated risk 1 % and alarm rate 2 %."""
    rng, n = np.random.default_rng(81), 1000
    matrix, std = directions(7), np.full(7, 1.0)
    found = [trial(rng, matrix, std) for _ in range(n)]
    exceeded = sum(level.hpl_m is not None and error > level.hpl_m for error, level in found)
    alarms = sum(level.hpl_m is None for _, level in found)
    assert exceeded <= binom.ppf(0.975, n, FREQUENT.risk)
    # The separations are correlated: fewer alarms than the union bound, but not none.
    assert 0 < alarms <= binom.ppf(0.975, n, FREQUENT.false_alarm)
    assert all("farther off than chance" in level.reason for _, level in found if level.hpl_m is None)


@pytest.mark.parametrize("bias_m", [3.0, 6.0, 9.0, 15.0])
def test_an_unnoticed_fault_exceeds_the_level_no_more_often_than_stated(bias_m):
    """300 draws a bias, the satellite chosen at random: given the fault, what is left of the risk is risk /
    prior = 20 %."""
    rng, n = np.random.default_rng([82, int(bias_m)]), 300
    matrix, std = directions(7), np.full(7, 1.0)
    found = [trial(rng, matrix, std, int(rng.integers(7)), bias_m) for _ in range(n)]
    harmful = sum(level.hpl_m is not None and error > level.hpl_m for error, level in found)
    assert harmful <= binom.ppf(0.975, n, FREQUENT.risk / FREQUENT.satellite_fault)
    if bias_m >= 15.0:
        assert sum(level.hpl_m is None for _, level in found) > 0.9 * n


def test_a_fault_nobody_watches_is_in_the_stated_risk():
    """Four satellites give a position, but none of them is checked by the others."""
    found = protection_level(*problem(directions(4), np.ones(4)), IntegrityBudget())
    assert found.unwatched == ("S0", "S1", "S2", "S3") and found.hpl_m > 0.0
    assert found.risk == pytest.approx(1e-5 + 4e-4 + 6e-8)
    assert protection_level(*problem(directions(3), np.ones(3))).reason == "the rows leave the position open"


def test_real_geometry_with_and_without_a_late_satellite():
    """14 solves each under Starlink satellites: levels hold, and the fault that is left out is not in the
    level."""
    skies = dict(itertools.islice(scene.visible(least_deg=20.0).items(), 7))
    assistance = scene.assistance(skies)
    clean = scene.measure(skies, scene.Receiver(PLACE), arrivals=(3.2,))
    names, rng, exceeded, levels = list(skies), np.random.default_rng(83), 0, []
    for number in range(28):
        drawn = scene.noisy(clean, rng)
        if number % 2:
            drawn = scene.late(drawn, names[number % 7], 60e-9)
        outcome = monitor(rows.build(rows.usable(drawn, assistance), assistance)[0], assistance)
        attempt = outcome.attempt
        if outcome.status != "ok":
            continue
        assert attempt.without == (names[number % 7] if number % 2 else None)
        found = protection_level(attempt.system, attempt.best.solution.state, IntegrityBudget(risk=1e-3))
        if found.hpl_m is None:
            continue
        error = axes()[:2] @ (attempt.best.solution.state[:3] - PLACE)
        exceeded += np.linalg.norm(error) > found.hpl_m
        levels.append(found.hpl_m)
    assert len(levels) > 20 and exceeded == 0 and 1.0 < np.median(levels) < 30.0


def test_a_wrong_height_is_one_of_the_faults():
    skies = dict(itertools.islice(scene.visible(least_deg=20.0).items(), 6))
    assistance = scene.assistance(skies)
    drawn = scene.measure(skies, scene.Receiver(PLACE), arrivals=(3.2,))
    system, _ = rows.build(rows.usable(drawn, assistance), assistance, Height(scene.DUBLIN[2], 1.0))
    outcome = monitor(system, assistance)
    found = protection_level(outcome.attempt.system, outcome.attempt.best.solution.state)
    assert [s.source for s in found.separations][-1] == "height" and found.hpl_m > 0.0
    assert all(np.hypot(*s.offset_m) < 0.01 for s in found.separations)


def test_what_only_a_height_makes_sharp_is_not_watched_by_the_rest():
    """Round trips of one satellite and a height: neither checks the other, which the risk says, and not the
    level."""
    low = round_trips.Pass()
    rows = [
        from_json_line(line)
        for line in low.lines(np.linspace(0.0, 20.0, 5), 200e-9, np.random.default_rng(84))
    ]
    fix = solve(rows, parse_assistance(low.assistance("left")), height_m=500.0, height_std_m=20.0)
    assert fix.status == "ok" and 3.0 < fix.hpl_m / fix.estimate.horizontal_std_m < 6.0
    assert fix.integrity_risk == pytest.approx(1e-5 + 2e-4 + 1e-8)


@pytest.mark.parametrize(
    "field, value",
    [("risk", 0.0), ("false_alarm", 0.7), ("satellite_fault", "rare"), ("height_fault", float("nan"))],
)
def test_a_budget_refuses_what_is_no_probability(field, value):
    with pytest.raises(InputError, match=f"integrity budget: {field}: .*allowed: a number above 0 to 0.5"):
        replace(IntegrityBudget(), **{field: value})


def test_fix_lines_state_the_level_of_a_single_place_and_no_other():
    skies = dict(itertools.islice(scene.visible(least_deg=20.0).items(), 6))
    clean = scene.measure(skies, scene.Receiver(PLACE), arrivals=(3.2,))
    line = solve(clean, scene.assistance(skies)).to_dict()
    assert line["status"] == "ok" and line["hpl_m"] > 3.0 * line["horizontal_std_m"]
    assert line["integrity_risk"] == pytest.approx(1e-5 + 15 * 1e-8)
    five = dict(itertools.islice(skies.items(), 5))
    doubtful = scene.late(
        scene.measure(five, scene.Receiver(PLACE), arrivals=(3.2,)), next(iter(five)), 60e-9
    )
    line = solve(doubtful, scene.assistance(five)).to_dict()
    assert line["status"] == "ambiguous" and line["hpl_m"] is None and line["integrity_risk"] is None
