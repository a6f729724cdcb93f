# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network tells and what the receivers measured: assistance data, measurements, the wire."""
