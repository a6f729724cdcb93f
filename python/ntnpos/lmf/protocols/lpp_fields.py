# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts that the measurement elements of LPP have in common: time stamp, quality, timing report, paths,
power."""

from __future__ import annotations

from typing import Any

from ...errors import InputError, describe
from ...network import report_quantisation as report
from ...network.measurements import Measurement
from .directory import Party, dl_prs_id, frame_and_slot, slot_choice, slot_from
from .reports import Context, field, reported, value_or_status

_SHORT_LIST, _LONG_LIST = 2, 8
Fields = dict[str, Any]


def time_stamp(time_s: float, sfn0_s: float, party: Party, where: object) -> Fields:
    """NR-TimeStamp in the party's own frames."""
    frame, slot = frame_and_slot(time_s, sfn0_s, party, where)
    return {"dl-PRS-ID-r16": dl_prs_id(party, where), "nr-SFN-r16": frame,
            "nr-Slot-r16": slot_choice("scs", "-r16", slot, party)}


def stamped(element: Fields, context: Context, where: object) -> tuple[Party, int, int]:
    """(whose frames, SFN, slot) of an element's NR-TimeStamp."""
    stamp = element["nr-TimeStamp-r16"]
    party = context.directory.by_dl_prs_id(stamp["dl-PRS-ID-r16"], where)
    return party, stamp["nr-SFN-r16"], slot_from(stamp["nr-Slot-r16"], "scs", "-r16", party, where)


def timing_choice(quantity: str, k: int, value: float, where: object, name: str) -> tuple[str, int]:
    """CHOICE of a timing report with step 2^k T_c, such as ("k0-r16", 985025)."""
    choice = f"k{k}-r16" if k >= 0 else f"kMinus{-k}-r18"
    return choice, reported(where, name, lambda v: report.timing(quantity, k).index(v), value)


def timing_mapping(
    quantity: str, choice: tuple[str, Any], where: object, name: str
) -> tuple[report.Mapping, int]:
    """The mapping that a CHOICE names, and its number."""
    text = choice[0].rpartition("-")[0]
    digits = text.removeprefix("kMinus") if text.startswith("kMinus") else text.removeprefix("k")
    if not digits.isdigit() or not isinstance(choice[1], int):
        raise InputError(where, name, f"{describe(choice[0])} is unknown", "k0 to k5, kMinus1 to kMinus6")
    k = -int(digits) if text.startswith("kMinus") else int(digits)
    return reported(where, name, lambda _: report.timing(quantity, k), None), choice[1]


def put_timing(quantity: str, choice: tuple[str, Any], values: Fields, name: str, where: object) -> None:
    """The reported time into `values[name]`, or the status of a report beyond the range."""
    mapping, index = timing_mapping(quantity, choice, where, name)
    reported(where, name, lambda i: value_or_status(mapping, i, values, name), index)


def quality(std_s: float, where: object, name: str) -> Fields:
    """NR-TimingQuality."""
    value, resolution = reported(where, name, report.timing_quality, std_s)
    return {"timingQualityValue-r16": value, "timingQualityResolution-r16": resolution}


def quality_std_s(value: Fields, where: object) -> float:
    """Standard deviation in s of NR-TimingQuality."""
    return reported(where, "nr-TimingQuality", lambda v: report.timing_quality_std_s(*v),
                    (value["timingQualityValue-r16"], value["timingQualityResolution-r16"]))


def optional_fields(row: Measurement, k: int, dbm_at_0_db: float | None, where: object) -> Fields:
    """RSRP, RSRPP and additional paths of an element. Powers only where their level in dBm is known."""
    found: Fields = {}
    if dbm_at_0_db is not None:
        for member, value in (("nr-DL-PRS-RSRP-Result-r16", row.rsrp_db),
                              ("nr-DL-PRS-FirstPathRSRP-Result-r17", row.first_path_rsrpp_db)):
            if value is not None:
                found[member] = reported(where, "rsrp_db", report.RSRP_DBM.index, value + dbm_at_0_db)
    paths = row.additional_paths or ()
    if len(paths) > _LONG_LIST:
        raise InputError(where, "additional_paths", f"has {len(paths)} entries", f"at most {_LONG_LIST}")
    if paths:
        name = "nr-AdditionalPathList-r16" if len(paths) <= _SHORT_LIST else "nr-AdditionalPathListExt-r17"
        found[name] = [_path(path, k, dbm_at_0_db, where) for path in paths]
    return found


