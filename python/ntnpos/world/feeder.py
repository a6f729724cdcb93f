# SPDX-License-Identifier: GPL-3.0-or-later
"""The feeder link of a transparent payload: the hop between a gateway and a satellite, and the common TA that tells of it.

What a gateway sends reaches the satellite later by a hop's light time, is moved from the feeder's carrier to the service link's by
the satellite's own oscillator and goes on at once. At the receiver the code is late by both hops; the carrier's phase is that of
each hop at its own carrier. A gateway may compensate: from an epoch on it sends earlier by the hop's delay as predicted by value
and rate at that epoch, code and carrier alike, so that the downlink leaves the satellite aligned, but for what the prediction lacks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev

from .hops import hop
from .light_time import power_series, received
from .orbits import FixedPoint, Orbit


@dataclass(frozen=True)
class Feeder:
    """A gateway and what its hop does to the downlink."""

    gateway_ecef_m: tuple[float, float, float]
    frequency_ratio: float = 1.0
    """Carrier of the feeder link over that of the service link."""
    compensated_at_s: float | None = None
    """Epoch of the gateway's prediction, system time; None: it does not compensate."""

    def down(self, orbit: Orbit, t_s) -> tuple[np.ndarray, np.ndarray]:
        """Travel time [n] from the gateway to the satellite of what is there at `t_s`, and its rate [n]."""
        t_s = np.atleast_1d(np.asarray(t_s, dtype=float))
        r, v = orbit.state(t_s)
        found = received(FixedPoint(self.gateway_ecef_m), r, t_s, v)
        return found.delay_s, found.rate

    def up(self, orbit: Orbit, t_s) -> np.ndarray:
        """Travel time [n] to the gateway of what leaves the satellite at `t_s`."""
        return hop(orbit.state(t_s)[0], np.asarray(self.gateway_ecef_m), False).delay_s

    def common_ta_s(self, orbit: Orbit, t_s) -> np.ndarray:
        """Both ways, by the satellite's instant [n]: half of it counts at each of a chain's two instants."""
        return self.down(orbit, t_s)[0] + self.up(orbit, t_s)

    def hop(self, orbit: Orbit, t_s) -> tuple[np.ndarray, np.ndarray]:
        """What the downlink is late by [n] when it leaves the satellite at `t_s`, after compensation, and its rate [n]."""
        delay, rate = self.down(orbit, t_s)
        if self.compensated_at_s is None:
            return delay, rate
        value, slope = (float(part[0]) for part in self.down(orbit, self.compensated_at_s))
        since = np.atleast_1d(np.asarray(t_s, dtype=float)) - self.compensated_at_s
        return delay - value - slope * since, rate - slope


@dataclass(frozen=True)
class ThroughPayload:
    """An orbit whose signals come from a gateway: `light_time.received` adds its hop."""

    orbit: Orbit
    feeder: Feeder

    def state(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """See `Orbit.state`."""
        return self.orbit.state(t_s)

    def hop(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """Delay of the code in s and its rate at the satellite's instants [n]."""
        return self.feeder.hop(self.orbit, t_s)


@dataclass(frozen=True)
class CommonTaFit:
    """Common TA as SIB19 broadcasts it: a quadratic in time from its epoch (TS 38.211 4.3.1)."""

    epoch_time_s: float
    ta_common_s: float
    drift_s_per_s: float
    drift_variant_s_per_s2: float


def common_ta_fit(feeder: Feeder, orbit: Orbit, epoch_s: float, half_span_s: float = 2.5) -> CommonTaFit:
    """The quadratic that is nearly the best over the epoch +- `half_span_s`: through three Chebyshev nodes.

    From 600 km it is within 10 ns over +-2.5 s.
    """
    nodes = chebyshev.chebpts1(3)
    values = feeder.common_ta_s(orbit, epoch_s + half_span_s * nodes)
    start = power_series(nodes, values, 2.0 * half_span_s)  # in powers of t - (epoch - half_span)
    shifted = np.polynomial.Polynomial(start)(np.polynomial.Polynomial([half_span_s, 1.0])).coef
    value, drift, variant = np.pad(shifted, (0, 3 - len(shifted)))
    return CommonTaFit(epoch_s, float(value), float(drift), float(variant))
