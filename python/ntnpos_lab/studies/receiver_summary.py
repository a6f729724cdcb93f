# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about errors in white noise: deviation, bias, and whether the stated deviations are true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np
from scipy.stats import poisson

from ntnpos.world.constants import C_M_S

from . import intervals
from .receiver_kernels import FALSE_ALARM
from .rows import Requirement, Row

FAR = 8.0
"""Deviations beyond which an error is no matter of deviations: noise passed for a path. It is counted."""
NEES = Requirement(0.9, 1.1)


@dataclass(frozen=True)
class Errors:
    """Results of one kind of trial."""

    error_s: np.ndarray
    """[n] TOA minus truth."""
    std_s: np.ndarray
    """[n] stated deviations."""
    missed: int = 0
    """Occasions without a result."""
    alike: bool = True
    """Whether all trials are of one kind: a stated deviation far above the others' marks a false path."""

    @staticmethod
    def of(results: Sequence["Errors"]) -> "Errors":
        """All of them together."""
        return Errors(
            np.concatenate([r.error_s for r in results]),
            np.concatenate([r.std_s for r in results]),
            sum(r.missed for r in results),
            all(r.alike for r in results),
        )

    @property
    def near(self) -> np.ndarray:
        """[n] whether an error is within `FAR` stated deviations (trials alike: at most twice the median)."""
        most_s = 2.0 * np.median(self.std_s) if self.alike and len(self.std_s) else np.inf
        return np.abs(self.error_s) < FAR * np.minimum(self.std_s, most_s)

    @property
    def far(self) -> int:
        """How many are not."""
        return int(np.count_nonzero(~self.near))


def deviation_row(
    group: str, case: str, errors: Errors, bound_s: float, most: float | None, **columns
) -> Row:
    """Standard deviation in m beside the bound; required to be at most `most` times the bound."""
    error = errors.error_s[errors.near]
    ours = float(np.std(error)) if len(error) else np.nan
    requirement = None if most is None else Requirement(high=most * bound_s * C_M_S)
    low, high = intervals.of_deviation(ours, len(error))
    return Row(
        case,
        "TOA standard deviation",
        "m",
        len(error),
        ours * C_M_S,
        bound=bound_s * C_M_S,
        interval=(low * C_M_S, high * C_M_S),
        requirement=requirement,
        group=group,
        more={
            "over_bound": ours / bound_s,
            "required_over_bound": most,
            "missed_occasions": errors.missed,
            "far": errors.far,
        }
        | columns.pop("more", {}),
        **columns,
    )


def bias_row(group: str, case: str, errors: Errors, most: float | None, **columns) -> Row:
    """Mean error in deviations of one result; required to be within +-`most`."""
    error = errors.error_s[errors.near]
    scaled = error / np.std(error) if len(error) > 1 else np.full(1, np.nan)
    return Row(
        case,
        "bias over standard deviation",
        "1",
        len(error),
        float(np.mean(scaled)),
        bound=0.0,
        interval=intervals.of_mean(scaled),
        requirement=None if most is None else Requirement(-most, most),
        group=group,
        **columns,
    )


def nees_row(group: str, case: str, errors: Errors) -> Row:
    """Mean of (error over stated deviation) squared."""
    near = errors.near
    square = float(np.mean((errors.error_s[near] / errors.std_s[near]) ** 2)) if near.any() else np.nan
    return Row(
        case,
        "normalised squared error",
        "1",
        int(near.sum()),
        square,
        bound=1.0,
        interval=intervals.of_mean_square(square, int(near.sum())),
        requirement=NEES,
        group=group,
        more={"far": errors.far},
    )


def far_row(group: str, case: str, errors: Errors) -> Row:
    """Errors beyond `FAR` deviations: at most what the stated false alarms give in 999 of 1000 runs."""
    n = len(errors.error_s)
    return Row(
        case,
        f"results off by more than {FAR:.0f} deviations",
        "",
        n,
        float(errors.far),
        bound=FALSE_ALARM * n,
        requirement=Requirement(high=float(poisson.ppf(0.999, FALSE_ALARM * n))),
        group=group,
    )


def missed_row(group: str, case: str, errors: Errors) -> Row:
    """Occasions in which nothing was found; none is to be missed."""
    n = len(errors.error_s) + errors.missed
    return Row(
        case,
        "occasions without a result",
        "",
        n,
        float(errors.missed),
        bound=0.0,
        requirement=Requirement(high=0.0),
        group=group,
    )
