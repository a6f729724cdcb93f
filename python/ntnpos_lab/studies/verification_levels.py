# SPDX-License-Identifier: GPL-3.0-or-later
"""The study `verification`: what each level of verification refutes, confirms and leaves open, in seeded
passes."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ntnpos.lmf import verification_position as position
from ntnpos.lmf import verification_timing as timing
from ntnpos.lmf.claim import Claim, Thresholds
from ntnpos.position.many import Many, solve_many
from ntnpos.position.result import Estimate, Fix
from ntnpos.world.frames import ecef_to_geodetic, enu_rotation, geodetic_to_ecef

from . import intervals
from .effort import Effort
from .rows import Findings, Requirement, Row
from .verification_passes import Passes, draw_passes, measured
from .work import Part, blocks, generator

ERRORS = "Position error, right side known"
LEVEL_1 = "Level 1: 200 ns veto"
LEVEL_2 = "Level 2: within 10 km"
REPORTS = "Steps of the reports, 50 km off the track, 20 s, 20 ns of noise"
PERCENTILES = (50.0, 67.0, 80.0, 90.0, 95.0)
LIES_1_M = (100.0, 300.0, 1000.0, 10000.0)
LIES_2_KM = (12.0, 15.0, 20.0, 30.0)
THRESHOLDS_NS = (25.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1600.0)
CONFIDENCES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
ROC_LIE_KM = 15.0
PAPER_KM = {
    (12.5, 2.0): 101991661.6,
    (12.5, 5.0): 27316025.1,
    (12.5, 20.0): 788492.6,
    (50.0, 5.0): 28757874.3,
    (50.0, 20.0): 335207.2,
}
"""Table 4 of the contribution: position accuracy from PDOP with four unknowns at 200 ns, km, by distance and
window."""
NEEDED_KM = {
    (50.0, 2.0): 10.0,
    (50.0, 5.0): 5.0,
    (50.0, 20.0): 1.0,
    (200.0, 2.0): 10.0,
    (200.0, 5.0): 5.0,
    (200.0, 20.0): 1.0,
}
"""Largest 95 % error at 200 ns."""
_NEAR = 0.3  # of the distance to the track: where the search begins, off the truth
_BLOCK = 250


def solved(passes: Passes, system, across_m: float) -> tuple[Many, Many]:
    """Solutions that begin on the UE's side of the track and on the other."""
    starts = []
    for share in (_NEAR, 2.0 - _NEAR):
        offset = share * across_m * (passes.side[:, None] * passes.right)
        place = geodetic_to_ecef(*passes.moved(offset[:, 0], offset[:, 1]), passes.height_m)
        starts.append(solve_many(system, place))
    return starts[0], starts[1]


def horizontal(passes: Passes, many: Many) -> tuple[np.ndarray, np.ndarray]:
    """East and north errors [K, 2] in m, and their stated covariances [K, 2, 2]."""
    axes = enu_rotation(passes.latitude_deg, passes.longitude_deg)[:, :2]
    error = np.einsum("kij,kj->ki", axes, many.position - passes.ue)
    return error, np.einsum("kij,kjl,kml->kim", axes, many.covariance[:, :3, :3], axes)


def wrong_side(passes: Passes, many: Many, across_m: float) -> np.ndarray:
    """UEs [K] whose solution has crossed the track."""
    axes = enu_rotation(passes.latitude_deg, passes.longitude_deg)[:, :2]
    right = np.einsum("kj,kji->ki", passes.right, axes)
    return passes.side * np.sum(right * (many.position - passes.ue), axis=1) > across_m


