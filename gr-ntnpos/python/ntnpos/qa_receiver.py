# SPDX-License-Identifier: GPL-3.0-or-later
"""comb_correlator and first_path_detector as blocks: chunks, gaps, tags, messages, and wrong ones of each."""

import sys
from pathlib import Path

import numpy as np
import pmt
from gnuradio import gr_unittest, ntnpos

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "reference"))
import bank as rx  # noqa: E402
import exact_signal as exact  # noqa: E402
import flow  # noqa: E402

RATE_HZ = 3.84e6
FULL_S = 1_700_000_000
NOISE = 0.05
# id: slot offset, delay at the start (s), delay rate, amplitude; "c" is silent.
SATELLITES = {
    "a": (1, 0.31e-3, 20e-6, 1.0),
    "b": (2, 0.3137e-3, -11e-6, 0.7),
    "c": (2, 0.2903e-3, 3e-6, 0.0),
}
SLOTS = {"a": [1, 11, 21, 31], "b": [2, 12, 22, 32], "c": [2, 12, 22, 32]}


def delay(satellite, t):
    _, delay_s, rate, _ = SATELLITES[satellite]
    return delay_s + rate * t


class qa_receiver(gr_unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.carrier = ntnpos.carrier(n_rb=12, sample_rate_hz=RATE_HZ)
        cls.t = exact.sample_times(0.0, 36e-3, RATE_HZ)
        cls.y = exact.white_noise(np.random.default_rng(1), len(cls.t), NOISE)
        cls.signals, cls.windows, cls.messages = [], [], []
        for i, (name, (offset, delay_s, rate, gain)) in enumerate(SATELLITES.items()):
            resource = ntnpos.prs_resource(sequence_id=50 + i, num_rb=12, re_offset=i, slot_offset=offset)
            if gain:
                cls.y += exact.received(
                    cls.t, cls.carrier, resource, lambda t, name=name: delay(name, t), gain=gain
                )
            cls.signals.append(ntnpos.satellite_signal(name, resource, (FULL_S, 0.0)))
            predicted = (delay_s - 1.3e-6, rate + 1e-7)
            cls.windows.append(
                ntnpos.search_window(rx.trajectory(*predicted, start=(FULL_S, 0.0)), 20e-6, 1e3)
            )
            cls.messages.append(flow.window_message(name, predicted, 20e-6, 1e3, (FULL_S, 0.0)))

    def receiver(self, samples=None, tags=None, windows=None, **options):
        return flow.Receiver(
            self.y if samples is None else samples,
            [flow.time_tag(0, FULL_S, 0.0)] if tags is None else tags,
            self.carrier,
            self.signals,
            self.windows if windows is None else windows,
            **options,
        )

    def check_values(self, toas, shift_s=0.0):
        """What is reported `ok` is right; what is not has no values. Status by (satellite, slot)."""
        for m in toas:
            t = m["t"][0] - FULL_S + m["t"][1] - shift_s
            self.assertLess(m["window_min_s"], m["window_max_s"])
            self.assertLess(abs(t - 1e-3 * m["slot_count"] - delay(m["satellite"], t)), 21e-6)
            values = ("toa_s", "toa_std_s", "doppler_hz", "doppler_std_hz", "snr_db", "rsrp_db")
            if m["status"] != "ok":
                values += ("first_path_rsrpp_db", "additional_paths", "los_probability")
                self.assertEqual([m[name] for name in values], [None] * 9)
                continue
            _, _, rate, gain = SATELLITES[m["satellite"]]
            self.assertLess(abs(m["toa_s"] - delay(m["satellite"], t)), 4.5 * m["toa_std_s"])
            self.assertLess(abs(m["doppler_hz"] + 2e9 * rate), 4.5 * m["doppler_std_hz"])
            # A quarter of the 144 subcarriers has gain^2 / 144 each; noise is what falls in all of them.
            snr_db = 10 * np.log10(gain**2 / 4 / (NOISE * 144 / 256))
            self.assertLess(abs(m["snr_db"] - snr_db), 1.2)
            self.assertLess(abs(m["rsrp_db"] - 20 * np.log10(gain / 12)), 1.2)
            self.assertTrue(m["window_min_s"] <= m["toa_s"] <= m["window_max_s"])
            self.assertEqual(len(m["additional_paths"]), 0)
            self.assertLess(abs(m["first_path_rsrpp_db"] - m["rsrp_db"]), 1e-3)
            self.assertTrue(0.3 < m["los_probability"] < 0.9)
        return {(m["satellite"], m["slot_count"]): m["status"] for m in toas}

    def expected(self, **changes):
        """Statuses of an undisturbed stream, but for these: a11="incomplete"; None: not reported."""
        out = {(s, n): "no_signal" if s == "c" else "ok" for s, slots in SLOTS.items() for n in slots}
        for name, status in changes.items():
            key = (name[0], int(name[1:]))
            out[key] = status
            if status is None:
                del out[key]
        return out

    def test_messages_of_a_stream(self):
        receiver = self.receiver()
        receiver.detector.to_basic_block()._post(
            pmt.intern("config"), flow.dictionary(satellites=pmt.intern("abc"), seq=pmt.intern("mine"))
        )
        found = [pmt.to_python(m) for m in receiver.receive()]
        self.assertEqual([m["seq"] for m in found], list(range(14)))
        self.assertEqual({(m["schema"], m["source"]) for m in found}, {("ntnpos.wire/1", "rx")})
        config = [m for m in found if m["kind"] == "config"]
        self.assertEqual([m["satellites"] for m in config], ["abc"])
        self.assertEqual((found[-1]["kind"], found[-1]["count"]), ("end", 12))
        toas = [m for m in found if m["kind"] == "toa"]
        self.assertEqual(self.check_values(toas), self.expected())
        self.assertTrue(all("profile" not in m for m in toas))
        self.assertEqual((receiver.correlator.bad_messages(), receiver.correlator.untimed_samples()), (0, 0))
        self.assertEqual(receiver.detector.bad_profiles(), 0)

    def test_powers_of_paths(self):
        """The first satellite's echo comes 0.7 us later and 4.4 dB weaker."""
        resource = self.signals[0].resource
        echo_s = 0.7e-6
        echo = exact.received(
            self.t, self.carrier, resource, lambda t: delay("a", t) + echo_s, gain=0.6 * np.exp(2j)
        )
        for method in (ntnpos.first_path_method.maximum_likelihood, ntnpos.first_path_method.music):
            config = ntnpos.first_path_config(method=method)
            found = [m for m in self.receiver(self.y + echo, config=config).toas() if m["satellite"] == "a"]
            self.assertEqual(len(found), 4)
            for m in found:
                t = m["t"][0] - FULL_S + m["t"][1]
                self.assertLess(abs(m["toa_s"] - delay("a", t)), 4.5 * m["toa_std_s"])
                (path,) = m["additional_paths"]
                spread_s = np.hypot(m["toa_std_s"], path["delay_std_s"])
                self.assertLess(abs(path["delay_s"] - echo_s), 4.5 * spread_s)
                self.assertLess(abs(m["first_path_rsrpp_db"] - 20 * np.log10(1 / 12)), 1.0)
                self.assertLess(abs(path["rsrpp_db"] - 20 * np.log10(0.6 / 12)), 1.0)
                self.assertGreater(m["rsrp_db"], m["first_path_rsrpp_db"])
                self.assertLess(m["los_probability"], 0.4)

    def test_arrival_by_a_threshold(self):
        for mode in (ntnpos.threshold_mode.relative, ntnpos.threshold_mode.false_alarm):
            config = ntnpos.first_path_config(
                method=ntnpos.first_path_method.threshold, threshold_mode=mode
            )
            for m in self.receiver(config=config).toas():
                if m["status"] == "ok":
                    t = m["t"][0] - FULL_S + m["t"][1]
                    self.assertLess(abs(m["toa_s"] - delay(m["satellite"], t)), 5 * m["toa_std_s"])

    def test_an_assumption_that_cannot_be_is_refused(self):
        for wrong, text in (
            (dict(prior=1.1), "prior = 1.1: must be 0..1"),
            (dict(delay_spread_min_s=0.0), "delay_spread_min_s = 0: must be 1e-10..1e-4"),
            (dict(delay_spread_max_s=1e-9), "delay_spread_max_s = 1e-09: must be delay_spread_min_s..1e-4"),
        ):
            self.assertEqual(ntnpos.los_config(**wrong).validate(), text)
            with self.assertRaisesRegex(ValueError, text.replace(".", r"\.")):
                ntnpos.first_path_detector("rx", 256, los=ntnpos.los_config(**wrong))

    def test_same_bits_however_the_stream_is_cut(self):
        runs = [(1, None), (7, None), (4096, None), (10**6, None)]
        runs += [(100_000, flow.Appetite(1)), (5000, flow.Appetite(2))]
        results = []
        for chunk, middle in runs:
            receiver = self.receiver(middle=middle, with_profiles=True)
            results.append([pmt.serialize_str(m) for m in receiver.receive(chunk)])
        self.assertEqual(len(results[0]), 13)
        for chunk, result in zip(runs[1:], results[1:]):
            self.assertEqual(result, results[0], chunk)

    def test_profiles_in_messages(self):
        for m in self.receiver(with_profiles=True).toas():
            if m["status"] != "ok":
                self.assertNotIn("profile", m)
                continue
            self.assertEqual(len(m["profile"]), 256)
            self.assertAlmostEqual(m["profile_step_s"] * RATE_HZ, 1.0)
            peak_s = m["profile_start_s"] + m["profile_step_s"] * int(np.argmax(np.abs(m["profile"])))
            self.assertLess(abs(peak_s - m["toa_s"]), 0.75 * m["profile_step_s"])

    def test_a_gap_cuts_one_occasion_and_harms_no_other(self):
        """Satellite a's PRS of slot 11 is cut or not; b's is a slot later."""
        start = round((11e-3 + delay("a", 0.0) + exact.symbol_timing(self.carrier, 11, 2)[0]) * RATE_HZ)
        stop = round((11e-3 + delay("a", 0.0) + exact.symbol_timing(self.carrier, 11, 6)[0]) * RATE_HZ)
        cases = [
            ("long before", start - 4000, 500, {}),
            ("just before", start - 200, 195, {}),
            ("into the first symbol", start - 100, 200, dict(a11="incomplete")),
            ("one sample of the first symbol", start + 150, 1, dict(a11="incomplete")),
            ("within", start + 600, 200, dict(a11="incomplete")),
            ("nothing missing, only a new time tag", start + 600, 0, dict(a11="incomplete")),
            ("the last samples", stop - 100, 90, dict(a11="incomplete")),
            ("just after", stop + 5, 300, {}),
            ("of one occasion the end, of the next all", start + 10, 41000,
             dict(a11="incomplete", a21=None, b12=None, c12=None)),
            ("all of one occasion", start - 500, stop - start + 1000, dict(a11=None)),
        ]  # fmt: skip
        for name, first, missing, changes in cases:
            with self.subTest(name):
                samples = np.concatenate([self.y[:first], self.y[first + missing :]])
                resumed_s = (first + missing) / RATE_HZ
                tags = [flow.time_tag(0, FULL_S, 0.0), flow.time_tag(first, FULL_S, resumed_s)]
                self.assertEqual(
                    self.check_values(self.receiver(samples, tags).toas()), self.expected(**changes)
                )

    def test_a_clock_that_is_set_anew(self):
        """The same samples an hour later by the clock, which are other slots, and with the clock set back."""
        n = len(self.y)
        tags = [
            flow.time_tag(0, FULL_S, 0.0),
            flow.time_tag(n, FULL_S + 3600, 0.0),
            flow.time_tag(2 * n, FULL_S, 0.0),
        ]
        flat = [ntnpos.search_window(rx.trajectory(delay(name, 0.018)), 20e-6, 60e3) for name in SATELLITES]
        toas = self.receiver(np.concatenate([self.y] * 3), tags, flat).toas()
        self.assertEqual(len(toas), 36)
        self.assertEqual(self.check_values(toas[:12]), self.expected())
        self.assertEqual(
            [(m["satellite"], m["status"]) for m in toas[12:24]],
            [(m["satellite"], m["status"]) for m in toas[:12]],
        )
        self.assertEqual(
            [m["slot_count"] for m in toas[12:24]], [m["slot_count"] + 3_600_000 for m in toas[:12]]
        )
        self.assertEqual(self.check_values(toas[24:]), self.expected())

    def test_a_stream_that_ends_in_an_occasion(self):
        end = round(31.6e-3 * RATE_HZ)
        toas = self.receiver(self.y[:end]).toas()
        self.assertEqual(self.check_values(toas), self.expected(a31="incomplete", b32=None, c32=None))

    def test_short_and_empty_streams(self):
        for length in (0, 1, 1000):
            receiver = self.receiver(self.y[:length], [flow.time_tag(0, FULL_S, 0.0)] if length else [])
            self.assertEqual([pmt.to_python(m)["kind"] for m in receiver.receive()], ["end"])

    def test_samples_without_a_valid_time_are_dropped(self):
        bad = {
            "none": [],
            "no tuple": [flow.tag(0, "rx_time", pmt.from_double(1.0))],
            "fraction of one": [flow.time_tag(0, FULL_S, 1.0)],
            "negative fraction": [flow.time_tag(0, FULL_S, -0.1)],
            "nanoseconds": [flow.time_tag(0, FULL_S * 10**9, 0.0)],
            "three values": [flow.tag(0, "rx_time", pmt.make_tuple(pmt.PMT_T, pmt.PMT_T, pmt.PMT_T))],
            "rate": [flow.time_tag(0, FULL_S, 0.0), flow.tag(0, "rx_rate", pmt.from_double(7.68e6))],
            "rate no number": [flow.time_tag(0, FULL_S, 0.0), flow.tag(0, "rx_rate", pmt.intern("3.84e6"))],
            "frequency": [flow.time_tag(0, FULL_S, 0.0), flow.tag(0, "rx_freq", pmt.from_double(2.001e9))],
        }
        begin = round(15e-3 * RATE_HZ)
        for name, tags in bad.items():
            with self.subTest(name):
                good = [
                    flow.time_tag(begin, FULL_S, 15e-3),
                    flow.tag(begin, "rx_rate", pmt.from_double(RATE_HZ)),
                    flow.tag(begin, "rx_freq", pmt.from_double(2e9)),
                ]
                receiver = self.receiver(tags=tags + good)
                found = self.check_values(receiver.toas())
                self.assertEqual(found, {k: s for k, s in self.expected().items() if k[1] > 20})
                self.assertEqual(receiver.correlator.untimed_samples(), begin)

    def test_windows_by_message(self):
        """The stream waits until every satellite has a window; malformed messages are counted, no more."""
        good = self.messages[0]
        without = [pmt.dict_delete(good, pmt.intern(key)) for key in pmt.to_python(good)]
        when = pmt.make_tuple(pmt.from_long(0), pmt.from_double(0.0))
        replaced = [
            ("satellite", pmt.intern("nobody")),
            ("satellite", pmt.from_long(0)),
            ("segments", pmt.make_vector(0, pmt.PMT_NIL)),
            ("segments", pmt.make_vector(1, pmt.make_tuple(pmt.PMT_NIL, pmt.PMT_NIL))),
            ("segments", pmt.make_vector(1, pmt.make_tuple(when, pmt.init_f64vector(0, [])))),
            ("segments", pmt.make_vector(1, pmt.make_tuple(when, pmt.init_f64vector(1, [np.nan])))),
            ("half_width_s", pmt.from_double(-1.0)),
            ("half_width_s", pmt.from_double(np.nan)),
            ("half_width_s", pmt.intern("20e-6")),
            ("doppler_half_width_hz", pmt.from_double(1e9)),
        ]  # fmt: skip
        bad = [pmt.PMT_NIL, pmt.intern("x"), pmt.from_long(3), pmt.make_dict(), *without]
        bad += [pmt.dict_add(good, pmt.intern(key), value) for key, value in replaced]
        receiver = self.receiver(windows=[])
        port = receiver.correlator.to_basic_block()
        receiver.start()
        for message in bad + self.messages[:2] + bad + self.messages[2:]:
            port._post(pmt.intern("windows"), message)
        receiver.wait()
        toas = [m for m in map(pmt.to_python, receiver.collector.messages) if m["kind"] == "toa"]
        self.assertEqual(self.check_values(toas), self.expected())
        self.assertEqual(receiver.correlator.bad_messages(), 2 * len(bad))

    def test_a_stream_without_windows_ends_when_stopped(self):
        receiver = self.receiver(windows=[])
        receiver.start()
        receiver.collector.over.set()
        receiver.stop()
        receiver.wait()
        self.assertEqual(receiver.collector.messages, [])

    def test_a_flowgraph_that_runs_again(self):
        receiver = self.receiver()
        first = receiver.toas()
        receiver.collector.messages.clear()
        receiver.collector.over.clear()
        receiver.source.rewind()
        again = receiver.receive()
        self.assertEqual(pmt.to_python(again[-1])["count"], 12)
        again = [pmt.to_python(m) for m in again[:-1]]
        self.assertEqual(self.check_values(again), self.expected())
        self.assertEqual([m["seq"] for m in again], [m["seq"] + 13 for m in first])

    def test_vectors_that_are_no_profiles_are_dropped(self):
        from gnuradio import blocks, gr

        top = gr.top_block()
        tags = [flow.tag(1, "ntnpos_profile", pmt.PMT_T), flow.tag(2, "ntnpos_profile", pmt.make_dict())]
        tags.append(flow.tag(3, "ntnpos_end", pmt.PMT_T))
        source = blocks.vector_source_c([0j] * (4 * 256), False, 256, tags)
        detector = ntnpos.first_path_detector("rx", 256)
        collector = flow.Collector()
        gate = flow.Gate(collector.over)
        top.connect(source, detector)
        top.connect(gate, collector)
        top.msg_connect(detector, "meas", collector, "in")
        top.run()
        self.assertEqual([pmt.to_python(m)["count"] for m in collector.messages], [0])
        self.assertEqual(detector.bad_profiles(), 3)

    def test_wrong_configuration_is_one_clear_line(self):
        c, s, w = self.carrier, self.signals, self.windows
        bank, detector = ntnpos.correlator_bank_config, ntnpos.first_path_config
        twice = ntnpos.satellite_signal("a", s[0].resource, (0, 0.0))
        wide = ntnpos.satellite_signal("w", ntnpos.prs_resource(num_rb=24), (0, 0.0))
        late = ntnpos.satellite_signal("l", s[0].resource, (0, 1.0))
        bad_window = ntnpos.search_window(rx.trajectory(0.0), -1.0, 0.0)
        correlator = ntnpos.comb_correlator
        for make, arguments, message in (
            (correlator, (ntnpos.carrier(n_rb=0), s), "n_rb = 0: must be 1..275 (TS 38.211 4.4.2)"),
            (correlator, (c, [s[0], twice]), "id = a: must be unique"),
            (correlator, (c, [wide]), "w.num_rb = 24: must be at most the carrier's n_rb 12"),
            (correlator, (c, [late]), "l.sfn0.frac_s = 1: must be in [0, 1)"),
            (
                correlator,
                (c, s, w[:1]),
                "windows = 1 of them: must be none, or one for each of the 3 signals",
            ),
            (correlator, (c, s[:1], [bad_window]), "half_width_s = -1: must be 0..0.1"),
            (
                correlator,
                (c, s, w, bank(false_alarm_probability=0.0)),
                "false_alarm_probability = 0: must be 1e-12..0.5",
            ),
            (correlator, (c, s, w, bank(interference_passes=11)), "interference_passes = 11: must be 0..10"),
            (correlator, (c, s, w, bank(max_coherent_s=2.0)), "max_coherent_s = 2: must be 0..1"),
            (correlator, (c, s, w, bank(batch_s=0.0)), "batch_s = 0: must be 1e-3..1"),
            (ntnpos.first_path_detector, ("rx", 0), "profile_points = 0: must be subcarriers..1048576"),
            (ntnpos.first_path_detector, ("rx", 256, detector(max_paths=9)), "max_paths = 9: must be 1..8"),
        ):
            with self.assertRaises(ValueError) as raised:
                make(*arguments)
            self.assertTrue(str(raised.exception).startswith(message), str(raised.exception))


if __name__ == "__main__":
    gr_unittest.run(qa_receiver)
