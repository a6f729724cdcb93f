# SPDX-License-Identifier: GPL-3.0-or-later
"""What the assistance data say besides satellites: terrestrial points, the feeder link's common TA, the
cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

import numpy as np

from ..world.orbits import FixedPoint
from .fields import Fields

_TIME_S = 1e7
MAX_POLYGON = 10000
MAX_UPDATES = 10000


@dataclass(frozen=True)
class Trp:
    """A terrestrial transmission and reception point. Its fields are named as those of a `Satellite`."""

    id: str
    orbit: FixedPoint
    clock_offset_s: float = 0.0
    """Its clock minus system time, +-1 s; absent in the file: 0."""
    value: Mapping[str, Any] = field(default_factory=dict)
    """As in the file."""


@dataclass(frozen=True)
class CommonTa:
    """Feeder link, both ways (TS 38.211 4.3.1; SIB19 `ta-Info`): a quadratic in time from its epoch."""

    epoch_time_s: float
    ta_common_s: float
    """TACommon, s; up to 0.27 s."""
    drift_s_per_s: float = 0.0
    """TACommonDrift, +-53.33 us/s."""
    drift_variant_s_per_s2: float = 0.0
    """TACommonDriftVariant, up to 0.6 us/s2."""

    def at(self, t_s):
        """Common TA in s at system times."""
        dt = np.asarray(t_s, dtype=float) - self.epoch_time_s
        return self.ta_common_s + dt * (self.drift_s_per_s + dt * self.drift_variant_s_per_s2)


@dataclass(frozen=True)
class CommonTaSeries:
    """Common TA as it was broadcast again and again: a quadratic is good for some seconds (its next term
    reaches 0.7 ns in 1 s and 5 us in 20 s from 600 km), so the one with the nearest epoch counts. One or more
    `pieces`."""

    pieces: tuple[CommonTa, ...]

    def at(self, t_s: float) -> float:
        """Common TA in s at a system time."""
        return float(min(self.pieces, key=lambda piece: abs(t_s - piece.epoch_time_s)).at(t_s))


@dataclass(frozen=True)
class Beam:
    """The beam that served the UE at an instant: a cone from a satellite."""

    satellite: str
    t_s: float
    """System time, s."""
    centre_deg: tuple[float, float]
    """Latitude and longitude where its axis meets the ground then."""
    half_width_deg: float
    """Greatest angle from the axis, at the satellite, at which a UE is served."""


@dataclass(frozen=True)
class Cell:
    """Where the serving cell lies, to tell a mirror apart."""

    side: str | None = None
    """"left" or "right" of the satellite's motion over the ground."""
    polygon_deg: tuple[tuple[float, float], ...] | None = None
    """Corners (latitude, longitude), three or more."""
    beam: Beam | None = None


def read_trp(fields: Fields) -> Trp:
    """One entry of `trps`."""
    place = np.array(fields.vector("position_ecef_m", 1e9))
    return Trp(fields.text("id", "text, unique in the file", 64), FixedPoint(place),
               fields.number("clock_offset_s", -1.0, 1.0, default=0.0), fields.value)


def read_common_ta(fields: Fields) -> CommonTaSeries | None:
    """`common_ta` of a satellite (`fields` are the satellite's) and `common_ta_updates`, a list of more such
    objects; None where there is no feeder link to take out."""
    first = fields.object("common_ta", default=None)
    more = fields.list("common_ta_updates", "a list of objects", MAX_UPDATES, default=[])
    found = ([] if first is None else [first]) + [
        Fields(fields.file, f"{fields.name('common_ta_updates')}[{i}]", piece) for i, piece in enumerate(more)
    ]
    return CommonTaSeries(tuple(map(_common_ta, found))) if found else None


def _common_ta(fields: Fields) -> CommonTa:
    """One quadratic."""
    return CommonTa(fields.number("epoch_time_s", -_TIME_S, _TIME_S), fields.number("ta_common_s", 0.0, 1.0),
                    fields.number("drift_s_per_s", -1e-3, 1e-3, default=0.0),
                    fields.number("drift_variant_s_per_s2", -1e-3, 1e-3, default=0.0))


def read_cell(fields: Fields | None) -> Cell:
    """The field `cell`."""
    if fields is None:
        return Cell()
    side = (
        None if fields.get("side", "left, right", None) is None else fields.choice("side", ("left", "right"))
    )
    polygon = None
    if fields.get("polygon_deg", "a list", None) is not None:
        corners = fields.list("polygon_deg", "a list of [latitude, longitude]", MAX_POLYGON)
        if len(corners) < 3:
            raise fields.error("polygon_deg", f"has {len(corners)} corners", "3 or more")
        polygon = tuple(_corner(fields, f"polygon_deg[{i}]", corner) for i, corner in enumerate(corners))
    return Cell(side, polygon, _beam(fields.object("beam", default=None)))


def _beam(fields: Fields | None) -> Beam | None:
    """The field `beam` of a cell."""
    if fields is None:
        return None
    centre = _corner(fields, "centre_deg", fields.get("centre_deg", "[latitude, longitude]"))
    return Beam(fields.text("satellite", "id of a satellite", 64), fields.number("t_s", -_TIME_S, _TIME_S), centre,
                fields.number("half_width_deg", 0.01, 60.0))


def _corner(fields: Fields, name: str, corner: Any) -> tuple[float, float]:
    """A place on the ground: a corner of the polygon, a beam's centre."""
    allowed = "[latitude, longitude], -90 to 90 and -180 to 360"
    good = isinstance(corner, list) and len(corner) == 2 and all(
        isinstance(x, (int, float)) and not isinstance(x, bool) for x in corner)
    if not good or not (abs(corner[0]) <= 90.0 and -180.0 <= corner[1] <= 360.0):
        raise fields.error(name, "is no place", allowed)
    return float(corner[0]), float(corner[1])
