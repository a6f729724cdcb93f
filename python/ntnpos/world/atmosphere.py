# SPDX-License-Identifier: GPL-3.0-or-later
"""Excess delay of the troposphere and the ionosphere on the way from a satellite to a receiver.

Troposphere: the climate and the mapping of the satellite-based augmentation systems (RTCA DO-229, A.4.2.4), by latitude, height
and day of the year. Ionosphere: one vertical electron content, in a thin shell 350 km up (the mapping of the same systems).
The troposphere delays code and carrier alike. The ionosphere delays the code (group) and advances the carrier by as much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .constants import C_M_S, WGS84_A_M
from .frames import azimuth_elevation, ecef_to_geodetic
from .orbits import Orbit

LEAST_ELEVATION_DEG = 5.0
"""Below it the mappings are not stated: lower elevations are taken for this one."""
TECU = 1e16
"""Electrons a square metre in a unit of total electron content."""
_SHELL_M = 350e3
_TOP_M = 80e3
# Averages and seasonal amplitudes at latitudes of 15 to 75 degrees: pressure hPa, temperature K, water vapour pressure hPa,
# lapse rate K/m, vapour's exponent (DO-229 table A-2).
_LATITUDES = np.array([15.0, 30.0, 45.0, 60.0, 75.0])
_AVERAGE = np.array([[1013.25, 299.65, 26.31, 6.30e-3, 2.77], [1017.25, 294.15, 21.79, 6.05e-3, 3.15],
                     [1015.75, 283.15, 11.66, 5.58e-3, 2.57], [1011.75, 272.15, 6.78, 5.39e-3, 1.81],
                     [1013.00, 263.65, 4.11, 4.53e-3, 1.55]])
_SEASONAL = np.array([[0.0, 0.0, 0.0, 0.0, 0.0], [-3.75, 7.0, 8.85, 0.25e-3, 0.33], [-2.25, 11.0, 7.24, 0.32e-3, 0.46],
                      [-1.75, 15.0, 5.36, 0.81e-3, 0.74], [-0.50, 14.5, 3.39, 0.62e-3, 0.30]])
_K1, _K2, _RD, _GM, _G = 77.604, 382000.0, 287.054, 9.784, 9.80665


def zenith_delay_m(latitude_deg, height_m, day_of_year: float) -> tuple[np.ndarray, np.ndarray]:
    """Hydrostatic and wet delay [...] in m straight up, from a height above the sea (10 km at most counts fully)."""
    latitude, height = np.broadcast_arrays(np.asarray(latitude_deg, dtype=float), np.asarray(height_m, dtype=float))
    least = np.where(latitude >= 0.0, 28.0, 211.0)
    season = np.cos(2.0 * np.pi * (day_of_year - least) / 365.25)
    pressure, temperature, vapour, lapse, exponent = (
        np.interp(np.abs(latitude), _LATITUDES, average) - np.interp(np.abs(latitude), _LATITUDES, amplitude) * season
        for average, amplitude in zip(_AVERAGE.T, _SEASONAL.T))
    left = np.maximum(1.0 - lapse * height / temperature, 1e-3)
    hydrostatic = 1e-6 * _K1 * _RD * pressure / _GM * left ** (_G / (_RD * lapse))
    wet = 1e-6 * _K2 * _RD / (_GM * (exponent + 1.0) - lapse * _RD) * vapour / temperature
    return hydrostatic, wet * left ** ((exponent + 1.0) * _G / (_RD * lapse) - 1.0)


def tropospheric_delay_m(latitude_deg, height_m, elevation_deg, day_of_year: float) -> np.ndarray:
    """Slant delay [...] in m: both zenith delays by the mapping 1.001 / sqrt(0.002001 + sin^2) of Black and Eisner."""
    sine = np.sin(np.radians(np.maximum(elevation_deg, LEAST_ELEVATION_DEG)))
    return sum(zenith_delay_m(latitude_deg, height_m, day_of_year)) * 1.001 / np.sqrt(0.002001 + sine**2)


def ionospheric_delay_m(tecu: float, frequency_hz: float, elevation_deg, height_m=0.0) -> np.ndarray:
    """Group delay [...] in m of a vertical content (below the satellite) in TECU: 40.3 TEC / f^2, seen slantwise."""
    cosine = np.cos(np.radians(np.maximum(elevation_deg, LEAST_ELEVATION_DEG)))
    slant = (WGS84_A_M + np.asarray(height_m, dtype=float)) / (WGS84_A_M + _SHELL_M) * cosine
    return 40.3 * tecu * TECU / frequency_hz**2 / np.sqrt(1.0 - np.minimum(slant, 0.999) ** 2)


@dataclass(frozen=True)
class Atmosphere:
    """What the delays are computed from; the same in a simulation's truth and in a solver's correction."""

    frequency_hz: float
    day_of_year: float
    troposphere: bool = False
    ionosphere_tecu: float = 0.0
    """Vertical total electron content below the satellite; 0: none."""

    def delays_s(self, ue_ecef, satellite_ecef) -> tuple[np.ndarray, np.ndarray]:
        """Tropospheric delay and ionospheric group delay, each [...] in s.

        Parameters
        ----------
        ue_ecef, satellite_ecef : array [..., 3]
            In one Earth-fixed frame, m; shapes broadcast. From what is not above the atmosphere (a terrestrial point) there
            is no delay.
        """
        ue = np.asarray(ue_ecef, dtype=float)
        satellite = np.asarray(satellite_ecef, dtype=float)
        latitude, _, height = ecef_to_geodetic(ue)
        _, elevation, _ = azimuth_elevation(ue, satellite)
        above = np.linalg.norm(satellite, axis=-1) > WGS84_A_M + _TOP_M
        wet = tropospheric_delay_m(latitude, height, elevation, self.day_of_year) if self.troposphere else np.zeros(elevation.shape)
        ions = ionospheric_delay_m(self.ionosphere_tecu, self.frequency_hz, elevation, height)
        return np.where(above, wet, 0.0) / C_M_S, np.where(above, ions, 0.0) / C_M_S


@dataclass(frozen=True)
class SeenThrough:
    """An orbit (or a payload, `ntnpos.world.feeder`) whose signals pass the atmosphere: `light_time.received` adds its delays."""

    orbit: Orbit
    atmosphere: Atmosphere

    @property
    def hop(self):
        """See `ntnpos.world.feeder.ThroughPayload.hop`; None where there is no feeder link."""
        return getattr(self.orbit, "hop", None)

    @property
    def feeder(self):
        """The feeder link; None where there is none."""
        return getattr(self.orbit, "feeder", None)

    def state(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """See `Orbit.state`."""
        return self.orbit.state(t_s)
