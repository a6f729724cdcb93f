# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared by the location server's tests: where the engine, its test helpers and these are."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS.parent / "python"), str(TESTS / "engine"), str(TESTS / "lmf")]
