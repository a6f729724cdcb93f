# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos waveform`: one slot of a reference signal as resource grid and as I/Q."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from gnuradio import ntnpos

from ntnpos.commands.arguments import Parser, guarded
from ntnpos.errors import InputError, describe
from ntnpos.network.fields import Fields, read_json
from ntnpos.network.resources import PrsResource, read_carrier, read_prs

from . import convert

SMALLEST_FFT = 128  # a prefix of 9/128 symbol is a whole number of samples from here on
MAX_FRAME = 1023

EXAMPLE = """example:
  ./ntnpos waveform config.json --grid grid.npy --iq slot.cf32 --plot grid.png

config.json:
  {"carrier": {"frequency_hz": 2e9, "scs_khz": 15, "n_rb": 24, "cyclic_prefix": "normal",
               "phase_compensation": false},
   "slot": 0, "frame": 0,
   "prs": {"sequence_id": 100, "comb_size": 4, "re_offset": 0, "start_symbol": 2, "num_symbols": 4,
           "start_prb": 0, "num_rb": 24, "periodicity_slots": 10, "slot_offset": 0}}

or, in place of "prs", a positioning SRS, which is sent in this slot:
   "srs": {"sequence_id": 100, "comb_size": 4, "comb_offset": 0, "cyclic_shift": 0, "num_symbols": 4,
           "start_symbol": 10, "c_srs": 6, "b_srs": 0, "freq_position": 0, "freq_shift": 0,
           "group_or_sequence_hopping": "neither"}
"""
SRS_ALLOWED = {  # what a field may be by itself; the kernel's validator knows which go together
    "sequence_id": "0 to 65535 (TS 38.211 6.4.1.4.2)",
    "comb_size": "2, 4 or 8 (TS 38.211 6.4.1.4.2)",
    "num_symbols": "1, 2, 4, 8 or 12 (TS 38.211 table 6.4.1.4.3-2)",
    "start_symbol": "0 to 13 (TS 38.211 6.4.1.4.1)",
    "c_srs": "0 to 63 (TS 38.211 table 6.4.1.4.3-1)",
    "comb_offset": "0 to 7, below comb_size (TS 38.211 6.4.1.4.3)",
    "cyclic_shift": "0 to 11 (TS 38.211 table 6.4.1.4.2-1)",
    "b_srs": "0 to 3 (TS 38.211 table 6.4.1.4.3-1)",
    "freq_position": "0 to 67 (TS 38.211 6.4.1.4.3)",
    "freq_shift": "0 to 268 (TS 38.211 6.4.1.4.3)",
}
SRS_ZERO_IF_ABSENT = ("comb_offset", "cyclic_shift", "b_srs", "freq_position", "freq_shift")
SRS_HOPPING = ("neither", "group", "sequence")
MAX_INT = 2**31 - 1  # the kernel's integers
KNOWN = {  # fields that are read; others are no error, but a slip of the pen should be seen
    "": ("carrier", "slot", "frame", "prs", "srs"),
    "carrier": ("frequency_hz", "scs_khz", "n_rb", "sample_rate_hz", "cyclic_prefix", "phase_compensation"),
    "prs": (*(f.name for f in fields(PrsResource) if not f.name.startswith("muting")), "muting_option1",
            "muting_option2"),
    "prs.muting_option1": ("bits", "bit_repetition_factor"),
    "prs.muting_option2": ("bits",),
    "srs": (*SRS_ALLOWED, "group_or_sequence_hopping"),
}


@dataclass(frozen=True)
class Slot:
    """One slot of a waveform."""

    carrier: ntnpos.carrier
    grid: np.ndarray
    """complex64 [12 n_rb, symbols], unit amplitude per occupied element, subcarrier 0 first; no phase term."""
    samples: np.ndarray
    """complex64 [n], from the cyclic prefix of symbol 0, with the phase term of TS 38.211 5.4 where the carrier has
    it."""


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(prog="ntnpos waveform", epilog=EXAMPLE,
                   description="One slot of DL-PRS (TS 38.211 7.4.1.7) or positioning SRS (6.4.1.4). A slot "
                               "in which a PRS resource is not sent, by its periodicity or muting, is empty.")
    found.add_argument("config", help="configuration (JSON)")
    found.add_argument("--grid", metavar="OUT.npy", help="resource grid: complex64 [12 n_rb, symbols]")
    found.add_argument("--iq", metavar="OUT.cf32", help="samples: complex64, little-endian")
    found.add_argument("--plot", metavar="OUT.png", help="picture of the grid")
    return found


def default_sample_rate_hz(n_rb: int, scs_khz: int) -> float:
    """That of the smallest power-of-two FFT that holds the grid."""
    size = SMALLEST_FFT
    while size < 12 * n_rb:
        size *= 2
    return size * scs_khz * 1e3


