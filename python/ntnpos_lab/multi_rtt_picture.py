# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of `demo multi-rtt`: the ground with the satellite's track, what was measured, and how the error shrinks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ntnpos import plots
from ntnpos.network.measurements import Measurement
from ntnpos.network.two_way import pair
from ntnpos.position.geometry import Bound, to_local
from ntnpos.world.frames import ecef_to_geodetic, enu_rotation, geodetic_to_ecef

if TYPE_CHECKING:
    from .multi_rtt import Story


def local(told: Story, ecef_m) -> np.ndarray:
    """East, north, up of a position from the true place, m."""
    return enu_rotation(told.latitude_deg, told.longitude_deg) @ (np.asarray(ecef_m) - told.link.ue_ecef_m)


def error_m(told: Story, ecef_m) -> tuple[float, float]:
    """Horizontal distance from the true place, and height above it, m."""
    east, north, up = local(told, ecef_m)
    return float(np.hypot(east, north)), float(up)


def draw(path: Path, told: Story, reports: list[Measurement], fixes: list[dict[str, Any]], bound: Bound) -> None:
    """Writes a PNG."""
    figure, (ground, trips, errors) = plots.plt.subplots(1, 3, figsize=(15, 5.2))
    figure.subplots_adjust(left=0.05, right=0.98, bottom=0.12, top=0.84, wspace=0.25)
    _ground(ground, told, fixes[-1])
    _round_trips(trips, told, reports)
    _errors(errors, told, fixes, bound)
    culminates = told.orbit_pass.max_elevation_deg
    figure.suptitle(f"One satellite, {told.link.satellite}, culminating at {culminates:.0f}°: position by round trips over a "
                    "gateway, on samples", fontsize=13, y=0.96)
    figure.savefig(path, dpi=100)
    plots.plt.close(figure)


def _ground(axes, told: Story, fix: dict[str, Any]) -> None:
    t = np.array(told.slots) * told.link.slot_s
    latitude, longitude, _ = ecef_to_geodetic(told.link.orbit.state(t)[0])
    track = np.array([local(told, geodetic_to_ecef(a, b, 0.0)) for a, b in zip(latitude, longitude)]) / 1e3
    axes.plot(track[:, 0], track[:, 1], "-", color=plots.GREY, lw=1.2, label="ground track")
    axes.annotate("", track[-1, :2], track[-2, :2] if len(track) > 1 else track[-1, :2],
                  arrowprops={"arrowstyle": "->", "color": plots.GREY})
    gateway = local(told, told.link.gateway_ecef_m) / 1e3
    axes.plot(gateway[0], gateway[1], "^", ms=9, color=plots.GREEN, label="gNB at its gateway")
    for i, other in enumerate(fix["candidates"]):
        at = local(told, other["ecef_m"]) / 1e3
        axes.plot(at[0], at[1], "o", mfc="none", ms=9, color=plots.ORANGE, label="other candidate" if i == 0 else None)
    if fix["ecef_m"] is not None:
        at = local(told, fix["ecef_m"]) / 1e3
        axes.plot(at[0], at[1], "o", ms=8, color=plots.BLUE, label=f"fix ({fix['status']})")
    axes.plot(0.0, 0.0, "*", ms=13, color=plots.RED, label="truth")
    axes.set_aspect("equal", adjustable="datalim")
    axes.grid(color="#dddddd", lw=0.6)
    axes.set_xlabel("east of the UE (km)")
    axes.set_ylabel("north of the UE (km)")
    axes.legend(fontsize=8, loc="best")
    axes.set_title("On the ground", fontsize=11)


def _round_trips(axes, told: Story, reports: list[Measurement]) -> None:
    rows = pair(reports, told.assistance).measurements
    t = np.array([row.extra["t_rx_s"] for row in rows]) - told.orbit_pass.culmination_s
    axes.plot(t, [1e3 * row.extra["rtt_s"] for row in rows], "o", ms=4, color=plots.BLUE, label="service link")
    ta = told.assistance.common_ta(told.link.satellite)
    axes.plot(t, [1e3 * ta.at(row.extra["t_rx_s"]) for row in rows], "-", color=plots.GREEN, lw=1.2, label="feeder link (common TA)")
    axes.grid(color="#dddddd", lw=0.6)
    axes.set_xlabel("time from the culmination (s)")
    axes.set_ylabel("round trip (ms)")
    axes.legend(fontsize=8)
    axes.set_title("What was measured", fontsize=11)


def _errors(axes, told: Story, fixes: list[dict[str, Any]], bound: Bound) -> None:
    t = (np.array(told.slots) - told.slots[0]) * told.link.slot_s
    for i, (time, fix) in enumerate(zip(t, fixes)):
        if fix["ecef_m"] is None:
            continue
        places = [error_m(told, c["ecef_m"])[0] for c in [fix, *fix["candidates"]]]
        axes.plot(time, places[0], "o", ms=5, color=plots.BLUE)
        axes.plot([time] * (len(places) - 1), places[1:], "o", mfc="none", ms=6, color=plots.ORANGE)
        if fix["horizontal_std_m"]:
            axes.plot(time, fix["horizontal_std_m"], "_", ms=9, color=plots.GREY)
    for label, style in (("fix", {"marker": "o", "color": plots.BLUE}),
                         ("other candidates", {"marker": "o", "mfc": "none", "color": plots.ORANGE}),
                         ("stated deviation", {"marker": "_", "color": plots.GREY})):
        axes.plot([], [], ls="", label=label, **style)
    axes.axhline(bound.horizontal_m, color=plots.RED, ls="--", lw=1.2, label=f"bound at the end: {bound.horizontal_m:.0f} m")
    axes.set_yscale("log")
    axes.grid(color="#dddddd", lw=0.6, which="both")
    axes.set_xlabel("time since the first round trip (s)")
    axes.set_ylabel("horizontal distance from the truth (m)")
    axes.legend(fontsize=8)
    axes.set_title("How the error shrinks", fontsize=11)


__all__ = ["draw", "error_m", "local"]
