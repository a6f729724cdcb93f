# SPDX-License-Identifier: GPL-3.0-or-later
"""The study `verification`: whether claimed places are believed when they should be, under one satellite at
600 km."""

from __future__ import annotations

from .verification_levels import parts
from .verification_picture import draw

__all__ = ["draw", "parts"]
