# SPDX-License-Identifier: GPL-3.0-or-later
"""Assistance data: what a UE is told by the network (LPP NR-DL-PRS-AssistanceData, SIB19), from JSON.

A loaded `Assistance` is valid: nothing after the loader checks its fields again. Unknown fields are kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping

import numpy as np

from ..errors import InputError, describe
from ..world.atmosphere import Atmosphere, SeenThrough
from ..world.constants import EARTH_RADIUS_M
from ..world.elements import line_problem, pair_problem
from ..world.frames import geodetic_to_ecef
from ..world.orbits import Orbit, OrbitError, StateVectorOrbit, TleOrbit
from ..world.timebase import Epoch
from .fields import Fields, read_json
from .resources import Carrier, PrsResource, read_carrier, read_prs
from .sites import Cell, CommonTaSeries, Trp, read_cell, read_common_ta, read_trp

SCHEMA = "ntnpos.assistance/1"
MAX_SATELLITES = 10000
MAX_TIME_S = 1e7  # beyond, float64 seconds from the epoch are coarser than 2 ns
_SATELLITE_FIELDS = ("id", "ephemeris", "clock_offset_s", "sfn0_time_s", "prs")
_TOP_FIELDS = ("schema", "epoch_utc", "carrier", "satellites", "ue_prior", "receiver", "trps", "cell")


@dataclass(frozen=True)
class Satellite:
    """One satellite that sends DL-PRS."""

    id: str
    orbit: Orbit
    clock_offset_s: float
    """Satellite clock minus system time, +-1 s; absent in the file: 0."""
    sfn0_time_s: float
    """Reading of the satellite's clock when its SFN 0 slot 0 leaves the antenna."""
    prs: PrsResource
    ephemeris: Mapping[str, Any]
    """As in the file."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Other fields as in the file, ``common_ta`` and ``position_std_m`` among them."""
    position_std_m: float = 0.0
    """Standard deviation of each coordinate of its ephemeris, an error that stays; absent in the file: 0."""

    def to_dict(self) -> dict:
        """As in the assistance file."""
        return {"id": self.id, "ephemeris": dict(self.ephemeris), "clock_offset_s": self.clock_offset_s,
                "sfn0_time_s": self.sfn0_time_s, "prs": self.prs.to_dict()} | dict(self.extra)


@dataclass(frozen=True)
class UePrior:
    """Where the network believes the UE may be: bounds the search, is not a measurement."""

    latitude_deg: float
    longitude_deg: float
    height_m: float
    horizontal_sigma_m: float
    """1-sigma radius, above 0."""
    height_sigma_m: float

    @property
    def ecef(self) -> np.ndarray:
        """ECEF position [3] in m."""
        return geodetic_to_ecef(self.latitude_deg, self.longitude_deg, self.height_m)


@dataclass(frozen=True)
class ReceiverBounds:
    """Bounds of the receiver's clock, either way."""

    clock_offset_max_s: float
    frequency_error_max_ppm: float


