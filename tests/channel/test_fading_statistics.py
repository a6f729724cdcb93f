# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics of fading taps beside scipy's distributions and the Jakes autocorrelation; all seeded.

Where a test compares with a distribution, it fails for one seed in a thousand; each is shown to fail for a
wrong hypothesis as well.
"""

import numpy as np
import pytest
import scipy.linalg
import scipy.special
import scipy.stats
from gnuradio import ntnpos

CARRIER_HZ, SPEED_M_S = 2.0e9, 30.0
DOPPLER_HZ = SPEED_M_S / 299792458.0 * CARRIER_HZ
APART_S = 2.0
"""400 periods of the largest Doppler: the filter's reach is 72 to either side, so such gains are independent."""
N = 40_000
UNLIKELY = 1e-3
MODELS = "ntn-tdl-a", "ntn-tdl-b", "ntn-tdl-c", "ntn-tdl-d"


def fading(model, **more):
    return ntnpos.path_fading(model, 100e-9, SPEED_M_S, seed=20, **more)


def gains(model, path=0, start=(1000, 0.0), n=N):
    return fading(model).gains(CARRIER_HZ, path, ntnpos.instant(*start), APART_S, n).astype(complex)


@pytest.fixture(scope="module")
def independent():
    """For each model complex128[taps, N] of independent gains; another path's for each model."""
    return {model: gains(model, path) for path, model in enumerate(MODELS)}


@pytest.mark.parametrize("model", MODELS)
def test_mean_power_of_each_tap_is_the_tables_within_a_tenth_of_a_db(model, independent):
    """A Rayleigh tap's mean over N = 40 000 has a standard deviation of 10 lg e / sqrt(N) = 0.022 dB."""
    for gain, (_, constant, scattered) in zip(independent[model], fading(model).taps()):
        assert abs(10 * np.log10(np.mean(np.abs(gain) ** 2) / (constant + scattered))) < 0.1


