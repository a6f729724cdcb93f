# SPDX-License-Identifier: GPL-3.0-or-later
"""Rx-Tx time differences against their definition, by trying every uplink subframe in exact fractions."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pmt
from gnuradio import gr, gr_unittest, ntnpos

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "reference"))
from flow import Collector, Gate  # noqa: E402

MS = Fraction(1, 1000)


def exactly(t: tuple[int, float]) -> Fraction:
    return t[0] + Fraction(t[1])


def pair(t: Fraction) -> tuple[int, float]:
    return int(t // 1), float(t % 1)


def by_definition(dl_subframe, arrival, start_slot, start, advances, scs_khz):
    """(rx_tx, offset) of the UL subframe sent nearest to the arrival of the DL subframe (TS 38.215 5.1.30)."""
    per = scs_khz // 15
    best = None
    for ul in range(dl_subframe - 1, dl_subframe + 544):
        slot = ul * per
        set_from = [s for s in advances if s <= slot]
        advance = Fraction(advances[max(set_from)]) if set_from else 0
        sent = start + (slot - start_slot) * MS / per - advance
        if best is None or abs(arrival - sent) < abs(best[0]):
            best = (arrival - sent, ul - dl_subframe)
    return best


class qa_rx_tx(gr_unittest.TestCase):
    def compare(self, slot, sent, toa, rate, start_slot, start, advances, scs_khz=15):
        """Ours and the definition's, of a slot that left at `sent` and is `toa` late by the UE's clock."""
        carrier = ntnpos.carrier(scs_khz=scs_khz, n_rb=24, sample_rate_hz=512e3 * scs_khz)
        per = scs_khz // 15
        arrival = sent + toa
        found = ntnpos.ue_rx_tx_difference(
            carrier, slot, pair(sent), pair(arrival), rate, start_slot, pair(start), advances)  # fmt: skip
        within = Fraction(0)
        # Slots within a subframe are all as long but the first of each half (5.3.1): 16 units more.
        if slot % per:
            within = Fraction(_slot_start(scs_khz, slot % per), 30720000)
        expected = by_definition(
            slot // per, arrival - within / (1 - Fraction(rate)), start_slot, start, advances, scs_khz)  # fmt: skip
        return found, expected

    def check(self, *arguments, **keywords):
        found, expected = self.compare(*arguments, **keywords)
        self.assertEqual(found[1], expected[1])
        self.assertLess(abs(found[0] - float(expected[0])), 5e-16)
        return found

    def test_random_timings(self):
        """30 of every numerology: seed 7; far from the epoch, with SFN wrapped, advances that change."""
        rng = np.random.default_rng(7)
        for scs_khz in (15, 30, 60, 120):
            per = scs_khz // 15
            for _ in range(30):
                slot = int(rng.integers(0, 30000 * per))
                full = int(rng.integers(0, 2_000_000_000))
                start_slot = int(rng.integers(0, 40)) * per
                start = full + Fraction(float(rng.random()))
                sent = start + Fraction(slot - start_slot, 1000 * per) + Fraction(float(rng.normal(0, 1e-3)))
                advances = {
                    int(rng.integers(slot - 700 * per, slot + 700 * per)): float(rng.uniform(-0.01, 0.5))
                    for _ in range(int(rng.integers(0, 4)))
                }
                toa = Fraction(float(rng.uniform(2e-3, 50e-3)))
                self.check(slot, sent, toa, float(rng.uniform(-25e-6, 25e-6)), start_slot, start, advances,
                           scs_khz=scs_khz)  # fmt: skip

    def test_half_a_subframe_wraps(self):
        """An arrival just before and just after the middle between two uplink subframes."""
        for eps in (Fraction(1, 10**9), Fraction(1, 10**12)):
            for offset in (0, 7, 541):
                middle = offset * MS + MS / 2
                before = self.check(20, Fraction(20, 1000), middle - eps, 0.0, 0, Fraction(0), {})
                after = self.check(20, Fraction(20, 1000), middle + eps, 0.0, 0, Fraction(0), {})
                self.assertEqual((before[1], after[1]), (offset, offset + 1))
                self.assertAlmostEqual(before[0], 0.5e-3 - float(eps), 14)
                self.assertAlmostEqual(after[0], -0.5e-3 + float(eps), 14)

    def test_offset_rolls_over_in_mid_pass(self):
        """A delay that grows through the middle between subframes: sums of offset and difference go on."""
        sums = []
        for slot in range(0, 2000, 10):
            toa = Fraction(7499, 10**6) + Fraction(slot, 1000) * Fraction(24, 10**6)
            rx_tx, offset = self.check(slot, Fraction(slot, 1000), toa, 24e-6, 0, Fraction(0), {})
            sums.append(rx_tx + offset * 1e-3 - float(toa))
            self.assertLessEqual(abs(rx_tx), 0.5e-3)
        self.assertLess(np.abs(sums).max(), 1e-15 * 100)


def _slot_start(scs_khz: int, slot: int) -> int:
    """Start of a slot in a subframe in 1/30.72 MHz: symbols 0 and 7 * 2^mu have 16 more (5.3.1)."""
    per = scs_khz // 15
    symbols = 14 * slot
    return symbols * (2048 + 144) // per + 16 * ((symbols > 0) + (symbols > 7 * per))


class qa_rx_tx_block(gr_unittest.TestCase):
    """Messages in, messages out."""

    TOA = {"schema": "ntnpos.wire/1", "source": "rx", "seq": 0, "kind": "toa", "satellite": "s", "status": "ok",
           "slot_count": 30, "toa_s": 4.25e-3, "toa_std_s": 1e-9, "toa_rate_s_per_s": 2e-5, "snr_db": 3.0,
           "rsrp_db": -20.0}  # fmt: skip

    def run_block(self, messages, timing=(), **settings):
        """What the block makes of messages; commands on `timing` come first."""
        block = ntnpos.rx_tx_difference("end", ntnpos.carrier(), **settings)
        flow = gr.top_block()
        collector = Collector()
        gate = Gate(collector.over)
        flow.connect(gate, collector)
        flow.msg_connect(block, "meas", collector, "in")
        flow.start()
        for port, sent in (("timing", timing), ("meas", [*messages, {"kind": "end"}])):
            for message in sent:
                block.to_basic_block()._post(pmt.intern(port), self.to_pmt(message))
        self.assertTrue(collector.over.wait(30))
        flow.stop()
        flow.wait()
        found = [pmt.to_python(m) for m in collector.messages]
        for i, message in enumerate(found):
            self.assertEqual((message["schema"], message["source"], message["seq"]), ("ntnpos.wire/1", "end", i))
        self.assertEqual(found[-1]["kind"], "end")
        return found[:-1], found[-1]["count"], block.bad_messages()

    def to_pmt(self, message):
        if not isinstance(message, dict):
            return pmt.to_pmt(message)
        out = pmt.make_dict()
        for name, value in message.items():
            if name == "t":
                value = pmt.make_tuple(pmt.from_uint64(value[0]), pmt.from_double(value[1]))
            out = pmt.dict_add(out, pmt.intern(name), pmt.to_pmt(value) if name != "t" else value)
        return out

    def toa(self, **changes):
        """Slot 30, sent at 5.03 s, and its arrival."""
        message = {**self.TOA, **changes}
        if "t" not in changes:
            message["t"] = (5, 0.03 + (message["toa_s"] or 0.0))
        return message

    def test_ue(self):
        (m,), count, bad = self.run_block([self.toa()], start_time=(5, 0.0), timing_advances={0: 5.1e-3})
        self.assertEqual((m["kind"], m["satellite"], m["status"], count, bad), ("ue_rx_tx", "s", "ok", 1, 0))
        # UL subframe 39 is sent at 5.039 - 0.0051; the DL subframe arrives at 5.03425.
        self.assertEqual(m["subframe_offset"], 9)
        self.assertAlmostEqual(m["rx_tx_s"], 5.03425 - 5.0339, 12)
        self.assertAlmostEqual(m["t"][0] + m["t"][1], 5.03, 12)
        self.assertEqual((m["rx_tx_std_s"], m["snr_db"]), (1e-9, 3.0))
        self.assertAlmostEqual(m["dl_timing_drift_us_s"], 20.0, 9)
        self.assertNotIn("ue", m)

    def test_the_crystal_is_taken_out(self):
        """A UE clock 5 ppm fast makes every span 5 ppm longer; the prediction knows of no crystal."""
        fast = 1 + 5e-6
        for rate in (-24e-6, 0.0, 11e-6):
            seen = 1 - (1 - rate) / fast
            arrives = (5, 0.03425)
            (m,), _, _ = self.run_block(
                [self.toa(toa_rate_s_per_s=seen, predicted_rate_s_per_s=rate, t=arrives)],
                start_time=(5, 0.0), timing_advances={0: 5.1e-3})  # fmt: skip
            self.assertLess(abs(m["rx_tx_s"] - (5.03425 - 5.0339) / fast), 1e-15)

    def test_offsets_and_differences_that_cannot_be_reported(self):
        late = [self.toa(toa_s=0.5426e-0), self.toa(toa_s=-0.6e-3), self.toa(toa_s=0.542)]
        found, _, bad = self.run_block(late, start_time=(5, 0.0))
        self.assertEqual([m["status"] for m in found], ["out_of_range", "out_of_range", "ok"])
        self.assertTrue(all("rx_tx_s" not in m and "subframe_offset" not in m for m in found[:2]))
        self.assertEqual((found[2]["subframe_offset"], bad), (542, 0))
        drift, = self.run_block([self.toa(toa_rate_s_per_s=26.6e-6)], start_time=(5, 0.0))[0]
        self.assertIsNone(drift["dl_timing_drift_us_s"])

    def test_gnb_and_ul_rtoa(self):
        messages = [self.toa(satellite="ue-1", toa_s=x) for x in (-4e-4, 0.501009e-3, 0.50101e-3, 4.25e-3)]
        found, _, _ = self.run_block(messages, role="gnb", satellite="sat")
        self.assertEqual([m["status"] for m in found], ["ok", "ok", "out_of_range", "out_of_range"])
        self.assertEqual([(m["kind"], m["satellite"], m["ue"]) for m in found], [("gnb_rx_tx", "sat", "ue-1")] * 4)
        self.assertAlmostEqual(found[0]["rx_tx_s"], -4e-4, 15)
        self.assertNotIn("rx_tx_s", found[2])
        found, _, _ = self.run_block(messages, role="ul_rtoa", satellite="sat")
        self.assertEqual([round(m["rtoa_s"], 9) for m in found], [-4e-4, 0.501009e-3, 0.50101e-3, 4.25e-3])
        self.assertEqual({m["rtoa_std_s"] for m in found}, {1e-9})

    def test_silence_is_a_status(self):
        nothing = self.toa(status="no_signal", toa_s=None, toa_std_s=None, t=(5, 0.03))
        (m,), _, bad = self.run_block([nothing], start_time=(5, 0.0))
        self.assertEqual((m["status"], bad), ("no_signal", 0))
        self.assertNotIn("rx_tx_s", m)

    def test_bad_messages_are_counted(self):
        bad = [
            7, "text", {}, {"kind": "rtt"}, self.toa(t=(5, 1.5)), self.toa(toa_s="x", t=(5, 0.1)),
            self.toa(toa_std_s=0.0), self.toa(toa_std_s=-1.0), self.toa(toa_rate_s_per_s=1.0),
            self.toa(toa_s=1e9, t=(5, 0.1)), self.toa(toa_s=9.0, t=(5, 0.1)), self.toa(slot_count="30"),
            self.toa(satellite=3), self.toa(status=None), self.toa(toa_s=float("nan"), t=(5, 0.1)),
        ]  # fmt: skip
        commands = [3, {"from_slot": 1}, {"from_slot": 1, "timing_advance_s": 1.5}]
        found, count, counted = self.run_block([*bad, self.toa()], commands, start_time=(5, 0.0))
        self.assertEqual((len(found), count, counted), (1, 1, len(bad) + len(commands)))

    def test_wrong_settings_are_refused(self):
        for settings, message in (
            (dict(role="gNB"), "role = gNB: must be ue, gnb or ul_rtoa"),
            (dict(role="gnb"), "satellite"),
            (dict(start_time=(5, 1.0)), "start_time"),
            (dict(timing_advance_s=1.01), "timing_advance_s"),
            (dict(start_slot=2 * 10**12), "start_slot"),
            (dict(timing_advances={3: -1.1}), "timing_advance_s = -1.1"),
        ):
            with self.assertRaisesRegex(ValueError, message):
                ntnpos.rx_tx_difference("end", ntnpos.carrier(), **settings)


if __name__ == "__main__":
    gr_unittest.run(qa_rx_tx)
