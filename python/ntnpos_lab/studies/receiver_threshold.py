# SPDX-License-Identifier: GPL-3.0-or-later
"""Receiver study, threshold region: rms error and misses against SNR, beside bounds and detection theory.

The Ziv-Zakai bound is for an estimator that always answers. Two such are shown: ours, with the window's
middle where it finds nothing; and a matched filter that is given the Doppler and takes the strongest cell.
"""

from __future__ import annotations

import numpy as np

from ntnpos.world.constants import C_M_S

from . import intervals
from .effort import Effort
from .receiver_bounds import detection_threshold, energy_ratio, miss_probability, toa_bound_s, ziv_zakai_s
from .receiver_kernels import FALSE_ALARM, matched_toa_s
from .receiver_noise import ROWS, trial
from .rows import Findings, Row
from .work import Part, blocks, generator

GROUP = "Threshold region, 2.16 MHz, 2 symbols"
WAVEFORM = ROWS[0][1]
WINDOW_S = 4e-6
SNR_DB = [-24.0, -20.0, -17.0, *np.arange(-15.0, -3.5, 1.0), -2.0, 0.0, 3.0, 6.0, 9.0, 12.0, 16.0, 20.0]
TABLED_SNR_DB = (-20.0, -12.0, -10.0, -8.0, -6.0, 0.0, 12.0, 20.0)
BLOCK = 250


def block(seeds: tuple[int, ...], count: int, snr_db: float) -> dict[str, np.ndarray]:
    """Errors [count] of both, and whether ours found something."""
    rng = generator(*seeds)
    answer, matched, found = np.empty(count), np.empty(count), np.zeros(count, bool)
    for i in range(count):
        path, window, samples, result = trial(WAVEFORM, WAVEFORM.noise_power(snr_db), rng, 0.5 * WINDOW_S)
        found[i] = result.found
        middle_error_s = window.delay_s - path.delay_s
        answer[i] = result.toa_s - path.toa_s(result.arrival_s) if result.found else middle_error_s
        matched[i] = matched_toa_s(samples, WAVEFORM, path.rate, window.delay_s, 0.5 * WINDOW_S)
        # What begins at 0 arrives at delay / (1 - rate); the correlation's weight is in the symbols' middle.
        matched[i] -= path.toa_s(path.delay_s + 2e-3 / 14.0)
    return {"answer": answer, "matched": matched, "found": found}


def parts(seed: int, effort: Effort) -> list[Part]:
    """One part: all SNR."""
    total = effort.trials(1000, 40)
    work = []
    for number, snr_db in enumerate(SNR_DB):
        work += blocks(block, (seed, 2, number), total, BLOCK, float(snr_db))
    per_point = len(work) // len(SNR_DB)

    def conclude(results: list[dict[str, np.ndarray]]) -> Findings:
        points = [results[i : i + per_point] for i in range(0, len(results), per_point)]
        return findings([{name: np.concatenate([r[name] for r in p]) for name in p[0]} for p in points])

    return [Part(GROUP, work, conclude, total * len(SNR_DB))]


def rms_m(values: np.ndarray) -> float:
    """Root mean square in m of values in s; nan of none."""
    return float(np.sqrt(np.mean(values**2))) * C_M_S if len(values) else np.nan


def findings(points: list[dict[str, np.ndarray]]) -> Findings:
    """Rows and curves from the results of every SNR."""
    carrier, resource = WAVEFORM.carrier, WAVEFORM.resource()
    subcarriers, scs_hz = 12 * WAVEFORM.num_rb, WAVEFORM.scs_khz * 1e3
    threshold = detection_threshold(subcarriers, FALSE_ALARM)

    def zakai_m(energy: float) -> float:
        return ziv_zakai_s(subcarriers, scs_hz, energy, WINDOW_S) * C_M_S

    names = "snr_db rms_m rms_low_m rms_high_m found_rms_m matched_rms_m miss miss_low miss_high".split()
    rows, curves = [], {name: [] for name in names}
    for snr_db, point in zip(SNR_DB, points):
        found, n = point["found"], len(point["found"])
        missed = int(np.count_nonzero(~found))
        interval = tuple(end * C_M_S for end in intervals.of_rms(point["answer"]))
        share = intervals.of_share(missed, n)
        ours_m, matched_m = rms_m(point["answer"]), rms_m(point["matched"])
        found_m = rms_m(point["answer"][found])
        values = (snr_db, ours_m, *interval, found_m, matched_m, missed / n, *share)
        for name, value in zip(names, values):
            curves[name].append(value)
        if snr_db not in TABLED_SNR_DB:
            continue
        energy, case = energy_ratio(resource, snr_db), f"{snr_db:+.0f} dB an element"
        about = {"cramer_rao_m": toa_bound_s(carrier, resource, snr_db) * C_M_S, "rms_of_found_m": found_m}
        rows.append(
            Row(
                case,
                "rms error; a miss is answered by the window's middle (thesis-like: matched filter)",
                "m",
                n,
                ours_m,
                thesis_like=matched_m,
                bound=zakai_m(energy),
                interval=interval,
                group=GROUP,
                more=about,
            )
        )
        theory = float(miss_probability([energy], threshold, subcarriers)[0])
        rows.append(
            Row(case, "probability of a miss", "1", n, missed / n, bound=theory, interval=share, group=GROUP)
        )
    fine = np.linspace(SNR_DB[0], SNR_DB[-1], 120)
    energies = [energy_ratio(resource, snr_db) for snr_db in fine]
    theory = miss_probability(energies, threshold, subcarriers)
    curves |= {
        "bound_snr_db": fine,
        "miss_theory": theory,
        "ziv_zakai_m": [zakai_m(energy) for energy in energies],
        "cramer_rao_m": [toa_bound_s(carrier, resource, snr_db) * C_M_S for snr_db in fine],
        "prior_m": WINDOW_S / np.sqrt(12.0) * C_M_S,
    }
    trials = sum(len(point["found"]) for point in points)
    ours_db, theory_db = _passes(curves["snr_db"], curves["miss"], 0.1), _passes(fine, theory, 0.1)
    rows.append(
        Row(
            "all", "SNR of an element for 10 % of misses", "dB", trials, ours_db, bound=theory_db, group=GROUP
        )
    )
    return Findings(rows, {"curve": curves})


def _passes(x, falling, level: float) -> float:
    """Where a falling curve first goes through a level, by straight lines between its points."""
    falling = np.asarray(falling)
    below = np.flatnonzero(falling <= level)
    if not len(below) or below[0] == 0:
        return np.nan
    i = below[0]
    return float(x[i - 1] + (falling[i - 1] - level) / (falling[i - 1] - falling[i]) * (x[i] - x[i - 1]))
