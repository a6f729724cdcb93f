# SPDX-License-Identifier: GPL-3.0-or-later
"""The fix: what the engine says about a position, and its JSON line (contract section 3)."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Mapping

import numpy as np

from ..world.frames import ecef_to_geodetic
from . import geometry
from .geometry import Dop

SCHEMA = "ntnpos.fix/1"


@dataclass(frozen=True)
class Excluded:
    """A source whose measurements were left out, and why."""

    satellite: str
    reason: str


@dataclass(frozen=True)
class Estimate:
    """A position that fits, with its uncertainty.

    Attributes
    ----------
    ecef_m : (x, y, z) in m
    covariance_ecef_m2 : 3 x 3, m2; None where the rows leave it open
    clock_offset_s : receiver clock minus system time at the fix's `t_s`; None where the method has none
    clock_drift : its rate in s/s; None likewise
    chi2 : weighted squared residuals of all rows at this place
    without : the source that this estimate leaves out, or None
    likelihood : of the measurements if the UE is here, over that at the fix's own estimate
    inside_prior : whether it lies in the prior area, which is no measurement
    sending_offset_s : the UE's own sending offset where uplink arrivals were measured, else None
    velocity_ecef_m_s : in the turning frame, where it was an unknown
    """

    ecef_m: tuple[float, float, float]
    covariance_ecef_m2: tuple[tuple[float, ...], ...] | None
    clock_offset_s: float | None
    clock_drift: float | None
    chi2: float
    without: str | None = None
    likelihood: float = 1.0
    inside_prior: bool = True
    sending_offset_s: float | None = None
    velocity_ecef_m_s: tuple[float, ...] | None = None

    @property
    def geodetic(self) -> tuple[float, float, float]:
        """Latitude, longitude (degrees) and height (m) on WGS-84."""
        lat, lon, height = ecef_to_geodetic(np.array(self.ecef_m))
        return float(lat), float(lon), float(height)

    @property
    def covariance_enu_m2(self) -> np.ndarray | None:
        """Covariance [3, 3] in east, north, up at the estimate."""
        if self.covariance_ecef_m2 is None:
            return None
        return geometry.to_local(self.covariance_ecef_m2, self.ecef_m)

    @property
    def horizontal_std_m(self) -> float | None:
        """sqrt(east variance + north variance)."""
        local = self.covariance_enu_m2
        return None if local is None else geometry.horizontal_std(local)

    def to_dict(self) -> dict:
        """The fields of a fix or of one of its candidates."""
        latitude, longitude, height = self.geodetic
        covariance = self.covariance_ecef_m2
        return {"latitude_deg": latitude, "longitude_deg": longitude, "height_m": height,
                "ecef_m": list(self.ecef_m),
                "covariance_ecef_m2": None if covariance is None else [list(row) for row in covariance],
                "horizontal_std_m": self.horizontal_std_m, "clock_offset_s": self.clock_offset_s,
                "clock_drift_ppm": None if self.clock_drift is None else 1e6 * self.clock_drift,
                "chi2": self.chi2, "likelihood": self.likelihood, "inside_prior": self.inside_prior,
                "sending_offset_s": self.sending_offset_s,
                "velocity_ecef_m_s": None if self.velocity_ecef_m_s is None else list(self.velocity_ecef_m_s)}


_EMPTY = dict.fromkeys(("latitude_deg", "longitude_deg", "height_m", "ecef_m", "covariance_ecef_m2",
                        "horizontal_std_m", "clock_offset_s", "clock_drift_ppm", "chi2", "likelihood", "inside_prior",
                        "sending_offset_s", "velocity_ecef_m_s"))


@dataclass(frozen=True)
class Fix:
    """One answer of the engine.

    Attributes
    ----------
    status : "ok": one place fits. "ambiguous": several do and nothing decides; `estimate` is the likeliest.
        "unobservable": the rows cannot tell where. "no_fix": nothing to go by, or nothing fits
    reason : what is missing or what was done; None where there is nothing to say
    t_s : receiver clock reading at which `clock_offset_s` holds; None without a measurement
    estimate : None unless `status` is ok or ambiguous
    dop, used, excluded, candidates : as in the contract; candidates are the other places that fit
    dof : degrees of freedom of the measured rows' residuals, and `p_value` their probability if all is well
    method : "dl-tdoa", "ul-tdoa", "multi-rtt", "e-cid", "aoa" or "hybrid", by the kinds of rows
    hpl_m : horizontal protection level, and `integrity_risk` the probability that the error exceeds it unnoticed; None where
        no single place fits, or the positions without one source each are farther apart than chance explains
    unmatched : reports of the two-way chain without a partner, by kind; None where all have one
    """

    status: str
    reason: str | None = None
    t_s: float | None = None
    estimate: Estimate | None = None
    dop: Dop | None = None
    used: tuple[str, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    candidates: tuple[Estimate, ...] = ()
    dof: float | None = None
    p_value: float | None = None
    method: str = "dl-tdoa"
    hpl_m: float | None = None
    integrity_risk: float | None = None
    unmatched: Mapping[str, int] | None = None

    def to_dict(self) -> dict:
        """The fields of contract section 3."""
        place = _EMPTY if self.estimate is None else self.estimate.to_dict()
        dop = None if self.dop is None else vars(self.dop)
        candidates = [c.to_dict() | ({"without": c.without} if c.without else {}) for c in self.candidates]
        return finite({"type": "fix", "schema": SCHEMA, "method": self.method, "t_s": self.t_s} | place | {
            "dop": dop, "used": list(self.used), "excluded": [vars(e) for e in self.excluded],
            "candidates": candidates, "status": self.status, "reason": self.reason, "dof": self.dof,
            "p_value": self.p_value, "hpl_m": self.hpl_m, "integrity_risk": self.integrity_risk} | ({} if self.unmatched is None else {"unmatched": dict(self.unmatched)}))

    def to_json(self) -> str:
        """One line, without its newline; what is not finite is null."""
        return json.dumps(self.to_dict(), allow_nan=False)


def finite(value):
    """The value with every number that is not finite replaced by None."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
