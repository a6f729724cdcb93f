# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure functions between geodetic, Earth-fixed (ECEF), local and celestial frames.

Positions are arrays ``[..., 3]`` in metres; angles are degrees in arguments named ``_deg``, else radians. NaN
in gives NaN out; nothing raises on values.
"""

from __future__ import annotations

import numpy as np

from .constants import WGS84_A_M, WGS84_B_M, WGS84_E2


def geodetic_to_ecef(lat_deg, lon_deg, h_m) -> np.ndarray:
    """ECEF position [..., 3] in metres of WGS-84 latitude, longitude (degrees) and ellipsoidal height
    (metres)."""
    lat, lon, h = np.broadcast_arrays(np.radians(lat_deg), np.radians(lon_deg), np.asarray(h_m, dtype=float))
    n = WGS84_A_M / np.sqrt(1.0 - WGS84_E2 * np.sin(lat) ** 2)
    p = (n + h) * np.cos(lat)
    return np.stack([p * np.cos(lon), p * np.sin(lon), (n * (1.0 - WGS84_E2) + h) * np.sin(lat)], axis=-1)


def ecef_to_geodetic(r) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """WGS-84 latitude, longitude (degrees) and ellipsoidal height (metres) of ECEF positions [..., 3].

    Bowring's iteration on the parametric latitude; to rounding for any position more than 100 km from the
    Earth's centre. Longitude is in (-180, 180], and 0 on the polar axis.
    """
    x, y, z = np.moveaxis(np.asarray(r, dtype=float), -1, 0)
    p = np.hypot(x, y)
    second_e2 = WGS84_E2 / (1.0 - WGS84_E2)
    beta = np.arctan2(z * WGS84_A_M, p * WGS84_B_M)
    for _ in range(5):
        lat = np.arctan2(z + second_e2 * WGS84_B_M * np.sin(beta) ** 3,
                         p - WGS84_E2 * WGS84_A_M * np.cos(beta) ** 3)
        beta = np.arctan2(WGS84_B_M * np.sin(lat), WGS84_A_M * np.cos(lat))
    h = p * np.cos(lat) + z * np.sin(lat) - WGS84_A_M * np.sqrt(1.0 - WGS84_E2 * np.sin(lat) ** 2)
    return np.degrees(lat), np.degrees(np.arctan2(y, x)), h


def enu_rotation(lat_deg: float, lon_deg: float) -> np.ndarray:
    """Rotation [..., 3, 3] from ECEF to local axes: rows are east, north and up at that geodetic place."""
    lat, lon = np.broadcast_arrays(np.radians(lat_deg), np.radians(lon_deg))
    sin_lat, cos_lat, sin_lon, cos_lon = np.sin(lat), np.cos(lat), np.sin(lon), np.cos(lon)
    east = np.stack([-sin_lon, cos_lon, np.zeros_like(lat)], axis=-1)
    north = np.stack([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat], axis=-1)
    up = np.stack([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat], axis=-1)
    return np.stack([east, north, up], axis=-2)


def r3(angle) -> np.ndarray:
    """R3(a) = [[cos a, sin a, 0], [-sin a, cos a, 0], [0, 0, 1]] as [..., 3, 3]; `angle` in radians."""
    angle = np.asarray(angle, dtype=float)
    c, s, zero = np.cos(angle), np.sin(angle), np.zeros_like(angle)
    rows = [np.stack(row, axis=-1) for row in ([c, s, zero], [-s, c, zero], [zero, zero, zero + 1.0])]
    return np.stack(rows, axis=-2)


def rotate3(angle, r) -> np.ndarray:
    """R3(angle) applied to positions [..., 3] without forming matrices; shapes broadcast."""
    r = np.asarray(r, dtype=float)
    c, s = np.cos(angle), np.sin(angle)
    turned = np.empty(np.broadcast_shapes(np.shape(c), r.shape[:-1]) + (3,))
    turned[..., 0] = c * r[..., 0] + s * r[..., 1]
    turned[..., 1] = c * r[..., 1] - s * r[..., 0]
    turned[..., 2] = r[..., 2]
    return turned


def gmst82_rad(jd_whole, jd_frac) -> np.ndarray:
    """Greenwich mean sidereal time of IAU 1982 in [0, 2 pi), from a UT1 Julian date in two parts.

    Source: Aoki et al. 1982. The whole days of its 876600 h a century are whole turns and are dropped before
    rounding can touch them, so the result is smooth to 1e-13 rad.
    """
    days = (np.asarray(jd_whole, dtype=float) - 2451545.0) + jd_frac
    t = days / 36525.0
    turn_s = 86400.0 * (np.mod(np.asarray(jd_whole, dtype=float) - 2451545.0, 1.0) + jd_frac)
    seconds = 67310.54841 + turn_s + t * (8640184.812866 + t * (0.093104 - 6.2e-6 * t))
    return np.mod(seconds, 86400.0) * (2.0 * np.pi / 86400.0)


def nadir_axes(r, v) -> np.ndarray:
    """Axes of a body that looks straight down to the Earth's middle: rows x, y, z of [..., 3, 3] in the frame of r and v.

    z points to the Earth's middle, x along the part of v across it, y = z x x.

    Parameters
    ----------
    r, v : array [..., 3]
        Place and velocity; v not along r.
    """
    z = -r / np.linalg.norm(r, axis=-1, keepdims=True)
    x = v - z * np.sum(v * z, axis=-1, keepdims=True)
    x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    return np.stack([x, np.cross(z, x), z], axis=-2)


def azimuth_elevation(ue_ecef, target_ecef) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Geometric azimuth (from north over east, [0, 360) degrees), elevation (degrees) and range (metres).

    Parameters
    ----------
    ue_ecef, target_ecef : array [..., 3]
        ECEF positions in metres in one frame; shapes broadcast. No light time, no refraction.
    """
    ue_ecef = np.asarray(ue_ecef, dtype=float)
    lat, lon, _ = ecef_to_geodetic(ue_ecef)
    line = np.asarray(target_ecef, dtype=float) - ue_ecef
    east, north, up = np.moveaxis(np.einsum("...ij,...j->...i", enu_rotation(lat, lon), line), -1, 0)
    azimuth = np.degrees(np.arctan2(east, north)) % 360.0
    return azimuth, np.degrees(np.arctan2(up, np.hypot(east, north))), np.linalg.norm(line, axis=-1)
