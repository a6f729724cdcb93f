# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a scenario (contract section 7).

What this loader accepts is valid: nothing after it checks its fields again, but for what only the signal kernels know of a
sample rate.
"""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any

from ..network.assistance import read_epoch
from ..network.resources import Carrier, read_carrier
from .channel import read_channel, read_link
from .model import DATATYPES, MAX_SAMPLES, Occasions, Prior, Receiver, Scenario, Ue
from .satellites import read_satellites
from .surroundings import read_air, read_errors, read_feeder
from .yaml_file import YamlFields, read_yaml

MAX_DURATION_S = 86400.0
_EDGE_S = 0.05  # travel time, clock offset and search window of an occasion
_TOP = ("title", "epoch_utc", "start_s", "duration_s", "occasions", "seed", "carrier", "satellites", "prs", "ue",
        "receiver", "channel", "link", "prior", "atmosphere", "errors", "feeder")
_CARRIER = ("frequency_hz", "scs_khz", "n_rb", "sample_rate_hz", "cyclic_prefix", "phase_compensation")


def load_scenario(path: str | FilePath) -> Scenario:
    """Read and validate a scenario file.

    Raises
    ------
    InputError
        One line that names the file, the field, what is wrong and what is allowed.
    """
    return parse_scenario(read_yaml(path), str(path))


def parse_scenario(value: Any, name: str = "scenario") -> Scenario:
    """Validate a scenario already read from YAML; `name` stands for the file in messages, and files that the scenario
    names are looked for beside it."""
    top = YamlFields(name, "", value)
    top.only(_TOP)
    epoch = read_epoch(top)
    start = top.number("start_s", 0.0, 1e6, default=1.0)
    carrier, sample_rate = _read_carrier(top.object("carrier"))
    occasions, duration = _read_extent(top, sample_rate)  # with occasions so far without the length of the last
    ue = _read_ue(top.object("ue"))
    receiver = _read_receiver(top.object("receiver", default=None) or YamlFields(name, "receiver", {}))
    channel = read_channel(top.object("channel", default=None) or YamlFields(name, "channel", {}), carrier.frequency_hz)
    first = start - receiver.clock_offset_s
    satellites, own_paths = read_satellites(top, carrier, epoch, ue, (first, first + duration), channel)
    if occasions is not None:
        duration += max(s.prs.periodicity_slots for s in satellites) * 1e-3 / carrier.slots_per_subframe
    prior = top.object("prior", default=None) or YamlFields(name, "prior", {})
    prior.only(("horizontal_sigma_m", "height_sigma_m"))
    return Scenario(
        file=name, title=top.text("title", "one line of text", 200, default=FilePath(name).stem or "scenario"),
        epoch=epoch, start_s=start, duration_s=duration, occasions=occasions,
        seed=top.integer("seed", 0, 2**32 - 1, default=1), carrier=carrier, sample_rate_hz=sample_rate,
        satellites=satellites, own_paths=own_paths, ue=ue, receiver=receiver, channel=channel, link=read_link(top, channel),
        air=read_air(top, epoch, carrier.frequency_hz), errors=read_errors(top),
        feeder=read_feeder(top, carrier.frequency_hz, satellites, (first, first + duration)),
        prior=Prior(prior.number("horizontal_sigma_m", 0.0, 1e6, above=True, default=50e3),
                    prior.number("height_sigma_m", 0.0, 1e4, above=True, default=100.0)))


def _read_carrier(fields: YamlFields) -> tuple[Carrier, float]:
    fields.only(_CARRIER)
    usual = {"cyclic_prefix": "normal", "phase_compensation": False}
    fields = YamlFields(fields.file, fields.path, usual | fields.value)
    carrier = read_carrier(fields)
    width = 12e3 * carrier.n_rb * carrier.scs_khz
    rate = fields.number("sample_rate_hz", 0.0, 1e9, above=True)
    if rate < width:
        raise fields.error("sample_rate_hz",
                           f"{rate:.12g} is less than the carrier's {carrier.n_rb} resource blocks are wide", f"at least {width:.12g}")
    return carrier, rate


def _read_extent(top: YamlFields, rate: float) -> tuple[Occasions | None, float]:
    fields = top.object("occasions", default=None)
    if fields is None:
        duration = top.number("duration_s", 0.0, MAX_DURATION_S, above=True)
        if not 0 < (samples := round(duration * rate)) <= MAX_SAMPLES:
            raise top.error("duration_s", f"{duration:.12g} s at {rate:.12g} samples a second are {samples} samples",
                            f"1 to {MAX_SAMPLES}; with `occasions` a part is streamed")
        return None, duration
    fields.only(("every_s", "count"))
    every = fields.number("every_s", 0.0, MAX_DURATION_S, above=True)
    count = fields.integer("count", 1, 100_000)
    last = (count - 1) * every
    limit = top.number("duration_s", 0.0, MAX_DURATION_S, above=True, default=None)
    if last > (MAX_DURATION_S if limit is None else limit):
        raise fields.error("count", f"the last of {count} begins after {last:.12g} s",
                           f"within {MAX_DURATION_S:.0f} s" if limit is None else f"within duration_s, {limit:.12g} s")
    return Occasions(every, count), last + _EDGE_S


def _read_ue(fields: YamlFields) -> Ue:
    fields.only(("latitude_deg", "longitude_deg", "height_m", "velocity_enu_m_s"))
    return Ue(
        latitude_deg=fields.number("latitude_deg", -90.0, 90.0),
        longitude_deg=fields.number("longitude_deg", -180.0, 180.0),
        height_m=fields.number("height_m", -1000.0, 100000.0, default=0.0),
        velocity_enu_m_s=(fields.vector("velocity_enu_m_s", 1000.0) if "velocity_enu_m_s" in fields.value
                          else (0.0, 0.0, 0.0)))


def _read_receiver(fields: YamlFields) -> Receiver:
    fields.only(("clock_offset_s", "frequency_error_ppm", "noise_figure_db", "datatype", "clock_offset_max_s",
                 "frequency_error_max_ppm"))
    offset = fields.number("clock_offset_s", -0.1, 0.1, default=0.0)
    error = fields.number("frequency_error_ppm", -100.0, 100.0, default=0.0)
    return Receiver(
        clock_offset_s=offset, frequency_error_ppm=error,
        noise_figure_db=fields.number("noise_figure_db", 0.0, 50.0, default=7.0),
        datatype=fields.choice("datatype", DATATYPES, default=DATATYPES[0]),
        clock_offset_max_s=fields.number("clock_offset_max_s", abs(offset), 10.0,
                                         default=max(1e-3, 1.25 * abs(offset))),
        frequency_error_max_ppm=fields.number("frequency_error_max_ppm", abs(error), 1000.0,
                                              default=max(0.5, 1.25 * abs(error))))
