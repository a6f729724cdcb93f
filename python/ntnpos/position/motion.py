# SPDX-License-Identifier: GPL-3.0-or-later
"""How a receiver and its clock may move between measurements: nearly constant velocity, a two-state
oscillator.

State [8]: ECEF position (m), velocity in the turning frame (m/s), c times the clock offset (m), c times its
drift (m/s).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from ..errors import InputError, describe
from . import geometry
from .layout import Layout

SIZE = 8
LAYOUT_INDEX = {"velocity": 3, "clock": 6, "drift": 7}


def layout_at(t_s: float) -> Layout:
    """Where the state's unknowns stand, for the observation models."""
    return Layout(t_ref_s=t_s, **LAYOUT_INDEX)


@dataclass(frozen=True)
class Motion:
    """Process noise. Raises `InputError` for a value that is no number from 0 (up to 1e9).

    White acceleration of spectral density q makes the velocity's variance grow by q a second: with q = 1
    m2/s3 a course is trusted to 1 m/s after a second, to 8 m/s after a minute."""

    horizontal_m2_s3: float
    """Spectral density of the acceleration along east and north each."""
    vertical_m2_s3: float
    """Along up."""
    speed_std_m_s: float
    """Standard deviation of each horizontal component of the velocity before anything is known."""
    climb_std_m_s: float
    """Of the vertical one."""
    clock_m2_s: float = 0.01
    """White frequency noise: growth of the variance of c times the offset; 0.01 is h0 = 2e-19 s, a crystal
    (TCXO)."""
    drift_m2_s3: float = 0.035
    """Random walk of the frequency, likewise of c times the drift; 0.035 is h-2 = 2e-20 / s, a crystal
    (TCXO)."""

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            if not number or not 0.0 <= value <= 1e9:
                raise InputError("motion", field.name, f"is {describe(value)}", "a number from 0 to 1e9")

    def step(self, place: np.ndarray, dt_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Transition [8, 8] over `dt_s` >= 0, and root [8, 8] of the noise's covariance (root' root) from an
        ECEF place [3]."""
        transition = np.eye(SIZE)
        transition[:3, 3:6] = dt_s * np.eye(3)
        transition[6, 7] = dt_s
        # Each axis: covariance q [[dt^3/3, dt^2/2], [dt^2/2, dt]], root by Cholesky.
        chain = np.array([[dt_s**1.5 / np.sqrt(3.0), np.sqrt(0.75 * dt_s)], [0.0, np.sqrt(dt_s) / 2.0]])
        axes = geometry.local_axes(place)
        root = np.zeros((SIZE + 1, SIZE))
        for axis, density in enumerate((self.horizontal_m2_s3, self.horizontal_m2_s3, self.vertical_m2_s3)):
            rows = np.sqrt(density) * chain
            root[2 * axis : 2 * axis + 2, :3] = rows[:, :1] * axes[axis]
            root[2 * axis : 2 * axis + 2, 3:6] = rows[:, 1:] * axes[axis]
        root[6:8, 6:8] = np.sqrt(self.drift_m2_s3) * chain
        root[8, 6] = np.sqrt(self.clock_m2_s * dt_s)
        return transition, root


MOTIONS = {
    "rest": Motion(1e-8, 1e-8, 1e-3, 1e-3),
    "walking": Motion(0.1, 0.01, 1.5, 0.2),
    "vehicle": Motion(4.0, 0.1, 20.0, 1.0),
    "aircraft": Motion(1.0, 1.0, 200.0, 10.0),
}
"""Process noise by kind of receiver: a walker turns within seconds; a car brakes by 2 to 4 m/s2 for a second;
an aircraft turns or climbs by 1 m/s2 for a second, and the curve of a level course (0.01 m/s2 at 250 m/s) is
within that."""
