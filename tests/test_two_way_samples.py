# SPDX-License-Identifier: GPL-3.0-or-later
"""Round trips over a transparent payload on samples, against light times summed in an inertial frame."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ntnpos.network.resources import Carrier, PrsResource
from ntnpos.network.sites import CommonTaSeries
from ntnpos.network.two_way import round_trip
from ntnpos.position.timing import toa_bound_s
from ntnpos_lab.two_way import TwoWay, UeClock
from ntnpos_lab.two_way_flow import TwoWayFlow, measure
from ntnpos_lab.two_way_stretch import Bounds, Stretch
from two_way_scene import RADIUS, T0_S, Circle, on_ground, travel_s


def link_of(height_m: float, elevation_deg: float, ppm: float, snr_db: float, **changes) -> TwoWay:
    e = np.radians(elevation_deg)
    away_deg = np.degrees(np.arccos(RADIUS * np.cos(e) / (RADIUS + height_m)) - e)
    place = on_ground(away_deg)
    return TwoWay(**{**dict(
        satellite="S", orbit=Circle(height_m), gateway_ecef_m=on_ground(-4.0, 2.0, 100.0), ue_ecef_m=place,
        believed_ecef_m=place + np.array([300.0, -3000.0, 4000.0]), carrier=Carrier(2.0e9, 15, 24), sample_rate_hz=7.68e6,
        prs=PrsResource(sequence_id=77, comb_size=4, re_offset=0, start_symbol=2, num_symbols=4, num_rb=24,
                        periodicity_slots=10, slot_offset=0),
        clock=UeClock(3.1e-5, ppm, T0_S), snr_dl_db=snr_db, snr_ul_db=snr_db, timing_error_s=2.3e-7), **changes})


def service(link: TwoWay, reports):
    """The service link's round trip as the location server has it, and the true one."""
    ue, gnb = reports
    assert (ue.kind, gnb.kind, ue.status, gnb.status) == ("ue_rx_tx", "gnb_rx_tx", "ok", "ok")
    ta = CommonTaSeries(tuple(link.common_ta(round(ue.t_s) + float(k)) for k in range(-1, 2)))
    found = round_trip(ue, gnb, ta)
    down = travel_s(link.orbit, link.ue_ecef_m, found.extra["t_tx_s"], up=False)
    up = travel_s(link.orbit, link.ue_ecef_m, found.extra["t_rx_s"], up=True)
    return found.extra["rtt_s"] - (down + up), found.extra["rtt_std_s"]


@pytest.mark.parametrize("ppm", [-5.0, 5.0])
@pytest.mark.parametrize("height_m, elevation_deg", [(600e3, 10.0), (600e3, 90.0), (1200e3, 10.0), (1200e3, 90.0)])
def test_round_trips_close(height_m, elevation_deg, ppm):
    """Hardly any noise (60 dB): what is left is bias. 0.2 ns are allowed, of which common TA's cubic term is 0.09 ns."""
    link = link_of(height_m, elevation_deg, ppm, 60.0)
    for reports in measure(link, [100000, 100410]):
        error_s, _ = service(link, reports)
        assert abs(error_s) < 0.2e-9


def test_what_is_left_out_is_seen():
    """Without the crystal's correction the same round trips would be wrong by its share of the Rx-Tx difference."""
    link = link_of(600e3, 40.0, 5.0, 60.0)
    (reports,) = measure(link, [100000])
    ue, gnb = reports
    assert abs(ue.extra["rx_tx_s"]) > 1e-4
    wrong = replace(ue, extra={**ue.extra, "rx_tx_s": ue.extra["rx_tx_s"] * (1 + 5e-6)})
    error_s = service(link, (wrong, gnb))[0] - service(link, reports)[0]
    assert error_s == pytest.approx(5e-6 * ue.extra["rx_tx_s"], rel=1e-3)


