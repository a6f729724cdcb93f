# SPDX-License-Identifier: GPL-3.0-or-later
"""ProvideAssistanceData of LPP against assistance data: DL-PRS of every satellite, frame offsets, expected
RSTD.

Frame offsets have two parts: NR-DL-PRS-SFN0-Offset in whole subframes, and the rest, to a T_c, in
NR-RTD-Info, which only DL-TDOA's assistance data have. Ephemerides are not in LPP: a UE has them from SIB19.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from ...errors import InputError, describe
from ...network import report_quantisation as report
from ...network.assistance import Assistance, Satellite
from ...network.fields import Fields
from ...world.light_time import received
from ...world.orbits import OrbitError
from .directory import CYCLE_S, Directory, Party, dl_prs_id
from .lpp import METHODS, Transaction, body_of, message
from .prs import lpp_info, lpp_layer, prs_of_lpp
from .reports import reported, wrap_half

MAX_LAYERS, MAX_POINTS = 4, 64
_SUBFRAME_S = 1e-3
_SUBFRAMES = 10240  # in a cycle of SFN
_UNCERTAINTY_LAST = 246
_FR2_HZ = 24.25e9
_RTD_QUALITY = {"timingQualityValue-r16": 1, "timingQualityResolution-r16": "mdot1"}  # half a T_c is 8 cm


def provide_assistance(directory: Directory, at_s: float, method: str = "dl-tdoa",
                       transaction: Transaction = Transaction()) -> bytes:
    """ProvideAssistanceData with the DL-PRS of all satellites; the first is the reference.

    Parameters
    ----------
    directory : Directory
    at_s : float
        System time for which the expected RSTDs hold, at the centre of the UE's prior.
    method : str
        ``dl-tdoa`` or ``multi-rtt``.

    Raises
    ------
    InputError
        More than 4 frequency layers of 64 points, a PRS of 12 blocks, Point A off the raster.
    """
    where = directory.assistance.path
    if method not in METHODS:
        raise InputError(where, "method", describe(method), ", ".join(METHODS))
    parties = [party for party in directory.parties if party.satellite is not None]
    reference = parties[0]
    layers: dict[tuple, list[Party]] = {}
    for party in parties:
        prs = party.satellite.prs
        key = (prs.comb_size, prs.num_rb, prs.start_prb)
        while len(layers.get(key, ())) >= MAX_POINTS:
            key += ("more",)
        layers.setdefault(key, []).append(party)
    if len(layers) > MAX_LAYERS:
        raise InputError(where, "satellites", f"need {len(layers)} frequency layers",
                         f"at most {MAX_LAYERS} of {MAX_POINTS} points (TS 37.355 NR-DL-PRS-AssistanceData)")
    carrier = directory.assistance.carrier
    value: dict[str, Any] = {"nr-DL-PRS-AssistanceData-r16": {
        "nr-DL-PRS-ReferenceInfo-r16": {"dl-PRS-ID-r16": dl_prs_id(reference, where)},
        "nr-DL-PRS-AssistanceDataList-r16": [{
            "nr-DL-PRS-PositioningFrequencyLayer-r16": lpp_layer(layer[0].satellite.prs, carrier, where),
            "nr-DL-PRS-AssistanceDataPerFreq-r16": [_point(party, reference, directory.assistance, at_s)
                                                    for party in layer]} for layer in layers.values()]}}
    if method == "dl-tdoa":
        value["nr-PositionCalculationAssistance-r16"] = {
            "nr-RTD-Info-r16": {
                "referenceTRP-RTD-Info-r16": {
                    "dl-PRS-ID-Ref-r16": dl_prs_id(reference, where),
                    "refTime-r16": ("systemFrameNumber-r16", (0, 10)),
                },
                "rtd-InfoList-r16": [
                    [_rtd(party, reference, where) for party in layer] for layer in layers.values()
                ],
            }
        }
    return message(
        "provideAssistanceData", {f"{METHODS[method]}-ProvideAssistanceData-r16": value}, transaction
    )


def assistance_of(data: bytes, base: Assistance, name: object = "LPP-Message") -> Assistance:
    """`base` with the DL-PRS and frame offsets of a ProvideAssistanceData.

    Its satellites are those of `base` that the message has. `base` gives the carrier, the ephemerides, and
    the reference's `sfn0_time_s`; another's is within one cycle of SFN after the reference's.
    """
    body, value = body_of(data, name)
    if body != "provideAssistanceData":
        raise InputError(name, "lpp-MessageBody", f"is {describe(body)}", "provideAssistanceData")
    parts = [value[f"{prefix}-ProvideAssistanceData-r16"] for prefix in METHODS.values()
             if f"{prefix}-ProvideAssistanceData-r16" in value]
    parts = [part for part in parts if "nr-DL-PRS-AssistanceData-r16" in part]
    if not parts:
        raise InputError(
            name, "nr-DL-PRS-AssistanceData-r16", "is missing", "DL-TDOA or multi-RTT with DL-PRS"
        )
    directory = Directory.of(base)
    offsets = _rtd_offsets(parts[0])
    prs_data = parts[0]["nr-DL-PRS-AssistanceData-r16"]
    reference = directory.by_dl_prs_id(prs_data["nr-DL-PRS-ReferenceInfo-r16"]["dl-PRS-ID-r16"], name)
    found: dict[str, Satellite] = {}
    for layer in prs_data["nr-DL-PRS-AssistanceDataList-r16"]:
        for point in layer["nr-DL-PRS-AssistanceDataPerFreq-r16"]:
            party = directory.by_dl_prs_id(point["dl-PRS-ID-r16"], name)
            if party.satellite is None:
                continue
            prs = prs_of_lpp(layer["nr-DL-PRS-PositioningFrequencyLayer-r16"], point["nr-DL-PRS-Info-r16"],
                             base.carrier, f"{name}: {party.id}")
            start = point["nr-DL-PRS-SFN0-Offset-r16"]
            subframes = 10 * start["sfn-Offset-r16"] + start["integerSubframeOffset-r16"]
            offset_s = subframes * _SUBFRAME_S + offsets.get(point["dl-PRS-ID-r16"], 0.0)
            at_s = reference.sfn0_reference_s if reference.satellite is None else \
                reference.satellite.sfn0_time_s - reference.satellite.clock_offset_s
            found[party.id] = replace(party.satellite, prs=prs,
                                      sfn0_time_s=at_s + offset_s + party.satellite.clock_offset_s)
    kept = tuple(found[s.id] for s in base.satellites if s.id in found)
    if not kept:
        raise InputError(
            name, "nr-DL-PRS-AssistanceDataList-r16", f"has no satellite of {base.path}", "at least one"
        )
    return replace(base, satellites=kept)


def _point(party: Party, reference: Party, assistance: Assistance, at_s: float) -> dict:
    where = f"{assistance.path}: {party.id}"
    subframes, _ = _frame_offset(party, reference)
    power = Fields(where, "", dict(party.satellite.extra)).integer("prs_power_dbm", -60, 50, default=0)
    rstd, uncertainty = _expected(party, reference, assistance, at_s, where)
    return {
        "dl-PRS-ID-r16": dl_prs_id(party, where),
        "nr-DL-PRS-SFN0-Offset-r16": {
            "sfn-Offset-r16": subframes // 10,
            "integerSubframeOffset-r16": subframes % 10,
        },
        "nr-DL-PRS-ExpectedRSTD-r16": rstd,
        "nr-DL-PRS-ExpectedRSTD-Uncertainty-r16": uncertainty,
        "nr-DL-PRS-Info-r16": lpp_info(party.satellite.prs, assistance.carrier, power),
    }


def _frame_offset(party: Party, reference: Party) -> tuple[int, int]:
    """SFN 0 of `party` after that of the reference, modulo 1024 frames: whole subframes, and T_c beyond."""
    apart_s = (party.sfn0_antenna_s - party.satellite.clock_offset_s) - \
        (reference.sfn0_antenna_s - reference.satellite.clock_offset_s)
    ticks = round(math.fmod(apart_s, CYCLE_S) / report.TC_S) % (_SUBFRAMES * (report.RTD_S.last + 1))
    return divmod(ticks, report.RTD_S.last + 1)


def _rtd(party: Party, reference: Party, where: object) -> dict:
    return {
        "dl-PRS-ID-r16": dl_prs_id(party, where),
        "subframeOffset-r16": _frame_offset(party, reference)[1],
        "rtd-Quality-r16": dict(_RTD_QUALITY),
    }


def _rtd_offsets(part: dict) -> dict[int, float]:
    """Offset of the subframes' borders in s, by dl-PRS-ID."""
    info = part.get("nr-PositionCalculationAssistance-r16", {}).get("nr-RTD-Info-r16", {})
    return {element["dl-PRS-ID-r16"]: report.RTD_S.value(element["subframeOffset-r16"])
            for layer in info.get("rtd-InfoList-r16", []) for element in layer}


