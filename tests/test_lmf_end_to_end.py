# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples to a fix of the location server: a simulated recording, the receiver in GNU Radio, `lmf` as a process."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "tests" / "engine"), str(TOP / "tests" / "lmf")]

from gnuradio import ntnpos  # noqa: E402
from lmf_process import LmfProcess  # noqa: E402
from ntnpos.commands.solve import main as solve_main  # noqa: E402
from ntnpos.lmf.replay import replay  # noqa: E402
from ntnpos.lmf.store import StoreReader  # noqa: E402
from ntnpos.network.assistance import load_assistance  # noqa: E402
from ntnpos.network.search_windows import search_windows  # noqa: E402
from ntnpos_lab import convert  # noqa: E402
from ntnpos_lab.locate import carrier_of, opened, span_of  # noqa: E402
from ntnpos_lab.receive import Receiver, Running, shake_hands  # noqa: E402


def test_a_simulated_recording_is_located_by_the_server_as_by_solve(tmp_path, capsys):
    base = tmp_path / "sky"  # the assistance data are called by their file's name
    subprocess.run(
        [sys.executable, TOP / "apps" / "simulate.py", "starlink-six", "-o", base],
        check=True,
        capture_output=True,
    )
    assistance_path, truth = tmp_path / "sky.assistance.json", json.loads(
        (tmp_path / "sky.truth.json").read_text()
    )
    (tmp_path / "sky.json").write_text(assistance_path.read_text())
    assistance = load_assistance(assistance_path)
    samples = opened(base)
    windows = search_windows(assistance, *span_of(samples))
    with LmfProcess(tmp_path, "--quiet-s", "1000", "--fix-every-s", "1000") as server:
        asker = server.asker()
        receiver = Receiver(
            ntnpos.sigmf_source_from(samples),
            carrier_of(base, samples, assistance),
            convert.signals(assistance, windows),
            server.addresses["sub"],
            name="phone",
        )
        with Running(receiver) as running:
            shake_hands(receiver, lambda seconds: asker.metrics()["notices"] > 0)
            receiver.send_windows(windows)
            assert running.ended.wait(60)
        while asker.metrics()["sources_ended"] < 1:
            pass
        assert server.stop() == 0
        (fix,), last = server.lines(), json.loads(server.errors[-1])
    assert (last["lost"], last["bad"], last["measurements"]) == (0, 0, fix["measurements"]["count"])
    with StoreReader(server.store) as reader:
        lines = [row["line"] for row in reader.rows("SELECT line FROM measurement ORDER BY id")]
    (tmp_path / "measurements.jsonl").write_text("".join(line + "\n" for line in lines))
    assert solve_main([str(tmp_path / "measurements.jsonl"), "--assistance", str(assistance_path)]) == 0
    solved = json.loads(capsys.readouterr().out)
    assert {name: fix[name] for name in solved} == solved
    off = np.linalg.norm(np.array(fix["ecef_m"]) - truth["ue"]["ecef_m"])
    assert fix["status"] == "ok" and fix["ue"] == "phone" and len(fix["used"]) == 6
    assert off < 4.0 * np.sqrt(np.trace(fix["covariance_ecef_m2"]))
    with StoreReader(server.store) as reader:
        assert replay(reader).difference is None
