# SPDX-License-Identifier: GPL-3.0-or-later
"""How many trials a study makes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """The full form, or the short one that a test can afford; either times `scale`."""

    short: bool = False
    scale: float = 1.0

    def trials(self, full: int, short: int) -> int:
        """Trials of one case, at least 2."""
        return max(2, round((short if self.short else full) * self.scale))

    def text(self) -> str:
        """As the report says it."""
        form = "short form" if self.short else "full form"
        return form if self.scale == 1.0 else f"{form}, trials times {self.scale:g}"
