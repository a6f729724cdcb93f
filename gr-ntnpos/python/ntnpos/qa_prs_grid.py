# SPDX-License-Identifier: GPL-3.0-or-later
"""Every legal DL-PRS resource against a slow reference written from TS 38.211 5.2.1, 5.3.1 and 7.4.1.7."""

import itertools

import numpy as np
from gnuradio import gr_unittest, ntnpos

# Table 7.4.1.7.3-1 by comb size, and table 7.4.1.7.3-2; the latter read in OpenAirInterface too.
SYMBOLS = {2: (2, 4, 6, 12), 4: (4, 12), 6: (6, 12), 12: (12,)}
K_PRIME = {2: [0, 1], 4: [0, 2, 1, 3], 6: [0, 3, 1, 4, 2, 5], 12: [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11]}
NUMEROLOGIES = [(15, False), (30, False), (60, False), (60, True), (120, False)]  # kHz, extended prefix
IDS = [0, 1, 1023, 1024, 2047, 2048, 3071, 3072, 4095]
GRID_TOLERANCE = 1e-7  # values of unit size in single precision
TIME_TOLERANCE = 2e-6  # their sum by a single-precision FFT


def gold(c_init: np.ndarray, count: int) -> np.ndarray:
    """c(n) of 5.2.1, one step of the registers after the other, of many c_init: uint8 [count, len(c_init)]."""
    x1 = np.zeros((1600 + count, 1), np.uint8)
    x2 = np.zeros((1600 + count, len(c_init)), np.uint8)
    x1[0] = 1
    for i in range(31):
        x2[i] = (c_init >> i) & 1
    for n in range(1600 + count - 31):
        x1[n + 31] = x1[n + 3] ^ x1[n]
        x2[n + 31] = x2[n + 3] ^ x2[n + 2] ^ x2[n + 1] ^ x2[n]
    return x1[1600:] ^ x2[1600:]


