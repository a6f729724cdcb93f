# SPDX-License-Identifier: GPL-3.0-or-later
"""PositioningInformationRequest and PositioningInformationResponse of NRPPa: which SRS a UE sends.

The SRS is that of a waveform file (`srs`), as a positioning resource (SRS-PosResource): that one has no
`b_srs` and no `freq_position` but 0.
"""

from __future__ import annotations

from typing import Any, Mapping

from ...errors import InputError, describe
from ...network.fields import Fields
from ...network.resources import SCS_KHZ, Carrier
from .nrppa import element, elements_of, message, optional, required
from .prs import point_a
from .reports import enumerated

_SHIFTS = {2: 8, 4: 12, 8: 6}
_SYMBOLS = (1, 2, 4, 8, 12)
_HOPPING = {"neither": "neither", "group": "groupHopping", "sequence": "sequenceHopping"}
PERIODICITIES = (
    1,
    2,
    4,
    5,
    8,
    10,
    16,
    20,
    32,
    40,
    64,
    80,
    128,
    160,
    256,
    320,
    512,
    640,
    1280,
    2560,
    5120,
    10240,
    20480,
    40960,
    81920,
)
_BANDWIDTHS_MHZ = (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100)
_WHERE = "PositioningInformation"
_BWP_BLOCKS = 275  # N_BWP^size of the resource indication value, TS 38.214 6.1.2.2.2


def positioning_information_request(bandwidth_mhz: int, transmissions: int | None = None,
                                    transaction: int = 0) -> bytes:
    """PositioningInformationRequest for periodic SRS of a bandwidth in frequency range 1."""
    if bandwidth_mhz not in _BANDWIDTHS_MHZ:
        raise InputError(_WHERE, "bandwidth", f"{bandwidth_mhz} MHz", ", ".join(map(str, _BANDWIDTHS_MHZ)))
    wanted: dict[str, Any] = {"resourceType": "periodic", "bandwidth": ("fR1", f"mHz{bandwidth_mhz}")}
    if transmissions is not None:
        wanted["numberOfTransmissions"] = transmissions
    return message(
        "PositioningInformationRequest",
        [element("PositioningInformationRequest_IEs", "RequestedSRSTransmissionCharacteristics", wanted)],
        transaction,
    )


def requested(data: bytes, where: object = "NRPPA-PDU") -> dict:
    """{`bandwidth_mhz`, `transmissions`} of such a request."""
    _, values = elements_of(data, ("PositioningInformationRequest",), where)
    wanted = required(values, "RequestedSRSTransmissionCharacteristics", where)
    form, bandwidth = wanted["bandwidth"]
    if form not in ("fR1", "fR2"):
        raise InputError(where, "bandwidth", f"{describe(form)} is unknown", "fR1, fR2")
    return {"bandwidth_mhz": enumerated(bandwidth.lower(), "mhz", where, "bandwidth"),
            "transmissions": wanted.get("numberOfTransmissions")}


