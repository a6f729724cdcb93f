# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of the ground about a place: azimuthal and true to distance from it, on a sphere; good to 0.5 %."""

from __future__ import annotations

import numpy as np

SPHERE_M = 6371e3


def from_map(latitude_deg: float, longitude_deg: float, east_m, north_m) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude [...] in degrees of points on the map about a place."""
    east, north = np.broadcast_arrays(np.asarray(east_m, dtype=float), np.asarray(north_m, dtype=float))
    arc, bearing = np.hypot(east, north) / SPHERE_M, np.arctan2(east, north)
    lat0, lon0 = np.radians(latitude_deg), np.radians(longitude_deg)
    sin_lat = np.sin(lat0) * np.cos(arc) + np.cos(lat0) * np.sin(arc) * np.cos(bearing)
    lat = np.arcsin(np.clip(sin_lat, -1.0, 1.0))
    lon = lon0 + np.arctan2(
        np.sin(bearing) * np.sin(arc) * np.cos(lat0), np.cos(arc) - np.sin(lat0) * sin_lat
    )
    return np.degrees(lat), np.degrees(lon)


def to_map(latitude_deg: float, longitude_deg: float, lat_deg, lon_deg) -> tuple[np.ndarray, np.ndarray]:
    """East and north [...] in m of places on the map about a place."""
    lat0, lat = np.radians(latitude_deg), np.radians(lat_deg)
    turn = np.radians(np.asarray(lon_deg, dtype=float) - longitude_deg)
    east = np.cos(lat) * np.sin(turn)
    north = np.cos(lat0) * np.sin(lat) - np.sin(lat0) * np.cos(lat) * np.cos(turn)
    across = np.hypot(east, north)
    arc = np.arctan2(across, np.sin(lat0) * np.sin(lat) + np.cos(lat0) * np.cos(lat) * np.cos(turn))
    scale = SPHERE_M * np.where(across > 0.0, arc / np.where(across > 0.0, across, 1.0), 1.0)
    return scale * east, scale * north
