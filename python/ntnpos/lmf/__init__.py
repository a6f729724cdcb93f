# SPDX-License-Identifier: GPL-3.0-or-later
"""Location management function: what a network does with measurements and fixes."""
