# SPDX-License-Identifier: GPL-3.0-or-later
"""All places that fit: mirrors of a ground track, what tells them apart, and what cannot be told at all."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pymap3d
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import chain_scene as cs  # noqa: E402
from ntnpos.errors import InputError  # noqa: E402
from ntnpos.network.measurements import Measurement  # noqa: E402
from ntnpos.position import solve  # noqa: E402
from ntnpos.position.cell import left_of_track_m, outside_m  # noqa: E402

STD_S = 2e-7


def rtt_rows(flight, ue, times, name="S", std_s=STD_S) -> list[Measurement]:
    rows = []
    for t in times:
        down = flight.down_s(ue, t)
        back = flight.meets(ue, t + down)
        rows.append(
            Measurement(
                name,
                kind="rtt",
                extra={
                    "rtt_s": down + flight.up_s(ue, back),
                    "rtt_std_s": std_s,
                    "t_tx_s": t,
                    "t_rx_s": back,
                },
            )
        )
    return rows


def short_pass(heading=10.0, right_m=140e3, at=(48.0, 11.0), span_s=10.0):
    """A flight, the UE's geodetic place and its round trips over a few seconds: too short for the Earth's
    rotation."""
    flight = cs.circular(*at, heading)
    ue = cs.beside(*at, heading, right_m, 40e3, 200.0)
    return flight, ue, rtt_rows(flight, cs.place(*ue), np.linspace(0.0, span_s, 5))


def replaced(system, kind: str, **arrays):
    """A system with arrays of the rows of one kind replaced."""
    part = system.part(kind)
    return system.with_part(replace(part, model=replace(part.model, **arrays)))


def error_m(estimate, ue) -> float:
    return float(np.linalg.norm(np.array(estimate.ecef_m) - cs.place(*ue)))


@pytest.mark.parametrize("heading, right_m", [(10.0, 140e3), (10.0, -140e3), (200.0, 60e3), (95.0, -300e3)])
def test_a_short_pass_leaves_both_sides_open(heading, right_m):
    flight, ue, rows = short_pass(heading, right_m)
    fix = solve(rows, cs.assistance({"S": flight}, ue), ue[2])
    assert fix.status == "ambiguous" and len(fix.candidates) == 1 and "2 places" in fix.reason
    places = sorted((fix.estimate, *fix.candidates), key=lambda e: error_m(e, ue))
    assert error_m(places[0], ue) < 0.01
    # The mirror is as far on the other side, and says how well it fits.
    assert error_m(places[1], ue) == pytest.approx(2.0 * abs(right_m), rel=0.1)
    assert all(0.0 < e.likelihood <= 1.2 for e in places)
    # It lies beyond the prior's 6 sigma for the farthest: the prior is no measurement and must not decide.
    assert any(not e.inside_prior for e in places) == (abs(right_m) > 150e3)


@pytest.mark.parametrize(
    "heading, right_m", [(10.0, 140e3), (10.0, -140e3), (200.0, 60e3), (95.0, -300e3), (350.0, 80e3)]
)
def test_the_cells_side_decides(heading, right_m):
    flight, ue, rows = short_pass(heading, right_m)
    for side, truth in (("right", right_m > 0.0), ("left", right_m < 0.0)):
        fix = solve(rows, cs.assistance({"S": flight}, ue, cell={"side": side, "polygon_deg": None}), ue[2])
        assert fix.status == "ok" and "serving cell" in fix.reason and not fix.candidates
        assert (error_m(fix.estimate, ue) < 0.01) == truth


def test_the_cells_polygon_decides():
    flight, ue, rows = short_pass()
    box = [[ue[0] + dy, ue[1] + dx] for dy, dx in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))]
    fix = solve(rows, cs.assistance({"S": flight}, ue, cell={"side": None, "polygon_deg": box}), ue[2])
    assert fix.status == "ok" and error_m(fix.estimate, ue) < 0.01
    far = [[lat + 20.0, lon] for lat, lon in box]
    fix = solve(rows, cs.assistance({"S": flight}, ue, cell={"side": None, "polygon_deg": far}), ue[2])
    assert fix.status == "ambiguous" and "no place that fits is in the serving cell" in fix.reason


def test_the_beam_decides():
    """2 degrees from a low orbit are 20 km: the mirror, 280 km away, is in another beam. Truth and mirror in one: open."""
    flight, ue, rows = short_pass()

    def fixed(centre, half_width_deg):
        beam = {"satellite": "S", "t_s": 2.0, "centre_deg": list(centre), "half_width_deg": half_width_deg}
        return solve(rows, cs.assistance({"S": flight}, ue, cell={"side": None, "polygon_deg": None, "beam": beam}), ue[2])

    both = fixed((ue[0], ue[1]), 50.0)
    assert both.status == "ambiguous"
    (mirror,) = both.candidates if error_m(both.estimate, ue) < 0.01 else (both.estimate,)
    fix = fixed((ue[0] + 0.05, ue[1]), 2.0)
    assert fix.status == "ok" and error_m(fix.estimate, ue) < 0.01 and "serving cell" in fix.reason
    fix = fixed(mirror.geodetic[:2], 2.0)
    assert fix.status == "ok" and error_m(fix.estimate, ue) > 1e5
    fix = fixed((ue[0] + 8.0, ue[1]), 2.0)
    assert fix.status == "ambiguous" and "no place that fits is in the serving cell" in fix.reason


def test_a_second_satellite_decides():
    flight, ue, rows = short_pass()
    other = cs.circular(45.0, 16.0, 100.0)
    rows += rtt_rows(other, cs.place(*ue), (0.0, 5.0), "T")
    fix = solve(rows, cs.assistance({"S": flight, "T": other}, ue), ue[2])
    assert fix.status == "ok" and error_m(fix.estimate, ue) < 0.01


def test_the_earths_rotation_decides_over_a_long_pass():
    flight, ue, _ = short_pass()
    rows = rtt_rows(flight, cs.place(*ue), np.linspace(-100.0, 100.0, 21), std_s=1e-8)
    fix = solve(rows, cs.assistance({"S": flight}, ue), ue[2])
    assert fix.status == "ok" and error_m(fix.estimate, ue) < 0.01


def test_an_equatorial_track_keeps_its_mirror_however_long():
    """The Earth turns within the plane of the orbit: north and south fit alike to rounding."""
    flight = cs.circular(0.0, 20.0, 90.0)
    ue = (1.5, 21.0, 50.0)
    rows = rtt_rows(flight, cs.place(*ue), np.linspace(-100.0, 100.0, 21), std_s=1e-9)
    fix = solve(rows, cs.assistance({"S": flight}, ue), ue[2])
    assert fix.status == "ambiguous" and fix.candidates[0].likelihood == pytest.approx(1.0, abs=1e-3)
    latitudes = sorted(e.geodetic[0] for e in (fix.estimate, *fix.candidates))
    assert latitudes == pytest.approx([-1.5, 1.5], abs=1e-7)


def test_an_equatorial_ue_under_an_equatorial_track_is_unobservable():
    flight = cs.circular(0.0, 20.0, 90.0)
    ue = (0.0, 21.0, 50.0)
    rows = rtt_rows(flight, cs.place(*ue), np.linspace(-60.0, 60.0, 9))
    fix = solve(rows, cs.assistance({"S": flight}, ue), ue[2])
    assert fix.status == "unobservable" and fix.estimate is None and "open" in fix.reason


@pytest.mark.parametrize("count, height, needed", [(1, True, 2), (2, False, 3), (1, False, 3)])
def test_too_few_round_trips_are_unobservable(count, height, needed):
    flight, ue, rows = short_pass()
    fix = solve(rows[:count], cs.assistance({"S": flight}, ue), ue[2] if height else None)
    assert fix.status == "unobservable" and f"{needed} needed" in fix.reason and fix.estimate is None


def test_without_a_height_one_satellite_says_how_little_it_knows():
    """10 s at 200 ns leave the height open by far more than the Earth's mountains."""
    flight, ue, rows = short_pass()
    fix = solve(rows, cs.assistance({"S": flight}, ue))
    assert fix.status == "unobservable" or fix.estimate.horizontal_std_m > 1e4


