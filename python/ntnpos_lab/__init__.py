# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory: flowgraphs, replay and simulation that join the GNU Radio module and the position engine."""
