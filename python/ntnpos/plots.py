# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of results. Each function draws into axes it is given; nothing here computes a result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  the backend is chosen first
import numpy as np  # noqa: E402
from matplotlib.patches import Ellipse  # noqa: E402
from scipy.signal import resample  # noqa: E402

SMOOTHING = 16
MOST_TRACKS, MOST_NAMES = 40, 14
"""Passes that a sky plot shows, and those of them that it names."""
BLUE, ORANGE, GREEN, RED, GREY = "#1f5fa8", "#d9730d", "#2e8b57", "#c0392b", "#666666"
TO_95 = float(np.sqrt(-2.0 * np.log(0.05)))
"""Factor from the 1-sigma to the 95 % ellipse of two Gaussian dimensions."""


@dataclass(frozen=True)
class SkyEntry:
    """A satellite in a sky plot."""

    name: str
    azimuth_deg: float
    elevation_deg: float
    snr_db: float | None
    heard: bool


@dataclass(frozen=True)
class TrackEntry:
    """A satellite's way over the sky."""

    name: str
    """As the legend has it."""
    azimuth_deg: np.ndarray
    """[n], in the order of time."""
    elevation_deg: np.ndarray
    """[n]."""


@dataclass(frozen=True)
class ProfileEntry:
    """A delay profile with the first path that was detected in it."""

    name: str
    delay_s: np.ndarray
    """[n], evenly spaced."""
    profile: np.ndarray
    """[n], complex."""
    toa_s: float
    toa_std_s: float
    snr_db: float


@dataclass(frozen=True)
class MapEntry:
    """A position on the local map, in metres east and north of the map's middle."""

    east_m: float
    north_m: float
    covariance_m2: np.ndarray | None = None
    """[2, 2] east, north."""


def sky_axes(axes) -> None:
    """Make polar axes the sky as one sees it on the ground's map: north up, east right, zenith in the middle."""
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.set_rlim(0, 90)
    axes.set_rgrids([0, 30, 60, 90], ["", "60°", "30°", ""], color=GREY, fontsize=8)
    axes.set_thetagrids([0, 90, 180, 270], ["N", "E", "S", "W"])


def sky(axes, entries: Sequence[SkyEntry]) -> None:
    """Satellites over the horizon; `axes` is polar."""
    sky_axes(axes)
    for entry in entries:
        angle, radius = np.radians(entry.azimuth_deg), 90.0 - entry.elevation_deg
        axes.plot(angle, radius, "o", ms=9, color=GREEN if entry.heard else "white", mec=GREEN if entry.heard else RED)
        axes.annotate(entry.name.replace("STARLINK-", "S-").replace("ONEWEB-", "OW-"), (angle, radius),
                      textcoords="offset points", xytext=(0, 8), ha="center", fontsize=7.5)
    axes.set_title("The sky: satellites in use", fontsize=11, pad=14)


def sky_tracks(path: str | Path, title: str, tracks: Sequence[TrackEntry], of: int) -> None:
    """Ways of satellites over the sky, an arrow head at the end of each, the `MOST_NAMES` first in the legend. Writes a
    PNG.

    Parameters
    ----------
    of : int
        How many there are in all.
    """
    figure, axes = plt.subplots(figsize=(10.0, 7.6), subplot_kw={"projection": "polar"})
    sky_axes(axes)
    colours = plt.get_cmap("tab20")(np.arange(MOST_NAMES))
    for index, entry in reversed(list(enumerate(tracks))):
        named = index < MOST_NAMES
        colour, width = (colours[index], 1.8) if named else ("#bbbbbb", 0.9)
        angle, radius = np.radians(entry.azimuth_deg), 90.0 - np.asarray(entry.elevation_deg)
        axes.plot(angle, radius, "-", color=colour, lw=width)
        axes.annotate("", (angle[-1], radius[-1]), (angle[-2], radius[-2]),
                      arrowprops={"arrowstyle": "-|>", "color": colour, "lw": width, "shrinkA": 0, "shrinkB": 0})
    for entry, colour in zip(tracks, colours):
        axes.plot([], [], color=colour, lw=1.8, label=entry.name)
    axes.legend(loc="center left", bbox_to_anchor=(1.08, 0.5), fontsize=9, frameon=False,
                title="satellite, when highest (UTC)")
    shown = f"the {len(tracks)} highest of {of}" if of > len(tracks) else f"{of} pass{'es' if of > 1 else ''}"
    figure.suptitle(f"{title}\n{shown}; arrows point to where they set", fontsize=11)
    figure.subplots_adjust(left=0.04, right=0.70, top=0.86, bottom=0.05)
    try:
        with open(path, "wb") as file:
            figure.savefig(file, dpi=100, format="png")
    finally:
        plt.close(figure)


