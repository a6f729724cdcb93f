# SPDX-License-Identifier: GPL-3.0-or-later
"""What the study `receiver` measures with: bounds, intervals, signals, plain answers; other evaluations
beside.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
from gnuradio import ntnpos
from scipy.integrate import quad
from scipy.stats import poisson

sys.path.insert(0, str(Path(__file__).parent / "reference"))
import exact_signal as exact  # noqa: E402

from ntnpos_lab.studies import intervals, receiver_bounds, receiver_budget, receiver_gaps  # noqa: E402
from ntnpos_lab.studies.receiver_kernels import (
    Result,
    Window,
    acquire,
    bank,
    channel_of,
    crossing_toa_s,
    matched_toa_s,
    receive,  # noqa: E402
    strongest_toa_s,
)
from ntnpos_lab.studies.receiver_noise import ROWS  # noqa: E402
from ntnpos_lab.studies.receiver_summary import (  # noqa: E402
    Errors,
    bias_row,
    deviation_row,
    far_row,
    missed_row,
    nees_row,
)
from ntnpos_lab.studies.receiver_signals import Emitter, Path as Ray, Waveform, received  # noqa: E402

M, SCS_HZ, WINDOW_S = 144, 15e3, 4e-6


# ------------------------------------------------------------------------------------ bounds


def slow_pair_error(energy: float, rho: float) -> float:
    """The finite integral of Simon and Alouini for Q_1(a, b) - exp(-(a^2 + b^2) / 2) I_0(a b) / 2."""
    root = np.sqrt(1.0 - rho**2)
    a, b = np.sqrt(0.5 * energy * (1.0 - root)), np.sqrt(0.5 * energy * (1.0 + root))
    z = a / b

    def integrand(angle: float) -> float:
        shape = 1.0 + 2.0 * z * np.sin(angle) + z * z
        return (1.0 - z * z) / shape * np.exp(-0.5 * b * b * shape)

    return quad(integrand, -np.pi, np.pi, points=[-0.5 * np.pi], limit=400)[0] / (4.0 * np.pi)


@pytest.mark.parametrize("energy", [0.1, 3.0, 30.0, 400.0])
@pytest.mark.parametrize("rho", [0.0, 0.4, 0.9, 0.9999])
def test_pair_error_is_the_finite_integral(energy, rho):
    ours = float(receiver_bounds.pair_error(energy, np.array([rho]))[0])
    assert ours == pytest.approx(slow_pair_error(energy, rho), rel=1e-6, abs=1e-12)


def test_pair_error_is_what_two_matched_filters_get():
    """Envelopes of two correlated complex Gaussians, drawn."""
    rng, n, energy, rho = np.random.default_rng(1), 200_000, 6.0, 0.6
    noise = rng.standard_normal((2, n, 2)) @ [1.0, 1.0j] / np.sqrt(2.0)
    sent = np.sqrt(energy) + noise[0]
    other = rho * sent + np.sqrt(1.0 - rho**2) * noise[1]
    wrong = np.count_nonzero(np.abs(other) > np.abs(sent)) / n
    assert abs(wrong - float(receiver_bounds.pair_error(energy, np.array([rho]))[0])) < 4.0 * np.sqrt(
        wrong / n
    )


def test_correlation_is_the_sum_over_subcarriers():
    shift_s = np.array([0.0, 1e-9, 2.3e-7, 4.63e-7, 1.9e-6, 1.0 / SCS_HZ])
    f = (np.arange(M) - 0.5 * (M - 1)) * SCS_HZ
    slow = np.abs(np.exp(2j * np.pi * np.outer(shift_s, f)).mean(axis=1))
    assert np.allclose(receiver_bounds.correlation(M, SCS_HZ, shift_s), slow, atol=1e-9)


@pytest.mark.parametrize("snr_db", [-14.0, -10.0, -6.0])
def test_ziv_zakai_is_the_plain_integral(snr_db):
    """Sum over an even grid of delays, of the finite integral; valley filling by a loop."""
    energy = M * 10.0 ** (0.1 * snr_db)
    f = (np.arange(M) - 0.5 * (M - 1)) * SCS_HZ
    h = np.linspace(0.0, WINDOW_S, 1201)[1:]
    rho = np.minimum(np.abs(np.exp(2j * np.pi * np.outer(h, f)).mean(axis=1)), 1.0)
    error = [(WINDOW_S - shift) * slow_pair_error(energy, r) for shift, r in zip(h, rho)]
    filled = [max(error[i:]) for i in range(len(error))]
    slow = np.sqrt(np.sum(np.array(filled) * h) * (h[1] - h[0]) / WINDOW_S)
    assert receiver_bounds.ziv_zakai_s(M, SCS_HZ, energy, WINDOW_S) == pytest.approx(slow, rel=3e-3)


def test_ziv_zakai_goes_from_the_window_to_the_cramer_rao_bound():
    f = (np.arange(M) - 0.5 * (M - 1)) * SCS_HZ
    last = np.inf
    for snr_db in (-60.0, -20.0, -10.0, 0.0, 15.0, 30.0):
        snr = 10.0 ** (0.1 * snr_db)
        bound = receiver_bounds.ziv_zakai_s(M, SCS_HZ, M * snr, WINDOW_S)
        cramer_rao = 1.0 / np.sqrt(8.0 * np.pi**2 * snr * np.sum(f**2))
        assert bound < last
        last = bound
        if snr_db == -60.0:
            assert bound == pytest.approx(WINDOW_S / np.sqrt(12.0), rel=5e-3)
        if snr_db >= 15.0:
            assert bound == pytest.approx(cramer_rao, rel=2e-3)


def test_cramer_rao_bound_is_the_references():
    for _, waveform, extra_db, _, _, _ in ROWS:
        carrier, resource = waveform.carrier, waveform.resource()
        slow = exact.toa_bound_s(carrier, resource, waveform.noise_power(7.0), slots=waveform.slots)
        assert receiver_bounds.toa_bound_s(carrier, resource, 7.0) == pytest.approx(slow, rel=1e-3)


def test_detection_threshold_is_passed_by_noise_as_often_as_stated():
    rng, n, stated = np.random.default_rng(3), 4000, 0.02
    threshold = receiver_bounds.detection_threshold(M, stated)
    noise = rng.standard_normal((n, M, 2)) @ [1.0, 1.0j] / np.sqrt(2.0 * M)
    peak = np.max(np.abs(np.fft.fft(noise, 16 * M, axis=1)) ** 2, axis=1)
    count = np.count_nonzero(peak > threshold)
    assert poisson.ppf(1e-3, n * stated) <= count <= poisson.ppf(0.999, n * stated)


def test_miss_probability_is_what_a_matched_filter_misses():
    """A tone in white noise whose power is estimated from the other dimensions, drawn."""
    rng, n, dimensions, energy, threshold = np.random.default_rng(4), 100_000, 12, 9.0, 7.0
    noise = rng.standard_normal((n, dimensions, 2)) @ [1.0, 1.0j] / np.sqrt(2.0)
    noise[:, 0] += np.sqrt(energy)
    power = np.abs(noise) ** 2
    statistic = (dimensions - 1) * np.log1p(power[:, 0] / power[:, 1:].sum(axis=1))
    missed = np.count_nonzero(statistic < threshold) / n
    found = float(receiver_bounds.miss_probability([energy], threshold, dimensions)[0])
    assert abs(missed - found) < 4.0 * np.sqrt(found * (1.0 - found) / n)
    # Many dimensions: Marcum's Q.
    many = float(receiver_bounds.miss_probability([energy], threshold, 100_000)[0])
    assert many == pytest.approx(
        1.0 - float(receiver_bounds.marcum_q(np.sqrt(2 * energy), np.sqrt(2 * threshold))), rel=1e-3
    )


# ------------------------------------------------------------------------------------ intervals


def test_exact_intervals_are_those_of_the_tables():
    assert intervals.of_share(0, 10) == (0.0, pytest.approx(0.3085, abs=1e-4))
    assert intervals.of_share(5, 10) == (pytest.approx(0.1871, abs=1e-4), pytest.approx(0.8129, abs=1e-4))
    assert intervals.of_share(10, 10) == (pytest.approx(0.6915, abs=1e-4), 1.0)
    assert intervals.of_rate(0, 1.0) == (0.0, pytest.approx(3.689, abs=1e-3))
    assert intervals.of_rate(10, 20.0) == (
        pytest.approx(4.795 / 20, abs=1e-4),
        pytest.approx(18.39 / 20, abs=1e-3),
    )


@pytest.mark.parametrize("name", ["deviation", "mean", "mean_square", "rms"])
def test_intervals_hold_the_truth_in_95_of_100(name):
    rng, runs, n = np.random.default_rng(5), 1500, 400
    held = 0
    for values in rng.standard_normal((runs, n)):
        low, high = {
            "deviation": lambda: intervals.of_deviation(np.sqrt(np.mean(values**2)), n),
            "mean": lambda: tuple(end + 1.0 for end in intervals.of_mean(values)),
            "mean_square": lambda: intervals.of_mean_square(np.mean(values**2), n),
            "rms": lambda: intervals.of_rms(values),
        }[name]()
        held += low <= 1.0 <= high
    assert 0.93 <= held / runs <= 0.97


def test_a_false_path_is_counted_and_does_not_pass_for_noise():
    """Beyond 8 deviations; or with a stated deviation that no other trial has, behind which it would hide."""
    rng = np.random.default_rng(8)
    error_s, std_s = rng.standard_normal(1000), np.ones(1000)
    error_s[:2], std_s[1] = (9.0, -60.0), 30.0
    errors = Errors.of([Errors(error_s[:500], std_s[:500], 3), Errors(error_s[500:], std_s[500:], 4)])
    assert (errors.far, errors.missed) == (2, 7) and not errors.near[:2].any() and errors.near[2:].all()
    assert Errors(error_s, std_s, alike=False).far == 1
    row = deviation_row("", "", errors, 1.0, 1.03)
    assert row.n == 998 and row.ours == pytest.approx(np.std(error_s[2:]) * exact.C_M_S)
    assert row.more["far"] == 2 and far_row("", "", errors).ours == 2.0
    assert missed_row("", "", errors).ours == 7.0 and missed_row("", "", errors).n == 1007
    assert nees_row("", "", errors).ours == pytest.approx(np.mean(error_s[2:] ** 2))
    assert bias_row("", "", errors, 0.05).ours == pytest.approx(np.mean(error_s[2:]) / np.std(error_s[2:]))


# ------------------------------------------------------------------------------------ link budget


def test_link_budget_gives_the_thesis_range_and_the_stated_bounds():
    distances = receiver_budget.ranges_m()
    assert distances.shape[1] == 9 and distances.min() >= 600e3
    assert distances.max() == pytest.approx(1075e3, rel=0.01)  # 30 degrees of elevation
    losses = receiver_budget.beam_losses_db()
    assert 0.0 <= losses.min() < 0.01 and losses.max() == pytest.approx(3.0, abs=0.1)
    snr_db = receiver_budget.element_snr_db()
    assert 8.1 < snr_db < 17.1
    for case, waveform, extra_db, _, _, stated_m in ROWS:
        bound_s = exact.toa_bound_s(
            waveform.carrier,
            waveform.resource(),
            waveform.noise_power(snr_db + extra_db),
            slots=waveform.slots,
        )
        assert bound_s * exact.C_M_S == pytest.approx(stated_m, rel=0.02), case


# ------------------------------------------------------------ signals and plain answers


def steps_s(waveform: Waveform, resource) -> list[float]:
    """When symbols begin and end at the satellite, s."""
    found = []
    for slot in range(2 * waveform.scs_khz // 15):
        if exact.is_sent(waveform.carrier, resource, slot):
            for symbol in range(resource.start_symbol, resource.start_symbol + resource.num_symbols):
                begun_s, prefix_s = exact.symbol_timing(waveform.carrier, slot, symbol)
                begun_s += 1e-3 * (slot // (waveform.scs_khz // 15))
                found += [begun_s, begun_s + prefix_s + 1e-3 / waveform.scs_khz]
    return found


@pytest.mark.parametrize(
    "waveform",
    [Waveform(12, 2, 2), Waveform(24, 4, 4), Waveform(12, 2, 2, scs_khz=30, slots=2)],
    ids=["12 RB", "24 RB", "30 kHz, 2 slots"],
)
def test_signals_are_the_exact_sum(waveform):
    """Two satellites, one of them with two paths, ±24 us/s."""
    rays = [[Ray(0.21e-3, 24e-6, 0.8j), Ray(0.2104e-3, 24e-6, -1.1)], [Ray(0.257e-3, -24e-6, 1.0)]]
    first, count = 700, round(1.4e-3 * waveform.sample_rate_hz)
    ours = received(
        waveform,
        [Emitter(i, paths) for i, paths in enumerate(rays)],
        first,
        count,
        0.0,
        np.random.default_rng(0),
    )
    t = (first + np.arange(count)) / waveform.sample_rate_hz
    slow = sum(
        exact.received(t, waveform.carrier, waveform.resource(i), path.toa_s, gain=path.gain)
        for i, paths in enumerate(rays)
        for path in paths
    )
    # Symbols begin and end with a step, which no filter follows: beside the steps, where the receiver looks.
    beside = np.ones(count, bool)
    for index, paths in enumerate(rays):
        for path in paths:
            for step_s in steps_s(waveform, waveform.resource(index)):
                at = round((step_s + path.toa_s(step_s + path.delay_s)) * waveform.sample_rate_hz) - first
                beside[max(at - 12, 0) : max(at + 13, 0)] = False
    assert np.count_nonzero(np.abs(slow[beside])) > 0.7 * np.count_nonzero(np.abs(slow))
    error = np.sum(np.abs(ours[beside] - slow[beside]) ** 2) / np.sum(np.abs(slow[beside]) ** 2)
    assert 10.0 * np.log10(error) < -60.0
    noise = received(waveform, [], 0, 200_000, waveform.noise_power(6.0), np.random.default_rng(1))
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(
        waveform.sample_rate_hz / (waveform.scs_khz * 1e3) / (12 * waveform.num_rb) / 10**0.6, rel=0.01
    )


@pytest.mark.parametrize("snr_db", [-10.0, 12.0])
def test_receiver_that_was_made_to_forget_is_a_new_one(snr_db):
    """Trials in a row, found and missed ones, near each other and not: the bits of a new receiver."""
    waveform, rng = Waveform(12, 2, 2), np.random.default_rng(9)
    kept, new = [], []
    for i in range(24):
        path = Ray(
            rng.uniform(0.2e-3, 0.3e-3) if i % 3 else 0.25e-3, rng.uniform(-24e-6, 24e-6) if i % 4 else 0.0
        )
        window = Window(path.delay_s + rng.uniform(-2e-6, 2e-6), path.rate)
        samples = received(
            waveform, [Emitter(0, [path])], 0, 5376, waveform.noise_power(snr_db), np.random.default_rng(i)
        )
        kept.append(acquire(waveform, window, samples))
        new += receive(bank(waveform, {0: window}), [(0.0, samples)])
    assert len(new) == 24 and (snr_db > 0.0) == all(result.found for result in new)
    assert any(result.found for result in new)
    for ours, other in zip(kept, new):
        assert (ours.status, ours.arrival_s) == (other.status, other.arrival_s)
        assert np.array_equal((ours.toa_s, ours.toa_std_s), (other.toa_s, other.toa_std_s), equal_nan=True)


def clean(waveform: Waveform, paths: list[Ray]) -> Result:
    """The profile of these paths without noise to speak of."""
    samples = received(
        waveform,
        [Emitter(0, paths)],
        0,
        round(1.4e-3 * waveform.sample_rate_hz),
        1e-8,
        np.random.default_rng(0),
    )
    (result,) = receive(bank(waveform, {0: Window(paths[0].delay_s + 1e-6, paths[0].rate)}), [(0.0, samples)])
    return result


@pytest.mark.parametrize("fraction", [0.0, 0.31, 0.77])
def test_crossing_is_the_first_sample_above_0_6(fraction):
    waveform, rate_hz = Waveform(12, 2, 2), 61.44e6
    delay_s = (13_000 + fraction) / rate_hz
    # Envelope of 144 subcarriers; its mean outside the arrival region is the floor.
    offset_s = np.arange(-2048, 2048) / rate_hz - fraction / rate_hz
    envelope = receiver_bounds.correlation(M, SCS_HZ, offset_s)
    peak = int(np.argmax(envelope))
    floor = np.mean(envelope[(offset_s < offset_s[peak] - 4e-6) | (offset_s > offset_s[peak] + 6e-6)])
    expected_s = offset_s[peak - 400 :][envelope[peak - 400 :] > floor + 0.6 * (envelope[peak] - floor)][0]
    result = clean(waveform, [Ray(delay_s)])
    error_s = crossing_toa_s(result, waveform, rate_hz) - delay_s
    assert error_s == pytest.approx(expected_s, abs=1e-10)
    assert abs((delay_s + error_s) * rate_hz - round((delay_s + error_s) * rate_hz)) < 1e-6
    assert -75.0 < error_s * exact.C_M_S < -60.0
    assert abs(result.toa_s - delay_s) < 0.1e-9


@pytest.mark.parametrize("fraction", [0.0, 0.31, 0.77])
def test_matched_filter_answers_with_the_strongest_correlation(fraction):
    waveform, path = Waveform(12, 2, 2), Ray(0.25e-3 + fraction / 3.84e6, 20e-6)
    samples = received(waveform, [Emitter(0, [path])], 0, 3000, 0.0, np.random.default_rng(0))
    middle_s = path.toa_s(path.delay_s + 2e-3 / 14.0)
    assert abs(matched_toa_s(samples, waveform, path.rate, 0.2505e-3, 2e-6) - middle_s) < 0.3e-9
    # It answers within a window that leaves the truth out; without the Doppler (40 kHz) with something else.
    assert 0.2505e-3 <= matched_toa_s(samples, waveform, path.rate, 0.2525e-3, 2e-6) <= 0.2545e-3
    assert abs(matched_toa_s(samples, waveform, 0.0, 0.25e-3, 40e-6) - middle_s) > 1e-6


def test_strongest_peak_is_the_stronger_path():
    waveform = Waveform(24, 4, 4)
    result = clean(waveform, [Ray(0.25e-3), Ray(0.25e-3 + 1.5e-6, 0.0, 1.4j)])
    assert strongest_toa_s(result, waveform) - 0.25e-3 == pytest.approx(1.5e-6, abs=15e-9)
    assert abs(result.toa_s - 0.25e-3) < 1e-9


def test_channel_of_undoes_the_detectors_profile():
    rng = np.random.default_rng(6)
    channel = (rng.standard_normal((M, 2)) @ [1.0, 1.0j]).astype(np.complex64)
    detector = ntnpos.first_path(ntnpos.first_path_config(subcarriers=M, profile_points=256))
    assert np.allclose(channel_of(detector.profile_of(channel), M), channel, atol=1e-5)


def test_starts_of_occasions_are_where_the_signal_is():
    path = Ray(0.25e-3, 20e-6)
    starts = receiver_gaps.occasion_starts(path, 0.0121)
    rate_hz = receiver_gaps.WAVEFORM.sample_rate_hz
    samples = np.abs(
        received(
            receiver_gaps.WAVEFORM,
            [Emitter(0, [path])],
            0,
            round(0.0121 * rate_hz),
            0.0,
            np.random.default_rng(0),
        )
    )
    length = receiver_gaps.prs_length_s()
    inside = np.zeros(len(samples), bool)
    for start in starts:
        inside[round(start * rate_hz) : round((start + length) * rate_hz)] = True
    assert len(starts) == 3
    assert np.sum(samples[~inside] ** 2) < 0.01 * np.sum(samples**2) and np.mean(samples[inside] > 0) > 0.99


# ------------------------------------------------------------ the search that the study runs alone


def test_search_alone_finds_what_is_there_and_names_what_is_wrong():
    waveform = Waveform(12, 2, 2)
    signal = ntnpos.satellite_signal("0", waveform.resource(), (0, 0.0))
    search = ntnpos.prs_search(waveform.carrier, signal, 1e-4)
    path = Ray(0.25e-3, 12e-6)
    samples = received(
        waveform,
        [Emitter(0, [path])],
        0,
        round(0.6e-3 * waveform.sample_rate_hz),
        waveform.noise_power(10.0),
        np.random.default_rng(7),
    )
    window = Window(0.25e-3 - 3e-6, 12e-6 + 2e-6, 5e-6, 6000.0).kernel()
    found = search.search(samples, (0, 0.0), [0], window)
    assert found.found and found.statistic > found.threshold and found.cells > 1
    # Half a sample of the band's rate, a quarter of the inverse duration (2 symbols of 1/14 ms).
    assert abs(found.delay_s - 3e-6) < 0.5 / 2.16e6 and abs(found.doppler_hz - 4000.0) < 0.25 * 7000.0
    with pytest.raises(ValueError, match="nothing is sent in slot 3"):
        search.search(samples, (0, 0.0), [3], window)
    with pytest.raises(ValueError, match="one slot at least"):
        search.search(samples, (0, 0.0), [], window)
    with pytest.raises(ValueError, match="half_width_s"):
        search.search(samples, (0, 0.0), [0], ntnpos.search_window(window.toa, -1.0, 100.0))
    with pytest.raises(ValueError, match="false_alarm_probability"):
        ntnpos.prs_search(waveform.carrier, signal, 0.0)
