# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings with one thing wrong: the exact one-line message, which names file, field, problem and what is allowed."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from gnuradio import ntnpos

N_SAMPLES = 1000
DATATYPES = "cf32_le or ci16_le"
INTEGER = "an integer, 0..18446744073709551615"
SECONDS = "an integer, 0..9007199254740992"
POSITIVE = "a finite number above 0, in Hz"
SHA512 = "the SHA-512 of the data, 128 hexadecimal digits"
FRACTION = "a number in [0, 1)"


def good_data(datatype: str) -> bytes:
    rng = np.random.default_rng(11)
    if datatype == "ci16_le":
        return rng.integers(-1000, 1000, size=2 * N_SAMPLES).astype("<i2").tobytes()
    return rng.standard_normal(2 * N_SAMPLES).astype("<f4").tobytes()


def good_meta(data: bytes, datatype: str = "ci16_le") -> dict:
    return {
        "global": {
            "core:datatype": datatype,
            "core:sample_rate": 7.68e6,
            "core:version": "1.0.0",
            "core:num_channels": 1,
            "core:sha512": hashlib.sha512(data).hexdigest(),
        },
        "captures": [
            {
                "core:sample_start": start,
                "core:frequency": 2.0e9,
                "ntnpos:rx_time": {"full_s": full_s, "frac_s": frac_s},
            }
            for start, full_s, frac_s in ((0, 3, 0.25), (500, 3, 0.5))
        ],
        "annotations": [],
    }


def write(folder: Path, meta, data: bytes) -> Path:
    """bad.sigmf-meta and bad.sigmf-data in the folder; the path of the first."""
    path = folder / "bad.sigmf-meta"
    path.write_bytes(meta if isinstance(meta, bytes) else json.dumps(meta).encode())
    path.with_suffix(".sigmf-data").write_bytes(data)
    return path


