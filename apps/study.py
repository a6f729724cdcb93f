# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a study: what the system reaches, in seeded campaigns beside bounds."""

import sys

from ntnpos_lab.studies import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
