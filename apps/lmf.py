# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the location server: measurements over ZeroMQ, fixes and verdicts, all stored."""

import sys

from ntnpos.commands.lmf import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
