# SPDX-License-Identifier: GPL-3.0-or-later
"""Receiver study, gaps: samples left out of a stream, 1 to 10^6 of them, in and beside the occasions."""

from __future__ import annotations

import numpy as np
from gnuradio import ntnpos

from ntnpos.world.constants import C_M_S

from .effort import Effort
from .receiver_kernels import Result, Window, bank, receive
from .receiver_signals import Emitter, Path, Waveform, phase, received
from .receiver_summary import Errors, nees_row
from .rows import Findings, Requirement, Row
from .work import Part, blocks, generator

GROUP = "Gaps of 1 to 10^6 samples, 24 RB, 10 dB an element"
WAVEFORM = Waveform(24, 4, 4, periodicity=4)
SNR_DB = 10.0
PERIODS = 3
"""Of the PRS before the gap, and after it."""
MOST_SAMPLES = 1e6
BIASED = 6.0
"""Stated deviations beyond which a result counts as biased: 2e-9 of Gaussian errors are."""
COLUMNS = ("gap_samples", "cuts", "recovery_periods", "skipped")


def block(seeds: tuple[int, ...], count: int) -> tuple[np.ndarray, Errors, np.ndarray]:
    """`COLUMNS` [trials, 4]; errors of all results; for each result, the trial's gap in samples."""
    rng = generator(*seeds)
    table, errors, stds, gaps = [], [], [], []
    for _ in range(count):
        gap, first_end, path, results = one_gap(rng)
        second_start = first_end + gap
        begins = occasion_starts(
            path, (second_start / WAVEFORM.sample_rate_hz + PERIODS * WAVEFORM.periodicity * 1e-3)
        )
        length_s = prs_length_s()
        start_s, end_s = first_end / WAVEFORM.sample_rate_hz, second_start / WAVEFORM.sample_rate_hz
        cut = any(begin < end_s and begin + length_s > start_s for begin in begins)
        # The first PRS that lies wholly after the gap is to be found.
        found = [begin_of(r) for r in results if r.found and begin_of(r) >= end_s - 1e-6]
        whole = [begin for begin in begins if begin >= end_s]
        recovery = (found[0] - end_s) / (WAVEFORM.periodicity * 1e-3) if found else np.nan
        skipped = sum(begin < found[0] - 1e-6 for begin in whole) if found else len(whole)
        table.append((gap, cut, recovery, skipped))
        for r in results:
            if r.found:
                errors.append(r.toa_s - path.toa_s(r.arrival_s))
                stds.append(r.toa_std_s)
                gaps.append(gap)
    return np.array(table, float), Errors(np.array(errors), np.array(stds)), np.array(gaps)


def one_gap(rng: np.random.Generator) -> tuple[int, int, Path, list[Result]]:
    """A stream with a gap: its length, the sample at which it begins, the path, what the receiver reports."""
    rate_hz = WAVEFORM.sample_rate_hz
    path = Path(rng.uniform(0.2e-3, 0.3e-3), rng.uniform(-24e-6, 24e-6), phase(rng))
    window = Window(path.delay_s + rng.uniform(-2e-6, 2e-6), path.rate + rng.uniform(-1e-8, 1e-8))
    gap = int(np.clip(round(10.0 ** rng.uniform(-0.2, np.log10(MOST_SAMPLES) + 0.2)), 1, MOST_SAMPLES))
    period = WAVEFORM.periodicity * 1e-3 * rate_hz
    first_end = round(PERIODS * period + rng.uniform(0.0, period))
    if rng.uniform() < 0.5:
        # In the next occasion: where gaps hurt, and where chance alone seldom puts one.
        begin = (path.delay_s + first_symbol_s()) * rate_hz + round(first_end / period) * period
        first_end = round(begin + rng.uniform(-0.1, 1.1) * prs_length_s() * rate_hz)
    second = first_end + gap
    noise = WAVEFORM.noise_power(SNR_DB)
    emitters = [Emitter(0, [path])]
    segments = [
        (0.0, received(WAVEFORM, emitters, 0, first_end, noise, rng)),
        (second / rate_hz, received(WAVEFORM, emitters, second, round(PERIODS * period), noise, rng)),
    ]
    return gap, first_end, path, receive(bank(WAVEFORM, {0: window}), segments)


def first_symbol_s() -> float:
    """From the start of a slot to the PRS's first cyclic prefix, s."""
    return (
        ntnpos.symbol_offset_samples(WAVEFORM.carrier, 0, WAVEFORM.resource().start_symbol)
        / WAVEFORM.sample_rate_hz
    )


def prs_length_s() -> float:
    """From there to the end of its last symbol, s."""
    resource = WAVEFORM.resource()
    end = ntnpos.symbol_offset_samples(WAVEFORM.carrier, 0, resource.start_symbol + resource.num_symbols)
    return end / WAVEFORM.sample_rate_hz - first_symbol_s()


def begin_of(result: Result) -> float:
    """When the first prefix of a result's PRS arrived, s."""
    return result.arrival_s + first_symbol_s()


def occasion_starts(path: Path, until_s: float) -> list[float]:
    """When the first prefix of every PRS arrives that is over before `until_s`, s."""
    found, slot = [], 0
    while True:
        sent_s = slot * 1e-3 + first_symbol_s()
        begin = (sent_s + path.delay_s) / (1.0 - path.rate)
        if begin + prs_length_s() > until_s:
            return found
        found.append(begin)
        slot += WAVEFORM.periodicity


def conclude(results: list[tuple[np.ndarray, Errors, np.ndarray]]) -> Findings:
    """Rows of all gaps."""
    table = np.concatenate([r[0] for r in results])
    errors, gaps = Errors.of([r[1] for r in results]), np.concatenate([r[2] for r in results])
    n, scaled = len(table), errors.error_s / errors.std_s
    cut = int(np.count_nonzero(table[:, 1]))
    recovery = table[:, 2]
    case = f"one gap a stream, {cut} of {n} in an occasion"
    rows = [
        Row(
            case,
            f"results off by more than {BIASED:.0f} stated deviations",
            "",
            len(scaled),
            float(np.count_nonzero(np.abs(scaled) > BIASED)),
            bound=0.0,
            requirement=Requirement(high=0.0),
            group=GROUP,
            more={"largest_error_m": float(np.max(np.abs(errors.error_s), initial=0.0)) * C_M_S},
        ),
        Row(
            case,
            "longest time from the gap's end to a result",
            "PRS periods",
            n,
            float(np.max(recovery)),
            bound=1.0,
            requirement=Requirement(high=1.0),
            group=GROUP,
        ),
        Row(
            case,
            "whole occasions after the gap that were not found at once",
            "",
            n,
            float(np.sum(table[:, 3])),
            bound=0.0,
            requirement=Requirement(high=0.0),
            group=GROUP,
        ),
        nees_row(GROUP, case, errors),
    ]
    return Findings(
        rows, {"gaps": {"gap": gaps, "scaled": scaled, "trial_gap": table[:, 0], "recovery": recovery}}
    )


def parts(seed: int, effort: Effort) -> list[Part]:
    """One part."""
    total = effort.trials(600, 24)
    return [Part(GROUP, blocks(block, (seed, 7), total, 40), conclude, total)]
