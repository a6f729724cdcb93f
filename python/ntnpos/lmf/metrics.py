# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts of the location server, as one JSON object and as Prometheus text."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import asdict, dataclass, field

BUCKETS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass
class Counts:
    """records = measurements + claims + updates + notices + requests + bad + duplicates."""

    messages: int = 0
    """Messages received, of one or more records."""
    records: int = 0
    measurements: int = 0
    """Stored; of them `unused` take no part in fixes, because they are not ``ok`` or have no time, and
    `unknown` because no assistance data have their satellite."""
    unused: int = 0
    unknown: int = 0
    claims: int = 0
    updates: int = 0
    """Assistance data."""
    notices: int = 0
    requests: int = 0
    """Of metrics."""
    bad: int = 0
    duplicates: int = 0
    fixes: int = 0
    """Stored and published."""
    places: int = 0
    """Fixes with a place."""
    verdicts: int = 0
    solver_failures: int = 0
    commits: int = 0
    unpublished: int = 0
    """Lines that the publishing socket did not take."""
    acks_unsent: int = 0
    """Answers whose asker was gone."""


@dataclass
class Latency:
    """From the last measurement of a fix to its publication, in buckets of which the last is open."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    total_s: float = 0.0
    most_s: float = 0.0

    def add(self, seconds: float) -> None:
        """One fix."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.total_s += seconds
        self.most_s = max(self.most_s, seconds)

    def quantile(self, share: float) -> float | None:
        """Upper end of the bucket that this share of the fixes does not exceed, or the largest of all."""
        wanted = share * sum(self.counts)
        seen = 0
        for count, bound in zip(self.counts, (*BUCKETS_S, self.most_s)):
            seen += count
            if seen and seen >= wanted:
                return min(bound, self.most_s)
        return None


def as_dict(counts: Counts, gauges: dict[str, float], latency: Latency) -> dict:
    """The metrics line."""
    return {"type": "metrics", "schema": "ntnpos.lmf-metrics/1"} | asdict(counts) | gauges | {
        "latency_p50_s": latency.quantile(0.5), "latency_p95_s": latency.quantile(0.95),
        "latency_max_s": latency.most_s if sum(latency.counts) else None}


def as_prometheus(counts: Counts, gauges: dict[str, float], latency: Latency) -> str:
    """The same in Prometheus' text format 0.0.4."""
    lines = []
    for name, value in asdict(counts).items():
        lines += [f"# TYPE ntnpos_lmf_{name}_total counter", f"ntnpos_lmf_{name}_total {value}"]
    for name, value in gauges.items():
        lines += [f"# TYPE ntnpos_lmf_{name} gauge", f"ntnpos_lmf_{name} {value}"]
    name, seen = "ntnpos_lmf_fix_latency_seconds", 0
    lines.append(f"# TYPE {name} histogram")
    for count, bound in zip(latency.counts, (*BUCKETS_S, "+Inf")):
        seen += count
        lines.append(f'{name}_bucket{{le="{bound}"}} {seen}')
    lines += [f"{name}_sum {latency.total_s}", f"{name}_count {seen}"]
    return "\n".join(lines) + "\n"
