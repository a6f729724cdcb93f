# SPDX-License-Identifier: GPL-3.0-or-later
"""Locate the receiver of a recording: measurements and a fix as JSON Lines."""

import sys

from ntnpos_lab.locate import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
