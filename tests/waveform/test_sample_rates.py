# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of sample rate: modulation against the sum of TS 38.211 5.3.1 and 5.4, and back.

Rates are 128 subcarrier spacings times a whole number: there every cyclic prefix is a whole number of samples.
"""

import numpy as np
import pytest
from gnuradio import ntnpos

# kHz, points of the FFT. 128 at 15 kHz are 1.92 MS/s; 16384 at 15 and 2048 at 120 are 245.76 MS/s.
CASES = [
    (15, 128), (15, 384), (15, 640), (15, 896), (15, 1152), (15, 1408), (15, 2176), (15, 4096), (15, 12288), (15, 16384),
    (30, 128), (30, 768), (30, 1536), (30, 3072), (30, 4096), (30, 8192),
    (60, 128), (60, 1280), (60, 2560), (60, 4096),
    (120, 128), (120, 384), (120, 1664), (120, 2048),
]  # fmt: skip


def cp_samples(scs_khz: int, extended: bool, symbol_in_subframe: int, n_fft: int) -> int:
    """5.3.1, in units of a 2048th of the symbol."""
    mu = {15: 0, 30: 1, 60: 2, 120: 3}[scs_khz]
    if extended:
        return 512 * n_fft // 2048
    return (144 + (16 * 2 ** mu if symbol_in_subframe in (0, 7 * 2**mu) else 0)) * n_fft // 2048


@pytest.mark.parametrize("phase_compensation", [False, True])
@pytest.mark.parametrize(
    "scs_khz, n_fft, extended", [(*case, False) for case in CASES] + [(60, 640, True), (60, 4096, True)]
)
def test_modulation_is_the_literal_sum_and_comes_back(scs_khz, n_fft, extended, phase_compensation):
    rng = np.random.default_rng([scs_khz, n_fft, extended])
    n_rb = min(275, n_fft // 12)
    rate, f_c = 1e3 * scs_khz * n_fft, 2.1850125e9
    carrier = ntnpos.carrier(
        frequency_hz=f_c,
        scs_khz=scs_khz,
        n_rb=n_rb,
        sample_rate_hz=rate,
        extended_cp=extended,
        phase_compensation=phase_compensation,
    )
    symbols, slots_per_subframe = (12 if extended else 14), scs_khz // 15
    slot = int(rng.integers(slots_per_subframe))
    grid = rng.choice(np.array([1, 1j, -1, -1j]), (12 * n_rb, symbols))
    samples = ntnpos.ofdm_modulate(carrier, grid, slot)
    # The slot's start within its subframe.
    start = sum(cp_samples(scs_khz, extended, l, n_fft) + n_fft for l in range(symbols * slot))
    at = 0
    k = np.arange(12 * n_rb) - 6 * n_rb
    for l in range(symbols):
        cp = cp_samples(scs_khz, extended, symbols * slot + l, n_fft)
        assert samples[at : at + cp].tobytes() == samples[at + n_fft : at + n_fft + cp].tobytes()
        n = np.concatenate([[-cp, -1, 0, n_fft - 1], rng.integers(-cp, n_fft, 4)])
        expected = np.exp(2j * np.pi * np.outer(n, k) / n_fft) @ grid[:, l] / np.sqrt(12 * n_rb)
        if phase_compensation:
            expected = expected * np.exp(-2j * np.pi * (f_c * (start + at + cp) % rate) / rate)
        np.testing.assert_allclose(samples[at + cp + n], expected, atol=3e-6)
        at += cp + n_fft
    assert at == len(samples)
    np.testing.assert_allclose(ntnpos.ofdm_demodulate(carrier, samples, slot), grid, atol=5e-6)


@pytest.mark.parametrize("scs_khz, n_fft", CASES)
def test_signals_are_their_modulated_grids(scs_khz, n_fft):
    """PRS and SRS leave by FFTs of their comb's size: the same samples as by the whole FFT."""
    n_rb = min(275, n_fft // 12)
    if n_rb < 12:  # 128 points hold ten blocks: an SRS of eight, no PRS
        prs = []
    else:
        num_rb = 12 if n_rb < 24 else min(272, n_rb // 4 * 4)
        prs = [
            ntnpos.prs_resource(
                comb_size=comb, num_symbols=12, num_rb=num_rb, periodicity_slots=4 * scs_khz // 15
            )
            for comb in (2, 4, 6, 12)
        ]
    carrier = ntnpos.carrier(scs_khz=scs_khz, n_rb=n_rb, sample_rate_hz=1e3 * scs_khz * n_fft)
    for resource in prs:
        samples = ntnpos.prs_slot(carrier, [resource], 0)
        whole = ntnpos.ofdm_modulate(carrier, ntnpos.prs_grid(carrier, [resource], 0), 0)
        assert np.abs(whole).max() > 0.5
        np.testing.assert_allclose(samples, whole, atol=3e-6)
    for comb in (2, 4, 8):
        resource = ntnpos.srs_resource(comb_size=comb, num_symbols=4, c_srs=1, periodicity_slots=1)
        samples = ntnpos.srs_slot(carrier, [resource], 0)
        whole = ntnpos.ofdm_modulate(carrier, ntnpos.srs_grid(carrier, [resource], 0), 0)
        np.testing.assert_allclose(samples, whole, atol=3e-6)


@pytest.mark.parametrize(
    "rate_hz", [1.92e6 - 15e3, 1.92e6 + 15e3, 2.0e6, 7.5e6, 30.72e6 + 960e3, 245.76e6 + 1.0]
)
def test_other_rates_are_refused(rate_hz):
    problem = ntnpos.carrier(n_rb=10, sample_rate_hz=rate_hz).validate()
    assert problem.startswith("sample_rate_hz = ") and "a multiple of 128 subcarrier spacings" in problem
