# SPDX-License-Identifier: GPL-3.0-or-later
"""The two-way chain in GNU Radio Companion: what its blocks are told, and the end that puts both reports together."""

from __future__ import annotations

import json
import sys
from functools import lru_cache

import pmt

from ntnpos.errors import InputError
from ntnpos.network.measurements import Measurement, from_wire
from ntnpos.network.two_way import round_trip
from ntnpos.network.wire import WireReceiver
from ntnpos.world.hops import hop
from ntnpos.world.timebase import Epoch

from . import convert
from .listening import ListeningBlock
from .multi_rtt import story
from .receive import shake_hands
from .two_way_flow import GNB, UE
from .two_way_stretch import Stretch

_WINDOWS = {end: pmt.intern(f"{end}_windows") for end in (UE, GNB)}
_IDLE_S = 30.0


@lru_cache(maxsize=8)
def two_way(place: tuple[float, float], at: str, gateway: tuple[float, float] | None = None, duration_s: float = 0.1,
            crystal_ppm: float = 5.0, seed: int = 1) -> Stretch:
    """A stretch of the best pass within an hour, at its culmination; the same arguments give the same object.

    Parameters
    ----------
    place, gateway : (float, float)
        Latitude and longitude of the UE and of the gNB in degrees; None: 4 degrees east of the UE.
    at : str
        UTC, as 2025-10-07T18:00:00Z.
    duration_s : float
        Up to 2 s.
    crystal_ppm : float
        Error of the UE's crystal.
    seed : int
        Of noise, clock and believed place.

    Raises
    ------
    InputError
        No satellite passes there and then; the time or the duration cannot be used.
    """
    if not 1e-3 <= duration_s <= 2.0:
        raise InputError("two_way", "duration_s", f"{duration_s}", "0.001 to 2")
    told = story(*place, Epoch.parse(at), gateway, 0.0, 1.0, crystal_ppm, seed)
    link = told.at(told.slots[0])
    return Stretch(link, told.slots[0], round(duration_s / link.slot_s))


class RoundTrips(ListeningBlock):
    """Takes what both ends report and prints lines (JSON): each report, and each round trip of the service link beside its truth.

    The reports come by ZeroMQ: give the stock ZMQ PUB Message Sinks behind both Rx-Tx Time Difference blocks the same
    address, Bind: No.

    Connect config to both First-path Detectors, ue_windows and gnb_windows to the ends' Comb Correlators, whose own search
    windows are []. The correlators then hold their samples back. This block has the detectors send config messages until it has
    heard both ends, and only then sends the search windows; so no report is lost.

    Stretch: flowgraph.two_way(...).
    Address: where this block listens on the loopback, as tcp://127.0.0.1:5557.
    """

    def __init__(self, stretch=None, address="tcp://127.0.0.1:5557"):
        super().__init__("Round Trips", _WINDOWS.values())
        self._stretch, self._address = stretch, address
        self._reports: dict[str, list[Measurement]] = {}
        self._wire: WireReceiver | None = None

    def open(self) -> None:
        """Listen."""
        self._reports = {UE: [], GNB: []}
        try:
            self._wire = WireReceiver(self._address, bind=True, sources=(UE, GNB))
        except InputError as error:
            print(error, file=sys.stderr)
            self._wire = None

    def listen(self) -> None:
        """Hear both ends, tell them their windows, print what they report."""
        if self._wire is not None:
            with self._wire as wire:
                self._converse(wire)

    def _converse(self, wire: WireReceiver) -> None:
        heard: set[str] = set()

        def both(seconds: float) -> bool:
            heard.update(message["source"] for message in wire.messages(seconds, lambda: heard >= {UE, GNB}))
            return heard >= {UE, GNB}

        shake_hands(self, both)
        for end, port in _WINDOWS.items():
            side = self._stretch.downlink if end == UE else self._stretch.uplink
            message = pmt.dict_add(convert.window_message(side.window), pmt.intern("satellite"), pmt.intern(side.signal.id))
            self.message_port_pub(port, message)
        for message in wire.messages(_IDLE_S, self.stopping.is_set):
            if message["kind"] in ("ue_rx_tx", "gnb_rx_tx"):
                self._take(message["source"], from_wire(message))

    def _take(self, end: str, report: Measurement) -> None:
        print(report.to_json_line(), flush=True)
        if report.status != "ok":
            return
        self._reports[end].append(report)
        if all(self._reports.values()):
            self._print_round_trip(self._reports[UE].pop(0), self._reports[GNB].pop(0))

    def _print_round_trip(self, ue: Measurement, gnb: Measurement) -> None:
        """One line; the truth is the simulation's, for people to look at."""
        link = self._stretch.link
        found = round_trip(ue, gnb, link.common_ta(ue.t_s)).extra
        true = sum(float(hop(link.orbit.state(found[t])[0], link.ue_ecef_m, up).delay_s[0])
                   for t, up in (("t_tx_s", False), ("t_rx_s", True)))
        print(json.dumps({"type": "round_trip", "satellite": link.satellite, **found, "error_s": found["rtt_s"] - true}),
              flush=True)
