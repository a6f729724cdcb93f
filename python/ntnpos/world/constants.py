# SPDX-License-Identifier: GPL-3.0-or-later
"""Physical constants, as the project's file contract fixes them."""

C_M_S = 299_792_458.0
"""Speed of light (exact)."""

EARTH_RATE_RAD_S = 7.292_115_0e-5
"""Rotation rate of the Earth-fixed frame (WGS-84)."""

MU_M3_S2 = 3.986_004_418e14
"""Gravitational parameter of the Earth (WGS-84)."""

J2 = 1.082_626_68e-3
"""Second zonal harmonic, for `EARTH_RADIUS_M`."""

EARTH_RADIUS_M = 6_378_137.0
"""Equatorial radius that belongs to `J2`, and the semi-major axis of WGS-84."""

WGS84_A_M = EARTH_RADIUS_M
WGS84_F = 1.0 / 298.257_223_563
"""Flattening of WGS-84 (defining constant)."""
WGS84_B_M = WGS84_A_M * (1.0 - WGS84_F)
WGS84_E2 = WGS84_F * (2.0 - WGS84_F)
"""First eccentricity squared."""

BOLTZMANN_J_K = 1.380_649e-23
"""Boltzmann constant (exact)."""