def read_slot(path: str | Path) -> Slot:
    """The slot that a configuration file describes.

    Raises
    ------
    InputError
        One line: file, field, what is wrong, what is allowed.
    """
    config = Fields(path, "", read_json(path))
    say_unknown(config)
    carrier_fields = config.object("carrier")
    told = read_carrier(carrier_fields)
    rate = carrier_fields.number("sample_rate_hz", 1.92e6, 1e9,
                                 default=default_sample_rate_hz(told.n_rb, told.scs_khz))
    carrier = convert.carrier(told, rate, f"{path}: carrier")
    slot = config.integer("slot", 0, ntnpos.slots_per_frame(carrier) - 1)
    frame = config.integer("frame", 0, MAX_FRAME, default=0)
    slot_count = frame * ntnpos.slots_per_frame(carrier) + slot
    if "srs" in config.value:
        if "prs" in config.value:
            raise config.error("srs", "stands beside prs", "one of the two")
        resource = read_srs(config.object("srs"), carrier)
        return Slot(carrier, ntnpos.srs_grid(carrier, [resource], slot_count),
                    ntnpos.srs_slot(carrier, [resource], slot_count))
    if "prs" not in config.value:
        raise config.error("prs", "is missing", "a JSON object prs, or one of the name srs")
    resource = convert.prs_resource(read_prs(config.object("prs"), told))
    if resource.num_rb < 24:
        print(f"{path}: prs.num_rb: {resource.num_rb} is below the 24 of TS 38.214 5.1.6.5: for studies only",
              file=sys.stderr)
    if not ntnpos.transmits_in_slot(resource, carrier, slot_count):
        print(f"{path}: slot {slot} of frame {frame} carries no PRS by its periodicity and muting: it is empty",
              file=sys.stderr)
    return Slot(carrier, ntnpos.prs_grid(carrier, [resource], slot_count),
                ntnpos.prs_slot(carrier, [resource], slot_count))


def say_unknown(config: Fields) -> None:
    """Name on stderr what a configuration has and nobody reads."""
    for name, known in KNOWN.items():
        part = config.value
        for step in name.split(".") if name else ():
            part = part.get(step) if isinstance(part, dict) else None
        for field in part if isinstance(part, dict) else ():
            if field not in known:
                where = describe(f"{name}.{field}" if name else field)
                print(f"{config.file}: {where} is not known here and is ignored", file=sys.stderr)


def read_srs(told: Fields, carrier: ntnpos.carrier) -> ntnpos.srs_resource:
    """A positioning SRS resource that is sent in every slot; `InputError` names a field that is wrong.

    The kernel's validator says what is allowed.
    """
    values = {}
    for name, allowed in SRS_ALLOWED.items():
        default = {"default": 0} if name in SRS_ZERO_IF_ABSENT else {}
        values[name] = told.whole(name, allowed, **default)
        if abs(values[name]) > MAX_INT:
            raise told.error(name, f"{describe(values[name])} is out of range", allowed)
    hopping = told.choice("group_or_sequence_hopping", SRS_HOPPING, default="neither")
    resource = ntnpos.srs_resource(**values, group_or_sequence_hopping=hopping, periodicity_slots=1)
    problem = resource.validate(carrier)
    if problem:
        field, _, rest = problem.partition(" = ")
        value, _, allowed = rest.partition(": must be ")
        raise told.error(field, f"{value} is not allowed", allowed)
    return resource


def save(path: str, write) -> None:
    """Write an output file; InputError where that is not possible."""
    try:
        write(path)
    except (OSError, ValueError) as error:  # ValueError: no file name
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(path, "file", reason, "a file that can be written") from None


def draw(path: str, slot: Slot, title: str) -> None:
    """Picture of the grid."""
    from ntnpos import plots

    plots.grid_picture(path, slot.grid, title)


def waveform(arguments) -> int:
    """Write what was asked for; exit status."""
    slot = read_slot(arguments.config)
    if arguments.grid is not None:
        save(arguments.grid, lambda path: write_grid(path, slot.grid))
    if arguments.iq is not None:
        save(arguments.iq, lambda path: write_samples(path, slot.samples))
    if arguments.plot is not None:
        save(arguments.plot, lambda path: draw(path, slot, Path(arguments.config).name))
    occupied = int(np.count_nonzero(slot.grid))
    print(f"{slot.grid.shape[0]} subcarriers, {slot.grid.shape[1]} symbols, {occupied} occupied elements; "
          f"{len(slot.samples)} samples at {slot.carrier.sample_rate_hz / 1e6:g} MS/s", file=sys.stderr)
    return 0


def write_grid(path: str, grid: np.ndarray) -> None:
    """Save under exactly this name: numpy.save by itself adds an ending."""
    with open(path, "wb") as file:
        np.save(file, grid)


def write_samples(path: str, samples: np.ndarray) -> None:
    """Save as complex64, little-endian."""
    with open(path, "wb") as file:
        file.write(samples.astype("<c8").tobytes())


def main(argv: list[str]) -> int:
    """Run the command; its exit status."""
    arguments = parser().parse_args(argv)
    return guarded(lambda: waveform(arguments))
