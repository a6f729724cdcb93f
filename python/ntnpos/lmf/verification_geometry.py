# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gaussian place against a circle on the ground: probability of being inside, and whether chance explains
being outside."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from ..position import geometry
from ..world import ground
from ..world.frames import ecef_to_geodetic, geodetic_to_ecef

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
_REACH = 9.0  # standard deviations beyond which nothing is left
_LEAST_STD_M = 1e-6


def ground_offset(place, claim) -> np.ndarray:
    """East and north [2] in m from a claim to a place (both ECEF [3]), as long as the way over the ground.

    Both are taken to the claim's height. The way is the arc over the chord on a sphere through the claim:
    within 0.5 % of the ellipsoid's geodesic.
    """
    claim = np.asarray(claim, dtype=float)
    latitude, longitude, _ = ecef_to_geodetic(place)
    local = geometry.local_axes(claim) @ (
        geodetic_to_ecef(latitude, longitude, ecef_to_geodetic(claim)[2]) - claim
    )
    across = float(np.hypot(local[0], local[1]))
    if across == 0.0:
        return np.zeros(2)
    radius = float(np.linalg.norm(claim))
    return (
        local[:2] / across * (2.0 * radius * np.arcsin(min(0.5 * float(np.linalg.norm(local)) / radius, 1.0)))
    )


def places_around(latitude_deg: float, longitude_deg: float, offset) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes [n] (degrees) at ways of east and north [n, 2] in m over the ground, on a
    sphere."""
    east, north = np.moveaxis(np.asarray(offset, dtype=float), -1, 0)
    lat, lon = ground.from_map(latitude_deg, longitude_deg, east, north)
    return lat, (lon + 180.0) % 360.0 - 180.0


def horizontal_covariance(covariance_ecef, claim) -> np.ndarray:
    """Covariance [2, 2] in the claim's east and north of one in ECEF [3, 3]."""
    return geometry.to_local(covariance_ecef, claim)[:2, :2]


def probability_within(offset, covariance, radius_m: float) -> float:
    """Probability that a Gaussian of two dimensions lies within a circle about the origin.

    Parameters
    ----------
    offset : array [2]
        Its mean, m.
    covariance : array [2, 2]
        m2; a variance of zero is taken as a micrometre's.
    radius_m : float
    """
    mean, std = _principal(offset, covariance)
    # Along the wider axis by quadrature, across it exactly. Where the narrow one is a step, it steps at
    # `edge`.
    low, high = max(-radius_m, mean[1] - _REACH * std[1]), min(radius_m, mean[1] + _REACH * std[1])
    if low >= high:
        return 0.0
    edge = np.sqrt(max(radius_m**2 - mean[0] ** 2, 0.0))
    breaks = np.unique(np.clip([low, -edge, 0.5 * (low + high), edge, high], low, high))
    total = 0.0
    for start, stop in zip(breaks[:-1], breaks[1:]):
        # Quadratic towards both ends, where the circle's edge is steep.
        x = 0.5 * np.pi * 0.5 * (_NODES + 1.0)
        u = start + (stop - start) * np.sin(x) ** 2
        step = (stop - start) * np.sin(2.0 * x) * 0.25 * np.pi * _WEIGHTS
        half = np.sqrt(np.maximum(radius_m**2 - u**2, 0.0))
        inside = ndtr((half - mean[0]) / std[0]) - ndtr((-half - mean[0]) / std[0])
        density = np.exp(-0.5 * ((u - mean[1]) / std[1]) ** 2) / (np.sqrt(2.0 * np.pi) * std[1])
        total += float(np.sum(step * density * inside))
    return min(max(total, 0.0), 1.0)


def deviations_to_circle(offset, covariance, radius_m: float) -> float:
    """Mahalanobis distance from a Gaussian's mean to the nearest point of a circle about the origin; 0
    inside."""
    mean, std = _principal(offset, covariance)
    if np.hypot(*mean) <= radius_m:
        return 0.0

    def nearest(multiplier: float) -> np.ndarray:
        return mean / (1.0 + multiplier * std**2)

    def beyond(multiplier: float) -> float:
        return float(np.hypot(*nearest(multiplier))) - radius_m

    most = 1.0 / float(np.min(std**2))
    while beyond(most) > 0.0:
        most *= 10.0
    point = nearest(brentq(beyond, 0.0, most, xtol=1e-12 * most, rtol=1e-12))
    return float(np.linalg.norm((mean - point) / std))


def probability_beyond(deviations: float) -> float:
    """Probability that a Gaussian of two dimensions lies farther from its mean than so many standard
    deviations."""
    return float(np.exp(-0.5 * deviations**2))


def _principal(offset, covariance) -> tuple[np.ndarray, np.ndarray]:
    """Mean [2] and standard deviations [2] along the principal axes, the narrower first."""
    variance, axes = np.linalg.eigh(np.asarray(covariance, dtype=float))
    return axes.T @ np.asarray(offset, dtype=float), np.sqrt(np.maximum(variance, _LEAST_STD_M**2))
