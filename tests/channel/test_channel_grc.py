# SPDX-License-Identifier: GPL-3.0-or-later
"""NTN Channel and Satellite Link in GNU Radio Companion: asserts refuse what is wrong, their code runs, and
what only running can find ends the flowgraph's script with one line."""

import json
from pathlib import Path

import pytest
import yaml
from gnuradio import ntnpos

from flowgraph_runs import TOP, compile_flowgraph, run
from grc_blocks import complaints, make_block

from ntnpos_lab import flowgraph

VARIABLES = {"samp_rate": "250e3"}
CHANNEL, LINK = "ntnpos_ntn_channel", "ntnpos_satellite_link"
PRS, SRS = "ntnpos_prs_source", "ntnpos_srs_source"


def build(block):
    """The block that GRC's code makes."""
    names = {"ntnpos": ntnpos, "flowgraph": flowgraph, "samp_rate": 250e3}
    return eval(block.templates.render("make"), names)  # noqa: S307 our own template


@pytest.fixture
def trajectories(tmp_path):
    """A file of two paths."""
    path = tmp_path / "two paths.jsonl"
    delays = tuple(ntnpos.trajectory([ntnpos.delay_segment((3, 0.0), [delay])]) for delay in (2e-3, 3e-3))
    ntnpos.write_trajectories(path, ntnpos.Trajectories("2025-10-07T18:00:00Z", ("A", "B"), delays))
    return str(path)


@pytest.mark.parametrize(
    "key, changes",
    [
        (CHANNEL, {}),
        (
            CHANNEL,
            dict(
                num_inputs="2",
                delays="[[1e-3], [2e-3]]",
                gains="[1, 2j]",
                input_starts="[(0, 0.0), (1, 0.5)]",
            ),
        ),
        (LINK, {}),
        (
            LINK,
            dict(model="ntn-tdl-c", delay_spread_s="30e-9", ue_speed_m_s="3", velocity_enu_m_s="[3, 0, 0]"),
        ),
        (
            LINK,
            dict(satellite="44714", snr_db="None", every_s="5", stretch_s="0.02", frequency_error_ppm="-0.3"),
        ),
        (
            LINK,
            dict(
                satellite="STARLINK-2420",
                latitude_deg="52.5",
                longitude_deg="13.4",
                start_utc="2025-10-07T18:10:00Z",
                begin="start",
                duration_s="1",
                min_elevation_deg="15",
            ),
        ),
        (
            LINK,
            dict(
                elements_file=str(TOP / "python" / "ntnpos" / "data" / "oneweb.tle"), satellite="oneweb-0578"
            ),
        ),
    ],
    ids=str,
)
def test_legal_settings_pass_and_build(platform, key, changes):
    block = make_block(platform, key, VARIABLES, **changes)
    assert complaints(block) == []
    assert build(block).name() in ("ntn_channel", "Satellite Link")


def test_the_channel_takes_its_delays_from_a_file(platform, trajectories):
    block = make_block(platform, CHANNEL, VARIABLES, trajectory_file=trajectories, num_inputs="2", delays="[]")
    assert complaints(block) == []
    assert build(block).input_signature().min_streams() == 2
    # Two paths may share one input.
    shared = make_block(platform, CHANNEL, VARIABLES, trajectory_file=trajectories, path_inputs="[0, 0]")
    assert complaints(shared) == []
    assert build(shared).input_signature().min_streams() == 1
    assert complaints(make_block(platform, CHANNEL, VARIABLES, trajectory_file=trajectories + "x"))


