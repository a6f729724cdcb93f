# SPDX-License-Identifier: GPL-3.0-or-later
"""Write one slot of a reference signal: resource grid, I/Q, picture."""

import sys

from ntnpos_lab.waveform import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
