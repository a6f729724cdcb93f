# SPDX-License-Identifier: GPL-3.0-or-later
"""SigMF recordings: metadata read and checked in full before a sample is streamed.

The form is SigMF 1.x (https://sigmf.org) with one addition, ``ntnpos:rx_time`` in every capture: the
receiver clock's reading at the segment's first sample as {"full_s": int, "frac_s": float}. ``ntnpos:truth``
is never read.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from . import ntnpos_python
from .sigmf_metadata import Metadata, RecordingError, one_line, show

META_SUFFIX = ".sigmf-meta"
DATA_SUFFIX = ".sigmf-data"
ARCHIVE_SUFFIX = ".sigmf"

#: Bytes of one complex sample of the datatypes that can be read.
SAMPLE_BYTES = {"cf32_le": 8, "ci16_le": 4}

_CHUNK_BYTES = 1 << 22
_LARGEST_SAMPLE = 1e9  # kernel/usable.h: the receiver takes larger ones for missing


@dataclass(frozen=True)
class Capture:
    """One uninterrupted run of samples, up to the start of the next capture."""

    sample_start: int  #: index of its first sample in the stream, from 0
    rx_time_full_s: int  #: receiver clock at that sample: whole seconds
    rx_time_frac_s: float  #: and the fraction, in [0, 1)
    frequency_hz: float  #: carrier frequency at 0 Hz of the samples


@dataclass(frozen=True)
class Recording:
    """Where a recording's samples lie and when they were taken. Every field has been checked."""

    data_path: str  #: file that holds the samples: the data file, or the archive itself
    byte_offset: int  #: bytes in it before the first sample
    n_samples: int  #: complex samples from the first capture to the end
    datatype: str  #: "cf32_le" or "ci16_le"
    sample_rate_hz: float  #: samples a second by the receiver's clock
    captures: tuple[Capture, ...]  #: ascending in sample_start and in time; the first starts at sample 0


def open_recording(path: str | os.PathLike) -> Recording:
    """Reads and checks a recording's metadata and the extent of its data.

    Data are read once: for the SHA-512 where the metadata have one, and for values that are not finite or too large.
    Samples before the first capture have no time and are left out.

    Parameters
    ----------
    path : of the ``.sigmf-meta`` (or ``.sigmf-data``), of the archive ``.sigmf``, or either without extension

    Raises
    ------
    RecordingError : the first thing that is wrong, on one line with file, field and what is allowed
    """
    path = Path(path)
    missing = RecordingError(
        path,
        "file",
        "no recording of this name",
        f"the path of a {META_SUFFIX} or {ARCHIVE_SUFFIX} file, with or without extension",
    )
    if not path.name:
        raise missing
    try:
        if path.suffix == ARCHIVE_SUFFIX:
            return _open_archive(path)
        if path.suffix in (META_SUFFIX, DATA_SUFFIX):
            return _open_pair(path.with_suffix(META_SUFFIX))
        pair, archive = (path.with_name(path.name + suffix) for suffix in (META_SUFFIX, ARCHIVE_SUFFIX))
        if pair.exists():
            return _open_pair(pair)
        if archive.exists():
            return _open_archive(archive)
    except OSError as error:
        raise RecordingError(
            error.filename or path, "file", error.strerror or str(error), "a readable file"
        ) from None
    raise missing


def sigmf_source_from(recording: str | os.PathLike | Recording) -> "ntnpos_python.sigmf_source":
    """A ``sigmf_source`` block for a recording.

    Parameters
    ----------
    recording : path as in `open_recording`, or what `open_recording` returned

    Raises
    ------
    RecordingError : as `open_recording`
    """
    if not isinstance(recording, Recording):
        recording = open_recording(recording)
    file = ntnpos_python.iq_file(
        path=recording.data_path,
        byte_offset=recording.byte_offset,
        n_samples=recording.n_samples,
        datatype=recording.datatype,
    )
    captures = [
        ntnpos_python.iq_capture(
            sample_start=c.sample_start,
            rx_time=(c.rx_time_full_s, c.rx_time_frac_s),
            frequency_hz=c.frequency_hz,
        )
        for c in recording.captures
    ]
    return ntnpos_python.sigmf_source(file=file, sample_rate_hz=recording.sample_rate_hz, captures=captures)


