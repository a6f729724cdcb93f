# SPDX-License-Identifier: GPL-3.0-or-later
"""Square-root unscented Kalman filter, as plain functions on arrays.

The sigma points are the mean and one standard deviation times sqrt(n) to either side along each column of the
root: the unscented transform with kappa = 0, where all weights are positive (also known as cubature).
Covariances are kept as roots R [n, n] with covariance R'R, and every step is one QR decomposition of stacked
rows: they stay symmetric and positive whatever the rounding. Source: Julier and Uhlmann, Proc. IEEE 92
(2004); Arasaratnam and Haykin, IEEE Trans. AC 54 (2009).
"""

from __future__ import annotations

from typing import Callable

import numpy as np
from scipy.linalg import solve_triangular


def moved(
    mean: np.ndarray, root: np.ndarray, transition: np.ndarray, noise_root: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean [n] and root [n, n] after a linear step with noise of covariance noise_root' noise_root."""
    return transition @ mean, np.linalg.qr(np.vstack([root @ transition.T, noise_root]), mode="r")


class Innovation:
    """What whitened rows say about a predicted state, before they are used.

    Parameters
    ----------
    mean, root : predicted state [n] and root [n, n]
    residual : callable
        States [K, n] to residuals (model - measured) [K, m] whose errors are independent and of unit
        variance.
    """

    def __init__(self, mean: np.ndarray, root: np.ndarray, residual: Callable[[np.ndarray], np.ndarray]):
        self._mean, self._root = mean, root
        size = len(mean)
        off = np.sqrt(size) * root
        values = residual(np.concatenate([mean + off, mean - off]))
        self.expected = np.mean(values, axis=0)
        """Mean residual [m]."""
        self._spread = (values - self.expected) / np.sqrt(2.0 * size)
        self._state_spread = np.concatenate([off, -off]) / np.sqrt(2.0 * size)

    def distance(self, rows: np.ndarray) -> float:
        """Chi-square of the rows that a mask or index array picks, against their predicted covariance."""
        spread = self._spread[:, rows]
        covariance = spread.T @ spread + np.eye(spread.shape[1])
        return float(self.expected[rows] @ np.linalg.solve(covariance, self.expected[rows]))

    def updated(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean [n] and root [n, n] after the rows that a mask or index array picks."""
        spread = self._spread[:, rows]
        count, size = spread.shape[1], len(self._mean)
        if count == 0:
            return self._mean, self._root
        stacked = np.block([[spread, self._state_spread], [np.eye(count), np.zeros((count, size))]])
        triangle = np.linalg.qr(stacked, mode="r")
        white = solve_triangular(triangle[:count, :count], self.expected[rows], trans="T")
        return self._mean - triangle[:count, count:].T @ white, triangle[count:, count:]


def smoothed(
    mean: np.ndarray,
    root: np.ndarray,
    transition: np.ndarray,
    noise_root: np.ndarray,
    next_mean: np.ndarray,
    next_root: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and root of a filtered state, given the smoothed state one linear step later (Rauch, Tung and
    Striebel)."""
    predicted_mean, predicted_root = moved(mean, root, transition, noise_root)
    # gain' = (P')^-1 F P, through the predicted root.
    right = transition @ root.T @ root
    gain = solve_triangular(predicted_root, solve_triangular(predicted_root, right, trans="T")).T
    rows = [root @ (np.eye(len(mean)) - gain @ transition).T, noise_root @ gain.T, next_root @ gain.T]
    return mean + gain @ (next_mean - predicted_mean), np.linalg.qr(np.vstack(rows), mode="r")
