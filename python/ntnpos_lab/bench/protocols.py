# SPDX-License-Identifier: GPL-3.0-or-later
"""PDUs to records, beside pycrate's decoding of the same octets alone: what everything else costs.

The scene is a Walker constellation over a place of its own: no file is read.
"""

from __future__ import annotations

from functools import partial
from time import process_time
from typing import Callable

from ntnpos.lmf.protocols import Context, Directory, codec, decode_measurements, sib19
from ntnpos.lmf.protocols.lpp_measurements import provide_location
from ntnpos.lmf.protocols.nrppa_measurements import measurement_message
from ntnpos.network.assistance import Assistance, parse_assistance
from ntnpos.network.measurements import Measurement

from .harness import LOWER, Comparison, in_turn

SATELLITES = 4
_SECONDS = 0.02
"""CPU seconds of one side of a pair."""


def scene() -> Assistance:
    """Four satellites at 600 km with state vectors and a common TA."""
    prs = {"comb_size": 4, "re_offset": 0, "start_symbol": 2, "num_symbols": 4, "start_prb": 0, "num_rb": 24,
           "periodicity_slots": 10, "slot_offset": 0}
    satellites = [
        {
            "id": f"S{i}",
            "sfn0_time_s": 0.0,
            "prs": prs | {"sequence_id": i},
            "ephemeris": {
                "type": "state_vectors",
                "t_s": 0.0,
                "position_ecef_m": [6.95e6, 2e5 * i, 3e5],
                "velocity_ecef_m_s": [-300.0, 100.0 * i, 7450.0],
            },
            "common_ta": {"epoch_time_s": 0.0, "ta_common_s": 5e-3, "drift_s_per_s": 1e-5},
        }
        for i in range(SATELLITES)
    ]
    return parse_assistance({
        "schema": "ntnpos.assistance/1", "epoch_utc": "2025-10-07T12:00:00Z",
        "carrier": {"frequency_hz": 2.0e9, "scs_khz": 15, "n_rb": 24, "cyclic_prefix": "normal",
                    "phase_compensation": False}, "satellites": satellites,
        "ue_prior": {"latitude_deg": 3.0, "longitude_deg": 2.0, "height_m": 0.0, "horizontal_sigma_m": 5e4,
                     "height_sigma_m": 100.0},
        "receiver": {"clock_offset_max_s": 1e-3, "frequency_error_max_ppm": 0.5}}, "bench")


def rows() -> list[Comparison]:
    """One row a kind of PDU."""
    assistance = scene()
    directory, context = Directory.of(assistance), Context(assistance, 0.0)
    ids = [s.id for s in assistance.satellites]
    ue = [
        Measurement(
            name,
            kind="ue_rx_tx",
            t_s=0.012,
            extra={"rx_tx_s": 1e-4, "rx_tx_std_s": 1e-8, "subframe_offset": 7, "dl_timing_drift_us_s": -12.3},
        )
        for name in ids
    ]
    gnb = [
        Measurement(name, kind="gnb_rx_tx", t_s=0.012, extra={"rx_tx_s": 1e-4, "rx_tx_std_s": 1e-8})
        for name in ids
    ]
    cases = (
        ("LPP report", "lpp", provide_location(ue, directory), partial(decode_measurements, context=context)),
        (
            "NRPPa response",
            "nrppa",
            measurement_message(gnb, directory, 1),
            partial(decode_measurements, context=context),
        ),
        (
            "SIB19",
            "sib19",
            sib19.sib19_of(directory, ids[0]),
            lambda kind, data: sib19.fields_of(data, directory, ids[0], 0.0),
        ),
    )
    return [
        Comparison(
            f"{name} to {'records' if kind != 'sib19' else 'ephemeris'}, over pycrate's decoding alone",
            2.0,
            LOWER,
            partial(
                in_turn, partial(_seconds, partial(read, kind, data)), partial(_seconds, _bare(kind, data))
            ),
        )
        for name, kind, data, read in cases
    ]


def _bare(kind: str, data: bytes) -> Callable[[], None]:
    """What pycrate takes for the octets."""
    with codec.locked_type(kind, "bench") as found:
        return partial(found.from_aper if codec.kind_of(kind).aligned else found.from_uper, data)


def _seconds(call: Callable[[], object]) -> float:
    """CPU seconds of one call, the mean of many."""
    calls, began = 0, process_time()
    while (spent := process_time() - began) < _SECONDS or calls == 0:
        call()
        calls += 1
    return spent / calls
