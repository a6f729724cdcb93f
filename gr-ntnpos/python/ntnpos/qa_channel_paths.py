# SPDX-License-Identifier: GPL-3.0-or-later
"""channel_paths: every list lands in its field, and a list of the wrong length is named."""

import os
import tempfile

from gnuradio import gr_unittest, ntnpos


class qa_channel_paths(gr_unittest.TestCase):
    def test_defaults(self):
        first, second = ntnpos.channel_paths([[1e-3, 2e-5], [2e-3]], delay_start=(7, 0.25))
        self.assertEqual([first.input, second.input], [0, 1])
        self.assertEqual([first.gain, second.gain], [1, 1])
        self.assertEqual(first.satellite_clock_offset_s, 0.0)
        self.assertEqual((second.input_start.full_s, second.input_start.frac_s), (7, 0.25))
        self.assertEqual(first.delay.segments[0].coefficients, [1e-3, 2e-5])
        self.assertEqual(first.delay.segments[0].start.frac_s, 0.25)

    def test_every_list_lands_in_its_field(self):
        moving = ntnpos.trajectory([ntnpos.delay_segment((3, 0.5), [4e-3])])
        first, second = ntnpos.channel_paths(
            [[1e-3], moving],
            gains=[0.5, 2j],
            inputs=[0, 0],
            input_starts=[(1, 0.0), (2, 0.5)],
            satellite_clock_offsets_s=[1e-6, -2e-6],
        )
        self.assertEqual([first.input, second.input], [0, 0])
        self.assertEqual([first.gain, second.gain], [0.5, 2j])
        self.assertEqual([first.input_start.full_s, second.input_start.full_s], [1, 2])
        self.assertEqual([first.satellite_clock_offset_s, second.satellite_clock_offset_s], [1e-6, -2e-6])
        self.assertEqual(second.delay.segments[0].start.full_s, 3)

    def test_a_trajectory_file_takes_the_place_of_the_delays(self):
        delays = [
            ntnpos.trajectory([ntnpos.delay_segment((3, 0.5), [4e-3, -2e-5])]),
            ntnpos.trajectory([ntnpos.delay_segment((-1, 0.0), [1e-3]), ntnpos.delay_segment((2, 0.0), [2e-3])]),
        ]
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "delays.jsonl")
            ntnpos.write_trajectories(
                file, ntnpos.Trajectories("2025-10-07T18:00:00Z", ("A", "B"), tuple(delays))
            )
            paths = ntnpos.channel_paths([[9.0]], gains=[1, 2j], trajectory_file=file)
            with self.assertRaisesRegex(ntnpos.TrajectoryError, "none.jsonl: file: cannot be read"):
                ntnpos.channel_paths([], trajectory_file=os.path.join(folder, "none.jsonl"))
        self.assertEqual([p.gain for p in paths], [1, 2j])
        for path, delay in zip(paths, delays):
            self.assertEqual(
                [(s.start.full_s, s.start.frac_s, s.coefficients) for s in path.delay.segments],
                [(s.start.full_s, s.start.frac_s, s.coefficients) for s in delay.segments],
            )

    def test_a_list_of_the_wrong_length_is_named(self):
        for name in ("gains", "inputs", "input_starts", "satellite_clock_offsets_s"):
            with self.assertRaisesRegex(
                ValueError, f"^{name} = 1 values: must be one for each of the 2 delays"
            ):
                ntnpos.channel_paths(
                    [[1e-3], [2e-3]], **{name: [(0, 0.0)] if name == "input_starts" else [0]}
                )


if __name__ == "__main__":
    gr_unittest.run(qa_channel_paths)
