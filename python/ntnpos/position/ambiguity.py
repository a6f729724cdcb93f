# SPDX-License-Identifier: GPL-3.0-or-later
"""Which transmission of a repeating PRS was received, where the clock's bound leaves that open.

A PRS repeats bit for bit after a whole number of its periods and of frames (10 ms and more). A receiver whose clock may be wrong by half of
that cannot tell from one satellite which repetition it has: its toa may be wrong by a whole number of them. All satellites share
one clock, and each repetition finds them at another place (75 m in 10 ms): together they tell.
"""

from __future__ import annotations

from dataclasses import replace
from math import lcm
from typing import Iterable, Mapping

from ..network.assistance import Assistance
from ..network.measurements import Measurement
from ..network.resources import Carrier, PrsResource
from ..network.search_windows import SearchWindow
from .fix import solve_toa


def repetition_s(prs: PrsResource, carrier: Carrier) -> float:
    """Time in s after which a resource sends the same again (muting left aside)."""
    slots = lcm(prs.periodicity_slots, 10 * carrier.slots_per_subframe)
    return 1e-3 * slots / carrier.slots_per_subframe


def is_open(assistance: Assistance, windows: Iterable[SearchWindow]) -> bool:
    """Whether a repetition of some satellite's PRS lies in its window beside another."""
    return any(2.0 * window.half_width_s >= repetition_s(assistance.satellite(window.satellite).prs, assistance.carrier)
               for window in windows)


def resolve(measurements: list[Measurement], assistance: Assistance, windows: Iterable[SearchWindow],
            height_m: float | None = None, height_std_m: float = 1.0) -> list[Measurement]:
    """The measurements with toa and slot number of the repetition that all satellites and the clock's bound agree on.

    Parameters
    ----------
    measurements : list of Measurement
        Of kind `toa`, each within its satellite's window; the order is kept.
    windows : iterable of SearchWindow
        Where they were searched.
    height_m, height_std_m : as for `solve_toa`
    """
    by_id = {window.satellite: window for window in windows}
    choices = _clock_choices(measurements, assistance, by_id)
    if len(choices) < 2:
        return [_nearest(row, choices[0], assistance, by_id) for row in measurements] if choices else measurements
    tried = []
    for clock_s in sorted(choices, key=abs):
        rows = [_nearest(row, clock_s, assistance, by_id) for row in measurements]
        fix = solve_toa(rows, assistance, height_m, height_std_m)
        clock_s = None if fix.estimate is None else fix.estimate.clock_offset_s
        within = clock_s is not None and abs(clock_s) <= assistance.receiver.clock_offset_max_s + 1e-6
        # A fix that leaves nobody out, then one with a clock that can be, then the better fit.
        tried.append((fix.status == "ok", within, -len(fix.excluded), fix.p_value or 0.0, rows))
    return max(tried, key=lambda entry: entry[:-1])[-1]


def _candidates(row: Measurement, assistance: Assistance, windows: Mapping[str, SearchWindow]) -> list[tuple[int, float]]:
    """(repetitions to add, toa less its prediction) within the window, s."""
    window = windows[row.satellite]
    repeat = repetition_s(assistance.satellite(row.satellite).prs, assistance.carrier)
    off = row.toa_s - float(window.predict(row.t_s)[0])
    most = int(2.0 * window.half_width_s / repeat) + 1
    found = [(k, off + k * repeat) for k in range(-most, most + 1)]
    return [(k, x) for k, x in found if abs(x) <= window.half_width_s] or [(0, off)]


def _clock_choices(measurements: list[Measurement], assistance: Assistance,
                   windows: Mapping[str, SearchWindow]) -> list[float]:
    """Clock offsets that the satellite with the fewest repetitions in its window leaves open, s."""
    rows = {row.satellite: row for row in measurements if row.status == "ok" and row.satellite in windows}
    options = [_candidates(row, assistance, windows) for row in rows.values()]
    return [x for _, x in min(options, key=len)] if options else []


def _nearest(row: Measurement, clock_s: float, assistance: Assistance, windows: Mapping[str, SearchWindow]) -> Measurement:
    """The row moved to the repetition that is nearest to a clock offset."""
    if row.status != "ok" or row.satellite not in windows:
        return row
    carrier = assistance.carrier
    repeat = repetition_s(assistance.satellite(row.satellite).prs, carrier)
    k, _ = min(_candidates(row, assistance, windows), key=lambda option: abs(option[1] - clock_s))
    if k == 0:
        return row
    slots = round(k * repeat * 1e3) * carrier.slots_per_subframe

    def moved(value: float | None) -> float | None:
        return None if value is None else value + k * repeat

    return replace(row, toa_s=moved(row.toa_s), window_min_s=moved(row.window_min_s), window_max_s=moved(row.window_max_s),
                   slot_count=None if row.slot_count is None else row.slot_count - slots)
