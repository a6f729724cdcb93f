# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario as a scene to simulate, and the stretches of its reception that are streamed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator

import numpy as np

from ntnpos.errors import InputError
from ntnpos.network.assistance import Assistance, ReceiverBounds, Satellite
from ntnpos.network.search_windows import SearchWindow, search_windows
from ntnpos.scenario import Scenario
from ntnpos.scenario.model import MAX_SAMPLES
from ntnpos.world.frames import azimuth_elevation
from ntnpos.world.light_time import received
from ntnpos.world.link_budget import LinkBudget, free_space_loss_db
from ntnpos.world.visibility import VisibleSatellite

from .scene import Ray, ReceiverClock, Scene, link_of, wrong_prior

LIBRARY = Path(__file__).with_name("scenarios")
_MARGIN_S = 1e-4  # about what an occasion's search needs
_JOINED_S = 5e-4  # a shorter gap is streamed


def find(name: str) -> Path:
    """The scenario file of that name: as it is, else of the library, with or without `.yml`."""
    path = Path(name)
    if not path.exists() and path.name == name:
        for candidate in (LIBRARY / name, LIBRARY / f"{name}.yml"):
            if candidate.is_file():
                return candidate
        if not path.suffix:
            raise InputError(name, "scenario", "is neither a file nor in the library",
                             "a file, or one of " + ", ".join(sorted(p.stem for p in LIBRARY.glob("*.yml"))))
    return path


def budget_of(scenario: Scenario, seen: VisibleSatellite) -> LinkBudget:
    """A satellite's link budget, the scenario's terms in it."""
    usual = link_of(seen, scenario.ue.ecef_m, scenario.receiver.noise_figure_db)
    return replace(usual, **{name: value for name, value in vars(scenario.link).items() if value is not None})


def link_terms(scenario: Scenario, seen: VisibleSatellite) -> dict[str, float] | None:
    """Every term of a satellite's SNR by its name; None where the scenario states the SNR itself."""
    if scenario.channel.snr_db is not None:
        return None
    budget = budget_of(scenario, seen)
    return vars(budget) | {"free_space_loss_db": float(free_space_loss_db(seen.range_m, scenario.carrier.frequency_hz)),
                           "noise_density_dbw_hz": float(budget.noise_density_dbw_hz())}


def scene_of(scenario: Scenario) -> Scene:
    """The scene of a scenario: its sky, link budget and clock, and the prior drawn from its seed."""
    place, clock = scenario.ue.ecef_m, scenario.receiver
    start = scenario.start_s - clock.clock_offset_s
    sky, snr_db = [], []
    for satellite in scenario.satellites:
        seen_at = received(satellite.orbit, place, start).sat_at_rx_frame[0]
        azimuth, elevation, distance = map(float, azimuth_elevation(place, seen_at))
        seen = VisibleSatellite(satellite.id, satellite.orbit, azimuth, elevation, distance)
        sky.append(seen)
        snr_db.append(float(budget_of(scenario, seen).snr_db(distance, scenario.carrier.frequency_hz))
                      if scenario.channel.snr_db is None else scenario.channel.snr_db)
    rng = np.random.default_rng([scenario.seed, 2])
    prior = wrong_prior(rng, scenario.ue.latitude_deg, scenario.ue.longitude_deg,
                        scenario.ue.height_m + scenario.prior.height_sigma_m * float(rng.uniform(-1.0, 1.0)),
                        scenario.prior.horizontal_sigma_m, scenario.prior.height_sigma_m)
    assistance = Assistance(
        epoch=scenario.epoch, carrier=scenario.carrier, satellites=scenario.satellites, ue_prior=prior,
        receiver=ReceiverBounds(clock.clock_offset_max_s, clock.frequency_error_max_ppm), path=scenario.file)
    rays = tuple(Ray(p.delay_s, p.power_db, None if p.phase_deg is None else math.radians(p.phase_deg), p.doppler_hz)
                 for p in scenario.channel.paths)
    return Scene(assistance, tuple(sky), scenario.ue.latitude_deg, scenario.ue.longitude_deg, scenario.ue.height_m,
                 scenario.start_s, ReceiverClock(clock.clock_offset_s, clock.frequency_error_ppm), tuple(snr_db),
                 scenario.seed, rays, tuple(map(float, scenario.ue.velocity_ecef_m_s)),
                 power_follows_range=scenario.channel.snr_db is None)


@dataclass(frozen=True)
class Stretch:
    """Samples without a gap."""

    first: int
    """Index of its first sample, counted without gaps from the reception's start."""
    count: int

    def start_s(self, scenario: Scenario) -> float:
        """Receiver clock at the first sample, in s from the epoch."""
        return scenario.start_s + self.first / scenario.sample_rate_hz


def stretches(scenario: Scenario, scene: Scene) -> list[Stretch]:
    """What is streamed: all of the duration, or each occasion with all that a receiver told `scene.assistance` searches.

    Raises
    ------
    InputError
        More than `MAX_SAMPLES` samples.
    """
    if scenario.occasions is None:
        return [Stretch(0, round(scenario.duration_s * scenario.sample_rate_hz))]
    found = _of_occasions(scenario, scene)
    if (total := sum(s.count for s in found)) > MAX_SAMPLES:
        raise InputError(scenario.file, "occasions.count", f"{scenario.occasions.count} are {total} samples",
                         f"up to {MAX_SAMPLES} samples")
    return found


def _of_occasions(scenario: Scenario, scene: Scene) -> list[Stretch]:
    assistance = scene.assistance
    windows = search_windows(assistance, scenario.start_s, scenario.start_s + scenario.duration_s)
    late = max(ray.delay_s for ray in scene.rays)
    spans = []
    for k in range(scenario.occasions.count):
        begin = scenario.start_s + k * scenario.occasions.every_s
        for window in windows:
            satellite = assistance.satellite(window.satellite)
            for low, high in _searched(satellite, window, begin, assistance.carrier.slots_per_subframe):
                spans.append((low - _MARGIN_S, high + late + _MARGIN_S))
    rate = scenario.sample_rate_hz
    joined: list[list[int]] = []
    for low, high in sorted(spans):
        first, end = math.floor((low - scenario.start_s) * rate), math.ceil((high - scenario.start_s) * rate)
        if joined and first <= joined[-1][1] + _JOINED_S * rate:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([max(first, 0), end])
    return [Stretch(first, end - first) for first, end in joined]


def _searched(satellite: Satellite, window: SearchWindow, begin: float,
              slots_per_ms: int) -> Iterator[tuple[float, float]]:
    """Receiver-clock spans that hold the slots of a satellite's first occasion whose search begins after `begin`."""
    prs = satellite.prs
    slot_s = 1e-3 / slots_per_ms
    earliest = begin - float(window.predict(begin)[0]) + window.half_width_s + _MARGIN_S
    instance = math.ceil((earliest - satellite.sfn0_time_s) / slot_s - prs.slot_offset) / prs.periodicity_slots
    slot = prs.slot_offset + math.ceil(instance) * prs.periodicity_slots
    for repetition in range(prs.repetition_factor):
        sent = satellite.sfn0_time_s + (slot + repetition * prs.time_gap_slots) * slot_s
        arrival = sent + float(window.predict(sent + float(window.predict(sent)[0]))[0])
        yield arrival - window.half_width_s, arrival + slot_s + window.half_width_s
