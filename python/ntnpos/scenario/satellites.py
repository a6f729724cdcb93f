# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario's satellites: chosen from elements or listed, their PRS completed, and held against horizon and age."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..network.assistance import Satellite, read_satellite
from ..network.fields import Fields
from ..network.resources import BANDWIDTHS, COMB_SIZES, LEGAL_SYMBOLS, Carrier
from ..world.elements import MAX_AGE_DAYS, SHIPPED, load_tle_file, shipped_elements
from ..world.frames import azimuth_elevation
from ..world.light_time import received
from ..world.orbits import Orbit, OrbitError, StateVectorOrbit, TleOrbit
from ..world.timebase import SECONDS_PER_DAY, Epoch
from ..world.visibility import visible_satellites
from ..world.walker import Walker
from .model import Ue

MAX_SATELLITES = 64
_PRS = ("sequence_id", "comb_size", "re_offset", "start_symbol", "num_symbols", "start_prb", "num_rb",
        "periodicity_slots", "slot_offset", "repetition_factor", "time_gap_slots", "muting_option1", "muting_option2")
_EPHEMERIDES = {"tle": ("type", "line1", "line2"),
                "state_vectors": ("type", "t_s", "position_ecef_m", "velocity_ecef_m_s")}
_SATELLITE = ("id", "ephemeris", "clock_offset_s", "sfn0_time_s", "prs", "common_ta")
_EDGE_S = 1.2  # a delay polynomial is fitted over at least a second


def read_satellites(top: Fields, carrier: Carrier, epoch: Epoch, ue: Ue,
                    span: tuple[float, float]) -> tuple[Satellite, ...]:
    """The fields `satellites` and `prs`.

    Parameters
    ----------
    top : Fields
        The scenario.
    span : (float, float)
        First and last instant of the reception, system time in s from the epoch.

    Raises
    ------
    InputError
        A field is wrong; a satellite is below the horizon; elements are older than `MAX_AGE_DAYS`.
    """
    defaults = top.object("prs", default=None) or type(top)(top.file, "prs", {})
    defaults.only(_PRS)
    value = top.get("satellites", "a list of satellites, or {tle or walker, select: {count, min_elevation_deg}}")
    if isinstance(value, dict):
        entries = _selected(top.object("satellites"), epoch, ue, span)
    else:
        entries = [_listed(type(top)(top.file, f"satellites[{i}]", entry))
                   for i, entry in enumerate(top.list("satellites", "a list of satellites", MAX_SATELLITES))]
    if not entries:
        raise top.error("satellites", "is empty", "at least one satellite")
    found: list[Satellite] = []
    for index, entry in enumerate(entries):
        entry["prs"] = completed(defaults, carrier, index) | entry.get("prs", {})
        fields = type(top)(top.file, f"satellites[{index}]", {"sfn0_time_s": 0.0} | entry)
        satellite = read_satellite(fields, carrier, epoch)
        if any(satellite.id == other.id for other in found):
            raise fields.error("id", f"{satellite.id!r} is there twice", "each id once")
        _check_in_view(fields, satellite, epoch, ue, span)
        found.append(satellite)
    return tuple(found)


def completed(defaults: Fields, carrier: Carrier, index: int) -> dict[str, Any]:
    """PRS of satellite `index` as in an assistance file: what `defaults` leave open is spread over the satellites."""
    given = defaults.value
    comb = defaults.integer_in("comb_size", COMB_SIZES, default=4, clause="TS 38.211 7.4.1.7.3")
    symbols = defaults.integer_in("num_symbols", LEGAL_SYMBOLS[comb], default=comb,
                                  clause=f"with comb_size {comb}, TS 38.211 table 7.4.1.7.3-1")
    period = defaults.integer("periodicity_slots", 4, 10240 * 8, default=10 * carrier.slots_per_subframe)
    repeated = defaults.integer("repetition_factor", 1, 32, default=1)
    gap = defaults.integer("time_gap_slots", 1, 32, default=1)
    if "num_rb" not in given and carrier.n_rb < 24 and carrier.n_rb != 12:
        raise defaults.error("num_rb", f"is missing and the carrier has {carrier.n_rb} blocks", BANDWIDTHS)
    first = defaults.integer("sequence_id", 0, 4095, default=100, clause="TS 38.211 7.4.1.7.2")
    return {"comb_size": comb, "re_offset": index % comb, "start_symbol": min(2, carrier.symbols_per_slot - symbols),
            "num_symbols": symbols, "num_rb": min(carrier.n_rb - carrier.n_rb % 4, 272), "periodicity_slots": period,
            "slot_offset": index * ((repeated - 1) * gap + 1) % period} | dict(given) | {
                "sequence_id": (first + index) % 4096}