def fix_of(own: Many, other: Many | None, k: int) -> Fix:
    """The fix of one UE: the likelier place first, the other as a candidate where it is another."""
    found = (
        [own]
        if other is None or np.linalg.norm(own.position[k] - other.position[k]) < 100.0
        else [own, other]
    )
    found.sort(key=lambda many: many.cost[k])
    least = found[0].cost[k]
    estimates = [
        Estimate(
            tuple(m.position[k]),
            tuple(map(tuple, m.covariance[k, :3, :3])),
            None,
            None,
            float(m.cost[k]),
            likelihood=float(np.exp(-0.5 * (m.cost[k] - least))),
        )
        for m in found
    ]
    return Fix(
        "ok" if len(found) == 1 else "ambiguous", estimate=estimates[0], candidates=tuple(estimates[1:])
    )


def errors(
    seeds: tuple[int, ...], count: int, across_km: float, window_s: float, noise_s: float, step_s: float
) -> dict[str, Any]:
    """Horizontal errors of UEs whose side is known, and what their covariances say they are."""
    rng = generator(*seeds)
    passes = draw_passes(rng, count, 1e3 * across_km)
    own, _ = solved(passes, measured(passes, rng, window_s, noise_s, step_s), 1e3 * across_km)
    error, covariance = horizontal(passes, own)
    # The same covariance's own draws: the percentiles that an unbiased estimate at its bound has.
    root = np.linalg.cholesky(covariance)
    drawn = np.einsum("kij,kj->ki", root, generator(*seeds, 1).standard_normal((count, 2)))
    return {"error_m": np.hypot(*error.T), "bound_m": np.hypot(*drawn.T)}


def lied(passes: Passes, rng: np.random.Generator, distance_m: float) -> list[Claim]:
    """A false claim for each UE: so far away in any direction, at the UE's height."""
    bearing = rng.uniform(0.0, 2.0 * np.pi, len(passes.side))
    lat, lon = passes.moved(distance_m * np.sin(bearing), distance_m * np.cos(bearing))
    return [Claim(float(a), float(o), float(h)) for a, o, h in zip(lat, lon, passes.height_m)]


def level_1(
    seeds: tuple[int, ...], count: int, across_km: float, window_s: float, noise_s: float
) -> dict[str, np.ndarray]:
    """By how far off the claim is (0: the truth): vetoes [count, thresholds], and in a last column the test's
    probability."""
    rng = generator(*seeds)
    passes = draw_passes(rng, count, 1e3 * across_km)
    system = measured(passes, rng, window_s, noise_s)
    found = {}
    for distance_m in (0.0, *LIES_1_M):
        claims = lied(passes, rng, distance_m)
        vetoes = np.zeros((count, len(THRESHOLDS_NS) + 1))
        for k, claim in enumerate(claims):
            rows = timing.delays_beside(system.pick(np.array([k])), claim, {})
            for column, limit in enumerate(THRESHOLDS_NS):
                test = timing.judge_delays(rows, 0.0, 0.0, Thresholds(rtt_s=1e-9 * limit))
                vetoes[k, column] = test.vetoed
            vetoes[k, -1] = test.probability
        found[f"{distance_m:g}"] = vetoes
    return found


def level_2(
    seeds: tuple[int, ...], count: int, across_km: float, window_s: float, noise_s: float, known: bool
) -> dict[str, Any]:
    """Verdicts and probabilities of true, mirrored and false claims."""
    rng = generator(*seeds)
    passes = draw_passes(rng, count, 1e3 * across_km)
    own, other = solved(passes, measured(passes, rng, window_s, noise_s), 1e3 * across_km)
    claims = {"truth": lied(passes, rng, 0.0)} | {
        f"{d:g} km off": lied(passes, rng, 1e3 * d) for d in LIES_2_KM
    }
    # The mirror as a liar would compute it: the place across the track whose round trips without noise fit
    # best.
    _, mirror = solved(passes, measured(passes, None, window_s, noise_s), 1e3 * across_km)
    lat, lon, _ = ecef_to_geodetic(mirror.position)
    claims["mirror"] = [Claim(float(a), float(o), float(h)) for a, o, h in zip(lat, lon, passes.height_m)]
    crossed = wrong_side(passes, mirror, 1e3 * across_km)  # others fell back to the truth: nothing to claim
    astray = wrong_side(passes, own, 1e3 * across_km) if known else np.zeros(count, dtype=bool)
    found: dict[str, Any] = {}
    for name, of in claims.items():
        verdicts, probability = [], np.zeros(count)
        for k, claim in enumerate(of):
            if name == "mirror" and not crossed[k]:
                probability[k] = np.nan
                continue
            if astray[k]:  # the cell tells that this place is none
                verdicts.append("inconclusive")
                continue
            fix = fix_of(own, None if known else other, k)
            judged = position.judge_places(
                position.places_of(fix, claim, Thresholds().radius_m), Thresholds()
            )
            verdicts.append(judged.verdict)
            probability[k] = judged.probability
        found[name] = (verdicts, probability)
    return found


