# SPDX-License-Identifier: GPL-3.0-or-later
"""What each term of the two-way chain is worth: a 600 km transparent satellite whose omissions err by figures
known beforehand.

Errors in position of one satellite's multi-RTT with a known height where one term is left out, as computed
elsewhere: no common TA 1270 km; subframe offset off by one 375 km, left out no fit at all; common TA frozen
at the first epoch 52 km; SIB19's quadratic of the first epoch kept 1.4 km; offset counted in stretched
received subframes 41 m; UE and gNB 160 ms apart, ignored, 3.4 km with residuals of some metres. The geometry
was not told: the one below (three epochs, where the UE and the gateway are) is fitted to these figures.
Positions are compared, for the residuals of most are small. The chain itself is rebuilt by light times in an
inertial frame.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import chain_scene as cs  # noqa: E402
from ntnpos.network import two_way  # noqa: E402
from ntnpos.network.sites import CommonTa, CommonTaSeries  # noqa: E402
from ntnpos.position import rows, solve  # noqa: E402
from ntnpos.position.many import solve_many  # noqa: E402
from ntnpos.position.rows import Height  # noqa: E402

LATITUDE, LONGITUDE = 48.0, 11.0
HEADING_DEG, EPOCHS = 264.23, (-23.252, -10.168, 2.916)
UE_RIGHT_M, UE_AHEAD_M, GATEWAY_RIGHT_M, GATEWAY_AHEAD_M = 60.45e3, 141.95e3, 696.35e3, -112.02e3
APART = 160  # subframes


class Worked:
    """The chain's reports and what is told of it."""

    def __init__(self):
        self.flight = cs.circular(LATITUDE, LONGITUDE, HEADING_DEG)
        self.place = cs.beside(LATITUDE, LONGITUDE, HEADING_DEG, UE_RIGHT_M, UE_AHEAD_M)
        self.ue = cs.place(*self.place)
        gateway = cs.place(*cs.beside(LATITUDE, LONGITUDE, HEADING_DEG, GATEWAY_RIGHT_M, GATEWAY_AHEAD_M))
        self.chain = cs.Chain(self.flight, self.ue, gateway)
        self.told = [cs.common_ta_of(self.flight, gateway, t) for t in EPOCHS]
        self.assistance = cs.assistance({"S": self.flight}, self.place, common_ta={"S": self.told})
        self.series = self.assistance.common_ta("S")
        self.reports = [self.chain.reports("S", t) for t in EPOCHS]
        self.apart = [self.chain.reports("S", t, APART) for t in EPOCHS]

    def error_m(self, trips) -> tuple[float, float]:
        """Distance of the solution nearest the truth, and the residuals' rms in m of range."""
        system, _ = rows.build(
            rows.usable(trips, self.assistance), self.assistance, Height(0.0, 1.0), toa_model_std_s=0.0
        )
        found = solve_many(system, self.ue[None])
        residual = 0.5 * cs.C * system.residual("rtt", found.state[0])
        return float(np.linalg.norm(found.position[0] - self.ue)), float(np.sqrt(np.mean(residual**2)))

    def trips(self, reports=None, common_ta="told"):
        """Round trips of reports."""
        series = self.series if common_ta == "told" else common_ta
        return [two_way.round_trip(ue, gnb, series) for ue, gnb in (reports or self.reports)]


@pytest.fixture(scope="module")
def worked() -> Worked:
    return Worked()


def changed(report, **fields):
    return replace(report, extra=report.extra | fields)


def test_with_everything_the_chain_closes(worked):
    """Round trips under 1 ns, in fact 1e-11 s; the place under 1 m, in fact a millimetre, also with the ends
    160 ms apart."""
    for reports in (worked.reports, worked.apart):
        trips = worked.trips(reports)
        for trip in trips:
            service = worked.chain.service_s(trip.extra["t_tx_s"], trip.extra["t_rx_s"])
            assert abs(trip.extra["rtt_s"] - service) < 1e-11
        assert worked.error_m(trips)[0] < 0.01
        fix = solve([row for pair in reports for row in pair], worked.assistance, 0.0)
        places = [np.array(e.ecef_m) for e in (fix.estimate, *fix.candidates)]
        assert min(np.linalg.norm(place - worked.ue) for place in places) < 0.01


def test_without_common_ta(worked):
    assert worked.error_m(worked.trips(common_ta=None))[0] == pytest.approx(1270e3, rel=0.05)


def test_with_the_subframe_offset_off_by_one(worked):
    off = [(changed(ue, subframe_offset=ue.extra["subframe_offset"] + 1), gnb) for ue, gnb in worked.reports]
    assert worked.error_m(worked.trips(off))[0] == pytest.approx(375e3, rel=0.05)


def test_without_the_subframe_offset_nothing_fits(worked):
    """A round trip of less than the way straight down and up, or below zero: no place, and `solve` says
    so."""
    off = [changed(ue, subframe_offset=0) for ue, _ in worked.reports]
    trips = worked.trips(list(zip(off, (gnb for _, gnb in worked.reports))))
    assert all(trip.extra["rtt_s"] < 2.0 * 5.9e5 / cs.C for trip in trips)
    fix = solve(trips, worked.assistance, 0.0)
    assert fix.status == "no_fix" and fix.estimate is None


def test_with_common_ta_frozen_at_the_first_epoch(worked):
    first = CommonTa(EPOCHS[0], worked.told[0]["ta_common_s"])
    assert worked.error_m(worked.trips(common_ta=CommonTaSeries((first,))))[0] == pytest.approx(
        52e3, rel=0.05
    )


def test_with_the_first_epochs_quadratic_kept(worked):
    first = CommonTaSeries(worked.series.pieces[:1])
    assert worked.error_m(worked.trips(common_ta=first))[0] == pytest.approx(1.4e3, rel=0.05)


def test_with_the_offset_counted_in_stretched_subframes(worked):
    """The offset's subframes last as long as they are received, longer or shorter by the drift."""
    trips = [
        changed(
            trip,
            rtt_s=trip.extra["rtt_s"]
            - 1e-3 * ue.extra["subframe_offset"] * 1e-6 * ue.extra["dl_timing_drift_us_s"],
        )
        for trip, (ue, _) in zip(worked.trips(), worked.reports)
    ]
    assert worked.error_m(trips)[0] == pytest.approx(41.0, rel=0.05)


def test_with_both_ends_apart_ignored(worked):
    """The gNB's stamp taken for that of the uplink subframe that the UE compared with: 3.4 km, with residuals
    of a few metres."""
    together = [(ue, replace(gnb, t_s=two_way.due_s(ue))) for ue, gnb in worked.apart]
    error, residual = worked.error_m(worked.trips(together))
    assert error == pytest.approx(3.4e3, rel=0.05) and residual < 6.0
