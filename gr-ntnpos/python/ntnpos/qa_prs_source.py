# SPDX-License-Identifier: GPL-3.0-or-later
"""The prs_source block against a slow reference written from TS 38.211, and however the stream is cut."""

import numpy as np
import pmt
from gnuradio import blocks, gr, gr_unittest, ntnpos

LEGAL_PAIRS = [(2, 2), (4, 2), (6, 2), (12, 2), (4, 4), (12, 4), (6, 6), (12, 6), (12, 12)]  # symbols, comb
# Table 7.4.1.7.3-2, one row a comb size.
K_PRIME = {
    2: [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1],
    4: [0, 2, 1, 3, 0, 2, 1, 3, 0, 2, 1, 3],
    6: [0, 3, 1, 4, 2, 5, 0, 3, 1, 4, 2, 5],
    12: [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11],
}
TOLERANCE = 2e-6  # single-precision FFT, samples of about unit size


def gold(c_init: int, count: int) -> list:
    """c(n) of 5.2.1, bit by bit."""
    x1 = [1] + [0] * 30
    x2 = [(c_init >> i) & 1 for i in range(31)]
    for n in range(count + 1600 - 31):
        x1.append((x1[n + 3] + x1[n]) % 2)
        x2.append((x2[n + 3] + x2[n + 2] + x2[n + 1] + x2[n]) % 2)
    return [(x1[n + 1600] + x2[n + 1600]) % 2 for n in range(count)]


