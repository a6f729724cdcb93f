# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared by the engine's tests: where the engine and the data are."""

import json
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS.parent / "python"), str(TESTS / "engine")]


@pytest.fixture
def data_dir() -> Path:
    """tests/data."""
    return TESTS / "data"


@pytest.fixture
def example(data_dir) -> dict:
    """The assistance example, a fresh copy for each test."""
    return json.loads((data_dir / "assistance.example.json").read_text())
