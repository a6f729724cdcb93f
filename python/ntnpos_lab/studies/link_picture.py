# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the study `link`. Functions draw into given axes."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  the backend is chosen first
import numpy as np  # noqa: E402
from ntnpos import plots  # noqa: E402
from ntnpos.world.antenna import TOUCHING, Aperture, BeamPattern  # noqa: E402
from ntnpos.world.link_budget import LinkBudget, MODELLED, slant_range_m  # noqa: E402

from .rows import Findings  # noqa: E402

_NAMES = {"touching": "cells touch at 3 dB", "meeting": "cells meet at 3 dB", "layout": "fitted layout",
          "narrow": "10 wavelengths"}
_COLOURS = {"touching": plots.BLUE, "meeting": plots.GREEN, "layout": plots.ORANGE, "narrow": plots.GREY}
_PLACES = {"rural": plots.GREEN, "dense-urban": plots.RED}


def distributions(axes, curves: dict) -> None:
    """Densities of C/N and C/(N+I), and the thesis's range."""
    axes.axvspan(8.1, 17.1, color="0.92", label="thesis: 8.1 to 17.1 dB")
    for key, name in _NAMES.items():
        curve = curves[f"cnr {key}"]
        axes.stairs(curve["cnr"], curve["edges_db"], color=_COLOURS[key], lw=1.8, label=f"C/N, {name}")
    curve = curves["cnr touching"]
    axes.stairs(curve["cinr"], curve["edges_db"], color=plots.BLUE, lw=1.2, ls=":",
                label="C/(N+I), reuse 1, cells touch")
    axes.set(title="Carrier to noise in the PRS band, 600 km, 30° to 90°", xlabel="dB", ylabel="density, 1/dB",
             xlim=(-4, 18))
    axes.legend(fontsize=7, loc="upper left")


def beams(axes) -> None:
    """The strongest of nineteen beams over direction cosines."""
    pattern = BeamPattern(Aperture.of_beamwidth(4.4127), 2, TOUCHING)
    side = np.linspace(-0.23, 0.23, 301)
    gains = 10.0 * np.log10(np.max(pattern.gains(np.stack(np.meshgrid(side, side), axis=-1)), axis=-1))
    image = axes.imshow(gains, origin="lower", extent=(side[0], side[-1], side[0], side[-1]), vmin=-12, vmax=0,
                        cmap="viridis")
    axes.contour(side, side, gains, levels=[-3.01], colors="white", linewidths=0.8)
    axes.figure.colorbar(image, ax=axes, label="gain of the strongest beam, dB", shrink=0.85)
    axes.set(title="19 beams of 4.41°, reuse 1 (white: 3 dB)", xlabel="u", ylabel="v")


def terms(axes) -> None:
    """Terms of the budget at 600 km, 2 GHz, near the equator, all models on."""
    elevation = np.linspace(10.0, 90.0, 81)
    budget = LinkBudget(shadow_margin_db=3.0).modelled(MODELLED, 2e9, elevation, 0.0, 0.0)
    plots.link_terms(axes, elevation, budget.terms(slant_range_m(elevation, 600e3), 2e9))


def places(axes, curves: dict) -> None:
    """Median and 5 to 95 % of C/N, and the share of lines of sight, by elevation."""
    share = axes.twinx()
    for name, colour in _PLACES.items():
        some = [c for key, c in curves.items() if key.startswith(f"place {name} ")]
        elevation = np.array([c["elevation_deg"] for c in some])
        low, median, high = np.array([c["cnr_db"] for c in some]).T
        axes.plot(elevation, median, "-", color=colour, lw=2, label=f"{name}: C/N, median")
        axes.fill_between(elevation, low, high, color=colour, alpha=0.15, lw=0, label=f"{name}: 5 to 95 %")
        los = np.array([c["los"] for c in some])
        spread = np.abs(np.array([[c["los_low"], c["los_high"]] for c in some]).T - los)
        share.errorbar(elevation, los, spread, fmt="o", ms=4, color=colour, capsize=2)
    share.set(ylabel="share with line of sight (points)", ylim=(0, 1.04))
    axes.set(title="Environments of TR 38.811", xlabel="elevation, degrees", ylabel="C/N, dB")
    axes.legend(fontsize=7, loc="lower right")


def draw(path: Path, findings: Findings, subtitle: str) -> None:
    """One page: distributions, beams, terms, environments."""
    figure, axes = plt.subplots(2, 2, figsize=(12.5, 9.5), layout="constrained")
    distributions(axes[0, 0], findings.curves)
    beams(axes[0, 1])
    terms(axes[1, 0])
    places(axes[1, 1], findings.curves)
    figure.suptitle(f"Link budget ({subtitle})")
    figure.savefig(path, dpi=110)
    plt.close(figure)
