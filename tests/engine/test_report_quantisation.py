# SPDX-License-Identifier: GPL-3.0-or-later
"""Report mappings: every number at its boundaries, in exact arithmetic; ranges against the ASN.1;
refusals."""

import math
import random
from fractions import Fraction

import pytest

from ntnpos.network import report_quantisation as report
from ntnpos.world.constants import C_M_S

TICKS = 64 * 480000 * 4096  # of T_c / 64 in a second: every boundary of every k is a whole number of them
REACH = {"rstd": 985024, "ue_rx_tx": 985024, "gnb_rx_tx": 985024, "ul_rtoa": 985024, "path": 8175}


def numbers(last: int, count: int = 300) -> list[int]:
    """All numbers of the coarsest report; of a finer one both ends, the middle and a seeded sample."""
    if last <= 61565:
        return list(range(last + 1))
    rng = random.Random(last)
    edges = [*range(100), *range(last - 100, last + 1), *range(last // 2 - 100, last // 2 + 100)]
    return edges + [rng.randrange(last + 1) for _ in range(count)]


@pytest.mark.parametrize("k", report.TIMING_FACTORS)
@pytest.mark.parametrize("quantity", sorted(REACH))
def test_every_interval_of_a_timing_report(quantity, k):
    """Number i is [low + (i - 1) 2^k, low + i 2^k) T_c; 0 and the last have no value (TS 38.133)."""
    mapping = report.timing(quantity, k)
    step = 2 ** (k + 6)
    count = 128 * REACH[quantity] // step
    assert mapping.last == count + 1
    for index in numbers(mapping.last):
        if not 1 <= index <= count:
            with pytest.raises(report.ReportError, match="out of range"):
                mapping.value(index)
            continue
        low = -64 * REACH[quantity] + (index - 1) * step
        assert mapping.index(low / TICKS) == index
        assert mapping.index((1000 * low + 999 * step) / (1000 * TICKS)) == index
        middle = (2 * low + step) / (2 * TICKS)
        assert abs(mapping.value(index) - middle) < 1e-16
        assert mapping.index(middle) == index


@pytest.mark.parametrize("quantity", sorted(REACH))
def test_a_time_outside_the_range_is_refused(quantity):
    for k in report.TIMING_FACTORS:
        mapping = report.timing(quantity, k)
        step = 2.0**k * report.TC_S
        for bad in (
            mapping.low - 0.01 * step,
            mapping.high,
            mapping.high + step,
            math.inf,
            -math.inf,
            math.nan,
            1.0,
        ):
            with pytest.raises(report.ReportError, match="allowed: -"):
                mapping.index(bad)
        for bad in (-1, mapping.last + 1):
            with pytest.raises(report.ReportError):
                mapping.value(bad)
    for k in (-7, 6):
        with pytest.raises(report.ReportError, match="-6 to 5"):
            report.timing(quantity, k)


def bounds(kind) -> tuple[int, int]:
    return kind._const_val.lb, kind._const_val.ub


def test_ranges_are_those_of_the_specifications_asn1():
    """Of every k of every report in LPP and NRPPa of Release 18, as pycrate has compiled them."""
    from pycrate_asn1dir import LPP, NRPPa
    lpp, nrppa = LPP.LPP_PDU_Definitions, NRPPa.NRPPA_IEs
    choices = {"ue_rx_tx": lpp.NR_Multi_RTT_MeasElement_r16._cont["nr-UE-RxTxTimeDiff-r16"],
               "rstd": lpp.NR_DL_TDOA_MeasElement_r16._cont["nr-RSTD-r16"],
               "path": lpp.NR_AdditionalPath_r16._cont["nr-RelativeTimeDifference-r16"]}
    for quantity, choice in choices.items():
        for k in report.TIMING_FACTORS:
            name = f"k{k}-r16" if k >= 0 else f"kMinus{-k}-r18"
            assert bounds(choice._cont[name]) == (0, report.timing(quantity, k).last), (quantity, k)
    for quantity, choice in {"gnb_rx_tx": nrppa.GNBRxTxTimeDiffMeas, "ul_rtoa": nrppa.ULRTOAMeas,
                             "path": nrppa.RelativePathDelay}.items():
        suffix = "AdditionalPath" if quantity == "path" else ""
        for k in report.TIMING_FACTORS:
            found = (
                choice._cont[f"k{k}"] if k >= 0 else getattr(nrppa, f"ReportingGranularitykminus{-k}{suffix}")
            )
            assert bounds(found) == (0, report.timing(quantity, k).last), (quantity, k)
    element = lpp.NR_Multi_RTT_MeasElement_r16._cont
    assert bounds(element["nr-DL-PRS-RSRP-Result-r16"]) == (0, report.RSRP_DBM.last)
    assert bounds(nrppa.UL_SRS_RSRP) == (0, report.RSRP_DBM.last)
    assert bounds(nrppa.UL_AoA._cont["azimuthAoA"]) == (0, report.AZIMUTH_DEG.last)
    assert bounds(nrppa.UL_AoA._cont["zenithAoA"]) == (0, report.ZENITH_DEG.last)
    drift = lpp.NR_NTN_UE_RxTxMeasurements_r18._cont["nr-NTN-DL-TimingDrift-r18"]
    assert bounds(drift) == (report.TIMING_DRIFT_US_S.first, report.TIMING_DRIFT_US_S.last)


def test_ranges_of_sib19_are_those_of_the_specifications_asn1():
    from pycrate_asn1dir import RRCNR
    rrc = RRCNR.NR_RRC_Definitions
    ta, orbital = rrc.TA_Info_r17._cont, rrc.Orbital_r17._cont
    for kind, grid in (
        (ta["ta-Common-r17"], report.TA_COMMON_S),
        (ta["ta-CommonDrift-r17"], report.TA_DRIFT_S_S),
        (ta["ta-CommonDriftVariant-r17"], report.TA_VARIANT_S_S2),
        (rrc.PositionStateVector_r17, report.POSITION_M),
        (rrc.VelocityStateVector_r17, report.VELOCITY_M_S),
        (orbital["semiMajorAxis-r17"], report.SEMI_MAJOR_AXIS_M),
        (orbital["eccentricity-r17"], report.ECCENTRICITY),
        (orbital["inclination-r17"], report.INCLINATION_RAD),
        *(
            (orbital[name], report.ORBIT_ANGLE_RAD)
            for name in ("periapsis-r17", "longitude-r17", "meanAnomaly-r17")
        ),
    ):
        assert bounds(kind) == (grid.first, grid.last), grid.quantity
    validity = rrc.NTN_Config_r17._cont["ntn-UlSyncValidityDuration-r17"]._cont
    assert tuple(validity) == tuple(f"s{s}" for s in report.VALIDITY_S)
    # What a step has to be for the range to end where the quantity does.
    assert report.ORBIT_ANGLE_RAD.value(report.ORBIT_ANGLE_RAD.last) == pytest.approx(2.0 * math.pi, abs=2e-3)
    assert report.INCLINATION_RAD.value(report.INCLINATION_RAD.last) == pytest.approx(math.pi / 2.0, abs=3e-4)
    assert report.ECCENTRICITY.value(report.ECCENTRICITY.last) == pytest.approx(0.015, abs=1e-5)
    assert report.SEMI_MAJOR_AXIS_M.value(report.SEMI_MAJOR_AXIS_M.last) == pytest.approx(43e6, abs=2e3)


GRIDS = [value for value in vars(report).values() if isinstance(value, report.Grid)]


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.quantity.replace(" ", "-"))
def test_a_grid_rounds_to_the_nearest_and_refuses_the_rest(grid):
    rng = random.Random(5)
    assert len(GRIDS) >= 12
    for index in [grid.first, grid.first + 1, grid.last - 1, grid.last, *(rng.randint(grid.first, grid.last)
                                                                          for _ in range(200))]:
        value = grid.value(index)
        assert value == pytest.approx(float(Fraction(grid.offset) + index * Fraction(grid.step)), rel=1e-12)
        for off in (-0.49, 0.0, 0.49):
            assert grid.index(value + off * grid.step) == index
    for bad in (
        grid.value(grid.first) - 0.51 * grid.step,
        grid.value(grid.last) + 0.51 * grid.step,
        math.nan,
        math.inf,
    ):
        with pytest.raises(report.ReportError, match="allowed"):
            grid.index(bad)
    for bad in (grid.first - 1, grid.last + 1):
        with pytest.raises(report.ReportError, match="out of range"):
            grid.value(bad)


@pytest.mark.parametrize("value, index", [(-156.0, 1), (-155.001, 1), (-155.0, 2), (-100.5, 56), (-32.0, 125),
                                          (-31.001, 125)])
def test_rsrp(value, index):
    assert report.RSRP_DBM.index(value) == index
    assert abs(report.RSRP_DBM.value(index) - value) <= 0.5
    for bad in (-156.001, -31.0, 0.0):
        with pytest.raises(report.ReportError, match="allowed: -156 up to -31 dBm"):
            report.RSRP_DBM.index(bad)


@pytest.mark.parametrize("mapping, value, index", [
    (report.AZIMUTH_DEG, -180.0, 0), (report.AZIMUTH_DEG, -179.9, 1), (report.AZIMUTH_DEG, 0.0, 1800),
    (report.AZIMUTH_DEG, 179.95, 3599), (report.ZENITH_DEG, 0.0, 0), (report.ZENITH_DEG, 90.05, 900),
    (report.ZENITH_DEG, 179.9, 1799), (report.ZENITH_DEG, 180.0, 1799)])
def test_angles(mapping, value, index):
    assert mapping.index(value) == index
    assert abs(mapping.value(index) - value) <= 0.1
    for bad in (mapping.low - 0.001, mapping.high + 0.001):
        with pytest.raises(report.ReportError):
            mapping.index(bad)


def test_timing_quality_is_the_finest_that_holds_it():
    for std_m, expected in [
        (1e-9, (1, "mdot1")),
        (0.1, (1, "mdot1")),
        (0.15001, (2, "mdot1")),
        (3.1, (31, "mdot1")),
        (3.149, (31, "mdot1")),
        (3.151, (3, "m1")),
        (31.49, (31, "m1")),
        (31.51, (3, "m10")),
        (314.9, (31, "m10")),
        (315.1, (11, "m30")),
        (944.9, (31, "m30")),
    ]:
        assert report.timing_quality(std_m / C_M_S) == expected
    for value in range(1, 32):
        for name, step in report.QUALITY_STEPS_M.items():
            std_s = report.timing_quality_std_s(value, name)
            assert std_s * C_M_S == pytest.approx(value * step)
            again = report.timing_quality_std_s(*report.timing_quality(std_s))
            assert again == pytest.approx(std_s, rel=0.17 if step > 0.1 else 1e-12)
    assert report.timing_quality_std_s(0, "m10") * C_M_S == pytest.approx(5.0)
    for bad in (0.0, -1.0, 945.1 / C_M_S, math.inf, math.nan):
        with pytest.raises(report.ReportError):
            report.timing_quality(bad)
    for bad in ((32, "m1"), (-1, "m1"), (1, "m2")):
        with pytest.raises(report.ReportError):
            report.timing_quality_std_s(*bad)
