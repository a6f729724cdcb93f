# SPDX-License-Identifier: GPL-3.0-or-later
"""All distinct solutions of a system, and which of them a receiver can be at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ..network.assistance import Assistance
from ..world.constants import C_M_S
from ..world.frames import ecef_to_geodetic
from . import geometry, starts
from .solver import MAX_ITERATIONS, Solution, distinct, minimise
from .system import System

_ROWS_IN_SEARCH = 36
_LEAST_ROWS_A_SATELLITE = 3
_SIGMAS = starts.REACH_SIGMAS
_HEIGHTS_M = (-1e3, 5e4)
_LEAST_ELEVATION_DEG = -3.0     # refraction and a horizon seen from a height
_LEAST_ABOVE_M = 5e4            # a station on the ground may be seen from above
_SEARCH_STEPS, _MOST_STEPS = 50, 200   # near a ground track the valley across it is flat
_MIRRORED, _MOST_MIRRORED = 1e4, 4
_CLOCK_MARGIN = 1.5             # of the receiver's clock bound, which is no hard wall,
_CLOCK_SLACK_S = 1e-6           # and where the bound is zero


class Place(IntEnum):
    """How well a solution agrees with what was known beforehand."""

    INSIDE = 0
    """In the prior area (6 sigma, horizontally and in height)."""
    OUTSIDE = 1
    """Not there, but near the ground with every satellite above the horizon."""
    IMPOSSIBLE = 2
    """A satellite below the horizon, no place for a device, or a clock beyond the receiver's bound."""


@dataclass(frozen=True)
class Found:
    """A solution, and where it lies."""

    solution: Solution
    place: Place


def search(system: System, assistance: Assistance) -> list[Found]:
    """All distinct solutions that some start leads to, best place first, then by cost.

    Starts are the prior's centre and rings, and the roots of the closed form. They are followed on a few rows
    of each satellite; what they lead to is then refined on all rows. """
    prior = assistance.ue_prior
    few = _thinned(system)
    if not system.only_toa:
        return _search_any(system, few, assistance)
    places = starts.bancroft(system.layout, few.part("toa").model, prior.ecef)
    if system.part("height") is not None or len(places) == 0 or len(system.satellites) < 4:
        places = np.concatenate([starts.prior_grid(prior), places])
    else:
        places = np.concatenate([starts.prior_grid(prior)[:7], places])
    first = distinct(minimise(few, starts.with_clock(few, places)))
    return judged(system, first if few is system else refine(system, first), assistance)


def _search_any(system: System, few: System, assistance: Assistance) -> list[Found]:
    """`search` for any mix of rows: also from all around the satellites, and from the mirror of what was
    found."""
    height = system.part("height")
    height_m = assistance.ue_prior.height_m if height is None else float(height.model.height_m[0])
    places = np.concatenate([starts.prior_grid(assistance.ue_prior), starts.ground_rings(few, height_m)])
    first = distinct(minimise(few, starts.with_clock(few, places), _SEARCH_STEPS))
    near = [s for s in first if s.cost <= first[0].cost + _MIRRORED][:_MOST_MIRRORED] if first else []
    images = [starts.mirrored(few, s.state[few.layout.position]) for s in near]
    if images and sum(map(len, images)):
        first += minimise(few, starts.with_clock(few, np.concatenate(images)), _SEARCH_STEPS)
    return judged(system, refine(system, distinct(first)), assistance)


def refine(system: System, solutions: list[Solution]) -> list[Solution]:
    """Distinct solutions of `system` nearest to those of a system like it."""
    if not solutions:
        return []
    steps = MAX_ITERATIONS if system.only_toa else _MOST_STEPS
    return distinct(minimise(system, np.array([solution.state for solution in solutions]), steps))


def judged(system: System, solutions: list[Solution], assistance: Assistance) -> list[Found]:
    """Solutions with their places, best place first, then by cost."""
    found = [Found(solution, _place(system, solution, assistance)) for solution in solutions]
    return sorted(found, key=lambda f: (f.place, f.solution.cost))


def _thinned(system: System) -> System:
    """At most a few rows of each satellite, spread over its measurements; `system` itself if it has no
    more."""
    most = max(_LEAST_ROWS_A_SATELLITE, _ROWS_IN_SEARCH // max(1, len(system.satellites)))
    keep = {}
    for part in system.parts:
        names = np.asarray(part.model.sources, dtype=object)
        mask = np.zeros(len(names), dtype=bool)
        for name in dict.fromkeys(part.model.sources):
            rows = np.flatnonzero(names == name)
            picked = np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)
            mask[rows[np.unique(picked)]] = True
        keep[part.model.kind] = mask
    return system if all(mask.all() for mask in keep.values()) else system.only(keep)


def _place(system: System, solution: Solution, assistance: Assistance) -> Place:
    """Where a solution lies; its own uncertainty is allowed for."""
    prior, layout = assistance.ue_prior, system.layout
    place = solution.state[layout.position]
    if not 1e5 < np.linalg.norm(place) < 1e8:
        return Place.IMPOSSIBLE
    covariance = solution.covariance()
    local = geometry.to_local(covariance[:3, :3], place)
    if layout.clock is not None:
        slack = _SIGMAS * np.sqrt(covariance[layout.clock, layout.clock]) / C_M_S + _CLOCK_SLACK_S
        most = _CLOCK_MARGIN * assistance.receiver.clock_offset_max_s + slack
        if abs(solution.state[layout.clock]) / C_M_S > most:
            return Place.IMPOSSIBLE
    height = float(ecef_to_geodetic(place)[2])
    # A height that is known far better than the rest leaves a variance of rounding's size, of either sign.
    own = _SIGMAS * float(np.sqrt(max(local[2, 2], 0.0)))
    if not _HEIGHTS_M[0] - own <= height <= max(_HEIGHTS_M[1], prior.height_m) + own:
        return Place.IMPOSSIBLE
    lines = np.concatenate([part.model.sight(place) for part in system.measured])
    flying = np.linalg.norm(place + lines, axis=1) > np.linalg.norm(place) + _LEAST_ABOVE_M
    if flying.any():
        sine = lines[flying] @ geometry.local_axes(place)[2] / np.linalg.norm(lines[flying], axis=1)
        if np.min(sine) < np.sin(np.radians(_LEAST_ELEVATION_DEG)):
            return Place.IMPOSSIBLE
    own_horizontal = geometry.horizontal_std(local)
    offset = geometry.local_axes(prior.ecef) @ (place - prior.ecef)
    # A far place lies below the prior's horizontal plane: the distance over ground is taken from the chord.
    across = float(np.sqrt(max(np.sum(offset**2) - (height - prior.height_m) ** 2, 0.0)))
    inside = across <= _SIGMAS * np.hypot(prior.horizontal_sigma_m, own_horizontal) and (
        abs(height - prior.height_m) <= _SIGMAS * np.hypot(prior.height_sigma_m, own / _SIGMAS))
    return Place.INSIDE if inside else Place.OUTSIDE
