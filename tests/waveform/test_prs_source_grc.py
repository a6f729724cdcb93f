# SPDX-License-Identifier: GPL-3.0-or-later
"""The PRS Source block in GNU Radio Companion: its asserts refuse what the kernel refuses; its code runs."""

import subprocess
import sys

import numpy as np
import pytest
from gnuradio import blocks, gr, ntnpos
from grc_blocks import failed_asserts, make_block

BLOCK = "ntnpos_prs_source"


def build(block):
    """The block that GRC's code makes."""
    return eval(block.templates.render("make"), {"ntnpos": ntnpos})  # noqa: S307 our own template


LEGAL = [
    {},
    dict(sequence_ids="[0, 4095]", re_offsets="[0, 3]", slot_offsets="[9, 9]"),
    dict(comb_size="12", num_symbols="12", re_offsets="[11]"),
    dict(comb_size="2", num_symbols="2", start_symbol="12"),
    dict(scs_khz="60", extended_cp="True", sample_rate_hz="30.72e6", periodicity_slots="40"),
    dict(phase_compensation="True"),
    dict(n_rb="275", sample_rate_hz="61.44e6", num_rb="272", start_prb="3"),
    dict(n_rb="12", num_rb="12", sample_rate_hz="1.92e6*2"),
    dict(repetition_factor="2", time_gap_slots="4", muting_option2_bits="(0, 1)"),
    dict(muting_option1_bits="[1, 0]", muting_option1_repetition="8"),
    dict(
        sequence_ids="[1, 2, 3]",
        re_offsets="[0, 1, 5]",
        slot_offsets="[0, 1, 19]",
        trps="[0, 1, 0]",
        comb_size="[4, 2, 6]",
        num_symbols="[4, 2, 6]",
        periodicity_slots="[10, 10, 20]",
        repetition_factor="[1, 2, 4]",
        time_gap_slots="[1, 1, 4]",
        power_offset_db="[0, -3, 3.5]",
        muting_option1_bits="[[], [1, 0], []]",
        muting_option2_bits="[[], [], [1, 0]]",
        resource_slot_offsets="[0, 9, 19]",
    ),
    dict(resource_slot_offsets="9"),
    dict(n_slots="0", start_slot="-20", start_time="(2**40, 0.25)"),
]

