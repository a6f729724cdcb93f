# SPDX-License-Identifier: GPL-3.0-or-later
"""Monte Carlo of the first-path kernel with several paths: found, unbiased, at the bound, as sure as it says.

24 resource blocks at 15 kHz: the resolution 1/B is 231 ns. PRS with comb 4 over 4 symbols visits every subcarrier
once, so the SNR of an occupied element is that of a subcarrier of the combined channel; here that of both paths
together (of the first alone it is 4.8 dB less). NTNPOS_TRIALS sets the number of trials.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from gnuradio import ntnpos
from scipy.stats import binom, chi2

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import path_bounds as bounds  # noqa: E402

TRIALS = int(os.environ.get("NTNPOS_TRIALS", "400"))
M, SCS_HZ, POINTS = 288, 15e3, 512
RESOLUTION_S = 1.0 / (M * SCS_HZ)


def noisy(rng, delays_s, gains, variance):
    noise = np.sqrt(variance / 2) * (rng.standard_normal(M) + 1j * rng.standard_normal(M))
    return (bounds.response(M, SCS_HZ, delays_s, gains) + noise).astype(np.complex64)


def phase(rng):
    return np.exp(2j * np.pi * rng.uniform())


def complex_normal(rng):
    return (rng.standard_normal() + 1j * rng.standard_normal()) / np.sqrt(2)


def test_bounds_agree_with_the_formula_for_one_path():
    for gain in (1.0, 0.3j):
        (general,) = bounds.delay_deviations_s(M, SCS_HZ, [37e-9], [gain], 0.1)
        assert general == pytest.approx(bounds.single_delay_deviation_s(M, SCS_HZ, abs(gain) ** 2 / 0.1))
    # Far apart, two paths do not disturb each other.
    far = bounds.delay_deviations_s(M, SCS_HZ, [0.0, 20 * RESOLUTION_S], [1.0, 1j], 0.1)
    assert far == pytest.approx([bounds.single_delay_deviation_s(M, SCS_HZ, 10.0)] * 2, rel=0.01)


def two_paths(rng, snr_db, excess_s, rayleigh, detector, trials):
    """Error, stated deviation and bound of the first delay, error of the strongest peak, in s; paths found."""
    second = 10**0.15
    variance = (1 + second**2) / 10 ** (snr_db / 10)
    rows = []
    for _ in range(trials):
        start_s = rng.uniform(-1, 1) * RESOLUTION_S
        delays_s = [start_s, start_s + excess_s]
        gains = (
            [complex_normal(rng), second * complex_normal(rng)] if rayleigh else [phase(rng), second * phase(rng)]
        )
        found = detector.detect_channel(noisy(rng, delays_s, gains, variance))
        bound_s = bounds.delay_deviations_s(M, SCS_HZ, delays_s, gains, variance)[0]
        if not found.detected:  # both have faded
            rows.append((np.inf, 1.0, bound_s, np.inf, 0))
            continue
        first = found.paths[0]
        rows.append(
            (first.delay_s - start_s, first.delay_std_s, bound_s, found.peak_s - start_s, len(found.paths))
        )
    return np.array(rows).T


def config(**settings):
    return ntnpos.first_path_config(subcarriers=M, scs_hz=SCS_HZ, profile_points=POINTS, **settings)


def detector(**settings):
    return ntnpos.first_path(config(**settings))


@pytest.mark.parametrize("excess_s", [150e-9, 200e-9, 250e-9, 300e-9, 400e-9])
def test_the_first_of_two_paths_is_found_though_the_second_is_3_db_stronger(excess_s):
    rng = np.random.default_rng([10, round(excess_s * 1e9)])
    error, std, bound, peak, paths = two_paths(rng, 10.0, excess_s, False, detector(), TRIALS)
    found = np.mean(np.abs(error) < 0.25 * excess_s)
    normalised = np.mean((error / std) ** 2)
    print(
        f"{excess_s * 1e9:.0f} ns: found {found:.4f}, bias/excess {np.mean(error) / excess_s:+.4f}, two paths "
        f"{np.mean(paths == 2):.4f}, rms/bound {np.sqrt(np.mean((error / bound) ** 2)):.3f}, normalised squared error "
        f"{normalised:.3f}; strongest peak {np.mean(np.abs(peak) < 0.25 * excess_s):.3f}, its bias/excess "
        f"{np.mean(peak) / excess_s:+.3f}"
    )
    assert found >= 0.98
    assert abs(np.mean(error)) < 4 * np.sqrt(np.mean(error**2) / TRIALS)  # unbiased
    assert np.mean(paths == 2) > 0.98
    low, high = chi2.ppf([0.0005, 0.9995], TRIALS) / TRIALS
    # At 0.65 of the resolution the likelihood is no parabola any more where phases are bad: 5 %.
    assert low < normalised < high + 0.05
    assert low < np.mean((error / bound) ** 2) < high + 0.1
    assert np.mean(np.abs(peak) < 0.25 * excess_s) < 0.3  # what a receiver of the strongest peak gets


@pytest.mark.parametrize("excess_s", [150e-9, 250e-9, 400e-9])
def test_two_fading_paths(excess_s):
    """Both Rayleigh: the first may be gone altogether, then nobody finds it."""
    rng = np.random.default_rng([11, round(excess_s * 1e9)])
    error, std, bound, peak, paths = two_paths(rng, 10.0, excess_s, True, detector(), TRIALS)
    found = np.abs(error) < 0.25 * excess_s
    possible = bound < 0.25 * excess_s / 3  # three deviations within the quarter
    shares = [np.mean(x) for x in (found, possible, found[possible], np.abs(peak) < 0.25 * excess_s)]
    print("{:.0f} ns: found {:.3f}, possible {:.3f}, of these {:.3f}; strongest peak {:.3f}".format(
        excess_s * 1e9, *shares))
    assert shares[2] > 0.97
    assert shares[0] > 0.88
    assert shares[3] < 0.5
    two = paths == 2
    fine = two & (np.abs(error) < 8 * std)
    assert np.count_nonzero(two & ~fine) <= 0.01 * TRIALS
    assert 0.75 < np.mean((error[fine] / std[fine]) ** 2) < 1.3


def test_music_tells_three_paths_within_one_and_a_half_resolutions_apart():
    """30 dB an element, equal powers, 0.4 to 0.7 and 1 to 1.5 resolutions after the first."""
    shares = {}
    for method in (ntnpos.first_path_method.maximum_likelihood, ntnpos.first_path_method.music):
        rng, trials = np.random.default_rng(12), min(TRIALS, 1000)
        found_by, normalised, hits = detector(method=method), [], 0
        for _ in range(trials):
            start_s = rng.uniform(-1, 1) * RESOLUTION_S
            after = np.array([0.0, rng.uniform(0.4, 0.7), rng.uniform(1.0, 1.5)]) * RESOLUTION_S
            found = found_by.detect_channel(
                noisy(rng, start_s + after, [phase(rng) for _ in range(3)], 1e-3)
            )
            error = found.paths[0].delay_s - start_s
            if abs(error) < 0.2 * RESOLUTION_S and len(found.paths) == 3:
                hits += 1
                normalised.append((error / found.paths[0].delay_std_s) ** 2)
        shares[method.name] = hits / trials
        print(f"{method.name}: {hits / trials:.4f}, normalised squared error {np.mean(normalised):.3f}")
        low, high = chi2.ppf([0.0005, 0.9995], len(normalised)) / len(normalised)
        assert low < np.mean(normalised) < high + 0.05
    assert shares["maximum_likelihood"] > 0.96
    assert shares["music"] > 0.99 and shares["music"] >= shares["maximum_likelihood"]


@pytest.mark.parametrize("subcarriers, points, snr_db", [(144, 256, 5.0), (144, 256, 15.0), (288, 512, 0.0)])
def test_a_single_path_is_at_the_bound_and_says_so(subcarriers, points, snr_db):
    rng, trials = np.random.default_rng([13, subcarriers, round(snr_db)]), 10 * TRIALS
    found_by = ntnpos.first_path(
        ntnpos.first_path_config(subcarriers=subcarriers, scs_hz=SCS_HZ, profile_points=points)
    )
    snr = 10 ** (snr_db / 10)
    k = np.arange(subcarriers) - subcarriers // 2
    error, std = np.empty(trials), np.empty(trials)
    for i in range(trials):
        start_s = rng.uniform(-1, 1) / (subcarriers * SCS_HZ)
        noise = rng.standard_normal((2, subcarriers)) * np.sqrt(0.5 / snr)
        channel = phase(rng) * np.exp(-2j * np.pi * k * SCS_HZ * start_s) + noise[0] + 1j * noise[1]
        first = found_by.detect_channel(channel.astype(np.complex64)).paths[0]
        error[i], std[i] = first.delay_s - start_s, first.delay_std_s
    bound_s = bounds.single_delay_deviation_s(subcarriers, SCS_HZ, snr)
    fine = np.abs(error) < 8 * std
    normalised = np.mean((error[fine] / std[fine]) ** 2)
    ratio = np.sqrt(np.mean(error[fine] ** 2)) / bound_s
    print(f"{subcarriers} subcarriers, {snr_db:.0f} dB: n {trials}, rms/bound {ratio:.4f}, stated/bound "
          f"{np.mean(std) / bound_s:.4f}, normalised squared error {normalised:.4f}")
    draws = 3.3 / np.sqrt(2 * trials)
    assert np.count_nonzero(~fine) <= binom.ppf(0.999, trials, 1e-4)
    assert abs(ratio - 1) < 0.02 + draws
    assert abs(normalised - 1) < 0.02 + 2 * draws


# NTN-TDL profiles of TR 38.811 6.9.2: (line of sight, its power in dB, [(delay / delay spread, power in dB)]).
TDL = [
    (False, None, [(0.0, 0.0), (1.0811, -4.675), (2.8416, -6.482)]),
    (False, None, [(0.0, 0.0), (0.7249, -1.973), (0.7410, -4.332), (5.7392, -11.914)]),
    (True, -0.394, [(0.0, -10.618), (14.8124, -23.373)]),
    (True, -0.284, [(0.0, -11.991), (0.5596, -9.887), (7.3340, -16.771)]),
]


def tdl_channel(rng, profile, spread_s, variance):
    line_of_sight, los_db, taps = TDL[profile]
    start_s = rng.uniform(-0.5, 0.5) * RESOLUTION_S
    delays_s = [start_s + t * spread_s for t, _ in taps]
    gains = [complex_normal(rng) * 10 ** (db / 20) for _, db in taps]
    if line_of_sight:
        delays_s.append(start_s)
        gains.append(phase(rng) * 10 ** (los_db / 20))
    return noisy(rng, delays_s, gains, variance)


@pytest.mark.parametrize("prior", [0.5, 0.8])
def test_the_probability_of_a_line_of_sight_is_what_it_says(prior):
    """Profile, delay spread and power drawn as the estimator assumes; no harder test than that model.

    Powers are drawn over 60 dB, so that power itself says nothing, and 3 to 25 dB of what is received kept.
    """
    rng = np.random.default_rng([14, round(10 * prior)])
    found_by = detector()
    los = ntnpos.los_probability(ntnpos.los_config(prior=prior), config())
    stated, truth = [], []
    while len(stated) < 5 * TRIALS:
        line_of_sight = rng.uniform() < prior
        profile = 2 * line_of_sight + int(rng.integers(2))
        spread_s = 10.0 ** rng.uniform(-8, -6)
        variance = 10.0 ** (-rng.uniform(-20, 40) / 10)
        if not 1e-3 < variance < 10.0:
            continue  # no draw of the fading makes that 3 to 25 dB
        found = found_by.detect_channel(tdl_channel(rng, profile, spread_s, variance))
        if found.detected and 2.0 < found.signal_power / found.noise_variance < 316.0:
            stated.append(los.of(found))
            truth.append(line_of_sight)
    stated, truth = np.array(stated), np.array(truth)
    brier, without = np.mean((stated - truth) ** 2), np.mean((prior - truth) ** 2)
    print(f"prior {prior}, n {len(stated)}: Brier score {brier:.4f}, of the prior alone {without:.4f}")
    for low in np.arange(0.0, 1.0, 0.1):
        here = (stated >= low) & (stated < low + 0.1)
        n = np.count_nonzero(here)
        if n < 20:
            continue
        mean, share = np.mean(stated[here]), np.mean(truth[here])
        least, most = binom.ppf([0.001, 0.999], n, mean) / n
        print(f"  stated {mean:.3f}: n {n}, share {share:.3f} ({least:.3f}..{most:.3f})")
        # The groups of taps are a model of the fit's resolution, not the fit: 0.05.
        assert least - 0.05 <= share <= most + 0.05
    assert brier < 0.8 * without


def test_ntn_tdl_channels_first_path():
    """With a line of sight the first path is that, whatever comes after; 100 ns of delay spread, 10 dB."""
    for profile in (2, 3):
        rng, error, std = np.random.default_rng([15, profile]), [], []
        found_by = detector()
        for _ in range(TRIALS):
            line_of_sight, los_db, taps = TDL[profile]
            start_s = rng.uniform(-0.5, 0.5) * RESOLUTION_S
            delays_s = [start_s] + [start_s + t * 100e-9 for t, _ in taps]
            gains = [phase(rng) * 10 ** (los_db / 20)] + [complex_normal(rng) * 10 ** (db / 20) for _, db in taps]
            first = found_by.detect_channel(noisy(rng, delays_s, gains, 0.1)).paths[0]
            error.append(first.delay_s - start_s)
            std.append(first.delay_std_s)
        error, std = np.array(error), np.array(std)
        print(f"NTN-TDL-{'ABCD'[profile]}: rms {np.sqrt(np.mean(error**2)) * 1e9:.2f} ns, mean "
              f"{np.mean(error) * 1e9:+.2f} ns, stated {np.mean(std) * 1e9:.2f} ns, early "
              f"{np.mean(error < -0.25 * RESOLUTION_S):.4f}")
        assert np.mean(error < -0.25 * RESOLUTION_S) < 0.02
        assert np.sqrt(np.mean(error**2)) < 0.1 * RESOLUTION_S
