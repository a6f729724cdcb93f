# SPDX-License-Identifier: GPL-3.0-or-later
"""Positioning SRS grids against a slow reference written from TS 38.211 5.2.2 and 6.4.1.4.

The tables here have other sources than the kernel's: the short sequences come from NVIDIA Aerial (cuPHY), the
bandwidths from srsRAN Project, the comb offsets from the 5G Toolbox of MathWorks.
"""

import itertools
from functools import lru_cache

import numpy as np
from gnuradio import gr_unittest, ntnpos

# Tables 5.2.2.2-1..4, one row a group u, lengths 6, 12, 18 and 24 side by side: A, B, C, D = -3, -1, 1, 3.
PHI = (
    "ABDDBA ACAAADABCCCA BDBADCABDABBCCCBBB BADBDCDBCABABCDABADDDAAA",
    "ADBBDA ADCACDBBCDDD DADBCDABAABADCBDAD BADCCACAACABBDADDDACDDAA",
    "AAADCA ADDCADBCDADA ADCBBDABCCCCCBDBAB BAACBBACDBABBACCDCABBDAA",
    "CCCDBA AABDDDADACBA AADDDCACDDCAADBABC CADBABDDCBCCDABAAABDABAA",
    "CCCABD ABBCDCCBCBAC CCBBABCAAACABBCBDC BDAABDBBCDCDBBACDCBACBAA",
    "ACBAAA AADCAAABDBCD DACCDBCBBACCBDDADB ABCAACCADBBACDCBABACAAAA",
    "ACDAAA CBDBBBABCCCA ADBCDCABCCACDDBAAA ADCDBCACACBABAAAABBBCCAA",
    "ABCACB BADBAAABCBCA CCADDCDADBCCBCAABD ACDBCBDADBABADBBBABBADDA",
    "ABACAA ABDCABADCDDC ACAACAADCABAAABCCD ACADBBBADCBABCDBCBCAAAAA",
    "AACADA ABBAABADCDBA DBDCAABCAADDDCDADA CCBABCCACBCADAADBACDACAA",
    "ACDCAA ADADDABBDDCA AAACADCCDAACDBDAAD AAABDADCDCABBACCDCBADCDA",
    "ABACCA ABABBADDBBCA AADDDBBABBBDCAABDB ADBDCBBBDDCCCDDCAABCACDA",
    "CCDBAD ABDAABACBADD ABAACCBABABBDDBDCD DADBACDCBBABDADBBDDAADAA",
    "CCDDBD ACBBDDABBABA CCAAAACDADDCABDBAC ADBDBDDCCACDADAABCDABBAA",
    "CCCADB CDACDDDCBCBD ADBABACCAABBDACDCC ACABBDCDACBDDBADABBAAADA",
    "CCCBDA ACDBBAABBDCA DCACADDBAABAADABCD ABBACAABBDBCBDCABDCCBBAA",
    "ABBBDB BBBBCABDDBAC ABABACDABDDDCBADBA AACBDDABCBBCCBBDACACBBBA",
    "AABCBA BCCBCDDBBACA ABDDBDBABCBABBBDDC DBDBCACCAADABBBBBAABCCAA",
    "AAACAB ACDDBBADDADA ACABBDCAAABAACCCBB ACACAACACAAAAACAACCACCAA",
    "ACCABA AADABDDDBACA DDDABABDBCBACAABDD AADDCBBBCABCBDABABBCADBA",
    "ADACCA DCDCDABCDCBA ACCACCDABABDADBBBA AABBBACBABDACADADDCBBCAA",
    "ACAAAB ADCDACCCCDAD CABADDBACAABABCDDD DBCBDACCDBADCADBBBBCAAAA",
    "CCADCD ADDDBAABACDA AACBBCCABDDDDBDCDC ACADACADCBABAAAACDBCDDDA",
    "CCAACA DBADABDDDABA DBACAAADDBCABDCCDD ABCABBCCCDDBCBCBBAAADCBA",
    "CCDBDD ABCACDDDBADD DBBCABABAABACCCAAD ADBABBBDBBDABDADABDCCBAA",
    "CCACDD ADCBDDACBCBC AACADDDBDCCAAADABB ACBAABCABACCBCCDDDBCBCBA",
    "CCBBDB BCDACBCBBACB ABBACADBBADDABDBBB BDBBDDBBBDBACDCCAAABABAA",
    "CCBDBB AADDDABCADCA AADDACDBACBADABBBD DAABDDABDCCCDBDABDBDCBAA",
    "CCBDAB CBDCCBBBCDAC BACAAACCDDADDABDAC ACACACCDCAABCDBADCBAAAAA",
    "CCACBB ADADAADBBCDA ADCBBBBCBDDABCDBDB DABCDBBABDBABADBDCCADAAA",
)
# Table 6.4.1.4.3-1.
BANDWIDTH = (  # (m_SRS,b, N_b) for b = 0..3
    ((4, 1), (4, 1), (4, 1), (4, 1)), ((8, 1), (4, 2), (4, 1), (4, 1)),
    ((12, 1), (4, 3), (4, 1), (4, 1)), ((16, 1), (4, 4), (4, 1), (4, 1)),
    ((16, 1), (8, 2), (4, 2), (4, 1)), ((20, 1), (4, 5), (4, 1), (4, 1)),
    ((24, 1), (4, 6), (4, 1), (4, 1)), ((24, 1), (12, 2), (4, 3), (4, 1)),
    ((28, 1), (4, 7), (4, 1), (4, 1)), ((32, 1), (16, 2), (8, 2), (4, 2)),
    ((36, 1), (12, 3), (4, 3), (4, 1)), ((40, 1), (20, 2), (4, 5), (4, 1)),
    ((48, 1), (16, 3), (8, 2), (4, 2)), ((48, 1), (24, 2), (12, 2), (4, 3)),
    ((52, 1), (4, 13), (4, 1), (4, 1)), ((56, 1), (28, 2), (4, 7), (4, 1)),
    ((60, 1), (20, 3), (4, 5), (4, 1)), ((64, 1), (32, 2), (16, 2), (4, 4)),
    ((72, 1), (24, 3), (12, 2), (4, 3)), ((72, 1), (36, 2), (12, 3), (4, 3)),
    ((76, 1), (4, 19), (4, 1), (4, 1)), ((80, 1), (40, 2), (20, 2), (4, 5)),
    ((88, 1), (44, 2), (4, 11), (4, 1)), ((96, 1), (32, 3), (16, 2), (4, 4)),
    ((96, 1), (48, 2), (24, 2), (4, 6)), ((104, 1), (52, 2), (4, 13), (4, 1)),
    ((112, 1), (56, 2), (28, 2), (4, 7)), ((120, 1), (60, 2), (20, 3), (4, 5)),
    ((120, 1), (40, 3), (8, 5), (4, 2)), ((120, 1), (24, 5), (12, 2), (4, 3)),
    ((128, 1), (64, 2), (32, 2), (4, 8)), ((128, 1), (64, 2), (16, 4), (4, 4)),
    ((128, 1), (16, 8), (8, 2), (4, 2)), ((132, 1), (44, 3), (4, 11), (4, 1)),
    ((136, 1), (68, 2), (4, 17), (4, 1)), ((144, 1), (72, 2), (36, 2), (4, 9)),
    ((144, 1), (48, 3), (24, 2), (12, 2)), ((144, 1), (48, 3), (16, 3), (4, 4)),
    ((144, 1), (16, 9), (8, 2), (4, 2)), ((152, 1), (76, 2), (4, 19), (4, 1)),
    ((160, 1), (80, 2), (40, 2), (4, 10)), ((160, 1), (80, 2), (20, 4), (4, 5)),
    ((160, 1), (32, 5), (16, 2), (4, 4)), ((168, 1), (84, 2), (28, 3), (4, 7)),
    ((176, 1), (88, 2), (44, 2), (4, 11)), ((184, 1), (92, 2), (4, 23), (4, 1)),
    ((192, 1), (96, 2), (48, 2), (4, 12)), ((192, 1), (96, 2), (24, 4), (4, 6)),
    ((192, 1), (64, 3), (16, 4), (4, 4)), ((192, 1), (24, 8), (8, 3), (4, 2)),
    ((208, 1), (104, 2), (52, 2), (4, 13)), ((216, 1), (108, 2), (36, 3), (4, 9)),
    ((224, 1), (112, 2), (56, 2), (4, 14)), ((240, 1), (120, 2), (60, 2), (4, 15)),
    ((240, 1), (80, 3), (20, 4), (4, 5)), ((240, 1), (48, 5), (16, 3), (8, 2)),
    ((240, 1), (24, 10), (12, 2), (4, 3)), ((256, 1), (128, 2), (64, 2), (4, 16)),
    ((256, 1), (128, 2), (32, 4), (4, 8)), ((256, 1), (16, 16), (8, 2), (4, 2)),
    ((264, 1), (132, 2), (44, 3), (4, 11)), ((272, 1), (136, 2), (68, 2), (4, 17)),
    ((272, 1), (68, 4), (4, 17), (4, 1)), ((272, 1), (16, 17), (8, 2), (4, 2)),
)
# Table 6.4.1.4.3-2: K_TC, N_symb -> k_offset of each symbol.
COMB_OFFSETS = {
    (2, 1): [0],
    (2, 2): [0, 1],
    (2, 4): [0, 1, 0, 1],
    (4, 2): [0, 2],
    (4, 4): [0, 2, 1, 3],
    (4, 8): [0, 2, 1, 3, 0, 2, 1, 3],
    (4, 12): [0, 2, 1, 3, 0, 2, 1, 3, 0, 2, 1, 3],
    (8, 4): [0, 4, 2, 6],
    (8, 8): [0, 4, 2, 6, 1, 5, 3, 7],
    (8, 12): [0, 4, 2, 6, 1, 5, 3, 7, 0, 4, 2, 6],
}
MAX_CYCLIC_SHIFTS = {2: 8, 4: 12, 8: 6}  # table 6.4.1.4.2-1
TOLERANCE = 2e-7  # single precision, values of unit size