# ------------------------------------------------------------------------------------------- cells


@pytest.mark.parametrize(
    "lat, lon, heading", [(48.0, 11.0, 10.0), (-30.0, 179.9, 190.0), (5.0, -80.0, 85.0), (60.0, 0.0, 300.0)]
)
def test_left_of_the_track_is_left(lat, lon, heading):
    """Against a geodesic drawn at right angles to the heading over the ground."""
    flight = cs.circular(lat, lon, heading)
    a = cs.assistance({"S": flight}, (lat, lon, 0.0))
    for right_m in (-250e3, -20e3, 20e3, 250e3):
        place = cs.place(*cs.beside(lat, lon, heading, right_m))
        assert left_of_track_m(a.satellites[0].orbit, place, 0.0) == pytest.approx(
            -right_m, rel=0.02, abs=2e3
        )
        late = left_of_track_m(a.satellites[0].orbit, place, -60.0)
        assert late == pytest.approx(-right_m, rel=0.02, abs=2e3)


def test_polygons_against_distances_on_the_ground():
    box = [(10.0, 170.0), (10.0, -170.0), (20.0, -170.0), (20.0, 170.0)]  # over the date line
    assert outside_m(box, cs.place(15.0, 179.0)) == 0.0 and outside_m(box, cs.place(15.0, -175.0)) == 0.0
    edge = pymap3d.vincenty.vdist(15.0, 165.0, 15.0, 170.0)[0] if hasattr(pymap3d, "vincenty") else 537_331.0
    assert outside_m(box, cs.place(15.0, 165.0)) == pytest.approx(float(edge), rel=0.01)
    assert outside_m(box, cs.place(-15.0, -1.0)) > 1e7
    cap = [(80.0, lon) for lon in range(-180, 180, 20)]  # round the pole
    assert outside_m(cap, cs.place(90.0, 0.0)) == 0.0 and outside_m(cap, cs.place(85.0, 77.0)) == 0.0
    assert outside_m(cap, cs.place(70.0, 40.0)) == pytest.approx(1.116e6, rel=0.02)


