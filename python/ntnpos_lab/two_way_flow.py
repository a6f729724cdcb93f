# SPDX-License-Identifier: GPL-3.0-or-later
"""The two-way chain as flowgraphs: samples both ways through moving channels, and what both ends report.

gNB -> feeder -> satellite -> service link -> UE:  prs_source -> ntn_channel -> comb_correlator -> first_path_detector -> rx_tx_difference
UE -> service link -> satellite -> feeder -> gNB:  srs_source -> ntn_channel -> comb_correlator -> first_path_detector -> rx_tx_difference
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import Iterator

import numpy as np
import pmt
from gnuradio import blocks, gr, ntnpos

from ntnpos.network.measurements import Measurement, from_wire

from . import convert
from .collect import Collector, Gate
from .simulate import NOISE_POWER, amplitude
from .two_way import Advance, TwoWay, advance_of, downlink_window, fitted, uplink_window

UE, GNB = "ue", "gnb"
_MARGIN_S = 1e-3     # received before and after the slot that is wanted, beside what the search needs
_EXTRA_SLOTS = 3     # sent before and after it


@dataclass(frozen=True)
class Bounds:
    """What the two ends know beforehand: standard for a UE that has synchronised.

    Attributes
    ----------
    place_error_m : how far the believed place may be off
    clock_s, crystal_ppm : of the UE's clock, either way
    late_s : how far from its due time the UE's signal may arrive at the gNB
    """

    place_error_m: float = 20e3
    clock_s: float = 1e-4
    crystal_ppm: float = 6.0
    late_s: float = 2e-4


@dataclass(frozen=True)
class Occasion:
    """A downlink slot that is measured, and the uplink slot that is measured for it."""

    dl_slot: int
    ul_slot: int
    advance: Advance


def occasion_of(link: TwoWay, dl_slot: int) -> Occasion:
    """The uplink slot with SRS nearest to the one that the UE compares with."""
    sent_s = dl_slot * link.slot_s
    arrives_s = link.arrives_s(sent_s)
    round_trip_s = arrives_s - sent_s + float(link.uplink_s(arrives_s)[0])
    period = link.srs_periodicity_slots
    ul_slot = period * round((dl_slot + round_trip_s / link.slot_s) / period)
    first = min(ul_slot, dl_slot + math.floor(round_trip_s / link.slot_s)) - _EXTRA_SLOTS
    last = max(ul_slot, dl_slot + math.ceil(round_trip_s / link.slot_s)) + _EXTRA_SLOTS
    # Whole subframes: the UE's report compares subframes.
    per = link.carrier.slots_per_subframe
    first, last = per * (first // per), per * (last // per + 1)
    return Occasion(dl_slot, ul_slot, advance_of(link, first, last - first, dl_slot))


def srs_of(link: TwoWay) -> ntnpos.srs_resource:
    """The UE's SRS: comb and symbols of the PRS, which is why they have to be legal for both."""
    return ntnpos.srs_resource(sequence_id=17, comb_size=link.prs.comb_size, num_symbols=link.prs.num_symbols,
                               start_symbol=link.prs.start_symbol, c_srs=link.c_srs,
                               freq_shift=link.prs.start_prb, periodicity_slots=link.srs_periodicity_slots)


