# SPDX-License-Identifier: GPL-3.0-or-later
"""What a place does to a satellite's signal at S band, by elevation: line of sight, shadow fading, clutter, delay spread.

TR 38.811 tables 6.6.1-1 (probability of line of sight), 6.6.2-1 and 6.6.2-3 (shadow fading, clutter loss) and
6.7.2-1a, 2a, 7a, 8a (delay spread), each at elevations of 10 to 90 degrees in steps of 10; the nearest counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ELEVATIONS_DEG = np.arange(10.0, 91.0, 10.0)
"""Of the tables' columns."""
_WIDEST = 2.0  # deviations of log10(delay spread) that a draw may be off


@dataclass(frozen=True)
class Environment:
    """Tables of one scenario, nine values each."""

    name: str
    los_probability: tuple[float, ...]
    los_shadow_db: tuple[float, ...]
    """Standard deviation of the shadow fading with line of sight."""
    nlos_shadow_db: tuple[float, ...]
    nlos_clutter_db: tuple[float, ...]
    """With line of sight there is none."""
    los_delay_spread: tuple[tuple[float, float], ...]
    """Mean and standard deviation of log10(delay spread / 1 s)."""
    nlos_delay_spread: tuple[tuple[float, float], ...]
    los_profile: str
    """Tapped delay line of TR 38.811 6.9.2: ntn-tdl-c or -d with line of sight, -a or -b without."""
    nlos_profile: str


@dataclass(frozen=True)
class Situation:
    """What was drawn for one satellite."""

    line_of_sight: bool
    shadow_db: float
    """Shadow fading as a loss; negative: stronger than the mean."""
    clutter_db: float
    delay_spread_s: float
    profile: str


RURAL = Environment(
    name="rural",
    los_probability=(0.782, 0.869, 0.919, 0.929, 0.935, 0.940, 0.949, 0.952, 0.998),
    los_shadow_db=(1.79, 1.14, 1.14, 0.92, 1.42, 1.56, 0.85, 0.72, 0.72),
    nlos_shadow_db=(8.93, 9.08, 8.78, 10.25, 10.56, 10.74, 10.17, 11.52, 11.52),
    nlos_clutter_db=(19.52, 18.17, 18.42, 18.28, 18.63, 17.68, 16.50, 16.30, 16.30),
    los_delay_spread=((-9.55, 0.66), (-8.68, 0.44), (-8.46, 0.28), (-8.36, 0.19), (-8.29, 0.14), (-8.26, 0.10),
                      (-8.22, 0.10), (-8.20, 0.05), (-8.19, 0.06)),
    nlos_delay_spread=((-9.01, 1.59), (-8.37, 0.95), (-8.05, 0.92), (-7.92, 0.92), (-7.92, 0.87), (-7.96, 0.87),
                       (-7.91, 0.82), (-7.79, 0.86), (-7.74, 0.81)),
    los_profile="ntn-tdl-c", nlos_profile="ntn-tdl-a")
DENSE_URBAN = Environment(
    name="dense-urban",
    los_probability=(0.282, 0.331, 0.398, 0.468, 0.537, 0.612, 0.738, 0.820, 0.981),
    los_shadow_db=(3.5, 3.4, 2.9, 3.0, 3.1, 2.7, 2.5, 2.3, 1.2),
    nlos_shadow_db=(15.5, 13.9, 12.4, 11.7, 10.6, 10.5, 10.1, 9.2, 9.2),
    nlos_clutter_db=(34.3, 30.9, 29.0, 27.7, 26.8, 26.2, 25.8, 25.5, 25.5),
    los_delay_spread=((-7.12, 0.80), (-7.28, 0.67), (-7.45, 0.68), (-7.73, 0.66), (-7.91, 0.62), (-8.14, 0.51),
                      (-8.23, 0.45), (-8.28, 0.31), (-8.36, 0.08)),
    nlos_delay_spread=((-6.84, 0.82), (-6.81, 0.61), (-6.94, 0.49), (-7.14, 0.49), (-7.34, 0.51), (-7.53, 0.47),
                       (-7.67, 0.44), (-7.82, 0.42), (-7.84, 0.55)),
    los_profile="ntn-tdl-d", nlos_profile="ntn-tdl-b")
ENVIRONMENTS = {environment.name: environment for environment in (RURAL, DENSE_URBAN)}
BAND_HZ = (2e9, 4e9)
"""S band in the sense of the tables."""


def column(elevation_deg) -> np.ndarray:
    """Index [...] of the tables' column that is nearest to an elevation; below 10 degrees the first."""
    return np.clip(np.floor(np.asarray(elevation_deg, dtype=float) / 10.0 + 0.5).astype(int) - 1, 0, 8)


def draw(environment: Environment, elevation_deg: float, rng: np.random.Generator) -> Situation:
    """The situation of one satellite. Every draw takes the same numbers from `rng`, whatever comes of it.

    Shadow fading and delay spread are drawn independently of each other and of other satellites'; the logarithm of the
    delay spread within two deviations.
    """
    i = int(column(elevation_deg))
    uniform, shadow, spread = rng.uniform(), rng.standard_normal(), rng.standard_normal()
    los = bool(uniform < environment.los_probability[i])
    mean, deviation = (environment.los_delay_spread if los else environment.nlos_delay_spread)[i]
    sigma = (environment.los_shadow_db if los else environment.nlos_shadow_db)[i]
    return Situation(
        line_of_sight=los, shadow_db=float(sigma * shadow), clutter_db=0.0 if los else environment.nlos_clutter_db[i],
        delay_spread_s=float(10.0 ** (mean + deviation * np.clip(spread, -_WIDEST, _WIDEST))),
        profile=environment.los_profile if los else environment.nlos_profile)
