# SPDX-License-Identifier: GPL-3.0-or-later
"""Satellites of a scenario chosen by elevation: from elements, a Walker pattern or the fitted study layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..network.fields import Fields
from ..world.elements import MAX_AGE_DAYS, SHIPPED, load_tle_file, shipped_elements
from ..world.frames import azimuth_elevation
from ..world.layout import FittedLayout
from ..world.light_time import received
from ..world.orbits import Orbit, StateVectorOrbit, TleOrbit
from ..world.timebase import SECONDS_PER_DAY, Epoch
from ..world.visibility import visible_satellites
from ..world.walker import NAMED, Walker
from .model import Ue

MAX_SATELLITES = 64
EDGE_S = 1.2
"""A delay polynomial is fitted over at least a second."""
FITTED = "fitted-study"
_SOURCES = ("tle", "walker", "layout")


def _elements(fields: Fields) -> list[tuple[str, str, str]]:
    """The element sets that `tle` names: a file beside the scenario or from where the command runs, or a shipped set."""
    name = fields.text("tle", "a file of two-line elements, or " + " or ".join(SHIPPED), 4096)
    beside = Path(str(fields.file)).parent / name
    for path in (beside, Path(name)):
        if path.is_file():
            return load_tle_file(path)
    if name in SHIPPED:
        return shipped_elements(name)
    raise fields.error("tle", f"{name!r} is not a file", "a file of two-line elements, or " + " or ".join(SHIPPED))


def selected(fields: Fields, epoch: Epoch, ue: Ue, span: tuple[float, float]) -> list[dict[str, Any]]:
    """Those that stand highest at the middle, of those that stand high enough all through."""
    fields.only((*_SOURCES, "select"))
    given = [name for name in _SOURCES if name in fields.value]
    if len(given) != 1:
        raise InputError(fields.file, fields.path, f"has {' and '.join(given) or 'none'} of {', '.join(_SOURCES)}", "one of them")
    whole = given == ["layout"] and "select" not in fields.value
    select = type(fields)(fields.file, fields.name("select"), {"count": 9}) if whole else fields.object("select")
    select.only(("count", "min_elevation_deg"))
    count = select.integer("count", 1, MAX_SATELLITES)
    least = select.number("min_elevation_deg", 0.0, 90.0, default=25.0)
    high = {"tle": _of_tle, "walker": _of_walker, "layout": _of_layout}[given[0]](fields, epoch, ue, span, least)
    if len(high) < count:
        raise select.error(
            "count", f"{count} wanted, but {len(high)} stand at {least:g} degrees or more all through the reception",
            f"up to {len(high)} there and then" if high else "another place, time or elevation")
    return high[:count]


def _of_tle(fields: Fields, epoch: Epoch, ue: Ue, span: tuple[float, float], least: float) -> list[dict[str, Any]]:
    """Satellites of elements that stand high enough all through, highest at the middle first."""
    elements = _elements(fields)
    ages = [abs(TleOrbit(*e[1:], epoch).elements_age_s) / SECONDS_PER_DAY for e in elements]
    young = [e for e, age in zip(elements, ages) if age <= MAX_AGE_DAYS]
    if not young:
        raise fields.error("tle", f"the youngest elements are {min(ages):.0f} days from epoch_utc {epoch.iso()}",
                           f"up to {MAX_AGE_DAYS:g} days for SGP4")
    middle = 0.5 * (span[0] + span[1])
    seen = visible_satellites(young, epoch, place_at(ue, middle, span[0]), middle, least)
    lines = {name: (line1, line2) for name, line1, line2 in young}
    return [{"id": s.name, "ephemeris": {"type": "tle", "line1": lines[s.name][0], "line2": lines[s.name][1]}}
            for s in seen if lowest_elevation_deg(s.orbit, ue, span) >= least]


def _of_walker(fields: Fields, epoch: Epoch, ue: Ue, span: tuple[float, float], least: float) -> list[dict[str, Any]]:
    """As `_of_tle`, of a Walker constellation: state vectors of the middle of the reception."""
    if isinstance(fields.value["walker"], str):
        pattern = NAMED[fields.choice("walker", tuple(NAMED))]
    else:
        walker = fields.object("walker")
        walker.only(("planes", "per_plane", "height_m", "inclination_deg", "phasing", "node_deg"))
        planes = walker.integer("planes", 1, 200)
        pattern = Walker(planes=planes, per_plane=walker.integer("per_plane", 1, 200),
                         height_m=walker.number("height_m", 2e5, 5e7),
                         inclination_deg=walker.number("inclination_deg", 0.0, 180.0),
                         phasing=walker.integer("phasing", 0, planes - 1, default=0),
                         node_deg=walker.number("node_deg", -360.0, 360.0, default=0.0))
    middle = _middle(fields, "walker", span)
    return _high_enough(pattern.names, *pattern.states(middle), middle, ue, span, least)


def _of_layout(fields: Fields, epoch: Epoch, ue: Ue, span: tuple[float, float], least: float) -> list[dict[str, Any]]:
    """As `_of_walker`, of the fitted study layout, which stands over a place at the middle of the reception."""
    if isinstance(fields.value["layout"], str):
        fields.choice("layout", (FITTED,))
        layout = type(fields)(fields.file, fields.name("layout"), {"name": FITTED})
    else:
        layout = fields.object("layout")
    layout.only(("name", "height_m", "heading_deg", "latitude_deg", "longitude_deg"))
    layout.choice("name", (FITTED,))
    pattern = FittedLayout(layout.number("height_m", 2e5, 2e6, default=600e3))
    middle = _middle(fields, "layout", span)
    # Geocentric direction of the receiver, unless another place is named.
    x, y, z = place_at(ue, middle, span[0])
    states = pattern.states_over(
        layout.number("latitude_deg", -90.0, 90.0, default=float(np.degrees(np.arctan2(z, np.hypot(x, y))))),
        layout.number("longitude_deg", -180.0, 180.0, default=float(np.degrees(np.arctan2(y, x)))),
        layout.number("heading_deg", -360.0, 360.0, default=0.0))
    return _high_enough(pattern.names, *states, middle, ue, span, least)


def _middle(fields: Fields, name: str, span: tuple[float, float]) -> float:
    """Middle of a reception, over which state vectors hold."""
    if span[1] - span[0] + 2.0 * EDGE_S > 2.0 * StateVectorOrbit.MAX_AGE_S:
        raise fields.error(name, f"state vectors cannot hold for {span[1] - span[0]:.0f} s",
                           f"a reception of up to {2.0 * (StateVectorOrbit.MAX_AGE_S - EDGE_S):.0f} s")
    return 0.5 * (span[0] + span[1])


def _high_enough(names: list[str], r: np.ndarray, v: np.ndarray, middle: float, ue: Ue, span: tuple[float, float],
                 least: float) -> list[dict[str, Any]]:
    """Those of states [n, 3] at the middle that stand high enough all through, highest first."""
    elevation = azimuth_elevation(place_at(ue, middle, span[0]), r)[1]
    found = []
    for i in np.argsort(-elevation, kind="stable")[:int(np.sum(elevation >= least - 0.1))]:
        if lowest_elevation_deg(StateVectorOrbit(middle, r[i], v[i]), ue, span) >= least:
            found.append({"id": names[i], "ephemeris": {
                "type": "state_vectors", "t_s": middle, "position_ecef_m": list(map(float, r[i])),
                "velocity_ecef_m_s": list(map(float, v[i]))}})
    return found


def place_at(ue: Ue, t_s: float, start_s: float) -> np.ndarray:
    """The receiver's place [3] at a system time; at `start_s` it is where the scenario says."""
    return ue.ecef_m + (t_s - start_s) * ue.velocity_ecef_m_s


def lowest_elevation_deg(orbit: Orbit, ue: Ue, span: tuple[float, float]) -> float:
    """Least elevation over the reception. A pass rises and sets once, so that its least is at an end."""
    elevations = []
    for t in span:
        place = place_at(ue, t, span[0])
        elevations.append(float(azimuth_elevation(place, received(orbit, place, t).sat_at_rx_frame[0])[1]))
    return min(elevations)
