# SPDX-License-Identifier: GPL-3.0-or-later
"""DL-TDOA in LPP: reference signal time differences (TS 38.215 5.1.29) from and to times of arrival.

RSTD of point j against reference r: when the UE receives the start of a subframe of j, minus when it receives
the start of the subframe of r that is closest in time. It is known modulo 1 ms, and the receiver's clock is
not in it.

To report, the reference's time of arrival is carried to the instant of that subframe by its rate (24 us/s and
1 ms are 24 ns), from the row's Doppler. To read, the reference's is predicted for where the UE is believed to
be, and the others follow: what is wrong with the prediction is common to all rows, as a receiver's clock
offset is, and the engine solves for it. Its rate is common as well, about 2e-6 for a place that is wrong by
50 km: where occasions are more than some milliseconds apart, read again with the first fix as the place
(`Context.ue_ecef_m`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError
from ...network.measurements import Measurement
from ...world.light_time import received
from ...world.orbits import OrbitError
from .directory import Directory, Party, dl_prs_id, instant
from .lpp_fields import (Fields, optional_fields, put_optional, put_timing, quality, quality_std_s, stamped,
                         time_stamp, timing_choice)
from .reports import Context, field, record, wrap_half

SUBFRAME_S = 1e-3
_CARRY_S = 1e-9  # rows this close need no rate
_LEO_S = 5e-3
_ROUNDS = 2  # with its rate: 10 ms away the delay's curvature is 1e-11 s, and 1e-11 s away nothing
_REFERENCE_STD_S = 1.7e-10  # half the finest step of the quality: the others' qualities then stand alone


@dataclass(frozen=True)
class DlTdoa:
    """Writer of NR-DL-TDOA-SignalMeasurementInformation."""

    directory: Directory
    k: int
    dbm_at_0_db: float | None
    reference: str | None
    where: object

    def information(self, rows: list[Measurement]) -> Fields:
        """One list of at most one row a satellite. The reference is in it, with RSTD 0."""
        for row in rows:
            field(row, "toa_s", self.where)
            field(row, "toa_std_s", self.where)
        if self.reference is None:
            reference = min(rows, key=lambda row: (row.toa_std_s, row.satellite))
        else:
            found = [row for row in rows if row.satellite == self.reference]
            if not found:
                raise InputError(
                    self.where,
                    "reference",
                    f"{self.reference!r} was not measured at every occasion",
                    "the satellite of a row",
                )
            reference = found[0]
        number = dl_prs_id(self.directory.by_id(reference.satellite, self.where), self.where)
        return {"dl-PRS-ReferenceInfo-r16": {"dl-PRS-ID-r16": number},
                "nr-DL-TDOA-MeasList-r16": [self._element(row, reference) for row in rows]}

    def _element(self, row: Measurement, reference: Measurement) -> Fields:
        party = self.directory.by_id(row.satellite, self.where)
        base = self.directory.by_id(reference.satellite, self.where)
        return {
            "dl-PRS-ID-r16": dl_prs_id(party, self.where),
            "nr-TimeStamp-r16": time_stamp(row.t_s - row.toa_s, party.sfn0_antenna_s, party, self.where),
            "nr-RSTD-r16": timing_choice(
                "rstd", self.k, self._rstd(row, party, reference, base), self.where, "toa_s"
            ),
            "nr-TimingQuality-r16": quality(row.toa_std_s, self.where, "toa_std_s"),
        } | optional_fields(row, self.k, self.dbm_at_0_db, self.where)

    def _rstd(self, row: Measurement, party: Party, reference: Measurement, base: Party) -> float:
        if row is reference:
            return 0.0
        apart = row.t_s - reference.t_s
        rate = reference.extra.get("toa_rate_s_per_s")
        if rate is None and reference.doppler_hz is not None:
            rate = -reference.doppler_hz / self.directory.assistance.carrier.frequency_hz
        if rate is None:
            if abs(apart) > _CARRY_S:
                raise InputError(
                    self.where,
                    "doppler_hz",
                    f"of the reference is missing, {apart:.3g} s from a row",
                    "a Doppler, or one instant of reception",
                )
            rate = 0.0
        modulo = wrap_half(
            (party.sfn0_antenna_s - base.sfn0_antenna_s) + (row.toa_s - reference.toa_s - rate * apart),
            SUBFRAME_S,
        )
        # The reference's subframe arrives that much earlier, with the delay that it has then.
        return modulo / (1.0 - rate)


@dataclass(frozen=True)
class DlTdoaReader:
    """Reader of NR-DL-TDOA-SignalMeasurementInformation."""

    context: Context
    name: object

    def rows(self, information: Fields) -> list[Measurement]:
        """Rows of kind `toa`, the reference's among them."""
        directory = self.context.directory
        base = directory.by_dl_prs_id(information["dl-PRS-ReferenceInfo-r16"]["dl-PRS-ID-r16"], self.name)
        found = []
        for element in information["nr-DL-TDOA-MeasList-r16"]:
            party = directory.by_dl_prs_id(element["dl-PRS-ID-r16"], self.name)
            found.append((party, element, self._sent(party, element)))
        rows = [self._row(party, element, sent_s, base) for party, element, sent_s in found]
        if all(party is not base for party, _, _ in found):
            sent_s = _nearest(found[0][2], base)
            values = {"toa_s": self._predicted(base, sent_s), "toa_std_s": _REFERENCE_STD_S}
            rows.append(self._record(base, sent_s, values))
        return rows

    def _record(self, party: Party, sent_s: float, values: dict[str, Any]) -> Measurement:
        t_s = sent_s + values["toa_s"] if "toa_s" in values else None
        return record({"kind": "toa", "satellite": party.id, "status": "ok", "t_s": t_s} | values, self.name)

    def _row(self, party: Party, element: Fields, sent_s: float, base: Party) -> Measurement:
        read: dict[str, Any] = {}
        put_timing("rstd", element["nr-RSTD-r16"], read, "rstd_s", self.name)
        std_s = quality_std_s(element["nr-TimingQuality-r16"], self.name)
        values: dict[str, Any] = {"toa_std_s": std_s}
        if "rstd_s" in read:
            # The middle of the interval about 0 is half a step away: the reference is no time before itself.
            values["toa_s"] = self._predicted(party, sent_s) if party is base else \
                self._arrival(party, sent_s, base, read["rstd_s"])
        put_optional(element, std_s, self.context, values, self.name)
        return self._record(party, sent_s, {"status": read.get("status", "ok")} | values)

    def _arrival(self, party: Party, sent_s: float, base: Party, rstd_s: float) -> float:
        """Time of arrival of what `party` sent at `sent_s` of its clock, the reference's being as
        predicted."""
        # The reference's subframe arrives `rstd_s` earlier; it left a whole number of subframes after its SFN
        # 0.
        t_s = sent_s + self._predicted(party, sent_s) - rstd_s
        toa_base, rate = self._predicted_at(base, t_s)
        count = round((t_s - toa_base - base.sfn0_antenna_s) / SUBFRAME_S)
        # It arrived at t = left + toa_base + rate (t - t_s): the prediction was a prior's error away, 0.2 ms.
        left_s = base.sfn0_antenna_s + count * SUBFRAME_S
        return (left_s - sent_s) + toa_base + rate * (left_s + toa_base - t_s) / (1.0 - rate) + rstd_s

    def _sent(self, party: Party, element: Fields) -> float:
        """When the measured slot left, by the clock of `party`."""
        stamper, frame, slot = stamped(element, self.context, self.name)
        sent_s = instant(frame, slot, stamper.sfn0_antenna_s, stamper, self.context.near_s)
        if stamper is party:
            return sent_s
        # In another point's frames: the nearest slot of this one's PRS that arrives with it.
        return _nearest(sent_s + self._predicted(stamper, sent_s) - self._predicted(party, sent_s), party)

    def _predicted(self, party: Party, sent_s: float) -> float:
        """Time of arrival of what leaves at `sent_s`, the receiver's clock being system time."""
        toa_s = _LEO_S
        for _ in range(_ROUNDS):
            at, rate = self._predicted_at(party, sent_s + toa_s)
            toa_s = (at - rate * toa_s) / (1.0 - rate)
        return toa_s

    def _predicted_at(self, party: Party, t_s: float) -> tuple[float, float]:
        """Time of arrival of what arrives at `t_s`, and its rate."""
        if party.satellite is None:
            raise InputError(self.name, "dl-PRS-ID", f"{party.id!r} is no satellite", "satellites")
        place = self.context.ue_ecef_m
        place = self.context.assistance.ue_prior.ecef if place is None else np.asarray(place, dtype=float)
        try:
            light = received(party.satellite.orbit, place, t_s)
        except OrbitError as error:
            raise InputError(
                self.name, "nr-TimeStamp", str(error), "a time that the ephemeris reaches"
            ) from None
        return float(light.delay_s[0]) - party.satellite.clock_offset_s, float(light.rate[0])


def _nearest(sent_s: float, party: Party) -> float:
    """The start of the slot with that point's PRS that is nearest to a reading of its clock."""
    if party.satellite is None:
        period, offset = 1, 0
    else:
        period, offset = party.satellite.prs.periodicity_slots, party.satellite.prs.slot_offset
    slots = (sent_s - party.sfn0_antenna_s) / party.slot_s
    count = offset + period * math.floor((slots - offset) / period + 0.5)
    return party.sfn0_antenna_s + count * party.slot_s
