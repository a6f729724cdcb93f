# SPDX-License-Identifier: GPL-3.0-or-later
"""Solve measurement lines (JSON Lines) for a position."""

import sys

from ntnpos.commands.solve import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
