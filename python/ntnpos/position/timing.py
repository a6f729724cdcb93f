# SPDX-License-Identifier: GPL-3.0-or-later
"""How well a PRS occasion can be timed at best: Cramer-Rao bounds of delay and Doppler in white noise."""

from __future__ import annotations

import numpy as np

from ..network.resources import Carrier, PrsResource


def element_snr(snr_db: float, prs: PrsResource) -> float:
    """SNR of one occupied resource element, from that of the signal while it sends over the noise in its band."""
    return 10.0 ** (0.1 * snr_db) * prs.comb_size


def toa_bound_s(snr_db: float, carrier: Carrier, prs: PrsResource) -> float:
    """Least standard deviation in s of the time of arrival of one occasion.

    ``1 / sqrt(8 pi^2 SNR sum (f - f_m)^2)`` over all occupied elements of all symbols and repetitions; the cyclic
    prefixes are not counted.

    Parameters
    ----------
    snr_db : float
        Signal power while it sends over the noise power in the bandwidth of the PRS.
    """
    subcarriers = 12 * prs.num_rb
    f = (np.arange(subcarriers) - 0.5 * (subcarriers - 1)) * carrier.scs_khz * 1e3
    visits = prs.num_symbols / prs.comb_size * prs.repetition_factor
    return float(1.0 / np.sqrt(8.0 * np.pi**2 * element_snr(snr_db, prs) * visits * np.sum(f**2)))


def doppler_bound_hz(snr_db: float, carrier: Carrier, prs: PrsResource) -> float:
    """Least standard deviation in Hz of the Doppler of one occasion without repetition.

    The phase of every occupied element is seen at the middle of its symbol; symbols are 1/14 (1/12) slot apart.
    """
    spacing_s = 1e-3 / carrier.slots_per_subframe / carrier.symbols_per_slot
    t = (np.arange(prs.num_symbols) - 0.5 * (prs.num_symbols - 1)) * spacing_s
    elements = 12 * prs.num_rb / prs.comb_size
    return float(1.0 / np.sqrt(8.0 * np.pi**2 * element_snr(snr_db, prs) * elements * np.sum(t**2)))
