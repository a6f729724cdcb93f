# SPDX-License-Identifier: GPL-3.0-or-later
"""Receiver study, multipath: a second path 3 dB stronger, a fraction of the resolution later."""

from __future__ import annotations

import numpy as np

from ntnpos.world.constants import C_M_S

from . import intervals
from .effort import Effort
from .receiver_kernels import Window, acquire, crossing_toa_s, strongest_toa_s
from .receiver_signals import Emitter, Path, Waveform, phase, received
from .receiver_summary import Errors, nees_row
from .rows import Findings, Requirement, Row
from .work import Part, blocks, generator

WAVEFORM = Waveform(24, 4, 4)
SECOND_DB = 3.0
EXCESS_S = (150e-9, 400e-9)
EDGES_S = (150e-9, 200e-9, 250e-9, 300e-9, 350e-9, 400e-9)
PLAIN_RATE_HZ = 61.44e6
LEAST_FOUND = 0.95
FOUND_WITHIN = 0.25
"""The first path is found where the error is below this part of the excess delay; the bias is held to the
same.
"""
SNR_DB = {"10 dB in the band": 10.0 + 10.0 * np.log10(WAVEFORM.comb_size), "10 dB an element": 10.0}
"""SNR of the first path. In the band: signal over noise while it sends; an element has 6 dB more (comb 4)."""

COLUMNS = ("excess_s", "error_s", "std_s", "strongest_s", "crossing_s")


def block(seeds: tuple[int, ...], count: int, snr_db: float) -> np.ndarray:
    """`COLUMNS` [trials, 5] of every trial; nan where nothing was found."""
    rng = generator(*seeds)
    table = np.full((count, len(COLUMNS)), np.nan)
    for line in table:
        delay_s, rate, excess_s = (
            rng.uniform(0.2e-3, 0.3e-3),
            rng.uniform(-24e-6, 24e-6),
            rng.uniform(*EXCESS_S),
        )
        paths = [
            Path(delay_s, rate, phase(rng)),
            Path(delay_s + excess_s, rate, phase(rng) * 10.0 ** (0.05 * SECOND_DB)),
        ]
        window = Window(delay_s + rng.uniform(-2e-6, 2e-6), rate + rng.uniform(-1.5e-7, 1.5e-7))
        samples = received(
            WAVEFORM,
            [Emitter(0, paths)],
            0,
            round(1.4e-3 * WAVEFORM.sample_rate_hz),
            WAVEFORM.noise_power(snr_db),
            rng,
        )
        result = acquire(WAVEFORM, window, samples)
        line[0] = excess_s
        if result.found:
            truth_s = paths[0].toa_s(result.arrival_s)
            line[1:] = (
                result.toa_s - truth_s,
                result.toa_std_s,
                strongest_toa_s(result, WAVEFORM) - truth_s,
                crossing_toa_s(result, WAVEFORM, PLAIN_RATE_HZ) - truth_s,
            )
    return table


def found_row(
    group: str,
    case: str,
    table: np.ndarray,
    column: int = 1,
    required: bool = True,
    quantity: str = "first path found",
) -> Row:
    """Share of answers within the stated part of the excess, beside that of the strongest peak."""

    def hits(which: int) -> int:
        return int(np.count_nonzero(np.abs(table[:, which]) < FOUND_WITHIN * table[:, 0]))

    n = len(table)
    return Row(
        case,
        quantity,
        "1",
        n,
        hits(column) / n if n else np.nan,
        thesis_like=hits(3) / n if n else np.nan,
        bound=1.0,
        interval=intervals.of_share(hits(column), n),
        requirement=Requirement(low=LEAST_FOUND) if required else None,
        group=group,
        more={"crossing_share": hits(4) / n if n else None},
    )


def conclude(name: str, tables: list[np.ndarray]) -> Findings:
    """Rows of one SNR: all excess delays, and each fifth of them."""
    group = f"Two paths, the second 3 dB stronger, 24 RB, {name}"
    table = np.concatenate(tables)
    heard = table[np.isfinite(table[:, 1])]
    rows = [found_row(group, "150 to 400 ns later", table)]
    # The later the second path, the later an error may be: the bias is taken in parts of the excess.
    share = heard[:, 1] / heard[:, 0]
    rows.append(
        Row(
            "150 to 400 ns later",
            "bias over excess delay",
            "1",
            len(heard),
            float(np.mean(share)),
            thesis_like=float(np.mean(heard[:, 3] / heard[:, 0])),
            bound=0.0,
            interval=intervals.of_mean(share),
            requirement=Requirement(-FOUND_WITHIN, FOUND_WITHIN),
            group=group,
        )
    )
    rows.append(
        Row(
            "150 to 400 ns later",
            "median |error|",
            "m",
            len(heard),
            float(np.median(np.abs(heard[:, 1]))) * C_M_S,
            thesis_like=float(np.median(np.abs(heard[:, 3]))) * C_M_S,
            group=group,
        )
    )
    rows.append(
        nees_row(
            group,
            "150 to 400 ns later",
            Errors(heard[:, 1], heard[:, 2], len(table) - len(heard), alike=False),
        )
    )
    rows.append(
        Row(
            "150 to 400 ns later",
            "results off by more than 8 stated deviations, share",
            "1",
            len(heard),
            float(np.mean(np.abs(heard[:, 1]) >= 8.0 * heard[:, 2])),
            group=group,
        )
    )
    rows.append(
        Row(
            "150 to 400 ns later",
            "within a quarter: crossing of 0.6, its bias taken out",
            "1",
            len(heard),
            float(np.mean(np.abs(heard[:, 4] - np.median(heard[:, 4])) < FOUND_WITHIN * heard[:, 0])),
            group=group,
        )
    )
    bins = []
    for low, high in zip(EDGES_S, EDGES_S[1:]):
        part = table[(table[:, 0] >= low) & (table[:, 0] < high)]
        rows.append(found_row(group, f"{low * 1e9:.0f} to {high * 1e9:.0f} ns later", part))
        bins.append([low, high, rows[-1].ours, *rows[-1].interval, rows[-1].thesis_like])
    curves = {
        "name": name,
        "bins": bins,
        "ours": heard[:, 1] / heard[:, 0],
        "strongest": heard[:, 3] / heard[:, 0],
    }
    return Findings(rows, {f"paths {name}": curves})


def parts(seed: int, effort: Effort) -> list[Part]:
    """One part for each meaning of 10 dB."""
    total = effort.trials(2000, 80)
    found = []
    for number, (name, snr_db) in enumerate(SNR_DB.items()):
        found.append(
            Part(
                f"Two paths, {name}",
                blocks(block, (seed, 4, number), total, 125, float(snr_db)),
                lambda tables, name=name: conclude(name, tables),
                total,
            )
        )
    return found
