# SPDX-License-Identifier: GPL-3.0-or-later
"""The srs_source block: stream and bursts, timing commands, however the stream is cut.

What a slot holds is compared with the standard in qa_srs_grid.py; here its grid is the starting point.
"""

import numpy as np
import pmt
from gnuradio import blocks, gr, gr_unittest, ntnpos

RATE = 3.84e6  # 256-point FFT, 3840 samples a slot
TOLERANCE = 2e-6  # single-precision FFT, samples of about unit size


def literal_symbol(carrier, grid, slot: int, l: int, advance_s: float):
    """Samples of symbol l, sent advance_s early, by the sum of 5.3.1 at the sample times.

    Returns (index of the first sample from the slot's nominal start, samples): those of the symbol, moved by
    the advance to the nearest sample.
    """
    n_fft, n_rb = ntnpos.fft_size(carrier), carrier.n_rb
    start = ntnpos.symbol_offset_samples(carrier, slot, l)
    cp = ntnpos.cp_samples(carrier, slot, l)
    advance = advance_s * carrier.sample_rate_hz
    first = start - int(np.round(advance))
    n = first + np.arange(cp + n_fft)
    k = np.arange(12 * n_rb) - 6 * n_rb
    basis = np.exp(2j * np.pi * np.outer(n - (start + cp - advance), k) / n_fft)
    return first, basis @ grid[:, l] / np.sqrt(12 * n_rb)


def command(timing_advance_s: float, from_slot: int):
    message = pmt.make_dict()
    message = pmt.dict_add(message, pmt.intern("timing_advance_s"), pmt.from_double(timing_advance_s))
    return pmt.dict_add(message, pmt.intern("from_slot"), pmt.from_long(from_slot))


def post(source, message):
    source.to_basic_block()._post(pmt.intern("timing"), message)


def run(source, commands=(), max_noutput_items: int = 100_000_000, middle=None):
    """Samples and tags that the source gives until it ends, the commands given beforehand."""
    top, sink = gr.top_block(), blocks.vector_sink_c()
    top.connect(*([source, middle, sink] if middle else [source, sink]))
    for message in commands:
        post(source, message)
    top.run(max_noutput_items)
    return np.array(sink.data(), np.complex64), sink.tags()


def tag_values(tags, key: str) -> list:
    return sorted((t.offset, pmt.to_python(t.value)) for t in tags if pmt.symbol_to_string(t.key) == key)


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


class commander(gr.sync_block):
    """Sends the source a command for a slot of which it has the first samples in hand."""

    def __init__(self, source, message):
        gr.sync_block.__init__(self, "commander", [np.complex64], [np.complex64])
        self.source, self.message = source, message

    def work(self, input_items, output_items):
        output_items[0][:] = input_items[0]
        if self.message is not None:
            post(self.source, self.message)
            self.message = None
        return len(output_items[0])


