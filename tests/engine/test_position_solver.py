# SPDX-License-Identifier: GPL-3.0-or-later
"""Observation models, solver and geometry: derivatives, noise-free positions, clocks, orbits, all solutions."""

import itertools
import json
import math
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pymap3d
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import position_scene as scene  # noqa: E402
from ntnpos.errors import InputError  # noqa: E402
from ntnpos.position import Height, cramer_rao, error_ellipse, geometry, rows, solve_toa  # noqa: E402
from ntnpos.position.observations import HeightRow  # noqa: E402
from ntnpos.position.system import Weighted  # noqa: E402

MM = 1e-3


@pytest.fixture(scope="module")
def sky() -> dict[str, scene.Sky]:
    return scene.visible(least_deg=20.0)


def first(sky, count: int) -> dict[str, scene.Sky]:
    return dict(itertools.islice(sky.items(), count))


def error_m(fix, ue) -> float:
    return float(np.linalg.norm(np.array(fix.estimate.ecef_m) - ue))


# ------------------------------------------------------------------------------------------- observation models

@pytest.mark.parametrize("kind, steps, relative", [
    ("toa", (1.0, 1.0, 1.0, 100.0, 1.0), 1e-7),
    ("doppler", (10.0, 10.0, 10.0, 1e4, 1.0), 1e-6),
    ("height", (10.0, 10.0, 10.0, 1.0, 1.0), 1e-6),
    ("drift", (1.0, 1.0, 1.0, 1.0, 1.0), 1e-9)])
def test_jacobian_is_the_slope(sky, kind, steps, relative):
    """Against central differences, at a place and clock off the truth and with a large drift."""
    skies = first(sky, 5)
    receiver = scene.Receiver(scene.ecef(), 4e-4, 8e-6)
    measured = rows.usable(scene.measure(skies, receiver), scene.assistance(skies))
    system, _ = rows.build(measured, scene.assistance(skies), Height(24.0))
    model = system.part(kind).model
    state = np.concatenate([receiver.ue + [2e4, -1e4, 3e3], [1.1e5, 2.2e3]])[None]
    _, jacobian = model.evaluate(system.layout, state)
    for unknown, step in enumerate(steps):
        change = np.zeros(5)
        change[unknown] = step
        ahead, behind = (model.evaluate(system.layout, state + sign * change)[0] for sign in (1.0, -1.0))
        slope = (ahead - behind)[0] / (2.0 * step)
        scale = max(float(np.max(np.abs(jacobian[0, :, unknown]))), float(np.max(np.abs(slope))))
        assert np.max(np.abs(slope - jacobian[0, :, unknown])) <= relative * scale


def test_rows_at_the_truth_have_no_residual(sky):
    """Noise-free measurements against the models: TOA to 1e-15 s, Doppler to a millihertz, every row."""
    receiver = scene.Receiver(scene.ecef())
    measured = rows.usable(scene.measure(sky, receiver), scene.assistance(sky))
    system, _ = rows.build(measured, scene.assistance(sky))
    # The clock of the scene is linear in system time, the engine's in its own reading: solve one from the other.
    t_ref = system.layout.t_ref_s
    drift = receiver.drift / (1.0 + receiver.drift)
    offset = (receiver.offset_s + receiver.drift * (t_ref - 3.0)) / (1.0 + receiver.drift)
    state = np.concatenate([receiver.ue, [scene.C * offset, scene.C * drift]])
    assert np.max(np.abs(system.residual("toa", state))) < 1e-15
    assert np.max(np.abs(system.residual("doppler", state))) < 1e-3


def test_shared_errors_whiten_to_unit_covariance():
    """whiten() against the covariance diag(std^2) + common^2 11' of two sources, written out."""
    model = replace(HeightRow(0.0, np.array([1.0])), std=np.array([1.0, 2.0, 0.5]), sources=("a", "b", "a"))
    whitener = Weighted(model, common_std=3.0).whiten(np.eye(3)[None])[0]
    covariance = np.diag(model.std**2) + 9.0 * np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    np.testing.assert_allclose(whitener @ covariance @ whitener.T, np.eye(3), atol=1e-12)


# ------------------------------------------------------------------------------------------- noise-free positions

