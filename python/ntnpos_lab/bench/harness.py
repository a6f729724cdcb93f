# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of times taken in turn: ratios, their spread, and whether a target is met.

No absolute time is reported: on shared machines it drifts by tens of per cent, while two things measured in
turn drift together.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Sequence

import numpy as np

LOWER, HIGHER = "lower", "higher"


@dataclass(frozen=True)
class Comparison:
    """One row of the table, before it is measured."""

    name: str
    """What is compared, as a reader sees it."""
    target: float
    better: str
    """`lower`: the ratio is our time over the reference's. `higher`: it is our speed over the reference's."""
    measure: Callable[[int], tuple[Sequence[float], Sequence[float]]]
    """Number of pairs -> seconds of ours and of the reference, one entry a pair."""
    pairs: int = 101
    """Pairs measured unless the user says otherwise."""


@dataclass(frozen=True)
class Row:
    """One measured row."""

    name: str
    ratio: float
    """Median over the pairs."""
    target: float
    better: str
    spread: tuple[float, float]
    """10th and 90th percentile of the pairs' ratios."""
    ok: bool

    def as_json(self) -> dict:
        """Contract section 4."""
        return {"name": self.name, "ratio": self.ratio, "target": self.target, "better": self.better,
                "spread": list(self.spread), "ok": self.ok}


def judge(comparison: Comparison, ours_s: Sequence[float], reference_s: Sequence[float]) -> Row:
    """The row that pairs of times give.

    Parameters
    ----------
    comparison : Comparison
        Name, target and direction; nothing is measured.
    ours_s, reference_s : sequence of float
        Seconds, both of the same length of at least 1, above 0; entry i of both is one pair.

    Raises
    ------
    ValueError
        If the times are not such pairs or the direction is neither `lower` nor `higher`.
    """
    ours, reference = np.asarray(ours_s, float), np.asarray(reference_s, float)
    if ours.ndim != 1 or ours.shape != reference.shape or ours.size == 0:
        raise ValueError(f"times must be pairs: {ours.shape} and {reference.shape}")
    both = np.concatenate([ours, reference])
    if not np.all(np.isfinite(both) & (both > 0.0)):
        raise ValueError("times must be above 0")
    if comparison.better not in (LOWER, HIGHER):
        raise ValueError(f"better must be lower or higher: {comparison.better}")
    ratios = ours / reference if comparison.better == LOWER else reference / ours
    ratio = float(np.median(ratios))
    met = ratio <= comparison.target if comparison.better == LOWER else ratio >= comparison.target
    spread = float(np.percentile(ratios, 10)), float(np.percentile(ratios, 90))
    return Row(comparison.name, ratio, comparison.target, comparison.better, spread, met)


def in_turn(ours: Callable[[], float], reference: Callable[[], float],
            pairs: int) -> tuple[list[float], list[float]]:
    """Pairs of seconds that both give when called in turn; the one that begins changes from pair to pair."""
    times: tuple[list[float], list[float]] = ([], [])
    for pair in range(pairs):
        for side in (0, 1) if pair % 2 == 0 else (1, 0):
            times[side].append((ours, reference)[side]())
    return times


def machine(instruction_set: str) -> dict:
    """What the ratios were measured on."""
    cpu = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    return {"cpu": cpu, "cores": os.cpu_count(), "instruction_set": instruction_set}


def table(rows: Sequence[Row]) -> str:
    """The rows as text for a terminal."""
    lines = [f"{'':60} {'ratio':>8} {'p10':>8} {'p90':>8}   target"]
    for row in rows:
        sign = "<=" if row.better == LOWER else ">="
        numbers = " ".join(f"{value:8.3g}" for value in (row.ratio, *row.spread))
        lines.append(f"{row.name:60} {numbers}   {sign} {row.target:<6g} {'ok' if row.ok else 'missed'}")
    return "\n".join(lines)
