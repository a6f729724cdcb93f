# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults among rows of every kind: single rows, whole satellites, heights; and sound rows left alone."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import method_scene as scene  # noqa: E402
from ntnpos.position import solve  # noqa: E402

SEEDS = range(2)


def spoiled(row, by):
    """A measurement whose value is off by so many of its deviations (a direction's along one axis)."""
    value, std = scene.NOISE.get(row.kind, (None, "direction_std_deg"))
    if row.kind == "toa":
        return replace(row, toa_s=row.toa_s + by * row.toa_std_s)
    if row.kind == "aoa":
        d = np.array(row.extra["direction_ecef"])
        off = np.radians(by * row.extra[std]) * np.linalg.svd(d[None])[2][1]
        return replace(row, extra=row.extra | {"direction_ecef": tuple((d + off) / np.linalg.norm(d + off))})
    return replace(row, extra=row.extra | {value: row.extra[value] + by * row.extra[std]})


def long_rows(kind: str, names: str, times) -> list:
    s = scene.senders()
    return [getattr(scene, kind)(name, s[name], t) for name in names for t in times]


def near(fix, deviations: float = 5.0) -> bool:
    """Whether the fix (or a candidate) is as near the truth as it says."""
    for e in (fix.estimate, *fix.candidates):
        off = np.array(e.ecef_m) - scene.UE
        if off @ np.linalg.solve(np.array(e.covariance_ecef_m2), off) < deviations**2:
            return True
    return False


@pytest.mark.parametrize(
    "kind, names, by",
    [
        ("rtt", "A", 60.0),
        ("rtt", "AB", 30.0),
        ("ul_rtoa", "ABC", 60.0),
        ("aoa", "AB", 30.0),
        ("range_rate", "ABCD", 40.0),
    ],
)
def test_one_wild_row_is_left_out(kind, names, by):
    """Of five a satellite: the others keep the place."""
    clean = long_rows(kind, names, (0.0, 10.0, 20.0, 30.0, 40.0))
    a = scene.assistance()
    for seed in SEEDS:
        measured = scene.noisy(clean, np.random.default_rng(seed))
        measured[3] = spoiled(measured[3], by)
        fix = solve(measured, a, scene.PLACE[2])
        assert fix.estimate is not None and "left out: 1 of A" in fix.reason and near(fix), (
            fix.status,
            fix.reason,
        )


@pytest.mark.parametrize(
    "kind, by, unit",
    [
        ("rtt", 40.0, "round trip"),
        ("ul_rtoa", 60.0, "uplink arrival"),
        ("aoa", 30.0, "direction"),
        ("range_rate", 60.0, "range rate"),
    ],
)
def test_a_faulty_satellite_is_excluded(kind, by, unit):
    """All rows of one of four satellites are off alike."""
    clean = long_rows(kind, "ABCD", (0.0, 20.0))
    a = scene.assistance()
    for seed in SEEDS:
        measured = [
            spoiled(row, by) if row.satellite == "C" else row
            for row in scene.noisy(clean, np.random.default_rng(seed))
        ]
        fix = solve(measured, a, scene.PLACE[2])
        assert fix.status == "ok" and [e.satellite for e in fix.excluded] == ["C"], (fix.status, fix.reason)
        assert unit in fix.excluded[0].reason and near(fix) and "C" not in fix.used


def test_two_satellites_that_disagree_are_not_decided():
    """One of two satellites' round trips is 2 us late: no one can say whose, and the fix says so."""
    measured = [spoiled(row, 200.0) if row.satellite == "B" else row
                for row in scene.noisy(long_rows("rtt", "AB", (0.0, 10.0)), np.random.default_rng(1))]
    fix = solve(measured, scene.assistance(), scene.PLACE[2])
    assert fix.status in ("ambiguous", "no_fix") and "disagree" in fix.reason


def test_a_wrong_height_is_excluded():
    measured = scene.noisy(long_rows("rtt", "ABCD", (0.0, 10.0)), np.random.default_rng(2))
    fix = solve(measured, scene.assistance(), scene.PLACE[2] + 400.0)
    assert fix.status == "ok" and [e.satellite for e in fix.excluded] == ["height"] and near(fix)


@pytest.mark.parametrize("case", ["multi-rtt-4", "multi-rtt-2", "ul-tdoa", "aoa", "e-cid", "mixed"])
def test_sound_rows_are_left_alone(case):
    """6 draws each at a false-alarm probability of 1e-4."""
    clean, height, _ = scene.methods()[case]
    a = scene.assistance()
    for seed in range(6):
        fix = solve(scene.noisy(clean, np.random.default_rng(seed)), a, height)
        assert (
            fix.status in ("ok", "ambiguous")
            and not fix.excluded
            and "left out" not in (fix.reason or "")
            and near(fix)
        )


def test_deviations_stated_too_small_widen_the_covariance():
    """Noise of 2.5 times what is stated, over four satellites: no satellite is blamed, the covariance
    grows."""
    clean = long_rows("rtt", "ABCD", (0.0, 1.0, 2.0, 3.0))
    rng = np.random.default_rng(5)
    measured = [spoiled(row, 2.5 * rng.standard_normal()) for row in clean]
    fix, plain = solve(measured, scene.assistance(), scene.PLACE[2]), solve(
        clean, scene.assistance(), scene.PLACE[2]
    )
    assert fix.status == "ok" and not fix.excluded
    assert 1.7 < fix.estimate.horizontal_std_m / plain.estimate.horizontal_std_m < 3.5 and near(fix)
