# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the terms of a satellite's link budget against elevation."""

import sys

from ntnpos.commands.link import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
