# SPDX-License-Identifier: GPL-3.0-or-later
"""The study `link`: power over noise of a satellite's PRS, and what beams, interference and the place do to it.

The thesis beside it states 8.1 to 17.1 dB of carrier to noise for 600 km, elevations of 30 to 90 degrees and 19 beams. Its
aperture of 10 wavelengths contradicts its beam width of 4.4127 degrees; the width is taken, margins are off, and carrier
and noise are both in the band of the PRS.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ntnpos.world import environments
from ntnpos.world.antenna import MEETING, TOUCHING, Aperture, BeamPattern
from ntnpos.world.layout import SPHERE_M, FittedLayout
from ntnpos.world.link_budget import LinkBudget, eirp_density_dbw_mhz, slant_range_m

from . import intervals
from .effort import Effort
from .link_picture import draw
from .rows import Findings, Requirement, Row
from .work import Part, blocks, generator

__all__ = ["draw", "parts"]

FREQUENCY_HZ = 2.0e9
BEAM_WIDTH_DEG = 4.4127
LEAST_ELEVATION_DEG = 30.0
PAPER_DB = (8.1, 17.1)
_BIN_DB = 0.5  # of a histogram, from which the thesis's range is read
_BLOCK = 9000  # 1000 receivers of nine satellites
_PERCENTILES = (0.0, 5.0, 50.0, 95.0, 100.0)
_ENVIRONMENT_ELEVATIONS = (10.0, 30.0, 50.0, 70.0, 90.0)


def pattern(spread: float, wavelengths: float | None = None) -> BeamPattern:
    """Nineteen beams of the thesis's width, or of an aperture, on hexagons made for that width."""
    if wavelengths is None:
        return BeamPattern(Aperture.of_beamwidth(BEAM_WIDTH_DEG), 2, spread)
    narrow = Aperture(wavelengths)
    ratio = np.sin(np.radians(0.5 * BEAM_WIDTH_DEG)) / np.sin(np.radians(0.5 * narrow.half_power_deg))
    return BeamPattern(narrow, 2, spread * float(ratio))


def cap_ranges_m(rng: np.random.Generator, count: int, height_m: float) -> np.ndarray:
    """Distances [count] of a satellite from places that are even over all that sees it at 30 degrees or more."""
    radius = SPHERE_M + height_m
    least = np.radians(LEAST_ELEVATION_DEG)
    edge = np.arccos(SPHERE_M / radius * np.cos(least)) - least
    cosine = rng.uniform(np.cos(edge), 1.0, count)
    return np.sqrt(SPHERE_M**2 + radius**2 - 2.0 * SPHERE_M * radius * cosine)


