# SPDX-License-Identifier: GPL-3.0-or-later
"""Which satellites of a set of elements stand above the horizon of a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from .frames import azimuth_elevation
from .light_time import received
from .orbits import OrbitError, TleOrbit
from .timebase import Epoch


@dataclass(frozen=True)
class VisibleSatellite:
    """A satellite as seen from a place at one instant, from where its light then comes."""

    name: str
    orbit: TleOrbit
    azimuth_deg: float
    elevation_deg: float
    range_m: float


def visible_satellites(elements: Iterable[tuple[str, str, str]], epoch: Epoch, ue_ecef, t_s: float = 0.0,
                       min_elevation_deg: float = 0.0) -> list[VisibleSatellite]:
    """Satellites at or above an elevation, highest first.

    Parameters
    ----------
    elements : iterable of (name, line1, line2)
        As from `ntnpos.world.elements`. Elements that SGP4 cannot carry to the instant are passed over.
    epoch, t_s
        The instant of reception: `t_s` seconds after `epoch`.
    ue_ecef : array [3]
        The place, ECEF in m.
    min_elevation_deg : float
        Geometric elevation, without refraction.
    """
    found = []
    for name, line1, line2 in elements:
        orbit = TleOrbit(line1, line2, epoch)
        try:
            place = received(orbit, ue_ecef, t_s).sat_at_rx_frame[0]
        except OrbitError:
            continue
        azimuth, elevation, distance = map(float, azimuth_elevation(ue_ecef, place))
        if elevation >= min_elevation_deg:
            found.append(VisibleSatellite(name, orbit, azimuth, elevation, distance))
    return sorted(found, key=lambda s: -s.elevation_deg)