class TwoWayFlow(gr.top_block):
    """One occasion from the gNB's samples to both ends' reports.

    Parameters
    ----------
    link : TwoWay
    occasion : Occasion
    bounds : Bounds
    sink : gr block, optional
        Takes the messages of both ends on its port `in`; None: they are kept, `measurements` reads them.
    """

    def __init__(self, link: TwoWay, occasion: Occasion, bounds: Bounds = Bounds(), sink=None):
        super().__init__("two-way")
        self._grid = convert.carrier(link.carrier, link.sample_rate_hz)
        self._noise = np.random.default_rng([link.seed, occasion.dl_slot]).integers(0, 2**32, 2)
        self._phases = np.random.default_rng([link.seed, 4]).uniform(0.0, 2.0 * np.pi, 2)
        self._collector = Collector(2)
        self._gate = Gate(self._collector)
        self.connect(self._gate, self._collector)
        self._down(link, occasion, bounds)
        self._up(link, occasion, bounds)
        for end in (self.ue, self.gnb):
            self.msg_connect(end, "meas", self._collector, "in")
            if sink is not None:
                self.msg_connect(end, "meas", sink, "in")

    def _down(self, link: TwoWay, occasion: Occasion, bounds: Bounds) -> None:
        sent_s = occasion.dl_slot * link.slot_s
        due_s = float(sent_s + link.downlink_s(sent_s + 0.02, link.believed_ecef_m)[0])  # about when it arrives
        around_s = bounds.place_error_m / 3e8 + bounds.clock_s + _MARGIN_S
        begin_s = link.clock.reading(due_s) - around_s
        length_s = link.slot_s + 2.0 * around_s
        system_s = float(link.clock.system_time(begin_s))
        segments = fitted(link.downlink_s, system_s - _MARGIN_S, system_s + length_s + _MARGIN_S)
        first = occasion.dl_slot - math.ceil(around_s / link.slot_s) - _EXTRA_SLOTS
        source = ntnpos.prs_source(self._grid, [convert.prs_resource(link.prs)], first, 2 * (occasion.dl_slot - first) + 1)
        reference = ntnpos.receiver_clock(convert.instant(link.clock.reading(link.clock.reference_s)),
                                          link.clock.offset_s, link.clock.drift)
        channel = self._channel(segments, self._gain(link, link.snr_dl_db), self._phases[0], first * link.slot_s,
                                ntnpos.channel_receiver(convert.instant(begin_s), reference, self._white(0)))
        window = downlink_window(link, begin_s, begin_s + length_s, bounds.place_error_m, bounds.clock_s,
                                 bounds.crystal_ppm)
        signal = ntnpos.satellite_signal(link.satellite, convert.prs_resource(link.prs), (0, 0.0))
        advance = occasion.advance
        self.ue = ntnpos.rx_tx_difference(UE, self._grid, "ue", "", advance.start_slot, convert.instant(advance.start_s),
                                          0.0, advance.advances)
        self._receive(source, channel, length_s, signal, window, UE + "-rx", self.ue)

    def _up(self, link: TwoWay, occasion: Occasion, bounds: Bounds) -> None:
        due_s = occasion.ul_slot * link.slot_s
        around_s = bounds.late_s + _MARGIN_S
        begin_s, length_s = due_s - around_s, link.slot_s + 2.0 * around_s
        advance = occasion.advance
        source = ntnpos.srs_source(self._grid, [srs_of(link)], advance.start_slot, len(advance.advances),
                                   timing_advances=advance.advances)
        segments = fitted(link.uplink_toa_s, begin_s - _MARGIN_S, begin_s + length_s + _MARGIN_S)
        perfect = ntnpos.receiver_clock(convert.instant(0.0), 0.0, 0.0)
        channel = self._channel(segments, self._gain(link, link.snr_ul_db), self._phases[1], advance.start_s,
                                ntnpos.channel_receiver(convert.instant(begin_s), perfect, self._white(1)))
        window = uplink_window(link, due_s, begin_s, begin_s + length_s, bounds.place_error_m, bounds.late_s,
                               bounds.crystal_ppm)
        signal = ntnpos.satellite_signal("the UE", srs_of(link), (0, 0.0))
        self.gnb = ntnpos.rx_tx_difference(GNB, self._grid, "gnb", link.satellite)
        self._receive(source, channel, length_s, signal, window, GNB + "-rx", self.gnb)

    def _white(self, end: int) -> ntnpos.white_noise:
        return ntnpos.white_noise(int(self._noise[end]), NOISE_POWER)

    def _gain(self, link: TwoWay, snr_db: float) -> float:
        return amplitude(snr_db, link.prs, link.carrier.n_rb, link.carrier.scs_khz * 1e3, link.sample_rate_hz)

    def _channel(self, segments, gain: float, phase_rad: float, input_start_s: float, receiver) -> ntnpos.ntn_channel:
        path = ntnpos.channel_path(input=0, delay=convert.trajectory(segments), gain=gain * cmath.exp(1j * phase_rad),
                                   input_start=convert.instant(input_start_s), satellite_clock_offset_s=0.0)
        return ntnpos.ntn_channel(self._grid.sample_rate_hz, self._grid.frequency_hz, [path], receiver)

    def _receive(self, source, channel, length_s: float, signal, window, name: str, end) -> None:
        correlator = ntnpos.comb_correlator(self._grid, [signal], [convert.search_window(window)])
        detector = ntnpos.first_path_detector(name, ntnpos.fft_size(self._grid))
        head = blocks.head(gr.sizeof_gr_complex, round(length_s * self._grid.sample_rate_hz))
        self.connect(source, channel, head, correlator, detector)
        self.msg_connect(detector, "meas", end, "meas")

    def measurements(self) -> list[Measurement]:
        """What both ends reported, after the flowgraph has ended."""
        found = [pmt.to_python(message) for message in self._collector.messages]
        return [from_wire(message) for message in found if message["kind"] not in ("config", "end")]


def measure(link: TwoWay, dl_slots: list[int], bounds: Bounds = Bounds()) -> Iterator[list[Measurement]]:
    """The reports of each occasion in turn: the UE's, the gNB's, in any order."""
    for dl_slot in dl_slots:
        flow = TwoWayFlow(link, occasion_of(link, dl_slot), bounds)
        flow.run()
        yield flow.measurements()
