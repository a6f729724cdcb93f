# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a fix: each measurement's line on the ground, the places that fit, their uncertainty."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .plots import BLUE, ORANGE, TO_95, MapEntry, ellipse, plt
from .position.ground_lines import GroundLines
from .position.result import Estimate, Fix

_COLOURS = ("#6a9fd8", "#8fbf8f", "#c79fd8", "#d8b06a", "#7fc4c4", "#d88f8f")
_LEAST_SHOWN = 0.012  # an ellipse smaller than this part of the map's half width would not be seen


def draw(path: str | Path, lines: GroundLines, fix: Fix) -> None:
    """Write the picture as PNG. Raises OSError where the file cannot be written."""
    figure, axes = plt.subplots(figsize=(8.6, 8.0))
    unit, scale = ("km", 1e3) if lines.reach_m > 3e3 else ("m", 1.0)
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(lines.tracks)}
    for (name, kind), field in zip(lines.names, lines.deviations):
        if np.nanmin(field) < 0.0 < np.nanmax(field):
            axes.contour(
                lines.east_m / scale,
                lines.north_m / scale,
                field,
                levels=[0.0],
                colors=[colours[name]],
                linewidths=1.1,
                linestyles="dashed" if kind in ("range_rate", "aoa") else "solid",
            )
    for name, track in lines.tracks.items():
        axes.plot([], [], color=colours[name], lw=1.6, label=name)
        inside = np.max(np.abs(track), axis=1) < lines.reach_m
        if inside.any():
            axes.plot(*(track.T / scale), "-", color=colours[name], lw=3.0, alpha=0.35)
            if len(track) > 1 and np.linalg.norm(track[-1] - track[0]) > 0.01 * lines.reach_m:
                axes.annotate("", track[-1] / scale, track[-2] / scale,
                              arrowprops={"arrowstyle": "-|>", "color": colours[name], "lw": 2.0})
    places = [] if fix.estimate is None else [(fix.estimate, BLUE, "o", "the fix, with 95 % ellipse")]
    places += [
        (other, ORANGE, "X", "fits as well" if i == 0 else None) for i, other in enumerate(fix.candidates)
    ]
    for estimate, colour, marker, label in places:
        _place(axes, lines, estimate, scale, colour, marker, label)
    axes.set_xlim(-lines.reach_m / scale, lines.reach_m / scale)
    axes.set_ylim(-lines.reach_m / scale, lines.reach_m / scale)
    axes.set_aspect("equal")
    axes.grid(color="#e5e5e5", lw=0.6)
    axes.set_axisbelow(True)
    latitude, longitude = lines.centre
    axes.set_xlabel(f"east of {abs(latitude):.4f}°{'N' if latitude >= 0 else 'S'} {abs(longitude):.4f}°"
                    f"{'E' if longitude >= 0 else 'W'} ({unit})")
    axes.set_ylabel(f"north ({unit})")
    axes.legend(fontsize=8.5, loc="upper right", framealpha=0.9)
    axes.set_title(_title(fix), fontsize=11)
    figure.tight_layout()
    try:
        with open(path, "wb") as file:
            figure.savefig(file, dpi=110, format="png")
    finally:
        plt.close(figure)


def _place(
    axes, lines: GroundLines, estimate: Estimate, scale: float, colour: str, marker: str, label: str | None
) -> None:
    """One place that fits, and where it is to 95 %."""
    east, north = lines.at(estimate.ecef_m)
    axes.plot(
        east / scale, north / scale, marker, ms=8, color=colour, mec="white", mew=0.8, label=label, zorder=5
    )
    covariance = estimate.covariance_enu_m2
    if covariance is None:
        return
    flat = covariance[:2, :2] / scale**2
    if TO_95 * np.sqrt(np.linalg.eigvalsh(flat)[-1]) > _LEAST_SHOWN * lines.reach_m / scale:
        ellipse(axes, MapEntry(east / scale, north / scale, flat), TO_95, ec=colour, lw=1.8, zorder=4)


def _title(fix: Fix) -> str:
    """What the fix says, in one or two lines."""
    estimate = fix.estimate
    if estimate is None:
        return f"{fix.method}: {fix.status}\n{fix.reason}"
    latitude, longitude, _ = estimate.geodetic
    std = estimate.horizontal_std_m
    size = "" if std is None else f" ± {std / 1e3:.2f} km" if std >= 1e3 else f" ± {std:.1f} m"
    first = f"{fix.method}: {fix.status}, {latitude:.5f}°, {longitude:.5f}°{size} (1 sigma)"
    return first if fix.reason is None else f"{first}\n{fix.reason[:110]}"
