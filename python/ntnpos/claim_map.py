# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a verdict: the claim and its radius, the places that fit, what each measurement leaves
open."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Iterable, Sequence

import numpy as np
import shapely

from .lmf.area import Area
from .lmf.verification import Verdict
from .lmf.verification_geometry import ground_offset, horizontal_covariance
from .network.assistance import Assistance
from .network.measurements import Measurement
from .plots import BLUE, GREEN, GREY, ORANGE, RED, TO_95, MapEntry, ellipse, plt
from .position.ground_lines import GroundLines, ground_lines
from .position.result import Fix
from .world.frames import geodetic_to_ecef

_WHOLE_KM, _CLOSE_KM = 115.0, 4.0  # half widths, at least; the close one where there is no radius


def draw(
    path: str | Path,
    verdict: Verdict,
    measurements: Iterable[Measurement],
    assistance: Assistance,
    area: Area | None = None,
) -> None:
    """Write a PNG with two maps about the claim, the whole and the close surroundings. Raises OSError where
    it cannot be."""
    measurements, claim = list(measurements), verdict.claim
    fix = verdict.fix or Fix("no_fix")
    offsets = [ground_offset(place.estimate.ecef_m, claim.ecef) / 1e3 for place in verdict.places]
    radius = verdict.thresholds.radius_m / 1e3 if verdict.level == 2 else None
    sizes = [float(np.max(np.abs(offset))) for offset in offsets]
    close = (
        _CLOSE_KM
        if radius is None
        else max([1.4 * radius] + [1.2 * size for size in sizes if size < 4.0 * radius])
    )
    whole = max([_WHOLE_KM, 2.0 * close] + [1.3 * size for size in sizes])
    figure, both = plt.subplots(1, 2, figsize=(12.5, 6.6))
    for axes, reach, title in zip(both, (whole, close), ("The whole", "Around the claim")):
        lines = ground_lines(
            measurements, assistance, fix, (claim.latitude_deg, claim.longitude_deg), 1e3 * reach
        )
        if lines is not None:
            _lines(axes, lines, reach)
        if area is not None:
            _area(axes, verdict, area)
        axes.plot(0.0, 0.0, "*", ms=15, color=ORANGE, mec="white", zorder=6, ls="none", label="claim")
        if radius is not None:
            axes.add_patch(plt.Circle((0.0, 0.0), radius, fill=False, ec=ORANGE, lw=1.6, zorder=5))
            axes.plot([], [], color=ORANGE, lw=1.6, label=f"{radius:g} km around it")
        _places(axes, verdict, offsets, reach, sizes_too=axes is both[1])
        axes.set_xlim(-reach, reach)
        axes.set_ylim(-reach, reach)
        axes.set_aspect("equal")
        axes.grid(color="#dddddd", lw=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel("east of the claim (km)")
        axes.set_title(title, fontsize=11)
    both[0].set_ylabel("north of the claim (km)")
    handles = {label: handle for axes in both for handle, label in zip(*axes.get_legend_handles_labels())}
    figure.legend(
        handles.values(), handles.keys(), loc="lower center", ncol=len(handles), fontsize=9, frameon=False
    )
    figure.suptitle(f"Level {verdict.level}: {verdict.verdict}", fontsize=13, y=0.985)
    reason = "\n".join(textwrap.wrap(verdict.reason, 120)[:2]).replace("$", r"\$")  # a name is no formula
    figure.text(0.5, 0.93, reason, ha="center", va="top", fontsize=9.5, color=GREY)
    figure.subplots_adjust(left=0.06, right=0.985, top=0.81, bottom=0.15, wspace=0.12)
    try:
        with open(path, "wb") as file:
            figure.savefig(file, dpi=100, format="png")
    finally:
        plt.close(figure)


def _lines(axes, lines: GroundLines, reach_km: float) -> None:
    """Where each measurement would read what it does, and the way of the points below the satellites."""
    for field in lines.deviations:
        if np.nanmin(field) < 0.0 < np.nanmax(field):
            axes.contour(
                lines.east_m / 1e3, lines.north_m / 1e3, field, levels=[0.0], colors=[GREEN], linewidths=0.9
            )
    axes.plot([], [], color=GREEN, lw=0.9, label="what a measurement leaves open")
    for track in lines.tracks.values():
        ways = track / 1e3
        if len(ways) < 2 or not np.any(np.max(np.abs(ways), axis=1) < reach_km):
            continue
        axes.plot(*ways.T, color=GREY, lw=2.0, ls=":", zorder=3, label="below the satellite")
        axes.annotate(
            "", ways[-1], ways[-2], arrowprops={"arrowstyle": "-|>", "color": GREY}, annotation_clip=True
        )


def _places(axes, verdict: Verdict, offsets: Sequence[np.ndarray], reach_km: float, sizes_too: bool) -> None:
    """Places that fit, with 95 % ellipses, and their axes' lengths where there is room."""
    for number, (place, offset) in enumerate(zip(verdict.places, offsets)):
        colour = BLUE if number == 0 else RED
        axes.plot(
            *offset,
            "o",
            ms=7,
            color=colour,
            mec="white",
            zorder=7,
            ls="none",
            label="network's position" if number == 0 else "another place that fits",
        )
        covariance = horizontal_covariance(place.estimate.covariance_ecef_m2, verdict.claim.ecef) / 1e6
        ellipse(axes, MapEntry(*offset, covariance), TO_95, ec=colour, lw=1.4, zorder=4)
        if sizes_too and np.max(np.abs(offset)) < 0.7 * reach_km:
            minor, major = TO_95 * np.sqrt(np.maximum(np.linalg.eigvalsh(covariance), 0.0))
            axes.annotate(
                f"95 %: ±{major:.2g} km × ±{minor:.2g} km",
                tuple(offset),
                textcoords="offset points",
                xytext=(9, -13),
                fontsize=8,
                color=colour,
                zorder=8,
                bbox={"fc": "white", "ec": "none", "alpha": 0.7, "pad": 1.0},
            )


def _area(axes, verdict: Verdict, area: Area) -> None:
    """Outlines of an area."""
    for polygon in shapely.get_parts(area.shape):
        for ring in (polygon.exterior, *polygon.interiors):
            lon, lat = np.array(ring.coords)[:, :2].T
            edge = (
                np.array(
                    [ground_offset(place, verdict.claim.ecef) for place in geodetic_to_ecef(lat, lon, 0.0)]
                )
                / 1e3
            )
            axes.plot(*edge.T, color=GREY, lw=1.4, ls="--", zorder=3)
    axes.plot([], [], color=GREY, lw=1.4, ls="--", label=f"border of {area.name}"[:40])
