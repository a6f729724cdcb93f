# SPDX-License-Identifier: GPL-3.0-or-later
"""Level 2: the network's own position, with all places that fit, against a claim and its radius."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np

from ..position.result import Estimate, Fix
from . import verification_geometry as geometry
from .area import Area
from .claim import Claim, Thresholds


@dataclass(frozen=True)
class Place:
    """One place that fits the measurements, seen from the claim.

    Attributes
    ----------
    estimate : as the fix has it
    weight : its share of the likelihood of all places
    distance_m : from the claim, over the ground
    within : probability of lying within the radius if this is the place
    chance : probability that an error as large as that to the radius' edge is chance (1 inside)
    in_area : probability of lying in the area if this is the place; None without an area
    """

    estimate: Estimate
    weight: float
    distance_m: float
    within: float
    chance: float
    in_area: float | None = None

    def to_dict(self) -> dict:
        """As a verdict line has it."""
        latitude, longitude, height = self.estimate.geodetic
        area = {} if self.in_area is None else {"probability_in_area": self.in_area}
        return {
            "latitude_deg": latitude,
            "longitude_deg": longitude,
            "height_m": height,
            "ecef_m": list(self.estimate.ecef_m),
            "horizontal_std_m": self.estimate.horizontal_std_m,
            "weight": self.weight,
            "distance_m": self.distance_m,
            "probability_within_radius": self.within,
        } | area


@dataclass(frozen=True)
class Judgement:
    """What the places say.

    Attributes
    ----------
    verdict : "consistent", "inconsistent" or "inconclusive"
    probability : of being within the radius, over all places
    reason : in words
    places : likeliest first
    """

    verdict: str
    probability: float
    reason: str
    places: tuple[Place, ...]


def places_of(fix: Fix, claim: Claim, radius_m: float, area: Area | None = None) -> tuple[Place, ...]:
    """All places of a fix, likeliest first; empty where it has none, or none whose uncertainty is known."""
    found = [e for e in (fix.estimate, *fix.candidates) if e is not None and e.covariance_ecef_m2 is not None]
    if not found:
        return ()
    weights = _weights(found)
    own = claim.horizontal_std_m**2 * np.eye(2)
    places = []
    for estimate, weight in zip(found, weights):
        offset = geometry.ground_offset(estimate.ecef_m, claim.ecef)
        covariance = geometry.horizontal_covariance(estimate.covariance_ecef_m2, claim.ecef) + own
        chance = geometry.probability_beyond(geometry.deviations_to_circle(offset, covariance, radius_m))
        inside = (
            None if area is None else area.probability(estimate.geodetic, estimate.covariance_enu_m2[:2, :2])
        )
        places.append(
            Place(
                estimate,
                float(weight),
                float(np.hypot(*offset)),
                geometry.probability_within(offset, covariance, radius_m),
                chance,
                inside,
            )
        )
    return tuple(sorted(places, key=lambda place: -place.weight))


def judge_places(places: Sequence[Place], thresholds: Thresholds) -> Judgement:
    """The verdict of at least one place.

    Consistent: every open place is within the radius, with the wanted confidence. Inconsistent: from no open
    place can chance reach the radius. Everything else is left open, with the reason."""
    best = max(place.weight for place in places)
    opened = [place for place in places if place.weight * thresholds.least_odds >= best]
    total = sum(place.weight for place in opened)
    probability = min(1.0, sum(place.weight * place.within for place in opened) / total)
    near = [place for place in opened if place.chance >= thresholds.false_alarm]
    radius = f"{thresholds.radius_m / 1e3:g} km"
    if not near:
        nearest = min(opened, key=lambda place: place.distance_m)
        also = "" if len(opened) == 1 else f", the nearest of {len(opened)} places that fit"
        return Judgement(
            "inconsistent",
            probability,
            f"the network's position is {_km(nearest.distance_m)} from the "
            f"claim{also}: chance reaches its {radius} with probability {nearest.chance:.1e}",
            tuple(places),
        )
    if len(near) < len(opened):
        away = max((place for place in opened if place not in near), key=lambda place: place.weight)
        reason = (
            f"{len(opened)} places fit the measurements, the claim's and one {_km(away.distance_m)} from it "
            f"(its share of the likelihood is {away.weight / total:.2g}): nothing decides between them"
        )
        return Judgement("inconclusive", probability, reason, tuple(places))
    if probability >= thresholds.confidence:
        reason = (
            f"the network's position is {_km(near[0].distance_m)} from the claim, within {radius} with "
            f"probability "
            f"{_share(probability)}"
        )
        return Judgement("consistent", probability, reason, tuple(places))
    std_m = near[0].estimate.horizontal_std_m
    if std_m > 0.5 * thresholds.radius_m:
        reason = (
            f"the geometry leaves the position open (horizontal standard deviation {_km(std_m)}, "
            f"radius {radius})"
        )
    else:
        reason = (
            f"the network's position is {_km(near[0].distance_m)} from the claim, at the edge of its "
            f"{radius}: "
            f"within with probability {_share(probability)}"
        )
    return Judgement("inconclusive", probability, reason, tuple(places))


def judge_area(
    places: Sequence[Place], claim_inside: bool, area: Area, thresholds: Thresholds
) -> tuple[str, float, str]:
    """Decision ("inside", "outside" or "open"), probability of being in the area, and the verdict's
    reason."""
    total = sum(place.weight for place in places)
    probability = sum(place.weight * place.in_area for place in places) / total
    if not claim_inside:
        return "outside", probability, f"the claimed place is not in {area.name}"
    if probability >= thresholds.confidence and all(
        place.in_area >= thresholds.confidence or place.weight * thresholds.least_odds < total
        for place in places
    ):
        return "inside", probability, f"in {area.name} with probability {_share(probability)}"
    if probability <= thresholds.false_alarm:
        return "outside", probability, f"in {area.name} with probability {probability:.1e} only"
    return (
        "open",
        probability,
        f"in {area.name} with probability {_share(probability)}: neither inside nor outside",
    )


def _weights(estimates: Sequence[Estimate]) -> np.ndarray:
    """Shares of the likelihood; equal where estimates leave out different sources, as their residuals then do
    not compare."""
    if any(estimate.without is not None for estimate in estimates):
        return np.full(len(estimates), 1.0 / len(estimates))
    weight = np.array([estimate.likelihood for estimate in estimates])
    return weight / np.sum(weight)


def _km(distance_m: float) -> str:
    """A distance for people."""
    return f"{distance_m:.0f} m" if distance_m < 1e3 else f"{distance_m / 1e3:.3g} km"


def _share(probability: float) -> str:
    """A probability for people: never rounded up to 1."""
    return f"{probability:.3f}" if probability < 0.9995 else "above 0.999"