def layout_ranges_m(rng: np.random.Generator, count: int, height_m: float) -> np.ndarray:
    """Distances [count] of the fitted layout's satellites from receivers in its area."""
    layout = FittedLayout(height_m)
    return layout.seen_from(layout.draw(rng, -(-count // 9)))[1].ravel()[:count]


def carrier_to_noise(seeds, count: int, ranges, height_m: float, beams: BeamPattern) -> dict[str, np.ndarray]:
    """C/N and C/(N+I) [count] in dB of receivers anywhere in the satellites' nineteen beams."""
    rng = generator(*seeds)
    distance = ranges(rng, count, height_m)
    _, best, others = beams.interference(beams.draw(rng, count))
    full = LinkBudget(eirp_density_dbw_mhz(height_m)).snr_db(distance, FREQUENCY_HZ)
    noise = 10.0 ** (-0.1 * full)
    return {"cnr_db": full + 10.0 * np.log10(best), "cinr_db": 10.0 * np.log10(best / (noise + others))}


def quantities(case: str, curve: str, results: list[dict[str, np.ndarray]], paper: bool, judged: bool,
               closed_form: tuple[float, float] | None) -> Findings:
    """Percentiles of C/N, beside what the thesis states and what a closed form gives for the ends."""
    cnr, cinr = (np.concatenate([r[name] for r in results]) for name in ("cnr_db", "cinr_db"))
    rows = []
    for share, value in zip(_PERCENTILES, np.percentile(cnr, _PERCENTILES)):
        end = {0.0: 0, 100.0: 1}.get(share)
        name = {0.0: "C/N, least", 50.0: "C/N, median", 100.0: "C/N, most"}.get(share, f"C/N, {share:g} %")
        stated = PAPER_DB[end] if paper and end is not None else None
        rows.append(Row(case, name, "dB", len(cnr), float(value), paper=stated,
                        bound=closed_form[end] if closed_form and end is not None else None, group="Carrier to noise",
                        requirement=Requirement(stated - _BIN_DB, stated + _BIN_DB) if judged and stated else None))
    rows.append(Row(case, "C/(N+I), all beams in one band, median", "dB", len(cinr), float(np.median(cinr)),
                    group="Carrier to noise"))
    edges = np.arange(-6.0, 18.01, 0.5)
    return Findings(rows, {f"cnr {curve}": {
        "case": case, "edges_db": edges, "cnr": np.histogram(cnr, edges, density=True)[0],
        "cinr": np.histogram(cinr, edges, density=True)[0]}})


def ends_db(height_m: float, corner: bool) -> tuple[float, float]:
    """Least and most C/N by hand: 32.45 + 20 lg(GHz) + 20 lg(m) at 30 and 90 degrees; the corner of a cell at 3.01 dB."""
    density = (34.0 if height_m < 900e3 else 40.0) - 60.0 + 203.975 - 7.0
    law = SPHERE_M * np.sin(np.radians(30.0))
    far = np.sqrt(law**2 + height_m**2 + 2.0 * height_m * SPHERE_M) - law
    low, high = (density - 32.45 - 20.0 * np.log10(2.0) - 20.0 * np.log10(d) for d in (far, height_m))
    return float(low - (3.01 if corner else 4.11)), float(high)


def margins(_: list[Any]) -> Findings:
    """The one figure that TR 38.821 has, with its margins: what the thesis quotes as 6.6 dB."""
    budget = LinkBudget(atmospheric_loss_db=0.1, shadow_margin_db=3.0, scintillation_loss_db=2.2)
    value = float(budget.snr_db(slant_range_m(30.0, 600e3), FREQUENCY_HZ))
    return Findings([Row("TR 38.821: 600 km, 30 degrees, all margins on", "C/N", "dB", 1, value, paper=6.6,
                         requirement=Requirement(6.55, 6.65), group="Carrier to noise")])


def situations(seeds, count: int, name: str, elevation: float) -> dict[str, Any]:
    """What was drawn for `count` satellites: with line of sight or not, and C/N."""
    rng = generator(*seeds)
    drawn = [environments.draw(environments.ENVIRONMENTS[name], elevation, rng) for _ in range(count)]
    full = float(LinkBudget().snr_db(slant_range_m(elevation, 600e3), FREQUENCY_HZ))
    return {"los": sum(s.line_of_sight for s in drawn), "n": count,
            "cnr_db": np.array([full - s.shadow_db - s.clutter_db for s in drawn])}


def of_environment(name: str, elevation: float, results: list[dict[str, Any]]) -> Findings:
    """Share of lines of sight beside the table's, median C/N."""
    los, n = sum(r["los"] for r in results), sum(r["n"] for r in results)
    cnr = np.concatenate([r["cnr_db"] for r in results])
    stated = environments.ENVIRONMENTS[name].los_probability[int(environments.column(elevation))]
    low, high = intervals.of_share(los, n)
    half = 3.3 * np.sqrt(stated * (1.0 - stated) / n)  # 0.1 % of a binomial share are farther off
    case = f"{name}, {elevation:g} degrees"
    return Findings([
        Row(case, "share with line of sight", "1", n, los / n, paper=stated, interval=(low, high),
            requirement=Requirement(stated - half, stated + half), group="Environments"),
        Row(case, "C/N at 600 km, median", "dB", n, float(np.median(cnr)), group="Environments")],
        {f"place {name} {elevation:g}": {"name": name, "elevation_deg": elevation, "los": los / n, "los_low": low, "los_high": high,
                                         "cnr_db": np.percentile(cnr, [5.0, 50.0, 95.0])}})


def parts(seed: int, effort: Effort) -> list[Part]:
    """All parts, in the order of the table."""
    trials = effort.trials(90_000, 9000)
    cases = [
        ("600 km, 30 to 90 degrees, cells touch at 3 dB", "touching", cap_ranges_m, 600e3, pattern(TOUCHING), True, True,
         ends_db(600e3, False)),
        ("600 km, 30 to 90 degrees, cells meet at 3 dB", "meeting", cap_ranges_m, 600e3, pattern(MEETING), True, False,
         ends_db(600e3, True)),
        ("1200 km, 30 to 90 degrees, cells touch at 3 dB", "high", cap_ranges_m, 1200e3, pattern(TOUCHING), False, False,
         ends_db(1200e3, False)),
        ("600 km, fitted layout, cells touch at 3 dB", "layout", layout_ranges_m, 600e3, pattern(TOUCHING), True, False, None),
        ("600 km, an aperture of 10 wavelengths in those cells", "narrow", cap_ranges_m, 600e3, pattern(TOUCHING, 10.0),
         True, False, None)]
    found = [Part(case, blocks(carrier_to_noise, (seed, 30, i), trials, _BLOCK, ranges, height, beams),
                  partial(quantities, case, curve, paper=paper, judged=judged, closed_form=ends), trials)
             for i, (case, curve, ranges, height, beams, paper, judged, ends) in enumerate(cases)]
    found.append(Part("link budget of TR 38.821", [], margins, 1))
    draws = effort.trials(5000, 1000)
    for i, name in enumerate(environments.ENVIRONMENTS):
        for j, elevation in enumerate(_ENVIRONMENT_ELEVATIONS):
            found.append(Part(f"{name}, {elevation:g} degrees", blocks(situations, (seed, 31, i, j), draws, 2500, name, elevation),
                              partial(of_environment, name, elevation), draws))
    return found
