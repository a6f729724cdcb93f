# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene to simulate: a place, an instant, the real satellites above its horizon, and a receiver's clock."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Iterable

import numpy as np

from ntnpos.network.assistance import Assistance, ReceiverBounds, Satellite, UePrior
from ntnpos.network.resources import Carrier, PrsResource
from ntnpos.scenario import Path
from ntnpos.world.constants import EARTH_RADIUS_M
from ntnpos.world.elements import SHIPPED, SHIPPED_TIME, shipped_elements
from ntnpos.world.frames import enu_rotation, geodetic_to_ecef
from ntnpos.world.light_time import received
from ntnpos.world.link_budget import LinkBudget, eirp_density_dbw_mhz
from ntnpos.world.orbits import Orbit
from ntnpos.world.timebase import Epoch
from ntnpos.world.visibility import VisibleSatellite, visible_satellites

DEFAULT_TIME = SHIPPED_TIME
ELEMENTS_GOOD_FOR_DAYS = 7.0
MOST_SATELLITES = 9
MIN_ELEVATION_DEG = 25.0
COMB_SIZE = 4
PERIODICITY_SLOTS = 10
PRIOR_SIGMA_M = 50e3
START_S = 1.0


@dataclass(frozen=True)
class ReceiverClock:
    """Oscillator of the receiver: clock minus system time at the start, and how fast that grows."""

    offset_s: float
    frequency_error_ppm: float


LINE_OF_SIGHT = (Path(),)


@dataclass(frozen=True)
class Fading:
    """What every path of a satellite fades by."""

    model: str
    """ntn-tdl-a to -d, TR 38.811 6.9.2."""
    delay_spread_s: float
    ue_speed_m_s: float
    seed: int


@dataclass(frozen=True)
class Transmitter:
    """What is true of a satellite."""

    orbit: Orbit
    """Its signals' way included: through the atmosphere, if there is one."""
    clock_offset_s: float
    rays: tuple[Path, ...] = LINE_OF_SIGHT
    """Earliest first; none: nothing of it arrives."""
    fading: Fading | None = None

    def range_m(self, place: np.ndarray, t_s: float) -> float:
        """Distance from a place [3] of what is received there at a system time: the service link's alone."""
        seen = received(self.orbit, place, t_s)
        return float(np.linalg.norm(seen.sat_at_rx_frame[0] - place))


@dataclass(frozen=True)
class Scene:
    """All that is true in a simulation. The receiver and the engine are shown `assistance` only."""

    assistance: Assistance
    sky: tuple[VisibleSatellite, ...]
    """As seen from the place when the reception starts, in the order of the assistance data's satellites."""
    latitude_deg: float
    longitude_deg: float
    height_m: float
    start_s: float
    """Receiver clock at the first sample, in s from the epoch."""
    clock: ReceiverClock
    snr_db: tuple[float, ...]
    """Of each satellite while it sends, in the bandwidth of its PRS."""
    seed: int
    transmitters: tuple[Transmitter, ...] | None = None
    """In the order of the satellites; None: they are where they are told to be, with a line of sight each."""
    velocity_ecef_m_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Of the receiver, relative to the turning frame, all through."""
    power_follows_range: bool = False
    """`snr_db` is that at the start; at a later stretch of the reception the satellite is nearer or farther."""

    @property
    def ecef_m(self) -> np.ndarray:
        """The receiver's place [3] when the reception starts."""
        return geodetic_to_ecef(self.latitude_deg, self.longitude_deg, self.height_m)

    @property
    def system_start_s(self) -> float:
        """System time of the first sample, in s from the epoch."""
        return self.start_s - self.clock.offset_s

    def transmitter(self, index: int) -> Transmitter:
        """What is true of satellite `index`."""
        if self.transmitters is not None:
            return self.transmitters[index]
        satellite = self.assistance.satellites[index]
        return Transmitter(satellite.orbit, satellite.clock_offset_s)

    @property
    def latest_s(self) -> float:
        """Longest excess delay of all paths."""
        rays = [ray for i in range(len(self.assistance.satellites)) for ray in self.transmitter(i).rays]
        return max((ray.delay_s for ray in rays), default=0.0)

    def snr_at(self, index: int, range_m: float) -> float:
        """SNR of satellite `index` at a distance, in dB."""
        nearer = self.sky[index].range_m / range_m if self.power_follows_range else 1.0
        return self.snr_db[index] + 20.0 * float(np.log10(nearer))

    def ecef_at(self, t_s) -> np.ndarray:
        """The receiver's place [..., 3] at system times [...]."""
        return self.ecef_m + np.multiply.outer(np.asarray(t_s, dtype=float) - self.system_start_s,
                                               np.array(self.velocity_ecef_m_s))