def _open_pair(meta_path: Path) -> Recording:
    if not meta_path.exists():
        raise RecordingError(meta_path, "file", "not found", f"the recording's {META_SUFFIX} file")
    data_path = meta_path.with_suffix(DATA_SUFFIX)
    if not data_path.exists():
        raise RecordingError(data_path, "file", "not found", f"the data file beside {meta_path.name}")
    meta = Metadata(meta_path, meta_path.read_bytes())
    with open(data_path, "rb") as data:
        return _check(meta, data_path, data, 0, os.fstat(data.fileno()).st_size)


def _open_archive(path: Path) -> Recording:
    if not path.exists():
        raise RecordingError(path, "file", "not found", f"a {ARCHIVE_SUFFIX} archive")
    try:
        with tarfile.open(path, "r:") as archive:
            members = [m for m in archive.getmembers() if m.isreg() and not m.issparse()]
            metas = [m for m in members if m.name.endswith(META_SUFFIX)]
            datas = [m for m in members if m.name.endswith(DATA_SUFFIX)]
            if len(metas) != 1 or len(datas) != 1:
                raise RecordingError(
                    path,
                    "archive",
                    f"{len(metas)} {META_SUFFIX} and {len(datas)} {DATA_SUFFIX} files",
                    "one of each",
                )
            text = archive.extractfile(metas[0]).read()
    except tarfile.TarError as error:
        raise RecordingError(
            path,
            "archive",
            f"not an uncompressed tar file ({one_line(error)})",
            f"a {ARCHIVE_SUFFIX} archive",
        ) from None
    meta = Metadata(path, text)
    with open(path, "rb") as data:
        held = os.fstat(data.fileno()).st_size - datas[0].offset_data
        if held < datas[0].size:
            raise RecordingError(
                path, "data", f"cut short: {held} of {datas[0].size} bytes", "a whole archive"
            )
        return _check(meta, path, data, datas[0].offset_data, datas[0].size)


