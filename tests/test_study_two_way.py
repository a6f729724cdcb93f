# SPDX-License-Identifier: GPL-3.0-or-later
"""The study `two-way`: what it concludes from errors that are known, and one of its blocks on samples."""

import numpy as np
import pytest
from ntnpos_lab.studies import two_way
from ntnpos_lab.studies.effort import Effort

LINK = two_way.link_of(600e3, 10.0, 5.0, 1)
BOUND_S = two_way.bound_s(LINK)


def concluded(errors, stds):
    found = two_way.of_case("case", "curve", LINK, [{"errors": errors, "stds": stds, "wanted": len(errors) + 1}])
    return {row.quantity: row for row in found.rows}


def test_rows_are_those_of_the_errors():
    """4000 errors of the bound's deviation meet all; a tenth more, a bias, or deviations stated too small do not. Seed 2."""
    errors = np.random.default_rng(2).normal(0.0, BOUND_S, 4000)
    stds = np.full(4000, BOUND_S)
    good = concluded(errors, stds)
    assert all(row.ok for row in good.values())
    assert good["round trip, standard deviation"].more["missed"] == 1
    assert not concluded(1.1 * errors, stds)["round trip, standard deviation"].ok
    assert not concluded(errors + 0.3e-9, stds)["round trip, mean error"].ok
    assert not concluded(errors, 0.8 * stds)["normalised squared error"].ok


def test_a_block_on_samples_is_the_same_again_and_complete():
    one, other = (two_way.block((5, 41, 0, 0), 6, 600e3, 10.0, -5.0) for _ in range(2))
    assert len(one["errors"]) == 6
    np.testing.assert_array_equal(one["errors"], other["errors"])
    assert np.abs(one["errors"]).max() < 5.0 * BOUND_S
    assert one["stds"] == pytest.approx(BOUND_S, rel=0.4)


def test_all_geometries_are_there():
    assert [part.trials for part in two_way.parts(1, Effort(short=True))] == [50] * 8
