# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairing of UE and gNB Rx-Tx differences, against a chain rebuilt from light times in an inertial frame."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import chain_scene as cs  # noqa: E402
from ntnpos.errors import InputError  # noqa: E402
from ntnpos.network import two_way  # noqa: E402
from ntnpos.network.measurements import Measurement, from_json_line  # noqa: E402
from ntnpos.position import solve  # noqa: E402

UE = cs.beside(48.0, 11.0, 10.0, 200e3, 100e3, 500.0)
GATEWAY = cs.place(*cs.beside(48.0, 11.0, 10.0, -300e3, -400e3, 100.0))
EPOCHS = (0.0, 5.0, 10.0, 15.0, 20.0)


@pytest.fixture(scope="module")
def flight() -> cs.Flight:
    return cs.circular(48.0, 11.0, 10.0)


@pytest.fixture(scope="module")
def chain(flight) -> cs.Chain:
    return cs.Chain(flight, cs.place(*UE), GATEWAY)


@pytest.fixture(scope="module")
def told(flight):
    return cs.assistance(
        {"S": flight}, UE, common_ta={"S": [cs.common_ta_of(flight, GATEWAY, t) for t in EPOCHS]}
    )


def reports(chain, later: int = 0) -> list[Measurement]:
    return [row for t in EPOCHS for row in chain.reports("S", t, later)]


@pytest.mark.parametrize("later", [0, 1, 160, -40])
def test_the_chain_closes(chain, told, later):
    """Whichever uplink subframe the gNB measures: the round trip to 0.01 ns, the place to a centimetre."""
    paired = two_way.pair(reports(chain, later), told)
    assert paired.unmatched == {"ue_rx_tx": 0, "gnb_rx_tx": 0} and len(paired.measurements) == len(EPOCHS)
    for row in paired.measurements:
        assert abs(row.extra["rtt_s"] - chain.service_s(row.extra["t_tx_s"], row.extra["t_rx_s"])) < 1e-11
    fix = solve(reports(chain, later), told, UE[2])
    assert fix.status == "ok" and fix.method == "multi-rtt" and fix.unmatched is None
    assert np.linalg.norm(np.array(fix.estimate.ecef_m) - chain.ue) < 0.01


def test_a_satellite_without_a_feeder_link_is_the_reference_point(flight):
    chain = cs.Chain(flight, cs.place(*UE))
    a = cs.assistance({"S": flight}, UE)
    for row in two_way.pair(reports(chain, 20), a).measurements:
        assert abs(row.extra["rtt_s"] - chain.service_s(row.extra["t_tx_s"], row.extra["t_rx_s"])) < 1e-13
    fix = solve(reports(chain, 20), a, UE[2])
    assert np.linalg.norm(np.array(fix.estimate.ecef_m) - chain.ue) < 1e-3


def test_deviations_add(chain, told):
    rows = chain.reports("S", 0.0, std_s=3e-9)
    rows[1] = replace(rows[1], extra=rows[1].extra | {"rx_tx_std_s": 4e-9})
    assert two_way.pair(rows, told).measurements[0].extra["rtt_std_s"] == pytest.approx(5e-9)


def test_what_has_no_partner_is_counted(chain, told):
    rows = reports(chain)
    rows += [
        chain.reports("S", 40.0)[0],
        replace(chain.reports("S", 60.0)[1], status="no_signal"),
        Measurement("S", 1.0, 1e-3),
    ]
    paired = two_way.pair(rows, told)
    assert paired.unmatched == {"ue_rx_tx": 1, "gnb_rx_tx": 0}
    assert [row.kind for row in paired.measurements] == ["toa"] + ["rtt"] * 5
    fix = solve(rows[:-1], told, UE[2])
    assert fix.to_dict()["unmatched"] == {"ue_rx_tx": 1, "gnb_rx_tx": 0} and "without a partner" in fix.reason
    alone = solve(rows[:1], told, UE[2])
    assert alone.status == "no_fix" and alone.to_dict()["unmatched"] == {"ue_rx_tx": 1, "gnb_rx_tx": 0}


def test_each_report_is_used_once_and_order_does_not_matter(chain, told):
    rows = reports(chain, 3)
    paired = two_way.pair(rows, told).measurements
    shuffled = [rows[i] for i in np.random.default_rng(5).permutation(len(rows))]
    again = two_way.pair(shuffled, told).measurements
    assert sorted(m.extra["rtt_s"] for m in paired) == sorted(m.extra["rtt_s"] for m in again)
    twice = two_way.pair(rows + [rows[1]], told)
    assert twice.unmatched == {"ue_rx_tx": 0, "gnb_rx_tx": 1} and len(twice.measurements) == 5


def test_lines_give_the_same_as_objects(chain, told):
    rows = reports(chain)
    read = [from_json_line(row.to_json_line()) for row in rows]
    assert two_way.pair(read, told) == two_way.pair(rows, told)


@pytest.mark.parametrize("common_ta, field", [
    ({"epoch_time_s": 0.0}, "ta_common_s"), ({"ta_common_s": 0.01}, "epoch_time_s"), (3, "common_ta"),
    ({"epoch_time_s": 0.0, "ta_common_s": 0.01, "drift_s_per_s": 1.0}, "drift_s_per_s")])
def test_incomplete_common_ta_is_refused(flight, chain, common_ta, field):
    a = cs.assistance({"S": flight}, UE, satellite={"common_ta": common_ta})
    with pytest.raises(InputError, match=field):
        two_way.pair(reports(chain), a)
