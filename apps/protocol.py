# SPDX-License-Identifier: GPL-3.0-or-later
"""Show or make one message of LPP, NRPPa or SIB19: hex text <-> JSON."""

import sys

from ntnpos.commands.protocol import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
