# SPDX-License-Identifier: GPL-3.0-or-later
"""Loose fusion: one place from fixes that were made separately, by other methods or at other times.

Rows that are all at hand belong in one `solve` (tight fusion), which also uses those that make no fix by
themselves. Errors that the fixes share (a height that was given to all, a satellite's ephemeris) are counted
as if each had its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Sequence

import numpy as np
from scipy.special import chdtrc

from .result import Estimate, Fix

_MOST_COMBINATIONS = 4096
_DECISIVE = 20.0


@dataclass(frozen=True)
class Fused:
    """The fusion of fixes.

    Attributes
    ----------
    ecef_m : [3]
    covariance_ecef_m2 : [3, 3]
    chi2, dof, p_value : how well the fixes agree
    chosen : index of the place that was taken of each fix: 0 its estimate, i its candidate i - 1
    others : places [k, 3] of other combinations that agree nearly as well (odds above 1 to 22000), the
        likeliest first
    """

    ecef_m: np.ndarray
    covariance_ecef_m2: np.ndarray
    chi2: float
    dof: int
    p_value: float
    chosen: tuple[int, ...]
    others: np.ndarray


def fuse(fixes: Sequence[Fix]) -> Fused | None:
    """The place that fixes agree on, weighted by their information; of ambiguous ones the combination that
    agrees best.

    Fixes without a place, or with a covariance that is open, do not count. None where fewer than one counts.

    Raises
    ------
    ValueError
        Where the candidates make more than 4096 combinations.
    """
    options = [
        [e for e in (fix.estimate, *fix.candidates) if e.covariance_ecef_m2 is not None]
        for fix in fixes
        if fix.estimate
    ]
    options = [places for places in options if places]
    if not options:
        return None
    if np.prod([len(places) for places in options]) > _MOST_COMBINATIONS:
        raise ValueError(f"candidates make more combinations than {_MOST_COMBINATIONS}")
    found = []
    for indices in product(*(range(len(places)) for places in options)):
        chosen = [places[i] for places, i in zip(options, indices)]
        place, covariance, chi2 = _combined(chosen)
        # A candidate that its own fix finds unlikely stays so.
        own = -2.0 * sum(np.log(max(e.likelihood, 1e-300)) for e in chosen)
        found.append((chi2 + own, indices, place, covariance, chi2))
    found.sort(key=lambda entry: entry[0])
    total, indices, place, covariance, chi2 = found[0]
    others = [
        entry[2]
        for entry in found[1:]
        if entry[0] < total + _DECISIVE and np.linalg.norm(entry[2] - place) > 1.0
    ]
    dof = 3 * (len(options) - 1)
    return Fused(
        place,
        covariance,
        chi2,
        dof,
        float(chdtrc(dof, chi2)) if dof else 1.0,
        indices,
        np.array(others).reshape(-1, 3),
    )


def _combined(chosen: Sequence[Estimate]) -> tuple[np.ndarray, np.ndarray, float]:
    """Weighted mean [3], covariance [3, 3] and chi-square, by a QR of whitened rows: no covariance is
    inverted."""
    places = np.array([e.ecef_m for e in chosen])
    origin = places.mean(axis=0)
    blocks, targets = [], []
    for e, place in zip(chosen, places):
        values, vectors = np.linalg.eigh(np.array(e.covariance_ecef_m2))
        root = vectors.T / np.sqrt(np.maximum(values, 1e-12))[:, None]
        blocks.append(root)
        targets.append(root @ (place - origin))
    matrix, target = np.concatenate(blocks), np.concatenate(targets)
    q, r = np.linalg.qr(matrix)
    inverse = np.linalg.solve(r, np.eye(3))
    step = inverse @ (q.T @ target)
    return origin + step, inverse @ inverse.T, float(np.sum((target - matrix @ step) ** 2))
