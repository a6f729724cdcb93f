# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether to believe where a device says it is (network-verified location, TS 23.273; levels of the 3GPP
contributions).

Level 1 holds the measured delays against those of the claim and can only refute: it is a veto. Level 2 lets
the network find the position by itself and holds that against the claim. What the measurements leave open is
said to be so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Iterable

from ..network import two_way
from ..network.assistance import Assistance
from ..network.measurements import Measurement
from ..position import rows
from ..position.fix import solve
from ..position.result import Fix, finite
from ..position.rows import Height
from . import verification_position as position
from . import verification_timing as timing
from .area import Area
from .claim import Claim, Thresholds

SCHEMA = "ntnpos.verdict/1"
_ENOUGH = 4  # satellites that give a place without a height
_RANK = {"consistent": 0, "inconclusive": 1, "inconsistent": 2}


@dataclass(frozen=True)
class Verdict:
    """A verdict on a claim.

    Attributes
    ----------
    claim, level : what was asked
    verdict : "consistent" (level 1: not refuted), "inconsistent" or "inconclusive"
    probability : level 1: that a true claim has differences as unlikely as these; level 2: that the device is
        within the radius of the claim; None where nothing could be computed
    reason : in words
    thresholds : what it was held to
    details : further fields of the line
    fix, places : level 2: the network's own position, and its places seen from the claim
    measured : something was measured that the claim could be held against
    """

    claim: Claim
    level: int
    verdict: str
    probability: float | None
    reason: str
    thresholds: Thresholds
    details: dict[str, Any] = field(default_factory=dict)
    fix: Fix | None = None
    places: tuple[position.Place, ...] = ()
    measured: bool = True

    def to_dict(self) -> dict:
        """The fields of contract section 3."""
        return finite(
            {
                "type": "verdict",
                "schema": SCHEMA,
                "claim": vars(self.claim),
                "level": self.level,
                "verdict": self.verdict,
                "probability": self.probability,
                "reason": self.reason,
                "thresholds": vars(self.thresholds),
            }
            | self.details
        )

    def to_json(self) -> str:
        """One line, without its newline."""
        return json.dumps(self.to_dict(), allow_nan=False)


def verify(
    measurements: Iterable[Measurement],
    assistance: Assistance,
    claim: Claim,
    level: int = 1,
    thresholds: Thresholds = Thresholds(),
    height: Height | None = None,
    area: Area | None = None,
) -> Verdict:
    """Verdict on a claim from measurements of a device at rest.

    Parameters
    ----------
    measurements : iterable of Measurement
        Those with status `ok` count.
    level : int
        1: a veto by delays; 2: the network's own position against the claim's radius, and `area` if given.
    height : Height, optional
        What the network itself knows of the device's height (level 2). None: where the measurements need one,
        the prior's. The claim's own height is no evidence.

    Raises
    ------
    InputError
        For a satellite that the assistance data do not name, or a standard deviation that is not above 0.
    ValueError
        For another level, or an area at level 1.
    """
    if level not in (1, 2):
        raise ValueError(f"level is {level}; allowed: 1 or 2")
    if area is not None and level == 1:
        raise ValueError("an area needs level 2")
    measurements = list(two_way.pair(measurements, assistance).measurements)
    if level == 1:
        return _by_delays(measurements, assistance, claim, thresholds)
    return _by_position(measurements, assistance, claim, thresholds, height, area)


def _by_delays(
    measurements: list[Measurement], assistance: Assistance, claim: Claim, thresholds: Thresholds
) -> Verdict:
    """Level 1."""
    usable = [row for row in rows.usable(measurements, assistance) if row.kind in timing.DELAYS]
    orbits = {
        row.satellite: getattr(assistance.transmitter(row.satellite), "position_std_m", 0.0) for row in usable
    }
    found = timing.delays_beside(rows.build(usable, assistance)[0], claim, orbits) if usable else None
    if found is None:
        return Verdict(
            claim, 1, "inconclusive", None, "no delay was measured", thresholds, {"rows": 0}, measured=False
        )
    test = timing.judge_delays(found, claim.horizontal_std_m, claim.height_std_m, thresholds)
    worst, limit = test.worst, thresholds.rtt_s
    details: dict[str, Any] = {"rows": len(found.sources), "veto_only": True}
    if worst is None:
        return Verdict(
            claim, 1, "inconclusive", None, "the unknown clock explains every delay", thresholds, details
        )
    details |= {"sharpest_std_s": test.sharpest_std_s, "worst": vars(worst)}
    what = f"{worst.satellite} is {1e9 * worst.difference_s:+.0f} ns off the claim" + (
        f" (mean of {worst.rows})" if worst.rows > 1 else ""
    )
    if test.vetoed:
        reason = f"{what}, {1e9 * worst.threshold_s:.0f} ns allowed"
        return Verdict(claim, 1, "inconsistent", test.probability, reason, thresholds, details)
    if test.sharpest_std_s > limit:
        reason = (
            f"the comparison is good to {1e9 * test.sharpest_std_s:.0f} ns only (standard deviation, the "
            f"claim's own "
            f"included), {1e9 * limit:.0f} ns wanted"
        )
        return Verdict(claim, 1, "inconclusive", test.probability, reason, thresholds, details)
    reason = f"not refuted: at most {what}; other places of the same delays, a mirror too, would pass as well"
    return Verdict(claim, 1, "consistent", test.probability, reason, thresholds, details)