def message_of(path) -> str:
    with pytest.raises(ntnpos.RecordingError) as caught:
        ntnpos.open_recording(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_good_recording_is_read(tmp_path):
    for datatype, width in (("ci16_le", 4), ("cf32_le", 8)):
        data = good_data(datatype)
        recording = ntnpos.open_recording(write(tmp_path, good_meta(data, datatype), data))
        assert recording == ntnpos.Recording(
            data_path=str(tmp_path / "bad.sigmf-data"),
            byte_offset=0,
            n_samples=N_SAMPLES,
            datatype=datatype,
            sample_rate_hz=7.68e6,
            captures=(ntnpos.Capture(0, 3, 0.25, 2.0e9), ntnpos.Capture(500, 3, 0.5, 2.0e9)),
        )
        assert len(data) == width * N_SAMPLES


REMOVE = object()

# Where (keys into the good metadata), what it becomes, the field that the message names, problem, allowed.
FIELD_FAULTS = [
    (["global"], REMOVE, "global", "missing", "a JSON object"),
    (["global"], [1], "global", "[1] found", "a JSON object"),
    (["captures"], REMOVE, "captures", "missing", "a list of at least one capture"),
    (["captures"], [], "captures", "[] found", "a list of at least one capture"),
    (["captures"], {"0": 1}, "captures", '{"0": 1} found', "a list of at least one capture"),
    (["captures", 1], 7, "captures[1]", "7 found", "a JSON object"),
    (["global", "core:datatype"], REMOVE, "core:datatype", "missing", DATATYPES),
    (["global", "core:datatype"], "cf32_be", "core:datatype", '"cf32_be" found', DATATYPES),
    (["global", "core:datatype"], "ri16_le", "core:datatype", '"ri16_le" found', DATATYPES),
    (["global", "core:datatype"], ["ci16_le"], "core:datatype", '["ci16_le"] found', DATATYPES),
    (["global", "core:sample_rate"], REMOVE, "core:sample_rate", "missing", POSITIVE),
    (["global", "core:sample_rate"], 0, "core:sample_rate", "0 found", POSITIVE),
    (["global", "core:sample_rate"], -7.68e6, "core:sample_rate", "-7680000.0 found", POSITIVE),
    (["global", "core:sample_rate"], float("nan"), "core:sample_rate", "NaN found", POSITIVE),
    (["global", "core:sample_rate"], float("inf"), "core:sample_rate", "Infinity found", POSITIVE),
    (["global", "core:sample_rate"], "7.68e6", "core:sample_rate", '"7.68e6" found', POSITIVE),
    (["global", "core:sample_rate"], True, "core:sample_rate", "true found", POSITIVE),
    (["global", "core:sample_rate"], None, "core:sample_rate", "null found", POSITIVE),
    (["global", "core:sample_rate"], 10**400, "core:sample_rate", "1" + "0" * 56 + "... found", POSITIVE),
    (["global", "core:num_channels"], 2, "core:num_channels", "2 found", "1"),
    (["global", "core:num_channels"], "1", "core:num_channels", '"1" found', "1"),
    (["global", "core:metadata_only"], True, "core:metadata_only", "true found", "false: data are needed"),
    (
        ["global", "core:dataset"],
        "other.bin",
        "core:dataset",
        '"other.bin" found',
        "absent: data lie in a .sigmf-data file of samples",
    ),
    (["global", "core:offset"], -1, "core:offset", "-1 found", INTEGER),
    (["global", "core:offset"], 1, "captures[0].core:sample_start", "0 found", "core:offset (1) or above"),
    (["global", "core:sha512"], None, "core:sha512", "null found", SHA512),
    (["global", "core:sha512"], "abc", "core:sha512", '"abc" found', SHA512),
    (
        ["global", "core:sha512"],
        "0" * 128,
        "core:sha512",
        "the data do not match it: cut short or changed",
        SHA512,
    ),
    (
        ["captures", 0, "core:sample_start"],
        REMOVE,
        "captures[0].core:sample_start",
        "missing",
        INTEGER,
    ),
    (["captures", 0, "core:sample_start"], 0.5, "captures[0].core:sample_start", "0.5 found", INTEGER),
    (["captures", 0, "core:sample_start"], -1, "captures[0].core:sample_start", "-1 found", INTEGER),
    (
        ["captures", 1, "core:sample_start"],
        0,
        "captures[1].core:sample_start",
        "0 is not above the capture before",
        "above 0",
    ),
    (
        ["captures", 0, "core:sample_start"],
        501,
        "captures[1].core:sample_start",
        "500 is not above the capture before",
        "above 501",
    ),
    (
        ["captures", 1, "core:sample_start"],
        N_SAMPLES,
        "captures[1].core:sample_start",
        "1000 is beyond the end of the data",
        "below 1000",
    ),
    (["captures", 1, "core:frequency"], REMOVE, "captures[1].core:frequency", "missing", POSITIVE),
    (["captures", 1, "core:frequency"], 0.0, "captures[1].core:frequency", "0.0 found", POSITIVE),
    (["captures", 1, "core:frequency"], float("nan"), "captures[1].core:frequency", "NaN found", POSITIVE),
    (
        ["captures", 1, "core:header_bytes"],
        64,
        "captures[1].core:header_bytes",
        "64 found",
        "absent: data lie without headers",
    ),
    (
        ["captures", 1, "ntnpos:rx_time"],
        REMOVE,
        "captures[1].ntnpos:rx_time",
        "missing",
        '{"full_s": integer, "frac_s": number}',
    ),
    (["captures", 1, "ntnpos:rx_time"], 3.5, "captures[1].ntnpos:rx_time", "3.5 found", "a JSON object"),
    (
        ["captures", 1, "ntnpos:rx_time", "full_s"],
        REMOVE,
        "captures[1].ntnpos:rx_time.full_s",
        "missing",
        SECONDS,
    ),
    (
        ["captures", 1, "ntnpos:rx_time", "full_s"],
        3.0,
        "captures[1].ntnpos:rx_time.full_s",
        "3.0 found",
        SECONDS,
    ),
    (
        ["captures", 1, "ntnpos:rx_time", "full_s"],
        2**53 + 1,
        "captures[1].ntnpos:rx_time.full_s",
        "9007199254740993 found",
        SECONDS,
    ),
    (
        ["captures", 1, "ntnpos:rx_time", "frac_s"],
        1.0,
        "captures[1].ntnpos:rx_time.frac_s",
        "1.0 found",
        FRACTION,
    ),
    (
        ["captures", 1, "ntnpos:rx_time", "frac_s"],
        -1e-9,
        "captures[1].ntnpos:rx_time.frac_s",
        "-1e-09 found",
        FRACTION,
    ),
    (
        ["captures", 1, "ntnpos:rx_time", "frac_s"],
        float("nan"),
        "captures[1].ntnpos:rx_time.frac_s",
        "NaN found",
        FRACTION,
    ),
    (
        ["captures", 1, "ntnpos:rx_time", "frac_s"],
        0.25,
        "captures[1].ntnpos:rx_time",
        "not later than the capture before",
        "ascending times",
    ),
]


@pytest.mark.parametrize("keys, value, field, problem, allowed", FIELD_FAULTS)
def test_one_wrong_field(tmp_path, keys, value, field, problem, allowed):
    data = good_data("ci16_le")
    meta = good_meta(data)
    parent = meta
    for key in keys[:-1]:
        parent = parent[key]
    if value is REMOVE:
        del parent[keys[-1]]
    else:
        parent[keys[-1]] = value
    path = write(tmp_path, meta, data)
    assert message_of(path) == f"{path}: {field}: {problem}; allowed: {allowed}"


@pytest.mark.parametrize(
    "text, problem",
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b'{"global": ', "not JSON (Expecting value: line 1 column 12 (char 11))"),
        (b"plain text", "not JSON (Expecting value: line 1 column 1 (char 0))"),
        (b"\xff\xfe\xfd\xfc", None),
        (b"[" * 100_000, None),
        (b"[1, 2]", "[1, 2] found"),
    ],
)
def test_metadata_that_are_not_a_json_object(tmp_path, text, problem):
    path = write(tmp_path, text, good_data("ci16_le"))
    message = message_of(path)
    assert message.startswith(f"{path}: metadata: {problem or 'not JSON ('}")
    assert message.endswith("; allowed: a JSON object")


