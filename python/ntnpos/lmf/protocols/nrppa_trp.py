# SPDX-License-Identifier: GPL-3.0-or-later
"""TRPInformationRequest and TRPInformationResponse of NRPPa against assistance data.

Of a satellite: DL-PRS, the time of SFN 0, and the common TA with its epoch (TS 38.331's types in octet
strings). Of a terrestrial point: its place. `Mobile TRP Location Information` is left alone: the places of TS
37.355 end 10 km above the ellipsoid, below every satellite; ephemerides are in SIB19.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterable

import numpy as np

from ...errors import InputError, describe
from ...network import report_quantisation as report
from ...network.assistance import Assistance
from ...network.fields import Fields
from ...world.frames import ecef_to_geodetic, geodetic_to_ecef
from . import codec, relative_time
from .directory import Directory, Party
from .nrppa import single_container, choice_value, element, elements_of, message, optional, required
from .prs import nrppa_set, prs_of_nrppa
from .reports import reported
from .sib19 import common_ta, epoch_near, epoch_time_s, reporting, ta_fields, ta_info

TYPES = {"prs": "pRSConfig", "sfn0": "sFNInitTime", "common_ta": "commonTA", "place": "geoCoord"}
"""What can be asked, TRPInformationTypeItem."""
_LATITUDE = report.Grid("latitude", "deg", 90.0 / 2**31, -2**31, 2**31 - 1, "TS 23.032 6.8")
_LONGITUDE = report.Grid("longitude", "deg", 180.0 / 2**31, -2**31, 2**31 - 1, "TS 23.032 6.8")
_HEIGHT_M = report.Grid("height", "m", 2.0**-7, -64000, 1280000, "TS 23.032 6.8")


def trp_information_request(
    directory: Directory, satellites: Iterable[str], types: Iterable[str] = tuple(TYPES), transaction: int = 0
) -> bytes:
    """TRPInformationRequest about points of the assistance data; `types` are some of `TYPES`."""
    where = "TRPInformationRequest"
    items = []
    for kind in types:
        if kind not in TYPES:
            raise InputError(where, "type", describe(kind), ", ".join(TYPES))
        items.append(single_container("TRPInformationTypeItemTRPReq", "TRPInformationTypeItem", TYPES[kind]))
    return message(where, [
        element("TRPInformationRequest_IEs", "TRPList",
                [{"tRP-ID": directory.by_id(name, where).trp_id} for name in satellites]),
        element("TRPInformationRequest_IEs", "TRPInformationTypeListTRPReq", items)], transaction, where)


def requested(data: bytes, directory: Directory, where: object = "NRPPA-PDU") -> tuple[list[str], list[str]]:
    """(ids, types) of a TRPInformationRequest; all points where it names none."""
    _, values = elements_of(data, ("TRPInformationRequest",), where)
    points = optional(values, "TRPList")
    names = {item: kind for kind, item in TYPES.items()}
    wanted = [item["value"][1] for item in required(values, "TRPInformationTypeListTRPReq", where)]
    ids = [party.id for party in directory.parties] if points is None else \
        [directory.by_trp_id(point["tRP-ID"], where).id for point in points]
    return ids, [names[item] for item in wanted if item in names]


def trp_information_response(
    directory: Directory, satellites: Iterable[str], types: Iterable[str] = tuple(TYPES), transaction: int = 0
) -> bytes:
    """TRPInformationResponse: of each point what the assistance data have of `types`."""
    types = tuple(types)
    points = []
    for name in satellites:
        party = directory.by_id(name, "TRPInformationResponse")
        where = f"{directory.assistance.path}: {party.id}"
        items = reporting(where, "TRPInformation", _items, party, directory.assistance, types, where)
        if items:
            points.append(
                {"tRPInformation": {"tRP-ID": party.trp_id, "tRPInformationTypeResponseList": items}}
            )
    if not points:
        raise InputError(directory.assistance.path, "satellites", f"have nothing of {', '.join(types)}",
                         "at least one value")
    return message("TRPInformationResponse", [
        element("TRPInformationResponse_IEs", "TRPInformationListTRPResp", points)], transaction)


def trp_information(data: bytes, base: Assistance, near_s: float, name: object = "NRPPA-PDU") -> Assistance:
    """`base` with what a TRPInformationResponse says of its points: `prs`, `sfn0_time_s`, `common_ta`, the
    place of a terrestrial point. `near_s` tells which 10.24 s an epoch is in."""
    _, values = elements_of(data, ("TRPInformationResponse",), name)
    directory = Directory.of(base)
    satellites = {s.id: s for s in base.satellites}
    trps = {t["id"]: dict(t) for t in base.trps}
    for point in required(values, "TRPInformationListTRPResp", name):
        information = point["tRPInformation"]
        party = directory.by_trp_id(information["tRP-ID"], name)
        for choice, value in information["tRPInformationTypeResponseList"]:
            if party.satellite is None:
                if choice == "geographicalCoordinates" and (place := _place_of(value, name)) is not None:
                    trps[party.id]["position_ecef_m"] = place
                continue
            satellite = satellites[party.id]
            if choice == "pRSConfiguration":
                satellite = replace(satellite, prs=prs_of_nrppa(value, base.carrier, f"{name}: {party.id}"))
            elif choice == "sFNInitialisationTime":
                start = relative_time.seconds(value, base.epoch)
                satellite = replace(satellite, sfn0_time_s=start + satellite.clock_offset_s)
            elif (
                choice == "choice-extension"
                and (ta := choice_value(value, ["CommonTAParameters"])) is not None
            ):
                found = reporting(name, "CommonTAParameters", _common_ta_of, ta[1], party, near_s, name)
                satellite = replace(satellite, extra=dict(satellite.extra) | {"common_ta": found})
            satellites[party.id] = satellite
    return replace(base, satellites=tuple(satellites.values()), trps=tuple(trps.values()))


def _items(party: Party, assistance: Assistance, types: tuple[str, ...], where: str) -> list[tuple[str, Any]]:
    items: list[tuple[str, Any]] = []
    if party.satellite is None:
        position = next(t for t in assistance.trps if t["id"] == party.id).get("position_ecef_m")
        return [("geographicalCoordinates", _place(position, where))] if "place" in types and position else []
    if "prs" in types:
        power = Fields(where, "", dict(party.satellite.extra)).integer("prs_power_dbm", -60, 50, default=0)
        items.append(("pRSConfiguration", nrppa_set(party.satellite.prs, assistance.carrier, where, power)))
    if "sfn0" in types:
        start = party.satellite.sfn0_time_s - party.satellite.clock_offset_s
        items.append(("sFNInitialisationTime", relative_time.of(start, assistance.epoch, where)))
    if "common_ta" in types and (ta := common_ta(party, where)) is not None:
        epoch_s, epoch = epoch_near(ta.epoch_time_s, party)
        items.append(
            (
                "choice-extension",
                single_container(
                    "TRPInformationTypeResponseItem_ExtIEs",
                    "CommonTAParameters",
                    {
                        "epochTime": codec.encode("epoch_time", epoch, where),
                        "taInfo": codec.encode("ta_info", ta_info(ta, epoch_s), where),
                    },
                ),
            )
        )
    return items


def _common_ta_of(value: dict, party: Party, near_s: float, name: object) -> dict:
    epoch = codec.decode("epoch_time", value["epochTime"], name)
    return ta_fields(codec.decode("ta_info", value["taInfo"], name), epoch_time_s(epoch, party, near_s))


def _place(position: Any, where: str) -> dict:
    position = Fields(where, "", {"position_ecef_m": list(position)}).vector("position_ecef_m", 1e9)
    latitude, longitude, height = (float(x) for x in ecef_to_geodetic(np.array(position)))
    return {
        "tRPPositionDefinitionType": (
            "direct",
            {
                "accuracy": (
                    "tRPHAposition",
                    {
                        "latitude": reported(where, "position_ecef_m", _LATITUDE.index, latitude),
                        "longitude": reported(
                            where,
                            "position_ecef_m",
                            _LONGITUDE.index,
                            longitude if longitude < 180.0 else -180.0,
                        ),
                        "altitude": reported(where, "position_ecef_m", _HEIGHT_M.index, height),
                        "uncertaintySemi-major": 0,
                        "uncertaintySemi-minor": 0,
                        "orientationOfMajorAxis": 0,
                        "horizontalConfidence": 0,
                        "uncertaintyAltitude": 0,
                        "verticalConfidence": 0,
                    },
                )
            },
        )
    }


def _place_of(value: dict, name: object) -> list[float] | None:
    """ECEF of a high-accuracy place; None for the other forms, which are coarser than a timing."""
    form, place = value["tRPPositionDefinitionType"]
    if form != "direct" or place["accuracy"][0] != "tRPHAposition":
        return None
    place = place["accuracy"][1]
    return [float(x) for x in geodetic_to_ecef(
        reported(name, "latitude", _LATITUDE.value, place["latitude"]),
        reported(name, "longitude", _LONGITUDE.value, place["longitude"]),
        reported(name, "altitude", _HEIGHT_M.value, place["altitude"]))]
