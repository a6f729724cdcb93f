# SPDX-License-Identifier: GPL-3.0-or-later
"""For the tests of messages: assistance data of real orbits, and records whose values are seeded."""

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from ntnpos.lmf.protocols import Context, Directory
from ntnpos.network.assistance import Assistance, load_assistance, parse_assistance
from ntnpos.network.measurements import Measurement
from ntnpos.world.light_time import received

RECORDINGS = Path(__file__).resolve().parent.parent / "data" / "recordings"
TC_S = 1.0 / (480e3 * 4096)
C_M_S = 299792458.0
TA = {
    "epoch_time_s": 0.0,
    "ta_common_s": 4.1234567e-3,
    "drift_s_per_s": -2.34567e-5,
    "drift_variant_s_per_s2": 3.2e-7,
}
"""A feeder link's common TA."""
OFFSET_M = np.array([3000.0, -2000.0, 1000.0])


def scene(**changes) -> Assistance:
    """Six Starlink satellites as dev-sample has them, `changes` in the first one's entry."""
    values = load_assistance(RECORDINGS / "dev-sample.assistance.json").to_dict()
    values["satellites"][0] |= changes
    return parse_assistance(values, "scene.json")


def context(assistance: Assistance, near_s: float = 0.02, **options) -> Context:
    return Context(assistance, near_s, **options)


def directory(assistance: Assistance) -> Directory:
    return Directory.of(assistance)


def on_grid(satellite, slots: int) -> float:
    """System time of the start of a slot at the antenna (15 kHz)."""
    return satellite.sfn0_time_s - satellite.clock_offset_s + slots * 1e-3


def round_trip_rows(assistance: Assistance, seed: int = 0, slots: int = 12) -> list[Measurement]:
    """One `ue_rx_tx` a satellite, at values all over the ranges."""
    rng = random.Random(seed)
    return [Measurement(s.id, kind="ue_rx_tx", t_s=on_grid(s, slots), extra={
        "rx_tx_s": rng.uniform(-985024, 985023) * TC_S, "rx_tx_std_s": rng.uniform(0.05, 900.0) / C_M_S,
        "subframe_offset": rng.randint(0, 542), "dl_timing_drift_us_s": rng.uniform(-26.5, 26.5)})
        for s in assistance.satellites]


def arrivals(
    assistance: Assistance, place, clock_offset_s: float = 3e-5, slot: int = 10
) -> list[Measurement]:
    """Times of arrival at `place`, each satellite's by its own fixed-point iteration of the light time."""
    rows = []
    for s in assistance.satellites:
        sent_s = s.sfn0_time_s + (slot + s.prs.slot_offset) * 1e-3
        toa_s = 5e-3
        for _ in range(10):
            light = received(s.orbit, place, sent_s + toa_s - clock_offset_s)
            toa_s = float(light.delay_s[0]) - s.clock_offset_s + clock_offset_s
        rows.append(Measurement(s.id, t_s=sent_s + toa_s, toa_s=toa_s, toa_std_s=3e-9, rsrp_db=-100.3,
                                doppler_hz=-assistance.carrier.frequency_hz * float(light.rate[0])))
    return rows


def true_place(assistance: Assistance) -> np.ndarray:
    """3.7 km from the prior's centre."""
    return assistance.ue_prior.ecef + OFFSET_M


def with_clock_offsets(assistance: Assistance) -> Assistance:
    """The scene with satellite clocks that are off, and frames that begin off each other's milliseconds."""
    return replace(assistance, satellites=tuple(
        replace(s, clock_offset_s=(i - 2) * 1.7e-6, sfn0_time_s=s.sfn0_time_s + i * 3.3e-4)
        for i, s in enumerate(assistance.satellites)))


def fresh(program: str, text: str = "") -> str:
    """What a new Python process prints that has only pycrate."""
    done = subprocess.run(
        [sys.executable, "-c", program], input=text, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_state_vectors(assistance: Assistance) -> Assistance:
    """The same orbits as state vectors, which predict faster than SGP4."""
    entries = []
    for satellite in assistance.satellites:
        r, v = satellite.orbit.state(0.0)
        ephemeris = {
            "type": "state_vectors",
            "t_s": 0.0,
            "position_ecef_m": list(r[0]),
            "velocity_ecef_m_s": list(v[0]),
        }
        entries.append(satellite.to_dict() | {"ephemeris": ephemeris})
    return parse_assistance(assistance.to_dict() | {"satellites": entries}, assistance.path)
