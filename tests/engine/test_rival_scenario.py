# SPDX-License-Identifier: GPL-3.0-or-later
"""A published self-test of another single-satellite engine, with this one: a UE at the pole, ranges of 20 m
noise over one pass.

The satellite is stated at t = 0 in ECEF as (0, -2826323.2, 6356752.3) m and (0, 6916.62, 3075.25) m/s,
two-body; the velocity is taken as relative to the turning frame. The UE is at rest at (0, 0, 6356752.314) m,
its height known to a metre. A range counts as half a round trip that is answered at once. `NTNPOS_TRIALS`
sets the number of draws (default 1000).
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).resolve().parent))

import chain_scene as cs  # noqa: E402
from test_ambiguity_any import replaced  # noqa: E402
from ntnpos.position.anchor_rows import RttRows  # noqa: E402
from ntnpos.position.geometry import local_axes  # noqa: E402
from ntnpos.position.layout import Layout  # noqa: E402
from ntnpos.position.many import solve_many  # noqa: E402
from ntnpos.position.observations import HeightRow  # noqa: E402
from ntnpos.position.starts import mirrored  # noqa: E402
from ntnpos.position.system import System, Weighted  # noqa: E402

TRIALS = int(os.environ.get("NTNPOS_TRIALS", "1000"))
UE = np.array([0.0, 0.0, 6356752.314])
START, SPEED = np.array([0.0, -2826323.2, 6356752.3]), np.array([0.0, 6916.62, 3075.25])
RANGE_STD_M = 20.0


@pytest.fixture(scope="module")
def flights() -> dict[str, cs.Flight]:
    """The satellite, two-body alone (`J2` of the scene off), and itself turned by +90 degrees about the
    Earth's axis."""
    j2, cs.J2 = cs.J2, 0.0
    try:
        first = cs.Flight(START, SPEED, span_s=720.0)
        quarter = np.pi / 2.0
        second = cs.Flight(cs.turned(START, quarter), cs.turned(SPEED, quarter), span_s=720.0)
    finally:
        cs.J2 = j2
    return {"S": first, "T": second}


def rows_of(flights: dict[str, cs.Flight], last_s: float) -> System:
    """Noise-free round trips every 5 s and the height."""
    std = 2.0 * RANGE_STD_M / cs.C
    names, tx, rx, places, rtt = [], [], [], [], []
    for name, flight in flights.items():
        for t in np.arange(0.0, last_s + 1.0, 5.0):
            down = flight.down_s(UE, t)
            back = flight.meets(UE, t + down)
            names.append(name)
            tx.append(t)
            rx.append(back)
            places.append((flight.ecef(t), flight.ecef(back)))
            rtt.append(down + flight.up_s(UE, back))
    places = np.array(places)
    model = RttRows(
        tuple(names),
        places[:, 0],
        places[:, 1],
        np.array(tx),
        np.array(rx),
        np.array(rtt),
        np.full(len(rtt), std),
    )
    height = HeightRow(0.0, np.array([1.0]))
    return System(Layout.of(0.5 * last_s, False, False), (Weighted(model), Weighted(height)))


def draws(system: System, seed: int) -> System:
    rng = np.random.default_rng(seed)
    model = system.part("rtt").model
    noisy = replaced(
        system, "rtt", rtt_s=model.rtt_s + model.std * rng.standard_normal((TRIALS, len(model.std)))
    )
    return replaced(noisy, "height", height_m=rng.standard_normal((TRIALS, 1)))


def horizontal(places: np.ndarray) -> np.ndarray:
    return np.linalg.norm((places - UE) @ local_axes(UE)[:2].T, axis=-1)


def bound_m(system: System) -> float:
    """Horizontal Cramer-Rao bound, from the slopes of the independent light times by differences."""
    _, jacobian = system.evaluate(UE[None])
    covariance = np.linalg.inv(jacobian[0].T @ jacobian[0])
    local = local_axes(UE) @ covariance @ local_axes(UE).T
    return float(np.sqrt(local[0, 0] + local[1, 1]))


def both_sides(system: System, last_s: float):
    """The solutions of each draw from the UE and from its mirror, and the mirror without noise."""
    mirror = solve_many(system, mirrored(system, UE)[:1])
    assert mirror.converged.all() and 2e4 < np.linalg.norm(mirror.position[0] - UE) < 2e5
    noisy = draws(system, int(last_s))
    here, there = (solve_many(noisy, np.tile(place, (TRIALS, 1))) for place in (UE, mirror.position))
    assert np.mean(here.converged & there.converged) >= 0.999
    return noisy, here, there, mirror


