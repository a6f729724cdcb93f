# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the study `receiver`, one page. Functions draw into given axes; nothing here computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  the backend is chosen first
import numpy as np  # noqa: E402

from .rows import Findings  # noqa: E402

OURS, PLAIN, BOUND, GREY, LIMIT = "#1f5fa8", "#d9730d", "#2e8b57", "#888888", "#c0392b"
WAVEFORM_COLOURS = ("#1f5fa8", "#4a90d9", "#123a66", "#6b5fb5", "#2aa5a0")


def _some(curves: dict[str, Any], begins: str) -> list[Any]:
    """The curves whose names begin so, in their order."""
    return [curve for name, curve in curves.items() if name.startswith(begins)]


def threshold_region(axes, curve: dict[str, Any]) -> None:
    """rms error against SNR beside the bounds."""
    axes.plot(
        curve["bound_snr_db"], curve["cramer_rao_m"], "--", color=GREY, lw=1.3, label="Cramér-Rao bound"
    )
    axes.plot(
        curve["bound_snr_db"], curve["ziv_zakai_m"], color=BOUND, lw=2, label="Ziv-Zakai bound (4 µs window)"
    )
    rms = np.array(curve["rms_m"])
    spread = np.abs(np.array([curve["rms_low_m"], curve["rms_high_m"]]) - rms)
    axes.errorbar(
        curve["snr_db"],
        rms,
        spread,
        fmt="o",
        ms=4,
        color=OURS,
        capsize=2,
        label="ours, a miss answered by the middle",
    )
    matched = "matched filter: Doppler given, always answers"
    axes.plot(curve["snr_db"], curve["matched_rms_m"], "s", mfc="none", ms=5.5, color=GREY, label=matched)
    axes.plot(
        curve["snr_db"], curve["found_rms_m"], "x", ms=5, color=PLAIN, label="ours, where something is found"
    )
    axes.axhline(curve["prior_m"], color=GREY, lw=0.8, ls=":")
    axes.annotate(
        "window alone",
        (curve["snr_db"][-1], curve["prior_m"]),
        ha="right",
        va="bottom",
        fontsize=8,
        color=GREY,
    )
    axes.set(
        yscale="log",
        xlabel="SNR of an element (dB)",
        ylabel="rms error (m)",
        title="White noise: 2.16 MHz, 2 symbols",
    )
    axes.set_ylim(0.05, 1000)
    axes.legend(fontsize=7.5, loc="lower left")


def misses(axes, curve: dict[str, Any]) -> None:
    """Probability of a miss against SNR."""
    axes.plot(
        curve["bound_snr_db"],
        curve["miss_theory"],
        color=BOUND,
        lw=2,
        label="theory: true delay and Doppler given",
    )
    miss = np.array(curve["miss"])
    spread = np.abs(np.array([curve["miss_low"], curve["miss_high"]]) - miss)
    axes.errorbar(
        curve["snr_db"],
        miss,
        spread,
        fmt="o",
        ms=4,
        color=OURS,
        capsize=2,
        label="ours, 1000 Hz by 4 µs searched",
    )
    axes.set(
        xlabel="SNR of an element (dB)",
        ylabel="probability",
        xlim=(-16.5, -2.5),
        title="Missed, at a false-alarm rate of 1e-4",
    )
    axes.legend(fontsize=7.5)


def deviations(axes, curves: dict[str, Any]) -> None:
    """Deviation over bound of every case in white noise, and of nine satellites."""
    bars = [bar | {"most": 1.03} for bar in _some(curves, "budget")] + _some(curves, "nine")
    for row, bar in enumerate(bars):
        axes.barh(
            row,
            bar["ratio"],
            color=OURS,
            height=0.62,
            xerr=[[bar["ratio"] - bar["low"]], [bar["high"] - bar["ratio"]]],
            error_kw={"elinewidth": 1.2, "capsize": 3},
            label="ours, 95 %" if row == 0 else None,
        )
        axes.plot(
            [bar["most"]] * 2,
            [row - 0.42, row + 0.42],
            color=LIMIT,
            lw=2,
            label="required" if row == 0 else None,
        )
        if "plain" in bar:
            axes.plot(
                bar["plain"],
                row,
                "D",
                color=PLAIN,
                ms=6,
                label="plain receiver: sample above 0.6" if row == 0 else None,
            )
    axes.axvline(1.0, color=BOUND, lw=1.5)
    axes.set_yticks(range(len(bars)), [_wrapped(bar["case"], 17) for bar in bars], fontsize=8)
    axes.invert_yaxis()
    axes.set(
        xlim=(0, 4), xlabel="standard deviation over bound", title="Link budget at 600 km; nine satellites"
    )
    axes.legend(fontsize=7.5, loc="lower right")


