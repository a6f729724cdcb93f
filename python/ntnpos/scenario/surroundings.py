# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields `atmosphere` and `errors` of a scenario: what is true beside what a receiver is told of it."""

from __future__ import annotations

from ..network.assistance import read_atmosphere
from ..world.atmosphere import Atmosphere
from ..world.timebase import Epoch
from .model import Air, Errors
from .yaml_file import YamlFields

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
