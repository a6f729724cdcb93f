# SPDX-License-Identifier: GPL-3.0-or-later
"""ProvideLocationInformation of LPP against measurement records: multi-RTT (`ue_rx_tx`) and DL-TDOA (`toa`).

Several occasions of one satellite become several instances of the method's measurement list (batch reporting,
Release 17).
"""

from __future__ import annotations

from typing import Any, Callable, Iterable

from ...errors import InputError, describe
from ...network.measurements import Measurement
from .directory import Directory, Party, dl_prs_id
from .lpp import METHODS, Transaction, body_of, message
from .lpp_fields import (Fields, ntn_fields, optional_fields, put_ntn, put_optional, put_timing, quality,
                         quality_std_s, stamped, time_stamp, timing_choice)
from .directory import instant
from .reports import Context, field, record, usable
from .rstd import DlTdoa, DlTdoaReader

MAX_INSTANCES, MAX_ELEMENTS = 32, 256
_METHOD_OF = {"ue_rx_tx": "multi-rtt", "toa": "dl-tdoa"}


def provide_location(rows: Iterable[Measurement], directory: Directory, *, k: int = 0,
                     transaction: Transaction = Transaction(), dbm_at_0_db: float | None = None,
                     reference: str | None = None, where: object = "measurements") -> bytes:
    """ProvideLocationInformation of measurement records.

    Parameters
    ----------
    rows : iterable of Measurement
        Kinds `toa` and `ue_rx_tx`. Rows without status ok are left out; where a method has none, its part
        says ``unableToMeasureAnyTRP``.
    directory : Directory
    k : int
        Reporting granularity, 2^k T_c.
    dbm_at_0_db : float, optional
        Power in dBm of 0 dB in the records. None: no powers in the message.
    reference : str, optional
        Id of DL-TDOA's reference. None: the satellite of the most certain row.

    Raises
    ------
    InputError
        A value that the message cannot carry, an id that is not in the assistance data.
    """
    rows = list(rows)
    kept = usable(rows, tuple(_METHOD_OF), where)
    value = {}
    for kind, method in _METHOD_OF.items():
        if not any(row.kind == kind for row in rows):
            continue
        instances = _instances([row for row in kept if row.kind == kind], where)
        build: Callable[[list[Measurement]], Fields] = (
            (lambda part: _round_trips(part, directory, k, dbm_at_0_db, where)) if kind == "ue_rx_tx" else
            DlTdoa(directory, k, dbm_at_0_db, reference, where).information)
        value[f"{METHODS[method]}-ProvideLocationInformation-r16"] = _part(
            METHODS[method], [build(instance) for instance in instances])
    if not value:
        raise InputError(where, "rows", "are none", "at least one measurement")
    return message("provideLocationInformation", value, transaction, where)


def location_measurements(data: bytes, context: Context, name: object = "LPP-Message") -> list[Measurement]:
    """The records in a ProvideLocationInformation; none where the UE reports that it could not measure.

    Raises
    ------
    InputError
        Not such a message, an id that is not in the assistance data.
    """
    body, value = body_of(data, name)
    if body != "provideLocationInformation":
        raise InputError(name, "lpp-MessageBody", f"is {describe(body)}", "provideLocationInformation")
    rows: list[Measurement] = []
    for method, prefix in METHODS.items():
        part = value.get(f"{prefix}-ProvideLocationInformation-r16", {})
        information = part.get(f"{prefix}-SignalMeasurementInformation-r16")
        instances = ([information] if information else []) + \
            part.get(f"{prefix}-SignalMeasurementInstances-r17", [])
        for instance in instances:
            if method == "dl-tdoa":
                rows += DlTdoaReader(context, name).rows(instance)
            else:
                rows += [
                    _round_trip_row(element, context, name)
                    for element in instance["nr-Multi-RTT-MeasList-r16"]
                ]
    return rows


def reported_errors(data: bytes, name: object = "LPP-Message") -> list[str]:
    """Causes that a UE gives in a ProvideLocationInformation, an Error or an Abort, as ``part: cause``."""
    body, value = body_of(data, name)
    if body in ("error", "abort"):
        return [body]
    found = []
    for prefix in METHODS.values():
        error = value.get(f"{prefix}-ProvideLocationInformation-r16", {}).get(f"{prefix}-Error-r16")
        if error is not None:
            cause = error[1].get("cause-r16", "unknown") if isinstance(error[1], dict) else "unknown"
            found.append(f"{prefix}: {cause}")
    return found


def _instances(rows: list[Measurement], where: object) -> list[list[Measurement]]:
    """Rows by the how-manieth of their satellite they are."""
    instances: list[list[Measurement]] = []
    seen: dict[str, int] = {}
    for row in sorted(rows, key=lambda r: field(r, "t_s", where)):
        at = seen.get(row.satellite, 0)
        seen[row.satellite] = at + 1
        if at == len(instances):
            instances.append([])
        instances[at].append(row)
    if len(instances) > MAX_INSTANCES or any(len(i) > MAX_ELEMENTS for i in instances):
        raise InputError(where, "rows", f"has {len(instances)} occasions of up to {max(map(len, instances))} "
                         "satellites", f"at most {MAX_INSTANCES} of {MAX_ELEMENTS} (TS 37.355)")
    return instances


def _part(prefix: str, instances: list[Fields]) -> Fields:
    if not instances:
        return {
            f"{prefix}-Error-r16": ("targetDeviceErrorCauses-r16", {"cause-r16": "unableToMeasureAnyTRP"})
        }
    if len(instances) == 1:
        return {f"{prefix}-SignalMeasurementInformation-r16": instances[0]}
    return {f"{prefix}-SignalMeasurementInstances-r17": instances}


def _round_trips(rows: list[Measurement], directory: Directory, k: int, dbm_at_0_db: float | None,
                 where: object) -> Fields:
    elements = []
    for row in rows:
        party = directory.by_id(row.satellite, where)
        elements.append(
            {
                "dl-PRS-ID-r16": dl_prs_id(party, where),
                "nr-UE-RxTxTimeDiff-r16": timing_choice(
                    "ue_rx_tx", k, field(row, "rx_tx_s", where), where, "rx_tx_s"
                ),
                "nr-TimeStamp-r16": time_stamp(
                    field(row, "t_s", where), party.sfn0_reference_s, party, where
                ),
                "nr-TimingQuality-r16": quality(field(row, "rx_tx_std_s", where), where, "rx_tx_std_s"),
            }
            | optional_fields(row, k, dbm_at_0_db, where)
            | ntn_fields(row, where)
        )
    return {"nr-Multi-RTT-MeasList-r16": elements}


def _round_trip_row(element: Fields, context: Context, name: object) -> Measurement:
    party: Party = context.directory.by_dl_prs_id(element["dl-PRS-ID-r16"], name)
    stamper, frame, slot = stamped(element, context, name)
    std_s = quality_std_s(element["nr-TimingQuality-r16"], name)
    values: dict[str, Any] = {
        "kind": "ue_rx_tx", "satellite": party.id, "status": "ok", "rx_tx_std_s": std_s,
        "t_s": instant(frame, slot, stamper.sfn0_reference_s, stamper, context.near_s)}
    put_timing("ue_rx_tx", element["nr-UE-RxTxTimeDiff-r16"], values, "rx_tx_s", name)
    put_ntn(element, values)
    put_optional(element, std_s, context, values, name)
    return record(values, name)
