# SPDX-License-Identifier: GPL-3.0-or-later
"""The SRS Source block in GNU Radio Companion: its asserts refuse what the kernel refuses; its code runs."""


import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, ntnpos
from grc_blocks import failed_asserts, make_block

BLOCK = "ntnpos_srs_source"


def build(block):
    """The block that GRC's code makes."""
    return eval(block.templates.render("make"), {"ntnpos": ntnpos})  # noqa: S307 our own template


LEGAL = [
    {},
    dict(sequence_id="65535", comb_offset="3", cyclic_shift="11", slot_offset="9"),
    dict(comb_size="2", num_symbols="1", start_symbol="13", cyclic_shift="7"),
    dict(comb_size="8", num_symbols="12", start_symbol="2", cyclic_shift="5", hopping="group"),
    dict(hopping="sequence", phase_compensation="True", power_offset_db="-3"),
    dict(scs_khz="60", extended_cp="True", sample_rate_hz="30.72e6", start_symbol="8"),
    dict(n_rb="275", sample_rate_hz="61.44e6", c_srs="63", freq_shift="3"),
    dict(n_rb="275", sample_rate_hz="61.44e6", c_srs="0", freq_shift="268"),
    dict(c_srs="7", b_srs="1", freq_position="3"),
    dict(periodicity_slots="20480", slot_offset="20479"),
    dict(scs_khz="120", sample_rate_hz="61.44e6", periodicity_slots="81920"),
    dict(n_slots="0", start_slot="-20", start_time="(2**40, 0.25)", timing_advance_s="-1.0"),
    dict(bursts="True", start_time="(0, 0.0)", length_tag="tx_pkt_len", timing_advance_s="0.54"),
]

ILLEGAL = [
    dict(frequency_hz="0"),
    dict(scs_khz="45"),
    dict(n_rb="276", sample_rate_hz="61.44e6"),
    dict(extended_cp="True"),
    dict(sample_rate_hz="7.5e6"),
    dict(sample_rate_hz="3.84e6"),
    dict(sequence_id="65536"),
    dict(sequence_id="-1"),
    dict(comb_size="3"),
    dict(comb_size="6"),
    dict(comb_offset="4"),
    dict(comb_offset="-1"),
    dict(cyclic_shift="12"),
    dict(comb_size="8", cyclic_shift="6"),
    dict(num_symbols="1"),
    dict(comb_size="2", num_symbols="8", start_symbol="0"),
    dict(start_symbol="11"),
    dict(start_symbol="-1"),
    dict(power_offset_db="101"),
    dict(c_srs="64"),
    dict(c_srs="8"),
    dict(c_srs="8", b_srs="1", freq_position="6"),
    dict(b_srs="4"),
    dict(freq_position="68"),
    dict(freq_shift="1"),
    dict(n_rb="275", sample_rate_hz="61.44e6", c_srs="0", freq_shift="269"),
    dict(periodicity_slots="3"),
    dict(periodicity_slots="40960"),
    dict(slot_offset="10"),
    dict(n_slots="-2"),
    dict(start_slot="10**13"),
    dict(timing_advance_s="1.5"),
    dict(bursts="True"),
    dict(bursts="True", start_time="(0, 0.0)", length_tag=""),
]


@pytest.mark.parametrize("changes", LEGAL, ids=str)
def test_legal_settings_pass_and_build(platform, changes):
    block = make_block(platform, BLOCK, **changes)
    assert failed_asserts(block) == []
    build(block)


@pytest.mark.parametrize("changes", ILLEGAL, ids=str)
def test_illegal_settings_are_refused_by_both(platform, changes):
    block = make_block(platform, BLOCK, **changes)
    assert failed_asserts(block)
    with pytest.raises(ValueError, match="must be"):
        build(block)


def test_hopping_is_one_of_the_names(platform):
    """Companion puts the default in the place of a name that is none; in Python it is refused."""
    assert make_block(platform, BLOCK, hopping="both").params["hopping"].get_value() == "neither"
    with pytest.raises(ValueError, match="group_or_sequence_hopping"):
        ntnpos.srs_resource(group_or_sequence_hopping="both")


def test_the_documented_example(platform):
    block = make_block(
        platform, BLOCK, timing_advance_s="1e-6", start_time="(100, 0.0)", bursts="True", n_slots="31"
    )
    source = build(block)
    top, sink = gr.top_block(), blocks.vector_sink_c()
    top.connect(source, sink)
    message = pmt.dict_add(pmt.make_dict(), pmt.intern("timing_advance_s"), pmt.from_double(2e-6))
    message = pmt.dict_add(message, pmt.intern("from_slot"), pmt.from_long(20))
    source.to_basic_block()._post(pmt.intern("timing"), message)
    top.run()
    found = {}
    for tag in sink.tags():
        found.setdefault(tag.offset, {})[pmt.symbol_to_string(tag.key)] = pmt.to_python(tag.value)
    bursts = [found[offset] for offset in sorted(found)]
    assert [burst["ntnpos_slot"] for burst in bursts] == [0, 10, 20, 30]
    assert [burst["packet_len"] for burst in bursts] == [7672, 7680, 7680, 7680]
    starts = [round((burst["tx_time"][0] - 100 + burst["tx_time"][1]) * 7.68e6) for burst in bursts]
    assert starts == [0, 76800 - 8, 2 * 76800 - 15, 3 * 76800 - 15]
    samples = np.array(sink.data())
    carrier = ntnpos.carrier()
    second = samples[sorted(found)[1] :]
    starts = [ntnpos.symbol_offset_samples(carrier, 10, l) for l in range(14)]
    assert [bool(np.any(second[n : n + 500])) for n in starts] == [False] * 10 + [True] * 4
