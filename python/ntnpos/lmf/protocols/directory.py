# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is who and when: ids and frame numbers of messages against the assistance data.

The assistance file's satellites (and its terrestrial `trps`) may each have `dl_prs_id` (0 to 255, LPP),
`trp_id` (1 to 65535, NRPPa) and `sfn0_reference_s`. Without them the ids are the place in the file: first
entry 0 in LPP and 1 in NRPPa, satellites before terrestrial points.

A time stamp is a frame and a slot of 1024 frames, 10.24 s, and is taken for its occurrence nearest to a time
that the reader has. Frames are counted at two places: the satellite's antenna (`sfn0_time_s` by the
satellite's clock; DL-TDOA), and the uplink time synchronisation reference point (`sfn0_reference_s`, system
time; round trips, NRPPa and SIB19), which without that field has the antenna's instant `sfn0_time_s` -
`clock_offset_s`.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any, Mapping

from ...errors import InputError, describe
from ...network.assistance import MAX_TIME_S, Assistance, Satellite
from ...network.fields import Fields

FRAMES = 1024
FRAME_S = 0.01
CYCLE_S = FRAMES * FRAME_S
_OFF_GRID_S = 1e-6
MAX_DL_PRS_ID = 255
MAX_TRP_ID = 65535
_NAMES = ("id", "dl_prs_id", "trp_id")


@dataclass(frozen=True)
class Party:
    """One transmission-reception point of the assistance data."""

    id: str
    dl_prs_id: int | None
    """None: beyond what LPP can number."""
    trp_id: int
    scs_khz: int
    sfn0_antenna_s: float
    """SFN 0 slot 0 leaves the antenna, by the satellite's own clock."""
    sfn0_reference_s: float
    """SFN 0 slot 0 leaves the reference point, system time."""
    satellite: Satellite | None
    """None for a terrestrial point."""

    @property
    def slots_a_frame(self) -> int:
        """Slots in 10 ms."""
        return 10 * self.scs_khz // 15

    @property
    def slot_s(self) -> float:
        """Length of a slot in s."""
        return FRAME_S / self.slots_a_frame


@dataclass(frozen=True)
class Directory:
    """All parties, by each of their names."""

    assistance: Assistance
    parties: tuple[Party, ...]
    known: Mapping[tuple[str, Any], Party]
    """By (one of `_NAMES`, value)."""

    @classmethod
    def of(cls, assistance: Assistance) -> Directory:
        """The parties of assistance data; `InputError` where an id is wrong or used twice.

        The last few are kept: a server reads many PDUs by the same assistance data.
        """
        with _KEPT_LOCK:
            for directory in _KEPT:
                if directory.assistance is assistance:
                    return directory
        directory = cls._made(assistance)
        with _KEPT_LOCK:
            _KEPT.append(directory)
        return directory

    @classmethod
    def _made(cls, assistance: Assistance) -> Directory:
        entries = [(f"satellites[{i}]", s.id, s.extra, s) for i, s in enumerate(assistance.satellites)]
        entries += [(f"trps[{i}]", t.get("id"), t, None) for i, t in enumerate(assistance.trps)]
        parties: list[Party] = []
        known: dict[tuple[str, Any], Party] = {}
        for at, (path, name, values, satellite) in enumerate(entries):
            fields = Fields(assistance.path, path, dict(values))
            if satellite is None:
                name = fields.text("id", "text, unique in the file", 64)
            start = 0.0 if satellite is None else satellite.sfn0_time_s - satellite.clock_offset_s
            dl_prs_id = fields.integer(
                "dl_prs_id", 0, MAX_DL_PRS_ID, default=at if at <= MAX_DL_PRS_ID else 0
            )
            if "dl_prs_id" not in values and at > MAX_DL_PRS_ID:
                dl_prs_id = None
            parties.append(Party(
                id=name, dl_prs_id=dl_prs_id, trp_id=fields.integer("trp_id", 1, MAX_TRP_ID, default=at + 1),
                scs_khz=assistance.carrier.scs_khz,
                sfn0_antenna_s=0.0 if satellite is None else satellite.sfn0_time_s,
                sfn0_reference_s=fields.number("sfn0_reference_s", -MAX_TIME_S, MAX_TIME_S, default=start),
                satellite=satellite))
            for attribute in _NAMES:
                value = getattr(parties[-1], attribute)
                other = known.setdefault((attribute, value), parties[-1])
                if value is not None and other is not parties[-1]:
                    raise fields.error(attribute, f"{describe(value)} is also that of {describe(other.id)}",
                                       "each id once")
        return cls(assistance, tuple(parties), known)

    def by_id(self, name: str, where: object = "measurement") -> Party:
        """The party with that id of the assistance data."""
        return self._find("id", name, where)

    def by_dl_prs_id(self, number: int, where: object) -> Party:
        """The party with that dl-PRS-ID."""
        return self._find("dl_prs_id", number, where)

    def by_trp_id(self, number: int, where: object) -> Party:
        """The party with that TRP ID."""
        return self._find("trp_id", number, where)

    def _find(self, attribute: str, value: Any, where: object) -> Party:
        party = self.known.get((attribute, value))
        if party is None:
            raise InputError(
                where,
                "satellite" if attribute == "id" else attribute,
                f"{describe(value)} is not in {self.assistance.path}",
                "an id of the assistance data",
            )
        return party


