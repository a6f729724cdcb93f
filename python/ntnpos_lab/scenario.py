# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario as a scene to simulate, and the stretches of its reception that are streamed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator

import numpy as np

from ntnpos.errors import InputError
from ntnpos.network.assistance import Assistance, ReceiverBounds, Satellite, through
from ntnpos.network.search_windows import SearchWindow, search_windows
from ntnpos.scenario import Scenario
from ntnpos.scenario.model import BY_MODEL, MAX_SAMPLES, TAPPED
from ntnpos.scenario.surroundings import as_told
from ntnpos.world.atmosphere import SeenThrough
from ntnpos.world.environments import ENVIRONMENTS, Situation, draw
from ntnpos.world.feeder import ThroughPayload, common_ta_fit
from ntnpos.world.frames import azimuth_elevation
from ntnpos.world.light_time import received
from ntnpos.world.link_budget import LinkBudget, free_space_loss_db
from ntnpos.world.orbits import Displaced
from ntnpos.world.visibility import VisibleSatellite

from .scene import Fading, ReceiverClock, Scene, Transmitter, link_of, wrong_prior

LIBRARY = Path(__file__).with_name("scenarios")
PIECE_S = 0.25
"""Powers are renewed so often: from 550 km they change by 0.02 dB at most meanwhile."""
COMMON_TA_S = 5.0
"""Between two epochs of common TA, at most."""
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
    terms = {name: value for name, value in vars(scenario.link).items() if value is not None}
    modelled = [name for name, value in terms.items() if value == BY_MODEL]
    budget = replace(usual, **{name: value for name, value in terms.items() if name not in modelled})
    return budget.modelled(modelled, scenario.carrier.frequency_hz, seen.elevation_deg, scenario.ue.latitude_deg, scenario.ue.height_m)


def link_terms(scenario: Scenario, seen: VisibleSatellite) -> dict[str, float] | None:
    """Every term of a satellite's SNR by its name; None where the scenario states the SNR itself."""
    if scenario.channel.snr_db is not None:
        return None
    budget = budget_of(scenario, seen)
    return {name: float(value) for name, value in vars(budget).items()} | {
        "free_space_loss_db": float(free_space_loss_db(seen.range_m, scenario.carrier.frequency_hz)),
        "noise_density_dbw_hz": float(budget.noise_density_dbw_hz())}


def situation_of(scenario: Scenario, index: int, elevation_deg: float) -> Situation | None:
    """What the environment does to satellite `index`, drawn from the scenario's seed; None where it names none."""
    environment = ENVIRONMENTS.get(scenario.channel.model)
    if environment is None:
        return None
    return draw(environment, elevation_deg, np.random.default_rng([scenario.seed, 6, index]))


def fading_of(scenario: Scenario, index: int, situation: Situation | None) -> Fading | None:
    """How the signal of satellite `index` fades."""
    channel = scenario.channel
    if channel.model not in TAPPED and situation is None:
        return None
    speed = channel.ue_speed_m_s
    if speed is None:
        speed = float(np.linalg.norm(scenario.ue.velocity_enu_m_s))
    seed = int(np.random.SeedSequence([scenario.seed, 7, index]).generate_state(1, np.uint64)[0])
    if situation is None:
        return Fading(channel.model, channel.delay_spread_s, speed, seed)
    return Fading(situation.profile, situation.delay_spread_s, speed, seed)


def transmitters_of(scenario: Scenario, situations: list[Situation | None]) -> tuple[Transmitter, ...]:
    """What is true of every satellite: place and clock off by drawn errors, atmosphere, paths, fading."""
    found = []
    errors, air = scenario.errors, scenario.air.true
    for index, (satellite, situation) in enumerate(zip(scenario.satellites, situations)):
        rng = np.random.default_rng([scenario.seed, 5, index])
        place, clock = errors.satellite_position_m * rng.standard_normal(3), errors.satellite_clock_s * rng.standard_normal()
        orbit = Displaced(satellite.orbit, place) if errors.satellite_position_m > 0.0 else satellite.orbit
        if scenario.feeder is not None:
            orbit = ThroughPayload(orbit, scenario.feeder)
        found.append(Transmitter(orbit if air is None else SeenThrough(orbit, air), satellite.clock_offset_s + clock,
                                 tuple(scenario.paths_of(index)),
                                 fading_of(scenario, index, situation)))
    return tuple(found)


