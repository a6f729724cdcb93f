# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of what was received: losses by each source's `seq`, repeats, bad messages (which are logged seldom)."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Callable

from ..errors import describe

MAX_SOURCES = 64
MAX_GAP = 1_000_000
_RECENT = 64  # messages of a source that are remembered, to know a repeat
log = logging.getLogger("ntnpos.wire")


@dataclass
class SourceCounts:
    """What one source sent, by its `seq`."""

    received: int = 0
    """Messages passed on."""
    lost: int = 0
    """Numbers missing between messages (a gap of up to `MAX_GAP`)."""
    restarts: int = 0
    """Times the numbers began again, or jumped further than any loss."""
    duplicates: int = 0
    """Messages repeated, and dropped."""
    ended: bool = False
    """Its last message was of kind ``end``."""
    next_seq: int = -1
    """The number its next message should have; -1 before the first."""
    recent: OrderedDict[int, int] = field(default_factory=OrderedDict, repr=False)
    """Number and hash of its last messages."""

    def follow(self, seq: int, digest: int) -> bool:
        """Account for a message; False where it repeats a recent one, number and content."""
        if self.recent.get(seq) == digest:
            self.duplicates += 1
            return False
        gap = seq - self.next_seq
        if self.next_seq >= 0:
            if 0 <= gap <= MAX_GAP:
                self.lost += gap
            else:
                self.restarts += 1
        self.next_seq = seq + 1
        self.recent[seq] = digest
        if len(self.recent) > _RECENT:
            self.recent.popitem(last=False)
        self.received += 1
        return True


@dataclass
class WireCounts:
    """What arrived, over all sources: received = passed on + bad + duplicates."""

    received: int = 0
    bad: int = 0
    duplicates: int = 0


class Accounts:
    """Counts over all sources, of which so many are remembered: the least recent is forgotten for a new one.

    Parameters
    ----------
    clock : callable
        Monotonic seconds, for the rate of log lines.
    most_sources : int
    """

    def __init__(self, clock: Callable[[], float], most_sources: int = MAX_SOURCES):
        self.counts = WireCounts()
        self.sources: OrderedDict[str, SourceCounts] = OrderedDict()
        self._clock, self._most_sources = clock, most_sources
        self._quiet_until, self._unlogged = float("-inf"), 0
        self._lost_by_forgotten = 0

    @property
    def lost(self) -> int:
        """Messages lost, over all sources, the forgotten ones too."""
        return self._lost_by_forgotten + sum(source.lost for source in self.sources.values())

    def follow(self, name: str, seq: int, digest: int) -> bool:
        """Account for a message of a source; False (and counted) where it is a repeat."""
        fresh = self._source(name).follow(seq, digest)
        self.counts.duplicates += not fresh
        return fresh

    def _source(self, name: str) -> SourceCounts:
        """The counts of a source, now the most recent."""
        if name in self.sources:
            self.sources.move_to_end(name)
        else:
            if len(self.sources) >= self._most_sources:
                forgotten, counts = self.sources.popitem(last=False)
                self._lost_by_forgotten += counts.lost
                self._forgotten(forgotten)
            self.sources[name] = SourceCounts()
        return self.sources[name]

    def _forgotten(self, name: str) -> None:
        """Called when a source is forgotten."""

    def bad(self, problem: str) -> None:
        """Count a bad message, and log once a second at most."""
        self.counts.bad += 1
        self._unlogged += 1
        if self._clock() >= self._quiet_until:
            log.warning("%d bad messages dropped (%d in all), the last: %s", self._unlogged, self.counts.bad,
                        describe(problem, 200))
            self._quiet_until, self._unlogged = self._clock() + 1.0, 0
