# SPDX-License-Identifier: GPL-3.0-or-later
"""Report mappings: what a measured or broadcast quantity becomes when it is an integer in a message, and
back.

Two forms exist. A `Mapping` divides a range into half-open intervals [low + i step, low + (i + 1) step) and
numbers them (TS 38.133); where its ends are open, the first number means "below" and the last "not below",
and neither carries a value. A `Grid` is a number of steps (TS 38.331, TS 37.355), to the nearest. A value
outside the range is refused by both: it is never clipped.

T_c = 1/(480000 * 4096) s (TS 38.211 4.1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from ..world.constants import C_M_S

TC_S = 1.0 / (480e3 * 4096)
_ROUNDING = 1e-6  # of a step: a boundary in seconds is not the boundary in T_c to the last bit
TIMING_FACTORS = tuple(range(-6, 6))
"""k of the timing reports; the step is 2^k T_c. Below 0 since Release 18."""


class ReportError(ValueError):
    """A value or a number that the report cannot carry."""


@dataclass(frozen=True)
class Mapping:
    """Intervals of equal width, numbered."""

    quantity: str
    unit: str
    low: float
    """Lower end of the first interval that carries a value."""
    step: float
    intervals: int
    """How many carry a value."""
    open_ends: bool
    """Number 0 is "below `low`", and one more after the last interval "at or above `high`"."""
    clause: str
    closed_top: bool = False
    """`high` itself belongs to the last interval."""

    @property
    def high(self) -> float:
        """Upper end of the last interval that carries a value."""
        return self.low + self.step * self.intervals

    @property
    def last(self) -> int:
        """The largest number in the message."""
        return self.intervals + 1 if self.open_ends else self.intervals - 1

    def index(self, value: float) -> int:
        """The number of the interval that holds `value`; ReportError outside [low, high)."""
        steps = (value - self.low) / self.step
        nearest = round(steps) if math.isfinite(steps) else -1
        on_boundary = abs(steps - nearest) < _ROUNDING
        at = nearest if on_boundary or not math.isfinite(steps) else math.floor(steps)
        if self.closed_top and on_boundary and at == self.intervals:
            at -= 1
        if not 0 <= at < self.intervals:
            raise ReportError(
                f"{value:.12g} {self.unit} is no {self.quantity} that can be reported; allowed: "
                f"{self.low:.9g} up to {self.high:.9g} {self.unit} ({self.clause})"
            )
        return at + self.open_ends

    def bounds(self, index: int) -> tuple[float, float]:
        """Lower and upper end of an interval; ReportError for a number that carries no value."""
        at = index - self.open_ends
        if not 0 <= at < self.intervals:
            where = "out of range" if 0 <= index <= self.last else "no number of it"
            raise ReportError(
                f"number {index} of {self.quantity} is {where}; allowed: {int(self.open_ends)} to "
                f"{self.intervals - 1 + self.open_ends} ({self.clause})"
            )
        return self.low + at * self.step, self.low + (at + 1) * self.step

    def value(self, index: int) -> float:
        """The middle of an interval: at most half a step from what was measured."""
        low, high = self.bounds(index)
        return 0.5 * (low + high)


@dataclass(frozen=True)
class Grid:
    """A whole number of steps from `offset`."""

    quantity: str
    unit: str
    step: float
    first: int
    last: int
    clause: str
    offset: float = 0.0

    def index(self, value: float) -> int:
        """The nearest number; ReportError beyond half a step outside the range."""
        steps = (value - self.offset) / self.step
        index = math.floor(steps + 0.5) if math.isfinite(steps) else self.last + 1
        if not self.first <= index <= self.last:
            raise ReportError(
                f"{value:.12g} {self.unit} is no {self.quantity} that can be reported; allowed: "
                f"{self.value(self.first):.9g} to {self.value(self.last):.9g} {self.unit} "
                f"({self.clause})"
            )
        return index

    def value(self, index: int) -> float:
        """The value of a number, within half a step of what was encoded."""
        if not self.first <= index <= self.last:
            raise ReportError(f"number {index} of {self.quantity} is out of range; allowed: {self.first} to "
                              f"{self.last} ({self.clause})")
        return self.offset + index * self.step


# ------------------------------------------------------------------------------------------ TS 38.133, timing

_HALF_MS_TC = 985024  # the reports reach a little beyond +-0.5 ms
_PATH_TC = 8175
_TIMING = {
    "rstd": ("RSTD", _HALF_MS_TC, "TS 38.133 10.1.23.3"),
    "ue_rx_tx": ("UE Rx-Tx time difference", _HALF_MS_TC, "TS 38.133 10.1.25.3"),
    "ul_rtoa": ("UL-RTOA", _HALF_MS_TC, "TS 38.133 13.1"),
    "gnb_rx_tx": ("gNB Rx-Tx time difference", _HALF_MS_TC, "TS 38.133 13.2"),
    "path": ("delay of an additional path", _PATH_TC, "TS 38.133 10.1.23.3, 10.1.25.3"),
}


@lru_cache(maxsize=None)
def timing(quantity: str, k: int) -> Mapping:
    """Report of a time in seconds with step 2^k T_c.

    Parameters
    ----------
    quantity : str
        ``rstd``, ``ue_rx_tx``, ``gnb_rx_tx``, ``ul_rtoa`` (within 985024 T_c), or ``path``: the delay of an
        additional path relative to the first (within 8175 T_c).
    k : int
        One of `TIMING_FACTORS`.
    """
    name, reach, clause = _TIMING[quantity]
    if k not in TIMING_FACTORS:
        raise ReportError(f"k = {k} is no reporting granularity; allowed: -6 to 5 ({clause})")
    # 16350 T_c is no multiple of 4 T_c and more: the last interval of a path then ends before +8175 T_c.
    return Mapping(name, "s", -reach * TC_S, 2.0**k * TC_S, math.floor(2 * reach / 2.0**k), True, clause)


QUALITY_STEPS_M = {"mdot1": 0.1, "m1": 1.0, "m10": 10.0, "m30": 30.0}
"""Resolutions of NR-TimingQuality (TS 37.355 6.4.3)."""
_QUALITY_LAST = 31


def timing_quality(std_s: float) -> tuple[int, str]:
    """(value, resolution) of NR-TimingQuality for a standard deviation in s: the finest that holds it, never
    0.

    ReportError above 31 steps of 30 m.
    """
    std_m = std_s * C_M_S
    if 0.0 < std_m < math.inf:
        for name, step in QUALITY_STEPS_M.items():
            if (value := max(1, math.floor(std_m / step + 0.5))) <= _QUALITY_LAST:
                return value, name
    raise ReportError(f"{std_s:.6g} s is no standard deviation that can be reported; allowed: above 0 up to "
                      f"{30.0 * (_QUALITY_LAST + 0.5) / C_M_S:.4g} s (TS 37.355 NR-TimingQuality)")


def timing_quality_std_s(value: int, resolution: str) -> float:
    """Standard deviation in s of NR-TimingQuality; 0 stands for half a step, the most that it can be."""
    if resolution not in QUALITY_STEPS_M or not 0 <= value <= _QUALITY_LAST:
        raise ReportError(f"timing quality {value} of {resolution}; allowed: 0 to 31 of "
                          f"{', '.join(QUALITY_STEPS_M)}")
    return max(value, 0.5) * QUALITY_STEPS_M[resolution] / C_M_S


# ---------------------------------------------------------------------- TS 38.133, power and angle; TS 37.355

RSRP_DBM = Mapping("RSRP", "dBm", -156.0, 1.0, 125, True, "TS 38.133 10.1.24.3, 13.3")
"""DL PRS-RSRP and RSRPP, UL SRS-RSRP: 0 is below -156 dBm, 126 at or above -31 dBm."""
AZIMUTH_DEG = Mapping("azimuth of arrival", "deg", -180.0, 0.1, 3600, False, "TS 38.133 13.4")
"""Counter-clockwise from north (TS 38.215 5.2.4)."""
ZENITH_DEG = Mapping(
    "zenith angle of arrival", "deg", 0.0, 0.1, 1800, False, "TS 38.133 13.4", closed_top=True
)
"""From the zenith."""
ANGLE_QUALITY_DEG = Grid("quality of an angle", "deg", 0.1, 0, 255, "TS 38.455 9.2.44")
TIMING_DRIFT_US_S = Grid("DL timing drift", "us/s", 0.1, -265, 265, "TS 37.355 nr-NTN-DL-TimingDrift")
EXPECTED_RSTD_S = Grid("expected RSTD", "s", 4.0 / (15e3 * 2048), -3841, 3841,
                       "TS 37.355 nr-DL-PRS-ExpectedRSTD")
RTD_S = Grid("offset of a subframe's border", "s", TC_S, 0, 1966079, "TS 37.355 NR-RTD-Info")

# ------------------------------------------------------------------------ TS 38.331 NTN-Config, EphemerisInfo

_RRC = "TS 38.331 NTN-Config"
TA_COMMON_S = Grid("common TA", "s", 4.072e-9, 0, 66485757, _RRC)
TA_DRIFT_S_S = Grid("drift of the common TA", "s/s", 0.2e-9, -257303, 257303, _RRC)
TA_VARIANT_S_S2 = Grid("drift variant of the common TA", "s/s2", 0.2e-10, 0, 28949, _RRC)
POSITION_M = Grid("position", "m", 1.3, -33554432, 33554431, "TS 38.331 EphemerisInfo")
VELOCITY_M_S = Grid("velocity", "m/s", 0.06, -131072, 131071, "TS 38.331 EphemerisInfo")
SEMI_MAJOR_AXIS_M = Grid("semi-major axis", "m", 4.249e-3, 0, 8589934591, "TS 38.331 EphemerisInfo", 6.5e6)
ECCENTRICITY = Grid("eccentricity", "", 1.431e-8, 0, 1048575, "TS 38.331 EphemerisInfo")
ORBIT_ANGLE_RAD = Grid("angle of the orbit", "rad", 2.341e-8, 0, 268435455, "TS 38.331 EphemerisInfo")
INCLINATION_RAD = Grid("inclination", "rad", 2.341e-8, -67108864, 67108863, "TS 38.331 EphemerisInfo")
VALIDITY_S = (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 120, 180, 240, 900)
"""ntn-UlSyncValidityDuration."""
