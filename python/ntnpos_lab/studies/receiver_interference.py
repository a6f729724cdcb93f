# SPDX-License-Identifier: GPL-3.0-or-later
"""Receiver study, interference: nine satellites in the same symbols of the same slot, with unequal delays."""

from __future__ import annotations

import numpy as np

from .effort import Effort
from .receiver_bounds import toa_bound_s
from .receiver_kernels import Window, bank, receive
from .receiver_signals import Emitter, Path, Waveform, phase, received
from .receiver_summary import Errors, bias_row, deviation_row, far_row, missed_row, nees_row
from .rows import Findings
from .work import Part, blocks, generator

GROUP = "Nine satellites in one slot, 24 RB, comb 4, 10 dB an element"
SATELLITES = 9
WAVEFORM = Waveform(24, 4, 4)
SNR_DB = 10.0
SPREAD_S = 100e-6
"""Delays are uniform over so much: more than a symbol, so that no comb keeps two satellites apart."""
STRONGER_DB = 10.0
MOST_EQUAL, MOST_WITH_STRONGER = 1.15, 1.3


def block(seeds: tuple[int, ...], count: int, stronger_db: float) -> tuple[Errors, Errors]:
    """Errors of satellite 0, which is so much stronger, and of the others."""
    rng = generator(*seeds)
    errors: tuple[list[float], list[float]] = ([], [])
    stds: tuple[list[float], list[float]] = ([], [])
    missed = [0, 0]
    for _ in range(count):
        emitters, windows = [], {}
        for index in range(SATELLITES):
            delay_s, rate = 0.2e-3 + rng.uniform(0.0, SPREAD_S), rng.uniform(-24e-6, 24e-6)
            gain = phase(rng) * (10.0 ** (0.05 * stronger_db) if index == 0 else 1.0)
            emitters.append(Emitter(index, [Path(delay_s, rate, gain)]))
            windows[index] = Window(delay_s + rng.uniform(-2e-6, 2e-6), rate + rng.uniform(-1.5e-7, 1.5e-7))
        samples = received(
            WAVEFORM, emitters, 0, round(1.4e-3 * WAVEFORM.sample_rate_hz), WAVEFORM.noise_power(SNR_DB), rng
        )
        heard = set()
        for result in receive(bank(WAVEFORM, windows), [(0.0, samples)]):
            if result.found:
                heard.add(result.satellite)
                other = min(result.satellite, 1)
                truth_s = emitters[result.satellite].paths[0].toa_s(result.arrival_s)
                errors[other].append(result.toa_s - truth_s)
                stds[other].append(result.toa_std_s)
        for index in set(range(SATELLITES)) - heard:
            missed[min(index, 1)] += 1
    return tuple(Errors(np.array(errors[i]), np.array(stds[i]), missed[i]) for i in (0, 1))


def parts(seed: int, effort: Effort) -> list[Part]:
    """Nine equal ones; and one of them stronger."""
    scenes = effort.trials(400, 8)
    bound_s = toa_bound_s(WAVEFORM.carrier, WAVEFORM.resource(), SNR_DB)
    strong_s = toa_bound_s(WAVEFORM.carrier, WAVEFORM.resource(), SNR_DB + STRONGER_DB)

    def all_rows(case: str, errors: Errors, bound: float, most: float | None) -> list:
        return [
            deviation_row(GROUP, case, errors, bound, most),
            bias_row(GROUP, case, errors, None),
            nees_row(GROUP, case, errors),
            missed_row(GROUP, case, errors),
            far_row(GROUP, case, errors),
        ]

    def conclude_equal(results: list[tuple[Errors, Errors]]) -> Findings:
        errors = Errors.of([e for pair in results for e in pair])
        rows = all_rows("nine equal", errors, bound_s, MOST_EQUAL)
        return Findings(rows, {"nine equal": _bar("9 equal satellites", rows[0])})

    def conclude_stronger(results: list[tuple[Errors, Errors]]) -> Findings:
        strong, others = (Errors.of([pair[i] for pair in results]) for i in (0, 1))
        rows = all_rows("one 10 dB stronger: the other eight", others, bound_s, MOST_WITH_STRONGER)
        rows.append(deviation_row(GROUP, "one 10 dB stronger: itself", strong, strong_s, None))
        rows.append(nees_row(GROUP, "one 10 dB stronger: itself", strong))
        return Findings(rows, {"nine stronger": _bar("8 beside one 10 dB stronger", rows[0])})

    return [
        Part(f"{GROUP}: equal", blocks(block, (seed, 3, 0), scenes, 50, 0.0), conclude_equal, scenes),
        Part(
            f"{GROUP}: one stronger",
            blocks(block, (seed, 3, 1), scenes, 50, STRONGER_DB),
            conclude_stronger,
            scenes,
        ),
    ]


def _bar(name: str, row) -> dict:
    """What the picture shows of a deviation row."""
    return {
        "case": name,
        "ratio": row.ours / row.bound,
        "low": row.interval[0] / row.bound,
        "high": row.interval[1] / row.bound,
        "most": row.more["required_over_bound"],
    }