TWO = dict(sequence_ids="[1, 2]", re_offsets="[0, 1]", slot_offsets="[0, 1]")
ILLEGAL = [
    dict(frequency_hz="0"),
    dict(scs_khz="45"),
    dict(n_rb="0"),
    dict(n_rb="276", sample_rate_hz="61.44e6"),
    dict(extended_cp="True"),
    dict(sample_rate_hz="7.5e6"),
    dict(sample_rate_hz="3.84e6"),
    dict(sample_rate_hz="0"),
    dict(sequence_ids="[]", re_offsets="[]", slot_offsets="[]"),
    dict(sequence_ids="[4096]"),
    dict(sequence_ids="[-1]"),
    dict(re_offsets="[4]"),
    dict(slot_offsets="[10]"),
    dict(comb_size="3"),
    dict(comb_size="6"),
    dict(num_symbols="6"),
    dict(start_symbol="11"),
    dict(start_symbol="-1"),
    dict(num_rb="20"),
    dict(num_rb="28"),
    dict(start_prb="1"),
    dict(power_offset_db="101"),
    dict(periodicity_slots="11"),
    dict(scs_khz="30", sample_rate_hz="15.36e6", periodicity_slots="5"),
    dict(repetition_factor="3"),
    dict(repetition_factor="16"),
    dict(time_gap_slots="3"),
    dict(muting_option1_bits="[1, 0, 1]"),
    dict(muting_option1_bits="[1, 2]"),
    dict(muting_option1_repetition="3"),
    dict(muting_option2_bits="[1, 0, 1]"),
    dict(n_slots="-2"),
    dict(resource_slot_offsets="10"),
    dict(resource_slot_offsets="-1"),
    dict(periodicity_slots="640", resource_slot_offsets="512"),
    dict(trps="[0, 1]"),
    dict(trps="[1]"),
    dict(comb_size="[4, 4]"),
    dict(muting_option1_bits="[[1, 0], [1, 1]]"),
    dict(TWO, comb_size="[4, 6]"),
    dict(TWO, muting_option2_bits="[[1, 0], [1, 0, 1]]"),
    dict(TWO, power_offset_db="[0.0, 101.0]"),
    dict(TWO, repetition_factor="[1, 16]"),
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


def test_each_list_needs_an_entry_a_resource(platform):
    assert failed_asserts(make_block(platform, BLOCK, sequence_ids="[0, 1]"))
    assert failed_asserts(make_block(platform, BLOCK, re_offsets="[0, 1]"))
    assert failed_asserts(make_block(platform, BLOCK, slot_offsets="[0, 1]"))


def test_an_output_for_each_trp(platform):
    block = make_block(platform, BLOCK, **TWO)
    assert len(block.sources) == 1
    block = make_block(platform, BLOCK, trps="[1, 0]", **TWO)
    assert len(block.sources) == 2 and failed_asserts(block) == []
    assert build(block).output_signature().max_streams() == 2


def test_the_documented_example(platform):
    """Two resources a slot apart: only symbols 2..5 of slots 0, 1, 10, 11 and 20 are not zero."""
    block = make_block(
        platform, BLOCK, sequence_ids="[17, 18]", re_offsets="[0, 1]", slot_offsets="[0, 1]", n_slots="21"
    )
    top, sink = gr.top_block(), blocks.vector_sink_c()
    top.connect(build(block), sink)
    top.run()
    samples = np.array(sink.data())
    assert len(samples) == 21 * 7680
    carrier = ntnpos.carrier()
    sent = {
        (slot, symbol)
        for slot in range(21)
        for symbol in range(14)
        if np.any(
            samples[
                7680 * slot
                + ntnpos.symbol_offset_samples(carrier, slot, symbol) : 7680 * slot
                + ntnpos.symbol_offset_samples(carrier, slot, symbol + 1)
            ]
        )
    }
    assert sent == {(slot, symbol) for slot in (0, 1, 10, 11, 20) for symbol in (2, 3, 4, 5)}


def test_the_documented_example_with_two_outputs(platform):
    """The second TRP alone in slots 1 and 21, 3 dB weaker; the first in 0, 10 and 20."""
    block = make_block(
        platform, BLOCK, **TWO, trps="[0, 1]", periodicity_slots="[10, 20]", power_offset_db="[0, -3]", n_slots="22"
    )
    top, sinks = gr.top_block(), [blocks.vector_sink_c(), blocks.vector_sink_c()]
    source = build(block)
    for i, sink in enumerate(sinks):
        top.connect((source, i), sink)
    top.run()
    energy = [np.sum(np.abs(np.array(sink.data()).reshape(22, 7680)) ** 2, axis=1) for sink in sinks]
    assert [list(np.flatnonzero(e)) for e in energy] == [[0, 10, 20], [1, 21]]
    np.testing.assert_allclose(energy[1][1] / energy[0][0], 10**-0.3, rtol=0.05)


def test_twelve_blocks_are_warned_of():
    """Once for each resource, in GNU Radio's log; 24 are not."""
    program = (
        "from gnuradio import ntnpos; ntnpos.prs_source(ntnpos.carrier(), "
        "[ntnpos.prs_resource(num_rb=12), ntnpos.prs_resource(num_rb=24)])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    said = [line for line in (run.stdout + run.stderr).splitlines() if "num_rb" in line]
    assert len(said) == 1
    assert "num_rb 12 is below the 24 of TS 38.214 5.1.6.5: for studies only" in said[0]