def _path(path: Any, k: int, dbm_at_0_db: float | None, where: object) -> Fields:
    found = {"nr-RelativeTimeDifference-r16": timing_choice("path", k, path["delay_s"], where,
                                                            "additional_paths.delay_s"),
             "nr-PathQuality-r16": quality(path["delay_std_s"], where, "additional_paths.delay_std_s")}
    if dbm_at_0_db is not None:
        found["nr-DL-PRS-RSRPP-r17"] = reported(where, "additional_paths.rsrpp_db", report.RSRP_DBM.index,
                                                path["rsrpp_db"] + dbm_at_0_db)
    return found


def put_optional(element: Fields, std_s: float, context: Context, values: Fields, where: object) -> None:
    """RSRP, RSRPP and paths of an element into a record.

    Paths are `additional_paths` where all of them have a power, else `additional_path_delays_s`.
    """
    scale = report.RSRP_DBM
    for name, member in (("rsrp_db", "nr-DL-PRS-RSRP-Result-r16"),
                         ("first_path_rsrpp_db", "nr-DL-PRS-FirstPathRSRP-Result-r17")):
        index = element.get(member)
        if index is not None and 0 < index < scale.last:
            values[name] = scale.value(index) - context.dbm_at_0_db
    paths, delays = [], []
    for path in element.get("nr-AdditionalPathList-r16", []) + element.get(
        "nr-AdditionalPathListExt-r17", []
    ):
        read: Fields = {}
        put_timing("path", path["nr-RelativeTimeDifference-r16"], read, "delay_s", where)
        if "delay_s" not in read:
            continue
        delays.append(read["delay_s"])
        read["delay_std_s"] = (
            quality_std_s(path["nr-PathQuality-r16"], where) if "nr-PathQuality-r16" in path else std_s
        )
        power = path.get("nr-DL-PRS-RSRPP-r17", 0)
        # The records' paths come after the first; a report may also name an earlier one.
        if 0 < power < scale.last and read["delay_s"] >= 0.0:
            paths.append(read | {"rsrpp_db": scale.value(power) - context.dbm_at_0_db})
    if paths and len(paths) == len(delays):
        values["additional_paths"] = paths
    elif delays:
        values["additional_path_delays_s"] = delays


def ntn_fields(row: Measurement, where: object) -> Fields:
    """NR-NTN-UE-RxTxMeasurements. It has both members or is absent: without a drift there is only offset
    0."""
    offset, drift = field(row, "subframe_offset", where), field(row, "dl_timing_drift_us_s", where, None)
    if drift is None:
        if offset != 0:
            raise InputError(where, "dl_timing_drift_us_s", f"is missing beside subframe_offset {offset}",
                             "both: TS 37.355 NR-NTN-UE-RxTxMeasurements")
        return {}
    if not 0 <= offset <= 542:
        raise InputError(where, "subframe_offset", f"{offset}", "0 to 542")
    return {
        "nr-NTN-UE-RxTxMeasurements-r18": {
            "nr-NTN-UE-RxTxTimeDiffSubframeOffset-r18": int(offset),
            "nr-NTN-DL-TimingDrift-r18": reported(
                where, "dl_timing_drift_us_s", report.TIMING_DRIFT_US_S.index, drift
            ),
        }
    }


def put_ntn(element: Fields, values: Fields) -> None:
    """Subframe offset and drift into a record; offset 0 where the element has none (a terrestrial UE)."""
    ntn = element.get("nr-NTN-UE-RxTxMeasurements-r18", {})
    values["subframe_offset"] = ntn.get("nr-NTN-UE-RxTxTimeDiffSubframeOffset-r18", 0)
    if "nr-NTN-DL-TimingDrift-r18" in ntn:
        values["dl_timing_drift_us_s"] = report.TIMING_DRIFT_US_S.value(ntn["nr-NTN-DL-TimingDrift-r18"])
