# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene as a stream: every satellite's PRS through its moving path to one receiver."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

import numpy as np
from gnuradio import blocks, gr, ntnpos

from ntnpos.errors import InputError
from ntnpos.network.resources import PrsResource
from ntnpos.network.search_windows import DelaySegment
from ntnpos.scenario import Path
from ntnpos.world.light_time import received

from . import convert
from .payload import Turn, turn_of, turned
from .scene import LINE_OF_SIGHT, Fading, Scene
from .trajectories import delay_segments

NOISE_POWER = 1e-3
"""Variance of a complex noise sample at the receiver."""
_EDGE_S = 2e-3   # sent before and after what is received, so that no filter meets an edge
_SPREAD = 1.1    # of the PRS' band
_WIDEST = 0.8    # that the channel's filters hold


def amplitude(snr_db: float, prs: PrsResource, n_rb: int, scs_hz: float, sample_rate_hz: float) -> float:
    """Gain that gives a satellite its SNR over `NOISE_POWER`.

    A full grid has unit power, so the PRS while it sends has num_rb / (n_rb comb_size); of the noise, which fills the sample
    rate, the bandwidth of the PRS counts.
    """
    noise_in_band = NOISE_POWER * 12 * prs.num_rb * scs_hz / sample_rate_hz
    return math.sqrt(10.0 ** (0.1 * snr_db) * noise_in_band * prs.comb_size * n_rb / prs.num_rb)


def travel_time(orbit, scene: Scene, start_s: float, stop_s: float) -> tuple[DelaySegment, ...]:
    """Delay of an orbit's carrier at a scene's receiver over a span of system time."""
    return delay_segments(orbit, scene.ecef_at, start_s, stop_s, scene.velocity_ecef_m_s)


def along(ray: Path, segments: tuple[DelaySegment, ...], scene: Scene) -> tuple[DelaySegment, ...]:
    """The delay of a path: the line of sight's and what it has more, which its Doppler changes from the start on."""
    slope = -ray.doppler_hz / scene.assistance.carrier.frequency_hz
    return tuple(DelaySegment(s.start_s, (s.coefficients[0] + ray.delay_s + slope * (s.start_s - scene.system_start_s),
                                          s.coefficients[1] + slope, *s.coefficients[2:]))
                 for s in segments)


def phases(scene: Scene, satellite: int) -> list[float]:
    """Carrier phases in rad of a satellite's paths: what the scene says, else drawn from its seed."""
    rays = scene.transmitter(satellite).rays
    drawn = np.random.default_rng([scene.seed, 3, satellite]).uniform(0.0, 2.0 * np.pi, len(rays))
    return [float(value) if ray.phase_deg is None else math.radians(ray.phase_deg) for value, ray in zip(drawn, rays)]


def fading(of: Fading | None) -> dict[str, ntnpos.path_fading]:
    """The fading of a path as its constructor's argument; none where it does not fade."""
    if of is None:
        return {}
    return {"fading": ntnpos.path_fading(model=of.model, delay_spread_s=of.delay_spread_s, ue_speed_m_s=of.ue_speed_m_s, seed=of.seed)}


def check_fading(scene: Scene, carrier: ntnpos.carrier) -> None:
    """InputError where the channel cannot make a satellite's fading: too fast for the sample rate, too long a delay spread."""
    for index in range(len(scene.assistance.satellites)):
        for path_fading in fading(scene.transmitter(index).fading).values():
            convert.refuse(path_fading.validate(carrier.sample_rate_hz, carrier.frequency_hz), scene.assistance.path, "channel.")


def occupied_band(scene: Scene, carrier: ntnpos.carrier, shift_hz: float = 0.0) -> float:
    """Band about 0 Hz that the PRS fill and what the symbols' edges spread of it, as the channel takes it.

    Parameters
    ----------
    shift_hz : float
        How far the feeder link turns a signal's band to either side.

    Raises
    ------
    InputError
        The shifted signal leaves what the channel filters.
    """
    edges = [abs(12 * prb - 6 * carrier.n_rb) for s in scene.assistance.satellites
             for prb in (s.prs.start_prb, s.prs.start_prb + s.prs.num_rb)]
    width = max(edges) * carrier.scs_khz * 1e3
    if 2.0 * (width + shift_hz) > _WIDEST * carrier.sample_rate_hz and shift_hz > 0.0:
        raise InputError(scene.assistance.path, "feeder.frequency_hz",
                         f"turns the signal by {shift_hz:.0f} Hz out of {_WIDEST:g} of the sample rate",
                         "compensated_at_s near the reception, a lower feeder carrier or a higher sample rate")
    return min(_WIDEST, _SPREAD * 2.0 * (width + shift_hz) / carrier.sample_rate_hz)


@dataclass(frozen=True)
class Link:
    """A satellite's signal and its way to the receiver."""

    resource: ntnpos.prs_resource
    first_slot: int
    """Counted from the satellite's SFN 0: sent early enough to be there when the reception starts."""
    n_slots: int
    path: ntnpos.channel_path
    echoes: tuple[ntnpos.channel_path, ...] = ()
    """Its later ways."""
    turn: Turn | None = None
    """What a transposing payload does to the phase of the samples; None: nothing."""

    @property
    def paths(self) -> list[ntnpos.channel_path]:
        """All its ways."""
        return [self.path, *self.echoes]


