# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos study verification`: its passes against the tests' own world, and what the short form must
show."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "reference"))

import exact_world as world  # noqa: E402
import round_trips  # noqa: E402
from ntnpos_lab import studies  # noqa: E402
from ntnpos_lab.studies import verification_levels as levels  # noqa: E402
from ntnpos_lab.studies.verification_passes import ALTITUDE_M, draw_passes, measured  # noqa: E402
from ntnpos_lab.studies.work import generator  # noqa: E402


class Circle:
    """A circular orbit of one of the study's passes, written again."""

    def __init__(self, passes, k):
        self._first, self._second = passes.first[k], passes.second[k]
        self._radius = world.RADIUS_M + ALTITUDE_M

    def position(self, t_s):
        angle = np.sqrt(world.MU / self._radius**3) * np.asarray(t_s)
        still = self._radius * (np.outer(np.cos(angle), self._first) + np.outer(np.sin(angle), self._second))
        return world.r3(world.EARTH_RATE * np.asarray(t_s), still)


def test_round_trips_of_the_study_are_those_of_the_tests_own_world():
    passes = draw_passes(generator(1, 2), 4, 50e3)
    rows = measured(passes, None, 20.0, 1e-9).parts[0].model
    for k in range(4):
        ue = world.geodetic_to_ecef(passes.latitude_deg[k], passes.longitude_deg[k], passes.height_m[k])
        for t_tx, rtt in zip(rows.t_tx_s[k], rows.rtt_s[k]):
            assert rtt == pytest.approx(round_trips.round_trip(Circle(passes, k), ue, t_tx)[0], abs=1e-13)
        below = Circle(passes, k).position([0.0])[0]
        east, north, _ = world.enu(passes.latitude_deg[k], passes.longitude_deg[k]) @ (below - ue)
        # The point below lies 50 km across and not along; seen from the satellite's height it is a tenth
        # farther.
        assert passes.side[k] * (passes.right[k] @ [east, north]) == pytest.approx(50e3 * 1.094, rel=0.01)


def test_reports_in_steps_are_rounded_and_say_so():
    passes = draw_passes(generator(1, 2), 50, 50e3)
    fine, coarse = (
        measured(passes, generator(1, 3), 20.0, 20e-9, step).parts[0].model for step in (0.0, 500e-9)
    )
    assert np.max(np.abs(coarse.rtt_s / 500e-9 - np.round(coarse.rtt_s / 500e-9))) < 1e-6
    assert np.max(np.abs(coarse.rtt_s - fine.rtt_s)) == pytest.approx(250e-9, rel=0.05)
    assert coarse.std[0] == pytest.approx(np.hypot(20e-9, 500e-9 / np.sqrt(12.0)))


def test_short_form_meets_its_requirements_and_shows_what_mirrors_do(tmp_path):
    assert studies.main(["verification", "--short", "--jobs", "1", "-o", str(tmp_path), "--strict"]) == 0
    found = json.loads((tmp_path / "verification.json").read_text())
    rows = {(row["group"], row["case"], row["quantity"]): row for row in found["rows"]}
    assert all(row["ours"] is not None for row in found["rows"])
    for (group, case, quantity), row in rows.items():
        if group == levels.LEVEL_2 and quantity == "true claims confirmed":
            assert row["ours"] == 0.0 if case.endswith("open") else row["ours"] > 0.5
        if group == levels.LEVEL_1 and "10 km off" in quantity and not case.startswith("12.5 km, 2 s"):
            assert row["ours"] < 0.2
    error = rows[levels.ERRORS, "50 km off the track, 20 s, 200 ns", "95 % of the horizontal error"]
    assert error["paper"] == 335207.2 and error["ours"] < 1.0
    assert (tmp_path / "verification.png").read_bytes()[:4] == b"\x89PNG"
    assert {"50 %", "67 %", "80 %", "90 %", "95 %"} <= {quantity[:4] for _, _, quantity in rows}
