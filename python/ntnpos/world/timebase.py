# SPDX-License-Identifier: GPL-3.0-or-later
"""System time: seconds counted from an epoch, and pairs of whole seconds and fraction."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

SECONDS_PER_DAY = 86400.0
_UNIX_EPOCH_JD = 2440587.5
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?Z")


@dataclass(frozen=True)
class Epoch:
    """The instant from which a file counts its times. System time has no leap seconds and UT1 = UTC."""

    utc: datetime

    @classmethod
    def parse(cls, text: str) -> Epoch:
        """Epoch from ISO 8601 with ``Z``, such as ``2025-10-07T12:00:00Z`` (fraction up to microseconds).

        Raises
        ------
        ValueError
            For any other text, and for a date or time that does not exist (second 60 included).
        """
        match = _ISO.fullmatch(text) if isinstance(text, str) and text.isascii() else None
        if match is None:
            raise ValueError("not a UTC time of the form 2025-10-07T12:00:00Z")
        *whole, fraction = match.groups()
        return cls(datetime(*map(int, whole), int((fraction or "0").ljust(6, "0")), tzinfo=timezone.utc))

    @property
    def jd(self) -> tuple[float, float]:
        """Julian date in two parts: of the midnight before the epoch (ends in .5), and the rest in [0, 1)
        days."""
        days = self.utc.toordinal() - datetime(1970, 1, 1).toordinal()
        of_day = self.utc - self.utc.replace(hour=0, minute=0, second=0, microsecond=0)
        return _UNIX_EPOCH_JD + days, of_day / timedelta(days=1)

    @property
    def day_of_year(self) -> float:
        """Days since the year's first, that one being 1."""
        return self.utc.timetuple().tm_yday + self.jd[1]

    def plus(self, seconds: float) -> Epoch:
        """The epoch `seconds` later, rounded to a microsecond."""
        return Epoch(self.utc + timedelta(seconds=seconds))

    def seconds_until(self, other: Epoch) -> float:
        """Seconds from this epoch to `other`."""
        return (other.utc - self.utc).total_seconds()

    def iso(self) -> str:
        """ISO 8601 text with ``Z`` that `parse` reads back."""
        return self.utc.replace(tzinfo=None).isoformat() + "Z"


def split(seconds: float) -> tuple[int, float]:
    """Whole seconds and fraction in [0, 1) of a time in seconds (finite, any sign)."""
    whole = math.floor(seconds)
    fraction = seconds - whole
    return (whole + 1, 0.0) if fraction >= 1.0 else (whole, fraction)


def join(whole: int, fraction: float) -> float:
    """Seconds of a (whole, fraction) pair; exact to float64 of the sum."""
    return float(whole + fraction)


def difference(a: tuple[int, float], b: tuple[int, float]) -> float:
    """a - b of two pairs in seconds, exact to the precision of the difference."""
    return float(a[0] - b[0]) + (a[1] - b[1])