def positioning_information_response(srs: Mapping[str, Any], carrier: Carrier, periodicity_slots: int,
                                     slot_offset: int, transaction: int = 0, where: object = "srs") -> bytes:
    """PositioningInformationResponse with one periodic positioning SRS over the carrier's whole grid.

    `srs` has the fields of a waveform file's; `InputError` names one that this resource cannot have.
    """
    fields = Fields(where, "srs", dict(srs))
    comb = fields.integer_in("comb_size", tuple(_SHIFTS), clause="TS 38.211 6.4.1.4.3")
    for name in ("b_srs", "freq_position"):
        fields.integer(name, 0, 0, default=0, clause="TS 38.331 SRS-PosResource")
    period = Fields(where, "", {"periodicity_slots": periodicity_slots, "slot_offset": slot_offset})
    slots = period.integer_in("periodicity_slots", PERIODICITIES, clause="TS 38.331")
    resource = {
        "srs-PosResourceId": 0,
        "transmissionCombPos": (
            f"n{comb}",
            {
                f"combOffset-n{comb}": fields.integer(
                    "comb_offset", 0, comb - 1, clause="TS 38.211 6.4.1.4.3"
                ),
                f"cyclicShift-n{comb}": fields.integer(
                    "cyclic_shift", 0, _SHIFTS[comb] - 1, clause="TS 38.211 6.4.1.4.2"
                ),
            },
        ),
        "startPosition": fields.integer("start_symbol", 0, 13),
        "nrofSymbols": f"n{fields.integer_in('num_symbols', _SYMBOLS, clause='TS 38.211 6.4.1.4.1')}",
        "freqDomainShift": fields.integer("freq_shift", 0, 268),
        "c-SRS": fields.integer("c_srs", 0, 63),
        "groupOrSequenceHopping": _HOPPING[fields.choice("group_or_sequence_hopping", tuple(_HOPPING))],
        "resourceTypePos": (
            "periodic",
            {
                "sRSPeriodicity": f"slot{slots}",
                "offset": period.integer("slot_offset", 0, periodicity_slots - 1),
            },
        ),
        "sequenceId": fields.integer("sequence_id", 0, 65535),
    }
    spacing = f"kHz{carrier.scs_khz}"
    configuration = {
        "sRSCarrier-List": [
            {
                "pointA": point_a(carrier, where),
                "uplinkChannelBW-PerSCS-List": [
                    {"offsetToCarrier": 0, "subcarrierSpacing": spacing, "carrierBandwidth": carrier.n_rb}
                ],
                "activeULBWP": {
                    "locationAndBandwidth": _location_and_bandwidth(carrier.n_rb),
                    "subcarrierSpacing": spacing,
                    "cyclicPrefix": carrier.cyclic_prefix,
                    "txDirectCurrentLocation": 3300,
                    "sRSConfig": {"posSRSResource-List": [resource]},
                },
            }
        ]
    }
    return message("PositioningInformationResponse", [
        element("PositioningInformationResponse_IEs", "SRSConfiguration", configuration)], transaction)


def srs_of(data: bytes, carrier: Carrier, where: object = "NRPPA-PDU") -> tuple[dict, int, int] | None:
    """(`srs`, periodicity, offset in slots) of the first periodic positioning SRS of a response; None without
    one."""
    _, values = elements_of(data, ("PositioningInformationResponse",), where)
    configuration = optional(values, "SRSConfiguration")
    if configuration is None:
        return None
    for found in configuration["sRSCarrier-List"]:
        part = found["activeULBWP"]
        for resource in part["sRSConfig"].get("posSRSResource-List", []):
            kind, timing = resource["resourceTypePos"]
            if kind == "periodic":
                spacing = enumerated(part["subcarrierSpacing"], "kHz", where, "subcarrierSpacing")
                if spacing not in SCS_KHZ or spacing != carrier.scs_khz:
                    raise InputError(
                        where, "subcarrierSpacing", f"is {spacing} kHz", f"{carrier.scs_khz}: the carrier's"
                    )
                return (
                    _srs(resource, where),
                    enumerated(timing["sRSPeriodicity"], "slot", where, "sRSPeriodicity"),
                    timing["offset"],
                )
    return None


def _srs(resource: dict, where: object) -> dict:
    comb, members = resource["transmissionCombPos"]
    names = {theirs: ours for ours, theirs in _HOPPING.items()}
    if f"combOffset-{comb}" not in members:
        raise InputError(where, "transmissionCombPos", f"{describe(comb)} is unknown", "n2, n4, n8")
    return {
        "sequence_id": resource["sequenceId"],
        "comb_size": enumerated(comb, "n", where, "transmissionCombPos"),
        "comb_offset": members[f"combOffset-{comb}"],
        "cyclic_shift": members[f"cyclicShift-{comb}"],
        "num_symbols": enumerated(resource["nrofSymbols"], "n", where, "nrofSymbols"),
        "start_symbol": resource["startPosition"],
        "c_srs": resource["c-SRS"],
        "b_srs": 0,
        "freq_position": 0,
        "freq_shift": resource["freqDomainShift"],
        "group_or_sequence_hopping": names[resource["groupOrSequenceHopping"]],
    }


def _location_and_bandwidth(blocks: int) -> int:
    """Resource indication value of `blocks` from block 0 (TS 38.214 6.1.2.2.2, TS 38.213 12)."""
    if blocks - 1 <= _BWP_BLOCKS // 2:
        return _BWP_BLOCKS * (blocks - 1)
    return _BWP_BLOCKS * (_BWP_BLOCKS - blocks + 1) + _BWP_BLOCKS - 1
