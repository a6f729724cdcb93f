# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of places on the ground: what each delay leaves open, the places that fit, a claim and its radius."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

import numpy as np
import shapely
from matplotlib.patches import Circle, Ellipse

from .lmf.area import Area
from .lmf.verification_geometry import ground_offset, horizontal_covariance, places_around
from .plots import BLUE, GREEN, GREY, ORANGE, RED, TO_95, plt
from .position.result import Estimate
from .position.system import System
from .world.constants import C_M_S
from .world.frames import geodetic_to_ecef

MOST_CURVES = 9
_GRID = 160
_WHOLE_KM, _CLOSE_KM = 100.0, 3.0
_CURVED = ("rtt", "toa", "ul_rtoa", "range_rate")


@dataclass(frozen=True)
class Target:
    """A claimed place."""

    latitude_deg: float
    longitude_deg: float
    height_m: float
    radius_m: float | None
    """Of the circle around it; None: none is drawn."""

    @property
    def ecef(self) -> np.ndarray:
        """ECEF position [3] in m."""
        return geodetic_to_ecef(self.latitude_deg, self.longitude_deg, self.height_m)


def ground_map(path: str | Path, title: str, reason: str, target: Target, places: Sequence[Estimate], system: System | None,
               area: Area | None = None, track: np.ndarray | None = None) -> None:
    """Writes a PNG with two maps about the target, the whole and the close surroundings; x to the east, y to the north.

    Parameters
    ----------
    places : sequence of Estimate
        That fit; the likeliest first.
    system : System, optional
        Its rows' curves on the ground (where each would read what it does), at the first place's height and clock.
    track : array [n, 3], optional
        Satellite places in ECEF in the order of time.
    """
    offsets = [ground_offset(place.ecef_m, target.ecef) / 1e3 for place in places]
    radius = _CLOSE_KM if target.radius_m is None else target.radius_m / 1e3
    far = max([1.6 * radius, _WHOLE_KM] + [1.15 * float(np.max(np.abs(offset))) for offset in offsets])
    near = max([1.4 * radius] + [1.2 * float(np.max(np.abs(o))) for o in offsets if np.max(np.abs(o)) < 4.0 * radius])
    figure, (whole, close) = plt.subplots(1, 2, figsize=(12.5, 6.6))
    for axes, reach in ((whole, 1.15 * far), (close, near)):
        _curves(axes, target, places, system, reach)
        _area(axes, target, area)
        _track(axes, target, track, reach)
        _target(axes, radius if target.radius_m is not None else None)
        _places(axes, target, places, offsets, reach, labels=axes is close)
        axes.set_xlim(-reach, reach)
        axes.set_ylim(-reach, reach)
        axes.set_aspect("equal")
        axes.grid(color="#dddddd", lw=0.6)
        axes.set_xlabel("east of the claim (km)")
    whole.set_ylabel("north of the claim (km)")
    whole.set_title("The whole", fontsize=11)
    close.set_title("Around the claim", fontsize=11)
    handles = {label: handle for axes in (whole, close) for handle, label in zip(*axes.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncol=len(handles), fontsize=9, frameon=False)
    figure.suptitle(title, fontsize=13, y=0.985)
    figure.text(0.5, 0.93, "\n".join(textwrap.wrap(reason, 120)[:2]).replace("$", r"\$"), ha="center", va="top", fontsize=9.5,
                color=GREY)
    figure.subplots_adjust(left=0.06, right=0.985, top=0.81, bottom=0.15, wspace=0.12)
    try:
        with open(path, "wb") as file:
            figure.savefig(file, dpi=100, format="png")
    finally:
        plt.close(figure)


def _target(axes, radius_km: float | None) -> None:
    """The claim in the middle, with its radius."""
    axes.plot(0.0, 0.0, "*", ms=15, color=ORANGE, mec="white", zorder=6, ls="none", label="claim")
    if radius_km is not None:
        axes.add_patch(Circle((0.0, 0.0), radius_km, fill=False, ec=ORANGE, lw=1.6, zorder=5))
        axes.plot([], [], color=ORANGE, lw=1.6, label=f"{radius_km:g} km around it")


def _places(axes, target: Target, places: Sequence[Estimate], offsets, reach: float, labels: bool) -> None:
    """Places that fit, with 95 % ellipses, and their axes' lengths where there is room."""
    for number, (place, offset) in enumerate(zip(places, offsets)):
        colour = BLUE if number == 0 else RED
        axes.plot(*offset, "o", ms=7, color=colour, mec="white", zorder=7, ls="none",
                  label="network's position" if number == 0 else "another place that fits")
        if place.covariance_ecef_m2 is None:
            continue
        values, vectors = np.linalg.eigh(horizontal_covariance(place.covariance_ecef_m2, target.ecef))
        minor, major = 2.0 * TO_95 * np.sqrt(np.maximum(values, 0.0)) / 1e3
        axes.add_patch(Ellipse(tuple(offset), major, minor, angle=np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])),
                               fc=colour, ec=colour, alpha=0.25, zorder=4))
        if labels and np.max(np.abs(offset)) < 0.7 * reach:
            axes.annotate(f"95 %: ±{major / 2:.2g} km × ±{minor / 2:.2g} km", tuple(offset), textcoords="offset points",
                          xytext=(9, -13), fontsize=8, color=colour, zorder=8,
                          bbox={"fc": "white", "ec": "none", "alpha": 0.7, "pad": 1.0})


