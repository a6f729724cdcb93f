# SPDX-License-Identifier: GPL-3.0-or-later
"""MeasurementResponse and MeasurementReport of NRPPa against records: gNB Rx-Tx, UL-RTOA, UL-AoA, SRS
power."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from ...errors import InputError
from ...network import report_quantisation as report
from ...network.measurements import Measurement
from ...world.frames import ecef_to_geodetic, enu_rotation
from ...world.orbits import OrbitError
from . import relative_time
from .directory import FRAMES, Directory, Party, frame_and_slot, instant, slot_choice, slot_from
from .nrppa import (
    choice_value,
    element,
    elements_of,
    extension,
    extension_value,
    measurement_id_checked,
    message,
    optional,
    single_container,
)
from .reports import Context, field, record, reported, usable, value_or_status

_TIMING = {
    "gnb_rx_tx": (
        "gNB-RxTxTimeDiff",
        "rxTxTimeDiff",
        "GNBRxTxTimeDiffMeas_ExtIEs",
        "rx_tx_s",
        "rx_tx_std_s",
        "GNB_RxTxTimeDiff_ExtIEs",
        "iE-Extensions",
    ),
    "ul_rtoa": (
        "uL-RTOA",
        "uLRTOAmeas",
        "ULRTOAMeas_ExtIEs",
        "rtoa_s",
        "rtoa_std_s",
        "UL_RTOAMeasurement_ExtIEs",
        "iE-extensions",
    ),
}
_KINDS = (*_TIMING, "aoa")
_RESOLUTIONS = {"mdot1": "m0dot1", "m1": "m1", "m10": "m10", "m30": "m30"}
_FINE = {f"ReportingGranularitykminus{n}": -n for n in range(1, 7)}
_SHORT_LIST, _LONG_LIST = 2, 8
_MESSAGES = {
    "MeasurementResponse": "TRP-MeasurementResponseList",
    "MeasurementReport": "TRP-MeasurementReportList",
}
_LEAST_STD_DEG = 0.05  # quality 0 is less than half a step


def measurement_message(rows: Iterable[Measurement], directory: Directory, measurement_id: int, *, k: int = 0,
                        report_only: bool = False, ran_measurement_id: int = 1, transaction: int = 0,
                        dbm_at_0_db: float | None = None, where: object = "measurements") -> bytes:
    """MeasurementResponse of records, or MeasurementReport with `report_only`.

    Kinds `gnb_rx_tx`, `ul_rtoa` and `aoa`; rows without status ok are left out, and a response without rows
    says nothing of its points. `dbm_at_0_db` and `k` as in `lpp_measurements.provide_location`.
    """
    points: dict[int, list[dict]] = {}
    for row in usable(rows, _KINDS, where):
        party = directory.by_id(row.satellite, where)
        points.setdefault(party.trp_id, []).extend(_items(row, party, directory, k, dbm_at_0_db, where))
    name = "MeasurementReport" if report_only else "MeasurementResponse"
    if report_only and not points:
        raise InputError(where, "rows", "have no measurement", "at least one with status ok")
    elements = [
        element(f"{name}_IEs", "LMF-Measurement-ID", measurement_id_checked(measurement_id, where)),
        element(f"{name}_IEs", "RAN-Measurement-ID", measurement_id_checked(ran_measurement_id, where)),
    ]
    if points:
        elements.append(element(f"{name}_IEs", _MESSAGES[name], [
            {"tRP-ID": number, "measurementResult": items} for number, items in points.items()]))
    return message(name, elements, transaction, where)


def trp_measurements(data: bytes, context: Context, name: object = "NRPPA-PDU") -> list[Measurement]:
    """The records in a MeasurementResponse or MeasurementReport. Powers go to the rows of the same time
    stamp."""
    kind, values = elements_of(data, tuple(_MESSAGES), name)
    rows: list[Measurement] = []
    for point in optional(values, _MESSAGES[kind]) or []:
        party = context.directory.by_trp_id(point["tRP-ID"], name)
        rows += _rows(party, point["measurementResult"], context, name)
    return rows


# ------------------------------------------------------------------------------------------------- writing


def _items(row: Measurement, party: Party, directory: Directory, k: int, dbm_at_0_db: float | None,
           where: object) -> list[dict]:
    t_s = field(row, "t_s", where)
    frame, slot = frame_and_slot(t_s, party.sfn0_reference_s, party, where)
    stamp = {"systemFrameNumber": frame, "slotIndex": slot_choice("sCS-", "", slot, party),
             "measurementTime": relative_time.of(t_s, directory.assistance.epoch, where)}
    if row.kind == "aoa":
        value, quality = _angle(row, party, where)
    else:
        value, quality = _timing(row, k, dbm_at_0_db, where)
    items = [{"measuredResultsValue": value, "timeStamp": stamp, "measurementQuality": quality}]
    if dbm_at_0_db is not None and row.rsrp_db is not None:
        items.append(
            {
                "measuredResultsValue": (
                    "uL-SRS-RSRP",
                    reported(where, "rsrp_db", report.RSRP_DBM.index, row.rsrp_db + dbm_at_0_db),
                ),
                "timeStamp": stamp,
            }
        )
    return items


def _timing(row: Measurement, k: int, dbm_at_0_db: float | None, where: object) -> tuple[tuple, tuple]:
    choice, member, extensions, name, std_name, outer, outer_member = _TIMING[row.kind]
    value: dict[str, Any] = {
        member: _number(row.kind, k, field(row, name, where), extensions, "choice-extension", "", where, name)
    }
    paths = row.additional_paths or ()
    if len(paths) > _LONG_LIST:
        raise InputError(where, "additional_paths", f"has {len(paths)} entries", f"at most {_LONG_LIST}")
    if paths:
        items = [_path(path, k, where) for path in paths]
        if len(items) <= _SHORT_LIST and dbm_at_0_db is None:
            value["additionalPathList"] = items
        else:
            for item, path in zip(items, paths):
                if dbm_at_0_db is not None:
                    item["pathPower"] = {
                        "firstPathRSRPP": reported(
                            where,
                            "additional_paths.rsrpp_db",
                            report.RSRP_DBM.index,
                            path["rsrpp_db"] + dbm_at_0_db,
                        )
                    }
            value[outer_member] = [extension(outer, "ExtendedAdditionalPathList", items)]
    return (choice, value), _quality(field(row, std_name, where), where, std_name)


def _number(quantity: str, k: int, value: float, extensions: str, member: str, suffix: str, where: object,
            name: str) -> tuple[str, Any]:
    index = reported(where, name, lambda v: report.timing(quantity, k).index(v), value)
    if k >= 0:
        return f"k{k}", index
    return member, single_container(extensions, f"ReportingGranularitykminus{-k}{suffix}", index)


def _path(path: Any, k: int, where: object) -> dict:
    return {
        "relativeTimeOfPath": _number(
            "path",
            k,
            path["delay_s"],
            "RelativePathDelay_ExtIEs",
            "choice-Extension",
            "AdditionalPath",
            where,
            "additional_paths.delay_s",
        ),
        "pathQuality": _quality(path["delay_std_s"], where, "additional_paths.delay_std_s"),
    }


def _quality(std_s: float, where: object, name: str) -> tuple[str, dict]:
    value, resolution = reported(where, name, report.timing_quality, std_s)
    return "timingMeasQuality", {"measurementQuality": value, "resolution": _RESOLUTIONS[resolution]}


def _angle(row: Measurement, party: Party, where: object) -> tuple[tuple, tuple]:
    east, north, up = _local_axes(party, row.t_s, where) @ np.asarray(
        field(row, "direction_ecef", where), dtype=float
    )
    zenith = float(np.degrees(np.arctan2(np.hypot(east, north), up)))
    azimuth = float(np.degrees(np.arctan2(-east, north)))  # counter-clockwise from north
    std = field(row, "direction_std_deg", where)
    scale = report.ANGLE_QUALITY_DEG
    # Near the zenith and the nadir the azimuth tells little; its quality then stays at its largest value.
    across = std / max(float(np.sin(np.radians(zenith))), 1e-9)
    value = {
        "azimuthAoA": reported(
            where, "direction_ecef", report.AZIMUTH_DEG.index, azimuth if azimuth < 180.0 else -180.0
        ),
        "zenithAoA": reported(where, "direction_ecef", report.ZENITH_DEG.index, zenith),
    }
    return ("uL-AngleOfArrival", value), ("angleMeasQuality", {
        "azimuthQuality": scale.index(min(across, scale.value(scale.last))),
        "zenithQuality": reported(where, "direction_std_deg", scale.index, std), "resolution": "deg0dot1"})


def _local_axes(party: Party, t_s: float, where: object) -> np.ndarray:
    """East, north and up at a point, rows of [3, 3] (TS 38.215 5.2.4, global coordinates)."""
    try:
        if party.satellite is None:
            raise InputError(where, "satellite", f"{party.id!r} is no satellite", "angles at satellites")
        place = party.satellite.orbit.state(t_s)[0][0]
    except OrbitError as error:
        raise InputError(where, "t_s", str(error), "a time that the ephemeris reaches") from None
    latitude, longitude, _ = ecef_to_geodetic(place)
    return enu_rotation(float(latitude), float(longitude))


# ------------------------------------------------------------------------------------------------- reading


def _rows(party: Party, items: list[dict], context: Context, name: object) -> list[Measurement]:
    rows: list[dict[str, Any]] = []
    powers: dict[float, float] = {}
    scale = report.RSRP_DBM
    for item in items:
        t_s = _instant(item["timeStamp"], party, context, name)
        choice, value = item["measuredResultsValue"]
        if choice == "uL-SRS-RSRP":
            if 0 < value < scale.last:
                powers[t_s] = scale.value(value) - context.dbm_at_0_db
            continue
        values: dict[str, Any] = {"satellite": party.id, "status": "ok", "t_s": t_s}
        quality = item.get("measurementQuality", ("", {}))
        if choice == "uL-AngleOfArrival":
            values |= {"kind": "aoa"} | _direction(value, quality, party, t_s, name)
        else:
            kind = next((k for k, names in _TIMING.items() if names[0] == choice), None)
            if kind is None:
                continue
            values |= {"kind": kind} | _read_timing(kind, value, quality, context, name)
        rows.append(values)
    return [record(values | ({"rsrp_db": powers[values["t_s"]]} if values["t_s"] in powers else {}), name)
            for values in rows]


def _instant(stamp: dict, party: Party, context: Context, name: object) -> float:
    near_s = context.near_s
    if "measurementTime" in stamp:
        near_s = relative_time.seconds(stamp["measurementTime"], context.assistance.epoch)
    slot = slot_from(stamp["slotIndex"], "sCS-", "", party, name)
    return instant(stamp["systemFrameNumber"] % FRAMES, slot, party.sfn0_reference_s, party, near_s)


def _read_timing(kind: str, value: dict, quality: tuple, context: Context, name: object) -> dict[str, Any]:
    _, member, _, field_name, std_name, _, outer_member = _TIMING[kind]
    found: dict[str, Any] = {}
    std_s = _std_s(quality, name)
    if std_s is None:
        found["status"] = "no_quality"
    else:
        found[std_name] = std_s
    _put(kind, value[member], found, field_name, "", name)
    items = value.get("additionalPathList") or \
        extension_value(value.get(outer_member, []), "ExtendedAdditionalPathList") or []
    paths, delays = [], []
    for item in items:
        path: dict[str, Any] = {}
        _put("path", item["relativeTimeOfPath"], path, "delay_s", "AdditionalPath", name)
        if "delay_s" not in path:
            continue
        delays.append(path["delay_s"])
        path_std_s = _std_s(item.get("pathQuality", ("", {})), name) or std_s
        power = item.get("pathPower", {}).get("firstPathRSRPP", 0)
        if 0 < power < report.RSRP_DBM.last and path["delay_s"] >= 0.0 and path_std_s is not None:
            paths.append(path | {"delay_std_s": path_std_s,
                                 "rsrpp_db": report.RSRP_DBM.value(power) - context.dbm_at_0_db})
    if paths and len(paths) == len(delays):
        found["additional_paths"] = paths
    elif delays:
        found["additional_path_delays_s"] = delays
    return found


def _put(quantity: str, choice: tuple[str, Any], values: dict[str, Any], field_name: str, suffix: str,
         name: object) -> None:
    text, number = choice
    if text[:1] == "k" and text[1:].isdigit():
        k = int(text[1:])
    else:
        known = choice_value(number, [n + suffix for n in _FINE])
        if known is None:
            raise InputError(name, field_name, f"{text} is unknown", "k0 to k5, k -1 to -6")
        k, number = _FINE[known[0].removesuffix(suffix)], known[1]
    reported(
        name, field_name, lambda i: value_or_status(report.timing(quantity, k), i, values, field_name), number
    )


def _std_s(quality: tuple, name: object) -> float | None:
    if quality[0] != "timingMeasQuality":
        return None
    resolution = {theirs: ours for ours, theirs in _RESOLUTIONS.items()}.get(
        quality[1]["resolution"], "unknown"
    )
    return reported(name, "measurementQuality", lambda v: report.timing_quality_std_s(*v),
                    (quality[1]["measurementQuality"], resolution))


def _direction(value: dict, quality: tuple, party: Party, t_s: float, name: object) -> dict[str, Any]:
    if "zenithAoA" not in value or "lCS-to-GCS-Translation" in value:
        raise InputError(name, "uL-AngleOfArrival", "has no zenith angle in global coordinates",
                         "azimuth and zenith angle, without lCS-to-GCS-Translation")
    azimuth = np.radians(report.AZIMUTH_DEG.value(value["azimuthAoA"]))
    zenith = np.radians(report.ZENITH_DEG.value(value["zenithAoA"]))
    local = np.array([-np.sin(azimuth) * np.sin(zenith), np.cos(azimuth) * np.sin(zenith), np.cos(zenith)])
    direction = _local_axes(party, t_s, name).T @ local
    found: dict[str, Any] = {"direction_ecef": [float(x) for x in direction / np.linalg.norm(direction)]}
    if quality[0] == "angleMeasQuality" and quality[1]["resolution"] == "deg0dot1":
        step = report.ANGLE_QUALITY_DEG.step
        std = quality[1]["zenithQuality"] if "zenithQuality" in quality[1] else \
            quality[1]["azimuthQuality"] * float(np.sin(zenith))
        return found | {"direction_std_deg": max(std * step, _LEAST_STD_DEG)}
    return found | {"status": "no_quality"}
