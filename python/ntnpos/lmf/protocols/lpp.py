# SPDX-License-Identifier: GPL-3.0-or-later
"""LPP messages (TS 37.355): the envelope, capabilities and requests of DL-TDOA and multi-RTT.

Names of fields are the specification's; values are pycrate's (see `codec.decode`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from ...errors import InputError, describe
from ...network.report_quantisation import TIMING_FACTORS
from . import codec

METHODS = {"dl-tdoa": "nr-DL-TDOA", "multi-rtt": "nr-Multi-RTT"}
"""This project's name of a method, and the specification's in the names of fields."""
_FINER = "supportOfFinerTimingReportGranularityForPRS-Meas-r18"
_BODIES = {
    "requestCapabilities": "requestCapabilities-r9", "provideCapabilities": "provideCapabilities-r9",
    "requestAssistanceData": "requestAssistanceData-r9", "provideAssistanceData": "provideAssistanceData-r9",
    "requestLocationInformation": "requestLocationInformation-r9",
    "provideLocationInformation": "provideLocationInformation-r9"}


@dataclass(frozen=True)
class Transaction:
    """What an LPP message says about its exchange."""

    number: int = 0
    """transactionNumber, 0 to 255."""
    by_server: bool = True
    """The location server began it, not the target device."""
    end: bool = True
    """endTransaction."""


def message(body: str, value: Mapping[str, Any], transaction: Transaction = Transaction(),
            name: object = "LPP-Message") -> bytes:
    """An LPP-Message.

    Parameters
    ----------
    body : str
        Such as ``provideLocationInformation``.
    value : mapping
        Fields of its ``-r9-IEs``.
    """
    if body not in _BODIES:
        raise InputError(name, "lpp-MessageBody", describe(body), ", ".join(_BODIES))
    if not 0 <= transaction.number <= 255:
        raise InputError(name, "transactionNumber", f"{transaction.number}", "0 to 255")
    return codec.encode("lpp", {
        "transactionID": {"initiator": "locationServer" if transaction.by_server else "targetDevice",
                          "transactionNumber": transaction.number},
        "endTransaction": transaction.end,
        "lpp-MessageBody": ("c1", (body, {"criticalExtensions": ("c1", (_BODIES[body], dict(value)))})),
    }, name)


def body_of(data: bytes, name: object = "LPP-Message") -> tuple[str, dict]:
    """(body, fields of its ``-r9-IEs``) of an LPP-Message; ("", {}) where it has none, as an acknowledgement.

    ("error" or "abort", its value) for these two.
    """
    value = codec.decode("lpp", data, name)
    if "lpp-MessageBody" not in value:
        return "", {}
    group, inner = value["lpp-MessageBody"]
    if group != "c1":
        raise InputError(name, "lpp-MessageBody", f"{describe(group)} is unknown", "c1")
    body, inner = inner
    if body not in _BODIES:
        return body, inner if isinstance(inner, dict) else {"choice": inner}
    group, inner = inner["criticalExtensions"]
    if group != "c1" or inner[0] != _BODIES[body]:
        raise InputError(name, f"{body}.criticalExtensions", "is unknown", _BODIES[body])
    return body, inner[1]


def transaction_of(data: bytes, name: object = "LPP-Message") -> Transaction:
    """The exchange that a message belongs to; number 0 by the server where it does not say."""
    value = codec.decode("lpp", data, name)
    identity = value.get("transactionID", {"initiator": "locationServer", "transactionNumber": 0})
    return Transaction(identity["transactionNumber"], identity["initiator"] == "locationServer",
                       value["endTransaction"])


# --------------------------------------------------------------------------------------------------- requests


def request_capabilities(methods: tuple[str, ...], transaction: Transaction = Transaction()) -> bytes:
    """RequestCapabilities for some of `METHODS`."""
    return message("requestCapabilities",
                   {f"{_prefix(m)}-RequestCapabilities-r16": {} for m in methods}, transaction)


def request_location(methods: tuple[str, ...], transaction: Transaction = Transaction(), *, k: int = 0,
                     additional_paths: bool = False, ntn: bool = True,
                     response_time_s: int | None = None) -> bytes:
    """RequestLocationInformation: measurements, with RSRP.

    Parameters
    ----------
    methods : tuple of str
        Some of `METHODS`.
    k : int
        Reporting granularity wanted, 2^k T_c: -6 to 5.
    additional_paths : bool
    ntn : bool
        Ask for subframe offset and DL timing drift with multi-RTT.
    response_time_s : int, optional
        1 to 128 s.
    """
    if k not in TIMING_FACTORS:
        raise InputError("LPP-Message", "timingReportingGranularityFactor", f"{k}", "-6 to 5")
    common: dict[str, Any] = {"locationInformationType": "locationMeasurementsRequired"}
    if response_time_s is not None:
        if not 1 <= response_time_s <= 128:
            raise InputError("LPP-Message", "responseTime.time", f"{response_time_s}", "1 to 128 s")
        common["qos"] = {"verticalCoordinateRequest": False, "velocityRequest": False,
                         "responseTime": {"time": response_time_s}}
    value: dict[str, Any] = {"commonIEsRequestLocationInformation": common}
    factor = {
        "timingReportingGranularityFactor-r16" if k >= 0 else "timingReportingGranularityFactorExt-r18": k
    }
    for method in methods:
        request: dict[str, Any] = {"nr-RequestedMeasurements-r16": (1, 1),  # bit 0: PRS-RSRP
                                   "nr-AssistanceAvailability-r16": True}
        if additional_paths:
            request["additionalPaths-r16"] = "requested"
        if method == "multi-rtt":
            request["nr-UE-RxTxTimeDiffMeasurementInfoRequest-r16"] = "true"
            # The finer steps of Release 18 stand beside the report's configuration, not in it.
            request["nr-Multi-RTT-ReportConfig-r16"] = factor if k >= 0 else {}
            request |= {} if k >= 0 else factor
            if ntn:
                request["nr-NTN-UE-RxTxMeasurementsRequest-r18"] = "requested"
        else:
            request["nr-DL-PRS-RstdMeasurementInfoRequest-r16"] = "true"
            request["nr-DL-TDOA-ReportConfig-r16"] = factor
        value[f"{_prefix(method)}-RequestLocationInformation-r16"] = request
    return message("requestLocationInformation", value, transaction)


def requested(data: bytes, name: object = "LPP-Message") -> dict[str, dict]:
    """What a RequestLocationInformation asks for: by method, {`k`, `additional_paths`, `ntn`}."""
    body, value = body_of(data, name)
    if body != "requestLocationInformation":
        raise InputError(name, "lpp-MessageBody", f"is {describe(body)}", "requestLocationInformation")
    found = {}
    for method, prefix in METHODS.items():
        request = value.get(f"{prefix}-RequestLocationInformation-r16")
        if request is None:
            continue
        config = request.get(f"{prefix}-ReportConfig-r16", {})
        finer = (config if method == "dl-tdoa" else request).get("timingReportingGranularityFactorExt-r18")
        found[method] = {
            "k": config.get("timingReportingGranularityFactor-r16", 0) if finer is None else finer,
            "additional_paths": "additionalPaths-r16" in request or "additionalPathsExt-r17" in request,
            "ntn": "nr-NTN-UE-RxTxMeasurementsRequest-r18" in request,
        }
    return found


def _prefix(method: str) -> str:
    if method not in METHODS:
        raise InputError("LPP-Message", "method", describe(method), ", ".join(METHODS))
    return METHODS[method]


# ----------------------------------------------------------------------------------------------- capabilities


@dataclass(frozen=True)
class Capability:
    """What a UE says that it can, of the many fields of the specification those that this project uses."""

    band: int
    """NR operating band, 1 to 1024, such as 255 or 256."""
    ntn: bool = True
    """nr-NTN-MeasAndReport-r18."""
    finest_k: int = 0
    """supportOfFinerTimingReportGranularityForPRS-Meas-r18: reports in steps down to 2^k T_c, -6 to -1; 0:
    not."""
    additional_paths: bool = True


def provide_capabilities(capability: Capability, methods: tuple[str, ...] = tuple(METHODS),
                         transaction: Transaction = Transaction()) -> bytes:
    """ProvideCapabilities of a UE that receives one frequency layer of up to 64 points, UE-assisted."""
    value: dict[str, Any] = {}
    for method in methods:
        prefix = _prefix(method)
        band = {"freqBandIndicatorNR-r17": capability.band}
        if method == "multi-rtt" and capability.ntn:
            band["nr-NTN-MeasAndReport-r18"] = "supported"
        if capability.finest_k:
            band[_FINER] = f"minus{-capability.finest_k}"
        provided: dict[str, Any] = _shared_capability(capability, prefix)
        if method == "dl-tdoa":
            provided["nr-DL-TDOA-Mode-r16"] = {"posModes": (0b001, 3)}  # ue-assisted is bit 2
            provided["nr-DL-TDOA-MeasurementCapability-r16"] = {
                "dl-RSTD-MeasurementPerPairOfTRP-FR1-r16": 1, "dl-RSTD-MeasurementPerPairOfTRP-FR2-r16": 1,
                "supportOfDL-PRS-RSRP-MeasFR1-r16": "supported", "dl-tdoa-MeasCapabilityBandList-r17": [band]}
        else:
            provided["nr-Multi-RTT-MeasurementCapability-r16"] = {
                "maxNrOfRx-TX-MeasFR1-r16": 1, "supportOfRSRP-MeasFR1-r16": "supported",
                "multi-RTT-MeasCapabilityBandList-r17": [band]}
            provided["nr-UL-SRS-Capability-r16"] = {
                "srs-CapabilityBandList-r16": [{"freqBandIndicatorNR-r16": capability.band}]}
        if capability.additional_paths:
            provided["additionalPathsReport-r16"] = "supported"
        value[f"{prefix}-ProvideCapabilities-r16"] = provided
    return message("provideCapabilities", value, transaction)


def capabilities(data: bytes, name: object = "LPP-Message") -> dict[str, Capability]:
    """By method, what a ProvideCapabilities says of its first band."""
    body, value = body_of(data, name)
    if body != "provideCapabilities":
        raise InputError(name, "lpp-MessageBody", f"is {describe(body)}", "provideCapabilities")
    found = {}
    for method, prefix in METHODS.items():
        provided = value.get(f"{prefix}-ProvideCapabilities-r16")
        if provided is None:
            continue
        member = "dl-tdoa" if method == "dl-tdoa" else "multi-RTT"
        bands = provided[f"{prefix}-MeasurementCapability-r16"].get(
            f"{member}-MeasCapabilityBandList-r17", [{}]
        )
        resources = provided[f"{prefix}-PRS-Capability-r16"]["dl-PRS-ResourcesCapabilityBandList-r16"]
        found[method] = Capability(
            band=resources[0]["freqBandIndicatorNR-r16"], ntn="nr-NTN-MeasAndReport-r18" in bands[0],
            finest_k=-int(bands[0][_FINER].removeprefix("minus")) if _FINER in bands[0] else 0,
            additional_paths="additionalPathsReport-r16" in provided)
    return found


def _shared_capability(capability: Capability, prefix: str) -> dict[str, Any]:
    band = {"freqBandIndicatorNR-r16": capability.band}
    return {
        f"{prefix}-PRS-Capability-r16": {
            "maxNrOfDL-PRS-ResourceSetPerTrpPerFrequencyLayer-r16": 1,
            "maxNrOfTRP-AcrossFreqs-r16": "n64",
            "maxNrOfPosLayer-r16": 1,
            "dl-PRS-ResourcesCapabilityBandList-r16": [
                band
                | {
                    "maxNrOfDL-PRS-ResourcesPerResourceSet-r16": "n1",
                    "maxNrOfDL-PRS-ResourcesPerPositioningFrequencylayer-r16": "n64",
                }
            ],
            "dl-PRS-ResourcesBandCombinationList-r16": [
                {
                    "bandList-r16": [capability.band],
                    "maxNrOfDL-PRS-ResourcesAcrossAllFL-TRP-ResourceSet-r16": ("fr1-Only-r16", "n64"),
                }
            ],
        },
        "nr-DL-PRS-QCL-ProcessingCapability-r16": {"dl-PRS-QCL-ProcessingCapabilityBandList-r16": [band]},
        "nr-DL-PRS-ProcessingCapability-r16": {
            "prs-ProcessingCapabilityBandList-r16": [
                band
                | {
                    "supportedBandwidthPRS-r16": ("fr1", "mhz50"),
                    "dl-PRS-BufferType-r16": "type1",
                    "durationOfPRS-Processing-r16": {
                        "durationOfPRS-ProcessingSymbols-r16": "nDot125",
                        "durationOfPRS-ProcessingSymbolsInEveryTms-r16": "n8",
                    },
                    "maxNumOfDL-PRS-ResProcessedPerSlot-r16": {"scs15-r16": "n1"},
                }
            ],
            "maxSupportedFreqLayers-r16": 1,
        },
    }
