# SPDX-License-Identifier: GPL-3.0-or-later
"""Element sets shipped with the engine; read them with `ntnpos.world.elements.shipped_elements`."""
