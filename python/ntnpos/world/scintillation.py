# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses by scintillation: of the ionosphere below 6 GHz, of the troposphere above."""

from __future__ import annotations

import numpy as np

IONOSPHERIC_4GHZ_DB = 1.1
"""Peak-to-peak fluctuation at 4 GHz that is exceeded 1 % of the time near the magnetic equator (ITU-R P.531, figure of
the Hong Kong measurements; TR 38.811 6.6.6.1-4)."""
EQUATORIAL_DEG = 20.0
"""TR 38.811 counts ionospheric scintillation up to this latitude either way."""
WET_REFRACTIVITY = 42.0
"""N_wet, about the median of temperate latitudes (ITU-R P.453)."""


def ionospheric_loss_db(frequency_hz) -> np.ndarray:
    """Loss near the equator in dB: P_fluc(4 GHz) (f / 4 GHz)^-1.5 / sqrt(2) (TR 38.811 6.6.6.1-4).

    2.2 dB at 2 GHz, which is what the link budgets of TR 38.821 take at any latitude.
    """
    return IONOSPHERIC_4GHZ_DB * (np.asarray(frequency_hz, dtype=float) / 4e9) ** -1.5 / np.sqrt(2.0)


def tropospheric_deviation_db(frequency_hz: float, elevation_deg, antenna_m: float = 0.0,
                              wet_refractivity: float = WET_REFRACTIVITY, efficiency: float = 0.5) -> np.ndarray:
    """Standard deviation of the level [...] in dB (ITU-R P.618-13, 2.4.1; stated for 4 to 20 GHz and 5 degrees or more).

    Parameters
    ----------
    elevation_deg : array [...]
    antenna_m : float
        Diameter; the larger, the less. 0: a point.
    """
    sine = np.sin(np.radians(np.asarray(elevation_deg, dtype=float)))
    path_m = 2.0 * 1000.0 / (np.sqrt(sine**2 + 2.35e-4) + sine)
    x = 1.22 * efficiency * antenna_m**2 * (frequency_hz / 1e9) / path_m
    averaging = np.sqrt(np.maximum(3.86 * (x**2 + 1.0) ** (11.0 / 12.0) * np.sin(11.0 / 6.0 * np.arctan2(1.0, x))
                                   - 7.08 * x ** (5.0 / 6.0), 0.0))
    return (3.6e-3 + 1e-4 * wet_refractivity) * (frequency_hz / 1e9) ** (7.0 / 12.0) * averaging / sine**1.2


def tropospheric_loss_db(frequency_hz: float, elevation_deg, percent: float = 1.0, antenna_m: float = 0.0,
                         wet_refractivity: float = WET_REFRACTIVITY, efficiency: float = 0.5) -> np.ndarray:
    """Fade that is exceeded `percent` (0.01 to 50) of the time [...] in dB (ITU-R P.618-13, 2.4.1)."""
    log = np.log10(percent)
    factor = -0.061 * log**3 + 0.072 * log**2 - 1.71 * log + 3.0
    return factor * tropospheric_deviation_db(frequency_hz, elevation_deg, antenna_m, wet_refractivity, efficiency)


def loss_db(frequency_hz: float, elevation_deg, latitude_deg: float) -> np.ndarray:
    """Loss [...] that is exceeded 1 % of the time: of the troposphere, and near the equator of the ionosphere as well."""
    loss = tropospheric_loss_db(frequency_hz, elevation_deg)
    return loss + (ionospheric_loss_db(frequency_hz) if abs(latitude_deg) <= EQUATORIAL_DEG else 0.0)
