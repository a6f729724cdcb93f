# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields `atmosphere`, `errors` and `feeder` of a scenario: what is true beside what a receiver is told of it."""

from __future__ import annotations

import numpy as np

from ..network.assistance import Satellite, read_atmosphere
from ..world.atmosphere import Atmosphere
from ..world.feeder import Feeder
from ..world.frames import azimuth_elevation, geodetic_to_ecef
from ..world.orbits import OrbitError
from ..world.timebase import Epoch
from .model import Air, Errors
from .yaml_file import YamlFields

PAYLOADS = ("transparent", "regenerative")
_AIR = ("troposphere", "ionosphere_tecu")


def read_air(top: YamlFields, epoch: Epoch, frequency_hz: float) -> Air:
    """The field `atmosphere`."""
    fields = top.object("atmosphere", default=None)
    if fields is None:
        return Air(None, None)
    fields.only((*_AIR, "told"))
    own = YamlFields(fields.file, fields.path, {name: fields.value[name] for name in _AIR if name in fields.value})
    true = read_atmosphere(own, epoch, frequency_hz)
    told = fields.object("told", default=None)
    return Air(true, true if told is None else read_atmosphere(told, epoch, frequency_hz) if told.value else None)


def as_told(air: Atmosphere) -> dict[str, object]:
    """An atmosphere as an assistance file has it."""
    return {"troposphere": air.troposphere, "ionosphere_tecu": air.ionosphere_tecu}


def read_errors(top: YamlFields) -> Errors:
    """The field `errors`."""
    fields = top.object("errors", default=None)
    if fields is None:
        return Errors()
    fields.only(("satellite_position_m", "satellite_clock_s"))
    return Errors(satellite_position_m=fields.number("satellite_position_m", 0.0, 1e4, default=0.0),
                  satellite_clock_s=fields.number("satellite_clock_s", 0.0, 1e-3, default=0.0))


def read_feeder(top: YamlFields, frequency_hz: float, satellites: tuple[Satellite, ...],
                span: tuple[float, float]) -> Feeder | None:
    """The field `feeder`; None where it is absent or the payload makes its signals itself.

    Parameters
    ----------
    span : (float, float)
        First and last instant of the reception, system time in s from the epoch.
    """
    fields = top.object("feeder", default=None)
    if fields is None:
        return None
    fields.only(("gateway", "payload", "frequency_hz", "compensated_at_s"))
    payload = fields.choice("payload", PAYLOADS, default=PAYLOADS[0])
    gateway = fields.object("gateway")
    gateway.only(("latitude_deg", "longitude_deg", "height_m"))
    place = geodetic_to_ecef(gateway.number("latitude_deg", -90.0, 90.0), gateway.number("longitude_deg", -180.0, 180.0),
                             gateway.number("height_m", -1000.0, 10000.0, default=0.0))
    for satellite in satellites:
        least = min(float(azimuth_elevation(place, satellite.orbit.state(t)[0])[1][0]) for t in span)
        if least < 0.0:
            raise fields.error("gateway", f"{satellite.id} stands at {least:.1f} degrees there, below the horizon",
                               "0 degrees or more all through the reception")
    carrier = fields.number("frequency_hz", 1e8, 1e11, default=frequency_hz)
    epoch = fields.number("compensated_at_s", span[0] - 60.0, span[1] + 60.0, default=None)
    if payload == "regenerative":
        return None
    found = Feeder(tuple(map(float, np.asarray(place))), carrier / frequency_hz, epoch)
    for satellite in satellites if epoch is not None else ():
        try:
            found.hop(satellite.orbit, span[0])
        except OrbitError as error:
            raise fields.error("compensated_at_s", f"{satellite.id}: {error}", "an instant that all ephemerides hold for") from None
    return found
