# SPDX-License-Identifier: GPL-3.0-or-later
"""What the blocks of the two-way chain are to be told for one stretch of time, in a flowgraph of Python or of Companion."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from gnuradio import ntnpos

from ntnpos.network.search_windows import SearchWindow
from ntnpos.world.constants import C_M_S
from ntnpos.world.timebase import split

from . import convert
from .simulate import NOISE_POWER, amplitude
from .two_way import Advance, TwoWay, advance_of, downlink_window, fitted, uplink_window

_EDGE_S = 1e-3       # received before and after the slots that are wanted, beside what the search needs
_EXTRA_SLOTS = 3     # sent before and after them
_SSB_S = 0.02        # since the UE last heard a synchronisation signal
_TRAVEL_S = 0.02     # about how long the way to the UE is: where its delay is first asked for
MOST_SLOTS = 2000
"""A stretch is one polynomial: up to 2 s."""


@dataclass(frozen=True)
class Bounds:
    """What the two ends know beforehand: those of a UE that has synchronised.

    Attributes
    ----------
    place_error_m : how far the believed place may be off
    clock_s : how far the UE's clock may be from where it was when it last heard the cell
    crystal_ppm : of its crystal, either way
    late_s : how far from its due time the UE's signal may arrive at the gNB
    """

    place_error_m: float = 20e3
    clock_s: float = 2e-5
    crystal_ppm: float = 6.0
    late_s: float = 2e-4


@dataclass(frozen=True)
class End:
    """One direction: what is sent, how it arrives, and what its receiver knows.

    Attributes
    ----------
    first_slot, n_slots : of the source, from SFN 0
    path : of the channel
    begin_s : receiver's clock at the first sample
    clock_offset_s, crystal_ppm : what that clock is ahead of system time then, and gains
    noise_seed : of noise of `NOISE_POWER`
    samples : that are received
    signal, window : of the correlator
    """

    first_slot: int
    n_slots: int
    path: ntnpos.channel_path
    begin_s: float
    clock_offset_s: float
    crystal_ppm: float
    noise_seed: int
    samples: int
    signal: ntnpos.satellite_signal
    window: SearchWindow

    @property
    def begin(self) -> tuple[int, float]:
        """`begin_s` as whole seconds and fraction."""
        return split(self.begin_s)

    @property
    def input_start(self) -> tuple[int, float]:
        """Sender's clock at sample 0 of the channel's input, as whole seconds and fraction."""
        return self.path.input_start.full_s, self.path.input_start.frac_s

    @property
    def receiver(self) -> ntnpos.channel_receiver:
        """Of the channel."""
        begin = convert.instant(self.begin_s)
        clock = ntnpos.receiver_clock(begin, self.clock_offset_s, 1e-6 * self.crystal_ppm)
        return ntnpos.channel_receiver(begin, clock, ntnpos.white_noise(self.noise_seed, NOISE_POWER))

    @property
    def windows(self) -> list[ntnpos.search_window]:
        """As the correlator takes them."""
        return [convert.search_window(self.window)]


@dataclass(frozen=True)
class Stretch:
    """Downlink slots `first`, `first` + 1, ... of which the PRS among them is measured, and the SRS that answers it.

    Attributes
    ----------
    link : TwoWay
    first, slots : downlink slots from SFN 0
    bounds : Bounds
    """

    link: TwoWay
    first: int
    slots: int = 1
    bounds: Bounds = Bounds()

    def __post_init__(self):
        most = MOST_SLOTS * self.link.carrier.slots_per_subframe
        if not 1 <= self.slots <= most:
            raise ValueError(f"slots is {self.slots}; allowed: 1 to {most}")

    @cached_property
    def carrier(self) -> ntnpos.carrier:
        """Of both directions, with its sample rate."""
        return convert.carrier(self.link.carrier, self.link.sample_rate_hz)

    @cached_property
    def _round_trip_slots(self) -> float:
        sent_s = self.first * self.link.slot_s
        arrives_s = self.link.arrives_s(sent_s)
        return (arrives_s - sent_s + float(self.link.uplink_s(arrives_s)[0])) / self.link.slot_s

    @cached_property
    def ul_first(self) -> int:
        """First uplink slot that is received: the one with SRS nearest to that which the UE compares with."""
        period = self.link.srs_periodicity_slots
        return period * round((self.first + self._round_trip_slots) / period)

    @cached_property
    def advance(self) -> Advance:
        """When the UE sends."""
        compared = self.first + math.floor(self._round_trip_slots)
        begin = min(self.ul_first, compared) - _EXTRA_SLOTS
        end = max(self.ul_first, compared + 1) + self.slots + _EXTRA_SLOTS
        # Whole subframes: the UE's report compares subframes.
        per = self.link.carrier.slots_per_subframe
        begin, end = per * (begin // per), per * (-(-end // per))
        return advance_of(self.link, begin, end - begin, self.first)

    @cached_property
    def srs(self) -> ntnpos.srs_resource:
        """The UE's: comb and symbols of the PRS, which therefore have to be legal for both."""
        prs = self.link.prs
        return ntnpos.srs_resource(
            sequence_id=17, comb_size=prs.comb_size, num_symbols=prs.num_symbols, start_symbol=prs.start_symbol,
            c_srs=self.link.c_srs, freq_shift=prs.start_prb, periodicity_slots=self.link.srs_periodicity_slots)

    @cached_property
    def prs(self) -> ntnpos.prs_resource:
        """The gNB's."""
        return convert.prs_resource(self.link.prs)

    @cached_property
    def downlink(self) -> End:
        """From the gNB to the UE."""
        link, bounds = self.link, self.bounds
        sent_s = self.first * link.slot_s
        about_s = sent_s + float(link.downlink_s(sent_s + _TRAVEL_S, link.believed_ecef_m)[0])
        around_s = bounds.place_error_m / C_M_S + bounds.clock_s + _EDGE_S
        begin_s = float(link.clock.reading(about_s)) - around_s
        length_s = self.slots * link.slot_s + 2.0 * around_s
        system_s = float(link.clock.system_time(begin_s))
        before = math.ceil(around_s / link.slot_s) + _EXTRA_SLOTS
        return self._end(
            link.downlink_s, system_s, begin_s, length_s, self.first - before, self.slots + 2 * before,
            (self.first - before) * link.slot_s, link.clock.error_ppm, link.snr_dl_db, 0,
            ntnpos.satellite_signal(link.satellite, self.prs, (0, 0.0)),
            downlink_window(link, begin_s, begin_s + length_s, about_s - _SSB_S, bounds.place_error_m, bounds.clock_s,
                            bounds.crystal_ppm))

    @cached_property
    def uplink(self) -> End:
        """From the UE to the gNB."""
        link, bounds = self.link, self.bounds
        due_s = self.ul_first * link.slot_s
        around_s = bounds.late_s + _EDGE_S
        begin_s, length_s = due_s - around_s, self.slots * link.slot_s + 2.0 * around_s
        return self._end(
            link.uplink_toa_s, begin_s, begin_s, length_s, self.advance.start_slot, len(self.advance.advances),
            self.advance.start_s, 0.0, link.snr_ul_db, 1,
            ntnpos.satellite_signal("the UE", self.srs, (0, 0.0)),
            uplink_window(link, due_s, begin_s, begin_s + length_s, bounds.place_error_m, bounds.late_s, bounds.crystal_ppm))

    def _end(self, delay_s, system_s: float, begin_s: float, length_s: float, first_slot: int, n_slots: int,
             input_start_s: float, crystal_ppm: float, snr_db: float, direction: int, signal, window: SearchWindow) -> End:
        link = self.link
        segments = fitted(delay_s, system_s - _EDGE_S, system_s + length_s + _EDGE_S)
        gain = amplitude(snr_db, link.prs, link.carrier.n_rb, link.carrier.scs_khz * 1e3, link.sample_rate_hz)
        phase = np.random.default_rng([link.seed, 4, direction]).uniform(0.0, 2.0 * np.pi)
        noise = int(np.random.default_rng([link.seed, 5, direction, self.first]).integers(2**32))
        path = ntnpos.channel_path(input=0, delay=convert.trajectory(segments), gain=gain * cmath.exp(1j * phase),
                                   input_start=convert.instant(input_start_s), satellite_clock_offset_s=0.0)
        return End(first_slot, n_slots, path, begin_s, begin_s - system_s, crystal_ppm, noise,
                   round(length_s * link.sample_rate_hz), signal, window)