CASES = {
    "four satellites": dict(count=4),
    "six satellites": dict(count=6),
    "no Doppler, one instant": dict(count=6, doppler=None, arrivals=(3.2,), drift=0.0),
    "prior 100 km off": dict(count=6, prior=(54.25, -6.26, 24.0)),
    "prior 100 km off, four": dict(count=4, prior=(53.35, -7.76, 24.0)),
    "wide prior": dict(count=5, prior=(50.0, 0.0, 0.0), sigma=1e6),
    "1 ms and 10 ppm, spread": dict(count=6, offset=1e-3, drift=1e-5, ppm=10.0,
                                    arrivals=(3.2, 3.25, 3.3, 3.35)),
    "5 s clock": dict(count=6, offset=5.0, clock_max=10.0),
    "satellite clocks": dict(count=6, clocks=True),
    "height": dict(count=6, height=24.0),
    "three satellites and height": dict(count=3, height=24.0),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_noise_free_position_is_within_a_millimetre(sky, case):
    skies = first(sky, case["count"])
    receiver = scene.Receiver(scene.ecef(), case.get("offset", -8.88e-5), case.get("drift", 1.2e-7))
    clocks = {name: 1e-4 * (i - 2) for i, name in enumerate(skies)} if case.get("clocks") else None
    data = scene.assistance(skies, case.get("prior", scene.DUBLIN), case.get("sigma", 5e4), case.get("ppm", 0.5),
                            clocks, case.get("clock_max", 1e-3))
    measured = scene.measure(skies, receiver, case.get("arrivals", (3.2, 3.21, 3.22, 3.23)),
                             doppler_std_hz=case.get("doppler", 13.0), clocks=clocks)
    fix = solve_toa(measured, data, case.get("height"))
    assert fix.status == "ok", fix.reason
    assert error_m(fix, receiver.ue) < MM
    assert not fix.candidates and not fix.excluded
    assert fix.used == tuple(name for name in skies)
    # Reading t of a clock that is offset + drift (t_system - 3): at the fix's time by solving for t_system.
    at = (fix.t_s - receiver.offset_s + 3.0 * receiver.drift) / (1.0 + receiver.drift)
    assert abs(fix.estimate.clock_offset_s - (fix.t_s - at)) < 3e-12


def test_state_vector_orbits(sky):
    """State vectors at the time of emission; 20 ms of J2-only motion differ from SGP4 by far less than 1 mm."""
    skies = first(sky, 6)
    receiver = scene.Receiver(scene.ecef())
    fix = solve_toa(scene.measure(skies, receiver), scene.assistance(skies, state_vectors_at=3.21))
    assert fix.status == "ok" and error_m(fix, receiver.ue) < MM


def test_independent_recording(top):
    """The sample's truth, from a generator that is none of ours: position to 0.1 mm, clock, and its bound."""
    folder = top / "tests" / "data" / "recordings"
    if not folder.is_dir():
        pytest.skip("the sample recordings are not in this tree")
    truth = json.loads((folder / "dev-sample.truth.json").read_text())
    data = rows_assistance(folder / "dev-sample.assistance.json")
    measured = [scene.Measurement(name, o["t_s"], o["toa_s"], o["toa_crlb_s"], o["doppler_hz"],
                                  o["doppler_crlb_hz"])
                for name, satellite in truth["satellites"].items() for o in satellite["occasions"]]
    ue = np.array(truth["ue"]["ecef_m"])
    fix = solve_toa(measured, data)
    assert fix.status == "ok" and error_m(fix, ue) < 1e-4
    assert abs(fix.estimate.clock_drift - 1.2e-7) < 1e-11
    bound = cramer_rao(measured, data, ue, truth["receiver_clock"]["offset_s"])
    for name in ("east_m", "north_m", "up_m", "horizontal_m"):
        assert getattr(bound, name) == pytest.approx(truth["position"]["crlb"][name], rel=1e-3)


def rows_assistance(path):
    from ntnpos.network.assistance import load_assistance
    return load_assistance(path)


# ------------------------------------------------------------------------------------------- what cannot be told

@pytest.mark.parametrize("count, height, needed", [(1, None, 4), (2, None, 4), (3, None, 4), (1, 24.0, 3), (2, 24.0, 3)])
@pytest.mark.parametrize("doppler", [13.0, 0.01, None])
def test_too_few_satellites_are_unobservable(sky, count, height, needed, doppler):
    """However good the Doppler is, and however many occasions."""
    skies = first(sky, count)
    measured = scene.measure(skies, scene.Receiver(scene.ecef()), doppler_std_hz=doppler)
    fix = solve_toa(measured, scene.assistance(skies), height)
    assert fix.status == "unobservable" and fix.estimate is None
    assert fix.reason.startswith(f"{count} satellite") and f"{needed} needed" in fix.reason


def test_one_direction_four_times_is_unobservable(sky):
    """Four ids on one orbit: four satellites by count, one by geometry."""
    one = next(iter(sky.values()))
    skies = {f"S{i}": one for i in range(4)}
    fix = solve_toa(scene.measure(skies, scene.Receiver(scene.ecef())), scene.assistance(skies))
    assert fix.status == "unobservable" and "geometry" in fix.reason


def test_long_motion_replaces_the_fourth_satellite(sky):
    """Three satellites over 40 s turn through several degrees: that is geometry; over 0.03 s it is not."""
    skies = first(sky, 3)
    receiver = scene.Receiver(scene.ecef())
    measured = scene.measure(skies, receiver, arrivals=np.arange(3.0, 43.0, 2.0))
    fix = solve_toa(measured, scene.assistance(skies))
    assert fix.status in ("ok", "ambiguous")
    places = [np.array(e.ecef_m) for e in (fix.estimate, *fix.candidates)]
    assert min(np.linalg.norm(place - receiver.ue) for place in places) < 1.0


def test_nothing_measured(sky):
    skies = first(sky, 4)
    silent = [replace(row, status="no_signal", toa_s=None, toa_std_s=None, doppler_hz=None, doppler_std_hz=None)
              for row in scene.measure(skies, scene.Receiver(scene.ecef()))]
    for batch in ([], silent):
        fix = solve_toa(batch, scene.assistance(skies))
        assert fix.status == "no_fix" and fix.used == () and fix.estimate is None


def test_measurements_beyond_the_ephemeris_do_not_count(sky):
    """State vectors carry 300 s: what lies beyond is left out by name, and the count says the rest."""
    skies = first(sky, 5)
    data = scene.assistance(skies, state_vectors_at=0.0)
    late = [replace(row, t_s=row.t_s + 400.0) if row.satellite in list(skies)[:2] else row
            for row in scene.measure(skies, scene.Receiver(scene.ecef()))]
    fix = solve_toa(late, data)
    assert fix.status == "unobservable" and fix.reason.startswith("3 satellites")
    assert [e.satellite for e in fix.excluded] == list(skies)[:2]


def test_unknown_satellite_and_bad_deviation_are_named(sky):
    skies = first(sky, 4)
    measured = scene.measure(skies, scene.Receiver(scene.ecef()))
    data = scene.assistance(skies)
    with pytest.raises(InputError, match=r"\[2\].satellite"):
        solve_toa([measured[0], replace(measured[1], satellite="NO-SUCH")], data)
    with pytest.raises(InputError, match=r"\[1\].toa_std_s"):
        solve_toa([replace(measured[0], toa_std_s=0.0)], data)
    for std_m in (0.0, 9e-4, math.nan):  # below a millimetre rounding would decide
        with pytest.raises(ValueError, match="height_std_m"):
            solve_toa(measured, data, 0.0, std_m)


def test_a_height_may_be_known_to_a_millimetre(sky):
    receiver = scene.Receiver(scene.ecef())
    skies = first(sky, 6)
    fix = solve_toa(scene.measure(skies, receiver), scene.assistance(skies), pymap3d.ecef2geodetic(*receiver.ue)[2], 1e-3)
    assert fix.status == "ok" and not fix.excluded and error_m(fix, receiver.ue) < MM


# ------------------------------------------------------------------------------------------- all solutions

class Straight:
    """A satellite on a straight line, for some milliseconds."""

    lines = ("", "")

    def __init__(self, r, v):
        self.r, self.v = np.asarray(r, dtype=float), np.asarray(v, dtype=float)

    def place(self, t_s):
        return self.r + self.v * (t_s - 3.2)


def one_plane(count: int, off_m: float) -> tuple[dict, np.ndarray]:
    """Satellites that fly in one plane through the Earth's centre, and a receiver that far from it."""
    skies = {}
    for i, angle in enumerate(np.radians(np.linspace(-9.0, 8.0, count))):
        # Plane y = 0 in ECEF, at about 50 degrees north; velocities in the plane.
        place = 6.92e6 * np.array([math.cos(math.radians(50) + angle), 0.0, math.sin(math.radians(50) + angle)])
        ahead = 7.5e3 * np.array([-math.sin(math.radians(50) + angle), 0.0, math.cos(math.radians(50) + angle)])
        skies[f"S{i}"] = Straight(place, ahead)
    lat, lon, _ = pymap3d.enu2geodetic(off_m, 0.0, 0.0, 50.0, 0.0, 0.0)
    return skies, scene.ecef((lat, lon, 0.0))


def test_one_orbital_plane_has_a_mirror():
    """Five satellites in one plane, without Doppler: left and right of it fit equally; both are returned."""
    skies, ue = one_plane(5, 60e3)
    data = scene.assistance(skies, prior=(50.0, 0.0, 0.0), state_vectors_at=3.195)
    # The scene counts the Earth's turning; the mirror of a receiver in the plane y = 0 is nearly (x, -y, z).
    measured = scene.measure(skies, scene.Receiver(ue, drift=0.0), arrivals=(3.2,), doppler_std_hz=None)
    fix = solve_toa(measured, data)
    assert fix.status == "ambiguous" and "2 places" in fix.reason
    places = [np.array(e.ecef_m) for e in (fix.estimate, *fix.candidates)]
    assert len(places) == 2
    distances = sorted(np.linalg.norm(place - ue) for place in places)
    assert distances[0] < 1.0
    assert distances[1] == pytest.approx(120e3, rel=0.05)


def test_two_ground_solutions_of_three_satellites_and_a_height():
    """A real sky with two places at the height that give the same time differences: both come back, and the
    other one really does give them, by the scene's own light time."""
    place = (25.0, 80.0, 50.0)
    skies = dict(list(scene.visible(place, least_deg=10.0).items())[-9:])
    skies = {name: skies[name] for name in (list(skies)[1], list(skies)[6], list(skies)[7])}
    receiver = scene.Receiver(scene.ecef(place), drift=0.0)
    measured = scene.measure(skies, receiver, arrivals=(3.2,), doppler_std_hz=None)
    data = scene.assistance(skies, prior=place, sigma_m=3e5)
    fix = solve_toa(measured, data, place[2])
    assert fix.status == "ambiguous" and len(fix.candidates) == 1
    both = (fix.estimate, *fix.candidates)
    assert min(np.linalg.norm(np.array(e.ecef_m) - receiver.ue) for e in both) < 0.1
    assert max(np.linalg.norm(np.array(e.ecef_m) - receiver.ue) for e in both) > 1e5
    for estimate in both:
        ue = np.array(estimate.ecef_m)
        assert abs(pymap3d.ecef2geodetic(*ue)[2] - place[2]) < 0.1
        clock = [row.toa_s - scene.travel_s(skies[row.satellite], ue, row.t_s - estimate.clock_offset_s)
                 for row in measured]
        # What is left is the drift that the crystal's bound allows over the 3.4 ms between the rows.
        assert max(clock) - min(clock) < 1e-9
    # Their Doppler tells them apart.
    told = solve_toa(scene.measure(skies, receiver, arrivals=(3.2,)), data, place[2])
    assert told.status == "ok" and error_m(told, receiver.ue) < MM


def test_doppler_that_disagrees_does_not_move_the_position(sky):
    """A receiver that moves at up to 30 m/s: the TOA decides, the Doppler is believed no more than it agrees."""
    skies = first(sky, 6)
    receiver = scene.Receiver(scene.ecef())
    measured = [replace(row, doppler_hz=row.doppler_hz + 200.0 * math.sin(2.0 * list(skies).index(row.satellite)))
                for row in scene.measure(skies, receiver)]
    fix = solve_toa(measured, scene.assistance(skies))
    assert fix.status == "ok" and not fix.excluded
    assert error_m(fix, receiver.ue) < 0.05 * fix.estimate.horizontal_std_m


# ------------------------------------------------------------------------------------------- geometry

def test_dop_of_a_hand_worked_sky():
    """One satellite overhead and three on the horizon 120 degrees apart: HDOP = sqrt(4/3) and VDOP = sqrt(4/3),
    TDOP = sqrt(1/3), worked by hand from G'G = [[1.5, 0, 0, 0], [0, 1.5, 0, 0], [0, 0, 1, -1], [0, 0, -1, 4]]."""
    place = scene.ecef((0.0, 0.0, 0.0))                      # east = y, north = z, up = x
    ring = [(0.0, math.sin(a), math.cos(a)) for a in np.radians([0.0, 120.0, 240.0])]
    dop = geometry.dop(np.array([(1.0, 0.0, 0.0), *ring]), place)
    assert dop.hdop == pytest.approx(math.sqrt(4.0 / 3.0), rel=1e-12)
    assert dop.vdop == pytest.approx(math.sqrt(4.0 / 3.0), rel=1e-12)
    assert dop.pdop == pytest.approx(math.sqrt(8.0 / 3.0), rel=1e-12)
    assert dop.gdop == pytest.approx(math.sqrt(3.0), rel=1e-12)


def test_dop_of_the_sky_against_angles(sky):
    """The fix's DOP against azimuth and elevation by pymap3d and the textbook inverse of G'G."""
    skies = first(sky, 6)
    receiver = scene.Receiver(scene.ecef())
    fix = solve_toa(scene.measure(skies, receiver), scene.assistance(skies))
    matrix = []
    for one in skies.values():
        azimuth, elevation, _ = pymap3d.ecef2aer(*one.place(3.215), *scene.DUBLIN)
        e, a = math.radians(elevation), math.radians(azimuth)
        matrix.append([-math.cos(e) * math.sin(a), -math.cos(e) * math.cos(a), -math.sin(e), 1.0])
    variance = np.diag(np.linalg.inv(np.array(matrix).T @ np.array(matrix)))
    expected = {"gdop": variance.sum(), "pdop": variance[:3].sum(), "hdop": variance[:2].sum(),
                "vdop": variance[2]}
    for name, value in expected.items():
        assert getattr(fix.dop, name) == pytest.approx(math.sqrt(value), rel=2e-3)   # satellites move meanwhile


def test_error_ellipse():
    """Axes and azimuth of a covariance turned by hand: 3 m along azimuth 30 degrees, 1 m across."""
    a = math.radians(30.0)
    along, across = np.array([math.sin(a), math.cos(a)]), np.array([math.cos(a), -math.sin(a)])
    covariance = np.zeros((3, 3))
    covariance[:2, :2] = 9.0 * np.outer(along, along) + np.outer(across, across)
    major, minor, azimuth = error_ellipse(covariance)
    assert (major, minor, azimuth) == pytest.approx((3.0, 1.0, 30.0))
    assert geometry.horizontal_std(covariance) == pytest.approx(math.sqrt(10.0))


# ------------------------------------------------------------------------------------------- fix lines

def test_fix_line_has_every_field_of_the_contract(sky):
    fields = {"type", "schema", "method", "t_s", "latitude_deg", "longitude_deg", "height_m", "ecef_m",
              "covariance_ecef_m2", "horizontal_std_m", "clock_offset_s", "dop", "used", "excluded", "candidates",
              "status", "reason"}
    skies = first(sky, 5)
    measured = scene.measure(skies, scene.Receiver(scene.ecef()))
    for batch in (measured, measured[:4], []):
        line = solve_toa(batch, scene.assistance(skies)).to_json()
        found = json.loads(line, parse_constant=lambda text: pytest.fail(f"{text} in {line}"))
        assert fields <= found.keys() and "\n" not in line
        assert found["type"] == "fix" and found["schema"] == "ntnpos.fix/1" and found["method"] == "dl-tdoa"
    full = json.loads(solve_toa(measured, scene.assistance(skies)).to_json())
    assert np.array(full["covariance_ecef_m2"]).shape == (3, 3)
    assert pymap3d.geodetic2ecef(full["latitude_deg"], full["longitude_deg"], full["height_m"]) == pytest.approx(
        full["ecef_m"], abs=1e-6)


def test_a_solve_is_fast_and_repeats_itself(sky):
    """Six satellites, four occasions: under 0.3 s of this process' time, and the same bits each time."""
    skies = first(sky, 6)
    measured = scene.noisy(scene.measure(skies, scene.Receiver(scene.ecef())), np.random.default_rng(5))
    data = scene.assistance(skies)
    line = solve_toa(measured, data).to_json()
    start = time.process_time()
    again = solve_toa(measured, data).to_json()
    assert time.process_time() - start < 0.3
    assert again == line
    assert solve_toa(reversed(measured), data).to_json() == line