def test_data_of_the_wrong_length(tmp_path):
    data = good_data("ci16_le")
    meta = good_meta(data)
    path = write(tmp_path, meta, data[:-1])
    file = path.with_suffix(".sigmf-data")
    problem = "3999 bytes are not a whole number of samples"
    assert message_of(path) == f"{file}: data: {problem}; allowed: a multiple of 4 bytes (ci16_le)"
    write(tmp_path, meta, b"")
    assert message_of(path) == f"{file}: data: empty; allowed: at least one sample"
    write(tmp_path, meta, data[:-4])  # a whole number of samples: only the hash shows it
    problem = "the data do not match it: cut short or changed"
    assert message_of(path) == f"{path}: core:sha512: {problem}; allowed: {SHA512}"


@pytest.mark.parametrize("value, at", [(np.nan, 0), (np.inf, 1999), (-np.inf, 1001), (-1.001e9, 7), (3e38, 1998)])
def test_samples_that_no_receiver_can_use(tmp_path, value, at):
    samples = np.frombuffer(good_data("cf32_le"), dtype="<f4").copy()
    samples[at] = value
    data = samples.tobytes()
    path = write(tmp_path, good_meta(data, "cf32_le"), data)
    file = path.with_suffix(".sigmf-data")
    problem = "is above 1e+09" if np.isfinite(value) else "is not finite"
    assert message_of(path) == f"{file}: data: sample {at // 2} {problem}; allowed: finite I and Q, up to 1e+09"


def test_files_that_are_not_there(tmp_path):
    path = tmp_path / "none"
    any_form = "the path of a .sigmf-meta or .sigmf file, with or without extension"
    assert message_of(path) == f"{path}: file: no recording of this name; allowed: {any_form}"
    assert message_of("") == f".: file: no recording of this name; allowed: {any_form}"
    meta = tmp_path / "none.sigmf-meta"
    assert message_of(meta) == f"{meta}: file: not found; allowed: the recording's .sigmf-meta file"
    archive = tmp_path / "none.sigmf"
    assert message_of(archive) == f"{archive}: file: not found; allowed: a .sigmf archive"
    data = good_data("ci16_le")
    path = write(tmp_path, good_meta(data), data)
    file = path.with_suffix(".sigmf-data")
    file.unlink()
    assert message_of(path) == f"{file}: file: not found; allowed: the data file beside bad.sigmf-meta"
    file.mkdir()
    assert message_of(path) == f"{file}: file: Is a directory; allowed: a readable file"


