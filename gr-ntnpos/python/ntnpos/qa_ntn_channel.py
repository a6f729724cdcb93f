# SPDX-License-Identifier: GPL-3.0-or-later
"""The ntn_channel block against its definition, computed slowly and exactly for sums of exponentials."""

from itertools import count

import numpy as np
import pmt
from gnuradio import blocks, gr, gr_unittest, ntnpos

RATE_HZ = 7.68e6
CARRIER_HZ = 2.0e9
START_S = 1000  # whole second at which all scenes play
CLOCK_OFFSET_S, FREQUENCY_ERROR = 1.0e-4, 5.0e-8
LEO = [2.5e-3, -24e-6, 3.1e-7, 1e-10]  # s, s/s, ...: a 600 km pass at its fastest


class Tones:
    """x(t) = sum_k a_k exp(j 2 pi f_k t) over 80 % of the band, t in samples: known at any instant."""

    def __init__(self, seed: int, n: int = 30, band: float = 0.8):
        rng = np.random.default_rng(seed)
        self.frequency = rng.uniform(-band / 2, band / 2, n).astype(np.longdouble)
        self.amplitude = np.exp(2j * np.pi * rng.uniform(size=n)) / np.sqrt(n)

    def at(self, t: np.ndarray) -> np.ndarray:
        """complex128[len(t)] at times t (longdouble, samples); zero before 0, as an input's samples are."""
        cycles = np.mod(np.outer(t, self.frequency), 1).astype(float)
        return np.where(t >= 0, np.exp(2j * np.pi * cycles) @ self.amplitude, 0)

    def samples(self, n: int) -> np.ndarray:
        return self.at(np.arange(n, dtype=np.longdouble)).astype(np.complex64)


def expected(tones, coefficients, first, n, gain=1.0, lead_s=0.0, clock=(0.0, 0.0), satellite_clock_s=0.0):
    """Output samples first .. first + n - 1 by the contract's definition, in extended precision.

    The delay polynomial and the receiver clock (offset, frequency error) count from START_S. The input begins
    when the satellite clock reads START_S - lead_s, the output when the receiver clock reads START_S.
    """
    since = np.arange(first, first + n, dtype=np.longdouble) / RATE_HZ  # receiver clock since START_S
    offset_s, error = (np.longdouble(v) for v in clock)
    system = since / (1 + error) - offset_s  # since START_S
    toa = (
        sum(np.longdouble(c) * system**k for k, c in enumerate(coefficients))
        + (since - system)
        - satellite_clock_s
    )
    phase = np.mod(CARRIER_HZ * toa, 1).astype(float)
    return gain * tones.at((since - toa + lead_s) * RATE_HZ) * np.exp(-2j * np.pi * phase)


def evm_db(got, want) -> float:
    return 10 * np.log10(np.mean(np.abs(got - want) ** 2) / np.mean(np.abs(want) ** 2))


def trajectory(*segments):
    """From (seconds after START_S, coefficients) pairs."""
    whole = [int(np.floor(t)) for t, _ in segments]
    return ntnpos.trajectory(
        [ntnpos.delay_segment((START_S + w, t - w), c) for w, (t, c) in zip(whole, segments)]
    )


def path(number, delay, gain=1.0, lead_s=0.0, satellite_clock_s=0.0):
    return ntnpos.channel_path(
        number, delay, gain, ntnpos.instant(START_S).advanced(-lead_s), satellite_clock_s
    )


def receiver(clock=(0.0, 0.0), noise_power=0.0, seed=1):
    at = ntnpos.instant(START_S)
    return ntnpos.channel_receiver(
        at, ntnpos.receiver_clock(at, *clock), ntnpos.white_noise(seed, noise_power)
    )


class Chunker(gr.sync_block):
    """Passes its input on in calls of the given sizes (0: random)."""

    def __init__(self, size: int):
        gr.sync_block.__init__(self, "chunker", [np.complex64], [np.complex64])
        rng = np.random.default_rng(size)
        self.sizes = (int(rng.integers(1, 3000)) if size == 0 else size for _ in count())

    def work(self, input_items, output_items):
        n = min(next(self.sizes), len(output_items[0]))
        output_items[0][:n] = input_items[0][:n]
        return n


