# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device claims about its place, and how far off a claim may be."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from ..errors import InputError, describe
from ..world.frames import geodetic_to_ecef

# field -> (lowest, highest, whether the lowest itself is left out)
_CLAIM = {
    "latitude_deg": (-90.0, 90.0, False),
    "longitude_deg": (-180.0, 180.0, False),
    "height_m": (-1e3, 1e5, False),
    "horizontal_std_m": (0.0, 1e6, False),
    "height_std_m": (0.0, 1e5, False),
}
_THRESHOLDS = {
    "rtt_s": (0.0, 1.0, True),
    "radius_m": (0.0, 2e7, True),
    "false_alarm": (0.0, 0.5, True),
    "confidence": (0.5, 1.0, True),
    "least_odds": (1.0, 1e12, False),
}


def _check(value: object, name: str, allowed: dict[str, tuple[float, float, bool]]) -> None:
    """InputError for the first field of a dataclass that is no number in its range."""
    for field in fields(value):
        found, (low, high, above) = getattr(value, field.name), allowed[field.name]
        number = isinstance(found, (int, float)) and not isinstance(found, bool) and math.isfinite(found)
        if not number or not low <= found <= high or (above and found == low):
            start = "above" if above else "from"
            raise InputError(
                name, field.name, f"is {describe(found)}", f"a number {start} {low:g} to {high:g}"
            )


@dataclass(frozen=True)
class Claim:
    """A reported place on WGS-84, and how well the reporter may know it. Raises `InputError` for a value out
    of range."""

    latitude_deg: float
    longitude_deg: float
    height_m: float = 0.0
    horizontal_std_m: float = 0.0
    """Of east and of north each, m."""
    height_std_m: float = 0.0

    def __post_init__(self):
        _check(self, "claim", _CLAIM)

    @property
    def ecef(self) -> np.ndarray:
        """ECEF position [3] in m."""
        return geodetic_to_ecef(self.latitude_deg, self.longitude_deg, self.height_m)


@dataclass(frozen=True)
class Thresholds:
    """What a claim is held to. Raises `InputError` for a value out of range."""

    rtt_s: float = 200e-9
    """Level 1: largest difference of a round trip (or other delay) from the claim's that timing errors
    account for."""
    radius_m: float = 10e3
    """Level 2: the device is to be within this of the claim (TR 38.882: 5 to 10 km)."""
    false_alarm: float = 1e-3
    """Probability with which a true claim may be found inconsistent."""
    confidence: float = 0.95
    """Level 2: least probability of being within the radius (or area) for a consistent claim."""
    least_odds: float = 1000.0
    """Level 2: a second place stays open until the measurements speak against it by this."""

    def __post_init__(self):
        _check(self, "thresholds", _THRESHOLDS)
