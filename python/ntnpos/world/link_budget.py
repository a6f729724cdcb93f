# SPDX-License-Identifier: GPL-3.0-or-later
"""Downlink power and SNR from named terms (TR 38.821 6.1.1, set 1 in S band; TR 38.811 6.6)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from . import gas, scintillation
from .constants import BOLTZMANN_J_K, C_M_S

MODELLED = ("atmospheric_loss_db", "scintillation_loss_db")
"""Terms that elevation and carrier give: `LinkBudget.modelled`."""
_LOW_ORBIT_M = 900e3


def eirp_density_dbw_mhz(height_m: float) -> float:
    """TR 38.821, S band, set 1: 34 from 600 km, 40 from 1200 km; the nearer of the two holds."""
    return 34.0 if height_m < _LOW_ORBIT_M else 40.0


def slant_range_m(elevation_deg, height_m: float, radius_m: float = 6371e3) -> np.ndarray:
    """Distance [...] of a satellite at a height above a sphere (TR 38.811 6.6.2)."""
    rise = radius_m * np.sin(np.radians(np.asarray(elevation_deg, dtype=float)))
    return np.sqrt(rise**2 + height_m**2 + 2.0 * height_m * radius_m) - rise


def free_space_loss_db(distance_m, frequency_hz) -> np.ndarray:
    """20 log10(4 pi d f / c) in dB; shapes broadcast, both above 0."""
    return 20.0 * np.log10(4.0 * np.pi * np.asarray(distance_m, dtype=float) * frequency_hz / C_M_S)


@dataclass(frozen=True)
class UplinkBudget:
    """From a handheld UE of 23 dBm and 0 dBi to a satellite (TR 38.821 6.1.1, set 1 in S band, 600 km)."""

    eirp_dbw: float = -7.0
    g_over_t_db_k: float = 1.1
    """Antenna gain over noise temperature of the satellite."""

    def snr_db(self, distance_m, frequency_hz, bandwidth_hz: float) -> np.ndarray:
        """Power of a signal that takes all of the UE's over the noise in its bandwidth."""
        return (self.eirp_dbw + self.g_over_t_db_k - free_space_loss_db(distance_m, frequency_hz)
                - 10.0 * np.log10(BOLTZMANN_J_K * bandwidth_hz))


@dataclass(frozen=True)
class LinkBudget:
    """Terms of a satellite-to-UE link. A loss of 0 dB is off; all losses are off by default."""

    eirp_density_dbw_mhz: float = 34.0
    """EIRP density of the satellite while it sends: 34 at 600 km, 40 at 1200 km (TR 38.821, S band, set
    1)."""
    beam_loss_db: float = 0.0
    """Satellite antenna gain towards the UE below its maximum."""
    ue_gain_dbi: float = 0.0
    noise_figure_db: float = 7.0
    noise_temperature_k: float = 290.0
    """Temperature to which the noise figure refers."""
    atmospheric_loss_db: float = 0.0
    """Gas absorption (TR 38.811 6.6.4)."""
    scintillation_loss_db: float = 0.0
    """Ionospheric and tropospheric scintillation (TR 38.811 6.6.6)."""
    shadow_margin_db: float = 0.0
    """Margin for shadow fading (TR 38.811 6.6.2)."""
    clutter_loss_db: float = 0.0
    """Clutter loss without line of sight (TR 38.811 6.6.2)."""
    polarisation_loss_db: float = 0.0
    """Circular to linear polarisation: 3 dB (TR 38.821 6.1.1)."""

    def losses_db(self) -> float:
        """Sum of all losses but the free-space loss."""
        return (self.beam_loss_db + self.atmospheric_loss_db + self.scintillation_loss_db
                + self.shadow_margin_db + self.clutter_loss_db + self.polarisation_loss_db)

    def modelled(self, terms, frequency_hz: float, elevation_deg, latitude_deg: float, height_m: float) -> LinkBudget:
        """The budget with these of the `MODELLED` terms as ITU-R models give them.

        `atmospheric_loss_db` by P.676 over the reference atmosphere (`gas`), `scintillation_loss_db` by P.618 and, near the
        equator, P.531 (`scintillation`), exceeded 1 % of the time. Elevations of any shape give losses of that shape.
        """
        found = {}
        if "atmospheric_loss_db" in terms:
            found["atmospheric_loss_db"] = gas.absorption_db(frequency_hz, elevation_deg, height_m)[()]
        if "scintillation_loss_db" in terms:
            # P.618 is stated from 5 degrees on; below it grows beyond what it was made from.
            found["scintillation_loss_db"] = scintillation.loss_db(
                frequency_hz, np.maximum(elevation_deg, 5.0), latitude_deg)[()]
        return replace(self, **found)

    def terms(self, distance_m, frequency_hz) -> dict[str, np.ndarray]:
        """Every term by its name, in dB (densities a hertz), as it adds to the SNR: what is lost is negative.

        Their sum is `snr_db`.
        """
        losses = {name: 0.0 - getattr(self, name) for name in vars(self) if name.endswith(("loss_db", "margin_db"))}
        return {"eirp_density_dbw_hz": self.eirp_density_dbw_mhz - 60.0,
                "free_space_loss_db": -free_space_loss_db(distance_m, frequency_hz), **losses,
                "ue_gain_dbi": self.ue_gain_dbi, "noise_density_dbw_hz": -self.noise_density_dbw_hz()}

    def noise_density_dbw_hz(self) -> float:
        """Thermal noise density at the receiver input, noise figure included."""
        return 10.0 * np.log10(BOLTZMANN_J_K * self.noise_temperature_k) + self.noise_figure_db

    def received_density_dbw_hz(self, distance_m, frequency_hz) -> np.ndarray:
        """Power density of the signal at the receiver input."""
        return (self.eirp_density_dbw_mhz - 60.0 + self.ue_gain_dbi - self.losses_db()
                - free_space_loss_db(distance_m, frequency_hz))

    def snr_db(self, distance_m, frequency_hz) -> np.ndarray:
        """Power of the signal while it sends over the noise, both in the band the signal fills.

        The EIRP density is the mean over that band, so a comb with empty elements has the others raised, and
        the ratio depends on neither bandwidth nor comb.
        """
        return self.received_density_dbw_hz(distance_m, frequency_hz) - self.noise_density_dbw_hz()

    def received_power_dbm(self, distance_m, frequency_hz, bandwidth_hz: float) -> np.ndarray:
        """Signal power in `bandwidth_hz` at the receiver input in dBm."""
        return self.received_density_dbw_hz(distance_m, frequency_hz) + 10.0 * np.log10(bandwidth_hz) + 30.0
