# SPDX-License-Identifier: GPL-3.0-or-later
"""The two-way chain as a flowgraph: samples both ways through moving channels, and what both ends report.

gNB -> feeder -> satellite -> service link -> UE: prs_source, ntn_channel, comb_correlator, first_path_detector, rx_tx_difference;
UE -> service link -> satellite -> feeder -> gNB: srs_source and the same again.
"""

from __future__ import annotations

from typing import Iterator

import pmt
from gnuradio import blocks, gr, ntnpos

from ntnpos.network.measurements import Measurement, from_wire

from . import convert
from .collect import Collector, Gate
from .two_way import TwoWay
from .two_way_stretch import Bounds, End, Stretch

UE, GNB = "ue", "gnb"


class TwoWayFlow(gr.top_block):
    """One stretch from the gNB's samples to both ends' reports.

    Parameters
    ----------
    stretch : Stretch
    """

    def __init__(self, stretch: Stretch):
        super().__init__("two-way")
        self.stretch = stretch
        grid, advance = stretch.carrier, stretch.advance
        self._collector = Collector(2)
        self._gate = Gate(self._collector)
        self.connect(self._gate, self._collector)
        down, up = stretch.downlink, stretch.uplink
        self._chain(grid, down, ntnpos.prs_source(grid, [stretch.prs], down.first_slot, down.n_slots), UE + "-rx",
                    ntnpos.rx_tx_difference(UE, grid, "ue", "", advance.start_slot, convert.instant(advance.start_s), 0.0,
                                            advance.advances))
        self._chain(grid, up, ntnpos.srs_source(grid, [stretch.srs], up.first_slot, up.n_slots,
                                                timing_advances=advance.advances), GNB + "-rx",
                    ntnpos.rx_tx_difference(GNB, grid, "gnb", stretch.link.satellite))

    def _chain(self, grid, end: End, source, name: str, reports) -> None:
        channel = ntnpos.ntn_channel(grid.sample_rate_hz, grid.frequency_hz, [end.path], end.receiver)
        correlator = ntnpos.comb_correlator(grid, [end.signal], end.windows)
        detector = ntnpos.first_path_detector(name, ntnpos.fft_size(grid))
        self.connect(source, channel, blocks.head(gr.sizeof_gr_complex, end.samples), correlator, detector)
        self.msg_connect(detector, "meas", reports, "meas")
        self.msg_connect(reports, "meas", self._collector, "in")

    def measurements(self) -> list[Measurement]:
        """What both ends reported, the UE's first, after the flowgraph has ended."""
        found = [pmt.to_python(message) for message in self._collector.messages]
        reports = [from_wire(message) for message in found if message["kind"] not in ("config", "end")]
        return sorted(reports, key=lambda m: (m.kind != "ue_rx_tx", m.t_s))


def measure(link: TwoWay, dl_slots: list[int], bounds: Bounds = Bounds()) -> Iterator[list[Measurement]]:
    """The reports of one occasion after the other, each with the quiet time around it left out."""
    for dl_slot in dl_slots:
        flow = TwoWayFlow(Stretch(link, dl_slot, 1, bounds))
        flow.run()
        yield flow.measurements()
