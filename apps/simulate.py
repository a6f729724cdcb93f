# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulate a scenario into a recording with its assistance data and truth."""

import sys

from ntnpos_lab.simulate_command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
