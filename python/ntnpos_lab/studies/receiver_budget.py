# SPDX-License-Identifier: GPL-3.0-or-later
"""SNR of the receiver study: link budget of nine satellites at 600 km in S band, after the thesis beside it.

The thesis: positioning by 5G PRS from low orbits, large-scale fading with line of sight, 2 GHz. EIRP density
34 dBW/MHz, 0 dBi, noise figure 7 dB, all margins off, and the roll-off of 19 beams. The layout is a fit to
its text: a sphere of 6371 km, two tracks 10 degrees apart with 5 and 4 satellites 2 degrees apart, receivers
within 850 km wherever all elevations are 30 degrees or more. Beams are hexagons in the plane of direction
cosines whose corners are 3 dB down (TR 38.821 6.1.1.1); a receiver is anywhere in its hexagon. The thesis's
carrier-to-noise ratio is taken for the SNR of an occupied element: what a comb leaves empty gives the others
no power.
"""

from __future__ import annotations

import numpy as np
from scipy.special import j1

from ntnpos.world.constants import C_M_S
from ntnpos.world.link_budget import LinkBudget

SPHERE_M = 6371e3
HEIGHT_M = 600e3
FREQUENCY_HZ = 2.0e9
AREA_RADIUS_M = 850e3
LEAST_ELEVATION_DEG = 30.0
BEAM_WIDTH_DEG = 4.4127
APERTURE_RADIUS_M = 1.0
_GRID = 200  # points a side of the grids of receivers and of the hexagon; even: none in the middle


def _unit(along_deg, across_deg) -> np.ndarray:
    """Unit vectors [..., 3] of places on the sphere."""
    a, b = np.radians(along_deg), np.radians(across_deg)
    return np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=-1)


def ranges_m() -> np.ndarray:
    """Distances [receivers, 9] in the layout."""
    along = np.concatenate([2.0 * (np.arange(5) - 2.0), 2.0 * (np.arange(4) - 1.5)])
    satellites = (SPHERE_M + HEIGHT_M) * _unit(along, np.repeat([-5.0, 5.0], [5, 4]))
    side = np.degrees(AREA_RADIUS_M / SPHERE_M) * np.linspace(-1.0, 1.0, _GRID)
    north, east = np.meshgrid(side, side)
    inside = np.hypot(north, east) <= side[-1]
    place = SPHERE_M * _unit(north[inside], east[inside])
    sight = satellites - place[:, None, :]
    distance = np.linalg.norm(sight, axis=2)
    sine = np.einsum("uj,usj->us", place, sight) / (SPHERE_M * distance)
    return distance[np.all(sine >= np.sin(np.radians(LEAST_ELEVATION_DEG)), axis=1)]


def beam_losses_db() -> np.ndarray:
    """Roll-off of a circular aperture [points] on an even grid over a beam's hexagon (TR 38.811 6.4.1)."""
    side = (np.arange(_GRID) + 0.5) / _GRID * 2.0 - 1.0
    x, y = np.meshgrid(side, side)
    inside = (np.abs(y) <= np.sqrt(0.75)) & (np.sqrt(3.0) * np.abs(x) + np.abs(y) <= np.sqrt(3.0))
    sine = np.hypot(x, y)[inside] * np.sin(np.radians(0.5 * BEAM_WIDTH_DEG))
    argument = 2.0 * np.pi * FREQUENCY_HZ / C_M_S * APERTURE_RADIUS_M * sine
    return -20.0 * np.log10(2.0 * j1(argument) / argument)


def element_snr_db() -> float:
    """SNR whose bound is the rms of the bounds of all links: the harmonic mean over receivers and beams."""
    snr_db = LinkBudget().snr_db(ranges_m(), FREQUENCY_HZ)
    inverse = np.mean(10.0 ** (-0.1 * snr_db)) * np.mean(10.0 ** (0.1 * beam_losses_db()))
    return float(-10.0 * np.log10(inverse))
