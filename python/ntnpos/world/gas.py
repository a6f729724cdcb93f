# SPDX-License-Identifier: GPL-3.0-or-later
"""Attenuation by atmospheric gases: Recommendation ITU-R P.676-12, annex 1 (line by line, 1 to 1000 GHz), along a slant
path through the mean annual global reference atmosphere of Recommendation ITU-R P.835-6.

Rain and clouds are not in it: below 6 GHz they matter less than the gases (TR 38.811 6.6.5).
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

import numpy as np

SEA_LEVEL_VAPOUR_G_M3 = 7.5
"""Water vapour density at the ground of the reference atmosphere (P.835-6)."""
_RADIUS_KM = 6371.0
_TOP_KM = 100.0
# Base of each layer in km (geopotential), temperature there in K and its slope in K/km (P.835-6, 1.1).
_BASE_KM = np.array([0.0, 11.0, 20.0, 32.0, 47.0, 51.0, 71.0])
_BASE_K = np.array([288.15, 216.65, 216.65, 228.65, 270.65, 270.65, 214.65])
_SLOPE_K_KM = np.array([-6.5, 0.0, 1.0, 2.8, 0.0, -2.8, -2.0])
_GRAVITY = 34.1632  # M g / R in K/km


@lru_cache(maxsize=None)
def _lines(name: str) -> np.ndarray:
    """Table [7, lines] of the recommendation: frequency in GHz, six coefficients."""
    with resources.as_file(resources.files("ntnpos.data") / f"p676_{name}.csv") as path:
        return np.loadtxt(path, delimiter=",", skiprows=1).T


def specific_attenuation_db_km(frequency_hz: float, dry_pressure_hpa, temperature_k,
                               vapour_g_m3) -> tuple[np.ndarray, np.ndarray]:
    """Attenuation by dry air and by water vapour in dB/km, each [...].

    Parameters
    ----------
    frequency_hz : float
        1e9 to 1e12.
    dry_pressure_hpa, temperature_k, vapour_g_m3 : array [...]
        Pressure of dry air, temperature, water vapour density; shapes broadcast.
    """
    f = frequency_hz / 1e9
    p, t, rho = (v[..., None] for v in np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in
                                                             (dry_pressure_hpa, temperature_k, vapour_g_m3))))
    theta, e = 300.0 / t, rho * t / 216.7
    f0, a1, a2, a3, a4, a5, a6 = _lines("oxygen")
    width = np.sqrt((a3 * 1e-4 * (p * theta ** (0.8 - a4) + 1.1 * e * theta)) ** 2 + 2.25e-6)
    mixing = (a5 + a6 * theta) * 1e-4 * (p + e) * theta**0.8
    shape = f / f0 * ((width - mixing * (f0 - f)) / ((f0 - f) ** 2 + width**2)
                      + (width - mixing * (f0 + f)) / ((f0 + f) ** 2 + width**2))
    oxygen = np.sum(a1 * 1e-7 * p * theta**3 * np.exp(a2 * (1.0 - theta)) * shape, axis=-1)
    p, theta, e = p[..., 0], theta[..., 0], e[..., 0]
    debye = 5.6e-4 * (p + e) * theta**0.8
    continuum = f * p * theta**2 * (6.14e-5 / (debye * (1.0 + (f / debye) ** 2))
                                    + 1.4e-12 * p * theta**1.5 / (1.0 + 1.9e-5 * f**1.5))
    p, theta, e = p[..., None], theta[..., None], e[..., None]
    f0, b1, b2, b3, b4, b5, b6 = _lines("water_vapour")
    width = b3 * 1e-4 * (p * theta**b4 + b5 * e * theta**b6)
    width = 0.535 * width + np.sqrt(0.217 * width**2 + 2.1316e-12 * f0**2 / theta)
    shape = f / f0 * (width / ((f0 - f) ** 2 + width**2) + width / ((f0 + f) ** 2 + width**2))
    water = np.sum(b1 * 0.1 * e * theta**3.5 * np.exp(b2 * (1.0 - theta)) * shape, axis=-1)
    return 0.182 * f * (oxygen + continuum), 0.182 * f * water


def reference_atmosphere(height_km) -> tuple[np.ndarray, np.ndarray]:
    """Pressure in hPa and temperature in K of P.835-6 at geometric heights [...] from 0 to 100 km."""
    z = np.clip(np.asarray(height_km, dtype=float), 0.0, _TOP_KM)
    h = 6356.766 * z / (6356.766 + z)
    pressure, temperature = np.empty(z.shape), np.empty(z.shape)
    base_hpa = 1013.25
    for i, (base, t0, slope) in enumerate(zip(_BASE_KM, _BASE_K, _SLOPE_K_KM)):
        top = _BASE_KM[i + 1] if i + 1 < len(_BASE_KM) else 84.852
        inside = (h >= base) & ((h < top) | (i + 1 == len(_BASE_KM))) & (z <= 86.0)

        def at(height, t0=t0, slope=slope, base=base, base_hpa=base_hpa):
            if slope == 0.0:
                return base_hpa * np.exp(-_GRAVITY * (height - base) / t0)
            return base_hpa * (t0 / (t0 + slope * (height - base))) ** (_GRAVITY / slope)

        temperature[inside] = t0 + slope * (h[inside] - base)
        pressure[inside] = at(h[inside])
        base_hpa = at(top)
    high = z > 86.0
    temperature[high] = np.where(z[high] <= 91.0, 186.8673,
                                 263.1905 - 76.3232 * np.sqrt(np.maximum(1.0 - ((z[high] - 91.0) / 19.9429) ** 2, 0.0)))
    pressure[high] = np.exp(95.571899 - 4.011801 * z[high] + 6.424731e-2 * z[high] ** 2
                            - 4.789660e-4 * z[high] ** 3 + 1.340543e-6 * z[high] ** 4)
    return pressure, temperature


def vapour_density_g_m3(height_km, sea_level_g_m3: float = SEA_LEVEL_VAPOUR_G_M3) -> np.ndarray:
    """Water vapour density of P.835-6: a scale height of 2 km, its mixing ratio at least 2e-6."""
    pressure, temperature = reference_atmosphere(height_km)
    return np.maximum(sea_level_g_m3 * np.exp(-np.asarray(height_km) / 2.0), 2e-6 * pressure * 216.7 / temperature)


def absorption_db(frequency_hz: float, elevation_deg, height_m: float = 0.0,
                  sea_level_g_m3: float = SEA_LEVEL_VAPOUR_G_M3) -> np.ndarray:
    """Attenuation by gases from space to a place, dB.

    Parameters
    ----------
    frequency_hz : float
        1e9 to 1e12.
    elevation_deg : array [...]
        Geometric at the place; below 0 is taken for 0.
    height_m : float
        Of the place above the sea.
    sea_level_g_m3 : float
        Water vapour density at the sea's level.

    Notes
    -----
    Layers that grow exponentially from 10 cm, each with the attenuation of its bottom, and refraction by Snell's law on a sphere
    (P.676-12, annex 1, 2.2.1).
    """
    start = max(height_m / 1e3, 0.0)
    i = np.arange(922)
    thickness = 1e-4 * np.exp(i / 100.0)
    above = start + 1e-4 * np.expm1(i / 100.0) / np.expm1(0.01)
    kept = above < _TOP_KM
    thickness, above = thickness[kept], above[kept]
    pressure, temperature = reference_atmosphere(above)
    vapour = vapour_density_g_m3(above, sea_level_g_m3)
    e = vapour * temperature / 216.7
    gamma = sum(specific_attenuation_db_km(frequency_hz, pressure, temperature, vapour))
    index = 1.0 + 1e-6 * (77.6 * pressure / temperature + 72.0 * e / temperature + 3.75e5 * e / temperature**2)
    radius = _RADIUS_KM + above
    zenith = np.radians(90.0 - np.clip(np.asarray(elevation_deg, dtype=float), 0.0, 90.0))[..., None]
    sine = np.minimum(index[0] * radius[0] * np.sin(zenith) / (index * radius), 1.0)
    down = radius * np.sqrt(1.0 - sine**2)
    length = np.sqrt(down**2 + 2.0 * radius * thickness + thickness**2) - down
    return np.sum(length * gamma, axis=-1)