@dataclass(frozen=True)
class Assistance:
    """A valid assistance file."""

    epoch: Epoch
    carrier: Carrier
    satellites: tuple[Satellite, ...]
    ue_prior: UePrior
    receiver: ReceiverBounds
    path: str = ""
    """Where it was read from, for messages."""
    trps: tuple[Mapping[str, Any], ...] = ()
    """Terrestrial transmission points, as in the file."""
    cell: Mapping[str, Any] | None = None
    """Cell side and polygon, as in the file."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Top-level fields that this loader does not read."""

    def satellite(self, satellite_id: str) -> Satellite:
        """The satellite with that id; KeyError if there is none."""
        for satellite in self.satellites:
            if satellite.id == satellite_id:
                return satellite
        raise KeyError(satellite_id)

    def transmitter(self, name: str) -> Satellite | Trp:
        """The satellite or terrestrial point with that id; KeyError if there is none."""
        for trp in self.points:
            if trp.id == name:
                return trp
        return self.satellite(name)

    def common_ta(self, name: str) -> CommonTaSeries | None:
        """Feeder link of a transparent payload; None: the satellite (or point) is the reference point itself.

        Read when asked for, which is when a two-way chain needs it. Raises `InputError` where it is incomplete. """
        index = next((i for i, satellite in enumerate(self.satellites) if satellite.id == name), None)
        if index is None:
            return None
        return read_common_ta(Fields(self.path, f"satellites[{index}]", dict(self.satellites[index].extra)))

    @cached_property
    def points(self) -> tuple[Trp, ...]:
        """Terrestrial points, read."""
        return tuple(read_trp(Fields(self.path, f"trps[{i}]", dict(trp))) for i, trp in enumerate(self.trps))

    @cached_property
    def serving_cell(self) -> Cell:
        """Cell side, polygon and beam, read."""
        found = read_cell(None if self.cell is None else Fields(self.path, "cell", dict(self.cell)))
        if found.beam is not None:
            known = [satellite.id for satellite in self.satellites]
            if found.beam.satellite not in known:
                raise InputError(self.path, "cell.beam.satellite", f"{describe(found.beam.satellite)} is not there",
                                 f"one of {', '.join(known)}")
        return found

    @cached_property
    def ids(self) -> frozenset[str]:
        """Ids of all satellites and terrestrial points."""
        return frozenset(s.id for s in self.satellites) | frozenset(trp.id for trp in self.points)

    def to_dict(self) -> dict:
        """As in the assistance file."""
        top = {"schema": SCHEMA, "epoch_utc": self.epoch.iso(), "carrier": self.carrier.to_dict(),
               "satellites": [s.to_dict() for s in self.satellites],
               "ue_prior": dict(vars(self.ue_prior)), "receiver": dict(vars(self.receiver))}
        if self.trps:
            top["trps"] = [dict(t) for t in self.trps]
        if self.cell is not None:
            top["cell"] = dict(self.cell)
        return top | dict(self.extra)

    def to_json(self) -> str:
        """The text of an assistance file that `load_assistance` reads back to the same `to_dict`."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"


def load_assistance(path: str | Path) -> Assistance:
    """Read and validate an assistance file (contract section 2).

    Raises
    ------
    InputError
        One line that names the file, the field, what is wrong and what is allowed.
    """
    return parse_assistance(read_json(path), str(path))


def parse_assistance(value: Any, name: str = "assistance") -> Assistance:
    """Validate assistance data already read from JSON; `name` stands for the file in messages."""
    top = Fields(name, "", value)
    top.choice("schema", (SCHEMA,))
    epoch = read_epoch(top)
    carrier = read_carrier(top.object("carrier"))
    entries = top.list("satellites", "a list of satellites", MAX_SATELLITES)
    if not entries:
        raise top.error("satellites", "is empty", "at least one satellite")
    satellites: list[Satellite] = []
    seen: dict[str, int] = {}
    for i, entry in enumerate(entries):
        fields = Fields(name, f"satellites[{i}]", entry)
        satellite = read_satellite(fields, carrier, epoch)
        if satellite.id in seen:
            raise fields.error("id", f"{describe(satellite.id)} is also satellites[{seen[satellite.id]}]",
                               "each id once")
        seen[satellite.id] = i
        satellites.append(satellite)
    atmosphere = top.object("atmosphere", default=None)
    if atmosphere is not None:
        satellites = list(through(satellites, read_atmosphere(atmosphere, epoch, carrier.frequency_hz)))
    trps = [Fields(name, f"trps[{i}]", trp).value
            for i, trp in enumerate(top.list("trps", "a list of objects", MAX_SATELLITES, default=[]))]
    cell = top.object("cell", default=None)
    found = Assistance(
        epoch=epoch, carrier=carrier, satellites=tuple(satellites),
        ue_prior=_read_prior(top.object("ue_prior")), receiver=_read_receiver(top.object("receiver")),
        path=name, trps=tuple(trps), cell=None if cell is None else cell.value,
        extra={k: v for k, v in value.items() if k not in _TOP_FIELDS})
    for i, trp in enumerate(found.points):
        if trp.id in seen:
            raise InputError(name, f"trps[{i}].id", f"{describe(trp.id)} is another point's or satellite's", "each id once")
        seen[trp.id] = i
    found.serving_cell  # reads it: a wrong cell is refused here
    return found


def read_atmosphere(fields: Fields, epoch: Epoch, frequency_hz: float) -> Atmosphere:
    """The field `atmosphere`: what delays the signals beyond vacuum."""
    fields.only(("troposphere", "ionosphere_tecu"))
    return Atmosphere(frequency_hz=frequency_hz, day_of_year=epoch.day_of_year,
                      troposphere=fields.flag("troposphere", default=False),
                      ionosphere_tecu=fields.number("ionosphere_tecu", 0.0, 1000.0, default=0.0))


def through(satellites: Iterable[Satellite], atmosphere: Atmosphere) -> Iterator[Satellite]:
    """The same satellites, their signals through an atmosphere."""
    return (replace(satellite, orbit=SeenThrough(satellite.orbit, atmosphere)) for satellite in satellites)


def read_epoch(fields: Fields) -> Epoch:
    """The field `epoch_utc`."""
    try:
        epoch = Epoch.parse(fields.text("epoch_utc", "ISO 8601 with Z", 40))
    except InputError:
        raise
    except ValueError:
        raise fields.error("epoch_utc", f"{describe(fields.value['epoch_utc'])} is not a UTC time",
                           "ISO 8601 with Z, such as 2025-10-07T12:00:00Z") from None
    if not 1957 <= epoch.utc.year <= 2056:
        raise fields.error("epoch_utc", f"{describe(fields.value['epoch_utc'])} is out of range", "years 1957 to 2056")
    return epoch


def read_satellite(fields: Fields, carrier: Carrier, epoch: Epoch) -> Satellite:
    """One entry of `satellites`."""
    satellite_id = fields.text("id", "text, unique in the file", 64)
    ephemeris = fields.object("ephemeris")
    kind = ephemeris.choice("type", ("state_vectors", "tle"))
    orbit = _read_tle(ephemeris, epoch) if kind == "tle" else _read_state_vector(ephemeris)
    return Satellite(
        id=satellite_id, orbit=orbit, ephemeris=ephemeris.value,
        clock_offset_s=fields.number("clock_offset_s", -1.0, 1.0, default=0.0),
        sfn0_time_s=fields.number("sfn0_time_s", -MAX_TIME_S, MAX_TIME_S),
        prs=read_prs(fields.object("prs"), carrier),
        position_std_m=fields.number("position_std_m", 0.0, 1e5, default=0.0),
        extra={k: v for k, v in fields.value.items() if k not in _SATELLITE_FIELDS})


def _read_tle(fields: Fields, epoch: Epoch) -> TleOrbit:
    lines = []
    for number in (1, 2):
        line = fields.get(f"line{number}", "a line of 69 characters")
        problem = line_problem(line, number) or (pair_problem(lines[0], line) if lines else None)
        if problem:
            raise fields.error(f"line{number}", *problem)
        lines.append(line)
    try:
        orbit = TleOrbit(*lines, epoch)
        orbit.state(0.0)
    except OrbitError as error:
        raise fields.error("line2", f"the orbit has no state at the epoch ({error})",
                           "elements that SGP4 carries to epoch_utc") from None
    return orbit


def _read_state_vector(fields: Fields) -> StateVectorOrbit:
    t_s = fields.number("t_s", -MAX_TIME_S, MAX_TIME_S)
    r = np.array(fields.vector("position_ecef_m", 1e9))
    radius = float(np.linalg.norm(r))
    if not EARTH_RADIUS_M + 5e4 <= radius <= 1e9:
        raise fields.error("position_ecef_m", f"is {radius:.0f} m from the Earth's centre",
                           f"{EARTH_RADIUS_M + 5e4:.0f} to 1000000000 m")
    v = np.array(fields.vector("velocity_ecef_m_s", 12000.0))
    orbit = StateVectorOrbit(t_s, r, v)
    try:
        orbit.state(t_s)
    except OrbitError as error:
        raise fields.error("velocity_ecef_m_s", str(error), "the state of a satellite in orbit") from None
    return orbit


def _read_prior(fields: Fields) -> UePrior:
    return UePrior(
        latitude_deg=fields.number("latitude_deg", -90.0, 90.0),
        longitude_deg=fields.number("longitude_deg", -180.0, 180.0),
        height_m=fields.number("height_m", -1000.0, 100000.0),
        horizontal_sigma_m=fields.number("horizontal_sigma_m", 0.0, 1e7, above=True),
        height_sigma_m=fields.number("height_sigma_m", 0.0, 1e5, above=True))


def _read_receiver(fields: Fields) -> ReceiverBounds:
    return ReceiverBounds(
        clock_offset_max_s=fields.number("clock_offset_max_s", 0.0, 10.0),
        frequency_error_max_ppm=fields.number("frequency_error_max_ppm", 0.0, 1000.0))
