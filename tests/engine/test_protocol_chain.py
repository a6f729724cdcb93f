# SPDX-License-Identifier: GPL-3.0-or-later
"""The two-way chain through messages: reports of UE and gNB as PDUs, the common TA as NRPPa tells it, a
place.

The reports come from the light times of `chain_scene`; none of the engine's is in them.
"""

from dataclasses import replace

import chain_scene as cs
import numpy as np
import pytest

from ntnpos.lmf.protocols import Context, Directory, decode_measurements
from ntnpos.lmf.protocols.lpp_measurements import provide_location
from ntnpos.lmf.protocols.nrppa_measurements import measurement_message
from ntnpos.lmf.protocols.nrppa_trp import trp_information, trp_information_response
from ntnpos.network import two_way
from ntnpos.network.sites import CommonTaSeries
from ntnpos.position import solve

LATITUDE, LONGITUDE, HEADING_DEG = 48.0, 11.0, 264.23
EPOCHS = (-23.252, -10.168, 2.916)


@pytest.fixture(scope="module")
def chain():
    """A UE 60 km right of the track, a gateway 700 km right of it, three epochs."""
    flight = cs.circular(LATITUDE, LONGITUDE, HEADING_DEG)
    place = cs.beside(LATITUDE, LONGITUDE, HEADING_DEG, 60.45e3, 141.95e3)
    gateway = cs.place(*cs.beside(LATITUDE, LONGITUDE, HEADING_DEG, 696.35e3, -112.02e3))
    found = cs.Chain(flight, cs.place(*place), gateway)
    told = [cs.common_ta_of(flight, gateway, t_s) for t_s in EPOCHS]
    return found, cs.assistance({"S": flight}, place, common_ta={"S": told})


def through_messages(found, assistance, k):
    """Pairs of reports as the location server has them after LPP and NRPPa."""
    directory, pairs = Directory.of(assistance), []
    for t_s in EPOCHS:
        ue, gnb = found.reports("S", t_s)
        context = Context(assistance, t_s + 1.0)
        pairs.append((*decode_measurements("lpp", provide_location([ue], directory, k=k), context),
                      *decode_measurements("nrppa", measurement_message([gnb], directory, 1, k=k), context)))
    return pairs


@pytest.mark.parametrize("k, rtt_s, place_m", [(-6, 1e-11, 0.01), (0, 6e-10, 1.0)])
def test_round_trips_close_and_so_does_the_place(chain, k, rtt_s, place_m):
    """Steps of 8 ps leave the place where it is; steps of 0.5 ns (0.15 m) cost what this geometry makes of
    them."""
    found, assistance = chain
    pairs = through_messages(found, assistance, k)
    for ue, gnb in pairs:
        trip = two_way.round_trip(ue, gnb, assistance.common_ta("S"))
        service_s = found.service_s(trip.extra["t_tx_s"], trip.extra["t_rx_s"])
        assert abs(trip.extra["rtt_s"] - service_s) < rtt_s
    fix = solve([row for pair in pairs for row in pair], assistance, 0.0)
    places = [np.array(e.ecef_m) for e in (fix.estimate, *fix.candidates)]
    assert min(np.linalg.norm(p - found.ue) for p in places) < place_m


def test_a_common_ta_from_nrppa_is_off_by_its_own_step(chain):
    """TA-Common comes in steps of 4.072 ns: at most 2.1 ns of a round trip, 0.3 m of range, whatever else is
    exact."""
    found, assistance = chain
    pieces = []
    for t_s, piece in zip(EPOCHS, assistance.common_ta("S").pieces):
        entry = assistance.satellites[0]
        extra = {"common_ta": dict(vars(piece))}
        one = replace(assistance, satellites=(replace(entry, extra=extra),))
        data = trp_information_response(Directory.of(one), ["S"], ["common_ta"])
        got = trp_information(data, replace(one, satellites=(replace(entry, extra={}),)), near_s=t_s)
        pieces += got.common_ta("S").pieces
    series = CommonTaSeries(tuple(pieces))
    worst_s = 0.0
    for ue, gnb in through_messages(found, assistance, -6):
        trip = two_way.round_trip(ue, gnb, series)
        service_s = found.service_s(trip.extra["t_tx_s"], trip.extra["t_rx_s"])
        worst_s = max(worst_s, abs(trip.extra["rtt_s"] - service_s))
    assert 1e-10 < worst_s < 2.1e-9