@pytest.mark.parametrize(
    "cell, field",
    [
        ({"side": "port"}, "side"),
        ({"polygon_deg": [[0, 0], [1, 1]]}, "polygon_deg"),
        ({"polygon_deg": [[0, 0], [1, 1], [91, 0]]}, r"polygon_deg\[2\]"),
        ({"polygon_deg": "box"}, "polygon_deg"),
        ({"beam": {"satellite": "T", "t_s": 0.0, "centre_deg": [48.0, 11.0], "half_width_deg": 2.0}}, "beam.satellite"),
        ({"beam": {"satellite": "S", "t_s": 0.0, "centre_deg": [98.0, 11.0], "half_width_deg": 2.0}}, "beam.centre_deg"),
        ({"beam": {"satellite": "S", "t_s": 0.0, "centre_deg": 48.0, "half_width_deg": 2.0}}, "beam.centre_deg"),
        ({"beam": {"satellite": "S", "t_s": 0.0, "centre_deg": [48.0, 11.0], "half_width_deg": 0.0}}, "beam.half_width"),
        ({"beam": {"satellite": "S", "centre_deg": [48.0, 11.0], "half_width_deg": 2.0}}, "beam.t_s"),
    ],
)
def test_a_wrong_cell_is_refused(cell, field):
    with pytest.raises(InputError, match=field):
        cs.assistance({"S": cs.circular(48.0, 11.0, 10.0)}, cell=cell)


def test_rows_beyond_the_ephemeris_are_left_out_and_the_others_used():
    """A state vector holds for 300 s either way: of a pass that is longer the rest is solved."""
    flight, ue, _ = short_pass()
    rows = rtt_rows(flight, cs.place(*ue), np.linspace(-100.0, 100.0, 11), std_s=1e-8)
    late = [
        replace(
            row,
            extra=row.extra | {"t_tx_s": row.extra["t_tx_s"] + 420.0, "t_rx_s": row.extra["t_rx_s"] + 420.0},
        )
        for row in rows[:3]
    ]
    fix = solve(rows + late, cs.assistance({"S": flight}, ue), ue[2])
    assert fix.status == "ok" and error_m(fix.estimate, ue) < 0.01
    assert "3 of 14 measurements" in fix.excluded[0].reason
    nothing = solve(late, cs.assistance({"S": flight}, ue), ue[2])
    assert nothing.status == "no_fix" and "no orbit" in nothing.excluded[0].reason
