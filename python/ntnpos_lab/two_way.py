# SPDX-License-Identifier: GPL-3.0-or-later
"""Round trips over a transparent payload: gNB at a gateway, feeder link, satellite, service link, UE, and back.

The gNB's clock is system time and its place the uplink time synchronisation reference point. The UE has a crystal of its own,
and no use of the gNB's clock but what it hears. Both hops count at the service link's carrier: the gateway is taken to
compensate what its own frequency has more, so that delay and Doppler of the whole way stay one thing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Callable

import numpy as np
from numpy.polynomial import chebyshev

from ntnpos.network.resources import Carrier, PrsResource
from ntnpos.network.search_windows import DelaySegment, SearchWindow
from ntnpos.network.sites import CommonTa
from ntnpos.world.constants import C_M_S
from ntnpos.world.feeder import Feeder, common_ta_fit
from ntnpos.world.hops import hop
from ntnpos.world.light_time import power_series, received
from ntnpos.world.orbits import Orbit

SUBFRAME_S = 1e-3
ORDER = 5
_LEAST_FIT_S = 1.0   # a shorter fit would leave rounding noise in its high coefficients
_ROUNDS = 6          # of t = sent + delay(t), which gains four digits in each


@dataclass(frozen=True)
class UeClock:
    """Reading = t + offset_s + 1e-6 error_ppm (t - reference_s), t being system time."""

    offset_s: float = 0.0
    error_ppm: float = 0.0
    reference_s: float = 0.0

    @property
    def drift(self) -> float:
        """What it gains a second of system time, s/s."""
        return 1e-6 * self.error_ppm

    def reading(self, t_s):
        """Reading at system times."""
        return t_s + self.offset_s + self.drift * (t_s - self.reference_s)

    def system_time(self, reading_s):
        """System time at readings."""
        return self.reference_s + (reading_s - self.reference_s - self.offset_s) / (1.0 + self.drift)


@dataclass(frozen=True)
class TwoWay:
    """Who sends what to whom, and where they are. SRS has the bandwidth, comb and symbols of the PRS.

    Attributes
    ----------
    satellite : its name
    orbit : its motion
    gateway_ecef_m, ue_ecef_m : arrays [3]
    believed_ecef_m : where the UE and the network's assistance put the UE: it bounds searches and sets the timing advance
    carrier, sample_rate_hz : of both directions
    prs, c_srs, srs_periodicity_slots : what is sent; c_srs gives an SRS as wide as the PRS
    clock : the UE's
    snr_dl_db, snr_ul_db : while it is sent, over the noise in its bandwidth
    timing_error_s : of the UE's own idea of its timing advance; both ends measure, so nothing depends on it
    seed : of noise and carrier phases
    """

    satellite: str
    orbit: Orbit
    gateway_ecef_m: np.ndarray
    ue_ecef_m: np.ndarray
    believed_ecef_m: np.ndarray
    carrier: Carrier
    sample_rate_hz: float
    prs: PrsResource
    c_srs: int = 6
    srs_periodicity_slots: int = 10
    clock: UeClock = UeClock()
    snr_dl_db: float = 10.0
    snr_ul_db: float = 10.0
    timing_error_s: float = 0.0
    seed: int = 1

    @cached_property
    def _feeder(self) -> Feeder:
        return Feeder(tuple(map(float, self.gateway_ecef_m)))

    @property
    def slot_s(self) -> float:
        """Length of a slot."""
        return SUBFRAME_S / self.carrier.slots_per_subframe

    def feeder_s(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """Feeder delays of what reaches the satellite, and of what leaves it, at system times [n]."""
        return self._feeder.down(self.orbit, t_s)[0], self._feeder.up(self.orbit, t_s)

    def downlink_s(self, t_s, ue_ecef_m=None) -> np.ndarray:
        """Delay from the gNB to the UE of what arrives there at system times [n]."""
        service = received(self.orbit, self.ue_ecef_m if ue_ecef_m is None else ue_ecef_m, t_s)
        return service.delay_s + self.feeder_s(service.t_tx_s)[0]

    def uplink_s(self, t_s, ue_ecef_m=None) -> np.ndarray:
        """Delay from the UE to the gNB of what arrives there at system times [n]."""
        feeder = received(self.orbit, self.gateway_ecef_m, t_s)
        at = self.orbit.state(feeder.t_tx_s)[0]
        return feeder.delay_s + hop(at, self.ue_ecef_m if ue_ecef_m is None else ue_ecef_m, up=True).delay_s

    def arrives_s(self, sent_s: float, ue_ecef_m=None) -> float:
        """System time at which what the gNB sends at `sent_s` reaches the UE."""
        t_s = sent_s
        for _ in range(_ROUNDS):
            t_s = sent_s + float(self.downlink_s(t_s, ue_ecef_m)[0])
        return t_s

    def common_ta(self, epoch_s: float, fit_s: float = 1.0) -> CommonTa:
        """What the gNB broadcasts of the feeder link at an instant (SIB19): a quadratic through three instants within `fit_s`.

        Its next term is what SIB19 leaves out: 0.7 ns one second away from 600 km, growing with the cube.
        """
        return CommonTa(**vars(common_ta_fit(self._feeder, self.orbit, epoch_s, 0.5 * fit_s)))

    def uplink_toa_s(self, t_s) -> np.ndarray:
        """gNB clock at arrival minus UE clock at sending, of what arrives at system times [n]."""
        t_s = np.atleast_1d(np.asarray(t_s, dtype=float))
        return t_s - self.clock.reading(t_s - self.uplink_s(t_s))


@dataclass(frozen=True)
class Advance:
    """When the UE sends its uplink slots, over one occasion (TS 38.211 4.3.1): T_TA before it receives the same downlink
    slots. T_TA is kept over the occasion, so that sending follows reception.

    Attributes
    ----------
    start_slot, start_s : slot that is nominally sent at that reading of the UE's clock
    advances : {slot: s} of every slot from there on
    """

    start_slot: int
    start_s: float
    advances: dict[int, float]


def advance_of(link: TwoWay, start_slot: int, n_slots: int, measured_slot: int) -> Advance:
    """The UE's sending around the occasion of one downlink slot.

    The UE knows the satellite, its believed place and common TA; it does not know its clock, and follows what it hears.

    Parameters
    ----------
    start_slot, n_slots : int
        Slots that are to be timed, from SFN 0.
    measured_slot : int
        At which T_TA is set.
    """
    def hears(slot: int) -> float:
        return link.clock.reading(link.arrives_s(slot * link.slot_s))

    believed = link.arrives_s(measured_slot * link.slot_s, link.believed_ecef_m)
    down = believed - measured_slot * link.slot_s
    up = float(link.uplink_s(believed, link.believed_ecef_m)[0])
    timing_advance = (down + up + link.timing_error_s) * (1.0 + link.clock.drift)
    slots = range(start_slot, start_slot + n_slots)
    sends = np.array([hears(slot) for slot in slots]) - timing_advance
    start_s = math.floor(sends[0] * 1e6) * 1e-6
    nominal = start_s + link.slot_s * np.arange(n_slots)
    return Advance(start_slot, start_s, {slot: float(a) for slot, a in zip(slots, nominal - sends)})


def fitted(delay_s: Callable[[np.ndarray], np.ndarray], start_s: float, stop_s: float) -> tuple[DelaySegment, ...]:
    """A delay as one polynomial of time over a span of up to some seconds."""
    span_s = max(stop_s - start_s, _LEAST_FIT_S)
    nodes = chebyshev.chebpts1(ORDER + 1)
    values = delay_s(start_s + 0.5 * span_s * (nodes + 1.0))
    return (DelaySegment(start_s, tuple(map(float, power_series(nodes, values, span_s)))),)


def downlink_window(link: TwoWay, start_s: float, stop_s: float, heard_s: float, place_error_m: float, clock_bound_s: float,
                    crystal_bound_ppm: float) -> SearchWindow:
    """Where the UE looks for the PRS: by its believed place, what its clock was off when it last heard the cell at system
    time `heard_s` (to a microsecond), and a clock that keeps time since."""
    offset_s = round(float(link.clock.reading(heard_s)) - heard_s, 6)
    segments = fitted(lambda t: offset_s + link.downlink_s(t - offset_s, link.believed_ecef_m), start_s, stop_s)
    return _window(link, segments, start_s, stop_s, place_error_m / C_M_S + clock_bound_s, place_error_m, crystal_bound_ppm)


def uplink_window(link: TwoWay, due_s: float, start_s: float, stop_s: float, place_error_m: float, late_bound_s: float,
                  crystal_bound_ppm: float) -> SearchWindow:
    """Where the gNB looks for the SRS: due at `due_s`, and moving as one from the believed place would."""
    (segment,) = fitted(lambda t: link.uplink_s(t, link.believed_ecef_m), start_s, stop_s)
    at_due = sum(c * (due_s - start_s) ** k for k, c in enumerate(segment.coefficients))
    moved = DelaySegment(start_s, (segment.coefficients[0] - at_due, *segment.coefficients[1:]))
    return _window(link, (moved,), start_s, stop_s, late_bound_s, place_error_m, crystal_bound_ppm)


def _window(link: TwoWay, segments, start_s: float, stop_s: float, half_width_s: float, place_error_m: float,
            crystal_bound_ppm: float) -> SearchWindow:
    # A place that is wrong sees the line of sight turned by that over the range, 500 km at the least; 8 km/s across.
    rate_error = 8e3 / C_M_S * place_error_m / 5e5
    f_hz = link.carrier.frequency_hz
    middle = 0.5 * (start_s + stop_s) - segments[0].start_s
    doppler = -f_hz * sum(k * c * middle ** (k - 1) for k, c in enumerate(segments[0].coefficients) if k)
    return SearchWindow(link.satellite, start_s, stop_s, segments, half_width_s, float(doppler),
                        f_hz * (rate_error + 1e-6 * crystal_bound_ppm), True, 90.0, f_hz)