ILLEGAL = [
    (CHANNEL, dict(delays="[]")),
    (CHANNEL, dict(gains="[1, 1]")),
    (CHANNEL, dict(input_starts="[(0, 1.0)]")),
    (CHANNEL, dict(receiver_start="3.25")),
    (CHANNEL, dict(receiver_start="(3, 1.25)")),
    (CHANNEL, dict(noise_power="-1")),
    (LINK, dict(sample_rate_hz="0")),
    (LINK, dict(satellite="")),
    (LINK, dict(elements_file="no/such/file")),
    (LINK, dict(latitude_deg="90.1")),
    (LINK, dict(longitude_deg="-181")),
    (LINK, dict(height_m="1e6")),
    (LINK, dict(velocity_enu_m_s="[0, 0]")),
    (LINK, dict(velocity_enu_m_s="[0, 0, 2e3]")),
    (LINK, dict(model="ntn-tdl-c", delay_spread_s="1")),
    (LINK, dict(model="ntn-tdl-c", ue_speed_m_s="1e3")),
    (LINK, dict(start_utc="2025-10-07 18:00")),
    (LINK, dict(start_utc="2025-13-07T18:00:00Z")),
    (LINK, dict(duration_s="-1")),
    (LINK, dict(every_s="0.01")),
    (LINK, dict(every_s="1", stretch_s="1e-7")),
    (LINK, dict(occupied_band="0.9")),
    (LINK, dict(frequency_error_ppm="1001")),
    (LINK, dict(snr_db="'loud'")),
    (PRS, dict(start_time="3.25")),
    (PRS, dict(start_time="(3, 1.0)")),
    (PRS, dict(start_time="(3,)")),
    (SRS, dict(start_time="(-3, 0.0)")),
]


@pytest.mark.parametrize("key, changes", ILLEGAL, ids=str)
def test_illegal_settings_are_refused(platform, key, changes):
    assert any(
        message.startswith("Assertion") for message in complaints(make_block(platform, key, VARIABLES, **changes))
    )


@pytest.mark.parametrize("key", [PRS, SRS])
def test_a_start_time_is_none_or_a_pair(platform, key):
    for value in ("None", "(3, 0.25)", "[0, 0.0]"):
        assert complaints(make_block(platform, key, VARIABLES, start_time=value)) == []


def flowgraph_of(folder, kind, **parameters):
    """A flowgraph that streams a constant through a block into nothing, made and run as Companion does."""
    state = {"coordinate": [8, 8], "rotation": 0, "state": "enabled"}
    blocks = [
        {"name": "samp_rate", "id": "variable", "parameters": {"value": "250e3"}, "states": state},
        {
            "name": "beacon",
            "id": "analog_const_source_x",
            "parameters": {"type": "complex", "const": "1"},
            "states": state,
        },
        {"name": "under_test", "id": kind, "parameters": parameters, "states": state},
        {"name": "sink", "id": "blocks_null_sink", "parameters": {"type": "complex"}, "states": state},
    ]
    graph = {
        "options": {
            "parameters": {"id": "by_hand", "generate_options": "no_gui", "run_options": "run"},
            "states": state,
        },
        "blocks": blocks,
        "connections": [["beacon", "0", "under_test", "0"], ["under_test", "0", "sink", "0"]],
        "metadata": {"file_format": 1, "grc_version": "3.10.5.1"},
    }
    path = folder / "by_hand.grc"
    path.write_text(yaml.safe_dump(graph))
    compiled = compile_flowgraph(path, folder)
    assert compiled.returncode == 0, compiled.stdout + compiled.stderr
    return folder / "by_hand.py"


BERLIN = dict(latitude_deg="52.52", longitude_deg="13.40")


def test_a_link_drawn_by_hand_runs_to_its_end(tmp_path):
    found = run(flowgraph_of(tmp_path, LINK, satellite="STARLINK-2420", duration_s="0.5", **BERLIN))
    assert (found.status, found.stdout, found.stderr) == (0, "", "")


def test_what_only_running_finds_is_one_line(tmp_path):
    found = run(flowgraph_of(tmp_path, LINK, satellite="STARLINK-2420", begin="start", **BERLIN))
    assert (found.status, found.stdout) == (2, "")
    assert found.stderr.startswith(
        "shipped elements: start: STARLINK-2420 stands at -17.7 degrees at 2025-10-07T18:00:00Z, "
        "below the horizon; allowed: a time when it is up: next from "
    )
    assert found.stderr.count("\n") == 1


def test_a_channel_with_a_bad_trajectory_file_is_one_line(tmp_path, trajectories):
    lines = Path(trajectories).read_text().splitlines()
    bad = tmp_path / "bad.jsonl"
    bad.write_text(
        "\n".join([lines[0], json.dumps({"path": 0, "start": [0, 0.0], "coefficients": ["fast"]})])
    )
    found = run(flowgraph_of(tmp_path, CHANNEL, trajectory_file=str(bad)))
    assert (found.status, found.stdout) == (2, "")
    assert (
        found.stderr
        == f'{bad}: line 2: coefficients: ["fast"]; allowed: 1 to 8 finite numbers: s, s/s, s/s^2, ...\n'
    )