def profiles(axes, entries: Sequence[ProfileEntry], span_s: float = 1.5e-6) -> None:
    """Delay profiles round their first paths, one above the other, each scaled to its peak."""
    for row, entry in enumerate(reversed(entries)):
        # Between its points the profile is band-limited: drawn straight it would have corners that are not there.
        fine = SMOOTHING * len(entry.profile)
        step = (entry.delay_s[1] - entry.delay_s[0]) / SMOOTHING
        offset = entry.delay_s[0] - entry.toa_s + step * np.arange(fine)
        near = np.abs(offset) <= span_s
        amplitude = np.abs(resample(entry.profile, fine))
        amplitude /= amplitude.max()
        axes.fill_between(offset[near] * 1e6, row, row + 0.85 * amplitude[near], color=BLUE, alpha=0.25, lw=0)
        axes.plot(offset[near] * 1e6, row + 0.85 * amplitude[near], color=BLUE, lw=1.0)
        axes.plot([0, 0], [row, row + 0.9], color=ORANGE, lw=1.6)
        axes.text(-span_s * 0.98e6, row + 0.55, entry.name, fontsize=8, va="center")
        axes.text(span_s * 0.98e6, row + 0.55,
                  f"{entry.toa_s * 1e3:.6f} ms\n±{entry.toa_std_s * 1e9:.1f} ns, SNR {entry.snr_db:.0f} dB",
                  fontsize=7.5, va="center", ha="right")
    axes.set_xlim(-span_s * 1e6, span_s * 1e6)
    axes.set_ylim(-0.1, len(entries))
    axes.set_yticks([])
    axes.set_xlabel("delay from the detected first path (µs)")
    axes.set_title("What was received: delay profiles, first path in orange", fontsize=11)


def ellipse(axes, entry: MapEntry, factor: float, **style) -> None:
    """An entry's error ellipse, `factor` times its 1-sigma axes."""
    values, vectors = np.linalg.eigh(np.asarray(entry.covariance_m2))
    width, height = 2.0 * factor * np.sqrt(np.maximum(values[::-1], 0.0))
    angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
    axes.add_patch(Ellipse((entry.east_m, entry.north_m), width, height, angle=angle, fill=False, **style))