_KEPT: deque[Directory] = deque(maxlen=8)
_KEPT_LOCK = threading.Lock()


def dl_prs_id(party: Party, where: object) -> int:
    """The number of a party in LPP."""
    if party.dl_prs_id is None:
        raise InputError(
            where, "dl_prs_id", f"{describe(party.id)} has none", "256 points in a message of LPP"
        )
    return party.dl_prs_id


def frame_and_slot(time_s: float, sfn0_s: float, party: Party, where: object) -> tuple[int, int]:
    """(SFN, slot in the frame) of an instant that is the start of a slot, to 1 us; `InputError` else."""
    slots = (time_s - sfn0_s) / party.slot_s
    count = round(slots)
    if abs(slots - count) * party.slot_s > _OFF_GRID_S:
        raise InputError(
            where,
            "t_s",
            f"{time_s:.9f} s is {(slots - count) * party.slot_s:.3g} s from the start of a "
            f"slot of {describe(party.id)}",
            "a time that SFN and slot can say",
        )
    frame, slot = divmod(count, party.slots_a_frame)
    return frame % FRAMES, slot


def instant(frame: int, slot: int, sfn0_s: float, party: Party, near_s: float) -> float:
    """Start of a slot of that SFN, in the time of `sfn0_s`, at its occurrence nearest to `near_s`."""
    count = frame * party.slots_a_frame + slot
    cycles = round((near_s - sfn0_s - count * party.slot_s) / CYCLE_S)
    # Slots are counted as whole numbers before a float is made of them.
    return sfn0_s + (count + cycles * FRAMES * party.slots_a_frame) * party.slot_s


def slot_choice(prefix: str, suffix: str, slot: int, party: Party) -> tuple[str, int]:
    """CHOICE of a slot number by subcarrier spacing, such as ("scs15-r16", 7)."""
    return f"{prefix}{party.scs_khz}{suffix}", slot


def slot_from(choice: Any, prefix: str, suffix: str, party: Party, where: object) -> int:
    """The slot number in a CHOICE by subcarrier spacing, in slots of the party's."""
    name, slot = choice
    digits = name[len(prefix):len(name) - len(suffix)] if suffix else name[len(prefix):]
    if not digits.isdigit() or not isinstance(slot, int):
        raise InputError(where, "slot", f"{describe(name)} is unknown", "15, 30, 60 or 120 kHz")
    slots_a_frame = 10 * int(digits) // 15
    if int(digits) != party.scs_khz and (slot * party.slots_a_frame) % slots_a_frame:
        raise InputError(where, "slot", f"{slot} at {digits} kHz is within a slot of {describe(party.id)}",
                         f"slots of {party.scs_khz} kHz")
    return slot * party.slots_a_frame // slots_a_frame