def common_ta_of(scenario: Scenario, satellite: Satellite) -> dict[str, object]:
    """Common TA of the feeder link as the assistance data have it: a quadratic for every five seconds at most."""
    start = scenario.start_s - scenario.receiver.clock_offset_s
    count = max(1, math.ceil(scenario.duration_s / COMMON_TA_S))
    each = max(scenario.duration_s / count, 1.0)  # a shorter fit would be of rounding; ephemerides hold so long after the end
    epochs = start + each * (0.5 + np.arange(count))
    first, *more = (vars(common_ta_fit(scenario.feeder, satellite.orbit, float(t), 0.5 * each)) for t in epochs)
    return {"common_ta": first} | ({"common_ta_updates": more} if more else {})


def told_of(scenario: Scenario) -> tuple[tuple[Satellite, ...], dict]:
    """Satellites as the receiver and the engine see them, and what the assistance data say beside them."""
    told, satellites = scenario.air.told, scenario.satellites
    if scenario.errors.satellite_position_m > 0.0:
        sigma = scenario.errors.satellite_position_m
        satellites = tuple(replace(s, position_std_m=sigma, extra=dict(s.extra) | {"position_std_m": sigma}) for s in satellites)
    if scenario.feeder is not None:
        satellites = tuple(replace(s, extra=dict(s.extra) | common_ta_of(scenario, s)) for s in satellites)
    if told is None:
        return satellites, {}
    return tuple(through(satellites, told)), {"atmosphere": as_told(told)}


def scene_of(scenario: Scenario) -> Scene:
    """The scene of a scenario: its sky, link budget and clock, and the prior drawn from its seed."""
    place, clock = scenario.ue.ecef_m, scenario.receiver
    start = scenario.start_s - clock.clock_offset_s
    sky, snr_db, situations = [], [], []
    for index, satellite in enumerate(scenario.satellites):
        seen_at = received(satellite.orbit, place, start).sat_at_rx_frame[0]
        azimuth, elevation, distance = map(float, azimuth_elevation(place, seen_at))
        seen = VisibleSatellite(satellite.id, satellite.orbit, azimuth, elevation, distance)
        sky.append(seen)
        situations.append(situation_of(scenario, index, elevation))
        snr = (float(budget_of(scenario, seen).snr_db(distance, scenario.carrier.frequency_hz))
               if scenario.channel.snr_db is None else scenario.channel.snr_db)
        if situations[-1] is not None:
            snr -= situations[-1].shadow_db + situations[-1].clutter_db
        snr_db.append(snr)
    rng = np.random.default_rng([scenario.seed, 2])
    prior = wrong_prior(rng, scenario.ue.latitude_deg, scenario.ue.longitude_deg,
                        scenario.ue.height_m + scenario.prior.height_sigma_m * float(rng.uniform(-1.0, 1.0)),
                        scenario.prior.horizontal_sigma_m, scenario.prior.height_sigma_m)
    satellites, beside = told_of(scenario)
    assistance = Assistance(
        epoch=scenario.epoch, carrier=scenario.carrier, satellites=satellites, ue_prior=prior,
        receiver=ReceiverBounds(clock.clock_offset_max_s, clock.frequency_error_max_ppm), path=scenario.file, extra=beside)
    return Scene(assistance, tuple(sky), scenario.ue.latitude_deg, scenario.ue.longitude_deg, scenario.ue.height_m,
                 scenario.start_s, ReceiverClock(clock.clock_offset_s, clock.frequency_error_ppm), tuple(snr_db),
                 scenario.seed, transmitters_of(scenario, situations), tuple(map(float, scenario.ue.velocity_ecef_m_s)),
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

    def pieces(self, scenario: Scenario) -> list[Stretch]:
        """The same samples in pieces of at most `PIECE_S`, within which powers do not change."""
        most = max(1, round(PIECE_S * scenario.sample_rate_hz))
        return [Stretch(self.first + k, min(most, self.count - k)) for k in range(0, self.count, most)]

    def piece_at(self, scenario: Scenario, t_s: float) -> Stretch:
        """The piece that holds a time of the receiver's clock (the nearest, beyond the ends)."""
        pieces = self.pieces(scenario)
        most = max(1, round(PIECE_S * scenario.sample_rate_hz))
        return pieces[min(max(math.floor((t_s - self.start_s(scenario)) * scenario.sample_rate_hz / most), 0), len(pieces) - 1)]


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
    late = scene.latest_s
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
