# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `./ntnpos locate` on a generated recording and hold every line against the truth."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import exact_world as world
from recording_truth import first_delay

TOP = Path(__file__).resolve().parents[2]
MEASUREMENT = ("type", "schema", "satellite", "t_s", "toa_s", "toa_std_s", "doppler_hz", "doppler_std_hz", "snr_db",
               "rsrp_db", "los_probability", "status")
FIX = ("type", "schema", "method", "t_s", "latitude_deg", "longitude_deg", "height_m", "ecef_m", "covariance_ecef_m2",
       "horizontal_std_m", "clock_offset_s", "dop", "used", "excluded", "candidates", "status", "reason")


@dataclass
class Run:
    """What one run of the command gave."""

    status: int
    lines: list[dict]
    stderr: str
    seconds: float
    memory_mb: float


def run_locate(recording, assistance, height_m: float | None = None, timeout_s: float = 600.0, more: tuple[str, ...] = ()) -> Run:
    """Run the command; raises on a line that is not strict JSON."""
    command = [str(TOP / ".venv/bin/python"), str(TOP / "apps/locate.py"), str(recording),
               "--assistance", str(assistance), *more]
    if height_m is not None:
        command += ["--height-m", repr(height_m)]
    # As the wrapper does: nothing from outside stands before the packages that belong together.
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=environment) as process:
        peak = _PeakMemory(process.pid)
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += "\ntimed out"
        memory = peak.stop()
    lines = [json.loads(line, parse_constant=_refuse) for line in out.splitlines()]
    return Run(process.returncode, lines, err, time.monotonic() - began, memory)


def _refuse(name: str):
    raise ValueError(f"{name} in the output")


class _PeakMemory:
    """Largest resident size of a process, looked at now and then."""

    def __init__(self, pid: int):
        import threading

        self._pid, self._peak, self._done = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            try:
                for line in Path(f"/proc/{self._pid}/status").read_text().splitlines():
                    if line.startswith("VmHWM"):
                        self._peak = max(self._peak, int(line.split()[1]) / 1024.0)
            except OSError:
                return

    def stop(self) -> float:
        self._done.set()
        self._thread.join()
        return self._peak


@dataclass
class Score:
    """What was found. `defects` is empty where all is well."""

    case: str
    defects: list[str] = field(default_factory=list)
    toa: list[dict] = field(default_factory=list)
    fix: dict = field(default_factory=dict)
    seconds: float = 0.0
    memory_mb: float = 0.0

    def blame(self, text: str) -> None:
        self.defects.append(text)


def score(made, case, run: Run, expect_fix: bool | None = True, detect_db: float = -2.0, multipath: bool = False,
          faulty: tuple[str, ...] = (), lines: dict[str, str] | None = None) -> Score:
    """Hold a run against the truth.

    Parameters
    ----------
    made : what `write_recording` returned
    expect_fix : None where either may be; a fix that is "ok" must then be right all the same
    detect_db : every whole occasion must be found where its SNR against noise and interference is above this
    multipath : satellites may have several paths: only 4 bounds plus 30 ns are asked for there
    faulty : satellites without line of sight: the fix must not be drawn off by them
    lines : satellites that have just one line, of this status
    """
    s = Score(case.name, seconds=run.seconds, memory_mb=run.memory_mb)
    if "Traceback" in run.stderr or "Traceback" in str(run.lines):
        s.blame("traceback: " + run.stderr[-300:])
    if run.status not in (0, 1):
        s.blame(f"exit status {run.status}: {run.stderr[-300:]}")
    rows = [line for line in run.lines if line.get("type") == "measurement"]
    fixes = [line for line in run.lines if line.get("type") == "fix"]
    for line in rows:
        s.defects += [f"{name} missing in a measurement" for name in MEASUREMENT if name not in line]
    senders = {x.id: x for x in case.senders if x.listed}
    for line in rows:
        _score_row(s, made, case, senders[line["satellite"]], line, multipath)
    for name, status in (lines or {}).items():
        mine = [line["status"] for line in rows if line["satellite"] == name]
        if mine != [status]:
            s.blame(f"{name}: lines {mine}, not one of {status}")
    _score_completeness(s, made, case, senders, rows, detect_db)
    if not fixes:
        s.blame("no fix line")
    else:
        if run.lines[-1]["type"] != "fix":
            s.blame("the last line is no fix")
        _score_fix(s, made, case, senders, fixes[-1], run.status, expect_fix, faulty)
    return s


