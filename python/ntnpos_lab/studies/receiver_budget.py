# SPDX-License-Identifier: GPL-3.0-or-later
"""SNR of the receiver study: link budget of nine satellites at 600 km in S band, after the thesis beside it.

The thesis: positioning by 5G PRS from low orbits, large-scale fading with line of sight, 2 GHz. EIRP density
34 dBW/MHz, 0 dBi, noise figure 7 dB, all margins off, and the roll-off of 19 beams. Satellites and receivers
stand as in `ntnpos.world.layout`, a fit to its text. Beams are hexagons in the plane of direction
cosines whose corners are 3 dB down (TR 38.821 6.1.1.1); a receiver is anywhere in its hexagon. The thesis's
carrier-to-noise ratio is taken for the SNR of an occupied element: what a comb leaves empty gives the others
no power.
"""

from __future__ import annotations

import numpy as np

from ntnpos.world.antenna import Aperture
from ntnpos.world.layout import AREA_RADIUS_M, SPHERE_M, FittedLayout
from ntnpos.world.link_budget import LinkBudget

FREQUENCY_HZ = 2.0e9
BEAM_WIDTH_DEG = 4.4127
APERTURE_RADIUS_M = 1.0
_GRID = 200  # points a side of the grids of receivers and of the hexagon; even: none in the middle


def ranges_m() -> np.ndarray:
    """Distances [receivers, 9] in the layout, of receivers on an even grid."""
    layout = FittedLayout()
    side = np.degrees(AREA_RADIUS_M / SPHERE_M) * np.linspace(-1.0, 1.0, _GRID)
    along, across = (np.radians(axis.ravel()) for axis in np.meshgrid(side, side))
    inside = np.hypot(along, across) <= np.radians(side[-1])
    along, across = along[inside], across[inside]
    place = SPHERE_M * np.stack([np.cos(along) * np.cos(across), np.cos(along) * np.sin(across), np.sin(along)], axis=-1)
    return layout.seen_from(place[layout.usable(place)])[1]


def beam_losses_db() -> np.ndarray:
    """Roll-off of a circular aperture [points] on an even grid over a beam's hexagon (TR 38.811 6.4.1)."""
    side = (np.arange(_GRID) + 0.5) / _GRID * 2.0 - 1.0
    x, y = np.meshgrid(side, side)
    inside = (np.abs(y) <= np.sqrt(0.75)) & (np.sqrt(3.0) * np.abs(x) + np.abs(y) <= np.sqrt(3.0))
    sine = np.hypot(x, y)[inside] * np.sin(np.radians(0.5 * BEAM_WIDTH_DEG))
    return -10.0 * np.log10(Aperture.of_radius(APERTURE_RADIUS_M, FREQUENCY_HZ).gain(sine))


def element_snr_db() -> float:
    """SNR whose bound is the rms of the bounds of all links: the harmonic mean over receivers and beams."""
    snr_db = LinkBudget().snr_db(ranges_m(), FREQUENCY_HZ)
    inverse = np.mean(10.0 ** (-0.1 * snr_db)) * np.mean(10.0 ** (0.1 * beam_losses_db()))
    return float(-10.0 * np.log10(inverse))
