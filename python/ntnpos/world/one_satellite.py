# SPDX-License-Identifier: GPL-3.0-or-later
"""One satellite by its name or catalogue number, and how long it can be received at a place."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np

from ..errors import InputError, describe
from .elements import MAX_AGE_DAYS, SHIPPED, load_tle_file, shipped_elements
from .frames import azimuth_elevation
from .light_time import received
from .orbits import OrbitError, TleOrbit
from .passes import Pass, passes
from .timebase import SECONDS_PER_DAY, Epoch

_NEXT_PASS_S = 86400.0


@dataclass(frozen=True, eq=False)
class Reception:
    """A satellite above the horizon of a place. Times are seconds from `epoch`."""

    satellite: str
    line1: str
    line2: str
    orbit: TleOrbit
    epoch: Epoch
    ue_ecef: np.ndarray
    """The place [3], m."""
    start_s: float
    stop_s: float
    velocity_ecef_m_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Of the receiver, which is at the place at `start_s`; relative to the turning frame."""

    def place_at(self, t_s) -> np.ndarray:
        """Where the receiver is [..., 3] at system times [...]."""
        since = np.asarray(t_s, dtype=float) - self.start_s
        return self.ue_ecef + np.multiply.outer(since, np.array(self.velocity_ecef_m_s))


def find_satellite(wanted: str, file: str = "") -> tuple[str, str, str]:
    """Element set (name, line 1, line 2) of a file (default: of the shipped sets) by name or catalogue
    number.

    Raises
    ------
    InputError
        The file is wrong, or holds no such satellite, or several.
    """
    source = file or "shipped elements"
    elements = load_tle_file(file) if file else [e for name in SHIPPED for e in shipped_elements(name)]
    name = str(wanted).strip()
    by_name = [e for e in elements if e[0].casefold() == name.casefold()]
    found = by_name or [
        e for e in elements if name.isdigit() and e[1][2:7].strip().lstrip("0") == name.lstrip("0")
    ]
    if len(found) > 1:
        numbers = ", ".join(sorted({e[1][2:7].strip() for e in found}))
        raise InputError(
            source,
            "satellite",
            f"{len(found)} element sets are of {describe(name)}",
            f"one set each; by catalogue number: {numbers}",
        )
    if not found:
        names = sorted(e[0] for e in elements)
        near = [n for n in names if name and n.casefold().startswith(name.casefold())][
            :3
        ] or difflib.get_close_matches(name.upper(), names, n=3, cutoff=0.5)
        raise InputError(
            source,
            "satellite",
            f"{describe(name)} is not among its {len(elements)} satellites",
            "a name or a catalogue number, such as " + ", ".join(near or [elements[0][0]]),
        )
    return found[0]


def reception(
    wanted: str,
    file: str,
    at: Epoch,
    ue_ecef,
    *,
    from_rise: bool = False,
    duration_s: float = 0.0,
    min_elevation_deg: float = 0.0,
) -> Reception:
    """From an instant, or from the next rise after it, until the satellite sets or for a time.

    Parameters
    ----------
    wanted, file
        As for `find_satellite`.
    at : Epoch
        The instant; becomes the epoch.
    ue_ecef : array [3]
        The place in m.
    from_rise : bool
        Whether to start at the first whole second at which it is up at or after `at`.
    duration_s : float
        0: until it sets, an hour at most.
    min_elevation_deg : float
        What counts as up.

    Raises
    ------
    InputError
        As `find_satellite`; the elements are older than `MAX_AGE_DAYS`; the satellite is not up, or not so
        long.
    """
    name, line1, line2 = find_satellite(wanted, file)
    source, ue_ecef = file or "shipped elements", np.asarray(ue_ecef, dtype=float)
    orbit = TleOrbit(line1, line2, at)
    age = orbit.elements_age_s / SECONDS_PER_DAY
    if abs(age) > MAX_AGE_DAYS:
        raise InputError(
            source,
            "epoch",
            f"the elements of {name} are {abs(age):.0f} days from {at.iso()}",
            f"up to {MAX_AGE_DAYS:g} days for SGP4",
        )
    try:
        seen = azimuth_elevation(ue_ecef, received(orbit, ue_ecef, [0.0]).sat_at_rx_frame)[1][0]
        if from_rise and seen < min_elevation_deg:
            found = _next((name, line1, line2), at, ue_ecef, min_elevation_deg)
            if found is None:
                raise InputError(
                    source,
                    "start",
                    f"{name} does not rise above {min_elevation_deg:g} degrees in the "
                    f"day after {at.iso()}",
                    "another satellite, place or time",
                )
            start_s = float(np.ceil(found.rise_s))
        elif seen < min_elevation_deg:
            raise InputError(
                source,
                "start",
                f"{name} stands at {seen:.1f} degrees at {at.iso()}, below "
                + ("the horizon" if min_elevation_deg == 0.0 else f"{min_elevation_deg:g} degrees"),
                _when((name, line1, line2), at, ue_ecef, min_elevation_deg),
            )
        else:
            start_s = 0.0
        sets_s = _set((name, line1, line2), at, ue_ecef, start_s, min_elevation_deg)
    except OrbitError as error:
        raise InputError(source, "satellite", f"{name}: {error}", "a satellite that SGP4 can carry") from None
    if duration_s and start_s + duration_s > sets_s:
        raise InputError(
            source,
            "duration",
            f"{name} sets {sets_s - start_s:.1f} s after the start, before " f"{duration_s:g} s are over",
            "less, or 0: until it sets",
        )
    stop_s = start_s + duration_s if duration_s else sets_s
    return Reception(name, line1, line2, orbit, at, ue_ecef, start_s, stop_s)


def _next(element, at: Epoch, ue: np.ndarray, least: float) -> Pass | None:
    """The first pass within a day that rises at or after the instant."""
    return next(
        (
            p
            for p in passes([element], at, ue, _NEXT_PASS_S, least)
            if p.rise_s is not None and p.rise_s >= 0.0
        ),
        None,
    )


def _when(element, at: Epoch, ue: np.ndarray, least: float) -> str:
    """When it is up next, for a message."""
    found = _next(element, at, ue, least)
    if found is None:
        return "another satellite, place or time: it does not rise in the day after"
    until = "" if found.set_s is None else f" to {at.plus(found.set_s).iso()[:19]}Z"
    return f"a time when it is up: next from {at.plus(found.rise_s + 1.0).iso()[:19]}Z{until}"


def _set(element, at: Epoch, ue: np.ndarray, start_s: float, least: float) -> float:
    """When the pass that is under way at `start_s` ends, an hour later at most."""
    latest = start_s + 3600.0
    ends = [
        p.set_s
        for p in passes([element], at, ue, start_s + 1.0, least)
        if p.set_s is not None and p.set_s > start_s
    ]
    return min([latest, *ends])
