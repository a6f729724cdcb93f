# SPDX-License-Identifier: GPL-3.0-or-later
"""./ntnpos solve: measurement lines to a fix line."""

import sys

from ntnpos.commands.solve import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
