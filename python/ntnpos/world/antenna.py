# SPDX-License-Identifier: GPL-3.0-or-later
"""The satellite's antenna: a circular aperture (TR 38.811 6.4.1), and its pattern of beams (TR 38.821 6.1.1.1).

Directions are direction cosines (u, v) about the pattern's centre. Each beam is the same aperture turned to its centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import j1

from .constants import C_M_S

_HALF_POWER = 1.616339948310703
"""x with 4 (J1(x) / x)^2 = 1/2."""
MEETING = float(np.sqrt(3.0))
"""Three beams meet where each is 3 dB down: they overlap."""
TOUCHING = 2.0
"""The 3 dB contours of two beams touch: the corners between three are 4.1 dB down."""


@dataclass(frozen=True)
class Aperture:
    """A circular aperture that is lit evenly."""

    radius_wavelengths: float
    """Above 0.257, where the half-power width reaches 180 degrees."""

    @classmethod
    def of_beamwidth(cls, half_power_deg: float) -> Aperture:
        """The aperture with this full half-power width.

        The thesis beside this project names 10 wavelengths and 4.4127 degrees, which exclude each other: 10 wavelengths
        have 2.95 degrees, and 4.4127 degrees need 6.68 wavelengths: 1 m at 2 GHz, as in TR 38.821.
        """
        return cls(_HALF_POWER / (2.0 * np.pi * np.sin(np.radians(0.5 * half_power_deg))))

    @classmethod
    def of_radius(cls, radius_m: float, frequency_hz: float) -> Aperture:
        """The aperture of this radius at a frequency."""
        return cls(radius_m * frequency_hz / C_M_S)

    @property
    def half_power_deg(self) -> float:
        """Full half-power beam width."""
        return float(2.0 * np.degrees(np.arcsin(_HALF_POWER / (2.0 * np.pi * self.radius_wavelengths))))

    def gain_db(self, angle_deg) -> np.ndarray:
        """Gain [...] below that of the axis, at angles [...] of up to 90 degrees from it: 4 |J1(x) / x|^2."""
        return 10.0 * np.log10(np.maximum(self.gain(np.sin(np.radians(angle_deg))), 1e-30))

    def gain(self, sine) -> np.ndarray:
        """The same as a power ratio [...], of the sine of the angle."""
        x = np.abs(2.0 * np.pi * self.radius_wavelengths * np.asarray(sine, dtype=float))
        near = x < 1e-6
        return np.where(near, 1.0, 4.0 * (j1(x) / np.where(near, 1.0, x)) ** 2)


@dataclass(frozen=True)
class BeamPattern:
    """Hexagonal beams in the plane of direction cosines, one in the middle and rings about it; all use all of the band.

    By default neighbours are sqrt(3) sin(half-power width / 2) apart, so that where three beams meet each is 3 dB down (TR
    38.821 6.1.1.1).
    """

    aperture: Aperture
    rings: int = 2
    """2: nineteen beams."""
    spread: float = MEETING
    """Distance of neighbours in sines of half the half-power width: `MEETING` or `TOUCHING`."""

    @property
    def spacing(self) -> float:
        """Distance of neighbouring beams in direction cosines."""
        return float(self.spread * np.sin(np.radians(0.5 * self.aperture.half_power_deg)))

    @property
    def centres(self) -> np.ndarray:
        """Direction cosines [beams, 2], the middle one first."""
        steps = np.arange(-self.rings, self.rings + 1)
        q, r = (axis.ravel() for axis in np.meshgrid(steps, steps))
        inside = np.abs(q + r) <= self.rings
        q, r = q[inside], r[inside]
        ring = np.maximum.reduce([np.abs(q), np.abs(r), np.abs(q + r)])
        order = np.lexsort((q, r, ring))
        return self.spacing * np.stack([q + 0.5 * r, np.sqrt(0.75) * r], axis=-1)[order]

    def gains(self, uv) -> np.ndarray:
        """Power gains [..., beams] below the maximum towards directions [..., 2]."""
        uv = np.asarray(uv, dtype=float)
        # Angles between unit vectors: what the direction cosines leave is the third component.
        third = np.sqrt(np.maximum(1.0 - np.sum(uv**2, axis=-1), 0.0))[..., None]
        centre_third = np.sqrt(1.0 - np.sum(self.centres**2, axis=-1))
        cosine = np.clip(uv @ self.centres.T + third * centre_third, -1.0, 1.0)
        chord2 = np.sum((uv[..., None, :] - self.centres) ** 2, axis=-1) + (third - centre_third) ** 2
        sine = np.sqrt(np.clip(chord2 * (1.0 - 0.25 * chord2), 0.0, 1.0))
        return np.where(cosine >= 0.0, self.aperture.gain(sine), 0.0)

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Directions [count, 2] spread evenly over the hexagons of all beams."""
        side = 1.0 / np.sqrt(3.0)  # of a hexagon whose neighbours are 1 apart
        found = np.empty((0, 2))
        while len(found) < count:
            xy = rng.uniform(-side, side, (2 * count, 2))
            x, y = np.abs(xy[:, 0]), np.abs(xy[:, 1])
            found = np.concatenate([found, xy[(x <= 0.5) & (x + np.sqrt(3.0) * y <= 1.0)]])
        which = rng.integers(len(self.centres), size=count)
        return self.centres[which] + self.spacing * found[:count]

    def interference(self, uv) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Serving beam [...] (the strongest), its power gain, and the sum of the other beams' gains towards [..., 2]."""
        gains = self.gains(uv)
        serving = np.argmax(gains, axis=-1)
        best = np.take_along_axis(gains, serving[..., None], axis=-1)[..., 0]
        return serving, best, np.sum(gains, axis=-1) - best
