# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurement records through LPP and NRPPa and back: within half a step at every k, fields, statuses,
refusals."""

import json
from dataclasses import replace

import numpy as np
import pytest
from protocol_scene import (
    C_M_S,
    TC_S,
    arrivals,
    context,
    directory,
    on_grid,
    round_trip_rows,
    scene,
    true_place,
    with_clock_offsets,
)

from ntnpos.errors import InputError
from ntnpos.lmf.protocols import codec, decode_measurements
from ntnpos.lmf.protocols.lpp import Transaction, body_of, transaction_of
from ntnpos.lmf.protocols.lpp_measurements import provide_location, reported_errors
from ntnpos.lmf.protocols.nrppa_measurements import measurement_message
from ntnpos.network import report_quantisation as report
from ntnpos.network.measurements import Measurement
from ntnpos.position import solve_toa

PATHS = ({"delay_s": 1.1e-7, "delay_std_s": 2e-9, "rsrpp_db": -9.4}, {"delay_s": 4.1e-6, "delay_std_s": 9e-9,
                                                                      "rsrpp_db": -14.6})


def ue_row(assistance, **extra) -> Measurement:
    satellite = assistance.satellites[0]
    values = {
        "rx_tx_s": 1e-4,
        "rx_tx_std_s": 1e-8,
        "subframe_offset": 7,
        "dl_timing_drift_us_s": -20.0,
    } | extra
    return Measurement(satellite.id, kind="ue_rx_tx", t_s=on_grid(satellite, 12), extra=values)


def through_lpp(rows, assistance, near_s=0.02, dbm=None, **options):
    data = provide_location(rows, directory(assistance), dbm_at_0_db=dbm, **options)
    return decode_measurements("lpp", data, context(assistance, near_s, dbm_at_0_db=dbm or 0.0))


def through_nrppa(rows, assistance, near_s=0.02, dbm=None, **options):
    data = measurement_message(rows, directory(assistance), 7, dbm_at_0_db=dbm, **options)
    return decode_measurements("nrppa", data, context(assistance, near_s, dbm_at_0_db=dbm or 0.0))


def assert_std(got_s: float, sent_s: float) -> None:
    """The deviation is within half a step of the resolution that holds it."""
    step_m = report.QUALITY_STEPS_M[report.timing_quality(sent_s)[1]]
    assert abs(got_s - sent_s) * C_M_S <= max(0.5 * step_m, step_m - sent_s * C_M_S) + 1e-9


@pytest.mark.parametrize("k", report.TIMING_FACTORS)
def test_multi_rtt_keeps_every_field_within_half_a_step(k):
    assistance = scene()
    for seed in range(5):
        rows = round_trip_rows(assistance, seed)
        got = {row.satellite: row for row in through_lpp(rows, assistance, k=k)}
        assert len(got) == len(rows) == 6
        for row in rows:
            back = got[row.satellite]
            assert (back.kind, back.status) == ("ue_rx_tx", "ok")
            assert abs(back.t_s - row.t_s) < 1e-12
            assert abs(back.extra["rx_tx_s"] - row.extra["rx_tx_s"]) <= 0.5000001 * 2.0**k * TC_S
            assert back.extra["subframe_offset"] == row.extra["subframe_offset"]
            assert abs(back.extra["dl_timing_drift_us_s"] - row.extra["dl_timing_drift_us_s"]) <= 0.05 + 1e-9
            assert_std(back.extra["rx_tx_std_s"], row.extra["rx_tx_std_s"])


@pytest.mark.parametrize("kind, name", [("gnb_rx_tx", "rx_tx_s"), ("ul_rtoa", "rtoa_s")])
@pytest.mark.parametrize("k", report.TIMING_FACTORS)
def test_nrppa_timing_keeps_every_field_within_half_a_step(kind, name, k):
    assistance = scene()
    std = name.replace("_s", "_std_s")
    mapping = report.timing(kind, k)
    ends = (
        mapping.low,
        mapping.low + 0.4 * mapping.step,
        mapping.high - 0.6 * mapping.step,
        0.0,
        1e-4,
        -3.2e-4,
    )
    rows = [Measurement(s.id, kind=kind, t_s=on_grid(s, 31), extra={name: value, std: 3.1e-9 * (i + 1)})
            for i, (s, value) in enumerate(zip(assistance.satellites, ends))]
    got = through_nrppa(rows, assistance, k=k, report_only=k % 2 == 0)
    assert [row.satellite for row in got] == [row.satellite for row in rows]
    for row, back in zip(rows, got):
        assert (back.kind, back.status) == (kind, "ok")
        assert abs(back.t_s - row.t_s) < 1e-9
        assert abs(back.extra[name] - row.extra[name]) <= 0.5000001 * mapping.step
        assert_std(back.extra[std], row.extra[std])


def test_offset_and_drift_at_their_limits():
    assistance = scene()
    for offset in (0, 1, 541, 542):
        for drift in (-26.5, -0.04, 0.0, 0.06, 26.5):
            (back,) = through_lpp(
                [ue_row(assistance, subframe_offset=offset, dl_timing_drift_us_s=drift)], assistance
            )
            assert back.extra["subframe_offset"] == offset
            assert back.extra["dl_timing_drift_us_s"] == pytest.approx(drift, abs=0.0500001)
    back, = through_lpp([ue_row(assistance, subframe_offset=0, dl_timing_drift_us_s=None)], assistance)
    assert back.extra["subframe_offset"] == 0 and "dl_timing_drift_us_s" not in back.extra


@pytest.mark.parametrize(
    "extra, message",
    [
        ({"subframe_offset": 543}, "subframe_offset: 543; allowed: 0 to 542"),
        (
            {"subframe_offset": 3, "dl_timing_drift_us_s": None},
            "dl_timing_drift_us_s: is missing beside subframe_offset 3",
        ),
        ({"dl_timing_drift_us_s": 26.6}, "dl_timing_drift_us_s: 26.6 us/s is no DL timing drift"),
        ({"rx_tx_s": 985024 * TC_S}, "rx_tx_s: 0.000501"),
        ({"rx_tx_s": -985025 * TC_S}, "rx_tx_s: -0.000501"),
        ({"rx_tx_std_s": 4e-6}, "rx_tx_std_s: 4e-06 s is no standard deviation"),
        ({"rx_tx_s": None}, "rx_tx_s: is missing"),
    ],
)
def test_what_lpp_cannot_carry_is_refused_by_name(extra, message):
    with pytest.raises(InputError) as error:
        through_lpp([ue_row(scene(), **extra)], scene())
    assert str(error.value).startswith(f"measurements: {message}")
    assert "\n" not in str(error.value)


def test_a_time_between_slots_is_refused():
    assistance = scene()
    row = ue_row(assistance)
    with pytest.raises(InputError, match="t_s: .* from the start of a slot"):
        through_lpp([replace(row, t_s=row.t_s + 2e-6)], assistance)


@pytest.mark.parametrize("slots", [0, 9, 10239, 10240, 10241, 30719])
def test_the_frame_number_wraps_after_1024_frames(slots):
    assistance = scene()
    satellite = assistance.satellites[0]
    for shift in (-4.9, 0.0, 4.9):
        t_s = on_grid(satellite, slots)
        back, = through_lpp([replace(ue_row(assistance), t_s=t_s)], assistance, near_s=t_s + shift)
        assert back.t_s == pytest.approx(t_s, abs=1e-9)
        row = Measurement(satellite.id, kind="ul_rtoa", t_s=t_s, extra={"rtoa_s": 1e-4, "rtoa_std_s": 1e-8})
        # NRPPa's time stamp has the time of day as well: no neighbourhood is needed.
        back, = through_nrppa([row], assistance, near_s=t_s + 1000.0 * shift)
        assert back.t_s == pytest.approx(t_s, abs=1e-9)


def test_powers_and_paths():
    assistance = scene()
    lpp_row = replace(ue_row(assistance), rsrp_db=-3.2, first_path_rsrpp_db=-4.7, additional_paths=PATHS)
    satellite = assistance.satellites[0]
    gnb_row = Measurement(satellite.id, kind="gnb_rx_tx", t_s=on_grid(satellite, 3), rsrp_db=-3.2,
                          additional_paths=PATHS, extra={"rx_tx_s": -4e-4, "rx_tx_std_s": 3e-8})
    for row, through in ((lpp_row, through_lpp), (gnb_row, through_nrppa)):
        for k in (-6, 0, 5):
            back, = through([row], assistance, dbm=-100.0, k=k)
            assert abs(back.rsrp_db - row.rsrp_db) <= 0.5
            assert len(back.additional_paths) == 2
            for path, sent in zip(back.additional_paths, PATHS):
                assert abs(path["delay_s"] - sent["delay_s"]) <= 0.5000001 * 2.0**k * TC_S
                assert abs(path["rsrpp_db"] - sent["rsrpp_db"]) <= 0.5
                assert_std(path["delay_std_s"], sent["delay_std_s"])
        bare, = through([row], assistance)  # no level in dBm: no power, and the paths' delays alone
        assert bare.rsrp_db is None and bare.additional_paths is None
        assert len(bare.extra["additional_path_delays_s"]) == 2
    assert abs(through_lpp([lpp_row], assistance, dbm=-100.0)[0].first_path_rsrpp_db + 4.7) <= 0.5
    many = replace(lpp_row, additional_paths=PATHS * 4)
    assert len(through_lpp([many], assistance, dbm=-100.0)[0].additional_paths) == 8
    for through, row in ((through_lpp, lpp_row), (through_nrppa, gnb_row)):
        with pytest.raises(InputError, match="additional_paths: has 9 entries; allowed: at most 8"):
            through([replace(row, additional_paths=PATHS[:1] * 9)], assistance)
        late = dict(PATHS[0], delay_s=5e-6)
        with pytest.raises(InputError, match="additional_paths.delay_s: 5e-06 s is no delay"):
            through([replace(row, additional_paths=(late,))], assistance)


def test_directions_of_arrival():
    assistance = scene()
    rng = np.random.default_rng(4)
    for _ in range(60):
        rows = []
        for s in assistance.satellites:
            t_s = on_grid(s, 20)
            u = s.orbit.state(t_s)[0][0] * -1.0 + rng.normal(size=3) * 3e6
            rows.append(
                Measurement(
                    s.id,
                    kind="aoa",
                    t_s=t_s,
                    extra={
                        "direction_ecef": tuple(u / np.linalg.norm(u)),
                        "direction_std_deg": float(rng.uniform(0.05, 20.0)),
                    },
                )
            )
        for row, back in zip(rows, through_nrppa(rows, assistance)):
            cosine = np.dot(row.extra["direction_ecef"], back.extra["direction_ecef"])
            assert np.degrees(np.arccos(min(1.0, cosine))) <= 0.0708  # half a step of either angle
            assert back.extra["direction_std_deg"] == pytest.approx(
                row.extra["direction_std_deg"], abs=0.0501
            )


def test_azimuth_is_counter_clockwise_from_north_and_zenith_from_above():
    """TS 38.215 5.2.4, at a satellite above (0, 0): the axes there are those of the Earth, turned."""
    assistance = scene()
    satellite = assistance.satellites[0]
    flat = replace(satellite, orbit=type("Still", (), {
        "state": staticmethod(lambda t: (np.array([[6.9e6, 0.0, 0.0]]), np.zeros((1, 3))))})())
    assistance = replace(assistance, satellites=(flat,))
    for direction, azimuth, zenith in [((0.0, 0.0, 1.0), 1800, 900), ((0.0, -1.0, 0.0), 2700, 900),
                                       ((0.0, 1.0, 0.0), 900, 900), ((-1.0, 0.0, 0.0), None, 1799)]:
        row = Measurement(flat.id, kind="aoa", t_s=on_grid(flat, 0), extra={"direction_ecef": direction,
                                                                           "direction_std_deg": 1.0})
        value = codec.decode("nrppa", measurement_message([row], directory(assistance), 1))
        fields = value[1]["value"][1]["protocolIEs"][2]["value"][1][0]["measurementResult"][0]
        found = fields["measuredResultsValue"][1]
        assert found["zenithAoA"] == zenith
        assert azimuth is None or found["azimuthAoA"] == azimuth  # -180 is number 0


@pytest.mark.parametrize("clocks", [False, True])
def test_dl_tdoa_gives_the_same_place(clocks):
    """Through RSTDs of k = -6 to 5 the engine finds the place to what their steps allow; the clock is
    gone."""
    assistance = scene()
    if clocks:
        assistance = with_clock_offsets(assistance)
    place = true_place(assistance)
    rows = arrivals(assistance, place)
    for k, bound_m in ((-6, 0.02), (0, 0.3), (3, 2.0)):
        got = through_lpp(rows, assistance, k=k)
        assert {row.satellite for row in got} == {row.satellite for row in rows}
        fix = json.loads(solve_toa(got, assistance).to_json())
        assert fix["status"] == "ok"
        assert np.linalg.norm(np.array(fix["ecef_m"]) - place) < bound_m
        # Read again with that place as the one believed in, nothing depends on the prior any more.
        data = provide_location(rows, directory(assistance), k=k)
        again = decode_measurements("lpp", data, context(assistance, ue_ecef_m=np.array(fix["ecef_m"])))
        fix = json.loads(solve_toa(again, assistance).to_json())
        assert np.linalg.norm(np.array(fix["ecef_m"]) - place) < bound_m


def test_rstd_is_what_its_definition_says():
    """Against arrivals of subframes one by one: those of j and of the reference that are closest in time."""
    assistance = with_clock_offsets(scene())
    place = true_place(assistance)
    rows = arrivals(assistance, place, clock_offset_s=0.0)
    data = provide_location(rows, directory(assistance), k=-6, reference=rows[0].satellite)
    part = body_of(data)[1]["nr-DL-TDOA-ProvideLocationInformation-r16"]
    elements = part["nr-DL-TDOA-SignalMeasurementInformation-r16"]["nr-DL-TDOA-MeasList-r16"]
    parties = directory(assistance)
    base = assistance.satellites[0]
    base = replace(base, prs=replace(base.prs, slot_offset=0))
    starts = []
    for count in range(30):  # when each subframe of the reference arrives, by its own fixed point
        later = replace(base, sfn0_time_s=base.sfn0_time_s + count * 1e-3)
        starts.append(arrivals(replace(assistance, satellites=(later,)), place, 0.0, slot=0)[0].t_s)
    compared = 0
    for element in elements:
        satellite = parties.by_dl_prs_id(element["dl-PRS-ID-r16"], "test").satellite
        row = next(r for r in rows if r.satellite == satellite.id)
        expected = min((row.t_s - start for start in starts), key=abs)
        choice, number = element["nr-RSTD-r16"]
        assert choice == "kMinus6-r18" and starts[0] < row.t_s < starts[-1]
        if satellite.id != base.id:
            assert report.timing("rstd", -6).value(number) == pytest.approx(expected, abs=2e-11)
            compared += 1
    assert compared == 5


def test_a_reference_outside_the_list_and_stamps_in_its_frames():
    """As a UE of others may report: the reference not measured itself, its frames in every time stamp."""
    assistance = scene()
    place = true_place(assistance)
    rows = arrivals(assistance, place)
    parties = directory(assistance)
    base = parties.by_id(rows[0].satellite)
    data = provide_location(rows, parties, k=-6, reference=rows[0].satellite)
    value = codec.decode("lpp", data)
    part = value["lpp-MessageBody"][1][1]["criticalExtensions"][1][1][
        "nr-DL-TDOA-ProvideLocationInformation-r16"
    ]
    information = part["nr-DL-TDOA-SignalMeasurementInformation-r16"]
    kept = []
    for element in information["nr-DL-TDOA-MeasList-r16"]:
        if element["dl-PRS-ID-r16"] == base.dl_prs_id:
            continue
        row = next(r for r in rows if parties.by_id(r.satellite).dl_prs_id == element["dl-PRS-ID-r16"])
        slots = int((row.t_s - rows[0].toa_s - base.sfn0_antenna_s) / 1e-3)
        element["nr-TimeStamp-r16"] = {"dl-PRS-ID-r16": base.dl_prs_id, "nr-SFN-r16": slots // 10 % 1024,
                                       "nr-Slot-r16": ("scs15-r16", slots % 10)}
        kept.append(element)
    information["nr-DL-TDOA-MeasList-r16"] = kept
    got = decode_measurements("lpp", codec.encode("lpp", value), context(assistance))
    assert len(got) == 6
    fix = json.loads(solve_toa(got, assistance).to_json())
    assert np.linalg.norm(np.array(fix["ecef_m"]) - place) < 0.05


def test_occasions_become_instances():
    assistance = scene()
    rows = [row for slots in (12, 22, 32) for row in round_trip_rows(assistance, slots, slots)]
    data = provide_location(rows, directory(assistance))
    part = body_of(data)[1]["nr-Multi-RTT-ProvideLocationInformation-r16"]
    assert len(part["nr-Multi-RTT-SignalMeasurementInstances-r17"]) == 3
    assert "nr-Multi-RTT-SignalMeasurementInformation-r16" not in part
    got = decode_measurements("lpp", data, context(assistance))
    assert sorted((r.satellite, round(r.t_s, 6)) for r in got) == sorted(
        (r.satellite, round(r.t_s, 6)) for r in rows
    )
    with pytest.raises(InputError, match="at most 32"):
        provide_location(
            [replace(rows[0], t_s=rows[0].t_s + i * 1e-2) for i in range(33)], directory(assistance)
        )


def test_silence_is_an_error_cause_or_no_row_and_never_a_number():
    assistance = scene()
    silent = [Measurement(s.id, kind=kind, status="no_signal") for s in assistance.satellites
              for kind in ("toa", "ue_rx_tx")]
    data = provide_location(
        silent, directory(assistance), transaction=Transaction(5, by_server=False, end=False)
    )
    assert decode_measurements("lpp", data, context(assistance)) == []
    assert reported_errors(data) == [
        "nr-DL-TDOA: unableToMeasureAnyTRP",
        "nr-Multi-RTT: unableToMeasureAnyTRP",
    ]
    assert transaction_of(data) == Transaction(5, by_server=False, end=False)
    assert through_nrppa([replace(r, kind="gnb_rx_tx") for r in silent], assistance) == []
    with pytest.raises(InputError, match="at least one"):
        provide_location([], directory(assistance))


def test_a_report_beyond_the_range_is_a_status():
    """Numbers 0 and the last mean "below" and "not below": no value, whatever the quantity."""
    assistance = scene()
    for number in (0, report.timing("ue_rx_tx", 0).last):
        value = codec.decode("lpp", provide_location([ue_row(assistance)], directory(assistance)))
        part = value["lpp-MessageBody"][1][1]["criticalExtensions"][1][1][
            "nr-Multi-RTT-ProvideLocationInformation-r16"
        ]
        element = part["nr-Multi-RTT-SignalMeasurementInformation-r16"]["nr-Multi-RTT-MeasList-r16"][0]
        element["nr-UE-RxTxTimeDiff-r16"] = ("k0-r16", number)
        back, = decode_measurements("lpp", codec.encode("lpp", value), context(assistance))
        assert back.status == "out_of_range" and back.extra["rx_tx_s"] is None


def test_ids_of_messages_are_those_of_the_table():
    assistance = scene(dl_prs_id=201, trp_id=40000)
    parties = directory(assistance)
    assert (parties.parties[0].dl_prs_id, parties.parties[0].trp_id) == (201, 40000)
    assert (parties.parties[1].dl_prs_id, parties.parties[1].trp_id) == (1, 2)
    back, = through_lpp([ue_row(assistance)], assistance)
    assert back.satellite == assistance.satellites[0].id
    with pytest.raises(InputError, match="dl_prs_id: 201 is not in scene.json"):
        decode_measurements("lpp", provide_location([ue_row(assistance)], parties), context(scene()))
    with pytest.raises(InputError, match=r"scene.json: satellites\[1\].trp_id: 2 is also that of"):
        directory(scene(trp_id=2))
    with pytest.raises(
        InputError, match=r"satellites\[0\].dl_prs_id: 256 is out of range; allowed: 0 to 255"
    ):
        directory(scene(dl_prs_id=256))
    with pytest.raises(InputError, match="'nowhere' is not in scene.json"):
        through_lpp([replace(ue_row(assistance), satellite="nowhere")], assistance)


def test_other_messages_are_refused_as_measurements():
    from ntnpos.lmf.protocols import lpp, nrppa
    assistance = scene()
    for kind, data, message in (
        ("lpp", lpp.request_capabilities(("dl-tdoa",)), "is 'requestCapabilities'"),
        (
            "nrppa",
            nrppa.measurement_request(directory(assistance), 1, [assistance.satellites[0].id], ["aoa"]),
            "is 'MeasurementRequest'",
        ),
        ("sib19", b"\x00", "carries no measurements"),
    ):
        with pytest.raises(InputError, match=message):
            decode_measurements(kind, data, context(assistance))
