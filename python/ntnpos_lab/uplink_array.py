# SPDX-License-Identifier: GPL-3.0-or-later
"""Uplink at a satellite on samples: one UE's SRS at every antenna of a small array, when and from where it arrives.

Each antenna has a path of its own, from the UE to where that antenna is, and noise of its own; all share the satellite's clock.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, field

import numpy as np
import pmt
from gnuradio import blocks, gr, ntnpos

from ntnpos.network.measurements import Measurement, from_wire
from ntnpos.network.resources import Carrier, PrsResource
from ntnpos.network.search_windows import DelaySegment
from ntnpos.world.frames import nadir_axes
from ntnpos.world.hops import hop
from ntnpos.world.orbits import Orbit

from . import convert
from .collect import Collector, Gate
from .simulate import NOISE_POWER, amplitude
from .two_way import fitted

_EDGE_S = 1e-3
_EXTRA_SLOTS = 3


@dataclass(frozen=True)
class Antenna:
    """One antenna of an array that looks straight down, x along the track, as an orbit."""

    orbit: Orbit
    x_m: float
    y_m: float

    def state(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """See `Orbit.state`; the array's own turning is left out of the velocity."""
        r, v = self.orbit.state(t_s)
        return r + np.einsum("...ij,i->...j", nadir_axes(r, v), np.array([self.x_m, self.y_m, 0.0])), v


@dataclass(frozen=True)
class ArrayScene:
    """A UE that sends SRS in one slot, and a satellite with an array.

    Attributes
    ----------
    ue_ecef_m, believed_ecef_m : array [3]
        Where the UE is, and where the search window puts it.
    elements_m : (x, y) of each antenna
    srs : gnuradio.ntnpos.srs_resource
    slot : from SFN 0, due at the satellite's clock, which is system time
    sending_offset_s : how much later than that the UE sends, up to 1e-3 either way
    snr_db : at one antenna
    """

    satellite: str
    orbit: Orbit
    ue_ecef_m: np.ndarray
    believed_ecef_m: np.ndarray
    carrier: Carrier
    sample_rate_hz: float
    elements_m: tuple[tuple[float, float], ...]
    slot: int
    srs: ntnpos.srs_resource = field(default_factory=ntnpos.srs_resource)
    snr_db: float = 10.0
    pointing_std_deg: float = 0.0
    sending_offset_s: float = 0.0
    seed: int = 1