@lru_cache(maxsize=None)
def gold(c_init: int, count: int) -> list:
    """c(n) of 5.2.1, bit by bit."""
    x1 = [1] + [0] * 30
    x2 = [(c_init >> i) & 1 for i in range(31)]
    for n in range(count + 1600 - 31):
        x1.append((x1[n + 3] + x1[n]) % 2)
        x2.append((x2[n + 3] + x2[n + 2] + x2[n + 1] + x2[n]) % 2)
    return [(x1[n + 1600] + x2[n + 1600]) % 2 for n in range(count)]


@lru_cache(maxsize=None)
def base_sequence(u: int, v: int, length: int) -> np.ndarray:
    """r_{u,v}(n) of 5.2.2."""
    if length in (6, 12, 18, 24):
        letters = PHI[u].split(" ")[(6, 12, 18, 24).index(length)]
        return np.exp(1j * np.pi / 4 * np.array([{"A": -3, "B": -1, "C": 1, "D": 3}[c] for c in letters]))
    n = np.arange(length)
    if length == 30:
        return np.exp(-1j * np.pi * ((u + 1) * (n + 1) * (n + 2) % 62) / 31)
    n_zc = max(p for p in range(2, length) if all(p % d for d in range(2, int(p**0.5) + 1)))
    q_bar = n_zc * (u + 1) / 31
    q = int(np.floor(q_bar + 1 / 2) + v * (-1) ** np.floor(2 * q_bar))
    m = n % n_zc
    return np.exp(-1j * np.pi * (q * m * (m + 1) % (2 * n_zc)) / n_zc)


