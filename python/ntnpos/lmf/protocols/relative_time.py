# SPDX-License-Identifier: GPL-3.0-or-later
"""RelativeTime1900 of NRPPa (TS 38.455 9.2.36): seconds since 1900 without leap seconds, 32 bits and 32 of
fraction."""

from __future__ import annotations

import math
from datetime import datetime, timezone

from ...errors import InputError
from ...world.timebase import Epoch

_START = datetime(1900, 1, 1, tzinfo=timezone.utc)
_FRACTION = 2**32
BITS = 64


def of(t_s: float, epoch: Epoch, where: object) -> tuple[int, int]:
    """BIT STRING of a system time in seconds from `epoch`, to the nearest 2^-32 s."""
    whole = math.floor(t_s)
    # The epoch in microseconds and the two parts apart: a float of seconds since 1900 has steps of 0.5 us.
    micros = (epoch.utc - _START) // (datetime.resolution)
    ticks = micros * _FRACTION // 1_000_000 + whole * _FRACTION + round((t_s - whole) * _FRACTION)
    if not 0 <= ticks < 2**BITS:
        raise InputError(where, "t_s", f"{t_s:.3f} s cannot be said", "1900 to 2036")
    return ticks, BITS


def seconds(value: tuple[int, int], epoch: Epoch) -> float:
    """System time in seconds from `epoch` of such a BIT STRING."""
    micros = (epoch.utc - _START) // (datetime.resolution)
    return (value[0] - micros * _FRACTION // 1_000_000) / _FRACTION
