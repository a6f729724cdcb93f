# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth of a simulated recording: place, clock, and what a perfect receiver would measure at every occasion."""

from __future__ import annotations

import math
from typing import Any, Iterator, Sequence

import numpy as np
from gnuradio import ntnpos

from ntnpos.network.measurements import Measurement
from ntnpos.position.geometry import cramer_rao
from ntnpos.position.timing import doppler_bound_hz, toa_bound_s
from ntnpos.scenario import Scenario
from ntnpos.scenario.surroundings import as_told
from ntnpos.world.atmosphere import SeenThrough
from ntnpos.world.feeder import ThroughPayload
from ntnpos.world.light_time import received
from ntnpos.world.orbits import Orbit

from . import convert
from .scenario import Stretch, link_terms, situation_of
from .scene import Scene, Transmitter
from .simulate import phases

SCHEMA = "ntnpos.truth/1"
WITHOUT_LINE_OF_SIGHT = ("ntn-tdl-a", "ntn-tdl-b")


def observed(scene: Scene, index: int, t_s: float) -> tuple[float, float]:
    """toa in s and Doppler in Hz along the first path of satellite `index`, of what arrives when the receiver clock reads `t_s`."""
    true = scene.transmitter(index)
    drift = scene.clock.frequency_error_ppm * 1e-6
    since = t_s - scene.start_s
    system = scene.system_start_s + since / (1.0 + drift)
    clock = scene.clock.offset_s + since * drift / (1.0 + drift)
    found = received(true.orbit, scene.ecef_at(system), system, np.array(scene.velocity_ecef_m_s))
    ray, f_c = true.rays[0], scene.assistance.carrier.frequency_hz
    slope = -ray.doppler_hz / f_c
    delay = float(found.delay_s[0]) + ray.delay_s + slope * (system - scene.system_start_s)
    return (delay + clock - true.clock_offset_s,
            -f_c * (float(found.rate[0]) + slope + drift) / (1.0 + drift))


def power_at(scene: Scene, index: int, t_s: float) -> float:
    """SNR in dB of the first path of satellite `index` in a piece that begins when the receiver clock reads `t_s`."""
    system = scene.system_start_s + (t_s - scene.start_s) / (1.0 + scene.clock.frequency_error_ppm * 1e-6)
    true = scene.transmitter(index)
    return scene.snr_at(index, true.range_m(scene.ecef_at(system), system)) + true.rays[0].power_db


def bare(orbit: Orbit) -> Orbit:
    """An orbit without what its signals come through."""
    while isinstance(orbit, (SeenThrough, ThroughPayload)):
        orbit = orbit.orbit
    return orbit


def line_of_sight(true: Transmitter) -> bool:
    """Whether the first path is a line of sight: not blocked, and not the first tap of a profile without one."""
    if not true.rays or true.rays[0].delay_s > 0.0:
        return False
    return true.fading is None or true.fading.model not in WITHOUT_LINE_OF_SIGHT


def surroundings_of(scenario: Scenario, true: Transmitter, index: int, elevation_deg: float) -> dict[str, Any] | None:
    """Fading of a satellite, and what its environment has drawn; None where nothing fades."""
    if true.fading is None:
        return None
    situation = situation_of(scenario, index, elevation_deg)
    drawn = {} if situation is None else {"shadow_db": situation.shadow_db, "clutter_db": situation.clutter_db}
    return {"profile": true.fading.model, "delay_spread_s": true.fading.delay_spread_s,
            "ue_speed_m_s": true.fading.ue_speed_m_s} | drawn


