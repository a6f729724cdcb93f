# SPDX-License-Identifier: GPL-3.0-or-later
"""The assistance data that a location server works with, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from ..network.assistance import Assistance
from .records import ClaimMessage, Reading

MOST_NAMES = 64


@dataclass(frozen=True)
class Entry:
    """Assistance data as they stand now."""

    name: str
    number: int
    """In the store."""
    assistance: Assistance


class Library:
    """Assistance data by name; a newer one under the same name replaces the older."""

    def __init__(self):
        self._entries: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def put(self, name: str, number: int, assistance: Assistance) -> Entry | None:
        """Add or replace; what was replaced."""
        before = self._entries.get(name)
        self._entries[name] = Entry(name, number, assistance)
        return before

    def of_reading(self, reading: Reading) -> Entry | None:
        """The data it belongs to: by the name it gives, or the first that have its satellite."""
        if reading.assistance is not None:
            named = [self._entries[reading.assistance]] if reading.assistance in self._entries else []
        else:
            named = self._entries.values()
        return next((entry for entry in named if reading.measurement.satellite in entry.assistance.ids), None)

    def of_claim(self, claim: ClaimMessage) -> list[Entry]:
        """The data a claim may be about, the likeliest last: by the name it gives, or all."""
        if claim.assistance is None:
            return list(self._entries.values())[::-1]
        return [self._entries[claim.assistance]] if claim.assistance in self._entries else []
