# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario as the loader gives it: frozen, valid, without files to look up any more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..network.assistance import Satellite
from ..network.resources import Carrier
from ..world.atmosphere import Atmosphere
from ..world.environments import ENVIRONMENTS
from ..world.feeder import Feeder
from ..world.frames import enu_rotation, geodetic_to_ecef
from ..world.timebase import Epoch

DATATYPES = ("ci16_le", "cf32_le")
MAX_SAMPLES = 400_000_000
"""Of a recording."""
TAPPED = ("ntn-tdl-a", "ntn-tdl-b", "ntn-tdl-c", "ntn-tdl-d")
"""Tapped delay lines of TR 38.811 6.9.2."""
MODELS = ("los", *TAPPED, *ENVIRONMENTS)
"""Channel models."""
BY_MODEL = "model"
"""In place of a loss in dB: as elevation and carrier give it."""


@dataclass(frozen=True)
class Occasions:
    """PRS occasions to stream, the samples between them left out."""

    every_s: float
    """Between the starts of two; above 0."""
    count: int
    """1 to 100000."""


@dataclass(frozen=True)
class Ue:
    """The receiver's place when the reception starts, and its motion."""

    latitude_deg: float
    longitude_deg: float
    height_m: float
    """Above WGS-84."""
    velocity_enu_m_s: tuple[float, float, float]
    """East, north, up at that place; constant in the Earth-fixed frame (a straight line, not a level one)."""

    @property
    def ecef_m(self) -> np.ndarray:
        """Place [3] at the start."""
        return geodetic_to_ecef(self.latitude_deg, self.longitude_deg, self.height_m)

    @property
    def velocity_ecef_m_s(self) -> np.ndarray:
        """Velocity [3] relative to the turning frame."""
        return enu_rotation(self.latitude_deg, self.longitude_deg).T @ np.array(self.velocity_enu_m_s)


@dataclass(frozen=True)
class Receiver:
    """The receiver's one oscillator, its noise, what is recorded and what it is told of its clock."""

    clock_offset_s: float
    """Clock minus system time at the first sample."""
    frequency_error_ppm: float
    """How much the clock gains a second of system time; LO and sampling clock with it."""
    noise_figure_db: float
    datatype: str
    clock_offset_max_s: float
    """Bound of the offset that the assistance data state."""
    frequency_error_max_ppm: float
    """Likewise."""


@dataclass(frozen=True)
class Path:
    """One path from every satellite."""

    delay_s: float = 0.0
    """More than the line of sight takes, at the first sample; 0 is the line of sight."""
    power_db: float = 0.0
    """Relative to what the link budget (or `snr_db`) gives the line of sight."""
    phase_deg: float | None = None
    """Phase of the gain; None: drawn from the seed."""
    doppler_hz: float = 0.0
    """More than the line of sight has: the excess delay shrinks by doppler_hz / f_c a second."""


@dataclass(frozen=True)
class Channel:
    """How the signals come."""

    model: str
    """One of `MODELS`."""
    snr_db: float | None
    """Of every satellite while it sends, in the band of its PRS; None: by the link budget. Shadow fading and clutter of an
    environment come on top."""
    paths: tuple[Path, ...]
    """Of every satellite that has none of its own, earliest first; by default the line of sight alone."""
    delay_spread_s: float = 100e-9
    """rms, of a tapped delay line; an environment draws it."""
    ue_speed_m_s: float | None = None
    """What the taps' Doppler spectrum comes from; None: the receiver's own velocity."""


@dataclass(frozen=True)
class Link:
    """Terms of the link budget as `ntnpos.world.link_budget` names them; a loss of 0 dB is off."""

    eirp_density_dbw_mhz: float | None = None
    """None: 34 from below 900 km, else 40 (TR 38.821, S band, set 1)."""
    ue_gain_dbi: float = 0.0
    beam_loss_db: float = 0.0
    atmospheric_loss_db: float | str = 0.0
    """Or `BY_MODEL`: ITU-R P.676."""
    scintillation_loss_db: float | str = 0.0
    """Or `BY_MODEL`: ITU-R P.618 and P.531."""
    shadow_margin_db: float = 0.0
    clutter_loss_db: float = 0.0
    polarisation_loss_db: float = 0.0


@dataclass(frozen=True)
class Air:
    """The atmosphere."""

    true: Atmosphere | None
    """None: vacuum."""
    told: Atmosphere | None
    """What the assistance data say of it."""


@dataclass(frozen=True)
class Errors:
    """How far the satellites are from what the assistance data say; drawn from the seed, constant all through."""

    satellite_position_m: float = 0.0
    """Standard deviation of each Earth-fixed coordinate."""
    satellite_clock_s: float = 0.0
    """Standard deviation of the clock offset."""


@dataclass(frozen=True)
class Prior:
    """How well the network knows the place beforehand; the prior position is drawn from the seed."""

    horizontal_sigma_m: float
    height_sigma_m: float


@dataclass(frozen=True)
class Scenario:
    """A valid scenario."""

    file: str
    """Where it was read from, for messages."""
    title: str
    """One line on what it shows."""
    epoch: Epoch
    start_s: float
    """Receiver clock at the first sample, in s from the epoch."""
    duration_s: float
    """Length of the reception by the receiver's clock; with occasions, from the first to the end of the last."""
    occasions: Occasions | None
    """None: all of the duration is streamed."""
    seed: int
    carrier: Carrier
    sample_rate_hz: float
    satellites: tuple[Satellite, ...]
    """As the assistance data say, in vacuum."""
    own_paths: tuple[tuple[Path, ...] | None, ...]
    """Of each satellite; None: those of the channel, (): nothing arrives."""
    ue: Ue
    receiver: Receiver
    channel: Channel
    link: Link
    prior: Prior
    air: Air
    errors: Errors
    feeder: Feeder | None = None
    """None: the satellites make their signals themselves (regenerative payload)."""

    def paths_of(self, index: int) -> tuple[Path, ...]:
        """Of a satellite, earliest first."""
        own = self.own_paths[index]
        return self.channel.paths if own is None else own