def literal_symbol(r, scs_khz: int, n_rb: int, slot_in_frame: int, l: int) -> np.ndarray:
    """Subcarriers a_k of symbol l of the slot: 7.4.1.7.2 and 7.4.1.7.3 for normal cyclic prefix."""
    grid = np.zeros(12 * n_rb, complex)
    if not r.start_symbol <= l < r.start_symbol + r.num_symbols:
        return grid
    n_id = r.sequence_id
    c_init = (
        2**22 * (n_id // 1024) + 2**10 * (14 * slot_in_frame + l + 1) * (2 * (n_id % 1024) + 1) + n_id % 1024
    ) % 2**31
    c = gold(c_init, 2 * 12 * n_rb)
    shift = (r.re_offset + K_PRIME[r.comb_size][l - r.start_symbol]) % r.comb_size
    for m in range(12 * n_rb // r.comb_size):
        k = m * r.comb_size + shift
        if 12 * r.start_prb <= k < 12 * (r.start_prb + r.num_rb):
            grid[k] = ((1 - 2 * c[2 * m]) + 1j * (1 - 2 * c[2 * m + 1])) / np.sqrt(2)
    return grid


def literal_slot(r, scs_khz: int, n_rb: int, n_fft: int, slot_in_frame: int) -> np.ndarray:
    """Samples of one slot with normal cyclic prefix: the sum of 5.3.1 for every sample."""
    mu = {15: 0, 30: 1, 60: 2, 120: 3}[scs_khz]
    symbols = []
    for l in range(14):
        l_subframe = 14 * (slot_in_frame % 2**mu) + l
        cp = n_fft * (144 + (16 * 2**mu if l_subframe in (0, 7 * 2**mu) else 0)) // 2048
        n = np.arange(-cp, n_fft)
        k = np.arange(12 * n_rb) - 6 * n_rb
        basis = np.exp(2j * np.pi * np.outer(n, k) / n_fft)
        symbols.append(basis @ literal_symbol(r, scs_khz, n_rb, slot_in_frame, l) / np.sqrt(12 * n_rb))
    return np.concatenate(symbols)


def run(source, max_noutput_items: int = 100_000_000, middle=None):
    """Samples and tags that the source gives until it ends."""
    top, sink = gr.top_block(), blocks.vector_sink_c()
    top.connect(*([source, middle, sink] if middle else [source, sink]))
    top.run(max_noutput_items)
    return np.array(sink.data(), np.complex64), sink.tags()


class random_appetite(gr.basic_block):
    """Passes its input on in pieces of random size, so that the source's buffer fills in random steps."""

    def __init__(self, seed: int):
        gr.basic_block.__init__(self, "random_appetite", [np.complex64], [np.complex64])
        self.rng = np.random.default_rng(seed)

    def general_work(self, input_items, output_items):
        count = int(self.rng.integers(1, 1 + min(len(input_items[0]), len(output_items[0]))))
        output_items[0][:count] = input_items[0][:count]
        self.consume(0, count)
        return count


class qa_prs_source(gr_unittest.TestCase):
    def small(self, **changes):
        """A carrier and resource of few samples a slot: 3840."""
        carrier = ntnpos.carrier(n_rb=12, sample_rate_hz=3.84e6)
        return carrier, ntnpos.prs_resource(**{**dict(num_rb=12, periodicity_slots=4), **changes})

    def test_every_legal_pair_is_the_literal_sum(self):
        for scs_khz, slots in ((15, (0, 4)), (30, (8, 17))):
            carrier = ntnpos.carrier(scs_khz=scs_khz, n_rb=28, sample_rate_hz=512e3 * scs_khz)
            for i, (symbols, comb) in enumerate(LEGAL_PAIRS):
                for slot in slots:
                    r = ntnpos.prs_resource(
                        sequence_id=(455 * i + 7) % 4096,
                        comb_size=comb,
                        re_offset=(5 * i) % comb,
                        start_symbol=(14 - symbols) * (i % 2),
                        num_symbols=symbols,
                        start_prb=i % 5,
                        periodicity_slots=20,
                        slot_offset=slot,
                    )
                    samples, _ = run(ntnpos.prs_source(carrier, [r], start_slot=slot, n_slots=1))
                    expected = literal_slot(r, scs_khz, 28, 512, slot)
                    self.assertEqual(len(samples), len(expected))
                    error = np.abs(samples - expected).max()
                    self.assertLess(error, TOLERANCE, (scs_khz, symbols, comb, slot))

    def test_same_bits_however_the_stream_is_cut(self):
        carrier, r = self.small(slot_offset=1)
        slots = range(-1, 4)
        expected = np.concatenate([ntnpos.prs_slot(carrier, [r], slot) for slot in slots])
        self.assertGreater(np.abs(expected).max(), 0.5)
        edges = [(3840 * i, slot) for i, slot in enumerate(slots)]
        for chunk, middle in (
            (1, None), (7, None), (4096, None), (100_000, None),
            (100_000, random_appetite(1)), (1000, random_appetite(2)),
        ):  # fmt: skip
            samples, tags = run(ntnpos.prs_source(carrier, [r], -1, 5), chunk, middle)
            self.assertEqual(samples.tobytes(), expected.tobytes(), chunk)
            self.assertEqual(sorted((t.offset, pmt.to_python(t.value)) for t in tags), edges)

    def test_cyclic_prefix_is_an_exact_copy(self):
        carrier, r = self.small(num_symbols=12, comb_size=12, start_symbol=1)
        samples, _ = run(ntnpos.prs_source(carrier, [r], n_slots=1))
        for l in range(1, 13):
            start, cp = ntnpos.symbol_offset_samples(carrier, 0, l), ntnpos.cp_samples(carrier, 0, l)
            prefix, end = samples[start : start + cp], samples[start + 256 : start + 256 + cp]
            self.assertGreater(np.abs(prefix).max(), 0.1)
            self.assertEqual(prefix.tobytes(), end.tobytes())

    def test_unit_power_on_the_occupied_elements_and_nothing_elsewhere(self):
        carrier, r = self.small(comb_size=6, num_symbols=6, re_offset=4, power_offset_db=3.0)
        samples, _ = run(ntnpos.prs_source(carrier, [r], n_slots=1))
        for l in range(14):
            useful = ntnpos.symbol_offset_samples(carrier, 0, l) + ntnpos.cp_samples(carrier, 0, l)
            bins = np.fft.fftshift(np.fft.fft(samples[useful : useful + 256])) * np.sqrt(144) / 256
            power = np.zeros(256)
            if 2 <= l < 8:
                power[128 - 72 + (4 + K_PRIME[6][l - 2]) % 6 : 128 + 72 : 6] = 10**0.3
            np.testing.assert_allclose(np.abs(bins) ** 2, power, atol=1e-5)

    def test_phase_term_turns_each_symbol(self):
        carrier, r = self.small(num_symbols=12, comb_size=4, start_symbol=2)
        plain, _ = run(ntnpos.prs_source(carrier, [r], n_slots=1))
        carrier.phase_compensation = True
        carrier.frequency_hz = 2.0000123e9
        turned, _ = run(ntnpos.prs_source(carrier, [r], n_slots=1))
        for l in range(2, 14):
            start = ntnpos.symbol_offset_samples(carrier, 0, l)
            useful = start + ntnpos.cp_samples(carrier, 0, l)
            phase = np.exp(-2j * np.pi * (2.0000123e9 * useful / 3.84e6 % 1))
            expected = plain[start : useful + 256] * phase
            np.testing.assert_allclose(turned[start : useful + 256], expected, atol=TOLERANCE)

    def test_silence_where_muted(self):
        carrier, r = self.small(muting_option1_bits=[0, 1])
        samples, _ = run(ntnpos.prs_source(carrier, [r], n_slots=9))
        sent = [slot for slot in range(9) if np.any(samples[3840 * slot : 3840 * (slot + 1)])]
        self.assertEqual(sent, [4])

    def test_time_tags(self):
        carrier, r = self.small()
        _, tags = run(ntnpos.prs_source(carrier, [r], n_slots=2, start_time=(2**40 + 1, 0.125)))
        found = {pmt.symbol_to_string(t.key): t for t in tags if pmt.symbol_to_string(t.key) != "ntnpos_slot"}
        self.assertEqual({t.offset for t in found.values()}, {0})
        self.assertEqual(set(found), {"rx_time", "rx_rate", "rx_freq"})
        time = found["rx_time"].value
        self.assertTrue(pmt.is_uint64(pmt.tuple_ref(time, 0)) and pmt.is_real(pmt.tuple_ref(time, 1)))
        self.assertEqual(pmt.to_python(time), (2**40 + 1, 0.125))
        self.assertEqual(pmt.to_double(found["rx_rate"].value), 3.84e6)
        self.assertEqual(pmt.to_double(found["rx_freq"].value), 2e9)

    def test_a_second_run_begins_again(self):
        carrier, r = self.small()
        top, sink = gr.top_block(), blocks.vector_sink_c()
        source = ntnpos.prs_source(carrier, [r], n_slots=2, start_time=(1, 0.5))
        top.connect(source, sink)
        top.run()
        first, first_tags = list(sink.data()), len(sink.tags())
        sink.reset()
        top.run()
        self.assertEqual(len(first), 2 * 3840)
        self.assertEqual(list(sink.data()), first)
        self.assertEqual(len(sink.tags()), first_tags)

    def test_no_slots_is_an_empty_stream(self):
        carrier, r = self.small()
        samples, tags = run(ntnpos.prs_source(carrier, [r], n_slots=0))
        self.assertEqual((len(samples), len(tags)), (0, 0))

    def test_wrong_configuration_is_one_clear_line(self):
        good = ntnpos.prs_resource()
        for arguments, message in (
            ((ntnpos.carrier(n_rb=0), [good]), "n_rb = 0: must be 1..275 (TS 38.211 4.4.2)"),
            ((ntnpos.carrier(), []), "resources = []: must be at least one (TS 38.214 5.1.6.5)"),
            (
                (ntnpos.carrier(), [good, ntnpos.prs_resource(sequence_id=4096)]),
                "resources[1].sequence_id = 4096: must be 0..4095 (TS 38.211 7.4.1.7.2)",
            ),
            ((ntnpos.carrier(), [good], 0, -2), "n_slots = -2: must be -1 (endless) or not negative"),
            ((ntnpos.carrier(), [good], 0, 1, (1, 1.5)), "start_time.frac_s = 1.5: must be in [0, 1)"),
        ):
            with self.assertRaises(ValueError) as raised:
                ntnpos.prs_source(*arguments)
            self.assertEqual(str(raised.exception), message)


if __name__ == "__main__":
    gr_unittest.run(qa_prs_source)