@pytest.mark.parametrize("last_s", [700.0, 180.0])
def test_errors_at_the_bound_and_the_side_named_as_often_as_can_be(flights, last_s):
    """The side is right with probability Phi(separation / 2), the separation being what the mirror's fit
    costs without noise."""
    system = rows_of({"S": flights["S"]}, last_s)
    _, here, there, mirror = both_sides(system, last_s)
    separation = float(np.sqrt(mirror.cost[0]))
    bound = bound_m(system)
    assert np.sqrt(np.mean(horizontal(here.position) ** 2)) == pytest.approx(bound, rel=0.06)
    right = np.mean(here.cost < there.cost)
    possible = norm.cdf(0.5 * separation)
    spread = 3.0 * np.sqrt(possible * (1.0 - possible) / TRIALS) + 1.0 / TRIALS
    print(
        f"{last_s:.0f} s: bound {bound:.1f} m, separation {separation:.2f}, "
        f"right side {right:.3f} of {possible:.3f} possible"
    )
    assert abs(right - possible) <= spread


def test_where_two_mirrors_merge_the_likeliest_place_is_found(flights):
    """Over 90 s the bound (7.8 km) is half the mirrors' distance: a bound says nothing there, and the
    reference is the likelihood itself, on a grid of 100 m along the valley that both lie in, the other two
    coordinates eliminated at each point."""
    system = rows_of({"S": flights["S"]}, 90.0)
    noisy, here, there, mirror = both_sides(system, 90.0)
    x = np.arange(-60e3, 90e3, 100.0)
    share = x / mirror.position[0, 0]
    way = np.column_stack([x, share * mirror.position[0, 1], np.full(len(x), UE[2])])
    # On the ellipsoid: down by x^2 / (2 R) with the pole's radius of curvature.
    way[:, 2] -= x**2 / (2.0 * 6399593.6)
    residual, jacobian = system.evaluate(way)
    noise = noisy.evaluate(np.tile(UE, (TRIALS, 1)))[0] - system.evaluate(UE[None])[0]
    cost = np.empty((TRIALS, len(x)))
    for g in range(len(x)):
        basis = np.linalg.qr(jacobian[g][:, 1:])[0]
        total = residual[g] + noise
        cost[:, g] = np.sum(total**2, axis=1) - np.sum((total @ basis) ** 2, axis=1)
    best = np.where((here.cost <= there.cost)[:, None], here.position, there.position)
    least = np.minimum(here.cost, there.cost)
    inside = np.abs(best[:, 0]) < 55e3
    assert (
        inside.all() and np.all(least <= cost.min(axis=1) + 1e-3) and np.all(least >= cost.min(axis=1) - 0.02)
    )
    middle = 0.5 * mirror.position[0, 0]
    right, possible = np.mean(best[:, 0] < middle), np.mean(x[np.argmin(cost, axis=1)] < middle)
    rms = np.sqrt(np.mean(horizontal(here.position) ** 2))
    print(
        f"90 s: bound {bound_m(system):.0f} m, rms on the true side {rms:.0f} m, "
        f"right side {right:.3f}, by the grid {possible:.3f}"
    )
    assert abs(right - possible) < 0.01 and 0.5 < right < 0.9


def test_a_second_satellite_leaves_one_solution_within_100_m(flights):
    system = rows_of(flights, 20.0)
    noisy = draws(system, 20)
    found = solve_many(noisy, np.tile(UE, (TRIALS, 1)))
    error = horizontal(found.position)
    assert found.converged.all() and np.sqrt(np.mean(error**2)) == pytest.approx(bound_m(system), rel=0.06)
    assert np.mean(error < 100.0) > 0.99
    mirrors = [solve_many(noisy, np.tile(image, (TRIALS, 1))) for image in mirrored(system, UE)]
    # From either mirror the way leads back, or ends where the fit is out of the question.
    for other in mirrors:
        assert np.all(
            (np.linalg.norm(other.position - found.position, axis=1) < 1.0)
            | (other.cost > found.cost + 40.0)
            | ~other.converged
        )
