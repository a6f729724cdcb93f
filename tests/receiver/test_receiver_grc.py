# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver's blocks in GNU Radio Companion: asserts refuse what the blocks refuse; their code runs."""


import pytest
from gnuradio import ntnpos
from grc_blocks import complaints, make_block

# The documented example of the Comb Correlator.
VARIABLES = {
    "carrier": "ntnpos.carrier(n_rb=24, sample_rate_hz=7.68e6)",
    "signals": "[ntnpos.satellite_signal('a', ntnpos.prs_resource(sequence_id=17), (0, 0.0))]",
    "windows": "[ntnpos.search_window("
    "ntnpos.trajectory([ntnpos.delay_segment((0, 0.0), [2e-3, -10e-6])]), 20e-6, 2e3)]",
}


def build(block):
    """The block that GRC's code makes."""
    names = {"ntnpos": ntnpos}
    for name, value in VARIABLES.items():
        names[name] = eval(value, {"ntnpos": ntnpos})  # noqa: S307 our own text
    return eval(block.templates.render("make"), names)  # noqa: S307 our own template


CORRELATOR = "ntnpos_comb_correlator"
DETECTOR = "ntnpos_first_path_detector"
RX_TX = "ntnpos_rx_tx_difference"

LEGAL = [
    (CORRELATOR, {}),
    (CORRELATOR, dict(windows="windows")),
    (
        CORRELATOR,
        dict(false_alarm_probability="0.5", interference_passes="0", max_coherent_s="0", batch_s="1"),
    ),
    (CORRELATOR, dict(carrier="ntnpos.carrier(sample_rate_hz=15.36e6)", fft_size="1024")),
    (DETECTOR, {}),
    (DETECTOR, dict(source="van 3", profile_points="1024", threshold="1", with_profiles="True")),
    (DETECTOR, dict(max_paths="1", min_relative_db="-60", early_s="0", late_s="1e-3")),
    (RX_TX, {}),
    (RX_TX, dict(role="gnb", satellite="sat")),
    (RX_TX, dict(start_slot="40", start_time="(7, 0.25)", timing_advance_s="8e-3")),
]

ILLEGAL = [
    (CORRELATOR, dict(carrier="ntnpos.carrier(n_rb=0)")),
    (CORRELATOR, dict(signals="signals + signals")),
    (CORRELATOR, dict(signals="[ntnpos.satellite_signal('a', ntnpos.prs_resource(num_rb=28), (0, 0.0))]")),
    (CORRELATOR, dict(windows="windows + windows")),
    (CORRELATOR, dict(false_alarm_probability="0")),
    (CORRELATOR, dict(interference_passes="11")),
    (CORRELATOR, dict(max_coherent_s="-1e-3")),
    (CORRELATOR, dict(batch_s="0")),
    (DETECTOR, dict(profile_points="11")),
    (DETECTOR, dict(threshold="1.1")),
    (DETECTOR, dict(false_alarm_probability="0.6")),
    (DETECTOR, dict(max_paths="0")),
    (DETECTOR, dict(min_relative_db="1")),
    (DETECTOR, dict(early_s="-1e-6")),
    (DETECTOR, dict(late_s="1")),
    (RX_TX, dict(role="ul_rtoa")),
    (RX_TX, dict(start_time="(0, 1.0)")),
    (RX_TX, dict(timing_advance_s="2")),
    (RX_TX, dict(carrier="ntnpos.carrier(n_rb=0)")),
]


@pytest.mark.parametrize("key, changes", LEGAL, ids=str)
def test_legal_settings_pass_and_build(platform, key, changes):
    block = make_block(platform, key, VARIABLES, **changes)
    assert complaints(block) == []
    assert build(block).name() == key


@pytest.mark.parametrize("key, changes", ILLEGAL, ids=str)
def test_illegal_settings_are_refused_by_both(platform, key, changes):
    block = make_block(platform, key, VARIABLES, **changes)
    assert any(message.startswith("Assertion") for message in complaints(block))
    with pytest.raises(ValueError, match="must be"):
        build(block)


def test_fft_size_must_be_the_carriers(platform):
    assert complaints(make_block(platform, CORRELATOR, VARIABLES, fft_size="1024"))


def test_ports(platform):
    correlator = make_block(platform, CORRELATOR, VARIABLES, fft_size="512")
    detector = make_block(platform, DETECTOR, VARIABLES, profile_points="512")
    assert [(p.key, p.domain) for p in correlator.sinks] == [("0", "stream"), ("windows", "message")]
    assert [(p.domain, p.vlen) for p in correlator.sources] == [("stream", 512)]
    assert [(p.key, p.domain) for p in detector.sinks] == [("0", "stream"), ("config", "message")]
    assert [(p.key, p.domain) for p in detector.sources] == [("meas", "message")]