def _score_row(s: Score, made, case, sender, line: dict, multipath: bool) -> None:
    values = ("toa_s", "toa_std_s", "doppler_hz", "doppler_std_hz", "snr_db", "rsrp_db")
    if line["status"] != "ok":
        s.defects += [f"{sender.id}: {line['status']} with a value of {v}" for v in values if line[v] is not None]
        return
    if any(not isinstance(line[v], float) for v in values) or not isinstance(line["t_s"], float):
        s.blame(f"{sender.id}: ok without all values")
        return
    if sender.snr_db is None:
        s.blame(f"{sender.id}: FALSE ALARM, snr {line['snr_db']:.1f} dB")
        return
    truth = made.truth["satellites"][sender.id]
    d = (line["t_s"] - made.world.start.full_s) - made.world.start.frac_s
    toa = float(made.world.toa_s(sender, d - first_delay(sender))[0]) + first_delay(sender)
    error = line["toa_s"] - toa
    near = [o for o in truth["occasions"] if abs(o["t_s"] - line["t_s"]) < 0.3e-3]
    if not near:
        s.blame(f"{sender.id}: ok at {line['t_s']:.6f} where no whole occasion is (error {error * 1e9:.1f} ns)")
        return
    o = near[0]
    several = len(sender.paths) > 1
    s.toa.append({"sat": sender.id, "error_s": error, "std_s": line["toa_std_s"], "crlb_s": o["toa_crlb_s"],
                  "bound_s": o["toa_bound_s"], "doppler_error_hz": line["doppler_hz"] - o["doppler_hz"],
                  "doppler_std_hz": line["doppler_std_hz"], "several": several, "snr_db": sender.snr_db,
                  "snr_found_db": line["snr_db"]})
    limit = 4.0 * o["toa_bound_s"] + (30e-9 if several else 0.5e-9)
    if abs(error) > limit:
        s.blame(f"{sender.id}: toa off by {error * 1e9:+.2f} ns, bound {o['toa_bound_s'] * 1e9:.2f} "
                f"crlb {o['toa_crlb_s'] * 1e9:.2f} std {line['toa_std_s'] * 1e9:.2f} ns at slot {line.get('slot_count')}")
    if not several and abs(error) > 5.0 * line["toa_std_s"] + 0.1e-9:
        s.blame(f"{sender.id}: toa off by {error / line['toa_std_s']:+.1f} of its std ({line['toa_std_s'] * 1e9:.2f} ns, "
                f"crlb {o['toa_crlb_s'] * 1e9:.2f})")
    doppler = line["doppler_hz"] - o["doppler_hz"]
    if abs(doppler) > 5.0 * line["doppler_std_hz"] + 1.0 and not several:
        s.blame(f"{sender.id}: doppler off by {doppler:+.1f} Hz, std {line['doppler_std_hz']:.1f} Hz")


def _score_completeness(s: Score, made, case, senders, rows: list[dict], detect_db: float) -> None:
    for name, sender in senders.items():
        lines = [r for r in rows if r["satellite"] == name]
        if not lines:
            if sender.snr_db is None or made.truth["satellites"][name]["occasions"]:
                s.blame(f"{name}: not one line")
            continue
        if sender.snr_db is None:
            continue
        truth = made.truth["satellites"][name]
        ok = [r for r in lines if r["status"] == "ok"]
        seen = len(ok)
        repeats = case_repeats(sender)
        due = truth["occasions"]
        if not due:
            continue
        inr = max(10.0 ** (0.1 * o["interference_over_noise_db"]) for o in due)
        clear_db = sender.snr_db - 10.0 * np.log10(1.0 + inr)
        if clear_db >= detect_db and seen < len(due) / repeats - 1e-9:
            other = {}
            for r in lines:
                other[r["status"]] = other.get(r["status"], 0) + 1
            s.blame(f"{name}: {len(due)} whole slots (x{repeats}), lines {other} (snr {sender.snr_db}, clear {clear_db:.1f})")


def case_repeats(sender) -> int:
    """Slots that one line may stand for."""
    two = sender.prs["muting_option2"]
    return two["bits"].count("1") if two else sender.prs["repetition_factor"]


def _score_fix(s: Score, made, case, senders, fix: dict, status: int, expect_fix: bool, faulty) -> None:
    s.defects += [f"{name} missing in the fix" for name in FIX if name not in fix]
    s.fix = {"status": fix["status"], "reason": fix["reason"]}
    if (status == 0) != (fix["ecef_m"] is not None):
        s.blame(f"exit status {status} with fix status {fix['status']}")
    if expect_fix is None and fix["status"] != "ok":
        return
    if expect_fix is False:
        if status != 1 or not fix["reason"]:
            s.blame(f"a fix where none can be: {fix['status']} {fix['reason']}")
        return
    if status != 0:
        s.blame(f"no fix: {fix['status']}: {fix['reason']}")
        return
    silent = [n for n in fix["used"] if senders[n].snr_db is None]
    if silent:
        s.blame(f"uses silent {silent}")
    truth = made.truth
    axes = world.enu(case.latitude_deg, case.longitude_deg)
    local = axes @ (np.array(fix["ecef_m"]) - np.array(truth["ue"]["ecef_m"]))
    error = float(np.hypot(*local[:2]))
    bound = (truth["position"]["bound"] or {}).get("horizontal_m")
    std = fix["horizontal_std_m"]
    d = (fix["t_s"] - made.world.start.full_s) - made.world.start.frac_s
    clock = fix["clock_offset_s"] - float(made.world.clock_offset_s(d))
    s.fix |= {"horizontal_error_m": error, "bound_m": bound, "std_m": std, "up_m": float(local[2]), "clock_error_s": clock,
              "used": len(fix["used"]), "excluded": [e["satellite"] for e in fix["excluded"]],
              "candidates": len(fix["candidates"])}
    if fix["status"] != "ok":
        s.blame(f"fix status {fix['status']}: {fix['reason']}")
    hurt = [f for f in faulty if f in fix["used"]]
    if hurt and fix["status"] == "ok":
        s.blame(f"uses {hurt} without line of sight")
    wrong = [e["satellite"] for e in fix["excluded"] if e["satellite"] not in faulty]
    if wrong:
        s.blame(f"wrongly excluded {wrong}: {fix['excluded']}")
    if bound and error > 3.0 * bound + (0.3 if not faulty else 2.0 * bound):
        s.blame(f"horizontal error {error:.2f} m, bound {bound:.2f} m, std {std}")
    if std is None or error > 4.0 * std + 0.02:
        s.blame(f"horizontal error {error:.2f} m is {error / (std or 1):.1f} of its std")
    if bound and abs(clock) > 4.0 * truth["position"]["bound"]["clock_s"] + 1e-9:
        s.blame(f"clock off by {clock * 1e9:.1f} ns (bound {truth['position']['bound']['clock_s'] * 1e9:.1f})")
