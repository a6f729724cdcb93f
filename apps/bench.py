# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the kernels' speed as ratios, with targets."""

import sys

from ntnpos_lab.bench import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
