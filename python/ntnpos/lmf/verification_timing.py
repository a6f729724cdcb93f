# SPDX-License-Identifier: GPL-3.0-or-later
"""Level 1: measured delays against those of a claimed place. A veto: it can refute a claim, never prove one.

A claimed place gives a delay for every row. The differences, and their means over runs of 2, 4, 8, ... rows
of one satellite (noise averages there, a false place does not), must stay within the threshold; where their
own uncertainty is larger than that, within what chance explains. All places of the same ranges pass, a mirror
of the ground track among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

import numpy as np
from scipy.special import ndtr, ndtri

from ..position import geometry
from ..position.system import System
from ..world.constants import C_M_S
from ..world.frames import geodetic_to_ecef
from . import verification_geometry
from .claim import Claim, Thresholds

DELAYS = {"rtt": 2.0, "toa": 1.0, "ul_rtoa": 1.0}
"""Kinds of rows that are delays, and how often each crosses the service link."""

_LEAST_SHARE = 1e-6  # of a run's variance that the clock must leave to be a test


@dataclass(frozen=True)
class TimingRows:
    """Delays beside those of a claim.

    Attributes
    ----------
    sources : satellite id of each of n rows
    t_s : [n] when
    difference_s : [n] measured minus the claim's
    std_s : [n] standard deviation of the measured
    common_std_s : [n] standard deviation of an error that all rows of a satellite share
    gradient : [n, 3] change of the claim's delay with east, north and up, s/m
    nuisance : [n, k] effect of unknowns that the rows share (a clock's offset and drift), any unit; k may be
        0
    """

    sources: tuple[str, ...]
    t_s: np.ndarray
    difference_s: np.ndarray
    std_s: np.ndarray
    common_std_s: np.ndarray
    gradient: np.ndarray
    nuisance: np.ndarray


@dataclass(frozen=True)
class Run:
    """A mean over consecutive rows of one satellite: the difference from the claim's delay, and its
    uncertainty."""

    satellite: str
    t_s: float
    rows: int
    difference_s: float
    std_s: float
    threshold_s: float


@dataclass(frozen=True)
class TimingTest:
    """What the delays say about a claim.

    Attributes
    ----------
    vetoed : some run is beyond its threshold
    worst : the run that is farthest beyond (or nearest to) its threshold; None where nothing can be tested
    sharpest_std_s : least uncertainty of a run; inf likewise
    probability : of a true claim to have a difference as unlikely as the most unlikely one, over all runs
    """

    vetoed: bool
    worst: Run | None
    sharpest_std_s: float
    probability: float


def delays_beside(system: System, claim: Claim, orbit_std_m: Mapping[str, float]) -> TimingRows | None:
    """The delays of a system of rows beside those of a claim; None where it has none.

    `orbit_std_m`: deviation of each coordinate of the ephemeris by satellite; absent: 0."""
    state = np.zeros(system.layout.size)
    state[system.layout.position] = claim.ecef
    axes = geometry.local_axes(claim.ecef)
    shared = [x for x in (system.layout.clock, system.layout.drift, system.layout.sending) if x is not None]
    blocks = []
    for part in system.parts:
        crossings = DELAYS.get(part.model.kind)
        if crossings is None:
            continue
        residual, jacobian = part.model.evaluate(system.layout, state[None])
        model = part.model
        t_s = model.t_s if hasattr(model, "t_s") else 0.5 * (model.t_tx_s + model.t_rx_s)
        orbit = [orbit_std_m.get(name, 0.0) for name in model.sources]
        common = np.hypot(part.common_std, crossings / C_M_S * np.array(orbit))
        one = np.broadcast_to(part.scale * model.std, residual[0].shape)
        blocks.append(
            (
                np.array(model.sources, dtype=object),
                np.ravel(t_s),
                -residual[0],
                one,
                common,
                jacobian[0][:, system.layout.position] @ axes.T,
                jacobian[0][:, shared],
            )
        )
    if not blocks:
        return None
    sources, *columns = (np.concatenate(column) for column in zip(*blocks))
    return TimingRows(tuple(sources), *columns)


def out_of_reach(system: System, claim: Claim, radius_m: float, false_alarm: float) -> str | None:
    """Satellite whose round trip no place within a radius of the claim can give; None where every one can be
    met.

    Places are sampled on rings at three heights within three of its deviations; 3 % are allowed for what lies
    between.
    """
    part = system.part("rtt")
    if part is None:
        return None
    ring = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    offsets = np.array(
        [[0.0, 0.0]] + [[r * np.sin(a), r * np.cos(a)] for r in (radius_m / 2, radius_m) for a in ring]
    )
    heights = claim.height_m + 3.0 * claim.height_std_m * np.array([-1.0, 0.0, 1.0])
    lat, lon = verification_geometry.places_around(claim.latitude_deg, claim.longitude_deg, offsets)
    places = geodetic_to_ecef(lat, lon, heights[:, None]).reshape(-1, 3)
    states = np.zeros((len(places), system.layout.size))
    states[:, system.layout.position] = places
    residual = part.model.evaluate(system.layout, states)[0]
    margin = (
        0.03 * np.ptp(residual, axis=0)
        - ndtri(0.5 * false_alarm / residual.shape[1]) * part.scale * part.model.std
    )
    beyond = (np.min(residual, axis=0) > margin) | (np.max(residual, axis=0) < -margin)
    return None if not beyond.any() else part.model.sources[int(np.argmax(beyond))]


def judge_delays(
    rows: TimingRows, horizontal_std_m: float, height_std_m: float, thresholds: Thresholds
) -> TimingTest:
    """Hold every run of rows against the threshold.

    Parameters
    ----------
    horizontal_std_m, height_std_m : float
        How well the claimed place itself is known: it shifts all rows together.
    """
    spread = rows.gradient * [horizontal_std_m, horizontal_std_m, height_std_m]
    means = _without_clock(rows, spread) if rows.nuisance.shape[1] else _runs(rows, spread)
    if not means:
        return TimingTest(False, None, np.inf, 1.0)
    quantile = -float(ndtri(0.5 * thresholds.false_alarm / len(means)))
    runs = [
        Run(name, float(t_s), int(count), float(difference), std, max(thresholds.rtt_s, quantile * std))
        for name, t_s, count, difference, variance in means
        for std in [float(np.sqrt(variance))]
    ]
    worst = max(runs, key=lambda run: abs(run.difference_s) / run.threshold_s)
    rarest = min(2.0 * float(ndtr(-abs(run.difference_s) / run.std_s)) for run in runs)
    return TimingTest(
        abs(worst.difference_s) > worst.threshold_s,
        worst,
        min(run.std_s for run in runs),
        min(1.0, rarest * len(runs)),
    )


def _by_source(rows: TimingRows) -> list[np.ndarray]:
    """Rows of each satellite, in the order of time."""
    names = np.asarray(rows.sources, dtype=object)
    found = [np.flatnonzero(names == name) for name in dict.fromkeys(rows.sources)]
    return [picked[np.argsort(rows.t_s[picked], kind="stable")] for picked in found]


def _runs(rows: TimingRows, spread: np.ndarray) -> list[tuple]:
    """Satellite, time, rows, mean difference and its variance of every run of 1, 2, 4, ... rows of a
    satellite, and of all.

    `spread` [n, 3]: what the claim's own deviations do to each row."""
    found = []
    for picked in _by_source(rows):
        weight = 1.0 / rows.std_s[picked] ** 2
        columns = np.column_stack(
            [
                weight,
                weight * rows.t_s[picked],
                weight * rows.difference_s[picked],
                weight * rows.common_std_s[picked],
                weight[:, None] * spread[picked],
            ]
        )
        length, count = 1, len(picked)
        while length < 2 * count:
            run = min(length, count)
            starts = np.arange(0, count - run + 1, run)
            sums = np.add.reduceat(columns[: starts[-1] + run], starts, axis=0)
            mean = sums[:, 1:] / sums[:, :1]
            variance = 1.0 / sums[:, 0] + np.sum(mean[:, 2:] ** 2, axis=1)
            found += zip(
                [rows.sources[picked[0]]] * len(starts), mean[:, 0], [run] * len(starts), mean[:, 1], variance
            )
            length *= 2
    return found


def _without_clock(rows: TimingRows, spread: np.ndarray) -> list[tuple]:
    """The same of each satellite's mean alone, after the shared unknowns are fitted; none where these explain
    all."""
    inverse = 1.0 / rows.std_s
    basis, size, _ = np.linalg.svd(rows.nuisance * inverse[:, None], full_matrices=False)
    basis = basis[:, size > 1e-9 * size[0]]
    satellites = _by_source(rows)
    found = []
    for picked in satellites:
        mean = np.zeros(len(inverse))
        mean[picked] = inverse[picked] ** 2 / np.sum(inverse[picked] ** 2)
        whitened = mean / inverse
        left = whitened - basis @ (basis.T @ whitened)
        if np.sum(left**2) <= _LEAST_SHARE * np.sum(whitened**2):
            continue
        weight = left * inverse
        shared = [weight[others] @ rows.common_std_s[others] for others in satellites]
        variance = np.sum(left**2) + np.sum((weight @ spread) ** 2) + np.sum(np.square(shared))
        found.append(
            (
                rows.sources[picked[0]],
                np.mean(rows.t_s[picked]),
                len(picked),
                weight @ rows.difference_s,
                variance,
            )
        )
    return found
