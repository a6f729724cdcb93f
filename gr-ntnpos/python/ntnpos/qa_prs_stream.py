# SPDX-License-Identifier: GPL-3.0-or-later
"""prs_source over 1024 frames with several TRPs, resource sets and resources, against TS 38.211 7.4.1.7.4."""

import numpy as np
import pmt
from gnuradio import blocks, gr, gr_unittest, ntnpos

CARRIER = ntnpos.carrier(n_rb=24, sample_rate_hz=5.76e6)  # 384 points, 5760 samples a slot
SLOT = 5760
SLOTS_PER_FRAME = 10

# Resources of one TRP stand in symbols of their own, so that a symbol's power tells which of them is sent.
SET_A = dict(  # two occasions sent, two muted, and of four repetitions the second is left out
    comb_size=2, num_symbols=2, periodicity_slots=40, slot_offset=37, repetition_factor=4, time_gap_slots=4,
    muting_option1_bits=[1, 0], muting_option1_repetition=2, muting_option2_bits=[1, 0, 1, 1],
)  # fmt: skip
SET_B = dict(
    comb_size=4, num_symbols=4, periodicity_slots=64, slot_offset=63, repetition_factor=16, time_gap_slots=4
)
SET_C = dict(  # six bits of eight occasions each do not divide the cycle of SFN
    comb_size=6, num_symbols=6, periodicity_slots=5, slot_offset=4,
    muting_option1_bits=[1, 0, 0, 1, 1, 0], muting_option1_repetition=8,
)  # fmt: skip
SET_D = dict(  # fewer bits of option 2 than repetitions: taken in turn
    comb_size=2, num_symbols=2, periodicity_slots=80, slot_offset=70, repetition_factor=8, time_gap_slots=8,
    muting_option1_bits=[0, 1, 1, 1], muting_option1_repetition=1, muting_option2_bits=[0, 1],
)  # fmt: skip
TRPS = [
    [
        dict(SET_A, sequence_id=0, start_symbol=0, resource_slot_offset=0),
        dict(SET_A, sequence_id=1, start_symbol=2, resource_slot_offset=5, power_offset_db=-6.0),
        dict(SET_B, sequence_id=1023, start_symbol=4, power_offset_db=3.0),
        dict(SET_C, sequence_id=4095, start_symbol=8),
    ],
    [
        dict(SET_C, sequence_id=1024, start_symbol=0, resource_slot_offset=3, power_offset_db=1.5),
        dict(SET_D, sequence_id=2047, start_symbol=6),
        dict(SET_D, sequence_id=3000, start_symbol=12, resource_slot_offset=79),
    ],
]


