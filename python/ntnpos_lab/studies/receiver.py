# SPDX-License-Identifier: GPL-3.0-or-later
"""The study `receiver`: time of arrival from the kernels of the flowgraph, beside its bounds."""

from __future__ import annotations

from . import (
    receiver_alarms,
    receiver_frequency,
    receiver_gaps,
    receiver_interference,
    receiver_noise,
    receiver_paths,
    receiver_threshold,
)
from .effort import Effort
from .receiver_picture import draw
from .work import Part

__all__ = ["draw", "parts"]


def parts(seed: int, effort: Effort) -> list[Part]:
    """All parts, in the order of the table."""
    return [
        *receiver_noise.parts(seed, effort),
        *receiver_threshold.parts(seed, effort),
        *receiver_interference.parts(seed, effort),
        *receiver_paths.parts(seed, effort),
        *receiver_frequency.parts(seed, effort),
        *receiver_alarms.parts(seed, effort),
        *receiver_gaps.parts(seed, effort),
    ]