def test_deviations_are_stated_as_they_are():
    """40 round trips at 10 dB, seed 1: errors over stated deviations within five of their own, and those at the bound."""
    link = link_of(600e3, 50.0, 2.0, 10.0)
    found = np.array([service(link, reports) for reports in measure(link, [100000 + 20 * i for i in range(40)])])
    bound_s = np.sqrt(2.0) * toa_bound_s(10.0, link.carrier, link.prs)
    assert np.median(found[:, 1]) == pytest.approx(bound_s, rel=0.1)
    squared = np.mean((found[:, 0] / found[:, 1]) ** 2)
    assert abs(squared - 1.0) < 5.0 * np.sqrt(2.0 / 40)


def test_a_stretch_of_several_occasions_measures_each():
    """50 ms of stream: five occasions, whose offsets and differences add up to the same way."""
    link = link_of(600e3, 60.0, 5.0, 40.0)
    flow = TwoWayFlow(Stretch(link, 100000, 45))
    flow.run()
    reports = flow.measurements()
    ue = [m for m in reports if m.kind == "ue_rx_tx" and m.status == "ok"]
    gnb = [m for m in reports if m.kind == "gnb_rx_tx" and m.status == "ok"]
    assert len(ue) == 5 and len(gnb) == 5
    for pair in zip(ue, gnb):
        assert abs(service(link, pair)[0]) < 5 * service(link, pair)[1] + 0.2e-9


def test_any_buffer_size_gives_the_same_bits():
    link = link_of(600e3, 60.0, 5.0, 15.0)

    def reported(most_items):
        flow = TwoWayFlow(Stretch(link, 100000))
        flow.run(most_items)
        return [m.to_json_line() for m in flow.measurements()]

    whole = reported(100_000)
    assert len(whole) == 2
    assert reported(1021) == whole


def test_silence_is_a_status():
    """The UE is not heard by the gNB, and does not hear it."""
    quiet = link_of(600e3, 60.0, 0.0, 20.0, snr_ul_db=-80.0)
    (reports,) = measure(quiet, [100000])
    assert [(m.kind, m.status) for m in reports] == [("ue_rx_tx", "ok"), ("gnb_rx_tx", "no_signal")]
    assert reports[1].extra["rx_tx_s"] is None
    deaf = link_of(600e3, 60.0, 0.0, 20.0, snr_dl_db=-80.0)
    (reports,) = measure(deaf, [100000])
    assert [m.status for m in reports] == ["no_signal", "ok"]


def test_a_stretch_has_a_length():
    with pytest.raises(ValueError, match="slots is 0; allowed: 1 to 2000"):
        Stretch(link_of(600e3, 60.0, 0.0, 20.0), 100000, 0, Bounds())


def run_demo(top, *arguments):
    return subprocess.run([sys.executable, str(top / "apps" / "demo.py"), "multi-rtt", *arguments], capture_output=True,
                          text=True, timeout=300)


def test_demo_as_a_user_runs_it(top, tmp_path):
    done = run_demo(top, "--duration-s", "40", "--every-s", "10", "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    last = lines[-1]
    assert last["type"] == "demo" and last["satellites"] == 1
    assert [m["status"] for m in lines[:-2]] == ["ok"] * 10
    # The fix or, where the data leave both sides open, the other candidate is the place: within five deviations.
    assert last["nearest_candidate_error_m"] < 5.0 * last["bound_horizontal_std_m"]
    assert (tmp_path / "multi-rtt.png").stat().st_size > 20_000
    # The files say the same to `solve`.
    solved = subprocess.run(
        [sys.executable, str(top / "apps" / "solve.py"), str(tmp_path / "measurements.jsonl"), "--assistance",
         str(tmp_path / "assistance.json")], capture_output=True, text=True, timeout=120)
    assert json.loads(solved.stdout.splitlines()[-1])["method"] == "multi-rtt"


@pytest.mark.parametrize("arguments, complaint", [
    (["--crystal-ppm", "7"], "--crystal-ppm"), (["--every-s", "0"], "--every-s"), (["--gateway", "95,0"], "--gateway"),
    (["--duration-s", "0"], "--duration-s")])
def test_demo_refuses_in_one_line(top, tmp_path, arguments, complaint):
    done = run_demo(top, *arguments, "-o", str(tmp_path))
    assert done.returncode == 2 and done.stdout == ""
    assert complaint in done.stderr and len(done.stderr.strip().splitlines()) == 1
