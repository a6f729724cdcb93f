# SPDX-License-Identifier: GPL-3.0-or-later
"""DL-PRS configuration as LPP (NR-DL-PRS-Info, TS 37.355) and NRPPa (PRS Configuration, TS 38.455) write it.

Each satellite is one resource in one resource set. Of an offset of the set and one of the resource, which add
up to `slot_offset`, messages of others may use both; ours use the first.
"""

from __future__ import annotations

from typing import Any

from ...errors import InputError, describe
from ...network.fields import Fields
from ...network.resources import Carrier, PrsResource, read_prs
from .reports import enumerated

# NR-ARFCN: (up to Hz, step Hz, Hz of the first, number of the first); TS 38.104 table 5.4.2.1-1.
_RASTER = ((3e9, 5e3, 0.0, 0), (24.25e9, 15e3, 3e9, 600000), (100e9, 60e3, 24250.08e6, 2016667))
_OFF_RASTER_HZ = 1.0
_POWER_DBM = 0
"""dl-PRS-ResourcePower where the assistance data has no `prs_power_dbm`."""
_PATTERNS = {2: "two", 4: "four", 6: "six", 8: "eight", 16: "sixteen", 32: "thirty-two"}


def arfcn(frequency_hz: float, where: object, name: str) -> int:
    """NR-ARFCN of a frequency that is on the global raster."""
    for limit, step, start, first in _RASTER:
        if frequency_hz < limit:
            number = first + round((frequency_hz - start) / step)
            if frequency_hz < 0 or abs(start + (number - first) * step - frequency_hz) > _OFF_RASTER_HZ:
                break
            return number
    raise InputError(
        where,
        name,
        f"Point A at {frequency_hz:.12g} Hz is not on the raster",
        "a multiple of 5 kHz below 3 GHz, of 15 kHz above, of 60 kHz above 24.25 GHz (TS 38.104 5.4.2.1)",
    )


def frequency_hz(number: int) -> float:
    """Frequency of an NR-ARFCN."""
    for _, step, start, first in reversed(_RASTER):
        if number >= first:
            return start + (number - first) * step
    raise ValueError(f"ARFCN {number}")


def point_a(carrier: Carrier, where: object) -> int:
    """ARFCN of subcarrier 0 of the grid: `frequency_hz` is at subcarrier 6 n_rb."""
    return arfcn(carrier.frequency_hz - 6e3 * carrier.n_rb * carrier.scs_khz, where, "carrier.frequency_hz")


def bandwidth_number(num_rb: int, where: object) -> int:
    """dl-PRS-ResourceBandwidth: 1 is 24 blocks, each more 4."""
    if num_rb < 24 or num_rb % 4:
        raise InputError(
            where, "prs.num_rb", f"{num_rb} has no number", "24 to 272 in steps of 4 (TS 37.355)"
        )
    return num_rb // 4 - 5


# ------------------------------------------------------------------------------------------------------- LPP


def lpp_layer(prs: PrsResource, carrier: Carrier, where: object) -> dict:
    """NR-DL-PRS-PositioningFrequencyLayer."""
    return {"dl-PRS-SubcarrierSpacing-r16": f"kHz{carrier.scs_khz}",
            "dl-PRS-ResourceBandwidth-r16": bandwidth_number(prs.num_rb, where),
            "dl-PRS-StartPRB-r16": prs.start_prb, "dl-PRS-PointA-r16": point_a(carrier, where),
            "dl-PRS-CombSizeN-r16": f"n{prs.comb_size}", "dl-PRS-CyclicPrefix-r16": carrier.cyclic_prefix}


def lpp_info(prs: PrsResource, carrier: Carrier, power_dbm: int = _POWER_DBM) -> dict:
    """NR-DL-PRS-Info of one resource."""
    found: dict[str, Any] = {
        "nr-DL-PRS-ResourceSetID-r16": 0,
        "dl-PRS-Periodicity-and-ResourceSetSlotOffset-r16": (
            f"scs{carrier.scs_khz}-r16", (f"n{prs.periodicity_slots}-r16", prs.slot_offset)),
        "dl-PRS-NumSymbols-r16": f"n{prs.num_symbols}", "dl-PRS-ResourcePower-r16": power_dbm,
        "dl-PRS-ResourceList-r16": [{
            "nr-DL-PRS-ResourceID-r16": 0, "dl-PRS-SequenceID-r16": prs.sequence_id,
            "dl-PRS-CombSizeN-AndReOffset-r16": (f"n{prs.comb_size}-r16", prs.re_offset),
            "dl-PRS-ResourceSlotOffset-r16": 0, "dl-PRS-ResourceSymbolOffset-r16": prs.start_symbol}]}
    if prs.repetition_factor != 1:
        found["dl-PRS-ResourceRepetitionFactor-r16"] = f"n{prs.repetition_factor}"
        found["dl-PRS-ResourceTimeGap-r16"] = f"s{prs.time_gap_slots}"
    if prs.muting_option1_bits is not None:
        found["dl-PRS-MutingOption1-r16"] = {
            "dl-prs-MutingBitRepetitionFactor-r16": f"n{prs.muting_option1_repetition}",
            "nr-option1-muting-r16": _bits(prs.muting_option1_bits, "po{}-r16")}
    if prs.muting_option2_bits is not None:
        found["dl-PRS-MutingOption2-r16"] = {
            "nr-option2-muting-r16": _bits(prs.muting_option2_bits, "po{}-r16")
        }
    return {"nr-DL-PRS-ResourceSetList-r16": [found]}


