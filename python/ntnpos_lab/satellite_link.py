# SPDX-License-Identifier: GPL-3.0-or-later
"""A real satellite's moving path to a place on Earth as one block, for GNU Radio Companion and scripts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pmt
from gnuradio import blocks, gr, ntnpos

from ntnpos.errors import InputError
from ntnpos.network.search_windows import DelaySegment
from ntnpos.world.frames import enu_rotation, geodetic_to_ecef
from ntnpos.world.light_time import delay_polynomial, received
from ntnpos.world.one_satellite import Reception, reception
from ntnpos.world.timebase import Epoch

from . import convert
from .trajectories import ORDER, delay_segments

BEGINNINGS = ("start", "rise")
_EDGE_S = 0.5  # of the trajectory beyond what is received
_FIT_S = 1.0  # a shorter fit would leave rounding noise in the high coefficients


@dataclass(frozen=True)
class TimeLapse:
    """A reception of which only a stretch of `stretch_s` every `every_s` is streamed; 0: all of it."""

    every_s: float = 0.0
    stretch_s: float = 0.01


class _SegmentTags(gr.sync_block):
    """Passes samples on, each stretch of `length` with an `rx_time` tag of its own."""

    def __init__(self, length: int, start_s: int, every_s: float, rate_hz: float, carrier_hz: float):
        gr.sync_block.__init__(self, "segment_tags", [np.complex64], [np.complex64])
        self.set_tag_propagation_policy(gr.TPP_DONT)
        self._length, self._start_s, self._every_s = length, start_s, every_s
        self._constant = [
            (pmt.intern("rx_rate"), pmt.from_double(rate_hz)),
            (pmt.intern("rx_freq"), pmt.from_double(carrier_hz)),
        ]

    def work(self, input_items, output_items):
        """See gr.sync_block."""
        count = len(output_items[0])
        output_items[0][:] = input_items[0][:count]
        written = self.nitems_written(0)
        for number in range(-(-written // self._length), -(-(written + count) // self._length)):
            at = number * self._length
            time = convert.time_pair(self._start_s + number * self._every_s)
            for key, value in ((pmt.intern("rx_time"), time), *self._constant):
                self.add_item_tag(0, at, key, value)
        return count


class SatelliteLink(gr.hier_block2):
    """A satellite's signal as a receiver at a place takes it: moving delay, Doppler, crystal, noise.

    The input's first sample leaves the satellite when the reception starts; until it has arrived the output
    is noise. The output carries `rx_time`, `rx_rate`, `rx_freq` at its first sample, times counted from
    `start_utc`, and ends when the satellite has set or the duration is over.

    Parameters
    ----------
    sample_rate_hz, carrier_frequency_hz : float
    satellite : str
        Name or catalogue number.
    elements_file : str
        Two-line elements, three lines a satellite; "": the shipped ones, good about 2025-10-07.
    latitude_deg, longitude_deg, height_m : float
        The place (WGS-84).
    start_utc : str
        As 2025-10-07T18:00:00Z.
    begin : str
        "start": at that time; "rise": at the first whole second after it at which the satellite is up.
    duration_s : float
        0: until it sets, an hour at most.
    min_elevation_deg : float
        What counts as up, at the place where the reception starts.
    velocity_enu_m_s : (float, float, float)
        East, north, up: the receiver moves in a straight line in the Earth-fixed frame, from the place.
    model : str
        "los", "ntn-tdl-a" to "ntn-tdl-d".
    delay_spread_s, ue_speed_m_s : float
        Of a model with taps: rms delay spread, and the receiver's speed, which gives the scattered part its
        Doppler spectrum (only that: the place stays). In a time lapse the taps change with the time that is
        streamed.
    clock_offset_s, frequency_error_ppm : float
        Of the receiver's one oscillator: clock minus system time at the first sample, and how fast it runs.
    snr_db : float or None
        Of an input of unit power over the noise in the whole sample rate; None: no noise.
    seed : int
        Of noise and taps.
    occupied_band : float
        As of the ntn_channel.
    every_s, stretch_s : float
        A time lapse: of every `every_s` seconds the first `stretch_s` are streamed, each stretch with an
        `rx_time` tag of its own. What was sent jumps as well: input samples are used without a gap. every_s
        0: all is streamed.

    Raises
    ------
    InputError
        Which argument is wrong; the satellite is unknown or below the horizon; its elements are too old.
    """

    def __init__(
        self,
        sample_rate_hz: float,
        carrier_frequency_hz: float,
        satellite: str,
        elements_file: str = "",
        latitude_deg: float = 0.0,
        longitude_deg: float = 0.0,
        height_m: float = 0.0,
        start_utc: str = "2025-10-07T18:00:00Z",
        *,
        begin: str = "start",
        duration_s: float = 0.0,
        min_elevation_deg: float = 0.0,
        velocity_enu_m_s: Sequence[float] = (0.0, 0.0, 0.0),
        model: str = "los",
        delay_spread_s: float = 100e-9,
        ue_speed_m_s: float = 0.83,
        clock_offset_s: float = 0.0,
        frequency_error_ppm: float = 0.0,
        snr_db: float | None = None,
        seed: int = 1,
        occupied_band: float = 0.8,
        every_s: float = 0.0,
        stretch_s: float = 0.01,
    ):
        gr.hier_block2.__init__(
            self,
            "Satellite Link",
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
        )
        _check("sample_rate_hz", sample_rate_hz, 0.0 < sample_rate_hz <= 1e9, "above 0, up to 1e9 Hz")
        self.sky = look_up(
            satellite,
            elements_file,
            latitude_deg,
            longitude_deg,
            height_m,
            start_utc,
            begin=begin,
            duration_s=duration_s,
            min_elevation_deg=min_elevation_deg,
            velocity_enu_m_s=tuple(velocity_enu_m_s),
        )
        self.clock_offset_s, self.frequency_error = clock_offset_s, 1e-6 * frequency_error_ppm
        self.carrier_frequency_hz, self.sample_rate_hz = carrier_frequency_hz, sample_rate_hz
        self.lapse = _lapse(TimeLapse(every_s, stretch_s), self.sky, sample_rate_hz)
        start = (int(self.sky.start_s), 0.0)
        clock = ntnpos.receiver_clock(start, clock_offset_s, self.frequency_error)
        power = 0.0 if snr_db is None else 10.0 ** (-0.1 * snr_db)
        try:
            fading = ntnpos.path_fading(model, delay_spread_s, ue_speed_m_s, None, seed)
            channel = ntnpos.ntn_channel(
                sample_rate_hz,
                carrier_frequency_hz,
                ntnpos.channel_paths(
                    [convert.trajectory(self._delay())], input_starts=[start], fading=fading
                ),
                ntnpos.channel_receiver(start, clock, ntnpos.white_noise(seed, power)),
                occupied_band,
            )
        except ValueError as error:
            raise InputError("Satellite Link", "", str(error)) from None
        samples = blocks.head(gr.sizeof_gr_complex, self.samples)
        self._parts = [channel, samples]
        if self.lapse is not None:
            self._parts.append(
                _SegmentTags(
                    round(self.lapse.stretch_s * sample_rate_hz),
                    start[0],
                    self.lapse.every_s,
                    sample_rate_hz,
                    carrier_frequency_hz,
                )
            )
        self.connect(self, *self._parts, self)

    @property
    def stretches(self) -> int:
        """How many are streamed in a time lapse; 1 without."""
        if self.lapse is None:
            return 1
        return 1 + math.floor(
            (self.sky.stop_s - self.sky.start_s - self.lapse.stretch_s) / self.lapse.every_s
        )

    @property
    def samples(self) -> int:
        """Length of the output."""
        whole = self.sky.stop_s - self.sky.start_s if self.lapse is None else self.lapse.stretch_s
        return self.stretches * int(whole * self.sample_rate_hz + 1e-6)

    def expected(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """Pseudo-delay in s and Doppler in Hz [n] at receiver-clock times [n]: geometry and the receiver's
        clock."""
        return expected(
            self.sky, t_s, self.carrier_frequency_hz, self.clock_offset_s, 1e6 * self.frequency_error
        )

    def _delay(self) -> tuple[DelaySegment, ...]:
        """Travel time by the channel's system time, which in a time lapse runs without the gaps."""
        sky, lapse, gained = self.sky, self.lapse, self.frequency_error / (1.0 + self.frequency_error)
        start = sky.start_s - self.clock_offset_s
        if lapse is None:
            stop = sky.stop_s - self.clock_offset_s
            return delay_segments(
                sky.orbit, sky.place_at, start - _EDGE_S, stop + _EDGE_S, sky.velocity_ecef_m_s
            )
        found = []
        for number in range(self.stretches):
            # A stretch's piece begins half a sample early: its first sample is surely within.
            streamed, real = (
                (1.0 - gained) * number * step - 0.5 / self.sample_rate_hz
                for step in (lapse.stretch_s, lapse.every_s)
            )
            at = start + real
            fitted, velocity = max(lapse.stretch_s, _FIT_S), np.array(sky.velocity_ecef_m_s)
            c = delay_polynomial(sky.orbit, sky.place_at(at), at, fitted, ORDER, velocity)
            # What the receiver's clock gains in the gaps.
            c[0] += gained * number * (lapse.every_s - lapse.stretch_s)
            found.append(DelaySegment(start + streamed, tuple(map(float, c))))
        return tuple(found)