def pack(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_bad_archives(tmp_path):
    data = good_data("ci16_le")
    meta = json.dumps(good_meta(data)).encode()
    members = {"a/a.sigmf-meta": meta, "a/a.sigmf-data": data}
    path = pack(tmp_path / "a.sigmf", members)
    recording = ntnpos.open_recording(path)
    assert recording.n_samples == N_SAMPLES
    with open(path, "rb") as file:
        file.seek(recording.byte_offset)
        assert file.read(len(data)) == data

    whole = path.read_bytes()
    path.write_bytes(whole[: recording.byte_offset + 100])
    assert message_of(path).startswith(f"{path}: ")
    path.write_bytes(b"")
    assert message_of(path).startswith(f"{path}: archive: not an uncompressed tar file (")
    pack(path, members, "w:gz")
    assert message_of(path).startswith(f"{path}: archive: not an uncompressed tar file (")
    pack(path, {"a/a.sigmf-meta": meta})
    problem = "1 .sigmf-meta and 0 .sigmf-data files"
    assert message_of(path) == f"{path}: archive: {problem}; allowed: one of each"
    pack(path, members | {"b/b.sigmf-data": data, "b/b.sigmf-meta": meta})
    problem = "2 .sigmf-meta and 2 .sigmf-data files"
    assert message_of(path) == f"{path}: archive: {problem}; allowed: one of each"


def test_mutated_recordings_give_a_recording_or_one_line(tmp_path):
    """Random bytes changed, removed and added in an archive: never another exception than RecordingError."""
    data = good_data("ci16_le")[:400]
    meta = good_meta(data)
    del meta["global"]["core:sha512"]
    del meta["captures"][1]
    path = pack(tmp_path / "a.sigmf", {"a.sigmf-meta": json.dumps(meta).encode(), "a.sigmf-data": data})
    whole = path.read_bytes()
    rng = np.random.default_rng(12)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(3000):
        mutated = bytearray(whole[:3000])
        for _ in range(rng.integers(1, 6)):
            at = int(rng.integers(len(mutated)))
            kind = rng.integers(3)
            if kind == 0:
                mutated[at] = rng.integers(256)
            elif kind == 1:
                del mutated[at : at + int(rng.integers(1, 20))]
            else:
                mutated[at:at] = rng.bytes(int(rng.integers(1, 20)))
        path.write_bytes(mutated)
        try:
            ntnpos.open_recording(path)
            outcomes["read"] += 1
        except ntnpos.RecordingError as error:
            assert "\n" not in str(error)
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 10


def test_recordings_of_the_sigmf_package_are_read(tmp_path):
    """The reference implementation of SigMF as the writer: a pair and an archive."""
    import sigmf

    data = good_data("cf32_le")
    (tmp_path / "good.sigmf-data").write_bytes(data)
    extension = {"core:extensions": [{"name": "ntnpos", "version": "1.0.0", "optional": True}]}
    written = sigmf.SigMFFile(
        data_file=str(tmp_path / "good.sigmf-data"),
        global_info={sigmf.DATATYPE_KEY: "cf32_le", sigmf.SAMPLE_RATE_KEY: 7.68e6} | extension,
    )
    for start, frac_s in ((0, 0.25), (500, 0.5)):
        time = {"full_s": 3, "frac_s": frac_s}
        written.add_capture(start, metadata={"core:frequency": 2.0e9, "ntnpos:rx_time": time})
    written.tofile(str(tmp_path / "good.sigmf-meta"))
    written.archive(str(tmp_path / "packed.sigmf"))

    pair = ntnpos.open_recording(tmp_path / "good")
    packed = ntnpos.open_recording(tmp_path / "packed.sigmf")
    for recording in (pair, packed):
        assert (recording.n_samples, recording.sample_rate_hz) == (N_SAMPLES, 7.68e6)
        assert recording.captures == (ntnpos.Capture(0, 3, 0.25, 2.0e9), ntnpos.Capture(500, 3, 0.5, 2.0e9))
        with open(recording.data_path, "rb") as file:
            file.seek(recording.byte_offset)
            assert file.read(8 * recording.n_samples) == data


def test_sample_recording_is_whole(sample_recordings):
    recording = ntnpos.open_recording(sample_recordings / "dev-sample")
    assert (recording.datatype, recording.n_samples) == ("ci16_le", 254_976)
    assert recording.captures == (ntnpos.Capture(0, 3, 0.204375668, 2.0e9),)