def downlinks(scene: Scene, carrier: ntnpos.carrier, duration_s: float, at_s: float | None = None) -> list[Link]:
    """What each satellite of a scene sends during a reception, and how it arrives.

    Parameters
    ----------
    scene : Scene
    carrier : gnuradio.ntnpos.carrier
        The scene's carrier with a sample rate.
    duration_s : float
        Length of the reception by the receiver's clock.
    at_s : float, optional
        Receiver clock at the first sample, for a stretch of a longer reception; by default the scene's start.

    Returns
    -------
    list of Link
        In the order of the assistance data's satellites, which is that of the channel's inputs.
    """
    at_s = scene.start_s if at_s is None else at_s
    slot_s = 1e-3 / ntnpos.slots_per_subframe(carrier)
    latest_s = scene.latest_s
    # A delay changes by less than 1e-4 of the duration.
    n_slots = math.ceil((1.0001 * duration_s + latest_s + 2.0 * _EDGE_S) / slot_s) + 2
    drift = scene.clock.frequency_error_ppm * 1e-6
    system_start = scene.system_start_s + (at_s - scene.start_s) / (1.0 + drift)
    rng = np.random.default_rng([scene.seed, 1])
    found = []
    for index, satellite in enumerate(scene.assistance.satellites):
        true = scene.transmitter(index)
        common = rng.uniform(0.0, 2.0 * np.pi)
        if not true.rays:
            continue
        segments = travel_time(true.orbit, scene, system_start - _EDGE_S, system_start + duration_s + _EDGE_S)
        delay = segments[0].coefficients[0] + (at_s - system_start) - true.clock_offset_s
        first_slot = math.floor((at_s - delay - latest_s - _EDGE_S - satellite.sfn0_time_s) / slot_s)
        snr_db = scene.snr_at(index, true.range_m(scene.ecef_at(system_start), system_start))
        gain = amplitude(snr_db, satellite.prs, scene.assistance.carrier.n_rb, carrier.scs_khz * 1e3,
                         carrier.sample_rate_hz)
        sent = convert.instant(satellite.sfn0_time_s).advanced(
            ntnpos.slot_start_samples(carrier, first_slot) / carrier.sample_rate_hz)
        # The path's delay is the carrier's; the code comes later by what the ionosphere does to both, as at the middle.
        middle = system_start + 0.5 * duration_s
        sent = sent.advanced(float(np.sum(received(true.orbit, scene.ecef_at(middle), middle).advance_s)))
        paths = [ntnpos.channel_path(
            input=len(found), delay=convert.trajectory(along(ray, segments, scene)),
            gain=gain * 10.0 ** (0.05 * ray.power_db) * cmath.exp(1j * phase), input_start=sent,
            satellite_clock_offset_s=true.clock_offset_s, **fading(true.fading))
            for ray, phase in zip(true.rays, [common] if true.rays == LINE_OF_SIGHT else phases(scene, index))]
        begin = satellite.sfn0_time_s + first_slot * slot_s - true.clock_offset_s
        found.append(Link(convert.prs_resource(satellite.prs), first_slot, n_slots, paths[0], tuple(paths[1:]),
                          turn_of(true.orbit, begin, n_slots * slot_s, carrier)))
    return found


class Downlink(gr.hier_block2):
    """What the receiver of a scene samples: complex stream with `rx_time` at its first sample.

    Parameters
    ----------
    scene, carrier, duration_s, at_s
        As in `downlinks`.
    noise_seed : int, optional
        Another for each stretch of a reception; by default the scene's seed.
    """

    def __init__(self, scene: Scene, carrier: ntnpos.carrier, duration_s: float, at_s: float | None = None,
                 noise_seed: int | None = None):
        super().__init__("Downlink", gr.io_signature(0, 0, 0), gr.io_signature(1, 1, gr.sizeof_gr_complex))
        links = downlinks(scene, carrier, duration_s, at_s)
        reference = convert.instant(scene.start_s)
        receiver = ntnpos.channel_receiver(
            reference if at_s is None else convert.instant(at_s),
            ntnpos.receiver_clock(reference, scene.clock.offset_s, scene.clock.frequency_error_ppm * 1e-6),
            ntnpos.white_noise(scene.seed if noise_seed is None else noise_seed, NOISE_POWER))
        channel = ntnpos.ntn_channel(carrier.sample_rate_hz, carrier.frequency_hz,
                                     [path for link in links for path in link.paths], receiver,
                                     occupied_band(scene, carrier, max((l.turn.shift_hz for l in links if l.turn), default=0.0)))
        for index, link in enumerate(links):
            source = ntnpos.prs_source(carrier, [link.resource], link.first_slot, link.n_slots)
            self.connect(source if link.turn is None else turned(source, link.turn), (channel, index))
        samples = round(duration_s * carrier.sample_rate_hz)
        self.connect(channel, blocks.head(gr.sizeof_gr_complex, samples), self)
