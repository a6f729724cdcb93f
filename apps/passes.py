# SPDX-License-Identifier: GPL-3.0-or-later
"""Predict satellite passes over a place, with a sky plot."""

import sys

from ntnpos.commands.passes import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
