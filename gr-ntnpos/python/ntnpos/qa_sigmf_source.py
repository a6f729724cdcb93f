# SPDX-License-Identifier: GPL-3.0-or-later
"""The sigmf_source block: every sample, and exact tags at every capture, however the stream is cut."""

import json
import shutil
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pmt
from gnuradio import blocks, gr, gr_unittest, ntnpos

RATE_HZ = 7.68e6
N_SAMPLES = 50_000
# Sample, whole seconds, fraction, frequency: both sides of a buffer's edge, neighbours, the last sample.
CAPTURES = [
    (0, 3, 0.204375668, 2.0e9),
    (1, 3, 0.3, 2.0e9),
    (4095, 4, 0.0, 2.0e9),
    (4096, 4, 0.999999999, 2.1e9),
    (31_234, 2**40, 0.5, 2.0e9),
    (N_SAMPLES - 1, 2**40 + 1, 0.125, 2.0e9),
]


def write_recording(folder: Path, datatype: str, captures=CAPTURES) -> np.ndarray:
    """Writes good.sigmf-meta and good.sigmf-data; returns the samples that a reader must give."""
    rng = np.random.default_rng(5)
    if datatype == "ci16_le":
        raw = rng.integers(-32768, 32768, size=(N_SAMPLES, 2)).astype("<i2")
        samples = ((raw[:, 0] + 1j * raw[:, 1]) / 32768.0).astype(np.complex64)
    else:
        raw = rng.standard_normal((N_SAMPLES, 2)).astype("<f4")
        samples = raw[:, 0] + 1j * raw[:, 1]
    (folder / "good.sigmf-data").write_bytes(raw.tobytes())
    meta = {
        "global": {
            "core:datatype": datatype,
            "core:sample_rate": RATE_HZ,
            "core:version": "1.0.0",
            "ntnpos:truth": "anything at all",
        },
        "captures": [
            {
                "core:sample_start": start,
                "core:frequency": frequency_hz,
                "ntnpos:rx_time": {"full_s": full_s, "frac_s": frac_s},
            }
            for start, full_s, frac_s, frequency_hz in captures
        ],
        "annotations": [],
    }
    (folder / "good.sigmf-meta").write_text(json.dumps(meta))
    return samples


def expected_tags(captures=CAPTURES) -> list:
    """(offset, key, value) of every tag, in order of offset and key."""
    tags = []
    for start, full_s, frac_s, frequency_hz in captures:
        tags.append((start, "rx_freq", frequency_hz))
        tags.append((start, "rx_rate", RATE_HZ))
        tags.append((start, "rx_time", (full_s, frac_s)))
    return tags


def received_tags(sink) -> list:
    """The same of what a vector sink got; checks the value types that receivers rely on."""
    tags = []
    for tag in sink.tags():
        key = pmt.symbol_to_string(tag.key)
        if key == "rx_time":
            assert pmt.is_tuple(tag.value) and pmt.length(tag.value) == 2
            assert pmt.is_uint64(pmt.tuple_ref(tag.value, 0)) and pmt.is_real(pmt.tuple_ref(tag.value, 1))
            value = (pmt.to_uint64(pmt.tuple_ref(tag.value, 0)), pmt.to_double(pmt.tuple_ref(tag.value, 1)))
        else:
            assert pmt.is_real(tag.value)
            value = pmt.to_double(tag.value)
        tags.append((tag.offset, key, value))
    return sorted(tags)


class qa_sigmf_source(gr_unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())

    def tearDown(self):
        shutil.rmtree(self.folder)

    def run_source(self, source, max_noutput_items=100_000):
        tb = gr.top_block()
        sink = blocks.vector_sink_c()
        tb.connect(source, sink)
        tb.run(max_noutput_items)
        return np.array(sink.data(), dtype=np.complex64), received_tags(sink)

    def test_samples_and_tags_for_any_buffer_size(self):
        for datatype in ("cf32_le", "ci16_le"):
            samples = write_recording(self.folder, datatype)
            for size in (1, 7, 4096, 100_000):
                if size == 1 and datatype == "cf32_le":
                    continue  # 50 000 work calls once are enough
                with self.subTest(datatype=datatype, size=size):
                    source = ntnpos.sigmf_source_from(self.folder / "good.sigmf-meta")
                    got, tags = self.run_source(source, size)
                    np.testing.assert_array_equal(got, samples)
                    self.assertEqual(tags, expected_tags())

    def test_every_form_of_the_path(self):
        samples = write_recording(self.folder, "ci16_le")
        for name in ("good.sigmf-meta", "good.sigmf-data", "good"):
            got, tags = self.run_source(ntnpos.sigmf_source_from(str(self.folder / name)))
            np.testing.assert_array_equal(got, samples)
            self.assertEqual(tags, expected_tags())

    def test_archive_is_read_in_place(self):
        samples = write_recording(self.folder, "cf32_le")
        with tarfile.open(self.folder / "packed.sigmf", "w") as archive:
            for suffix in (".sigmf-meta", ".sigmf-data"):
                archive.add(self.folder / ("good" + suffix), arcname="packed/packed" + suffix)
        for name in ("packed.sigmf", "packed"):
            recording = ntnpos.open_recording(self.folder / name)
            self.assertEqual(recording.data_path, str(self.folder / "packed.sigmf"))
            self.assertGreater(recording.byte_offset, 0)
            got, tags = self.run_source(ntnpos.sigmf_source_from(recording))
            np.testing.assert_array_equal(got, samples)
            self.assertEqual(tags, expected_tags())

    def test_samples_before_the_first_capture_are_left_out(self):
        samples = write_recording(self.folder, "ci16_le", CAPTURES[2:])
        got, tags = self.run_source(ntnpos.sigmf_source_from(self.folder / "good"))
        np.testing.assert_array_equal(got, samples[4095:])
        expected = [(start - 4095, key, value) for start, key, value in expected_tags(CAPTURES[2:])]
        self.assertEqual(tags, expected)

    def test_another_run_begins_again(self):
        samples = write_recording(self.folder, "ci16_le")
        tb = gr.top_block()
        sink = blocks.vector_sink_c()
        tb.connect(ntnpos.sigmf_source_from(self.folder / "good"), sink)
        for _ in range(3):
            sink.reset()
            tb.run()
            np.testing.assert_array_equal(np.array(sink.data(), dtype=np.complex64), samples)
            self.assertEqual(received_tags(sink), expected_tags())

    def test_block_names_the_wrong_argument(self):
        write_recording(self.folder, "ci16_le")
        path = str(self.folder / "good.sigmf-data")
        file = ntnpos.iq_file(path=path, n_samples=N_SAMPLES, datatype="ci16_le")
        capture = ntnpos.iq_capture(sample_start=0, rx_time=(0, 0.0), frequency_hz=2e9)
        longer = ntnpos.iq_file(path=path, n_samples=N_SAMPLES + 1, datatype="ci16_le")
        for arguments, message in (
            ((longer, RATE_HZ, [capture]), "n_samples = 50001: must be 1..50000, what the file holds"),
            ((file, 0.0, [capture]), "sample_rate_hz = 0: must be finite and above 0"),
            ((file, float("nan"), [capture]), "sample_rate_hz = nan: must be finite and above 0"),
            ((file, RATE_HZ, []), "captures = none: must be at least one"),
        ):
            with self.subTest(message=message), self.assertRaises(ValueError) as caught:
                ntnpos.sigmf_source(*arguments)
            self.assertEqual(str(caught.exception), message)


if __name__ == "__main__":
    gr_unittest.run(qa_sigmf_source)
