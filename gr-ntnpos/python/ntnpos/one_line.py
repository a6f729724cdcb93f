# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing this has a script end with one line on stderr and status 2, no traceback, where an input is
wrong.

For flowgraphs: the files of blocks that read files import it into the scripts that GNU Radio Companion makes.
Other exceptions are shown as ever.
"""

import sys

from .sigmf_metadata import RecordingError
from .trajectory_file import TrajectoryError

WRONG_INPUT = [RecordingError, TrajectoryError]
"""Exceptions whose text is that line; more may be added."""

_others = sys.excepthook


def _say(kind, error, trace) -> None:
    if not isinstance(error, tuple(WRONG_INPUT)):
        _others(kind, error, trace)
        return
    print(error, file=sys.stderr, flush=True)
    raise SystemExit(2)  # Python takes its status from a hook


sys.excepthook = _say
