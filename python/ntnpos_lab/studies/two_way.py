# SPDX-License-Identifier: GPL-3.0-or-later
"""The study `two-way`: round trips over a transparent payload, on samples through the flowgraph of both directions.

Each trial is one occasion: UE and gNB report, the location server pairs them and takes common TA out. The bound is that of
both times of arrival together.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ntnpos import plots
from ntnpos.network.resources import Carrier, PrsResource
from ntnpos.network.sites import CommonTaSeries
from ntnpos.network.two_way import round_trip
from ntnpos.position.timing import toa_bound_s
from ntnpos.world.constants import EARTH_RADIUS_M, EARTH_RATE_RAD_S, MU_M3_S2
from ntnpos.world.hops import hop
from ntnpos.world.orbits import StateVectorOrbit

from ..two_way import TwoWay, UeClock
from ..two_way_flow import TwoWayFlow
from ..two_way_stretch import Stretch
from . import intervals
from .effort import Effort
from .rows import Findings, Requirement, Row
from .work import Part, blocks, generator

__all__ = ["draw", "parts"]

T0_S = 100.0
SNR_DB = 10.0
HEIGHTS_M = (600e3, 1200e3)
ELEVATIONS_DEG = (10.0, 90.0)
CRYSTALS_PPM = (-5.0, 5.0)
PERIOD_SLOTS = 10
BLOCK = 50           # occasions of one stretch: 0.5 s
MOST_OVER_BOUND = 1.05
MOST_BIAS_S = 0.2e-9
GROUP = "Round trips"


def _place(away_deg: float, along_deg: float, height_m: float = 0.0) -> np.ndarray:
    a, b = np.radians([away_deg, along_deg])
    return (EARTH_RADIUS_M + height_m) * np.array([np.cos(a) * np.cos(b), np.sin(a) * np.cos(b), np.sin(b)])


def link_of(height_m: float, elevation_deg: float, crystal_ppm: float, seed: int) -> TwoWay:
    """A satellite over the equator at T0_S, heading north-east, and a UE that sees it at that elevation."""
    radius = EARTH_RADIUS_M + height_m
    speed = math.sqrt(MU_M3_S2 / radius)
    slope = math.radians(53.0)
    velocity = np.array([0.0, speed * math.cos(slope) - EARTH_RATE_RAD_S * radius, speed * math.sin(slope)])
    e = math.radians(elevation_deg)
    away = math.degrees(math.acos(EARTH_RADIUS_M * math.cos(e) / radius) - e)
    ue = _place(away, 0.0)
    rng = generator(seed, 40)
    return TwoWay("S", StateVectorOrbit(T0_S, np.array([radius, 0.0, 0.0]), velocity), _place(-4.0, 2.0, 100.0), ue,
                  ue + rng.normal(0.0, 2e3, 3), Carrier(2.0e9, 15, 24), 7.68e6,
                  PrsResource(sequence_id=77, comb_size=4, re_offset=0, start_symbol=2, num_symbols=4, num_rb=24,
                              periodicity_slots=PERIOD_SLOTS, slot_offset=0), srs_periodicity_slots=PERIOD_SLOTS,
                  clock=UeClock(float(rng.uniform(-3e-5, 3e-5)), crystal_ppm, T0_S), snr_dl_db=SNR_DB, snr_ul_db=SNR_DB,
                  timing_error_s=float(rng.uniform(-3e-7, 3e-7)), seed=seed)


def bound_s(link: TwoWay) -> float:
    """Least standard deviation of a round trip."""
    return math.hypot(*(toa_bound_s(snr, link.carrier, link.prs) for snr in (link.snr_dl_db, link.snr_ul_db)))


def block(seeds, count: int, height_m: float, elevation_deg: float, crystal_ppm: float) -> dict[str, Any]:
    """Errors and stated deviations of `count` round trips in one stretch."""
    link = link_of(height_m, elevation_deg, crystal_ppm, int(generator(*seeds).integers(2**31)))
    first = round(T0_S / link.slot_s)
    flow = TwoWayFlow(Stretch(link, first, PERIOD_SLOTS * count - PERIOD_SLOTS // 2))
    flow.run()
    reports = flow.measurements()
    ends = [[m for m in reports if m.kind == kind and m.status == "ok"] for kind in ("ue_rx_tx", "gnb_rx_tx")]
    ta = CommonTaSeries(tuple(link.common_ta(T0_S + k) for k in range(3)))
    errors, stds = [], []
    answers = {round(m.t_s / link.slot_s): m for m in ends[1]}
    shift = flow.stretch.ul_first - first
    for ue in ends[0]:
        gnb = answers.get(round(ue.t_s / link.slot_s) + shift)
        if gnb is None:
            continue
        found = round_trip(ue, gnb, ta).extra
        true = sum(float(hop(link.orbit.state(found[t])[0], link.ue_ecef_m, up).delay_s[0])
                   for t, up in (("t_tx_s", False), ("t_rx_s", True)))
        errors.append(found["rtt_s"] - true)
        stds.append(found["rtt_std_s"])
    return {"errors": np.array(errors), "stds": np.array(stds), "wanted": count}


def of_case(case: str, curve: str, link: TwoWay, results: list[dict[str, Any]]) -> Findings:
    """Deviation, bias and normalised squared error."""
    errors, stds = (np.concatenate([r[name] for r in results]) for name in ("errors", "stds"))
    n, least = len(errors), bound_s(link)
    deviation = float(np.std(errors))
    squared = float(np.mean((errors / stds) ** 2))
    low, high = intervals.of_deviation(deviation, n)
    missed = sum(r["wanted"] for r in results) - n
    rows = [
        Row(case, "round trip, standard deviation", "ns", n, 1e9 * deviation, bound=1e9 * least, interval=(1e9 * low, 1e9 * high),
            requirement=Requirement(high=1e9 * least * MOST_OVER_BOUND), group=GROUP,
            more={"over_bound": deviation / least, "missed": missed}),
        Row(case, "round trip, mean error", "ns", n, 1e9 * float(np.mean(errors)), bound=0.0,
            interval=intervals.of_mean(1e9 * errors), requirement=Requirement(-1e9 * MOST_BIAS_S, 1e9 * MOST_BIAS_S), group=GROUP),
        Row(case, "normalised squared error", "1", n, squared, bound=1.0, interval=intervals.of_mean_square(squared, n),
            requirement=Requirement(0.9, 1.1), group=GROUP)]
    return Findings(rows, {curve: {"case": case, "errors_ns": 1e9 * errors[:2000], "bound_ns": 1e9 * least}})


def parts(seed: int, effort: Effort) -> list[Part]:
    """One part for each height, elevation and crystal."""
    trials = effort.trials(1000, 50)
    found = []
    cases = [(h, e, c) for h in HEIGHTS_M for e in ELEVATIONS_DEG for c in CRYSTALS_PPM]
    for index, (height_m, elevation_deg, crystal_ppm) in enumerate(cases):
        case = f"{height_m / 1e3:g} km, {elevation_deg:g} degrees, crystal {crystal_ppm:+g} ppm"
        found.append(Part(case, blocks(block, (seed, 41, index), trials, BLOCK, height_m, elevation_deg, crystal_ppm),
                          partial(of_case, case, f"case {index}", link_of(height_m, elevation_deg, crystal_ppm, seed)), trials))
    return found


def draw(path: Path, findings: Findings, subtitle: str) -> None:
    """Distributions of the errors beside the bound. Writes a PNG."""
    curves = [c for c in findings.curves.values() if len(c["errors_ns"])]
    figure, all_axes = plots.plt.subplots(2, 4, figsize=(14, 6.4), sharex=True, sharey=True, layout="constrained")
    for axes, curve in zip(all_axes.flat, curves):
        errors, sigma = np.asarray(curve["errors_ns"]), curve["bound_ns"]
        edges = np.linspace(-4.0 * sigma, 4.0 * sigma, 33)
        axes.hist(errors, edges, density=True, color=plots.BLUE, alpha=0.6, label="errors")
        x = np.linspace(edges[0], edges[-1], 200)
        axes.plot(x, np.exp(-0.5 * (x / sigma) ** 2) / (sigma * math.sqrt(2.0 * math.pi)), color=plots.RED, ls="--",
                  label="bound")
        axes.set_title(f"{curve['case']}\nσ {np.std(errors):.3f} ns, bound {sigma:.3f} ns", fontsize=9)
        axes.grid(color="#dddddd", lw=0.6)
    all_axes[0, 0].legend(fontsize=8)
    figure.supxlabel("round trip less the geometry's (ns)")
    figure.suptitle(f"Round trips on samples, {SNR_DB:g} dB both ways, 24 RB, comb 4, four symbols: {subtitle}", fontsize=12)
    figure.savefig(path, dpi=100)
    plots.plt.close(figure)