def c_init_of(n_id: int, symbols_per_slot: int, slot_in_frame: int, l: int) -> int:
    """7.4.1.7.2."""
    return (
        2**22 * (n_id // 1024)
        + 2**10 * (symbols_per_slot * slot_in_frame + l + 1) * (2 * (n_id % 1024) + 1)
        + n_id % 1024
    ) % 2**31


class case:
    """One resource in one slot, and the elements that 7.4.1.7 gives it."""

    def __init__(self, scs_khz, extended, r, slot):
        self.scs_khz, self.extended, self.r, self.slot = scs_khz, extended, r, slot
        self.symbols_per_slot = 12 if extended else 14
        self.slot_in_frame = slot % (10 * scs_khz // 15)
        self.inits = [
            c_init_of(r.sequence_id, self.symbols_per_slot, self.slot_in_frame, r.start_symbol + i)
            for i in range(r.num_symbols)
        ]

    def grid(self, n_rb: int, bits: np.ndarray) -> np.ndarray:
        """a_{k,l}: 7.4.1.7.3 with r(m) from Point A; bits [at least 2 * 12 n_rb / comb, symbols]."""
        grid = np.zeros((12 * n_rb, self.symbols_per_slot), complex)
        r = self.r
        signs = 1.0 - 2.0 * bits
        values = (signs[::2] + 1j * signs[1::2]) / np.sqrt(2)
        m = np.arange(12 * n_rb // r.comb_size)
        for i in range(r.num_symbols):
            k = m * r.comb_size + (r.re_offset + K_PRIME[r.comb_size][i % r.comb_size]) % r.comb_size
            inside = (k >= 12 * r.start_prb) & (k < 12 * (r.start_prb + r.num_rb))
            grid[k[inside], r.start_symbol + i] = values[m[inside], i]
        return grid


def literal_samples(
    grid: np.ndarray, scs_khz: int, extended: bool, slot_in_subframe: int, n_fft: int
) -> np.ndarray:
    """5.3.1 for every sample of a slot: the sum over subcarriers, the cyclic prefix by negative time."""
    mu = {15: 0, 30: 1, 60: 2, 120: 3}[scs_khz]
    k = np.arange(len(grid)) - len(grid) // 2
    parts = []
    for l in range(grid.shape[1]):
        if extended:
            cp = n_fft * 512 // 2048
        else:
            l_subframe = 14 * slot_in_subframe + l
            cp = n_fft * (144 + (16 * 2 ** mu if l_subframe in (0, 7 * 2**mu) else 0)) // 2048
        n = np.arange(-cp, n_fft)
        used = grid[:, l] != 0
        basis = np.exp(2j * np.pi * np.outer(n, k[used]) / n_fft)
        parts.append(basis @ grid[used, l] / np.sqrt(len(grid)))
    return np.concatenate(parts)


class qa_prs_grid(gr_unittest.TestCase):
    def check(self, cases: list, n_rb: int, n_fft: int, every_sample: int = 0):
        """Grids of all cases; the time samples too of each every_sample-th (0: of none)."""
        inits = np.array([c for one in cases for c in one.inits])
        smallest = min(one.r.comb_size for one in cases)
        bits = np.split(
            gold(inits, 2 * 12 * n_rb // smallest), np.cumsum([len(one.inits) for one in cases])[:-1], axis=1
        )
        for index, (one, own) in enumerate(zip(cases, bits)):
            carrier = ntnpos.carrier(
                scs_khz=one.scs_khz,
                extended_cp=one.extended,
                n_rb=n_rb,
                sample_rate_hz=1e3 * one.scs_khz * n_fft,
            )
            expected = one.grid(n_rb, own)
            found = ntnpos.prs_grid(carrier, [one.r], one.slot)
            self.assertEqual(found.shape, expected.shape)
            self.assertLess(
                np.abs(found - expected).max(), GRID_TOLERANCE, (one.scs_khz, one.extended, one.r)
            )
            if every_sample and index % every_sample == 0:
                samples = ntnpos.prs_slot(carrier, [one.r], one.slot)
                literal = literal_samples(
                    expected, one.scs_khz, one.extended, one.slot % (one.scs_khz // 15), n_fft
                )
                self.assertEqual(len(samples), len(literal))
                self.assertLess(
                    np.abs(samples - literal).max(), TIME_TOLERANCE, (one.scs_khz, one.extended, one.r)
                )

    def test_every_comb_number_of_symbols_offset_and_start(self):
        """All of them at all numerologies and prefixes; ids at every boundary, slots all over the frame."""
        cases = []
        ids, slots = itertools.cycle(IDS + [517, 1800, 2900, 3500]), itertools.count()
        for scs_khz, extended in NUMEROLOGIES:
            per_frame = 10 * scs_khz // 15
            for comb, counts in SYMBOLS.items():
                for count, offset in itertools.product(counts, range(comb)):
                    for start in range((12 if extended else 14) - count + 1):
                        slot = (7 * next(slots)) % per_frame
                        r = ntnpos.prs_resource(
                            sequence_id=next(ids),
                            comb_size=comb,
                            re_offset=offset,
                            start_symbol=start,
                            num_symbols=count,
                            start_prb=1,
                            num_rb=24,
                            periodicity_slots=2 * per_frame,
                            slot_offset=slot,
                        )
                        cases.append(case(scs_khz, extended, r, slot))
        self.assertEqual(len(cases), 4 * 236 + 156)
        self.check(cases, 26, 384, every_sample=17)

    def test_every_bandwidth_at_its_first_and_last_place(self):
        """24..272 resource blocks and 12, at Point A, beside it and at the end of the widest grid."""
        cases = []
        for i, num_rb in enumerate([12, *range(24, 273, 4)]):
            for start in sorted({0, 1, (275 - num_rb) // 2, 275 - num_rb}):
                comb = (2, 4, 6, 12)[i % 4]
                r = ntnpos.prs_resource(
                    sequence_id=IDS[i % len(IDS)],
                    comb_size=comb,
                    re_offset=(i + start) % comb,
                    num_symbols=SYMBOLS[comb][0],
                    start_prb=start,
                    num_rb=num_rb,
                    periodicity_slots=20,
                )
                cases.append(case(30, False, r, 0))
        self.assertEqual(len(cases), 4 * 64 - 1)  # 272 blocks have three places
        self.check(cases, 275, 4096)

    def test_every_boundary_of_sequence_id_slot_and_symbol(self):
        """The corners of c_init: ids, first and last slot of a frame, of a cycle of SFN and past it."""
        cases = []
        for n_id, (scs_khz, extended) in itertools.product(IDS, NUMEROLOGIES):
            per_frame = 10 * scs_khz // 15
            symbols = 12 if extended else 14
            for slot in (0, per_frame - 1, 1024 * per_frame - 1, 1024 * per_frame, -1):
                for start in (0, symbols - 2):
                    r = ntnpos.prs_resource(
                        sequence_id=n_id,
                        comb_size=2,
                        num_symbols=2,
                        start_symbol=start,
                        periodicity_slots=per_frame,
                        slot_offset=slot % per_frame,
                    )
                    cases.append(case(scs_khz, extended, r, slot))
        self.check(cases, 24, 384)


if __name__ == "__main__":
    gr_unittest.run(qa_prs_grid)
