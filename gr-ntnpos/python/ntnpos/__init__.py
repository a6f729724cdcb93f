# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio blocks and signal-processing kernels for positioning with 5G NR reference signals from satellites."""

from gnuradio import gr  # noqa: F401  registers the base classes of the blocks

from .ntnpos_python import *  # noqa: F401,F403