def occasions_of(scenario: Scenario, scene: Scene, number: int,
                 streamed: Sequence[Stretch]) -> Iterator[dict[str, Any]]:
    """Every slot that carries the PRS of satellite `number` and lies whole in a stretch."""
    satellite = scene.assistance.satellites[number]
    if not scene.transmitter(number).rays:
        return
    carrier = convert.carrier(scene.assistance.carrier, scenario.sample_rate_hz, scenario.file)
    resource = convert.prs_resource(satellite.prs)
    slot_s = 1e-3 / scenario.carrier.slots_per_subframe
    f_s = scenario.sample_rate_hz
    for index, stretch in enumerate(streamed):
        begin = stretch.start_s(scenario)
        end = begin + stretch.count / f_s
        slot = math.floor((begin - observed(scene, number, begin)[0] - satellite.sfn0_time_s) / slot_s) - 1
        while (sent := satellite.sfn0_time_s + slot * slot_s) < end:
            slot += 1
            if not ntnpos.transmits_in_slot(resource, carrier, slot - 1):
                continue
            arrival = sent
            for _ in range(4):  # contracts by 2.5e-5 a round
                arrival = sent + observed(scene, number, arrival)[0]
            if arrival < begin or arrival + slot_s > end:
                continue
            toa, doppler = observed(scene, number, arrival)
            power = power_at(scene, number, stretch.piece_at(scenario, arrival).start_s(scenario))
            full = math.floor(arrival)
            yield {"slot_count": slot - 1, "segment": index, "t_s": arrival, "t_full_s": full,
                   "t_frac_s": arrival - full, "toa_s": toa, "doppler_hz": doppler, "snr_db": power,
                   "toa_crlb_s": toa_bound_s(power, scenario.carrier, satellite.prs) * math.sqrt(
                       satellite.prs.repetition_factor),
                   "doppler_crlb_hz": doppler_bound_hz(power, scenario.carrier, satellite.prs)}


def truth_of(scenario: Scenario, scene: Scene, streamed: Sequence[Stretch], factor: float) -> dict[str, Any]:
    """The whole truth file, as a dictionary.

    Parameters
    ----------
    factor : float
        From the stream's samples to the recording's.
    """
    carrier = scene.assistance.carrier
    satellites, rows = {}, []
    for index, (satellite, seen, snr_db) in enumerate(zip(scene.assistance.satellites, scene.sky, scene.snr_db)):
        found = list(occasions_of(scenario, scene, index, streamed))
        true = scene.transmitter(index)
        satellites[satellite.id] = {
            "transmitting": True, "line_of_sight": line_of_sight(true), "snr_db": snr_db,
            "elevation_deg": seen.elevation_deg, "azimuth_deg": seen.azimuth_deg, "range_m": seen.range_m,
            "link": link_terms(scenario, seen),
            "paths": [{"extra_delay_s": ray.delay_s, "relative_db": ray.power_db, "phase_rad": phase,
                       "extra_doppler_hz": ray.doppler_hz} for ray, phase in zip(true.rays, phases(scene, index))],
            "environment": surroundings_of(scenario, true, index, seen.elevation_deg),
            "ephemeris_error_ecef_m": list(map(float, getattr(bare(true.orbit), "offset_m", np.zeros(3)))),
            "clock_error_s": true.clock_offset_s - satellite.clock_offset_s,
            "occasions": found}
        rows += [Measurement(satellite.id, t_s=o["t_s"], toa_s=o["toa_s"], toa_std_s=o["toa_crlb_s"],
                             doppler_hz=o["doppler_hz"], doppler_std_hz=o["doppler_crlb_hz"]) for o in found]
    return {"schema": SCHEMA, "case": scenario.title, "seed": scenario.seed, "duration_s": scenario.duration_s,
            "ue": {"latitude_deg": scene.latitude_deg, "longitude_deg": scene.longitude_deg, "height_m": scene.height_m,
                   "ecef_m": list(map(float, scene.ecef_m)), "velocity_ecef_m_s": list(scene.velocity_ecef_m_s)},
            "receiver_clock": {"offset_s": scene.clock.offset_s, "at_rx_full_s": math.floor(scene.start_s),
                               "at_rx_frac_s": scene.start_s % 1.0, "rate_error_ppm": scene.clock.frequency_error_ppm,
                               "meaning": "receiver clock minus system time; grows by rate_error_ppm*1e-6 a second"},
            "sample_factor": factor, "carrier_hz": carrier.frequency_hz, "satellites": satellites,
            "feeder": None if scenario.feeder is None else vars(scenario.feeder),
            "atmosphere": None if scenario.air.true is None else as_told(scenario.air.true),
            "position": {"crlb": position_bound(scene, rows)}}


def position_bound(scene: Scene, rows: list[Measurement]) -> dict[str, float] | None:
    """Cramer-Rao bound of one receiver at rest from all first paths; None where they do not fix a position."""
    if len({row.satellite for row in rows}) < 4 or any(scene.velocity_ecef_m_s):
        return None
    bound = cramer_rao(rows, scene.assistance, scene.ecef_m, scene.clock.offset_s)
    found = {"east_m": bound.east_m, "north_m": bound.north_m, "up_m": bound.up_m, "horizontal_m": bound.horizontal_m}
    return found if all(map(math.isfinite, found.values())) else None