class qa_srs_source(gr_unittest.TestCase):
    def small(self, **changes):
        """A carrier and resource of few samples a slot: 3840."""
        carrier = ntnpos.carrier(n_rb=12, sample_rate_hz=RATE)
        return carrier, ntnpos.srs_resource(**{**dict(c_srs=2, periodicity_slots=1), **changes})

    def test_each_symbol_is_the_literal_sum_whatever_the_advance(self):
        for scs_khz in (15, 30):
            carrier = ntnpos.carrier(scs_khz=scs_khz, n_rb=16, sample_rate_hz=256e3 * scs_khz)
            r = ntnpos.srs_resource(
                sequence_id=4711, c_srs=3, comb_size=8, num_symbols=8, start_symbol=6, periodicity_slots=1,
                group_or_sequence_hopping="group",
            )  # fmt: skip
            for samples_early in (0.0, 0.3, -0.45, 17.5, 1234.567, -99.9):
                advance_s = samples_early / carrier.sample_rate_hz
                source = ntnpos.srs_source(carrier, [r], 3, 2, timing_advance_s=advance_s)
                samples, tags = run(source)
                slot_at = dict(map(reversed, tag_values(tags, "ntnpos_slot")))
                nominal = ntnpos.slot_start_samples(carrier, 4) - ntnpos.slot_start_samples(carrier, 3)
                self.assertEqual(slot_at[4], nominal - int(np.round(samples_early)))
                grid = ntnpos.srs_grid(carrier, [r], 4)
                compared = 0
                for l in range(14):
                    first, expected = literal_symbol(carrier, grid, 4, l, advance_s)
                    found = samples[nominal + first : nominal + first + len(expected)]
                    self.assertLess(np.abs(found - expected[: len(found)]).max(initial=0), TOLERANCE)
                    compared += len(found) > 0 and np.any(expected)
                self.assertEqual(compared, 8)

    def test_measured_advance_is_the_commanded_one(self):
        """Phase slope over the subcarriers: within 1e-3 sample, up to a geostationary round trip."""
        carrier, r = self.small(comb_size=2, num_symbols=2, start_symbol=9)
        grid = ntnpos.srs_grid(carrier, [r], 0)
        k = np.arange(144) - 72
        rng = np.random.default_rng(5)
        for advance_s in [0.0, 1e-9, 4e-3 + 3e-8, 25.77e-3, 0.541234567, -1.3e-4, *rng.uniform(0, 0.6, 20)]:
            # A slot far enough that a command from it on reaches it whole.
            slot = 3 + int(advance_s / 1e-3)
            source = ntnpos.srs_source(carrier, [r], 0, 8, timing_advance_s=advance_s)
            samples, _ = run(source)
            early = advance_s * RATE
            whole = int(np.floor(early))
            slopes = []
            for l in (9, 10):
                useful = 3840 * slot + ntnpos.symbol_offset_samples(carrier, slot, l)
                useful += ntnpos.cp_samples(carrier, slot, l) - whole
                spectrum = np.fft.fftshift(np.fft.fft(samples[useful - 3 : useful - 3 + 256]))
                bins = spectrum[128 - 72 : 128 + 72]
                used = grid[:, l] != 0
                turned = np.unwrap(np.angle(bins[used] / grid[used, l]))
                slopes.append(np.polyfit(k[used], turned, 1)[0])
            # exp(j 2 pi k (early - whole - 3) / 256): three samples back, well within the prefix.
            measured = np.mean(slopes) * 256 / (2 * np.pi) + 3 + whole
            self.assertLess(abs(measured - early), 1e-3, advance_s)

    def test_same_bits_however_the_stream_is_cut(self):
        carrier, r = self.small(periodicity_slots=2, slot_offset=1, sequence_id=9)
        commands = [command(500.4 / RATE, 1), command(-3.25 / RATE, 5), command(7.5e-4, 3), command(0.0, 6)]
        first = None
        for chunk, middle in (
            (100_000, None), (1, None), (7, None), (4096, None),
            (100_000, random_appetite(1)), (1000, random_appetite(2)),
        ):  # fmt: skip
            for bursts in (False, True):
                source = ntnpos.srs_source(carrier, [r], -1, 9, (10, 0.25), bursts=bursts)
                samples, tags = run(source, commands, chunk, middle if not bursts else None)
                found = (samples.tobytes(), sorted((t.offset, str(t.key), str(t.value)) for t in tags))
                if first is None or len(first) < 2:
                    first = [*(first or []), found]
                    self.assertGreater(np.abs(samples).max(), 0.2)
                self.assertEqual(found, first[bursts], (chunk, bursts))
        self.assertEqual(len(first[0][0]), 8 * 9 * 3840)

    def test_without_an_advance_the_stream_is_slot_after_slot(self):
        carrier, r = self.small(periodicity_slots=4, slot_offset=2)
        samples, tags = run(ntnpos.srs_source(carrier, [r], -3, 9))
        expected = np.concatenate([ntnpos.srs_slot(carrier, [r], slot) for slot in range(-3, 6)])
        self.assertEqual(samples.tobytes(), expected.tobytes())
        self.assertEqual(tag_values(tags, "ntnpos_slot"), [(3840 * i, i - 3) for i in range(9)])
        sent = [slot for slot in range(-3, 6) if np.any(samples[3840 * (slot + 3) : 3840 * (slot + 4)])]
        self.assertEqual(sent, [-2, 2])

    def test_bursts_are_the_streams_slots_with_their_times(self):
        carrier, r = self.small(periodicity_slots=5, slot_offset=3)
        commands = [command(12.3 / RATE, 6), command(2e-3, 20)]
        arguments = (carrier, [r], 2, 40, (7, 0.75))
        stream, _ = run(ntnpos.srs_source(*arguments), commands)
        bursts, tags = run(ntnpos.srs_source(*arguments, bursts=True, length_tag="tx_pkt_len"), commands)
        lengths = dict(tag_values(tags, "tx_pkt_len"))
        times = dict(tag_values(tags, "tx_time"))
        slots = [slot for _, slot in tag_values(tags, "ntnpos_slot")]
        self.assertEqual(slots, [3, 8, 13, 18, 23, 28, 33, 38, 43])  # 43 begins within the stream: 2 ms early
        self.assertEqual(set(lengths), set(times))
        self.assertEqual(sum(lengths.values()), len(bursts))
        silent = np.ones(len(stream), bool)
        for offset, length in lengths.items():
            whole, frac = times[offset]
            begin = (whole - 7 + frac - 0.75) * RATE
            self.assertLess(abs(begin - round(begin)), 1e-3)
            part = slice(round(begin), round(begin) + length)
            np.testing.assert_array_equal(bursts[offset : offset + length], stream[part])
            silent[part] = False
        self.assertFalse(np.any(stream[silent]))
        self.assertEqual(round((times[3840][0] - 7 + times[3840][1] - 0.75) * RATE), 6 * 3840 - 12)
        self.assertFalse({pmt.symbol_to_string(t.key) for t in tags} & {"rx_time", "packet_len"})

    def test_cyclic_prefix_is_an_exact_copy(self):
        carrier, r = self.small(num_symbols=12, comb_size=8, start_symbol=1)
        for early in (0.0, 0.37):
            source = ntnpos.srs_source(carrier, [r], n_slots=1, timing_advance_s=early / RATE)
            samples, _ = run(source)
            for l in range(1, 13):
                start, cp = ntnpos.symbol_offset_samples(carrier, 0, l), ntnpos.cp_samples(carrier, 0, l)
                prefix, end = samples[start : start + cp], samples[start + 256 : start + 256 + cp]
                self.assertGreater(np.abs(prefix).max(), 0.1)
                self.assertEqual(prefix.tobytes(), end.tobytes())

    def test_unit_power_on_the_occupied_elements_and_nothing_elsewhere(self):
        carrier, r = self.small(comb_size=8, num_symbols=8, comb_offset=5, start_symbol=2)
        samples, _ = run(ntnpos.srs_source(carrier, [r], n_slots=1, timing_advance_s=0.21 / RATE))
        for l in range(14):
            useful = ntnpos.symbol_offset_samples(carrier, 0, l) + ntnpos.cp_samples(carrier, 0, l)
            bins = np.fft.fftshift(np.fft.fft(samples[useful : useful + 256])) * np.sqrt(144) / 256
            power = np.zeros(256)
            if 2 <= l < 10:
                power[128 - 72 + (5 + [0, 4, 2, 6, 1, 5, 3, 7][l - 2]) % 8 : 128 + 72 : 8] = 1
            np.testing.assert_allclose(np.abs(bins) ** 2, power, atol=1e-5)

    def test_phase_term_turns_each_symbol(self):
        carrier, r = self.small(num_symbols=12, start_symbol=2)
        plain, _ = run(ntnpos.srs_source(carrier, [r], n_slots=1))
        carrier.phase_compensation = True
        carrier.frequency_hz = 2.0000123e9
        turned, _ = run(ntnpos.srs_source(carrier, [r], n_slots=1))
        for l in range(2, 14):
            start = ntnpos.symbol_offset_samples(carrier, 0, l)
            useful = start + ntnpos.cp_samples(carrier, 0, l)
            phase = np.exp(-2j * np.pi * (2.0000123e9 * useful / RATE % 1))
            expected = plain[start : useful + 256] * phase
            np.testing.assert_allclose(turned[start : useful + 256], expected, atol=TOLERANCE)

    def test_malformed_messages_are_counted_and_dropped(self):
        carrier, r = self.small()
        expected, _ = run(ntnpos.srs_source(carrier, [r], n_slots=3))
        no_slot = pmt.dict_delete(command(1e-6, 0), pmt.intern("from_slot"))
        bad = [
            pmt.PMT_NIL,
            pmt.PMT_T,
            pmt.intern("timing"),
            pmt.cons(pmt.from_long(1), pmt.from_long(2)),
            pmt.make_vector(3, pmt.PMT_NIL),
            no_slot,
            pmt.dict_add(no_slot, pmt.intern("from_slot"), pmt.from_double(1.5)),
            pmt.dict_add(no_slot, pmt.intern("from_slot"), pmt.from_uint64(2**63)),
            pmt.dict_add(command(0, 0), pmt.intern("timing_advance_s"), pmt.intern("1")),
            command(float("nan"), 0),
            command(float("inf"), 0),
            command(1.5, 0),
        ]
        source = ntnpos.srs_source(carrier, [r], n_slots=3)
        samples, _ = run(source, bad)
        self.assertEqual(source.bad_messages(), len(bad))
        self.assertEqual(source.late_commands(), 0)
        self.assertEqual(samples.tobytes(), expected.tobytes())

    def test_a_command_that_comes_too_late_holds_from_then_on(self):
        carrier, r = self.small()
        source = ntnpos.srs_source(carrier, [r], n_slots=2000)
        samples, tags = run(source, middle=commander(source, command(100.0 / RATE, 0)))
        self.assertEqual((source.late_commands(), source.cut_slots(), source.bad_messages()), (1, 1, 0))
        self.assertEqual(len(samples), 2000 * 3840)
        places = tag_values(tags, "ntnpos_slot")
        self.assertEqual(places[0], (0, 0))
        self.assertEqual(places[-1], (3840 * 2000 - 100, 2000))

    def test_time_tags_of_a_stream(self):
        carrier, r = self.small()
        arguments = dict(n_slots=2, start_time=(2**40 + 1, 0.125), timing_advance_s=1e-4)
        _, tags = run(ntnpos.srs_source(carrier, [r], **arguments))
        found = {pmt.symbol_to_string(t.key): t for t in tags if pmt.symbol_to_string(t.key) != "ntnpos_slot"}
        self.assertEqual({t.offset for t in found.values()}, {0})
        self.assertEqual(set(found), {"rx_time", "tx_time", "rx_rate", "rx_freq"})
        for key in ("rx_time", "tx_time"):
            time = found[key].value
            self.assertTrue(pmt.is_uint64(pmt.tuple_ref(time, 0)) and pmt.is_real(pmt.tuple_ref(time, 1)))
            self.assertEqual(pmt.to_python(time), (2**40 + 1, 0.125))
        self.assertEqual(pmt.to_double(found["rx_rate"].value), RATE)
        self.assertEqual(pmt.to_double(found["rx_freq"].value), 2e9)

    def test_a_second_run_begins_again(self):
        carrier, r = self.small()
        top, sink = gr.top_block(), blocks.vector_sink_c()
        source = ntnpos.srs_source(carrier, [r], n_slots=2, start_time=(1, 0.5), bursts=True)
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
        samples, tags = run(ntnpos.srs_source(carrier, [r], n_slots=0))
        self.assertEqual((len(samples), len(tags)), (0, 0))

    def test_wrong_configuration_is_one_clear_line(self):
        good = ntnpos.srs_resource()
        carrier = ntnpos.carrier()
        for arguments, options, message in (
            ((ntnpos.carrier(n_rb=0), [good]), {}, "n_rb = 0: must be 1..275 (TS 38.211 4.4.2)"),
            ((carrier, []), {}, "resources = []: must be at least one (TS 38.214 6.2.1)"),
            (
                (carrier, [good, ntnpos.srs_resource(comb_size=3)]),
                {},
                "resources[1].comb_size = 3: must be 2, 4 or 8 (TS 38.211 6.4.1.4.2)",
            ),
            ((carrier, [good], 0, -2), {}, "n_slots = -2: must be -1 (endless) or 0..1e12"),
            ((carrier, [good], 0, 1, (1, 1.5)), {}, "start_time.frac_s = 1.5: must be in [0, 1)"),
            ((carrier, [good]), dict(timing_advance_s=-2.0), "timing_advance_s = -2: must be -1..1"),
            ((carrier, [good]), dict(bursts=True), "start_time = None: must be given where bursts is true"),
            (
                (carrier, [good], 0, 1, (0, 0.0)),
                dict(bursts=True, length_tag=""),
                'length_tag = "": must be a name where bursts is true',
            ),
        ):
            with self.assertRaises(ValueError) as raised:
                ntnpos.srs_source(*arguments, **options)
            self.assertEqual(str(raised.exception), message)


if __name__ == "__main__":
    gr_unittest.run(qa_srs_source)
