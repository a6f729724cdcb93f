# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the study `verification`: errors, both levels' curves, verdicts."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  the backend is chosen first
import numpy as np  # noqa: E402

from ntnpos.plots import BLUE, GREEN, GREY, ORANGE, RED  # noqa: E402

from .rows import Findings  # noqa: E402

_WORDS = ("consistent", "inconclusive", "inconsistent")
_DISTANCE = {"12.5": RED, "50": BLUE, "200": GREEN}
_WINDOW = {"2": ":", "5": "--", "20": "-"}


def draw(path: Path, findings: Findings, subtitle: str) -> None:
    """Writes a PNG."""
    figure, ((errors, first), (second, verdicts)) = plt.subplots(2, 2, figsize=(13.5, 10.5))
    _errors(errors, findings.curves)
    _level_1(first, findings.curves)
    _level_2(second, findings.curves)
    _verdicts(verdicts, findings.curves)
    figure.suptitle(f"Verification of claimed places under one satellite\n{subtitle}", fontsize=13)
    figure.tight_layout(rect=(0.0, 0.0, 1.0, 0.97))
    figure.savefig(path, dpi=100, format="png")
    plt.close(figure)


def _named(curves: dict, start: str) -> dict:
    """Curves whose name begins so, by the rest of it."""
    return {name[len(start) :]: found for name, found in curves.items() if name.startswith(start)}


def _errors(axes, curves: dict) -> None:
    """Distribution of the horizontal error by distance and window."""
    for name, error in _named(curves, "error Position error, right side known ").items():
        across, window = name.split(" km off the track, ")
        window = window.split(" s")[0]
        axes.plot(
            error,
            np.linspace(0.0, 1.0, len(error)),
            color=_DISTANCE[across],
            ls=_WINDOW[window],
            label=f"{across} km off the track, {window} s",
        )
    axes.axhline(0.95, color=GREY, lw=0.8)
    axes.axvline(10.0, color=ORANGE, lw=1.2)
    axes.annotate("10 km", (10.0, 0.02), color=ORANGE, fontsize=9, xytext=(3, 0), textcoords="offset points")
    axes.set_xscale("log")
    axes.set_xlim(0.002, 30.0)
    axes.set_ylim(0.0, 1.005)
    axes.set_xlabel("horizontal error (km), 5 round trips of 200 ns each, side known")
    axes.set_ylabel("share of UEs")
    axes.set_title("The network's own position", fontsize=11)
    axes.legend(fontsize=8, loc="upper left")
    axes.grid(color="#dddddd", lw=0.6)


def _level_1(axes, curves: dict) -> None:
    """Detection against false alarms of level 1's statistic, by how far off the claim is."""
    styles = {"100": ":", "300": "--", "1000": "-"}
    alarm = 0.4 * np.linspace(0.0, 1.0, 401)[1:] ** 2
    for case, colour in (
        ("50 km, 20 s, 200 ns", BLUE),
        ("200 km, 20 s, 200 ns", GREEN),
        ("50 km, 20 s, 20 ns", ORANGE),
    ):
        curve = _named(curves, "roc 1 ").get(case)
        if curve is None:
            continue
        limits = np.quantile(curve["0"]["probability"], alarm)
        for distance, style in styles.items():
            found = np.mean(np.asarray(curve[distance]["probability"])[:, None] <= limits, axis=0)
            axes.plot(alarm, found, style, color=colour, label=f"{case}: {float(distance):g} m off")
    axes.plot(alarm, alarm, color=GREY, lw=0.8)
    axes.set_xscale("log")
    axes.set_xlim(1e-3, 0.4)
    axes.set_ylim(0.0, 1.01)
    axes.set_xlabel("true claims refuted")
    axes.set_ylabel("false claims refuted")
    axes.set_title("Level 1: the test of delays (ROC), its threshold left aside", fontsize=11)
    axes.legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.45, -0.15), ncol=3, frameon=False)
    axes.grid(color="#dddddd", lw=0.6)


def _level_2(axes, curves: dict) -> None:
    """True claims confirmed against false ones confirmed, over the wanted confidence."""
    colours = iter((RED, ORANGE, BLUE, GREEN, GREY))
    for name, curve in _named(curves, "roc 2 ").items():
        if not name.endswith("known"):
            continue
        axes.plot(
            np.maximum(curve["missed"], 2e-4),
            curve["confirmed"],
            "o-",
            ms=4,
            color=next(colours),
            label=name.split(", 200 ns")[0],
        )
    axes.set_xscale("log")
    axes.set_xlim(1.5e-4, 1.0)
    axes.set_ylim(0.0, 1.02)
    axes.set_xlabel("claims 15 km off confirmed (left edge: none)")
    axes.set_ylabel("true claims confirmed")
    axes.set_title("Level 2: radius 10 km, 200 ns, over the wanted confidence (ROC)", fontsize=11)
    axes.legend(fontsize=8, loc="lower right", title="distance to track, window", title_fontsize=8)
    axes.grid(color="#dddddd", lw=0.6)


def _verdicts(axes, curves: dict) -> None:
    """Shares of verdicts of true and mirror claims."""
    labels, shares = [], []
    for name, curve in _named(curves, "roc 2 ").items():
        for claim in ("truth", "mirror"):
            labels.append(f"{name.replace(', 200 ns', '')}: {claim}")
            shares.append(curve["shares"][claim])
    shares, left, rows = np.array(shares), np.zeros(len(shares)), np.arange(len(shares))[::-1]
    for column, colour in enumerate((GREEN, "#dddddd", RED)):
        axes.barh(rows, shares[:, column], left=left, color=colour, label=_WORDS[column])
        left = left + shares[:, column]
    axes.set_yticks(rows, labels, fontsize=7.5)
    axes.set_xlim(0.0, 1.0)
    axes.set_xlabel("share of verdicts")
    axes.set_title("Level 2: verdicts on the truth and on its mirror", fontsize=11)
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncol=3, frameon=False)