def two_paths(axes, curves: dict[str, Any]) -> None:
    """How many first paths are found to within a part of the excess delay."""
    for line, curve in zip(("-", "--"), _some(curves, "paths")):
        for name, colour, what in (("ours", OURS, "ours"), ("strongest", PLAIN, "strongest peak")):
            values = np.sort(np.abs(np.asarray(curve[name])))
            axes.plot(
                np.maximum(values, 1e-4),
                (np.arange(len(values)) + 1) / max(len(values), 1),
                line,
                color=colour,
                lw=1.8,
                label=f"{what}, {curve['name']}",
            )
    axes.axvline(0.25, color=LIMIT, lw=1.2)
    axes.axhline(0.95, color=LIMIT, lw=1.2, ls=":")
    axes.set(
        xscale="log",
        xlim=(1e-3, 3),
        ylim=(0, 1.02),
        xlabel="|error| over excess delay",
        ylabel="share of trials",
        title="Second path +3 dB, 150 to 400 ns later",
    )
    axes.legend(fontsize=7.5, loc="center left")


def frequency(axes, curves: dict[str, Any]) -> None:
    """Largest error against the error of the predicted frequency."""
    prefix = "frequency "
    for colour, (name, curve) in zip(
        WAVEFORM_COLOURS, ((n, c) for n, c in curves.items() if n.startswith(prefix))
    ):
        error_khz = np.array(curve["error_hz"]) / 1e3
        drifts = list(curve["drifts"].values())
        axes.plot(
            error_khz,
            np.max([d["largest_m"] for d in drifts], axis=0),
            "o-",
            ms=3,
            lw=1.2,
            color=colour,
            label=name[len(prefix) :],
        )
        plain = np.max([d["plain_m"] for d in drifts], axis=0)
        axes.plot(
            error_khz,
            plain,
            "s",
            ms=3.5,
            color=PLAIN,
            label="plain: frequency not estimated" if colour == OURS else None,
        )
    axes.set(
        yscale="log",
        ylim=(0.1, 3e6),
        xlabel="frequency error of the prediction (kHz)",
        ylabel="largest error (m)",
        title="Doppler, drift -25, 0, +25 µs/s",
    )
    axes.legend(fontsize=7, ncol=2, loc="upper center")


def alarms(axes, curves: dict[str, Any]) -> None:
    """False alarms found over stated."""
    found = _some(curves, "alarms")
    axes.axvspan(1 / 1.5, 1.5, color=BOUND, alpha=0.15, label="required")
    for row, alarm in enumerate(found):
        low, ratio, high = (max(alarm[name], 0.011) for name in ("low", "ratio", "high"))
        axes.plot([low, high], [row, row], color=OURS, lw=1.5)
        axes.plot(ratio, row, "o" if alarm["ratio"] > 0 else "<", color=OURS, ms=6)
    axes.set_yticks(
        range(len(found)), [_wrapped(f"{a['case']}, {a['stated']:g}") for a in found], fontsize=7.5
    )
    axes.invert_yaxis()
    axes.set(xscale="log", xlim=(0.01, 10), xlabel="found over stated, 95 %", title="False alarms")
    axes.axvline(1.0, color=BOUND, lw=1.2)
    axes.legend(fontsize=7.5, loc="upper right")


def _wrapped(text: str, width: int = 27) -> str:
    """Text in lines of at most about that many letters."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width and lines[-1]:
            lines.append("")
        lines[-1] = (lines[-1] + " " + word).strip()
    return "\n".join(lines)


def gap_errors(axes, curve: dict[str, Any]) -> None:
    """Normalised errors of all results in streams with a gap."""
    axes.plot(curve["gap"], curve["scaled"], ".", ms=3, color=OURS)
    for level in (-6, 6):
        axes.axhline(level, color=LIMIT, lw=1.2, label="counts as biased" if level > 0 else None)
    axes.set(
        xscale="log",
        ylim=(-9, 9),
        xlabel="length of the gap (samples)",
        ylabel="error over stated deviation",
        title="Gaps: every result of the stream",
    )
    axes.legend(fontsize=7.5)


def gap_recovery(axes, curve: dict[str, Any]) -> None:
    """Time to the first result after a gap."""
    axes.plot(curve["trial_gap"], curve["recovery"], ".", ms=4, color=OURS)
    axes.axhline(1.0, color=LIMIT, lw=1.2, label="required")
    axes.set(
        xscale="log",
        ylim=(0, 1.4),
        xlabel="length of the gap (samples)",
        ylabel="PRS periods",
        title="Gaps: from their end to a result",
    )
    axes.legend(fontsize=7.5, loc="upper right")


def draw(path: Path, findings: Findings, subtitle: str) -> None:
    """The page."""
    curves = findings.curves
    figure, axes = plt.subplots(2, 4, figsize=(20, 9.6), layout="constrained")
    try:
        figure.suptitle(f"Receiver: time of arrival beside its bounds ({subtitle})", fontsize=14)
        threshold_region(axes[0, 0], curves["curve"])
        misses(axes[0, 1], curves["curve"])
        two_paths(axes[0, 2], curves)
        deviations(axes[0, 3], curves)
        frequency(axes[1, 0], curves)
        gap_errors(axes[1, 1], curves["gaps"])
        gap_recovery(axes[1, 2], curves["gaps"])
        alarms(axes[1, 3], curves)
        for one in axes.flat:
            one.grid(alpha=0.25)
            one.title.set_fontsize(11)
        figure.savefig(path, dpi=75)
    finally:
        plt.close(figure)
