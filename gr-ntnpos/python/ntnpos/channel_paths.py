# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of numbers to the paths of an ntn_channel, as GNU Radio Companion and small scripts write them."""

from collections.abc import Sequence

from .ntnpos_python import channel_path, delay_segment, instant, path_fading, trajectory
from .trajectory_file import read_trajectories


def _each(values, default, n: int, name: str) -> list:
    """n values: the given ones, or the default for each where none are given."""
    chosen = [default] * n if values is None or len(values) == 0 else list(values)
    if len(chosen) != n:
        raise ValueError(f"{name} = {len(chosen)} values: must be one for each of the {n} delays, or none")
    return chosen


def channel_paths(
    delays: Sequence,
    *,
    delay_start: tuple[int, float] = (0, 0.0),
    gains: Sequence[complex] | None = None,
    inputs: Sequence[int] | None = None,
    input_starts: Sequence[tuple[int, float]] | None = None,
    satellite_clock_offsets_s: Sequence[float] | None = None,
    fading: path_fading | Sequence[path_fading] | None = None,
    trajectory_file: str | None = None,
) -> list[channel_path]:
    """Paths of an ntn_channel, one for each delay.

    Parameters
    ----------
    delays
        For each path the coefficients [s, s/s, s/s^2, ...] of its travel time, counted from delay_start by the system
        time of reception, or an ntnpos.trajectory (which has its own starts).
    delay_start
        (whole, fraction) seconds, for the delays given by coefficients.
    gains
        Complex amplitudes; default 1.
    inputs
        Input number of each path; default 0, 1, 2, ... One input may have several paths.
    input_starts
        (whole, fraction) seconds: the satellite clock at sample 0 of the path's input; default delay_start.
    satellite_clock_offsets_s
        Satellite clock minus system time; default 0.
    fading
        Multipath fading of each path, or one for all (each path still has taps of its own); default none.
    trajectory_file
        A file of trajectories (`read_trajectories`) whose delays take the place of `delays`; None or "": none.

    Raises
    ------
    TrajectoryError
        The file is wrong.
    ValueError
        A list has another length than delays. What is wrong within a path the block itself says.
    """
    if trajectory_file:
        delays = read_trajectories(trajectory_file).delays
    n = len(delays)
    if isinstance(fading, path_fading):
        fading = [fading] * n
    trajectories = [
        (
            delay
            if isinstance(delay, trajectory)
            else trajectory([delay_segment(instant(*delay_start), [float(c) for c in delay])])
        )
        for delay in delays
    ]
    return [
        channel_path(number, delay, gain, instant(*start), clock_offset_s, of_path)
        for number, delay, gain, start, clock_offset_s, of_path in zip(
            list(range(n)) if inputs is None or len(inputs) == 0 else _each(inputs, 0, n, "inputs"),
            trajectories,
            _each(gains, 1.0, n, "gains"),
            _each(input_starts, delay_start, n, "input_starts"),
            _each(satellite_clock_offsets_s, 0.0, n, "satellite_clock_offsets_s"),
            _each(fading, path_fading(), n, "fading"),
        )
    ]
