# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver's memory over a long stream: flat, with and without gaps.

NTNPOS_STREAM_S sets the length of the signal in seconds (10: a short form; the claim is for 600).
"""

import os
import resource
import sys
from pathlib import Path

import numpy as np
import pytest
from gnuradio import ntnpos

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import bank as rx  # noqa: E402
import exact_signal as exact  # noqa: E402

STREAM_S = float(os.environ.get("NTNPOS_STREAM_S", "10"))
RATE_HZ = 3.84e6
FRAME = 38400  # samples of 10 ms
DELAYS_S = (0.31e-3, 0.3143e-3, 0.2907e-3)
MIB = 1 << 20


def resident_bytes() -> int:
    """Memory of this process that is in use now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.fixture(scope="module")
def receiver():
    """Bank of three satellites that stand still, their first-path detectors, and a frame of their signals.

    The frame is as good as any other: delays do not move, and sequences repeat after a frame.
    """
    carrier = ntnpos.carrier(n_rb=12, sample_rate_hz=RATE_HZ)
    t = exact.sample_times(0.0, 20e-3, RATE_HZ)
    y = exact.white_noise(np.random.default_rng(1), len(t), 0.05)
    signals, windows = [], []
    for i, delay_s in enumerate(DELAYS_S):
        prs = ntnpos.prs_resource(sequence_id=7 + i, num_rb=12, re_offset=i, num_symbols=12, slot_offset=i)
        assert prs.validate(carrier) is None
        y += exact.received(t, carrier, prs, lambda t, d=delay_s: d + 0.0 * t)
        signals.append(ntnpos.satellite_signal(str(i), prs, (0, 0.0)))
        windows.append(ntnpos.search_window(rx.trajectory(delay_s + 1e-6, 0.0), 20e-6, 500.0))
    bank = rx.make_bank(carrier, signals, windows)
    detectors = [ntnpos.first_path(bank.profile_config(i)) for i in range(len(signals))]
    return bank, detectors, y[FRAME:].astype(np.complex64)


def drain(bank, detectors) -> int:
    """Occasions whose first path was found since the last call."""
    return sum(detectors[bank.index_of(p.satellite)].detect(p.values).detected
               for p in bank.take() if p.status.name == "found")


def check_flat(memory: list[int], held: list[int]):
    """No growth from the first tenth on; samples of a few batches at most."""
    warm = memory[len(memory) // 10:]
    assert max(warm) - warm[0] < 2 * MIB, [m / MIB for m in warm[:: max(1, len(warm) // 20)]]
    assert max(held) < 10 * FRAME


def test_a_gapless_stream(receiver):
    bank, detectors, frame = receiver
    frames = round(STREAM_S * 100)
    memory, held, found = [], [], 0
    bank.begin_segment(ntnpos.instant(0, 0.0))
    for i in range(frames):
        bank.push(frame)
        if i % 20 == 0:
            found += drain(bank, detectors)
            held.append(bank.held_samples())
            memory.append(resident_bytes())
    bank.end_segment()
    found += drain(bank, detectors)
    check_flat(memory, held)
    assert bank.held_samples() == 0
    # The last frame's later satellites may reach past the end.
    assert found >= len(DELAYS_S) * (frames - 1)


def test_a_stream_of_many_segments(receiver):
    """A jump of rx_time every 30 ms, now within a PRS and now between two, and a missing sample every second."""
    bank, detectors, frame = receiver
    segments = round(STREAM_S * 100 / 3)
    memory, held, found = [], [], 0
    three = np.tile(frame, 3)
    for i in range(segments):
        # Receiver clock and frames go on together; each segment loses what the jump leaves out.
        lost = 137 * i % FRAME
        samples = three[lost:].copy()
        if i % 33 == 7:
            samples[len(samples) // 2] = np.nan
        bank.begin_segment(ntnpos.instant(1000, 0.0).advanced(0.03 * i + lost / RATE_HZ))
        bank.push(samples)
        if i % 7 == 0:
            found += drain(bank, detectors)
            held.append(bank.held_samples())
            memory.append(resident_bytes())
    bank.end_segment()
    found += drain(bank, detectors)
    check_flat(memory, held)
    assert bank.held_samples() == 0
    assert found > 1.5 * len(DELAYS_S) * segments
