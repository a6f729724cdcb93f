# SPDX-License-Identifier: GPL-3.0-or-later
"""Assistance data through LPP and NRPPa and back; positioning SRS; requests and capabilities."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from protocol_scene import OFFSET_M, RECORDINGS, TA, context, directory, scene, with_clock_offsets

from ntnpos.errors import InputError
from ntnpos.lmf.protocols import codec, lpp, nrppa, nrppa_srs, nrppa_trp, prs, relative_time
from ntnpos.lmf.protocols.lpp import Capability, Transaction
from ntnpos.lmf.protocols.lpp_assistance import assistance_of, provide_assistance
from ntnpos.network.assistance import load_assistance, parse_assistance
from ntnpos.network.resources import COMB_SIZES, LEGAL_SYMBOLS, MUTING_LENGTHS, PERIODICITIES, Carrier
from ntnpos.world.light_time import received
from ntnpos.world.timebase import Epoch


# ----------------------------------------------------------------------------------------------------- DL-PRS


def resources():
    """Every comb with its symbols, every period and muting length, at every numerology, values seeded."""
    rng = random.Random(11)
    cases = [(comb, symbols, mu) for comb in COMB_SIZES for symbols in LEGAL_SYMBOLS[comb] for mu in range(4)]
    cases += [(6, 12, mu) for mu in range(4) for _ in range(len(PERIODICITIES))]
    for at, (comb, symbols, mu) in enumerate(cases):
        period = PERIODICITIES[at % len(PERIODICITIES)] * 2**mu
        repetition, gap = rng.choice([(1, 1), (2, 1), (2, 2), (4, 1)])
        repetition, gap = (repetition, gap) if (repetition - 1) * gap < period else (1, 1)
        bits = [None, *("".join(rng.choice("01") for _ in range(n)) for n in MUTING_LENGTHS)]
        first, second = rng.choice(bits), rng.choice(bits)
        num_rb = rng.choice([24, 28, 136, 272])
        yield mu, {
            "sequence_id": rng.choice([0, 1, 4095, rng.randrange(4096)]),
            "comb_size": comb,
            "re_offset": rng.randrange(comb),
            "start_symbol": rng.randrange(13 - symbols + 2) if symbols < 12 else rng.randrange(3),
            "num_symbols": symbols,
            "num_rb": num_rb,
            "start_prb": rng.randrange(275 - num_rb + 1),
            "periodicity_slots": period,
            "slot_offset": rng.randrange(period),
            "repetition_factor": repetition,
            "time_gap_slots": gap,
            "muting_option2": None if second is None else {"bits": second},
            "muting_option1": (
                None if first is None else {"bits": first, "bit_repetition_factor": rng.choice([1, 2, 4, 8])}
            ),
        }


def test_every_kind_of_prs_goes_through_lpp_and_nrppa():
    base = scene()
    values = base.to_dict()
    count = 0
    for mu, entry in resources():
        if entry["num_symbols"] + entry["start_symbol"] > 14:
            continue
        values["carrier"] |= {"scs_khz": 15 * 2**mu, "n_rb": 275, "frequency_hz": 2.0e9 + 6e3 * 15 * 2**mu}
        values["satellites"] = [values["satellites"][0] | {"prs": entry}]
        try:
            assistance = parse_assistance(values, "prs.json")
        except InputError:
            continue  # a repetition that this period has no room for
        carrier, resource = assistance.carrier, assistance.satellites[0].prs
        layer, info = prs.lpp_layer(resource, carrier, "test"), prs.lpp_info(resource, carrier)
        if entry["repetition_factor"] == 1:
            resource = replace(resource, time_gap_slots=1)
        assert prs.prs_of_lpp(layer, info, carrier, "test") == resource
        assert prs.prs_of_nrppa(prs.nrppa_set(resource, carrier, "test"), carrier, "test") == resource
        # And through the octets of both messages.
        assert (
            assistance_of(provide_assistance(directory(assistance), 0.0), assistance).satellites[0].prs
            == resource
        )
        data = nrppa_trp.trp_information_response(
            directory(assistance), [assistance.satellites[0].id], ["prs"]
        )
        assert nrppa_trp.trp_information(data, assistance, 0.0).satellites[0].prs == resource
        count += 1
    assert count > 60


@pytest.mark.parametrize(
    "frequency_hz, number",
    [
        (0.0, 0),
        (2.0e9, 400000),
        (2.99999e9, 599998),
        (3.0e9, 600000),
        (3.00003e9, 600002),
        (24.25008e9, 2016667),
        (99.999960e9, 3279165),
    ],
)
def test_arfcn(frequency_hz, number):
    """TS 38.104 table 5.4.2.1-1: ends of the three parts of the raster."""
    assert prs.arfcn(frequency_hz, "test", "f") == number
    assert prs.frequency_hz(number) == pytest.approx(frequency_hz, abs=1e-3)
    for bad in (frequency_hz + 2.5e3, -1e6, 100.1e9):
        with pytest.raises(InputError, match="not on the raster"):
            prs.arfcn(bad, "test", "f")


def test_narrow_prs_has_no_number():
    assistance = scene()
    entry = assistance.satellites[0].to_dict()
    entry["prs"] |= {"num_rb": 12}
    narrow = scene(prs=entry["prs"])
    with pytest.raises(InputError, match="prs.num_rb: 12 has no number; allowed: 24 to 272 in steps of 4"):
        provide_assistance(directory(narrow), 0.0)


def test_frames_that_begin_apart_and_expected_rstd():
    assistance = with_clock_offsets(scene())
    data = provide_assistance(directory(assistance), 0.02)
    got = assistance_of(data, assistance)
    assert len(got.satellites) == 6
    for satellite, back in zip(assistance.satellites, got.satellites):
        apart = (back.sfn0_time_s - satellite.sfn0_time_s) / 10.24
        assert abs(apart - round(apart)) * 10.24 <= 0.51 / (480e3 * 4096)
    # multi-RTT's have whole subframes alone.
    got = assistance_of(provide_assistance(directory(assistance), 0.02, "multi-rtt"), assistance)
    assert (
        max(abs(b.sfn0_time_s - s.sfn0_time_s) for s, b in zip(assistance.satellites, got.satellites)) <= 1e-3
    )
    points = lpp.body_of(data)[1]["nr-DL-TDOA-ProvideAssistanceData-r16"]["nr-DL-PRS-AssistanceData-r16"]
    ids = {p.dl_prs_id: p for p in directory(assistance).parties}
    reference = directory(assistance).parties[0]
    place = assistance.ue_prior.ecef
    seen = 0
    for layer in points["nr-DL-PRS-AssistanceDataList-r16"]:
        for point in layer["nr-DL-PRS-AssistanceDataPerFreq-r16"]:
            party = ids[point["dl-PRS-ID-r16"]]
            times = [
                p.sfn0_antenna_s
                - p.satellite.clock_offset_s
                + float(received(p.satellite.orbit, place, 0.02).delay_s[0])
                for p in (party, reference)
            ]
            apart = math.remainder(times[0] - times[1], 1e-3)
            steps = point["nr-DL-PRS-ExpectedRSTD-r16"] * 4.0 / (15e3 * 2048)
            assert abs(math.remainder(steps - apart, 1e-3)) <= 0.51 * 4.0 / (15e3 * 2048)
            seen += 1
    assert seen == 6


def test_layers_have_64_points_at_most():
    base = load_assistance(RECORDINGS / "dev-sample.assistance.json").to_dict()
    entry = base["satellites"][0]
    base["satellites"] = [entry | {"id": f"S{i}"} for i in range(130)]
    assistance = parse_assistance(base, "many.json")
    data = provide_assistance(directory(assistance), 0.0)
    assert len(assistance_of(data, assistance).satellites) == 130
    base["satellites"] = [entry | {"id": f"S{i}"} for i in range(257)]
    with pytest.raises(InputError, match="need 5 frequency layers; allowed: at most 4 of 64 points"):
        provide_assistance(directory(parse_assistance(base, "many.json")), 0.0)


# ----------------------------------------------------------------------------------------------- NRPPa's rest


def test_trp_information():
    assistance = replace(with_clock_offsets(scene(common_ta=TA)), trps=(
        {"id": "MAST", "position_ecef_m": [float(x) for x in scene().ue_prior.ecef + OFFSET_M]},))
    parties = directory(assistance)
    ids = [party.id for party in parties.parties]
    request = nrppa_trp.trp_information_request(parties, ids, ("prs", "common_ta"), transaction=32767)
    assert nrppa_trp.requested(request, parties) == (ids, ["prs", "common_ta"])
    assert nrppa.message_of(request)[:2] == ("TRPInformationRequest", 32767)
    data = nrppa_trp.trp_information_response(parties, ids)
    blank = replace(assistance, satellites=tuple(
        replace(s, sfn0_time_s=0.0, extra={}, prs=replace(s.prs, sequence_id=0, slot_offset=0))
        for s in assistance.satellites), trps=({"id": "MAST"},))
    got = nrppa_trp.trp_information(data, blank, near_s=1.0)
    for satellite, back in zip(assistance.satellites, got.satellites):
        assert back.prs == satellite.prs
        assert back.sfn0_time_s == pytest.approx(satellite.sfn0_time_s, abs=1.2e-10)
    # The epoch is a subframe of the satellite's frames, whose start `blank` did not know.
    again = nrppa_trp.trp_information(data, got, near_s=1.0).satellites[0].extra["common_ta"]
    dt = again["epoch_time_s"] - TA["epoch_time_s"]
    assert abs(dt) <= 0.5001e-3
    assert again["ta_common_s"] == pytest.approx(TA["ta_common_s"] + TA["drift_s_per_s"] * dt, abs=2.1e-9)
    assert (
        np.linalg.norm(np.array(got.trps[0]["position_ecef_m"]) - assistance.trps[0]["position_ecef_m"])
        < 0.01
    )


def test_relative_time_counts_from_1900():
    """1970-01-01 is 2 208 988 800 s after 1900 (as in NTP, RFC 5905); 32 bits of fraction."""
    epoch = Epoch.parse("1970-01-01T00:00:00Z")
    assert relative_time.of(0.0, epoch, "t") == (2208988800 << 32, 64)
    assert relative_time.of(-0.25, epoch, "t") == ((2208988799 << 32) + 3 * 2**30, 64)
    later = Epoch.parse("2025-10-07T12:00:00.123456Z")
    for t_s in (0.0, 1e-9, 1234.56789, -99999.875):
        assert relative_time.seconds(relative_time.of(t_s, later, "t"), later) == pytest.approx(
            t_s, abs=2.4e-10
        )
    with pytest.raises(InputError, match="1900 to 2036"):
        relative_time.of(4e8, later, "t")


SRS = {
    "sequence_id": 65535,
    "comb_size": 8,
    "comb_offset": 7,
    "cyclic_shift": 5,
    "num_symbols": 12,
    "start_symbol": 1,
    "c_srs": 63,
    "b_srs": 0,
    "freq_position": 0,
    "freq_shift": 268,
    "group_or_sequence_hopping": "sequence",
}


def test_positioning_srs():
    carrier = Carrier(2.0e9, 15, 24)
    for changes in (
        {},
        {"comb_size": 2, "comb_offset": 1, "cyclic_shift": 7, "num_symbols": 1},
        {"comb_size": 4, "comb_offset": 0, "cyclic_shift": 11, "group_or_sequence_hopping": "group"},
        {"sequence_id": 0, "freq_shift": 0, "c_srs": 0, "group_or_sequence_hopping": "neither"},
    ):
        for period in nrppa_srs.PERIODICITIES:
            data = nrppa_srs.positioning_information_response(SRS | changes, carrier, period, period - 1)
            assert nrppa_srs.srs_of(data, carrier) == (SRS | changes, period, period - 1)
    for bad, message in (
        ({"b_srs": 1}, "srs.b_srs: 1 is out of range"),
        ({"cyclic_shift": 6}, "srs.cyclic_shift"),
        ({"c_srs": 64}, "srs.c_srs"),
        ({"comb_size": 3}, "srs.comb_size"),
    ):
        with pytest.raises(InputError, match=message):
            nrppa_srs.positioning_information_response(SRS | bad, carrier, 10, 0)
    request = nrppa_srs.positioning_information_request(20, transmissions=500)
    assert nrppa_srs.requested(request) == {"bandwidth_mhz": 20, "transmissions": 500}


def test_whole_grid_as_a_resource_indication_value():
    """TS 38.214 6.1.2.2.2 with 275 blocks, one by one: start and length back from the value."""
    for blocks in range(1, 276):
        value = nrppa_srs._location_and_bandwidth(blocks)
        length, start = value // 275 + 1, value % 275
        if start + length > 275:
            length, start = 277 - length, 274 - start
        assert (start, length) == (0, blocks)
        assert 0 <= value <= 37949


# -------------------------------------------------------------------------------------------- requests of LPP


@pytest.mark.parametrize("k", range(-6, 6))
def test_requests(k):
    assistance = scene()
    data = lpp.request_location(("dl-tdoa", "multi-rtt"), Transaction(255), k=k, additional_paths=k > 0,
                                response_time_s=128)
    assert lpp.requested(data) == {"dl-tdoa": {"k": k, "additional_paths": k > 0, "ntn": False},
                                   "multi-rtt": {"k": k, "additional_paths": k > 0, "ntn": True}}
    assert lpp.transaction_of(data) == Transaction(255)
    ids = [s.id for s in assistance.satellites]
    data = nrppa.measurement_request(
        directory(assistance), 65536, ids, tuple(nrppa.QUANTITIES), k=k, period_ms=40960
    )
    assert nrppa.requested(data, directory(assistance)) == {
        "measurement_id": 65536,
        "satellites": ids,
        "quantities": list(nrppa.QUANTITIES),
        "k": k,
        "period_ms": 40960,
    }


def test_capabilities():
    for capability in (Capability(1), Capability(256, ntn=False, finest_k=-6, additional_paths=False),
                       Capability(1024, finest_k=-1)):
        got = lpp.capabilities(lpp.provide_capabilities(capability))
        assert got == {"multi-rtt": capability, "dl-tdoa": replace(capability, ntn=False)}
    body, value = lpp.body_of(lpp.request_capabilities(("multi-rtt",)))
    assert (body, list(value)) == ("requestCapabilities", ["nr-Multi-RTT-RequestCapabilities-r16"])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: lpp.request_location(("dl-tdoa",), k=6), "timingReportingGranularityFactor: 6"),
        (lambda: lpp.request_location(("e-cid",)), "method: 'e-cid'; allowed: dl-tdoa, multi-rtt"),
        (lambda: lpp.request_location(("dl-tdoa",), response_time_s=129), "responseTime.time: 129"),
        (
            lambda: lpp.request_capabilities(("dl-tdoa",), Transaction(256)),
            "transactionNumber: 256; allowed: 0 to 255",
        ),
        (lambda: lpp.provide_capabilities(Capability(1025)), "freqBandIndicatorNR-r1"),
        (
            lambda: nrppa.measurement_request(directory(scene()), 0, ["STARLINK-1151"], ["aoa"]),
            "measurement id: 0; allowed: 1 to 65536",
        ),
        (lambda: nrppa.measurement_request(directory(scene()), 1, ["STARLINK-1151"], ["x"]), "quantity: 'x'"),
        (
            lambda: nrppa.measurement_request(directory(scene()), 1, ["STARLINK-1151"], ["aoa"], period_ms=1),
            "1 ms",
        ),
        (lambda: nrppa.message("MeasurementRequest", [], transaction=32768), "nrppatransactionID: 32768"),
        (lambda: codec.decode("rrc", b"0"), "kind: 'rrc'; allowed: lpp, nrppa, sib19"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(InputError) as error:
        call()
    assert message in str(error.value) and "\n" not in str(error.value)


def test_context_finds_its_directory_once():
    found = context(scene())
    assert found.directory is found.directory