class ArrayFlow(gr.top_block):
    """One slot from the UE's samples to a time of arrival at each antenna."""

    def __init__(self, scene: ArrayScene):
        super().__init__("uplink array")
        self._scene = scene
        grid = convert.carrier(scene.carrier, scene.sample_rate_hz)
        slot_s = 1e-3 / scene.carrier.slots_per_subframe
        sent_s = scene.slot * slot_s
        begin_s = sent_s + float(hop(scene.orbit.state(sent_s)[0], scene.believed_ecef_m, up=True).delay_s[0]) - 2.0 * _EDGE_S
        length_s = slot_s + 4.0 * _EDGE_S
        source = ntnpos.srs_source(grid, [scene.srs], scene.slot - _EXTRA_SLOTS, 2 * _EXTRA_SLOTS + 1,
                                   timing_advance_s=-scene.sending_offset_s)
        signal = ntnpos.satellite_signal("the UE", scene.srs, (0, 0.0))
        window = ntnpos.search_window(convert.trajectory(_delay(scene.orbit, scene.believed_ecef_m, begin_s, length_s)),
                                      5e-5 + abs(scene.sending_offset_s), 3e3)
        band = PrsResource(sequence_id=0, comb_size=scene.srs.comb_size, re_offset=0, start_symbol=0,
                           num_symbols=scene.srs.comb_size, num_rb=scene.carrier.n_rb, periodicity_slots=10, slot_offset=0)
        gain = amplitude(scene.snr_db, band, scene.carrier.n_rb, scene.carrier.scs_khz * 1e3, scene.sample_rate_hz)
        gain *= cmath.exp(1j * np.random.default_rng([scene.seed, 7]).uniform(0.0, 2.0 * math.pi))
        noises = np.random.default_rng([scene.seed, 8, scene.slot]).integers(2**32, size=len(scene.elements_m))
        self._collectors = []
        self._rtoa = Collector()
        self._gate = Gate(self._rtoa)
        self._reports = ntnpos.rx_tx_difference("satellite", grid, "ul_rtoa", scene.satellite)
        self.connect(self._gate, self._rtoa)
        self.msg_connect(self._reports, "meas", self._rtoa, "in")
        for number, ((x, y), noise) in enumerate(zip(scene.elements_m, noises)):
            path = ntnpos.channel_path(
                input=0, delay=convert.trajectory(_delay(Antenna(scene.orbit, x, y), scene.ue_ecef_m, begin_s, length_s)),
                gain=gain, input_start=convert.instant((scene.slot - _EXTRA_SLOTS) * slot_s), satellite_clock_offset_s=0.0)
            receiver = ntnpos.channel_receiver(convert.instant(begin_s), ntnpos.receiver_clock(convert.instant(begin_s), 0.0, 0.0),
                                               ntnpos.white_noise(int(noise), NOISE_POWER))
            channel = ntnpos.ntn_channel(grid.sample_rate_hz, grid.frequency_hz, [path], receiver)
            head = blocks.head(gr.sizeof_gr_complex, round(length_s * scene.sample_rate_hz))
            correlator = ntnpos.comb_correlator(grid, [signal], [window])
            detector = ntnpos.first_path_detector(f"antenna {number}", ntnpos.fft_size(grid))
            collector = Collector()
            gate = Gate(collector)
            self.connect(source, channel, head, correlator, detector)
            self.connect(gate, collector)
            self.msg_connect(detector, "meas", collector, "in")
            if number == 0:
                self.msg_connect(detector, "meas", self._reports, "meas")
            self._collectors.append((collector, gate))

    def rtoa(self) -> Measurement:
        """UL-RTOA of the first antenna, after the flowgraph has ended."""
        found = (pmt.to_python(message) for message in self._rtoa.messages)
        return next(from_wire(message) for message in found if message["kind"] == "ul_rtoa")

    def report(self) -> Measurement:
        """The direction, after the flowgraph has ended; status `no_signal` unless every antenna heard the UE."""
        heard = [next(pmt.to_python(m) for m in c.messages if pmt.to_python(m)["kind"] == "toa") for c, _ in self._collectors]
        return direction_of(self._scene, heard)


def _delay(orbit: Orbit, place, start_s: float, length_s: float) -> tuple[DelaySegment, ...]:
    return fitted(lambda t: hop(orbit.state(t)[0], place, up=True).delay_s, start_s - _EDGE_S, start_s + length_s + _EDGE_S)


def direction_of(scene: ArrayScene, heard: list[dict]) -> Measurement:
    """UL-AoA from each antenna's time of arrival: the carriers' phases, which all count from the same clock and slot.

    The direction is geometric; a satellite's aberration (25 microradians, 15 m on the ground from 600 km) is not in the
    simulated phases and would have to be taken out of real ones.
    """
    if any(m["status"] != "ok" or m["carrier_phase_cycles"] is None for m in heard):
        return Measurement(scene.satellite, kind="aoa", status="no_signal",
                           extra={"direction_ecef": None, "direction_std_deg": None})
    # All have their first count: whole cycles do not matter. The phase falls with the delay; it is that of the wave at each
    # antenna, at an arrival that differs between antennas by less than a nanosecond.
    phases = np.array([m["carrier_phase_cycles"] for m in heard])
    stds = np.array([m["carrier_phase_std_cycles"] for m in heard])
    powers = 10.0 ** (0.1 * np.array([m["first_path_rsrpp_db"] for m in heard]))
    amplitudes = np.sqrt(powers) * np.exp(2j * np.pi * phases)
    variances = 2.0 * powers * (2.0 * np.pi * stds) ** 2
    array = ntnpos.array_direction(ntnpos.array_config(list(scene.elements_m), scene.carrier.frequency_hz,
                                                       scene.pointing_std_deg))
    found = array.estimate(list(amplitudes), list(variances))
    t_s = float(np.mean([m["t"][0] + m["t"][1] for m in heard]))
    r, v = scene.orbit.state(t_s)
    direction = np.array(found.direction) @ nadir_axes(r, v)[0]
    return Measurement(scene.satellite, t_s=t_s, kind="aoa", extra={
        "direction_ecef": tuple(map(float, direction / np.linalg.norm(direction))), "direction_std_deg": found.std_deg,
        "other_directions": len(found.others)})
