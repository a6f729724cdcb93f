# SPDX-License-Identifier: GPL-3.0-or-later
"""Ground floor: time, frames, orbits, light time, link budget. Knows no network."""
