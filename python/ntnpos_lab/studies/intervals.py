# SPDX-License-Identifier: GPL-3.0-or-later
"""95 % confidence intervals of what a Monte Carlo run estimates."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import beta, chi2, norm

Interval = tuple[float, float]
CONFIDENCE = 0.95
_TAIL = 0.5 * (1.0 - CONFIDENCE)
_Z = float(norm.ppf(1.0 - _TAIL))


def of_deviation(deviation: float, n: int) -> Interval:
    """Of a standard deviation (or rms about a known mean) of `n` Gaussian values."""
    if n < 1:
        return math.nan, math.nan
    low, high = chi2.ppf([1.0 - _TAIL, _TAIL], n)
    return deviation * math.sqrt(n / low), deviation * math.sqrt(n / high)


def of_mean(values: np.ndarray) -> Interval:
    """Of the mean of independent values [n] of any distribution with a variance (large n)."""
    if len(values) < 2:
        return math.nan, math.nan
    half = _Z * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def of_rms(values: np.ndarray) -> Interval:
    """Of the root mean square of independent values [n], some of which may be outliers.

    That of Gaussian values or that of the mean of any squares, whichever reaches further.
    """
    low, high = of_mean(np.asarray(values) ** 2)
    gaussian_low, gaussian_high = of_deviation(
        math.sqrt(float(np.mean(np.asarray(values) ** 2))), len(values)
    )
    return min(math.sqrt(max(low, 0.0)), gaussian_low), max(math.sqrt(max(high, 0.0)), gaussian_high)


def of_mean_square(mean_square: float, n: int) -> Interval:
    """Of a mean of `n` squares of Gaussian values of unit variance, such as a normalised squared error."""
    low, high = of_deviation(math.sqrt(mean_square), n)
    return low**2, high**2


def of_share(count: int, n: int) -> Interval:
    """Of a probability, from `count` of `n` (Clopper and Pearson 1934: exact)."""
    if n < 1:
        return math.nan, math.nan
    low = float(beta.ppf(_TAIL, count, n - count + 1)) if count else 0.0
    high = float(beta.ppf(1.0 - _TAIL, count + 1, n - count)) if count < n else 1.0
    return low, high


def of_rate(count: int, expected: float) -> Interval:
    """Of a Poisson count over its stated expectation (exact)."""
    low = 0.5 * float(chi2.ppf(_TAIL, 2 * count)) if count else 0.0
    return low / expected, 0.5 * float(chi2.ppf(1.0 - _TAIL, 2 * count + 2)) / expected
