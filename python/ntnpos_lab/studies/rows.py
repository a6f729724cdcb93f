# SPDX-License-Identifier: GPL-3.0-or-later
"""What a study finds, row by row, and the files it is written to."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass, field
from typing import Any, Sequence

from .intervals import Interval

AT_MOST, AT_LEAST = "<=", ">="


@dataclass(frozen=True)
class Requirement:
    """Limits of a row's own value: `low` <= value <= `high`."""

    low: float = -math.inf
    high: float = math.inf

    def allows(self, value: float | None) -> bool:
        """Whether a value is within; None (nothing was found) is not."""
        return value is not None and math.isfinite(value) and bool(self.low <= value <= self.high)

    def text(self, digits: int = 4) -> str:
        """As a reader sees it."""
        low, high = f"{self.low:.{digits}g}", f"{self.high:.{digits}g}"
        if math.isinf(self.low):
            return f"{AT_MOST} {high}"
        return f"{AT_LEAST} {low}" if math.isinf(self.high) else f"{low} to {high}"


@dataclass(frozen=True)
class Row:
    """One line of a study's table. None where a column has no meaning."""

    case: str
    quantity: str
    unit: str
    n: int
    """Trials (or results) that the value comes from."""
    ours: float | None = None
    paper: float | None = None
    thesis_like: float | None = None
    bound: float | None = None
    interval: Interval | None = None
    """95 % confidence interval of `ours`."""
    requirement: Requirement | None = None
    group: str = ""
    """Part of the study that the row belongs to."""
    more: dict[str, Any] = field(default_factory=dict)
    """Further fields for the JSON file."""

    @property
    def ok(self) -> bool | None:
        """Whether the value meets the requirement; None where there is none."""
        return None if self.requirement is None else self.requirement.allows(self.ours)

    @property
    def certain(self) -> bool | None:
        """Whether all of the confidence interval says the same as the value; None without an interval."""
        if self.requirement is None or self.interval is None or self.ours is None:
            return None
        low, high = self.interval
        if self.ok:
            return self.requirement.allows(low) and self.requirement.allows(high)
        return bool(high < self.requirement.low or low > self.requirement.high)

    def as_json(self) -> dict[str, Any]:
        """Contract section 4, and `group`, `n`, `requirement`, `ok`, `certain`."""
        interval = None if self.interval is None else [_plain(end) for end in self.interval]
        return {
            "case": self.case,
            "quantity": self.quantity,
            "unit": self.unit,
            "paper": _plain(self.paper),
            "thesis_like": _plain(self.thesis_like),
            "ours": _plain(self.ours),
            "bound": _plain(self.bound),
            "ci95": interval,
            "group": self.group,
            "n": int(self.n),
            "requirement": self.requirement.text() if self.requirement else None,
            "ok": self.ok,
            "certain": self.certain,
            **{key: _plain(value) for key, value in self.more.items()},
        }


@dataclass(frozen=True)
class Findings:
    """What a study, or a part of it, has found."""

    rows: list[Row] = field(default_factory=list)
    curves: dict[str, Any] = field(default_factory=dict)
    """Numbers and lists for the picture, also written to the JSON file."""


def joined(parts: Sequence[Findings]) -> Findings:
    """All parts' findings in one."""
    curves: dict[str, Any] = {}
    for part in parts:
        curves |= part.curves
    return Findings([row for part in parts for row in part.rows], curves)


def _plain(value: Any) -> Any:
    """A value as JSON has it: numpy's numbers become Python's, what is not finite becomes None."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)) or hasattr(value, "tolist") and getattr(value, "ndim", 0) > 0:
        return [_plain(part) for part in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def to_json(study: str, seed: int, n: int, findings: Findings) -> str:
    """Text of the JSON file."""
    found = {
        "study": study,
        "seed": seed,
        "n": int(n),
        "rows": [row.as_json() for row in findings.rows],
        "curves": _plain(findings.curves),
    }
    return json.dumps(found, indent=1, allow_nan=False) + "\n"


_COLUMNS = [
    "group",
    "case",
    "quantity",
    "unit",
    "paper",
    "thesis_like",
    "ours",
    "bound",
    "ci95_low",
    "ci95_high",
    "n",
    "requirement",
    "ok",
    "certain",
]


def to_csv(findings: Findings) -> str:
    """Text of the CSV file: one line a row, empty where a column has no meaning."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for row in findings.rows:
        found = row.as_json()
        found["ci95_low"], found["ci95_high"] = found["ci95"] or (None, None)
        table.writerow(["" if found[name] is None else found[name] for name in _COLUMNS])
    return text.getvalue()


def number(value: float | None, digits: int = 3) -> str:
    """A number as a table has it; a dash for None."""
    if value is None or not math.isfinite(value):
        return "-"
    if value == int(value) and abs(value) < 1e7:
        return str(int(value))
    return f"{value:.{digits}g}" if abs(value) < 1000 else f"{value:.0f}"


def verdict(row: Row) -> str:
    """Word for a row's result."""
    if row.ok is None:
        return ""
    word = "ok" if row.ok else "**missed**"
    return word if row.certain is not False else word + " (open)"


def to_markdown(title: str, about: str, findings: Findings) -> str:
    """Text of the Markdown file: a table for each group."""
    lines = [f"# {title}", "", about, ""]
    for group in dict.fromkeys(row.group for row in findings.rows):
        rows = [row for row in findings.rows if row.group == group]
        stated = any(row.paper is not None for row in rows)
        lines += [
            f"## {group}",
            "",
            f"| case | quantity |{' paper |' if stated else ''} thesis-like | ours | 95 % | bound | n | requirement | |",
            "|---" * (10 if stated else 9) + "|",
        ]
        for row in rows:
            quantity = row.quantity + (f", {row.unit}" if row.unit not in ("", "1") else "")
            interval = (
                "-" if row.interval is None else f"{number(row.interval[0])} to {number(row.interval[1])}"
            )
            lines.append(
                f"| {row.case} | {quantity} |{f' {number(row.paper)} |' if stated else ''} "
                f"{number(row.thesis_like)} | {number(row.ours)} | {interval} | "
                f"{number(row.bound)} | {row.n} | {row.requirement.text() if row.requirement else ''} | "
                f"{verdict(row)} |"
            )
        lines.append("")
    return "\n".join(lines)
