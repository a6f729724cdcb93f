# SPDX-License-Identifier: GPL-3.0-or-later
"""Travel time between a satellite at one known instant and a receiver, either way.

`light_time` knows when a signal arrives and asks where the satellite was. Here the satellite's own instant is
known (it sent then, or it received then), so its place is a fixed vector and only the receiver's instant is
open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .constants import C_M_S, EARTH_RATE_RAD_S
from .frames import rotate3

_ROUNDS = 3  # Newton from the straight line, which is right to 2e-6: the second round is at rounding


@dataclass(frozen=True)
class Hop:
    """Hops of shape [...].

    Attributes
    ----------
    delay_s : [...]
        Travel time.
    gradient : [..., 3]
        d(delay_s)/d(receiver's place at the satellite's instant), s/m.
    """

    delay_s: np.ndarray
    gradient: np.ndarray


def hop(place, ue, up: bool, ue_velocity=None) -> Hop:
    """Down: |R3(omega tau) place - u(t + tau)| = c tau; up: |R3(omega tau) u(t - tau) - place| = c tau.

    Parameters
    ----------
    place : array [..., 3]
        Satellite in ECEF, m, at its own instant t.
    ue : array [..., 3]
        Receiver in ECEF at that instant; shapes broadcast.
    up : bool
        The satellite received at t (else: sent).
    ue_velocity : array [..., 3], optional
        Receiver's velocity in the turning frame, m/s. None: at rest.
    """
    place, ue = np.asarray(place, dtype=float), np.asarray(ue, dtype=float)
    sense = -1.0 if up else 1.0
    velocity = np.zeros(3) if ue_velocity is None else np.asarray(ue_velocity, dtype=float)
    delay = np.linalg.norm(place - ue, axis=-1) / C_M_S
    for _ in range(_ROUNDS):
        turned = rotate3(sense * EARTH_RATE_RAD_S * delay, place)
        line = turned - ue - sense * velocity * delay[..., None] if ue_velocity is not None else turned - ue
        distance = np.sqrt(np.einsum("...i,...i->...", line, line))
        unit = line / distance[..., None]
        turning = EARTH_RATE_RAD_S * (unit[..., 1] * turned[..., 0] - unit[..., 0] * turned[..., 1])
        stretch = C_M_S + sense * (
            turning + (np.sum(unit * velocity, axis=-1) if ue_velocity is not None else 0.0)
        )
        delay = delay + (distance - C_M_S * delay) / stretch
    return Hop(delay, -unit / stretch[..., None])