def _listed(fields: Fields) -> dict[str, Any]:
    """One entry of a list, its fields known ones."""
    fields.only(_SATELLITE)
    ephemeris = fields.object("ephemeris")
    ephemeris.only(_EPHEMERIDES[ephemeris.choice("type", tuple(_EPHEMERIDES))])
    prs = fields.object("prs", default=None)
    if prs is not None:
        prs.only(_PRS)
    return {name: value for name, value in fields.value.items() if name != "prs" or value is not None}


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


def _selected(fields: Fields, epoch: Epoch, ue: Ue, span: tuple[float, float]) -> list[dict[str, Any]]:
    """Those that stand highest at the middle, of those that stand high enough all through."""
    fields.only(("tle", "walker", "select"))
    if ("tle" in fields.value) == ("walker" in fields.value):
        raise InputError(fields.file, fields.path, "has both or neither of tle and walker", "one of the two")
    select = fields.object("select")
    select.only(("count", "min_elevation_deg"))
    count = select.integer("count", 1, MAX_SATELLITES)
    least = select.number("min_elevation_deg", 0.0, 90.0, default=25.0)
    candidates = _of_tle if "tle" in fields.value else _of_walker
    high = candidates(fields, epoch, ue, span, least)
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
    walker = fields.object("walker")
    walker.only(("planes", "per_plane", "height_m", "inclination_deg", "phasing", "node_deg"))
    planes = walker.integer("planes", 1, 200)
    pattern = Walker(planes=planes, per_plane=walker.integer("per_plane", 1, 200),
                     height_m=walker.number("height_m", 2e5, 5e7),
                     inclination_deg=walker.number("inclination_deg", 0.0, 180.0),
                     phasing=walker.integer("phasing", 0, planes - 1, default=0),
                     node_deg=walker.number("node_deg", -360.0, 360.0, default=0.0))
    middle = 0.5 * (span[0] + span[1])
    if span[1] - span[0] + 2.0 * _EDGE_S > 2.0 * StateVectorOrbit.MAX_AGE_S:
        raise walker.error("planes", f"state vectors cannot hold for {span[1] - span[0]:.0f} s",
                           f"a reception of up to {2.0 * (StateVectorOrbit.MAX_AGE_S - _EDGE_S):.0f} s")
    r, v = pattern.states(middle)
    elevation = azimuth_elevation(place_at(ue, middle, span[0]), r)[1]
    found = []
    for i in np.argsort(-elevation, kind="stable")[:int(np.sum(elevation >= least - 0.1))]:
        if lowest_elevation_deg(StateVectorOrbit(middle, r[i], v[i]), ue, span) >= least:
            found.append({"id": pattern.names[i], "ephemeris": {
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


def _check_in_view(fields: Fields, satellite: Satellite, epoch: Epoch, ue: Ue, span: tuple[float, float]) -> None:
    orbit = satellite.orbit
    if isinstance(orbit, TleOrbit):
        age = orbit.elements_age_s / SECONDS_PER_DAY
        if abs(age) > MAX_AGE_DAYS:
            raise fields.error("ephemeris", f"the elements are {abs(age):.0f} days from epoch_utc {epoch.iso()}",
                               f"up to {MAX_AGE_DAYS:g} days for SGP4")
    try:
        elevation = lowest_elevation_deg(orbit, ue, span)
        received(orbit, ue.ecef_m, [span[0] - 0.01, span[1] + _EDGE_S])
    except OrbitError as error:
        raise fields.error("ephemeris", str(error), "an ephemeris that holds all through the reception") from None
    if elevation < 0.0:
        raise InputError(fields.file, fields.path,
                         f"{satellite.id} stands at {elevation:.1f} degrees, below the horizon", "0 degrees or more all through the reception")