def _expected(
    party: Party, reference: Party, assistance: Assistance, at_s: float, where: str
) -> tuple[int, int]:
    """nr-DL-PRS-ExpectedRSTD (steps of 4 T_s, 1 ms modulo) and its uncertainty at the prior's centre.

    The uncertainty is what twice the prior's radius can do; it ends at 32 us (8 us in frequency range 2),
    which is less than a satellite's beam: its largest value then stands.
    """
    place = assistance.ue_prior.ecef
    try:
        own, other = (received(p.satellite.orbit, place, at_s) for p in (party, reference))
    except OrbitError as error:
        raise InputError(where, "at_s", str(error), "a time that the ephemeris reaches") from None
    starts = (party.sfn0_antenna_s - party.satellite.clock_offset_s) - \
        (reference.sfn0_antenna_s - reference.satellite.clock_offset_s)
    apart_s = wrap_half(starts + float(own.delay_s[0] - other.delay_s[0]), _SUBFRAME_S)
    step = report.EXPECTED_RSTD_S.step / (4.0 if assistance.carrier.frequency_hz >= _FR2_HZ else 1.0)
    slope = float(((own.gradient[0] - other.gradient[0]) ** 2).sum() ** 0.5)
    spread_s = (
        2.0 * slope * math.hypot(assistance.ue_prior.horizontal_sigma_m, assistance.ue_prior.height_sigma_m)
    )
    return (reported(where, "expected RSTD", report.EXPECTED_RSTD_S.index, apart_s),
            min(_UNCERTAINTY_LAST, math.ceil(spread_s / step)))