def conclude_errors(
    case: str, group: str, key: tuple[float, float] | None, results: list[dict[str, Any]]
) -> Findings:
    """Percentiles, each beside what the covariances promise."""
    error = np.concatenate([r["error_m"] for r in results]) / 1e3
    bound = np.concatenate([r["bound_m"] for r in results]) / 1e3
    rows = []
    for percent in PERCENTILES:
        last = percent == PERCENTILES[-1]
        needed = NEEDED_KM.get(key) if last and key else None
        rows.append(
            Row(
                case,
                f"{percent:g} % of the horizontal error",
                "km",
                len(error),
                float(np.percentile(error, percent)),
                paper=PAPER_KM.get(key) if last and key else None,
                bound=float(np.percentile(bound, percent)),
                interval=of_percentile(error, percent),
                group=group,
                requirement=None if needed is None else Requirement(high=needed),
            )
        )
    return Findings(rows, {f"error {group} {case}": np.sort(error)})


def of_percentile(values: np.ndarray, percent: float) -> tuple[float, float]:
    """95 % interval of a percentile, from the ranks around it (normal approximation of the binomial)."""
    n, p = len(values), percent / 100.0
    half = 1.96 * np.sqrt(n * p * (1.0 - p))
    low, high = np.clip([np.floor(n * p - half), np.ceil(n * p + half)], 0, n - 1).astype(int)
    ordered = np.sort(values)
    return float(ordered[low]), float(ordered[high])


def share(
    case: str,
    quantity: str,
    group: str,
    hits: np.ndarray,
    high: float | None = None,
    low: float | None = None,
) -> Row:
    """A row with the share of hits."""
    count, n = int(np.count_nonzero(hits)), len(hits)
    needed = (
        None
        if high is None and low is None
        else Requirement(
            *(x for x in ((low if low is not None else -np.inf), (high if high is not None else np.inf)))
        )
    )
    return Row(
        case,
        quantity,
        "1",
        n,
        count / n,
        interval=intervals.of_share(count, n),
        group=group,
        requirement=needed,
    )


def conclude_level_1(case: str, results: list[dict[str, np.ndarray]]) -> Findings:
    """False alarms and detections at 200 ns, and the curve over thresholds."""
    vetoes = {name: np.concatenate([r[name] for r in results]) for name in results[0]}
    at = THRESHOLDS_NS.index(200.0)
    refuted = {name: found[:, at] > 0.0 for name, found in vetoes.items()}
    rows = [
        share(case, "true claims refuted (false alarm)", LEVEL_1, refuted["0"], high=Thresholds().false_alarm)
    ]
    rows += [
        share(case, f"claims {d / 1e3:g} km off not refuted (missed)", LEVEL_1, ~refuted[f"{d:g}"])
        for d in LIES_1_M
    ]
    curve = {
        name: {"refuted": np.mean(found[:, :-1], axis=0), "probability": np.sort(found[:, -1])}
        for name, found in vetoes.items()
    }
    return Findings(rows, {f"roc 1 {case}": {"threshold_ns": THRESHOLDS_NS, **curve}})