def literal_grid(r, n_rb: int, slot_in_frame: int, slots_per_frame: int, symbols_per_slot: int) -> np.ndarray:
    """a_{k,l} of one slot that carries the resource: 6.4.1.4.2 and 6.4.1.4.3 for one antenna port."""
    grid = np.zeros((12 * n_rb, symbols_per_slot), complex)
    length = BANDWIDTH[r.c_srs][r.b_srs][0] * 12 // r.comb_size
    alpha = 2 * np.pi * r.cyclic_shift / MAX_CYCLIC_SHIFTS[r.comb_size]
    c = gold(r.sequence_id, 8 * symbols_per_slot * slots_per_frame)
    for l in range(r.num_symbols):
        symbol = slot_in_frame * symbols_per_slot + r.start_symbol + l
        f_gh = v = 0
        if r.group_or_sequence_hopping == "group":
            f_gh = sum(c[8 * symbol + m] * 2**m for m in range(8)) % 30
        if r.group_or_sequence_hopping == "sequence" and length >= 6 * 12:
            v = c[symbol]
        u = (f_gh + r.sequence_id) % 30
        values = np.exp(1j * alpha * np.arange(length)) * base_sequence(u, v, length)
        k_offset = COMB_OFFSETS[r.comb_size, r.num_symbols][l]
        k0 = r.freq_shift * 12 + (r.comb_offset + k_offset) % r.comb_size
        for m_srs, n in BANDWIDTH[r.c_srs][: r.b_srs + 1]:
            n_b = (4 * r.freq_position // m_srs) % n
            k0 += r.comb_size * (m_srs * 12 // r.comb_size) * n_b
        for k in range(length):
            grid[r.comb_size * k + k0, r.start_symbol + l] = values[k]
    return grid


class qa_srs_grid(gr_unittest.TestCase):
    def assert_literal(self, carrier, r, slot: int):
        self.assertIsNone(r.validate(carrier))
        per_frame, symbols = ntnpos.slots_per_frame(carrier), ntnpos.symbols_per_slot(carrier)
        expected = literal_grid(r, carrier.n_rb, slot % per_frame, per_frame, symbols)
        grid = ntnpos.srs_grid(carrier, [r], slot)
        self.assertEqual(grid.shape, expected.shape)
        self.assertLess(np.abs(grid - expected).max(), TOLERANCE, (r, slot))

    def test_every_comb_symbols_offset_shift_and_hopping(self):
        rng = np.random.default_rng(1)
        carrier = ntnpos.carrier(n_rb=60, sample_rate_hz=15.36e6)
        ids = [0, 1, 29, 30, 1023, 1024, 40000, 65534, 65535]
        cases = 0
        for (comb, symbols), hopping in itertools.product(COMB_OFFSETS, ("neither", "group", "sequence")):
            for offset, shift in itertools.product(range(comb), range(MAX_CYCLIC_SHIFTS[comb])):
                c_srs, b_srs = int(rng.integers(0, 17)), int(rng.integers(0, 4))
                slot = int(rng.integers(-20, 40))
                r = ntnpos.srs_resource(
                    sequence_id=ids[cases % len(ids)],
                    comb_size=comb,
                    comb_offset=offset,
                    cyclic_shift=shift,
                    num_symbols=symbols,
                    start_symbol=int(rng.integers(0, 15 - symbols)),
                    c_srs=c_srs,
                    b_srs=b_srs,
                    freq_position=int(rng.integers(0, 68)),
                    freq_shift=int(rng.integers(0, 61 - BANDWIDTH[c_srs][0][0])),
                    group_or_sequence_hopping=hopping,
                    periodicity_slots=1,
                )
                self.assert_literal(carrier, r, slot)
                cases += 1
        self.assertEqual(cases, 3 * (3 * 2 * 8 + 4 * 4 * 12 + 3 * 8 * 6))

    def test_every_first_symbol_at_every_numerology(self):
        """And every pair of comb and symbols, with the ids at their boundaries."""
        rng = np.random.default_rng(3)
        ids, hoppings = [0, 29, 30, 1023, 1024, 32767, 32768, 65535], ["neither", "group", "sequence"]
        cases = 0
        for scs_khz, extended in ((15, False), (30, False), (60, False), (60, True), (120, False)):
            carrier = ntnpos.carrier(scs_khz=scs_khz, extended_cp=extended, sample_rate_hz=512e3 * scs_khz)
            for comb, symbols in COMB_OFFSETS:
                for start in range((12 if extended else 14) - symbols + 1):
                    r = ntnpos.srs_resource(
                        sequence_id=ids[cases % len(ids)],
                        comb_size=comb,
                        comb_offset=cases % comb,
                        cyclic_shift=cases % MAX_CYCLIC_SHIFTS[comb],
                        num_symbols=symbols,
                        start_symbol=start,
                        group_or_sequence_hopping=hoppings[cases % 3],
                        periodicity_slots=1,
                    )
                    self.assert_literal(carrier, r, int(rng.integers(-20, 160)))
                    cases += 1
        self.assertEqual(cases, 4 * 93 + 73)

    def test_every_bandwidth(self):
        """All 64 x 4 configurations, hence every sequence length, in the widest carrier."""
        carrier = ntnpos.carrier(n_rb=275, scs_khz=30, sample_rate_hz=122.88e6)
        rng = np.random.default_rng(2)
        for c_srs, b_srs in itertools.product(range(64), range(4)):
            whole = BANDWIDTH[c_srs][0][0]
            r = ntnpos.srs_resource(
                sequence_id=int(rng.integers(0, 65536)),
                comb_size=[2, 4, 8][(c_srs + b_srs) % 3],
                num_symbols=4,
                cyclic_shift=5,
                c_srs=c_srs,
                b_srs=b_srs,
                freq_position=int(rng.integers(0, 68)),
                freq_shift=min(268, 275 - whole),
                group_or_sequence_hopping=["group", "sequence"][c_srs % 2],
                periodicity_slots=1,
            )
            self.assert_literal(carrier, r, int(rng.integers(0, 20)))

    def test_every_frequency_position(self):
        carrier = ntnpos.carrier(n_rb=275, scs_khz=30, sample_rate_hz=122.88e6)
        for c_srs, b_srs in itertools.product(range(64), range(4)):
            for position in range(68):
                r = ntnpos.srs_resource(c_srs=c_srs, b_srs=b_srs, freq_position=position, freq_shift=3)
                start = 3 + sum(m * ((4 * position // m) % n) for m, n in BANDWIDTH[c_srs][: b_srs + 1])
                self.assertEqual(ntnpos.srs_resource_blocks(r, carrier), (start, BANDWIDTH[c_srs][b_srs][0]))

    def test_every_symbol_of_a_frame_at_every_numerology(self):
        """Hopping reaches into the last symbol of the last slot, extended prefix included."""
        for scs_khz, extended in ((15, False), (30, False), (60, False), (60, True), (120, False)):
            carrier = ntnpos.carrier(scs_khz=scs_khz, extended_cp=extended, sample_rate_hz=512e3 * scs_khz)
            symbols = 12 if extended else 14
            for hopping in ("group", "sequence"):
                r = ntnpos.srs_resource(
                    sequence_id=54321,
                    comb_size=2,
                    num_symbols=4,
                    start_symbol=symbols - 4,
                    group_or_sequence_hopping=hopping,
                    periodicity_slots=1,
                )
                per_frame = ntnpos.slots_per_frame(carrier)
                for slot in (0, 1, per_frame // 2, per_frame - 1, per_frame, -1):
                    self.assert_literal(carrier, r, slot)

    def test_every_base_sequence(self):
        lengths = {12 * m // comb for row in BANDWIDTH for m, _ in row for comb in (2, 4, 8)}
        self.assertTrue({6, 12, 18, 24, 30, 36, 1632} <= lengths)
        for length in sorted(lengths):
            for u, v in itertools.product(range(30), (0, 1) if length >= 72 else (0,)):
                error = ntnpos.low_papr_sequence(length, u, v) - base_sequence(u, v, length)
                self.assertLess(np.abs(error).max(), TOLERANCE, (length, u, v))

    def test_bandwidth_table_is_consistent(self):
        for row in BANDWIDTH:
            self.assertEqual(row[0][1], 1)
            for (wide, _), (narrow, count) in zip(row, row[1:]):
                self.assertEqual(wide, narrow * count)

    def test_grid_and_symbol_values_agree_and_have_the_power(self):
        carrier = ntnpos.carrier()
        r = ntnpos.srs_resource(
            sequence_id=77, comb_size=8, num_symbols=8, start_symbol=3, power_offset_db=-3.0
        )
        grid = ntnpos.srs_grid(carrier, [r], 10)
        for l in range(8):
            first = ntnpos.first_subcarrier(r, carrier, l)
            values = ntnpos.srs_symbol_values(r, carrier, 10, l)
            np.testing.assert_array_equal(grid[first::8, 3 + l], values)
            np.testing.assert_allclose(np.abs(values) ** 2, 10**-0.3, rtol=1e-6)
        self.assertEqual(np.count_nonzero(grid), 8 * 36)
        self.assertEqual(np.count_nonzero(ntnpos.srs_grid(carrier, [r], 11)), 0)

    def test_two_resources_of_other_shifts_share_their_elements(self):
        """Two UEs on one comb: the correlation over a symbol parts them."""
        carrier = ntnpos.carrier()
        one = ntnpos.srs_resource(cyclic_shift=0, group_or_sequence_hopping="group")
        two = ntnpos.srs_resource(cyclic_shift=4, group_or_sequence_hopping="group")
        both = ntnpos.srs_grid(carrier, [one, two], 0)
        expected = ntnpos.srs_grid(carrier, [one], 0) + ntnpos.srs_grid(carrier, [two], 0)
        np.testing.assert_allclose(both, expected, atol=TOLERANCE)
        for l in range(4):
            column = both[ntnpos.first_subcarrier(one, carrier, l) :: 4, 10 + l]
            for r in (one, two):
                values = ntnpos.srs_symbol_values(r, carrier, 0, l)
                self.assertAlmostEqual(abs(np.vdot(values, column)) / 72, 1, 5)

    def test_python_interface(self):
        r = ntnpos.srs_resource(group_or_sequence_hopping="group")
        self.assertEqual(r.group_or_sequence_hopping, "group")
        r.group_or_sequence_hopping = "sequence"
        self.assertIn("group_or_sequence_hopping='sequence'", repr(r))
        for wrong in ("groupHopping", ""):
            with self.assertRaises(ValueError) as raised:
                ntnpos.srs_resource(group_or_sequence_hopping=wrong)
            allowed = "neither, group or sequence (TS 38.211 6.4.1.4.2)"
            self.assertEqual(str(raised.exception), f"group_or_sequence_hopping = {wrong}: must be {allowed}")
        carrier = ntnpos.carrier()
        for call, message in (
            (lambda: ntnpos.srs_symbol_values(r, carrier, 0, 4), "symbol_index = 4: must be 0..3"),
            (lambda: ntnpos.srs_slot(carrier, [r], 0, 0.75), "delay_samples = 0.750000: must be -0.5..0.5"),
            (
                lambda: ntnpos.low_papr_sequence(36, 0, 1),
                "number = 1: must be 0, or 1 from length 72 on (TS 38.211 5.2.2)",
            ),
        ):
            with self.assertRaises(ValueError) as raised:
                call()
            self.assertEqual(str(raised.exception), message)


if __name__ == "__main__":
    gr_unittest.run(qa_srs_grid)
