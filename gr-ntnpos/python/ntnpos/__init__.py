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
from .trajectory_file import (  # noqa: F401
    Trajectories,
    TrajectoryError,
    read_trajectories,
    write_trajectories,
)


def __getattr__(name: str):
    """What needs Qt is imported when it is first asked for."""
    if name == "delay_profile_sink":
        from .qt_delay_profiles import delay_profile_sink

        return delay_profile_sink
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
