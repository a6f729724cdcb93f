# SPDX-License-Identifier: GPL-3.0-or-later
"""Position engine of the NTN positioning system. Imports no GNU Radio.

Floors, each standing only on those before it: ``world`` (physics), ``network`` (what is told and what was
measured), ``position`` (from measurements to a fix).
"""

__version__ = "0.1.0"