def local_map(axes, truth: MapEntry, fix: MapEntry, earlier: Sequence[MapEntry], bound: MapEntry) -> None:
    """The fix beside the truth in metres: its 95 % ellipse, that of the bound round the truth, and the fixes on the way."""
    if earlier:
        axes.plot([e.east_m for e in earlier], [e.north_m for e in earlier], "-", color=GREY, lw=0.6, zorder=1)
        axes.scatter([e.east_m for e in earlier], [e.north_m for e in earlier], s=14, color=GREY, zorder=2,
                     label="earlier fixes")
    axes.plot(fix.east_m, fix.north_m, "o", ms=8, color=BLUE, label="fix", zorder=4)
    ellipse(axes, fix, TO_95, ec=BLUE, lw=1.8, label="95 % of the fix")
    axes.plot(truth.east_m, truth.north_m, "*", ms=14, color=RED, label="truth", zorder=5)
    ellipse(axes, bound, TO_95, ec=RED, lw=1.2, ls="--", label="95 % of the bound")
    reach = max(1.25 * TO_95 * np.sqrt(np.trace(np.asarray(c))) for c in (fix.covariance_m2, bound.covariance_m2))
    reach = max(reach, 1.25 * max(abs(v - w) for p in (fix, truth)
                                  for v, w in ((p.east_m, truth.east_m), (p.north_m, truth.north_m))))
    axes.set_xlim(truth.east_m - reach, truth.east_m + reach)
    axes.set_ylim(truth.north_m - reach, truth.north_m + reach)
    axes.set_aspect("equal", adjustable="datalim")
    axes.grid(color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("east of the truth (m)")
    axes.set_ylabel("north of the truth (m)")
    axes.legend(fontsize=8, loc="upper right")
    axes.set_title("Where it says you are", fontsize=11)


def demo_picture(path: Path, title: str, sky_entries: Sequence[SkyEntry], profile_entries: Sequence[ProfileEntry],
                 truth: MapEntry, fix: MapEntry, earlier: Sequence[MapEntry], bound: MapEntry) -> None:
    """The demo's one picture: sky, delay profiles, local map. Writes a PNG."""
    figure = plt.figure(figsize=(15, 6.2))
    grid = figure.add_gridspec(1, 3, width_ratios=[1.0, 1.25, 1.1], left=0.03, right=0.98, bottom=0.1, top=0.82,
                               wspace=0.18)
    sky(figure.add_subplot(grid[0], projection="polar"), sky_entries)
    profiles(figure.add_subplot(grid[1]), profile_entries)
    local_map(figure.add_subplot(grid[2]), truth, fix, earlier, bound)
    figure.suptitle(title, fontsize=13, y=0.97)
    figure.savefig(path, dpi=100)
    plt.close(figure)


GRID_HEIGHT_INCHES = 5.0  # of the axes, with a tenth to spare


def grid_picture(path: str | Path, grid: np.ndarray, title: str) -> None:
    """Occupied elements of a resource grid [subcarriers, symbols], coloured by phase. Writes a PNG under exactly this name.

    Wide grids get more pixels: with fewer than one a subcarrier a comb would show as bands that are not there.
    """
    figure, axes = plt.subplots(figsize=(7.5, 6.5))
    phase = np.where(np.abs(grid) > 0.0, np.angle(grid, deg=True), np.nan)
    shown = axes.imshow(phase, origin="lower", aspect="auto", interpolation="nearest", cmap="hsv", vmin=-180, vmax=180,
                        extent=(-0.5, grid.shape[1] - 0.5, -0.5, grid.shape[0] - 0.5))
    axes.set_facecolor("#f4f4f4")
    axes.set_xticks(range(grid.shape[1]))
    axes.set_xlabel("OFDM symbol")
    axes.set_ylabel("subcarrier, counted from Point A")
    axes.set_title(title.replace("$", r"\$"))  # a name is no formula
    bar = figure.colorbar(shown, ax=axes, ticks=[-180, -90, 0, 90, 180])
    bar.set_label("phase of the element (degrees)")
    figure.tight_layout()
    try:
        with open(path, "wb") as file:
            figure.savefig(file, dpi=max(100.0, grid.shape[0] / GRID_HEIGHT_INCHES), format="png")
    finally:
        plt.close(figure)


def link_terms(axes, elevation_deg: np.ndarray, terms: dict[str, np.ndarray]) -> None:
    """Losses of a link budget over elevation, as they add to the SNR, and the SNR itself.

    Parameters
    ----------
    terms : dict
        As from `ntnpos.world.link_budget.LinkBudget.terms`: numbers or arrays [n]. Terms of 0 dB are off and not drawn. The free-space
        loss is drawn beside its least, which the legend has, so that the others are seen.
    """
    elevation_deg = np.asarray(elevation_deg, dtype=float)
    curves = {name: np.broadcast_to(value, elevation_deg.shape) for name, value in terms.items()}
    axes.plot(elevation_deg, sum(curves.values()), color="black", lw=2.2, label="SNR")
    for name, value in curves.items():
        if not np.any(value) or "density" in name:
            continue
        label = name.rsplit("_", 1)[0].replace("_", " ")
        if name == "free_space_loss_db":
            least = float(np.max(value))
            value, label = value - least, f"{label} beyond {-least:.1f} dB"
        axes.plot(elevation_deg, value, lw=1.5, label=label)
    axes.axhline(0.0, color=GREY, lw=0.6)
    eirp, noise = (float(np.max(curves[name])) for name in ("eirp_density_dbw_hz", "noise_density_dbw_hz"))
    axes.set(title=f"EIRP {eirp:.1f}, noise {-noise:.1f} dBW/Hz; losses, and the SNR",
             xlabel="elevation, degrees", ylabel="dB")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
