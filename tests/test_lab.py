# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole chain in one flowgraph: sources, channel, receiver; and `./ntnpos demo` as a user runs it."""

import json
import subprocess
import sys

import numpy as np
import pmt
import pytest

from ntnpos.network.resources import Carrier
from ntnpos.network.search_windows import search_windows
from ntnpos.position.timing import doppler_bound_hz, toa_bound_s
from ntnpos.world.elements import shipped_elements
from ntnpos.world.light_time import received
from ntnpos.world.timebase import Epoch
from ntnpos_lab import convert
from ntnpos_lab import demo as demo_command
from ntnpos_lab import locate as locate_command
from ntnpos_lab.receive import Receiver
from ntnpos_lab.scene import real_scene
from ntnpos_lab.simulate import Downlink

PLACE = (55.7047, 13.1910)
EPOCH = Epoch.parse("2025-10-07T18:00:00Z")


@pytest.fixture(scope="module")
def scene():
    """Nine OneWeb satellites on a narrow carrier, so that a slow run stays short."""
    return real_scene(*PLACE, EPOCH, shipped_elements("oneweb"), carrier=Carrier(2.0e9, 15, 12), seed=7)


def measured(scene, duration_s: float, most_items: int) -> list[dict]:
    """Messages of the receiver, the scheduler's buffers cut to `most_items`."""
    carrier = convert.carrier(scene.assistance.carrier, 3.84e6)
    windows = search_windows(scene.assistance, scene.start_s, scene.start_s + duration_s)
    receiver = Receiver(Downlink(scene, carrier, duration_s), carrier,
                        convert.signals(scene.assistance, windows), None, store=True)
    receiver.send_windows(windows)
    receiver.run(most_items)
    return [pmt.serialize_str(message) for message in receiver.messages()]


def test_same_seed_gives_the_same_bits_for_any_chunks(scene):
    duration_s = 0.024
    whole = measured(scene, duration_s, 100_000)
    assert len(whole) >= 10
    for most_items in (7, 1021, 4096):
        assert measured(scene, duration_s, most_items) == whole, most_items
    assert measured(scene, 0.006, 1) == measured(scene, 0.006, 100_000)


def test_toa_and_doppler_are_those_of_the_geometry(scene):
    """An independent sum: light time at the receiver's true place, clock offset and drift of the scene."""
    errors = []
    for message in measured(scene, 0.1, 100_000):
        found = pmt.to_python(pmt.deserialize_str(message))
        if found["kind"] != "toa" or found["status"] != "ok":
            continue
        satellite = scene.assistance.satellite(found["satellite"])
        clock_s = found["t"][0] + found["t"][1]
        drift = scene.clock.frequency_error_ppm * 1e-6
        system_s = scene.start_s - scene.clock.offset_s + (clock_s - scene.start_s) / (1.0 + drift)
        true = received(satellite.orbit, scene.ecef_m, system_s)
        toa_s = float(true.delay_s[0]) + clock_s - system_s
        rate = (float(true.rate[0]) + drift) / (1.0 + drift)
        errors.append(((found["toa_s"] - toa_s) / found["toa_std_s"],
                       (found["doppler_hz"] + 2.0e9 * rate) / found["doppler_std_hz"]))
    normalised = np.array(errors)
    n = len(normalised)
    assert n >= 70
    # Mean square of n unit normals: 1 +- 3 sqrt(2 / n); their mean within 4 / sqrt(n).
    assert np.all(np.abs(np.mean(normalised**2, axis=0) - 1.0) < 3.0 * np.sqrt(2.0 / n) + 0.1), normalised.std(axis=0)
    assert np.all(np.abs(np.mean(normalised, axis=0)) < 4.0 / np.sqrt(n))


