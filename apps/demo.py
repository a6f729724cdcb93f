# SPDX-License-Identifier: GPL-3.0-or-later
"""Locate a simulated receiver by the satellites really above a place, live."""

import sys

from ntnpos_lab.demo import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