def _by_position(
    measurements: list[Measurement],
    assistance: Assistance,
    claim: Claim,
    thresholds: Thresholds,
    height: Height | None,
    area: Area | None,
) -> Verdict:
    """Level 2."""
    fix, height = _own_fix(measurements, assistance, thresholds, height)
    details: dict[str, Any] = {
        "radius_m": thresholds.radius_m,
        "fix_status": fix.status,
        "fix_method": fix.method,
        "fix_reason": fix.reason,
        "used": list(fix.used),
    }
    places = position.places_of(fix, claim, thresholds.radius_m, area)
    if not places:
        missed = _missed(measurements, assistance, claim, thresholds, height)
        if missed is not None:
            radius = f"{thresholds.radius_m / 1e3:g} km"
            reason = f"no place within {radius} of the claim has the round trip of {missed}"
            return Verdict(claim, 2, "inconsistent", None, reason, thresholds, details, fix)
        return Verdict(
            claim,
            2,
            "inconclusive",
            None,
            f"no network position: {fix.reason}",
            thresholds,
            details,
            fix,
            measured=bool(rows.usable(measurements, assistance)),
        )
    judged = position.judge_places(places, thresholds)
    verdict, reason = judged.verdict, judged.reason
    details |= {
        "distance_m": places[0].distance_m,
        "horizontal_std_m": places[0].estimate.horizontal_std_m,
        "candidates": [place.to_dict() for place in places],
    }
    if area is not None:
        inside = bool(area.contains([claim.latitude_deg], [claim.longitude_deg])[0])
        decision, share, why = position.judge_area(places, inside, area, thresholds)
        details["area"] = {
            "name": area.name,
            "decision": decision,
            "probability_inside": share,
            "claim_inside": inside,
            "reason": why,
        }
        other = {"inside": "consistent", "outside": "inconsistent", "open": "inconclusive"}[decision]
        verdict, reason = max((verdict, other), key=_RANK.get), f"{reason}; {why}"
    return Verdict(claim, 2, verdict, judged.probability, reason, thresholds, details, fix, places)


def _own_fix(
    measurements: list[Measurement], assistance: Assistance, thresholds: Thresholds, height: Height | None
) -> tuple[Fix, Height]:
    """The network's fix, and the height that it knows: with too few satellites, or an open fix, the prior's
    is used."""
    prior = assistance.ue_prior
    if height is not None:
        return solve(measurements, assistance, height_m=height.height_m, height_std_m=height.std_m), height
    known = Height(prior.height_m, max(prior.height_sigma_m, rows.LEAST_HEIGHT_STD_M))
    if len({row.satellite for row in measurements if row.status == "ok"}) >= _ENOUGH:
        fix = solve(measurements, assistance)
        sharp = (
            fix.estimate is not None
            and (fix.estimate.horizontal_std_m or float("inf")) < 0.1 * thresholds.radius_m
        )
        if sharp and fix.status == "ok":
            return fix, known
    return solve(measurements, assistance, height_m=known.height_m, height_std_m=known.std_m), known


def _missed(
    measurements: list[Measurement],
    assistance: Assistance,
    claim: Claim,
    thresholds: Thresholds,
    height: Height,
) -> str | None:
    """Satellite whose round trip refutes every place within the radius."""
    usable = [row for row in rows.usable(measurements, assistance) if row.kind == "rtt"]
    if not usable:
        return None
    ground = Claim(claim.latitude_deg, claim.longitude_deg, height.height_m, height_std_m=height.std_m)
    return timing.out_of_reach(
        rows.build(usable, assistance)[0], ground, thresholds.radius_m, thresholds.false_alarm
    )
