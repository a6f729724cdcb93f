# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields `channel` and `link` of a scenario, and the paths of a satellite."""

from __future__ import annotations

import dataclasses

from ..world.environments import BAND_HZ, ENVIRONMENTS
from ..world.link_budget import MODELLED
from .model import BY_MODEL, MODELS, TAPPED, Channel, Link, Path
from .yaml_file import YamlFields

MAX_PATHS = 32
MAX_DELAY_SPREAD_S = 1e-5
_CHANNEL = ("model", "snr_db", "paths", "delay_spread_s", "ue_speed_m_s")
_LINK = tuple(f.name for f in dataclasses.fields(Link))


def read_channel(fields: YamlFields, frequency_hz: float) -> Channel:
    """The field `channel`."""
    fields.only(_CHANNEL)
    model = fields.text("model", ", ".join(MODELS), default="los")
    if model not in MODELS:
        raise fields.error("model", f"{model!r} is not a channel model", ", ".join(MODELS))
    if model in ENVIRONMENTS and not BAND_HZ[0] <= frequency_hz <= BAND_HZ[1]:
        raise fields.error("model", f"{model!r} has tables for S band, and the carrier is at {frequency_hz:.12g} Hz",
                           f"{BAND_HZ[0]:g} to {BAND_HZ[1]:g} Hz")
    if "delay_spread_s" in fields.value and model not in TAPPED:
        raise fields.error("delay_spread_s", f"belongs to a tapped delay line, not to {model!r}", "absent")
    if "ue_speed_m_s" in fields.value and model == "los":
        raise fields.error("ue_speed_m_s", "belongs to a model that fades, not to 'los'", "absent")
    if "paths" in fields.value and model != "los":
        raise fields.error("paths", f"belong to 'los': {model!r} has paths of its own", "absent")
    return Channel(
        model=model, snr_db=fields.number("snr_db", -60.0, 60.0, default=None), paths=read_paths(fields) or (Path(),),
        delay_spread_s=fields.number("delay_spread_s", 0.0, MAX_DELAY_SPREAD_S, default=100e-9),
        ue_speed_m_s=fields.number("ue_speed_m_s", 0.0, 1000.0, default=None))


def read_paths(fields: YamlFields) -> tuple[Path, ...] | None:
    """The list `paths` of a channel or a satellite, earliest first; None where it is absent."""
    if "paths" not in fields.value:
        return None
    entries = fields.list("paths", "a list of paths", MAX_PATHS)
    if not entries:
        raise fields.error("paths", "is empty", "at least one path, or absent for the line of sight")
    paths = [_read_path(YamlFields(fields.file, fields.name(f"paths[{i}]"), entry)) for i, entry in enumerate(entries)]
    return tuple(sorted(paths, key=lambda p: p.delay_s))


def _read_path(fields: YamlFields) -> Path:
    fields.only(("delay_s", "power_db", "phase_deg", "doppler_hz"))
    return Path(
        delay_s=fields.number("delay_s", 0.0, 1e-3, default=0.0),
        power_db=fields.number("power_db", -120.0, 60.0, default=0.0),
        phase_deg=fields.number("phase_deg", -360.0, 360.0, default=None),
        doppler_hz=fields.number("doppler_hz", -1e4, 1e4, default=0.0))


def read_link(top: YamlFields, channel: Channel) -> Link:
    """The field `link`."""
    fields = top.object("link", default=None)
    if fields is None:
        return Link()
    if channel.snr_db is not None:
        raise top.error("link", "says what channel.snr_db says otherwise", "one of the two")
    fields.only(_LINK)
    losses = {name: _loss(fields, name) for name in _LINK if name.endswith(("loss_db", "margin_db"))}
    return Link(eirp_density_dbw_mhz=fields.number("eirp_density_dbw_mhz", -100.0, 100.0, default=None),
                ue_gain_dbi=fields.number("ue_gain_dbi", -30.0, 60.0, default=0.0), **losses)


def _loss(fields: YamlFields, name: str) -> float | str:
    """A loss in dB; of those that models give, also the word for that."""
    if name in MODELLED and isinstance(fields.value.get(name), str):
        return fields.choice(name, (BY_MODEL,))
    return fields.number(name, 0.0, 100.0, default=0.0)
