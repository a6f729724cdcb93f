# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing SigMF recordings: complex floats as they come, then the datatype, the checksum and the metadata."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from ntnpos.world.timebase import split

_CHUNK = 1 << 20
FULL_SCALE = 32000.0
"""ci16 value of the largest part of any sample."""


def largest_part(path: Path) -> float:
    """Largest |I| or |Q| in a file of complex floats."""
    largest = 0.0
    with open(path, "rb") as file:
        while (part := np.fromfile(file, "<f4", 2 * _CHUNK)).size:
            largest = max(largest, float(np.max(np.abs(part))))
    return largest


def encode(source: Path, target: Path, datatype: str) -> tuple[float, str]:
    """Write the samples of `source` (complex floats) as `datatype`; nothing is clipped.

    Returns
    -------
    (float, str)
        Factor from the stream's samples to the recording's, and the SHA-512 of what was written.
    """
    integers = datatype == "ci16_le"
    largest = largest_part(source) if integers else 0.0
    factor = FULL_SCALE / largest if largest > 0.0 else 1.0
    digest = hashlib.sha512()
    with open(source, "rb") as samples, open(target, "wb") as data:
        while (part := np.fromfile(samples, "<f4", 2 * _CHUNK)).size:
            chunk = np.rint(part * np.float32(factor)).astype("<i2").tobytes() if integers else part.tobytes()
            digest.update(chunk)
            data.write(chunk)
    return (factor if integers else 1.0), digest.hexdigest()


def write_metadata(path: Path, datatype: str, sample_rate_hz: float, frequency_hz: float, sha512: str,
                   captures: Sequence[tuple[int, float]], description: str, truth: dict[str, Any]) -> None:
    """Write a `.sigmf-meta` file.

    Parameters
    ----------
    captures : sequence of (int, float)
        First sample in the file of each segment, and the receiver clock there in s from the epoch.
    truth : dict
        Of the simulation; the receive path never reads it.
    """
    segments = []
    for start, t_s in captures:
        full, frac = split(t_s)
        segments.append({"core:sample_start": start, "core:frequency": frequency_hz,
                         "ntnpos:rx_time": {"full_s": full, "frac_s": frac}})
    info = {"core:datatype": datatype, "core:sample_rate": sample_rate_hz, "core:version": "1.0.0",
            "core:num_channels": 1, "core:description": description, "core:author": "gr-ntnpos simulate", "core:sha512": sha512,
            "core:extensions": [{"name": "ntnpos", "version": "1.0.0", "optional": True}], "ntnpos:truth": truth}
    found = {"global": info, "captures": segments, "annotations": []}
    path.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
