# SPDX-License-Identifier: GPL-3.0-or-later
"""The study `link`: its ends against quadrature by hand, its shares within limits, the same files for any processes."""

import json

import numpy as np
import pytest
from matplotlib.image import imread
from ntnpos_lab import studies
from ntnpos_lab.studies import link
from ntnpos_lab.studies.effort import Effort
from scipy.special import jv

SPHERE_M, C = 6371e3, 299792458.0


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("link")
    for jobs in (1, 2):
        studies.run("link", 4, Effort(short=True), jobs, folder / str(jobs))
    return folder


def test_any_number_of_processes_gives_the_same_files(made):
    for suffix in ("json", "csv", "md"):
        assert (made / "1" / f"link.{suffix}").read_bytes() == (made / "2" / f"link.{suffix}").read_bytes()
    assert imread(made / "1" / "link.png").std() > 0.1


def test_requirements_are_met_and_the_papers_range_is_there(made):
    rows = json.loads((made / "1" / "link.json").read_text())["rows"]
    judged = [row for row in rows if row["ok"] is not None]
    assert len(judged) == 13 and all(row["ok"] for row in judged)
    ends = {row["quantity"]: row for row in rows if row["case"].startswith("600 km, 30 to 90 degrees, cells touch")}
    assert (ends["C/N, least"]["paper"], ends["C/N, most"]["paper"]) == (8.1, 17.1)
    assert ends["C/N, least"]["ours"] >= ends["C/N, least"]["bound"] - 0.05
    assert ends["C/N, most"]["ours"] <= ends["C/N, most"]["bound"] + 0.01


def test_the_distribution_is_that_of_another_calculation():
    """Mean C/N over the cap and the hexagon by quadrature: area 2 pi R^2 d(cos g), the law of cosines, J1 by its own name."""
    drawn = link.carrier_to_noise((7,), 40_000, link.cap_ranges_m, 600e3, link.pattern(link.TOUCHING))["cnr_db"]
    g_edge = np.arccos(SPHERE_M * np.cos(np.radians(30.0)) / (SPHERE_M + 600e3)) - np.radians(30.0)
    cosine = np.linspace(np.cos(g_edge), 1.0, 20001)
    d = np.sqrt(SPHERE_M**2 + (SPHERE_M + 600e3) ** 2 - 2.0 * SPHERE_M * (SPHERE_M + 600e3) * cosine)
    path = np.mean(34.0 - 60.0 - 20.0 * np.log10(4.0 * np.pi * d * 2e9 / C) + 203.975 - 7.0)
    # A twelfth of the hexagon whose sides are sin(2.20635 degrees) away: x to there, y up to x / sqrt(3).
    side = np.sin(np.radians(0.5 * 4.4127))
    x, y = np.meshgrid((np.arange(800) + 0.5) / 800.0, (np.arange(800) + 0.5) / 800.0 / np.sqrt(3.0))
    kept = y <= x / np.sqrt(3.0)
    argument = 1.616339948 / side * side * np.hypot(x, y)[kept]
    beam = np.mean(20.0 * np.log10(2.0 * jv(1, argument) / argument))
    # Outer cells of a steered aperture are a little wider or narrower: a hundredth of a dB.
    assert drawn.mean() == pytest.approx(path + beam, abs=3.5 * drawn.std() / 200.0 + 0.02)
    assert (drawn.min(), drawn.max()) == pytest.approx(link.ends_db(600e3, False), abs=0.4)