def prs_of_lpp(layer: dict, info: dict, carrier: Carrier, where: object) -> PrsResource:
    """The first resource of NR-DL-PRS-Info, checked as that of an assistance file against the carrier.

    Point A of the layer must be that of the carrier up to whole resource blocks.
    """
    _check_carrier(layer["dl-PRS-SubcarrierSpacing-r16"], layer["dl-PRS-CyclicPrefix-r16"], carrier, where)
    group = info["nr-DL-PRS-ResourceSetList-r16"][0]
    resource = group["dl-PRS-ResourceList-r16"][0]
    scs, (period, offset) = group["dl-PRS-Periodicity-and-ResourceSetSlotOffset-r16"]
    if scs != f"scs{carrier.scs_khz}-r16":
        raise InputError(
            where, "dl-PRS-Periodicity-and-ResourceSetSlotOffset", f"is of {scs}", f"{carrier.scs_khz} kHz"
        )
    option1 = group.get("dl-PRS-MutingOption1-r16")
    option2 = group.get("dl-PRS-MutingOption2-r16")
    comb, re_offset = resource["dl-PRS-CombSizeN-AndReOffset-r16"]
    return _checked(
        {
            "sequence_id": resource["dl-PRS-SequenceID-r16"],
            "comb_size": enumerated(comb.removesuffix("-r16"), "n", where, "dl-PRS-CombSizeN"),
            "re_offset": re_offset,
            "start_symbol": resource.get(
                "dl-PRS-ResourceSymbolOffset-v1800", resource["dl-PRS-ResourceSymbolOffset-r16"]
            ),
            "num_symbols": enumerated(
                group["dl-PRS-NumSymbols-r16"].removesuffix("-v1800"), "n", where, "dl-PRS-NumSymbols"
            ),
            "start_prb": _start_prb(layer["dl-PRS-StartPRB-r16"], layer["dl-PRS-PointA-r16"], carrier, where),
            "num_rb": 4 * (layer["dl-PRS-ResourceBandwidth-r16"] + 5),
            "periodicity_slots": enumerated(period.removesuffix("-r16"), "n", where, "dl-PRS-Periodicity"),
            "slot_offset": offset + resource["dl-PRS-ResourceSlotOffset-r16"],
            "repetition_factor": enumerated(
                group.get("dl-PRS-ResourceRepetitionFactor-r16", "n1"),
                "n",
                where,
                "dl-PRS-ResourceRepetitionFactor",
            ),
            "time_gap_slots": enumerated(
                group.get("dl-PRS-ResourceTimeGap-r16", "s1"), "s", where, "dl-PRS-ResourceTimeGap"
            ),
            "muting_option1": (
                None
                if option1 is None
                else {
                    "bits": _text(option1["nr-option1-muting-r16"], where),
                    "bit_repetition_factor": enumerated(
                        option1.get("dl-prs-MutingBitRepetitionFactor-r16", "n1"),
                        "n",
                        where,
                        "dl-prs-MutingBitRepetitionFactor",
                    ),
                }
            ),
            "muting_option2": (
                None if option2 is None else {"bits": _text(option2["nr-option2-muting-r16"], where)}
            ),
        },
        carrier,
        where,
    )


# ----------------------------------------------------------------------------------------------------- NRPPa