def run(paths, the_receiver, inputs, chunk=None, messages=()):
    """Streams the inputs through the block: its samples, the sink (for tags), the block."""
    top = gr.top_block()
    channel = ntnpos.ntn_channel(RATE_HZ, CARRIER_HZ, paths, the_receiver)
    sink = blocks.vector_sink_c()
    parts = []
    for i, samples in enumerate(inputs):
        parts.append(blocks.vector_source_c(samples))
        if chunk is not None:
            parts.append(Chunker(chunk))
            top.connect(parts[-2], parts[-1])
        top.connect(parts[-1], (channel, i))
    if chunk:
        channel.set_max_noutput_items(chunk)
    top.connect(channel, sink)
    for message in messages:
        channel.to_basic_block()._post(pmt.intern("trajectory"), message)
    top.run()
    return np.array(sink.data(), dtype=np.complex64), sink, channel


def trajectory_message(number, segments):
    """From (seconds after START_S, coefficients) pairs."""
    vector = pmt.make_vector(len(segments), pmt.PMT_NIL)
    for i, (seconds, coefficients) in enumerate(segments):
        start = pmt.make_tuple(pmt.from_uint64(START_S), pmt.from_double(seconds))
        pmt.vector_set(vector, i, pmt.make_tuple(start, pmt.init_f64vector(len(coefficients), coefficients)))
    message = pmt.dict_add(pmt.make_dict(), pmt.intern("path"), pmt.from_long(number))
    return pmt.dict_add(message, pmt.intern("segments"), vector)


