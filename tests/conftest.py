# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: where things are in the tree."""

from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def top() -> Path:
    """The project's top folder."""
    return TOP


@pytest.fixture(scope="session")
def sample_recordings() -> Path:
    """Folder of the sample recordings, each with its assistance data and its truth."""
    return TOP / "tests" / "data" / "recordings"


@pytest.fixture(scope="session")
def platform():
    """GNU Radio Companion's library with the tree's blocks."""
    from grc_blocks import load_platform  # only some tests need GNU Radio Companion

    return load_platform()
