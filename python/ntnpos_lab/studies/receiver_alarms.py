# SPDX-License-Identifier: GPL-3.0-or-later
"""Receiver study, false alarms: what is found where nobody sends and paths that are not there, over stated.
"""

from __future__ import annotations

from typing import Callable

import numpy as np
from gnuradio import ntnpos

from . import intervals
from .effort import Effort
from .receiver_kernels import Window, bank, receive
from .receiver_signals import ZERO, Waveform, received
from .rows import Findings, Requirement, Row
from .work import Part, blocks, generator

GROUP = "False alarms"
WAVEFORM = Waveform(12, 2, 2, periodicity=4)
WINDOW = Window(0.25e-3, 5e-6, 5e-6, 500.0)
FACTOR = 1.5
PATH_SNR_DB = 0.0
"""So weak that noise which passes for a path is within 20 dB of the strongest, where paths are looked for."""
OCCASIONS_A_STREAM = 50
"""Occasions that one receiver is given in a row, so that what it keeps from one to the next is there too."""


def _detector(stated: float) -> ntnpos.first_path:
    return ntnpos.first_path(
        ntnpos.first_path_config(
            subcarriers=12 * WAVEFORM.num_rb,
            scs_hz=WAVEFORM.scs_khz * 1e3,
            profile_points=256,
            false_alarm_probability=stated,
        )
    )


def _noise(rng: np.random.Generator, shape) -> np.ndarray:
    """White noise of unit power, complex64."""
    return (rng.standard_normal((*shape, 2), dtype=np.float32) * np.float32(np.sqrt(0.5))).view(np.complex64)[
        ..., 0
    ]


def first_path_block(seeds: tuple[int, ...], count: int, stated: float) -> int:
    """Profiles of noise in which a path is found."""
    found = _detector(stated)
    noise = _noise(generator(*seeds), (count, 12 * WAVEFORM.num_rb))
    return sum(found.detect_channel(channel).detected for channel in noise)


def extra_path_block(seeds: tuple[int, ...], count: int, stated: float) -> int:
    """Profiles of one path and noise in which more than one is found."""
    found, rng = _detector(stated), generator(*seeds)
    m = 12 * WAVEFORM.num_rb
    noise = _noise(rng, (count, m))
    delays_s = rng.uniform(-0.5, 0.5, count) * WAVEFORM.resolution_s
    k = np.arange(m) - m // 2
    gain = 10.0 ** (0.05 * PATH_SNR_DB)
    paths = gain * np.exp(
        -2j * np.pi * np.outer(delays_s * WAVEFORM.scs_khz * 1e3, k)
        + 2j * np.pi * rng.uniform(size=(count, 1))
    )
    return sum(
        len(found.detect_channel(channel).paths) > 1 for channel in (paths + noise).astype(np.complex64)
    )


def search_block(seeds: tuple[int, ...], count: int, stated: float) -> int:
    """Searches of noise that find something."""
    signal = ntnpos.satellite_signal("0", WAVEFORM.resource(), ZERO)
    search, window = ntnpos.prs_search(WAVEFORM.carrier, signal, stated), WINDOW.kernel()
    rng, found = generator(*seeds), 0
    length = round(0.6e-3 * WAVEFORM.sample_rate_hz)
    anchor = ntnpos.instant(ZERO)
    for _ in range(count):
        noise = ntnpos.white_noise(int(rng.integers(2**63)), 1.0).samples(0, length)
        found += search.search(noise, anchor, [0], window).found
    return found


def receiver_block(seeds: tuple[int, ...], count: int, stated: float) -> int:
    """Empty occasions in which the whole receiver reports something."""
    rng, found, left = generator(*seeds), 0, count
    period = WAVEFORM.periodicity * 1e-3 * WAVEFORM.sample_rate_hz
    while left:
        occasions = min(left, OCCASIONS_A_STREAM)
        left -= occasions
        samples = received(WAVEFORM, [], 0, round(occasions * period), 1.0, rng)
        results = receive(bank(WAVEFORM, {0: WINDOW}, false_alarm_probability=stated), [(0.0, samples)])
        if len(results) != occasions:
            raise RuntimeError(f"{occasions} empty occasions gave {len(results)} reports")
        found += sum(result.found for result in results)
    return found


KINDS: dict[str, tuple[Callable[..., int], tuple[float, ...], int]] = {
    "first_path, profiles of noise": (first_path_block, (1e-3, 1e-2), 2500),
    "first_path, a second path beside one of 0 dB an element": (extra_path_block, (1e-3, 1e-2), 2500),
    "search in delay and Doppler": (search_block, (1e-3, 1e-2), 2500),
    "whole receiver": (receiver_block, (1e-3,), 2500),
}
"""Case -> function, stated probabilities, trials a block."""


def parts(seed: int, effort: Effort) -> list[Part]:
    """One part for each kind and stated probability."""
    total = effort.trials(100_000, 2000)
    found = []
    for i, (case, (function, probabilities, most)) in enumerate(KINDS.items()):
        for j, stated in enumerate(probabilities):
            found.append(
                Part(
                    f"{GROUP}: {case}, stated {stated:g}",
                    blocks(function, (seed, 6, i, j), total, most, stated),
                    lambda counts, case=case, stated=stated: conclude(case, stated, sum(counts), total),
                    total,
                )
            )
    return found


def conclude(case: str, stated: float, count: int, total: int) -> Findings:
    """The row of one kind and stated probability."""
    row = Row(
        f"{case}, stated {stated:g}",
        "false alarms found over stated",
        "1",
        total,
        count / (stated * total),
        bound=1.0,
        interval=intervals.of_rate(count, stated * total),
        requirement=Requirement(1.0 / FACTOR, FACTOR),
        group=GROUP,
        more={"found": count, "stated": stated * total},
    )
    return Findings(
        [row],
        {
            f"alarms {case} {stated:g}": {
                "case": case,
                "stated": stated,
                "ratio": row.ours,
                "low": row.interval[0],
                "high": row.interval[1],
            }
        },
    )
