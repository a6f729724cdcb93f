# SPDX-License-Identifier: GPL-3.0-or-later
"""Cross-correlation of DL-PRS of different n_ID against what random QPSK sequences of the same length have.

The normalised correlation of two independent random QPSK sequences of length L, at any delay, is a sum of L unit
vectors of random phase, divided by L: its power has the mean 1/L, and for a large L times L the exponential
distribution. Two Gold sequences are the sum modulo 2 of a third that their c_init alone decide: at no delay the real
part of the correlation is the same wherever the two c_init differ in the same bits.
"""

import numpy as np
import pytest
from gnuradio import ntnpos
from scipy import stats

SEED = 20251007
PAIRS = 3000
LEAST_P = 1e-3  # of a Kolmogorov-Smirnov test; the draws are seeded, so it does not fail now and then


def any_two(rng):
    return rng.choice(4096, 2, replace=False)


def neighbours(rng):
    return rng.integers(4095) + np.array([0, 1])


def same_but_for_the_upper_bits(rng):
    return rng.integers(1024) + 1024 * rng.permutation(4)[:2]


FAMILIES = [any_two, neighbours, same_but_for_the_upper_bits]  # of two sequence ids


def assert_as_random(powers, length):
    """Powers of normalised correlations over `length` values: mean, tail and distribution."""
    scaled = length * np.asarray(powers)
    n = len(scaled)
    # Mean and variance of an exponential variable are 1 (exactly 1 and 1 - 1/L for random QPSK).
    assert abs(scaled.mean() - 1.0) < 4.0 / np.sqrt(n)
    for level in (1.0, 3.0, 5.0):
        expected = n * np.exp(-level)
        assert abs(np.count_nonzero(scaled > level) - expected) < 4.0 * np.sqrt(expected), level
    assert scaled.max() < np.log(n) + 7.0  # beyond that once in e^7 = 1100 tests of this size
    assert stats.kstest(scaled, "expon").pvalue > LEAST_P


CARRIER = ntnpos.carrier(n_rb=272, sample_rate_hz=61.44e6)


def values(n_id, comb, num_rb, slot, symbol):
    """r(m) of one symbol of 12 from symbol 2 on."""
    resource = ntnpos.prs_resource(
        sequence_id=int(n_id), comb_size=comb, num_symbols=12, start_symbol=2, num_rb=num_rb
    )
    return ntnpos.prs_symbol_values(resource, CARRIER, slot, symbol)


def power_at_a_delay(first, second, rng):
    """Of the normalised correlation, with the phase over the subcarriers that a delay makes."""
    length = len(first)
    turned = second * np.exp(2j * np.pi * rng.uniform() * np.arange(length))
    return np.abs(np.vdot(first, turned) / length) ** 2


@pytest.mark.parametrize("comb, num_rb", [(2, 24), (4, 132), (12, 272)])
@pytest.mark.parametrize("family", FAMILIES)
def test_values_of_two_ids_correlate_as_random_ones(family, comb, num_rb):
    rng = np.random.default_rng([SEED, comb, FAMILIES.index(family)])
    powers = []
    for _ in range(PAIRS):
        slot, symbol = int(rng.integers(10)), int(rng.integers(12))
        first, second = (values(n_id, comb, num_rb, slot, symbol) for n_id in family(rng))
        powers.append(power_at_a_delay(first, second, rng))
    assert_as_random(powers, 12 * num_rb // comb)


def test_symbols_and_slots_of_one_id_correlate_as_random_ones():
    rng = np.random.default_rng([SEED, 1])
    powers = []
    for _ in range(PAIRS):
        n_id = rng.integers(4096)
        places = rng.choice(120, 2, replace=False)  # slot and symbol, never the same
        first, second = (values(n_id, 4, 52, int(p) // 12, int(p) % 12) for p in places)
        powers.append(power_at_a_delay(first, second, rng))
    assert_as_random(powers, 156)


def test_real_part_at_no_delay_follows_from_the_bits_in_which_c_init_differ():
    """Ids that agree modulo 1024 have few such differences, and share their correlations."""
    rng = np.random.default_rng([SEED, 3])
    found = {}
    for _ in range(400):
        slot, symbol = int(rng.integers(10)), int(rng.integers(12))
        ids = same_but_for_the_upper_bits(rng)
        upper, lower = ids // 1024, ids % 1024
        inits = (2**22 * upper + 2**10 * (14 * slot + symbol + 3) * (2 * lower + 1) + lower) % 2**31
        first, second = (values(n_id, 2, 24, slot, symbol) for n_id in ids)
        found.setdefault(int(inits[0] ^ inits[1]), []).append(np.vdot(first, second).real)
    assert max(map(len, found.values())) > 50 and len(found) > 3
    for sums in found.values():
        np.testing.assert_allclose(sums, sums[0], atol=1e-3)
    assert len({round(sums[0]) for sums in found.values()}) > 3


def test_waveforms_of_two_ids_correlate_as_random_ones():
    """Time samples of a slot at delays within the cyclic prefix, symbol by symbol as a receiver correlates."""
    rng = np.random.default_rng([SEED, 2])
    carrier = ntnpos.carrier(n_rb=24, sample_rate_hz=5.76e6)
    starts = [
        ntnpos.symbol_offset_samples(carrier, 0, l) + ntnpos.cp_samples(carrier, 0, l) for l in range(14)
    ]
    symbols, length = 4, 4 * 72
    powers = []
    for _ in range(PAIRS // 2):
        first, second = (
            ntnpos.prs_slot(carrier, [ntnpos.prs_resource(sequence_id=int(n_id))], 0) for n_id in any_two(rng)
        )
        delay = int(rng.integers(27))
        correlation = energy = 0.0
        for start in starts[2 : 2 + symbols]:
            x, y = first[start : start + 384], second[start - delay : start - delay + 384]
            correlation += np.vdot(x, y)
            energy += np.linalg.norm(x) * np.linalg.norm(y)
        powers.append(np.abs(correlation / energy) ** 2)
    assert_as_random(powers, length)


def test_the_check_notices_sequences_that_are_not_random():
    """Correlations 10 % too strong, or all of one strength, do not pass."""
    rng = np.random.default_rng(SEED)
    good = rng.exponential(size=PAIRS) / 100
    assert_as_random(good, 100)
    for bad in (1.1 * good, np.full(PAIRS, 0.01), np.concatenate([good, [0.5]])):
        with pytest.raises(AssertionError):
            assert_as_random(bad, 100)