def literal_sent(r: dict, n_f: int, n_s: int) -> bool:
    """7.4.1.7.4 as written: the slot condition with both offsets, and the muting bits b^1, b^2."""
    period, gap = r["periodicity_slots"], r.get("time_gap_slots", 1)
    slots = SLOTS_PER_FRAME * n_f + n_s - r["slot_offset"] - r.get("resource_slot_offset", 0)
    if slots % period not in {i * gap for i in range(r.get("repetition_factor", 1))}:
        return False
    sent = True
    option1 = r.get("muting_option1_bits")
    if option1:
        sent &= option1[slots // (r["muting_option1_repetition"] * period) % len(option1)] == 1
    option2 = r.get("muting_option2_bits")
    if option2:
        sent &= option2[(slots % period) // gap % len(option2)] == 1
    return sent


class symbol_powers(gr.sync_block):
    """Mean power of every OFDM symbol's useful part, slot by slot."""

    def __init__(self):
        gr.sync_block.__init__(self, "symbol_powers", [np.complex64], None)
        self.set_output_multiple(SLOT)
        starts = [
            ntnpos.symbol_offset_samples(CARRIER, 0, l) + ntnpos.cp_samples(CARRIER, 0, l) for l in range(14)
        ]
        self.edges = np.array([edge for start in starts for edge in (start, start + 384)][:-1])
        self.rows = []

    def work(self, input_items, output_items):
        slots = input_items[0].reshape(-1, SLOT)
        power = slots.real**2 + slots.imag**2
        self.rows.append(np.add.reduceat(power, self.edges, axis=1)[:, ::2] / 384)
        return len(input_items[0])


def resources_of(trp: list) -> list:
    return [ntnpos.prs_resource(**r) for r in trp]


class qa_prs_stream(gr_unittest.TestCase):
    def test_thousand_frames_are_those_of_a_literal_evaluation(self):
        """1024 frames from SFN 600 on, over the end of the cycle: power of every symbol of every slot."""
        first_frame, frames = 600, 1024
        source = ntnpos.prs_source(
            CARRIER,
            [resources_of(trp) for trp in TRPS],
            start_slot=SLOTS_PER_FRAME * first_frame,
            n_slots=SLOTS_PER_FRAME * frames,
        )
        top, sinks = gr.top_block(), [symbol_powers() for _ in TRPS]
        for i, sink in enumerate(sinks):
            top.connect((source, i), sink)
        top.run()
        for trp, sink in zip(TRPS, sinks):
            expected = np.zeros((SLOTS_PER_FRAME * frames, 14))
            occasions = [0] * len(trp)
            for slot in range(SLOTS_PER_FRAME * frames):
                n_f, n_s = (first_frame + slot // SLOTS_PER_FRAME) % 1024, slot % SLOTS_PER_FRAME
                for i, r in enumerate(trp):
                    if literal_sent(r, n_f, n_s):
                        occasions[i] += 1
                        symbols = slice(r["start_symbol"], r["start_symbol"] + r["num_symbols"])
                        expected[slot, symbols] += 10 ** (r.get("power_offset_db", 0.0) / 10) / r["comb_size"]
            self.assertGreater(min(occasions), 100)
            np.testing.assert_allclose(np.concatenate(sink.rows), expected, rtol=1e-5, atol=1e-12)

    def test_each_output_is_its_trp_alone(self):
        """The same bits and tags as a source of its own, and as the kernel's slots, added or apart."""
        trps = [resources_of(trp) for trp in TRPS]
        start, n = 10235, 10  # over the end of the cycle
        source = ntnpos.prs_source(CARRIER, trps, start, n, (3, 0.25))
        top, sinks = gr.top_block(), [blocks.vector_sink_c() for _ in trps]
        for i, sink in enumerate(sinks):
            top.connect((source, i), sink)
        top.run()
        for resources, sink in zip(trps, sinks):
            expected = np.concatenate(
                [ntnpos.prs_slot(CARRIER, resources, slot) for slot in range(start, start + n)]
            )
            self.assertGreater(np.abs(expected).max(), 0.5)
            self.assertEqual(np.array(sink.data(), np.complex64).tobytes(), expected.tobytes())
            tags = [(t.offset, pmt.symbol_to_string(t.key), pmt.to_python(t.value)) for t in sink.tags()]
            slots = [(SLOT * i, "ntnpos_slot", start + i) for i in range(n)]
            time = [(0, "rx_time", (3, 0.25)), (0, "rx_rate", 5.76e6), (0, "rx_freq", 2e9)]
            self.assertEqual(sorted(tags, key=str), sorted(slots + time, key=str))

    def test_resources_from_lists(self):
        """The helper that block files use: one value for all or a list, by TRP."""
        found = ntnpos.prs_resources(
            [7, 8, 9], [0, 1, 0], re_offset=[0, 1, 2], comb_size=4, muting_option1_bits=[1, 0],
            muting_option2_bits=[[], [0, 1], []], power_offset_db=[0.0, -3.0, 1.0],
        )  # fmt: skip
        self.assertEqual([[r.sequence_id for r in trp] for trp in found], [[7, 9], [8]])
        self.assertEqual([r.re_offset for r in found[0]], [0, 2])
        self.assertEqual([r.power_offset_db for trp in found for r in trp], [0.0, 1.0, -3.0])
        self.assertEqual([r.muting_option1_bits for trp in found for r in trp], [[1, 0]] * 3)
        self.assertEqual([r.muting_option2_bits for trp in found for r in trp], [[], [], [0, 1]])
        self.assertEqual([len(trp) for trp in ntnpos.prs_resources([1, 2])], [2])
        for arguments, fields, said in (
            (
                ([1, 2], [0]),
                {},
                "trps = [0]: must be 0, 1, ... without a gap, one for each of the 2 resources",
            ),
            (([1, 2], [0, 2]), {}, "trps = [0, 2]: must be"),
            (
                ([1, 2],),
                dict(num_rb=[24]),
                "num_rb = 1 entries: must be a value for all, or one for each of the 2",
            ),
        ):
            with self.assertRaises(ValueError) as raised:
                ntnpos.prs_resources(*arguments, **fields)
            self.assertIn(said, str(raised.exception))

    def test_wrong_configuration_names_the_trp(self):
        good, wrong = ntnpos.prs_resource(), ntnpos.prs_resource(resource_slot_offset=10)
        for trps, message in (
            ([[good], []], "trps[1].resources = []: must be at least one (TS 38.214 5.1.6.5)"),
            (
                [[good], [good, wrong]],
                "trps[1].resources[1].resource_slot_offset = 10: must be 0..9 (below periodicity_slots and "
                "512, TS 38.211 7.4.1.7.4, TS 37.355 DL-PRS-Resource)",
            ),
        ):
            with self.assertRaises(ValueError) as raised:
                ntnpos.prs_source(CARRIER, trps)
            self.assertEqual(str(raised.exception), message)


if __name__ == "__main__":
    gr_unittest.run(qa_prs_stream)
