# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of the location protocols, by pycrate: LPP (TS 37.355), NRPPa (TS 38.455), SIB19 (TS 38.331).

| module | what |
|---|---|
| `codec` | octets <-> values; the one place that calls pycrate's PER |
| `jer` | octets <-> JSON (X.697) |
| `directory` | ids and frame numbers of messages against the assistance data |
| `sib19`, `ephemeris` | SIB19 <-> `ephemeris`, `common_ta` |
| `lpp`, `lpp_assistance`, `lpp_measurements`, `rstd` | LPP <-> requests, capabilities, assistance data, records |
| `nrppa`, `nrppa_measurements`, `nrppa_trp`, `nrppa_srs` | NRPPa <-> requests, records, assistance data, SRS |

Nothing of pycrate is imported before the first PDU.
"""

from __future__ import annotations

from typing import Any

from ...errors import InputError, describe
from ...network.measurements import Measurement
from .directory import Directory
from .reports import Context

__all__ = ["Context", "Directory", "decode_measurements"]


def decode_measurements(kind: str, data: bytes, context: Context, name: object = "PDU") -> list[Measurement]:
    """The measurement records in a PDU.

    Parameters
    ----------
    kind : str
        ``lpp``: a ProvideLocationInformation (rows `ue_rx_tx` and `toa`); ``nrppa``: a MeasurementResponse or
        MeasurementReport (rows `gnb_rx_tx`, `ul_rtoa` and `aoa`).
    data : bytes
        One PDU.
    context : Context
        Assistance data, and a time near the measurements.
    name : object
        Stands for the PDU in messages.

    Returns
    -------
    list of Measurement
        Without rows where the sender says that nothing was measured. A report that only says "beyond the
        range" is a row with status ``out_of_range``.

    Raises
    ------
    InputError
        Not such a PDU, a point that is not in the assistance data, a form of a later release.
    """
    if kind not in ("lpp", "nrppa"):
        raise InputError(name, "kind", f"{describe(kind)} carries no measurements", "lpp, nrppa")
    return understood(name, _reader(kind), data, context, name)


def understood(name: object, read, *arguments) -> Any:
    """`read(*arguments)`; what a message leaves out or adds against the specification leaves as
    `InputError`."""
    try:
        return read(*arguments)
    except InputError:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InputError(name, "message", f"has a part that is not understood ({describe(error)})",
                         "fields of Release 18") from None


def _reader(kind: str):
    if kind == "lpp":
        from .lpp_measurements import location_measurements
        return location_measurements
    from .nrppa_measurements import trp_measurements
    return trp_measurements
