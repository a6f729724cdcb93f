# SPDX-License-Identifier: GPL-3.0-or-later
"""Subcommands that need nothing but the engine; each module has `main(argv) -> exit status`."""