def conclude_level_2(case: str, known: bool, results: list[dict[str, Any]]) -> Findings:
    """Rates of verdicts, and the curve over the wanted confidence."""
    names = list(results[0])
    verdicts = {name: np.array(sum((r[name][0] for r in results), [])) for name in names}
    probability = {name: np.concatenate([r[name][1] for r in results]) for name in names}
    alarm = Thresholds().false_alarm
    rows = [
        share(
            case,
            "true claims refuted (false alarm)",
            LEVEL_2,
            verdicts["truth"] == "inconsistent",
            high=alarm,
        ),
        share(case, "true claims confirmed", LEVEL_2, verdicts["truth"] == "consistent"),
        share(case, "mirror claims confirmed", LEVEL_2, verdicts["mirror"] == "consistent", high=alarm),
    ]
    if known:
        rows += [
            share(
                case,
                f"claims {d:g} km off confirmed (missed)",
                LEVEL_2,
                verdicts[f"{d:g} km off"] == "consistent",
                high=1.0 - Thresholds().confidence,
            )
            for d in LIES_2_KM
        ]
    else:
        rows.append(share(case, "mirror claims left open", LEVEL_2, verdicts["mirror"] == "inconclusive"))
    lie = probability[f"{ROC_LIE_KM:g} km off"]
    shares = {
        name: [float(np.mean(of == word)) for word in ("consistent", "inconclusive", "inconsistent")]
        for name, of in verdicts.items()
    }
    curve = {
        "shares": shares,
        "confidence": CONFIDENCES,
        "missed": [float(np.mean(lie >= c)) for c in CONFIDENCES],
        "confirmed": [float(np.mean(probability["truth"] >= c)) for c in CONFIDENCES],
    }
    return Findings(rows, {f"roc 2 {case}": curve})


def parts(seed: int, effort: Effort) -> list[Part]:
    """All parts, in the order of the table."""
    found = []

    def add(name: str, function, total: int, arguments: tuple, conclude) -> None:
        work = blocks(function, (seed, 20, len(found)), total, _BLOCK, *arguments)
        found.append(Part(name, work, conclude, total))

    for across in (12.5, 50.0, 200.0):
        for window in (2.0, 5.0, 20.0):
            case = f"{across:g} km off the track, {window:g} s, 200 ns"
            add(
                f"{ERRORS}: {case}",
                errors,
                effort.trials(4000, 60),
                (across, window, 200e-9, 0.0),
                partial(conclude_errors, case, ERRORS, (across, window)),
            )
    for label, step in (
        ("0.5 ns (k0)", 0.5e-9),
        ("16 ns (k5)", 16.3e-9),
        ("521 ns (timing advance, 15 kHz)", 521e-9),
    ):
        add(
            f"{REPORTS}: {label}",
            errors,
            effort.trials(4000, 60),
            (50.0, 20.0, 20e-9, step),
            partial(conclude_errors, label, REPORTS, None),
        )
    for across in (12.5, 50.0, 200.0):
        for window, noise in ((2.0, 20e-9), (20.0, 20e-9), (20.0, 200e-9)):
            case = f"{across:g} km, {window:g} s, {1e9 * noise:g} ns"
            add(
                f"{LEVEL_1}: {case}",
                level_1,
                effort.trials(1500, 12),
                (across, window, noise),
                partial(conclude_level_1, case),
            )
    for known in (True, False):
        for across, window in ((12.5, 1.0), (12.5, 2.0), (50.0, 2.0), (50.0, 20.0), (200.0, 5.0)):
            case = f"{across:g} km, {window:g} s, 200 ns, side {'known' if known else 'open'}"
            add(
                f"{LEVEL_2}: {case}",
                level_2,
                effort.trials(1500, 12),
                (across, window, 200e-9, known),
                partial(conclude_level_2, case, known),
            )
    return found
