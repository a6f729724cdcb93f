# SPDX-License-Identifier: GPL-3.0-or-later
"""SIB19 (TS 38.331): ephemeris, common TA and scheduling offsets of one satellite, to and from assistance
fields.

The epoch is the start of a subframe, so an ephemeris or a common TA of another instant is carried there
first: the orbit by its own model, the TA by its polynomial. Neighbour cells, reference locations and the like
are not fields of the assistance data; `jer` carries them.
"""

from __future__ import annotations

from typing import Any

from ...errors import InputError, describe
from ...network import report_quantisation as report
from ...network.fields import Fields
from ...network.sites import CommonTa, read_common_ta
from ...world.orbits import OrbitError
from . import codec
from .directory import Directory, Party, frame_and_slot, instant
from .ephemeris import orbital as orbital_form
from .ephemeris import position_velocity, state

_SUBFRAME_S = 1e-3
_ON_GRID_S = 1e-9


def sib19_of(
    directory: Directory, satellite_id: str, at_s: float | None = None, orbital: bool = False
) -> bytes:
    """SIB19-r17 of a satellite.

    Parameters
    ----------
    directory : Directory
    satellite_id : str
    at_s : float, optional
        Epoch wanted, system time; the nearest subframe is taken. None: that of the state vector.
    orbital : bool
        Orbital elements instead of position and velocity.

    Raises
    ------
    InputError
        No such satellite, no epoch, or a value that the message cannot carry.
    """
    party = directory.by_id(satellite_id, directory.assistance.path)
    where = f"{directory.assistance.path}: {party.id}"
    config = reporting(where, "ntn-Config-r17", _ntn_config, party, where, at_s, orbital)
    return codec.encode("sib19", {"ntn-Config-r17": config}, where)


def fields_of(
    data: bytes, directory: Directory, satellite_id: str, near_s: float, name: object = "SIB19"
) -> dict:
    """Assistance fields of a satellite from its SIB19-r17: `ephemeris`, `common_ta`, `k_offset_ms`,
    `k_mac_ms`, `ul_sync_validity_s`, each where the message has it. `near_s` tells which 10.24 s the epoch is
    in."""
    party = directory.by_id(satellite_id, name)
    value = codec.decode("sib19", data, name)
    config = value.get("ntn-Config-r17")
    if config is None:
        raise InputError(name, "ntn-Config-r17", "is missing", "the satellite's ephemeris")
    return reporting(name, "ntn-Config-r17", _fields, config, party, near_s, name)


def reporting(where: object, field: str, run, *arguments) -> Any:
    """`run` with what cannot be reported as an `InputError` about `field`."""
    try:
        return run(*arguments)
    except report.ReportError as error:
        problem, _, allowed = str(error).partition("; allowed: ")
        raise InputError(where, field, problem, allowed) from None
    except OrbitError as error:
        raise InputError(where, field, str(error), "a time that the ephemeris reaches") from None


def _ntn_config(party: Party, where: str, at_s: float | None, orbital: bool) -> dict:
    if party.satellite is None:
        raise InputError(where, "ephemeris", "is missing", "a satellite")
    if at_s is None:
        at_s = party.satellite.ephemeris.get("t_s")
        if at_s is None:
            raise InputError(
                where, "ephemeris.t_s", "is missing", "state vectors, or a time to give the state of"
            )
    epoch_s, epoch = epoch_near(at_s, party)
    r, v = party.satellite.orbit.state(epoch_s)
    config = {
        "epochTime-r17": epoch,
        "ephemerisInfo-r17": (orbital_form if orbital else position_velocity)(r[0], v[0]),
    }
    fields = Fields(where, "", dict(party.satellite.extra))
    if (ta := common_ta(party, where, at_s)) is not None:
        config["ta-Info-r17"] = ta_info(ta, epoch_s)
    for field, name, last in (
        ("k_offset_ms", "cellSpecificKoffset-r17", 1023),
        ("k_mac_ms", "kmac-r17", 512),
    ):
        if field in fields.value:
            config[name] = fields.integer(field, 1, last, clause="TS 38.331 NTN-Config")
    if "ul_sync_validity_s" in fields.value:
        validity = fields.integer_in("ul_sync_validity_s", report.VALIDITY_S, clause="TS 38.331 NTN-Config")
        config["ntn-UlSyncValidityDuration-r17"] = f"s{validity}"
    return config