def _check(
    meta: Metadata, data_path: Path, data: BinaryIO, byte_offset: int, data_bytes: int
) -> Recording:
    root = meta.root
    info = meta.as_object(meta.get(root, "", "global", "a JSON object"), "global")
    datatype = meta.get(info, "", "core:datatype", " or ".join(SAMPLE_BYTES))
    if not isinstance(datatype, str) or datatype not in SAMPLE_BYTES:
        raise meta.error("core:datatype", f"{show(datatype)} found", " or ".join(SAMPLE_BYTES))
    sample_rate_hz = meta.number(
        info, "", "core:sample_rate", "a finite number above 0, in Hz", lambda v: v > 0.0
    )
    channels = info.get("core:num_channels", 1)
    if isinstance(channels, bool) or channels != 1:
        raise meta.error("core:num_channels", f"{show(channels)} found", "1")
    if info.get("core:metadata_only", False) is not False:
        raise meta.error(
            "core:metadata_only", f"{show(info['core:metadata_only'])} found", "false: data are needed"
        )
    for field in ("core:dataset", "core:trailing_bytes"):
        if info.get(field):
            raise meta.error(
                field, f"{show(info[field])} found", f"absent: data lie in a {DATA_SUFFIX} file of samples"
            )
    offset = meta.integer(info, "", "core:offset") if "core:offset" in info else 0

    width = SAMPLE_BYTES[datatype]
    if data_bytes == 0:
        raise RecordingError(data_path, "data", "empty", "at least one sample")
    if data_bytes % width:
        raise RecordingError(
            data_path,
            "data",
            f"{data_bytes} bytes are not a whole number of samples",
            f"a multiple of {width} bytes ({datatype})",
        )
    captures = _captures(meta, offset, data_bytes // width)
    data.seek(byte_offset)
    _scan(meta, info, data_path, data, data_bytes, datatype)

    skipped = captures[0].sample_start
    return Recording(
        data_path=str(data_path),
        byte_offset=byte_offset + skipped * width,
        n_samples=data_bytes // width - skipped,
        datatype=datatype,
        sample_rate_hz=sample_rate_hz,
        captures=tuple(
            Capture(c.sample_start - skipped, c.rx_time_full_s, c.rx_time_frac_s, c.frequency_hz)
            for c in captures
        ),
    )


def _captures(meta: Metadata, offset: int, n_samples: int) -> list[Capture]:
    """The captures with sample_start counted from the first sample of the data (core:offset taken out)."""
    segments = meta.get(meta.root, "", "captures", "a list of at least one capture")
    if not isinstance(segments, list) or not segments:
        raise meta.error("captures", f"{show(segments)} found", "a list of at least one capture")
    captures: list[Capture] = []
    for i, segment in enumerate(segments):
        prefix = f"captures[{i}]."
        meta.as_object(segment, f"captures[{i}]")
        start = meta.integer(segment, prefix, "core:sample_start") - offset
        if start < 0:
            raise meta.error(
                prefix + "core:sample_start", f"{start + offset} found", f"core:offset ({offset}) or above"
            )
        if start >= n_samples:
            raise meta.error(
                prefix + "core:sample_start",
                f"{start + offset} is beyond the end of the data",
                f"below {n_samples + offset}",
            )
        frequency_hz = meta.number(
            segment, prefix, "core:frequency", "a finite number above 0, in Hz", lambda v: v > 0.0
        )
        if segment.get("core:header_bytes"):
            raise meta.error(
                prefix + "core:header_bytes",
                f"{show(segment['core:header_bytes'])} found",
                "absent: data lie without headers",
            )
        time = meta.get(segment, prefix, "ntnpos:rx_time", '{"full_s": integer, "frac_s": number}')
        meta.as_object(time, prefix + "ntnpos:rx_time")
        full_s = meta.integer(time, prefix + "ntnpos:rx_time.", "full_s", 2**53)
        frac_s = meta.number(
            time, prefix + "ntnpos:rx_time.", "frac_s", "a number in [0, 1)", lambda v: 0.0 <= v < 1.0
        )
        if captures and start <= captures[-1].sample_start:
            raise meta.error(
                prefix + "core:sample_start",
                f"{start + offset} is not above the capture before",
                f"above {captures[-1].sample_start + offset}",
            )
        if captures and (full_s, frac_s) <= (captures[-1].rx_time_full_s, captures[-1].rx_time_frac_s):
            raise meta.error(
                prefix + "ntnpos:rx_time", "not later than the capture before", "ascending times"
            )
        captures.append(Capture(start, full_s, frac_s, frequency_hz))
    return captures


def _scan(
    meta: Metadata, info: dict, data_path: Path, data: BinaryIO, data_bytes: int, datatype: str
) -> None:
    """One pass over the data: its SHA-512 where the metadata state one, and usable values in floats."""
    allowed = "the SHA-512 of the data, 128 hexadecimal digits"
    has_sha512 = "core:sha512" in info
    sha512 = info.get("core:sha512")
    if has_sha512 and not (isinstance(sha512, str) and len(sha512) == 128):
        raise meta.error("core:sha512", f"{show(sha512)} found", allowed)
    floats = datatype == "cf32_le"
    if not (has_sha512 or floats):
        return
    digest = hashlib.sha512()
    done = 0
    while done < data_bytes:
        chunk = data.read(min(_CHUNK_BYTES, data_bytes - done))
        if not chunk:
            raise RecordingError(
                data_path, "data", f"cut short at byte {done} while it was read", f"{data_bytes} bytes"
            )
        if has_sha512:
            digest.update(chunk)
        if floats:
            values = np.frombuffer(chunk[: len(chunk) // 4 * 4], dtype="<f4")
            bad = np.flatnonzero(~(np.abs(values) <= _LARGEST_SAMPLE))
            if bad.size:
                first = int(bad[0])
                problem = f"is above {_LARGEST_SAMPLE:g}" if np.isfinite(values[first]) else "is not finite"
                raise RecordingError(
                    data_path,
                    "data",
                    f"sample {(done // 4 + first) // 2} {problem}",
                    f"finite I and Q, up to {_LARGEST_SAMPLE:g}",
                )
        done += len(chunk)
    if has_sha512 and digest.hexdigest() != sha512.lower():
        raise meta.error("core:sha512", "the data do not match it: cut short or changed", allowed)
