# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario's satellites: chosen from a constellation or listed, their PRS completed, and held against horizon and age."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from ..network.assistance import Satellite, read_satellite
from ..network.fields import Fields
from ..network.resources import BANDWIDTHS, COMB_SIZES, LEGAL_SYMBOLS, Carrier
from ..world.elements import MAX_AGE_DAYS
from ..world.light_time import received
from ..world.orbits import OrbitError, TleOrbit
from ..world.timebase import SECONDS_PER_DAY, Epoch
from .channel import read_paths
from .constellations import EDGE_S, MAX_SATELLITES, lowest_elevation_deg, selected
from .model import Channel, Path, Ue

_PRS = ("sequence_id", "comb_size", "re_offset", "start_symbol", "num_symbols", "start_prb", "num_rb",
        "periodicity_slots", "slot_offset", "repetition_factor", "time_gap_slots", "muting_option1", "muting_option2")
_EPHEMERIDES = {"tle": ("type", "line1", "line2"),
                "state_vectors": ("type", "t_s", "position_ecef_m", "velocity_ecef_m_s")}
_WAYS = ("paths", "blocked")
_SATELLITE = ("id", "ephemeris", "clock_offset_s", "sfn0_time_s", "prs", "common_ta", *_WAYS)


def read_satellites(top: Fields, carrier: Carrier, epoch: Epoch, ue: Ue, span: tuple[float, float],
                    channel: Channel) -> tuple[tuple[Satellite, ...], tuple[tuple[Path, ...] | None, ...]]:
    """The fields `satellites` and `prs`: satellites, and the paths of those that have their own.

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
    value = top.get("satellites", "a list of satellites, or {tle, walker or layout, select: {count, min_elevation_deg}}")
    if isinstance(value, dict):
        entries = selected(top.object("satellites"), epoch, ue, span)
    else:
        entries = [_listed(type(top)(top.file, f"satellites[{i}]", entry))
                   for i, entry in enumerate(top.list("satellites", "a list of satellites", MAX_SATELLITES))]
    if not entries:
        raise top.error("satellites", "is empty", "at least one satellite")
    found: list[Satellite] = []
    own_paths: list[tuple[Path, ...] | None] = []
    for index, entry in enumerate(entries):
        own_paths.append(_own_paths(type(top)(top.file, f"satellites[{index}]", entry), channel))
        entry = {name: value for name, value in entry.items() if name not in _WAYS}
        entry["prs"] = completed(defaults, carrier, index) | entry.get("prs", {})
        fields = type(top)(top.file, f"satellites[{index}]", {"sfn0_time_s": 0.0} | entry)
        satellite = read_satellite(fields, carrier, epoch)
        if any(satellite.id == other.id for other in found):
            raise fields.error("id", f"{satellite.id!r} is there twice", "each id once")
        _check_in_view(fields, satellite, epoch, ue, span)
        found.append(satellite)
    if all(paths == () for paths in own_paths):
        raise top.error("satellites", "are all blocked", "at least one of which something arrives")
    return tuple(found), tuple(own_paths)


def _own_paths(fields: Fields, channel: Channel) -> tuple[Path, ...] | None:
    """What a satellite's `paths` and `blocked` say; None where they say nothing."""
    paths, blocked = read_paths(fields), fields.flag("blocked", default=False)
    if paths is None and not blocked:
        return None
    if channel.model != "los":
        raise fields.error("blocked" if paths is None else "paths",
                           f"belongs to the channel model 'los', not to {channel.model!r}", "absent")
    paths = channel.paths if paths is None else paths
    return tuple(path for path in paths if path.delay_s > 0.0) if blocked else paths


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


def _check_in_view(fields: Fields, satellite: Satellite, epoch: Epoch, ue: Ue, span: tuple[float, float]) -> None:
    orbit = satellite.orbit
    if isinstance(orbit, TleOrbit):
        age = orbit.elements_age_s / SECONDS_PER_DAY
        if abs(age) > MAX_AGE_DAYS:
            raise fields.error("ephemeris", f"the elements are {abs(age):.0f} days from epoch_utc {epoch.iso()}",
                               f"up to {MAX_AGE_DAYS:g} days for SGP4")
    try:
        elevation = lowest_elevation_deg(orbit, ue, span)
        received(orbit, ue.ecef_m, [span[0] - 0.01, span[1] + EDGE_S])
    except OrbitError as error:
        raise fields.error("ephemeris", str(error), "an ephemeris that holds all through the reception") from None
    if elevation < 0.0:
        raise InputError(fields.file, fields.path,
                         f"{satellite.id} stands at {elevation:.1f} degrees, below the horizon", "0 degrees or more all through the reception")
