# SPDX-License-Identifier: GPL-3.0-or-later
"""Write delays of moving satellites to a file that the channel block reads."""

import sys

from ntnpos_lab.trajectory_command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