def _curves(axes, target: Target, places: Sequence[Estimate], system: System | None, reach: float) -> None:
    """Where each of some rows would read what it does."""
    if system is None:
        return
    axis = np.linspace(-reach, reach, _GRID) * 1e3
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    lat, lon = places_around(target.latitude_deg, target.longitude_deg, grid)
    height = places[0].geodetic[2] if places else target.height_m
    states = np.zeros((len(grid), system.layout.size))
    states[:, system.layout.position] = geodetic_to_ecef(lat, lon, height)
    if places and system.layout.clock is not None:
        states[:, system.layout.clock] = C_M_S * (places[0].clock_offset_s or 0.0)
        states[:, system.layout.drift] = C_M_S * (places[0].clock_drift or 0.0)
    if places and system.layout.sending is not None:
        states[:, system.layout.sending] = C_M_S * (places[0].sending_offset_s or 0.0)
    parts = [part.model for part in system.parts if part.model.kind in _CURVED]
    each = max(1, MOST_CURVES // max(1, len(parts)))
    for model in parts:
        picked = np.unique(np.linspace(0, len(model.std) - 1, min(each, len(model.std))).round().astype(int))
        residual, _ = model.take(picked).evaluate(system.layout, states)
        for column in residual.T:
            if np.min(column) < 0.0 < np.max(column):
                axes.contour(axis / 1e3, axis / 1e3, column.reshape(_GRID, _GRID), levels=[0.0], colors=[GREEN], linewidths=0.9)
        axes.plot([], [], color=GREEN, lw=0.9, label="what a measurement leaves open")


def _area(axes, target: Target, area: Area | None) -> None:
    """Outlines of an area."""
    if area is None:
        return
    for polygon in shapely.get_parts(area.shape):
        for ring in (polygon.exterior, *polygon.interiors):
            lon, lat = np.array(ring.coords)[:, :2].T
            edge = np.array([ground_offset(place, target.ecef) for place in geodetic_to_ecef(lat, lon, 0.0)]) / 1e3
            axes.plot(*edge.T, color=GREY, lw=1.4, ls="--", zorder=3)
    axes.plot([], [], color=GREY, lw=1.4, ls="--", label=f"border of {area.name}"[:40])


def _track(axes, target: Target, track: np.ndarray | None, reach: float) -> None:
    """The way of the point below the satellite."""
    if track is None or len(track) < 2:
        return
    ways = np.array([ground_offset(place, target.ecef) for place in track]) / 1e3
    axes.plot(*ways.T, color=GREY, lw=1.0, ls=":", zorder=3, label="below the satellite")
    inside = np.flatnonzero(np.all(np.abs(ways) < 0.95 * reach, axis=1))
    if len(inside) >= 2:
        axes.annotate("", ways[inside[-1]], ways[inside[-2]], arrowprops={"arrowstyle": "-|>", "color": GREY})
