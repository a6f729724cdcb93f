# SPDX-License-Identifier: GPL-3.0-or-later
"""NRPPa messages (TS 38.455): the envelope, information elements by name, measurement requests.

Procedure codes, ids, criticalities and types come from the object sets of the ASN.1 itself: a wrong id would
be encoded without complaint, so none is written here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Iterable, Mapping

from ...errors import InputError, describe
from ...network.report_quantisation import TIMING_FACTORS
from . import codec
from .directory import Directory

_CONTENTS, _IES = "NRPPA_PDU_Contents", "NRPPA_IEs"
_OUTCOMES = {"InitiatingMessage": "initiatingMessage", "SuccessfulOutcome": "successfulOutcome",
             "UnsuccessfulOutcome": "unsuccessfulOutcome"}
MAX_TRANSACTION = 32767
MAX_MEASUREMENT_ID = 65536
QUANTITIES = {"gnb_rx_tx": "gNB-RxTxTimeDiff", "ul_rtoa": "uL-RTOA", "aoa": "uL-AoA", "rsrp": "uL-SRS-RSRP"}
"""What can be asked of a TRP: kinds of records (and their power), TRPMeasurementType."""
PERIODS_MS = (120, 240, 480, 640, 1024, 2048, 5120, 10240, 20480, 40960)


def _called(part: Any) -> str:
    return part._typeref.called[1] if getattr(part, "_typeref", None) is not None else part.TYPE


def _objects(name: str, module: str) -> list[dict]:
    """The objects of a set of the ASN.1, those of the extension part as well."""
    with codec.locked_type("nrppa", name):
        import pycrate_asn1dir.NRPPa as source
        found = getattr(getattr(source, module), name)()
        return [*found.root, *(found.ext or ())]


@lru_cache(maxsize=None)
def _constant(name: str) -> int:
    with codec.locked_type("nrppa", name):
        import pycrate_asn1dir.NRPPa as source
        return getattr(source.NRPPA_Constants, "id_" + name.replace("-", "_"))._val


@lru_cache(maxsize=None)
def _element_object(container: str, element: str, module: str) -> dict:
    for found in _objects(container, module):
        if found["id"] == _constant(element):
            return found
    raise LookupError(f"{element} is not in {container}")


def element(container: str, name: str, value: Any, module: str = _CONTENTS) -> dict:
    """A ProtocolIE-Field: `name` without ``id-``, in the set `container` (such as
    ``MeasurementRequest_IEs``)."""
    found = _element_object(container, name, module)
    return {"id": found["id"], "criticality": found["criticality"], "value": (_called(found["Value"]), value)}


def single_container(container: str, name: str, value: Any) -> dict:
    """A ProtocolIE-Single-Container, such as what later releases have added to a CHOICE."""
    return element(container, name, value, _IES)


def extension(container: str, name: str, value: Any) -> dict:
    """A ProtocolExtensionField of the set `container`."""
    found = _element_object(container, name, _IES)
    return {"id": found["id"], "criticality": found["criticality"],
            "extensionValue": (_called(found["Extension"]), value)}


def extension_value(fields: Iterable[dict], name: str) -> Any:
    """The value of one extension; None where it is absent or unreadable."""
    for found in fields:
        if found["id"] == _constant(name) and not found["extensionValue"][0].startswith("_unk_"):
            return found["extensionValue"][1]
    return None


def choice_value(field: dict, names: Iterable[str]) -> tuple[str, Any] | None:
    """(name, value) of a ProtocolIE-Single-Container that is one of `names`; None for any other."""
    for name in names:
        if field["id"] == _constant(name) and not field["value"][0].startswith("_unk_"):
            return name, field["value"][1]
    return None


@lru_cache(maxsize=None)
def _procedure(message: str) -> tuple[str, int, str]:
    """(outcome, procedure code, criticality) of a message."""
    for found in _objects("NRPPA_ELEMENTARY_PROCEDURES", "NRPPA_PDU_Descriptions"):
        for outcome, choice in _OUTCOMES.items():
            if outcome in found and _called(found[outcome]) == message:
                return choice, found["procedureCode"], found["criticality"]
    raise LookupError(message)


def message(name: str, elements: list[dict], transaction: int = 0, where: object = "NRPPA-PDU") -> bytes:
    """An NRPPA-PDU; `name` such as ``MeasurementRequest``."""
    if not 0 <= transaction <= MAX_TRANSACTION:
        raise InputError(where, "nrppatransactionID", f"{transaction}", f"0 to {MAX_TRANSACTION}")
    outcome, code, criticality = _procedure(name)
    return codec.encode("nrppa", (outcome, {"procedureCode": code, "criticality": criticality,
                                            "nrppatransactionID": transaction,
                                            "value": (name, {"protocolIEs": elements})}), where)


def message_of(data: bytes, where: object = "NRPPA-PDU") -> tuple[str, int, dict[int, Any]]:
    """(name of the message, transaction, values of its elements by their id)."""
    _, body = codec.decode("nrppa", data, where)
    name, value = body["value"]
    if not isinstance(value, dict):
        raise InputError(
            where, "procedureCode", f"{body['procedureCode']} is unknown", "a procedure of TS 38.455"
        )
    return (
        name,
        body["nrppatransactionID"],
        {
            found["id"]: found["value"][1]
            for found in value["protocolIEs"]
            if not found["value"][0].startswith("_unk_")
        },
    )


def elements_of(data: bytes, names: tuple[str, ...], where: object) -> tuple[str, dict[int, Any]]:
    """(name, values of elements by id) of a message that is one of `names`."""
    name, _, values = message_of(data, where)
    if name not in names:
        raise InputError(where, "message", f"is {describe(name)}", ", ".join(names))
    return name, values


def required(values: Mapping[int, Any], name: str, where: object) -> Any:
    """The value of an element; `InputError` where it is missing."""
    if _constant(name) not in values:
        raise InputError(where, name, "is missing", "an element")
    return values[_constant(name)]


def optional(values: Mapping[int, Any], name: str) -> Any:
    """The value of an element, None where it is absent."""
    return values.get(_constant(name))


def measurement_id_checked(number: int, where: object) -> int:
    """A measurement id. Its type is extensible: the encoder would take any number."""
    if not 1 <= number <= MAX_MEASUREMENT_ID:
        raise InputError(where, "measurement id", f"{number}", f"1 to {MAX_MEASUREMENT_ID}")
    return number


# ---------------------------------------------------------------------------------------- measurement request


def measurement_request(directory: Directory, measurement_id: int, satellites: Iterable[str],
                        quantities: Iterable[str], *, k: int = 0, period_ms: int | None = None,
                        transaction: int = 0) -> bytes:
    """MeasurementRequest.

    Parameters
    ----------
    directory : Directory
    measurement_id : int
        LMF Measurement ID, 1 to 65536.
    satellites : iterable of str
        Ids of the assistance data, at most 64.
    quantities : iterable of str
        Some of `QUANTITIES`.
    k : int
        Reporting granularity 2^k T_c, -6 to 5.
    period_ms : int, optional
        One of `PERIODS_MS`. None: once.
    """
    where = "MeasurementRequest"
    if k not in TIMING_FACTORS:
        raise InputError(where, "timingReportingGranularityFactor", f"{k}", "-6 to 5")
    if period_ms is not None and period_ms not in PERIODS_MS:
        raise InputError(where, "MeasurementPeriodicity", f"{period_ms} ms", ", ".join(map(str, PERIODS_MS)))
    wanted = []
    for quantity in quantities:
        if quantity not in QUANTITIES:
            raise InputError(where, "quantity", describe(quantity), ", ".join(QUANTITIES))
        item: dict[str, Any] = {"tRPMeasurementQuantities-Item": QUANTITIES[quantity]}
        if quantity in ("gnb_rx_tx", "ul_rtoa") and k >= 0:
            item["timingReportingGranularityFactor"] = k
        elif quantity in ("gnb_rx_tx", "ul_rtoa"):
            item["iE-Extensions"] = [extension("TRPMeasurementQuantitiesList_Item_ExtIEs",
                                               "TimingReportingGranularityFactorExtended", k)]
        wanted.append(item)
    points = [{"tRP-ID": directory.by_id(name, where).trp_id} for name in satellites]
    elements = [
        element(
            "MeasurementRequest_IEs", "LMF-Measurement-ID", measurement_id_checked(measurement_id, where)
        ),
        element("MeasurementRequest_IEs", "TRP-MeasurementRequestList", points),
        element(
            "MeasurementRequest_IEs", "ReportCharacteristics", "onDemand" if period_ms is None else "periodic"
        ),
    ]
    if period_ms is not None:
        elements.append(element("MeasurementRequest_IEs", "MeasurementPeriodicity", f"ms{period_ms}"))
    elements.append(element("MeasurementRequest_IEs", "TRPMeasurementQuantities", wanted))
    return message("MeasurementRequest", elements, transaction, where)


def requested(data: bytes, directory: Directory, where: object = "NRPPA-PDU") -> dict:
    """What a MeasurementRequest asks for: {`measurement_id`, `satellites`, `quantities`, `k`,
    `period_ms`}."""
    _, values = elements_of(data, ("MeasurementRequest",), where)
    names = {item: name for name, item in QUANTITIES.items()}
    quantities, k = [], 0
    for item in required(values, "TRPMeasurementQuantities", where):
        if item["tRPMeasurementQuantities-Item"] in names:
            quantities.append(names[item["tRPMeasurementQuantities-Item"]])
        k = item.get("timingReportingGranularityFactor", k)
        finer = extension_value(item.get("iE-Extensions", []), "TimingReportingGranularityFactorExtended")
        k = k if finer is None else finer
    period = optional(values, "MeasurementPeriodicity")
    return {"measurement_id": required(values, "LMF-Measurement-ID", where),
            "satellites": [directory.by_trp_id(point["tRP-ID"], where).id
                           for point in required(values, "TRP-MeasurementRequestList", where)],
            "quantities": quantities, "k": k,
            "period_ms": int(period[2:]) if isinstance(period, str) and period.startswith("ms") else None}