def test_stated_deviations_are_at_the_bound(scene):
    """What the receiver says of itself beside the Cramer-Rao bound at the scene's SNR."""
    snr = {s.id: value for s, value in zip(scene.assistance.satellites, scene.snr_db)}
    ratios = []
    for message in measured(scene, 0.1, 100_000):
        found = pmt.to_python(pmt.deserialize_str(message))
        if found["kind"] == "toa" and found["status"] == "ok":
            prs = scene.assistance.satellite(found["satellite"]).prs
            arguments = (snr[found["satellite"]], scene.assistance.carrier, prs)
            ratios.append((found["toa_std_s"] / toa_bound_s(*arguments),
                           found["doppler_std_hz"] / doppler_bound_hz(*arguments)))
    assert np.all(np.abs(np.mean(ratios, axis=0) - 1.0) < 0.06), np.mean(ratios, axis=0)


def run_demo(top, *arguments):
    return subprocess.run([sys.executable, str(top / "apps" / "demo.py"), *map(str, arguments)],
                          capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def demo(top, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return run_demo(top, "--duration-s", 0.08, "--place", "-33.92,18.42", "-o", folder), folder


def test_demo_ends_at_the_place(demo):
    done, folder = demo
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    result = lines[-1]
    assert result["type"] == "demo" and result["satellites"] >= 4
    assert result["horizontal_error_m"] < 4.0 * result["bound_horizontal_std_m"]
    assert (folder / "demo.png").read_bytes().startswith(b"\x89PNG")
    assert result["picture"] == str(folder / "demo.png")
    fixes = [line for line in lines if line["type"] == "fix"]
    assert fixes[-1]["status"] == "ok" and fixes[-1]["schema"] == "ntnpos.fix/1"
    measurements = [line for line in lines if line["type"] == "measurement"]
    assert {m["status"] for m in measurements} <= {"ok", "incomplete"}
    assert len(measurements) >= 5 * result["satellites"]


def test_demo_says_the_same_again(demo, top, tmp_path):
    done, _ = demo
    again = run_demo(top, "--duration-s", 0.08, "--place", "-33.92,18.42", "-o", tmp_path)
    kept = [[line for line in run.stdout.splitlines() if '"measurement"' in line or '"fix"' in line]
            for run in (done, again)]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("arguments, said", [
    (["--place", "95,0"], "--place"),
    (["--place", "here"], "--place"),
    (["--at", "2025-13-01T00:00:00Z"], "--at"),
    (["--duration-s", "nan"], "--duration-s"),
    (["-o", "/dev/null/x"], "/dev/null/x"),
    (["--no-such-option"], "--no-such-option"),
])
def test_demo_refuses_wrong_input_in_one_line(top, tmp_path, arguments, said):
    done = run_demo(top, *(arguments if "-o" in arguments else [*arguments, "-o", tmp_path]))
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and said in done.stderr


def test_demo_without_enough_satellites_says_so(monkeypatch, capsys, tmp_path):
    elements = shipped_elements("oneweb")
    highest = {satellite.name for satellite in real_scene(*PLACE, EPOCH, elements).sky[:3]}
    three = [found for found in elements if found[0] in highest]
    monkeypatch.setattr(demo_command, "elements_for", lambda epoch: three)
    assert demo_command.main(["--at", "2025-10-07T18:00:00Z", "-o", str(tmp_path)]) == 1
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["type"] == "demo" and last["satellites"] == 3
    assert last["horizontal_error_m"] is None and last["picture"] is None and "four satellites" in last["reason"]


def test_old_elements_are_said_to_be_old(capsys):
    demo_command.elements_for(Epoch.parse("2025-10-08T00:00:00Z"))
    assert capsys.readouterr().err == ""
    demo_command.elements_for(Epoch.parse("2025-12-25T00:00:00Z"))
    assert "78 days away" in capsys.readouterr().err


@pytest.mark.parametrize("bounds", [{"frequency_error_max_ppm": 1000.0}, {"clock_offset_max_s": 0.5}])
def test_locate_refuses_a_search_without_end(sample_recordings, tmp_path, capfd, bounds):
    """The receiver would refuse the windows, and wait for others that never come."""
    told = json.loads((sample_recordings / "dev-sample.assistance.json").read_text())
    told["receiver"] |= bounds
    path = tmp_path / "assistance.json"
    path.write_text(json.dumps(told))
    assert locate_command.main([str(sample_recordings / "dev-sample"), "--assistance", str(path)]) == 2
    said = capfd.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1 and said.err.startswith(f"{path}: ue_prior, receiver: ")