def _fields(config: dict, party: Party, near_s: float, name: object) -> dict:
    found: dict[str, Any] = {}
    epoch = config.get("epochTime-r17")
    if epoch is None:
        raise InputError(name, "epochTime-r17", "is missing", "the time of ephemeris and common TA")
    epoch_s = epoch_time_s(epoch, party, near_s)
    if "ephemerisInfo-r17" in config:
        r, v = state(config["ephemerisInfo-r17"], name)
        found["ephemeris"] = {
            "type": "state_vectors",
            "t_s": epoch_s,
            "position_ecef_m": [float(x) for x in r],
            "velocity_ecef_m_s": [float(x) for x in v],
        }
    if "ta-Info-r17" in config:
        found["common_ta"] = ta_fields(config["ta-Info-r17"], epoch_s)
    for field, member in (("k_offset_ms", "cellSpecificKoffset-r17"), ("k_mac_ms", "kmac-r17")):
        if member in config:
            found[field] = config[member]
    if "ntn-UlSyncValidityDuration-r17" in config:
        validity = config["ntn-UlSyncValidityDuration-r17"]
        if validity not in [f"s{s}" for s in report.VALIDITY_S]:
            raise InputError(
                name, "ntn-UlSyncValidityDuration-r17", f"{describe(validity)} is unknown", "s5 to s900"
            )
        found["ul_sync_validity_s"] = int(validity[1:])
    return found


# ---------------------------------------------------------------------------------------- epoch and common TA


def epoch_near(at_s: float, party: Party) -> tuple[float, dict]:
    """The subframe nearest to a system time: its start, and EpochTime-r17."""
    start = party.sfn0_reference_s
    # A state vector that is at the start of a subframe keeps its very time.
    epoch_s = start + round((at_s - start) / _SUBFRAME_S) * _SUBFRAME_S
    epoch_s = at_s if abs(epoch_s - at_s) < _ON_GRID_S else epoch_s
    frame, slot = frame_and_slot(epoch_s, start, party, party.id)
    return epoch_s, {"sfn-r17": frame, "subFrameNR-r17": slot * 10 // party.slots_a_frame}


def epoch_time_s(epoch: dict, party: Party, near_s: float) -> float:
    """System time of EpochTime-r17, the one nearest to `near_s`."""
    slot = epoch["subFrameNR-r17"] * party.slots_a_frame // 10
    return instant(epoch["sfn-r17"], slot, party.sfn0_reference_s, party, near_s)


def common_ta(party: Party, where: object, at_s: float | None = None) -> CommonTa | None:
    """A satellite's common TA: the piece with its epoch nearest to `at_s`, None: the first; None without
    one."""
    if party.satellite is None:
        return None
    series = read_common_ta(Fields(where, "", dict(party.satellite.extra)))
    if series is None:
        return None
    return (
        series.pieces[0] if at_s is None else min(series.pieces, key=lambda ta: abs(ta.epoch_time_s - at_s))
    )


def ta_info(ta: CommonTa, epoch_s: float) -> dict:
    """TA-Info-r17 of a common TA, carried to `epoch_s`."""
    drift = ta.drift_s_per_s + 2.0 * ta.drift_variant_s_per_s2 * (epoch_s - ta.epoch_time_s)
    return {
        "ta-Common-r17": report.TA_COMMON_S.index(float(ta.at(epoch_s))),
        "ta-CommonDrift-r17": report.TA_DRIFT_S_S.index(drift),
        "ta-CommonDriftVariant-r17": report.TA_VARIANT_S_S2.index(ta.drift_variant_s_per_s2),
    }


def ta_fields(info: dict, epoch_s: float) -> dict:
    """`common_ta` of TA-Info-r17; drift and variant that are absent are 0."""
    return {"epoch_time_s": epoch_s, "ta_common_s": report.TA_COMMON_S.value(info["ta-Common-r17"]),
            "drift_s_per_s": report.TA_DRIFT_S_S.value(info.get("ta-CommonDrift-r17", 0)),
            "drift_variant_s_per_s2": report.TA_VARIANT_S_S2.value(info.get("ta-CommonDriftVariant-r17", 0))}
