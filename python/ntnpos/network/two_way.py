# SPDX-License-Identifier: GPL-3.0-or-later
"""The two-way chain on the server's side: a UE's and a gNB's Rx-Tx time differences to one service-link round
trip.

The sum of both differences and the subframe offset is the whole way from the uplink time synchronisation
reference point to the UE and back (contract section 5). Half of common TA at each of the satellite's two
instants is the feeder link's share; what is left is the service link's, and those two instants are where its
ellipsoid has its foci. Where the gNB measured another uplink subframe than the UE did, the UE has kept its
difference meanwhile: the downlink subframe that belongs to the gNB's is then the one that left
`subframe_offset` before, not the one the UE's time stamp names. The offset counts subframes of 1 ms where
they leave and are due, so the drift with which they are received (`dl_timing_drift_us_s`) does not enter.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import Iterable

import numpy as np

from .assistance import Assistance
from .measurements import Measurement
from .sites import CommonTaSeries

SUBFRAME_S = 1e-3
MAX_APART_S = 1.0
"""A UE's report answers for so long: of two uplink subframes further apart, none is taken for the other's
partner."""

CHAIN_KINDS = ("ue_rx_tx", "gnb_rx_tx")
_NEIGHBOURS = 8
_ROUNDS = 4  # the common TA's rate is 1e-4 at most: each round gains four digits


@dataclass(frozen=True)
class Paired:
    """What pairing gives.

    Attributes
    ----------
    measurements : the measurements of other kinds, in order, and then the round trips
    unmatched : number of reports without a partner by kind
    reasons : why, in words, one by satellite
    """

    measurements: tuple[Measurement, ...]
    unmatched: dict[str, int]
    reasons: tuple[str, ...] = ()


def pair(
    measurements: Iterable[Measurement], assistance: Assistance, max_apart_s: float = MAX_APART_S
) -> Paired:
    """Round trips (`rtt`) from the chain's reports of each satellite.

    Each report is used once: pairs are formed from the closest uplink subframes on. Reports whose status is
    not "ok" are no reports; a satellite that the assistance data do not name keeps its reports unmatched.

    Parameters
    ----------
    measurements : iterable of Measurement
        Of any kind.
    max_apart_s : float
        Greatest distance of the two uplink subframes of a pair, s.
    """
    kept, ends = [], {}
    for row in measurements:
        if row.kind not in CHAIN_KINDS:
            kept.append(row)
        elif row.status == "ok":
            ends.setdefault(row.satellite, ([], []))[CHAIN_KINDS.index(row.kind)].append(row)
    unmatched, reasons = dict.fromkeys(CHAIN_KINDS, 0), []
    for name, (ue, gnb) in ends.items():
        pairs = _closest(ue, gnb, max_apart_s) if name in assistance.ids else []
        common_ta = assistance.common_ta(name) if pairs else None
        kept += [round_trip(ue[i], gnb[j], common_ta) for i, j in pairs]
        left = (len(ue) - len(pairs), len(gnb) - len(pairs))
        for kind, count in zip(CHAIN_KINDS, left):
            unmatched[kind] += count
        if any(left):
            reasons.append(
                f"{name}: {left[0]} UE and {left[1]} gNB reports without a partner within {max_apart_s:g} s"
            )
    return Paired(tuple(kept), unmatched, tuple(reasons))


def due_s(ue: Measurement) -> float:
    """When the uplink subframe that a UE compared with was due at the reference point, s."""
    return ue.t_s + SUBFRAME_S * ue.extra["subframe_offset"]


def round_trip(ue: Measurement, gnb: Measurement, common_ta: CommonTaSeries | None) -> Measurement:
    """The service link's round trip from one report of each end.

    Parameters
    ----------
    ue, gnb : Measurement
        Of kinds `ue_rx_tx` and `gnb_rx_tx`.
    common_ta : CommonTaSeries or None
        The feeder link's; None: the satellite is the reference point.
    """
    offset_s = SUBFRAME_S * ue.extra["subframe_offset"]
    left_s = gnb.t_s - offset_s
    came_s = gnb.t_s + gnb.extra["rx_tx_s"]
    down_s = back_s = 0.0
    if common_ta is not None:
        for _ in range(_ROUNDS):
            down_s = 0.5 * common_ta.at(left_s + down_s)
            back_s = 0.5 * common_ta.at(came_s - back_s)
    whole = ue.extra["rx_tx_s"] + gnb.extra["rx_tx_s"] + offset_s
    return Measurement(
        ue.satellite,
        kind="rtt",
        extra={
            "rtt_s": whole - down_s - back_s,
            "rtt_std_s": hypot(ue.extra["rx_tx_std_s"], gnb.extra["rx_tx_std_s"]),
            "t_tx_s": left_s + down_s,
            "t_rx_s": came_s - back_s,
        },
    )


def _closest(ue: list[Measurement], gnb: list[Measurement], max_apart_s: float) -> list[tuple[int, int]]:
    """Indices of reports that belong together, each used once, in the gNB's order."""
    if not ue or not gnb:
        return []
    due, stamps = np.array([due_s(row) for row in ue]), np.array([row.t_s for row in gnb])
    order = np.argsort(due, kind="stable")
    candidates = []
    for j, stamp in enumerate(stamps):
        # Only neighbours in time can be the closest: the nearest few on either side.
        at = int(np.searchsorted(due[order], stamp))
        for i in order[max(0, at - _NEIGHBOURS):at + _NEIGHBOURS]:
            apart = abs(due[i] - stamp)
            if apart <= max_apart_s:
                candidates.append((apart, j, int(i)))
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for _, j, i in sorted(candidates):
        if j not in pairs and i not in used:
            pairs[j] = i
            used.add(i)
    return [(pairs[j], j) for j in sorted(pairs)]