@pytest.mark.parametrize("model", MODELS)
def test_envelopes_are_rayleigh_or_rician(model, independent):
    for gain, (_, constant, scattered) in zip(independent[model], fading(model).taps()):
        sigma = np.sqrt(scattered / 2)
        law = scipy.stats.rice(np.sqrt(constant) / sigma, scale=sigma)
        assert scipy.stats.kstest(np.abs(gain), law.cdf).pvalue > UNLIKELY
        wrong = scipy.stats.rice(1.05 * np.sqrt(constant) / sigma, scale=1.02 * sigma)
        assert scipy.stats.kstest(np.abs(gain), wrong.cdf).pvalue < UNLIKELY
        phase = np.angle(gain - np.sqrt(constant))
        assert scipy.stats.kstest(phase, scipy.stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > UNLIKELY


@pytest.mark.parametrize("model, k_db", [("ntn-tdl-c", 10.224), ("ntn-tdl-d", 11.707)])
def test_k_factor_of_the_first_tap(model, k_db, independent):
    """n |mean|^2 over the sample variance is noncentral F of 2 and 2 n - 2 degrees of freedom for each K."""
    n = 2000
    gain = independent[model][0][:n]
    statistic = n * abs(gain.mean()) ** 2 / gain.var(ddof=1)

    def p_value(decibels):
        below = scipy.stats.ncf(2, 2 * n - 2, 2 * n * 10 ** (decibels / 10)).cdf(statistic)
        return 2 * min(below, 1 - below)

    assert p_value(k_db) > UNLIKELY
    assert p_value(k_db + 0.5) < UNLIKELY
    assert p_value(k_db - 0.5) < UNLIKELY


def test_all_taps_of_all_paths_and_seeds_are_uncorrelated(independent):
    """n |r|^2 of two independent complex Gaussian sequences is exponential of mean 1."""
    rows = [gain for model in MODELS for gain in independent[model]]
    other = ntnpos.path_fading("ntn-tdl-a", 100e-9, SPEED_M_S, seed=21)
    rows += list(other.gains(CARRIER_HZ, 0, ntnpos.instant(1000), APART_S, N))
    x = np.array(rows)
    x -= x.mean(axis=1, keepdims=True)
    x /= np.sqrt(np.mean(np.abs(x) ** 2, axis=1, keepdims=True))
    upper = np.triu_indices(len(x), 1)
    largest = N * np.max(np.abs((x @ x.conj().T / N)[upper]) ** 2)
    assert len(upper[0]) * np.exp(-largest) > UNLIKELY
    # Of circular symmetry: no tap is correlated with its own conjugate.
    assert len(x) * np.exp(-N * np.max(np.abs(np.mean(x**2, axis=1)) ** 2) / 2) > UNLIKELY


def test_doppler_spectrum_is_jakes_by_likelihood_ratio():
    """Covariance of ten gains 0.4 periods apart beside J_0, 8000 independent tens.

    -2 ln of the likelihood ratio of "this covariance" to "any" is chi-squared of 10^2 degrees of freedom. The
    rounded edges of the spectrum (doppler_filter) move it by 1.4.
    """
    count, spacing, n = 10, 0.4, 8000
    starts = [(3000, float(k * spacing / DOPPLER_HZ)) for k in range(count)]
    tens = np.array([gains("ntn-tdl-c", start=start, n=n)[1] for start in starts])
    tens /= np.sqrt(fading("ntn-tdl-c").taps()[1][2])
    found = tens @ tens.conj().T / n

    def p_value(autocorrelation):
        ratio = np.linalg.solve(scipy.linalg.toeplitz(autocorrelation), found)
        statistic = 2 * n * (np.trace(ratio).real - count - np.linalg.slogdet(ratio)[1])
        return scipy.stats.chi2(count**2).sf(statistic)

    periods = spacing * np.arange(count)
    assert p_value(scipy.special.j0(2 * np.pi * periods)) > UNLIKELY
    assert p_value(scipy.special.j0(2 * np.pi * 1.01 * periods)) < UNLIKELY
    assert p_value(np.sinc(2 * periods)) < UNLIKELY  # a flat spectrum up to the same frequency


def test_tables_are_those_of_two_public_sources():
    """TR 38.811 tables 6.9.2-1 to -4 as others print them.

    First: delay, dB of every ray, the line of sight apart, as in table I of arXiv:2602.09834 (in a public MATLAB
    function after it). Second: a public Python channel simulator, which gives the later taps and the K factor of
    the first.
    """
    first = {
        "ntn-tdl-a": (None, [(0, 0), (1.0811, -4.675), (2.8416, -6.482)]),
        "ntn-tdl-b": (None, [(0, 0), (0.7249, -1.973), (0.7410, -4.332), (5.7392, -11.914)]),
        "ntn-tdl-c": (-0.394, [(0, -10.618), (14.8124, -23.373)]),
        "ntn-tdl-d": (-0.284, [(0, -11.991), (0.5596, -9.887), (7.3340, -16.771)]),
    }
    second = {
        "ntn-tdl-a": ([0, 1.0811, 2.8416], [0, -4.675, -6.482], None),
        "ntn-tdl-b": ([0, 0.7249, 0.7410, 5.7392], [0, -1.973, -4.332, -11.914], None),
        "ntn-tdl-c": ([0, 14.8124], [0, -23.373], 10.224),
        "ntn-tdl-d": ([0, 0.5596, 7.3340], [0, -9.887, -16.771], 11.707),
    }
    for model in MODELS:
        taps = np.array(ntnpos.path_fading(model, 1e-6).taps())
        los_db, rays = first[model]
        delays, powers_db = np.array(rays, dtype=float).T
        powers = 10 ** (powers_db / 10)
        los = 0.0 if los_db is None else 10 ** (los_db / 10)
        np.testing.assert_allclose(taps[:, 0], 1e-6 * delays, rtol=1e-12)
        np.testing.assert_allclose(taps[:, 2], powers / (powers.sum() + los), rtol=1e-12)
        np.testing.assert_allclose(taps[0, 1], los / (powers.sum() + los), rtol=1e-12)
        assert not taps[1:, 1].any()

        delays, powers_db, k_db = second[model]
        np.testing.assert_allclose(taps[:, 0], 1e-6 * np.array(delays), rtol=1e-12)
        # There the first tap, line of sight and all, is 0 dB.
        over_first = 10 * np.log10(taps[1:, 2] / taps[0, 1:].sum())
        np.testing.assert_allclose(over_first, powers_db[1:], atol=2e-3)
        if k_db is not None:
            assert 10 * np.log10(taps[0, 1] / taps[0, 2]) == pytest.approx(k_db, abs=1e-3)


def rms_delay_s(taps):
    delay, power = taps[:, 0], taps[:, 1] + taps[:, 2]
    mean = np.average(delay, weights=power)
    return np.sqrt(np.average((delay - mean) ** 2, weights=power))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("spread_s", [0.0, 10e-9, 1e-6])
def test_rms_delay_spread_is_the_wanted_one_and_the_power_is_one(model, spread_s):
    taps = np.array(ntnpos.path_fading(model, spread_s).taps())
    assert rms_delay_s(taps) == pytest.approx(spread_s, rel=3e-4)
    assert taps[:, 1:].sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("model", ["ntn-tdl-c", "ntn-tdl-d"])
@pytest.mark.parametrize("k_db", [-3.0, 7.0, 15.0])
def test_another_k_factor_keeps_the_delay_spread_and_the_rayleigh_taps_ratios(model, k_db):
    taps = np.array(ntnpos.path_fading(model, 1e-7, k_factor_db=k_db).taps())
    assert 10 * np.log10(taps[:, 1].sum() / taps[:, 2].sum()) == pytest.approx(k_db, abs=1e-9)
    assert taps[:, 1:].sum() == pytest.approx(1.0, abs=1e-12)
    assert rms_delay_s(taps) == pytest.approx(1e-7, rel=1e-9)
    plain = np.array(ntnpos.path_fading(model, 1e-7).taps())
    np.testing.assert_allclose(taps[:, 2] / taps[0, 2], plain[:, 2] / plain[0, 2], rtol=1e-9)
