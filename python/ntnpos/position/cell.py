# SPDX-License-Identifier: GPL-3.0-or-later
"""What the serving cell says about a place: on which side of a satellite's track it is, whether inside a
polygon, whether in the beam that served it."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..network.assistance import Assistance
from ..world.frames import ecef_to_geodetic, enu_rotation, geodetic_to_ecef
from ..world.orbits import Orbit, OrbitError
from .system import System

_SIGMAS = 3.0                   # a place so near a border may be on either side
_MOST_SEARCH_S = 240.0          # how far from the rows the closest approach is looked for
_ARC_RAD = np.radians(0.5)      # a polygon's edges are followed along great circles in steps of this


def allows(assistance: Assistance, system: System, place: np.ndarray, horizontal_std_m: float) -> bool:
    """Whether a place [3] may be in the serving cell; the side counts where the rows are of one satellite.

    Parameters
    ----------
    horizontal_std_m : float
        Of the place: one that is within three deviations of a border may be on either side.
    """
    cell = assistance.serving_cell
    margin_m = _SIGMAS * horizontal_std_m if np.isfinite(horizontal_std_m) else np.inf
    if cell.side is not None and len(system.satellites) == 1:
        orbit = assistance.transmitter(system.satellites[0]).orbit
        left_m = left_of_track_m(orbit, place, float(np.mean(system.layout.t_ref_s)))
        if (left_m if cell.side == "left" else -left_m) < -margin_m:
            return False
    if cell.beam is not None and beside_beam_m(assistance, place) > margin_m:
        return False
    return cell.polygon_deg is None or outside_m(cell.polygon_deg, place) <= margin_m


def beside_beam_m(assistance: Assistance, place: np.ndarray) -> float:
    """Distance in m, across the line of sight, by which a place [3] is outside the serving cell's beam; 0 inside."""
    beam = assistance.serving_cell.beam
    try:
        satellite = assistance.satellite(beam.satellite).orbit.state(beam.t_s)[0][0]
    except OrbitError as error:
        raise InputError(assistance.path, "cell.beam.t_s", f"{beam.t_s:g}: {error}", "a time of its ephemeris") from None
    axis = geodetic_to_ecef(*beam.centre_deg, 0.0) - satellite
    line = place - satellite
    angle = np.arctan2(np.linalg.norm(np.cross(axis, line)), axis @ line)
    return float(max(0.0, angle - np.radians(beam.half_width_deg)) * np.linalg.norm(line))


def left_of_track_m(orbit: Orbit, place: np.ndarray, t_s: float) -> float:
    """Distance in m of a place [3] from the plane of a satellite's motion over the ground, positive to the
    left.

    The plane holds the Earth's centre and the satellite's velocity relative to the ground at its closest
    approach, which is looked for within 240 s of `t_s` and as far as the orbit reaches. """
    r, v = (x[0] for x in orbit.state(t_s))
    since = 0.0
    for _ in range(8):
        speed = float(v @ v)
        if speed == 0.0:
            return 0.0
        # Along the ground the satellite's shadow is slower than it is by the ratio of the radii.
        step = float((place - r * np.linalg.norm(place) / np.linalg.norm(r)) @ v) / speed
        step *= np.linalg.norm(r) / np.linalg.norm(place)
        ahead = float(np.clip(since + step, -_MOST_SEARCH_S, _MOST_SEARCH_S))
        if abs(ahead - since) < 1e-3:
            break
        try:
            r, v = (x[0] for x in orbit.state(t_s + ahead))
        except OrbitError:
            break
        since = ahead
    normal = np.cross(r, v)
    return float(place @ normal / np.linalg.norm(normal))


def outside_m(polygon_deg, place: np.ndarray) -> float:
    """Distance in m by which a place [3] is outside a polygon of (latitude, longitude); 0 inside.

    The polygon is mapped about the place (azimuthal, true to distance on a sphere), so that neither a pole
    nor the date line is special; its inside is the part that does not hold the point opposite to its centre.
    """
    corners = np.array(polygon_deg, dtype=float)
    lat, lon, _ = ecef_to_geodetic(place)
    ring = _edges(np.array([_unit(*corner) for corner in corners]))
    here = _unit(lat, lon)
    local = ring @ enu_rotation(*_spherical(here)).T
    arc = np.arccos(np.clip(local[:, 2], -1.0, 1.0))
    across = np.hypot(local[:, 0], local[:, 1])
    flat = local[:, :2] * (arc / np.where(across > 0.0, across, 1.0))[:, None]
    start, stop = flat, np.roll(flat, -1, axis=0)
    cross = start[:, 0] * stop[:, 1] - start[:, 1] * stop[:, 0]
    turns = np.sum(np.arctan2(cross, np.sum(start * stop, axis=1))) / (2.0 * np.pi)
    if abs(round(float(turns))) % 2 == 1 and here @ np.mean(ring, axis=0) > 0.0:
        return 0.0
    edge = stop - start
    length = np.maximum(np.sum(edge**2, axis=1), 1e-30)
    along = np.clip(-np.sum(start * edge, axis=1) / length, 0.0, 1.0)
    return float(np.min(np.linalg.norm(start + along[:, None] * edge, axis=1)) * np.linalg.norm(place))


def _unit(lat_deg: float, lon_deg: float) -> np.ndarray:
    """Unit vector [3] to a geodetic place from the Earth's centre."""
    place = geodetic_to_ecef(lat_deg, lon_deg, 0.0)
    return place / np.linalg.norm(place)


def _spherical(unit: np.ndarray) -> tuple[float, float]:
    """Geocentric latitude and longitude in degrees of a unit vector."""
    return float(np.degrees(np.arcsin(np.clip(unit[2], -1.0, 1.0)))), float(
        np.degrees(np.arctan2(unit[1], unit[0]))
    )


def _edges(corners: np.ndarray) -> np.ndarray:
    """Points [m, 3] along the closed polygon of unit vectors [n, 3], at most half a degree apart."""
    points = []
    for a, b in zip(corners, np.roll(corners, -1, axis=0)):
        angle = float(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b))
        count = max(1, int(np.ceil(angle / _ARC_RAD)))
        share = np.arange(count) / count
        if angle < 1e-9:
            points.append(a[None])
        else:
            points.append(
                (np.outer(np.sin((1.0 - share) * angle), a) + np.outer(np.sin(share * angle), b))
                / np.sin(angle)
            )
    return np.concatenate(points)
