# SPDX-License-Identifier: GPL-3.0-or-later
"""The position engine's rows of `./ntnpos bench`: many UEs at once beside a loop of single solves, and beside
time."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache

import numpy as np

from ntnpos.network.assistance import Assistance, parse_assistance
from ntnpos.network.measurements import Measurement
from ntnpos.position import rows, solve
from ntnpos.position.layout import Layout
from ntnpos.position.many import solve_many
from ntnpos.position.system import System
from ntnpos.world import light_time
from ntnpos.world.constants import C_M_S
from ntnpos.world.elements import SHIPPED, SHIPPED_TIME, shipped_elements
from ntnpos.world.frames import geodetic_to_ecef
from ntnpos.world.timebase import Epoch
from ntnpos.world.visibility import visible_satellites

from .harness import HIGHER, Comparison, in_turn

UES, SATELLITES = 10_000, 9
LEAST_FIXES_A_SECOND = 10_000.0
PAIRS = 11
_PLACE = (55.7, 13.2, 60.0)
_CLOCK_S = 1e-4


@cache
def sky() -> Assistance:
    """Nine Starlink satellites over Lund, as assistance data."""
    epoch = Epoch.parse(SHIPPED_TIME)
    ue = geodetic_to_ecef(*_PLACE)
    seen = visible_satellites(shipped_elements(SHIPPED[0]), epoch, ue, min_elevation_deg=20.0)[:SATELLITES]
    prs = {
        "sequence_id": 0,
        "comb_size": 4,
        "re_offset": 0,
        "start_symbol": 2,
        "num_symbols": 4,
        "start_prb": 0,
        "num_rb": 24,
        "periodicity_slots": 10,
        "slot_offset": 0,
    }
    satellites = [{"id": s.name, "ephemeris": {"type": "tle", "line1": s.orbit.line1, "line2": s.orbit.line2},
                   "sfn0_time_s": 0.0, "prs": prs} for s in seen]
    return parse_assistance(
        {
            "schema": "ntnpos.assistance/1",
            "epoch_utc": epoch.iso(),
            "satellites": satellites,
            "carrier": {
                "frequency_hz": 2e9,
                "scs_khz": 15,
                "n_rb": 24,
                "cyclic_prefix": "normal",
                "phase_compensation": False,
            },
            "ue_prior": {
                "latitude_deg": _PLACE[0],
                "longitude_deg": _PLACE[1],
                "height_m": _PLACE[2],
                "horizontal_sigma_m": 5e4,
                "height_sigma_m": 100.0,
            },
            "receiver": {"clock_offset_max_s": 1e-3, "frequency_error_max_ppm": 0.5},
        }
    )


def one_ue() -> list[Measurement]:
    """One TOA of each satellite."""
    ue = geodetic_to_ecef(*_PLACE)
    return [
        Measurement(s.id, _CLOCK_S, float(light_time.received(s.orbit, ue, 0.0).delay_s[0]) + _CLOCK_S, 1e-8)
        for s in sky().satellites
    ]


@cache
def many_ues() -> tuple[System, np.ndarray]:
    """As many UEs within 50 km, each with TOAs of its own place and noise of 10 ns, and starts at the
    middle."""
    rng = np.random.default_rng(1)
    system, _ = rows.build(rows.usable(one_ue(), sky()), sky(), toa_model_std_s=0.0)
    ues = geodetic_to_ecef(
        _PLACE[0] + 0.2 * rng.standard_normal(UES), _PLACE[1] + 0.3 * rng.standard_normal(UES), _PLACE[2]
    )
    part = system.part("toa")
    layout = Layout.of(system.layout.t_ref_s, clock=True, sending=False, drift=False)
    truth = np.column_stack([ues, np.full(UES, C_M_S * _CLOCK_S)])
    residual, _ = part.model.evaluate(layout, truth)
    toa = part.model.toa_s + residual + part.model.std * rng.standard_normal(residual.shape)
    starts = np.tile(np.append(geodetic_to_ecef(*_PLACE), 0.0), (UES, 1))
    return System(layout, (replace(part, model=replace(part.model, toa_s=toa)),)), starts


def _many_s() -> float:
    """CPU seconds of one UE's fix among many, covariance included."""
    system, starts = many_ues()
    begin = time.process_time()
    found = solve_many(system, starts)
    found.covariance
    taken = time.process_time() - begin
    if not found.converged.all():
        raise RuntimeError("a UE has no fix")
    return taken / UES


def _single_s(count: int = 10) -> float:
    """CPU seconds of one fix by `solve`, tests and search included."""
    measured, assistance = one_ue(), sky()
    begin = time.process_time()
    for _ in range(count):
        solve(measured, assistance)
    return (time.process_time() - begin) / count


def comparisons() -> list[Comparison]:
    """The rows."""
    return [
        Comparison(
            "fixes of 10 000 UEs at once over single solves",
            26.0,
            HIGHER,
            lambda pairs: in_turn(_many_s, _single_s, pairs),
            PAIRS,
        ),
        Comparison(
            "fixes a second of 10 000 UEs, one core, over 10 000",
            1.0,
            HIGHER,
            lambda pairs: ([_many_s() for _ in range(pairs)], [1.0 / LEAST_FIXES_A_SECOND] * pairs),
            PAIRS,
        ),
    ]
