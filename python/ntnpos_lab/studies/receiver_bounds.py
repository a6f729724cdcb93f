# SPDX-License-Identifier: GPL-3.0-or-later
"""How well a time of arrival can be known at best, and how surely a signal can be found.

Unknown carrier phase throughout, known amplitude, known Doppler; what the cyclic prefixes hold is not
counted, as in the Cramer-Rao bound of `ntnpos.position.timing`.
"""

from __future__ import annotations

from typing import Sequence

import numpy as np
from scipy.special import ive
from scipy.stats import ncf, ncx2

from ntnpos.position.timing import toa_bound_s as _engine_toa_bound_s

_PER_DECADE = 400  # delays of the Ziv-Zakai integral


def toa_bound_s(carrier, resource, element_snr_db: float) -> float:
    """Cramer-Rao bound of the delay of one occasion, s; SNR of one occupied element.

    `carrier` and `resource` are the kernels' or the engine's: the fields have the same names.
    """
    return _engine_toa_bound_s(element_snr_db - 10.0 * np.log10(resource.comb_size), carrier, resource)


def energy_ratio(resource, element_snr_db: float) -> float:
    """E / N_0 of one occasion without cyclic prefixes: the sum of the elements' SNR."""
    elements = 12 * resource.num_rb / resource.comb_size * resource.num_symbols * resource.repetition_factor
    return elements * 10.0 ** (0.1 * element_snr_db)


def correlation(subcarriers: int, scs_hz: float, shift_s: np.ndarray) -> np.ndarray:
    """|rho| of a signal of so many equally strong adjacent subcarriers with itself, `shift_s` [n] later."""
    x = np.pi * scs_hz * np.asarray(shift_s, float)
    small = np.abs(np.sin(x)) < 1e-12
    ratio = np.sin(subcarriers * x) / (subcarriers * np.where(small, 1.0, np.sin(x)))
    return np.where(small, 1.0, np.abs(ratio))


def pair_error(energy: float, rho: np.ndarray) -> np.ndarray:
    """Least probability of taking one of two equally likely signals of equal energy for the other.

    Unknown carrier phase: ``Q_1(a, b) - exp(-(a^2 + b^2) / 2) I_0(a b) / 2``, ``a, b = sqrt(E / (2 N_0) (1 -+
    sqrt(1 - |rho|^2)))`` (Proakis, Digital Communications, binary orthogonal and correlated signals,
    noncoherent).

    Parameters
    ----------
    energy : float
        E / N_0 of either.
    rho : array [n]
        Magnitude of their correlation, 0 to 1.
    """
    root = np.sqrt(np.clip(1.0 - np.asarray(rho, float) ** 2, 0.0, 1.0))
    a = np.sqrt(0.5 * energy * (1.0 - root))
    b = np.sqrt(0.5 * energy * (1.0 + root))
    return marcum_q(a, b) - 0.5 * np.exp(-0.5 * (a - b) ** 2) * ive(0, a * b)


def marcum_q(a, b) -> np.ndarray:
    """Q_1(a, b): probability that a complex Gaussian of unit variance a dimension, mean a, is beyond b."""
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    # The noncentral distribution with no centre is the central one.
    return np.where(a > 0.0, ncx2.sf(b**2, 2, np.maximum(a, 1e-150) ** 2), np.exp(-0.5 * b**2))


def ziv_zakai_s(subcarriers: int, scs_hz: float, energy: float, window_s: float) -> float:
    """Ziv-Zakai bound: least rms error of a delay that is uniform in a window of that width, s.

    ``E[error^2] >= 1/W int_0^W V{(W - h) P(h)} h dh`` (Bell et al., IEEE Trans. Inf. Theory 43(2), 1997, for
    a uniform prior), P the least error probability between two delays h apart, V{} the valley filling. The
    estimator that it bounds always answers.
    """
    bandwidth_hz = subcarriers * scs_hz
    fine_s = 1e-3 / (bandwidth_hz * np.sqrt(1.0 + energy))
    decades = np.log10(window_s / fine_s)
    h = np.concatenate([[0.0], np.geomspace(fine_s, window_s, int(decades * _PER_DECADE) + 2)])
    error = (window_s - h) * pair_error(energy, correlation(subcarriers, scs_hz, h))
    filled = np.maximum.accumulate(error[::-1])[::-1]
    return float(np.sqrt(np.trapz(filled * h, h) / window_s))


def detection_threshold(subcarriers: int, false_alarm_probability: float) -> float:
    """Squared envelope over its mean that noise exceeds with this probability at some delay of a symbol.

    Upward crossings of band-limited noise (Rice 1944) at `subcarriers` resolutions.
    """

    def chance(x: float) -> float:
        return (1.0 + subcarriers * np.sqrt(np.pi * x / 3.0)) * np.exp(-x)

    low, high = 0.0, 200.0
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if chance(middle) > false_alarm_probability else (low, middle)
    return high


def miss_probability(energy: Sequence[float] | np.ndarray, threshold: float, dimensions: int) -> np.ndarray:
    """Probability that a detector at the true delay and Doppler does not pass.

    The envelope is noncentral chi-square, the noise is known from the other dimensions: their ratio is
    noncentral F (1 - Marcum Q for many dimensions). It passes where the log likelihood ratio passes the
    threshold.

    Parameters
    ----------
    energy : array [n]
        E / N_0.
    threshold : float
        -ln of the false-alarm probability at one delay.
    dimensions : int
        Complex dimensions of the profile.
    """
    ratio = (dimensions - 1) * np.expm1(threshold / (dimensions - 1))
    return ncf.cdf(ratio, 2, 2 * (dimensions - 1), 2.0 * np.asarray(energy, float))
