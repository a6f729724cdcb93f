# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of an SRS resource against the ASN.1 of TS 38.331 (SRS-PosResource-r16, Release 18) in pycrate."""

from importlib.util import find_spec

import pytest
from gnuradio import ntnpos

if find_spec("pycrate_asn1dir") is None:
    pytest.skip("pycrate is not installed", allow_module_level=True)
from pycrate_asn1dir import RRCNR  # noqa: E402  an import that fails for another reason is an error

RESOURCE = RRCNR.NR_RRC_Definitions.SRS_PosResource_r16
# Widest carrier, so that only the field itself is judged; 120 kHz has every periodicity.
CARRIER = ntnpos.carrier(scs_khz=120, n_rb=275, sample_rate_hz=491.52e6)


def component(*path):
    found = RESOURCE
    for name in path:
        found = found._cont[name]
    return found


def bounds(*path) -> tuple:
    """(lowest, highest) of an INTEGER."""
    values = component(*path)._const_val
    return values._rr[0].lb, values._rr[0].ub


def is_legal(**fields) -> bool:
    return ntnpos.srs_resource(**{**dict(c_srs=0), **fields}).validate(CARRIER) is None


def check_bounds(low: int, high: int, field: str, **others):
    assert is_legal(**others, **{field: low}) and is_legal(**others, **{field: high})
    assert not is_legal(**others, **{field: low - 1}) and not is_legal(**others, **{field: high + 1})


@pytest.mark.parametrize("comb_size", [2, 4, 8])
def test_comb(comb_size):
    for name, field in (("combOffset", "comb_offset"), ("cyclicShift", "cyclic_shift")):
        low, high = bounds("transmissionComb-r16", f"n{comb_size}-r16", f"{name}-n{comb_size}-r16")
        check_bounds(low, high, field, comb_size=comb_size)


def test_comb_sizes():
    assert set(component("transmissionComb-r16")._cont) == {"n2-r16", "n4-r16", "n8-r16"}


@pytest.mark.parametrize(
    "name, field",
    [("sequenceId-r16", "sequence_id"), ("freqDomainShift-r16", "freq_shift")],
)
def test_plain_integers(name, field):
    check_bounds(*bounds(name), field)


def test_bandwidth_rows():
    low, high = bounds("freqHopping-r16", "c-SRS-r16")
    check_bounds(low, high, "c_srs")


def test_start_position_counts_from_the_slots_end():
    low, high = bounds("resourceMapping-r16", "startPosition-r16")
    check_bounds(13 - high, 13 - low, "start_symbol", comb_size=2, num_symbols=1)


def test_numbers_of_symbols():
    names = component("resourceMapping-r16", "nrofSymbols-r16")._cont
    legal = {
        n for n in range(15) for k in (2, 4, 8) if is_legal(comb_size=k, num_symbols=n, start_symbol=0)
    }
    assert {f"n{n}" for n in legal} == set(names)


def test_hopping():
    names = component("groupOrSequenceHopping-r16")._cont
    ours = {"neither": "neither", "groupHopping": "group", "sequenceHopping": "sequence"}
    assert set(names) == set(ours)
    assert all(is_legal(group_or_sequence_hopping=name) for name in ours.values())


def test_periodicities_and_offsets():
    periodic = component("resourceType-r16", "periodic-r16")._cont
    choices = dict(periodic["periodicityAndOffset-p-r16"]._cont)
    choices.update(periodic["periodicityAndOffset-p-Ext-r16"]._cont)
    periods = {int(name.removeprefix("sl")) for name in choices}
    assert {n for n in range(1, 100_000) if is_legal(periodicity_slots=n)} == periods
    for period in periods - {1}:
        values = choices[f"sl{period}"]._const_val._rr[0]
        check_bounds(values.lb, values.ub, "slot_offset", periodicity_slots=period)
    check_bounds(0, 0, "slot_offset", periodicity_slots=1)
