# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio blocks and signal-processing kernels for positioning with 5G NR signals from satellites."""

from gnuradio import gr  # noqa: F401  registers the base classes of the blocks

from .channel_paths import channel_paths  # noqa: F401
from .ntnpos_python import *  # noqa: F401,F403
from .prs_resources import prs_resources  # noqa: F401
from .sigmf_metadata import RecordingError  # noqa: F401
from .sigmf_recording import (  # noqa: F401
    Capture,
    Recording,
    open_recording,
    sigmf_source_from,
)