def link_of(seen: VisibleSatellite, place: np.ndarray, noise_figure_db: float = 7.0) -> LinkBudget:
    """TR 38.821 set 1 in S band: 34 dBW/MHz from 600 km, 40 from 1200 km; the nearer of the two holds."""
    sine = np.sin(np.radians(seen.elevation_deg))
    radius = np.linalg.norm(place)
    height_m = np.sqrt(radius**2 + seen.range_m**2 + 2.0 * radius * seen.range_m * sine) - radius
    return LinkBudget(eirp_density_dbw_mhz=eirp_density_dbw_mhz(height_m), noise_figure_db=noise_figure_db)


def wrong_prior(rng: np.random.Generator, latitude_deg: float, longitude_deg: float, height_m: float,
                horizontal_sigma_m: float, height_sigma_m: float) -> UePrior:
    """A prior that is 0.3 to 1.2 of its horizontal sigma away from the place, in a direction drawn as well."""
    bearing, distance = rng.uniform(0.0, 2.0 * np.pi), horizontal_sigma_m * rng.uniform(0.3, 1.2)
    away = np.degrees(distance / EARTH_RADIUS_M)
    latitude = float(np.clip(latitude_deg + away * np.cos(bearing), -89.9, 89.9))
    away_east = away * np.sin(bearing) / np.cos(np.radians(latitude))
    longitude = float((longitude_deg + away_east + 180.0) % 360.0 - 180.0)
    return UePrior(latitude, longitude, height_m, horizontal_sigma_m, height_sigma_m)


def real_scene(latitude_deg: float, longitude_deg: float, epoch: Epoch,
               elements: Iterable[tuple[str, str, str]], *, height_m: float = 50.0,
               min_elevation_deg: float = MIN_ELEVATION_DEG, most: int = MOST_SATELLITES,
               carrier: Carrier | None = None, seed: int = 1) -> Scene:
    """The satellites that stand highest at a place and instant, up to `most`.

    Powers follow the link budget (`link_of`) without fading. The prior is wrong by
    about its sigma, the clock within its bounds, both drawn from `seed`.
    """
    rng = np.random.default_rng(seed)
    start_s = START_S
    place = geodetic_to_ecef(latitude_deg, longitude_deg, height_m)
    sky = visible_satellites(elements, epoch, place, start_s, min_elevation_deg)[:most]
    carrier = carrier or Carrier(frequency_hz=2.0e9, scs_khz=15, n_rb=24)
    satellites, snr_db = [], []
    lines = {name: (line1, line2) for name, line1, line2 in elements}
    for index, seen in enumerate(sky):
        line1, line2 = lines[seen.name]
        prs = PrsResource(
            sequence_id=int(rng.integers(4096)), comb_size=COMB_SIZE, re_offset=index % COMB_SIZE, start_symbol=2,
            num_symbols=4, num_rb=carrier.n_rb, periodicity_slots=PERIODICITY_SLOTS * carrier.slots_per_subframe,
            slot_offset=index % PERIODICITY_SLOTS)
        satellites.append(Satellite(
            id=seen.name, orbit=seen.orbit, clock_offset_s=0.0, sfn0_time_s=0.0, prs=prs,
            ephemeris={"type": "tle", "line1": line1, "line2": line2}))
        snr_db.append(float(link_of(seen, place).snr_db(seen.range_m, carrier.frequency_hz)))
    prior = wrong_prior(rng, latitude_deg, longitude_deg, 0.0, PRIOR_SIGMA_M, 100.0)
    bounds = ReceiverBounds(clock_offset_max_s=1e-3, frequency_error_max_ppm=0.5)
    clock = ReceiverClock(float(rng.uniform(-5e-4, 5e-4)), float(rng.uniform(-0.4, 0.4)))
    assistance = Assistance(
        epoch=epoch, carrier=carrier, satellites=tuple(satellites), ue_prior=prior, receiver=bounds)
    return Scene(assistance, tuple(sky), latitude_deg, longitude_deg, height_m, start_s, clock, tuple(snr_db), seed)


def local_error(scene: Scene, ecef_m) -> np.ndarray:
    """East, north, up of a position from the scene's truth, in m."""
    return enu_rotation(scene.latitude_deg, scene.longitude_deg) @ (np.asarray(ecef_m) - scene.ecef_m)


def against_truth(scene: Scene, fix: dict[str, Any]) -> str:
    """What a fix line's object says beside the scene's truth, for people."""
    if fix["ecef_m"] is None:
        return f"{fix['status']}: {fix['reason']}"
    error = local_error(scene, fix["ecef_m"])
    return (f"{len(fix['used'])} satellites, horizontal error {np.hypot(*error[:2]):.2f} m "
            f"(says ±{fix['horizontal_std_m']:.2f} m)")


def elements_for(epoch: Epoch) -> list[tuple[str, str, str]]:
    """All shipped element sets; a warning where they are old for the instant."""
    elements = [found for name in SHIPPED for found in shipped_elements(name)]
    age_days = abs(Epoch.parse(DEFAULT_TIME).seconds_until(epoch)) / 86400.0
    if age_days > ELEMENTS_GOOD_FOR_DAYS:
        print(f"the shipped elements are of 2025-10-07, {age_days:.0f} days away: the sky will not be the real one",
              file=sys.stderr)
    return elements
