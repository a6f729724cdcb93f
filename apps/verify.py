# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold a claimed place against measurements: consistent, inconsistent or inconclusive."""

import sys

from ntnpos.commands.verify import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