def nrppa_set(prs: PrsResource, carrier: Carrier, where: object, power_dbm: int = _POWER_DBM) -> dict:
    """PRS Configuration of one resource (TS 38.455 9.2.44)."""
    found: dict[str, Any] = {
        "pRSResourceSetID": 0,
        "subcarrierSpacing": f"kHz{carrier.scs_khz}",
        "pRSbandwidth": bandwidth_number(prs.num_rb, where),
        "startPRB": prs.start_prb,
        "pointA": point_a(carrier, where),
        "combSize": f"n{prs.comb_size}",
        "cPType": carrier.cyclic_prefix,
        "resourceSetPeriodicity": f"n{prs.periodicity_slots}",
        "resourceSetSlotOffset": prs.slot_offset,
        "resourceRepetitionFactor": f"rf{prs.repetition_factor}",
        "resourceTimeGap": f"tg{prs.time_gap_slots}",
        "resourceNumberofSymbols": f"n{prs.num_symbols}",
        "pRSResourceTransmitPower": power_dbm,
        "pRSResource-List": [
            {
                "pRSResourceID": 0,
                "sequenceID": prs.sequence_id,
                "rEOffset": prs.re_offset,
                "resourceSlotOffset": 0,
                "resourceSymbolOffset": prs.start_symbol,
            }
        ],
    }
    muting: dict[str, Any] = {}
    if prs.muting_option1_bits is not None:
        muting["pRSMutingOption1"] = {"mutingPattern": _named_bits(prs.muting_option1_bits),
                                      "mutingBitRepetitionFactor": f"n{prs.muting_option1_repetition}"}
    if prs.muting_option2_bits is not None:
        muting["pRSMutingOption2"] = {"mutingPattern": _named_bits(prs.muting_option2_bits)}
    return {"pRSResourceSet-List": [found | ({"pRSMuting": muting} if muting else {})]}


def prs_of_nrppa(value: dict, carrier: Carrier, where: object) -> PrsResource:
    """The first resource of PRS Configuration, checked as `prs_of_lpp` does."""
    group = value["pRSResourceSet-List"][0]
    _check_carrier(group["subcarrierSpacing"], group["cPType"], carrier, where)
    resource = group["pRSResource-List"][0]
    muting = group.get("pRSMuting", {})
    option1, option2 = muting.get("pRSMutingOption1"), muting.get("pRSMutingOption2")
    return _checked(
        {
            "sequence_id": resource["sequenceID"],
            "comb_size": enumerated(group["combSize"], "n", where, "combSize"),
            "re_offset": resource["rEOffset"],
            "start_symbol": resource["resourceSymbolOffset"],
            "num_symbols": enumerated(
                group["resourceNumberofSymbols"], "n", where, "resourceNumberofSymbols"
            ),
            "start_prb": _start_prb(group["startPRB"], group["pointA"], carrier, where),
            "num_rb": 4 * (group["pRSbandwidth"] + 5),
            "periodicity_slots": enumerated(
                group["resourceSetPeriodicity"], "n", where, "resourceSetPeriodicity"
            ),
            "slot_offset": group["resourceSetSlotOffset"] + resource["resourceSlotOffset"],
            "repetition_factor": enumerated(
                group["resourceRepetitionFactor"], "rf", where, "resourceRepetitionFactor"
            ),
            "time_gap_slots": enumerated(group["resourceTimeGap"], "tg", where, "resourceTimeGap"),
            "muting_option1": (
                None
                if option1 is None
                else {
                    "bits": _text(option1["mutingPattern"], where),
                    "bit_repetition_factor": enumerated(
                        option1["mutingBitRepetitionFactor"], "n", where, "mutingBitRepetitionFactor"
                    ),
                }
            ),
            "muting_option2": None if option2 is None else {"bits": _text(option2["mutingPattern"], where)},
        },
        carrier,
        where,
    )


# ---------------------------------------------------------------------------------------------------- shared


def _checked(values: dict, carrier: Carrier, where: object) -> PrsResource:
    return read_prs(Fields(where, "prs", values), carrier)


def _check_carrier(spacing: str, prefix: str, carrier: Carrier, where: object) -> None:
    if spacing != f"kHz{carrier.scs_khz}" or prefix != carrier.cyclic_prefix:
        raise InputError(where, "subcarrier spacing", f"is {describe(spacing)} with {prefix} prefix",
                         f"{carrier.scs_khz} kHz, {carrier.cyclic_prefix}: the carrier's")


def _start_prb(start: int, number: int, carrier: Carrier, where: object) -> int:
    """First block counted from the carrier's subcarrier 0."""
    block_hz = 12e3 * carrier.scs_khz
    own = carrier.frequency_hz - 0.5 * block_hz * carrier.n_rb
    blocks = start + (frequency_hz(number) - own) / block_hz
    if abs(blocks - round(blocks)) * block_hz > _OFF_RASTER_HZ:
        raise InputError(where, "Point A", f"is ARFCN {number}", "whole resource blocks from the carrier's")
    return round(blocks)


def _bits(text: str, form: str) -> tuple[str, tuple[int, int]]:
    return form.format(len(text)), (int(text, 2), len(text))


def _named_bits(text: str) -> tuple[str, tuple[int, int]]:
    return _PATTERNS[len(text)], (int(text, 2), len(text))


def _text(choice: tuple[str, Any], where: object) -> str:
    value = choice[1]
    if not (isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], int)):
        raise InputError(where, "muting pattern", f"{describe(choice[0])} is unknown", "2 to 32 bits")
    return format(value[0], f"0{value[1]}b")