def look_up(
    satellite: str,
    elements_file: str,
    latitude_deg: float,
    longitude_deg: float,
    height_m: float,
    start_utc: str,
    *,
    begin: str = "start",
    duration_s: float = 0.0,
    min_elevation_deg: float = 0.0,
    velocity_enu_m_s: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Reception:
    """The satellite above the place; arguments and errors as of `SatelliteLink`."""
    _check("begin", begin, begin in BEGINNINGS, "one of " + ", ".join(BEGINNINGS))
    _check("latitude_deg", latitude_deg, abs(latitude_deg) <= 90.0, "-90 to 90")
    _check("longitude_deg", longitude_deg, abs(longitude_deg) <= 180.0, "-180 to 180")
    _check("height_m", height_m, -1e3 <= height_m <= 1e5, "-1e3 to 1e5")
    _check("duration_s", duration_s, 0.0 <= duration_s <= 86400.0, "0 to 86400")
    _check("min_elevation_deg", min_elevation_deg, 0.0 <= min_elevation_deg < 90.0, "0 to 90")
    _check(
        "velocity_enu_m_s",
        velocity_enu_m_s,
        len(velocity_enu_m_s) == 3 and all(abs(v) <= 1e3 for v in velocity_enu_m_s),
        "three numbers (east, north, up), -1000 to 1000",
    )
    try:
        at = Epoch.parse(start_utc)
    except ValueError as error:
        raise InputError(
            "Satellite Link", "start_utc", f"{start_utc!r} is {error}", "as 2025-10-07T18:00:00Z"
        ) from None
    sky = reception(
        satellite,
        elements_file,
        at,
        geodetic_to_ecef(latitude_deg, longitude_deg, height_m),
        from_rise=begin == "rise",
        duration_s=duration_s,
        min_elevation_deg=min_elevation_deg,
    )
    velocity = enu_rotation(latitude_deg, longitude_deg).T @ np.array(velocity_enu_m_s)
    return replace(sky, velocity_ecef_m_s=tuple(map(float, velocity)))


def expected(
    sky: Reception, t_s, carrier_hz: float, clock_offset_s: float = 0.0, frequency_error_ppm: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Pseudo-delay in s and Doppler in Hz [n] of a reception at receiver-clock times [n] in s."""
    t_s, error = np.atleast_1d(np.asarray(t_s, dtype=float)), 1e-6 * frequency_error_ppm
    clock_s = clock_offset_s + error / (1.0 + error) * (t_s - sky.start_s)
    system_s = t_s - clock_s
    light = received(sky.orbit, sky.place_at(system_s), system_s, np.array(sky.velocity_ecef_m_s))
    return light.delay_s + clock_s, -carrier_hz * (light.rate + error) / (1.0 + error)


def _check(field: str, value: object, right: bool, allowed: str) -> None:
    if not right:
        raise InputError("Satellite Link", field, repr(value), allowed)


def _lapse(wanted: TimeLapse, sky: Reception, rate_hz: float) -> TimeLapse | None:
    """The time lapse with stretches of whole samples; None where all is streamed."""
    _check("every_s", wanted.every_s, wanted.every_s >= 0.0, "0, or more than stretch_s")
    if wanted.every_s == 0.0:
        return None
    length = wanted.stretch_s * rate_hz
    _check(
        "stretch_s",
        wanted.stretch_s,
        length >= 1.0 and abs(length - round(length)) < 1e-6,
        "whole samples, at least one",
    )
    _check(
        "every_s",
        wanted.every_s,
        wanted.stretch_s < wanted.every_s <= sky.stop_s - sky.start_s,
        f"0, or more than stretch_s, up to the reception's {sky.stop_s - sky.start_s:.0f} s",
    )
    return wanted
