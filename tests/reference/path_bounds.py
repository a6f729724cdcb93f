# SPDX-License-Identifier: GPL-3.0-or-later
"""Cramer-Rao bounds of the delays of one or more paths in white noise: slow, from the definition.

H(k) = sum_i g_i exp(-j 2 pi (k - M/2) scs tau_i) + noise. The information of the real parameters (Re g_i, Im g_i,
tau_i) is 2 / variance times Re of the products of the derivatives, summed over the subcarriers one by one
(Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, 15.7). No code is shared with the kernels.
"""

import numpy as np


def response(subcarriers: int, scs_hz: float, delays_s, gains) -> np.ndarray:
    """Channel (complex128 [M]) of paths with these delays and complex gains."""
    k = np.arange(subcarriers) - subcarriers // 2
    return sum(g * np.exp(-2j * np.pi * k * scs_hz * tau) for tau, g in zip(delays_s, gains))


def delay_deviations_s(subcarriers: int, scs_hz: float, delays_s, gains, noise_variance: float) -> np.ndarray:
    """Least standard deviation of each delay (s) of an unbiased estimate that knows no path beforehand."""
    f = (np.arange(subcarriers) - subcarriers // 2) * scs_hz
    columns = []
    for tau, g in zip(delays_s, gains):
        e = np.exp(-2j * np.pi * f * tau)
        columns += [e, 1j * e, -2j * np.pi * f * g * e]
    n = len(columns)
    information = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            information[i, j] = 2.0 / noise_variance * np.sum(np.real(np.conj(columns[i]) * columns[j]))
    # Delays in seconds and gains of one: scaled before the inverse, so that it is well conditioned.
    scale = 1.0 / np.sqrt(np.diag(information))
    inverse = np.linalg.inv(information * np.outer(scale, scale)) * np.outer(scale, scale)
    return np.sqrt(np.diag(inverse))[2::3]


def single_delay_deviation_s(subcarriers: int, scs_hz: float, snr: float) -> float:
    """sigma = 1 / sqrt(8 pi^2 SNR sum (f - f_m)^2), SNR (a ratio) of one subcarrier."""
    f = np.arange(subcarriers) * scs_hz
    return float(1.0 / np.sqrt(8.0 * np.pi**2 * snr * np.sum((f - f.mean()) ** 2)))