class qa_ntn_channel(gr_unittest.TestCase):
    def test_error_vector_with_clock_errors_across_buffers(self):
        """Everything at once, over many scheduler buffers: moving delay, both clocks, gain, lead."""
        for coefficients in (LEO, [2.5e-3, 24e-6, 3.1e-7], [2.5e-3, -7500 / 299792458, 3.1e-7]):
            with self.subTest(coefficients=coefficients):
                tones = Tones(1)
                scene = dict(gain=0.3 - 0.4j, lead_s=2.0e-3, satellite_clock_s=3e-5)
                clock = (CLOCK_OFFSET_S, FREQUENCY_ERROR)
                paths = [path(0, trajectory((0, coefficients)), **scene)]
                got, _, _ = run(paths, receiver(clock), [tones.samples(60_000)])
                first = 5000  # past the signal's arrival
                want = expected(tones, coefficients, first, len(got) - first, clock=clock, **scene)
                self.assertGreater(len(want), 50_000)
                self.assertLess(evm_db(got[first:], want), -60)
                # No buffer's edge is worse than the rest.
                self.assertLess(np.max(np.abs(got[first:] - want)) / 0.5, 0.01)

    def test_output_is_the_sum_of_the_paths(self):
        """Three satellites of different delays and starts, and a reflection of the second."""
        tones = [Tones(seed) for seed in (1, 2, 3)]
        scenes = [
            (0, LEO, dict(gain=1.0, lead_s=0.0)),
            (1, [9e-3, 2e-5], dict(gain=0.5j, lead_s=1e-3)),
            (2, [5e-3, -1e-5], dict(gain=-0.7, lead_s=-1e-3, satellite_clock_s=1e-4)),
            (1, [9.001e-3, 2e-5], dict(gain=0.2, lead_s=1e-3)),
        ]
        paths = [path(i, trajectory((0, c)), **scene) for i, c, scene in scenes]
        got, _, _ = run(paths, receiver(), [t.samples(120_000) for t in tones])
        first = 80_000
        want = sum(expected(tones[i], c, first, len(got) - first, **scene) for i, c, scene in scenes)
        self.assertGreater(len(want), 30_000)
        self.assertLess(evm_db(got[first:], want), -60)

    def test_silence_before_the_signal_and_end_with_the_input(self):
        tones = Tones(4)
        delay_samples = 30_000
        got, _, _ = run(
            [path(0, trajectory((0, [delay_samples / RATE_HZ])))], receiver(), [tones.samples(5000)]
        )
        self.assertTrue(np.all(got[: delay_samples - 10] == 0))
        # 10 of the filter's 20 taps lie after the sample itself.
        self.assertEqual(len(got), delay_samples + 5000 - 10)

    def test_inputs_from_one_source_do_not_lock_each_other_up(self):
        """Delays further apart than any buffer between the blocks."""
        samples = Tones(5).samples(300_000)
        top = gr.top_block()
        source, sink = blocks.vector_source_c(samples), blocks.vector_sink_c()
        paths = [path(0, trajectory((0, [1e-3]))), path(1, trajectory((0, [31e-3])))]
        channel = ntnpos.ntn_channel(RATE_HZ, CARRIER_HZ, paths, receiver())
        top.connect(source, (channel, 0))
        top.connect(source, (channel, 1))
        top.connect(channel, sink)
        top.run()
        self.assertEqual(len(sink.data()), 7680 + 300_000 - 10)
        kernel = ntnpos.satellite_channel(RATE_HZ, CARRIER_HZ, paths, receiver())
        whole = kernel.process(0, len(sink.data()), [samples, samples])
        np.testing.assert_array_equal(np.array(sink.data(), dtype=np.complex64), whole)

    def test_any_chunking_gives_the_same_bits(self):
        tones = [Tones(6), Tones(7)]
        paths = [
            path(0, trajectory((0, LEO), (1e-3 + 1.3e-7, [2.5e-3 - 24e-9, -23e-6])), gain=0.6j),
            path(1, trajectory((0, [2.7e-3, 2e-5]))),
        ]
        paths[1].fading = ntnpos.path_fading("ntn-tdl-d", 1e-7, 250.0)
        the_receiver = receiver((CLOCK_OFFSET_S, FREQUENCY_ERROR), noise_power=0.1, seed=9)
        inputs = [t.samples(9000) for t in tones]
        whole, _, _ = run(paths, the_receiver, inputs)
        # The kernel in one piece agrees with the block to the bit as well.
        kernel = ntnpos.satellite_channel(RATE_HZ, CARRIER_HZ, paths, the_receiver)
        np.testing.assert_array_equal(kernel.process(0, len(whole), inputs), whole)
        for chunk in (1, 7, 4096, 0):
            with self.subTest(chunk=chunk):
                pieces, _, _ = run(paths, the_receiver, inputs, chunk)
                np.testing.assert_array_equal(pieces, whole)

    def test_the_kernel_keeps_its_phase_beyond_2_to_the_32_samples(self):
        """By index 19 minutes into the stream, where 32 bits would have counted round twice."""
        first = 2**33 + 12_345
        coefficients = [2.5e-3, -1e-6, 2e-10]
        tones = Tones(8)
        kernel = ntnpos.satellite_channel(
            RATE_HZ, CARRIER_HZ, [path(0, trajectory((0, coefficients)))], receiver()
        )
        begin, end = kernel.input_range(0, first, 3000)
        samples = tones.at(np.arange(begin, end, dtype=np.longdouble)).astype(np.complex64)
        got = kernel.process(first, 3000, [samples], [begin])
        self.assertLess(evm_db(got, expected(tones, coefficients, first, 3000)), -60)

    def test_segment_change_keeps_the_phase(self):
        """Pieces of one pass, each expanded about its own start: as good as one polynomial."""
        pieces = []
        for seconds in (0.0, 1e-3, 2.00001e-3, 5e-3):
            shifted = np.polynomial.Polynomial(LEO)(np.polynomial.Polynomial([seconds, 1]))
            pieces.append((seconds, shifted.coef))
        tones = Tones(9)
        got, _, _ = run([path(0, trajectory(*pieces), lead_s=3e-3)], receiver(), [tones.samples(80_000)])
        self.assertLess(evm_db(got, expected(tones, LEO, 0, len(got), lead_s=3e-3)), -60)

    def test_signs_of_doppler_and_clock(self):
        """Positive when approaching and for a receiver clock that runs slow (contract, Conventions)."""
        carrier = np.ones(40_000, dtype=np.complex64)
        for rate, error, doppler_hz in (
            (-24e-6, 0.0, 48e3),
            (24e-6, 0.0, -48e3),
            (0.0, -1e-6, 2e3),
            (0.0, 1e-6, -2e3),
        ):
            with self.subTest(rate=rate, error=error):
                got, _, _ = run([path(0, trajectory((0, [1e-3, rate])))], receiver((0.0, error)), [carrier])
                steady = got[10_000:40_000]
                cycles = np.unwrap(np.angle(steady)) / (2 * np.pi)
                measured = (cycles[-1] - cycles[0]) / (len(steady) - 1) * RATE_HZ
                self.assertAlmostEqual(measured / doppler_hz, 1.0, delta=1e-3)

    def test_a_receiver_clock_that_is_ahead_sees_signals_later(self):
        ahead_samples, behind_samples = 768, 77  # 100 us of the receiver, 10.03 us of the satellite
        step = np.ones(1000, dtype=np.complex64)
        paths = [path(0, trajectory((0, [100 / RATE_HZ])), satellite_clock_s=behind_samples / RATE_HZ)]
        got, _, _ = run(paths, receiver((ahead_samples / RATE_HZ, 0.0)), [step])
        arrival = 100 + ahead_samples - behind_samples
        self.assertLess(np.max(np.abs(got[: arrival - 10])), 1e-6)
        self.assertAlmostEqual(abs(got[arrival + 20]), 1.0, delta=1e-3)
        self.assertGreater(abs(got[arrival]), 0.9)
        self.assertLess(abs(got[arrival - 1]), 0.1)

    def test_noise_has_the_power_asked_for_and_is_the_seeds(self):
        silence = np.zeros(200_000, dtype=np.complex64)
        paths = [path(0, trajectory((0, [1e-3])))]
        got, _, _ = run(paths, receiver(noise_power=0.25, seed=3), [silence])
        # The power's own standard deviation is power / sqrt(n).
        self.assertAlmostEqual(np.mean(np.abs(got) ** 2), 0.25, delta=5 * 0.25 / np.sqrt(len(got)))
        np.testing.assert_array_equal(got, ntnpos.white_noise(3, 0.25).samples(0, len(got)))
        other, _, _ = run(paths, receiver(noise_power=0.25, seed=4), [silence])
        self.assertFalse(np.any(got == other))

    def test_tags(self):
        top = gr.top_block()
        samples = np.zeros(20_000, dtype=np.complex64)
        foreign = gr.tag_utils.python_to_tag((5, pmt.intern("ntnpos_slot"), pmt.from_long(0), pmt.PMT_F))
        source = blocks.vector_source_c(samples, False, 1, [foreign])
        the_receiver = receiver()
        the_receiver.start = (START_S, 0.125)
        channel = ntnpos.ntn_channel(
            RATE_HZ, CARRIER_HZ, [path(0, trajectory((0, LEO)), lead_s=-0.124)], the_receiver
        )
        sink = blocks.vector_sink_c()
        top.connect(source, channel, sink)
        top.run()
        tags = {pmt.symbol_to_string(t.key): (t.offset, pmt.to_python(t.value)) for t in sink.tags()}
        self.assertEqual(
            tags, {"rx_time": (0, (START_S, 0.125)), "rx_rate": (0, RATE_HZ), "rx_freq": (0, CARRIER_HZ)}
        )

    def test_a_trajectory_message_takes_over_at_its_start(self):
        tones = Tones(10)
        change_s, later = 3e-3, [2.6e-3, 20e-6]
        message = trajectory_message(0, [(change_s, later)])
        got, _, channel = run(
            [path(0, trajectory((0, LEO)), lead_s=3e-3)],
            receiver(),
            [tones.samples(70_000)],
            messages=[message],
        )
        self.assertEqual(channel.malformed_messages(), 0)
        change = round(change_s * RATE_HZ)
        before = expected(tones, LEO, 0, change, lead_s=3e-3)
        self.assertLess(evm_db(got[:change], before), -60)
        moved = np.polynomial.Polynomial(later)(np.polynomial.Polynomial([-change_s, 1])).coef
        after = expected(tones, moved, change, len(got) - change, lead_s=3e-3)
        self.assertLess(evm_db(got[change:], after), -60)

    def test_malformed_messages_are_counted_and_change_nothing(self):
        good = trajectory_message(0, [(0.9, LEO)])
        taps = pmt.init_f64vector(1, [1e-3])
        start = pmt.make_tuple(pmt.from_uint64(0), pmt.from_double(0.0))

        def with_path(value):
            return pmt.dict_add(good, pmt.intern("path"), value)

        def with_segments(*segments):
            vector = pmt.make_vector(len(segments), pmt.PMT_NIL)
            for i, segment in enumerate(segments):
                pmt.vector_set(vector, i, segment)
            return pmt.dict_add(good, pmt.intern("segments"), vector)

        def with_start(full, frac):
            return with_segments(pmt.make_tuple(pmt.make_tuple(full, frac), taps))

        bad = [
            pmt.PMT_NIL,
            pmt.PMT_T,
            pmt.intern("path"),
            pmt.cons(pmt.PMT_T, pmt.PMT_T),
            pmt.make_dict(),
            pmt.dict_delete(good, pmt.intern("path")),
            pmt.dict_delete(good, pmt.intern("segments")),
            with_path(pmt.from_double(0.0)),
            with_path(pmt.from_long(1)),
            with_path(pmt.from_long(-1)),
            pmt.dict_add(good, pmt.intern("segments"), pmt.init_f64vector(2, [0.0, 1.0])),
            with_segments(),
            with_segments(pmt.PMT_NIL),
            with_segments(start),
            with_segments(pmt.make_tuple(start, pmt.from_double(0.0))),
            with_segments(pmt.make_tuple(start, pmt.init_f64vector(0, []))),
            with_segments(pmt.make_tuple(start, pmt.init_f64vector(9, [0.0] * 9))),
            with_segments(pmt.make_tuple(start, pmt.init_f64vector(1, [float("nan")]))),
            with_segments(pmt.make_tuple(pmt.from_double(0.0), taps)),
            with_segments(pmt.make_tuple(start, taps), pmt.make_tuple(start, taps)),  # both at one start
            with_start(pmt.from_uint64(2**64 - 1), pmt.from_double(0.0)),
            with_start(pmt.from_uint64(2**62), pmt.from_double(0.0)),
            with_start(pmt.from_double(0.0), pmt.from_double(0.0)),
            with_start(pmt.from_uint64(0), pmt.from_double(1.0)),
            with_start(pmt.from_uint64(0), pmt.from_long(0)),
        ]
        tones = Tones(11)
        paths = [path(0, trajectory((0, LEO)), lead_s=3e-3)]
        got, _, channel = run(paths, receiver(), [tones.samples(20_000)], messages=[*bad, good])
        self.assertEqual(channel.malformed_messages(), len(bad))
        quiet, _, _ = run(paths, receiver(), [tones.samples(20_000)])
        np.testing.assert_array_equal(got, quiet)

    def test_a_message_with_a_mad_delay_does_no_harm(self):
        messages = [trajectory_message(0, [(0.0, [1e300, -1e300])]), trajectory_message(0, [(1e-3, LEO)])]
        tones = Tones(12)
        got, _, channel = run(
            [path(0, trajectory((0, LEO)), lead_s=3e-3)],
            receiver(),
            [tones.samples(40_000)],
            messages=messages,
        )
        self.assertEqual(channel.malformed_messages(), 0)
        self.assertTrue(np.all(got[:7680] == 0))
        self.assertTrue(np.all(np.isfinite(got)))
        self.assertAlmostEqual(np.mean(np.abs(got[8000:]) ** 2), 1.0, delta=0.3)

    def test_wrong_configurations_name_their_field(self):
        good = dict(
            paths=[path(0, trajectory((0, LEO)))], the_receiver=receiver(), rate=RATE_HZ, carrier=CARRIER_HZ
        )
        bad_noise = receiver(noise_power=-1.0)
        bad_clock = receiver(clock=(0.0, 0.1))
        bad_start = receiver()
        bad_start.start = (0, 1.5)
        cases = [
            (dict(rate=0.0), "sample_rate_hz = 0: must be in (0, 1e9]"),
            (dict(carrier=float("nan")), "carrier_frequency_hz = nan: must be in 0..1e12"),
            (dict(paths=[]), "paths = 0 paths: must be 1 to 4096 paths"),
            (
                dict(paths=[path(1, trajectory((0, LEO)))]),
                "paths = none from input 0: must be from inputs 0, 1, ... without a gap",
            ),
            (dict(paths=[path(-1, trajectory((0, LEO)))]), "paths[0].input = -1: must be in 0..4095"),
            (
                dict(paths=[path(0, ntnpos.trajectory())]),
                "paths[0].delay.segments = empty: must be at least one segment",
            ),
            (
                dict(paths=[path(0, trajectory((0, LEO)), gain=complex("nan"))]),
                "paths[0].gain = nan + j 0: must be finite",
            ),
            (dict(the_receiver=bad_noise), "receiver.noise.power = -1: must be finite and >= 0"),
            (dict(the_receiver=bad_clock), "receiver.clock.frequency_error = 0.1: must be in -0.001..0.001"),
            (dict(the_receiver=bad_start), "receiver.start.frac_s = 1.5: must be in [0, 1)"),
        ]
        for change, message in cases:
            with self.subTest(message=message):
                c = {**good, **change}
                with self.assertRaises(ValueError) as caught:
                    ntnpos.ntn_channel(c["rate"], c["carrier"], c["paths"], c["the_receiver"])
                self.assertEqual(str(caught.exception), message)


if __name__ == "__main__":
    gr_unittest.run(qa_ntn_channel)
